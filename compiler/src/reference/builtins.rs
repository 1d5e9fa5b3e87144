//! The builtins.

use super::Entry;

const fn row(name: &'static str, unit: &'static str, needs: &'static str, example: &'static str) -> Entry {
    Entry { name, gives: "", unit, needs, example }
}

/// Without it, they are read in Go code only: the thread's g is found by the kernel's own `task_struct`.
const BTF: &str = "kernel BTF, outside Go code";

/// An entry for each row of [`crate::builtins::BUILTINS`].
pub const BUILTINS: &[Entry] = &[
    row("arg0", "", "", "@ = hist(arg0)"),
    row("args", "", "debug information; tracefs for tracepoints", "printf(\"%d\\n\", args.i)"),
    row("cgo_depth", "calls", BTF, "@[cgo_depth] = count()"),
    row("cgroup", "", "cgroup v2", "@[cgroup] = count()"),
    row("comm", "", "", "@[comm] = count()"),
    row("config", "", "", "print(config.max_strlen)"),
    row("cpid", "", "", "begin { if comptime (has_cpid) { print(cpid); } }"),
    row("cpu", "", "", "@[cpu] = count()"),
    row("cur_m", "", BTF, "@[cur_m] = count()"),
    row("cur_p", "", BTF, "@[cur_p] = count()"),
    row("curg", "address", BTF, "print(curg.goid)"),
    row("curm", "address", BTF, "@[curm.id] = count()"),
    row("curp", "address", BTF, "@[curp.id] = count()"),
    row("ctx", "address", "", "printf(\"%p\\n\", ctx)"),
    row("curtask", "address", "", "printf(\"%p\\n\", curtask)"),
    row("elapsed", "ns", "", "@ = max(elapsed)"),
    row("frame", "bytes", "", "@start[goid, frame] = nsecs"),
    row("func", "", "", "@[func] = count()"),
    row("go_minor", "", "", "begin { if comptime (go_minor >= 22) { print(go_minor); } }"),
    row("gname", "", "", "@[gname] = count()"),
    row("goparent", "", "Go 1.21", "@[goparent] = count()"),
    row("gopc", "", "", "@[gopc] = count()"),
    row("gostack", "", "", "@[gostack] = count()"),
    row("gid", "", "", "@[gid] = count()"),
    row("goid", "", BTF, "@[goid] = count()"),
    row("gstatus", "", BTF, "tracepoint:sched:sched_switch { @[gstatus] = count(); }"),
    row("kstack", "", "", "tracepoint:sched:sched_switch { @[kstack] = count(); }"),
    row("has_cpid", "", "", "print(has_cpid)"),
    row("jiffies", "ticks", "", "print(jiffies)"),
    row("ncpus", "CPUs", "", "print(ncpus)"),
    row("nsecs", "ns", "", "@last[goid] = nsecs"),
    row("numaid", "", "", "@[numaid] = count()"),
    row("pid", "", "", "@[pid] = count()"),
    row("probe", "", "", "@[probe] = count()"),
    row("probetype", "", "", "@[probetype] = count()"),
    row("rand", "", "", "@ = lhist(rand % 100, 0, 100, 10)"),
    row("retval", "", "", "go:main.plain:return { @ = hist(retval); }"),
    row("ret", "", "debug information", "go:main.branchy:return { @[ret.~r0] = count(); }"),
    row("sched", "address", "", "@ = max(sched.nmidle)"),
    row("tid", "", "", "@[tid] = count()"),
    row("uid", "", "", "@[uid] = count()"),
    row("usermode", "0 or 1", "", "@[usermode] = count()"),
    row("username", "", "", "@[username] = count()"),
    row("ustack", "", "", "@[ustack] = count()"),
    row("waitsince", "ns", "", "iter:goroutine { @[waitsince] = count(); }"),
    row("waitreason", "", BTF, "go:runtime.gopark { @[waitreason] = count(); }"),
];
