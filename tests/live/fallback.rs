//! What older kernels get, made for them and run on this one: perf events in place of one link for
//! all sites, no cookies, no atomic instructions that fetch.

use std::time::{Duration, Instant};

use gprobe_compiler::target::{KernelFacts, Options, Processes, Target as CompileTarget};
use gprobe_lang::source::SourceId;
use gprobe_runtime::{LiveWorld, MapDatum, Tracer, Value};
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

/// Counts of `@`, by the name or the stack that is its key, from a run on programs with these facts.
fn counts(programs: &mut [Target], script: &str, facts: &KernelFacts) -> Vec<(String, i128)> {
    require_bpf();
    let pids: Vec<u32> = programs.iter().map(Target::pid).collect();
    let world = LiveWorld::new(&pids);
    let parsed = gprobe_lang::parse(SourceId(0), script);
    let target = CompileTarget {
        processes: Processes::These(pids.clone()),
        executable: LiveWorld::common_program(&pids).expect("the executable"),
        kernel: facts,
        world: &world,
        options: Options::default(),
        command: None,
        earlier: None,
        params: Vec::new(),
        settings: Vec::new(),
        named: Vec::new(),
    };
    let compiled = gprobe_compiler::compile(&parsed.script, &target).expect("compiles");
    let mut tracer = Tracer::new(target.processes.clone(), facts, None).expect("traces");
    let script = tracer.load(compiled.artifact).expect("loads");
    tracer.attach(script).expect("attaches");
    for program in programs {
        program.go();
        program.wait_done();
    }
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        tracer.poll(Duration::from_millis(50)).expect("polls");
    }
    tracer.detach(script).expect("detaches");
    assert!(tracer.losses().is_empty(), "{:?}", tracer.losses());
    let mut found: Vec<(String, i128)> = tracer
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
fn perf_events_are_in_each_of_several_processes() {
    let facts = KernelFacts { uprobe_multi: false, ..gprobe_runtime::kernel::facts() };
    let script = "go:main.work, go:main.work:return { @[probe] = count(); }";
    let both = [("go:main.work".into(), 600), ("go:main.work:return".into(), 600)];
    let mut spins = [spin(), spin()];
    assert_eq!(counts(&mut spins, script, &facts), both);
    spins.into_iter().for_each(Target::finish);
}

#[test]
fn perf_events_count_as_exactly_as_one_link() {
    let facts = KernelFacts { uprobe_multi: false, ..gprobe_runtime::kernel::facts() };
    let script = "go:main.work, go:main.work:return { @[probe] = count(); }";
    let mut spins = [spin()];
    let found = counts(&mut spins, script, &facts);
    assert_eq!(found, [("go:main.work".into(), 300), ("go:main.work:return".into(), 300)]);
    spins.into_iter().for_each(Target::finish);
}

/// The address of an atomic instruction's operand is then a constant's distance from a register.
#[test]
fn without_cookies_atomic_instructions_have_their_addresses() {
    let script = "go:main.nothing { @[func] = count(); }
        go:main.field, go:main.distant { @at[goid] = arg0; }
        go:main.field:atomic:internal/sync.(*Mutex).lockSlow
        /args.fast && args.addr == @at[goid] + 24/ { @[func] = count(); }
        go:main.distant:atomic:internal/sync.(*Mutex).lockSlow
        /args.fast && args.addr == @at[goid] + 50000/ { @[func] = count(); }";
    let mut locks = [Target::start(&program("locks"), &["-n", "100", "-holds", "1"])];
    let found = counts(&mut locks, script, &oldest());
    let truth = [("main.distant", 100), ("main.field", 100), ("main.nothing", 200)];
    assert_eq!(found, truth.map(|(name, count)| (name.to_owned(), count)));
    locks.into_iter().for_each(Target::finish);
}

#[test]
fn without_cookies_each_site_has_its_own_program() {
    let script = "go:main.work, go:main.work:return { @[func] = count(); }";
    let mut spins = [spin()];
    assert_eq!(counts(&mut spins, script, &oldest()), [("main.work".into(), 600)]);
    spins.into_iter().for_each(Target::finish);
}

/// A thread's registers are looked for where its way into the kernel left them.
#[test]
fn goroutines_have_their_stacks_in_the_kernel_without_its_help() {
    let mut programs = [Target::start(&program("goids"), &["-depth", "1", "-foreign", "0"])];
    let script = "tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1/ { @[gostack] = count(); }";
    let found = counts(&mut programs, script, &oldest());
    let [goids] = programs;
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
