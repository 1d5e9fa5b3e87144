//! Go values: arguments and results by their names and types, and fields through pointers.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{Location, TypeId, TypeKind};

use super::body::{Body, not_yet};
use super::place::Place;
use super::typed::{Arith, Expr, ExprKind, Pointee, Ty};
use crate::artifact::Type;
use crate::target::TargetBinary;
use crate::x64;

/// How deep embedded structs are searched for a promoted field.
const MAX_EMBEDDING: usize = 8;

/// Where a Go value is.
#[derive(Clone, Debug)]
enum At {
    /// In the target's memory, at this address.
    Memory(Expr),
    /// Where the function's arguments or results are: offset in the value, bytes, and the piece's
    /// location; and how far into the value the wanted part begins.
    Pieces(Vec<(u64, u64, Location)>, u64),
}

/// A Go value: where, and of which type.
struct Value {
    at: At,
    ty: TypeId,
}

/// A Go value that has not been read, or any other value.
enum Located {
    Go(Value),
    Expr(Expr),
}

impl Body<'_, '_> {
    fn executable(&mut self, span: Span) -> Option<TargetBinary> {
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
        let Place::Function { binary, function, site, ret, go, .. } = self.place else { return None };
        if !go {
            self.error(
                not_yet(span, "arguments of C functions by name")
                    .help("read them by register: arg0, arg1, ..."),
            );
            return None;
        }
        if *ret {
            self.not_here(
                "args",
                "on the way out, arguments are gone; keep what you need in a map at the entry",
                span,
            );
            return None;
        }
        let file = self.cx.binaries.get(*binary)?.clone();
        let params = match self.cx.params(*binary, &file.binary, function) {
            Ok(params) => params,
            Err(reason) => {
                self.error(
                    Diagnostic::error(
                        "no-arguments",
                        span,
                        format!("the arguments of `{}` are not known by name", function.name),
                    )
                    .note(reason)
                    .help("read integers by register: arg0, arg1, ..."),
                );
                return None;
            }
        };
        let arguments: Vec<&gprobe_symbols::Param> = params.iter().filter(|p| !p.is_result).collect();
        let Some(param) = arguments.iter().find(|p| p.name == name.value) else {
            let mut diagnostic = Diagnostic::error(
                "unknown-field",
                name.span,
                format!("`{}` has no argument `{}`", function.name, name.value),
            );
            let names = arguments.iter().map(|p| p.name.as_str());
            if let Some(hint) = did_you_mean(&name.value, names.clone()) {
                diagnostic = diagnostic.help(hint);
            }
            let known: Vec<&str> = names.collect();
            diagnostic = diagnostic.note(match known.as_slice() {
                [] => "it takes no arguments".to_owned(),
                known => format!("its arguments: {}", known.join(", ")),
            });
            self.error(diagnostic);
            return None;
        };
        let mut location = param.location_at(*site);
        if location == Location::Unavailable {
            // Never used, so the compiler lost sight of it; the caller has put it there all the same.
            let by_abi = file.binary.params_by_abi(function).unwrap_or_default();
            let same = by_abi.iter().find(|p| !p.is_result && p.name == name.value);
            location = same.map_or(Location::Unavailable, |p| p.location_at(*site));
        }
        let size = file.binary.layout().ty(param.ty).map(|t| t.size).unwrap_or(8);
        match pieces(location, size) {
            Some(pieces) => Some(Value { at: At::Pieces(pieces, 0), ty: param.ty }),
            None => {
                self.error(
                    Diagnostic::error(
                        "unreadable",
                        span,
                        format!("`{}` is not in any place that can be read here", name.value),
                    )
                    .note("the compiler kept no location for it at the function's entry"),
                );
                None
            }
        }
    }

    /// `retval`
    pub(super) fn retval(&mut self, span: Span) -> Expr {
        let Place::Function { binary, function, site, ret, go, .. } = self.place else {
            return self.broken(span);
        };
        if !ret {
            self.not_here(
                "retval",
                "there is a result only on the way out: write `go:FUNCTION:return` or `uretprobe:...`",
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
            self.error(Diagnostic::error("no-value", span, format!("`{}` returns nothing", function.name)));
            return self.broken(span);
        };
        let size = file.binary.layout().ty(param.ty).map(|t| t.size).unwrap_or(8);
        match pieces(param.location_at(*site), size) {
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
            return self.go_arg_value(name, span).map(Located::Go);
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
    fn located(&mut self, expr: &ast::Expr) -> Option<Located> {
        match &expr.kind {
            Ast::Field(base, name) if !self.is_tracepoint_args(base) => {
                self.located_field(base, name, expr.span)
            }
            _ => Some(Located::Expr(self.expr(expr))),
        }
    }

    fn is_tracepoint_args(&self, base: &ast::Expr) -> bool {
        matches!(&base.kind, Ast::Ident(root) if root == "args")
            && !matches!(self.place, Place::Function { go: true, .. })
    }

    /// `x[i]`
    pub(super) fn index(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        match self.located(base) {
            Some(Located::Go(value)) => {
                let base = self.read(&value, span);
                self.index_of(base, index, span)
            }
            Some(Located::Expr(base)) => self.index_of(base, index, span),
            None => self.broken(span),
        }
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
        let Some((offset, field)) = find_field(&executable, value.ty, &name.value, 0) else {
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
                diagnostic = diagnostic.note(format!("its fields: {}{more}", shown.join(", ")));
            }
            self.error(diagnostic);
            return None;
        };
        let at = match value.at {
            At::Memory(addr) => At::Memory(plus(addr, offset)),
            At::Pieces(pieces, start) => At::Pieces(pieces, start + offset),
        };
        Some(Value { at, ty: field })
    }

    fn go_type(&mut self, file: &TargetBinary, ty: TypeId, span: Span) -> Option<gprobe_symbols::Type> {
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
                    .note(reason.to_string()),
                );
                None
            }
        }
    }

    /// Reads a Go value, as far as scripts have values like it.
    fn read(&mut self, value: &Value, span: Span) -> Expr {
        self.try_read(value, span).unwrap_or_else(|| self.broken(span))
    }

    fn try_read(&mut self, value: &Value, span: Span) -> Option<Expr> {
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
                        let at = match value.at.clone() {
                            At::Memory(addr) => At::Memory(plus(addr, field.offset)),
                            At::Pieces(pieces, start) => At::Pieces(pieces, start + field.offset),
                        };
                        self.try_read(&Value { at, ty: field.ty }, span)
                    }
                    _ => {
                        self.error(
                            not_yet(span, &format!("values of the struct type {}", ty.name))
                                .help("name one of its fields"),
                        );
                        None
                    }
                }
            }
            TypeKind::Float | TypeKind::Complex => {
                self.error(
                    Diagnostic::error(
                        "unreadable",
                        span,
                        format!("this is a {}, and scripts have no floating-point values", ty.name),
                    )
                    .note("the kernel does not show floating-point registers to probes"),
                );
                None
            }
            _ => self.no_value(&ty.name, span),
        }
    }

    fn no_value(&mut self, ty: &str, span: Span) -> Option<Expr> {
        self.error(not_yet(span, &format!("values of the Go type {ty}")));
        None
    }

    /// An integer of a value, `offset` bytes into it.
    fn word(&mut self, value: &Value, offset: u64, bytes: u8, signed: bool, span: Span) -> Option<Expr> {
        let ty = Ty::Value(Type::Int { bytes, signed });
        let memory = |addr: Expr| Expr {
            kind: ExprKind::ReadUser { addr: Box::new(addr), bytes, signed },
            ty: ty.clone(),
            span,
        };
        let (pieces, start) = match &value.at {
            At::Memory(addr) => return Some(memory(plus(addr.clone(), offset))),
            At::Pieces(pieces, start) => (pieces, start + offset),
        };
        let piece = pieces.iter().find(|(at, size, _)| *at <= start && start + u64::from(bytes) <= at + size);
        match piece {
            Some((at, _, Location::Register(register))) => {
                let offset = x64::dwarf_register(register.0)?;
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
                // The canonical frame address lies above the return address, which is on top.
                let sp = Expr {
                    kind: ExprKind::Context { offset: x64::RSP, bytes: 8, signed: false },
                    ty: Ty::U64,
                    span,
                };
                let distance = frame.wrapping_add(8).wrapping_add((start - at) as i64);
                Some(memory(plus(sp, distance as u64)))
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

/// A location as pieces that cover the value; `None` where there is nothing to read.
fn pieces(location: Location, size: u64) -> Option<Vec<(u64, u64, Location)>> {
    match location {
        Location::Unavailable => None,
        Location::Pieces(parts) => {
            let mut at = 0;
            Some(
                parts
                    .into_iter()
                    .map(|(location, bytes)| {
                        let piece = (at, bytes, location);
                        at += bytes;
                        piece
                    })
                    .collect(),
            )
        }
        whole => Some(vec![(0, size, whole)]),
    }
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

fn plus(addr: Expr, offset: u64) -> Expr {
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
