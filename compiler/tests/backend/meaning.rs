//! Random programs mean the same in the reference interpreter, after optimisation, and as the
//! bytes that come out at the end, which another project's interpreter runs.

use std::cell::RefCell;
use std::collections::HashSet;

use gprobe_compiler::allocate::{self, allocate};
use gprobe_compiler::emit::{Encoded, encode};
use gprobe_compiler::ir::{self, Environment, Helper, Inst, Operand, Terminator, Unit, VReg};
use gprobe_compiler::optimise::optimise;
use gprobe_compiler::target::KernelFacts;
use proptest::prelude::*;

use super::generate::{CONTEXT_BYTES, HELPERS, build, recipe};
use super::registers;

/// What the generated programs' helpers answer.
fn mix(args: &[u64]) -> u64 {
    args.iter().fold(0x9e37_79b9, |mixed, arg| (mixed ^ arg).wrapping_mul(0x0100_0000_01b3))
}

fn answers(_: Helper, args: &[u64]) -> Option<u64> {
    Some(mix(args))
}

fn context() -> Vec<u8> {
    (0..CONTEXT_BYTES).map(|at| (at as u8).wrapping_mul(37) ^ 0x5a).collect()
}

fn evaluate(unit: &Unit) -> u64 {
    let mut environment = Environment::new(unit);
    environment.context = context();
    environment.answers = Some(answers);
    ir::eval(unit, 0, &mut environment).unwrap_or_else(|error| panic!("{error}\n{}", ir::print(unit)))
}

thread_local! {
    /// The entry of the scratch map.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// rbpf's helpers are plain functions with five arguments, of which those not passed are garbage.
fn mix_of<const COUNT: usize>(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    mix(&[a, b, c, d, e][..COUNT])
}

fn lookup(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    SCRATCH.with_borrow(|scratch| scratch.as_ptr() as u64)
}

fn run(unit: &allocate::Unit) -> u64 {
    let encoded: Encoded = encode(&unit.programs[0], false).unwrap();
    let code = encoded.bytes();
    let mut vm = rbpf::EbpfVmRaw::new(Some(&code)).unwrap();
    for (helper, count) in HELPERS {
        let function = match count {
            0 => mix_of::<0>,
            1 => mix_of::<1>,
            3 => mix_of::<3>,
            5 => mix_of::<5>,
            other => panic!("there is no helper with {other} arguments yet"),
        };
        vm.register_helper(helper as u32, function).unwrap();
    }
    vm.register_helper(Helper::MapLookupElem as u32, lookup).unwrap();
    let scratch = unit.maps.iter().find(|map| map.name.starts_with("gp_scratch"));
    let bytes = scratch.map_or(0, |map| map.value_size as usize);
    // Whoever reads what was not written shall notice.
    SCRATCH.set(vec![0xa5; bytes]);
    let start = lookup(0, 0, 0, 0, 0);
    vm.register_allowed_memory(start..start + bytes as u64);
    let mut context = context();
    vm.execute_program(&mut context).unwrap()
}

/// The same program with negative constants of comparisons in registers: rbpf 0.4.1 extends them by
/// zeros, where RFC 9669 and the kernel extend the sign.
fn for_rbpf(unit: &Unit) -> Unit {
    let mut unit = unit.clone();
    for program in &mut unit.programs {
        for block in &mut program.blocks {
            let Terminator::Branch { a, b, .. } = &mut block.end else { continue };
            for operand in [a, b] {
                if matches!(operand, Operand::Imm(..0)) {
                    let dst = VReg(program.vregs);
                    program.vregs += 1;
                    // Assigned twice, it is no constant to `allocate`.
                    block.insts.push(Inst::Copy { dst, src: *operand });
                    block.insts.push(Inst::Copy { dst, src: *operand });
                    *operand = dst.into();
                }
            }
        }
    }
    unit
}

/// Runs the bytes that `unit` becomes.
fn compile_and_run(unit: &Unit) -> u64 {
    let unit = for_rbpf(unit);
    // rbpf has no atomic instructions, and the oldest kernel no exchange.
    let code = allocate(unit.clone(), &KernelFacts::oldest()).unwrap();
    registers::check(&code.programs[0]);
    run(&code)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_mean_the_same_after_each_stage(recipe in recipe()) {
        let unit = build(&recipe);
        ir::verify(&unit).unwrap();
        let expected = evaluate(&unit);
        let optimised = optimise(unit.clone());
        prop_assert_eq!(evaluate(&optimised), expected, "optimised:\n{}", ir::print(&optimised));
        registers::check(&allocate(optimised.clone(), &KernelFacts::newest()).unwrap().programs[0]);
        prop_assert_eq!(compile_and_run(&optimised), expected, "compiled:\n{}", ir::print(&optimised));
    }

    #[test]
    fn programs_mean_the_same_without_optimisation(recipe in recipe()) {
        let unit = build(&recipe);
        let expected = evaluate(&unit);
        prop_assert_eq!(compile_and_run(&unit), expected, "compiled as it is:\n{}", ir::print(&unit));
    }

    #[test]
    fn the_text_form_reads_back(recipe in recipe()) {
        let mut unit = build(&recipe);
        let read = ir::read(&ir::print(&unit)).unwrap();
        // Registers that stand nowhere are not counted.
        unit.programs[0].vregs = read.programs[0].vregs;
        prop_assert_eq!(read, unit);
    }
}

#[test]
fn the_generator_reaches_spills_and_scratch_memory() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut spilling = 0;
    let mut results = HashSet::new();
    for _ in 0..100 {
        let unit = build(&recipe().new_tree(&mut runner).unwrap().current());
        results.insert(evaluate(&unit));
        let code = allocate(unit, &KernelFacts::newest()).unwrap();
        assert!(code.maps.iter().any(|map| map.name == "gp_scratch0"));
        // The small slots and the scratch key take 48 bytes.
        spilling += usize::from(code.programs[0].stack_bytes > 48);
    }
    assert!(spilling > 30, "only {spilling} of 100 programs spill");
    assert!(results.len() > 60, "only {} different results", results.len());
}
