//! What the grammar's shapes become: the small steps between a production and its node.

use std::cell::RefCell;

use crate::ast::{
    AttachPoint, BinaryOp, Block, CField, CType, CTypeKind, Expr, ExprKind, SizeOf, Stmt, StmtKind, TypeExpr,
    TypeKind,
};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span, Spanned};

/// Makes nodes of one source, and keeps what was wrong with them.
#[derive(Debug)]
pub(crate) struct Shaper {
    source: SourceId,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

/// The statements between two braces.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// In order.
    pub(crate) stmts: Vec<Stmt>,
    /// Nothing separates the last statement from the brace: it may be the block's value.
    open: bool,
    /// An error has been reported in it.
    broken: bool,
}

/// A field's name and what C writes around it.
#[derive(Debug)]
pub(crate) struct Declarator {
    name: Spanned<String>,
    lengths: Vec<u64>,
    bits: Option<u32>,
    span: Span,
}

impl Body {
    /// With one more statement.
    pub(crate) fn last(mut self, stmt: Stmt) -> Self {
        self.stmts.push(stmt);
        self.open = true;
        self
    }

    /// With a semicolon.
    pub(crate) fn end(mut self) -> Self {
        self.open = false;
        self
    }

    /// With something that was no statement.
    pub(crate) fn broken(mut self) -> Self {
        self.broken = true;
        self
    }
}

impl Declarator {
    /// The field of this name, with `stars` in front of it.
    pub(crate) fn of(self, mut ty: TypeExpr, stars: usize) -> CField {
        let span = ty.span.to(self.span);
        for _ in 0..stars {
            ty = TypeExpr { kind: TypeKind::Pointer(Box::new(ty)), span };
        }
        // `int a[2][3]` is two arrays of three.
        for &length in self.lengths.iter().rev() {
            ty = TypeExpr { kind: TypeKind::Array(Box::new(ty), length), span };
        }
        CField { ty, name: self.name, bits: self.bits }
    }
}

impl Shaper {
    /// For the text of `source`.
    pub(crate) fn new(source: SourceId) -> Self {
        Self { source, diagnostics: RefCell::default() }
    }

    /// What was wrong.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// The bytes `start..end`. A node made of nothing stands where its neighbour starts.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start.min(end), end)
    }

    pub(crate) fn expr(&self, kind: ExprKind, start: usize, end: usize) -> Expr {
        Expr { kind, span: self.span(start, end) }
    }

    pub(crate) fn stmt(&self, kind: StmtKind, start: usize, end: usize) -> Stmt {
        Stmt { kind, span: self.span(start, end) }
    }

    pub(crate) fn binary(&self, op: BinaryOp, a: Expr, b: Expr, start: usize, end: usize) -> Expr {
        self.expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), start, end)
    }

    pub(crate) fn ternary(
        &self,
        cond: Expr,
        then: Option<Expr>,
        otherwise: Expr,
        start: usize,
        end: usize,
    ) -> Expr {
        let kind = ExprKind::Ternary {
            cond: Box::new(cond),
            then: then.map(Box::new),
            otherwise: Box::new(otherwise),
        };
        self.expr(kind, start, end)
    }

    pub(crate) fn if_value(
        &self,
        comptime: bool,
        cond: Expr,
        then: Expr,
        otherwise: Expr,
        start: usize,
        end: usize,
    ) -> Expr {
        let kind = ExprKind::If {
            comptime,
            cond: Box::new(cond),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        self.expr(kind, start, end)
    }

    pub(crate) fn tuple(&self, first: Expr, rest: Vec<Expr>) -> ExprKind {
        let mut all = vec![first];
        all.extend(rest);
        ExprKind::Tuple(all)
    }

    pub(crate) fn type_of(&self, expr: Expr) -> TypeExpr {
        TypeExpr { span: expr.span, kind: TypeKind::TypeOf(Box::new(expr)) }
    }

    pub(crate) fn type_info(&self, ty: TypeExpr) -> SizeOf {
        let span = ty.span;
        SizeOf::TypeInfo(Box::new(Expr { kind: ExprKind::SizeOf(SizeOf::TypeOf(ty)), span }))
    }

    /// A string that names something, and so has to be text.
    pub(crate) fn utf8(&self, bytes: Vec<u8>, start: usize, end: usize) -> String {
        String::from_utf8(bytes).unwrap_or_else(|error| {
            self.report(
                Diagnostic::error("invalid-escape", self.span(start, end), "this name is not UTF-8")
                    .label("holds bytes that are no text"),
            );
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })
    }

    /// A block where a value is expected: its last statement is the value.
    pub(crate) fn value_block(&self, mut body: Body, start: usize, end: usize) -> Expr {
        let (open, broken) = (body.open, body.broken);
        let value = body.stmts.pop().filter(|_| open).map(|last| self.value(last));
        let value = value.unwrap_or_else(|| {
            if !broken {
                self.report(
                    Diagnostic::error(
                        "block-without-value",
                        self.span(start, end),
                        "this block has no value",
                    )
                    .label("a value is needed here")
                    .help("end it with an expression without `;`: `{ $x = f(); $x + 1 }`"),
                );
            }
            self.expr(ExprKind::Error, start, end)
        });
        if body.stmts.is_empty() {
            return value;
        }
        let span = self.span(start, end);
        Expr { kind: ExprKind::Block(Block { stmts: body.stmts, span }, Box::new(value)), span }
    }

    /// The value of a block's last statement.
    fn value(&self, stmt: Stmt) -> Expr {
        let span = stmt.span;
        let kind = match stmt.kind {
            StmtKind::Expr(expr) => return expr,
            StmtKind::If { comptime, cond, then, otherwise: Some(otherwise) } => ExprKind::If {
                comptime,
                cond: Box::new(cond),
                then: Box::new(self.tail(then)),
                otherwise: Box::new(self.tail(otherwise)),
            },
            StmtKind::Block(block) => return self.tail(block),
            _ => {
                self.report(
                    Diagnostic::error("block-without-value", span, "this statement has no value")
                        .label("the value of the block around it is needed")
                        .help("end the block with an expression without `;`"),
                );
                ExprKind::Error
            }
        };
        Expr { kind, span }
    }

    fn tail(&self, block: Block) -> Expr {
        let Span { start, end, .. } = block.span;
        let open = !block.stmts.is_empty();
        self.value_block(Body { stmts: block.stmts, open, broken: false }, start as usize, end as usize)
    }

    pub(crate) fn declarator(
        &self,
        name: Spanned<String>,
        lengths: Vec<(u64, bool)>,
        bits: Option<(u64, bool)>,
        start: usize,
        end: usize,
    ) -> Declarator {
        let lengths = lengths.into_iter().map(|(length, _)| length).collect();
        let bits = bits.map(|(bits, _)| u32::try_from(bits).unwrap_or(u32::MAX));
        Declarator { name, lengths, bits, span: self.span(start, end) }
    }

    /// `int *a, b[2], **c`: the type of the first without its stars is that of the others.
    pub(crate) fn more_fields(&self, mut fields: Vec<CField>, stars: usize, next: Declarator) -> Vec<CField> {
        if let Some(first) = fields.first() {
            let mut base = first.ty.clone();
            while let TypeKind::Array(inner, _) | TypeKind::Pointer(inner) = base.kind {
                base = *inner;
            }
            fields.push(next.of(base, stars));
        }
        fields
    }

    /// A type declared in C's words; only an enum may have no name.
    pub(crate) fn c_type(
        &self,
        kind: CTypeKind,
        name: Option<Spanned<String>>,
        packed: bool,
        start: usize,
        end: usize,
    ) -> CType {
        let span = self.span(start, end);
        CType { kind, packed, name: name.unwrap_or_else(|| Spanned::new(String::new(), span)), span }
    }

    /// The type of a field, declared right there.
    pub(crate) fn inline_type(
        &self,
        kind: CTypeKind,
        name: Option<Spanned<String>>,
        start: usize,
        end: usize,
    ) -> TypeExpr {
        let ty = self.c_type(kind, name, false, start, end);
        TypeExpr { span: ty.span, kind: TypeKind::Inline(Box::new(ty)) }
    }

    /// `struct { int x; };` as a field: its fields are those of the struct around it.
    pub(crate) fn anonymous_field(&self, ty: TypeExpr) -> Vec<CField> {
        let name = Spanned::new(String::new(), ty.span);
        vec![CField { ty, name, bits: None }]
    }

    /// Splits an attach point at its colons.
    pub(crate) fn attach_point(&self, text: &str, start: usize) -> AttachPoint {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut part_start = 0;
        let mut depth = 0usize;
        let mut quoted = false;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => {
                    escaped = true;
                    continue;
                }
                '"' => {
                    quoted = !quoted;
                    continue;
                }
                ':' if depth == 0 && !quoted => {
                    let span = self.span(start + part_start, start + at);
                    parts.push(Spanned::new(std::mem::take(&mut part), span));
                    part_start = at + 1;
                    continue;
                }
                '(' | '[' | '{' if !quoted => depth += 1,
                ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            part.push(c);
        }
        parts.push(Spanned::new(part, self.span(start + part_start, start + text.len())));
        AttachPoint { parts, text: Spanned::new(text.to_owned(), self.span(start, start + text.len())) }
    }
}
