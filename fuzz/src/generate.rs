//! Scripts from bytes: each byte chooses a production, so that most inputs parse, and many compile.
//!
//! What a name holds is fixed by its name (`@n` numbers, `@s` strings), because a script that mixes them is
//! refused at once and shows no more; now and then anything is put anywhere all the same.

use gprobe_compiler::builtins::{BUILTINS, Scope};
use gprobe_compiler::functions::FUNCTIONS;

/// How deep expressions and blocks nest.
const DEPTH: usize = 7;
/// How long a script gets, about.
const LONGEST: usize = 4096;

const POINTS: &[&str] = &[
    "begin",
    "tracepoint:sched:sched_switch",
    "interval:1s",
    "tracepoint:sched:sched_switch",
    "profile:hz:99",
    "end",
    "tracepoint:sched:*",
    "profile:10ms",
];
/// What has no target here, or no meaning.
const OTHER_POINTS: &[&str] = &[
    "interval:ms:100",
    "go:main.f",
    "go:main.(*T).f:return",
    "uprobe:libc:malloc",
    "uretprobe:/bin/true:main",
    "kprobe:f",
    "interval:hz:$1",
];
const NUMBERS: &[&str] = &[
    "1",
    "0",
    "2",
    "7",
    "64",
    "100",
    "0xff",
    "4096",
    "10ms",
    "1e6",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
];
const STRINGS: &[&str] = &[
    "",
    "a",
    "yes",
    "a long string that is longer than most, and needs more room",
    "\\n",
    "\\0x",
    "\\xff",
    "é",
];
const FORMATS: &[&str] =
    &["%d", "%s", "%v", "%x", "%5d", "%-10s", "%c", "%p", "%.3s", "%*d", "%%", "%lu", "%hhd", "%q"];
const BINARY: &[&str] = &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"];
const RELATION: &[&str] = &["==", "!=", "<", "<=", ">", ">="];
const ASSIGN: &[&str] = &["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="];
const TYPES: &[&str] = &["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "int"];
/// What is not cast to as a rule.
const OTHER_TYPES: &[&str] = &[
    "bool",
    "unsigned long",
    "char",
    "string",
    "uint64*",
    "int8 *",
    "uint8[4]",
    "*runtime.g",
    "struct x",
    "void*",
];
const AGGREGATES: &[(&str, &str)] = &[
    ("@count", "count()"),
    ("@sum", "sum(#)"),
    ("@avg", "avg(#)"),
    ("@min", "min(#)"),
    ("@max", "max(#)"),
    ("@stats", "stats(#)"),
    ("@hist", "hist(#)"),
    ("@fine", "hist(#, 3)"),
    ("@lhist", "lhist(#, 0, 100, 10)"),
    ("@", "count()"),
];
const VARIABLES: &[(&str, Kind)] =
    &[("$n", Kind::Number), ("$s", Kind::Text), ("$t", Kind::Pair), ("$b", Kind::Truth)];
const MAPS: &[&str] = &["@n", "@s", "@t", "@k", "@b"];

/// Says what each map holds.
const PROLOGUE: &str = "\
begin {
    @n[1, \"a\"] = 1; @s[1, \"a\"] = \"a\"; @t[1, \"a\"] = (1, \"a\"); @b[1, \"a\"] = true; @k[1, \"a\"] = nsecs;
    @scalar = 0;
}
";

/// What an expression is to give.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Number,
    Truth,
    Text,
    Pair,
    Stack,
}

/// The script that the bytes choose.
pub fn script(bytes: &[u8]) -> String {
    let mut generator = Generator {
        bytes: bytes.iter(),
        out: String::new(),
        depth: 0,
        tracepoint: false,
        stack: false,
        variables: false,
    };
    generator.script();
    generator.out
}

struct Generator<'b> {
    bytes: std::slice::Iter<'b, u8>,
    out: String,
    depth: usize,
    /// Whether the probe at hand is a tracepoint.
    tracepoint: bool,
    /// Whether it has a stack.
    stack: bool,
    /// Whether the variables have values.
    variables: bool,
}

impl Generator<'_> {
    /// One of `n` productions; the first where there is nothing left to choose by.
    fn pick(&mut self, n: usize) -> usize {
        let byte = self.bytes.next().copied().unwrap_or(0);
        usize::from(byte) % n.max(1)
    }

    /// Whether to do something that is seldom right.
    fn seldom(&mut self) -> bool {
        self.pick(32) == 31
    }

    /// As `pick`, only leaves where it is deep enough.
    fn production(&mut self, leaves: usize, all: usize) -> usize {
        let n = if self.depth >= DEPTH || self.out.len() > LONGEST { leaves } else { all };
        self.pick(n)
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn one_of(&mut self, words: &[&str]) {
        let at = self.pick(words.len());
        self.put(words.get(at).copied().unwrap_or_default());
    }

    fn script(&mut self) {
        if self.pick(8) == 1 {
            self.put("config = { max_strlen = ");
            let size = if self.seldom() { "16384" } else { "200" };
            self.one_of(&["64", "8", "300", size]);
            self.put("; max_map_keys = ");
            self.one_of(NUMBERS);
            self.put(" }\n");
        }
        if !self.seldom() {
            self.put(PROLOGUE);
        }
        for _ in 0..=self.pick(4) {
            self.item();
        }
    }

    /// An attach point, and what has a meaning there.
    fn point(&mut self) {
        let start = self.out.len();
        let points = if self.seldom() { OTHER_POINTS } else { POINTS };
        self.one_of(points);
        let point = self.out.get(start..).unwrap_or_default();
        self.tracepoint = point.starts_with('t');
        self.stack = !point.starts_with(['b', 'e', 'i']);
    }

    fn item(&mut self) {
        match self.pick(64) {
            60 => self.put("let @n = hash(16);\n"),
            61 => self.put("struct x { int a; char b[8]; };\n"),
            62 => {
                self.put("macro m($a, @b, c) ");
                self.block();
            }
            63 => {
                self.put("fn f($a: int64): int64 ");
                self.block();
            }
            _ => {
                if self.pick(8) == 7 {
                    self.point();
                    self.put(", ");
                }
                self.point();
                self.variables = false;
                if self.pick(3) == 1 {
                    self.put(" /");
                    self.expr(Kind::Truth);
                    self.put("/");
                }
                self.put(" ");
                self.block();
            }
        }
    }

    /// A block in which the variables that expressions use are there, as a rule.
    fn block(&mut self) {
        self.put("{\n");
        if !self.seldom() && self.depth == 0 {
            for (name, kind) in VARIABLES {
                self.put(name);
                self.put(" = ");
                self.leaf(*kind);
                self.put(";\n");
            }
            self.variables = true;
        }
        self.depth += 1;
        for _ in 0..=self.pick(6) {
            self.statement();
        }
        self.depth -= 1;
        self.put("}\n");
    }

    fn statement(&mut self) {
        if self.seldom() {
            self.other_statement();
            return self.put(";\n");
        }
        match self.production(17, 20) {
            0 => self.aggregate(),
            1 => self.number_map("=", true),
            2 => {
                self.put("@s");
                self.key();
                self.put(" = ");
                self.expr(Kind::Text);
            }
            3 => {
                self.put("@t");
                self.key();
                self.put(" = ");
                self.expr(Kind::Pair);
            }
            4 => {
                self.put("@b");
                self.key();
                self.put(" = ");
                self.expr(Kind::Truth);
            }
            5 => {
                let at = self.pick(VARIABLES.len());
                let (name, kind) = VARIABLES[at];
                self.put(name);
                self.put(" = ");
                self.expr(kind);
            }
            6 => {
                let at = self.pick(ASSIGN.len());
                self.number_map(ASSIGN[at], true);
            }
            7 => {
                self.put("$n ");
                self.one_of(ASSIGN);
                self.put(" ");
                self.expr(Kind::Number);
            }
            8 => self.printf(),
            9 => {
                self.put("print(");
                self.any();
                self.put(")");
            }
            10 => {
                self.put("print(");
                self.one_of(MAPS);
                if self.pick(2) == 1 {
                    self.put(", 5");
                    if self.pick(2) == 1 {
                        self.put(", 10");
                    }
                }
                self.put(")");
            }
            11 => {
                self.one_of(&["clear(", "zero("]);
                self.one_of(MAPS);
                self.put(")");
            }
            12 => {
                self.put("delete(");
                self.one_of(MAPS);
                self.key();
                self.put(")");
            }
            13 => self.put("exit()"),
            14 => {
                self.put("exit(");
                self.expr(Kind::Number);
                self.put(")");
            }
            15 => self.number_map("++", false),
            16 => self.one_of(&[
                "time()",
                "$n++",
                "--$n",
                "return",
                "break",
                "continue",
                "_ = 1",
                "time(\"%H\")",
            ]),
            _ => {
                self.put("if (");
                self.expr(Kind::Truth);
                self.put(") ");
                self.block();
                if self.pick(2) == 1 {
                    self.put(" else ");
                    self.block();
                }
            }
        }
        self.put(";\n");
    }

    /// What is seldom right or has no meaning yet.
    fn other_statement(&mut self) {
        match self.pick(8) {
            0 => self.one_of(&[
                "while (1) { }",
                "for ($i : 0..3) { print($i); }",
                "for ($kv : @n) { }",
                "break",
                "continue",
                "_ = 1",
                "print(@hist)",
                "clear(@)",
                "delete(@count)",
            ]),
            1 => {
                self.put("let $m = ");
                self.any();
            }
            2 => {
                self.put("unroll (");
                self.one_of(NUMBERS);
                self.put(") ");
                self.block();
            }
            _ => self.call(),
        }
    }

    fn number_map(&mut self, op: &str, value: bool) {
        self.put("@n");
        self.key();
        self.put(" ");
        self.put(op);
        if value {
            self.put(" ");
            self.expr(Kind::Number);
        }
    }

    fn aggregate(&mut self) {
        let at = self.pick(AGGREGATES.len());
        let (map, function) = AGGREGATES[at];
        self.put(map);
        self.key();
        self.put(" = ");
        let mut parts = function.split('#');
        self.put(parts.next().unwrap_or_default());
        if let Some(rest) = parts.next() {
            self.expr(Kind::Number);
            self.put(rest);
        }
    }

    /// Two parts, as all maps have here, as a rule.
    fn key(&mut self) {
        if self.seldom() {
            let count = self.pick(4);
            if count > 0 {
                self.put("[");
                for _ in 0..count {
                    self.any();
                    self.put(", ");
                }
                self.put("]");
            }
            return;
        }
        self.put("[");
        self.expr(Kind::Number);
        self.put(", ");
        self.expr(Kind::Text);
        self.put("]");
    }

    fn printf(&mut self) {
        let count = self.pick(5);
        let mut values = Vec::new();
        self.put("printf(\"");
        for _ in 0..count {
            let at = self.pick(FORMATS.len());
            let format = FORMATS[at];
            self.put(format);
            self.put(" ");
            match format {
                "%%" => {}
                "%v" => values.push(None),
                _ if format.ends_with('s') => values.push(Some(Kind::Text)),
                "%*d" => values.extend([Some(Kind::Number); 2]),
                _ => values.push(Some(Kind::Number)),
            }
        }
        self.put("\\n\"");
        for kind in values {
            self.put(", ");
            match kind {
                Some(kind) => self.expr(kind),
                None => self.any(),
            }
        }
        self.put(")");
    }

    /// A call of any function with anything.
    fn call(&mut self) {
        let at = self.pick(FUNCTIONS.len());
        let (name, (least, most)) = FUNCTIONS.get(at).map_or(("f", (0, 0)), |f| (f.name, f.arity));
        let count = (least + self.pick(3)).min(most + 1);
        self.put(name);
        self.put("(");
        for _ in 0..count {
            if self.pick(4) == 1 {
                self.one_of(MAPS);
            } else {
                self.any();
            }
            self.put(", ");
        }
        self.put(")");
    }

    fn any(&mut self) {
        let at = self.pick(6);
        let kind = [Kind::Number, Kind::Text, Kind::Pair, Kind::Truth, Kind::Stack, Kind::Number][at];
        self.expr(kind);
    }

    /// A builtin whose type starts like this.
    fn builtin(&mut self, ty: &[&str]) {
        let anywhere = !self.seldom();
        let fits = |b: &&gprobe_compiler::builtins::Builtin| {
            ty.iter().any(|ty| b.shown_type.starts_with(ty)) && (b.scope == Scope::Everywhere || !anywhere)
        };
        let names: Vec<&str> = BUILTINS.iter().filter(fits).map(|b| b.name).collect();
        self.one_of(&names);
    }

    fn leaf(&mut self, kind: Kind) {
        match kind {
            Kind::Number => match self.pick(8) {
                1..=3 => self.builtin(&["int", "uint"]),
                4 => self.put("$1"),
                _ => self.one_of(NUMBERS),
            },
            Kind::Truth => match self.pick(4) {
                1 => self.put("pid != 0"),
                _ => self.one_of(&["true", "false", "1 > 0"]),
            },
            Kind::Text => match self.pick(4) {
                1 => self.builtin(&["string["]),
                2 if self.tracepoint => self.one_of(&["args.prev_comm", "str(args.file)"]),
                2 => self.put("str($2)"),
                _ => {
                    self.put("\"");
                    self.one_of(STRINGS);
                    self.put("\"");
                }
            },
            Kind::Pair => self.one_of(&["(1, \"a\")", "(pid, comm)", "(nsecs, \"x\")", "(1, comm)"]),
            Kind::Stack if self.stack => self.one_of(&["kstack", "ustack", "kstack(3)", "ustack(127)"]),
            Kind::Stack => self.leaf(Kind::Text),
        }
    }

    /// An expression that binds as one, of this kind as a rule.
    fn expr(&mut self, kind: Kind) {
        self.depth += 1;
        if self.depth < DEPTH && self.seldom() && self.seldom() {
            self.other();
            self.depth -= 1;
            return;
        }
        match kind {
            Kind::Number => self.number(),
            Kind::Truth => self.truth(),
            Kind::Text => self.text(),
            Kind::Pair => self.pair(),
            Kind::Stack => self.leaf(kind),
        }
        self.depth -= 1;
    }

    fn number(&mut self) {
        match self.production(4, 15) {
            0 | 1 => self.leaf(Kind::Number),
            2 if self.variables => self.one_of(&["$n", "$n", "$t.0", "$n++", "--$n"]),
            3 if self.tracepoint => self.one_of(&["args.prev_pid", "args.flags", "args.preempt"]),
            2 | 3 => self.leaf(Kind::Number),
            4..=7 => {
                self.put("(");
                self.expr(Kind::Number);
                self.put(" ");
                self.one_of(BINARY);
                self.put(" ");
                self.expr(Kind::Number);
                self.put(")");
            }
            8 => {
                self.one_of(&["-", "~", "!", "- -"]);
                self.expr(Kind::Number);
            }
            9 => {
                self.put("(");
                let types = if self.seldom() { OTHER_TYPES } else { TYPES };
                self.one_of(types);
                self.put(")");
                self.expr(Kind::Number);
            }
            10 => self.choice(Kind::Number),
            11 => {
                self.put("@n");
                self.key();
            }
            12 => self.one_of(&["@n[1, \"a\"]++", "--@n[pid, comm]", "@scalar++", "@scalar"]),
            13 => {
                self.expr(Kind::Pair);
                self.put(".0");
            }
            _ => {
                self.put("*(");
                self.one_of(&["uint64", "int8", "uint16", "int32"]);
                self.put("*)");
                self.expr(Kind::Number);
            }
        }
    }

    /// An expression of no kind, or without a meaning yet.
    fn other(&mut self) {
        match self.pick(6) {
            0 => self.one_of(&[
                "arg0",
                "retval",
                "goid",
                "$t.2",
                "$#",
                "args",
                "func",
                "sizeof(char*)",
                "offsetof(x, y)",
            ]),
            1 => {
                self.put("(");
                self.expr(Kind::Truth);
                self.put(")");
            }
            2 => {
                self.one_of(&["sizeof(", "comptime (", "typeinfo("]);
                self.any();
                self.put(")");
            }
            3 => {
                self.put("{ $v = ");
                self.expr(Kind::Number);
                self.put("; $v }");
            }
            4 => self.one_of(MAPS),
            _ => self.call(),
        }
    }

    fn truth(&mut self) {
        match self.production(2, 9) {
            0 => self.leaf(Kind::Truth),
            1 if self.variables => self.put("$b"),
            1..=3 => {
                self.expr(Kind::Number);
                self.put(" ");
                self.one_of(RELATION);
                self.put(" ");
                self.expr(Kind::Number);
            }
            4 => {
                self.expr(Kind::Text);
                self.put(" ");
                self.one_of(&["==", "!="]);
                self.put(" ");
                self.expr(Kind::Text);
            }
            5 => {
                self.put("(");
                self.expr(Kind::Truth);
                self.one_of(&[" && ", " || "]);
                self.expr(Kind::Truth);
                self.put(")");
            }
            6 => {
                self.put("!(");
                self.expr(Kind::Truth);
                self.put(")");
            }
            7 => {
                self.put("has_key(");
                self.one_of(MAPS);
                self.put(", (");
                self.expr(Kind::Number);
                self.put(", ");
                self.expr(Kind::Text);
                self.put("))");
            }
            _ => {
                self.put("@b");
                self.key();
            }
        }
    }

    fn text(&mut self) {
        match self.production(2, 8) {
            0 => self.leaf(Kind::Text),
            1 if self.variables => self.put("$s"),
            1 => self.leaf(Kind::Text),
            2 => {
                self.put("str(");
                self.expr(Kind::Number);
                if self.pick(2) == 1 {
                    self.put(", ");
                    self.expr(Kind::Number);
                }
                self.put(")");
            }
            3 => self.choice(Kind::Text),
            4 => {
                self.put("@s");
                self.key();
            }
            5 => {
                self.expr(Kind::Pair);
                self.put(".1");
            }
            6 if self.seldom() => {
                self.put("strftime(\"%H:%M\", ");
                self.expr(Kind::Number);
                self.put(")");
            }
            7 if self.seldom() => {
                self.one_of(&["usym(", "funcname("]);
                self.expr(Kind::Number);
                self.put(")");
            }
            _ => self.leaf(Kind::Text),
        }
    }

    fn pair(&mut self) {
        match self.production(2, 6) {
            0 => self.leaf(Kind::Pair),
            1 if self.variables => self.put("$t"),
            1 => self.leaf(Kind::Pair),
            2 | 3 => {
                self.put("(");
                self.expr(Kind::Number);
                self.put(", ");
                if self.seldom() {
                    self.any()
                } else {
                    self.expr(Kind::Text)
                };
                self.put(")");
            }
            4 => {
                self.put("@t");
                self.key();
            }
            _ => self.choice(Kind::Pair),
        }
    }

    fn choice(&mut self, kind: Kind) {
        self.put("(");
        self.expr(Kind::Truth);
        self.put(" ? ");
        self.expr(kind);
        self.put(" : ");
        self.expr(kind);
        self.put(")");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiled;

    #[test]
    fn most_scripts_parse_and_many_compile() {
        const SCRIPTS: usize = 500;
        let mut state = 1u64;
        let (mut parse, mut compile) = (0, 0);
        for length in 0..SCRIPTS {
            let mut bytes = Vec::new();
            for _ in 0..length {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bytes.push((state >> 56) as u8);
            }
            let text = script(&bytes);
            let parsed = gprobe_lang::parse(gprobe_lang::source::SourceId(0), &text);
            parse += usize::from(parsed.diagnostics.is_empty());
            compile += usize::from(
                compiled(&parsed.script, &gprobe_compiler::target::KernelFacts::newest()).is_ok(),
            );
        }
        assert!(parse > SCRIPTS * 9 / 10, "{parse} of {SCRIPTS} parse");
        assert!(compile > SCRIPTS / 4, "{compile} of {SCRIPTS} compile");
    }
}
