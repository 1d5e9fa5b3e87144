//! Checks that IR is well-formed. It finds bugs of the stages before; scripts cannot cause what it
//! reports.

use super::flow::postorder;
use super::print::InstText;
use super::{BitSet, Block, Inst, Program, Terminator, Unit, VReg};

/// The IR breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed IR in program `{program}`, {place}: {what}")]
pub struct VerifyError {
    /// The program's symbol; for a broken map its name.
    pub program: String,
    /// Block and instruction, printed.
    pub place: String,
    /// The rule.
    pub what: String,
}

/// Checks all of a unit: ids are in range, names are usable, each register is assigned on every
/// path to where it is read, accesses to slots are within, no block jumps to the entry.
///
/// # Errors
/// The first rule that is broken, and where.
pub fn verify(unit: &Unit) -> Result<(), VerifyError> {
    for (at, map) in unit.maps.iter().enumerate() {
        let broken = if !is_symbol(&map.name) {
            "a map's name is letters, digits and `_`"
        } else if unit.maps.iter().take(at).any(|other| other.name == map.name) {
            "two maps have this name"
        } else {
            continue;
        };
        let place = "the maps".to_owned();
        return Err(VerifyError { program: map.name.clone(), place, what: broken.to_owned() });
    }
    for (at, program) in unit.programs.iter().enumerate() {
        let checker = Checker { unit, program };
        if unit.programs.iter().take(at).any(|other| other.symbol == program.symbol) {
            return Err(checker.error("its head", "two programs have this symbol"));
        }
        checker.check()?;
    }
    Ok(())
}

fn is_symbol(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Checker<'a> {
    unit: &'a Unit,
    program: &'a Program,
}

impl Checker<'_> {
    fn check(&self) -> Result<(), VerifyError> {
        if !is_symbol(&self.program.symbol) {
            return Err(self.error("its head", "a symbol is letters, digits and `_`"));
        }
        if self.program.blocks.is_empty() {
            return Err(self.error("its head", "there is no block"));
        }
        for (id, slot) in self.program.slots.iter().enumerate() {
            if slot.size == 0 || slot.size % 8 != 0 {
                return Err(self.error(&format!("slot s{id}"), "the size is no multiple of 8 above 0"));
            }
        }
        for (id, block) in self.program.blocks.iter().enumerate() {
            for inst in &block.insts {
                self.check_inst(inst).map_err(|what| self.error(&self.place(id, inst), &what))?;
            }
            self.check_end(&block.end).map_err(|what| self.error(&end_place(id, &block.end), &what))?;
        }
        self.check_assigned()
    }

    fn check_inst(&self, inst: &Inst) -> Result<(), String> {
        let mut wrong = None;
        inst.for_each_read(|reg| wrong = wrong.or(self.out_of_range(reg)));
        if let Some(reg) = wrong.or_else(|| inst.assigned().and_then(|reg| self.out_of_range(reg))) {
            return Err(format!("{reg} is not below the program's {} registers", self.program.vregs));
        }
        match inst {
            Inst::SlotAddr { slot, offset, .. } => match self.program.slots.get(slot.0 as usize) {
                None => Err("there is no such slot".to_owned()),
                Some(def) if *offset > def.size => Err(format!("the slot has {} bytes", def.size)),
                Some(_) => Ok(()),
            },
            Inst::MapRef { map, .. } if map.0 as usize >= self.unit.maps.len() => {
                Err("there is no such map".to_owned())
            }
            Inst::Call { args, .. } if args.len() > 5 => Err("a helper takes at most 5 arguments".to_owned()),
            Inst::Atomic { offset, .. } if offset % 8 != 0 => {
                Err("an atomic operation's offset is a multiple of 8".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn out_of_range(&self, reg: VReg) -> Option<VReg> {
        (reg.0 >= self.program.vregs).then_some(reg)
    }

    fn check_end(&self, end: &Terminator) -> Result<(), String> {
        let mut wrong = None;
        end.for_each_read(|reg| wrong = wrong.or(self.out_of_range(reg)));
        if let Some(reg) = wrong {
            return Err(format!("{reg} is not below the program's {} registers", self.program.vregs));
        }
        for to in end.successors() {
            if to.0 as usize >= self.program.blocks.len() {
                return Err(format!("there is no block {to}"));
            }
            if to.0 == 0 {
                return Err("no block may jump to the entry".to_owned());
            }
        }
        Ok(())
    }

    /// Each register read must have been assigned, whichever way control came.
    fn check_assigned(&self) -> Result<(), VerifyError> {
        let bound = self.program.vregs as usize;
        let blocks = &self.program.blocks;
        // What is surely assigned before each block; of blocks not reached yet, everything is.
        let mut before = vec![BitSet::full(bound); blocks.len()];
        if let Some(entry) = before.first_mut() {
            *entry = BitSet::new(bound);
        }
        let mut order = postorder(blocks.len(), |id| {
            let end = blocks.get(id).map(|block| &block.end);
            end.map_or_else(Vec::new, |end| end.successors().map(|to| to.0 as usize).collect())
        });
        // What control reaches first goes first: few rounds are needed then.
        order.reverse();
        let mut changed = true;
        while changed {
            changed = false;
            for &id in &order {
                let (Some(block), Some(start)) = (blocks.get(id), before.get(id)) else { continue };
                let mut assigned = start.clone();
                for reg in block.insts.iter().filter_map(Inst::assigned) {
                    assigned.insert(reg.0 as usize);
                }
                for to in block.end.successors().map(|to| to.0 as usize) {
                    changed |= before.get_mut(to).is_some_and(|target| target.intersect(&assigned));
                }
            }
        }
        for (id, (block, start)) in blocks.iter().zip(before).enumerate() {
            self.check_block_assigned(id, block, start)?;
        }
        Ok(())
    }

    fn check_block_assigned(&self, id: usize, block: &Block, start: BitSet) -> Result<(), VerifyError> {
        let mut assigned = start;
        let mut missing = None;
        for inst in &block.insts {
            inst.for_each_read(|reg| {
                if !assigned.contains(reg.0 as usize) {
                    missing = missing.or(Some(reg));
                }
            });
            if let Some(reg) = missing {
                return Err(self.error(&self.place(id, inst), &unassigned(reg)));
            }
            inst.assigned().into_iter().for_each(|reg| {
                assigned.insert(reg.0 as usize);
            });
        }
        block.end.for_each_read(|reg| {
            if !assigned.contains(reg.0 as usize) {
                missing = missing.or(Some(reg));
            }
        });
        match missing {
            Some(reg) => Err(self.error(&end_place(id, &block.end), &unassigned(reg))),
            None => Ok(()),
        }
    }

    fn place(&self, block: usize, inst: &Inst) -> String {
        format!("b{block}, `{}`", InstText(self.unit, inst))
    }

    fn error(&self, place: &str, what: &str) -> VerifyError {
        let (place, what) = (place.to_owned(), what.to_owned());
        VerifyError { program: self.program.symbol.clone(), place, what }
    }
}

fn end_place(block: usize, end: &Terminator) -> String {
    format!("b{block}, `{end}`")
}

fn unassigned(reg: VReg) -> String {
    format!("{reg} is read, but a path leads here that does not assign it")
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::verify;

    /// The error of a program with these lines in its body.
    fn error_of(body: &str) -> String {
        let text = format!("map m: hash, key 8, value 8, entries 1\nprogram p: uprobe {{\n{body}\n}}");
        let unit = read(&text).expect("the text is well-formed");
        verify(&unit).map_or_else(|error| error.to_string(), |()| "none".to_owned())
    }

    #[test]
    fn a_register_must_be_assigned_on_all_paths() {
        let body = "b0:\n br 1 == 1, b1, b2\nb1:\n v0 = copy 1\n jump b2\nb2:\n ret v0";
        assert_eq!(
            error_of(body),
            "malformed IR in program `p`, b2, `ret v0`: v0 is read, but a path leads here that does not assign it"
        );
        assert_eq!(error_of(&body.replace("b0:", "b0:\n v0 = copy 2")), "none");
    }

    #[test]
    fn an_assignment_in_a_loop_counts_after_it_only() {
        let body = "b0:\n v0 = copy 0\n jump b1\nb1:\n br v0 < 4, b2, b3\nb2:\n v0 = add v0, 1\n v1 = copy v0\n jump b1\nb3:\n ret v1";
        assert!(error_of(body).contains("b3, `ret v1`"));
    }

    #[test]
    fn rules_are_named_with_the_place() {
        assert!(error_of("b0:\n jump b0").contains("b0, `jump b0`: no block may jump to the entry"));
        assert!(error_of("b0:\n jump b7").contains("there is no block b7"));
        assert!(error_of("slot s0: 12 \"x\"\nb0:\n ret 0").contains("multiple of 8"));
        assert!(error_of("b0:\n v0 = slot s0+0\n ret 0").contains("no such slot"));
        assert!(error_of("slot s0: 8 \"x\"\nb0:\n v0 = slot s0+9\n ret 0").contains("the slot has 8 bytes"));
        assert!(error_of("b0:\n call ktime_get_ns(1,2,3,4,5,6)\n ret 0").contains("at most 5"));
        assert!(error_of("b0:\n v0 = map m\n atomic_add [v0+4], v0\n ret 0").contains("multiple of 8"));
    }
}
