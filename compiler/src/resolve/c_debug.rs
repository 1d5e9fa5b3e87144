//! What debug information says of C: arguments of functions by name, and types that no script declares.

use std::sync::Arc;

use gprobe_lang::ast::{self, TypeKind as Written};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{Binary, Function, TypeId, TypeKind};

use super::Resolver;
use super::body::Body;
use super::place::Place;
use super::typed::{Expr, ExprKind, Ty};
use crate::artifact::{CField, CPointee, CStruct, CType};
use crate::target::TargetBinary;
use crate::x64;

/// Structs in structs, arrays of arrays: deeper than programs nest them.
const DEEPEST: usize = 16;

/// An argument: its name, its register in the context, its type.
struct Argument {
    name: String,
    register: u16,
    ty: CType,
}

impl Body<'_, '_> {
    /// `args.NAME` of a C function.
    pub(super) fn c_arg(&mut self, name: &Spanned<String>, span: Span) -> Expr {
        let Some(arguments) = self.c_arguments(span) else { return self.broken(span) };
        if let Some(found) = arguments.iter().find(|argument| argument.name == name.value) {
            return self.c_argument(found, span);
        }
        let names = arguments.iter().map(|argument| argument.name.as_str());
        let mut diagnostic = Diagnostic::error(
            "unknown-field",
            name.span,
            format!("the function has no argument `{}` in a register", name.value),
        );
        diagnostic = match did_you_mean(&name.value, names.clone()) {
            Some(hint) => diagnostic.help(hint),
            None => diagnostic.help(format!("there are {}", names.collect::<Vec<_>>().join(", "))),
        };
        self.error(diagnostic);
        self.broken(span)
    }

    /// `args` of a C function: all of them.
    pub(super) fn c_args(&mut self, span: Span) -> Expr {
        let Some(arguments) = self.c_arguments(span) else { return self.broken(span) };
        let values: Vec<Expr> = arguments.iter().map(|argument| self.c_argument(argument, span)).collect();
        let names = arguments.iter().map(|argument| argument.name.clone());
        let types = names.zip(values.iter().map(|value| value.ty.clone())).collect();
        Expr { kind: ExprKind::Tuple(values), ty: Ty::Record(types), span }
    }

    fn c_argument(&mut self, argument: &Argument, span: Span) -> Expr {
        let (bytes, signed) = super::cvalue::scalar_bytes(&argument.ty);
        let ty = self.c_value_type(&argument.ty);
        Expr { kind: ExprKind::Context { offset: argument.register, bytes, signed }, ty, span }
    }

    /// The arguments that the System V ABI passes in registers for integers, where they still are.
    fn c_arguments(&mut self, span: Span) -> Option<Vec<Argument>> {
        let Place::Function { binary, function, ret, inside, .. } = self.place else { return None };
        if *ret || *inside {
            self.not_here(
                "args",
                "arguments are known where the function begins; keep what you need in a map there",
                span,
            );
            return None;
        }
        let (file, function) = (self.cx.binaries.get(*binary)?.clone(), function.clone());
        match self.cx.c_function_arguments(&file, &function) {
            Ok(arguments) => Some(arguments),
            Err(reason) => {
                self.error(
                    Diagnostic::error("no-arguments", span, "the arguments' names are not known here")
                        .note(reason)
                        .help("read them by register: arg0, arg1, ..."),
                );
                None
            }
        }
    }

    /// Looks structs that a type names up in the probed file, where the script declares none.
    pub(super) fn learn_types(&mut self, ty: &ast::TypeExpr) {
        match &ty.kind {
            Written::Named(name) => {
                let Place::Function { binary, go: false, .. } = self.place else { return };
                let Some(file) = self.cx.binaries.get(*binary).cloned() else { return };
                self.cx.learn(&file.binary, name);
            }
            Written::Pointer(inner) | Written::Array(inner, _) => self.learn_types(inner),
            Written::TypeOf(_) | Written::Inline(_) => {}
        }
    }
}

impl Resolver<'_> {
    fn c_function_arguments(
        &mut self,
        file: &TargetBinary,
        function: &Function,
    ) -> Result<Vec<Argument>, String> {
        let params = file.binary.params(function).map_err(|reason| reason.to_string())?;
        let mut registers = x64::C_ARGS.iter();
        let mut found = Vec::new();
        for param in params {
            let ty = self.debug_type(&file.binary, param.ty, DEEPEST);
            // Others are passed in other registers, or in memory.
            let Some(ty) = ty.filter(CType::is_scalar) else { continue };
            let Some(register) = registers.next() else { break };
            found.push(Argument { name: param.name, register: *register, ty });
        }
        Ok(found)
    }

    /// Reads the struct or union of this name from debug information, unless it is known.
    fn learn(&mut self, binary: &Binary, name: &str) {
        let Some(tag) = super::ctypes::struct_tag(name) else { return };
        if self.c_struct_named(tag).is_some() {
            return;
        }
        let names = [format!("struct {tag}"), format!("union {tag}")];
        let Some(id) = names.iter().find_map(|name| binary.layout().find_type(name).ok()) else { return };
        // Itself is a part of it, by a pointer, mostly.
        let empty = CStruct { name: tag.to_owned(), fields: Vec::new(), size: 0, align: 1 };
        self.add_struct(tag, Arc::new(empty));
        match self.debug_type(binary, id, DEEPEST) {
            Some(CType::Struct(layout)) => {
                let layout = CStruct { name: tag.to_owned(), ..(*layout).clone() };
                self.add_struct(tag, Arc::new(layout));
            }
            _ => self.remove_struct(tag),
        }
    }

    /// A type of debug information as scripts have it; `None` where they can't.
    fn debug_type(&mut self, binary: &Binary, id: TypeId, depth: usize) -> Option<CType> {
        let depth = depth.checked_sub(1)?;
        let ty = binary.layout().ty(id).ok()?;
        let bytes = u8::try_from(ty.size).ok();
        let scalar = bytes.filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8));
        Some(match ty.kind {
            TypeKind::Int { signed } => CType::Int { bytes: scalar?, signed },
            TypeKind::Bool => CType::Bool,
            TypeKind::Float => CType::Float { bytes: scalar? },
            TypeKind::Pointer(Some(to)) => CType::Pointer(self.debug_pointee(binary, to, depth)),
            TypeKind::Pointer(None) | TypeKind::UnsafePointer => {
                CType::Pointer(CPointee::Type(Box::new(CType::Void)))
            }
            TypeKind::Array { elem, count } => {
                let of = self.debug_type(binary, elem, depth)?;
                let len = u32::try_from(count).ok()?;
                match (&of, binary.layout().ty(elem).ok()?.name.as_str()) {
                    (CType::Int { bytes: 1, .. }, "char") => CType::Chars { len },
                    _ => CType::Array { of: Box::new(of), len },
                }
            }
            TypeKind::Struct { fields } => {
                let mut found = Vec::new();
                for field in fields {
                    let Some(ty) = self.debug_type(binary, field.ty, depth) else { continue };
                    let offset = u32::try_from(field.offset).ok()?;
                    match (&ty, field.name.is_empty()) {
                        // The fields of a struct without a name are the outer one's.
                        (CType::Struct(inner), true) => {
                            let inner = inner.fields.iter().cloned();
                            found.extend(inner.map(|f| CField { offset: offset + f.offset, ..f }));
                        }
                        _ => found.push(CField { name: field.name, offset, ty, bits: None }),
                    }
                }
                let align = found.iter().map(|field| field.ty.align()).max().unwrap_or(1);
                let size = u32::try_from(ty.size).ok()?;
                CType::Struct(Arc::new(CStruct { name: ty.name, fields: found, size, align }))
            }
            _ => return None,
        })
    }

    /// What a pointer points to: a struct by its name, so that structs may point to each other.
    fn debug_pointee(&mut self, binary: &Binary, to: TypeId, depth: usize) -> CPointee {
        let Ok(ty) = binary.layout().ty(to) else { return CPointee::Type(Box::new(CType::Void)) };
        if matches!(ty.kind, TypeKind::Struct { .. }) && !ty.name.contains(['{', ' ']) {
            self.learn(binary, &format!("struct {}", ty.name));
            return CPointee::Struct(ty.name);
        }
        CPointee::Type(Box::new(self.debug_type(binary, to, depth).unwrap_or(CType::Void)))
    }
}
