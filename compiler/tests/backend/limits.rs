//! What does not fit is an error that names the probe.

use gprobe_compiler::target::KernelFacts;
use gprobe_compiler::{allocate::allocate, emit, ir};

fn unit(text: &str) -> ir::Unit {
    let unit = ir::read(text).unwrap();
    ir::verify(&unit).unwrap();
    unit
}

#[test]
fn scratch_memory_beyond_the_kernel_s_limit_is_refused() {
    let text = |bytes: u32| {
        format!(
            "program big: uprobe {{\nslot s0: {bytes} \"x\"\nb0:\nv0 = slot s0+0\nstore.8 [v0], 1\nret 0\n}}"
        )
    };
    assert!(allocate(unit(&text((32 << 10) - 8)), &KernelFacts::newest()).is_ok());
    let error = allocate(unit(&text(32 << 10)), &KernelFacts::newest()).unwrap_err();
    assert_eq!(error.program(), "big");
    assert!(error.to_string().starts_with("it needs 32776 bytes"), "{error}");
}

#[test]
fn more_values_at_once_than_the_stack_holds_are_refused() {
    // All live across a call.
    let program = |count: u32| {
        let mut text = "program wide: uprobe {\nb0:\n v0 = context\n".to_owned();
        for reg in 1..=count {
            text += &format!(" v{reg} = load.8 [v0+{}]\n", reg % 20 * 8);
        }
        text += " v999 = call ktime_get_ns()\n";
        for reg in 1..=count {
            text += &format!(" v999 = mul v999, 3\n v999 = add v999, v{reg}\n");
        }
        text + " ret v999\n}\n"
    };
    // 4 registers survive a call, and one holds the sum.
    let code = allocate(unit(&program(67)), &KernelFacts::newest()).unwrap();
    assert!(code.programs[0].stack_bytes <= 512);
    let error = allocate(unit(&program(80)), &KernelFacts::newest()).unwrap_err();
    assert_eq!(error.program(), "wide");
    assert!(error.to_string().contains("bytes of stack"), "{error}");
}

#[test]
fn slots_leave_the_stack_to_spilled_values() {
    let mut text = "program both: uprobe {\n".to_owned();
    for slot in 0..6 {
        text += &format!("slot s{slot}: 64 \"x\"\n");
    }
    text += "b0:\n v0 = context\n";
    for reg in 1..=40 {
        text += &format!(" v{reg} = load.8 [v0+{}]\n", reg % 20 * 8);
    }
    text += " v999 = call ktime_get_ns()\n";
    for reg in 1..=40 {
        text += &format!(" v999 = mul v999, 3\n v999 = add v999, v{reg}\n");
    }
    for slot in 0..6 {
        text += &format!(" v{} = slot s{slot}+0\n store.8 [v{}], v999\n", 50 + slot, 50 + slot);
    }
    text += " ret v999\n}\n";
    let code = allocate(unit(&text), &KernelFacts::newest()).unwrap();
    assert!(code.programs[0].stack_bytes <= 512);
    assert!(code.maps.iter().any(|map| map.name == "gp_scratch0"));
}

#[test]
fn jumps_beyond_16_bits_need_a_kernel_that_has_them() {
    let mut text =
        "program long: uprobe {\nb0:\n v0 = context\n v1 = load.8 [v0]\n br v1 == 7, b2, b1\nb1:\n"
            .to_owned();
    for _ in 0..40_000 {
        text += " v1 = mul v1, v1\n";
    }
    text += " br v1 == 9, b2, b3\nb2:\n ret 1\nb3:\n ret v1\n}\n";
    let old = allocate(unit(&text), &KernelFacts::oldest()).unwrap();
    let error = emit::emit(&old).unwrap_err();
    assert_eq!(error.program(), Some("long"));
    assert!(error.to_string().contains("32767"), "{error}");
    let new = allocate(unit(&text), &KernelFacts::newest()).unwrap();
    assert!(emit::emit(&new).is_ok());
    let text = emit::disassemble(&new);
    // The branch hops over a long jump to the end.
    assert!(text.contains("if r1 != 7 goto pc+1") || text.contains("!= 7 goto pc+1"), "{}", &text[..300]);
    assert!(text.contains("gotol pc+40001"), "{}", &text[..300]);
}
