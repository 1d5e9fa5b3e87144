//! The goroutine is right in every context: Go code, assembly, C under cgo, the kernel.

use super::kit::{number, program, trace, trace_skipped};

#[test]
fn goid_is_the_one_the_program_knows_in_all_four_contexts() {
    let path = program("goids");
    let file = path.display();
    let script = format!(
        "go:main.inGo {{
            @hits[\"go\"] = count(); @state[\"go\", gstatus, cgo_depth] = count();
            if (goid != arg0) {{ @wrong[\"go\"] = count(); }}
            @outside[\"go\", cur_m < 0, cur_p < 0] = count();
        }}
        go:programs/goids/asmprobe.Probe {{
            @hits[\"asm\"] = count(); @state[\"asm\", gstatus, cgo_depth] = count();
            if (goid != arg0) {{ @wrong[\"asm\"] = count(); }}
            @outside[\"asm\", cur_m < 0, cur_p < 0] = count();
        }}
        uprobe:{file}:c_probe_me {{
            @hits[\"c\"] = count();
            if (goid != arg0) {{ @wrong[\"c\"] = count(); }}
            if (cgo_depth != (int32)arg1) {{ @wrong[\"depth\"] = count(); }}
            if (gstatus != Gsyscall) {{ @wrong[\"status in C\"] = count(); }}
            @outside[\"c\", cur_m < 0, false] = count();
        }}
        tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1/ {{
            @hits[\"kernel\"] = count();
            if (goid != args.offset) {{ @wrong[\"kernel\"] = count(); }}
            @outside[\"kernel\", cur_m < 0, false] = count();
        }}"
    );
    let (output, target, skipped) = trace_skipped(&path, &[], &["-e", &script]);
    let maps = output.maps();
    assert!(!maps.contains_key("@wrong"), "{maps:?}");
    let hits = output.map("@hits");
    assert_eq!(number(&hits, "go"), target.truth("main.inGo"));
    assert_eq!(number(&hits, "asm"), target.truth("programs/goids/asmprobe.Probe"));
    assert_eq!(number(&hits, "c"), target.truth("c_probe_me"));
    let kernel = target.truth("lseek.go") + target.truth("lseek.raw") + target.truth("lseek.c");
    let seen = number(&hits, "kernel");
    assert!(seen <= kernel && kernel - seen <= skipped, "{seen} of {kernel}, {skipped} skipped");
    let state = output.map("@state");
    assert_eq!(number(&state, "go,Grunning,0"), target.truth("main.inGo"));
    assert_eq!(number(&state, "asm,Grunning,0"), target.truth("programs/goids/asmprobe.Probe"));
    // Each goroutine has an M wherever it is looked at, and in Go code a P.
    for key in output.map("@outside").as_object().expect("a map").keys() {
        assert!(key.ends_with(",false,false"), "{key}");
    }
    target.finish();
}

#[test]
fn each_goroutine_is_counted_under_its_own_id() {
    let path = program("goids");
    let (output, target) = trace(&path, &[], &["-e", "go:main.inGo { @[goid] = count(); }"]);
    let map = output.map("@");
    let mut seen = 0;
    for (name, truth) in target.truths() {
        if let Some(goid) = name.strip_prefix("main.inGo.") {
            assert_eq!(number(&map, goid), truth, "goroutine {goid}");
            seen += 1;
        }
    }
    assert!(seen >= 16, "only {seen} goroutines");
    target.finish();
}
