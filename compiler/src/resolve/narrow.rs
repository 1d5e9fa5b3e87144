//! Whether programs must tell the processes that are meant from others, and by what.

use gprobe_lang::diagnostic::Diagnostic;

use super::Resolver;
use super::typed::Probe;
use crate::artifact::{Attach, ProgramKind};
use crate::target::{Absent, Processes, TaskOffsets};

/// What tells the processes that run an executable from others.
#[derive(Clone, Debug)]
pub struct Narrow {
    /// The kernel's number of the device that the executable is on.
    pub device: u32,
    /// The executable's inode.
    pub inode: u64,
    /// Its index among [`Program::binaries`](super::typed::Program::binaries), where probes are in it.
    pub executable: Option<usize>,
    /// Only this process and what descends from it.
    pub command: Option<u32>,
    /// Where the kernel says so.
    pub offsets: TaskOffsets,
}

impl Resolver<'_> {
    /// What tells the processes that run the executable, where a probe fires in others too.
    pub(super) fn narrow(&mut self, probes: &[Probe]) -> Option<Narrow> {
        let Processes::Running(running) = &self.target.processes else { return None };
        let executable = self.binaries.iter().position(|binary| binary.path == running.file.path);
        let fires_elsewhere = |probe: &&Probe| match (&probe.attach, probe.kind) {
            (Attach::Uprobe { binary, .. }, _) => running.command.is_some() || executable != Some(*binary),
            (
                _,
                ProgramKind::Tracepoint
                | ProgramKind::RawTracepoint
                | ProgramKind::Kprobe
                | ProgramKind::PerfEvent,
            ) => true,
            _ => false,
        };
        let span = probes.iter().find(fires_elsewhere)?.span;
        // What runs a library is told by its executable, which is another file.
        let library = running.file.binary.g_tls_word().is_some();
        let offsets = match library {
            true => {
                Err(Absent { reason: format!("{} is a library", running.file.name), candidates: Vec::new() })
            }
            false => self.target.world.task_offsets(),
        };
        match offsets {
            Ok(offsets) => Some(Narrow {
                device: running.device,
                inode: running.inode,
                executable,
                command: running.command,
                offsets,
            }),
            Err(absent) => {
                let message =
                    format!("here the processes of {} can't be told from others", running.file.name);
                self.report(
                    Diagnostic::error("no-target", span, message)
                        .note(absent.reason)
                        .help("name processes with -p PID"),
                );
                None
            }
        }
    }
}
