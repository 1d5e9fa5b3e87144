//! Statements and blocks.

use super::kind::{INTS, Kind};
use super::{Generator, Holds, Var};

/// How deep blocks nest.
const DEEPEST: usize = 4;

impl Generator<'_> {
    /// A block of so many statements.
    pub(super) fn block(&mut self, count: usize) -> String {
        let seen = self.vars.len();
        self.blocks += 1;
        let mut out = "{\n".to_owned();
        for _ in 0..count {
            out.push_str(&self.stmt());
            out.push('\n');
        }
        out.push('}');
        self.blocks -= 1;
        self.vars.truncate(seen);
        out
    }

    fn stmt(&mut self) -> String {
        let nested = self.blocks < DEEPEST && self.left > 0;
        match self.source.below(if nested { 24 } else { 16 }) {
            0..=2 => self.set_new_var(),
            3 | 4 => self.set_var(),
            5..=8 => {
                let map = self.source.below(self.maps.len());
                self.set_map(map)
            }
            9 => self.change_map(),
            10..=12 => self.print(),
            13 => format!("_ = {};", self.expr(&Kind::Int)),
            14 => self.small(),
            15 if self.loops > 0 => {
                let word = *self.source.one_of(&["break", "continue"]);
                format!("if ({}) {{ {word}; }}", self.expr(&Kind::Bool))
            }
            15 => self.print(),
            16..=18 => {
                let (cond, then) = (self.expr(&Kind::Bool), self.inner());
                let otherwise =
                    if self.source.chance(2) { format!(" else {}", self.inner()) } else { String::new() };
                format!("if ({cond}) {then}{otherwise}")
            }
            19 => self.inner(),
            _ => self.loop_stmt(),
        }
    }

    fn inner(&mut self) -> String {
        let count = 1 + self.source.below(3);
        self.block(count)
    }

    /// A loop's body, in which a variable stands for the rounds.
    fn body(&mut self, var: Option<Var>) -> String {
        let seen = self.vars.len();
        self.vars.extend(var);
        self.loops += 1;
        let body = self.inner();
        self.loops -= 1;
        self.vars.truncate(seen);
        body
    }

    fn loop_stmt(&mut self) -> String {
        let name = self.name();
        let counter = Var { name: name.clone(), kind: Kind::Int, assignable: false, declared: None };
        match self.source.below(5) {
            0 => {
                let body = self.body(Some(counter));
                format!("for ({name} : {}..{}) {body}", self.source.below(3), self.source.below(60))
            }
            1 => {
                let (from, to) = (self.expr(&Kind::Int), self.expr(&Kind::Int));
                let body = self.body(Some(counter));
                format!("for ({name} : {from}..{to}) {body}")
            }
            2 => {
                let body = self.body(Some(counter));
                let limit = 1 + self.source.below(30);
                // It steps first: the body may go on with the next round.
                let rest = body.strip_prefix('{').unwrap_or(&body);
                format!("{name} = 0; while ({name} < {limit}) {{ {name}++;{rest}")
            }
            3 => {
                let body = self.body(None);
                format!("unroll ({}) {body}", 1 + self.source.below(4))
            }
            _ => self.for_map(name),
        }
    }

    fn for_map(&mut self, name: String) -> String {
        let fits: Vec<usize> = (0..self.maps.len())
            .filter(|&index| {
                self.maps.get(index).is_some_and(|map| {
                    !map.key.is_empty() && !matches!(map.holds, Holds::Aggregate(_, false))
                })
            })
            .collect();
        if fits.is_empty() {
            return self.print();
        }
        let map = self.maps[*self.source.one_of(&fits)].clone();
        let key = match map.key.as_slice() {
            [one] => one.clone(),
            parts => Kind::Tuple(parts.to_vec()),
        };
        let value = match map.holds {
            Holds::Plain(kind) => kind,
            Holds::Aggregate(..) => Kind::Int,
        };
        let kind = Kind::Tuple(vec![key, value]);
        let body = self.body(Some(Var { name: name.clone(), kind, assignable: false, declared: None }));
        format!("for ({name} : {}) {body}", map.name)
    }

    /// A variable that was not there.
    pub(super) fn set_new_var(&mut self) -> String {
        let mut kind = Kind::random(self.source, &self.structs, 2);
        if self.offers.stack && self.source.chance(12) {
            kind = Kind::Stack(if self.source.chance(2) { "ustack" } else { "kstack" });
        }
        let name = self.name();
        let value = self.expr(&kind);
        let mut declared = None;
        let text = match (self.source.below(4), &kind) {
            // A number that does not fit is refused.
            (0, Kind::Int) => {
                let ty = self.source.one_of(INTS).0;
                declared = Some(ty);
                format!("let {name}: {ty} = ({ty}){value};")
            }
            (0, Kind::Bool) => format!("let {name}: bool = {value};"),
            (0 | 1, _) => format!("let {name} = {value};"),
            _ => format!("{name} = {value};"),
        };
        self.vars.push(Var { name, kind, assignable: true, declared });
        text
    }

    fn set_var(&mut self) -> String {
        let known: Vec<Var> = self.vars.iter().filter(|v| v.assignable).cloned().collect();
        if known.is_empty() {
            return self.set_new_var();
        }
        let var = self.source.one_of(&known).clone();
        let value = self.expr(&var.kind);
        let op = match var.kind {
            Kind::Int => *self.source.one_of(&["=", "+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="]),
            _ => "=",
        };
        match (op, var.declared) {
            ("=", Some(declared)) => format!("{} = ({declared}){value};", var.name),
            _ => format!("{} {op} {value};", var.name),
        }
    }

    /// `@m[key] = ...`
    pub(super) fn set_map(&mut self, index: usize) -> String {
        let Some(map) = self.maps.get(index).cloned() else { return String::new() };
        let target = self.map_element(index);
        match map.holds {
            Holds::Plain(kind) => format!("{target} = {};", self.expr(&kind)),
            Holds::Aggregate(function, _) => {
                let value = if function.contains('#') { self.expr(&Kind::Int) } else { String::new() };
                format!("{target} = {};", function.replace('#', &value))
            }
        }
    }

    /// Changes an element: `+=`, `++`, `delete`.
    fn change_map(&mut self) -> String {
        let index = self.source.below(self.maps.len());
        let Some(map) = self.maps.get(index).cloned() else { return String::new() };
        let target = self.map_element(index);
        match (self.source.below(4), &map.holds) {
            (0 | 1, Holds::Plain(Kind::Int)) => {
                let op = *self.source.one_of(&["+=", "-=", "*=", "|=", ">>="]);
                format!("{target} {op} {};", self.expr(&Kind::Int))
            }
            (2, Holds::Plain(Kind::Int)) => format!("{target}{};", self.source.one_of(&["++", "--"])),
            _ if map.key.is_empty() => format!("{}({});", self.source.one_of(&["clear", "zero"]), map.name),
            (3, Holds::Plain(kind)) => {
                let (map, key) = self.split_element(index);
                let name = self.name();
                self.vars.push(Var {
                    name: name.clone(),
                    kind: kind.clone(),
                    assignable: true,
                    declared: None,
                });
                format!("_ = find({map}, {key}, {name});")
            }
            _ => format!("delete({target});"),
        }
    }

    fn small(&mut self) -> String {
        match self.source.below(8) {
            0 => "time();".to_owned(),
            1 => format!("exit({});", self.expr(&Kind::Int)),
            2 => format!("errorf(\"%d\", {});", self.expr(&Kind::Int)),
            3 => format!("print(strftime(\"%H:%M\", {}));", self.expr(&Kind::Int)),
            4 => format!("if ({}) {{ return; }}", self.expr(&Kind::Bool)),
            5 => format!("cat(\"/proc/%d/stat\", {});", self.expr(&Kind::Int)),
            6 => format!("join({});", self.address()),
            _ => "print(probe);".to_owned(),
        }
    }

    fn print(&mut self) -> String {
        if !self.offers.shown.is_empty() && self.source.chance(3) {
            let shown = self.source.one_of(&self.offers.shown).clone();
            return match self.source.below(3) {
                0 => format!("print({shown});"),
                1 => format!("printf(\"%v %+v\\n\", {shown}, {shown});"),
                _ => format!("printf(\"%T %d\\n\", {shown}, {});", self.expr(&Kind::Int)),
            };
        }
        match self.source.below(5) {
            0 => {
                let map = self.source.below(self.maps.len());
                format!("print({});", self.maps[map].name)
            }
            1 => {
                let kind = Kind::random(self.source, &self.structs, 2);
                format!("print({});", self.expr(&kind))
            }
            _ => self.printf(),
        }
    }

    fn printf(&mut self) -> String {
        const FORMATS: &[(&str, Kind)] = &[
            ("%d", Kind::Int),
            ("%5x", Kind::Int),
            ("%lu", Kind::Int),
            ("%c", Kind::Int),
            ("%s", Kind::Str),
            ("%-10s", Kind::Str),
            ("%s", Kind::Bool),
            ("%v", Kind::Str),
            ("%r", Kind::Buf),
            ("%rh", Kind::Buf),
        ];
        let (mut format, mut values) = (String::new(), String::new());
        for _ in 0..self.source.below(5) {
            let (text, kind) = if self.source.chance(4) {
                ("%v", Kind::random(self.source, &self.structs, 2))
            } else {
                self.source.one_of(FORMATS).clone()
            };
            format.push_str(text);
            values.push_str(", ");
            values.push_str(&self.expr(&kind));
        }
        format!("printf(\"{format}\\n\"{values});")
    }
}
