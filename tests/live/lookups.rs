//! `m[key]` and `has_key(m, key)` of Go maps find what Go itself finds, with the layout before Go 1.24 and since.

use std::collections::BTreeMap;
use std::time::Duration;

use gprobe_runtime::kernel;
use gprobe_testkit::{Program, Target};

use super::kit::gprobe;

const SCRIPT: &str = r#"
    config = { max_strlen = 64 }
    go:main.lookInt {
        printf("int\t%d\t%d\t%s\n", args.k, args.m[args.k], has_key(args.m, args.k) ? "true" : "false");
    }
    go:main.lookString {
        printf("string\t%s\t%s\t%s\n", args.k, args.m[args.k], has_key(args.m, args.k) ? "true" : "false");
    }
    go:main.lookPoint {
        $there = has_key(args.m, args.k);
        printf("point\t%d %s %d\t%d\t%s\n", args.k.Small, args.k.Name, args.k.Big, args.m[args.k], $there ? "true" : "false");
    }
    go:main.lookNamed {
        printf("named\t%s\t%v\t%s\n", args.k.Name, args.m[args.k.Name], has_key(args.m, args.k) ? "true" : "false");
    }
    go:main.lookBytes {
        $there = has_key(args.m, *args.k);
        printf("bytes\t%d\t%d\t%s\n", (*args.k)[0], args.m[*args.k], $there ? "true" : "false");
    }
    go:main.lookBool {
        printf("bool\t%v\t%s\t%s\n", args.k, args.m[args.k], has_key(args.m, args.k) ? "true" : "false");
    }
    go:main.lookPointer {
        printf("pointer\t%d\t%d\t%s\n", args.k.Count, args.m[args.k], has_key(args.m, args.k) ? "true" : "false");
    }
    go:main.lookRegistry {
        $there = has_key(args.m, args.k);
        printf("registry\t%d\t%d %s %d\t%s\n", args.k, args.m[args.k].Count, args.m[args.k].Label,
            args.m[args.k].Next.Count, $there ? "true" : "false");
    }
    go:main.lookLarge {
        $there = has_key(args.m, args.k);
        printf("large\t%s\t%d %s\t%s\n", args.k, args.m[args.k].Words[29], args.m[args.k].Last, $there ? "true" : "false");
    }
    go:main.lookLargeKey {
        $there = has_key(args.m, *args.k);
        printf("key\t%d\t%s\t%s\n", (*args.k)[19], args.m[*args.k], $there ? "true" : "false");
    }
    go:main.lookNested {
        $there = has_key(args.m[args.k], args.n);
        printf("nested\t%s %d\t%s\t%s\n", args.k, args.n, args.m[args.k][args.n], $there ? "true" : "false");
    }
    go:main.lookConstant {
        $there = has_key(args.p, (1, "p", 2));
        printf("constant\t\t%s %s %d %d %d %d\t%s\n", args.b[200], args.i[-7], args.s["one"], args.s["three"],
            args.p[(1, "p", 2)], (*args.w)["two"], $there ? "true" : "false");
    }"#;

/// What stands behind the number of look-ups that were cut off.
const CUT: &str = " loops ran longer than the kernel lets them, and were left";

/// How often each line is there.
fn counted<'l>(lines: impl Iterator<Item = &'l str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines.filter(|line| line.contains('\t')) {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

fn look_up(release: &str) {
    let path = Program::build("lookups", release, &[]);
    let mut target = Target::start(&path, &[]);
    let pid = target.pid().to_string();
    let limit = Duration::from_secs(120);
    let mut running = gprobe().args(["-p", &pid, "-e", SCRIPT]).limit(limit).run_until_attached();
    target.go();
    assert!(target.end().success());
    let output = running.wait().success();
    let lines = target.lines();
    let told = counted(lines.iter().map(String::as_str));
    let found = counted(output.stdout.lines());
    assert!(told.values().sum::<usize>() > 2000, "only {} look-ups", told.len());
    // A kernel that follows each round of a loop lets it have few of them: what is cut off is told, each time.
    let said = output.stderr.lines().find_map(|line| line.strip_prefix("lost: "));
    if let Some(lost) = said.filter(|_| !kernel::facts().may_goto) {
        let cut: usize = lost.strip_suffix(CUT).and_then(|n| n.parse().ok()).expect(lost);
        let right: usize = told.iter().map(|(line, n)| (*n).min(found.get(line).copied().unwrap_or(0))).sum();
        let all: usize = told.values().sum();
        assert_eq!(found.values().sum::<usize>(), all, "Go {release}");
        assert!(all - right <= cut, "Go {release}: {} of {all} are wrong, {cut} were cut off", all - right);
        assert!(right * 10 > all, "Go {release}: only {right} of {all} are right");
        return;
    }
    assert_eq!(said, None, "Go {release}: something was lost:\n{}", output.stderr);
    let missing: Vec<_> = told.iter().filter(|(line, n)| found.get(*line) != Some(n)).take(20).collect();
    let extra: Vec<_> = found.iter().filter(|(line, n)| told.get(*line) != Some(n)).take(20).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "Go {release}: Go says\n{missing:#?}\ngprobe\n{extra:#?}"
    );
}

#[test]
fn keys_of_maps_are_found_on_1_21() {
    look_up("1.21");
}

#[test]
fn keys_of_maps_are_found_on_1_23() {
    look_up("1.23");
}

#[test]
fn keys_of_maps_are_found_on_1_27() {
    look_up("1.27");
}

/// A map too large to be walked to its end is told of, where the key wasn't found by then.
#[test]
fn a_walk_that_is_cut_off_is_told() {
    let path = Program::build("lookups", "1.27", &[]);
    let mut target = Target::start(&path, &[]);
    let pid = target.pid().to_string();
    let script = r#"go:main.lookMany { printf("found %d\n", args.m[args.k]); exit(); }"#;
    let mut running =
        gprobe().args(["-p", &pid, "-e", script]).limit(Duration::from_secs(60)).run_until_attached();
    target.go();
    let output = running.wait().success();
    assert!(output.stdout.contains("found 0"), "{}", output.stdout);
    assert!(output.stderr.contains("lost: 1 loops"), "{}", output.stderr);
}
