//! A syntax tree as indented text, for `--emit ast` and for tests.

use std::fmt::Write;

use super::{
    AttachPoint, Block, CField, CTypeKind, Expr, ExprKind, ForSource, Item, MacroParam, Script, SizeOf, Stmt,
    StmtKind, TypeExpr, TypeKind,
};
use crate::source::Spanned;

/// One node a line, children indented under it.
pub fn dump(script: &Script) -> String {
    let mut dump = Dump { out: String::new(), depth: 0 };
    for item in &script.items {
        dump.item(item);
    }
    dump.out
}

struct Dump {
    out: String,
    depth: usize,
}

impl Dump {
    fn line(&mut self, text: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.depth * 2);
    }

    fn under(&mut self, text: impl std::fmt::Display, children: impl FnOnce(&mut Self)) {
        self.line(text);
        self.depth += 1;
        children(self);
        self.depth -= 1;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Probe(probe) => {
                let name = probe.name.as_ref().map(|name| format!(" {}", name.value)).unwrap_or_default();
                self.under(format!("probe{name}"), |d| {
                    d.points(&probe.points);
                    if let Some(predicate) = &probe.predicate {
                        d.under("predicate", |d| d.expr(predicate));
                    }
                    d.block("body", &probe.body);
                });
            }
            Item::Config(config) => self.under("config", |d| {
                for entry in &config.entries {
                    d.under(&entry.name.value, |d| d.expr(&entry.value));
                }
            }),
            Item::Import(import) => self.line(format!("import {:?}", import.path.value)),
            Item::MapDecl(map) => {
                self.under(format!("map @{} = {}", map.name.value, map.kind.value), |d| d.exprs(&map.args))
            }
            Item::Macro(m) => self.under(format!("macro {}", m.name.value), |d| {
                for param in &m.params {
                    d.line(match param {
                        MacroParam::Var(name) => format!("param ${}", name.value),
                        MacroParam::Map(name) => format!("param @{}", name.value),
                        MacroParam::Expr(name) => format!("param {}", name.value),
                    });
                }
                d.block("body", &m.body);
            }),
            Item::CType(ctype) => {
                let name = &ctype.name.value;
                match &ctype.kind {
                    CTypeKind::Struct(fields) => {
                        let packed = if ctype.packed { " packed" } else { "" };
                        self.under(format!("struct {name}{packed}"), |d| d.fields(fields));
                    }
                    CTypeKind::Union(fields) => self.under(format!("union {name}"), |d| d.fields(fields)),
                    CTypeKind::Enum(values) => self.under(format!("enum {name}"), |d| {
                        for (name, value) in values {
                            d.under(&name.value, |d| d.exprs(value));
                        }
                    }),
                }
            }
            Item::Provider(provider) => self.under(format!("provider {}", provider.name.text.value), |d| {
                for alternative in &provider.alternatives {
                    d.under("alternative", |d| {
                        d.points(&alternative.points);
                        if let Some(predicate) = &alternative.predicate {
                            d.under("predicate", |d| d.expr(predicate));
                        }
                        d.named("arg", &alternative.args);
                    });
                }
            }),
            Item::Function(function) => {
                let result =
                    function.result.as_ref().map(|ty| format!(": {}", type_text(ty))).unwrap_or_default();
                self.under(format!("fn {}{result}", function.name.value), |d| {
                    for (name, ty) in &function.params {
                        d.line(format!("param ${}: {}", name.value, type_text(ty)));
                    }
                    d.block("body", &function.body);
                });
            }
        }
    }

    fn points(&mut self, points: &[AttachPoint]) {
        for point in points {
            let parts: Vec<String> = point.parts.iter().map(|part| format!("{:?}", part.value)).collect();
            self.line(format!("attach {}", parts.join(" : ")));
        }
    }

    fn fields(&mut self, fields: &[CField]) {
        for field in fields {
            let bits = field.bits.map(|bits| format!(" : {bits} bits")).unwrap_or_default();
            self.line(format!("{}: {}{bits}", field.name.value, type_text(&field.ty)));
        }
    }

    fn named(&mut self, what: &str, fields: &[(Spanned<String>, Expr)]) {
        for (name, value) in fields {
            self.under(format!("{what} {}", name.value), |d| d.expr(value));
        }
    }

    fn block(&mut self, what: &str, block: &Block) {
        self.under(what, |d| block.stmts.iter().for_each(|stmt| d.stmt(stmt)));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Assign { target, op, value } => {
                let op = op.map(|op| format!(" {op:?}")).unwrap_or_default();
                self.under(format!("assign{op}"), |d| d.exprs([target, value]));
            }
            StmtKind::Let { name, ty, value } => {
                let ty = ty.as_ref().map(|ty| format!(": {}", type_text(ty))).unwrap_or_default();
                self.under(format!("let ${}{ty}", name.value), |d| d.exprs(value));
            }
            StmtKind::Discard(value) => self.under("discard", |d| d.expr(value)),
            StmtKind::If { comptime, cond, then, otherwise } => self.under(if_word(*comptime), |d| {
                d.expr(cond);
                d.block("then", then);
                if let Some(otherwise) = otherwise {
                    d.block("else", otherwise);
                }
            }),
            StmtKind::While { cond, body } => self.under("while", |d| {
                d.expr(cond);
                d.block("body", body);
            }),
            StmtKind::For { var, source, body } => self.under(format!("for ${}", var.value), |d| {
                match source {
                    ForSource::Range(from, to) => d.under("range", |d| d.exprs([from, to])),
                    ForSource::Expr(expr) => d.expr(expr),
                }
                d.block("body", body);
            }),
            StmtKind::Unroll { count, body } => self.under("unroll", |d| {
                d.expr(count);
                d.block("body", body);
            }),
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Return(value) => self.under("return", |d| d.exprs(value)),
            StmtKind::Block(block) => self.block("block", block),
            StmtKind::Import(import) => self.line(format!("import {:?}", import.path.value)),
        }
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int { value, duration: false } => self.line(format!("int {value}")),
            ExprKind::Int { value, duration: true } => self.line(format!("duration {value}ns")),
            ExprKind::Str(bytes) => self.line(format!("string \"{}\"", bytes.escape_ascii())),
            ExprKind::Bool(value) => self.line(format!("bool {value}")),
            ExprKind::Var(name) => self.line(format!("var ${name}")),
            ExprKind::Positional(number) => self.line(format!("param ${number}")),
            ExprKind::PositionalCount => self.line("param count"),
            ExprKind::Map { name, key } => {
                self.under(format!("map @{name}"), |d| d.exprs(key.iter().flatten()))
            }
            ExprKind::Ident(name) => self.line(format!("ident {name}")),
            ExprKind::Call { name, args } => self.under(format!("call {}", name.value), |d| d.exprs(args)),
            ExprKind::Unary(op, e) => self.under(format!("unary {op:?}"), |d| d.expr(e)),
            ExprKind::IncDec(op, e) => self.under(format!("{op:?}"), |d| d.expr(e)),
            ExprKind::Binary(op, a, b) => self.under(format!("binary {op:?}"), |d| d.exprs([&**a, b])),
            ExprKind::Ternary { cond, then, otherwise } => self.under("ternary", |d| {
                d.expr(cond);
                d.exprs(then.as_deref());
                d.expr(otherwise);
            }),
            ExprKind::Field(e, name) => self.under(format!("field {}", name.value), |d| d.expr(e)),
            ExprKind::TupleIndex(e, index) => {
                self.under(format!("tuple index {}", index.value), |d| d.expr(e))
            }
            ExprKind::Index(e, index) => self.under("index", |d| d.exprs([&**e, index])),
            ExprKind::Cast(ty, e) => self.under(format!("cast {}", type_text(ty)), |d| d.expr(e)),
            ExprKind::Tuple(values) => self.under("tuple", |d| d.exprs(values)),
            ExprKind::Record(fields) => self.under("record", |d| d.named("field", fields)),
            ExprKind::Block(block, value) => {
                self.block("block", block);
                self.under("value", |d| d.expr(value));
            }
            ExprKind::If { comptime, cond, then, otherwise } => {
                self.under(format!("{} value", if_word(*comptime)), |d| {
                    d.expr(cond);
                    d.under("then", |d| d.expr(then));
                    d.under("else", |d| d.expr(otherwise));
                });
            }
            ExprKind::SizeOf(question) => self.size_of(question),
            ExprKind::Comptime(e) => self.under("comptime", |d| d.expr(e)),
            ExprKind::Error => self.line("error"),
        }
    }

    fn size_of(&mut self, question: &SizeOf) {
        match question {
            SizeOf::Type(ty) => self.line(format!("sizeof {}", type_text(ty))),
            SizeOf::Expr(e) => self.under("sizeof", |d| d.expr(e)),
            SizeOf::Offset(ty, path) => {
                let path: Vec<&str> = path.iter().map(|name| name.value.as_str()).collect();
                self.line(format!("offsetof {} {}", type_text(ty), path.join(".")));
            }
            SizeOf::TypeOf(TypeExpr { kind: TypeKind::TypeOf(e), .. }) => self.under("typeof", |d| d.expr(e)),
            SizeOf::TypeOf(ty) => self.line(format!("typeof {}", type_text(ty))),
            SizeOf::TypeInfo(e) => self.under("typeinfo", |d| d.expr(e)),
        }
    }
}

fn if_word(comptime: bool) -> &'static str {
    if comptime { "if comptime" } else { "if" }
}

/// A type on one line, suffixes behind: `int32*[4]`.
fn type_text(ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeKind::Named(name) => name.clone(),
        TypeKind::Array(inner, length) => format!("{}[{length}]", type_text(inner)),
        TypeKind::Pointer(inner) => format!("{}*", type_text(inner)),
        TypeKind::Inline(ty) => {
            let mut dump = Dump { out: String::new(), depth: 0 };
            dump.item(&Item::CType((**ty).clone()));
            format!("{{{}}}", dump.out.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        TypeKind::TypeOf(e) => {
            let mut dump = Dump { out: String::new(), depth: 0 };
            dump.expr(e);
            format!("typeof({})", dump.out.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}
