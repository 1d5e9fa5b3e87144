//! C types that a script declares: their layout, as the x86-64 System V ABI has it.

use std::collections::HashMap;
use std::sync::Arc;

use gprobe_lang::ast::{self, CTypeKind, TypeKind};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use super::Resolver;
use super::body::Body;
use super::constant::constant;
use super::typed::{Pointee, Ty};
use crate::artifact::{CField, CPointee, CStruct, CType, EnumTable, Type};

/// Types that the script declares, by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct CTypes {
    structs: HashMap<String, Arc<CStruct>>,
    /// Index of the table.
    enums: HashMap<String, u32>,
    /// Names of values: table and number.
    pub(super) values: HashMap<String, (u32, i64)>,
}

impl Resolver<'_> {
    /// Takes a declaration.
    pub(super) fn c_type(&mut self, decl: &ast::CType) {
        match &decl.kind {
            CTypeKind::Enum(values) => self.c_enum(decl, values),
            CTypeKind::Struct(_) | CTypeKind::Union(_) => {
                if let Some(layout) = self.c_struct(decl) {
                    let name = &decl.name.value;
                    if self.ctypes.structs.insert(name.clone(), Arc::new(layout)).is_some() {
                        self.report(
                            Diagnostic::error(
                                "redeclared",
                                decl.name.span,
                                format!("`struct {name}` is declared twice"),
                            )
                            .help("give one of the two another name"),
                        );
                    }
                }
            }
        }
    }

    fn c_enum(
        &mut self,
        decl: &ast::CType,
        values: &[(gprobe_lang::source::Spanned<String>, Option<ast::Expr>)],
    ) {
        let table = self.enums.len() as u32;
        let mut next = 0i64;
        let mut names = Vec::new();
        for (name, value) in values {
            if let Some(value) = value {
                match self.constant_of(value) {
                    Some(value) => next = value,
                    None => self.report(
                        Diagnostic::error(
                            "not-constant",
                            value.span,
                            "the value of an enum's name must be a number",
                        )
                        .help("write a number, or none: names count up by themselves"),
                    ),
                }
            }
            names.push((next as u64, name.value.clone()));
            let old = self.ctypes.values.insert(name.value.clone(), (table, next));
            if old.is_some_and(|(_, value)| value != next) {
                self.report(
                    Diagnostic::error(
                        "redeclared",
                        name.span,
                        format!("`{}` has another value already", name.value),
                    )
                    .help("give one of the two another name: names of all enums are seen everywhere"),
                );
            }
            next = next.wrapping_add(1);
        }
        self.enums.push(EnumTable { name: format!("enum {}", decl.name.value), names });
        if !decl.name.value.is_empty() {
            self.ctypes.enums.insert(decl.name.value.clone(), table);
        }
    }

    /// A number in a declaration.
    fn constant_of(&mut self, value: &ast::Expr) -> Option<i64> {
        let place = super::Place::OwnProcess("begin");
        let typed = Body::new(self, &place, Vec::new()).expr(value);
        constant(&typed)
    }

    fn c_struct(&mut self, decl: &ast::CType) -> Option<CStruct> {
        let (fields, is_union) = match &decl.kind {
            CTypeKind::Struct(fields) => (fields, false),
            CTypeKind::Union(fields) => (fields, true),
            CTypeKind::Enum(_) => return None,
        };
        let mut layout = Layout { packed: decl.packed, is_union, ..Layout::default() };
        for (index, field) in fields.iter().enumerate() {
            let before = fields.iter().take(index).find(|other| other.name.value == field.name.value);
            if let Some(before) = before.filter(|_| !field.name.value.is_empty()) {
                self.report(
                    Diagnostic::error(
                        "redeclared",
                        field.name.span,
                        format!("the field `{}` is declared twice", field.name.value),
                    )
                    .also(before.name.span, "first here")
                    .help("give one of the two another name"),
                );
            }
            let ty = self.c_field_type(&field.ty)?;
            match field.bits {
                Some(bits) if bits > ty.size() * 8 || !ty.is_scalar() => {
                    self.report(Diagnostic::error(
                        "out-of-range",
                        field.name.span,
                        format!("a bit field of {bits} bits does not fit its type {ty}"),
                    ));
                    return None;
                }
                Some(bits) => layout.bit_field(&field.name.value, ty, bits),
                None => layout.field(&field.name.value, ty),
            }
            if layout.end > MOST_BYTES {
                self.report(Diagnostic::error(
                    "too-large",
                    field.name.span,
                    format!("a struct of more than {MOST_BYTES} bytes"),
                ));
                return None;
            }
        }
        Some(layout.finish(decl.name.value.clone()))
    }

    fn c_field_type(&mut self, ty: &ast::TypeExpr) -> Option<CType> {
        Some(match &ty.kind {
            TypeKind::Inline(decl) => {
                let layout = Arc::new(self.c_struct(decl)?);
                if !decl.name.value.is_empty() {
                    self.ctypes.structs.insert(decl.name.value.clone(), Arc::clone(&layout));
                }
                CType::Struct(layout)
            }
            TypeKind::Pointer(to) => CType::Pointer(self.c_pointee(to)?),
            TypeKind::Array(of, len) => {
                let len = u32::try_from(*len).ok().filter(|len| *len <= MOST_BYTES);
                let Some(len) = len else {
                    self.report(Diagnostic::error("too-large", ty.span, "this array is too long"));
                    return None;
                };
                match &of.kind {
                    TypeKind::Named(name) if matches!(name.as_str(), "char" | "const char") => {
                        CType::Chars { len }
                    }
                    _ => CType::Array { of: Box::new(self.c_field_type(of)?), len },
                }
            }
            TypeKind::TypeOf(inner) => {
                let place = super::Place::OwnProcess("begin");
                let typed = Body::new(self, &place, Vec::new()).expr(inner);
                c_type_of(&typed.ty)?
            }
            TypeKind::Named(name) => match self.c_named(name) {
                Some(found) => found,
                None => {
                    self.unknown_type(name, ty.span);
                    return None;
                }
            },
        })
    }

    fn c_pointee(&mut self, to: &ast::TypeExpr) -> Option<CPointee> {
        if let TypeKind::Named(name) = &to.kind
            && let Some(tag) = struct_tag(name)
        {
            return Some(CPointee::Struct(tag.to_owned()));
        }
        Some(CPointee::Type(Box::new(self.c_field_type(to)?)))
    }

    /// A type by its name: a number of C, or a type that the script declares.
    pub(super) fn c_named(&self, name: &str) -> Option<CType> {
        let name = name.strip_prefix("const ").unwrap_or(name).trim();
        if let Some(tag) = struct_tag(name) {
            return self.ctypes.structs.get(tag).cloned().map(CType::Struct);
        }
        if let Some(tag) = name.strip_prefix("enum ") {
            return self.ctypes.enums.get(tag.trim()).map(|&table| CType::Enum { table, bytes: 4 });
        }
        scalar(name)
    }

    /// The struct of this name.
    pub(super) fn c_struct_named(&self, name: &str) -> Option<CType> {
        self.ctypes.structs.get(name).cloned().map(CType::Struct)
    }

    /// Adds a struct that is not declared.
    pub(super) fn add_struct(&mut self, name: &str, layout: Arc<CStruct>) {
        self.ctypes.structs.insert(name.to_owned(), layout);
    }

    /// Takes it away again.
    pub(super) fn remove_struct(&mut self, name: &str) {
        self.ctypes.structs.remove(name);
    }

    fn unknown_type(&mut self, name: &str, span: Span) {
        let mut diagnostic = Diagnostic::error("unknown-type", span, format!("there is no type `{name}`"));
        let known = self
            .ctypes
            .structs
            .keys()
            .map(|tag| format!("struct {tag}"))
            .chain(NAMES.iter().map(|name| (*name).to_owned()));
        let known: Vec<String> = known.collect();
        diagnostic = match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(hint) => diagnostic.help(hint),
            None => {
                diagnostic.help("declare it at the start of the script: `struct point { int x; int y; };`")
            }
        };
        self.report(diagnostic);
    }
}

/// More than a probe's memory holds.
const MOST_BYTES: u32 = 16 << 10;

/// Names to suggest.
const NAMES: &[&str] = &[
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "string", "char",
    "void",
];

pub(super) fn struct_tag(name: &str) -> Option<&str> {
    let name = name.strip_prefix("const ").unwrap_or(name).trim();
    name.strip_prefix("struct ").or_else(|| name.strip_prefix("union ")).map(str::trim)
}

/// A scalar type of C by its name.
pub(super) fn scalar(name: &str) -> Option<CType> {
    if let Some((bytes, signed)) = super::expr::int_type(name) {
        return Some(if name == "bool" { CType::Bool } else { CType::Int { bytes, signed } });
    }
    Some(match name {
        "void" => CType::Void,
        "float" | "float32" => CType::Float { bytes: 4 },
        "double" | "float64" | "long double" => CType::Float { bytes: 8 },
        "_Bool" => CType::Bool,
        _ => {
            let words: Vec<&str> = name.split_whitespace().filter(|w| *w != "volatile").collect();
            let has = |word| words.contains(&word);
            let known =
                |word: &&str| matches!(*word, "unsigned" | "signed" | "long" | "short" | "int" | "char");
            if words.is_empty() || !words.iter().all(known) {
                return None;
            }
            let bytes = match () {
                () if has("char") => 1,
                () if has("short") => 2,
                () if has("long") => 8,
                () => 4,
            };
            CType::Int { bytes, signed: !has("unsigned") }
        }
    })
}

/// The C type that a value has in memory.
pub(super) fn c_type_of(ty: &Ty) -> Option<CType> {
    Some(match ty {
        Ty::Literal(bytes) => CType::Int { bytes: *bytes, signed: true },
        Ty::Value(Type::Int { bytes, signed }) => CType::Int { bytes: *bytes, signed: *signed },
        Ty::Value(Type::Bool) => CType::Bool,
        Ty::Value(Type::Enum(table)) => CType::Enum { table: *table, bytes: 4 },
        Ty::Value(Type::C(ty)) => ty.clone(),
        Ty::Value(Type::Str { max }) => CType::Chars { len: *max },
        Ty::Pointer(Pointee::C { ty: CType::Struct(of), .. }) if !of.name.is_empty() => {
            CType::Pointer(CPointee::Struct(of.name.clone()))
        }
        Ty::Pointer(Pointee::C { ty, .. }) => CType::Pointer(CPointee::Type(Box::new(ty.clone()))),
        Ty::Pointer(_) | Ty::Value(Type::Pointer) => CType::Pointer(CPointee::Type(Box::new(CType::Void))),
        _ => return None,
    })
}

/// A struct while its fields are laid out.
#[derive(Default)]
struct Layout {
    packed: bool,
    is_union: bool,
    fields: Vec<CField>,
    /// Bytes so far.
    end: u32,
    /// The largest field's, of a union.
    largest: u32,
    align: u32,
    /// Bits from the struct's start up to which bit fields reach.
    bits_end: Option<u32>,
}

impl Layout {
    fn field(&mut self, name: &str, ty: CType) {
        let align = if self.packed { 1 } else { ty.align() };
        self.close_bits();
        let offset = if self.is_union { 0 } else { self.end.next_multiple_of(align.max(1)) };
        self.end = offset.saturating_add(ty.size());
        self.largest = self.largest.max(self.end);
        self.align = self.align.max(align);
        if name.is_empty()
            && let CType::Struct(inner) = &ty
        {
            // The fields of a struct without a name are the outer one's.
            for field in &inner.fields {
                self.fields.push(CField { offset: offset + field.offset, ..field.clone() });
            }
            return;
        }
        self.fields.push(CField { name: name.to_owned(), offset, ty, bits: None });
    }

    fn bit_field(&mut self, name: &str, ty: CType, width: u32) {
        let unit = ty.size() * 8;
        let align = if self.packed { 1 } else { ty.align() };
        let start = if self.is_union { 0 } else { self.bits_end.unwrap_or(self.end * 8) };
        // A field that would cross its type's boundary starts a new one; one of no bits ends it.
        let start = if width == 0 || start / unit != (start + width - 1) / unit {
            start.next_multiple_of(unit)
        } else {
            start
        };
        self.align = self.align.max(align);
        self.bits_end = Some(start + width);
        self.end = (start + width).div_ceil(8);
        self.largest = self.largest.max(self.end);
        if !name.is_empty() && width > 0 {
            let offset = start / unit * ty.size();
            let bits = Some((start - offset * 8, width));
            self.fields.push(CField { name: name.to_owned(), offset, ty, bits });
        }
    }

    fn close_bits(&mut self) {
        self.bits_end = None;
    }

    fn finish(self, name: String) -> CStruct {
        let align = self.align.max(1);
        let size = if self.is_union { self.largest } else { self.end };
        CStruct { name, fields: self.fields, size: size.next_multiple_of(align), align }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(bytes: u8) -> CType {
        CType::Int { bytes, signed: true }
    }

    fn laid_out(packed: bool, fields: &[(CType, Option<u32>)]) -> CStruct {
        let mut layout = Layout { packed, ..Layout::default() };
        for (ty, bits) in fields {
            match bits {
                Some(bits) => layout.bit_field("f", ty.clone(), *bits),
                None => layout.field("f", ty.clone()),
            }
        }
        layout.finish("s".into())
    }

    #[test]
    fn fields_stand_at_multiples_of_their_size() {
        let fields = [(int(4), None), (int(1), None), (int(4), None)];
        let of = laid_out(false, &fields);
        assert_eq!((of.size, of.align), (12, 4));
        assert_eq!(of.fields.iter().map(|f| f.offset).collect::<Vec<_>>(), [0, 4, 8]);
        assert_eq!(laid_out(true, &fields).size, 9);
    }

    #[test]
    fn bit_fields_share_words_until_one_does_not_fit() {
        let unsigned = CType::Int { bytes: 4, signed: false };
        let of = laid_out(false, &[4, 8, 3, 1, 16].map(|bits| (unsigned.clone(), Some(bits))));
        assert_eq!(of.size, 4);
        assert_eq!(of.fields[4].bits, Some((16, 16)));
        let of = laid_out(false, &[(unsigned.clone(), Some(20)), (unsigned, Some(20))]);
        assert_eq!(of.size, 8);
        assert_eq!((of.fields[1].offset, of.fields[1].bits), (4, Some((0, 20))));
    }

    #[test]
    fn names_of_c_types_are_words_in_any_order() {
        assert_eq!(scalar("unsigned long long"), Some(CType::Int { bytes: 8, signed: false }));
        assert_eq!(scalar("unsigned"), Some(CType::Int { bytes: 4, signed: false }));
        assert_eq!(scalar("short int"), Some(CType::Int { bytes: 2, signed: true }));
        assert_eq!(scalar("frob"), None);
    }
}
