//! Goroutines are gone over while they run, and what is said of each is what the runtime says itself.

use std::collections::BTreeMap;
use std::time::Duration;

use gprobe_testkit::{Program, Target};

use super::kit::gprobe;

/// Of each layout of the runtime's structs, labels and inline trees that Go has had since 1.21.
const RELEASES: [&str; 4] = ["1.21", "1.23", "1.25", "1.27"];

/// Goroutines by id.
pub(crate) type Goroutines<T> = BTreeMap<u64, T>;

struct Crowd {
    target: Target,
}

impl Crowd {
    fn start(release: &str, count: &str, args: &[&str]) -> Self {
        let path = Program::build("crowd", release, &[]);
        let mut target = Target::start(&path, &[&["-n", count], args].concat());
        target.limit(Duration::from_secs(300));
        Self { target }
    }

    /// What a script prints that runs once.
    fn ask(&self, script: &str) -> String {
        let script = format!("{script} interval:ms:1 {{ exit(); }}");
        let pid = self.target.pid().to_string();
        let limit = Duration::from_secs(240);
        let output = gprobe().args(["-q", "-p", &pid, "-e", &script]).limit(limit).run().success();
        assert!(!output.stderr.contains("lost:"), "something was lost:\n{}", output.stderr);
        output.stdout
    }

    /// What the runtime says.
    fn dump(&mut self) -> Vec<String> {
        let before = self.target.lines().len();
        self.target.send("");
        self.target.wait_for("end of dump");
        self.target.lines().split_off(before)
    }

    fn end(self) {
        self.target.finish();
    }
}

/// Compares ids and states; the main goroutine is busy with the dump.
fn compare_states(release: &str, count: &str) {
    let mut crowd = Crowd::start(release, count, &[]);
    let printed = crowd.ask(r#"iter:goroutine { printf("%d\t%s\t%s\n", goid, gstatus, waitreason); }"#);
    let mut found = Goroutines::new();
    for line in printed.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split('\t').collect();
        let [id, status, reason] = parts[..] else { panic!("{line}") };
        let state = match status {
            "Gwaiting" => reason.to_owned(),
            status => status.trim_start_matches('G').to_lowercase(),
        };
        let id: u64 = id.parse().expect("an id");
        assert_eq!(found.insert(id, state), None, "{id} was visited twice");
    }
    let mut known = Goroutines::new();
    for line in crowd.dump() {
        if let Some((id, state)) = line.split_once('\t') {
            known.insert(id.parse::<u64>().expect("an id"), state.to_owned());
        }
    }
    let wanted: usize = count.parse().expect("a number");
    assert!(known.len() >= wanted + 3, "the runtime knows {}", known.len());
    for (id, state) in known.iter().filter(|(id, _)| **id != 1) {
        assert_eq!(found.get(id), Some(state), "goroutine {id}, Go {release}");
    }
    // The runtime's dump leaves its own goroutines out.
    assert!(found.len() - known.len() < 16, "{} and {}", found.len(), known.len());
    crowd.end();
}

#[test]
fn ids_and_states_are_those_of_the_runtimes_own_dump() {
    for release in RELEASES {
        compare_states(release, "500");
    }
}

#[test]
fn a_hundred_thousand_goroutines_are_all_seen() {
    compare_states("1.27", "100000");
}

/// `function@file:line` of frames that are not the runtime's own.
pub(crate) fn of_program(frames: Vec<String>) -> Vec<String> {
    frames.into_iter().filter(|frame| !frame.starts_with("runtime.")).collect()
}

/// Stacks as the runtime prints them: a line with the function and its arguments, a line with the place.
pub(crate) fn stacks_of_dump(lines: &[String]) -> Goroutines<Vec<String>> {
    let mut stacks = Goroutines::new();
    let mut current: Option<(u64, Vec<String>)> = None;
    let mut function = String::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("goroutine ") {
            stacks.extend(current.take());
            let id = rest.split(' ').next().and_then(|id| id.parse().ok()).expect("an id");
            current = Some((id, Vec::new()));
        } else if line.starts_with("created by ") {
            stacks.extend(current.take());
        } else if let Some(place) = line.strip_prefix('\t') {
            let place = place.split(' ').next().unwrap_or_default();
            current.iter_mut().for_each(|(_, frames)| frames.push(format!("{function}@{place}")));
        } else if let Some(open) = line.rfind('(') {
            function = line.get(..open).unwrap_or_default().to_owned();
        }
    }
    stacks.extend(current);
    stacks
}

#[test]
fn stacks_of_waiting_goroutines_are_those_of_the_runtimes_own_dump() {
    for release in RELEASES {
        let mut crowd = Crowd::start(release, "70", &["-whole"]);
        let printed = crowd.ask(r#"iter:goroutine { printf("goroutine %d%s\n", goid, gostack); }"#);
        let mut found = Goroutines::new();
        let mut current = 0;
        for line in printed.lines() {
            match line.strip_prefix("goroutine ") {
                Some(id) => {
                    current = id.parse().expect("an id");
                    found.insert(current, Vec::new());
                }
                None if !line.is_empty() => {
                    found.entry(current).or_default().push(line.trim().replace(" (inlined)", ""));
                }
                None => {}
            }
        }
        let known = stacks_of_dump(&crowd.dump());
        assert!(known.len() > 70, "the runtime knows {}", known.len());
        let mut inlined = 0;
        for (id, frames) in known.into_iter().filter(|(id, _)| *id != 1) {
            let mine = of_program(found.remove(&id).unwrap_or_default());
            let frames = of_program(frames);
            inlined += usize::from(frames.iter().any(|frame| frame.starts_with("main.lock@")));
            if release == "1.21" && frames.first().is_some_and(|frame| frame.starts_with("syscall.")) {
                // Before Go 1.23 the runtime does not keep where the caller's frame is.
                assert_eq!(mine.first(), frames.first(), "goroutine {id}, Go {release}");
                continue;
            }
            assert_eq!(mine, frames, "goroutine {id}, Go {release}");
        }
        assert_eq!(inlined, 10, "goroutines in an inlined function, Go {release}");
        crowd.end();
    }
}

#[test]
fn labels_and_origins_are_those_that_the_program_gave() {
    for release in RELEASES {
        let crowd = Crowd::start(release, "60", &[]);
        let printed = crowd.ask(
            r#"iter:goroutine /label("number") != ""/ { printf("%s %s %d %s\n", label("number"), label("kind"), goparent, gopc); }
            iter:goroutine /label("number") == ""/ { @others[gname] = count(); }"#,
        );
        let mut seen = Vec::new();
        for line in printed.lines().filter(|line| line.contains("main.go")) {
            let parts: Vec<&str> = line.split(' ').collect();
            let [number, kind, parent, made] = parts[..] else { panic!("{line}") };
            let number: u64 = number.parse().expect("a number");
            assert_eq!(kind, (number % 7).to_string(), "Go {release}");
            assert_eq!(parent, "1", "Go {release}");
            assert!(made.starts_with("main.main@"), "{made}");
            seen.push(number);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..60).step_by(3).collect::<Vec<u64>>(), "Go {release}");
        let others = printed.lines().find(|line| line.starts_with("@others[main.main.func1]: "));
        assert_eq!(others, Some("@others[main.main.func1]: 40"), "Go {release}: {printed}");
        crowd.end();
    }
}

/// Known since Go 1.23: before, debug information does not say where a closure keeps them.
#[test]
fn what_a_closure_has_captured_is_read_at_its_entry() {
    for release in ["1.23", "1.27"] {
        let command = format!("{} -n 30", Program::build("crowd", release, &[]).display());
        let script = "go:main.main.func1 { @[args.i] = count(); @all[len(args.waits)] = count(); }";
        let output = gprobe().args(["-q", "-c", &command, "-e", script]).run().success();
        let lines: Vec<&str> = output.stdout.lines().collect();
        for number in 0..30 {
            assert!(lines.contains(&format!("@[{number}]: 1").as_str()), "Go {release}: {lines:?}");
        }
        assert!(lines.contains(&"@all[7]: 30"), "Go {release}: {lines:?}");
    }
}
