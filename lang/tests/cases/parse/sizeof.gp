begin { sizeof(int32); sizeof(struct foo*); sizeof($x); offsetof(runtime.g, m.id); offsetof($x, y); typeof(1); typeof(int8); typeinfo($x) }
