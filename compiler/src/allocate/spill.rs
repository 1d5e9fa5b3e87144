//! Moves values from registers to the stack: each read loads, each assignment stores.

use super::code::{Access, Arg, Base, Block, Code, Inst, Source, Terminator};
use crate::ir::{Size, VReg};

/// Rewrites the code so that the given registers are in their places.
pub(super) fn spill(code: &mut Code, places: &[(VReg, u32)]) {
    let mut of = vec![None; code.vregs as usize];
    for (reg, place) in places {
        if let Some(slot) = of.get_mut(reg.0 as usize) {
            *slot = Some(*place);
        }
    }
    let mut spiller = Spiller { of, vregs: code.vregs, out: Vec::new() };
    for block in &mut code.blocks {
        spiller.block(block);
    }
    code.vregs = spiller.vregs;
}

struct Spiller {
    /// The place of each register that is spilled.
    of: Vec<Option<u32>>,
    vregs: u32,
    out: Vec<Inst>,
}

impl Spiller {
    fn place(&self, reg: VReg) -> Option<u32> {
        self.of.get(reg.0 as usize).copied().flatten()
    }

    fn temporary(&mut self) -> VReg {
        self.vregs += 1;
        VReg(self.vregs - 1)
    }

    fn load(&mut self, dst: VReg, place: u32) {
        self.out.push(Inst::Load { dst, base: Base::Spill(place), offset: 0, size: Size::B8 });
    }

    fn store(&mut self, place: u32, src: VReg) {
        let src = Source::Reg(src);
        self.out.push(Inst::Store { base: Base::Spill(place), offset: 0, src, size: Size::B8 });
    }

    fn block(&mut self, block: &mut Block) {
        for inst in std::mem::take(&mut block.insts) {
            self.inst(inst);
        }
        let mut reload = |reg: &mut VReg| {
            if let Some(place) = self.place(*reg) {
                *reg = self.temporary();
                self.load(*reg, place);
            }
        };
        match &mut block.end {
            Terminator::Branch { a, b, .. } => {
                let same = *b == Source::Reg(*a);
                reload(a);
                match b {
                    Source::Reg(b) if same => *b = *a,
                    Source::Reg(b) => reload(b),
                    Source::Imm(_) => {}
                }
            }
            Terminator::ReturnReg(reg) => reload(reg),
            Terminator::Jump(_) | Terminator::MayGoto { .. } | Terminator::ReturnImm(_) => {}
        }
        block.insts = std::mem::take(&mut self.out);
    }

    fn inst(&mut self, mut inst: Inst) {
        // A copy from or to memory is a load or a store.
        if let Inst::Move { dst, src } = inst {
            match (self.place(dst), self.place(src)) {
                (Some(place), None) => return self.store(place, src),
                (None, Some(place)) => return self.load(dst, place),
                _ => {}
            }
        }
        for arg in inst.args_mut() {
            if let Arg::Reg(reg, offset) = *arg
                && let Some(place) = self.place(reg)
            {
                *arg = Arg::Spill(place, offset);
            }
        }
        let mut loads: Vec<(VReg, VReg)> = Vec::new();
        let mut store = None;
        inst.for_each_reg(|reg, access| {
            let Some(place) = self.place(*reg) else { return };
            let known = loads.iter().find(|(old, _)| old == reg).map(|(_, new)| *new);
            let new = known.unwrap_or_else(|| {
                self.vregs += 1;
                VReg(self.vregs - 1)
            });
            if access != Access::Assign && known.is_none() {
                loads.push((*reg, new));
            }
            if access != Access::Read {
                store = Some((place, new));
            }
            *reg = new;
        });
        for (old, new) in loads {
            if let Some(place) = self.place(old) {
                self.load(new, place);
            }
        }
        self.out.push(inst);
        if let Some((place, src)) = store {
            self.store(place, src);
        }
    }
}
