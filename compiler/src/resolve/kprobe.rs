//! Probes on functions of the kernel.

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::Resolver;
use super::body::Body;
use super::place::Place;
use super::sites::Candidate;
use super::typed::{Expr, ExprKind, Ty};
use crate::artifact::{Attach, ProgramKind};
use crate::x64;

impl Resolver<'_> {
    /// `kprobe:FUNCTION`, `kprobe:FUNCTION+OFFSET`, `kprobe:MODULE:FUNCTION`, and `kretprobe` likewise.
    pub(super) fn kernel_functions(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        ret: bool,
    ) -> Option<Vec<Candidate>> {
        let kind = if ret { "kretprobe" } else { "kprobe" };
        let (module, place) = match args {
            [place] => (None, *place),
            [module, place] => (Some(module.value.as_str()), *place),
            _ => return self.no_kernel_function(point.text.span, kind),
        };
        let (pattern, offset) = match place.value.split_once('+') {
            None => (place.value.as_str(), 0),
            Some((pattern, offset)) => {
                let digits = offset.strip_prefix("0x");
                let number = match digits {
                    Some(digits) => u64::from_str_radix(digits, 16),
                    None => offset.parse(),
                };
                match number {
                    _ if ret => {
                        let message = "a kretprobe has no offset: it is where the function returns to";
                        self.report(
                            Diagnostic::error("bad-attach-point", place.span, message)
                                .help(format!("leave out the offset: `kretprobe:{pattern}`")),
                        );
                        return None;
                    }
                    Ok(number) => (pattern, number),
                    Err(_) => return self.no_kernel_function(place.span, kind),
                }
            }
        };
        if pattern.is_empty() {
            return self.no_kernel_function(place.span, kind);
        }
        let found = match self.target.world.kernel_functions(module, pattern) {
            Ok(found) => found,
            Err(absent) => {
                let help = did_you_mean(pattern, absent.candidates.iter().map(String::as_str));
                let help = help.or_else(|| {
                    absent.candidates.is_empty().then(|| "tracepoints and uprobes are there".to_owned())
                });
                self.missing("no-match", place.span, absent.reason, help);
                return None;
            }
        };
        let candidates = found.into_iter().map(|function| {
            let at = if offset == 0 { String::new() } else { format!("+{offset}") };
            let title = format!("{kind}:{function}{at}");
            Candidate {
                place: Place::Kernel { function: function.clone(), ret },
                kind: ProgramKind::Kprobe,
                attach: Attach::Kprobe { function, offset, ret },
                cookie: u64::from(self.probe_name(&title)),
                title,
                checks_flags: false,
            }
        });
        Some(candidates.collect())
    }

    fn no_kernel_function(&mut self, span: Span, kind: &str) -> Option<Vec<Candidate>> {
        let message = "this names no function of the kernel";
        let offset =
            if kind == "kprobe" { ", or `kprobe:do_nanosleep+8` for an instruction in it" } else { "" };
        self.report(
            Diagnostic::error("bad-attach-point", span, message)
                .help(format!("write `{kind}:do_nanosleep`{offset}")),
        );
        None
    }
}

impl Body<'_, '_> {
    /// `argN` of a function of the kernel, which is called as C is.
    pub(super) fn kernel_argument(&mut self, name: &str, index: usize, ret: bool, span: Span) -> Expr {
        if ret {
            let why =
                "on the way out, the registers hold the result; keep what you need in a map at the entry";
            self.not_here(name, why, span);
            return self.broken(span);
        }
        match x64::C_ARGS.get(index) {
            Some(&offset) => {
                Expr { kind: ExprKind::Context { offset, bytes: 8, signed: false }, ty: Ty::U64, span }
            }
            None => {
                let message = format!("only arg0 to arg{} are passed in registers", x64::C_ARGS.len() - 1);
                self.error(Diagnostic::error("out-of-range", span, message));
                self.broken(span)
            }
        }
    }
}
