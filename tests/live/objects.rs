//! Compiled objects are accepted by the standard loader too.

use std::process::Command;

use gprobe_runtime::kernel;

use super::kit::{gprobe, program};

#[test]
fn bpftool_loads_what_the_compiler_emits() {
    let file = program("goids").display().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let object = folder.path().join("script.o").display().to_string();
    let script = "begin { @start = nsecs; }
        go:main.inGo /arg0 > 2/ { @[goid, cur_m, cur_p, gstatus, waitreason] = count(); @h[comm] = hist(arg0); }
        go:main.inGo:return { printf(\"%s %d %s\\n\", comm, goid, probe); @s[ustack] = stats(elapsed); }
        tracepoint:sched:sched_switch { @[goid, 0, 0, gstatus, waitreason] = count(); @t[args.prev_comm] = max(args.prev_pid); }
        profile:hz:99 { @k[kstack] = count(); }
        end { print(@start); }";
    gprobe().args(["compile", "--emit", "elf", "-o", &object, "-x", &file, "-e", script]).run().success();
    let mounted = std::fs::read_to_string("/proc/mounts").expect("mounts").contains(" /sys/fs/bpf bpf");
    if !mounted {
        let mount =
            Command::new("mount").args(["-t", "bpf", "bpf", "/sys/fs/bpf"]).status().expect("mount runs");
        assert!(mount.success(), "the BPF file system can't be mounted");
    }
    let pins = format!("/sys/fs/bpf/gprobe-test-{}", std::process::id());
    let load =
        Command::new("bpftool").args(["prog", "loadall", &object, &pins]).output().expect("bpftool runs");
    let loaded = std::fs::read_dir(&pins).map(|d| d.count()).unwrap_or(0);
    let _ = std::fs::remove_dir_all(&pins);
    let says = String::from_utf8_lossy(&load.stderr);
    assert!(load.status.success(), "{says}");
    // Without cookies, each site whose name is asked for has a program of its own.
    assert!(if kernel::facts().attach_cookie { loaded == 7 } else { loaded >= 7 }, "{loaded}: {says}");
}

#[test]
fn every_stage_can_be_printed() {
    for (stage, word) in [("ast", "count"), ("typed", "map @"), ("ir", "map_lookup_elem"), ("asm", "exit")] {
        let output =
            gprobe().args(["compile", "--emit", stage, "-e", "begin { @[1] = count(); }"]).run().success();
        assert!(output.stdout.contains(word), "{stage}: {}", output.stdout);
    }
}
