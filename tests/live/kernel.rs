//! Functions of the kernel, where it lets us probe them.

use std::path::Path;

use gprobe_runtime::kernel;

use crate::kit::gprobe;

#[test]
fn a_kernel_function_is_counted_at_its_entry_and_return_or_refused_with_the_reason() {
    let script = "kprobe:do_nanosleep { @in[func, probetype, comm] = count(); } \
                  kretprobe:do_nanosleep { @out[probe, retval] = count(); }";
    let output = gprobe().args(["-e", script, "-c", "/bin/sleep 0.01"]).run();
    if Path::new("/sys/bus/event_source/devices/kprobe/type").exists() {
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stdout.contains("@in[do_nanosleep, kprobe, sleep]: 1\n"), "{}", output.stdout);
        // Older kernels see no return while as many threads as there are CPUs sleep in the function, as those of the
        // tests do.
        let unseen = kernel::facts().version < (6, 1, 0) && !output.stdout.contains("@out");
        let seen = output.stdout.contains("@out[kretprobe:do_nanosleep, 0]: 1\n");
        assert!(seen || unseen, "{}", output.stdout);
    } else {
        assert_eq!(output.code, Some(1), "{}", output.stdout);
        assert!(output.stderr.contains("error[no-match]: this kernel has no kprobes"), "{}", output.stderr);
    }
}
