//! `usdt:FILE:PROVIDER:NAME`: the places that a program offers for tracing.

use std::sync::Arc;

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{FileOffset, Reason, Usdt, UsdtArg, UsdtPlace, glob_matches};

use super::Resolver;
use super::body::Body;
use super::place::Place;
use super::sites::{Candidate, Grouping};
use super::typed::{Arith, Expr, ExprKind, Ty};
use crate::artifact::COOKIE_FUNCTION;
use crate::artifact::{Attach, ProgramKind, SiteInfo};
use crate::target::TargetBinary;
use crate::x64;

/// The arguments at a place, or why one can't be read.
pub(super) type Arguments = Arc<[Result<UsdtArg, Reason>]>;

impl Resolver<'_> {
    /// `usdt:FILE:NAME` and `usdt:FILE:PROVIDER:NAME`, in which an empty provider is any.
    pub(super) fn usdt(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let (file, provider, name) = match args {
            [file] if file.value == "*" => (*file, "*", "*"),
            [file, name] if !name.value.is_empty() => (*file, "*", name.value.as_str()),
            [file, provider, name] if !name.value.is_empty() => {
                let provider = if provider.value.is_empty() { "*" } else { provider.value.as_str() };
                (*file, provider, name.value.as_str())
            }
            _ => {
                self.report(
                    Diagnostic::error(
                        "bad-attach-point",
                        point.text.span,
                        "a usdt probe has a file, a provider and a name",
                    )
                    .help("write `usdt:libc:setjmp`, `usdt:/path/to/file:provider:name` or, with -p, `usdt:*:provider:name`"),
                );
                return None;
            }
        };
        let names: Span = match args {
            [_, first, .., last] => first.span.to(last.span),
            [.., last] => last.span,
            [] => point.text.span,
        };
        if file.value.is_empty() || file.value.contains(['*', '?']) {
            // Files that offer such a probe stand here in place of the pattern, where there are any.
            let of = match self.target.processes.ids() {
                [] => "no file that matches".to_owned(),
                [pid, ..] => format!("no file that process {pid} has loaded"),
            };
            let help = self
                .target
                .processes
                .is_unnamed()
                .then(|| "name a file, or a process with -p PID".to_owned());
            self.missing(
                "no-match",
                point.text.span,
                format!("{of} offers a probe `{provider}:{name}`"),
                help,
            );
            return None;
        }
        let binary = match self.target.world.binary(&file.value) {
            Ok(binary) => binary,
            Err(absent) => {
                self.absent("no-binary", file.span, &file.value, absent);
                return None;
            }
        };
        let all = binary.binary.usdt();
        let wanted = |usdt: &&Usdt| glob_matches(provider, &usdt.provider) && glob_matches(name, &usdt.name);
        let matched: Vec<&Usdt> = all.iter().filter(wanted).collect();
        if matched.is_empty() {
            self.no_usdt(&binary, &all, provider, name, names);
            return None;
        }
        let index = self.binary_index(&binary);
        let mut groups: Vec<Candidate> = Vec::new();
        let mut refused = Vec::new();
        for usdt in &matched {
            if let Err(reason) = self.usdt_site(point, &binary, index, usdt, grouping, &mut groups) {
                refused.push((full_name(usdt), reason));
            }
        }
        self.refused(names, &refused, matched.len(), "probes", groups.is_empty())?;
        Some(groups)
    }

    fn usdt_site(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        binary: usize,
        usdt: &Usdt,
        grouping: &Grouping,
        groups: &mut Vec<Candidate>,
    ) -> Result<(), Reason> {
        let offset = usdt.site.clone()?;
        let semaphore: Option<FileOffset> = usdt.semaphore.clone().transpose()?;
        let title = format!("usdt:{}:{}", file.name, full_name(usdt));
        let mut cookie = u64::from(self.probe_name(&title));
        if grouping.names_function {
            cookie |= u64::from(self.function_around(file, usdt)) << COOKIE_FUNCTION;
        }
        let info = SiteInfo { offset, addr: usdt.addr, semaphore, cookie, function: full_name(usdt) };
        let same = groups.iter_mut().find(|group| match &group.place {
            Place::Usdt { args, .. } => {
                !grouping.each_site && (!grouping.arguments || args[..] == usdt.args[..])
            }
            _ => false,
        });
        match same {
            Some(Candidate { attach: Attach::Uprobe { sites, .. }, .. }) => sites.push(info),
            _ => groups.push(Candidate {
                place: Place::Usdt { name: full_name(usdt), args: usdt.args.clone().into() },
                kind: ProgramKind::Uprobe,
                attach: Attach::Uprobe { binary, ret: false, sites: vec![info] },
                title: point.text.value.clone(),
                checks_flags: false,
                cookie: 0,
            }),
        }
        Ok(())
    }

    /// The number of the function that a probe is in; where the file does not tell, of its address.
    fn function_around(&mut self, file: &TargetBinary, usdt: &Usdt) -> u32 {
        match file.binary.functions().containing(usdt.addr) {
            Some(function) => self.function_number(&function.name),
            None => self.function_number(&usdt.addr.to_string()),
        }
    }

    fn no_usdt(&mut self, file: &TargetBinary, all: &[Usdt], provider: &str, name: &str, span: Span) {
        let message = if all.is_empty() {
            format!("{} offers no usdt probes", file.name)
        } else {
            format!("no usdt probe of {} matches `{provider}:{name}`", file.name)
        };
        let names = all.iter().map(|usdt| usdt.name.as_str());
        let help = did_you_mean(name, names).unwrap_or_else(|| match all {
            [] => "probe a function instead: `uprobe:FILE:FUNCTION`".to_owned(),
            _ => format!("`gprobe -l 'usdt:{}:*'` shows what there is", file.name),
        });
        self.missing("no-match", span, message, Some(help));
    }
}

fn full_name(usdt: &Usdt) -> String {
    format!("{}:{}", usdt.provider, usdt.name)
}

impl Body<'_, '_> {
    /// `argN` at a usdt probe: where its note says.
    pub(super) fn usdt_argument(&mut self, index: usize, span: Span) -> Expr {
        let Place::Usdt { name, args } = self.place else { return self.broken(span) };
        let arg = match args.get(index) {
            Some(Ok(arg)) => *arg,
            Some(Err(reason)) => {
                self.error(
                    Diagnostic::error("unreadable", span, format!("arg{index} of `{name}` can't be read"))
                        .note(reason.to_string()),
                );
                return self.broken(span);
            }
            None => {
                let has = match args.len() {
                    0 => "no arguments".to_owned(),
                    1 => "one argument, arg0".to_owned(),
                    n => format!("{n} arguments, arg0 to arg{}", n - 1),
                };
                self.error(
                    Diagnostic::error("out-of-range", span, format!("`{name}` has {has}"))
                        .help("`gprobe list -v` shows the arguments of usdt probes"),
                );
                return self.broken(span);
            }
        };
        let UsdtArg { bytes, signed, place } = arg;
        let kind = match place {
            UsdtPlace::Constant(value) => ExprKind::Int(cut(value, bytes, signed)),
            UsdtPlace::Register(register, byte) => match x64::dwarf_register(register.0) {
                Some(offset) => ExprKind::Context { offset: offset + u16::from(byte), bytes, signed },
                None => {
                    self.in_float_register(span);
                    return self.broken(span);
                }
            },
            UsdtPlace::Memory { base, index, displacement } => {
                let addr = self.address(base.map(|base| (base, 1)), index, displacement, span);
                ExprKind::ReadUser { addr: Box::new(addr), bytes, signed }
            }
        };
        Expr { kind, ty: Ty::int(8, signed), span }
    }

    /// `displacement(base,index,scale)`
    fn address(
        &mut self,
        base: Option<(gprobe_symbols::X64Reg, u8)>,
        index: Option<(gprobe_symbols::X64Reg, u8)>,
        displacement: i64,
        span: Span,
    ) -> Expr {
        let of = |kind| Expr { kind, ty: Ty::U64, span };
        let arith = |op, a, b| of(ExprKind::Arith(op, Box::new(a), Box::new(b)));
        let mut sum = of(ExprKind::Int(displacement));
        for (register, scale) in base.into_iter().chain(index) {
            let Some(offset) = x64::dwarf_register(register.0) else { return self.broken(span) };
            let mut part = of(ExprKind::Context { offset, bytes: 8, signed: false });
            if scale > 1 {
                part = arith(Arith::Mul, part, of(ExprKind::Int(i64::from(scale))));
            }
            sum = arith(Arith::Add, part, sum);
        }
        sum
    }
}

/// The low bytes of a constant, as a number of their size.
fn cut(value: i64, bytes: u8, signed: bool) -> i64 {
    let unused = 64 - 8 * u32::from(bytes.clamp(1, 8));
    if signed {
        (value << unused) >> unused
    } else {
        (value.cast_unsigned() << unused >> unused).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn constants_have_the_size_that_is_noted() {
        assert_eq!(cut(-202_182_160, 4, false), 4_092_785_136);
        assert_eq!(cut(-202_182_160, 4, true), -202_182_160);
        assert_eq!((cut(-16, 1, false), cut(-16, 1, true), cut(240, 1, true)), (240, -16, -16));
        assert_eq!((cut(-1, 8, false), cut(-1, 2, false)), (-1, 65_535));
    }
}
