//! Arguments of generic functions print as Go itself prints them, with the exact types that a shape stands for.

use std::time::Duration;

use gprobe_testkit::{Program, Target};

use super::kit::gprobe;

const SCRIPT: &str = r#"
    go:main.one[...] { printf("one.v\t%v\t%+v\t%T\n", args.v, args.v, args.v); }
    go:main.one[...] { printf("one.list\t%v\t%+v\t%T\n", args.list, args.list, args.list); }
    go:main.one[...] { printf("type %s %s\n", gotype(args.v), gotype(args.list)); }
    go:main.two[...] { printf("two.p\t%v\t%+v\t%T\n", args.p, args.p, args.p); }
    go:main.two[...] { printf("two.m\t%v\t%+v\t%T\n", args.m, args.m, args.m); }
    go:main.(*Stack[...]).push { printf("push.s\t%v\t%+v\t%T\n", args.s, args.s, args.s); }
    go:main.(*Stack[...]).push { printf("push.v\t%v\t%+v\t%T\n", args.v, args.v, args.v); }"#;

fn sorted<'l>(lines: impl Iterator<Item = &'l str>, like: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = lines.filter(|line| like(line)).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn compare(release: &str) {
    let path = Program::build("generics", release, &[]);
    let mut target = Target::start(&path, &[]);
    let pid = target.pid().to_string();
    let limit = Duration::from_secs(60);
    let mut running = gprobe().args(["-p", &pid, "-e", SCRIPT]).limit(limit).run_until_attached();
    target.go();
    assert!(target.end().success());
    let output = running.wait().success();
    assert!(!output.stderr.contains("lost:"), "{}", output.stderr);
    let lines = target.lines();
    let told = sorted(lines.iter().map(String::as_str), |line| line.contains('\t'));
    let found = sorted(output.stdout.lines(), |line| line.contains('\t'));
    assert!(told.len() >= 34, "only {} values", told.len());
    assert_eq!(found, told, "Go {release}");
    // `gotype` agrees with `%T`, but for packages, which it names in full.
    let types = sorted(output.stdout.lines(), |line| line.starts_with("type "));
    assert!(types.contains(&"type time.Duration []time.Duration".to_owned()), "{types:#?}");
    assert!(types.contains(&"type *main.Point []*main.Point".to_owned()), "{types:#?}");
}

#[test]
fn generic_arguments_are_equal_to_gos_own_on_1_21() {
    compare("1.21");
}

#[test]
fn generic_arguments_are_equal_to_gos_own_on_1_23() {
    compare("1.23");
}

#[test]
fn generic_arguments_are_equal_to_gos_own_on_1_27() {
    compare("1.27");
}
