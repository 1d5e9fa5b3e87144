//! What older kernels get, made for them and run on this one: perf events in place of one link for
//! all sites, no cookies, no atomic instructions that fetch.

use std::time::{Duration, Instant};

use gprobe_compiler::target::{KernelFacts, Options, Target as CompileTarget};
use gprobe_lang::source::SourceId;
use gprobe_runtime::{LiveWorld, Loaded, MapDatum, Value};
use gprobe_testkit::{Target, require_bpf};

use super::kit::program;

/// What older kernels lack, with what else this one has.
fn oldest() -> KernelFacts {
    let newest = gprobe_runtime::kernel::facts();
    KernelFacts {
        version: newest.version,
        possible_cpus: newest.possible_cpus,
        pid_namespace: newest.pid_namespace,
        ..KernelFacts::oldest()
    }
}

/// Counts of `@`, by the name or the stack that is its key, from a run on a program with these facts.
fn counts(target: &mut Target, script: &str, facts: &KernelFacts) -> Vec<(String, i128)> {
    require_bpf();
    let pid = target.pid();
    let world = LiveWorld::new(Some(pid));
    let parsed = gprobe_lang::parse(SourceId(0), script);
    let compiled_for = CompileTarget {
        process: Some(pid),
        executable: Some(LiveWorld::executable(pid).expect("the executable")),
        kernel: facts,
        world: &world,
        options: Options::default(),
        command: None,
        params: Vec::new(),
        settings: Vec::new(),
        named: Vec::new(),
    };
    let compiled = gprobe_compiler::compile(&parsed.script, &compiled_for).expect("compiles");
    let loaded = Loaded::load(compiled.artifact, facts).expect("loads");
    let mut attached = loaded.attach(Some(pid)).expect("attaches");
    target.go();
    target.wait_done();
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        attached.poll(Duration::from_millis(50)).expect("polls");
    }
    let (_, mut finished) = attached.detach().expect("detaches");
    assert!(finished.losses().is_empty(), "{:?}", finished.losses());
    let mut found: Vec<(String, i128)> = finished
        .snapshot(0)
        .expect("the map")
        .into_iter()
        .map(|entry| match (entry.key.first(), entry.datum) {
            (Some(Value::Name(name)), MapDatum::Number(n)) => (name.clone(), n),
            (Some(Value::Enum { name: Some(name), .. }), MapDatum::Number(n)) => (name.clone(), n),
            (Some(Value::Stack { frames, .. }), MapDatum::Number(n)) => {
                let names: Vec<&str> =
                    frames.iter().map(|frame| frame.function.as_deref().unwrap_or("?")).collect();
                (names.join(" < "), n)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    found.sort();
    found
}

fn spin() -> Target {
    Target::start(&program("spin"), &["-n", "300"])
}

#[test]
fn perf_events_count_as_exactly_as_one_link() {
    let facts = KernelFacts { uprobe_multi: false, ..gprobe_runtime::kernel::facts() };
    let script = "go:main.work, go:main.work:return { @[probe] = count(); }";
    let mut spin = spin();
    let found = counts(&mut spin, script, &facts);
    assert_eq!(found, [("go:main.work".into(), 300), ("go:main.work:return".into(), 300)]);
    spin.finish();
}

#[test]
fn without_cookies_each_site_has_its_own_program() {
    let script = "go:main.work, go:main.work:return { @[func] = count(); }";
    let mut spin = spin();
    assert_eq!(counts(&mut spin, script, &oldest()), [("main.work".into(), 600)]);
    spin.finish();
}

/// A thread's registers are looked for where its way into the kernel left them.
#[test]
fn goroutines_have_their_stacks_in_the_kernel_without_its_help() {
    let mut goids = Target::start(&program("goids"), &["-depth", "1", "-foreign", "0"]);
    let script = "tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1/ { @[gostack] = count(); }";
    let found = counts(&mut goids, script, &oldest());
    let inside = "internal/runtime/syscall/linux.Syscall6 < syscall.RawSyscall6";
    let wanted = |stack: &str, count: &str| {
        (format!("{stack} < main.round < main.main.func1"), i128::from(goids.truth(count)))
    };
    let mut all = [
        wanted(&format!("{inside} < syscall.Syscall"), "lseek.go"),
        wanted(&format!("{inside} < syscall.RawSyscall"), "lseek.raw"),
        wanted("runtime.cgocall < main._Cfunc_c_lseek", "lseek.c"),
    ];
    all.sort();
    assert_eq!(found, all);
    goids.finish();
}
