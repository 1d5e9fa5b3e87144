begin { (int32)x; (uint8*)p; (struct foo *)p; (int8[8])n; (unsigned long long)-1; (typeof($x))y }
