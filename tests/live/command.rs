//! `-c COMMAND`, signals, and the target's end.

use gprobe_testkit::{Program, Target};
use rustix::process::Signal;

use super::kit::{GO, gprobe, number, program};

#[test]
fn a_command_is_probed_from_its_first_instruction() {
    let command = format!("{} -auto -n 1000", program("spin").display());
    let script =
        "go:runtime.schedinit { @[\"schedinit\"] = count(); } go:main.main { @[\"main\"] = count(); }
        go:main.work { @[\"work\"] = count(); }";
    // The command's own output goes to standard output: so ours to a file.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.json");
    let path = file.display().to_string();
    let output = gprobe().args(["-f", "json", "-o", &path, "-c", &command, "-e", script]).run().success();
    let results = std::fs::read_to_string(&file).expect("the results");
    let lines: Vec<serde_json::Value> =
        results.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let map = lines.iter().find_map(|line| line["data"].get("@")).expect("a map").clone();
    assert_eq!(number(&map, "schedinit"), 1);
    assert_eq!(number(&map, "main"), 1);
    assert_eq!(number(&map, "work"), 1000);
    assert!(output.stderr.contains("Attached 3 probes"), "{}", output.stderr);
    assert!(output.stderr.contains("the target has ended"), "{}", output.stderr);
}

#[test]
fn a_target_that_exits_ends_gprobe_with_its_maps() {
    let mut target = Target::start(&program("spin"), &["-n", "500"]);
    let pid = target.pid().to_string();
    let mut running =
        gprobe().args(["-f", "json", "-p", &pid, "-e", "go:main.work { @ = count(); }"]).run_until_attached();
    target.go();
    target.wait_done();
    target.finish();
    let output = running.wait().success();
    assert_eq!(output.map("@"), 500);
    assert!(output.stderr.contains("the target has ended"), "{}", output.stderr);
}

#[test]
fn sigint_and_sigterm_print_the_maps_and_end_well() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut target = Target::start(&program("spin"), &["-n", "200"]);
        let pid = target.pid().to_string();
        let mut running = gprobe()
            .args(["-f", "json", "-p", &pid, "-e", "go:main.work { @ = count(); }"])
            .run_until_attached();
        target.go();
        target.wait_done();
        running.signal(signal);
        let output = running.wait().success();
        assert_eq!(output.map("@"), 200);
        assert!(output.stderr.contains("Traced process"), "{}", output.stderr);
        target.finish();
    }
}

#[test]
fn results_go_to_a_file_and_quiet_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.txt");
    let path = file.display().to_string();
    let output =
        gprobe().args(["-q", "-o", &path, "-e", "begin { printf(\"%d\\n\", 42); exit(); }"]).run().success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    assert_eq!(std::fs::read_to_string(&file).expect("the results"), "42\n\n");
}

#[test]
fn list_shows_functions_with_types_sites_and_costs() {
    let file = program("counts").display().to_string();
    let output = gprobe().args(["list", "-v", "main.mixed", "-x", &file]).run().success();
    assert!(output.stdout.starts_with("go:main.mixed("), "{}", output.stdout);
    assert!(
        output.stdout.contains("text string") && output.stdout.contains("(string, int, error)"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("entry") && output.stdout.contains("emulated"), "{}", output.stdout);
    assert!(
        output.stdout.contains("return") && output.stdout.contains("single-stepped"),
        "{}",
        output.stdout
    );
    let output = gprobe().args(["list", "tracepoint:sched:sched_sw*"]).run().success();
    assert!(output.stdout.contains("tracepoint:sched:sched_switch\n"), "{}", output.stdout);
}

#[test]
fn doctor_finds_this_machine_well() {
    let output = gprobe().args(["doctor"]).run().success();
    assert!(
        output.stdout.contains("BPF programs") && !output.stdout.contains("MISSING"),
        "{}",
        output.stdout
    );
}

#[test]
fn doctor_says_of_a_program_what_is_known_and_why() {
    let said = |flags: &[&str]| {
        let path = Program::build("counts", GO, flags);
        let target = Target::start(&path, &["-n", "1"]);
        let output = gprobe().args(["doctor", "-p", &target.pid().to_string()]).run().success();
        drop(target);
        output.stdout
    };
    let whole = said(&[]);
    assert!(whole.contains("from DWARF") && whole.contains("its runtime is as believed"), "{whole}");
    assert!(!whole.contains("MISSING") && !whole.contains("less"), "{whole}");
    let stripped = said(&["-ldflags=-s -w"]);
    assert!(stripped.contains("from gprobe's table for this Go release"), "{stripped}");
    assert!(
        stripped.contains("from the code") && stripped.contains("its runtime is as believed"),
        "{stripped}"
    );
    assert!(stripped.contains("without `-ldflags=-w`") && !stripped.contains("MISSING"), "{stripped}");
}

#[test]
fn listing_knows_all_kinds_and_patterns() {
    let list = |args: &[&str]| gprobe().args(["-l"]).args(args).run().success();
    let kernel = list(&["tracepoint:sched:sched_sw*,rawtracepoint:sched_switch"]).stdout;
    assert!(kernel.contains("tracepoint:sched:sched_switch\n"), "{kernel}");
    assert!(kernel.ends_with("rawtracepoint:sched_switch\n"), "{kernel}");
    let whole = list(&["*sched_switch*"]).stdout;
    // Some kernels have functions of such names too.
    let (functions, others): (Vec<&str>, Vec<&str>) =
        whole.lines().partition(|line| line.starts_with("kprobe:") || line.starts_with("kretprobe:"));
    assert_eq!(others, ["tracepoint:sched:sched_switch", "rawtracepoint:sched_switch"]);
    assert!(functions.iter().all(|line| line.contains("sched_switch")), "{whole}");
    assert_eq!(list(&["interval"]).stdout, "interval:us:\ninterval:ms:\ninterval:s:\ninterval:hz:\n");
    let counted = list(&["*ware:c*"]).stdout;
    assert!(counted.contains("hardware:cpu-cycles:\n") && counted.contains("software:cpu:\n"), "{counted}");
    let fields = list(&["-v", "tracepoint:sched:sched_switch"]).stdout;
    assert!(fields.contains("\n    char prev_comm[16]\n"), "{fields}");
}

#[test]
fn listing_knows_files_processes_and_scripts() {
    // As the kernel names it, for processes.
    let file = program("counts").canonicalize().expect("the program").display().to_string();
    let list = |args: &[&str]| gprobe().args(["-l"]).args(args).run().success();
    let pattern = format!("uprobe:{}*:main.mix?d", file.trim_end_matches('s'));
    assert_eq!(list(&[&pattern]).stdout, format!("uprobe:{file}:main.mixed\n"));
    let both = list(&["*:*:main.mixed,go:main.mixed", "-x", &file]).stdout;
    assert_eq!(both, format!("uprobe:{file}:main.mixed\nuretprobe:{file}:main.mixed\ngo:main.mixed\n"));
    let mut target = Target::start(&program("counts"), &[]);
    let pid = target.pid().to_string();
    let running = list(&["uprobe:*:main.mixed", "-p", &pid]).stdout;
    assert_eq!(running, format!("uprobe:{file}:main.mixed\n"));
    target.go();
    target.finish();
    let probes = list(&["-e", "begin { } i:ms:100, go:main.mixed { }", "-c", &file]).stdout;
    assert_eq!(probes, "begin\ninterval:ms:\ngo:main.mixed\n");
    let nothing = list(&["no_such_file.bt"]);
    assert!(nothing.stderr.contains("is a filename but the file does not exist"), "{}", nothing.stderr);
}

#[test]
fn a_filter_leaves_out_probes_by_their_whole_names() {
    let file = program("counts").display().to_string();
    let filtered = |filter: &str, script: &str| {
        gprobe().args(["-x", &file, "--probe-filter", filter, "-e", script]).run()
    };
    let script =
        "BEGIN { print(\"begin\"); } i:ms:100 { print(\"bad\"); } i:ms:200 { print(\"hit\"); exit(); }";
    let output = filtered("interval:ms:2", script).success();
    assert_eq!(output.stdout.trim_end(), "begin\nhit", "{}", output.stderr);
    let wild = filtered("mixed$|interval", "go:main.* { @ = count(); } i:ms:1 { exit(); }").success();
    assert!(wild.stderr.contains("Attached 2 probes\n"), "{}", wild.stderr);
    let none = filtered("nothing", "begin { } kprobe:vfs_read { }");
    assert_eq!((none.code, none.stderr.as_str()), (Some(1), "No probes to attach\n"));
    let wrong = filtered("[", "begin { }");
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("Invalid --probe-filter regex '['"), "{}", wrong.stderr);
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_as_such() {
    let said = |args: &[&str]| {
        let output = gprobe().args(args).run();
        (output.code, output.stderr)
    };
    let pid = said(&["-p", "11a", "-e", "begin { }"]);
    assert_eq!(pid, (Some(2), "ERROR: Failed to parse pid: invalid trailing bytes: 11a\n".to_owned()));
    let file = said(&["no_such_file.bt"]);
    let missing = "ERROR: failed to open file 'no_such_file.bt': No such file or directory\n";
    assert_eq!(file, (Some(1), missing.to_owned()));
    let near = said(&["cgocals"]);
    assert!(near.1.ends_with("HINT: did you mean `cgocalls`?\n"), "{}", near.1);
    let script = "begin { print((getopt(\"aa\", 1, \"one, two\"), getopt(\"bb\"))); }";
    let help = said(&["-e", script, "--", "--help"]);
    let options = "HINT: expected program options:\n    --aa: one, two\n    --bb\n";
    assert_eq!(help, (Some(1), options.to_owned()));
    let bad = said(&["-e", script, "--", "--cc", "--aa=x"]);
    assert!(bad.1.contains("ERROR: unexpected program command line options: --cc\n"), "{}", bad.1);
    assert!(bad.1.contains("ERROR: program command line option --aa invalid integer"), "{}", bad.1);
    let usage = said(&["-e", "begin { }", "--aa=20"]);
    assert!(usage.0 == Some(2) && usage.1.contains("\nUSAGE:\n"), "{}", usage.1);
}

#[test]
fn a_pattern_of_files_attaches_in_each_that_has_the_function() {
    let mut target = Target::start(&program("counts"), &[]);
    let pid = target.pid().to_string();
    let script = "uprobe:*:main.mixed { @ = count(); } i:ms:1 { exit(); }";
    let output = gprobe().args(["-p", &pid, "-e", script]).run().success();
    assert!(output.stderr.contains("Attached 2 probes\n"), "{}", output.stderr);
    target.go();
    target.finish();
}

#[test]
fn scripts_are_formatted_in_place_or_only_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.gp");
    let path = file.display().to_string();
    std::fs::write(&file, "begin{exit( )}").expect("written");
    let check = gprobe().args(["fmt", "--check", &path]).run();
    assert_eq!((check.code, check.stdout), (Some(1), format!("{path}\n")));
    gprobe().args(["fmt", &path]).run().success();
    let text = std::fs::read_to_string(&file).expect("the script");
    assert!(text.ends_with("}\n") && text.contains("exit()"), "{text}");
    gprobe().args(["fmt", "--check", &path]).run().success();
    std::fs::write(&file, "begin {").expect("written");
    let wrong = gprobe().args(["fmt", &path]).run();
    assert!(wrong.code == Some(1) && wrong.stderr.contains("error["), "{}", wrong.stderr);
    assert_eq!(std::fs::read_to_string(&file).expect("the script"), "begin {");
}

#[test]
fn names_and_codes_are_documented() {
    let overview = gprobe().args(["doc"]).run().success().stdout;
    assert!(overview.contains("  uretprobe ") && overview.contains("  max_strlen "), "{overview}");
    let one = gprobe().args(["doc", "hist"]).run().success().stdout;
    assert!(one.starts_with("hist("), "{one}");
    let slip = gprobe().args(["doc", "tracepiont"]).run();
    assert!(slip.code == Some(1) && slip.stderr.contains("did you mean `tracepoint`?"), "{}", slip.stderr);
    let code = gprobe().args(["explain", "no-match"]).run().success().stdout;
    assert!(code.starts_with("no-match\n  "), "{code}");
    assert_eq!(gprobe().args(["explain", "nomatch"]).run().code, Some(1));
}
