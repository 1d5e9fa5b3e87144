//! Arguments of generic functions. Go compiles one function for all types of a shape, and passes it a dictionary
//! that names the exact ones (`cmd/compile/internal/noder/reader.go`).

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::source::Span;
use gprobe_symbols::{Location, TypeKind};

use super::body::Body;
use super::go_value::{At, Value, plus};
use super::place::Place;
use super::typed::{Expr, ExprKind, GoImage, Ty};
use crate::artifact::GoType;
use crate::x64;

/// Most bytes of a value whose exact type is captured with it.
const MOST_BYTES: u64 = 512;

impl Body<'_, '_> {
    /// The address of the exact type of `args.NAME`, where the function is one for several types.
    pub(super) fn exact_type(&mut self, arg: &ast::Expr) -> Option<Expr> {
        let Ast::Field(base, name) = &arg.kind else { return None };
        let Place::Function { binary, function, site, ret: false, inside: false, go: true, .. } = self.place
        else {
            return None;
        };
        if !matches!(&base.kind, Ast::Ident(root) if root == "args") {
            return None;
        }
        let file = self.cx.binaries.get(*binary)?.clone();
        let params = self.cx.params(*binary, &file.binary, function).ok()?;
        let index = params.iter().find(|p| !p.is_result && p.name == name.value)?.dictionary?;
        let by_abi = file.binary.params_by_abi(function).ok()?;
        let dictionary = by_abi.iter().find(|p| p.name == ".dict")?;
        let Location::Register(register) = dictionary.location_at(*site) else { return None };
        let span = arg.span;
        let kind = ExprKind::Context { offset: x64::dwarf_register(register.0)?, bytes: 8, signed: false };
        let dictionary = Expr { kind, ty: Ty::U64, span };
        let addr = Box::new(plus(dictionary, u64::from(index) * 8));
        Some(Expr { kind: ExprKind::ReadUser { addr, bytes: 8, signed: false }, ty: Ty::U64, span })
    }

    /// A value of a shape, captured with its exact type and with what it points to.
    pub(super) fn whole_of_shape(&mut self, value: &Value, exact: Expr, span: Span) -> Option<Expr> {
        let executable = self.executable(span)?;
        let ty = self.go_type(&executable, value.ty, span)?;
        let size = ty.size.next_multiple_of(8);
        let At::Pieces(pieces, start) = &value.at else { return self.whole(value, span) };
        if size > MOST_BYTES {
            return self.whole(value, span);
        }
        // All pointers are of one shape: as in an interface, the type says what is there.
        if ty.name.starts_with("go.shape.*")
            && let Ok(any) = executable.binary.layout().find_type("interface {}")
            && executable
                .binary
                .layout()
                .ty(any)
                .is_ok_and(|ty| ty.kind == TypeKind::Interface { empty: true })
        {
            let word = self.word(value, 0, 8, false, span)?;
            let image = GoImage::Parts(vec![(0, 8, exact), (8, 8, word)]);
            return self.captured(GoType::Of(any), 16, image, span);
        }
        let mut parts = self.parts(&pieces.clone(), *start, ty.size, span)?;
        parts.push((u32::try_from(size).ok()?, 8, exact));
        self.captured(GoType::Shape(value.ty), size + 8, GoImage::Parts(parts), span)
    }
}
