//! Calls of functions that give a value.

use super::kind::Kind;
use super::{Generator, Holds};

impl Generator<'_> {
    /// A map with keys, if there is one that fits.
    fn keyed_map(&mut self, fits: impl Fn(&super::Map) -> bool) -> Option<usize> {
        let found: Vec<usize> = (0..self.maps.len())
            .filter(|&index| self.maps.get(index).is_some_and(|map| !map.key.is_empty() && fits(map)))
            .collect();
        (!found.is_empty()).then(|| *self.source.one_of(&found))
    }

    pub(super) fn number_of_call(&mut self) -> String {
        match self.source.below(14) {
            0 => format!("strlen({})", self.expr(&Kind::Str)),
            1 => {
                let text = self.expr(&Kind::Str);
                // The length of a map is that of its keys.
                let function = if text.starts_with('@') { "strlen" } else { "len" };
                format!("{function}({text})")
            }
            2 => {
                let (a, b) = (self.expr(&Kind::Str), self.expr(&Kind::Str));
                format!("strncmp({a}, {b}, {})", self.source.below(40))
            }
            3 => {
                let (a, b) = (self.expr(&Kind::Str), self.expr(&Kind::Str));
                format!("strstr({a}, {b})")
            }
            4 => {
                let (a, b) = (self.expr(&Kind::Buf), self.expr(&Kind::Buf));
                format!("memcmp({a}, {b}, {})", self.source.below(20))
            }
            5 => {
                let ty = *self.source.one_of(&["uint16", "uint32", "uint64"]);
                format!("bswap(({ty}){})", self.expr(&Kind::Int))
            }
            6 => match self.keyed_map(|_| true) {
                Some(map) => format!("len({})", self.maps[map].name),
                None => "1".to_owned(),
            },
            7 => format!("nsecs({})", self.source.one_of(&["monotonic", "boot", "tai"])),
            8 => {
                let text = self.expr(&Kind::Str);
                format!("((int64)({text})[{}])", self.source.below(4))
            }
            9 => {
                let value = Kind::random(self.source, &self.structs, 1);
                format!("sizeof({})", self.expr(&value))
            }
            10 if self.offers.stack => format!("len({})", self.source.one_of(&["ustack", "kstack(7)"])),
            11 => {
                let known: Vec<String> = self
                    .vars
                    .iter()
                    .filter(|v| v.kind == Kind::Int && v.assignable)
                    .map(|v| v.name.clone())
                    .collect();
                if known.is_empty() { self.int_leaf() } else { format!("(*&{})", self.source.one_of(&known)) }
            }
            _ => self.int_leaf(),
        }
    }

    pub(super) fn truth_of_call(&mut self) -> String {
        match self.source.below(5) {
            0 | 1 => {
                let (a, b) = (self.expr(&Kind::Str), self.expr(&Kind::Str));
                format!("strcontains({a}, {b})")
            }
            2 => match self.keyed_map(|_| true) {
                Some(map) => {
                    let (name, key) = self.split_element(map);
                    format!("has_key({name}, {key})")
                }
                None => "true".to_owned(),
            },
            3 => match self.keyed_map(|map| matches!(map.holds, Holds::Plain(_))) {
                Some(map) => format!("delete({})", self.map_element(map)),
                None => "false".to_owned(),
            },
            _ => format!("is_str({})", self.expr(&Kind::Str)),
        }
    }

    pub(super) fn text(&mut self) -> String {
        match self.source.below(6) {
            0 => format!("str({})", self.address()),
            1 => {
                let length = self.expr(&Kind::Int);
                format!("str({}, {length})", self.address())
            }
            2 => format!("str({}, {})", self.address(), 1 + self.source.below(80)),
            _ => self.text_leaf(),
        }
    }

    pub(super) fn buffer(&mut self) -> String {
        match self.source.below(4) {
            0 => format!("buf({}, {})", self.address(), 1 + self.source.below(64)),
            1 => {
                let length = self.expr(&Kind::Int);
                // A length that is known to be below 0 is refused.
                format!("buf({}, (uint64)({length} + (nsecs & 1)))", self.address())
            }
            2 => format!("buf({})", self.expr(&Kind::Str)),
            _ => format!("buf((uint16[4]){}, 8)", self.address()),
        }
    }
}
