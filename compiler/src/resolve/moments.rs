//! Moments of providers: `goroutine:park` becomes the sites that its definitions name in this binary.
//!
//! All definitions of a moment add up. Of one, the first alternative is taken that this binary has: whose
//! predicate holds, as far as it is known before the script runs, and whose functions there are.

use gprobe_lang::ast::{self, Alternative, AttachPoint, BinaryOp, Expr, ExprKind, Provider};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::constant::constant;
use super::mentions::Mentioned;
use super::place::Place;
use super::sites::Candidate;
use super::{Resolver, hot, typed};
use crate::expand::providers::provider_of;
use crate::target::MissingProbes;
use crate::walk::each_expr;
use crate::written::and;

/// How deep moments may be defined by others.
const MOST_NESTED: usize = 8;

/// Errors of an alternative that say no more than that the binary has no such function: it is not linked where
/// nothing calls it, and then the moment can't come there.
const NOT_LINKED: [&str; 2] = ["unknown-function", "no-match"];

/// The error of a moment that comes to no function.
const ENDLESS: &str = "endless-provider";

/// Names that are known before the script runs.
const KNOWN_BEFORE: [&str; 3] = ["getopt", "go_minor", "has_func"];

/// A probe of the script, or of what it stands for, with what it may become.
pub(super) type Instance = (ast::Probe, Vec<Candidate>);

/// Why a definition can't be used here.
struct Unusable {
    /// Nothing but functions that the binary does not have.
    not_linked: bool,
    reason: String,
}

impl Resolver<'_> {
    /// What a probe of the script stands for: itself, and for each moment of a provider what defines it.
    pub(super) fn instances(&mut self, probe: &ast::Probe) -> Vec<Instance> {
        self.nested(probe, 0)
    }

    fn nested(&mut self, probe: &ast::Probe, depth: usize) -> Vec<Instance> {
        let (moments, plain): (Vec<_>, Vec<_>) =
            probe.points.iter().cloned().partition(|point| self.is_moment(point));
        let mut found = Vec::new();
        if !plain.is_empty() {
            let mut probe = probe.clone();
            probe.points = plain;
            for probe in self.with_entries(probe) {
                let candidates = self.candidates(&probe);
                found.push((probe, candidates));
            }
        }
        for point in &moments {
            if depth == MOST_NESTED {
                self.report(
                    Diagnostic::error(
                        ENDLESS,
                        point.text.span,
                        "this moment is defined by itself, or by too many others",
                    )
                    .help("define it by a function: `probe NAME:MOMENT = go:FUNCTION { }`"),
                );
                continue;
            }
            found.extend(self.moment(probe, point, depth));
        }
        found
    }

    fn is_moment(&self, point: &AttachPoint) -> bool {
        provider_of(point).is_some_and(|name| self.providers.iter().any(|p| provider_name(p) == name))
    }

    /// What the moments that an attach point names stand for.
    fn moment(&mut self, probe: &ast::Probe, point: &AttachPoint, depth: usize) -> Vec<Instance> {
        let [provider, pattern] = point.parts.as_slice() else {
            self.report(
                Diagnostic::error("bad-attach-point", point.text.span, "a moment has a provider and a name")
                    .help("write `PROVIDER:MOMENT`, as in `goroutine:park`"),
            );
            return Vec::new();
        };
        let of_it: Vec<Provider> =
            self.providers.iter().filter(|p| provider_name(p) == provider.value).cloned().collect();
        let mut names: Vec<&str> = Vec::new();
        for name in of_it.iter().map(moment_name) {
            if gprobe_symbols::glob_matches(&pattern.value, name) && !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            let known = of_it.iter().map(moment_name);
            let hint = did_you_mean(&pattern.value, known.clone()).unwrap_or_else(|| {
                let mut known: Vec<&str> = known.collect();
                known.dedup();
                format!("there are {}", known.join(", "))
            });
            let message = format!("the provider `{}` has no moment `{}`", provider.value, pattern.value);
            self.missing("no-match", pattern.span, message, Some(hint));
            return Vec::new();
        }
        let wild = gprobe_symbols::is_glob(&pattern.value);
        let mut found = Vec::new();
        for name in names {
            let whole = format!("{}:{name}", provider.value);
            let definitions: Vec<&Provider> = of_it.iter().filter(|p| moment_name(p) == name).collect();
            found.extend(self.defined(probe, point, &whole, &definitions, wild, depth));
        }
        found
    }

    /// What one moment stands for here.
    fn defined(
        &mut self,
        probe: &ast::Probe,
        point: &AttachPoint,
        name: &str,
        definitions: &[&Provider],
        wild: bool,
        depth: usize,
    ) -> Vec<Instance> {
        let errors = |cx: &Self| cx.diagnostics.iter().filter(|d| d.is_error()).count();
        let errors_before = errors(self);
        let outer = self.moment_name.clone();
        self.moment_name.get_or_insert_with(|| name.to_owned());
        let mut found: Vec<Instance> = Vec::new();
        let mut unusable = Vec::new();
        for definition in definitions {
            match self.chosen(probe, point, definition, depth) {
                Ok(instances) => found.extend(instances),
                Err(why) => unusable.push(why),
            }
        }
        let title = self.moment_name.clone().unwrap_or_default();
        self.moment_name = outer;
        for candidate in found.iter_mut().flat_map(|(_, candidates)| candidates) {
            candidate.title.clone_from(&title);
        }
        // That something else is wrong says enough.
        if found.is_empty() && (wild || errors(self) > errors_before) {
            return found;
        }
        if found.is_empty() {
            let mut message = format!("`{name}` does not happen in this program");
            if let Some(first) = unusable.first() {
                message = format!("{message}: {}", first.reason);
            }
            let help = if unusable.iter().all(|why| why.not_linked) {
                "what nothing in a program calls is not linked into it; leave the probe out, or write `config = { missing_probes = warn; }`"
            } else {
                "`gprobe list -v` shows of which functions there are only inlined copies"
            };
            self.missing("no-moment", point.text.span, message, Some(help.to_owned()));
        } else if let Some(why) = unusable.iter().find(|why| !why.not_linked) {
            let message = format!("a part of `{name}` can't be seen in this program and is left out");
            self.report(Diagnostic::warning("left-out", point.text.span, message).note(why.reason.clone()));
        }
        found
    }

    /// What the first usable alternative of a definition stands for.
    fn chosen(
        &mut self,
        probe: &ast::Probe,
        point: &AttachPoint,
        definition: &Provider,
        depth: usize,
    ) -> Result<Vec<Instance>, Unusable> {
        let mut last = None;
        for alternative in &definition.alternatives {
            let predicate = match self.applies(alternative) {
                Ok(predicate) => predicate,
                Err(reason) => {
                    last.get_or_insert(Unusable { not_linked: true, reason });
                    continue;
                }
            };
            let Some(instance) = self.with_args(probe, point, alternative, predicate) else {
                // What is wrong has been said.
                return Ok(Vec::new());
            };
            // Whether it can be used shows when it is tried; what is said meanwhile tells why not.
            let before = std::mem::take(&mut self.diagnostics);
            let missing = std::mem::replace(&mut self.options.missing_probes, MissingProbes::Error);
            let found = self.nested(&instance, depth + 1);
            self.options.missing_probes = missing;
            let said = std::mem::replace(&mut self.diagnostics, before);
            let hard = |d: &&Diagnostic| d.is_error() && !NOT_LINKED.contains(&d.code);
            if found.iter().any(|(_, candidates)| !candidates.is_empty()) && !said.iter().any(|d| hard(&d)) {
                let worth_saying = said.into_iter().filter(|d| !d.is_error() && d.code != hot::CODE);
                worth_saying.for_each(|d| self.report(d));
                return Ok(found.into_iter().filter(|(_, candidates)| !candidates.is_empty()).collect());
            }
            if let Some(endless) = said.iter().find(|d| d.code == ENDLESS) {
                // No other alternative makes it better.
                self.report(endless.clone());
                return Ok(Vec::new());
            }
            let reason = said.iter().find(hard).or_else(|| said.iter().find(|d| d.is_error()));
            let not_linked = !said.iter().any(|d| hard(&d));
            if let Some(reason) = reason {
                let why = Unusable { not_linked, reason: reason.message.clone() };
                // What is there and can't be probed says more than what is not there.
                match &last {
                    Some(Unusable { not_linked: false, .. }) if why.not_linked => {}
                    _ => last = Some(why),
                }
            }
        }
        Err(last.unwrap_or(Unusable { not_linked: true, reason: "it has no definition for it".to_owned() }))
    }

    /// What is left of an alternative's predicate to decide when it fires; an error where it is known not to hold.
    fn applies(&mut self, alternative: &Alternative) -> Result<Option<Expr>, String> {
        let mut left: Option<Expr> = None;
        let mut conjuncts = Vec::new();
        alternative.predicate.iter().for_each(|predicate| split(predicate, &mut conjuncts));
        for conjunct in conjuncts {
            let words = Mentioned::in_expr(conjunct);
            if words.has(&KNOWN_BEFORE) {
                let place = Place::OwnProcess("begin");
                let said = self.diagnostics.len();
                let value = Body::new(self, &place, Vec::new()).expr(conjunct);
                let wrong = self.diagnostics.iter().skip(said).any(Diagnostic::is_error);
                match constant(&value).filter(|_| !wrong) {
                    Some(0) if words.has(&["getopt"]) => {
                        return Err("an option of the script leaves it out".to_owned());
                    }
                    Some(0) => return Err("this release of Go does it in another way".to_owned()),
                    Some(_) => continue,
                    // It is held against what is known when the probe fires: `arg0 > getopt("min", 10)`.
                    None => self.diagnostics.truncate(said),
                }
            }
            left = Some(match left {
                Some(left) => and(left, conjunct.clone()),
                None => conjunct.clone(),
            });
        }
        Ok(left)
    }

    /// A probe as if it had been written for the sites of an alternative.
    fn with_args(
        &mut self,
        probe: &ast::Probe,
        point: &AttachPoint,
        alternative: &Alternative,
        predicate: Option<Expr>,
    ) -> Option<ast::Probe> {
        let mut instance = probe.clone();
        let mut wrong: Vec<Diagnostic> = Vec::new();
        let moment = point.text.value.as_str();
        each_expr(&mut instance, &mut |expr| replaced(expr, moment, &alternative.args, &mut wrong));
        let ok = wrong.is_empty();
        wrong.into_iter().for_each(|diagnostic| self.report(diagnostic));
        instance.points.clone_from(&alternative.points);
        instance.predicate = match (predicate, instance.predicate) {
            (Some(own), Some(users)) => Some(and(own, users)),
            (own, users) => own.or(users),
        };
        ok.then_some(instance)
    }
}

impl Body<'_, '_> {
    /// `has_func(name)`
    pub(super) fn has_func(&mut self, name: Option<&Expr>, span: Span) -> typed::Expr {
        let Some(name) = self.literal_or_param(name, "a function's name") else { return self.broken(span) };
        let has = self.cx.go_executable().is_some_and(|go| !go.binary.functions().exact(&name).is_empty());
        typed::Expr { kind: typed::ExprKind::Int(i64::from(has)), ty: typed::Ty::BOOL, span }
    }
}

/// Puts what an argument is into its place; gives whether nothing in the expression is left to do.
fn replaced(
    expr: &mut Expr,
    moment: &str,
    args: &[(Spanned<String>, Expr)],
    wrong: &mut Vec<Diagnostic>,
) -> bool {
    let span = expr.span;
    match &expr.kind {
        ExprKind::Field(base, name) if is_args(base) => {
            match args.iter().find(|(known, _)| known.value == name.value) {
                Some((_, value)) => expr.kind = value.kind.clone(),
                None => {
                    let message = format!("`{moment}` has no argument `{}`", name.value);
                    let names = args.iter().map(|(name, _)| name.value.as_str());
                    let help = did_you_mean(&name.value, names).unwrap_or_else(|| there_are(args));
                    wrong.push(Diagnostic::error("unknown-field", name.span, message).help(help));
                }
            }
            true
        }
        ExprKind::Ident(name) if name == "args" => {
            expr.kind = ExprKind::Record(args.to_vec());
            true
        }
        ExprKind::Ident(name) if is_site_own(name) => {
            let message = format!("`{name}` is of a function, and `{moment}` is a moment");
            wrong.push(Diagnostic::error("not-in-this-probe", span, message).help(there_are(args)));
            true
        }
        _ => false,
    }
}

fn there_are(args: &[(Spanned<String>, Expr)]) -> String {
    match args {
        [] => "it has none; the builtins say where and when it is".to_owned(),
        args => {
            let names: Vec<String> = args.iter().map(|(name, _)| format!("args.{}", name.value)).collect();
            format!("its arguments are {}", names.join(", "))
        }
    }
}

/// `arg0`, `retval`: what lies elsewhere at each site of a moment.
fn is_site_own(name: &str) -> bool {
    name == "retval"
        || name.strip_prefix("arg").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn is_args(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Ident(name) if name == "args")
}

/// The parts of `a && b && c`.
fn split<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::LogicalAnd, a, b) => {
            split(a, into);
            split(b, into);
        }
        _ => into.push(expr),
    }
}

/// The provider that a definition is of.
pub(super) fn provider_name(provider: &Provider) -> &str {
    provider.name.parts.first().map_or("", |part| part.value.as_str())
}

/// The moment that it defines.
fn moment_name(provider: &Provider) -> &str {
    provider.name.parts.get(1).map_or("", |part| part.value.as_str())
}

/// Says what is wrong with the name of a definition.
pub(super) fn bad_name(provider: &Provider) -> Option<Diagnostic> {
    let span: Span = provider.name.text.span;
    let error = |message: String| Diagnostic::error("bad-attach-point", span, message);
    match provider.name.parts.as_slice() {
        [name, moment] if !name.value.is_empty() && !moment.value.is_empty() => {
            crate::probe_kinds::find(&name.value).map(|kind| {
                error(format!("`{}` is a kind of probe, and can't be a provider", kind.name))
                    .help("give the provider another name")
            })
        }
        _ => Some(
            error("a definition names a provider and a moment".to_owned())
                .help("write `probe NAME:MOMENT = go:FUNCTION { argument = arg0 }`"),
        ),
    }
}
