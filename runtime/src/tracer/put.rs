//! Puts each program where it belongs, and takes all of them away.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use gprobe_compiler::artifact::{Attach, ProgramInfo, SiteInfo};

use super::is_executable;
use super::script::{Link, Script};
use super::unchanged::Code;
use crate::error::{Error, explain};
use crate::kernel;
use crate::kernel::functions;
use crate::kernel::uprobes::{ENOTSUPP, LeftOut, Placement};
use crate::sys::{bpf, perf};
use crate::targets::Targets;

/// Links that are closed at once: each waits for the kernel, and they wait side by side.
const CLOSERS: usize = 64;
/// Why a place is left out whose code is not that of the file.
const OVERWRITTEN: &str =
    "its code in memory is not that of its file: a debugger, or the program itself, has written over it";

/// The code of files in processes, read once for all programs: there can be one for each site.
type Codes = HashMap<(u32, String), Code>;

impl Script {
    /// Puts all programs in place.
    pub(super) fn put(&mut self, targets: &Targets) -> Result<(), Error> {
        let now = Instant::now();
        let mut codes = Codes::new();
        for index in self.order() {
            let Some(info) = self.loaded.artifact.programs.get(index).cloned() else { continue };
            match &info.attach {
                Attach::Begin | Attach::End | Attach::Test { .. } | Attach::Bench { .. } => {}
                Attach::Iterate { period_ns: None, .. } => self.first_rounds.push(index),
                Attach::Signal { number, .. } => {
                    let flag = Arc::new(AtomicBool::new(false));
                    signal_hook::flag::register(*number, Arc::clone(&flag))
                        .map_err(|e| Error::Attach { title: info.title.clone(), why: e.to_string() })?;
                    self.signals.push((index, flag));
                }
                Attach::RawTracepoint { name } => {
                    let link = bpf::raw_tracepoint(self.program(index)?, name)
                        .map_err(|e| Error::Attach { title: info.title.clone(), why: explain(&e) })?;
                    self.links.push((index, link));
                }
                Attach::Kprobe { function, offset, ret } => {
                    let link = functions::attach(self.program(index)?, function, *offset, *ret)
                        .map_err(|e| Error::Attach { title: info.title.clone(), why: explain(&e) })?;
                    self.links.push((index, link));
                }
                Attach::Counter { kind, config, period } => {
                    let failed = |e: io::Error| Error::Attach { title: info.title.clone(), why: explain(&e) };
                    for cpu in crate::kernel::online() {
                        let event = perf::counter(*kind, *config, *period, cpu).map_err(failed)?;
                        perf::set_program(event.as_fd(), self.program(index)?).map_err(failed)?;
                        self.links.push((index, event));
                    }
                }
                Attach::Interval { period_ns } | Attach::Iterate { period_ns: Some(period_ns), .. } => {
                    let period = Duration::from_nanos(*period_ns);
                    self.intervals.push((index, period, now + period));
                }
                Attach::Uprobe { binary, ret, sites } => {
                    let path = self.loaded.artifact.binaries.get(*binary).map(|b| b.path.clone());
                    let path = path.ok_or_else(|| Error::Object("no such binary".into()))?;
                    self.uprobes(&info, index, (&path, sites, *ret), targets, &mut codes)?;
                }
                Attach::Tracepoint { category, name } => {
                    let failed = |why| Error::Attach { title: info.title.clone(), why };
                    let id = kernel::tracefs::id(category, name)
                        .ok_or_else(|| failed(kernel::tracefs::NOT_MOUNTED.into()))?;
                    let event = perf::tracepoint(id).map_err(|e| failed(explain(&e)))?;
                    perf::set_program(event.as_fd(), self.program(index)?)
                        .map_err(|e| failed(explain(&e)))?;
                    self.links.push((index, event));
                }
                Attach::Profile { period_ns } => {
                    let failed = |e: io::Error| Error::Attach { title: info.title.clone(), why: explain(&e) };
                    for cpu in crate::kernel::online() {
                        let event = perf::sampler(cpu, *period_ns).map_err(failed)?;
                        perf::set_program(event.as_fd(), self.program(index)?).map_err(failed)?;
                        self.links.push((index, event));
                    }
                }
            }
        }
        Ok(())
    }

    /// The programs in the order to attach them in. Of those at one instruction, the kernel runs the one
    /// first that came last.
    fn order(&self) -> Vec<usize> {
        let programs = &self.loaded.artifact.programs;
        let uprobe = |index: &usize| {
            programs.get(*index).is_some_and(|info| matches!(info.attach, Attach::Uprobe { .. }))
        };
        let (uprobes, others): (Vec<usize>, Vec<usize>) = (0..programs.len()).partition(uprobe);
        others.into_iter().chain(uprobes.into_iter().rev()).collect()
    }

    fn uprobes(
        &mut self,
        info: &ProgramInfo,
        index: usize,
        (path, sites, ret): (&str, &[SiteInfo], bool),
        targets: &Targets,
        codes: &mut Codes,
    ) -> Result<(), Error> {
        let pids = targets.there();
        let processes: Vec<Option<u32>> = match pids.as_slice() {
            [] => vec![None],
            pids => pids.iter().map(|(pid, _)| Some(*pid)).collect(),
        };
        for (nth, pid) in processes.iter().enumerate() {
            let program = self.program(index)?;
            // Copies of one executable are files of their own.
            let own = pid.filter(|_| is_executable(path)).map(|pid| format!("/proc/{pid}/exe"));
            let path = own.as_deref().unwrap_or(path);
            let changed = pid.map_or_else(Vec::new, |pid| {
                let code = codes.entry((pid, path.to_owned())).or_insert_with(|| Code::of(pid, path));
                code.changed(sites)
            });
            let kept: Vec<SiteInfo>;
            let good = match changed.is_empty() {
                true => sites,
                false => {
                    let good =
                        sites.iter().enumerate().filter(|(index, _)| changed.binary_search(index).is_err());
                    kept = good.map(|(_, site)| site.clone()).collect();
                    &kept
                }
            };
            let mut placed = Placement::new(program, path, ret, *pid);
            let done = placed.put(good, &self.loaded.facts);
            let Placement { links, mut refused, .. } = placed;
            self.links.extend(links.into_iter().map(|link| (index, link)));
            let failed = |error: &io::Error| Error::Attach { title: info.title.clone(), why: explain(error) };
            let over = changed.iter().filter_map(|index| sites.get(*index));
            refused.extend(over.map(|site| LeftOut { function: site.function.clone(), why: OVERWRITTEN }));
            match done {
                // One of several that ends meanwhile leaves the others.
                Err(_) if pids.len() > 1 && pid.is_some_and(|pid| targets.has_ended(pid)) => continue,
                done => done.map_err(|error| failed(&error))?,
            }
            if refused.len() == sites.len() {
                return Err(match changed.is_empty() {
                    true => failed(&io::Error::from_raw_os_error(ENOTSUPP)),
                    false => Error::Attach { title: info.title.clone(), why: OVERWRITTEN.to_owned() },
                });
            }
            if nth == 0 {
                self.left_out.extend(refused);
            }
        }
        Ok(())
    }
}

/// Closes links side by side: each closing waits for a grace period of the kernel.
pub(super) fn close_all(links: Vec<Link>) {
    if links.len() < 2 {
        return;
    }
    let mut parts: Vec<Vec<Link>> = (0..links.len().min(CLOSERS)).map(|_| Vec::new()).collect();
    let count = parts.len();
    for (index, link) in links.into_iter().enumerate() {
        if let Some(part) = parts.get_mut(index % count) {
            part.push(link);
        }
    }
    let threads: Vec<_> = parts.into_iter().map(|part| std::thread::spawn(move || drop(part))).collect();
    for thread in threads {
        // A thread that only drops descriptors does not panic.
        let _ = thread.join();
    }
}
