//! Where the fields of the Go runtime's structs lie that builtins read, in bytes.

/// Offsets of one binary, taken from [`gprobe_symbols::RuntimeOffsets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeLayout {
    /// From the thread's `fsbase` to the slot that holds the current g.
    pub tls_g: i64,
    /// From `task_struct` to `thread.fsbase`; absent where no probe needs it.
    pub task_fsbase: Option<u32>,
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
