//! Typing expressions.

use gprobe_lang::ast::{self, BinaryOp, ExprKind as Ast, UnaryOp};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use super::body::{Body, not_yet};
use super::infer::{Held, join};
use super::typed::{Arith, Compare, Expr, ExprKind, Pointee, Ty};
use crate::artifact::Type;

impl Body<'_, '_> {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = expr.span;
        let of = |kind, ty| Expr { kind, ty, span };
        match &expr.kind {
            Ast::Int { value, .. } => {
                let ty = if *value > i64::MAX as u64 { Ty::U64 } else { Ty::I64 };
                of(ExprKind::Int(*value as i64), ty)
            }
            Ast::Str(bytes) => self.string(bytes, span),
            Ast::Bool(value) => of(ExprKind::Int(i64::from(*value)), Ty::BOOL),
            Ast::Var(name) => self.var(name, span),
            Ast::Positional(n) => self.positional(*n, span),
            Ast::PositionalCount => of(ExprKind::Int(self.cx.target.params.len() as i64), Ty::I64),
            Ast::Map { name, key } => {
                let (map, key) = self.map_key(name, key.as_deref(), span);
                self.map_get(map, key, span)
            }
            Ast::Ident(name) => self.ident(name, span),
            Ast::Call { name, args } => self.call(name, args, span),
            Ast::Unary(op, inner) => self.unary(*op, inner, span),
            Ast::IncDec(op, inner) => self.inc_dec(*op, inner, span),
            Ast::Binary(op, a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.binary(*op, a, b, span)
            }
            Ast::Ternary { cond, then, otherwise } => self.ternary(cond, then.as_deref(), otherwise, span),
            Ast::Field(base, name) => self.field(base, name, span),
            Ast::TupleIndex(base, index) => self.tuple_index(base, index.value as usize, span),
            Ast::Tuple(parts) => {
                let parts: Vec<Expr> = parts.iter().map(|p| self.expr(p)).collect();
                let ty = Ty::Tuple(parts.iter().map(|p| p.ty.clone()).collect());
                of(ExprKind::Tuple(parts), ty)
            }
            Ast::Cast(ty, inner) => self.cast(ty, inner, span),
            Ast::Index(..) => self.later(span, "indexing with []"),
            Ast::Record(_) => self.later(span, "records"),
            Ast::Block(..) => self.later(span, "blocks as values"),
            Ast::If { .. } => self.later(span, "`if` as a value"),
            Ast::SizeOf(_) => self.later(span, "questions about types"),
            Ast::Comptime(_) => self.later(span, "`comptime`"),
            Ast::Error => self.broken(span),
        }
    }

    fn later(&mut self, span: Span, what: &str) -> Expr {
        self.error(not_yet(span, what));
        self.broken(span)
    }

    fn string(&mut self, bytes: &[u8], span: Span) -> Expr {
        // The area is padded to a multiple of 8 behind the length word anyway.
        let max = (bytes.len() as u32 + 4).next_multiple_of(8).max(8) - 4;
        let limit = self.cx.options.max_strlen;
        if bytes.len() as u32 > limit {
            self.error(
                Diagnostic::error(
                    "string-too-long",
                    span,
                    format!("this string has {} bytes, and max_strlen is {limit}", bytes.len()),
                )
                .help("raise it: `config = { max_strlen = 256 }`"),
            );
        }
        Expr { kind: ExprKind::Str(bytes.to_vec()), ty: Ty::string(max), span }
    }

    pub(super) fn var(&mut self, name: &str, span: Span) -> Expr {
        match self.find_var(name) {
            Some(id) => Expr { kind: ExprKind::Var(id), ty: self.var_ty(id), span },
            None => {
                self.error(
                    Diagnostic::error("undefined-variable", span, format!("${name} has no value here"))
                        .help("assign to it first, in this block or around it"),
                );
                self.broken(span)
            }
        }
    }

    fn positional(&mut self, n: u32, span: Span) -> Expr {
        let value = n.checked_sub(1).and_then(|i| self.cx.target.params.get(i as usize)).cloned();
        match value {
            None => Expr { kind: ExprKind::Int(0), ty: Ty::I64, span },
            Some(text) => match parse_int(&text) {
                Some(value) => Expr { kind: ExprKind::Int(value), ty: Ty::I64, span },
                None => {
                    self.error(
                        Diagnostic::error(
                            "not-a-number",
                            span,
                            format!("${n} is `{text}`, which is no number"),
                        )
                        .help(format!("read it as a string: `str(${n})`")),
                    );
                    self.broken(span)
                }
            },
        }
    }

    fn unary(&mut self, op: UnaryOp, inner: &ast::Expr, span: Span) -> Expr {
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
                    return of(ExprKind::Int(n.wrapping_neg()), Ty::I64);
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
                of(ExprKind::Arith(Arith::Xor, Box::new(value), Box::new(ones)), ty)
            }
            UnaryOp::Deref => match value.ty.clone() {
                Ty::Pointer(Pointee::Int { bytes, signed }) => of(
                    ExprKind::ReadUser { addr: Box::new(value), bytes, signed },
                    Ty::Value(Type::Int { bytes, signed }),
                ),
                Ty::Pointer(Pointee::Go(id)) => self.go_deref(value, id, span),
                Ty::Unknown => self.broken(span),
                other => {
                    self.error(
                        Diagnostic::error(
                            "type-mismatch",
                            span,
                            format!("only a pointer can be followed, and this is {}", other.stored()),
                        )
                        .help("say what is there: `*(uint64*)x`"),
                    );
                    self.broken(span)
                }
            },
            UnaryOp::AddressOf => self.later(span, "`&` for addresses"),
        }
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
                let value = self.var(name, inner.span);
                if !self.need_integer(&value, "stepped") {
                    return self.broken(span);
                }
                match value.kind {
                    ExprKind::Var(var) => {
                        Expr { kind: ExprKind::StepVar { var, by, old }, ty: value.ty, span }
                    }
                    _ => self.broken(span),
                }
            }
            Ast::Map { name, key } => {
                let (map, key) = self.map_key(name, key.as_deref(), inner.span);
                // bpftrace's maps that are only stepped are signed.
                if self.hold(map, Held::Plain(Ty::I64), span).is_none() {
                    return self.broken(span);
                }
                Expr { kind: ExprKind::StepMap { map, key, by, old }, ty: Ty::I64, span }
            }
            _ => {
                self.error(Diagnostic::error(
                    "not-assignable",
                    inner.span,
                    "only a variable or a map can be stepped",
                ));
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
                        self.error(Diagnostic::error(
                            "type-mismatch",
                            side.span,
                            format!(
                                "a condition must be a number or a bool, and this is {}",
                                side.ty.stored()
                            ),
                        ));
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
        let signed = arith_signed(&a, &b);
        let (arith, signed) = match op {
            BinaryOp::Add => (Arith::Add, signed),
            // A difference can be below 0, whatever its sides are.
            BinaryOp::Sub => (Arith::Sub, true),
            BinaryOp::Mul => (Arith::Mul, signed),
            BinaryOp::Div => (Arith::Div { signed }, signed),
            BinaryOp::Rem => (Arith::Rem { signed }, signed),
            BinaryOp::BitAnd => (Arith::And, signed),
            BinaryOp::BitOr => (Arith::Or, signed),
            BinaryOp::BitXor => (Arith::Xor, signed),
            BinaryOp::Shl => (Arith::Shl, a.ty.is_signed()),
            _ => (Arith::Shr { signed: a.ty.is_signed() }, a.ty.is_signed()),
        };
        if matches!(arith, Arith::Div { .. } | Arith::Rem { .. }) && matches!(b.kind, ExprKind::Int(0)) {
            self.error(Diagnostic::error("division-by-zero", b.span, "this divides by 0"));
            return self.broken(span);
        }
        let ty = match (&a.ty, &b.ty) {
            (pointer @ Ty::Pointer(_), _) | (_, pointer @ Ty::Pointer(_))
                if matches!(arith, Arith::Add | Arith::Sub) =>
            {
                pointer.clone()
            }
            _ if signed => Ty::I64,
            _ => Ty::U64,
        };
        Expr { kind: ExprKind::Arith(arith, Box::new(a), Box::new(b)), ty, span }
    }

    fn need_number(&mut self, expr: &Expr, what: &str) -> bool {
        matches!(
            expr.ty,
            Ty::Pointer(_)
                | Ty::Value(Type::Pointer | Type::UserSymbol | Type::UserFunction | Type::KernelSymbol)
        ) || self.need_integer(expr, what)
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
                    format!("{} and {} can't be compared", a.ty.stored(), b.ty.stored()),
                )
                .also(a.span, format!("this is {}", a.ty.stored()))
                .also(b.span, format!("this is {}", b.ty.stored())),
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

    fn ternary(
        &mut self,
        cond: &ast::Expr,
        then: Option<&ast::Expr>,
        otherwise: &ast::Expr,
        span: Span,
    ) -> Expr {
        let Some(then) = then else { return self.later(span, "`?:` without a middle") };
        let cond = self.condition(cond);
        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
        match join(&then.ty, &otherwise.ty) {
            Some(ty) => Expr {
                kind: ExprKind::Ternary(Box::new(cond), Box::new(then), Box::new(otherwise)),
                ty,
                span,
            },
            None => {
                self.error(
                    Diagnostic::error("type-mismatch", span, "the two sides have different types")
                        .also(then.span, format!("this is {}", then.ty.stored()))
                        .also(otherwise.span, format!("this is {}", otherwise.ty.stored())),
                );
                self.broken(span)
            }
        }
    }

    fn tuple_index(&mut self, base: &ast::Expr, index: usize, span: Span) -> Expr {
        let base = self.expr(base);
        match &base.ty {
            Ty::Tuple(parts) => match parts.get(index) {
                Some(ty) => {
                    let ty = ty.clone();
                    Expr { kind: ExprKind::TupleIndex(Box::new(base), index), ty, span }
                }
                None => {
                    let count = parts.len();
                    self.error(Diagnostic::error(
                        "unknown-field",
                        span,
                        format!("the tuple has {count} parts, .0 to .{}", count.saturating_sub(1)),
                    ));
                    self.broken(span)
                }
            },
            Ty::Unknown => self.broken(span),
            other => {
                let message = format!("{} is no tuple", other.stored());
                self.error(Diagnostic::error("type-mismatch", base.span, message));
                self.broken(span)
            }
        }
    }

    fn cast(&mut self, ty: &ast::TypeExpr, inner: &ast::Expr, span: Span) -> Expr {
        let value = self.expr(inner);
        if !(value.ty.is_scalar() || value.ty == Ty::Unknown) {
            self.error(Diagnostic::error(
                "type-mismatch",
                span,
                format!("{} can't be cast", value.ty.stored()),
            ));
            return self.broken(span);
        }
        match &ty.kind {
            ast::TypeKind::Named(name) => match int_type(name) {
                Some((bytes, signed)) => Expr {
                    kind: ExprKind::Extend { value: Box::new(value), bytes, signed },
                    ty: Ty::Value(Type::Int { bytes, signed }),
                    span,
                },
                None => self.later(ty.span, &format!("casts to `{name}`")),
            },
            ast::TypeKind::Pointer(inner_ty) => match &inner_ty.kind {
                ast::TypeKind::Named(name) => match int_type(name) {
                    Some((bytes, signed)) => {
                        Expr { kind: value.kind, ty: Ty::Pointer(Pointee::Int { bytes, signed }), span }
                    }
                    None => self.go_pointer_cast(value, name, inner_ty.span, span),
                },
                _ => self.later(ty.span, "casts to pointers to pointers or arrays"),
            },
            _ => self.later(ty.span, "casts to this type"),
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

/// `int8` to `uint64` and C's names for them: bytes and signedness.
pub(super) fn int_type(name: &str) -> Option<(u8, bool)> {
    Some(match name {
        "int8" | "int8_t" | "char" | "s8" => (1, true),
        "uint8" | "uint8_t" | "u8" | "byte" => (1, false),
        "int16" | "int16_t" | "short" | "s16" => (2, true),
        "uint16" | "uint16_t" | "u16" => (2, false),
        "int32" | "int32_t" | "int" | "s32" | "rune" => (4, true),
        "uint32" | "uint32_t" | "u32" => (4, false),
        "int64" | "int64_t" | "long" | "s64" => (8, true),
        "uint64" | "uint64_t" | "u64" | "uintptr" | "uint" | "size_t" => (8, false),
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
