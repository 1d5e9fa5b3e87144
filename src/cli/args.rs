//! What was typed: the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use regex::Regex;

/// Exit codes, for `--help`; `docs/cli.md` has the same table.
pub(crate) const AFTER_HELP: &str = "\
Exit codes:
  0  the script ran to its end, or was ended by Ctrl-C or by the target's end
  1  the script is wrong; nothing was attached
  2  the command line is wrong
  3  the target or the kernel does not allow it; nothing is left attached
  N  what the script gave to exit(N)

Examples:
  gprobe cgocalls -p 4242
  gprobe -p 4242 -e 'go:main.handle { @[goid] = count(); }'
  gprobe script.gp -c './server -port 8080'
  gprobe -p 4242                     a prompt
  gprobe list 'net/http.*' -p 4242
  gprobe -l 'tracepoint:sched:*'";

/// See inside running Go programs: goroutines, threads, cgo.
#[derive(Debug, Parser)]
#[command(name = "gprobe", version = concat!("v", env!("CARGO_PKG_VERSION")), after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// One of the commands.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Runs a script.
    #[command(flatten)]
    pub run: Run,
}

/// Running a script.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// A script file, or the name of a script that ships (`gprobe stdlib` lists them); without one, a prompt opens
    #[arg(value_name = "SCRIPT")]
    pub script: Option<String>,
    /// Parameters of the script: $1, $2, ...; it has options of its own too: `gprobe SCRIPT --help`
    #[arg(value_name = "PARAMS")]
    pub params: Vec<String>,
    /// The script's own options, with their values.
    #[arg(skip)]
    pub own: Vec<(String, Option<String>)>,
    /// A program given right here
    #[arg(short = 'e', long = "program", value_name = "PROGRAM")]
    pub program: Vec<String>,
    /// List probes and run nothing: those that match a pattern given as SCRIPT (`*` and `?` are wild, a
    /// comma is between two), those of a script, or all; with -v their arguments
    #[arg(short, long)]
    pub list: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub target: TargetArgs,
    /// Attach only probes whose whole names match; begin and end stay
    #[arg(long, value_name = "REGEX", value_parser = filter)]
    pub probe_filter: Option<Regex>,
    /// Nothing here: counters of usdt probes are counted up by the kernel, also for files
    #[arg(long, hide = true)]
    pub usdt_file_activation: bool,
    /// Allow functions that do more than look: system(), signal()
    #[arg(long = "unsafe")]
    pub allow_unsafe: bool,
    /// Report each place where memory can't be read or a map has no such key
    #[arg(short = 'k', long = "report-errors")]
    pub report_errors: bool,
    /// Show no warnings
    #[arg(long)]
    pub no_warnings: bool,
    /// Run the script's tests (`test:NAME`)
    #[arg(long, conflicts_with = "bench")]
    pub test: bool,
    /// Run the script's benchmarks (`bench:NAME`)
    #[arg(long)]
    pub bench: bool,
    /// The same as --test and --bench, by name
    #[arg(long, value_enum, hide = true)]
    pub mode: Option<ModeArg>,
    /// Check and load the script, and run nothing of it; with -p or -x attach probes for 100 ms that only count,
    /// and say what the script would cost (with -q attach nothing)
    #[arg(long)]
    pub dry_run: bool,
    /// Look at one event in N, drawn at random; of goroutines, where events belong together
    #[arg(long, value_name = "1/N", value_parser = super::cost::amounts::sample)]
    pub sample: Option<u32>,
    /// Take away the dearest probes when all together cost more than this share of one CPU: 2%
    #[arg(long, value_name = "PERCENT", value_parser = super::cost::amounts::share)]
    pub max_overhead: Option<f64>,
    /// When results are written out
    #[arg(short = 'B', long = "buffer", value_enum, default_value_t = BufferArg::Line)]
    pub buffer: BufferArg,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t = FormatArg::Text)]
    pub format: FormatArg,
    /// Write results to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// End after this time: 10s, 500ms, 2m
    #[arg(short = 't', long = "time", value_name = "DURATION", value_parser = duration)]
    pub time: Option<Duration>,
    /// Say more of what is done
    #[arg(short, long)]
    pub verbose: bool,
    /// Only the script's own output, and errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When results are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BufferArg {
    /// At once
    None,
    /// Each time something was printed
    Line,
    /// When there is much of it
    Full,
}

/// Which probes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Tests
    Test,
    /// Benchmarks
    Bench,
}

/// What is traced.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TargetArgs {
    /// The running process; several, with a comma between two or -p before each, where all run one program
    #[arg(short, long, value_name = "PID", value_parser = pid, value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Start this command (words split as a shell would, but no shell), traced from its first instruction
    #[arg(short, long, visible_alias = "cmd", value_name = "COMMAND", conflicts_with = "pid")]
    pub command: Option<String>,
    /// An executable: what its functions and types are read from, in all processes that run it; with -c in those
    /// that the command starts
    #[arg(short = 'x', long = "exe", value_name = "BINARY", conflicts_with = "pid")]
    pub exe: Option<PathBuf>,
}

/// Where to look functions up.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct FileArgs {
    /// The running process
    #[arg(short, long, value_name = "PID", value_parser = pid)]
    pub pid: Option<u32>,
    /// An executable or a library
    #[arg(short = 'x', long = "exe", value_name = "BINARY", conflicts_with = "pid")]
    pub exe: Option<PathBuf>,
}

/// A script that is looked at and not run.
#[derive(Args, Debug)]
pub(crate) struct Looked {
    /// The script file, or the name of a script that ships
    pub script: Option<String>,
    /// Parameters of the script
    pub params: Vec<String>,
    /// A program given right here
    #[arg(short = 'e', long = "program", value_name = "PROGRAM", conflicts_with = "script")]
    pub program: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub file: FileArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what can be probed: functions, moments of providers, tracepoints
    List {
        /// What to look for, `*` and `?` being wild: `main.*`, `goroutine:*`, `tracepoint:sched:*`
        pattern: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it as help")]
        file: FileArgs,
        /// With arguments and their types, sites and what a hit costs
        #[arg(short, long)]
        verbose: bool,
    },
    /// Check a script, attaching nothing
    Check(Looked),
    /// Print what a stage of the compiler makes of a script
    Compile {
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it as help")]
        looked: Looked,
        /// Which stage
        #[arg(long, value_enum, default_value_t = Emit::Asm)]
        emit: Emit,
        /// Write to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Say what this machine can do, or what is known of a Go program, and why
    Doctor {
        #[command(flatten)]
        #[allow(missing_docs, reason = "clap would show it as help")]
        file: FileArgs,
    },
    /// List the scripts that ship, or print one, or a provider
    Stdlib {
        /// The script or provider to print
        name: Option<String>,
        /// How the list is written
        #[arg(short, long, value_enum, default_value_t = FormatArg::Text, conflicts_with = "name")]
        format: FormatArg,
    },
    /// Write scripts in the usual style
    Fmt {
        /// Scripts, which are changed in place; `-`, or none: from standard input to standard output
        files: Vec<PathBuf>,
        /// Change nothing; name what would change, and exit with 1 if anything would
        #[arg(long)]
        check: bool,
    },
    /// Say what a name stands for: a function, builtin, probe, moment, setting or script
    Doc {
        /// Its name; without one, all names
        name: Option<String>,
    },
    /// Print completions for a shell: bash, zsh, fish
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual's page, of gprobe or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
    /// Say more of an error or a warning: `gprobe explain no-match`
    Explain {
        /// What stands in brackets in the message; without it, all that there are
        code: Option<String>,
    },
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Fields with tabs between
    Tsv,
}

/// Stages whose output can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// The syntax tree
    Ast,
    /// Sites, names and types
    Typed,
    /// The intermediate representation
    Ir,
    /// BPF assembly
    Asm,
    /// The BPF object, as libbpf and bpftool take it
    Elf,
}

/// `10s`, `500ms`, `2m`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().map_err(|_| format!("`{text}` is no time; write 10s, 500ms or 2m"))?;
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("`{unit}` is no unit of time; there are ms, s, m and h")),
    };
    Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())
}

/// The largest process id that Linux gives out, whatever `kernel.pid_max` says now.
const PID_MAX: u64 = 1 << 22;

/// A process id.
fn pid(text: &str) -> Result<u32, String> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("Failed to parse pid: invalid integer: {text}"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("Failed to parse pid: invalid trailing bytes: {text}"));
    }
    let number = text.parse::<u64>().ok().filter(|number| (1..=PID_MAX).contains(number));
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| format!("Pid out of range: {text}"))
}

/// The expression of `--probe-filter`.
fn filter(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("Invalid --probe-filter regex '{text}': {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn process_ids_are_numbers_that_linux_gives_out() {
        assert_eq!(pid("42"), Ok(42));
        assert_eq!(pid("a1"), Err("Failed to parse pid: invalid integer: a1".to_owned()));
        assert_eq!(pid("1a1"), Err("Failed to parse pid: invalid trailing bytes: 1a1".to_owned()));
        for wrong in ["0", "4194305", "99999999999999999999999"] {
            assert_eq!(pid(wrong), Err(format!("Pid out of range: {wrong}")));
        }
    }
}
