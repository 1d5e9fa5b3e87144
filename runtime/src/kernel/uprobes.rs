//! Probes at instructions of files, with as few links as the kernel needs for them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use gprobe_compiler::artifact::SiteInfo;
use gprobe_compiler::target::KernelFacts;

use crate::sys::process::raise_open_files;
use crate::sys::{bpf, perf};

/// What the kernel says of an instruction at which it can't have a probe.
pub(crate) const ENOTSUPP: i32 = 524;

/// A function of a glob at which there is no probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The function.
    pub function: String,
    /// Why there is none.
    pub why: &'static str,
}

impl LeftOut {
    fn refused(site: &SiteInfo) -> Self {
        Self { function: site.function.clone(), why: "the kernel takes no probe in it" }
    }
}

/// One program that is put at instructions of one file.
pub(crate) struct Placement<'a> {
    program: BorrowedFd<'a>,
    path: &'a str,
    ret: bool,
    pid: Option<u32>,
    /// What holds the probes in place.
    pub(crate) links: Vec<OwnedFd>,
    /// Functions with an instruction that the kernel would not have a probe at.
    pub(crate) refused: Vec<LeftOut>,
}

impl<'a> Placement<'a> {
    pub(crate) fn new(program: BorrowedFd<'a>, path: &'a str, ret: bool, pid: Option<u32>) -> Self {
        Self { program, path, ret, pid, links: Vec::new(), refused: Vec::new() }
    }

    /// Puts the program at all sites, but for those that the kernel refuses for their instruction.
    pub(crate) fn put(&mut self, sites: &[SiteInfo], facts: &KernelFacts) -> io::Result<()> {
        if facts.uprobe_multi { self.multi(sites) } else { self.single(sites, facts.attach_cookie) }
    }

    /// One link for all sites. The kernel refuses a whole link for one instruction it can't take: then
    /// each half is tried, down to the sites that are refused.
    fn multi(&mut self, sites: &[SiteInfo]) -> io::Result<()> {
        if sites.is_empty() {
            return Ok(());
        }
        let places = bpf::UprobeSites {
            offsets: sites.iter().map(|s| s.offset.0).collect(),
            cookies: sites.iter().map(|s| s.cookie).collect(),
            semaphores: sites.iter().map(semaphore).collect(),
        };
        match bpf::link_uprobes(self.program, self.path, &places, self.pid.unwrap_or(0), self.ret) {
            Ok(link) => self.links.push(link),
            Err(error) if error.raw_os_error() == Some(ENOTSUPP) => match sites {
                [site] => self.refused.push(LeftOut::refused(site)),
                _ => {
                    let (left, right) = sites.split_at(sites.len() / 2);
                    self.multi(left)?;
                    self.multi(right)?;
                }
            },
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A perf event for each site, and a descriptor.
    fn single(&mut self, sites: &[SiteInfo], cookies: bool) -> io::Result<()> {
        raise_open_files();
        let kind = perf::kind("uprobe")?;
        for site in sites {
            match perf::uprobe(kind, self.path, site.offset.0, semaphore(site), self.pid, self.ret) {
                Ok(event) if cookies => {
                    // The link holds the event, of which no descriptor is needed from here on.
                    self.links.push(bpf::link_perf(self.program, event.as_fd(), site.cookie)?);
                    perf::enable(event.as_fd())?;
                }
                Ok(event) => {
                    perf::set_program(event.as_fd(), self.program)?;
                    self.links.push(event);
                }
                Err(error) if error.raw_os_error() == Some(ENOTSUPP) => {
                    self.refused.push(LeftOut::refused(site));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where in the file a site's semaphore is; 0: it has none.
fn semaphore(site: &SiteInfo) -> u64 {
    site.semaphore.map_or(0, |offset| offset.0)
}
