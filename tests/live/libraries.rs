//! Go in a program of C: libraries of `-buildmode=c-shared`, linked, or opened while the program runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use gprobe_testkit::{Program, Target, workspace};

use super::kit::{GO, gprobe, number};

/// The C program in a folder, which links a library where one is given.
fn host(folder: &Path, linked: Option<&Path>) -> PathBuf {
    let source = workspace().join("tests/programs/cshared/host/host.c");
    let to = folder.join("host");
    let mut command = Command::new("gcc");
    command.arg("-O1").arg("-o").arg(&to).arg(source);
    if let Some(library) = linked {
        command.arg("-DLINKED").arg(library);
    }
    let status = command.args(["-ldl", "-lpthread"]).status().expect("gcc runs");
    assert!(status.success(), "the host is compiled");
    to
}

#[test]
fn goroutines_of_a_library_are_right_linked_and_opened_by_old_and_new_go() {
    for version in ["1.21", "1.27"] {
        let library = Program::build("cshared", version, &["-buildmode=c-shared"]);
        for linked in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            let host = host(folder.path(), linked.then_some(library.as_path()));
            let mut target = Target::start(&host, &[&library.display().to_string()]);
            let pid = target.pid().to_string();
            // In Go code, in C code that Go called, and at the kernel's door.
            let script = "go:main.work { @goids[goid] = count(); @depths[cgo_depth] = count(); @total = max(main.Total); }
                go:main.work:return { @returns = count(); @stacks[gostack(1)] = count(); }
                uprobe:cshared:c_back { @back[cgo_depth] = count(); @known[goid != 0] = count(); }
                uprobe:libc:fwrite,uprobe:libc:printf,uprobe:libc:puts { @outside[goid] = count(); }
                iter:goroutine:100ms { @statuses[gstatus] = count(); @m[goid] = 1; }";
            let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", script]).run_until_attached();
            target.go();
            let truths = target.truths();
            std::thread::sleep(std::time::Duration::from_millis(300));
            let output = running.interrupt().success();
            let what = format!("{version} linked {linked}: {} {}", output.stdout, output.stderr);
            assert!(!output.stderr.contains("lost:"), "{what}");
            // One call of each was before the probes.
            let mut seen = 0;
            for (goid, calls) in truths.iter().filter_map(|(name, n)| Some((name.strip_prefix("goid.")?, *n)))
            {
                let found = number(&output.map("@goids"), goid);
                assert!(found == calls || found + 1 == calls, "{goid}: {calls}; {what}");
                seen += found;
            }
            assert_eq!(seen + 1, truths["entry.main.work"], "{what}");
            assert_eq!(output.map("@returns"), seen, "{what}");
            assert_eq!(output.map("@total"), truths["entry.main.work"] - 1, "{what}");
            let depths = output.map("@depths");
            assert_eq!(number(&depths, "0") + 1, truths["depth.0"], "{what}");
            assert_eq!(number(&depths, "1"), truths["depth.1"], "{what}");
            assert_eq!(number(&output.map("@back"), "1"), truths["backs"], "{what}");
            assert_eq!(number(&output.map("@known"), "true"), truths["backs"], "{what}");
            assert!(output.map("@stacks").to_string().contains("main.work"), "{what}");
            // One of the runtime's own, which is there from the start to the end.
            assert_eq!(number(&output.map("@m"), "2"), 1, "{what}");
            target.finish();
        }
    }
}

#[test]
fn a_library_without_a_process_says_what_it_lacks() {
    let library = Program::build("cshared", "1.27", &["-buildmode=c-shared"]);
    let file = library.display().to_string();
    let output = gprobe().args(["-x", &file, "-e", "uprobe:libc:malloc { @[goid] = count(); }"]).run();
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("is a library") && output.stderr.contains("-p PID"), "{}", output.stderr);
    let listed = gprobe().args(["list", "main.work", "-x", &file]).run().success();
    assert_eq!(listed.stdout, "go:main.work\n");
}

#[test]
fn functions_of_a_plugin_are_probed_by_its_file() {
    let plugin = Program::build("plugged", GO, &["-buildmode=plugin"]).canonicalize().expect("the plugin");
    let file = plugin.display().to_string();
    let mut target = Target::start(&Program::build("plugs", GO, &[]), &["-n", "80", "-plugin", &file]);
    let pid = target.pid().to_string();
    let listed = gprobe().args(["list", "*.Work", "-x", &file]).run().success();
    let name = listed.stdout.trim().trim_start_matches("go:").to_owned();
    let wrong = gprobe().args(["-p", &pid, "-e", &format!("go:{name} {{ @ = count(); }}")]).run();
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    let probe = format!("uprobe:{file}:{name}");
    let said = format!("help: write `{probe}`");
    assert!(
        wrong.stderr.contains("of a plugin that it has loaded") && wrong.stderr.contains(&said),
        "{}",
        wrong.stderr
    );
    let script = format!("{probe} {{ @[goid] = count(); }}");
    let mut running = gprobe().args(["-f", "json", "-p", &pid, "-e", &script]).run_until_attached();
    target.go();
    let calls = target.truth("calls");
    let output = running.interrupt().success();
    assert_eq!(number(&output.map("@"), "1"), calls, "{} {}", output.stdout, output.stderr);
    target.finish();
}
