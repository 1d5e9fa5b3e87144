//! Typing one body in one context: its scopes and variables, and the maps it shares with others.

use std::collections::HashMap;

use gprobe_lang::ast;
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::advice::instead_of_number;
use super::constant::constant;
use super::infer::{Held, join};
use super::limits::is_known;
use super::typed::{Expr, ExprKind, MapIndex, Ty, VarId};
use super::{Place, Resolver};
use crate::artifact::Type;

/// What a body reads that decides how its sites are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// The site's cookie: `probe`, `func`.
    pub(super) cookie: bool,
}

/// A variable of a body.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    /// Where it was declared or first assigned.
    span: Span,
    /// Its type was stated, so it stays.
    fixed: bool,
    read: bool,
}

/// A body while it is typed.
pub(super) struct Body<'r, 't> {
    pub(super) cx: &'r mut Resolver<'t>,
    pub(super) place: &'r Place,
    pub(super) uses: Uses,
    pub(super) vars: Vec<Ty>,
    /// Loops around the statement at hand.
    pub(super) loops: usize,
    variables: Vec<Variable>,
    /// Types that variables turned out to have when the body was typed before.
    presets: Vec<Ty>,
    /// A variable's type grew after it had been used.
    grown: bool,
    scopes: Vec<HashMap<String, VarId>>,
    /// Warnings that rest on types, which may still grow.
    doubts: Vec<Diagnostic>,
}

impl<'r, 't> Body<'r, 't> {
    pub(super) fn new(cx: &'r mut Resolver<'t>, place: &'r Place, presets: Vec<Ty>) -> Self {
        Self {
            cx,
            place,
            uses: Uses::default(),
            vars: Vec::new(),
            loops: 0,
            variables: Vec::new(),
            presets,
            grown: false,
            scopes: vec![HashMap::new()],
            doubts: Vec::new(),
        }
    }

    /// The types of variables, where the body must be typed again with them.
    pub(super) fn types_that_grew(&self) -> Option<Vec<Ty>> {
        self.grown.then(|| self.vars.clone())
    }

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.cx.report(diagnostic);
    }

    pub(super) fn warn(&mut self, diagnostic: Diagnostic) {
        self.cx.report(diagnostic);
    }

    /// A placeholder where an error was reported.
    pub(super) fn broken(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Int(0), ty: Ty::Unknown, span }
    }

    /// Runs `f` in a scope of its own.
    pub(super) fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(HashMap::new());
        let value = f(self);
        self.scopes.pop();
        value
    }

    /// Declares a variable in the innermost scope; `fixed`, where its type was stated.
    pub(super) fn declare(&mut self, name: &str, ty: Ty, fixed: bool, span: Span) -> VarId {
        let id = VarId(self.vars.len() as u32);
        let ty = match self.presets.get(self.vars.len()) {
            Some(known) if !fixed => join(known, &ty).unwrap_or(ty),
            _ => ty,
        };
        self.vars.push(ty);
        self.variables.push(Variable { name: name.to_owned(), span, fixed, read: false });
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), id);
        }
        id
    }

    pub(super) fn is_in_innermost_scope(&self, name: &str) -> bool {
        self.scopes.last().is_some_and(|scope| scope.contains_key(name))
    }

    pub(super) fn find_var(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    pub(super) fn mark_read(&mut self, id: VarId) {
        if let Some(variable) = self.variables.get_mut(id.0 as usize) {
            variable.read = true;
        }
    }

    pub(super) fn var_names(&self) -> Vec<String> {
        self.scopes.iter().flat_map(|scope| scope.keys().cloned()).collect()
    }

    pub(super) fn var_ty(&self, id: VarId) -> Ty {
        self.vars.get(id.0 as usize).cloned().unwrap_or(Ty::Unknown)
    }

    /// Keeps a warning until types are settled.
    pub(super) fn doubt(&mut self, diagnostic: Diagnostic) {
        self.doubts.push(diagnostic);
    }

    /// Says what is doubtful, now that the types of variables are known.
    pub(super) fn report_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.doubts) {
            self.warn(doubt);
        }
        self.unused_variables();
    }

    /// Warns of variables that nothing reads.
    fn unused_variables(&mut self) {
        let unused: Vec<Variable> = self
            .variables
            .iter()
            .filter(|v| !v.read && !v.name.starts_with('_') && !v.name.contains('#'))
            .cloned()
            .collect();
        for variable in unused {
            self.warn(
                Diagnostic::warning(
                    "unused-variable",
                    variable.span,
                    format!("${} is never read", variable.name),
                )
                .help(format!("remove it, or call it `$_{}` to keep it", variable.name)),
            );
        }
    }

    /// The variable that an assignment means, declared where there is none yet, and the value as it holds
    /// it.
    pub(super) fn assign_var(&mut self, name: &str, value: Expr, span: Span) -> Option<(VarId, Expr)> {
        if value.ty == Ty::NONE {
            self.gives_nothing(value.span);
            return None;
        }
        match self.find_var(name) {
            None => {
                let id = self.declare(name, value.ty.clone(), false, span);
                Some((id, value))
            }
            Some(id) => {
                let value = self.converted(id, value, span)?;
                Some((id, value))
            }
        }
    }

    /// A value as the variable holds it: its type grows to hold it, unless it was stated.
    pub(super) fn converted(&mut self, id: VarId, value: Expr, span: Span) -> Option<Expr> {
        let old = self.var_ty(id);
        let fixed = self.variables.get(id.0 as usize).is_some_and(|v| v.fixed);
        let name = self.variables.get(id.0 as usize).map(|v| v.name.clone()).unwrap_or_default();
        if fixed && old != Ty::Unknown {
            return self.as_stated(&name, old, value, span);
        }
        match join(&old, &value.ty) {
            Some(ty) => {
                if ty != old {
                    self.grown |= old != Ty::Unknown;
                    if let Some(slot) = self.vars.get_mut(id.0 as usize) {
                        *slot = ty;
                    }
                }
                Some(value)
            }
            None if !is_known(&old) || !is_known(&value.ty) => None,
            None => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        value.span,
                        format!("${name} holds {}, and this is {}", old.describe(), value.ty.describe()),
                    )
                    .also(
                        self.declared_at(id).unwrap_or(span),
                        "a variable keeps the type of its first value",
                    )
                    .help("use another variable"),
                );
                None
            }
        }
    }

    /// The type of a variable that is stepped: any number, unless its type is stated.
    pub(super) fn stepped_type(&mut self, id: VarId, ty: Ty) -> Ty {
        let fixed = self.variables.get(id.0 as usize).is_some_and(|v| v.fixed);
        if fixed || !ty.is_integer() {
            return ty;
        }
        let whole = match &ty {
            Ty::Value(Type::Int { signed: false, .. }) => Ty::U64,
            _ => Ty::I64,
        };
        if whole != ty {
            self.grown = true;
            if let Some(slot) = self.vars.get_mut(id.0 as usize) {
                *slot = whole.clone();
            }
        }
        whole
    }

    /// A value for a variable of a stated type.
    fn as_stated(&mut self, name: &str, stated: Ty, value: Expr, span: Span) -> Option<Expr> {
        let fits = match (&stated, &value.ty) {
            (_, Ty::Unknown) => true,
            (Ty::Value(Type::Str { max }), Ty::Value(Type::Str { max: given })) => given <= max || *max >= 64,
            (a, b) if a.is_number() && b.is_number() => true,
            (a, b) => join(a, b).is_some_and(|joined| joined.stored().size() <= a.stored().size()),
        };
        if !fits {
            self.error(
                Diagnostic::error(
                    "type-mismatch",
                    value.span,
                    format!(
                        "${name} is declared as {}, and this is {}",
                        stated.describe(),
                        value.ty.describe()
                    ),
                )
                .also(span, "its declared type stays")
                .help(format!("declare ${name} without a type, or with that of its values")),
            );
            return None;
        }
        let Ty::Value(Type::Int { bytes, signed }) = stated else { return Some(value) };
        if let Some(n) = constant(&value)
            && let Some(size) = crate::ir::Size::of(u64::from(bytes))
            && bytes < 8
            && size.extend(n, signed) != n
        {
            self.error(
                Diagnostic::error(
                    "out-of-range",
                    value.span,
                    format!("{n} does not fit {}, which ${name} is declared as", stated.describe()),
                )
                .help(format!("declare it larger: `let ${name}: {}int64`", if signed { "" } else { "u" })),
            );
            return None;
        }
        let span = value.span;
        let kind = ExprKind::Extend { value: Box::new(value), bytes, signed };
        Some(Expr { kind, ty: stated, span })
    }

    /// The key of a use of a map, joined with what the other uses said.
    pub(super) fn map_key(
        &mut self,
        name: &str,
        key: Option<&[ast::Expr]>,
        span: Span,
    ) -> (MapIndex, Vec<Expr>) {
        let mut parts: Vec<Expr> = key.unwrap_or_default().iter().map(|k| self.expr(k)).collect();
        // `@m[(a, b)]` is `@m[a, b]`, but `@m[(a,)]` is not `@m[a]`.
        if let [Expr { ty: Ty::Tuple(tys), .. }] = parts.as_slice()
            && tys.len() > 1
        {
            parts = parts.pop().map(tuple_parts).unwrap_or_default();
        }
        for part in &mut parts {
            if part.ty == Ty::NONE {
                self.gives_nothing(part.span);
            }
            // A key is the number itself, whatever it is shown as elsewhere.
            if let Ty::Value(Type::Duration | Type::Size) = part.ty {
                part.ty = Ty::I64;
            }
            if let Ty::Value(Type::Go { .. }) = part.ty {
                self.error(
                    Diagnostic::error("type-mismatch", part.span, "a Go value of many parts can't be a key")
                        .note("what it points to lies elsewhere each time, so that equal values would differ")
                        .help("name one of its fields, or its type: `gotype(x)`"),
                );
            }
        }
        let tys: Vec<Ty> = parts.iter().map(|p| p.ty.clone()).collect();
        let index = self.cx.map(name, span);
        self.cx.join_key(index, tys, span);
        (index, parts)
    }

    /// Notes what a map holds; reports and gives `None` where it held something else.
    pub(super) fn hold(&mut self, map: MapIndex, held: Held, span: Span) -> Option<()> {
        self.cx.hold(map, held, span)
    }

    /// An element of a map; of an aggregation, its value now.
    pub(super) fn map_get(&mut self, map: MapIndex, key: Vec<Expr>, span: Span) -> Expr {
        use crate::artifact::MapValue::{Avg, Count, Max, Min, Sum};
        self.cx.mark_read(map);
        let ty = match self.cx.held(map) {
            // What would be assigned to it is in a probe that matches nothing.
            None if self.cx.unseen && self.cx.last_round => Ty::I64,
            None => Ty::Unknown,
            Some(Held::Plain(ty)) => ty,
            Some(Held::Aggregate(held @ (Count | Sum { .. } | Min { .. } | Max { .. } | Avg { .. }))) => {
                if !self.cx.target.kernel.lookup_percpu {
                    self.error(
                        Diagnostic::error(
                            "kernel-too-old",
                            span,
                            "this kernel does not let a probe read aggregations",
                        )
                        .note("it came with Linux 5.19")
                        .help("print the map at the end instead: `print(@name)`"),
                    );
                }
                let signed = match held {
                    Count => false,
                    Sum { signed } | Min { signed } | Max { signed } | Avg { signed } => signed,
                    _ => true,
                };
                return Expr { kind: ExprKind::Aggregated(map, key), ty: Ty::int(8, signed), span };
            }
            Some(held @ Held::Aggregate(_)) => {
                let name = self.cx.map_name(map);
                self.error(
                    Diagnostic::error(
                        "no-value",
                        span,
                        format!("@{name} holds {}, which is no single value", held.describe()),
                    )
                    .help(format!("print it: `print(@{name})`")),
                );
                Ty::Unknown
            }
        };
        Expr { kind: ExprKind::MapGet(map, key), ty, span }
    }

    pub(super) fn condition(&mut self, cond: &ast::Expr) -> Expr {
        let cond = self.expr(cond);
        let ok = cond.ty.is_number() || matches!(cond.ty, Ty::Unknown) || cond.ty.is_scalar();
        if !ok {
            self.no_condition(&cond);
        }
        cond
    }

    pub(super) fn no_condition(&mut self, cond: &Expr) {
        let instead = match &cond.ty {
            Ty::Value(Type::Str { .. }) => "compare it with something: `x != \"\"`",
            Ty::Tuple(_) => "compare one of its parts: `x.0 > 0`",
            Ty::Value(Type::Go { .. }) => "compare one of its fields: `x.NAME > 0`",
            _ => "compare it with something: `x > 0`",
        };
        self.error(
            Diagnostic::error(
                "type-mismatch",
                cond.span,
                format!("a condition must be a number or a bool, and this is {}", cond.ty.describe()),
            )
            .help(instead),
        );
    }

    pub(super) fn need_integer(&mut self, expr: &Expr, what: &str) -> bool {
        let ok = expr.ty.is_integer() || matches!(expr.ty, Ty::Unknown);
        if !ok {
            self.error(
                Diagnostic::error(
                    "type-mismatch",
                    expr.span,
                    format!("only a number can be {what}, and this is {}", expr.ty.describe()),
                )
                .help(instead_of_number(expr, what)),
            );
        }
        ok
    }

    pub(super) fn gives_nothing(&mut self, span: Span) {
        self.error(
            Diagnostic::error("no-value", span, "this gives no value")
                .label("done for its effect")
                .help("write it as a statement of its own"),
        );
    }

    fn declared_at(&self, id: VarId) -> Option<Span> {
        self.variables.get(id.0 as usize).map(|variable| variable.span)
    }
}

/// The parts of a tuple as expressions of their own.
pub(super) fn tuple_parts(tuple: Expr) -> Vec<Expr> {
    let (kind, span) = (tuple.kind, tuple.span);
    match (kind, tuple.ty) {
        (ExprKind::Tuple(parts), _) => parts,
        (kind, Ty::Tuple(tys)) => {
            let whole = Expr { kind, ty: Ty::Tuple(tys.clone()), span };
            let part =
                |(index, ty)| Expr { kind: ExprKind::TupleIndex(Box::new(whole.clone()), index), ty, span };
            tys.into_iter().enumerate().map(part).collect()
        }
        (kind, ty) => vec![Expr { kind, ty, span }],
    }
}

/// A construct that the language has and this version gives no meaning to.
pub(super) fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("not-supported-yet", span, format!("gprobe does not support {what} yet"))
}
