//! Whole compiles, without a kernel and without a target: what any machine can test.

mod session;

use gprobe_compiler::artifact::{Hits, Sampled, SampledBy};
use gprobe_compiler::resolve::Earlier;
use gprobe_compiler::target::{
    Absent, Counting, KernelFacts, Options, Processes, Sample, Target, TargetBinary, TracepointField, World,
};
use gprobe_compiler::{Compiled, compile, emit};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::SourceId;

/// A machine with one tracepoint and no files.
struct Bare;

impl World for Bare {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        Err(Absent { reason: format!("there is no `{name}`"), candidates: vec!["libc.so.6".into()] })
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        let field = |c_type: &str, name: &str, offset, size, signed, array, data_loc| TracepointField {
            c_type: c_type.into(),
            name: name.into(),
            offset,
            size,
            signed,
            array,
            data_loc,
        };
        match (category, name) {
            ("sched", "sched_switch") => Ok(vec![
                field("char", "prev_comm", 8, 16, false, Some(16), false),
                field("pid_t", "prev_pid", 24, 4, true, None, false),
                field("char[]", "file", 28, 4, false, None, true),
            ]),
            _ => Err(Absent { reason: "no such tracepoint".into(), candidates: vec!["sched_switch".into()] }),
        }
    }

    fn tracepoints(&self, _: &str, _: &str) -> Result<Vec<(String, String)>, Absent> {
        Ok(vec![("sched".into(), "sched_switch".into())])
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        Ok(3128)
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        Ok(32)
    }
}

fn build(script: &str, kernel: &KernelFacts) -> Result<Compiled, Vec<Diagnostic>> {
    build_with(script, kernel, Options::default())
}

fn build_with(script: &str, kernel: &KernelFacts, options: Options) -> Result<Compiled, Vec<Diagnostic>> {
    build_after(None, script, kernel, options)
}

/// As the next program of a session.
fn build_after(
    earlier: Option<&Earlier>,
    script: &str,
    kernel: &KernelFacts,
    options: Options,
) -> Result<Compiled, Vec<Diagnostic>> {
    let parsed = gprobe_lang::parse(SourceId(0), script);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let target = Target {
        processes: Processes::These(vec![42]),
        executable: None,
        kernel,
        world: &Bare,
        options,
        command: None,
        earlier,
        params: vec!["7".into(), "word".into()],
        settings: Vec::new(),
        named: Vec::new(),
    };
    compile(&parsed.script, &target)
}

const SCRIPTS: &[&str] = &[
    "begin { exit(); }",
    "interval:1s { @[pid, comm] = count(); @h = hist(nsecs); @l = lhist(rand, 0, 100, 10); print(@h); clear(@h); }",
    "config = { max_strlen = 200 } tracepoint:sched:sched_switch /args.prev_pid > 1/ { @[args.prev_comm, str(args.file)] = stats(args.prev_pid); }",
    "profile:hz:99 { @u[ustack] = count(); @k[kstack(3)] = count(); @t = (comm, (cpu, probe)); $x = @t.1.0; print($x); }",
    "begin { $a = $1 / -2 % 3; @x[$a] = $a > 1 ? \"yes\" : \"no\"; @x[2] = str($2); printf(\"%s %d\\n\", @x[2], ++$a); }",
];

#[test]
fn scripts_compile_for_the_oldest_and_the_newest_kernel() {
    for script in SCRIPTS {
        for kernel in [KernelFacts::oldest(), KernelFacts::newest()] {
            let compiled = build(script, &kernel).unwrap_or_else(|e| panic!("{script}: {e:?}"));
            assert!(compiled.artifact.elf.starts_with(b"\x7fELF"), "{script}");
            let code = emit::disassemble(&compiled.code);
            if !kernel.attach_cookie {
                assert!(!code.contains("get_attach_cookie"), "{script}:\n{code}");
            }
            if !kernel.atomic_fetch {
                assert!(!code.contains("xchg"), "{script}:\n{code}");
            }
        }
    }
}

/// What came after 5.10, as the disassembly names it.
const LATER: [&str; 7] = [
    "may_goto",
    "get_current_task_btf",
    "for_each_map_elem",
    "get_attach_cookie",
    "task_pt_regs",
    "map_lookup_percpu_elem",
    "ktime_get_tai_ns",
];

#[test]
fn what_the_oldest_kernel_lacks_is_refused_or_not_used() {
    let refused = [
        ("begin { @m[1] = 1; for ($kv : @m) { print($kv); } }", "5.13"),
        ("begin { @m[1] = 1; print(len(@m)); }", "5.13"),
        ("begin { @c = count(); print((uint64)@c); }", "5.19"),
        ("begin { print(nsecs(tai)); }", "6.1"),
        ("tracepoint:sched:sched_switch { @[str(args.file), 1] = count(); }", "5.11"),
        ("begin { $i = 0; while ($i < rand) { $i++; } }", "6.9"),
    ];
    for (script, since) in refused {
        let found = build(script, &KernelFacts::oldest()).expect_err(script);
        assert!(found.iter().all(|d| d.code == "kernel-too-old"), "{script}: {found:?}");
        let told = found.iter().flat_map(|d| &d.notes).any(|note| note.contains(&format!("Linux {since}")));
        assert!(told, "{script}: {found:?}");
        // What is tried is in the list.
        let code = emit::disassemble(&build(script, &KernelFacts::newest()).expect(script).code);
        assert!(since == "5.11" || LATER.iter().any(|later| code.contains(later)), "{script}:\n{code}");
    }
    let loops = "begin { for ($i : 0..200) { @s = $i; } unroll (10) { @s += 1; } print(@s); }";
    for script in SCRIPTS.iter().chain([&loops]) {
        let code = emit::disassemble(&build(script, &KernelFacts::oldest()).expect(script).code);
        for later in LATER {
            assert!(!code.contains(later), "{script} uses {later}:\n{code}");
        }
    }
}

#[test]
fn equal_scripts_give_equal_bytes() {
    for script in SCRIPTS {
        let once = build(script, &KernelFacts::newest()).expect("compiles").artifact.elf;
        let twice = build(script, &KernelFacts::newest()).expect("compiles").artifact.elf;
        assert_eq!(once, twice, "{script}");
    }
}

#[test]
fn programs_of_all_processes_leave_other_targets_out() {
    let compiled = build("profile:hz:99 { @ = count(); }", &KernelFacts::newest()).expect("compiles");
    assert!(gprobe_compiler::ir::print(&compiled.ir).contains("get_current_pid_tgid"));
    // The clock in gprobe itself has no target to keep to.
    let compiled = build("interval:1s { @ = count(); }", &KernelFacts::newest()).expect("compiles");
    assert!(!gprobe_compiler::ir::print(&compiled.ir).contains("get_current_pid_tgid"));
}

#[test]
fn a_map_used_in_two_ways_is_told_with_both_places() {
    let wrong =
        build("begin { @x[1] = count(); } end { @x = 5; }", &KernelFacts::newest()).expect_err("wrong");
    assert!(wrong.iter().any(|d| d.code == "type-mismatch" && !d.secondary.is_empty()), "{wrong:?}");
}

#[test]
fn what_later_versions_bring_is_said_at_its_place_and_never_passed_over() {
    for (script, what) in [
        ("fn f($a: int64): int64 { return $a; } begin { exit(); }", "functions"),
        ("fentry:f { @ = count(); }", "`fentry`"),
    ] {
        let wrong = build(script, &KernelFacts::newest()).expect_err(script);
        let said = wrong.iter().any(|d| d.code == "not-supported-yet" && d.message.contains(what));
        assert!(said, "{script}: {wrong:?}");
    }
}

/// Options that count hits and draw a sample of one in ten.
fn sampling() -> Options {
    let sample = Some(Sample { one_in: 10, seed: 0x5eed });
    Options { counting: Counting::Hits, sample, ..Options::default() }
}

#[test]
fn a_hit_is_counted_and_drawn_before_anything_else() {
    let script = "tracepoint:sched:sched_switch { @ = count(); }";
    let compiled = build_with(script, &KernelFacts::newest(), sampling()).expect("compiles");
    assert_eq!(compiled.artifact.sampled, Some(Sampled { one_in: 10, by: SampledBy::Hits }));
    assert_eq!(compiled.artifact.programs[0].hits, Some(Hits { first: 0, by_cost: false }));
    insta::assert_snapshot!(gprobe_compiler::ir::print(&compiled.ir));
}

#[test]
fn threads_are_drawn_where_hits_belong_together_and_there_is_no_go() {
    let script = "tracepoint:sched:sched_switch { if (@seen[tid]) { @again = count(); } @seen[tid] = 1; }";
    let compiled = build_with(script, &KernelFacts::newest(), sampling()).expect("compiles");
    assert!(compiled.artifact.keeps_state);
    assert_eq!(compiled.artifact.sampled.map(|sampled| sampled.by), Some(SampledBy::Threads));
    insta::assert_snapshot!(gprobe_compiler::ir::print(&compiled.ir));
}

#[test]
fn clocks_and_gprobes_own_probes_are_neither_counted_nor_sampled() {
    for script in ["begin { @ = count(); }", "interval:1s { @ = count(); }", "profile:hz:99 { @ = count(); }"]
    {
        let kernel = KernelFacts::newest();
        let sampled = build_with(script, &kernel, sampling()).expect("compiles");
        let whole = build(script, &kernel).expect("compiles");
        assert_eq!(sampled.artifact.elf, whole.artifact.elf, "{script}");
        assert!(sampled.artifact.programs.iter().all(|program| program.hits.is_none()), "{script}");
    }
}

#[test]
fn what_only_counts_does_nothing_else() {
    let script = "begin { print(1); } tracepoint:sched:sched_switch /pid > 1/ { print(2); @ = count(); }";
    let options = Options { counting: Counting::HitsOnly, ..Options::default() };
    let compiled = build_with(script, &KernelFacts::newest(), options).expect("compiles");
    let ir = gprobe_compiler::ir::print(&compiled.ir);
    assert!(!ir.contains("ringbuf_output") && !ir.contains("get_current_pid_tgid"), "{ir}");
    assert_eq!(ir.matches("map_lookup_elem").count(), 1, "{ir}");
}

#[test]
fn a_sample_of_all_is_no_sample() {
    let script = "tracepoint:sched:sched_switch { @ = count(); }";
    let all = Options { sample: Some(Sample { one_in: 1, seed: 1 }), ..Options::default() };
    let compiled = build_with(script, &KernelFacts::newest(), all).expect("compiles");
    assert_eq!(compiled.artifact.sampled, None);
    assert_eq!(compiled.artifact.elf, build(script, &KernelFacts::newest()).expect("compiles").artifact.elf);
}
