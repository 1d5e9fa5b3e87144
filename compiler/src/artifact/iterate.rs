//! What gprobe itself goes over: the goroutines and threads of a Go program, and processes.

use std::sync::Arc;

use gprobe_symbols::LinkAddr;

use crate::ir;

/// What a program of the kind `iter` is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Iterated {
    /// Each goroutine that is not dead.
    Goroutines,
    /// Each M.
    Threads,
    /// Each process that is traced: once, without a goroutine or a thread.
    Processes,
}

/// Programs that no kernel event starts, and that gprobe interprets: they see the target's memory as it
/// is at that moment, without stopping it, whatever the kernel can do.
#[derive(Clone, Debug)]
pub struct Hosted {
    /// The script's IR; the symbol of a [`super::ProgramInfo`] names its program here. The context of
    /// each is two words: the addresses of the g (0: none) and of its M (0: none).
    pub unit: Arc<ir::Unit>,
    /// Where the runtime keeps its goroutines and threads, where they are gone over.
    pub lists: Option<GoLists>,
}

/// Where a Go program's runtime keeps its goroutines and threads: addresses of its file and offsets in
/// bytes (`runtime/proc.go`, Go 1.19 to 1.27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoLists {
    /// Address of `runtime.allgs`: a slice of pointers to each g, dead ones among them.
    pub allgs: LinkAddr,
    /// Address of `runtime.allm`: the first M.
    pub allm: LinkAddr,
    /// `g.atomicstatus`
    pub g_status: u32,
    /// `g.m`
    pub g_m: u32,
    /// `m.alllink`: the next M.
    pub m_alllink: u32,
    /// `m.curg`
    pub m_curg: u32,
    /// `m.procid`: the thread's id in the kernel.
    pub m_procid: u32,
}
