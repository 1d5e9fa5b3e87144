//! Where the fields of the Go runtime's structs lie that builtins read, in bytes.

/// Offsets of one binary, taken from [`gprobe_symbols::RuntimeOffsets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeLayout {
    /// From the thread's `fsbase` to the slot that holds the current g.
    pub tls_g: i64,
    /// From `task_struct` to `thread.fsbase`; absent where no probe needs it.
    pub task_fsbase: Option<u32>,
    /// From `task_struct` to `stack`; absent where no probe needs it, or the kernel has `bpf_task_pt_regs`.
    pub task_stack: Option<u32>,
    /// `g.stack.lo`
    pub g_stack_lo: u32,
    /// `g.stack.hi`
    pub g_stack_hi: u32,
    /// `g.m`
    pub g_m: u32,
    /// `g.atomicstatus`
    pub g_status: u32,
    /// `g.goid`
    pub g_goid: u32,
    /// `g.waitreason`
    pub g_waitreason: u32,
    /// `g.sched.pc`
    pub g_sched_pc: u32,
    /// `g.sched.bp`
    pub g_sched_bp: u32,
    /// `g.syscallpc`
    pub g_syscallpc: u32,
    /// `g.syscallbp`, since Go 1.23.
    pub g_syscallbp: Option<u32>,
    /// `g.gopc`
    pub g_gopc: u32,
    /// `g.startpc`
    pub g_startpc: u32,
    /// `g.parentGoid`, since Go 1.21.
    pub g_parent: Option<u32>,
    /// `g.waitsince`
    pub g_waitsince: u32,
    /// `g.labels`
    pub g_labels: u32,
    /// `m.gsignal`
    pub m_gsignal: u32,
    /// Whether `runtime.asmcgocall` has a frame of its own (since Go 1.21): then the frame pointer that
    /// it saves leads to the frame of its caller.
    pub cgo_has_frame: bool,
    /// `m.curg`
    pub m_curg: u32,
    /// `m.p`
    pub m_p: u32,
    /// `m.oldp`
    pub m_oldp: u32,
    /// `m.id`
    pub m_id: u32,
    /// `m.ncgo`
    pub m_ncgo: u32,
    /// `p.id`
    pub p_id: u32,
}
