//! A command that is no Go program is followed until it, or a process that it starts, executes one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sys::ptrace::{self, Stop};
use crate::world::LiveWorld;

/// How long is waited between two looks at what the command does.
const LOOK: Duration = Duration::from_millis(1);
/// How long those that are let go may take to stop for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the search for a Go program led.
pub(super) struct Search {
    pub(super) found: Found,
    /// How the command itself ended, if it did meanwhile, as wait(2) says it.
    pub(super) ended: Option<i32>,
}

/// What was found.
pub(super) enum Found {
    /// This process has executed one, and stands before its first instruction.
    Go(u32),
    /// None was executed, and no process is left.
    Nothing,
    /// It was broken off.
    Stopped,
}

/// Whether a process runs a Go program.
pub(super) fn runs_go(pid: u32) -> bool {
    LiveWorld::executable(pid).is_ok_and(|file| file.binary.go_version().is_some())
}

/// Lets a child that stands after its first exec run until a Go program is executed, be it in a descendant.
/// All others are let go then. A descendant's first exec of a Go program ends the search: what it or others
/// start later is not followed.
pub(super) fn follow(command: u32, stop: &AtomicBool) -> Search {
    let mut ended = None;
    let found = search(command, stop, &mut ended);
    Search { found, ended }
}

fn search(command: u32, stop: &AtomicBool, ended: &mut Option<i32>) -> Found {
    let mut traced = BTreeSet::from([command]);
    // Children that have stopped before their parent has said that they are there.
    let mut early = BTreeSet::new();
    if ptrace::follow(command).and_then(|()| ptrace::go_on(command, 0)).is_err() {
        return Found::Nothing;
    }
    loop {
        if stop.load(Ordering::Relaxed) {
            let_go(command, &mut traced, None, ended);
            return Found::Stopped;
        }
        let (pid, why) = match ptrace::next_stop() {
            Ok(Some(found)) => found,
            Ok(None) => {
                sleep(LOOK);
                continue;
            }
            Err(_) => return Found::Nothing,
        };
        // One that is killed meanwhile is reported as gone later on.
        let _ = match why {
            Stop::Exec if runs_go(pid) => {
                traced.remove(&pid);
                let_go(command, &mut traced, Some(pid), ended);
                return Found::Go(pid);
            }
            Stop::Exec => ptrace::go_on(pid, 0),
            Stop::Child(child) => {
                traced.insert(child);
                if early.remove(&child) {
                    let _ = ptrace::go_on(child, 0);
                }
                ptrace::go_on(pid, 0)
            }
            // A new one begins with a stop, which is no signal of its own.
            Stop::Signal(libc::SIGSTOP) if !traced.contains(&pid) => {
                early.insert(pid);
                Ok(())
            }
            Stop::Signal(libc::SIGSTOP | libc::SIGTRAP) => ptrace::go_on(pid, 0),
            Stop::Signal(signal) => ptrace::go_on(pid, signal),
            Stop::Gone(status) => {
                traced.remove(&pid);
                *ended = ended.or((pid == command).then_some(status));
                Ok(())
            }
        };
    }
}

/// Lets all go that are traced, and those that come meanwhile; `kept` stands on.
fn let_go(command: u32, traced: &mut BTreeSet<u32>, kept: Option<u32>, ended: &mut Option<i32>) {
    // A thread that executes a program takes its leader's id.
    traced.retain(|pid| std::fs::exists(format!("/proc/{pid}")).unwrap_or(false));
    traced.iter().for_each(|&pid| ptrace::stop(pid));
    let mut free = BTreeSet::new();
    let begun = Instant::now();
    while !traced.is_empty() && begun.elapsed() < PATIENCE {
        let (pid, why) = match ptrace::next_stop() {
            Ok(Some(found)) => found,
            Ok(None) => {
                sleep(LOOK);
                continue;
            }
            Err(_) => return,
        };
        if Some(pid) == kept {
            continue;
        }
        let _ = match why {
            // The stop that was asked for, or that of a new one.
            Stop::Signal(libc::SIGSTOP) => {
                traced.remove(&pid);
                free.insert(pid);
                ptrace::detach(pid, 0)
            }
            Stop::Signal(libc::SIGTRAP) | Stop::Exec => ptrace::go_on(pid, 0),
            Stop::Signal(signal) => ptrace::go_on(pid, signal),
            Stop::Child(child) => {
                if !free.contains(&child) {
                    traced.insert(child);
                }
                ptrace::go_on(pid, 0)
            }
            Stop::Gone(status) => {
                traced.remove(&pid);
                *ended = ended.or((pid == command).then_some(status));
                Ok(())
            }
        };
    }
}
