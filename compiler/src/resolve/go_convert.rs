//! What closures have captured, and checked conversions: `(*main.T)(x)` of an interface.
//!
//! The conversion gives a pointer to what the interface holds where that is a `main.T` or a `*main.T`, else nil, so that
//! scripts can ask: `$t = (*main.T)(args.err); if ($t != 0) { ... }`.

use gprobe_lang::ast::{self, ExprKind as Ast, TypeKind as Written};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::{Captured, TypeKind};

use super::body::Body;
use super::cvalue::plus;
use super::go_value::{Located, Value};
use super::typed::{Compare, Expr, ExprKind, Pointee, Ty};
use crate::target::TargetBinary;
use crate::x64;

impl Body<'_, '_> {
    /// What a closure has captured, at its entry: there RDX has the address of the closure's struct.
    pub(super) fn captured_value(&mut self, captured: &Captured, span: Span) -> Option<Value> {
        if self.place.is_inside() {
            self.not_here("args", "what a closure has captured is known where it begins", span);
            return None;
        }
        let register = ExprKind::Context { offset: x64::RDX, bytes: 8, signed: false };
        let closure = Expr { kind: register, ty: Ty::U64, span };
        let value = Value::in_memory(plus(closure, u32::try_from(captured.offset).ok()?), captured.ty);
        if captured.by_reference { self.pointee(value, span) } else { Some(value) }
    }

    /// The conversion, where it is one of an interface.
    pub(super) fn go_conversion(
        &mut self,
        ty: &ast::TypeExpr,
        inner: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let Written::Pointer(to) = &ty.kind else { return None };
        let Written::Named(name) = &to.kind else { return None };
        if !name.contains('.') || !matches!(inner.kind, Ast::Field(..) | Ast::Index(..) | Ast::Ident(_)) {
            return None;
        }
        let executable = self.cx.go_executable()?.clone();
        let Some(Located::Go(value)) = self.located(inner) else { return None };
        let TypeKind::Interface { empty } = executable.binary.layout().ty(value.ty).ok()?.kind else {
            return None;
        };
        Some(
            self.interface_holds(&executable, &value, empty, (name, to.span), span)
                .unwrap_or_else(|| self.broken(span)),
        )
    }

    fn interface_holds(
        &mut self,
        executable: &TargetBinary,
        value: &Value,
        empty: bool,
        (name, at): (&str, Span),
        span: Span,
    ) -> Option<Expr> {
        let id = self.go_pointer_type(name, at)?;
        let layout = executable.binary.layout();
        let known = [Some(id), layout.find_type(&format!("*{name}")).ok()];
        let places: Vec<u64> = known
            .into_iter()
            .flatten()
            .filter_map(|id| layout.runtime_address(id).ok().flatten())
            .map(|addr| addr.0)
            .collect();
        let bias = match self.cx.target.world.load_bias(executable) {
            Ok(bias) => bias,
            Err(absent) => {
                self.error(
                    Diagnostic::error("no-target", span, "what an interface holds is not known here")
                        .note(absent.reason)
                        .help("name a process with -p PID or -c COMMAND"),
                );
                return None;
            }
        };
        let first = self.word(value, 0, 8, false, span)?;
        let data = self.word(value, 8, 8, false, span)?;
        let of = |kind, ty| Expr { kind, ty, span };
        let number = |n: u64| of(ExprKind::Int(n.cast_signed()), Ty::U64);
        // The first word is the type, or the itab, whose second word is the type (`runtime.itab`).
        let dynamic = if empty {
            first
        } else {
            let read = ExprKind::ReadUser { addr: Box::new(plus(first.clone(), 8)), bytes: 8, signed: false };
            let there = ExprKind::Compare(Compare::Ne, Box::new(first), Box::new(number(0)));
            let (there, read) = (of(there, Ty::BOOL), of(read, Ty::U64));
            of(ExprKind::Ternary(Box::new(there), Box::new(read), Box::new(number(0))), Ty::U64)
        };
        let mut holds = of(ExprKind::Int(0), Ty::BOOL);
        for place in places {
            let wanted = Box::new(number(place.wrapping_add(bias)));
            let same = of(ExprKind::Compare(Compare::Eq, Box::new(dynamic.clone()), wanted), Ty::BOOL);
            holds = of(ExprKind::Or(Box::new(same), Box::new(holds)), Ty::BOOL);
        }
        let kind = ExprKind::Ternary(Box::new(holds), Box::new(data), Box::new(number(0)));
        Some(of(kind, Ty::Pointer(Pointee::Go(id))))
    }
}
