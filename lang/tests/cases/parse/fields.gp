begin { curg.m.id; p->next->x; t.0.1; ret.~r0; x[1][2] }
