//! `printf` and `print`.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::body::Body;
use super::format;
use super::infer::Held;
use super::typed::{Expr, Stmt, Ty};
use crate::artifact::{Action, Count, Field, Flavour, Piece, RECORD_HEADER, Type};

impl Body<'_, '_> {
    pub(super) fn printf(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let (format, values, args) = self.formatted(args, span)?;
        let action = self.cx.action(Action::Printf { format, args });
        Some(Stmt::Emit { action, args: values })
    }

    /// A format and its values.
    pub(super) fn formatted(
        &mut self,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<(Vec<Piece>, Vec<Expr>, Vec<Field>)> {
        let text = self.literal_or_param(args.first(), "the format")?;
        let format_span = args.first().map_or(span, |a| a.span);
        let pieces = match format::parse(&text) {
            Ok(pieces) => pieces,
            Err(error) => {
                self.error(Diagnostic::error("bad-format", format_span, error.wrong).help(error.instead));
                return None;
            }
        };
        // Go values are shown whole by `%v` and `%T`.
        let whole = format::shown_whole(&pieces);
        let values = args.iter().skip(1).enumerate();
        let values: Vec<Expr> = values
            .map(|(i, arg)| if whole.get(i) == Some(&true) { self.shown(arg) } else { self.expr(arg) })
            .collect();
        let wanted = format::arguments(&pieces);
        if wanted != values.len() {
            let of = |n: usize| if n == 1 { "1 value".to_owned() } else { format!("{n} values") };
            let message = format!(
                "the format shows {}, and {} given",
                of(wanted),
                match values.len() {
                    0 => "none is".to_owned(),
                    1 => "1 is".to_owned(),
                    n => format!("{n} are"),
                }
            );
            // What is too much, or what wants more.
            let extra = args.get(wanted + 1).zip(args.last()).map(|(first, last)| first.span.to(last.span));
            let wrong = Diagnostic::error("wrong-arguments", extra.unwrap_or(format_span), message);
            self.error(match extra {
                Some(_) => wrong.also(format_span, "nothing here shows it").help(
                    "add a conversion to the format: `%d` for numbers, `%s` for strings, `%v` for anything",
                ),
                None => wrong
                    .label(format!("asks for {}", of(wanted)))
                    .help("give a value for each conversion; a percent sign is written `%%`"),
            });
            return None;
        }
        self.conversions(&pieces, &values);
        let args = self.fields(&values);
        Some((pieces, values, args))
    }

    /// Checks that each value can be shown as its conversion says.
    fn conversions(&mut self, pieces: &[Piece], values: &[Expr]) {
        let mut values = values.iter();
        for piece in pieces {
            let Piece::Spec(spec) = piece else { continue };
            for count in [spec.width, spec.precision] {
                if count == Some(Count::Argument)
                    && let Some(value) = values.next()
                {
                    self.need_integer(value, "a width");
                }
            }
            let Some(value) = values.next() else { return };
            let number = value.ty.is_number();
            let named = !value.ty.is_integer() || matches!(value.ty, Ty::Value(Type::Enum(_) | Type::Bool));
            let fits = match spec.conversion {
                'd' | 'i' | 'u' | 'x' | 'X' | 'o' | 'c' | 'p' => number,
                's' => named && !matches!(value.ty, Ty::Pointer(_) | Ty::Value(Type::Pointer)),
                'r' => matches!(value.ty, Ty::Value(Type::Buf { .. })) || spec.flavour == Flavour::GfpFlags,
                _ => true,
            };
            if value.ty == Ty::NONE {
                self.gives_nothing(value.span);
            } else if !fits && value.ty != Ty::Unknown {
                let instead = if number { "%d" } else { "%s" };
                self.error(
                    Diagnostic::error(
                        "bad-format",
                        value.span,
                        format!("`%{}` can't show {}", spec.conversion, value.ty.describe()),
                    )
                    .help(format!("use `{instead}`, or `%v` for any value")),
                );
            }
        }
    }

    pub(super) fn fields(&self, values: &[Expr]) -> Vec<Field> {
        let mut offset = RECORD_HEADER;
        values
            .iter()
            .map(|value| {
                let ty = value.ty.stored();
                let field = Field { offset, ty };
                offset += field.ty.size();
                field
            })
            .collect()
    }

    pub(super) fn print(&mut self, args: &[ast::Expr], span: Span) -> Option<Stmt> {
        let first = args.first()?;
        if let Ast::Map { key: None, .. } = first.kind {
            let map = self.whole_map(first)?;
            self.cx.mark_read(map);
            // A map that holds a single value is printed as a map too.
            let top = match args.get(1) {
                None => None,
                Some(top) => {
                    Some(self.constant(top, "the number of entries", 0, i64::from(u32::MAX))? as u64)
                }
            };
            let div = match args.get(2) {
                None => 1,
                Some(div) => self.constant(div, "the divisor", 1, i64::MAX)? as u64,
            };
            let action = Action::PrintMap { map: map.0 as usize, top: top.filter(|&n| n > 0), div };
            return Some(Stmt::Emit { action: self.cx.action(action), args: Vec::new() });
        }
        if args.len() > 1 {
            self.error(Diagnostic::error("wrong-arguments", span, "only a map is printed in part").help(
                "several values are a tuple, `print((a, b))`, or have a format, `printf(\"%v %v\\n\", a, b)`",
            ));
            return None;
        }
        if let Ast::Map { name, key: Some(key) } = &first.kind {
            let map = self.cx.map(name, first.span);
            if let Some(Held::Aggregate(_)) = self.cx.held(map) {
                self.cx.mark_read(map);
                let (map, key) = self.map_key(name, Some(key), first.span);
                let fields = self.fields(&key);
                let action = Action::PrintElement { map: map.0 as usize, key: fields };
                return Some(Stmt::Emit { action: self.cx.action(action), args: key });
            }
        }
        let value = self.shown(first);
        if value.ty == Ty::NONE {
            self.error(Diagnostic::error("no-value", value.span, "this gives no value"));
            return None;
        }
        let field = Field { offset: RECORD_HEADER, ty: value.ty.stored() };
        Some(Stmt::Emit { action: self.cx.action(Action::PrintValue { value: field }), args: vec![value] })
    }
}
