//! `caller(program)`: the nearest caller that is not of Go's runtime.
//!
//! Go's linker puts a package behind all that it imports, and everything imports the runtime: the runtime, what it is
//! made of, and what other packages have in it (`time.Sleep` is the runtime's) lie before all else.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;
use gprobe_symbols::Binary;

use super::body::Body;
use super::typed::{Expr, ExprKind, Ty};
use crate::artifact::Type;

/// More than other packages' few functions between the runtime's take, in bytes.
const GAP: u64 = 64 << 10;

impl Body<'_, '_> {
    /// `caller(program)`, where the argument is that; none where it is something else.
    pub(super) fn outside_caller(&mut self, arg: Option<&ast::Expr>, span: Span) -> Option<Expr> {
        match &arg?.kind {
            ast::ExprKind::Ident(name) if name == "program" => {}
            _ => return None,
        }
        let Some(executable) = self.executable(span) else { return Some(self.broken(span)) };
        let Some(end) = runtime_end(&executable.binary) else {
            self.error(
                Diagnostic::error("no-target", span, "where the runtime's functions end is not known")
                    .note("the program's functions do not lie in the order of its packages")
                    .help("name a frame: `caller(2)`"),
            );
            return Some(self.broken(span));
        };
        match self.cx.target.world.load_bias(&executable) {
            Ok(bias) => {
                let end = end.wrapping_add(bias);
                let kind = ExprKind::OutsideCaller { end, own: self.place.own_frame() };
                Some(Expr { kind, ty: Ty::Value(Type::UserFunction), span })
            }
            Err(absent) => {
                self.error(Diagnostic::error("no-target", span, absent.reason));
                Some(self.broken(span))
            }
        }
    }
}

/// The first address behind the runtime's functions.
fn runtime_end(binary: &Binary) -> Option<u64> {
    let functions = binary.functions();
    let within = functions.exact("runtime.mallocgc").first()?.addr;
    let mut end = within.0;
    for function in functions.matching("runtime.*") {
        if function.addr >= within && function.addr.0 <= end.saturating_add(GAP) {
            end = end.max(function.end().0);
        }
    }
    // The linker can be told to shuffle them.
    let ordered = functions.exact("main.main").iter().all(|main| main.addr.0 >= end);
    ordered.then_some(end)
}
