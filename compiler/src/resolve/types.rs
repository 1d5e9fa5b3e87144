//! Types as written in a script: what they mean, casts to them, and questions about them.

use gprobe_lang::ast::{self, SizeOf, TypeKind};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::constant::constant;
use super::ctypes::c_type_of;
use super::typed::{Expr, ExprKind, Pointee, Ty};
use crate::artifact::{CType, Type};

impl Body<'_, '_> {
    /// The type that a type expression means; reports where there is none.
    pub(super) fn type_expr(&mut self, ty: &ast::TypeExpr) -> Option<Ty> {
        self.learn_types(ty);
        Some(match &ty.kind {
            TypeKind::Named(name) => match name.as_str() {
                "string" => Ty::string(self.cx.options.max_strlen),
                "bool" => Ty::BOOL,
                "buffer" => Ty::Value(Type::Buf { max: self.cx.options.max_strlen }),
                "ksym_t" => Ty::Value(Type::KernelSymbol),
                "usym_t" => Ty::Value(Type::UserSymbol),
                "ustack_t" => Ty::Value(Type::UserStack { depth: 127, mode: self.cx.options.stack_mode }),
                "gostack_t" => Ty::Value(Type::GoStack { depth: 127, mode: self.cx.options.stack_mode }),
                "kstack_t" => Ty::Value(Type::KernelStack { depth: 127, mode: self.cx.options.stack_mode }),
                "inet" => Ty::Value(Type::Inet),
                "macaddr" | "mac_address" | "mac_address_t" => Ty::Value(Type::Mac),
                "timestamp" => Ty::Value(Type::Timestamp("%H:%M:%S".into())),
                name => match self.cx.c_named(name) {
                    Some(CType::Void) => {
                        self.error(Diagnostic::error(
                            "unknown-type",
                            ty.span,
                            "`void` is no type of a value",
                        ));
                        return None;
                    }
                    Some(found) => self.c_value_type(&found),
                    None => return self.unknown_type(name, ty.span),
                },
            },
            TypeKind::Pointer(to) => return self.pointer_type(to),
            TypeKind::Array(of, len) => {
                let len = u32::try_from(*len).ok().filter(|len| *len <= 1 << 14);
                let Some(len) = len else {
                    self.error(Diagnostic::error("too-large", ty.span, "this is more than a probe's memory"));
                    return None;
                };
                match &of.kind {
                    TypeKind::Named(name) if name == "string" => Ty::string(len),
                    TypeKind::Named(name) if name == "buffer" => Ty::Value(Type::Buf { max: len }),
                    _ => {
                        let of = self.type_expr(of)?;
                        let Some(of) = c_type_of(&of) else {
                            self.error(Diagnostic::error(
                                "type-mismatch",
                                ty.span,
                                format!("there are no arrays of {}", of.describe()),
                            ));
                            return None;
                        };
                        Ty::Value(Type::C(CType::Array { of: Box::new(of), len }))
                    }
                }
            }
            TypeKind::TypeOf(inner) => self.expr(inner).ty,
            TypeKind::Inline(_) => return None,
        })
    }

    fn pointer_type(&mut self, to: &ast::TypeExpr) -> Option<Ty> {
        if let TypeKind::Named(name) = &to.kind {
            if name == "void" {
                return Some(Ty::Pointer(Pointee::C { ty: CType::Void, kernel: false }));
            }
            if let Some(found) = self.cx.c_named(name) {
                return Some(Ty::Pointer(Pointee::C { ty: found, kernel: false }));
            }
            if !name.starts_with("struct ") && !name.starts_with("union ") && !name.starts_with("enum ") {
                return self.go_pointer_type(name, to.span).map(|id| Ty::Pointer(Pointee::Go(id)));
            }
        }
        let to_ty = self.type_expr(to)?;
        match c_type_of(&to_ty) {
            Some(ty) => Some(Ty::Pointer(Pointee::C { ty, kernel: false })),
            None => {
                self.error(Diagnostic::error(
                    "type-mismatch",
                    to.span,
                    format!("there are no pointers to {}", to_ty.describe()),
                ));
                None
            }
        }
    }

    fn unknown_type(&mut self, name: &str, span: Span) -> Option<Ty> {
        let near = did_you_mean(name, super::expr::INT_TYPES.iter().copied());
        let near = near.filter(|_| !name.starts_with("struct "));
        self.cx.report(
            Diagnostic::error("unknown-type", span, format!("there is no type `{name}`"))
                .help(near.unwrap_or_else(|| "declare a C struct at the start of the script; a Go type is named behind a pointer: `(*main.T)(x)`".to_owned())),
        );
        None
    }

    /// `(T)x`
    pub(super) fn cast(&mut self, ty: &ast::TypeExpr, inner: &ast::Expr, span: Span) -> Expr {
        if let Some(converted) = self.go_conversion(ty, inner, span) {
            return converted;
        }
        let value = self.expr(inner);
        if value.ty == Ty::NONE {
            self.gives_nothing(value.span);
            return self.broken(span);
        }
        // `(int8[])x` is as long as x.
        if let TypeKind::Array(of, 0) = &ty.kind
            && let Some(of) = self.type_expr(of)
            && let Some(of) = c_type_of(&of)
        {
            let bytes = match (&value.kind, &value.ty) {
                (ExprKind::Str(text), _) => text.len() as u32 + 1,
                (_, Ty::Value(Type::C(ty))) => ty.size(),
                (_, Ty::Literal(_)) => 8,
                (_, ty) => c_size(ty),
            };
            let len = bytes / of.size().max(1);
            return self.cast_to(Ty::Value(Type::C(CType::Array { of: Box::new(of), len })), value, span);
        }
        match self.type_expr(ty) {
            Some(ty) => self.cast_to(ty, value, span),
            None => self.broken(span),
        }
    }

    fn cast_to(&mut self, ty: Ty, value: Expr, span: Span) -> Expr {
        let of = |kind, ty| Expr { kind, ty, span };
        if value.ty == Ty::Unknown {
            return of(value.kind, ty);
        }
        match (&ty, value.ty.clone()) {
            (Ty::Value(Type::Bool), from) if from.is_scalar() => {
                let zero = Expr { kind: ExprKind::Int(0), ty: Ty::I64, span };
                let kind = ExprKind::Compare(super::typed::Compare::Ne, Box::new(value), Box::new(zero));
                of(kind, Ty::BOOL)
            }
            (Ty::Value(Type::Int { bytes, signed }), from) if from.is_scalar() => {
                let (bytes, signed) = (*bytes, *signed);
                if let Some(n) = constant(&value)
                    && let Some(size) = crate::ir::Size::of(u64::from(bytes))
                {
                    return of(ExprKind::Int(size.extend(n, signed)), ty);
                }
                of(ExprKind::Extend { value: Box::new(value), bytes, signed }, ty)
            }
            // An array's bytes as a number.
            (Ty::Value(Type::Int { bytes, signed }), Ty::Value(Type::C(from)))
                if from.size() >= u32::from(*bytes) =>
            {
                let (bytes, signed) = (*bytes, *signed);
                let kind = match value.kind {
                    ExprKind::ReadC { addr, kernel: false } => ExprKind::ReadUser { addr, bytes, signed },
                    kind => {
                        let whole = Expr { kind, ty: value.ty, span: value.span };
                        ExprKind::Part { of: Box::new(whole), offset: 0, index: None, bytes, signed }
                    }
                };
                of(kind, ty)
            }
            (Ty::Value(Type::Enum(_)), from) if from.is_scalar() => of(value.kind, ty),
            (Ty::Pointer(Pointee::C { ty: to, .. }), Ty::Pointer(Pointee::Own(own))) => {
                // A string's bytes stand behind its length.
                let offset = if own.is_string() { 4 } else { 0 };
                let addr = super::cvalue::plus(value, offset);
                of(addr.kind, Ty::Pointer(Pointee::C { ty: to.clone(), kernel: true }))
            }
            (Ty::Pointer(Pointee::C { ty: to, .. }), Ty::Pointer(Pointee::C { kernel, .. })) => {
                of(value.kind, Ty::Pointer(Pointee::C { ty: to.clone(), kernel }))
            }
            (Ty::Pointer(_) | Ty::Value(Type::KernelSymbol | Type::UserSymbol | Type::Mac), from)
                if from.is_scalar() =>
            {
                of(value.kind, ty)
            }
            (Ty::Value(Type::C(to @ CType::Array { .. })), from) if from.is_integer() => {
                let from_bytes = if matches!(from, Ty::Literal(_)) { 8 } else { c_size(&from) };
                if to.size() > from_bytes.max(1) && to.size() > 8 {
                    return self.no_cast(&ty, &value, span);
                }
                of(ExprKind::FromInt(Box::new(value)), ty)
            }
            (Ty::Value(Type::C(to @ CType::Array { .. })), Ty::Value(Type::Str { .. })) => {
                let ExprKind::Str(text) = &value.kind else { return self.no_cast(&ty, &value, span) };
                let mut bytes = text.clone();
                bytes.resize(to.size() as usize, 0);
                of(ExprKind::Bytes(bytes), ty)
            }
            (Ty::Value(Type::C(to)), Ty::Value(Type::C(from))) if to.size() == from.size() => {
                of(value.kind, ty)
            }
            (Ty::Value(Type::Str { .. }), Ty::Value(Type::Str { .. }))
            | (Ty::Value(Type::Buf { .. }), Ty::Value(Type::Buf { .. })) => of(value.kind, ty),
            (to, from) if *to == from => value,
            _ => self.no_cast(&ty, &value, span),
        }
    }

    fn no_cast(&mut self, ty: &Ty, value: &Expr, span: Span) -> Expr {
        self.error(
            Diagnostic::error(
                "type-mismatch",
                span,
                format!("{} can't be cast to {}", value.ty.describe(), ty.describe()),
            )
            .also(value.span, format!("this is {}", value.ty.describe()))
            .help("numbers and pointers are cast to numbers and pointers"),
        );
        self.broken(span)
    }

    /// `sizeof`, `offsetof`, `typeof` as values.
    pub(super) fn type_question(&mut self, question: &SizeOf, span: Span) -> Expr {
        let number =
            |n: u32| Expr { kind: ExprKind::Int(i64::from(n)), ty: super::expr::literal(u64::from(n)), span };
        match question {
            SizeOf::Type(ty) | SizeOf::TypeOf(ty) => match self.type_expr(ty) {
                Some(ty) => number(c_size(&ty)),
                None => self.broken(span),
            },
            SizeOf::Expr(inner) => {
                // `sizeof(T)` of a type that looks like a word.
                if let ast::ExprKind::Ident(name) = &inner.kind
                    && let Some(found) = self.cx.c_named(name)
                {
                    return number(found.size());
                }
                let value = self.expr(inner);
                number(c_size(&value.ty))
            }
            SizeOf::Offset(ty, path) => match self.type_expr(ty) {
                Some(ty) => match self.offset_of(&ty, path) {
                    Some(offset) => number(offset),
                    None => self.broken(span),
                },
                None => self.broken(span),
            },
            SizeOf::TypeInfo(inner) => {
                let ty = match &inner.kind {
                    ast::ExprKind::SizeOf(SizeOf::TypeOf(ty)) => match self.type_expr(ty) {
                        Some(ty) => ty,
                        None => return self.broken(span),
                    },
                    _ => self.expr(inner).ty,
                };
                self.type_info(&ty, span)
            }
        }
    }

    /// A record of an id, the kind of type and its name.
    fn type_info(&mut self, ty: &Ty, span: Span) -> Expr {
        let (kind, name) = (kind_of(ty), ty.describe());
        let id = name.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let number = Expr { kind: ExprKind::Int(i64::from(id)), ty: Ty::int(4, false), span };
        let kind = self.string(kind.as_bytes(), span);
        let name = self.string(name.as_bytes(), span);
        let fields = vec![
            ("btf_id".to_owned(), number.ty.clone()),
            ("base_type".to_owned(), kind.ty.clone()),
            ("full_type".to_owned(), name.ty.clone()),
        ];
        Expr { kind: ExprKind::Tuple(vec![number, kind, name]), ty: Ty::Record(fields), span }
    }

    fn offset_of(&mut self, ty: &Ty, path: &[Spanned<String>]) -> Option<u32> {
        let mut at = match ty {
            Ty::Value(Type::C(ty)) | Ty::Pointer(Pointee::C { ty, .. }) => ty.clone(),
            Ty::Unknown => return None,
            other => {
                let span = path.first().map(|name| name.span)?;
                self.error(Diagnostic::error(
                    "type-mismatch",
                    span,
                    format!("{} has no fields", other.describe()),
                ));
                return None;
            }
        };
        let mut offset = 0;
        for name in path {
            let CType::Struct(of) = &at else {
                self.error(Diagnostic::error("type-mismatch", name.span, format!("{at} has no fields")));
                return None;
            };
            let Some(field) = of.fields.iter().find(|field| field.name == name.value) else {
                let known: Vec<&str> = of.fields.iter().map(|field| field.name.as_str()).collect();
                let near = did_you_mean(&name.value, known.iter().copied());
                self.error(
                    Diagnostic::error(
                        "unknown-field",
                        name.span,
                        format!("struct {} has no field `{}`", of.name, name.value),
                    )
                    .help(near.unwrap_or_else(|| format!("its fields: {}", known.join(", ")))),
                );
                return None;
            };
            offset += field.offset;
            at = field.ty.clone();
        }
        Some(offset)
    }
}

/// The bytes of a type as C would lay it out.
pub(super) fn c_size(ty: &Ty) -> u32 {
    layout(ty).0
}

/// Bytes and alignment.
fn layout(ty: &Ty) -> (u32, u32) {
    let same = |size: u32| (size, size.max(1));
    match ty {
        Ty::Unknown => (0, 1),
        Ty::Literal(bytes) => same(u32::from(*bytes)),
        Ty::Pointer(_) => same(8),
        Ty::Tuple(parts) => sequence(parts.iter()),
        Ty::Record(parts) => sequence(parts.iter().map(|(_, ty)| ty)),
        Ty::Value(Type::Int { bytes, .. }) => same(u32::from(*bytes)),
        Ty::Value(Type::Bool) => same(1),
        Ty::Value(Type::Enum(_)) => same(4),
        Ty::Value(Type::C(ty)) => (ty.size(), ty.align()),
        Ty::Value(Type::Str { max } | Type::Buf { max }) => (*max, 1),
        Ty::Value(other) => same(other.size()),
    }
}

fn sequence<'t>(parts: impl Iterator<Item = &'t Ty>) -> (u32, u32) {
    let (mut end, mut most) = (0u32, 1);
    for part in parts {
        let (size, align) = layout(part);
        end = end.next_multiple_of(align) + size;
        most = most.max(align);
    }
    (end.next_multiple_of(most), most)
}

/// The kind of a type, as `typeinfo` names it.
fn kind_of(ty: &Ty) -> &'static str {
    match ty {
        Ty::Unknown => "none",
        Ty::Literal(_) | Ty::Value(Type::Int { .. }) => "int",
        Ty::Tuple(_) => "tuple",
        Ty::Record(_) => "record",
        Ty::Pointer(_) => "pointer",
        Ty::Value(Type::Bool) => "bool",
        Ty::Value(Type::Str { .. }) => "string",
        Ty::Value(Type::Buf { .. }) => "buffer",
        Ty::Value(Type::Enum(_)) => "enum",
        Ty::Value(Type::C(CType::Struct(_))) => "record",
        Ty::Value(Type::C(_)) => "array",
        Ty::Value(_) => "other",
    }
}
