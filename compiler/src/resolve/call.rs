//! Typing calls: functions that give a value, statements, aggregations.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::Resolver;
use super::body::Body;
use super::infer::Held;
use super::typed::{Expr, ExprKind, MapIndex, Stmt, Ty};
use crate::artifact::{Action, MapValue, Type};
use crate::functions::{self, Function, Id};

/// Most frames of a stack, by the kernel's default for `kernel.perf_event_max_stack`.
const MAX_DEPTH: u32 = 127;

impl Body<'_, '_> {
    fn arity(&mut self, function: &Function, args: &[ast::Expr], span: Span) -> bool {
        let (least, most) = function.arity;
        if (least..=most).contains(&args.len()) {
            return true;
        }
        let count = match args.len() {
            1 => "1 argument".to_owned(),
            n => format!("{n} arguments"),
        };
        self.error(
            Diagnostic::error("wrong-arguments", span, format!("`{}` does not take {count}", function.name))
                .help(format!("it is called as `{}`", function.signature)),
        );
        false
    }

    /// A call as a value.
    pub(super) fn call(&mut self, name: &Spanned<String>, args: &[ast::Expr], span: Span) -> Expr {
        let Some(function) = functions::find(&name.value) else {
            return self.unknown_function(name, args, span);
        };
        if !self.arity(function, args, span) {
            return self.broken(span);
        }
        let of = |kind, ty| Expr { kind, ty, span };
        match function.id {
            id if id.is_aggregate() => {
                self.error(
                    Diagnostic::error(
                        "misplaced-aggregation",
                        span,
                        format!("`{}` must be assigned to a map", name.value),
                    )
                    .help(format!(
                        "write `@ = {}` or `@name[key] = {}`",
                        function.signature, function.signature
                    )),
                );
                self.broken(span)
            }
            id if id.is_statement() => {
                self.error(
                    Diagnostic::error("no-value", span, format!("`{}` gives no value", name.value))
                        .help("write it as a statement of its own"),
                );
                self.broken(span)
            }
            Id::HasKey => match self.map_and_key(args, span) {
                Some((map, key)) => of(ExprKind::HasKey(map, key), Ty::BOOL),
                None => self.broken(span),
            },
            Id::Str => self.str(args, span),
            Id::Strftime => match self.literal(args.first(), "a format") {
                Some(text) => {
                    let Some(value) = args.get(1).map(|a| self.expr(a)) else { return self.broken(span) };
                    if !self.need_integer(&value, "a time") {
                        return self.broken(span);
                    }
                    of(value.kind, Ty::Value(Type::Timestamp(text)))
                }
                None => self.broken(span),
            },
            Id::Usym | Id::Funcname => {
                let Some(value) = args.first().map(|a| self.expr(a)) else { return self.broken(span) };
                if !(value.ty.is_scalar() || value.ty == Ty::Unknown) {
                    let message = format!("an address is a number, and this is {}", value.ty.stored());
                    self.error(Diagnostic::error("type-mismatch", value.span, message));
                }
                let ty = if function.id == Id::Usym { Type::UserSymbol } else { Type::UserFunction };
                of(value.kind, Ty::Value(ty))
            }
            Id::Caller => {
                let n = args.first().map_or(Some(0), |a| self.constant(a, "the number of frames", 0, 15));
                if !self.place.has_registers() {
                    self.not_here("caller()", "it needs a probe on a function", span);
                    return self.broken(span);
                }
                match n {
                    Some(n) => {
                        let kind = ExprKind::Caller { n: n as u32, inside: self.place.is_inside() };
                        of(kind, Ty::Value(Type::UserFunction))
                    }
                    None => self.broken(span),
                }
            }
            Id::Ustack | Id::Kstack => {
                let depth = args.first().map_or(Some(i64::from(MAX_DEPTH)), |a| {
                    self.constant(a, "the number of frames", 1, i64::from(MAX_DEPTH))
                });
                match depth {
                    Some(depth) => self.stack(function.id == Id::Ustack, depth as u32, span),
                    None => self.broken(span),
                }
            }
            _ => self.broken(span),
        }
    }

    fn unknown_function(&mut self, name: &Spanned<String>, args: &[ast::Expr], span: Span) -> Expr {
        // Newer bpftrace lets every builtin be called: `pid()`.
        if args.is_empty() && crate::builtins::find(&name.value).is_some() {
            return self.ident(&name.value, span);
        }
        let mut diagnostic = Diagnostic::error(
            "unknown-function",
            name.span,
            format!("there is no function `{}`", name.value),
        );
        if let Some(hint) = did_you_mean(&name.value, functions::FUNCTIONS.iter().map(|f| f.name)) {
            diagnostic = diagnostic.help(hint);
        }
        self.error(diagnostic);
        self.broken(span)
    }

    /// `ustack` and `kstack`.
    pub(super) fn stack(&mut self, user: bool, depth: u32, span: Span) -> Expr {
        let name = if user { "ustack" } else { "kstack" };
        if !self.place.has_stack() {
            self.not_here(name, "begin, end and interval probes run in gprobe itself", span);
            return self.broken(span);
        }
        let ty = if user { Type::UserStack { depth } } else { Type::KernelStack { depth } };
        Expr { kind: ExprKind::Stack { user, depth }, ty: Ty::Value(ty), span }
    }

    pub(super) fn not_here(&mut self, what: &str, why: &str, span: Span) {
        let probe = self.place.describe();
        self.error(
            Diagnostic::error("not-in-this-probe", span, format!("`{what}` has no meaning in {probe}"))
                .note(why.to_owned()),
        );
    }

    fn str(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let Some(first) = args.first() else { return self.broken(span) };
        if let Ast::Positional(n) = first.kind {
            let text = n
                .checked_sub(1)
                .and_then(|i| self.cx.target.params.get(i as usize))
                .cloned()
                .unwrap_or_default();
            let max = (text.len() as u32 + 4).next_multiple_of(8).max(8) - 4;
            return Expr { kind: ExprKind::Str(text.into_bytes()), ty: Ty::string(max), span };
        }
        let addr = self.expr(first);
        if addr.ty.is_string() {
            return addr;
        }
        if !(addr.ty.is_scalar() || addr.ty == Ty::Unknown) {
            let message = format!("an address is a number or a pointer, and this is {}", addr.ty.stored());
            self.error(Diagnostic::error("type-mismatch", addr.span, message));
            return self.broken(span);
        }
        let mut max = self.cx.options.max_strlen;
        let mut limit = None;
        if let Some(length) = args.get(1) {
            let length = self.expr(length);
            match length.kind {
                ExprKind::Int(n) if n >= 0 => max = max.min(n as u32),
                _ => {
                    self.need_integer(&length, "a length");
                    limit = Some(Box::new(length));
                }
            }
        }
        Expr {
            kind: ExprKind::CStr { addr: Box::new(addr), kernel: false, limit },
            ty: Ty::string(max),
            span,
        }
    }

    /// A number that must be known now.
    pub(super) fn constant(&mut self, expr: &ast::Expr, what: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.expr(expr);
        match value.kind {
            ExprKind::Int(n) if (least..=most).contains(&n) => Some(n),
            ExprKind::Int(n) => {
                self.error(Diagnostic::error(
                    "out-of-range",
                    value.span,
                    format!("{what} must be {least} to {most}, not {n}"),
                ));
                None
            }
            _ => {
                self.error(Diagnostic::error(
                    "not-constant",
                    value.span,
                    format!("{what} must be a number written in the script"),
                ));
                None
            }
        }
    }

    pub(super) fn literal(&mut self, expr: Option<&ast::Expr>, what: &str) -> Option<String> {
        let expr = expr?;
        match &expr.kind {
            Ast::Str(bytes) => match String::from_utf8(bytes.clone()) {
                Ok(text) => Some(text),
                Err(_) => {
                    self.error(Diagnostic::error("not-utf8", expr.span, format!("{what} must be UTF-8")));
                    None
                }
            },
            _ => {
                self.error(Diagnostic::error(
                    "not-constant",
                    expr.span,
                    format!("{what} must be a string written in the script"),
                ));
                None
            }
        }
    }

    /// `(@m, key)` or `(@m[key])`.
    fn map_and_key(&mut self, args: &[ast::Expr], span: Span) -> Option<(MapIndex, Vec<Expr>)> {
        let first = args.first()?;
        let Ast::Map { name, key } = &first.kind else {
            self.error(Diagnostic::error("not-a-map", first.span, "this must be a map"));
            return None;
        };
        match (key, args.get(1)) {
            (None, Some(key)) => Some(self.map_key(name, Some(std::slice::from_ref(key)), first.span)),
            (key, None) => Some(self.map_key(name, key.as_deref(), first.span)),
            (Some(_), Some(_)) => {
                self.error(Diagnostic::error("wrong-arguments", span, "the key is given twice"));
                None
            }
        }
    }

    pub(super) fn whole_map(&mut self, expr: &ast::Expr) -> Option<MapIndex> {
        match &expr.kind {
            Ast::Map { name, key: None } => Some(self.cx.map(name, expr.span)),
            Ast::Map { name, .. } => {
                self.error(
                    Diagnostic::error("not-a-map", expr.span, "this is one element of a map, not the map")
                        .help(format!("write `@{name}`")),
                );
                None
            }
            _ => {
                self.error(Diagnostic::error("not-a-map", expr.span, "this must be a map"));
                None
            }
        }
    }

    /// `@x = f(...)`: what the map holds, and the value that goes in.
    pub(super) fn aggregate(
        &mut self,
        function: &Function,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<(MapValue, Option<Expr>)> {
        if !self.arity(function, args, span) {
            return None;
        }
        let Some(first) = args.first() else { return Some((MapValue::Count, None)) };
        let value = self.expr(first);
        if !self.need_integer(&value, "aggregated") {
            return None;
        }
        let signed = value.ty.is_signed();
        let held = match function.id {
            Id::Sum => MapValue::Sum { signed },
            Id::Avg => MapValue::Avg { signed },
            Id::Min => MapValue::Min { signed },
            Id::Max => MapValue::Max { signed },
            Id::Stats => MapValue::Stats { signed },
            Id::Hist => {
                let bits = args.get(1).map_or(Some(0), |a| self.constant(a, "the number of bits", 0, 5))?;
                MapValue::Hist { bits: bits as u8 }
            }
            _ => {
                let mut part = |i: usize, what: &str, least: i64| {
                    args.get(i).and_then(|a| self.constant(a, what, least, i64::MAX / 4))
                };
                let min = part(1, "the least value", i64::MIN / 4)?;
                let max = part(2, "the largest value", i64::MIN / 4)?;
                let step = part(3, "the step", 1)?;
                let buckets = (max - min) / step;
                if max <= min || buckets > 1000 || (max - min) % step != 0 {
                    let why = if max <= min {
                        "its largest value must be above its least".to_owned()
                    } else if buckets > 1000 {
                        format!("it would have {buckets} buckets, and 1000 is the most")
                    } else {
                        format!("{step} does not divide {min}..{max}")
                    };
                    self.error(Diagnostic::error(
                        "out-of-range",
                        span,
                        format!("this lhist can't be: {why}"),
                    ));
                    return None;
                }
                MapValue::LHist { min, max, step }
            }
        };
        Some((held, Some(value)))
    }

    /// A call as a statement.
    pub(super) fn call_stmt(&mut self, function: &Function, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        if !self.arity(function, args, span) {
            return None;
        }
        let first = args.first();
        match function.id {
            Id::Printf => self.printf(args, span),
            Id::Print => self.print(args, span),
            Id::Clear | Id::Zero => {
                let map = self.whole_map(first?)?.0 as usize;
                let action =
                    if function.id == Id::Clear { Action::Clear { map } } else { Action::Zero { map } };
                Some(Stmt::Emit { action: self.cx.action(action), args: Vec::new() })
            }
            Id::Delete => {
                let (map, key) = self.map_and_key(args, span)?;
                Some(Stmt::Delete { map, key })
            }
            Id::Time => {
                let format = match first {
                    None => "%H:%M:%S\n".to_owned(),
                    Some(_) => self.literal(first, "the format")?,
                };
                Some(Stmt::Emit { action: self.cx.action(Action::Time { format }), args: Vec::new() })
            }
            _ => {
                let code = match first {
                    None => Expr { kind: ExprKind::Int(0), ty: Ty::I64, span },
                    Some(code) => {
                        let code = self.expr(code);
                        if !self.need_integer(&code, "an exit code") {
                            return None;
                        }
                        code
                    }
                };
                Some(Stmt::Exit { action: self.cx.action(Action::Exit), code })
            }
        }
    }
}

impl Resolver<'_> {
    /// The index of an action; equal ones share it, so that equal bodies stay equal.
    pub(super) fn action(&mut self, action: Action) -> usize {
        if let Some(index) = self.actions.iter().position(|a| *a == action) {
            return index;
        }
        self.actions.push(action);
        self.actions.len() - 1
    }
}

impl Held {
    /// As the artifact says it.
    pub(super) fn map_value(&self) -> MapValue {
        match self {
            Held::Plain(ty) => MapValue::Plain(ty.stored()),
            Held::Aggregate(value) => value.clone(),
        }
    }
}
