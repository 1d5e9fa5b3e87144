//! What older kernels get, made for them and run on this one: perf events in place of one link for
//! all sites, no cookies, no atomic instructions that fetch.

use std::time::{Duration, Instant};

use gprobe_compiler::target::{KernelFacts, Options, Processes, Target as CompileTarget};
use gprobe_lang::source::SourceId;
use gprobe_runtime::{LiveWorld, Loaded, MapDatum, Value};
use gprobe_testkit::{Target, require_bpf};

use super::kit::program;

/// Counts of `@`, by the name that is its key, from a run on `spin` with these facts.
fn counts(script: &str, facts: &KernelFacts) -> Vec<(String, i128)> {
    counts_of(1, script, facts)
}

/// As [`counts`], of several processes together.
fn counts_of(processes: usize, script: &str, facts: &KernelFacts) -> Vec<(String, i128)> {
    require_bpf();
    let mut spins: Vec<Target> =
        (0..processes).map(|_| Target::start(&program("spin"), &["-n", "300"])).collect();
    let pids: Vec<u32> = spins.iter().map(Target::pid).collect();
    let world = LiveWorld::new(&pids);
    let parsed = gprobe_lang::parse(SourceId(0), script);
    let target = CompileTarget {
        processes: Processes::These(pids.clone()),
        executable: LiveWorld::common_program(&pids).expect("the executable"),
        kernel: facts,
        world: &world,
        options: Options::default(),
        command: None,
        params: Vec::new(),
        settings: Vec::new(),
        named: Vec::new(),
    };
    let compiled = gprobe_compiler::compile(&parsed.script, &target).expect("compiles");
    let loaded = Loaded::load(compiled.artifact, facts).expect("loads");
    let mut attached = loaded.attach(&target.processes).expect("attaches");
    for spin in &mut spins {
        spin.go();
        spin.wait_done();
    }
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
            other => panic!("{other:?}"),
        })
        .collect();
    found.sort();
    spins.into_iter().for_each(Target::finish);
    found
}

#[test]
fn perf_events_are_in_each_of_several_processes() {
    let facts = KernelFacts { uprobe_multi: false, ..gprobe_runtime::kernel::facts() };
    let script = "go:main.work, go:main.work:return { @[probe] = count(); }";
    let both = [("go:main.work".into(), 600), ("go:main.work:return".into(), 600)];
    assert_eq!(counts_of(2, script, &facts), both);
}

#[test]
fn perf_events_count_as_exactly_as_one_link() {
    let facts = KernelFacts { uprobe_multi: false, ..gprobe_runtime::kernel::facts() };
    let script = "go:main.work, go:main.work:return { @[probe] = count(); }";
    assert_eq!(counts(script, &facts), [("go:main.work".into(), 300), ("go:main.work:return".into(), 300)]);
}

#[test]
fn without_cookies_each_site_has_its_own_program() {
    let newest = gprobe_runtime::kernel::facts();
    let oldest = KernelFacts { version: newest.version, ..KernelFacts::oldest() };
    let facts =
        KernelFacts { possible_cpus: newest.possible_cpus, pid_namespace: newest.pid_namespace, ..oldest };
    let script = "go:main.work, go:main.work:return { @[func] = count(); }";
    assert_eq!(counts(script, &facts), [("main.work".into(), 600)]);
}
