//! Functions with an effect: messages, commands, files, signals.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::body::Body;
use super::cvalue::plus;
use super::strings::number;
use super::typed::{Compare, Expr, ExprKind, Pointee, Stmt, Ty};
use crate::artifact::{Action, CType, SourcePlace, Type};

/// Most strings that `join` shows, as bpftrace has it.
const MOST_JOINED: u32 = 16;

impl Body<'_, '_> {
    /// `errorf` and `warnf`
    pub(super) fn message(&mut self, error: bool, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let (format, values, fields) = self.formatted(args, span)?;
        let place = SourcePlace(span);
        let action = self.cx.action(Action::Message { error, place, format, args: fields });
        Some(Stmt::Emit { action, args: values })
    }

    /// `assert(condition, message)`
    pub(super) fn assert(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let [cond, text] = args else { return None };
        let cond = self.condition(cond);
        let message = self.message(true, std::slice::from_ref(text), span)?;
        let code = number(1, span);
        let end = Stmt::Exit { action: self.cx.action(Action::Exit), code };
        Some(Stmt::If { cond, then: Vec::new(), otherwise: vec![message, end] })
    }

    /// `fail(message)`: an error of the script, where it is reached.
    pub(super) fn fail(&mut self, args: &[ast::Expr], span: Span) {
        let Some((format, values, _)) = self.formatted(args, span) else { return };
        let mut values = values.iter();
        let mut text = String::new();
        for piece in format {
            match piece {
                crate::artifact::Piece::Text(plain) => text.push_str(&plain),
                crate::artifact::Piece::Spec(_) => match values.next().map(|value| &value.kind) {
                    Some(ExprKind::Int(n)) => text.push_str(&n.to_string()),
                    Some(ExprKind::Str(bytes)) => text.push_str(&String::from_utf8_lossy(bytes)),
                    _ => {
                        self.error(Diagnostic::error(
                            "not-constant",
                            span,
                            "`fail` shows only what is known before the script runs",
                        ));
                        return;
                    }
                },
            }
        }
        self.error(Diagnostic::error("fail", span, text));
    }

    fn need_unsafe(&mut self, function: &str, span: Span) -> Option<()> {
        if self.cx.options.unsafe_allowed {
            return Some(());
        }
        self.error(
            Diagnostic::error(
                "unsafe",
                span,
                format!("{function}() is unsafe. To use you need the --unsafe flag"),
            )
            .label("does more than look")
            .help("add `--unsafe` to the command line if that is meant"),
        );
        None
    }

    /// `system(format, ...)`
    pub(super) fn system(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        self.need_unsafe("system", span)?;
        let (format, values, fields) = self.formatted(args, span)?;
        let action = self.cx.action(Action::System { format, args: fields });
        Some(Stmt::Emit { action, args: values })
    }

    /// `cat(format, ...)`
    pub(super) fn cat(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let (format, values, fields) = self.formatted(args, span)?;
        let limit = self.cx.options.max_cat_bytes;
        let action = self.cx.action(Action::Cat { format, args: fields, limit });
        Some(Stmt::Emit { action, args: values })
    }

    /// `join(argv, separator)`
    pub(super) fn join_strings(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let array = self.expr(args.first()?);
        let separator = match args.get(1) {
            None => " ".to_owned(),
            separator => self.literal(separator, "the separator")?,
        };
        if !(array.ty.is_scalar() || array.ty == Ty::Unknown) {
            let message = format!("an array of pointers is wanted, and this is {}", array.ty.describe());
            self.error(
                Diagnostic::error("type-mismatch", array.span, message)
                    .help("`join` is for C's `char **`; a string is shown by `print(x)`"),
            );
            return None;
        }
        // What the address is made of is read once.
        let ty = array.ty.clone();
        let var = self.declare("join", ty.clone(), true, span);
        self.mark_read(var);
        let base = Expr { kind: ExprKind::Var(var), ty, span };
        // All of them have to fit a probe's memory.
        let max = self.cx.options.max_strlen.min(512);
        let string = Ty::string(max);
        let values: Vec<Expr> = (0..MOST_JOINED)
            .map(|index| {
                let kind = ExprKind::ReadUser {
                    addr: Box::new(plus(base.clone(), index * 8)),
                    bytes: 8,
                    signed: false,
                };
                let pointer = Expr { kind, ty: Ty::U64, span };
                let zero = Box::new(number(0, span));
                let there = ExprKind::Compare(Compare::Ne, Box::new(pointer.clone()), zero);
                let text = ExprKind::CStr { addr: Box::new(pointer), kernel: false, limit: None };
                let [there, text, none] =
                    [(there, Ty::BOOL), (text, string.clone()), (ExprKind::Str(Vec::new()), string.clone())]
                        .map(|(kind, ty)| Box::new(Expr { kind, ty, span }));
                Expr { kind: ExprKind::Ternary(there, text, none), ty: string.clone(), span }
            })
            .collect();
        let args = self.fields(&values);
        let action = self.cx.action(Action::Join { separator, args });
        Some(Stmt::Scope(vec![Stmt::SetVar(var, array), Stmt::Emit { action, args: values }]))
    }

    /// `signal(...)` and `signal_thread(...)`
    pub(super) fn signal(&mut self, thread: bool, arg: &ast::Expr, span: Span) -> Option<Stmt> {
        self.need_unsafe(if thread { "signal_thread" } else { "signal" }, span)?;
        let value = self.expr(arg);
        let number = match &value.kind {
            ExprKind::Str(name) => {
                let name = String::from_utf8_lossy(name).into_owned();
                match signal_number(&name) {
                    Some(n) => number(i64::from(n), value.span),
                    None => {
                        self.error(
                            Diagnostic::error(
                                "unknown-name",
                                value.span,
                                format!("there is no signal `{name}`"),
                            )
                            .help("signals are named as in `kill -l`: `\"SIGUSR1\"`, `\"USR1\"`"),
                        );
                        return None;
                    }
                }
            }
            _ if self.need_integer(&value, "a signal") => value,
            _ => return None,
        };
        if let ExprKind::Int(n) = number.kind
            && !(1..=64).contains(&n)
        {
            self.error(
                Diagnostic::error("out-of-range", number.span, format!("there is no signal {n}"))
                    .help("signals are 1 to 64, or have a name: `\"SIGUSR1\"`"),
            );
            return None;
        }
        Some(Stmt::Signal { number, thread })
    }

    /// `getopt(name, default, help)`
    pub(super) fn getopt(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let Some(name) = self.literal(args.first(), "a parameter's name") else { return self.broken(span) };
        let help = match args.get(2) {
            None => String::new(),
            help => self.literal(help, "the help").unwrap_or_default(),
        };
        if !self.cx.named_known.iter().any(|(known, _)| *known == name) {
            self.cx.named_known.push((name.clone(), help));
        }
        let given =
            self.cx.target.named.iter().rev().find(|(known, _)| *known == name).map(|(_, v)| v.clone());
        let default = match args.get(1) {
            None => Expr { kind: ExprKind::Int(0), ty: Ty::BOOL, span },
            Some(default) => self.expr(default),
        };
        let Some(given) = given else { return default };
        let of = |kind, ty| Expr { kind, ty, span };
        match (&default.ty, given) {
            (Ty::Value(Type::Bool), None) => of(ExprKind::Int(1), Ty::BOOL),
            (Ty::Value(Type::Bool), Some(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => of(ExprKind::Int(1), Ty::BOOL),
                "false" | "0" => of(ExprKind::Int(0), Ty::BOOL),
                _ => self.bad_option(&name, "bool", &text, span),
            },
            (Ty::Value(Type::Str { .. }), text) => self.string(text.unwrap_or_default().as_bytes(), span),
            (ty, text) if ty.is_integer() => {
                let text = text.unwrap_or_default();
                match option_number(&text) {
                    Some(n) if text.starts_with('-') => of(ExprKind::Int(n), Ty::I64),
                    Some(n) => of(ExprKind::Int(n), super::expr::literal(n as u64)),
                    None => self.bad_option(&name, "integer", &text, span),
                }
            }
            _ => {
                self.error(Diagnostic::error(
                    "type-mismatch",
                    default.span,
                    "a parameter is a number, a bool or a string",
                ));
                self.broken(span)
            }
        }
    }

    fn bad_option(&mut self, name: &str, kind: &str, text: &str, span: Span) -> Expr {
        self.error(
            Diagnostic::error(
                "bad-option",
                span,
                format!("program command line option --{name} invalid {kind} (value: {text})"),
            )
            .help(match kind {
                "bool" => format!("write `--{name}`, `--{name}=true` or `--{name}=false`"),
                _ => format!("give it a number as scripts write them: `--{name}=10`, `--{name}=10ms`"),
            }),
        );
        self.broken(span)
    }

    /// `config()` as a record of settings.
    pub(super) fn config_record(&mut self, span: Span) -> Expr {
        let options = self.cx.options.clone();
        let mode = match options.stack_mode {
            crate::artifact::StackMode::Names => "bpftrace",
            crate::artifact::StackMode::Perf => "perf",
            crate::artifact::StackMode::Raw => "raw",
        };
        let numbers = [
            ("max_strlen", u64::from(options.max_strlen)),
            ("max_map_keys", u64::from(options.max_map_keys)),
            ("max_cat_bytes", options.max_cat_bytes),
            ("max_probes", options.max_probes),
        ];
        let flags = [
            ("print_maps_on_exit", options.print_maps_on_exit),
            ("show_debug_info", options.show_lines),
            ("cpp_demangle", true),
        ];
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for (name, n) in numbers {
            fields.push((name.to_owned(), Ty::U64));
            values.push(Expr { kind: ExprKind::Int(n as i64), ty: Ty::U64, span });
        }
        for (name, flag) in flags {
            fields.push((name.to_owned(), Ty::BOOL));
            values.push(Expr { kind: ExprKind::Int(i64::from(flag)), ty: Ty::BOOL, span });
        }
        for (name, text) in [("stack_mode", mode), ("str_trunc_trailer", options.str_trunc_trailer.as_str())]
        {
            let text = self.string(text.as_bytes(), span);
            fields.push((name.to_owned(), text.ty.clone()));
            values.push(text);
        }
        Expr { kind: ExprKind::Tuple(values), ty: Ty::Record(fields), span }
    }

    /// What a C pointer to void or a number is taken for by `args` of a raw tracepoint.
    pub(super) fn word_argument(&self, index: u16, span: Span) -> Expr {
        let kind = ExprKind::Context { offset: index * 8, bytes: 8, signed: false };
        Expr { kind, ty: Ty::U64, span }
    }

    /// A pointer to something unknown.
    pub(super) fn void_pointer() -> Ty {
        Ty::Pointer(Pointee::C { ty: CType::Void, kernel: true })
    }
}

/// The value of an option that is a number.
fn option_number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let written = || {
        let value = gprobe_lang::number_value(digits)? as i64;
        Some(if negative { value.wrapping_neg() } else { value })
    };
    super::expr::parse_int(text).or_else(written)
}

/// The number of a signal by its name, with or without `SIG`: `signal(7)` of Linux on x86-64.
pub(super) fn signal_number(name: &str) -> Option<u32> {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let upper = name.to_ascii_uppercase();
    let plain = upper.strip_prefix("SIG").unwrap_or(&upper);
    let index = NAMES.iter().position(|known| *known == plain)?;
    u32::try_from(index + 1).ok()
}
