//! Measures how long it takes to put one probe into Go binaries of all sizes, and how much memory, beside
//! bpftrace, in one run: `cargo bench --bench attach`, as root. Arguments that name Debian releases choose
//! which bpftrace.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gprobe_testkit::bpftrace::Bpftrace;
use gprobe_testkit::{Program, debian, go};

/// Repetitions, of which the median is shown.
const REPEATS: usize = 7;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A file to probe.
struct Subject {
    what: String,
    path: PathBuf,
    symbols: bool,
}

/// A tracer: how messages call it, how it starts, and the script with which it probes `main.main` of a file.
struct Tracer {
    name: String,
    command: Box<dyn Fn(&Path) -> Command>,
}

/// What one start comes to.
#[derive(Clone, Copy)]
struct Start {
    ms: f64,
    /// How long its threads had a CPU, which other work on the machine does not change.
    cpu_ms: f64,
    peak_mb: f64,
}

fn main() -> Outcome<()> {
    // Cargo adds flags of its own.
    let mut releases: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if releases.is_empty() {
        releases = ["bookworm", "sid"].map(str::to_owned).to_vec();
    }
    let mut rivals = Vec::new();
    for release in releases {
        match Bpftrace::fetch(&release) {
            Ok(found) => rivals.push(Tracer {
                name: found.version()?,
                command: Box::new(move |path| {
                    let mut command = found.command();
                    command.args(["-e", &format!("uprobe:{}:main.main {{ @ = count(); }}", path.display())]);
                    command
                }),
            }),
            Err(error) => eprintln!("without bpftrace of {release}: {error}"),
        }
    }
    let own = |script: &'static str| Tracer {
        name: "gprobe".to_owned(),
        command: Box::new(move |path| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gprobe"));
            command.arg("-x").arg(path).args(["-e", script]);
            command
        }),
    };
    let plain = own("go:main.main { @ = count(); }");
    let runtime =
        Tracer { name: "gprobe, goid too".to_owned(), ..own("go:main.main { @[goid] = count(); }") };
    println!(
        "\nStart to attached, one probe of main.main, and the process's peak of resident memory, median of {REPEATS};\n\
         cold: no page of the file in memory"
    );
    for subject in subjects()? {
        let size = fs::metadata(&subject.path)?.len() as f64 / 1e6;
        println!("\n{}, {size:.1} MB:", subject.what);
        let mine = report(&plain, &subject, None)?;
        report(&runtime, &subject, None)?;
        for rival in &rivals {
            if subject.symbols {
                report(rival, &subject, mine)?;
            } else {
                println!("  {:<22} cannot: there is no symbol table", rival.name);
            }
        }
    }
    Ok(())
}

/// Binaries of all sizes, with debug information and without.
fn subjects() -> Outcome<Vec<Subject>> {
    let stripped = |package: &str, program: &str| -> Outcome<Subject> {
        let path = debian::package("sid", package)?.join("usr/bin").join(program);
        Ok(Subject { what: format!("{program} of Debian, stripped"), path, symbols: false })
    };
    Ok(vec![
        Subject {
            what: "a small program, with debug information".to_owned(),
            path: Program::build("spin", "1.27", &[]),
            symbols: true,
        },
        stripped("age", "age")?,
        Subject {
            what: "Go's compiler, with debug information".to_owned(),
            path: go("1.27").compiler()?,
            symbols: true,
        },
        stripped("restic", "restic")?,
        stripped("prometheus", "prometheus")?,
    ])
}

/// Measures a tracer on a file, cold and warm, and shows it; beside `mine` where that is given.
fn report(tracer: &Tracer, subject: &Subject, mine: Option<[Start; 2]>) -> Outcome<Option<[Start; 2]>> {
    let mut medians = Vec::new();
    for cold in [true, false] {
        let mut starts = Vec::new();
        for _ in 0..REPEATS {
            if cold {
                forget(&subject.path)?;
            }
            match start(&mut (tracer.command)(&subject.path))? {
                Ok(found) => starts.push(found),
                Err(said) => {
                    println!("  {:<22} cannot: {said}", tracer.name);
                    return Ok(None);
                }
            }
        }
        let median = |of: fn(&Start) -> f64| median(starts.iter().map(of).collect());
        medians.push(Start {
            ms: median(|s| s.ms),
            cpu_ms: median(|s| s.cpu_ms),
            peak_mb: median(|s| s.peak_mb),
        });
    }
    let [cold, warm] = medians[..] else { return Err("two medians".into()) };
    let ratio = mine.map_or_else(String::new, |[_, mine]| {
        format!(
            ": {:.1} times gprobe's time, {:.1} times its memory",
            warm.ms / mine.ms,
            warm.peak_mb / mine.peak_mb
        )
    });
    let show = |start: Start| {
        format!("{:6.1} ms ({:5.1} on a CPU) {:6.1} MB", start.ms, start.cpu_ms, start.peak_mb)
    };
    println!("  {:<22} cold {}, warm {}{ratio}", tracer.name, show(cold), show(warm));
    Ok(Some([cold, warm]))
}

/// Drops the file's pages from the page cache.
fn forget(path: &Path) -> Outcome<()> {
    // What was just written must be on the disk before it can be dropped.
    let status = Command::new("dd")
        .arg(format!("if={}", path.display()))
        .args(["iflag=nocache", "count=0", "status=none"])
        .status()?;
    if status.success() { Ok(()) } else { Err("dd cannot drop the file's pages".into()) }
}

/// Starts a tracer, waits until it says that it is attached, reads its peak of memory, and ends it. Where it
/// does not attach, what it said.
fn start(command: &mut Command) -> Outcome<Result<Start, String>> {
    let begun = Instant::now();
    // Both streams into one: the tools say it on different ones.
    let (reader, writer) = std::io::pipe()?;
    let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn()?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = Vec::new();
    let mut took = None;
    for line in BufReader::new(reader).lines() {
        let line = line?;
        if line.starts_with("Attach") {
            took = Some(begun.elapsed());
            break;
        }
        said.push(line);
    }
    let Some(took) = took else {
        child.wait()?;
        let error = said.iter().find(|line| line.to_lowercase().contains("error"));
        return Ok(Err(error.or(said.first()).cloned().unwrap_or_default()));
    };
    let cpu_ms = on_cpu(&child)?;
    // bpftrace says "Attaching" before it does; give it the time to.
    std::thread::sleep(Duration::from_millis(300));
    let peak_mb = peak(&child)?;
    // With the process go its probes. A signal that it handles may come before it does.
    child.kill()?;
    child.wait()?;
    Ok(Ok(Start { ms: took.as_secs_f64() * 1e3, cpu_ms, peak_mb }))
}

/// How long all threads of the process ran, in ms.
fn on_cpu(child: &Child) -> Outcome<f64> {
    let mut ns = 0.0;
    for thread in fs::read_dir(format!("/proc/{}/task", child.id()))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        ns += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
    }
    Ok(ns / 1e6)
}

/// The most memory that the process had at a time, in MB.
fn peak(child: &Child) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
