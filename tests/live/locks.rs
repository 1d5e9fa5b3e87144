//! Locks are counted exactly, wherever the compiler has put the code that takes them, and held as long as they are.

use gprobe_testkit::{Program, Target};
use serde_json::Value;

use super::kit::{GO, STRIPPED, gprobe, number, trace};

/// Bytes from a `sync.RWMutex` to the number of its readers, which is what readers add to.
const READERS: u64 = 16;

/// What does the rest where a lock is not free, by release.
struct Slow {
    lock: &'static str,
    unlock: &'static str,
    read: &'static str,
}

fn slow(go: &str) -> Slow {
    match go {
        // Writers of an RWMutex wait there too.
        "1.19" => Slow {
            lock: "sync.(*Mutex).lockSlow",
            unlock: "sync.(*Mutex).unlockSlow",
            read: "sync.runtime_SemacquireMutex",
        },
        "1.21" | "1.22" | "1.23" => Slow {
            lock: "sync.(*Mutex).lockSlow",
            unlock: "sync.(*Mutex).unlockSlow",
            read: "sync.runtime_SemacquireRWMutexR",
        },
        _ => Slow {
            lock: "internal/sync.(*Mutex).lockSlow",
            unlock: "internal/sync.(*Mutex).unlockSlow",
            read: "sync.runtime_SemacquireRWMutexR",
        },
    }
}

/// What is counted, by address.
struct Counted {
    /// The atomic instruction of `Lock` ran;
    locks: Value,
    /// and that was enough.
    fast: Value,
    /// `lockSlow` came back.
    slow: Value,
    unlocks: Value,
    tries: Value,
    reads: Value,
    unreads: Value,
    try_reads: Value,
}

impl Counted {
    fn of(map: &Value, addr: u64) -> u64 {
        number(map, &addr.to_string())
    }

    fn mutex(&self, target: &Target, name: &str, what: &str) {
        let addr = target.truth(&format!("addr.{name}"));
        let locks = target.truth(&format!("locks.{name}"));
        let got = truth(target, "got", name);
        assert_eq!(Self::of(&self.locks, addr), locks, "locks of {name}, {what}");
        assert_eq!(Self::of(&self.tries, addr), got, "successful tries of {name}, {what}");
        assert_eq!(Self::of(&self.unlocks, addr), locks + got, "unlocks of {name}, {what}");
        let (fast, slow) = (Self::of(&self.fast, addr), Self::of(&self.slow, addr));
        assert_eq!(fast + slow, locks, "{name}: {fast} at once and {slow} later, {what}");
        match name {
            "contended" => assert!(slow > 0, "{name} was free each time, {what}"),
            _ => assert_eq!(slow, 0, "{name} was not free, {what}"),
        }
    }

    fn rwmutex(&self, target: &Target, name: &str, what: &str) {
        let truth = |kind: &str| truth(target, kind, name);
        let addr = truth("rwaddr");
        let readers = addr + READERS;
        // `RWMutex.Lock` takes the mutex that is its first field.
        assert_eq!(Self::of(&self.locks, addr), truth("writes"), "writes of {name}, {what}");
        assert_eq!(Self::of(&self.reads, readers), truth("reads"), "reads of {name}, {what}");
        assert_eq!(Self::of(&self.try_reads, readers), truth("tryreads"), "tries to read {name}, {what}");
        let read = truth("reads") + truth("tryreads");
        assert_eq!(Self::of(&self.unreads, readers), read, "ends of reading {name}, {what}");
        // `RWMutex.TryLock` gives the mutex back where there are readers.
        let tried = Self::of(&self.tries, addr);
        assert!(tried >= truth("trywrites"), "{tried} tries to write {name}, {what}");
        assert_eq!(Self::of(&self.unlocks, addr), truth("writes") + tried, "unlocks of {name}, {what}");
    }
}

/// What the program counted of one lock; 0 where it says nothing.
fn truth(target: &Target, kind: &str, name: &str) -> u64 {
    target.truths().get(&format!("{kind}.{name}")).copied().unwrap_or(0)
}

fn counts(go: &str, flags: &[&str]) {
    let program = Program::build("locks", go, flags);
    let Slow { lock, unlock, read } = slow(go);
    let script = format!(
        r#"go:*:atomic:{lock} {{
            @locks[args.addr] = count();
            if (args.fast) {{ @fast[args.addr] = count(); }}
        }}
        go:{lock} {{ @of[goid] = arg0; }}
        go:{lock}:return {{ @slow[@of[goid]] = count(); delete(@of[goid]); }}
        go:*:atomic:{unlock} {{ @unlocks[args.addr] = count(); }}
        go:*:swap:sync.(*Mutex).TryLock /args.swapped/ {{ @tries[args.addr] = count(); }}
        go:*:atomic:{read} /func != "sync.(*RWMutex).Lock"/ {{ @reads[args.addr] = count(); }}
        go:*:atomic:sync.(*RWMutex).rUnlockSlow {{ @unreads[args.addr] = count(); }}
        go:*:swap:sync.(*RWMutex).TryRLock /args.swapped/ {{ @try_reads[args.addr] = count(); }}
        end {{ clear(@of); }}"#
    );
    let (output, target) = trace(&program, &["-n", "1000", "-holds", "1"], &["-e", &script]);
    let counted = Counted {
        locks: output.map("@locks"),
        fast: output.map("@fast"),
        slow: output.map("@slow"),
        unlocks: output.map("@unlocks"),
        tries: output.map("@tries"),
        reads: output.map("@reads"),
        unreads: output.map("@unreads"),
        try_reads: output.map("@try_reads"),
    };
    let what = format!("Go {go} {flags:?}");
    let (mut mutexes, mut rwmutexes) = (0, 0);
    for name in target.truths().keys() {
        if let Some(name) = name.strip_prefix("locks.") {
            counted.mutex(&target, name, &what);
            mutexes += 1;
        } else if let Some(name) = name.strip_prefix("rwaddr.") {
            counted.rwmutex(&target, name, &what);
            rwmutexes += 1;
        }
    }
    assert_eq!((mutexes, rwmutexes), (18, 3), "{what}");
    assert_eq!(target.truth("failed.tried"), 250);
    target.finish();
}

#[test]
fn locks_are_counted_exactly() {
    counts(GO, &[]);
    counts(GO, &[STRIPPED]);
}

#[test]
fn locks_are_counted_exactly_on_go_1_23() {
    counts("1.23", &[]);
    counts("1.23", &[STRIPPED]);
}

#[test]
fn locks_are_counted_exactly_on_go_1_19() {
    counts("1.19", &[]);
    counts("1.19", &[STRIPPED]);
}

/// Addresses are those of the process, also where it is not loaded where it was linked to be.
#[test]
fn locks_are_counted_exactly_where_code_is_moved() {
    counts(GO, &["-buildmode=pie"]);
}

/// The same by the names of moments, which are the same in all releases.
#[test]
fn moments_of_locks_come_as_often_as_the_program_knows() {
    let script = "mutex:lock { @locks[args.mutex] = count(); if (args.contended) { @contended[args.mutex] = count(); } }
        mutex:acquired {
            @acquired[args.mutex] = count();
            if (args.contended) { @waited[args.mutex] = count(); @wait_ns[args.mutex] = sum(args.wait_ns); }
        }
        mutex:unlock { @unlocks[args.mutex] = count(); }
        rwmutex:rlock { @reads[args.rwmutex] = count(); }
        rwmutex:racquired { @reading[args.rwmutex] = count(); }
        rwmutex:runlock { @read[args.rwmutex] = count(); }
        rwmutex:lock { @writes[args.rwmutex] = count(); }
        rwmutex:acquired { @writing[args.rwmutex] = count(); }
        rwmutex:unlock { @written[args.rwmutex] = count(); }";
    for go in ["1.19", "1.23", GO] {
        for flags in [&[][..], &[STRIPPED]] {
            let program = Program::build("locks", go, flags);
            let (output, target) = trace(&program, &["-n", "1000", "-holds", "1"], &["-e", script]);
            let same = |map: &str, addr: u64, truth: u64, name: &str| {
                let seen = number(&output.map(map), &addr.to_string());
                assert_eq!(seen, truth, "{map} of {name}, Go {go} {flags:?}");
            };
            for name in target.truths().keys() {
                if let Some(name) = name.strip_prefix("locks.") {
                    let addr = target.truth(&format!("addr.{name}"));
                    let (locks, got) = (truth(&target, "locks", name), truth(&target, "got", name));
                    same("@locks", addr, locks, name);
                    same("@acquired", addr, locks + got, name);
                    same("@unlocks", addr, locks + got, name);
                    same("@waited", addr, number(&output.map("@contended"), &addr.to_string()), name);
                } else if let Some(name) = name.strip_prefix("rwaddr.") {
                    let addr = target.truth(&format!("rwaddr.{name}"));
                    let of = |kind: &str| truth(&target, kind, name);
                    same("@reads", addr, of("reads"), name);
                    if go != "1.19" {
                        same("@reading", addr, of("reads") + of("tryreads"), name);
                    }
                    same("@read", addr, of("reads") + of("tryreads"), name);
                    same("@writes", addr, of("writes"), name);
                    same("@writing", addr, of("writes") + of("trywrites"), name);
                    same("@written", addr, of("writes") + of("trywrites"), name);
                }
            }
            target.finish();
        }
    }
}

/// Each time that a lock is held is as long as the program says, which measures in between.
#[test]
fn locks_are_held_as_long_as_the_program_says() {
    for go in ["1.19", "1.23", GO] {
        let program = Program::build("locks", go, &[STRIPPED]);
        let Slow { lock, unlock, .. } = slow(go);
        let script = format!(
            "begin {{ @n = 0; }}
            go:main.hold:atomic:{lock} {{ @since[args.addr, goid] = nsecs; }}
            go:main.hold:atomic:{unlock} {{ @held[@n] = nsecs - @since[args.addr, goid]; @n++; delete(@since[args.addr, goid]); }}"
        );
        let (output, target) = trace(&program, &["-n", "10", "-holds", "60"], &["-e", &script]);
        let held = output.map("@held");
        assert_eq!(held.as_object().expect("a map").len(), 60, "{held}");
        let mut far = Vec::new();
        for number_of in 0..60 {
            let truth = target.truth(&format!("hold.{number_of}"));
            let seen = number(&held, &number_of.to_string());
            let apart = seen.abs_diff(truth);
            assert!(
                seen >= truth,
                "hold {number_of} is {seen} ns, and the program measured {truth} within, on Go {go}"
            );
            if apart > 20_000 && apart * 5 > truth {
                far.push((truth, seen));
            }
        }
        // Where the program loses its CPU between a probe and its own clock, that is in one of them only.
        assert!(
            far.len() <= 3,
            "{} of 60 holds are further off than 20 % and 20 us on Go {go}: {far:?}",
            far.len()
        );
        eprintln!("Go {go}: {} of 60 holds are further off: {far:?}", far.len());
        target.finish();
    }
}

/// What is wrong with such a probe is said with what would be right.
#[test]
fn wrong_names_of_atomic_instructions_are_errors() {
    let program = Program::build("locks", GO, &[]);
    let path = program.display().to_string();
    let said = |probe: &str| {
        let output = gprobe().args(["-x", &path, "-e", probe]).run();
        assert_eq!(output.code, Some(1), "{output}");
        output.stderr
    };
    let text = said("go:*:atomic:internal/sync.(*Mutex).lockSlaw { @ = count(); }");
    assert!(
        text.contains("error[unknown-function]") && text.contains("internal/sync.(*Mutex).lockSlow"),
        "{text}"
    );
    let text = said("go:main.nothing:atomic:internal/sync.(*Mutex).lockSlow { @ = count(); }");
    assert!(text.contains("error[no-site]") && text.contains("write `*`"), "{text}");
    let text = said("go:*:atomic:internal/sync.(*Mutex).lockSlow { @ = sum(args.adr); }");
    assert!(text.contains("error[unknown-field]") && text.contains("did you mean `addr`"), "{text}");
    let text = said("go:*:atomic:main.nothing { @ = count(); }");
    assert!(
        text.contains("error[no-site]") && text.contains("leads to the call in more than one way"),
        "{text}"
    );
    let text = said("go:*:swap:sync.(*Mutex).TryLok { @ = count(); }");
    assert!(text.contains("error[unknown-function]"), "{text}");
}
