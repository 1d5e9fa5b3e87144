//! A machine for the compiler, the same on every machine.

use gprobe_compiler::target::{Absent, TargetBinary, TracepointField, World};

/// A machine with one tracepoint and no files.
pub(crate) struct Bare;

impl World for Bare {
    fn binary(&self, name: &str) -> Result<TargetBinary, Absent> {
        Err(Absent { reason: format!("there is no `{name}`"), candidates: vec!["libc.so.6".into()] })
    }

    fn tracepoint(&self, category: &str, name: &str) -> Result<Vec<TracepointField>, Absent> {
        let field = |c_type: &str, name: &str, offset, size, signed, array, data_loc| TracepointField {
            c_type: c_type.into(),
            name: name.into(),
            offset,
            size,
            signed,
            array,
            data_loc,
        };
        match (category, name) {
            ("sched", "sched_switch") => Ok(vec![
                field("char", "prev_comm", 8, 16, false, Some(16), false),
                field("pid_t", "prev_pid", 24, 4, true, None, false),
                field("char[]", "file", 28, 4, false, None, true),
                field("unsigned long", "flags", 32, 8, false, None, false),
                field("bool", "preempt", 40, 1, false, None, false),
            ]),
            _ => Err(Absent { reason: "no such tracepoint".into(), candidates: vec!["sched_switch".into()] }),
        }
    }

    fn tracepoints(&self, _: &str, _: &str) -> Result<Vec<(String, String)>, Absent> {
        Ok(vec![("sched".into(), "sched_switch".into())])
    }

    fn task_fsbase_offset(&self) -> Result<u32, Absent> {
        Ok(3128)
    }

    fn task_stack_offset(&self) -> Result<u32, Absent> {
        Ok(32)
    }
}
