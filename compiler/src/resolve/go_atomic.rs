//! Atomic instructions of Go code: `go:PATTERN:atomic:CALLEE`, on those that decide whether CALLEE is called, and
//! `go:PATTERN:swap:FUNCTION`, on the compare-and-swap of FUNCTION and of its copies.

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{AtomicSites, FlagTest, Function, Language, glob_matches, is_glob};

use super::Resolver;
use super::body::Body;
use super::place::Place;
use super::sites::{Candidate, Grouping, join_group};
use super::typed::{Arith, Compare, Expr, ExprKind, Ty};
use crate::artifact::SiteInfo;
use crate::artifact::{COOKIE_DISPLACEMENT, COOKIE_FUNCTION};
use crate::builtins::Id;
use crate::target::TargetBinary;
use crate::x64;

/// Which atomic instructions a probe is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that decide about a call.
    Guards,
    /// The compare-and-swap of a function.
    Swaps,
}

/// What is known of an atomic instruction at the site behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Atomic {
    /// Offset in `pt_regs` of the register that the operand's address is in.
    base: u16,
    /// Bytes from there; `None` where each site's cookie tells.
    displacement: Option<i64>,
    /// What the flags say where the instruction was enough.
    fast: FlagTest,
    wanted: Wanted,
}

impl Atomic {
    /// The name of the argument that tells whether the instruction was enough.
    fn outcome(self) -> &'static str {
        match self.wanted {
            Wanted::Guards => "fast",
            Wanted::Swaps => "swapped",
        }
    }
}

impl Resolver<'_> {
    /// `go:PATTERN:atomic:CALLEE` and `go:PATTERN:swap:FUNCTION`
    pub(super) fn go_atomic(
        &mut self,
        point: &AttachPoint,
        (pattern, name): (&Spanned<String>, &Spanned<String>),
        wanted: Wanted,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let file = self.go_program(point)?;
        let functions = file.binary.functions();
        let wild = is_glob(&pattern.value);
        let exact = if wild { Vec::new() } else { functions.exact_all(&pattern.value) };
        let exact = if wild || !exact.is_empty() { exact } else { functions.exact(&pattern.value) };
        if !wild && exact.is_empty() {
            self.no_function(&file, pattern, false, true);
            return None;
        }
        let fits = |function: &Function| match wild {
            true => fits(&pattern.value, &function.name),
            false => exact.iter().any(|known| known.addr == function.addr),
        };
        let found = match wanted {
            Wanted::Swaps => file.binary.swaps(&name.value, fits),
            Wanted::Guards => {
                let mut callees = functions.exact(&name.value);
                callees.retain(|callee| callee.language != Language::C);
                if callees.is_empty() {
                    self.no_function(&file, name, false, true);
                    return None;
                }
                let mut all = AtomicSites::default();
                for callee in &callees {
                    let more = file.binary.guards(callee, fits);
                    all.found.extend(more.found);
                    all.refused.extend(more.refused);
                }
                all
            }
        };
        if found.found.is_empty() && found.refused.is_empty() {
            self.no_atomic(&file, pattern, name, wanted);
            return None;
        }
        self.at_atomics(point, &file, found, wanted, grouping)
    }

    fn no_atomic(
        &mut self,
        file: &TargetBinary,
        pattern: &Spanned<String>,
        name: &Spanned<String>,
        wanted: Wanted,
    ) {
        let (message, help) = match wanted {
            Wanted::Guards => (
                format!("no function that matches `{}` has a direct call of `{}`", pattern.value, name.value),
                "write `*` for all functions: the code of a fast path is in those that it was put into"
                    .to_owned(),
            ),
            Wanted::Swaps => {
                let names = file.binary.functions().names();
                let near = did_you_mean(&name.value, names.iter().map(|known| known.as_ref()));
                (
                    format!("`{}` is in no function that matches `{}`", name.value, pattern.value),
                    near.unwrap_or_else(|| "write `*` for all functions; the name is exact".to_owned()),
                )
            }
        };
        // In no function at all it is not linked, or there is no such name.
        let code =
            if wanted == Wanted::Swaps && pattern.value == "*" { "unknown-function" } else { "no-site" };
        self.missing(code, name.span, message, Some(help));
    }

    fn at_atomics(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        sites: AtomicSites,
        wanted: Wanted,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let binary = self.binary_index(file);
        let matched = sites.found.len() + sites.refused.len();
        let name = self.probe_name(&point.text.value);
        // Where the operand is differs from site to site, and is no reason for a program of its own.
        let grouping = Grouping { each_function: grouping.each_site, ..*grouping };
        let mut groups = Vec::new();
        for site in sites.found {
            let Some(base) = x64::dwarf_register(site.base.0) else { continue };
            let near = i16::try_from(site.displacement).ok().filter(|_| self.target.kernel.attach_cookie);
            let displacement = near.map_or(0, |near| u64::from(near.cast_unsigned()) << COOKIE_DISPLACEMENT);
            let function = u64::from(self.function_number(&site.function.name)) << COOKIE_FUNCTION;
            let info = SiteInfo {
                offset: site.site.offset,
                addr: site.site.addr,
                semaphore: None,
                cookie: u64::from(name) | displacement | function,
                function: site.function.name.clone(),
            };
            let atomic = Atomic {
                base,
                displacement: if near.is_some() { None } else { Some(site.displacement) },
                fast: site.fast,
                wanted,
            };
            let place = Place::Function {
                binary,
                g_in_r14: file.binary.g_in_r14(&site.function),
                site: site.site.addr,
                ret: false,
                inside: true,
                depth: Some(site.depth),
                copy: None,
                atomic: Some(atomic),
                go: true,
                function: site.function,
            };
            join_group(&mut groups, &grouping, &point.text.value, place, false, false, info);
        }
        let what = match wanted {
            Wanted::Guards => "calls",
            Wanted::Swaps => "places",
        };
        self.refused(point.text.span, &sites.refused, matched, what, groups.is_empty())?;
        Some(groups)
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    let plain = name.strip_suffix(".abi0").unwrap_or(name);
    glob_matches(pattern, plain) || glob_matches(pattern, name)
}

impl Body<'_, '_> {
    /// `args.addr`, and `args.fast` or `args.swapped`, behind an atomic instruction.
    pub(super) fn atomic_arg(&mut self, atomic: Atomic, name: &Spanned<String>, span: Span) -> Option<Expr> {
        let of = |kind, ty| Expr { kind, ty, span };
        let register = |offset| of(ExprKind::Context { offset, bytes: 8, signed: false }, Ty::U64);
        match name.value.as_str() {
            "addr" => {
                let displacement = match atomic.displacement {
                    Some(0) => return Some(register(atomic.base)),
                    Some(bytes) => of(ExprKind::Int(bytes), Ty::I64),
                    None => {
                        self.uses.cookie = true;
                        of(ExprKind::Builtin(Id::Displacement), Ty::I64)
                    }
                };
                let base = Box::new(register(atomic.base));
                Some(of(ExprKind::Arith(Arith::Add, base, Box::new(displacement)), Ty::U64))
            }
            known if known == atomic.outcome() => {
                let flags = x64::flags_of(atomic.fast.condition);
                let bit = |shift| {
                    let value = Box::new(register(x64::FLAGS));
                    of(ExprKind::Bits { value, shift, width: 1, signed: false }, Ty::U64)
                };
                let compare =
                    |compare, a, b| of(ExprKind::Compare(compare, Box::new(a), Box::new(b)), Ty::BOOL);
                let any = flags
                    .any
                    .iter()
                    .map(|shift| compare(Compare::Ne, bit(*shift), of(ExprKind::Int(0), Ty::I64)));
                let differ = flags.differ.map(|(a, b)| compare(Compare::Ne, bit(a), bit(b)));
                let holds =
                    any.chain(differ).reduce(|a, b| of(ExprKind::Or(Box::new(a), Box::new(b)), Ty::BOOL))?;
                Some(if atomic.fast.holds { holds } else { of(ExprKind::Not(Box::new(holds)), Ty::BOOL) })
            }
            _ => {
                let known = ["addr", atomic.outcome()];
                let message = format!("an atomic instruction has no argument `{}`", name.value);
                let help = did_you_mean(&name.value, known.into_iter())
                    .unwrap_or_else(|| format!("write `args.addr` or `args.{}`", atomic.outcome()));
                self.error(Diagnostic::error("unknown-field", name.span, message).help(help));
                None
            }
        }
    }
}
