//! `table("title|heading", @a, @b, top)`.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::Diagnostic;
use gprobe_lang::source::Span;

use super::advice;
use super::body::Body;
use super::infer::Held;
use super::typed::{MapIndex, Stmt, Ty};
use crate::artifact::{Action, MapValue, Type};

impl Body<'_, '_> {
    /// The statement.
    pub(super) fn table(&mut self, args: &[ast::Expr]) -> Option<Stmt> {
        let (first, rest) = args.split_first()?;
        let text = self.literal_or_param(Some(first), "the title")?;
        let (maps, top) = match rest.split_last() {
            Some((last, maps)) if !maps.is_empty() && !matches!(last.kind, Ast::Map { .. }) => {
                (maps, self.constant(last, "the number of rows", 0, i64::from(u32::MAX)).map(Some)?)
            }
            _ => (rest, None),
        };
        let mut named: Vec<(MapIndex, Span)> = Vec::new();
        for arg in maps {
            let map = self.whole_map(arg)?;
            if named.iter().any(|(other, _)| *other == map) {
                let name = self.cx.map_name(map);
                self.error(
                    Diagnostic::error("wrong-arguments", arg.span, format!("@{name} is in this table twice"))
                        .help("name each map once: it has columns of its own"),
                );
                return None;
            }
            named.push((map, arg.span));
        }
        for (map, _) in &named {
            self.cx.mark_read(*map);
            self.cx.mark_tabled(*map);
        }
        if self.cx.last_round {
            self.same_keys(&named)?;
            self.has_columns(&named)?;
        }
        let mut parts = text.split('|').map(|part| part.trim().to_owned());
        let title = parts.next().unwrap_or_default();
        let headings: Vec<String> = parts.collect();
        self.heading_for_each(&headings, &named, first.span)?;
        let maps = named.iter().map(|(map, _)| map.0 as usize).collect();
        let top = top.filter(|&n| n > 0).map(|n| n as u64);
        let action = self.cx.action(Action::Table { title, headings, maps, top });
        Some(Stmt::Emit { action, args: Vec::new() })
    }

    /// A row is of one key: all maps must have keys of the same types.
    fn same_keys(&mut self, maps: &[(MapIndex, Span)]) -> Option<()> {
        let keys: Vec<_> =
            maps.iter().filter_map(|(map, span)| Some((*map, *span, self.cx.key(*map)?))).collect();
        let Some(((map, first, key), rest)) = keys.split_first() else { return Some(()) };
        for (other, span, their) in rest {
            if key.len() == their.len() && key.iter().zip(their).all(|(a, b)| same(a, b)) {
                continue;
            }
            let (name, other) = (self.cx.map_name(*map), self.cx.map_name(*other));
            let (here, there) = (advice::key_shape(their), advice::key_shape(key));
            let message = match here == there {
                true => format!("the keys of @{other} and of @{name} are kept in different ways"),
                false => format!("@{other} has {here}, and @{name} has {there}"),
            };
            self.error(
                Diagnostic::error("type-mismatch", *span, message)
                    .also(*first, "a row is of one of these keys")
                    .help("give both maps the same key, or write a table for each"),
            );
            return None;
        }
        Some(())
    }

    fn has_columns(&mut self, maps: &[(MapIndex, Span)]) -> Option<()> {
        for (map, span) in maps {
            if let Some(Held::Aggregate(MapValue::TSeries(_))) = self.cx.held(*map) {
                let name = self.cx.map_name(*map);
                self.error(
                    Diagnostic::error("type-mismatch", *span, "a time series is no column of a table")
                        .help(format!("print it for itself: `print(@{name})`")),
                );
                return None;
            }
        }
        Some(())
    }

    /// Headings are for all parts of the key, or for none.
    fn heading_for_each(&mut self, headings: &[String], maps: &[(MapIndex, Span)], span: Span) -> Option<()> {
        let parts = maps.iter().find_map(|(map, _)| self.cx.key(*map))?.len();
        if headings.is_empty() || headings.len() == parts {
            return Some(());
        }
        let of = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let message = format!(
            "the title names {}, and the key has {}",
            of(headings.len(), "heading"),
            of(parts, "part")
        );
        let shown: String = (1..=parts).map(|part| format!("|part {part}")).collect();
        self.error(
            Diagnostic::error("wrong-arguments", span, message)
                .help(format!("write a heading for each part of the key, or none: `\"title{shown}\"`")),
        );
        None
    }
}

/// Whether values of both can be the same part of a key: integers are what they are in any width.
fn same(a: &Ty, b: &Ty) -> bool {
    let integer = |ty: &Ty| matches!(ty, Ty::Literal(_) | Ty::Value(Type::Int { .. }));
    match (a, b) {
        (Ty::Unknown, _) | (_, Ty::Unknown) => true,
        (a, b) if integer(a) && integer(b) => true,
        (a, b) => a.stored() == b.stored(),
    }
}
