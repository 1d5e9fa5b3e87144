//! Measures gprobe beside bpftrace on this machine, in one run: `cargo bench --bench beside_bpftrace`, as
//! root. Arguments that name Debian releases choose which bpftrace.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gprobe_testkit::bpftrace::Bpftrace;
use gprobe_testkit::{Program, Target, workspace};

/// What a part of the report comes to.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Repetitions of what takes milliseconds, of which the median is shown.
const REPEATS: usize = 9;
/// Calls of the probed function in one run of the hit benchmark.
const CALLS: &str = "400000";

/// One tracer: how messages call it, and the start of its command.
struct Tracer {
    name: String,
    command: Box<dyn Fn() -> Command>,
}

fn main() -> Outcome {
    // Cargo adds flags of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let mut rivals = Vec::new();
    for release in
        if arguments.is_empty() { vec!["bookworm".to_owned(), "sid".to_owned()] } else { arguments }
    {
        match Bpftrace::fetch(&release) {
            Ok(found) => {
                let name = found.version()?.trim().to_owned();
                rivals.push(Tracer { name, command: Box::new(move || found.command()) });
            }
            Err(error) => eprintln!("without bpftrace of {release}: {error}"),
        }
    }
    let own =
        Tracer { name: "gprobe".into(), command: Box::new(|| Command::new(env!("CARGO_BIN_EXE_gprobe"))) };
    for program in ["spin", "many"] {
        attach(&own, &rivals, program)?;
    }
    whole_run(&own, &rivals)?;
    hits(&own)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// From the start of the tracer to its word that it is attached, and what of that it did itself.
fn attach(own: &Tracer, rivals: &[Tracer], name: &str) -> Outcome {
    let path = Program::build(name, "1.27", &[]);
    let size = fs::metadata(&path)?.len() as f64 / 1e6;
    let idle: &[&str] = if name == "spin" { &["-idle"] } else { &[] };
    let target = Target::start(&path, idle);
    let pid = target.pid().to_string();
    println!("\nStart to attached, one probe on a Go binary of {size:.1} MB ({name}), median of {REPEATS}:");
    let function = if name == "spin" { "main.work" } else { "main.f000" };
    let (mut total, mut itself) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let mut command = (own.command)();
        command.args(["-v", "-p", &pid, "-e", &format!("go:{function} {{ @ = count(); }}")]);
        let (ms, lines) = attached(&mut command)?;
        total.push(ms);
        let lap = |what: &str| -> f64 {
            let line = lines.iter().find_map(|l| l.strip_prefix(what)).unwrap_or_default();
            line.trim_start_matches(": ").trim_end_matches(" ms").parse().unwrap_or(f64::NAN)
        };
        itself.push(lap("open the target") + lap("compile") + lap("load"));
    }
    let all = median(total);
    println!(
        "  {:<22} {all:7.1} ms, of which {:.1} ms before it asks the kernel to attach",
        own.name,
        median(itself)
    );
    for rival in rivals {
        let mut times = Vec::new();
        for _ in 0..REPEATS {
            let mut command = (rival.command)();
            let program = format!("uprobe:{}:{function} {{ @ = count(); }}", path.display());
            command.args(["-p", &pid, "-e", &program]);
            times.push(attached(&mut command)?.0);
        }
        let theirs = median(times);
        println!("  {:<22} {theirs:7.1} ms, {:.1} times gprobe's", rival.name, theirs / all);
    }
    Ok(())
}

/// Starts a tracer, waits until it says that it is attached, and ends it.
fn attached(command: &mut Command) -> Result<(f64, Vec<String>), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    // Both streams into one: the tools say it on different ones.
    let (reader, writer) = std::io::pipe()?;
    let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn()?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut lines = Vec::new();
    let mut took = None;
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        if line.starts_with("Attach") {
            took = Some(begun.elapsed());
            break;
        }
        lines.push(line.trim_end().to_owned());
        line.clear();
    }
    // bpftrace says "Attaching" before it does; give it the time to be ready for the signal.
    std::thread::sleep(Duration::from_millis(300));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest)?;
    child.wait()?;
    let took = took.ok_or_else(|| format!("never attached: {}", lines.join(" / ")))?;
    Ok((took.as_secs_f64() * 1e3, lines))
}

/// Whole runs: of a script that ends at once, and of one with a probe.
fn whole_run(own: &Tracer, rivals: &[Tracer]) -> Outcome {
    let path = Program::build("spin", "1.27", &[]);
    let target = Target::start(&path, &["-idle"]);
    let pid = target.pid().to_string();
    let probe = format!("uprobe:{}:main.work {{ @ = count(); }} interval:ms:1 {{ exit(); }}", path.display());
    for (what, program) in
        [("a script that ends at once", "BEGIN { exit(); }"), ("a script of one probe", probe.as_str())]
    {
        println!("\nWhole run of {what}, median of {REPEATS}:");
        let mine = times(own, &["-e", program, "-p", &pid])?;
        println!("  {:<22} {:7.1} ms {:7.1} MB", own.name, mine.0, mine.1);
        for rival in rivals {
            let theirs = times(rival, &["-e", program, "-p", &pid])?;
            println!(
                "  {:<22} {:7.1} ms {:7.1} MB: gprobe takes 1/{:.0} of the time and 1/{:.0} of the memory",
                rival.name,
                theirs.0,
                theirs.1,
                theirs.0 / mine.0,
                theirs.1 / mine.1
            );
        }
    }
    Ok(())
}

/// Wall clock in ms and peak memory in MB, by GNU time.
fn times(tracer: &Tracer, args: &[&str]) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let report = tempfile(&workspace())?;
    let (mut walls, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let inner = (tracer.command)();
        let mut command = Command::new("/usr/bin/time");
        command
            .args(["-f", "%M", "-o"])
            .arg(&report)
            .arg(inner.get_program())
            .args(inner.get_args())
            .args(args);
        for (name, value) in inner.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let begun = Instant::now();
        let output = command
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("GNU time (Debian's `time`) is missing: {e}"))?;
        walls.push(begun.elapsed().as_secs_f64() * 1e3);
        let text = fs::read_to_string(&report)?;
        let peak = text.lines().last().and_then(|l| l.trim().parse::<f64>().ok());
        peaks.push(
            peak.ok_or_else(|| {
                format!("{} failed: {}", tracer.name, String::from_utf8_lossy(&output.stderr))
            })? / 1024.0,
        );
    }
    fs::remove_file(&report)?;
    Ok((median(walls), median(peaks)))
}

fn tempfile(root: &Path) -> Result<std::path::PathBuf, std::io::Error> {
    let folder = root.join("target");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("bench-{}.txt", std::process::id())))
}

/// Nanoseconds per hit, above a call without a probe: an empty program, and one that counts.
fn hits(own: &Tracer) -> Outcome {
    let path = Program::build("spin", "1.27", &[]);
    let call = format!("{} -auto -n {CALLS} -batch {CALLS}", path.display());
    let per_call = |program: Option<&str>| -> Result<f64, Box<dyn std::error::Error>> {
        let output = match program {
            None => Command::new(&path).args(["-auto", "-n", CALLS, "-batch", CALLS]).output()?,
            Some(program) => {
                (own.command)().args(["-q", "-o", "/dev/null", "-c", &call, "-e", program]).output()?
            }
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|l| l.strip_prefix("ns_per_call "));
        Ok(line.ok_or_else(|| format!("no result: {text}"))?.trim().parse()?)
    };
    let (mut empty, mut count, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let bare = per_call(None)?;
        let nothing = per_call(Some("go:main.work { }"))? - bare;
        let counting = per_call(Some("go:main.work { @ = count(); }"))? - bare;
        empty.push(nothing);
        count.push(counting);
        ratios.push(counting / nothing);
    }
    println!("\nA hit of go:main.work, above the call without a probe, median of {REPEATS} pairs:");
    println!("  a program of two instructions (r0 = 0; exit)  {:6.0} ns", median(empty));
    println!(
        "  {{ @ = count(); }}                              {:6.0} ns: {:.2} times",
        median(count),
        median(ratios)
    );
    Ok(())
}
