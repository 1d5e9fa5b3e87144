//! Random scripts that are well typed, so that all that is left to refuse them is a bug.
//!
//! What a script looks like depends on its seed alone: the same seed gives the same script on every machine.

mod calls;
mod expr;
mod go;
mod kind;
mod probe;
mod shrink;
mod source;
mod stmt;

pub use shrink::shrink;
pub use source::Source;

use kind::{Kind, Struct};

/// A map of the script.
#[derive(Clone, Debug)]
struct Map {
    name: String,
    key: Vec<Kind>,
    holds: Holds,
}

/// What a map holds.
#[derive(Clone, Debug)]
enum Holds {
    /// Values.
    Plain(Kind),
    /// An aggregation: its function, with `#` for the number that goes in, and whether it can be read.
    Aggregate(&'static str, bool),
}

/// A variable that can be seen.
#[derive(Clone, Debug)]
struct Var {
    name: String,
    kind: Kind,
    /// Not the variable of a loop.
    assignable: bool,
    /// The number's type, where that is declared.
    declared: Option<&'static str>,
}

/// A macro that gives a number made of numbers.
#[derive(Clone, Debug)]
struct Macro {
    name: String,
    params: usize,
}

/// What a probe offers besides what all have: expressions by kind.
#[derive(Clone, Debug, Default)]
struct Offers {
    values: Vec<(String, Kind)>,
    /// Go values of any type, which are shown whole.
    shown: Vec<String>,
    stack: bool,
}

/// Writes a script.
struct Generator<'s> {
    source: &'s mut Source,
    structs: Vec<Struct>,
    maps: Vec<Map>,
    macros: Vec<Macro>,
    vars: Vec<Var>,
    offers: Offers,
    /// Names given so far.
    names: usize,
    /// How deep expressions are nested.
    depth: usize,
    /// How deep blocks are.
    blocks: usize,
    /// Loops around.
    loops: usize,
    /// What may still be written, in nodes.
    left: usize,
    /// Whether there is a Go program.
    go: bool,
}

/// The script of a seed; `go`: with probes on the program `values` of the tests.
pub fn script(seed: u64, go: bool) -> String {
    script_of(Source::new(seed), go)
}

/// The script of a source's choices; `go` as of [`script`].
pub fn script_of(mut source: Source, go: bool) -> String {
    let mut generator = Generator {
        source: &mut source,
        structs: Vec::new(),
        maps: Vec::new(),
        macros: Vec::new(),
        vars: Vec::new(),
        offers: Offers::default(),
        names: 0,
        depth: 0,
        blocks: 0,
        loops: 0,
        left: 0,
        go,
    };
    generator.script()
}

impl Generator<'_> {
    fn script(&mut self) -> String {
        let mut out = self.config();
        for index in 0..self.source.below(4) {
            let (declared, text) = Struct::random(self.source, index, &self.structs);
            self.structs.push(declared);
            out.push_str(&text);
        }
        for index in 0..1 + self.source.below(7) {
            out.push_str(&self.map(index));
        }
        for index in 0..self.source.below(3) {
            out.push_str(&self.macro_of_numbers(index));
        }
        out.push_str(&self.prologue());
        for _ in 0..1 + self.source.below(3) {
            out.push_str(&self.probe());
        }
        out
    }

    fn config(&mut self) -> String {
        let size = *self.source.one_of(&[16, 64, 64, 64, 123, 200, 1024]);
        let keys = *self.source.one_of(&[8, 64, 64, 256]);
        format!("config = {{ max_strlen = {size}; max_map_keys = {keys} }}\n")
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("$v{}", self.names)
    }

    /// Chooses what a map holds; now and then it is declared.
    fn map(&mut self, index: usize) -> String {
        const AGGREGATES: &[(&str, bool)] = &[
            ("count()", true),
            ("sum(#)", true),
            ("avg(#)", true),
            ("min(#)", true),
            ("max(#)", true),
            ("stats(#)", false),
            ("hist(#)", false),
            ("hist(#, 3)", false),
            ("lhist(#, 0, 100, 10)", false),
            ("tseries(#, 1s, 5)", false),
            ("tseries(#, 1s, 5, \"avg\")", false),
        ];
        let parts = *self.source.one_of(&[0, 1, 1, 1, 2, 3]);
        let key = (0..parts).map(|_| Kind::random(self.source, &self.structs, 1)).collect();
        let name = format!("@m{index}");
        let aggregate = self.source.chance(3);
        let holds = if aggregate {
            let (function, readable) = *self.source.one_of(AGGREGATES);
            Holds::Aggregate(function, readable)
        } else {
            Holds::Plain(Kind::random(self.source, &self.structs, 2))
        };
        let declared = if parts > 0 && !aggregate && self.source.chance(4) {
            let kind = *self.source.one_of(&["hash", "lruhash"]);
            format!("let {name} = {kind}({});\n", 1 + self.source.below(100))
        } else {
            String::new()
        };
        self.maps.push(Map { name, key, holds });
        declared
    }

    fn macro_of_numbers(&mut self, index: usize) -> String {
        let params = 1 + self.source.below(3);
        let names: Vec<String> = (0..params).map(|p| format!("p{p}")).collect();
        self.offers = Offers::default();
        self.offers.values = names.iter().map(|name| (name.clone(), Kind::Int)).collect();
        self.left = 12;
        let body = self.expr(&Kind::Int);
        let name = format!("mac{index}");
        let text = format!("macro {name}({}) {{ {body} }}\n", names.join(", "));
        self.macros.push(Macro { name, params });
        text
    }

    /// A probe that says what each map holds, before any reads it.
    fn prologue(&mut self) -> String {
        self.offers = Offers::default();
        self.vars.clear();
        let mut out = "begin {\n".to_owned();
        for index in 0..self.maps.len() {
            self.left = 0;
            out.push_str(&self.set_map(index));
            out.push('\n');
        }
        out.push_str("}\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, script, script_of};

    #[test]
    fn a_seed_always_gives_the_same_script() {
        assert_eq!(script(7, true), script(7, true));
        assert_ne!(script(7, true), script(8, true));
    }

    #[test]
    fn bytes_choose_as_far_as_they_reach() {
        let of = |bytes: &[u8]| script_of(Source::of_bytes(bytes), false);
        let bytes: Vec<u8> = (0..400u16).map(|n| (n * 7) as u8).collect();
        assert_eq!(of(&bytes), of(&bytes));
        assert_ne!(of(&bytes), of(&[]));
        assert_ne!(of(&bytes), of(&bytes[1..]));
    }
}
