begin { (int8)(uint8)x; (int64)(*runtime.g)(p).goid; (int32)(x).y; (sizeof(int8) - 1) * 2 }
