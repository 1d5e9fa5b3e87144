//! Functions on strings, buffers, addresses of the net, and types.

use std::net::{Ipv4Addr, Ipv6Addr};

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::body::Body;
use super::cvalue::plus;
use super::typed::{Arith, Expr, ExprKind, Pointee, Ty};
use crate::artifact::{CType, Type};
use crate::functions::Id;

impl Body<'_, '_> {
    /// A string that the script does not spell, as much of it as a string may have.
    pub(super) fn found_string(&mut self, text: &str, span: Span) -> Expr {
        let fits = text.floor_char_boundary(self.cx.options.max_strlen as usize);
        self.string(text.get(..fits).unwrap_or_default().as_bytes(), span)
    }

    /// `str(address)` and `str(address, length)`
    pub(super) fn str(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let Some(first) = args.first() else { return self.broken(span) };
        if let Some(text) = self.param_text(first) {
            let most = match args.get(1) {
                None => text.len(),
                // As for an address, the length counts a 0 at the end.
                Some(length) => match self.constant(length, "the length", 0, i64::from(u32::MAX)) {
                    Some(n) => text.len().min((n as usize).max(1)),
                    None => return self.broken(span),
                },
            };
            return self.string(text.as_bytes().get(..most).unwrap_or_default(), span);
        }
        let addr = self.expr(first);
        if addr.ty.is_string() {
            return addr;
        }
        let (addr, kernel) = match (addr.kind, addr.ty) {
            (ExprKind::ReadC { addr, kernel }, Ty::Value(Type::C(_))) => (*addr, kernel),
            (kind, ty @ Ty::Pointer(Pointee::C { kernel: true, .. })) => (Expr { kind, ty, span }, true),
            (kind, ty) => (Expr { kind, ty, span: first.span }, false),
        };
        if !(addr.ty.is_scalar() || addr.ty == Ty::Unknown) {
            let message = format!("an address is a number or a pointer, and this is {}", addr.ty.describe());
            self.error(
                Diagnostic::error("type-mismatch", addr.span, message)
                    .help("what is a string already is used as it is"),
            );
            return self.broken(span);
        }
        let mut max = self.cx.options.max_strlen;
        let mut limit = None;
        if let Some(length) = args.get(1) {
            let length = self.expr(length);
            match super::constant::constant(&length) {
                // bpftrace's length counts the 0 at the end.
                Some(n) if n >= 0 => {
                    let n = u32::try_from(n).unwrap_or(u32::MAX);
                    max = max.min(n.max(1));
                    limit = Some(Box::new(number(i64::from(n.saturating_sub(1)), span)));
                }
                _ => {
                    self.need_integer(&length, "a length");
                    let one = number(-1, span);
                    let less = ExprKind::Arith(Arith::Add, Box::new(length), Box::new(one));
                    limit = Some(Box::new(Expr { kind: less, ty: Ty::I64, span }));
                }
            }
        }
        Expr { kind: ExprKind::CStr { addr: Box::new(addr), kernel, limit }, ty: Ty::string(max), span }
    }

    /// The text of `$1`, or of `$1 + n`.
    fn param_text(&self, arg: &ast::Expr) -> Option<String> {
        match &arg.kind {
            Ast::Positional(n) => Some(
                n.checked_sub(1)
                    .and_then(|i| self.cx.target.params.get(i as usize))
                    .cloned()
                    .unwrap_or_default(),
            ),
            Ast::Binary(ast::BinaryOp::Add, base, by) => {
                let (text, Ast::Int { value, .. }) = (self.param_text(base)?, &by.kind) else { return None };
                Some(text.get(usize::try_from(*value).ok()?..).unwrap_or_default().to_owned())
            }
            _ => None,
        }
    }

    /// `buf(address, length)`
    pub(super) fn buf(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let Some(from) = args.first().map(|a| as_bytes(self.expr(a))) else { return self.broken(span) };
        let whole = match &from.ty {
            Ty::Value(Type::C(ty)) => Some(ty.size()),
            Ty::Value(Type::Str { max } | Type::Buf { max }) => Some(*max),
            ty if ty.is_scalar() || *ty == Ty::Unknown => None,
            other => {
                let message = format!(
                    "bytes are of an address, an array or a string, and this is {}",
                    other.describe()
                );
                self.error(
                    Diagnostic::error("type-mismatch", from.span, message)
                        .help("write `buf(address, length)`"),
                );
                return self.broken(span);
            }
        };
        let most = self.cx.options.max_strlen;
        let mut limit = None;
        let max = match args.get(1) {
            None => match whole {
                Some(whole) => whole,
                None => {
                    self.error(
                        Diagnostic::error("wrong-arguments", span, "how many bytes are there?")
                            .help("write `buf(address, length)`"),
                    );
                    return self.broken(span);
                }
            },
            Some(length) => {
                let length = self.expr(length);
                match super::constant::constant(&length) {
                    Some(n) if n >= 0 => u32::try_from(n).unwrap_or(u32::MAX),
                    Some(_) => {
                        self.error(
                            Diagnostic::error("out-of-range", length.span, "a length is not below 0")
                                .help("write how many bytes: `buf(address, 16)`"),
                        );
                        return self.broken(span);
                    }
                    None => {
                        self.need_integer(&length, "a length");
                        limit = Some(Box::new(length));
                        most
                    }
                }
            }
        };
        let max = max.min(whole.unwrap_or(u32::MAX)).min(1 << 14);
        let from = match (from.kind, from.ty) {
            (ExprKind::ReadC { addr, kernel: false }, _) => *addr,
            (ExprKind::CStr { addr, kernel: false, limit: Some(_) }, _) if whole.is_some() => *addr,
            (kind, ty) => Expr { kind, ty, span },
        };
        Expr { kind: ExprKind::Buf { from: Box::new(from), limit }, ty: Ty::Value(Type::Buf { max }), span }
    }

    pub(super) fn string_argument(&mut self, arg: Option<&ast::Expr>) -> Option<Expr> {
        let value = self.expr(arg?);
        match &value.ty {
            Ty::Value(Type::Str { .. }) | Ty::Unknown => Some(value),
            Ty::Value(Type::C(CType::Chars { len })) => {
                let (ty, span) = (Ty::string((*len).max(4)), value.span);
                Some(Expr { kind: ExprKind::OwnChars(Box::new(value)), ty, span })
            }
            other => {
                let mut diagnostic = Diagnostic::error(
                    "type-mismatch",
                    value.span,
                    format!("a string is wanted here, and this is {}", other.describe()),
                );
                if other.is_scalar() {
                    diagnostic = diagnostic.help("`str(x)` reads the string at an address");
                }
                self.error(diagnostic);
                None
            }
        }
    }

    /// `strncmp` and `memcmp`
    pub(super) fn compare_bytes(&mut self, whole: bool, args: &[ast::Expr], span: Span) -> Expr {
        let [a, b, n] = args else { return self.broken(span) };
        let most = self.constant(n, "the number of bytes", 0, 1 << 14);
        let (a, b) = if whole {
            (Some(self.expr(a)), Some(self.expr(b)))
        } else {
            (self.string_argument(Some(a)), self.string_argument(Some(b)))
        };
        let (Some(most), Some(a), Some(b)) = (most, a, b) else { return self.broken(span) };
        for side in [&a, &b] {
            let ok =
                matches!(side.ty, Ty::Unknown | Ty::Value(Type::Str { .. } | Type::Buf { .. } | Type::C(_)));
            if !ok {
                let message = format!("{} has no bytes to compare", side.ty.describe());
                self.error(
                    Diagnostic::error("type-mismatch", side.span, message).help("`buf(x, n)` reads bytes"),
                );
                return self.broken(span);
            }
        }
        let (a, b) = (Box::new(a), Box::new(b));
        Expr { kind: ExprKind::StrCmp { a, b, most: most as u32, whole }, ty: Ty::I64, span }
    }

    pub(super) fn bswap(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(value) = arg.map(|a| self.expr(a)) else { return self.broken(span) };
        if !self.need_integer(&value, "swapped") {
            return self.broken(span);
        }
        let bytes = match &value.ty {
            Ty::Literal(bytes) | Ty::Value(Type::Int { bytes, .. }) => *bytes,
            _ => 8,
        };
        if bytes == 1 {
            return value;
        }
        Expr { kind: ExprKind::Swap { value: Box::new(value), bytes }, ty: Ty::int(bytes, false), span }
    }

    /// `macaddr(array)`
    pub(super) fn macaddr(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(value) = arg.map(|a| as_bytes(self.expr(a))) else { return self.broken(span) };
        if self.is_too_long(&value) {
            return self.broken(span);
        }
        let word = |offset: u32, bytes: u8| {
            let ty = Ty::int(bytes, false);
            let kind = match &value.kind {
                ExprKind::ReadC { addr, kernel: false } | ExprKind::CStr { addr, kernel: false, .. } => {
                    ExprKind::ReadUser {
                        addr: Box::new(plus((**addr).clone(), offset)),
                        bytes,
                        signed: false,
                    }
                }
                _ => {
                    ExprKind::Part { of: Box::new(value.clone()), offset, index: None, bytes, signed: false }
                }
            };
            Box::new(Expr { kind, ty, span })
        };
        match &value.ty {
            Ty::Value(Type::C(ty)) if ty.size() >= 6 => {}
            Ty::Value(Type::Str { max }) if *max >= 6 && matches!(value.kind, ExprKind::CStr { .. }) => {}
            Ty::Unknown => return self.broken(span),
            other => {
                let message =
                    format!("a hardware address is an array of 6 bytes, and this is {}", other.describe());
                self.error(
                    Diagnostic::error("type-mismatch", value.span, message)
                        .help("name the array, or say what is there: `macaddr((uint8[6])x)`"),
                );
                return self.broken(span);
            }
        }
        let high = ExprKind::Arith(Arith::Shl, word(4, 2), Box::new(number(32, span)));
        let high = Box::new(Expr { kind: high, ty: Ty::U64, span });
        Expr { kind: ExprKind::Arith(Arith::Or, word(0, 4), high), ty: Ty::Value(Type::Mac), span }
    }

    /// `ntop([family, ]address)`
    pub(super) fn ntop(&mut self, args: &[ast::Expr], span: Span) -> Expr {
        let Some(value) = args.last().map(|a| self.expr(a)) else { return self.broken(span) };
        let len = match &value.ty {
            ty if ty.is_scalar() => 4,
            Ty::Value(Type::C(ty)) if matches!(ty.size(), 4 | 16) => ty.size(),
            Ty::Unknown => return self.broken(span),
            other => {
                let message = format!(
                    "an IP address is a number or an array of 4 or 16 bytes, and this is {}",
                    other.describe()
                );
                self.error(
                    Diagnostic::error("type-mismatch", value.span, message)
                        .help("an address that is text already is printed as it is"),
                );
                return self.broken(span);
            }
        };
        Expr { kind: ExprKind::Inet { len, value: Box::new(value) }, ty: Ty::Value(Type::Inet), span }
    }

    /// `pton("127.0.0.1")`
    pub(super) fn pton(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(text) = self.literal_or_param(arg, "an IP address") else { return self.broken(span) };
        let bytes = text
            .parse::<Ipv4Addr>()
            .map(|ip| ip.octets().to_vec())
            .or_else(|_| text.parse::<Ipv6Addr>().map(|ip| ip.octets().to_vec()));
        match bytes {
            Ok(bytes) => {
                let of = Box::new(CType::Int { bytes: 1, signed: false });
                let ty = Ty::Value(Type::C(CType::Array { of, len: bytes.len() as u32 }));
                Expr { kind: ExprKind::Bytes(bytes), ty, span }
            }
            Err(_) => {
                self.error(
                    Diagnostic::error("out-of-range", span, format!("`{text}` is no IP address"))
                        .help("write `127.0.0.1` or `::1`"),
                );
                self.broken(span)
            }
        }
    }

    /// `reg("ax")`
    pub(super) fn reg(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(name) = self.literal(arg, "a register's name") else { return self.broken(span) };
        if !self.place.has_registers() {
            self.not_here("reg()", "it needs a probe on a function", span);
            return self.broken(span);
        }
        match crate::x64::register(&name) {
            Some(offset) => {
                Expr { kind: ExprKind::Context { offset, bytes: 8, signed: false }, ty: Ty::U64, span }
            }
            None => {
                self.error(
                    Diagnostic::error("unknown-name", span, format!("there is no register `{name}`"))
                        .help("there are ax, bx, cx, dx, si, di, bp, sp, r8 to r15, ip and flags"),
                );
                self.broken(span)
            }
        }
    }

    /// `nsecs(clock)`
    pub(super) fn nsecs(&mut self, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let of = |kind| Expr { kind, ty: Ty::U64, span };
        match arg.map(|arg| &arg.kind) {
            None => self.ident("nsecs", span),
            Some(Ast::Ident(clock)) => match clock.as_str() {
                "boot" => self.ident("nsecs", span),
                "monotonic" => of(ExprKind::MonotonicClock),
                "tai" | "sw_tai" => {
                    if !self.cx.target.kernel.clock_tai {
                        self.error(
                            Diagnostic::error(
                                "kernel-too-old",
                                span,
                                "this kernel does not let a probe read the clock `tai`",
                            )
                            .note("it came with Linux 6.1")
                            .help("the clocks `boot` and `monotonic` are there: `nsecs(boot)`"),
                        );
                    }
                    of(ExprKind::TaiClock)
                }
                other => {
                    self.error(
                        Diagnostic::error("unknown-name", span, format!("there is no clock `{other}`"))
                            .help("there are monotonic, boot, tai and sw_tai"),
                    );
                    self.broken(span)
                }
            },
            Some(_) => {
                self.error(
                    Diagnostic::error("type-mismatch", span, "a clock is named by a word")
                        .help("there are monotonic, boot, tai and sw_tai"),
                );
                self.broken(span)
            }
        }
    }

    /// `is_str(x)` and the like: known before the script runs.
    pub(super) fn question(&mut self, id: Id, arg: Option<&ast::Expr>, span: Span) -> Expr {
        let Some(arg) = arg else { return self.broken(span) };
        let literal = matches!(arg.kind, Ast::Int { .. } | Ast::Str(_) | Ast::Bool(_));
        let value = self.expr(arg);
        if value.ty == Ty::Unknown {
            return self.broken(span);
        }
        let holds = match id {
            Id::IsArray => matches!(value.ty, Ty::Value(Type::C(CType::Array { .. } | CType::Chars { .. }))),
            Id::IsInteger => matches!(value.ty, Ty::Literal(_) | Ty::Value(Type::Int { .. })),
            Id::IsUnsignedInteger => matches!(value.ty, Ty::Value(Type::Int { signed: false, .. })),
            Id::IsPtr => matches!(value.ty, Ty::Pointer(_) | Ty::Value(Type::Pointer)),
            Id::IsStr => value.ty.is_string(),
            _ => literal,
        };
        Expr { kind: ExprKind::Int(i64::from(holds)), ty: Ty::BOOL, span }
    }
}

pub(super) fn number(n: i64, span: Span) -> Expr {
    Expr { kind: ExprKind::Int(n), ty: Ty::I64, span }
}

/// A `char[N]` of the script's own as the bytes it is, where it would be text.
fn as_bytes(value: Expr) -> Expr {
    match value.kind {
        ExprKind::OwnChars(own) => *own,
        _ => value,
    }
}
