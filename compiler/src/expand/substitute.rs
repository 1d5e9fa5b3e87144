//! A macro's body with its arguments in place of its parameters, and its own variables under names that
//! nothing else has.

use std::collections::HashMap;

use gprobe_lang::ast::{
    Block, Expr, ExprKind, ForSource, Macro, MacroParam, SizeOf, Stmt, StmtKind, TypeExpr, TypeKind,
};
use gprobe_lang::diagnostic::Diagnostic;

/// What stands for what.
pub(super) struct Substitution {
    vars: HashMap<String, String>,
    maps: HashMap<String, String>,
    exprs: HashMap<String, Expr>,
    /// Tells this expansion's own variables from all others.
    number: usize,
}

/// A part of a node.
pub(crate) enum Child<'a> {
    Expr(&'a mut Expr),
    Block(&'a mut Block),
    Type(&'a mut TypeExpr),
}

impl Substitution {
    /// Of a macro's parameters by arguments, as many.
    pub(super) fn new(decl: &Macro, args: Vec<Expr>, number: usize) -> Result<Self, Box<Diagnostic>> {
        let mut new = Self { vars: HashMap::new(), maps: HashMap::new(), exprs: HashMap::new(), number };
        for (param, arg) in decl.params.iter().zip(args) {
            match (param, &arg.kind) {
                (MacroParam::Var(name), ExprKind::Var(var)) => {
                    new.vars.insert(name.value.clone(), var.clone());
                }
                (MacroParam::Map(name), ExprKind::Map { name: map, key: None }) => {
                    new.maps.insert(name.value.clone(), map.clone());
                }
                (MacroParam::Expr(name), _) => {
                    new.exprs.insert(name.value.clone(), arg);
                }
                (MacroParam::Var(name), _) => {
                    let wrong = Diagnostic::error(
                        "type-mismatch",
                        arg.span,
                        format!("the macro changes ${}, so it wants a variable here", name.value),
                    );
                    return Err(Box::new(
                        wrong
                            .help("put the value in a variable, or call the parameter by a name without `$`"),
                    ));
                }
                (MacroParam::Map(name), _) => {
                    let wrong = Diagnostic::error(
                        "type-mismatch",
                        arg.span,
                        format!("the macro's parameter @{} stands for a whole map", name.value),
                    );
                    return Err(Box::new(wrong.help("name a map here, without a key: `@name`")));
                }
            }
        }
        Ok(new)
    }

    /// Substitutes in all of a block.
    pub(super) fn block(&self, block: &mut Block) {
        block.stmts.iter_mut().for_each(|stmt| self.stmt(stmt));
    }

    fn var(&self, name: &mut String) {
        *name = match self.vars.get(name) {
            Some(given) => given.clone(),
            None => format!("{name}#{}", self.number),
        };
    }

    fn child(&self, child: Child<'_>) {
        match child {
            Child::Expr(expr) => self.expr(expr),
            Child::Block(block) => self.block(block),
            Child::Type(ty) => self.ty(ty),
        }
    }

    fn stmt(&self, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Let { name, .. } | StmtKind::For { var: name, .. } => self.var(&mut name.value),
            _ => {}
        }
        children_of_stmt(stmt, &mut |child| self.child(child));
    }

    fn expr(&self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Var(name) => return self.var(name),
            ExprKind::Map { name, .. } => {
                if let Some(given) = self.maps.get(name) {
                    given.clone_into(name);
                }
            }
            ExprKind::Ident(name) => {
                if let Some(given) = self.exprs.get(name) {
                    expr.kind = given.kind.clone();
                    // What is wrong with an argument is shown where it was written.
                    expr.span = given.span;
                }
                return;
            }
            _ => {}
        }
        children_of_expr(expr, &mut |child| self.child(child));
    }

    fn ty(&self, ty: &mut TypeExpr) {
        match &mut ty.kind {
            TypeKind::Named(name) => {
                if let Some(Expr { kind: ExprKind::SizeOf(SizeOf::TypeOf(given)), .. }) = self.exprs.get(name)
                {
                    *ty = given.clone();
                }
            }
            TypeKind::Array(inner, _) | TypeKind::Pointer(inner) => self.ty(inner),
            TypeKind::TypeOf(inner) => {
                self.expr(inner);
                if let ExprKind::SizeOf(SizeOf::TypeOf(given)) = &inner.kind {
                    *ty = given.clone();
                }
            }
            TypeKind::Inline(_) => {}
        }
    }
}

/// Calls `f` on each part of a statement.
pub(crate) fn children_of_stmt(stmt: &mut Stmt, f: &mut dyn FnMut(Child<'_>)) {
    match &mut stmt.kind {
        StmtKind::Expr(e) | StmtKind::Discard(e) => f(Child::Expr(e)),
        StmtKind::Assign { target, value, .. } => {
            f(Child::Expr(target));
            f(Child::Expr(value));
        }
        StmtKind::Let { ty, value, .. } => {
            ty.iter_mut().for_each(|ty| f(Child::Type(ty)));
            value.iter_mut().for_each(|e| f(Child::Expr(e)));
        }
        StmtKind::If { cond, then, otherwise, .. } => {
            f(Child::Expr(cond));
            f(Child::Block(then));
            otherwise.iter_mut().for_each(|block| f(Child::Block(block)));
        }
        StmtKind::While { cond, body } | StmtKind::Unroll { count: cond, body } => {
            f(Child::Expr(cond));
            f(Child::Block(body));
        }
        StmtKind::For { source, body, .. } => {
            match source {
                ForSource::Range(from, to) => {
                    f(Child::Expr(from));
                    f(Child::Expr(to));
                }
                ForSource::Expr(e) => f(Child::Expr(e)),
            }
            f(Child::Block(body));
        }
        StmtKind::Return(value) => value.iter_mut().for_each(|e| f(Child::Expr(e))),
        StmtKind::Block(block) => f(Child::Block(block)),
        StmtKind::Break | StmtKind::Continue | StmtKind::Import(_) => {}
    }
}

/// Calls `f` on each part of an expression.
pub(crate) fn children_of_expr(expr: &mut Expr, f: &mut dyn FnMut(Child<'_>)) {
    match &mut expr.kind {
        ExprKind::Map { key, .. } => key.iter_mut().flatten().for_each(|e| f(Child::Expr(e))),
        ExprKind::Call { args, .. } | ExprKind::Tuple(args) => {
            args.iter_mut().for_each(|e| f(Child::Expr(e)))
        }
        ExprKind::Unary(_, e)
        | ExprKind::IncDec(_, e)
        | ExprKind::Field(e, _)
        | ExprKind::TupleIndex(e, _)
        | ExprKind::Comptime(e) => f(Child::Expr(e)),
        ExprKind::Cast(ty, e) => {
            f(Child::Type(ty));
            f(Child::Expr(e));
        }
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => {
            f(Child::Expr(a));
            f(Child::Expr(b));
        }
        ExprKind::Ternary { cond, then, otherwise } => {
            f(Child::Expr(cond));
            then.iter_mut().for_each(|e| f(Child::Expr(e)));
            f(Child::Expr(otherwise));
        }
        ExprKind::Record(fields) => fields.iter_mut().for_each(|(_, e)| f(Child::Expr(e))),
        ExprKind::Block(block, e) => {
            f(Child::Block(block));
            f(Child::Expr(e));
        }
        ExprKind::If { cond, then, otherwise, .. } => {
            f(Child::Expr(cond));
            f(Child::Expr(then));
            f(Child::Expr(otherwise));
        }
        ExprKind::SizeOf(question) => match question {
            SizeOf::Type(ty) | SizeOf::TypeOf(ty) | SizeOf::Offset(ty, _) => f(Child::Type(ty)),
            SizeOf::Expr(e) | SizeOf::TypeInfo(e) => f(Child::Expr(e)),
        },
        ExprKind::Int { .. }
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Var(_)
        | ExprKind::Positional(_)
        | ExprKind::PositionalCount
        | ExprKind::Ident(_)
        | ExprKind::Error => {}
    }
}
