//! Go values as `%v`, `%+v` and `%T` write them (`fmt/print.go`).

use std::cmp::Ordering;

use super::value::{GoKind, GoValue};
use super::{errors, number, time};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `%v`
    Plain,
    /// `%+v`: with the names of fields.
    Named,
    /// `%T`: the type.
    Type,
}

impl GoValue {
    /// The value as Go's fmt writes it.
    pub fn format(&self, style: Style) -> String {
        match style {
            Style::Type => self.type_text(),
            style => {
                let mut out = String::new();
                self.write(&mut out, style == Style::Named, 0, true);
                out
            }
        }
    }

    /// The type as reflect writes it: packages by the last part of their paths. An interface is its
    /// value's.
    fn type_text(&self) -> String {
        match &self.kind {
            GoKind::Interface(Some((_, inner))) => inner.type_text(),
            GoKind::Interface(None) => "<nil>".to_owned(),
            _ => short(&self.ty),
        }
    }

    /// `exported`: fmt could call its methods.
    fn write(&self, out: &mut String, named: bool, depth: usize, exported: bool) {
        if exported && let Some(text) = self.method_text() {
            out.push_str(&text);
            return;
        }
        match &self.kind {
            GoKind::Bool(value) => out.push_str(&value.to_string()),
            GoKind::Int(n) => out.push_str(&n.to_string()),
            GoKind::Uint(n) => out.push_str(&n.to_string()),
            GoKind::Float { bits, bytes } => out.push_str(&number::float(*bits, *bytes)),
            GoKind::Complex { re, im, bytes } => out.push_str(&number::complex(*re, *im, *bytes)),
            GoKind::Str { bytes, truncated } => {
                out.push_str(&String::from_utf8_lossy(bytes));
                if *truncated {
                    out.push_str("...");
                }
            }
            GoKind::Pointer { addr, to } => match to {
                // Only the outermost pointer is followed, and only to what has parts.
                Some(to) if depth == 0 && to.has_parts() => {
                    out.push('&');
                    to.write(out, named, depth + 1, exported);
                }
                _ => address(out, *addr, depth),
            },
            GoKind::Struct(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    if named {
                        out.push_str(name);
                        out.push(':');
                    }
                    let exported = exported && name.starts_with(char::is_uppercase);
                    value.write(out, named, depth + 1, exported);
                }
                out.push('}');
            }
            GoKind::List { elements, len, .. } => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    element.write(out, named, depth + 1, exported);
                }
                if (elements.len() as u64) < *len {
                    out.push_str(if elements.is_empty() { "..." } else { " ..." });
                }
                out.push(']');
            }
            GoKind::Map { entries, len } => {
                out.push_str("map[");
                let mut sorted: Vec<&(GoValue, GoValue)> = entries.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| order(a, b));
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    key.write(out, named, depth + 1, exported);
                    out.push(':');
                    value.write(out, named, depth + 1, exported);
                }
                if (entries.len() as u64) < *len {
                    out.push_str(if entries.is_empty() { "..." } else { " ..." });
                }
                out.push(']');
            }
            GoKind::Interface(None) => out.push_str("<nil>"),
            GoKind::Interface(Some((_, inner))) => inner.write(out, named, depth, exported),
            GoKind::Func { code, .. } => address(out, *code, depth),
            GoKind::Chan { addr } => address(out, *addr, depth),
            GoKind::Unread => out.push_str("..."),
        }
    }

    /// What its String or Error method would give, where that is known.
    fn method_text(&self) -> Option<String> {
        match (self.ty.as_str(), &self.kind) {
            ("time.Duration", GoKind::Int(ns)) => Some(time::duration(*ns)),
            ("time.Time", GoKind::Struct(_)) => time::time(self),
            ("*time.Time", GoKind::Pointer { to: Some(to), .. }) => time::time(to),
            _ => errors::text(self),
        }
    }

    /// Whether fmt writes what a pointer to it points to.
    fn has_parts(&self) -> bool {
        matches!(self.kind, GoKind::Struct(_) | GoKind::List { .. } | GoKind::Map { .. })
    }
}

/// An address; nil is `<nil>`.
fn address(out: &mut String, addr: u64, _depth: usize) {
    if addr == 0 { out.push_str("<nil>") } else { out.push_str(&format!("{addr:#x}")) }
}

/// The order in which fmt writes a map's keys (`internal/fmtsort`).
fn order(a: &GoValue, b: &GoValue) -> Ordering {
    match (&a.kind, &b.kind) {
        (GoKind::Int(a), GoKind::Int(b)) => a.cmp(b),
        (GoKind::Uint(a), GoKind::Uint(b)) => a.cmp(b),
        (GoKind::Str { bytes: a, .. }, GoKind::Str { bytes: b, .. }) => a.cmp(b),
        (GoKind::Bool(a), GoKind::Bool(b)) => a.cmp(b),
        (GoKind::Float { bits: a, .. }, GoKind::Float { bits: b, .. }) => {
            f64::from_bits(*a).partial_cmp(&f64::from_bits(*b)).unwrap_or(Ordering::Equal)
        }
        (GoKind::Pointer { addr: a, .. }, GoKind::Pointer { addr: b, .. }) => a.cmp(b),
        (GoKind::Struct(a), GoKind::Struct(b)) => {
            let orders = a.iter().zip(b).map(|((_, a), (_, b))| order(a, b));
            orders.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
        }
        (GoKind::List { elements: a, .. }, GoKind::List { elements: b, .. }) => {
            let orders = a.iter().zip(b).map(|(a, b)| order(a, b));
            orders.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
        }
        (GoKind::Interface(None), GoKind::Interface(Some(_))) => Ordering::Less,
        (GoKind::Interface(Some(_)), GoKind::Interface(None)) => Ordering::Greater,
        (GoKind::Interface(Some((of, a))), GoKind::Interface(Some((other, b)))) => {
            of.cmp(other).then_with(|| order(a, b))
        }
        _ => Ordering::Equal,
    }
}

/// A type's name with packages by the last part of their paths: `*io/fs.PathError` is `*fs.PathError`.
fn short(name: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '~' | '·');
    for c in name.chars() {
        if in_word(c) {
            word.push(c);
            continue;
        }
        out.push_str(word.rsplit('/').next().unwrap_or_default());
        word.clear();
        out.push(c);
    }
    out.push_str(word.rsplit('/').next().unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_by_the_last_part_of_their_path() {
        assert_eq!(short("*io/fs.PathError"), "*fs.PathError");
        assert_eq!(short("map[string]*net/http.Request"), "map[string]*http.Request");
        assert_eq!(short("main.Pair[string,int]"), "main.Pair[string,int]");
    }

    #[test]
    fn parts_are_written_without_commas_and_pointers_only_once() {
        let int = |n| GoValue { ty: "int".into(), kind: GoKind::Int(n) };
        let list = GoValue {
            ty: "[]int".into(),
            kind: GoKind::List { elements: vec![int(1), int(2)], len: 3, cap: Some(4) },
        };
        let point = GoValue {
            ty: "main.T".into(),
            kind: GoKind::Struct(vec![("A".into(), int(7)), ("B".into(), list)]),
        };
        let pointer = GoValue {
            ty: "*main.T".into(),
            kind: GoKind::Pointer { addr: 0xc000, to: Some(Box::new(point)) },
        };
        assert_eq!(pointer.format(Style::Plain), "&{7 [1 2 ...]}");
        assert_eq!(pointer.format(Style::Named), "&{A:7 B:[1 2 ...]}");
        assert_eq!(pointer.format(Style::Type), "*main.T");
    }
}
