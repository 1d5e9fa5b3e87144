//! Typing expressions.

use gprobe_lang::ast::{self, BinaryOp, ExprKind as Ast, UnaryOp};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use super::body::Body;
use super::constant::constant;
use super::infer::{Held, join};
use super::stmts::{not_constant, scaled};
use super::typed::{Arith, Compare, Expr, ExprKind, Pointee, Ty};
use crate::artifact::Type;
use crate::ir::BinOp;

impl Body<'_, '_> {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = expr.span;
        let of = |kind, ty| Expr { kind, ty, span };
        match &expr.kind {
            Ast::Int { value, .. } => of(ExprKind::Int(*value as i64), literal(*value)),
            // As C has it, text ends at its first 0.
            Ast::Str(bytes) => self.string(bytes.split(|byte| *byte == 0).next().unwrap_or_default(), span),
            Ast::Bool(value) => of(ExprKind::Int(i64::from(*value)), Ty::BOOL),
            Ast::Var(name) => self.var(name, span),
            Ast::Positional(n) => self.positional(*n, span),
            Ast::PositionalCount => of(ExprKind::Int(self.cx.target.params.len() as i64), Ty::I64),
            Ast::Map { name, key } => {
                let (map, key) = self.map_key(name, key.as_deref(), span);
                if self.cx.has_error_at(span) {
                    return self.broken(span);
                }
                self.map_get(map, key, span)
            }
            Ast::Ident(name) => self.ident(name, span),
            Ast::Call { name, args } => self.call(name, args, span),
            Ast::Unary(op, inner) => self.unary(*op, inner, span),
            Ast::IncDec(op, inner) => self.inc_dec(*op, inner, span),
            Ast::Binary(op, left, right) => {
                let (a, b) = (self.expr(left), self.expr(right));
                self.doubt_binary(*op, (left, right), &a, &b, span);
                self.binary(*op, a, b, span)
            }
            Ast::Ternary { cond, then, otherwise } => self.ternary(cond, then.as_deref(), otherwise, span),
            Ast::Field(base, name) => self.field(base, name, span),
            Ast::TupleIndex(base, index) => self.tuple_index(base, index.value as usize, span),
            Ast::Tuple(parts) => self.tuple(parts, span),
            Ast::Cast(ty, inner) => self.cast(ty, inner, span),
            Ast::Index(base, index) => self.index(base, index, span),
            Ast::Record(fields) => self.record(fields, span),
            Ast::Block(block, value) => self.scoped(|body| {
                let stmts = body.stmts(&block.stmts);
                let value = body.expr(value);
                let ty = value.ty.clone();
                of(ExprKind::Block(stmts, Box::new(value)), ty)
            }),
            Ast::If { comptime: true, cond, then, otherwise } => match self.comptime(cond) {
                Some(true) => self.expr(then),
                Some(false) => self.expr(otherwise),
                None => self.broken(span),
            },
            Ast::If { comptime: false, cond, then, otherwise } => {
                self.ternary(cond, Some(then), otherwise, span)
            }
            Ast::SizeOf(question) => self.type_question(question, span),
            Ast::Comptime(inner) => {
                let value = self.expr(inner);
                match constant(&value) {
                    Some(n) => of(ExprKind::Int(n), value.ty),
                    None if matches!(value.kind, ExprKind::Str(_)) || value.ty == Ty::Unknown => value,
                    None => {
                        self.error(not_constant(value.span));
                        self.broken(span)
                    }
                }
            }
            Ast::Error => self.broken(span),
        }
    }

    pub(super) fn string(&mut self, bytes: &[u8], span: Span) -> Expr {
        // As C counts it, with the 0 at the end.
        let max = bytes.len() as u32 + 1;
        let limit = self.cx.options.max_strlen;
        if bytes.len() as u32 > limit {
            self.error(
                Diagnostic::error(
                    "string-too-long",
                    span,
                    format!("this string has {} bytes, and max_strlen is {limit}", bytes.len()),
                )
                .help(format!("raise it: `config = {{ max_strlen = {} }}`", bytes.len().next_power_of_two())),
            );
        }
        Expr { kind: ExprKind::Str(bytes.to_vec()), ty: Ty::string(max), span }
    }

    pub(super) fn var(&mut self, name: &str, span: Span) -> Expr {
        match self.find_var(name) {
            Some(id) => {
                self.mark_read(id);
                Expr { kind: ExprKind::Var(id), ty: self.var_ty(id), span }
            }
            None => {
                let name = name.split('#').next().unwrap_or(name);
                let diagnostic =
                    Diagnostic::error("undefined-variable", span, format!("${name} has no value here"));
                let known: Vec<String> = self.var_names().iter().map(|name| format!("${name}")).collect();
                let hint = did_you_mean(&format!("${name}"), known.iter().map(String::as_str));
                self.error(diagnostic.help(hint.unwrap_or_else(|| {
                    format!("assign to it first, in this block or around it; what other probes assign is seen in maps: `@{name}`")
                })));
                self.broken(span)
            }
        }
    }

    fn positional(&mut self, n: u32, span: Span) -> Expr {
        let value = n.checked_sub(1).and_then(|i| self.cx.target.params.get(i as usize)).cloned();
        let Some(text) = value else { return Expr { kind: ExprKind::Int(0), ty: Ty::Literal(1), span } };
        match parse_int(&text) {
            Some(value) => {
                let ty = if text.starts_with('-') { Ty::I64 } else { literal(value as u64) };
                Expr { kind: ExprKind::Int(value), ty, span }
            }
            // What is no number is text.
            None => self.string(text.as_bytes(), span),
        }
    }

    fn unary(&mut self, op: UnaryOp, inner: &ast::Expr, span: Span) -> Expr {
        if op == UnaryOp::AddressOf {
            return self.address_of(inner, span);
        }
        let value = match op {
            UnaryOp::Not => self.condition(inner),
            _ => self.expr(inner),
        };
        let of = |kind, ty| Expr { kind, ty, span };
        match op {
            UnaryOp::Not => of(ExprKind::Not(Box::new(value)), Ty::BOOL),
            UnaryOp::Neg => {
                if !self.need_integer(&value, "negated") {
                    return self.broken(span);
                }
                if let ExprKind::Int(n) = value.kind {
                    return of(ExprKind::Int(n.wrapping_neg()), signed_type(n.wrapping_neg()));
                }
                let zero = Expr { kind: ExprKind::Int(0), ty: Ty::I64, span };
                of(ExprKind::Arith(Arith::Sub, Box::new(zero), Box::new(value)), Ty::I64)
            }
            UnaryOp::BitNot => {
                if !self.need_integer(&value, "inverted") {
                    return self.broken(span);
                }
                let ty = if value.ty.is_signed() { Ty::I64 } else { Ty::U64 };
                let ones = Expr { kind: ExprKind::Int(-1), ty: Ty::I64, span };
                let bits = value.ty.clone();
                let inverted = of(ExprKind::Arith(Arith::Xor, Box::new(value), Box::new(ones)), ty);
                match bits {
                    // `~(uint8)1` has 8 bits too.
                    Ty::Value(Type::Int { bytes, signed }) if bytes < 8 => of(
                        ExprKind::Extend { value: Box::new(inverted), bytes, signed },
                        Ty::int(bytes, signed),
                    ),
                    _ => inverted,
                }
            }
            UnaryOp::Deref | UnaryOp::AddressOf => self.deref(value, span),
        }
    }

    /// `&$x`
    fn address_of(&mut self, inner: &ast::Expr, span: Span) -> Expr {
        if let Ast::Var(name) = &inner.kind {
            let value = self.var(name, inner.span);
            if let ExprKind::Var(id) = value.kind {
                let ty = Ty::Pointer(Pointee::Own(Box::new(value.ty)));
                return Expr { kind: ExprKind::AddressOf(id), ty, span };
            }
            return self.broken(span);
        }
        self.error(
            Diagnostic::error("not-assignable", inner.span, "only a variable has an address")
                .help("put the value in a variable: `$x = ...; &$x`"),
        );
        self.broken(span)
    }

    fn inc_dec(&mut self, op: ast::IncDec, inner: &ast::Expr, span: Span) -> Expr {
        let (by, old) = match op {
            ast::IncDec::PreInc => (1, false),
            ast::IncDec::PreDec => (-1, false),
            ast::IncDec::PostInc => (1, true),
            ast::IncDec::PostDec => (-1, true),
        };
        match &inner.kind {
            Ast::Var(name) => {
                // The step itself is no use of the value.
                let Some(var) = self.find_var(name) else { return self.var(name, inner.span) };
                let ty = self.var_ty(var);
                let by = match &ty {
                    Ty::Pointer(pointee) => by * self.stride(pointee),
                    ty if ty.is_integer() || *ty == Ty::Unknown => by,
                    _ => {
                        let value = self.var(name, inner.span);
                        self.need_integer(&value, "stepped");
                        return self.broken(span);
                    }
                };
                self.mark_read(var);
                // A variable that is stepped can hold any number, unless its type is stated.
                let ty = self.stepped_type(var, ty);
                Expr { kind: ExprKind::StepVar { var, by, old }, ty, span }
            }
            Ast::Map { name, key } => {
                let (map, key) = self.map_key(name, key.as_deref(), inner.span);
                if let Some(Held::Plain(ty @ Ty::Pointer(_))) = self.cx.held(map) {
                    let by = by * self.map_stride(map);
                    return Expr { kind: ExprKind::StepMap { map, key, by, old }, ty, span };
                }
                // bpftrace's maps that are only stepped are signed.
                if self.hold(map, Held::Plain(Ty::I64), span).is_none() {
                    return self.broken(span);
                }
                Expr { kind: ExprKind::StepMap { map, key, by, old }, ty: Ty::I64, span }
            }
            _ => {
                self.not_assignable(inner, "only a variable or a map can be stepped");
                self.broken(span)
            }
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Expr {
        let of = |kind, ty| Expr { kind, ty, span };
        match op {
            BinaryOp::LogicalAnd | BinaryOp::LogicalOr => {
                for side in [&a, &b] {
                    if !(side.ty.is_scalar() || side.ty == Ty::Unknown) {
                        self.no_condition(side);
                        return self.broken(span);
                    }
                }
                let (a, b) = (Box::new(a), Box::new(b));
                let kind = if op == BinaryOp::LogicalAnd { ExprKind::And(a, b) } else { ExprKind::Or(a, b) };
                of(kind, Ty::BOOL)
            }
            BinaryOp::Eq | BinaryOp::Ne => self.equality(op == BinaryOp::Ne, a, b, span),
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                if !(self.need_number(&a, "compared") && self.need_number(&b, "compared")) {
                    return self.broken(span);
                }
                let signed = arith_signed(&a, &b);
                let compare = match op {
                    BinaryOp::Lt => Compare::Lt { signed },
                    BinaryOp::Le => Compare::Le { signed },
                    BinaryOp::Gt => Compare::Gt { signed },
                    _ => Compare::Ge { signed },
                };
                of(ExprKind::Compare(compare, Box::new(a), Box::new(b)), Ty::BOOL)
            }
            _ => self.arith(op, a, b, span),
        }
    }

    fn arith(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Expr {
        if !(self.need_number(&a, "calculated with") && self.need_number(&b, "calculated with")) {
            return self.broken(span);
        }
        if matches!(op, BinaryOp::Add | BinaryOp::Sub) {
            match (&a.ty, &b.ty) {
                (Ty::Pointer(pointee), other) if !matches!(other, Ty::Pointer(_)) => {
                    let (stride, ty) = (self.stride(pointee), a.ty.clone());
                    let by = scaled(b, stride, op == BinaryOp::Sub);
                    return Expr { kind: ExprKind::Arith(Arith::Add, Box::new(a), Box::new(by)), ty, span };
                }
                (other, Ty::Pointer(pointee)) if op == BinaryOp::Add && !matches!(other, Ty::Pointer(_)) => {
                    let (stride, ty) = (self.stride(pointee), b.ty.clone());
                    let by = scaled(a, stride, false);
                    return Expr { kind: ExprKind::Arith(Arith::Add, Box::new(b), Box::new(by)), ty, span };
                }
                _ => {}
            }
        }
        let signed = arith_signed(&a, &b);
        let whole = |signed| if signed { Ty::I64 } else { Ty::U64 };
        let (a, b) = (Box::new(a), Box::new(b));
        let kind = match op {
            BinaryOp::Div | BinaryOp::Rem => {
                if matches!(b.kind, ExprKind::Int(0)) {
                    self.error(
                        Diagnostic::error("division-by-zero", b.span, "this divides by 0")
                            .help("divide by something that is not 0"),
                    );
                    return self.broken(span);
                }
                ExprKind::Divide { remainder: op == BinaryOp::Rem, signed, a, b }
            }
            BinaryOp::Add => ExprKind::Arith(Arith::Add, a, b),
            BinaryOp::Sub => ExprKind::Arith(Arith::Sub, a, b),
            BinaryOp::Mul => ExprKind::Arith(Arith::Mul, a, b),
            BinaryOp::BitAnd => ExprKind::Arith(Arith::And, a, b),
            BinaryOp::BitOr => ExprKind::Arith(Arith::Or, a, b),
            BinaryOp::BitXor => ExprKind::Arith(Arith::Xor, a, b),
            BinaryOp::Shl => ExprKind::Arith(Arith::Shl, a, b),
            _ => ExprKind::Arith(Arith::Shr { signed: a.ty.is_signed() && !is_literal(&a) }, a, b),
        };
        let ty = match (&kind, op) {
            // A difference can be below 0, whatever its sides are.
            (_, BinaryOp::Sub) => Ty::I64,
            (ExprKind::Arith(_, a, _), BinaryOp::Shl | BinaryOp::Shr) => whole(a.ty.is_signed()),
            _ => whole(signed),
        };
        let expr = Expr { kind, ty, span };
        match constant(&expr) {
            // `1 << 40` is a literal too.
            Some(n) if n >= 0 => Expr { kind: ExprKind::Int(n), ty: literal(n as u64), span },
            Some(n) if expr.ty.is_signed() => Expr { kind: ExprKind::Int(n), ty: signed_type(n), span },
            _ => expr,
        }
    }

    fn need_number(&mut self, expr: &Expr, what: &str) -> bool {
        expr.ty.is_number() || self.need_integer(expr, what)
    }

    fn equality(&mut self, negated: bool, a: Expr, b: Expr, span: Span) -> Expr {
        let (a, b) = match self.enum_names(a, b) {
            Some(pair) => pair,
            None => return self.broken(span),
        };
        let compare = if negated { Compare::Ne } else { Compare::Eq };
        if (a.ty.is_scalar() || a.ty == Ty::Unknown) && (b.ty.is_scalar() || b.ty == Ty::Unknown) {
            return Expr { kind: ExprKind::Compare(compare, Box::new(a), Box::new(b)), ty: Ty::BOOL, span };
        }
        if join(&a.ty, &b.ty).is_none() || a.ty == Ty::NONE {
            self.error(
                Diagnostic::error(
                    "type-mismatch",
                    span,
                    format!("{} and {} can't be compared", a.ty.describe(), b.ty.describe()),
                )
                .also(a.span, format!("this is {}", a.ty.describe()))
                .also(b.span, format!("this is {}", b.ty.describe()))
                .help(super::advice::instead_of_comparison(&a, &b)),
            );
            return self.broken(span);
        }
        Expr { kind: ExprKind::SameBytes(Box::new(a), Box::new(b), negated), ty: Ty::BOOL, span }
    }

    /// `waitreason == "chan receive"`: the name becomes the number that this binary has for it.
    fn enum_names(&mut self, a: Expr, b: Expr) -> Option<(Expr, Expr)> {
        let swap = matches!(b.ty, Ty::Value(Type::Enum(_)));
        let (value, name) = if swap { (b, a) } else { (a, b) };
        let (Ty::Value(Type::Enum(id)), ExprKind::Str(text)) = (&value.ty, &name.kind) else {
            return Some(if swap { (name, value) } else { (value, name) });
        };
        let text = String::from_utf8_lossy(text).into_owned();
        let table = self.cx.enums.get(*id as usize)?;
        if let Some((number, _)) = table.names.iter().find(|(_, n)| *n == text) {
            let number = Expr { kind: ExprKind::Int(*number as i64), ty: Ty::I64, span: name.span };
            return Some((value, number));
        }
        let mut diagnostic = Diagnostic::error(
            "unknown-name",
            name.span,
            format!("there is no {} called \"{text}\" in this program", table.name),
        );
        if let Some(hint) = did_you_mean(&text, table.names.iter().map(|(_, n)| n.as_str())) {
            diagnostic = diagnostic.help(hint);
        }
        self.error(diagnostic);
        None
    }

    pub(super) fn ternary(
        &mut self,
        cond: &ast::Expr,
        then: Option<&ast::Expr>,
        otherwise: &ast::Expr,
        span: Span,
    ) -> Expr {
        let Some(then) = then else { return self.elvis(cond, otherwise, span) };
        let cond = self.condition(cond);
        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
        self.either(cond, then, otherwise, span)
    }

    fn either(&mut self, cond: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
        match join(&then.ty, &otherwise.ty) {
            Some(ty) => Expr {
                kind: ExprKind::Ternary(Box::new(cond), Box::new(then), Box::new(otherwise)),
                ty,
                span,
            },
            None => {
                self.error(
                    Diagnostic::error("type-mismatch", span, "the two sides have different types")
                        .also(then.span, format!("this is {}", then.ty.describe()))
                        .also(otherwise.span, format!("this is {}", otherwise.ty.describe()))
                        .help("give both sides one type, or write an `if` with a statement on each side"),
                );
                self.broken(span)
            }
        }
    }

    /// `a ?: b`: a is made once.
    fn elvis(&mut self, value: &ast::Expr, otherwise: &ast::Expr, span: Span) -> Expr {
        let value = self.condition(value);
        let otherwise = self.expr(otherwise);
        self.scoped(|body| {
            let var = body.declare("?:", value.ty.clone(), false, value.span);
            body.mark_read(var);
            let held = Expr { kind: ExprKind::Var(var), ty: value.ty.clone(), span: value.span };
            let chosen = body.either(held.clone(), held, otherwise, span);
            let ty = chosen.ty.clone();
            let stmts = vec![super::typed::Stmt::SetVar(var, value)];
            Expr { kind: ExprKind::Block(stmts, Box::new(chosen)), ty, span }
        })
    }
}

/// The type of a number written in the script.
pub(super) fn literal(value: u64) -> Ty {
    match i64::try_from(value) {
        Ok(value) => match signed_type(value) {
            Ty::Value(Type::Int { bytes, .. }) => Ty::Literal(bytes),
            other => other,
        },
        Err(_) => Ty::U64,
    }
}

/// The smallest signed type that holds a number.
fn signed_type(value: i64) -> Ty {
    let bytes = if i8::try_from(value).is_ok() {
        1
    } else if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    };
    Ty::int(bytes, true)
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Int(n) if n >= 0) && matches!(expr.ty, Ty::Literal(_) | Ty::Value(_))
}

impl Arith {
    /// The operation of the machine.
    pub(crate) fn machine(self) -> BinOp {
        match self {
            Self::Add => BinOp::Add,
            Self::Sub => BinOp::Sub,
            Self::Mul => BinOp::Mul,
            Self::And => BinOp::And,
            Self::Or => BinOp::Or,
            Self::Xor => BinOp::Xor,
            Self::Shl => BinOp::Shl,
            Self::Shr { signed: false } => BinOp::Shr,
            Self::Shr { signed: true } => BinOp::Sar,
        }
    }
}

/// Mixed signs calculate signed, as bpftrace does; a literal takes the other side's.
fn arith_signed(a: &Expr, b: &Expr) -> bool {
    let literal = |e: &Expr| matches!(e.kind, ExprKind::Int(n) if n >= 0);
    match (literal(a), literal(b)) {
        (true, false) => b.ty.is_signed(),
        (false, true) => a.ty.is_signed(),
        _ => a.ty.is_signed() || b.ty.is_signed(),
    }
}

/// Names of integers, to suggest.
pub(super) const INT_TYPES: &[&str] = &[
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "u8", "u16", "u32",
    "u64", "s8", "s16", "s32", "s64",
];

/// `int8` to `uint64` and C's names for them: bytes and signedness.
pub(super) fn int_type(name: &str) -> Option<(u8, bool)> {
    Some(match name {
        "int8" | "int8_t" | "char" | "s8" | "__s8" => (1, true),
        "uint8" | "uint8_t" | "u8" | "__u8" | "byte" => (1, false),
        "int16" | "int16_t" | "short" | "s16" | "__s16" => (2, true),
        "uint16" | "uint16_t" | "u16" | "__u16" => (2, false),
        "int32" | "int32_t" | "int" | "s32" | "__s32" | "pid_t" | "rune" => (4, true),
        "uint32" | "uint32_t" | "u32" | "__u32" => (4, false),
        "int64" | "int64_t" | "long" | "s64" | "__s64" | "ssize_t" => (8, true),
        "uint64" | "uint64_t" | "u64" | "__u64" | "uintptr" | "uintptr_t" | "uint" | "size_t" => (8, false),
        "bool" => (1, false),
        _ => return None,
    })
}

/// A positional parameter as a number: decimal, `0x` or octal, with a sign.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        u64::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    let value = value as i64;
    Some(if negative { value.wrapping_neg() } else { value })
}
