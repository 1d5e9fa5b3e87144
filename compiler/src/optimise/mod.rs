//! Makes IR smaller without changing what it does. Each pass is sure on its own; together they run
//! until none finds anything more.

mod blocks;
mod copies;
mod dead_code;
mod fold;

use crate::ir::{Program, Unit, print, verify};

/// A pass; says whether it changed anything.
type Pass = fn(&mut Program) -> bool;

/// The passes in their order.
const PASSES: [(&str, Pass); 4] =
    [("copies", copies::run), ("fold", fold::run), ("dead_code", dead_code::run), ("blocks", blocks::run)];

/// Each round takes something away; a few are enough in practice.
const MOST_ROUNDS: usize = 10;

/// Runs all passes on all programs.
pub fn optimise(mut unit: Unit) -> Unit {
    check(&unit, "the stage before");
    for _ in 0..MOST_ROUNDS {
        let mut changed = false;
        for (name, pass) in PASSES {
            for program in &mut unit.programs {
                changed |= pass(program);
            }
            check(&unit, name);
        }
        if !changed {
            break;
        }
    }
    unit
}

/// Stops at a bug of a pass, in builds for development.
fn check(unit: &Unit, pass: &str) {
    if cfg!(debug_assertions)
        && let Err(error) = verify(unit)
    {
        panic!("{pass} left malformed IR: {error}\n{}", print(unit));
    }
}
