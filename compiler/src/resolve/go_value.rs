//! Go values: arguments and results by their names and types, and fields through pointers.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{Location, TypeId, TypeKind};

use super::body::{Body, not_yet};
use super::go_pieces::pieces;
use super::place::Place;
use super::typed::{Arith, Expr, ExprKind, GoImage, Pointee, Ty};
use crate::artifact::{GoType, Type};
use crate::target::TargetBinary;
use crate::x64;

/// How deep embedded structs are searched for a promoted field.
const MAX_EMBEDDING: usize = 8;

/// Where a Go value is.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// In the target's memory, at this address.
    Memory(Expr),
    /// Where the function's arguments or results are: offset in the value, bytes, and the piece's
    /// location; and how far into the value the wanted part begins.
    Pieces(Vec<(u64, u64, Location)>, u64),
}

impl At {
    /// So many bytes further.
    pub(super) fn moved(self, offset: u64) -> Self {
        match self {
            Self::Memory(addr) => Self::Memory(plus(addr, offset)),
            Self::Pieces(pieces, start) => Self::Pieces(pieces, start + offset),
        }
    }
}

/// A Go value: where, and of which type.
pub(super) struct Value {
    pub(super) at: At,
    pub(super) ty: TypeId,
}

impl Value {
    /// At an address.
    pub(super) fn in_memory(addr: Expr, ty: TypeId) -> Self {
        Self { at: At::Memory(addr), ty }
    }
}

/// A Go value that has not been read, or any other value.
pub(super) enum Located {
    Go(Value),
    Expr(Expr),
}

impl Body<'_, '_> {
    pub(super) fn executable(&mut self, span: Span) -> Option<TargetBinary> {
        match self.cx.go_executable() {
            Some(executable) => Some(executable.clone()),
            None => {
                self.error(
                    Diagnostic::error(
                        "no-target",
                        span,
                        "Go types are read from a Go program, and none is named",
                    )
                    .help("name one with -p PID, -c COMMAND or -x BINARY"),
                );
                None
            }
        }
    }

    /// `args.NAME` in a probe on a function.
    pub(super) fn go_arg(&mut self, name: &Spanned<String>, span: Span) -> Expr {
        match self.go_arg_value(name, span) {
            Some(value) => self.read(&value, span),
            None => self.broken(span),
        }
    }

    fn go_arg_value(&mut self, name: &Spanned<String>, span: Span) -> Option<Value> {
        let Place::Function { binary, function, site, ret, inside, copy, .. } = self.place else {
            return None;
        };
        if *ret {
            self.not_here(
                "args",
                "on the way out, arguments are gone; keep what you need in a map at the entry",
                span,
            );
            return None;
        }
        let file = self.cx.binaries.get(*binary)?.clone();
        let params = match copy {
            Some(source) => self.cx.params_of_copy(*binary, &file.binary, function, *site, source),
            None => self.cx.params(*binary, &file.binary, function),
        };
        let called = copy.as_deref().unwrap_or(&function.name);
        let params = match params {
            Ok(params) => params,
            Err(reason) => {
                let diagnostic = Diagnostic::error(
                    "no-arguments",
                    span,
                    format!("the arguments of `{called}` are not known by name"),
                );
                self.error(diagnostic.note(reason).help(match inside {
                    true => "keep what you need in a map at the entry of a function that has it",
                    false => "read integers by register: arg0, arg1, ...",
                }));
                return None;
            }
        };
        let arguments: Vec<&gprobe_symbols::Param> = params.iter().filter(|p| !p.is_result).collect();
        let Some(param) = arguments.iter().find(|p| p.name == name.value) else {
            let captured = if copy.is_some() { Ok(Vec::new()) } else { file.binary.captured(function) };
            let captured = captured.unwrap_or_default();
            if let Some(found) = captured.iter().find(|captured| captured.name == name.value) {
                return self.captured_value(found, span);
            }
            let captured = captured.iter().map(|captured| captured.name.as_str());
            let names = arguments.iter().map(|p| p.name.as_str()).chain(captured);
            self.error(super::advice::no_argument(called, name, names));
            return None;
        };
        let mut location = param.location_at(*site);
        if location == Location::Unavailable && !inside {
            // Never used, so the compiler lost sight of it; the caller has put it there all the same.
            let by_abi = file.binary.params_by_abi(function).unwrap_or_default();
            let same = by_abi.iter().find(|p| !p.is_result && p.name == name.value);
            location = same.map_or(Location::Unavailable, |p| p.location_at(*site));
        }
        match pieces(&file.binary, param.ty, location) {
            Some(pieces) => Some(Value { at: At::Pieces(pieces, 0), ty: param.ty }),
            None => {
                self.error(super::advice::not_located(&name.value, *inside, span));
                None
            }
        }
    }

    /// `retval`
    pub(super) fn retval(&mut self, span: Span) -> Expr {
        if let Place::Kernel { ret: true, .. } = self.place {
            let kind = ExprKind::Context { offset: x64::RAX, bytes: 8, signed: false };
            return Expr { kind, ty: Ty::U64, span };
        }
        let Place::Function { binary, function, site, ret, go, .. } = self.place else {
            self.not_here(
                "retval",
                "there is a result only where a function returns; write `go:FUNCTION:return`",
                span,
            );
            return self.broken(span);
        };
        if !ret {
            self.not_here(
                "retval",
                "there is a result only on the way out; write `go:FUNCTION:return` or `uretprobe:...`",
                span,
            );
            return self.broken(span);
        }
        let rax =
            Expr { kind: ExprKind::Context { offset: x64::RAX, bytes: 8, signed: false }, ty: Ty::U64, span };
        if !go {
            return rax;
        }
        let Some(file) = self.cx.binaries.get(*binary).cloned() else { return self.broken(span) };
        let Ok(results) = file.binary.results_at_return(function) else { return rax };
        let Some(param) = results.first() else {
            self.error(
                Diagnostic::error("no-value", span, format!("`{}` returns nothing", function.name))
                    .help("`gprobe list -v` shows what functions take and return"),
            );
            return self.broken(span);
        };
        match pieces(&file.binary, param.ty, param.location_at(*site)) {
            Some(pieces) => self.read(&Value { at: At::Pieces(pieces, 0), ty: param.ty }, span),
            None => {
                self.error(
                    Diagnostic::error(
                        "unreadable",
                        span,
                        format!("the first result of `{}` can't be read", function.name),
                    )
                    .note("it is passed in a floating-point register, which the kernel does not show"),
                );
                self.broken(span)
            }
        }
    }

    /// `x.name`
    pub(super) fn select_field(&mut self, base: &ast::Expr, name: &Spanned<String>, span: Span) -> Expr {
        match self.located_field(base, name, span) {
            Some(Located::Go(value)) => self.read(&value, span),
            Some(Located::Expr(value)) => value,
            None => self.broken(span),
        }
    }

    fn located_field(&mut self, base: &ast::Expr, name: &Spanned<String>, span: Span) -> Option<Located> {
        if matches!(&base.kind, Ast::Ident(root) if root == "args")
            && matches!(self.place, Place::Function { go: true, .. })
        {
            return match self.place.atomic() {
                Some(atomic) => self.atomic_arg(atomic, name, span).map(Located::Expr),
                None => self.go_arg_value(name, span).map(Located::Go),
            };
        }
        if let Ast::Ident(root) = &base.kind {
            if root == "ret" && matches!(self.place, Place::Function { go: true, .. }) {
                return self.go_result(name, span).map(Located::Go);
            }
            if let Some(found) = self.package_variable(root, name, span) {
                return found.map(Located::Go);
            }
        }
        match self.located(base)? {
            Located::Go(value) => self.select(value, name).map(Located::Go),
            Located::Expr(value) => match value.ty {
                Ty::Pointer(Pointee::Go(ty)) => {
                    self.select(Value { at: At::Memory(value), ty }, name).map(Located::Go)
                }
                _ => Some(Located::Expr(self.c_field(value, name, span))),
            },
        }
    }

    /// A value where it is, if it is a Go value: it may be too large to be read whole for a part of it.
    pub(super) fn located(&mut self, expr: &ast::Expr) -> Option<Located> {
        match &expr.kind {
            Ast::Field(base, name) if !self.is_tracepoint_args(base) => {
                self.located_field(base, name, expr.span)
            }
            Ast::Index(base, index) => self.located_element(base, index, expr.span),
            Ast::Call { args, .. } if is_gvar(expr) => {
                let name = self.literal_or_param(args.first(), "a variable's name")?;
                self.named_variable(&name, expr.span).map(Located::Go)
            }
            Ast::Unary(ast::UnaryOp::Deref, inner) => match self.located(inner)? {
                Located::Go(value) => self.pointee(value, expr.span).map(Located::Go),
                Located::Expr(value) => match value.ty {
                    Ty::Pointer(Pointee::Go(ty)) => Some(Located::Go(Value { at: At::Memory(value), ty })),
                    _ => Some(Located::Expr(self.deref(value, expr.span))),
                },
            },
            Ast::Ident(name)
                if name == "retval" && matches!(self.place, Place::Function { go: true, ret: true, .. }) =>
            {
                match self.first_result(expr.span)? {
                    Some(value) => Some(Located::Go(value)),
                    None => Some(Located::Expr(self.retval(expr.span))),
                }
            }
            _ => Some(Located::Expr(self.expr(expr))),
        }
    }

    fn is_tracepoint_args(&self, base: &ast::Expr) -> bool {
        matches!(&base.kind, Ast::Ident(root) if root == "args")
            && !matches!(self.place, Place::Function { go: true, .. })
    }

    /// `*x` where x is a Go pointer that has not been read.
    pub(super) fn pointee(&mut self, value: Value, span: Span) -> Option<Value> {
        let executable = self.executable(span)?;
        let ty = self.go_type(&executable, value.ty, span)?;
        match ty.kind {
            TypeKind::Pointer(Some(pointee)) => {
                let addr = self.word(&value, 0, 8, false, span)?;
                Some(Value { at: At::Memory(addr), ty: pointee })
            }
            _ => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        span,
                        format!("only a pointer can be followed, and this is {}", ty.name),
                    )
                    .help("leave the `*` away"),
                );
                None
            }
        }
    }

    /// `gotype(x)`: the type of a Go value, of an interface that of what it holds.
    pub(super) fn go_type_name(&mut self, arg: &ast::Expr, span: Span) -> Expr {
        let value = match self.located(arg) {
            Some(Located::Go(value)) => value,
            Some(Located::Expr(value)) if value.ty == Ty::Unknown => return self.broken(span),
            Some(Located::Expr(value)) => {
                let text = value.ty.describe();
                return self.found_string(&text, span);
            }
            None => return self.broken(span),
        };
        let Some(executable) = self.executable(span) else { return self.broken(span) };
        let Some(ty) = self.go_type(&executable, value.ty, span) else { return self.broken(span) };
        if let Some(exact) = self.exact_type(arg) {
            self.cx.names_go_types = true;
            return Expr { kind: exact.kind, ty: Ty::Value(Type::GoTypeName), span };
        }
        let TypeKind::Interface { empty } = ty.kind else {
            return self.found_string(&ty.name, span);
        };
        let Some(head) = self.word(&value, 0, 8, false, span) else { return self.broken(span) };
        self.cx.names_go_types = true;
        let head = if empty {
            head
        } else {
            let zero = Box::new(Expr { kind: ExprKind::Int(0), ty: Ty::I64, span });
            let there = ExprKind::Compare(super::typed::Compare::Ne, Box::new(head.clone()), zero.clone());
            let there = Box::new(Expr { kind: there, ty: Ty::BOOL, span });
            let addr = Box::new(plus(head, 8));
            let read = Box::new(Expr {
                kind: ExprKind::ReadUser { addr, bytes: 8, signed: false },
                ty: Ty::U64,
                span,
            });
            Expr { kind: ExprKind::Ternary(there, read, zero), ty: Ty::U64, span }
        };
        Expr { kind: head.kind, ty: Ty::Value(Type::GoTypeName), span }
    }

    /// `ret.NAME`
    fn go_result(&mut self, name: &Spanned<String>, span: Span) -> Option<Value> {
        let Place::Function { binary, function, site, ret, .. } = self.place else { return None };
        if !ret {
            self.not_here("ret", "there are results only on the way out; write `go:FUNCTION:return`", span);
            return None;
        }
        let file = self.cx.binaries.get(*binary)?.clone();
        let results = match file.binary.results_at_return(function) {
            Ok(results) => results,
            Err(reason) => {
                self.error(
                    Diagnostic::error(
                        "no-arguments",
                        span,
                        format!("the results of `{}` are not known by name", function.name),
                    )
                    .note(reason.to_string()),
                );
                return None;
            }
        };
        let Some(param) = results.iter().find(|param| param.name == name.value) else {
            let names = results.iter().map(|param| param.name.as_str());
            let mut diagnostic = Diagnostic::error(
                "unknown-field",
                name.span,
                format!("`{}` has no result `{}`", function.name, name.value),
            );
            if let Some(hint) = did_you_mean(&name.value, names.clone()) {
                diagnostic = diagnostic.help(hint);
            }
            let known: Vec<&str> = names.collect();
            if diagnostic.notes.is_empty() {
                diagnostic = diagnostic.help("`retval` is the only result; one of several is `ret.NAME`");
            }
            self.error(diagnostic.note(match known.as_slice() {
                [] => "it returns nothing".to_owned(),
                known => format!("its results: {}", known.join(", ")),
            }));
            return None;
        };
        self.result_value(&file, param, *site, span)
    }

    /// The first result, if the function is one that DWARF knows.
    fn first_result(&mut self, span: Span) -> Option<Option<Value>> {
        let Place::Function { binary, function, site, .. } = self.place else { return None };
        let file = self.cx.binaries.get(*binary)?.clone();
        let Ok(results) = file.binary.results_at_return(function) else { return Some(None) };
        match results.first() {
            Some(param) => self.result_value(&file, param, *site, span).map(Some),
            None => Some(None),
        }
    }

    fn result_value(
        &mut self,
        file: &TargetBinary,
        param: &gprobe_symbols::Param,
        site: gprobe_symbols::LinkAddr,
        span: Span,
    ) -> Option<Value> {
        match pieces(&file.binary, param.ty, param.location_at(site)) {
            Some(pieces) => Some(Value { at: At::Pieces(pieces, 0), ty: param.ty }),
            None => {
                self.error(
                    Diagnostic::error(
                        "unreadable",
                        span,
                        format!("the result `{}` can't be read", param.name),
                    )
                    .note("it is passed in a floating-point register, which the kernel does not show"),
                );
                None
            }
        }
    }

    /// `main.config`: a variable of a package, if there is one of this name.
    fn package_variable(
        &mut self,
        package: &str,
        name: &Spanned<String>,
        span: Span,
    ) -> Option<Option<Value>> {
        let executable = self.cx.go_executable()?.clone();
        if crate::builtins::find(package).is_some() {
            return None;
        }
        let whole = format!("{package}.{}", name.value);
        let Some(symbol) = executable.binary.variable(&whole) else {
            if self.cx.ctypes.values.contains_key(package) || package == "args" {
                return None;
            }
            self.error(
                Diagnostic::error(
                    "unknown-name",
                    span,
                    format!("{} has no variable `{whole}`", executable.name),
                )
                .note("variables that the program never uses are dropped when it is linked")
                .help("check the package and the name; maps are written with `@`"),
            );
            return Some(None);
        };
        Some(self.variable_value(&executable, &whole, symbol.addr, span))
    }

    /// A variable of the target, by its name and place.
    pub(super) fn variable_value(
        &mut self,
        executable: &TargetBinary,
        name: &str,
        addr: gprobe_symbols::LinkAddr,
        span: Span,
    ) -> Option<Value> {
        if matches!(self.place, Place::OwnProcess(_)) {
            self.not_here(name, "it runs in gprobe itself, which has no memory of the target; read it in a probe on the program, or in `iter:goroutine`", span);
            return None;
        }
        let ty = match executable.binary.layout().variable_type(name) {
            Ok(ty) => ty,
            Err(reason) => {
                self.error(
                    Diagnostic::error("unknown-type", span, format!("the type of `{name}` is not known"))
                        .note(reason.to_string()),
                );
                return None;
            }
        };
        let bias = match self.cx.target.world.load_bias(executable) {
            Ok(bias) => bias,
            Err(absent) => {
                self.error(Diagnostic::error("no-target", span, absent.reason));
                return None;
            }
        };
        let kind = ExprKind::Int(addr.0.wrapping_add(bias) as i64);
        Some(Value { at: At::Memory(Expr { kind, ty: Ty::U64, span }), ty })
    }

    /// `gvar("net/http.DefaultClient")`: a variable whose package has a path.
    pub(super) fn named_variable(&mut self, name: &str, span: Span) -> Option<Value> {
        let executable = self.executable(span)?;
        let Some(symbol) = executable.binary.variable(name) else {
            self.error(
                Diagnostic::error(
                    "unknown-name",
                    span,
                    format!("{} has no variable `{name}`", executable.name),
                )
                .help("a variable has its package in front: `gvar(\"main.requests\")`"),
            );
            return None;
        };
        self.variable_value(&executable, name, symbol.addr, span)
    }

    /// `curg`, `curm`, `curp`: typed pointers to the runtime's own structs.
    pub(super) fn runtime_struct(&mut self, name: &str, span: Span) -> Expr {
        let (id, ty) = match name {
            "curg" => (crate::builtins::Id::Curg, "runtime.g"),
            "curm" => (crate::builtins::Id::Curm, "runtime.m"),
            _ => (crate::builtins::Id::Curp, "runtime.p"),
        };
        if !self.need_runtime(name, span) {
            return self.broken(span);
        }
        match self.go_pointer_type(ty, span) {
            Some(ty) => Expr { kind: ExprKind::Builtin(id), ty: Ty::Pointer(Pointee::Go(ty)), span },
            None => self.broken(span),
        }
    }

    /// `sched`: the scheduler's own struct, as a pointer.
    pub(super) fn scheduler(&mut self, span: Span) -> Expr {
        let Some(executable) = self.executable(span) else { return self.broken(span) };
        let Some(symbol) = executable.binary.variable("runtime.sched") else { return self.broken(span) };
        match self.variable_value(&executable, "runtime.sched", symbol.addr, span) {
            Some(Value { at: At::Memory(addr), ty }) => {
                Expr { kind: addr.kind, ty: Ty::Pointer(Pointee::Go(ty)), span }
            }
            _ => self.broken(span),
        }
    }

    /// A value for `print` and `%v`: a Go value is captured whole, any other is as it is.
    pub(super) fn shown(&mut self, arg: &ast::Expr) -> Expr {
        let span = arg.span;
        let located = match &arg.kind {
            Ast::Field(..) | Ast::Index(..) | Ast::Unary(ast::UnaryOp::Deref, _) | Ast::Cast(..) => {
                self.located(arg)
            }
            Ast::Ident(name) if name == "retval" => self.located(arg),
            _ if is_gvar(arg) => self.located(arg),
            _ => None,
        };
        match located {
            Some(Located::Go(value)) if let Some(exact) = self.exact_type(arg) => {
                self.whole_of_shape(&value, exact, span).unwrap_or_else(|| self.broken(span))
            }
            Some(Located::Go(value)) => self.whole(&value, span).unwrap_or_else(|| self.broken(span)),
            Some(Located::Expr(value)) => match value.ty {
                Ty::Pointer(Pointee::Go(ty)) => {
                    let part = Expr { kind: value.kind, ty: Ty::U64, span };
                    let image = GoImage::Parts(vec![(0, 8, part)]);
                    self.captured(GoType::PointerTo(ty), 8, image, span).unwrap_or_else(|| self.broken(span))
                }
                _ => value,
            },
            None if matches!(arg.kind, Ast::Field(..) | Ast::Index(..) | Ast::Cast(..)) || is_gvar(arg) => {
                self.broken(span)
            }
            None => self.expr(arg),
        }
    }

    /// A Go value, captured with what it points to.
    pub(super) fn whole(&mut self, value: &Value, span: Span) -> Option<Expr> {
        let executable = self.executable(span)?;
        let size = executable.binary.layout().size_of(value.ty).ok()?;
        let image = match &value.at {
            At::Memory(addr) => GoImage::Memory(Box::new(addr.clone())),
            At::Pieces(pieces, start) => match pieces.as_slice() {
                [(0, _, Location::FrameOffset(_))] => {
                    GoImage::Memory(Box::new(self.frame_address(pieces, *start, span)?))
                }
                pieces => {
                    let pieces = pieces.to_vec();
                    GoImage::Parts(self.parts(&pieces, *start, size, span)?)
                }
            },
        };
        self.captured(GoType::Of(value.ty), size, image, span)
    }

    /// Where a value lies that is on the stack.
    fn frame_address(&mut self, pieces: &[(u64, u64, Location)], start: u64, span: Span) -> Option<Expr> {
        let Some((_, _, Location::FrameOffset(frame))) = pieces.first() else { return None };
        let kind = ExprKind::Context { offset: x64::RSP, bytes: 8, signed: false };
        let sp = Expr { kind, ty: Ty::U64, span };
        Some(plus(sp, frame.wrapping_add(8) as u64 + self.place.depth() + start))
    }

    /// The scalars that a value in registers is made of.
    pub(super) fn parts(
        &mut self,
        pieces: &[(u64, u64, Location)],
        start: u64,
        size: u64,
        span: Span,
    ) -> Option<Vec<(u32, u8, Expr)>> {
        let mut parts = Vec::new();
        let value = Value { at: At::Pieces(pieces.to_vec(), 0), ty: TypeId::default() };
        for (at, bytes, _) in pieces {
            // A piece on the stack may be of many words.
            let mut done = 0;
            while done < *bytes {
                let step = [8, 4, 2, 1].into_iter().find(|step| *step <= bytes - done).unwrap_or(1);
                let from = at + done;
                done += step;
                if from + step <= start || from >= start + size {
                    continue;
                }
                let part = self.word(&value, from, step as u8, false, span)?;
                parts.push((u32::try_from(from.saturating_sub(start)).ok()?, step as u8, part));
            }
        }
        Some(parts)
    }

    /// Goes to a field, through a pointer where there is one.
    fn select(&mut self, value: Value, name: &Spanned<String>) -> Option<Value> {
        let executable = self.executable(name.span)?;
        let mut value = value;
        let ty = self.go_type(&executable, value.ty, name.span)?;
        if let TypeKind::Pointer(Some(pointee)) = ty.kind {
            let addr = self.word(&value, 0, 8, false, name.span)?;
            value = Value { at: At::Memory(addr), ty: pointee };
        }
        let ty = self.go_type(&executable, value.ty, name.span)?;
        let found = find_field(&executable, value.ty, &name.value, 0);
        if found.is_none()
            && let Some(embedded) = embedded_pointer(&executable, value.ty, &name.value, 0)
        {
            // The field is promoted from what an embedded pointer points to.
            let inner = Value { at: value.at.moved(embedded.0), ty: embedded.1 };
            return self.select(inner, name);
        }
        let Some((offset, field)) = found else {
            let fields: Vec<String> = match &ty.kind {
                TypeKind::Struct { fields } => fields.iter().map(|f| f.name.clone()).collect(),
                _ => Vec::new(),
            };
            let mut diagnostic = Diagnostic::error(
                "unknown-field",
                name.span,
                format!("{} has no field `{}`", ty.name, name.value),
            );
            if let Some(hint) = did_you_mean(&name.value, fields.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(hint);
            }
            if !fields.is_empty() {
                let shown: Vec<&str> = fields.iter().take(24).map(String::as_str).collect();
                let more = if fields.len() > shown.len() { ", ..." } else { "" };
                let known = match self.cx.go_executable().is_some_and(|it| it.binary.has_go_dwarf()) {
                    true => "its fields",
                    false => "the binary has no debug information; fields that gprobe knows all the same",
                };
                diagnostic = diagnostic.note(format!("{known}: {}{more}", shown.join(", ")));
            }
            self.error(super::advice::no_hint(diagnostic, &name.value, !fields.is_empty()));
            return None;
        };
        Some(Value { at: value.at.moved(offset), ty: field })
    }

    pub(super) fn go_type(
        &mut self,
        file: &TargetBinary,
        ty: TypeId,
        span: Span,
    ) -> Option<gprobe_symbols::Type> {
        match file.binary.layout().ty(ty) {
            Ok(ty) => Some(ty),
            Err(error) => {
                self.error(Diagnostic::error("bad-debug-info", span, error.to_string()));
                None
            }
        }
    }

    /// `*p` of a Go pointer.
    pub(super) fn go_deref(&mut self, pointer: Expr, ty: TypeId, span: Span) -> Expr {
        self.read(&Value { at: At::Memory(pointer), ty }, span)
    }

    /// The type that `*runtime.hchan` points to.
    pub(super) fn go_pointer_type(&mut self, name: &str, span: Span) -> Option<TypeId> {
        let executable = self.executable(span)?;
        match executable.binary.layout().find_type(name) {
            Ok(ty) => Some(ty),
            Err(reason) => {
                self.error(
                    Diagnostic::error(
                        "unknown-type",
                        span,
                        format!("there is no type `{name}` in {}", executable.name),
                    )
                    .note(reason.to_string())
                    .help("a type has its package in front, as in `net/http.Request`; `gotype(x)` tells that of a value"),
                );
                None
            }
        }
    }

    /// Reads a Go value, as far as scripts have values like it.
    pub(super) fn read(&mut self, value: &Value, span: Span) -> Expr {
        self.try_read(value, span).unwrap_or_else(|| self.broken(span))
    }

    pub(super) fn try_read(&mut self, value: &Value, span: Span) -> Option<Expr> {
        let executable = self.executable(span)?;
        let ty = self.go_type(&executable, value.ty, span)?;
        let typed = |expr: Expr, ty: Ty| Expr { ty, ..expr };
        match &ty.kind {
            TypeKind::Int { signed } => {
                let bytes = match ty.size {
                    1 | 2 | 4 | 8 => ty.size as u8,
                    _ => return self.no_value(&ty.name, span),
                };
                let word = self.word(value, 0, bytes, *signed, span)?;
                Some(match ty.name.as_str() {
                    "runtime.waitReason" => match self.cx.waitreason_table() {
                        Ok(table) => typed(word, Ty::Value(Type::Enum(table))),
                        Err(_) => word,
                    },
                    // Integers, so that the collector does not follow them; pointers all the same.
                    "runtime.guintptr" | "runtime.muintptr" | "runtime.puintptr" => {
                        let pointee = match ty.name.as_str() {
                            "runtime.guintptr" => "runtime.g",
                            "runtime.muintptr" => "runtime.m",
                            _ => "runtime.p",
                        };
                        match executable.binary.layout().find_type(pointee) {
                            Ok(pointee) => typed(word, Ty::Pointer(Pointee::Go(pointee))),
                            Err(_) => word,
                        }
                    }
                    _ => word,
                })
            }
            TypeKind::Bool => Some(typed(self.word(value, 0, 1, false, span)?, Ty::BOOL)),
            TypeKind::Pointer(Some(pointee)) => {
                Some(typed(self.word(value, 0, 8, false, span)?, Ty::Pointer(Pointee::Go(*pointee))))
            }
            TypeKind::Pointer(None)
            | TypeKind::UnsafePointer
            | TypeKind::Func
            | TypeKind::Chan { .. }
            | TypeKind::Map { .. } => {
                Some(typed(self.word(value, 0, 8, false, span)?, Ty::Value(Type::Pointer)))
            }
            TypeKind::String => {
                let data = Box::new(self.word(value, 0, 8, false, span)?);
                let len = Box::new(self.word(value, 8, 8, false, span)?);
                let ty = Ty::string(self.cx.options.max_strlen);
                Some(Expr { kind: ExprKind::GoStr { data, len }, ty, span })
            }
            // Wrappers around one value: the runtime's atomics.
            TypeKind::Struct { fields } => {
                let mut sized =
                    fields.iter().filter(|f| executable.binary.layout().ty(f.ty).is_ok_and(|t| t.size > 0));
                match (sized.next(), sized.next()) {
                    (Some(field), None) => {
                        let at = value.at.clone().moved(field.offset);
                        self.try_read(&Value { at, ty: field.ty }, span)
                    }
                    _ => self.whole(value, span),
                }
            }
            TypeKind::Opaque => self.no_value(&ty.name, span),
            _ => self.whole(value, span),
        }
    }

    fn no_value(&mut self, ty: &str, span: Span) -> Option<Expr> {
        self.error(not_yet(span, &format!("values of the Go type {ty}")));
        None
    }

    /// An integer of a value, `offset` bytes into it.
    pub(super) fn word(
        &mut self,
        value: &Value,
        offset: u64,
        bytes: u8,
        signed: bool,
        span: Span,
    ) -> Option<Expr> {
        let ty = Ty::Value(Type::Int { bytes, signed });
        let memory = |addr: Expr| Expr {
            kind: ExprKind::ReadUser { addr: Box::new(addr), bytes, signed },
            ty: ty.clone(),
            span,
        };
        let (pieces, start) = match &value.at {
            At::Memory(addr) if self.is_too_long(addr) => return None,
            At::Memory(addr) => return Some(memory(plus(addr.clone(), offset))),
            At::Pieces(pieces, start) => (pieces, start + offset),
        };
        let piece = pieces.iter().find(|(at, size, _)| *at <= start && start + u64::from(bytes) <= at + size);
        match piece {
            Some((at, _, Location::Register(register))) => {
                let Some(offset) = x64::dwarf_register(register.0) else {
                    self.in_float_register(span);
                    return None;
                };
                let word =
                    Expr { kind: ExprKind::Context { offset, bytes: 8, signed: false }, ty: Ty::U64, span };
                let shift = (start - at) * 8;
                let word = if shift == 0 { word } else { shifted(word, shift) };
                if bytes == 8 {
                    return Some(Expr { ty, ..word });
                }
                Some(Expr { kind: ExprKind::Extend { value: Box::new(word), bytes, signed }, ty, span })
            }
            Some((at, _, Location::FrameOffset(frame))) => {
                // The canonical frame address lies above the return address.
                let sp = Expr {
                    kind: ExprKind::Context { offset: x64::RSP, bytes: 8, signed: false },
                    ty: Ty::U64,
                    span,
                };
                let distance = frame.wrapping_add(8).wrapping_add((start - at) as i64);
                Some(memory(plus(sp, (distance as u64).wrapping_add(self.place.depth()))))
            }
            _ => {
                self.error(
                    Diagnostic::error(
                        "unreadable",
                        span,
                        "this part of the value is in no place that can be read here",
                    )
                    .note("the compiler kept no location for it, or it is in a floating-point register"),
                );
                None
            }
        }
    }
}

/// Whether this is `gvar("...")`, which is where a variable is.
pub(super) fn is_gvar(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, Ast::Call { name, args } if name.value == "gvar" && args.len() == 1)
}

/// The offset and type of a field, promoted ones of embedded structs too.
fn find_field(file: &TargetBinary, ty: TypeId, name: &str, depth: usize) -> Option<(u64, TypeId)> {
    let TypeKind::Struct { fields } = file.binary.layout().ty(ty).ok()?.kind else { return None };
    if let Some(field) = fields.iter().find(|f| f.name == name) {
        return Some((field.offset, field.ty));
    }
    if depth >= MAX_EMBEDDING {
        return None;
    }
    fields.iter().filter(|f| f.embedded).find_map(|field| {
        let (offset, ty) = find_field(file, field.ty, name, depth + 1)?;
        Some((field.offset + offset, ty))
    })
}

/// The offset and type of an embedded pointer through which a field is promoted.
fn embedded_pointer(file: &TargetBinary, ty: TypeId, name: &str, depth: usize) -> Option<(u64, TypeId)> {
    let TypeKind::Struct { fields } = file.binary.layout().ty(ty).ok()?.kind else { return None };
    if depth >= MAX_EMBEDDING {
        return None;
    }
    fields.iter().filter(|f| f.embedded).find_map(|field| {
        match file.binary.layout().ty(field.ty).ok()?.kind {
            TypeKind::Pointer(Some(to)) => {
                let promoted = find_field(file, to, name, depth + 1).is_some()
                    || embedded_pointer(file, to, name, depth + 1).is_some();
                promoted.then_some((field.offset, field.ty))
            }
            TypeKind::Struct { .. } => {
                let (offset, ty) = embedded_pointer(file, field.ty, name, depth + 1)?;
                Some((field.offset + offset, ty))
            }
            _ => None,
        }
    })
}

pub(super) fn plus(addr: Expr, offset: u64) -> Expr {
    if offset == 0 {
        return addr;
    }
    let span = addr.span;
    let offset = Expr { kind: ExprKind::Int(offset as i64), ty: Ty::I64, span };
    Expr { kind: ExprKind::Arith(Arith::Add, Box::new(addr), Box::new(offset)), ty: Ty::U64, span }
}

fn shifted(word: Expr, bits: u64) -> Expr {
    let span = word.span;
    let bits = Expr { kind: ExprKind::Int(bits as i64), ty: Ty::I64, span };
    Expr {
        kind: ExprKind::Arith(Arith::Shr { signed: false }, Box::new(word), Box::new(bits)),
        ty: Ty::U64,
        span,
    }
}
