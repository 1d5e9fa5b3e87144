//! Typing calls: functions that give a value, statements, aggregations.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{Span, Spanned};

use super::Resolver;
use super::body::Body;
use super::infer::Held;
use super::typed::{Expr, ExprKind, MapIndex, Pointee, Stmt, Ty};
use crate::artifact::{Action, MapValue, TSeries, TSeriesKind, Type};
use crate::functions::{self, Function, Id};
use crate::x64;

impl Body<'_, '_> {
    fn arity(&mut self, function: &Function, args: &[ast::Expr], span: Span) -> bool {
        let (least, most) = function.arity;
        if (least..=most).contains(&args.len()) {
            return true;
        }
        let count = match args.len() {
            0 => "no arguments".to_owned(),
            1 => "1 argument".to_owned(),
            n => format!("{n} arguments"),
        };
        self.error(
            Diagnostic::error(
                "wrong-arguments",
                span,
                format!("`{}` can't be called with {count}", function.name),
            )
            .help(format!("it is called as `{}`", function.signature)),
        );
        false
    }

    /// A call as a value.
    pub(super) fn call(&mut self, name: &Spanned<String>, args: &[ast::Expr], span: Span) -> Expr {
        let Some(function) = functions::find(&name.value) else {
            return self.unknown_function(name, args, span);
        };
        if args.is_empty() && crate::builtins::find(&name.value).is_some() {
            return self.ident(&name.value, span);
        }
        if !self.arity(function, args, span) {
            return self.broken(span);
        }
        let of = |kind, ty| Expr { kind, ty, span };
        let first = args.first();
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
            Id::Delete => match self.map_and_key(args, span) {
                Some((map, key)) => {
                    // Whether it was there, then that it is gone.
                    let there = of(ExprKind::HasKey(map, key.clone()), Ty::BOOL);
                    self.scoped(|body| {
                        let var = body.declare("delete", Ty::BOOL, true, span);
                        body.mark_read(var);
                        let stmts = vec![Stmt::SetVar(var, there), Stmt::Delete { map, key }];
                        let value = of(ExprKind::Var(var), Ty::BOOL);
                        of(ExprKind::Block(stmts, Box::new(value)), Ty::BOOL)
                    })
                }
                None => self.broken(span),
            },
            Id::Fail => {
                self.fail(args, span);
                self.broken(span)
            }
            id if id.is_statement() => {
                self.error(
                    Diagnostic::error("no-value", span, format!("`{}` gives no value", name.value))
                        .help("write it as a statement of its own"),
                );
                self.broken(span)
            }
            Id::HasKey if first.is_some_and(|map| !matches!(map.kind, Ast::Map { .. })) => {
                let found = first.zip(args.get(1)).and_then(|(map, key)| self.go_map_has_key(map, key, span));
                found.unwrap_or_else(|| self.broken(span))
            }
            Id::HasKey if !self.has_keys(first, "has_key", span) => self.broken(span),
            Id::HasKey => match self.map_and_key(args, span) {
                Some((map, key)) => of(ExprKind::HasKey(map, key), Ty::BOOL),
                None => self.broken(span),
            },
            Id::Find => self.find(args, span),
            Id::HasFunc => self.has_func(first, span),
            Id::Entry => self.misplaced_entry(span),
            Id::Len => self.len(first, span),
            Id::Cap => match first.and_then(|arg| self.go_len(arg, true, span)) {
                Some(value) => value,
                None => {
                    self.error(
                        Diagnostic::error("type-mismatch", span, "this has no capacity")
                            .help("`cap` is for Go's slices and channels"),
                    );
                    self.broken(span)
                }
            },
            Id::Gotype => match first {
                Some(arg) => self.go_type_name(arg, span),
                None => self.broken(span),
            },
            Id::Gvar => match self.literal_or_param(first, "a variable's name") {
                Some(name) => match self.named_variable(&name, span) {
                    Some(value) => self.read(&value, span),
                    None => self.broken(span),
                },
                None => self.broken(span),
            },
            Id::Str => self.str(args, span),
            Id::Buf => self.buf(args, span),
            Id::Strlen => self
                .string_argument(first)
                .map_or_else(|| self.broken(span), |text| of(ExprKind::StrLen(Box::new(text)), Ty::U64)),
            Id::Strcontains | Id::Strstr => {
                let position = function.id == Id::Strstr;
                let (text, part) = (self.string_argument(first), self.string_argument(args.get(1)));
                let (Some(text), Some(part)) = (text, part) else { return self.broken(span) };
                let (text, part) = (Box::new(text), Box::new(part));
                let ty = if position { Ty::I64 } else { Ty::BOOL };
                of(ExprKind::StrFind { text, part, position }, ty)
            }
            Id::Strncmp | Id::Memcmp => self.compare_bytes(function.id == Id::Memcmp, args, span),
            Id::Bswap => self.bswap(first, span),
            Id::Strftime if matches!(args.get(1).map(|arg| &arg.kind), Some(Ast::Str(_))) => {
                self.error(
                    Diagnostic::error("wrong-arguments", span, "the format comes first, and then the time")
                        .help("write `strftime(\"%H:%M:%S\", nsecs)`"),
                );
                self.broken(span)
            }
            Id::Strftime => match self.literal(first, "a format") {
                Some(text) => {
                    let Some(value) = args.get(1).map(|a| self.expr(a)) else { return self.broken(span) };
                    if !self.need_integer(&value, "a time") {
                        return self.broken(span);
                    }
                    of(value.kind, Ty::Value(Type::Timestamp(text)))
                }
                None => self.broken(span),
            },
            Id::Usym | Id::Funcname | Id::Ksym => {
                let ty = match function.id {
                    Id::Usym => Type::UserSymbol,
                    Id::Ksym => Type::KernelSymbol,
                    _ => Type::UserFunction,
                };
                self.relabelled(first, "an address", ty, span)
            }
            Id::Strerror => self.relabelled(first, "an error number", Type::ErrorText, span),
            Id::SyscallName => self.relabelled(first, "a system call", Type::SyscallName, span),
            Id::SignalName => self.relabelled(first, "a signal", Type::SignalName, span),
            Id::CgroupPath => self.relabelled(first, "a cgroup's id", Type::CgroupPath, span),
            Id::Duration => self.relabelled(first, "a duration", Type::Duration, span),
            Id::Bytes => self.relabelled(first, "a size", Type::Size, span),
            Id::Macaddr => self.macaddr(first, span),
            Id::Ntop => self.ntop(args, span),
            Id::Pton => self.pton(first, span),
            Id::Reg => self.reg(first, span),
            Id::Nsecs => self.nsecs(first, span),
            Id::Pid => self.task_id("pid", first, span),
            Id::Tid => self.task_id("tid", first, span),
            Id::Uptr | Id::Kptr => {
                let Some(value) = first.map(|a| self.expr(a)) else { return self.broken(span) };
                let kernel = function.id == Id::Kptr;
                let ty = match value.ty {
                    Ty::Pointer(Pointee::C { ty, .. }) => Ty::Pointer(Pointee::C { ty, kernel }),
                    other => other,
                };
                of(value.kind, ty)
            }
            Id::Kaddr => match self.literal_or_param(first, "a symbol's name") {
                Some(text) => match self.cx.target.world.kernel_symbol(&text) {
                    Ok(addr) => of(ExprKind::Int(addr as i64), Ty::U64),
                    Err(absent) => {
                        self.error(
                            Diagnostic::error("unknown-name", span, absent.reason)
                                .help("`/proc/kallsyms` lists the kernel's symbols, to root alone"),
                        );
                        self.broken(span)
                    }
                },
                None => self.broken(span),
            },
            Id::Cgroupid => match self.literal_or_param(first, "a path") {
                Some(text) => match self.cx.target.world.cgroup_id(&text) {
                    Ok(id) => of(ExprKind::Int(id as i64), Ty::U64),
                    Err(absent) => {
                        self.error(
                            Diagnostic::error("unknown-name", span, absent.reason)
                                .help("write a folder below `/sys/fs/cgroup`"),
                        );
                        self.broken(span)
                    }
                },
                None => self.broken(span),
            },
            Id::Getopt => self.getopt(args, span),
            Id::DefaultStrLength => of(ExprKind::Int(i64::from(self.cx.options.max_strlen)), Ty::U64),
            Id::IsArray | Id::IsInteger | Id::IsPtr | Id::IsStr | Id::IsUnsignedInteger | Id::IsLiteral => {
                self.question(function.id, first, span)
            }
            Id::Caller => {
                if !self.place.has_registers() {
                    self.not_here("caller()", "it needs a probe on a function", span);
                    return self.broken(span);
                }
                if let Some(outside) = self.outside_caller(first, span) {
                    return outside;
                }
                let n = first.map_or(Some(0), |a| self.constant(a, "the number of frames", 0, 15));
                match n {
                    Some(n) => {
                        // A copy has no frame: what it is called by is the function that it is in.
                        let kind = match (n as u32, self.place.is_copy()) {
                            (0, true) => ExprKind::Context { offset: x64::RIP, bytes: 8, signed: false },
                            (n, copy) => {
                                ExprKind::Caller { n: n - u32::from(copy), own: self.place.own_frame() }
                            }
                        };
                        of(kind, Ty::Value(Type::UserFunction))
                    }
                    None => self.broken(span),
                }
            }
            Id::Label => self.label(args, span),
            Id::Ustack | Id::Kstack | Id::Gostack => self.stack_call(function.id, args, span),
            _ => self.broken(span),
        }
    }

    /// A number that is shown in another way.
    fn relabelled(&mut self, arg: Option<&ast::Expr>, what: &str, ty: Type, span: Span) -> Expr {
        let Some(value) = arg.map(|a| self.expr(a)) else { return self.broken(span) };
        if !(value.ty.is_scalar() || value.ty == Ty::Unknown) {
            let message = format!("{what} is a number, and this is {}", value.ty.describe());
            self.error(
                Diagnostic::error("type-mismatch", value.span, message)
                    .help("what is text already is shown as it is"),
            );
            return self.broken(span);
        }
        Expr { kind: value.kind, ty: Ty::Value(ty), span }
    }

    fn unknown_function(&mut self, name: &Spanned<String>, args: &[ast::Expr], span: Span) -> Expr {
        // Newer bpftrace lets every builtin be called: `pid()`.
        if args.is_empty() && crate::builtins::find(&name.value).is_some() {
            return self.ident(&name.value, span);
        }
        let message = format!("there is no function `{}`", name.value);
        let instead = self.other_function(&name.value);
        self.error(Diagnostic::error("unknown-function", name.span, message).help(instead));
        self.broken(span)
    }

    /// `find(@m, key, $out)`
    fn find(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let [map_arg, key, out] = args else { return self.broken(span) };
        if !self.has_keys(Some(map_arg), "find", span) {
            return self.broken(span);
        }
        let Some((map, key)) = self.map_and_key(&[map_arg.clone(), key.clone()], span) else {
            return self.broken(span);
        };
        let Ast::Var(name) = &out.kind else {
            self.error(Diagnostic::error("not-assignable", out.span, "the entry goes to a variable: `$out`"));
            return self.broken(span);
        };
        self.cx.mark_read(map);
        let element = match self.cx.held(map) {
            Some(Held::Plain(ty)) => ty,
            None => Ty::Unknown,
            Some(Held::Aggregate(_)) => {
                self.error(Diagnostic::error(
                    "type-mismatch",
                    map_arg.span,
                    "`find` is for maps of plain values; read an aggregation as `@m[key]`",
                ));
                return self.broken(span);
            }
        };
        let value = Expr { kind: ExprKind::Int(0), ty: element, span };
        let Some((var, _)) = self.assign_var(name, value, out.span) else { return self.broken(span) };
        self.mark_read(var);
        Expr { kind: ExprKind::Find { map, key, var }, ty: Ty::BOOL, span }
    }

    fn len(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(arg) = arg else { return self.broken(span) };
        if let Ast::Map { name, key: None } = &arg.kind {
            let map = self.cx.map(name, arg.span);
            let is_stack = matches!(
                self.cx.held(map),
                Some(Held::Plain(Ty::Value(Type::UserStack { .. } | Type::KernelStack { .. })))
            );
            if !is_stack {
                self.cx.mark_read(map);
                if !self.has_keys(Some(arg), "len", span) {
                    return self.broken(span);
                }
                if !self.cx.target.kernel.for_each_map {
                    self.error(
                        Diagnostic::error(
                            "kernel-too-old",
                            span,
                            "this kernel does not let a probe count a map's entries",
                        )
                        .note("it came with Linux 5.13")
                        .help(format!(
                            "count what is added in a map of its own, or print the map: `print(@{name})`"
                        )),
                    );
                }
                return Expr { kind: ExprKind::MapLen(map), ty: Ty::I64, span };
            }
        }
        if let Some(value) = self.go_len(arg, false, span) {
            return value;
        }
        let value = self.expr(arg);
        match &value.ty {
            Ty::Value(Type::UserStack { depth, .. }) => {
                let kind = ExprKind::StackLen { user: true, depth: *depth };
                Expr { kind, ty: Ty::I64, span }
            }
            Ty::Value(Type::KernelStack { depth, .. }) => {
                let kind = ExprKind::StackLen { user: false, depth: *depth };
                Expr { kind, ty: Ty::I64, span }
            }
            Ty::Value(Type::Str { .. }) => {
                Expr { kind: ExprKind::StrLen(Box::new(value)), ty: Ty::U64, span }
            }
            Ty::Unknown => self.broken(span),
            _ => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        value.span,
                        format!("{} has no length", value.ty.describe()),
                    )
                    .help("`len` counts a map's entries or a stack's frames"),
                );
                self.broken(span)
            }
        }
    }

    /// Whether a map has keys; a scalar map has none.
    fn has_keys(&mut self, map: Option<&ast::Expr>, function: &str, span: Span) -> bool {
        let Some(Ast::Map { name, key: None }) = map.map(|map| &map.kind) else { return true };
        let index = self.cx.map(name, span);
        if self.cx.is_scalar_map(index) && self.cx.last_round {
            self.error(
                Diagnostic::error(
                    "type-mismatch",
                    map.map_or(span, |map| map.span),
                    format!("call to {function}() expects a map with explicit keys (non-scalar map)"),
                )
                .label("a single value")
                .help(format!("read the value itself: `@{name}`")),
            );
            return false;
        }
        true
    }

    pub(super) fn not_here(&mut self, what: &str, why: &str, span: Span) {
        let probe = self.place.describe();
        // Behind a semicolon stands what to do.
        let (why, instead) = why.split_once("; ").unwrap_or((why, "move it to a probe where it has one"));
        self.error(
            Diagnostic::error("not-in-this-probe", span, format!("`{what}` has no meaning in {probe}"))
                .note(why.to_owned())
                .help(instead),
        );
    }

    /// `pid(init)`: the number that the kernel itself counts by; `pid(curr_ns)`: the one that gprobe sees.
    fn task_id(&mut self, name: &str, namespace: Option<&ast::Expr>, span: Span) -> Expr {
        let seen = self.ident(name, span);
        let kind = match namespace.map(|arg| (&arg.kind, arg.span)) {
            None => return seen,
            Some((Ast::Ident(word), _)) if word == "curr_ns" => return seen,
            Some((Ast::Ident(word), _)) if word == "init" => match name {
                "pid" => crate::builtins::Id::InitPid,
                _ => crate::builtins::Id::InitTid,
            },
            Some((_, span)) => {
                self.error(Diagnostic::error("wrong-arguments", span, "this is no namespace").help(
                    "write `init` for the kernel's own numbers, or `curr_ns` for those that gprobe sees",
                ));
                return seen;
            }
        };
        Expr { kind: ExprKind::Builtin(kind), ..seen }
    }

    /// `(@m, key)` or `(@m[key])`.
    fn map_and_key(&mut self, args: &[ast::Expr], span: Span) -> Option<(MapIndex, Vec<Expr>)> {
        let first = args.first()?;
        let Ast::Map { name, key } = &first.kind else {
            self.not_a_map(first);
            return None;
        };
        match (key, args.get(1)) {
            (None, Some(key)) => Some(self.map_key(name, Some(std::slice::from_ref(key)), first.span)),
            (key, None) => Some(self.map_key(name, key.as_deref(), first.span)),
            (Some(_), Some(_)) => {
                self.error(
                    Diagnostic::error("wrong-arguments", span, "the key is given twice")
                        .help(format!("write `@{name}[key]`, or `@{name}, key`")),
                );
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
                        .help(format!(
                            "name the map alone, `@{name}`; to remove this element, `delete(@{name}[...])`"
                        )),
                );
                None
            }
            _ => {
                self.not_a_map(expr);
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
            Id::Tseries => self.tseries(args, signed, span)?,
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
                    self.error(
                        Diagnostic::error("out-of-range", span, format!("this lhist can't be: {why}")).help(
                            "it is called as `lhist(n, min, max, step)`: `lhist(n, 0, 100, 10)` has 10 steps",
                        ),
                    );
                    return None;
                }
                MapValue::LHist { min, max, step }
            }
        };
        Some((held, Some(value)))
    }

    fn tseries(&mut self, args: &[ast::Expr], signed: bool, span: Span) -> Option<MapValue> {
        let interval = self.constant(args.get(1)?, "the length of an interval in ns", 1, i64::MAX)?;
        let buckets = self.constant(args.get(2)?, "the number of intervals", 1, 1_000_000)?;
        let kind = match args.get(3) {
            None => TSeriesKind::Last,
            Some(arg) => match self.literal(Some(arg), "the kind")?.as_str() {
                "avg" => TSeriesKind::Avg,
                "max" => TSeriesKind::Max,
                "min" => TSeriesKind::Min,
                "sum" => TSeriesKind::Sum,
                other => {
                    self.error(
                        Diagnostic::error("unknown-name", arg.span, format!("there is no kind `{other}`"))
                            .help("there are \"avg\", \"max\", \"min\" and \"sum\""),
                    );
                    return None;
                }
            },
        };
        let _ = span;
        Some(MapValue::TSeries(TSeries {
            interval_ns: interval as u64,
            buckets: buckets as u32,
            kind,
            signed,
        }))
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
            Id::Table => self.table(args),
            Id::Errorf | Id::Warnf => self.message(function.id == Id::Errorf, args, span),
            Id::System => self.system(args, span),
            Id::Cat => self.cat(args, span),
            Id::Join => self.join_strings(args, span),
            Id::Assert => self.assert(args, span),
            Id::Fail => {
                self.fail(args, span);
                None
            }
            Id::Signal | Id::SignalThread => self.signal(function.id == Id::SignalThread, first?, span),
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
        // Those of earlier programs tell what those programs did.
        let own = self.actions.iter().skip(self.first_action).position(|a| *a == action);
        if let Some(index) = own {
            return self.first_action + index;
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
