//! A command with all that it starts: one process group, which is killed as one.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How often a wait looks.
const TICK: Duration = Duration::from_millis(20);

/// A running command, killed with its children when it is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
}

impl Group {
    /// Starts a command in a group of its own.
    pub(crate) fn start(command: &mut Command) -> std::io::Result<Group> {
        Ok(Group { child: command.process_group(0).spawn()? })
    }

    /// The id of the group, which is that of its first process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to all of it.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended by itself.
            let _ = kill_process_group(id, signal);
        }
    }

    /// How its first process ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its processes now.
    pub(crate) fn members(&self) -> Vec<Member> {
        members().into_iter().filter(|member| member.group == self.child.id()).collect()
    }

    /// Its processes with this name, which the kernel cuts to 15 bytes.
    pub(crate) fn named(&self, name: &str) -> Vec<u32> {
        let cut = name.get(..15).unwrap_or(name);
        self.members().iter().filter(|member| member.name == cut).map(|member| member.pid).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        // Killed, it ends at once.
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer or `limit` is over.
pub(crate) fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(TICK);
    }
}

/// A process as `/proc` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its id.
    pub(crate) pid: u32,
    /// Its name, up to 15 bytes of it.
    pub(crate) name: String,
    /// Its parent.
    pub(crate) parent: u32,
    /// Its group.
    group: u32,
}

/// All processes.
fn members() -> Vec<Member> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let stats = entries.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        member(pid, &std::fs::read_to_string(entry.path().join("stat")).ok()?)
    });
    stats.collect()
}

/// Reads a line of `/proc/PID/stat`: `PID (NAME) STATE PARENT GROUP ...`. Zombies are not there.
fn member(pid: u32, stat: &str) -> Option<Member> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    if words.next()? == "Z" {
        return None;
    }
    let parent = words.next()?.parse().ok()?;
    Some(Member { pid, name: name.to_owned(), parent, group: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read_from_proc() {
        let named = |name: &str| Some(Member { pid: 7, name: name.to_owned(), parent: 1, group: 5 });
        assert_eq!(member(7, "7 (a b) S 1 5 5 0"), named("a b"));
        assert_eq!(member(7, "7 (a) (b)) R 1 5 5 0"), named("a) (b)"));
        assert_eq!(member(7, "7 (a) Z 1 5 5 0"), None);
        assert_eq!(member(7, "7"), None);
    }

    #[test]
    fn a_group_is_found_and_killed_whole() {
        let mut group =
            Group::start(Command::new("sh").args(["-c", "sleep 50 & sleep 51; true"])).expect("started");
        let sleeps = wait_for(Duration::from_secs(5), || Some(group.named("sleep")).filter(|s| s.len() == 2));
        assert!(sleeps.is_some() && group.ended().is_none());
        group.signal(Signal::KILL);
        assert!(wait_for(Duration::from_secs(5), || group.ended()).is_some());
        assert!(wait_for(Duration::from_secs(5), || group.members().is_empty().then_some(())).is_some());
    }
}
