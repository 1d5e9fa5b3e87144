begin { x.if; x->for; t.0.1; ret.~r0 }
