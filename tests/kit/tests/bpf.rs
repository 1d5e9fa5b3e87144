//! The first thing that a live test asks for.

use std::path::Path;

#[test]
fn bpf_works_here_and_tracefs_is_there() {
    gprobe_testkit::require_bpf();
    assert!(Path::new("/sys/kernel/tracing/events/syscalls/sys_enter_lseek/id").is_file());
}
