//! A macro's body with its arguments in place of its parameters, and its own variables under names that
//! nothing else has.

use std::collections::HashMap;

use gprobe_lang::ast::{
    Block, Expr, ExprKind, Macro, MacroParam, SizeOf, Stmt, StmtKind, TypeExpr, TypeKind,
};
use gprobe_lang::diagnostic::Diagnostic;

use crate::walk::{Child, children_of_expr, children_of_stmt};

/// What stands for what.
pub(super) struct Substitution {
    vars: HashMap<String, String>,
    maps: HashMap<String, String>,
    exprs: HashMap<String, Expr>,
    /// Tells this expansion's own variables from all others.
    number: usize,
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
