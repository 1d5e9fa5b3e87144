//! Registers by colouring the interference graph (Chaitin and Briggs): values that are needed at
//! the same time get different registers; what gets none is spilled, and it starts anew.

use super::code::{Arg, Code, Inst, Source, Terminator};
use super::liveness::liveness;
use super::machine::Reg;
use super::spill::spill;
use crate::ir::VReg;

/// r0 to r9.
const ALL: u16 = 0x3ff;
/// r6 to r9 survive calls.
const PRESERVED: u16 = 0x3c0;
/// Registers are tried in this order: those that calls destroy first, as others want the rest.
const ORDER: [u8; 10] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];
/// Each round spills something, so this is only met by a bug.
const MOST_ROUNDS: usize = 200;

/// The register of each virtual register.
pub(super) type Colours = Vec<Reg>;

/// Gives each virtual register one of the machine's, spilling what finds none. `None`: a bug.
pub(super) fn assign(mut code: Code) -> Option<(Colours, Code)> {
    // Registers made for spilling live so short that there is always room for them.
    let temporaries = code.vregs;
    for _ in 0..MOST_ROUNDS {
        let graph = Graph::of(&code, temporaries);
        match graph.colour() {
            Ok(colours) => return Some((colours, code)),
            Err(spilled) if spilled.is_empty() => return None,
            Err(spilled) => {
                let places = graph.share_places(&spilled, code.spills);
                code.spills = places.iter().map(|(_, place)| place + 1).max().unwrap_or(0).max(code.spills);
                spill(&mut code, &places);
            }
        }
    }
    None
}

struct Node {
    /// Those that it may not share a register with.
    neighbours: Vec<u32>,
    /// Registers it may have.
    allowed: u16,
    /// What a spill would cost.
    weight: u64,
    /// Registers it would like to be in, and how much.
    wishes: Vec<(Wish, u64)>,
    /// It stands in the code.
    used: bool,
}

#[derive(Clone, Copy)]
enum Wish {
    /// This one, which saves a move.
    Fixed(u8),
    /// The same as that node.
    Same(u32),
}

struct Graph {
    nodes: Vec<Node>,
    /// Nodes from here on are temporaries.
    temporaries: u32,
}

impl Graph {
    fn of(code: &Code, temporaries: u32) -> Self {
        let nodes = (0..code.vregs)
            .map(|_| Node {
                neighbours: Vec::new(),
                allowed: ALL,
                weight: 0,
                wishes: Vec::new(),
                used: false,
            })
            .collect();
        let mut graph = Self { nodes, temporaries };
        let live_after = liveness(code).after;
        let depths = loop_depths(code);
        let entries = entry_registers(code);
        for ((block, mut live), depth) in code.blocks.iter().zip(live_after).zip(depths) {
            let frequency = 10u64.pow(depth.min(4));
            for reg in block.end.reads() {
                graph.touch(reg, frequency);
                live.insert(reg.0 as usize);
            }
            match &block.end {
                Terminator::ReturnReg(reg) => graph.wish(*reg, Wish::Fixed(0), frequency),
                // What the verifier learns from a comparison it knows of this register; a value
                // that was reloaded for it would be unknown again in old kernels.
                Terminator::Branch { a, b: Source::Imm(imm), .. } if *imm != 0 => {
                    graph.touch(*a, frequency * 1000);
                }
                Terminator::Branch { .. }
                | Terminator::Jump(_)
                | Terminator::MayGoto { .. }
                | Terminator::ReturnImm(_) => {}
            }
            for inst in block.insts.iter().rev() {
                graph.add_inst(inst, &mut live, frequency, entries);
            }
        }
        graph.deduplicate();
        graph
    }

    /// Leaves each neighbour once.
    fn deduplicate(&mut self) {
        // By node: the last one it was seen to be a neighbour of.
        let mut seen = vec![usize::MAX; self.nodes.len()];
        for (id, node) in self.nodes.iter_mut().enumerate() {
            node.neighbours.retain(|&neighbour| match seen.get_mut(neighbour as usize) {
                Some(seen) if *seen != id => {
                    *seen = id;
                    true
                }
                _ => false,
            });
        }
    }

    fn add_inst(&mut self, inst: &Inst, live: &mut crate::ir::BitSet, frequency: u64, entries: u16) {
        let accesses = inst.accesses();
        let copied = match inst {
            Inst::Move { src, .. } => Some(*src),
            _ => None,
        };
        if let Some(dst) = accesses.assigns {
            self.touch(dst, frequency);
            for other in live.iter() {
                let other = VReg(other as u32);
                // Both hold the same value then.
                if other != dst && Some(other) != copied {
                    self.connect(dst, other);
                }
            }
            live.remove(dst.0 as usize);
        }
        if let Inst::Call { args, .. } = inst {
            for across in live.iter() {
                if let Some(node) = self.nodes.get_mut(across) {
                    node.allowed &= PRESERVED;
                }
            }
            for (i, arg) in args.iter().enumerate() {
                if let Arg::Reg(reg, 0) = arg {
                    self.wish(*reg, Wish::Fixed(i as u8 + 1), frequency);
                }
            }
        }
        match (inst, accesses.assigns) {
            (Inst::Call { .. }, Some(dst)) => self.wish(dst, Wish::Fixed(0), frequency),
            (Inst::Entry { dst, index }, _) => {
                self.wish(*dst, Wish::Fixed(*index), frequency);
                // The other arguments must not be overwritten before they are taken.
                if let Some(node) = self.nodes.get_mut(dst.0 as usize) {
                    node.allowed &= !entries | 1 << *index;
                }
            }
            (Inst::Move { dst, src } | Inst::Move32 { dst, src }, _) => {
                self.wish(*dst, Wish::Same(src.0), frequency);
                self.wish(*src, Wish::Same(dst.0), frequency);
            }
            _ => {}
        }
        for reg in accesses.reads {
            self.touch(reg, frequency);
            live.insert(reg.0 as usize);
        }
    }

    fn touch(&mut self, reg: VReg, weight: u64) {
        if let Some(node) = self.nodes.get_mut(reg.0 as usize) {
            node.weight = node.weight.saturating_add(weight);
            node.used = true;
        }
    }

    fn wish(&mut self, reg: VReg, wish: Wish, weight: u64) {
        if let Some(node) = self.nodes.get_mut(reg.0 as usize) {
            node.wishes.push((wish, weight));
        }
    }

    fn connect(&mut self, a: VReg, b: VReg) {
        for (from, to) in [(a, b), (b, a)] {
            if let Some(node) = self.nodes.get_mut(from.0 as usize) {
                node.neighbours.push(to.0);
            }
        }
    }

    /// The order in which nodes are taken out of the graph; those taken last choose first.
    fn simplify(&self) -> Vec<u32> {
        let mut degrees: Vec<usize> = self.nodes.iter().map(|node| node.neighbours.len()).collect();
        let mut left: Vec<bool> = self.nodes.iter().map(|node| node.used).collect();
        let mut order = Vec::new();
        let is_easy = |degree: usize, node: &Node| degree < node.allowed.count_ones() as usize;
        let mut easy: Vec<u32> = Vec::new();
        for (id, (node, degree)) in self.nodes.iter().zip(&degrees).enumerate() {
            if node.used && is_easy(*degree, node) {
                easy.push(id as u32);
            }
        }
        loop {
            let taken = easy.pop().or_else(|| {
                // No easy node: one that is cheap to spill goes, in the hope that it gets a
                // register after all.
                let candidates = left.iter().enumerate().filter(|(_, left)| **left).map(|(id, _)| id);
                candidates.min_by_key(|&id| self.spill_cost(id, &degrees)).map(|id| id as u32)
            });
            let Some(taken) = taken else { return order };
            match left.get_mut(taken as usize) {
                Some(left @ true) => *left = false,
                _ => continue,
            }
            order.push(taken);
            let Some(node) = self.nodes.get(taken as usize) else { continue };
            for &neighbour in &node.neighbours {
                let at = neighbour as usize;
                if let (Some(degree), Some(node), Some(true)) =
                    (degrees.get_mut(at), self.nodes.get(at), left.get(at))
                {
                    let was_easy = is_easy(*degree, node);
                    *degree = degree.saturating_sub(1);
                    if !was_easy && is_easy(*degree, node) {
                        easy.push(neighbour);
                    }
                }
            }
        }
    }

    fn spill_cost(&self, id: usize, degrees: &[usize]) -> (bool, u64) {
        let weight = self.nodes.get(id).map_or(0, |node| node.weight);
        let degree = degrees.get(id).copied().unwrap_or(0) as u64 + 1;
        (id as u32 >= self.temporaries, weight.saturating_mul(1024) / degree)
    }

    /// The registers, or what must be spilled.
    fn colour(&self) -> Result<Colours, Vec<VReg>> {
        let mut colours: Vec<Option<u8>> = vec![None; self.nodes.len()];
        let mut spilled: Vec<VReg> = Vec::new();
        for id in self.simplify().into_iter().rev() {
            let Some(node) = self.nodes.get(id as usize) else { continue };
            let colour_of = |id: u32| colours.get(id as usize).copied().flatten();
            let taken = node.neighbours.iter().filter_map(|&id| colour_of(id));
            let free = taken.fold(node.allowed, |free, colour| free & !(1 << colour));
            let chosen = best(node, free, colour_of);
            if chosen.is_none() {
                let victim = if id < self.temporaries {
                    Some(id)
                } else {
                    // A temporary needs a register; a neighbour makes room.
                    let candidates = node.neighbours.iter().copied().filter(|&other| {
                        other < self.temporaries
                            && colour_of(other).is_some_and(|colour| node.allowed >> colour & 1 == 1)
                    });
                    candidates.min_by_key(|&other| self.nodes.get(other as usize).map(|node| node.weight))
                };
                spilled.extend(victim.map(VReg));
                if victim.is_none() {
                    return Err(Vec::new());
                }
            }
            if let Some(colour) = colours.get_mut(id as usize) {
                *colour = chosen;
            }
        }
        if spilled.is_empty() {
            // Registers that stand nowhere get any.
            return Ok(colours.into_iter().map(|colour| Reg(colour.unwrap_or(0))).collect());
        }
        spilled.sort_unstable();
        spilled.dedup();
        Err(spilled)
    }

    /// Places in the stack from `first` on; values not needed at the same time share one.
    fn share_places(&self, spilled: &[VReg], first: u32) -> Vec<(VReg, u32)> {
        let mut places: Vec<(VReg, u32)> = Vec::with_capacity(spilled.len());
        for &reg in spilled {
            let neighbours = self.nodes.get(reg.0 as usize).map_or(&[][..], |node| &node.neighbours);
            let mut taken: Vec<u32> = places
                .iter()
                .filter(|(other, _)| neighbours.contains(&other.0))
                .map(|(_, place)| *place)
                .collect();
            taken.sort_unstable();
            let place = taken.iter().fold(first, |free, &place| if place == free { free + 1 } else { free });
            places.push((reg, place));
        }
        places
    }
}

/// The free register that saves most moves.
fn best(node: &Node, free: u16, colour_of: impl Fn(u32) -> Option<u8>) -> Option<u8> {
    let mut scores = [0u64; 10];
    for (wish, weight) in &node.wishes {
        let wanted = match wish {
            Wish::Fixed(colour) => Some(*colour),
            Wish::Same(other) => colour_of(*other),
        };
        if let Some(score) = wanted.and_then(|colour| scores.get_mut(usize::from(colour))) {
            *score += weight;
        }
    }
    let score = |colour: u8| scores.get(usize::from(colour)).copied().unwrap_or(0);
    let candidates = ORDER.into_iter().filter(|colour| free >> colour & 1 == 1);
    // Of equals the first: `max_by_key` would take the last.
    candidates.rev().max_by_key(|&colour| score(colour))
}

/// The registers that arguments are taken from at the start.
fn entry_registers(code: &Code) -> u16 {
    let insts = code.blocks.first().map_or(&[][..], |block| &block.insts);
    insts.iter().fold(0, |found, inst| match inst {
        Inst::Entry { index, .. } => found | 1 << *index,
        _ => found,
    })
}

/// How many loops each block is in, by the jumps back that span it.
fn loop_depths(code: &Code) -> Vec<u32> {
    let mut depths = vec![0u32; code.blocks.len()];
    for (from, block) in code.blocks.iter().enumerate() {
        for to in block.end.successors().iter().map(|to| to.0 as usize) {
            for depth in depths.iter_mut().take(from + 1).skip(to) {
                *depth += 1;
            }
        }
    }
    depths
}
