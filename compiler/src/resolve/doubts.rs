//! What is no error and does nothing: comparisons that always come out the same, assignments of a value to
//! itself, values that nobody takes.

use gprobe_lang::ast::{self, BinaryOp, ExprKind as Ast, StmtKind, UnaryOp};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::body::Body;
use super::constant::constant;
use super::typed::{Expr, ExprKind, Ty};
use crate::artifact::Type;
use crate::builtins::Id;

impl Body<'_, '_> {
    /// Warns of a comparison that always comes out the same, and of a shift beyond all bits.
    pub(super) fn doubt_binary(
        &mut self,
        op: BinaryOp,
        written: (&ast::Expr, &ast::Expr),
        a: &Expr,
        b: &Expr,
        span: Span,
    ) {
        if let (BinaryOp::Shl | BinaryOp::Shr, Some(n)) = (op, constant(b))
            && !(0..64).contains(&n)
        {
            let label = format!("the same as a shift by {}", n & 63);
            self.doubt(
                Diagnostic::warning("out-of-range", b.span, "numbers have 64 bits")
                    .label(label)
                    .help("shift by 0 to 63"),
            );
        }
        let Some(mirrored) = mirror(op) else { return };
        if let (ExprKind::Str(text), other) | (other, ExprKind::Str(text)) = (&a.kind, &b.kind) {
            let ty = if matches!(a.kind, ExprKind::Str(_)) { &b.ty } else { &a.ty };
            return self.doubt_string(op, text.len(), other, ty, span);
        }
        if same_value(a, b) {
            let always = matches!(op, BinaryOp::Eq | BinaryOp::Le | BinaryOp::Ge);
            return self.always(always, "both sides are the same", None, span);
        }
        let (value, n, op) = match (constant(a), constant(b)) {
            (None, Some(n)) if is_written(written.1) => (a, n, op),
            (Some(n), None) if is_written(written.0) => (b, n, mirrored),
            (Some(x), Some(y)) if is_written(written.0) && is_written(written.1) => {
                // What a macro was given stands elsewhere.
                let within = |part: Span| {
                    part.source == span.source && part.start >= span.start && part.end <= span.end
                };
                if within(a.span) && within(b.span) && a.span != b.span {
                    self.always(
                        holds(op, i128::from(x), i128::from(y)),
                        "both sides are constants",
                        None,
                        span,
                    );
                }
                return;
            }
            _ => return,
        };
        let Some((least, most)) = range(value) else { return };
        // A negative constant is a huge one where all 64 bits are compared without a sign.
        if n < 0 && most > i128::from(i64::MAX) {
            return;
        }
        let n = i128::from(n);
        let always = match op {
            BinaryOp::Eq | BinaryOp::Ne if n < least || n > most => op == BinaryOp::Ne,
            BinaryOp::Eq | BinaryOp::Ne => return,
            _ => match (holds(op, least, n), holds(op, most, n)) {
                (true, true) => true,
                (false, false) => false,
                _ => return,
            },
        };
        let (label, help) = match (&value.ty, least) {
            (Ty::Value(Type::Bool), _) => {
                ("a bool is true or false".to_owned(), "write it alone, `x`, or `!x`")
            }
            (_, 0) if n <= 0 => (
                "an unsigned number is never below 0".to_owned(),
                "cast it where it may be negative: `(int64)x`",
            ),
            _ => (
                format!("it is {}, {least} to {most}", value.ty.describe()),
                "compare with a number that it can be",
            ),
        };
        self.always(always, &label, Some(help), span);
    }

    fn always(&mut self, always: bool, label: &str, help: Option<&str>, span: Span) {
        let help = match (help, always) {
            (Some(help), _) => help,
            (None, true) => "leave it away, or compare something that changes",
            (None, false) => "what depends on it never runs: compare something that changes",
        };
        self.doubt(
            Diagnostic::warning("always-same", span, format!("this is always {always}"))
                .label(label)
                .help(help),
        );
    }

    /// `comm == "a name of more than 15 bytes"`
    fn doubt_string(&mut self, op: BinaryOp, length: usize, other: &ExprKind, ty: &Ty, span: Span) {
        let Ty::Value(Type::Str { max }) = ty else { return };
        let (label, help) = match other {
            ExprKind::Builtin(Id::Comm) => (
                format!(
                    "a thread's name has at most {} bytes, and the constant has {length}",
                    max.saturating_sub(1)
                ),
                "the kernel cuts longer names off: compare with their first 15 bytes",
            ),
            ExprKind::ContextStr { data_loc: false, .. } => (
                format!("the field has less room than the {length} bytes of the constant"),
                "the kernel cuts longer texts off: compare with what fits",
            ),
            _ => return,
        };
        if length >= *max as usize {
            self.always(op == BinaryOp::Ne, &label, Some(help), span);
        }
    }

    /// Warns of a statement that does nothing.
    pub(super) fn doubt_statement(&mut self, stmt: &ast::Stmt, is_last: bool) {
        let (message, label, help) = match &stmt.kind {
            StmtKind::Assign { target, op: None, value } if same_place(target, value) => {
                ("this assigns a value to itself", "nothing changes", "remove it")
            }
            StmtKind::Assign { op: Some(op), value, .. } if is_neutral(*op, value) => {
                ("this assignment changes nothing", "leaves the value as it is", "remove it")
            }
            // A block may end with its value, so that only what is likely to be a slip is one there.
            StmtKind::Expr(ast::Expr { kind: Ast::Binary(BinaryOp::Eq, target, _), .. })
                if matches!(target.kind, Ast::Var(_) | Ast::Map { .. }) =>
            {
                ("this compares, and nobody takes the result", "not an assignment", "to assign, write `=`")
            }
            StmtKind::Expr(expr) if !is_last && has_no_effect(expr) => (
                "this makes a value that nobody takes",
                "nothing is done with it",
                "show it, `print(x)`, or keep it, `$x = ...`",
            ),
            _ => return,
        };
        self.doubt(Diagnostic::warning("no-effect", stmt.span, message).label(label).help(help));
    }
}

/// The operator with its sides exchanged; `None` where it is no comparison.
fn mirror(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Eq | BinaryOp::Ne => op,
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Ge => BinaryOp::Le,
        _ => return None,
    })
}

fn holds(op: BinaryOp, a: i128, b: i128) -> bool {
    match op {
        BinaryOp::Eq => a == b,
        BinaryOp::Ne => a != b,
        BinaryOp::Lt => a < b,
        BinaryOp::Gt => a > b,
        BinaryOp::Le => a <= b,
        _ => a >= b,
    }
}

/// A number that stands in the script as such, and is no parameter of it.
fn is_written(expr: &ast::Expr) -> bool {
    match &expr.kind {
        Ast::Int { .. } | Ast::Bool(_) => true,
        Ast::Unary(UnaryOp::Neg | UnaryOp::BitNot, inner) => is_written(inner),
        Ast::Binary(_, a, b) => is_written(a) && is_written(b),
        _ => false,
    }
}

/// The numbers that a value can be.
fn range(value: &Expr) -> Option<(i128, i128)> {
    let (bytes, signed) = match &value.ty {
        Ty::Value(Type::Bool) => return Some((0, 1)),
        Ty::Value(Type::Int { bytes, signed }) => (*bytes, *signed),
        _ => return None,
    };
    // What the script itself keeps may have grown beyond the type of its first value.
    let kept = matches!(
        value.kind,
        ExprKind::Var(_)
            | ExprKind::MapGet(..)
            | ExprKind::StepVar { .. }
            | ExprKind::StepMap { .. }
            | ExprKind::TupleIndex(..)
            | ExprKind::Ternary(..)
            | ExprKind::Block(..)
    );
    let bits = if kept { 64 } else { u32::from(bytes) * 8 };
    Some(match signed {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    })
}

/// Whether both are the same thing, which does not change between two looks.
fn same_value(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Var(x), ExprKind::Var(y)) => x == y,
        (ExprKind::Builtin(x), ExprKind::Builtin(y)) => {
            x == y && !matches!(x, Id::Nsecs | Id::Elapsed | Id::Rand | Id::Jiffies)
        }
        _ => false,
    }
}

fn same_place(target: &ast::Expr, value: &ast::Expr) -> bool {
    match (&target.kind, &value.kind) {
        (Ast::Var(a), Ast::Var(b)) => a == b,
        (Ast::Map { name: a, key: None }, Ast::Map { name: b, key: None }) => a == b,
        _ => false,
    }
}

/// `+= 0`, `*= 1` and the like.
fn is_neutral(op: BinaryOp, value: &ast::Expr) -> bool {
    use BinaryOp::{Add, BitOr, BitXor, Div, Mul, Shl, Shr, Sub};
    match value.kind {
        Ast::Int { value: 0, .. } => matches!(op, Add | Sub | BitOr | BitXor | Shl | Shr),
        Ast::Int { value: 1, .. } => matches!(op, Mul | Div),
        _ => false,
    }
}

fn has_no_effect(expr: &ast::Expr) -> bool {
    match &expr.kind {
        Ast::Int { .. } | Ast::Str(_) | Ast::Bool(_) | Ast::Var(_) | Ast::Ident(_) | Ast::Field(..) => true,
        Ast::Map { key, .. } => key.iter().flatten().all(has_no_effect),
        Ast::Binary(_, a, b) => has_no_effect(a) && has_no_effect(b),
        Ast::Unary(_, inner) => has_no_effect(inner),
        _ => false,
    }
}
