//! Completion and hints on a Go program, which need not run.

use std::sync::Arc;

use gprobe::complete::{Known, Names, complete, hint};
use gprobe_runtime::LiveWorld;
use gprobe_testkit::Program;

fn known() -> Known {
    let program = LiveWorld::file(&Program::build("values", "1.27", &[])).expect("the program");
    let functions = Names::of(program.binary.functions().names().into_iter().map(str::to_owned));
    Known {
        program: Some(program),
        functions: Arc::new(functions),
        tracepoints: Arc::new(Names::of(["sched:sched_switch", "sched:sched_wakeup"].map(str::to_owned))),
        maps: vec![
            ("@calls".to_owned(), "count".to_owned()),
            ("@why".to_owned(), "[enum]: count".to_owned()),
        ],
        commands: Vec::new(),
    }
}

#[test]
fn what_stands_at_the_cursor_is_completed_by_what_it_is() {
    let known = known();
    // Where a `|` is, with the first candidates, and what is replaced.
    let cases: &[(&str, &[&str])] = &[
        ("gorout|", &["goroutine:"]),
        ("inter|", &["interval:"]),
        ("go:main.showIn|", &["go:main.showInt64", "go:main.showInt8"]),
        ("go:shoint64|", &["go:main.showInt64"]),
        ("go:main.showInt8:r|", &["go:main.showInt8:return"]),
        ("goroutine:pa|", &["goroutine:park"]),
        ("tracepoint:sched:sched_w|", &["tracepoint:sched:sched_wakeup"]),
        ("iter:p|", &["iter:process"]),
        ("go:main.showInt8 { @x[args.|", &["v"]),
        ("goroutine:park { @[args.re|", &["reason"]),
        ("go:main.f { $total = 1; $t|", &["$total"]),
        ("go:main.f { @c|", &["@calls"]),
        ("go:main.f { @[gosta|", &["gostack"]),
        ("goroutine:park /waitreason == \"chan re|", &["\"chan receive (nil chan)\"", "\"chan receive\""]),
        ("sched.nmi|", &["nmidle", "nmidlelocked"]),
        ("main.pkgConfig.Ti|", &["Title"]),
        ("main.pkgConfig.Inner.|", &["Name", "count"]),
        ("curg.m.cur|", &["curg"]),
        ("printf(\"go:ma|", &[]),
    ];
    for (text, wanted) in cases {
        let cursor = text.find('|').expect("a cursor");
        let text = text.replace('|', "");
        let found = complete(&known, &text, cursor);
        let texts: Vec<&str> = found.candidates.iter().map(|it| it.text.as_str()).collect();
        assert!(texts.starts_with(wanted) && (!wanted.is_empty() || texts.is_empty()), "{text}: {texts:?}");
        assert!(text.get(found.start..cursor).is_some(), "{text}");
    }
    let all = complete(&known, "", 0).candidates;
    assert!(all.len() > 20 && all.iter().any(|it| it.text == "go:"), "{all:?}");
}

#[test]
fn what_is_under_the_cursor_is_explained() {
    let known = known();
    let said = |text: &str| hint(&known, text, text.len()).unwrap_or_default();
    assert!(said("goid").starts_with("uint64: The current goroutine's id"), "{}", said("goid"));
    assert!(said("go:main.showInt8").starts_with("(v int8)  main.go:"), "{}", said("go:main.showInt8"));
    assert!(said("goroutine:park").starts_with("a goroutine is about to wait"), "{}", said("goroutine:park"));
    assert_eq!(said("go:main.f { @calls"), "count");
    assert_eq!(said("main.pkgConfig.Inner"), "main.Inner");
    assert_eq!(said("sched.nmidle"), "int32");
    assert!(said("begin { hist").contains("hist(n"), "{}", said("begin { hist"));
    assert_eq!(said("nothing_at_all"), "");
}
