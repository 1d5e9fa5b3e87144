//! The goroutine's own stack, from wherever its thread is.

use std::collections::BTreeMap;

use gprobe_testkit::Output;

use super::kit::{program, trace_skipped};

/// Counts of a map by the functions of the stack in its key, innermost first; what stands before the
/// stack in the key comes first.
fn by_stack(output: &Output, map: &str) -> BTreeMap<Vec<String>, u64> {
    let mut found = BTreeMap::new();
    for (key, count) in output.map(map).as_object().expect("a map") {
        let words = key.lines().map(|line| line.trim().trim_end_matches(','));
        let functions = words.map(|line| line.split('@').next().unwrap_or_default());
        let functions = functions.map(|name| name.trim_end_matches(" (inlined)").to_owned());
        let functions = functions.filter(|name| !name.is_empty()).collect();
        *found.entry(functions).or_default() += count.as_u64().expect("a count");
    }
    found
}

#[test]
fn all_contexts_show_the_calls_that_led_there() {
    let path = program("goids");
    let file = path.display();
    let script = format!(
        "go:main.inGo {{ @go[gostack] = count(); }}
        go:main.inGo:return {{ @return[gostack] = count(); }}
        go:main.inGo {{ @two[gostack(2)] = count(); }}
        go:programs/goids/asmprobe.Probe {{ @asm[gostack] = count(); }}
        uprobe:{file}:c_probe_me {{ @c[gostack] = count(); }}
        tracepoint:syscalls:sys_enter_lseek /(int32)args.fd == -1/ {{
            @kernel[args.whence, gostack] = count();
        }}"
    );
    let (output, target, skipped) = trace_skipped(&path, &["-depth", "1", "-foreign", "0"], &["-e", &script]);
    let stack = |frames: &[&str]| frames.iter().map(|frame| (*frame).to_owned()).collect::<Vec<_>>();
    let wanted = |inner: &[&str], count: &str| {
        let frames = [inner, &["main.round", "main.main.func1"]].concat();
        BTreeMap::from([(stack(&frames), target.truth(count))])
    };
    assert_eq!(by_stack(&output, "@go"), wanted(&["main.inGo"], "main.inGo"));
    assert_eq!(by_stack(&output, "@return"), wanted(&["main.inGo"], "main.inGo"));
    let two = BTreeMap::from([(stack(&["main.inGo", "main.round"]), target.truth("main.inGo"))]);
    assert_eq!(by_stack(&output, "@two"), two);
    let probe = "programs/goids/asmprobe.Probe";
    assert_eq!(by_stack(&output, "@asm"), wanted(&[probe, "main.asm"], probe));
    assert_eq!(by_stack(&output, "@c"), wanted(&["runtime.cgocall", "main._Cfunc_c_nested"], "c_probe_me"));
    let call = ["internal/runtime/syscall/linux.Syscall6", "syscall.RawSyscall6"];
    let mut kernel = wanted(&["0", call[0], call[1], "syscall.Syscall"], "lseek.go");
    kernel.extend(wanted(&["2", call[0], call[1], "syscall.RawSyscall"], "lseek.raw"));
    kernel.extend(wanted(&["1", "runtime.cgocall", "main._Cfunc_c_lseek"], "lseek.c"));
    let seen = by_stack(&output, "@kernel");
    let missing: u64 = kernel.iter().map(|(stack, n)| n - seen.get(stack).unwrap_or(&0).min(n)).sum();
    assert!(missing <= skipped, "{skipped} skipped: {seen:?}\n{kernel:?}");
    assert!(
        seen.iter().all(|(stack, n)| kernel.get(stack).is_some_and(|all| n <= all)),
        "{seen:?}\n{kernel:?}"
    );
    target.finish();
}
