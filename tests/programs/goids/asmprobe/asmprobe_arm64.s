#include "textflag.h"

// func Probe(goid uint64) uint64
TEXT ·Probe(SB), NOSPLIT, $0-16
	MOVD goid+0(FP), R0
	MOVD R0, ret+8(FP)
	RET
