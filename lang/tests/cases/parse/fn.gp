fn name($a: int64, $b: *runtime.g): void { return; }
