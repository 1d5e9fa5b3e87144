//! Typing statements.

use gprobe_lang::ast::{self, BinaryOp, ExprKind as Ast, ForSource, StmtKind};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::constant::constant;
use super::infer::Held;
use super::place::Place;
use super::typed::{Arith, Expr, ExprKind, Pointee, Stmt, Ty};
use crate::artifact::{Action, Field, MapValue, RECORD_HEADER};

/// Most rounds of an `unroll`, as bpftrace has it.
const MOST_UNROLLED: i64 = 100;

impl Body<'_, '_> {
    pub(super) fn block(&mut self, block: &ast::Block) -> Vec<Stmt> {
        self.scoped(|body| body.stmts(&block.stmts))
    }

    pub(super) fn stmts(&mut self, stmts: &[ast::Stmt]) -> Vec<Stmt> {
        let mut out = Vec::new();
        let mut ended = false;
        for (index, stmt) in stmts.iter().enumerate() {
            self.doubt_statement(stmt, index + 1 == stmts.len());
            if ended {
                self.warn(
                    Diagnostic::warning("unreachable", stmt.span, "Unreachable statement")
                        .label("what stands before it never goes on")
                        .help("remove it, or move it up"),
                );
            }
            out.extend(self.stmt(stmt).into_iter().flatten());
            ended = matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue)
                || matches!(out.last(), Some(Stmt::Exit { .. }));
        }
        out
    }

    fn stmt(&mut self, stmt: &ast::Stmt) -> Option<Vec<Stmt>> {
        let one = match &stmt.kind {
            StmtKind::Expr(expr) => return self.expr_stmt(expr),
            StmtKind::Discard(expr) => Stmt::Expr(self.expr(expr)),
            StmtKind::Assign { target, op, value } => self.assign(target, *op, value)?,
            StmtKind::Let { name, ty, value } => return self.declaration(name, ty.as_ref(), value.as_ref()),
            StmtKind::If { comptime: true, cond, then, otherwise } => {
                let holds = self.comptime(cond)?;
                return match (holds, otherwise) {
                    (true, _) => Some(self.block(then)),
                    (false, Some(otherwise)) => Some(self.block(otherwise)),
                    (false, None) => Some(Vec::new()),
                };
            }
            StmtKind::If { comptime: false, cond, then, otherwise } => {
                let cond = self.condition(cond);
                let then = self.block(then);
                let otherwise = otherwise.as_ref().map(|b| self.block(b)).unwrap_or_default();
                Stmt::If { cond, then, otherwise }
            }
            StmtKind::While { cond, body } => {
                self.need_loops(cond.span)?;
                let cond = self.condition(cond);
                let body = self.looped(|b| b.block(body));
                Stmt::While { cond, body }
            }
            StmtKind::For { var, source, body } => self.for_loop(var, source, body)?,
            StmtKind::Unroll { count, body } => {
                let count = self.unrolled(count)?;
                let body = self.looped(|b| b.block(body));
                Stmt::Unroll { count, body }
            }
            StmtKind::Block(block) => Stmt::Scope(self.block(block)),
            StmtKind::Return(value) => self.return_stmt(value.as_ref()),
            StmtKind::Break | StmtKind::Continue => {
                let word = if stmt.kind == StmtKind::Break { "break" } else { "continue" };
                if self.loops == 0 {
                    self.error(
                        Diagnostic::error("not-in-a-loop", stmt.span, format!("`{word}` stands in no loop"))
                            .label("there is nothing around it to leave")
                            .help("`return` ends what the probe does"),
                    );
                    return None;
                }
                if stmt.kind == StmtKind::Break { Stmt::Break } else { Stmt::Continue }
            }
            // Expanded before.
            StmtKind::Import(_) => return None,
        };
        Some(vec![one])
    }

    fn looped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.loops += 1;
        let value = f(self);
        self.loops -= 1;
        value
    }

    /// Loops whose end is not known need the kernel's budget for them.
    fn need_loops(&mut self, span: Span) -> Option<()> {
        if self.cx.target.kernel.may_goto {
            return Some(());
        }
        self.error(
            Diagnostic::error("kernel-too-old", span, "this kernel runs no loops whose end is not known")
                .note("it came with Linux 6.9")
                .help("repeat a fixed number of times: `for ($i : 0..10) { ... }` or `unroll (10) { ... }`"),
        );
        None
    }

    fn unrolled(&mut self, count: &ast::Expr) -> Option<u32> {
        let value = self.expr(count);
        let Some(count) = constant(&value) else {
            self.error(
                Diagnostic::error(
                    "not-constant",
                    value.span,
                    "how often it is repeated must be known before the script runs",
                )
                .help("`for ($i : 0..n)` repeats as often as n says when it runs"),
            );
            return None;
        };
        let message = match count {
            1..=MOST_UNROLLED => return Some(count as u32),
            n if n > MOST_UNROLLED => format!("unroll maximum value is {MOST_UNROLLED}, and this is {n}"),
            n => format!("unroll minimum value is 1, and this is {n}"),
        };
        self.error(
            Diagnostic::error("out-of-range", value.span, message)
                .help("`for ($i : 0..n)` has no such bounds"),
        );
        None
    }

    fn return_stmt(&mut self, value: Option<&ast::Expr>) -> Stmt {
        let value = value.map(|value| self.expr(value));
        let result = value.filter(|_| matches!(self.place, Place::OwnProcess("test"))).map(|value| {
            let field = Field { offset: RECORD_HEADER, ty: value.ty.stored() };
            (self.cx.action(Action::Result { value: field }), value)
        });
        Stmt::Return { result }
    }

    fn declaration(
        &mut self,
        name: &Spanned<String>,
        ty: Option<&ast::TypeExpr>,
        value: Option<&ast::Expr>,
    ) -> Option<Vec<Stmt>> {
        let value = value.map(|v| self.expr(v));
        if let Some(value) = &value
            && value.ty == Ty::NONE
        {
            self.gives_nothing(value.span);
            return None;
        }
        // Where there is no such type, the variable is declared all the same.
        let stated = ty.map(|ty| self.type_expr(ty).unwrap_or(Ty::Unknown));
        if self.is_in_innermost_scope(&name.value) {
            self.error(
                Diagnostic::error(
                    "redeclared",
                    name.span,
                    format!("${} is declared twice in this block", name.value),
                )
                .help("assign without `let`, or give it another name"),
            );
            return None;
        }
        let ty = match (&stated, &value) {
            (Some(stated), _) => stated.clone(),
            (None, Some(value)) => value.ty.clone(),
            (None, None) => Ty::Unknown,
        };
        let var = self.declare(&name.value, ty, stated.is_some(), name.span);
        Some(match value {
            Some(value) => vec![Stmt::SetVar(var, self.converted(var, value, name.span)?)],
            None => vec![Stmt::Zero(var)],
        })
    }

    fn for_loop(&mut self, var: &Spanned<String>, source: &ForSource, body: &ast::Block) -> Option<Stmt> {
        match source {
            ForSource::Range(from, to) => {
                let (from, to) = (self.expr(from), self.expr(to));
                let numbers =
                    self.need_integer(&from, "counted from") && self.need_integer(&to, "counted to");
                if constant(&from).is_none() || constant(&to).is_none() {
                    self.need_loops(to.span)?;
                }
                let ty = if numbers { Ty::I64 } else { Ty::Unknown };
                let (var, body) = self.scoped(|b| {
                    let var = b.declare(&var.value, ty, true, var.span);
                    b.mark_read(var);
                    (var, b.looped(|b| b.block(body)))
                });
                Some(Stmt::ForRange { var, from, to, body })
            }
            ForSource::Expr(ast::Expr { kind: Ast::Map { name, key: None }, span }) => {
                if !self.cx.target.kernel.for_each_map {
                    self.error(
                        Diagnostic::error("kernel-too-old", *span, "this kernel has no loops over maps")
                            .note("they came with Linux 5.13")
                            .help(format!(
                                "read single elements, `@{name}[key]`, or print the map: `print(@{name})`"
                            )),
                    );
                    return None;
                }
                let map = self.cx.map(name, *span);
                self.cx.mark_read(map);
                let element = self.cx.element(map);
                if let Some(Held::Aggregate(held)) = self.cx.held(map)
                    && (held.has_buckets() || matches!(held, MapValue::Stats { .. }))
                {
                    self.error(
                        Diagnostic::error(
                            "not-iterable",
                            *span,
                            format!(
                                "@{name} holds {}, which is no single value to go over",
                                held_name(&held)
                            ),
                        )
                        .help(format!("print it: `print(@{name})`")),
                    );
                    return None;
                }
                if self.cx.is_scalar_map(map) && self.cx.last_round {
                    self.error(
                        Diagnostic::error("not-iterable", *span, format!("@{name} has no keys to go over"))
                            .label("a single value")
                            .help(format!("read it: `@{name}`; a map with elements is written with a key, `@{name}[key] = ...`")),
                    );
                    return None;
                }
                let (var, body) = self.scoped(|b| {
                    let var = b.declare(&var.value, element, true, var.span);
                    b.mark_read(var);
                    (var, b.looped(|b| b.block(body)))
                });
                Some(Stmt::ForMap { map, var, body })
            }
            ForSource::Expr(other) => {
                self.error(
                    Diagnostic::error("not-iterable", other.span, "this can't be gone over")
                        .help("go over a map (`for ($kv : @m)`) or a range (`for ($i : 0..10)`)"),
                );
                None
            }
        }
    }

    fn expr_stmt(&mut self, expr: &ast::Expr) -> Option<Vec<Stmt>> {
        if let Ast::Call { name, args } = &expr.kind
            && let Some(function) = crate::functions::find(&name.value)
            && function.id.is_statement()
        {
            return self.call_stmt(function, args, expr.span).map(|stmt| vec![stmt]);
        }
        // `c ? printf("a") : printf("b")`
        if let Ast::Ternary { cond, then: Some(then), otherwise } = &expr.kind
            && [then, otherwise].iter().any(|side| is_statement_call(side))
        {
            let cond = self.condition(cond);
            let then = self.expr_stmt(then)?;
            let otherwise = self.expr_stmt(otherwise)?;
            return Some(vec![Stmt::If { cond, then, otherwise }]);
        }
        if let Ast::Block(block, value) = &expr.kind {
            let stmts = self.scoped(|body| {
                let mut stmts = body.stmts(&block.stmts);
                stmts.extend(body.expr_stmt(value).into_iter().flatten());
                stmts
            });
            return Some(vec![Stmt::Scope(stmts)]);
        }
        Some(vec![Stmt::Expr(self.expr(expr))])
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
                let (var, value) = self.assign_var(name, value, target.span)?;
                Some(Stmt::SetVar(var, value))
            }
            Ast::Map { name, key } => self.assign_map(target.span, name, key.as_deref(), op, value),
            _ => {
                self.not_assignable(target, "this can't be assigned to");
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
        self.cx.mark_tried(map);
        if op.is_none()
            && let Some((before, function, args, value_span)) = aggregation(value)
        {
            // `@ = { let $a = 1; avg($a) }`
            return self.scoped(|body| {
                let mut stmts = before.map(|block| body.stmts(&block.stmts)).unwrap_or_default();
                let (held, value) = body.aggregate(function, args, value_span)?;
                body.hold(map, Held::Aggregate(held), span)?;
                let aggregate = Stmt::Aggregate { map, key, value };
                if stmts.is_empty() {
                    return Some(aggregate);
                }
                stmts.push(aggregate);
                Some(Stmt::Scope(stmts))
            });
        }
        let value = self.expr(value);
        if value.ty == Ty::NONE {
            self.gives_nothing(value.span);
            return None;
        }
        match op {
            None => {
                self.hold(map, Held::Plain(value.ty.clone()), span)?;
                Some(Stmt::SetMap { map, key, value })
            }
            Some(op @ (BinaryOp::Add | BinaryOp::Sub)) => {
                if !self.need_integer(&value, "added") {
                    return None;
                }
                let stride = self.map_stride(map);
                let value = scaled(value, stride, op == BinaryOp::Sub);
                if stride == 1 && !matches!(self.cx.held(map), Some(Held::Plain(Ty::Pointer(_)))) {
                    self.hold(map, Held::Plain(value.ty.clone()), span)?;
                }
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

    /// Bytes by which one more moves the pointers that a map holds; 1 for numbers.
    pub(super) fn map_stride(&mut self, map: super::typed::MapIndex) -> i64 {
        match self.cx.held(map) {
            Some(Held::Plain(Ty::Pointer(pointee))) => self.stride(&pointee),
            _ => 1,
        }
    }

    /// Bytes of what a pointer points to, 1 where that is not known.
    pub(super) fn stride(&mut self, pointee: &Pointee) -> i64 {
        let size = match pointee {
            Pointee::C { ty, .. } => u64::from(ty.size()),
            Pointee::Own(ty) => u64::from(ty.stored().size()),
            Pointee::Go(id) => {
                self.cx.go_executable().and_then(|e| e.binary.layout().ty(*id).ok()).map_or(1, |ty| ty.size)
            }
        };
        i64::try_from(size).unwrap_or(1).max(1)
    }

    /// `if comptime`: whether the condition holds.
    pub(super) fn comptime(&mut self, cond: &ast::Expr) -> Option<bool> {
        let value = self.expr(cond);
        match constant(&value) {
            Some(value) => Some(value != 0),
            None if value.ty == Ty::Unknown => None,
            None => {
                self.error(
                    not_constant(value.span).help("ask for a type (`is_str(x)`), or compare literals"),
                );
                None
            }
        }
    }
}

fn held_name(held: &MapValue) -> String {
    Held::Aggregate(held.clone()).describe()
}

/// What `comptime` says of something that is known only at run time.
pub(super) fn not_constant(span: Span) -> Diagnostic {
    Diagnostic::error("not-constant", span, "this is known only when the script runs")
}

fn is_statement_call(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, Ast::Call { name, .. }
        if crate::functions::find(&name.value).is_some_and(|f| f.id.is_statement()))
}

type Aggregation<'a> = (Option<&'a ast::Block>, &'static crate::functions::Function, &'a [ast::Expr], Span);

/// An aggregation, behind the statements of its block where it stands in one.
fn aggregation(value: &ast::Expr) -> Option<Aggregation<'_>> {
    match &value.kind {
        Ast::Call { name, args } => {
            let function = crate::functions::find(&name.value).filter(|f| f.id.is_aggregate())?;
            Some((None, function, args, value.span))
        }
        Ast::Block(block, inner) => match aggregation(inner)? {
            (None, function, args, span) => Some((Some(block), function, args, span)),
            _ => None,
        },
        _ => None,
    }
}

/// A number times `stride`, negated to be subtracted.
pub(super) fn scaled(value: Expr, stride: i64, negated: bool) -> Expr {
    let span = value.span;
    let of = |kind, ty| Expr { kind, ty, span };
    let number = |n| Box::new(of(ExprKind::Int(n), Ty::I64));
    if let ExprKind::Int(n) = value.kind {
        let n = n.wrapping_mul(stride);
        let (n, ty) = if negated { (n.wrapping_neg(), Ty::I64) } else { (n, value.ty) };
        return of(ExprKind::Int(n), ty);
    }
    let ty = if negated { Ty::I64 } else { value.ty.clone() };
    let value = if stride == 1 {
        value
    } else {
        of(ExprKind::Arith(Arith::Mul, Box::new(value), number(stride)), ty.clone())
    };
    if negated { of(ExprKind::Arith(Arith::Sub, number(0), Box::new(value)), ty) } else { value }
}
