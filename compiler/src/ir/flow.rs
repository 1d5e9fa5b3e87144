//! What instructions read and assign, where control goes, and which values are still needed.

use super::{AtomicOp, BitSet, BlockId, Inst, Operand, Terminator, VReg};

impl Operand {
    /// The register, if it is one.
    pub fn reg(self) -> Option<VReg> {
        match self {
            Self::Reg(reg) => Some(reg),
            Self::Imm(_) => None,
        }
    }

    /// The constant, if it is one.
    pub fn imm(self) -> Option<i64> {
        match self {
            Self::Reg(_) => None,
            Self::Imm(value) => Some(value),
        }
    }
}

impl Inst {
    /// The register that it assigns.
    pub fn assigned(&self) -> Option<VReg> {
        match self {
            Self::Copy { dst, .. }
            | Self::Bin { dst, .. }
            | Self::Extend { dst, .. }
            | Self::Context { dst }
            | Self::Argument { dst, .. }
            | Self::FuncRef { dst, .. }
            | Self::Load { dst, .. }
            | Self::SlotAddr { dst, .. }
            | Self::MapRef { dst, .. } => Some(*dst),
            Self::Call { dst, .. } => *dst,
            Self::Atomic { op: AtomicOp::Exchange, src, .. } => Some(*src),
            Self::Atomic { op: AtomicOp::Add, .. } | Self::Store { .. } => None,
        }
    }

    /// Calls `f` with each register that it reads.
    pub fn for_each_read(&self, mut f: impl FnMut(VReg)) {
        let mut operand = |operand: Operand| operand.reg().into_iter().for_each(&mut f);
        match self {
            Self::Copy { src, .. } | Self::Extend { src, .. } => operand(*src),
            Self::Bin { a, b, .. } => {
                operand(*a);
                operand(*b);
            }
            Self::Load { base, .. } => f(*base),
            Self::Store { base, src, .. } => {
                operand(*src);
                f(*base);
            }
            Self::Atomic { base, src, .. } => {
                f(*base);
                f(*src);
            }
            Self::Call { args, .. } => args.iter().for_each(|&arg| operand(arg)),
            Self::Context { .. }
            | Self::Argument { .. }
            | Self::FuncRef { .. }
            | Self::SlotAddr { .. }
            | Self::MapRef { .. } => {}
        }
    }

    /// Replaces registers that it reads by what `f` gives, where a constant cannot stand only by
    /// other registers.
    pub(crate) fn replace_reads(&mut self, f: impl Fn(VReg) -> Operand) {
        let operand = |place: &mut Operand| {
            if let Operand::Reg(reg) = *place {
                *place = f(reg);
            }
        };
        let register = |place: &mut VReg| {
            if let Operand::Reg(reg) = f(*place) {
                *place = reg;
            }
        };
        match self {
            Self::Copy { src, .. } | Self::Extend { src, .. } => operand(src),
            Self::Bin { a, b, .. } => {
                operand(a);
                operand(b);
            }
            Self::Load { base, .. } => register(base),
            Self::Store { base, src, .. } => {
                register(base);
                operand(src);
            }
            Self::Atomic { op, base, src, .. } => {
                register(base);
                // An exchange also assigns it.
                if *op == AtomicOp::Add {
                    register(src);
                }
            }
            Self::Call { args, .. } => args.iter_mut().for_each(operand),
            Self::Context { .. }
            | Self::Argument { .. }
            | Self::FuncRef { .. }
            | Self::SlotAddr { .. }
            | Self::MapRef { .. } => {}
        }
    }

    /// Whether nothing but the assigned register tells that it ran. (A load may fault only where
    /// the kernel would have refused the program.)
    pub fn is_pure(&self) -> bool {
        match self {
            Self::Copy { .. }
            | Self::Bin { .. }
            | Self::Extend { .. }
            | Self::Context { .. }
            | Self::Argument { .. }
            | Self::FuncRef { .. }
            | Self::Load { .. }
            | Self::SlotAddr { .. }
            | Self::MapRef { .. } => true,
            Self::Store { .. } | Self::Atomic { .. } | Self::Call { .. } => false,
        }
    }
}

impl Terminator {
    /// Where control can go.
    pub fn successors(&self) -> impl Iterator<Item = BlockId> + use<> {
        let (first, second) = match self {
            Self::Jump(to) => (Some(*to), None),
            Self::Branch { then, otherwise, .. } => (Some(*then), Some(*otherwise)),
            Self::MayGoto { next, out } => (Some(*next), Some(*out)),
            Self::Return(_) => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Calls `f` with each register that it reads.
    pub fn for_each_read(&self, mut f: impl FnMut(VReg)) {
        let mut operand = |operand: Operand| operand.reg().into_iter().for_each(&mut f);
        match self {
            Self::Jump(_) | Self::MayGoto { .. } => {}
            Self::Branch { a, b, .. } => {
                operand(*a);
                operand(*b);
            }
            Self::Return(value) => operand(*value),
        }
    }

    /// Replaces registers that it reads by what `f` gives.
    pub(crate) fn replace_reads(&mut self, f: impl Fn(VReg) -> Operand) {
        let operand = |place: &mut Operand| {
            if let Operand::Reg(reg) = *place {
                *place = f(reg);
            }
        };
        match self {
            Self::Jump(_) | Self::MayGoto { .. } => {}
            Self::Branch { a, b, .. } => {
                operand(a);
                operand(b);
            }
            Self::Return(value) => operand(value),
        }
    }

    /// Replaces each block it goes to by `f` of it.
    pub fn retarget(&mut self, mut f: impl FnMut(BlockId) -> BlockId) {
        match self {
            Self::Jump(to) => *to = f(*to),
            Self::Branch { then, otherwise, .. } => {
                *then = f(*then);
                *otherwise = f(*otherwise);
            }
            Self::MayGoto { next, out } => {
                *next = f(*next);
                *out = f(*out);
            }
            Self::Return(_) => {}
        }
    }
}

/// What liveness must know of a block.
#[derive(Clone, Debug)]
pub(crate) struct BlockFacts {
    /// Registers read before the block assigns them.
    pub(crate) reads: BitSet,
    /// Registers that the block assigns.
    pub(crate) assigns: BitSet,
    /// Where control goes.
    pub(crate) successors: Vec<usize>,
}

impl BlockFacts {
    /// Of a block without instructions.
    pub(crate) fn new(bound: usize) -> Self {
        Self { reads: BitSet::new(bound), assigns: BitSet::new(bound), successors: Vec::new() }
    }

    /// The block reads `reg` next.
    pub(crate) fn read(&mut self, reg: usize) {
        if !self.assigns.contains(reg) {
            self.reads.insert(reg);
        }
    }

    /// The block assigns `reg` next.
    pub(crate) fn assign(&mut self, reg: usize) {
        self.assigns.insert(reg);
    }
}

/// Which registers hold a value that is read later.
#[derive(Clone, Debug)]
pub(crate) struct Liveness {
    /// By block: before its start.
    pub(crate) before: Vec<BitSet>,
    /// By block: after its end.
    pub(crate) after: Vec<BitSet>,
}

impl Liveness {
    /// Computes it from all blocks' facts, over registers below `bound`.
    pub(crate) fn new(blocks: &[BlockFacts], bound: usize) -> Self {
        let mut before: Vec<BitSet> = blocks.iter().map(|block| block.reads.clone()).collect();
        let mut after = vec![BitSet::new(bound); blocks.len()];
        // Values flow against control, so late blocks go first: few rounds are needed then.
        let order = postorder(blocks.len(), |block| {
            blocks.get(block).map_or_else(Vec::new, |facts| facts.successors.clone())
        });
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &order {
                let (Some(facts), Some(after)) = (blocks.get(block), after.get_mut(block)) else { continue };
                let mut grown = false;
                for &successor in &facts.successors {
                    if let Some(needed) = before.get(successor) {
                        grown |= after.union(needed);
                    }
                }
                if grown {
                    let mut passing = after.clone();
                    passing.subtract(&facts.assigns);
                    if let Some(before) = before.get_mut(block) {
                        changed |= before.union(&passing);
                    }
                }
            }
        }
        Self { before, after }
    }
}

/// The blocks that control can reach, each behind all it leads to, but for loops.
pub(crate) fn postorder(blocks: usize, successors: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut order = Vec::with_capacity(blocks);
    let mut reached = BitSet::new(blocks);
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    if reached.insert(0) {
        open.push((0, successors(0)));
    }
    while let Some((block, left)) = open.last_mut() {
        match left.pop() {
            Some(next) if next < blocks && reached.insert(next) => open.push((next, successors(next))),
            Some(_) => {}
            None => {
                order.push(*block);
                open.pop();
            }
        }
    }
    order
}

/// The blocks that control may come from, of each block.
pub(crate) fn predecessors(blocks: usize, successors: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    let mut before = vec![Vec::new(); blocks];
    for from in 0..blocks {
        for to in successors(from) {
            if let Some(before) = before.get_mut(to) {
                before.push(from);
            }
        }
    }
    before
}

/// New ids for the blocks that control can reach, in their order; `None` for the others.
pub(crate) fn renumber_reachable(
    blocks: usize,
    successors: impl Fn(usize) -> Vec<BlockId>,
) -> Vec<Option<BlockId>> {
    let mut reached = BitSet::new(blocks);
    let mut pending = vec![0usize];
    while let Some(id) = pending.pop() {
        if id < blocks && reached.insert(id) {
            pending.extend(successors(id).iter().map(|to| to.0 as usize));
        }
    }
    let mut next = 0;
    (0..blocks)
        .map(|id| {
            let new = reached.contains(id).then_some(BlockId(next));
            next += u32::from(new.is_some());
            new
        })
        .collect()
}

/// Takes out blocks that control cannot reach, and renumbers the others. Says whether there were
/// any.
pub(crate) fn drop_unreachable(program: &mut super::Program) -> bool {
    let ids = renumber_reachable(program.blocks.len(), |id| {
        program.blocks.get(id).map_or_else(Vec::new, |block| block.end.successors().collect())
    });
    if !ids.contains(&None) {
        return false;
    }
    let mut kept = ids.iter().map(Option::is_some);
    program.blocks.retain(|_| kept.next().unwrap_or(true));
    for block in &mut program.blocks {
        block.end.retarget(|to| ids.get(to.0 as usize).copied().flatten().unwrap_or(to));
    }
    true
}
