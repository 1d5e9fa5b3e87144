//! C values: fields, elements and what pointers point to, in the target's memory or in the script's own.

use gprobe_lang::ast;
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::constant::constant;
use super::stmts::scaled;
use super::typed::{Arith, Expr, ExprKind, PartIndex, Pointee, Ty};
use crate::artifact::{CField, CPointee, CStruct, CType, Type};

/// Where a C value is.
enum At {
    /// In memory, at this address.
    Memory { addr: Expr, kernel: bool },
    /// In the script's own value, so many bytes from its start.
    Own { of: Expr, offset: u32 },
}

impl Body<'_, '_> {
    /// `*p`
    pub(super) fn deref(&mut self, pointer: Expr, span: Span) -> Expr {
        match pointer.ty.clone() {
            Ty::Pointer(Pointee::C { ty, kernel }) => {
                if ty == CType::Void || ty.size() == 0 {
                    self.error(
                        Diagnostic::error("type-mismatch", span, "what is behind this pointer is not known")
                            .help("say what is there: `*(uint64*)x`"),
                    );
                    return self.broken(span);
                }
                self.c_read(At::Memory { addr: pointer, kernel }, 0, &ty, span)
            }
            Ty::Pointer(Pointee::Go(id)) => self.go_deref(pointer, id, span),
            Ty::Pointer(Pointee::Own(ty)) => {
                let addr = Box::new(pointer);
                let kind = if ty.is_scalar() {
                    ExprKind::ReadKernel { addr, bytes: 8, signed: false }
                } else {
                    ExprKind::ReadC { addr, kernel: true }
                };
                Expr { kind, ty: *ty, span }
            }
            Ty::Unknown => self.broken(span),
            other => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        pointer.span,
                        format!("only a pointer can be followed, and this is {}", other.describe()),
                    )
                    .help("say what is there: `*(uint64*)x`"),
                );
                self.broken(span)
            }
        }
    }

    /// `x.name` and `x->name` where x is a C struct, a pointer to one, or a record.
    pub(super) fn c_field(&mut self, base: Expr, name: &Spanned<String>, span: Span) -> Expr {
        match base.ty.clone() {
            Ty::Record(fields) => match fields.iter().position(|(field, _)| *field == name.value) {
                Some(index) => {
                    let ty = fields.get(index).map_or(Ty::Unknown, |(_, ty)| ty.clone());
                    Expr { kind: ExprKind::TupleIndex(Box::new(base), index), ty, span }
                }
                None => self.no_field("the record", fields.iter().map(|(field, _)| field.as_str()), name),
            },
            Ty::Pointer(Pointee::C { ty: CType::Struct(of), kernel }) => {
                self.struct_field(At::Memory { addr: base, kernel }, &of, name, span)
            }
            Ty::Value(Type::C(CType::Struct(of))) => {
                let at = place(base);
                self.struct_field(at, &of, name, span)
            }
            Ty::Unknown => self.broken(span),
            other => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        base.span,
                        format!("this is {}, which has no fields", other.describe()),
                    )
                    .help("say what it is: `((struct point *)x).y`, `(*main.T)(x).NAME`"),
                );
                self.broken(span)
            }
        }
    }

    fn struct_field(&mut self, at: At, of: &CStruct, name: &Spanned<String>, span: Span) -> Expr {
        let Some(field) = of.fields.iter().find(|field| field.name == name.value).cloned() else {
            let what = format!("struct {}", of.name);
            return self.no_field(&what, of.fields.iter().map(|field| field.name.as_str()), name);
        };
        let CField { offset, ty, bits, .. } = field;
        let value = self.c_read(at, offset, &ty, span);
        let Some((shift, width)) = bits else { return value };
        let signed = matches!(ty, CType::Int { signed: true, .. });
        let result = value.ty.clone();
        Expr { kind: ExprKind::Bits { value: Box::new(value), shift, width, signed }, ty: result, span }
    }

    fn no_field<'n>(
        &mut self,
        what: &str,
        known: impl Iterator<Item = &'n str> + Clone,
        name: &Spanned<String>,
    ) -> Expr {
        let mut diagnostic =
            Diagnostic::error("unknown-field", name.span, format!("{what} has no field `{}`", name.value));
        if let Some(hint) = did_you_mean(&name.value, known.clone()) {
            diagnostic = diagnostic.help(hint);
        }
        diagnostic = diagnostic.note(format!("its fields: {}", known.collect::<Vec<_>>().join(", ")));
        self.error(diagnostic);
        self.broken(name.span)
    }

    /// `x[i]` of anything but a Go value.
    pub(super) fn index_of(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
        let index = self.expr(index);
        if base.ty == Ty::Unknown || index.ty == Ty::Unknown {
            return self.broken(span);
        }
        if !self.need_integer(&index, "an index") {
            return self.broken(span);
        }
        match base.ty.clone() {
            Ty::Tuple(parts) => match constant(&index) {
                Some(n) => self.tuple_part(base, usize::try_from(n).unwrap_or(usize::MAX), span),
                None => {
                    self.error(Diagnostic::error(
                        "not-constant",
                        index.span,
                        format!(
                            "a tuple's part is named by a number, 0 to {}",
                            parts.len().saturating_sub(1)
                        ),
                    ));
                    self.broken(span)
                }
            },
            Ty::Pointer(Pointee::C { ty, kernel }) if ty.size() > 0 => {
                let addr = moved(base, index, ty.size());
                self.c_read(At::Memory { addr, kernel }, 0, &ty, span)
            }
            Ty::Value(Type::C(CType::Array { of, len })) => self.element(base, index, &of, len, span),
            Ty::Value(Type::C(CType::Chars { len })) => {
                self.element(base, index, &CType::Int { bytes: 1, signed: true }, len, span)
            }
            Ty::Value(Type::Str { max } | Type::Buf { max }) => {
                self.own_element(base, index, &CType::Int { bytes: 1, signed: true }, max, 4, span)
            }
            other => {
                self.error(
                    Diagnostic::error(
                        "type-mismatch",
                        span,
                        format!("this is {}, which has no elements", other.describe()),
                    )
                    .help("only arrays, strings, tuples and pointers are indexed; say what is there: `((int32*)x)[1]`"),
                );
                self.broken(span)
            }
        }
    }

    fn element(&mut self, base: Expr, index: Expr, of: &CType, len: u32, span: Span) -> Expr {
        if let Some(n) = constant(&index)
            // `int y[0]` at the end of a struct has as many as there are.
            && len > 0
            && !(0..i64::from(len)).contains(&n)
        {
            self.error(Diagnostic::error(
                "out-of-range",
                index.span,
                format!("the index {n} is out of bounds for array of size {len}"),
            ));
            return self.broken(span);
        }
        match place(base) {
            At::Memory { addr, kernel } => {
                let addr = moved(addr, index, of.size());
                self.c_read(At::Memory { addr, kernel }, 0, of, span)
            }
            At::Own { of: whole, offset } => self.own_element(whole, index, of, len, offset, span),
        }
    }

    fn own_element(
        &mut self,
        whole: Expr,
        index: Expr,
        of: &CType,
        len: u32,
        offset: u32,
        span: Span,
    ) -> Expr {
        if let Some(n) = constant(&index).and_then(|n| u32::try_from(n).ok()) {
            let offset = offset.saturating_add(n.saturating_mul(of.size()));
            return self.c_read(At::Own { of: whole, offset }, 0, of, span);
        }
        let (bytes, signed) = scalar_bytes(of);
        let index = Some(PartIndex { index: Box::new(index), stride: of.size(), len });
        let kind = ExprKind::Part { of: Box::new(whole), offset, index, bytes, signed };
        Expr { kind, ty: self.c_value_type(of), span }
    }

    /// A C value as scripts have it: numbers, pointers, text; what is larger stays where it is.
    fn c_read(&mut self, at: At, offset: u32, ty: &CType, span: Span) -> Expr {
        let result = self.c_value_type(ty);
        let (bytes, signed) = scalar_bytes(ty);
        let kind = match at {
            At::Own { of, offset: start } => {
                let part =
                    ExprKind::Part { of: Box::new(of), offset: start + offset, index: None, bytes, signed };
                if let CType::Chars { len } = ty {
                    // As in memory: it is text.
                    let part = Expr { kind: part, ty: result, span };
                    let kind = ExprKind::OwnChars(Box::new(part));
                    return Expr { kind, ty: Ty::string((*len).max(4)), span };
                }
                part
            }
            At::Memory { addr, kernel } => {
                let addr = Box::new(plus(addr, offset));
                match ty {
                    CType::Chars { len } => {
                        let max = Ty::string((*len).max(4));
                        let limit = Expr { kind: ExprKind::Int(i64::from(*len)), ty: Ty::I64, span };
                        let kind = ExprKind::CStr { addr, kernel, limit: Some(Box::new(limit)) };
                        return Expr { kind, ty: max, span };
                    }
                    _ if bytes == 0 => ExprKind::ReadC { addr, kernel },
                    _ if kernel => ExprKind::ReadKernel { addr, bytes, signed },
                    _ => ExprKind::ReadUser { addr, bytes, signed },
                }
            }
        };
        Expr { kind, ty: result, span }
    }

    /// The type of a C value in a script.
    pub(super) fn c_value_type(&self, ty: &CType) -> Ty {
        match ty {
            CType::Int { bytes, signed } => Ty::int(*bytes, *signed),
            CType::Bool => Ty::BOOL,
            CType::Enum { table, .. } => Ty::Value(Type::Enum(*table)),
            CType::Pointer(pointee) => self.c_pointer_type(pointee, false),
            other => Ty::Value(Type::C(other.clone())),
        }
    }

    pub(super) fn c_pointer_type(&self, pointee: &CPointee, kernel: bool) -> Ty {
        let ty = match pointee {
            CPointee::Type(ty) => (**ty).clone(),
            CPointee::Struct(name) => self.cx.c_struct_named(name).unwrap_or(CType::Void),
        };
        Ty::Pointer(Pointee::C { ty, kernel })
    }
}

/// Where a value of a C type is: what was only named is not read whole to take a part of it.
fn place(value: Expr) -> At {
    match value.kind {
        ExprKind::ReadC { addr, kernel } => At::Memory { addr: *addr, kernel },
        ExprKind::CStr { addr, kernel, .. } => At::Memory { addr: *addr, kernel },
        ExprKind::Part { of, offset, index: None, .. } => At::Own { of: *of, offset },
        ExprKind::OwnChars(own) => place(*own),
        kind => At::Own { of: Expr { kind, ..value }, offset: 0 },
    }
}

/// Bytes and sign of a scalar; 0 bytes for others.
pub(super) fn scalar_bytes(ty: &CType) -> (u8, bool) {
    match ty {
        CType::Int { bytes, signed } => (*bytes, *signed),
        CType::Enum { bytes, .. } => (*bytes, false),
        CType::Bool => (1, false),
        CType::Pointer(_) => (8, false),
        _ => (0, false),
    }
}

pub(super) fn plus(addr: Expr, offset: u32) -> Expr {
    if offset == 0 {
        return addr;
    }
    let span = addr.span;
    let offset = Expr { kind: ExprKind::Int(i64::from(offset)), ty: Ty::I64, span };
    Expr { kind: ExprKind::Arith(Arith::Add, Box::new(addr), Box::new(offset)), ty: Ty::U64, span }
}

/// The address `index` elements of `stride` bytes further.
pub(super) fn moved(addr: Expr, index: Expr, stride: u32) -> Expr {
    let span = addr.span;
    let by = scaled(index, i64::from(stride), false);
    Expr { kind: ExprKind::Arith(Arith::Add, Box::new(addr), Box::new(by)), ty: Ty::U64, span }
}
