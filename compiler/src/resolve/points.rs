//! Attach points: what each kind means.

use gprobe_lang::ast::{self, AttachPoint};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::Resolver;
use super::body::not_yet;
use super::code_place;
use super::effects::signal_number;
use super::mentions::Mentioned;
use super::place::Place;
use super::sites::{Candidate, Grouping, Wanted};
use crate::artifact::{Attach, ProgramKind};
use crate::probe_kinds::{self, HARDWARE, KINDS, SOFTWARE};
use crate::target::{Absent, MissingProbes, Mode};

impl Resolver<'_> {
    /// All that a probe of the script may become.
    pub(super) fn candidates(&mut self, probe: &ast::Probe) -> Vec<Candidate> {
        let words = Mentioned::by(probe);
        let by_site = !self.target.kernel.attach_cookie && words.has(&["probe", "func"]);
        let grouping = Grouping {
            each_function: by_site || words.has(&["args", "retval"]),
            each_site: by_site,
            wants_results: words.has(&["retval"]),
            arguments: words.has_start("arg"),
            names_function: words.has(&["func"]),
            frames: words.has(&["frame", "caller", "gostack"]),
            operands: words.has(&["args"]),
        };
        let found = probe.points.iter().flat_map(|point| self.point(point, &grouping).unwrap_or_default());
        let mut found: Vec<Candidate> = found.collect();
        found.iter_mut().for_each(|candidate| self.price(&mut candidate.attach));
        found
    }

    fn point(&mut self, point: &AttachPoint, grouping: &Grouping) -> Option<Vec<Candidate>> {
        let point = self.with_params(point);
        let first = point.parts.first()?;
        let word = first.value.as_str();
        let Some(kind) = probe_kinds::find(word) else {
            let mut diagnostic =
                Diagnostic::error("unknown-probe", first.span, format!("there is no probe kind `{word}`"));
            let providers =
                self.target.world.provider(word).map_or_else(|absent| absent.candidates, |_| Vec::new());
            let kinds = KINDS.iter().filter(|kind| kind.supported).map(|kind| kind.name);
            let names = kinds.chain(providers.iter().map(String::as_str));
            diagnostic = match did_you_mean(word, names.clone()) {
                Some(hint) => diagnostic.help(hint),
                None => diagnostic.help(format!("there are {}", names.collect::<Vec<_>>().join(", "))),
            };
            self.report(diagnostic);
            return None;
        };
        if !kind.supported {
            self.report(not_yet(first.span, &format!("`{}` probes", kind.name)).help(
                "tracepoints (`tracepoint:...`) and functions of programs (`go:...`, `uprobe:...`) it does",
            ));
            return None;
        }
        let kind = kind.name;
        let args: Vec<&Spanned<String>> = point.parts.iter().skip(1).collect();
        let whole = point.text.span;
        match kind {
            "begin" => self.own(&point, &args, "begin", Attach::Begin),
            "end" => self.own(&point, &args, "end", Attach::End),
            "interval" => {
                let period_ns = self.period(&args, whole, "interval")?;
                self.own_candidate(&point, "interval", Attach::Interval { period_ns })
            }
            "profile" => {
                let period_ns = self.period(&args, whole, "profile")?;
                let cookie = u64::from(self.probe_name(&point.text.value));
                Some(vec![Candidate {
                    place: Place::Profile,
                    kind: ProgramKind::PerfEvent,
                    attach: Attach::Profile { period_ns },
                    title: point.text.value.clone(),
                    checks_flags: false,
                    cookie,
                }])
            }
            "iter" => self.iterate(&point, &args),
            "self" => self.own_signal(&point, &args),
            "test" | "bench" => {
                let wanted = if kind == "test" { Mode::Test } else { Mode::Bench };
                let name = args.iter().map(|a| a.value.as_str()).collect::<Vec<_>>().join(":");
                if name.is_empty() {
                    self.report(
                        Diagnostic::error("bad-attach-point", whole, format!("a {kind} has a name"))
                            .help(format!("write `{kind}:name`")),
                    );
                    return None;
                }
                if self.options.mode != wanted {
                    return Some(Vec::new());
                }
                let attach = if kind == "test" { Attach::Test { name } } else { Attach::Bench { name } };
                self.own_candidate(&point, kind, attach)
            }
            _ if self.options.mode != Mode::Trace && !matches!(kind, "begin" | "end") => Some(Vec::new()),
            "rawtracepoint" => self.raw_tracepoint(&point, &args),
            "kprobe" | "kretprobe" => self.kernel_functions(&point, &args, kind == "kretprobe"),
            "software" | "hardware" => self.counter(&point, &args, kind),
            "go" => self.go(&point, &args, grouping),
            "uprobe" => self.uprobe(&point, &args, false, grouping),
            "uretprobe" => self.uprobe(&point, &args, true, grouping),
            "usdt" => self.usdt(&point, &args, grouping),
            _ => self.tracepoint(&point, &args),
        }
    }

    /// Puts `$1` and the like into an attach point.
    fn with_params(&self, point: &AttachPoint) -> AttachPoint {
        let mut text = point.text.value.clone();
        for (i, param) in self.target.params.iter().enumerate().rev() {
            text = text.replace(&format!("${}", i + 1), param);
        }
        if text == point.text.value {
            return point.clone();
        }
        let span = point.text.span;
        let parts = text.split(':').map(|part| Spanned::new(part.to_owned(), span)).collect();
        AttachPoint { parts, text: Spanned::new(text, span) }
    }

    /// `self:signal:SIGUSR1`
    fn own_signal(&mut self, point: &AttachPoint, args: &[&Spanned<String>]) -> Option<Vec<Candidate>> {
        if let [how, name] = args
            && how.value == "signal"
            && let Some(number) = signal_number(&name.value)
        {
            let attach = Attach::Signal { number: number as i32, name: name.value.clone() };
            return self.own_candidate(point, "self", attach);
        }
        let (span, message) = match args {
            [how, name] if how.value == "signal" => {
                (name.span, format!("there is no signal `{}`", name.value))
            }
            _ => (point.text.span, "this names no signal that gprobe can get".to_owned()),
        };
        self.report(Diagnostic::error("bad-attach-point", span, message).help("write `self:signal:SIGUSR1`"));
        None
    }

    /// `rawtracepoint:NAME`
    fn raw_tracepoint(&mut self, point: &AttachPoint, args: &[&Spanned<String>]) -> Option<Vec<Candidate>> {
        let name = match args {
            [name] | [_, name] if !name.value.is_empty() => name.value.clone(),
            _ => {
                self.report(
                    Diagnostic::error("bad-attach-point", point.text.span, "a raw tracepoint has a name")
                        .help("write `rawtracepoint:sched_switch`"),
                );
                return None;
            }
        };
        let of_kernel = match args {
            [module, _] => module.value == "vmlinux" || module.value.contains('*'),
            _ => true,
        };
        // Those of single system calls are made of two.
        let is_raw = |(category, _): &(String, String)| category != "syscalls" && of_kernel;
        let known = self.target.world.tracepoints("*", &name);
        let known = known.map(|found| found.into_iter().filter(is_raw).collect::<Vec<_>>());
        let found = match known {
            Ok(found) if !found.is_empty() => found,
            _ => {
                let whole = args.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(":");
                let message =
                    format!("No matches for rawtracepoint {whole}: the kernel has none of that name");
                let help = self.near_tracepoint("rawtracepoint", &name);
                self.missing(
                    "no-match",
                    args.last().map_or(point.text.span, |arg| arg.span),
                    message,
                    Some(help),
                );
                return None;
            }
        };
        let mut candidates = Vec::new();
        for (_, name) in found {
            let title = format!("rawtracepoint:{name}");
            let cookie = u64::from(self.probe_name(&title));
            candidates.push(Candidate {
                place: Place::RawTracepoint,
                kind: ProgramKind::RawTracepoint,
                attach: Attach::RawTracepoint { name },
                title,
                checks_flags: false,
                cookie,
            });
        }
        Some(candidates)
    }

    /// `software:faults:100` and `hardware:cache-misses:1e6`
    fn counter(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        kind: &str,
    ) -> Option<Vec<Candidate>> {
        let (number, table) = if kind == "software" { (1, SOFTWARE) } else { (0, HARDWARE) };
        let Some(name) = args.first() else {
            self.report(
                Diagnostic::error("bad-attach-point", point.text.span, "which event is counted?")
                    .help("write `software:page-faults:100`"),
            );
            return None;
        };
        let Some((_, config, default)) =
            table.iter().find(|(names, ..)| names.contains(&name.value.as_str()))
        else {
            let mut diagnostic = Diagnostic::error(
                "no-match",
                name.span,
                format!("there is no {kind} event `{}`", name.value),
            );
            let known = table.iter().flat_map(|(names, ..)| names.iter().copied());
            let names = || known.clone().collect::<Vec<_>>().join(", ");
            let hint = did_you_mean(&name.value, known.clone());
            diagnostic = diagnostic.help(hint.unwrap_or_else(|| format!("there are {}", names())));
            self.report(diagnostic);
            return None;
        };
        let period = match args.get(1) {
            None => *default,
            Some(text) => match super::expr::parse_int(&text.value).filter(|n| *n > 0) {
                Some(n) => n as u64,
                None => {
                    self.report(
                        Diagnostic::error("bad-attach-point", text.span, "this is no number of events")
                            .help(format!("write after how many it runs: `{kind}:{}:1000`", name.value)),
                    );
                    return None;
                }
            },
        };
        let cookie = u64::from(self.probe_name(&point.text.value));
        Some(vec![Candidate {
            place: Place::Profile,
            kind: ProgramKind::PerfEvent,
            attach: Attach::Counter { kind: number, config: *config, period },
            title: point.text.value.clone(),
            checks_flags: false,
            cookie,
        }])
    }

    /// Says that nothing matches, as loudly as the script wants it.
    pub(super) fn missing(&mut self, code: &'static str, span: Span, message: String, help: Option<String>) {
        let mut diagnostic = match self.options.missing_probes {
            MissingProbes::Error => Diagnostic::error(code, span, message),
            MissingProbes::Warn => match message.split_once(": ") {
                Some((what, why)) => {
                    Diagnostic::warning(code, span, format!("{what}. Skipping.")).note(why.to_owned())
                }
                None => Diagnostic::warning(code, span, message),
            },
            MissingProbes::Ignore => return,
        };
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
    }

    fn own(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        kind: &'static str,
        attach: Attach,
    ) -> Option<Vec<Candidate>> {
        if let Some(extra) = args.first() {
            self.report(
                Diagnostic::error(
                    "bad-attach-point",
                    extra.span,
                    format!("`{kind}` takes nothing behind it"),
                )
                .help(format!("write `{kind} {{ ... }}`; what runs after a time is `interval:1s {{ ... }}`")),
            );
            return None;
        }
        self.own_candidate(point, kind, attach)
    }

    fn own_candidate(
        &mut self,
        point: &AttachPoint,
        kind: &'static str,
        attach: Attach,
    ) -> Option<Vec<Candidate>> {
        let cookie = u64::from(self.probe_name(&point.text.value));
        Some(vec![Candidate {
            place: Place::OwnProcess(kind),
            kind: ProgramKind::TestRun,
            attach,
            title: point.text.value.clone(),
            checks_flags: false,
            cookie,
        }])
    }

    /// Says what is wrong with a time.
    fn no_period(&mut self, args: &[&Spanned<String>], whole: Span, kind: &str) {
        let number = |text: &str| text.parse::<u64>().ok();
        let (span, message) = match args {
            [] => (whole, format!("`{kind}` needs a time: how often does it run?")),
            [unit, count] if unit_ns(&unit.value).is_none() && unit.value != "hz" => {
                match number(&unit.value) {
                    Some(_) => {
                        (unit.span.to(count.span), "the unit comes first, and then the number".to_owned())
                    }
                    None => {
                        (unit.span, format!("`{}` is no unit; there are hz, us, ms, s, m and h", unit.value))
                    }
                }
            }
            [_, count] if number(&count.value).is_none() => {
                (count.span, format!("`{}` is no number", count.value))
            }
            [_, count] if number(&count.value) == Some(0) => (count.span, "a time is not 0".to_owned()),
            [one] if number(&one.value).is_some() => {
                (one.span, format!("{} of what? The unit is missing", one.value))
            }
            [_] | [_, _] => (whole, "a probe runs each 100 us at most, 10000 times a second".to_owned()),
            _ => (whole, "this is no time".to_owned()),
        };
        self.report(
            Diagnostic::error("bad-attach-point", span, message)
                .help(format!("write `{kind}:1s`, `{kind}:ms:100` or `{kind}:hz:99`")),
        );
    }

    /// `s:1`, `ms:10`, `hz:99`, or `10ms`.
    pub(super) fn period(&mut self, args: &[&Spanned<String>], whole: Span, kind: &str) -> Option<u64> {
        let texts: Vec<&str> = args.iter().map(|a| a.value.as_str()).collect();
        let period = match texts.as_slice() {
            [unit, count] => match (*unit, count.parse::<u64>().ok().filter(|&n| n > 0)) {
                (_, None) => None,
                ("hz", Some(n)) => 1_000_000_000u64.checked_div(n),
                (unit, Some(n)) => unit_ns(unit).and_then(|ns| n.checked_mul(ns)),
            },
            [duration] => {
                let digits = duration.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let unit = duration.get(digits.len()..).unwrap_or_default();
                match digits.parse::<u64>().ok().filter(|&n| n > 0) {
                    Some(n) => unit_ns(unit).and_then(|ns| n.checked_mul(ns)),
                    None => None,
                }
            }
            _ => None,
        };
        // Ten thousand times a second and CPU is what a kernel still takes.
        match period.filter(|&p| p >= 100_000) {
            Some(period) => Some(period),
            None => {
                self.no_period(args, whole, kind);
                None
            }
        }
    }

    fn tracepoint(&mut self, point: &AttachPoint, args: &[&Spanned<String>]) -> Option<Vec<Candidate>> {
        let [category, name] = args else {
            let help = match args {
                [name] => self.near_tracepoint("tracepoint", &name.value),
                _ => "write `tracepoint:sched:sched_switch`".to_owned(),
            };
            self.report(
                Diagnostic::error(
                    "bad-attach-point",
                    point.text.span,
                    "a tracepoint has a category and a name",
                )
                .help(help),
            );
            return None;
        };
        let world = self.target.world;
        let wild = [category, name].iter().any(|part| part.value.contains(['*', '?']));
        let found = if wild {
            match world.tracepoints(&category.value, &name.value) {
                Ok(found) if !found.is_empty() => found,
                Ok(_) => {
                    let message = format!(
                        "No matches for tracepoint {}:{}: the kernel has none of that name",
                        category.value, name.value
                    );
                    let help = "`gprobe -l 'tracepoint:*'` lists those of this kernel".to_owned();
                    self.missing("no-match", category.span.to(name.span), message, Some(help));
                    return None;
                }
                Err(absent) => {
                    self.absent("no-tracepoint", category.span.to(name.span), &name.value, absent);
                    return None;
                }
            }
        } else {
            vec![(category.value.clone(), name.value.clone())]
        };
        let mut candidates = Vec::new();
        for (category_name, event) in found {
            let fields = match world.tracepoint(&category_name, &event) {
                Ok(fields) => fields,
                Err(absent) => {
                    self.absent("no-tracepoint", category.span.to(name.span), &event, absent);
                    return None;
                }
            };
            let title = format!("tracepoint:{category_name}:{event}");
            let cookie = u64::from(self.probe_name(&title));
            candidates.push(Candidate {
                place: Place::Tracepoint { name: format!("{category_name}:{event}"), fields },
                kind: ProgramKind::Tracepoint,
                attach: Attach::Tracepoint { category: category_name, name: event },
                title,
                checks_flags: false,
                cookie,
            });
        }
        Some(candidates)
    }

    pub(super) fn absent(&mut self, code: &'static str, span: Span, word: &str, absent: Absent) {
        let help = did_you_mean(word, absent.candidates.iter().map(String::as_str));
        let help = help.unwrap_or_else(|| match code {
            "no-tracepoint" => "`gprobe -l 'tracepoint:*'` lists those of this kernel".to_owned(),
            _ => "write the file's whole path, or the bare name of a library that the process uses, as in `libc`".to_owned(),
        });
        self.missing(code, span, absent.reason, Some(help));
    }

    /// How a tracepoint of this name is written, by its whole name where there is one.
    fn near_tracepoint(&self, kind: &str, name: &str) -> String {
        let whole = |category: &str, name: &str| match kind {
            "tracepoint" => format!("write `tracepoint:{category}:{name}`"),
            kind => format!("write `{kind}:{name}`"),
        };
        let all = self.target.world.tracepoints("*", "*").unwrap_or_default();
        if let Some((category, name)) = all.iter().find(|(_, known)| known == name) {
            return whole(category, name);
        }
        did_you_mean(name, all.iter().map(|(_, known)| known.as_str())).unwrap_or_else(|| {
            format!("{}; `gprobe -l '{kind}:*'` lists them", whole("sched", "sched_switch"))
        })
    }

    /// `uprobe:FILE:FUNCTION` and `uretprobe:FILE:FUNCTION`
    fn uprobe(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        ret: bool,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let [file, pattern] = args else {
            self.report(
                Diagnostic::error("bad-attach-point", point.text.span, "a uprobe has a file and a function")
                    .help("write `uprobe:libc:malloc` or `uprobe:/path/to/file:function`"),
            );
            return None;
        };
        let binary = match self.target.world.binary(&file.value) {
            Ok(binary) => binary,
            Err(absent) => {
                self.absent("no-binary", file.span, &file.value, absent);
                return None;
            }
        };
        if !ret && let Some(named) = code_place::named(&pattern.value) {
            return self.at_instruction(point, &binary, pattern, &named);
        }
        let what = Wanted { ret, callee: None, only_go: false, inline: false };
        self.functions(point, &binary, pattern, &what, grouping)
    }
}

fn unit_ns(unit: &str) -> Option<u64> {
    Some(match unit {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}
