//! Imports, macros, providers: what stands for other text is replaced by it, or taken in.

pub(crate) mod providers;
mod substitute;

use std::collections::{HashMap, HashSet};

use gprobe_lang::ast::{
    Block, Expr, ExprKind, Import, Item, Macro, MacroParam, Script, SizeOf, Stmt, StmtKind, TypeExpr,
    TypeKind,
};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use self::substitute::Substitution;
use crate::target::World;
use crate::walk;

/// How deep macros may use each other.
const MOST_NESTED: usize = 64;
/// How many expansions a script may have: macros that double themselves must end.
const MOST_EXPANSIONS: usize = 20_000;

/// A script without imports and macros, with the providers that it uses.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn expand(script: &Script, world: &dyn World) -> Result<Script, Vec<Diagnostic>> {
    let mut expander = Expander { world, macros: HashMap::new(), diagnostics: Vec::new(), expansions: 0 };
    let mut imported = HashSet::new();
    let mut items = Vec::new();
    expander.import_all(&script.items, &mut imported, &mut items);
    providers::forget_ended(&mut items);
    expander.provide(&mut items, &mut imported);
    for item in &items {
        if let Item::Macro(decl) = item {
            expander.declare(decl);
        }
    }
    for item in &mut items {
        match item {
            Item::Probe(probe) => {
                if let Some(predicate) = &mut probe.predicate {
                    expander.expr(predicate, 0);
                }
                expander.block(&mut probe.body, 0);
            }
            Item::Provider(provider) => {
                for one in &mut provider.alternatives {
                    one.predicate.iter_mut().for_each(|predicate| expander.expr(predicate, 0));
                    one.args.iter_mut().for_each(|(_, value)| expander.expr(value, 0));
                }
            }
            _ => {}
        }
    }
    if expander.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(expander.diagnostics);
    }
    Ok(Script { items })
}

/// A script's items with those that it imports, as far as they are found.
pub(crate) fn with_imports(script: &Script, world: &dyn World) -> Vec<Item> {
    let mut expander = Expander { world, macros: HashMap::new(), diagnostics: Vec::new(), expansions: 0 };
    let mut items = Vec::new();
    expander.import_all(&script.items, &mut HashSet::new(), &mut items);
    items
}

struct Expander<'w> {
    world: &'w dyn World,
    /// By name and number of parameters.
    macros: HashMap<(String, usize), Macro>,
    diagnostics: Vec<Diagnostic>,
    expansions: usize,
}

impl Expander<'_> {
    /// Puts imported items before those of the file that imports them.
    fn import_all(&mut self, items: &[Item], imported: &mut HashSet<String>, out: &mut Vec<Item>) {
        let mut imports: Vec<Import> = Vec::new();
        for item in items {
            match item {
                Item::Import(import) => imports.push(import.clone()),
                Item::Probe(probe) => in_block(&probe.body, &mut imports),
                Item::Macro(decl) => in_block(&decl.body, &mut imports),
                _ => {}
            }
        }
        for import in imports {
            match self.world.import(&import.path.value) {
                Ok(files) => {
                    for file in files {
                        self.diagnostics.extend(file.diagnostics);
                        if imported.insert(file.name) {
                            self.import_all(&file.script.items, imported, out);
                        }
                    }
                }
                Err(absent) => {
                    let mut diagnostic = Diagnostic::error("no-import", import.path.span, absent.reason);
                    let near = absent.candidates.iter().map(String::as_str);
                    diagnostic =
                        diagnostic.help(did_you_mean(&import.path.value, near).unwrap_or_else(|| {
                            "write a file's or a folder's path, relative to that of the script".to_owned()
                        }));
                    self.diagnostics.push(diagnostic);
                }
            }
        }
        out.extend(items.iter().filter(|item| !matches!(item, Item::Import(_))).cloned());
    }

    fn declare(&mut self, decl: &Macro) {
        let key = (decl.name.value.clone(), decl.params.len());
        for (index, one) in decl.params.iter().enumerate() {
            let name = param(one);
            if decl.params.iter().take(index).any(|other| param(other) == name) {
                let message = format!("the macro `{}` has two parameters `{name}`", decl.name.value);
                self.diagnostics.push(
                    Diagnostic::error("redeclared", decl.name.span, message)
                        .help("give one of the two another name"),
                );
            }
        }
        if let Some(old) = self.macros.get(&key) {
            let diagnostic = Diagnostic::error(
                "redeclared",
                decl.name.span,
                format!(
                    "the macro `{}` is declared twice with the same number of parameters",
                    decl.name.value
                ),
            )
            .also(old.name.span, "first here")
            .help("give one of the two another name");
            self.diagnostics.push(diagnostic);
            return;
        }
        self.macros.insert(key, decl.clone());
    }

    fn block(&mut self, block: &mut Block, depth: usize) {
        for stmt in &mut block.stmts {
            self.stmt(stmt, depth);
        }
    }

    fn stmt(&mut self, stmt: &mut Stmt, depth: usize) {
        if let StmtKind::Expr(expr) = &mut stmt.kind {
            if let Some(block) = self.expansion(expr, depth) {
                stmt.kind = StmtKind::Block(block);
                return;
            }
            return self.expr(expr, depth);
        }
        walk::children_of_stmt(stmt, &mut |child| match child {
            walk::Child::Expr(expr) => self.expr(expr, depth),
            walk::Child::Block(block) => self.block(block, depth),
            walk::Child::Type(ty) => self.ty(ty, depth),
        });
    }

    fn expr(&mut self, expr: &mut Expr, depth: usize) {
        if let Some(mut block) = self.expansion(expr, depth) {
            let span = expr.span;
            let value = block.stmts.pop().and_then(value_of);
            expr.kind = match value {
                Some(value) if block.stmts.is_empty() => value.kind,
                Some(value) => ExprKind::Block(block, Box::new(value)),
                // What is wrong with it has been said.
                None if self.diagnostics.iter().any(Diagnostic::is_error) => ExprKind::Error,
                None => {
                    self.diagnostics.push(
                        Diagnostic::error("no-value", span, "this macro gives no value")
                            .help("end its body with an expression, without `;` behind it"),
                    );
                    ExprKind::Error
                }
            };
            return;
        }
        walk::children_of_expr(expr, &mut |child| match child {
            walk::Child::Expr(expr) => self.expr(expr, depth),
            walk::Child::Block(block) => self.block(block, depth),
            walk::Child::Type(ty) => self.ty(ty, depth),
        });
        questions(expr);
    }

    fn ty(&mut self, ty: &mut TypeExpr, depth: usize) {
        match &mut ty.kind {
            TypeKind::TypeOf(inner) => self.expr(inner, depth),
            TypeKind::Array(inner, _) | TypeKind::Pointer(inner) => self.ty(inner, depth),
            TypeKind::Named(_) | TypeKind::Inline(_) => {}
        }
    }

    /// What a use of a macro stands for; `None` where it is none.
    fn expansion(&mut self, expr: &Expr, depth: usize) -> Option<Block> {
        let (name, args) = match &expr.kind {
            ExprKind::Call { name, args } => (name.value.clone(), args.clone()),
            ExprKind::Ident(name) => (name.clone(), Vec::new()),
            _ => return None,
        };
        let Some(found) = self.macros.get(&(name.clone(), args.len())).cloned() else {
            self.wrong_count(expr, &name, args.len());
            return None;
        };
        self.expansions += 1;
        if depth >= MOST_NESTED || self.expansions > MOST_EXPANSIONS {
            self.diagnostics.push(
                Diagnostic::error("endless-macro", expr.span, format!("the macro `{name}` never ends"))
                    .help("a macro can't use itself; loops are `while` and `for`"),
            );
            return Some(Block { stmts: Vec::new(), span: expr.span });
        }
        let substitution = match Substitution::new(&found, args, self.expansions) {
            Ok(substitution) => substitution,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return Some(Block { stmts: Vec::new(), span: expr.span });
            }
        };
        let mut body = found.body.clone();
        substitution.block(&mut body);
        // What the arguments hold has macros of its own.
        self.block(&mut body, depth + 1);
        Some(body)
    }

    /// A macro of this name exists, but takes another number of arguments.
    fn wrong_count(&mut self, expr: &Expr, name: &str, given: usize) {
        let is_call = matches!(expr.kind, ExprKind::Call { .. });
        let known = crate::functions::find(name).is_some() || crate::builtins::find(name).is_some();
        if !is_call || known {
            return;
        }
        let counts: Vec<usize> =
            self.macros.keys().filter(|(n, _)| n == name).map(|(_, count)| *count).collect();
        if let Some(wanted) = counts.iter().min() {
            let of = |n: usize| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
            let declared = self.macros.get(&(name.to_owned(), *wanted));
            let params = declared.map(|decl| decl.params.iter().map(param).collect::<Vec<_>>().join(", "));
            let mut diagnostic = Diagnostic::error(
                "wrong-arguments",
                expr.span,
                format!("the macro `{name}` takes {}, not {given}", of(*wanted)),
            );
            if let Some(decl) = declared {
                diagnostic = diagnostic.also(decl.name.span, "declared here");
            }
            self.diagnostics
                .push(diagnostic.help(format!("it is used as `{name}({})`", params.unwrap_or_default())));
        }
    }
}

/// A parameter, as it is written.
fn param(param: &MacroParam) -> String {
    match param {
        MacroParam::Var(name) => format!("${}", name.value),
        MacroParam::Map(name) => format!("@{}", name.value),
        MacroParam::Expr(name) => name.value.clone(),
    }
}

/// The value of a block's last statement.
fn value_of(stmt: Stmt) -> Option<Expr> {
    let span = stmt.span;
    let kind = match stmt.kind {
        StmtKind::Expr(expr) => return Some(expr),
        StmtKind::Block(mut block) => {
            let value = block.stmts.pop().and_then(value_of)?;
            if block.stmts.is_empty() {
                return Some(value);
            }
            ExprKind::Block(block, Box::new(value))
        }
        StmtKind::If { comptime, cond, then, otherwise: Some(otherwise) } => ExprKind::If {
            comptime,
            cond: Box::new(cond),
            then: Box::new(value_of(Stmt { kind: StmtKind::Block(then), span })?),
            otherwise: Box::new(value_of(Stmt { kind: StmtKind::Block(otherwise), span })?),
        },
        _ => return None,
    };
    Some(Expr { kind, span })
}

/// Questions about types whose type came as an argument: `sizeof(T)`, `sizeof(T[2])`.
fn questions(expr: &mut Expr) {
    let span = expr.span;
    let ExprKind::SizeOf(SizeOf::Expr(inner)) = &expr.kind else { return };
    if let Some(ty) = type_in(inner, span) {
        expr.kind = ExprKind::SizeOf(SizeOf::Type(ty));
    }
}

fn type_in(expr: &Expr, span: Span) -> Option<TypeExpr> {
    match &expr.kind {
        ExprKind::SizeOf(SizeOf::TypeOf(ty)) => Some(ty.clone()),
        ExprKind::Index(base, index) => match index.kind {
            ExprKind::Int { value, .. } => {
                let of = Box::new(type_in(base, span)?);
                Some(TypeExpr { kind: TypeKind::Array(of, value), span })
            }
            _ => None,
        },
        _ => None,
    }
}

fn in_block(block: &Block, imports: &mut Vec<Import>) {
    for stmt in &block.stmts {
        match &stmt.kind {
            StmtKind::Import(import) => imports.push(import.clone()),
            StmtKind::Block(inner)
            | StmtKind::While { body: inner, .. }
            | StmtKind::For { body: inner, .. }
            | StmtKind::Unroll { body: inner, .. } => in_block(inner, imports),
            StmtKind::If { then, otherwise, .. } => {
                in_block(then, imports);
                otherwise.iter().for_each(|block| in_block(block, imports));
            }
            _ => {}
        }
    }
}
