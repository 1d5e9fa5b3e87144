//! bpf(2): programs, maps, links.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use aya_obj::generated::{bpf_attr, bpf_cmd, bpf_insn, bpf_prog_info, bpf_stats_type};

use super::result;

/// `BPF_TRACE_UPROBE_MULTI` of `enum bpf_attach_type` (Linux 6.6).
pub(crate) const UPROBE_MULTI: u32 = 48;
/// `BPF_PERF_EVENT`
const PERF_EVENT: u32 = 41;
/// `BPF_F_UPROBE_MULTI_RETURN`
const MULTI_RETURN: u32 = 1;

fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<libc::c_long> {
    // SAFETY: `attr` is a whole `union bpf_attr`, zeroed but for the fields of this command, and the
    // buffers that those point to outlive the call (each caller below holds them).
    let value = unsafe {
        libc::syscall(libc::SYS_bpf, command as libc::c_long, std::ptr::from_mut(attr), size_of::<bpf_attr>())
    };
    result(value)
}

fn attr() -> bpf_attr {
    // SAFETY: a union of plain integers; all zeros is a valid value, and what the kernel wants of
    // fields that are not used.
    unsafe { zeroed() }
}

fn owned(fd: libc::c_long) -> OwnedFd {
    // SAFETY: the kernel has just given this descriptor to us alone.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

/// A program to load.
pub(crate) struct NewProgram<'a> {
    /// `BPF_PROG_TYPE_*`
    pub(crate) kind: u32,
    /// 0, or [`UPROBE_MULTI`].
    pub(crate) attach_type: u32,
    pub(crate) insns: &'a [bpf_insn],
    /// Where the functions start that helpers call back, in instructions.
    pub(crate) callbacks: &'a [u32],
    pub(crate) name: &'a str,
    /// `BPF_F_*`
    pub(crate) flags: u32,
}

/// Loads a program; with `log`, the verifier writes there why it refuses it.
pub(crate) fn load_program(program: &NewProgram<'_>, log: Option<&mut [u8]>) -> io::Result<OwnedFd> {
    // The kernel wants to know the types of functions that are called back.
    let types = if program.callbacks.is_empty() { None } else { Some(load_types(&function_types())?) };
    let functions = function_info(program.callbacks);
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_PROG_LOAD.
    let load = unsafe { &mut attr.__bindgen_anon_3 };
    load.prog_type = program.kind;
    load.expected_attach_type = program.attach_type;
    load.insns = program.insns.as_ptr() as u64;
    load.insn_cnt = program.insns.len() as u32;
    load.prog_flags = program.flags;
    load.license = c"GPL".as_ptr() as u64;
    for (to, from) in load.prog_name.iter_mut().zip(program.name.bytes().take(15)) {
        *to = from as libc::c_char;
    }
    if let Some(types) = &types {
        load.prog_btf_fd = types.as_raw_fd() as u32;
        load.func_info_rec_size = 8;
        load.func_info = functions.as_ptr() as u64;
        load.func_info_cnt = (functions.len() / 2) as u32;
    }
    if let Some(log) = log {
        load.log_level = 1;
        load.log_buf = log.as_mut_ptr() as u64;
        load.log_size = log.len() as u32;
    }
    bpf(bpf_cmd::BPF_PROG_LOAD, &mut attr).map(owned)
}

/// Loads types.
fn load_types(bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_BTF_LOAD.
    let load = unsafe { &mut attr.__bindgen_anon_7 };
    load.btf = bytes.as_ptr() as u64;
    load.btf_size = bytes.len() as u32;
    bpf(bpf_cmd::BPF_BTF_LOAD, &mut attr).map(owned)
}

/// The types of a program (4) and of a callback (6), as BTF: `linux/btf.h`.
fn function_types() -> Vec<u8> {
    const INT: u32 = 1 << 24;
    const POINTER: u32 = 2 << 24;
    const FUNCTION: u32 = 12 << 24;
    const PROTOTYPE: u32 = 13 << 24;
    let strings = b"\0int\0program\0each\0a\0";
    let (int, program, each, a) = (1, 5, 13, 18);
    let types = [
        // 1: int
        &[int, INT, 4, 1 << 24 | 32][..],
        // 2: void *
        &[0, POINTER, 0],
        // 3 and 4: int program(void *a)
        &[0, PROTOTYPE | 1, 1, a, 2],
        &[program, FUNCTION, 3],
        // 5 and 6: int each(void *a, void *a, void *a, void *a)
        &[0, PROTOTYPE | 4, 1, a, 2, a, 2, a, 2, a, 2],
        &[each, FUNCTION, 5],
    ]
    .concat();
    let types: Vec<u8> = types.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    let mut out = vec![0x9f, 0xeb, 1, 0];
    for word in [24, 0, types.len() as u32, types.len() as u32, strings.len() as u32] {
        out.extend(word.to_le_bytes());
    }
    out.extend(types);
    out.extend(strings);
    out
}

/// Which function starts where: pairs of instruction and type.
fn function_info(callbacks: &[u32]) -> Vec<u32> {
    let mut info = vec![0, 4];
    info.extend(callbacks.iter().flat_map(|at| [*at, 6]));
    info
}

/// Attaches a program to a raw tracepoint.
pub(crate) fn raw_tracepoint(program: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let name = CString::new(name)?;
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_RAW_TRACEPOINT_OPEN.
    let open = unsafe { &mut attr.raw_tracepoint };
    open.name = name.as_ptr() as u64;
    open.prog_fd = program.as_raw_fd() as u32;
    bpf(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr).map(owned)
}

/// Places in a file, each at its index in all three.
#[derive(Debug, Default)]
pub(crate) struct UprobeSites {
    /// Where in the file.
    pub(crate) offsets: Vec<u64>,
    /// What `bpf_get_attach_cookie` gives there.
    pub(crate) cookies: Vec<u64>,
    /// Where in the file a counter is that the kernel counts up while the probe is there; 0: nowhere.
    pub(crate) semaphores: Vec<u64>,
}

/// Attaches a program to places in a file.
pub(crate) fn link_uprobes(
    program: BorrowedFd<'_>,
    path: &str,
    sites: &UprobeSites,
    pid: u32,
    ret: bool,
) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_LINK_CREATE.
    let link = unsafe { &mut attr.link_create };
    link.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
    link.attach_type = UPROBE_MULTI;
    // SAFETY: the part of BPF_LINK_CREATE for this attach type.
    let multi = unsafe { &mut link.__bindgen_anon_3.uprobe_multi };
    multi.path = path.as_ptr() as u64;
    let UprobeSites { offsets, cookies, semaphores } = sites;
    multi.offsets = offsets.as_ptr() as u64;
    multi.cookies = cookies.as_ptr() as u64;
    if semaphores.iter().any(|offset| *offset != 0) {
        multi.ref_ctr_offsets = semaphores.as_ptr() as u64;
    }
    multi.cnt = offsets.len().min(cookies.len()).min(semaphores.len()) as u32;
    multi.flags = if ret { MULTI_RETURN } else { 0 };
    multi.pid = pid;
    bpf(bpf_cmd::BPF_LINK_CREATE, &mut attr).map(owned)
}

/// Attaches a program to a perf event, with a cookie (Linux 5.15).
pub(crate) fn link_perf(program: BorrowedFd<'_>, event: BorrowedFd<'_>, cookie: u64) -> io::Result<OwnedFd> {
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_LINK_CREATE.
    let link = unsafe { &mut attr.link_create };
    link.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
    link.__bindgen_anon_2.target_fd = event.as_raw_fd() as u32;
    link.attach_type = PERF_EVENT;
    link.__bindgen_anon_3.perf_event.bpf_cookie = cookie;
    bpf(bpf_cmd::BPF_LINK_CREATE, &mut attr).map(owned)
}

/// Runs a program of the type raw tracepoint once, here.
pub(crate) fn test_run(program: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = attr();
    // SAFETY: these are the union's fields for BPF_PROG_TEST_RUN.
    let test = unsafe { &mut attr.test };
    test.prog_fd = program.as_raw_fd() as u32;
    bpf(bpf_cmd::BPF_PROG_TEST_RUN, &mut attr).map(drop)
}

/// What the kernel has counted of a program's runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// How often it did not run because it, or another one, ran already on that CPU; 0 where the kernel does not count
    /// it.
    pub(crate) skipped: u64,
    /// How often it ran while [`time_runs`] was asked for.
    pub(crate) timed: u64,
    /// How long these runs took together, in ns.
    pub(crate) took_ns: u64,
}

/// Asks the kernel to take the time of all programs' runs, as long as the descriptor is open.
pub(crate) fn time_runs() -> io::Result<OwnedFd> {
    let mut attr = attr();
    attr.enable_stats.type_ = bpf_stats_type::BPF_STATS_RUN_TIME as u32;
    bpf(bpf_cmd::BPF_ENABLE_STATS, &mut attr).map(owned)
}

/// What the kernel has counted of a program's runs.
pub(crate) fn runs(program: BorrowedFd<'_>) -> io::Result<Runs> {
    // SAFETY: a struct of plain integers; all zeros asks for nothing that needs room.
    let mut about: bpf_prog_info = unsafe { zeroed() };
    let mut attr = attr();
    attr.info.bpf_fd = program.as_raw_fd() as u32;
    attr.info.info_len = size_of::<bpf_prog_info>() as u32;
    attr.info.info = std::ptr::from_mut(&mut about) as u64;
    bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(Runs { skipped: about.recursion_misses, timed: about.run_cnt, took_ns: about.run_time_ns })
}

/// Reads an element; `false`: there is none. `value` must have the room that the map's kind wants.
pub(crate) fn lookup(map: BorrowedFd<'_>, key: &[u8], value: &mut [u8]) -> io::Result<bool> {
    let mut attr = element(map, key);
    attr.__bindgen_anon_2.__bindgen_anon_1.value = value.as_mut_ptr() as u64;
    found(bpf(bpf_cmd::BPF_MAP_LOOKUP_ELEM, &mut attr))
}

/// Writes an element.
pub(crate) fn update(map: BorrowedFd<'_>, key: &[u8], value: &[u8]) -> io::Result<()> {
    let mut attr = element(map, key);
    attr.__bindgen_anon_2.__bindgen_anon_1.value = value.as_ptr() as u64;
    bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut attr).map(drop)
}

/// Removes an element; `false`: there was none.
pub(crate) fn delete(map: BorrowedFd<'_>, key: &[u8]) -> io::Result<bool> {
    found(bpf(bpf_cmd::BPF_MAP_DELETE_ELEM, &mut element(map, key)))
}

/// Writes the key behind `key`, or the first, to `next`; `false`: there is none.
pub(crate) fn next_key(map: BorrowedFd<'_>, key: Option<&[u8]>, next: &mut [u8]) -> io::Result<bool> {
    let mut attr = element(map, key.unwrap_or_default());
    // SAFETY: the union's fields for commands on elements.
    let fields = unsafe { &mut attr.__bindgen_anon_2 };
    if key.is_none() {
        fields.key = 0;
    }
    fields.__bindgen_anon_1.next_key = next.as_mut_ptr() as u64;
    found(bpf(bpf_cmd::BPF_MAP_GET_NEXT_KEY, &mut attr))
}

/// All keys of a map.
pub(crate) fn keys(map: BorrowedFd<'_>, key_size: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = vec![0; key_size];
    // Where a key is removed behind our back, the kernel starts again from the first.
    while next_key(map, keys.last().map(Vec::as_slice), &mut next)? {
        if !seen.insert(next.clone()) {
            break;
        }
        keys.push(next.clone());
    }
    Ok(keys)
}

fn element(map: BorrowedFd<'_>, key: &[u8]) -> bpf_attr {
    let mut attr = attr();
    // SAFETY: the union's fields for commands on elements.
    let fields = unsafe { &mut attr.__bindgen_anon_2 };
    fields.map_fd = map.as_raw_fd() as u32;
    fields.key = key.as_ptr() as u64;
    attr
}

fn found(done: io::Result<libc::c_long>) -> io::Result<bool> {
    match done {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
        Err(error) => Err(error),
    }
}
