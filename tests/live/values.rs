//! Every kind of Go value prints as Go itself prints it, with maps of the layout before Go 1.24 and since.

use std::collections::BTreeMap;
use std::time::Duration;

use gprobe_testkit::{Program, Target};

use super::kit::gprobe;

/// What `%v`, `%+v` and `%T` give, by the value's name.
type Shown = BTreeMap<String, String>;

/// Lines `NAME<TAB>%v<TAB>%+v<TAB>%T`.
fn shown<'l>(lines: impl Iterator<Item = &'l str>) -> Shown {
    let parted = lines.filter_map(|line| line.split_once('\t'));
    parted.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
}

/// What the program says of its own values: it does all at once, and ends.
fn told(target: &mut Target) -> Shown {
    target.go();
    assert!(target.end().success());
    let lines = target.lines();
    shown(lines.iter().map(String::as_str))
}

fn compare(release: &str) {
    let path = Program::build("values", release, &[]);
    let names: Vec<String> = told(&mut Target::start(&path, &[])).into_keys().collect();
    assert!(names.len() >= 74, "only {} values", names.len());
    let mut script = String::new();
    for name in &names {
        script.push_str(&format!(
            "go:main.show{name} {{ printf(\"{name}\\t%v\\t%+v\\t%T\\n\", args.v, args.v, args.v); }}\n"
        ));
    }
    // The kernel moves pages now and then, and what is under way can't be read: that is told, and tried again.
    let (known, output) = (0..3)
        .map(|_| {
            let mut target = Target::start(&path, &[]);
            let pid = target.pid().to_string();
            let limit = Duration::from_secs(120);
            let mut running = gprobe().args(["-p", &pid, "-e", &script]).limit(limit).run_until_attached();
            let known = told(&mut target);
            (known, running.wait().success())
        })
        .find(|(_, output)| !output.stderr.contains("lost:"))
        .expect("each time something was lost");
    let found = shown(output.stdout.lines());
    let differ: Vec<String> = known
        .iter()
        .filter(|(name, text)| found.get(*name) != Some(text))
        .map(|(name, text)| format!("{name}: Go says {text:?}, gprobe {:?}", found.get(name)))
        .collect();
    assert!(differ.is_empty(), "Go {release}, {} differ:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn all_values_are_equal_to_gos_own_on_1_21() {
    compare("1.21");
}

#[test]
fn all_values_are_equal_to_gos_own_on_1_23() {
    compare("1.23");
}

#[test]
fn all_values_are_equal_to_gos_own_on_1_27() {
    compare("1.27");
}

/// A conversion gives a pointer where the interface holds that type, and nil elsewhere.
#[test]
fn conversions_of_interfaces_are_checked() {
    let script = r#"
        go:main.showAnyStruct { $p = (*main.Point)(args.v); printf("struct %d %d\n", $p.X, $p.Y); }
        go:main.showAnyPtr { $p = (*main.Point)(args.v); printf("pointer %d %d\n", $p.X, $p.Y); }
        go:main.showNamer { $p = (*main.Point)(args.v); printf("namer %d %d\n", $p.X, $p.Y); }
        go:main.showAnyInt { printf("int %d\n", (*main.Point)(args.v) == 0); }
        go:main.showNilError { printf("nil %d\n", (*main.Point)(args.v) == 0); }
        go:main.showPathError { $e = (*io/fs.PathError)(args.v); printf("%s %s\n", $e.Op, $e.Path); }
        go:main.showError { printf("other %d\n", (*io/fs.PathError)(args.v) == 0); }"#;
    for release in ["1.21", "1.23", "1.27"] {
        let path = Program::build("values", release, &[]);
        let mut target = Target::start(&path, &[]);
        let pid = target.pid().to_string();
        let mut running =
            gprobe().args(["-p", &pid, "-e", script]).limit(Duration::from_secs(60)).run_until_attached();
        told(&mut target);
        let output = running.wait().success();
        let mut lines: Vec<&str> = output.stdout.lines().filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        let wanted = [
            "int 1",
            "namer 13 14",
            "nil 1",
            "open /no/such/file",
            "other 1",
            "pointer 11 12",
            "struct 9 10",
        ];
        assert_eq!(lines, wanted, "Go {release}: {}", output.stderr);
    }
}

/// A package's variable is read by its name wherever the target's memory is, by a path with slashes too.
#[test]
fn variables_are_read_by_name() {
    let path = Program::build("values", "1.27", &[]);
    let target = Target::start(&path, &[]);
    let pid = target.pid().to_string();
    let script = r#"iter:goroutine {
        printf("%d %d %d ", gvar("main.pkgMap")["two"], has_key(main.pkgMap, "three"), main.pkgCounter);
        printf("%d %d %v\n", cap(gvar("os.Args")), len(gvar("os.Args")[0]) > 0, gvar("main.pkgMap"));
    }"#;
    let output = gprobe().args(["-p", &pid, "-e", script]).run().success();
    let lines: Vec<&str> = output.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| *line == "2 0 4711 1 1 map[one:1 two:2]"), "{}", output.stdout);
    target.finish();
}
