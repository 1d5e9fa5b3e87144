//! Typing one body in one context: scopes, statements, and the state shared by all bodies.

use std::collections::HashMap;

use gprobe_lang::ast::{self, BinaryOp, ExprKind as Ast, StmtKind};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::infer::{Held, join};
use super::typed::{Arith, Expr, ExprKind, MapIndex, Stmt, Ty, VarId};
use super::{Place, Resolver};
use crate::artifact::Type;

/// What a body reads that decides how its sites are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// The site's cookie: `probe`, `func`.
    pub(super) cookie: bool,
}

/// A body while it is typed.
pub(super) struct Body<'r, 't> {
    pub(super) cx: &'r mut Resolver<'t>,
    pub(super) place: &'r Place,
    pub(super) uses: Uses,
    pub(super) vars: Vec<Ty>,
    scopes: Vec<HashMap<String, VarId>>,
}

impl<'r, 't> Body<'r, 't> {
    pub(super) fn new(cx: &'r mut Resolver<'t>, place: &'r Place) -> Self {
        Self { cx, place, uses: Uses::default(), vars: Vec::new(), scopes: vec![HashMap::new()] }
    }

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.cx.report(diagnostic);
    }

    /// A placeholder where an error was reported.
    pub(super) fn broken(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Int(0), ty: Ty::Unknown, span }
    }

    pub(super) fn block(&mut self, block: &ast::Block) -> Vec<Stmt> {
        self.scopes.push(HashMap::new());
        let stmts = block.stmts.iter().filter_map(|s| self.stmt(s)).flatten().collect();
        self.scopes.pop();
        stmts
    }

    fn stmt(&mut self, stmt: &ast::Stmt) -> Option<Vec<Stmt>> {
        let one = match &stmt.kind {
            StmtKind::Expr(expr) => self.expr_stmt(expr)?,
            StmtKind::Discard(expr) => Stmt::Expr(self.expr(expr)),
            StmtKind::Assign { target, op, value } => self.assign(target, *op, value)?,
            StmtKind::Let { name, ty, value } => {
                if let Some(ty) = ty {
                    self.error(
                        not_yet(ty.span, "a variable's stated type")
                            .help("leave the type out: it is inferred"),
                    );
                }
                let value = value.as_ref().map(|v| self.expr(v));
                let ty = value.as_ref().map_or(Ty::Unknown, |v| v.ty.clone());
                let var = self.declare(&name.value, ty);
                Stmt::SetVar(var, value?)
            }
            StmtKind::If { comptime: false, cond, then, otherwise } => {
                let cond = self.condition(cond);
                let then = self.block(then);
                let otherwise = otherwise.as_ref().map(|b| self.block(b)).unwrap_or_default();
                Stmt::If { cond, then, otherwise }
            }
            StmtKind::Block(block) => return Some(self.block(block)),
            StmtKind::Return(None) => Stmt::Return,
            StmtKind::Return(Some(_)) => return self.later_stmt(stmt.span, "`return` with a value"),
            StmtKind::If { .. } => return self.later_stmt(stmt.span, "`if comptime`"),
            StmtKind::While { .. } => return self.later_stmt(stmt.span, "`while`"),
            StmtKind::For { .. } => return self.later_stmt(stmt.span, "`for`"),
            StmtKind::Unroll { .. } => return self.later_stmt(stmt.span, "`unroll`"),
            StmtKind::Break => return self.later_stmt(stmt.span, "`break`"),
            StmtKind::Continue => return self.later_stmt(stmt.span, "`continue`"),
            StmtKind::Import(_) => return self.later_stmt(stmt.span, "`import`"),
        };
        Some(vec![one])
    }

    fn later_stmt(&mut self, span: Span, what: &str) -> Option<Vec<Stmt>> {
        self.error(not_yet(span, what));
        None
    }

    fn expr_stmt(&mut self, expr: &ast::Expr) -> Option<Stmt> {
        if let Ast::Call { name, args } = &expr.kind
            && let Some(function) = crate::functions::find(&name.value)
            && function.id.is_statement()
        {
            return self.call_stmt(function, args, expr.span);
        }
        let expr = self.expr(expr);
        Some(Stmt::Expr(expr))
    }

    fn assign(&mut self, target: &ast::Expr, op: Option<BinaryOp>, value: &ast::Expr) -> Option<Stmt> {
        match &target.kind {
            Ast::Var(name) => {
                let mut value = self.expr(value);
                if let Some(op) = op {
                    let old = self.var(name, target.span);
                    let span = target.span.to(value.span);
                    value = self.binary(op, old, value, span);
                }
                let var = self.assign_var(name, &value, target.span)?;
                Some(Stmt::SetVar(var, value))
            }
            Ast::Map { name, key } => self.assign_map(target.span, name, key.as_deref(), op, value),
            _ => {
                self.error(
                    Diagnostic::error("not-assignable", target.span, "this can't be assigned to")
                        .label("neither a variable nor a map")
                        .help("assign to a variable (`$x = ...`) or to a map (`@x = ...`); gprobe never writes to the target"),
                );
                None
            }
        }
    }

    fn assign_map(
        &mut self,
        span: Span,
        name: &str,
        key: Option<&[ast::Expr]>,
        op: Option<BinaryOp>,
        value: &ast::Expr,
    ) -> Option<Stmt> {
        let (map, key) = self.map_key(name, key, span);
        if let (None, Ast::Call { name: function, args }) = (op, &value.kind)
            && let Some(function) = crate::functions::find(&function.value)
            && function.id.is_aggregate()
        {
            let (held, value) = self.aggregate(function, args, value.span)?;
            self.hold(map, Held::Aggregate(held), span)?;
            return Some(Stmt::Aggregate { map, key, value });
        }
        let value = self.expr(value);
        if value.ty == Ty::NONE {
            self.error(Diagnostic::error("no-value", value.span, "this gives no value"));
            return None;
        }
        match op {
            None => {
                self.hold(map, Held::Plain(value.ty.clone()), span)?;
                Some(Stmt::SetMap { map, key, value })
            }
            Some(BinaryOp::Add | BinaryOp::Sub) => {
                if !self.need_integer(&value, "added") {
                    return None;
                }
                self.hold(map, Held::Plain(value.ty.clone()), span)?;
                let value = if op == Some(BinaryOp::Sub) {
                    let zero = Expr { kind: ExprKind::Int(0), ty: Ty::I64, span: value.span };
                    let span = value.span;
                    let kind = ExprKind::Arith(Arith::Sub, Box::new(zero), Box::new(value));
                    Expr { kind, ty: Ty::I64, span }
                } else {
                    value
                };
                Some(Stmt::AddMap { map, key, value })
            }
            Some(op) => {
                let old = self.map_get(map, key.clone(), span);
                let value = self.binary(op, old, value, span);
                self.hold(map, Held::Plain(value.ty.clone()), span)?;
                Some(Stmt::SetMap { map, key, value })
            }
        }
    }

    /// Declares a variable in the innermost scope.
    pub(super) fn declare(&mut self, name: &str, ty: Ty) -> VarId {
        let id = VarId(self.vars.len() as u32);
        self.vars.push(ty);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), id);
        }
        id
    }

    pub(super) fn find_var(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    pub(super) fn var_ty(&self, id: VarId) -> Ty {
        self.vars.get(id.0 as usize).cloned().unwrap_or(Ty::Unknown)
    }

    fn assign_var(&mut self, name: &str, value: &Expr, span: Span) -> Option<VarId> {
        if value.ty == Ty::NONE {
            self.error(Diagnostic::error("no-value", value.span, "this gives no value"));
            return None;
        }
        let Some(id) = self.find_var(name) else { return Some(self.declare(name, value.ty.clone())) };
        let old = self.var_ty(id);
        match join(&old, &value.ty) {
            Some(ty) => {
                if let Some(slot) = self.vars.get_mut(id.0 as usize) {
                    *slot = ty;
                }
                Some(id)
            }
            None => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        value.span,
                        format!("${name} holds {}, and this is {}", old.stored(), value.ty.stored()),
                    )
                    .also(span, "a variable keeps the type of its first value")
                    .help("use another variable"),
                );
                None
            }
        }
    }

    /// The key of a use of a map, joined with what the other uses said.
    pub(super) fn map_key(
        &mut self,
        name: &str,
        key: Option<&[ast::Expr]>,
        span: Span,
    ) -> (MapIndex, Vec<Expr>) {
        let mut parts: Vec<Expr> = key.unwrap_or_default().iter().map(|k| self.expr(k)).collect();
        // `@m[(a, b)]` is `@m[a, b]`.
        if let [Expr { kind: ExprKind::Tuple(_), .. }] = parts.as_slice()
            && let Some(Expr { kind: ExprKind::Tuple(inner), .. }) = parts.pop()
        {
            parts = inner;
        }
        for part in &parts {
            if part.ty == Ty::NONE {
                self.error(Diagnostic::error(
                    "no-value",
                    part.span,
                    "this gives no value, so it can't be a key",
                ));
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

    /// An element of a plain map.
    pub(super) fn map_get(&mut self, map: MapIndex, key: Vec<Expr>, span: Span) -> Expr {
        let ty = match self.cx.held(map) {
            None => Ty::Unknown,
            Some(Held::Plain(ty)) => ty,
            Some(held @ Held::Aggregate(_)) => {
                let name = self.cx.map_name(map);
                self.error(
                    not_yet(
                        span,
                        &format!("reading @{name}, which holds {}, inside a probe", held.describe()),
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
        let ok = cond.ty.is_integer()
            || matches!(cond.ty, Ty::Pointer(_) | Ty::Unknown | Ty::Value(Type::Pointer));
        if !ok {
            self.error(
                Diagnostic::error(
                    "type-mismatch",
                    cond.span,
                    format!("a condition must be a number or a bool, and this is {}", cond.ty.stored()),
                )
                .help("compare it with something: `x == \"...\"`"),
            );
        }
        cond
    }

    pub(super) fn need_integer(&mut self, expr: &Expr, what: &str) -> bool {
        let ok = expr.ty.is_integer() || matches!(expr.ty, Ty::Unknown);
        if !ok {
            self.error(Diagnostic::error(
                "type-mismatch",
                expr.span,
                format!("only a number can be {what}, and this is {}", expr.ty.stored()),
            ));
        }
        ok
    }
}

/// A construct that the language has and this version gives no meaning to.
pub(super) fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("not-supported-yet", span, format!("gprobe does not support {what} yet"))
}
