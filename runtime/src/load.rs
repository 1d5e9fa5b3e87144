//! Puts an artifact's maps and programs in the kernel.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use aya::maps::MapData;
use aya_obj::Object;
use aya_obj::generated::{bpf_insn, bpf_prog_type};
use gprobe_compiler::artifact::{Artifact, Attach, Loss, ProgramInfo, ProgramKind};
use gprobe_compiler::target::KernelFacts;

use crate::error::{Error, explain};
use crate::own_stack;
use crate::store::Store;
use crate::sys::bpf::{NewProgram, UPROBE_MULTI, load_program};
use crate::sys::process::raise_memlock;

/// Bytes of the verifier's log that are asked for when it refuses a program.
const LOG_BYTES: usize = 1 << 20;

/// A script in the kernel, nothing attached yet.
pub(crate) struct Loaded {
    pub(crate) artifact: Artifact,
    pub(crate) facts: KernelFacts,
    /// By their names in the object; those that other scripts have too are the same.
    maps: BTreeMap<String, Arc<OwnedFd>>,
    /// In the order of the artifact's programs, of which the last may have none.
    pub(crate) programs: Vec<OwnedFd>,
    /// What programs lost that gprobe runs itself, by [`Loss`].
    pub(crate) lost: [u64; Loss::ALL.len()],
}

impl Loaded {
    /// Loads all maps that are not there yet, and all programs.
    ///
    /// # Errors
    /// Where the kernel refuses one; the message says why.
    pub(crate) fn load(artifact: Artifact, store: &mut Store) -> Result<Self, Error> {
        let facts = store.facts.clone();
        if charges_memlock(&facts) {
            raise_memlock();
        }
        let mut object = Object::parse(&artifact.elf).map_err(|e| Error::Object(e.to_string()))?;
        let mut definitions: Vec<(String, aya_obj::Map)> = object.maps.drain().collect();
        definitions.sort_by(|a, b| a.0.cmp(&b.0));
        let mut maps = BTreeMap::new();
        for (name, definition) in &definitions {
            let map = match store.find(name) {
                Some(map) if store.is_shared(name) => Arc::clone(map),
                _ => Arc::new(create(name, definition, &facts)?),
            };
            if store.is_shared(name) {
                store.keep(name, Arc::clone(&map));
            }
            maps.insert(name.clone(), map);
        }
        let text: HashSet<usize> = object.functions.keys().map(|key| key.0).collect();
        let placed = definitions
            .iter()
            .filter_map(|(name, definition)| Some((name.as_str(), maps.get(name)?.as_raw_fd(), definition)));
        object.relocate_maps(placed, &text).map_err(|e| Error::Object(e.to_string()))?;
        object.relocate_calls(&text).map_err(|e| Error::Object(e.to_string()))?;
        let mut programs = Vec::new();
        for info in artifact.programs.iter().filter(|info| info.kind != ProgramKind::Iterate) {
            let function = object
                .programs
                .get(&info.symbol)
                .and_then(|program| object.functions.get(&program.function_key()))
                .ok_or_else(|| Error::Object(format!("no program `{}`", info.symbol)))?;
            programs.push(load_one(info, &function.instructions, &facts)?);
        }
        Ok(Self { artifact, facts, maps, programs, lost: [0; Loss::ALL.len()] })
    }

    pub(crate) fn map(&self, name: &str) -> Option<BorrowedFd<'_>> {
        Some(self.maps.get(name)?.as_fd())
    }
}

fn create(name: &str, definition: &aya_obj::Map, facts: &KernelFacts) -> Result<OwnedFd, Error> {
    let failed = |why| Error::Map { name: name.to_owned(), why };
    let map =
        MapData::create(definition.clone(), name, None).map_err(|error| failed(map_error(&error, facts)))?;
    map.fd().as_fd().try_clone_to_owned().map_err(|error| failed(refused(&error, facts)))
}

fn load_one(info: &ProgramInfo, insns: &[bpf_insn], facts: &KernelFacts) -> Result<OwnedFd, Error> {
    let kind = match info.kind {
        ProgramKind::Uprobe | ProgramKind::Kprobe => bpf_prog_type::BPF_PROG_TYPE_KPROBE,
        ProgramKind::Tracepoint => bpf_prog_type::BPF_PROG_TYPE_TRACEPOINT,
        ProgramKind::PerfEvent => bpf_prog_type::BPF_PROG_TYPE_PERF_EVENT,
        ProgramKind::TestRun | ProgramKind::RawTracepoint | ProgramKind::Iterate => {
            bpf_prog_type::BPF_PROG_TYPE_RAW_TRACEPOINT
        }
    };
    let multi = facts.uprobe_multi && matches!(info.attach, Attach::Uprobe { .. });
    // With its map, which is kept until the program is loaded.
    let prologue = if own_stack::is_shared(&info.attach, facts) {
        let made = own_stack::prologue();
        Some(made.map_err(|error| Error::Map { name: "gp_none".into(), why: refused(&error, facts) })?)
    } else {
        None
    };
    let before = prologue.as_ref().map_or(&[][..], |(_, insns)| insns);
    let insns = [before, insns].concat();
    let callbacks: Vec<u32> = info.callbacks.iter().map(|at| at + before.len() as u32).collect();
    let program = NewProgram {
        kind: kind as u32,
        attach_type: if multi { UPROBE_MULTI } else { 0 },
        insns: &insns,
        callbacks: &callbacks,
        name: &info.symbol,
        flags: 0,
    };
    let refused = match load_program(&program, None) {
        Ok(fd) => return Ok(fd),
        Err(error) => error,
    };
    // Where it took too many steps, it finds more of them to be equal when it compares them more often.
    if matches!(refused.raw_os_error(), Some(libc::E2BIG | libc::ENOMEM | libc::EFAULT))
        && let Ok(fd) = load_program(&NewProgram { flags: COMPARE_OFTEN, ..program }, None)
    {
        return Ok(fd);
    }
    let mut why = self::refused(&refused, facts);
    if refused.raw_os_error() == Some(libc::E2BIG) {
        return Err(Error::TooManyPaths { title: info.title.clone() });
    }
    if !matches!(refused.raw_os_error(), Some(libc::EPERM)) {
        // Once more, for the verifier's reasons.
        let mut log = vec![0; LOG_BYTES];
        if let Ok(fd) = load_program(&program, Some(&mut log)) {
            return Ok(fd);
        }
        let text: Vec<u8> = log.into_iter().take_while(|&b| b != 0).collect();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
        why = format!("{why}; this is a bug of gprobe. The verifier says:\n{}", last.join("\n"));
    }
    Err(Error::Program { title: info.title.clone(), why })
}

fn map_error(error: &aya::maps::MapError, facts: &KernelFacts) -> String {
    match error {
        aya::maps::MapError::CreateError { io_error, .. } => refused(io_error, facts),
        other => other.to_string(),
    }
}

/// Why the kernel gave no memory, or the user no right.
fn refused(error: &io::Error, facts: &KernelFacts) -> String {
    let why = explain(error);
    // The same errno stands for the limit of locked memory there, where it could not be raised.
    if charges_memlock(facts) && error.raw_os_error() == Some(libc::EPERM) {
        return format!("{why}; or its limit of locked memory is too low: `ulimit -l unlimited`");
    }
    why
}

/// Before 5.11, what BPF takes counts as locked memory.
fn charges_memlock(facts: &KernelFacts) -> bool {
    facts.version < (5, 11, 0)
}

/// `BPF_F_TEST_STATE_FREQ`
const COMPARE_OFTEN: u32 = 1 << 3;

/// Loads a program that does nothing: whether this user and kernel can use BPF at all, and programs of an attach type.
pub(crate) fn trivial_program(attach_type: u32) -> io::Result<OwnedFd> {
    // r0 = 0; exit
    let mut zero: bpf_insn =
        bpf_insn { code: 0xb7, _bitfield_align_1: [], _bitfield_1: Default::default(), off: 0, imm: 0 };
    zero.set_dst_reg(0);
    let exit =
        bpf_insn { code: 0x95, _bitfield_align_1: [], _bitfield_1: Default::default(), off: 0, imm: 0 };
    let insns = [zero, exit];
    let kind = bpf_prog_type::BPF_PROG_TYPE_KPROBE as u32;
    let program =
        NewProgram { kind, attach_type, insns: &insns, callbacks: &[], name: "gp_trivial", flags: 0 };
    load_program(&program, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_locked_memory_is_named_where_the_kernel_has_it() {
        let error = io::Error::from_raw_os_error(libc::EPERM);
        assert!(refused(&error, &KernelFacts::oldest()).contains("ulimit -l"));
        assert!(!refused(&error, &KernelFacts::newest()).contains("ulimit -l"));
        let other = io::Error::from_raw_os_error(libc::EINVAL);
        assert!(!refused(&other, &KernelFacts::oldest()).contains("ulimit -l"));
    }
}
