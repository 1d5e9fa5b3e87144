//! Expressions of a given kind.

use super::Generator;
use super::Holds;
use super::kind::{INTS, Kind};

/// How deep expressions nest.
const DEEPEST: usize = 6;
/// Text that scripts have in them; the shortest `max_strlen` must hold it.
const TEXTS: &[&str] = &["", "a", "yes", "abcdefgh", "a longer text", "\\n", "\\x01", "é", "%d"];

impl Generator<'_> {
    /// An expression of a kind, in parentheses where it would not bind as one.
    pub(super) fn expr(&mut self, kind: &Kind) -> String {
        self.left = self.left.saturating_sub(1);
        self.depth += 1;
        let leaf = self.depth > DEEPEST || self.left == 0;
        let text = self.held(kind, leaf).unwrap_or_else(|| self.made(kind, leaf));
        self.depth -= 1;
        text
    }

    /// What holds such a value: a variable, an argument, a map, a part of one of these.
    fn held(&mut self, kind: &Kind, leaf: bool) -> Option<String> {
        match self.source.below(8) {
            0..=2 => {
                let known: Vec<String> =
                    self.vars.iter().filter(|v| v.kind == *kind).map(|v| v.name.clone()).collect();
                (!known.is_empty()).then(|| self.source.one_of(&known).clone())
            }
            3 => {
                let known: Vec<String> = self
                    .offers
                    .values
                    .iter()
                    .filter(|(_, k)| k == kind)
                    .map(|(text, _)| text.clone())
                    .collect();
                (!known.is_empty()).then(|| self.source.one_of(&known).clone())
            }
            4 if !leaf => self.element(kind),
            5 if !leaf => self.part(kind),
            6 if !leaf => match self.source.below(6) {
                0 | 1 => {
                    let (cond, a, b) = (self.expr(&Kind::Bool), self.expr(kind), self.expr(kind));
                    Some(format!("({cond} ? {a} : {b})"))
                }
                2 => {
                    let (cond, a, b) = (self.expr(&Kind::Bool), self.expr(kind), self.expr(kind));
                    Some(format!("(if ({cond}) {{ {a} }} else {{ {b} }})"))
                }
                3 => Some(self.block_value(kind)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `{ $x = ...; $x }`
    fn block_value(&mut self, kind: &Kind) -> String {
        let seen = self.vars.len();
        self.blocks += 1;
        let mut body = String::new();
        for _ in 0..self.source.below(3) {
            body.push_str(&self.set_new_var());
            body.push(' ');
        }
        let value = self.expr(kind);
        self.blocks -= 1;
        self.vars.truncate(seen);
        format!("({{ {body}{value} }})")
    }

    /// An element of a map.
    fn element(&mut self, kind: &Kind) -> Option<String> {
        let fits: Vec<usize> = self
            .maps
            .iter()
            .enumerate()
            .filter(|(_, map)| match &map.holds {
                Holds::Plain(held) => held == kind,
                Holds::Aggregate(_, readable) => *readable && *kind == Kind::Int,
            })
            .map(|(index, _)| index)
            .collect();
        if fits.is_empty() {
            return None;
        }
        let map = *self.source.one_of(&fits);
        Some(self.map_element(map))
    }

    /// `@m[key]`
    pub(super) fn map_element(&mut self, map: usize) -> String {
        let Some(map) = self.maps.get(map).cloned() else { return "@none".to_owned() };
        if map.key.is_empty() {
            return map.name;
        }
        let parts: Vec<String> = map.key.iter().map(|part| self.expr(part)).collect();
        format!("{}[{}]", map.name, parts.join(", "))
    }

    /// A map and a key of it, as functions take them.
    pub(super) fn split_element(&mut self, map: usize) -> (String, String) {
        let Some(map) = self.maps.get(map).cloned() else { return Default::default() };
        let parts: Vec<String> = map.key.iter().map(|part| self.expr(part)).collect();
        let key = parts.join(", ");
        (map.name, if parts.len() == 1 { key } else { format!("({key})") })
    }

    /// A part of a tuple, a record, an array or a struct.
    fn part(&mut self, kind: &Kind) -> Option<String> {
        match self.source.below(4) {
            0 => {
                let mut parts: Vec<Kind> =
                    (0..self.source.below(2)).map(|_| Kind::random(self.source, &self.structs, 0)).collect();
                let at = self.source.below(parts.len() + 1);
                parts.insert(at, kind.clone());
                let tuple = self.expr(&Kind::Tuple(parts));
                Some(format!("{tuple}.{at}"))
            }
            1 => {
                let record = self
                    .expr(&Kind::Record(vec![("x".to_owned(), kind.clone()), ("y".to_owned(), Kind::Int)]));
                Some(format!("{record}.x"))
            }
            2 => self.field(kind),
            _ => self.var_part(kind),
        }
    }

    /// A field of a struct, behind a pointer or in a value.
    fn field(&mut self, kind: &Kind) -> Option<String> {
        let fits: Vec<(usize, String)> = self
            .structs
            .iter()
            .enumerate()
            .flat_map(|(index, of)| of.fields.iter().map(move |(name, held)| (index, name, held)))
            .filter(|(_, _, held)| *held == kind)
            .map(|(index, name, _)| (index, name.clone()))
            .collect();
        if fits.is_empty() {
            return None;
        }
        let (index, name) = self.source.one_of(&fits).clone();
        Some(if self.source.chance(3) {
            let value = self.expr(&Kind::Struct(index));
            format!("({value}).{name}")
        } else {
            let pointer = self.expr(&Kind::Pointer(index));
            let arrow = *self.source.one_of(&["->", "."]);
            format!("({pointer}){arrow}{name}")
        })
    }

    /// A part of a tuple that a variable holds.
    fn var_part(&mut self, kind: &Kind) -> Option<String> {
        let mut fits = Vec::new();
        for var in &self.vars {
            match &var.kind {
                Kind::Tuple(parts) => {
                    let found = parts.iter().enumerate().filter(|(_, part)| *part == kind);
                    fits.extend(found.map(|(index, _)| format!("{}.{index}", var.name)));
                }
                Kind::Record(parts) => {
                    let found = parts.iter().filter(|(_, part)| part == kind);
                    fits.extend(found.map(|(name, _)| format!("{}.{name}", var.name)));
                }
                _ => {}
            }
        }
        (!fits.is_empty()).then(|| self.source.one_of(&fits).clone())
    }

    /// A value that is made anew.
    fn made(&mut self, kind: &Kind, leaf: bool) -> String {
        match kind {
            Kind::Int if leaf => self.int_leaf(),
            Kind::Int => self.int(),
            Kind::Bool if leaf => {
                (*self.source.one_of(&["true", "false", "(pid > 1)", "(cpu == 0)"])).to_owned()
            }
            Kind::Bool => self.truth(),
            Kind::Str if leaf => self.text_leaf(),
            Kind::Str => self.text(),
            Kind::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.expr(part)).collect();
                if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) }
            }
            Kind::Record(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|(name, part)| format!("{name} = {}", self.expr(part))).collect();
                format!("({})", parts.join(", "))
            }
            Kind::Buf => self.buffer(),
            Kind::Array(ty, bytes, len) if bytes * len == 8 => {
                format!("(({ty}[{len}]){})", self.as_u64())
            }
            Kind::Array(ty, _, len) => format!("(*({ty}[{len}]*){})", self.address()),
            Kind::Struct(index) => format!("(*{})", self.expr(&Kind::Pointer(*index))),
            Kind::Pointer(index) => {
                let name = self.structs.get(*index).map(|of| of.name.clone()).unwrap_or_default();
                format!("(({name} *){})", self.address())
            }
            Kind::Inet => match self.source.below(3) {
                0 => "ntop(pton(\"127.0.0.1\"))".to_owned(),
                1 => "ntop(pton(\"::1\"))".to_owned(),
                _ => format!("ntop({})", self.expr(&Kind::Int)),
            },
            Kind::Stack(which) => match self.source.below(3) {
                0 => format!("{which}({})", 1 + self.source.below(20)),
                1 => format!("{which}(perf)"),
                _ => (*which).to_owned(),
            },
            Kind::Symbol(which) => format!("{which}({})", self.address()),
            Kind::Mac => format!("macaddr((uint8[8]){})", self.as_u64()),
        }
    }

    /// A number of 8 bytes.
    fn as_u64(&mut self) -> String {
        format!("((uint64){})", self.expr(&Kind::Int))
    }

    /// A number as an address, mostly of nothing.
    pub(super) fn address(&mut self) -> String {
        match self.source.below(3) {
            0 => self.as_u64(),
            1 => format!("{:#x}", self.source.number()),
            _ => "nsecs".to_owned(),
        }
    }

    pub(super) fn int_leaf(&mut self) -> String {
        const BUILTINS: &[&str] = &[
            "pid",
            "tid",
            "uid",
            "gid",
            "cpu",
            "nsecs",
            "elapsed",
            "rand",
            "cgroup",
            "jiffies",
            "numaid",
            "ncpus",
            "usermode",
            "$1",
            "$#",
            "sizeof(uint32)",
            "config.max_strlen",
        ];
        match self.source.below(4) {
            0 => (*self.source.one_of(BUILTINS)).to_owned(),
            1 => format!("{:#x}", self.source.number()),
            2 if self.source.chance(4) => {
                (*self.source.one_of(&["10ms", "1e6", "1_000", "0777", "3s"])).to_owned()
            }
            _ => self.source.number().to_string(),
        }
    }

    fn int(&mut self) -> String {
        const BINARY: &[&str] = &["+", "-", "*", "&", "|", "^", "<<", ">>"];
        match self.source.below(20) {
            0 | 1 => self.int_leaf(),
            2..=6 => {
                let (a, b) = (self.expr(&Kind::Int), self.expr(&Kind::Int));
                format!("({a} {} {b})", self.source.one_of(BINARY))
            }
            7 | 8 => {
                // A divisor that is known to be 0 is refused.
                let (a, b) = (self.expr(&Kind::Int), self.expr(&Kind::Int));
                format!("({a} {} ({b} | 1))", self.source.one_of(&["/", "%"]))
            }
            9 => format!("({}{})", self.source.one_of(&["-", "~"]), self.expr(&Kind::Int)),
            10 | 11 => format!("(({}){})", self.source.one_of(INTS).0, self.expr(&Kind::Int)),
            12 => format!("((int64){})", self.expr(&Kind::Bool)),
            13 => self.step(),
            14 => {
                let ty = self.source.one_of(INTS).0;
                format!("(*({ty}*){})", self.address())
            }
            15 if !self.macros.is_empty() => {
                let chosen = self.source.one_of(&self.macros).clone();
                let args: Vec<String> = (0..chosen.params).map(|_| self.expr(&Kind::Int)).collect();
                format!("{}({})", chosen.name, args.join(", "))
            }
            16 => self.array_element(),
            17 => {
                let (a, b) = (self.expr(&Kind::Int), self.expr(&Kind::Int));
                format!("({a} ?: {b})")
            }
            _ => self.number_of_call(),
        }
    }

    /// `$x++` and the like, where there is something to step.
    fn step(&mut self) -> String {
        let mut fits: Vec<String> = self
            .vars
            .iter()
            .filter(|v| v.kind == Kind::Int && v.assignable)
            .map(|v| v.name.clone())
            .collect();
        let steps = |map: &&super::Map| matches!(map.holds, Holds::Plain(Kind::Int)) && map.key.is_empty();
        fits.extend(self.maps.iter().filter(steps).map(|map| map.name.clone()));
        if fits.is_empty() {
            return self.int_leaf();
        }
        let name = self.source.one_of(&fits).clone();
        match self.source.below(4) {
            0 => format!("(++{name})"),
            1 => format!("(--{name})"),
            2 => format!("({name}++)"),
            _ => format!("({name}--)"),
        }
    }

    fn array_element(&mut self) -> String {
        let (ty, bytes) = *self.source.one_of(INTS);
        let len = 8 / bytes;
        let kind = Kind::Array(ty, bytes, len);
        let array = self.expr(&kind);
        // An index behind a map's name is a key.
        let array = if array.starts_with('@') { self.made(&kind, true) } else { array };
        if self.source.chance(2) {
            format!("{array}[{}]", self.source.below(len as usize))
        } else {
            let index = self.expr(&Kind::Int);
            // A number known to be outside is refused.
            format!("{array}[({index} & {}) + (nsecs & 1)]", len - 1)
        }
    }

    fn truth(&mut self) -> String {
        match self.source.below(10) {
            0..=2 => {
                let (a, b) = (self.expr(&Kind::Int), self.expr(&Kind::Int));
                format!("({a} {} {b})", self.source.one_of(&["==", "!=", "<", "<=", ">", ">="]))
            }
            3 | 4 => {
                let kind = loop {
                    let kind = Kind::random(self.source, &self.structs, 1);
                    if kind.is_comparable() {
                        break kind;
                    }
                };
                let (a, b) = (self.expr(&kind), self.expr(&kind));
                format!("({a} {} {b})", self.source.one_of(&["==", "!="]))
            }
            5 | 6 => {
                let (a, b) = (self.expr(&Kind::Bool), self.expr(&Kind::Bool));
                format!("({a} {} {b})", self.source.one_of(&["&&", "||"]))
            }
            7 => format!("(!{})", self.expr(&Kind::Bool)),
            8 => format!("((bool){})", self.expr(&Kind::Int)),
            _ => self.truth_of_call(),
        }
    }

    pub(super) fn text_leaf(&mut self) -> String {
        match self.source.below(4) {
            0 => "comm".to_owned(),
            1 => "str($2)".to_owned(),
            _ => format!("\"{}\"", self.source.one_of(TEXTS)),
        }
    }
}
