//! `gostack`, `kstack` and `ustack`.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::body::Body;
use super::place::Place;
use super::typed::{Expr, ExprKind, StackStart, Ty};
use crate::artifact::{StackMode, Type};
use crate::functions::Id;

/// Most frames of a stack, by the kernel's default for `kernel.perf_event_max_stack`.
pub(super) const MAX_DEPTH: u32 = 127;

impl Body<'_, '_> {
    /// A stack of stated form and depth.
    pub(super) fn stack_call(&mut self, which: Id, args: &[ast::Expr], span: Span) -> Expr {
        let (mut mode, mut depth) = (self.cx.options.stack_mode, MAX_DEPTH);
        for arg in args {
            if let Ast::Ident(name) = &arg.kind {
                match stack_mode(name) {
                    Some(found) => mode = found,
                    None => {
                        self.error(
                            Diagnostic::error(
                                "unknown-name",
                                arg.span,
                                format!("`{name}` is no form of a stack"),
                            )
                            .help("there are bpftrace, perf and raw"),
                        );
                        return self.broken(span);
                    }
                }
                continue;
            }
            if let Ast::Str(text) = &arg.kind {
                let said = String::from_utf8_lossy(text).into_owned();
                self.error(
                    Diagnostic::error("unknown-name", arg.span, format!("`{said}` is no form of a stack"))
                        .label("a string")
                        .help("the forms are words without quotes: bpftrace, perf and raw"),
                );
                return self.broken(span);
            }
            match self.constant(arg, "the number of frames", 1, i64::from(MAX_DEPTH)) {
                Some(n) => depth = n as u32,
                None => return self.broken(span),
            }
        }
        match which {
            Id::Gostack => self.go_stack(depth, mode, span),
            _ => self.stack(which == Id::Ustack, depth, mode, span),
        }
    }

    /// `gostack`.
    pub(super) fn go_stack(&mut self, depth: u32, mode: StackMode, span: Span) -> Expr {
        if matches!(self.place, Place::OwnProcess(_)) {
            self.not_here("gostack", "it runs in gprobe itself, not in a goroutine; `iter:goroutine:1s` visits all goroutines each second", span);
            return self.broken(span);
        }
        if !self.need_runtime("gostack", span) {
            return self.broken(span);
        }
        let from = match self.place {
            Place::Iterate(_) => StackStart::Iterate,
            place if place.has_frame() => StackStart::Inside(place.frame_base()),
            place if place.has_registers() => StackStart::Entry,
            _ => StackStart::Elsewhere,
        };
        let ty = Ty::Value(Type::GoStack { depth, mode });
        Expr { kind: ExprKind::GoStack(from), ty, span }
    }

    /// `ustack` and `kstack`.
    pub(super) fn stack(&mut self, user: bool, depth: u32, mode: StackMode, span: Span) -> Expr {
        let ty = if user { Type::UserStack { depth, mode } } else { Type::KernelStack { depth, mode } };
        Expr { kind: ExprKind::Stack { user, depth }, ty: Ty::Value(ty), span }
    }
}

pub(super) fn stack_mode(name: &str) -> Option<StackMode> {
    Some(match name {
        "bpftrace" => StackMode::Names,
        "perf" => StackMode::Perf,
        "raw" => StackMode::Raw,
        _ => return None,
    })
}
