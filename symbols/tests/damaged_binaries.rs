//! The readers on damaged binaries: a few hundred edit scripts each. `cargo xtask fuzz` tries millions, led by
//! what they reach.

use std::cell::RefCell;

use gprobe_testkit::damage::{Damage, Kind};
use proptest::collection::vec;
use proptest::num::u8::ANY;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Scripts for each reader.
const CASES: u32 = 300;

fn answers_to_anything(kind: Kind) {
    let damage = RefCell::new(Damage::new(kind));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    // Equal runs try equal scripts.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tried = runner.run(&vec(ANY, 4..100), |script| {
        damage.borrow_mut().run(&script);
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn damaged_files_have_an_answer_to_everything() {
    answers_to_anything(Kind::Elf);
}

#[test]
fn damaged_debug_information_has_an_answer_to_everything() {
    answers_to_anything(Kind::Dwarf);
}

#[test]
fn damaged_tables_of_gos_functions_have_an_answer_to_everything() {
    answers_to_anything(Kind::Pclntab);
}
