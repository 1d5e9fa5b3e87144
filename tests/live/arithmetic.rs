//! What the kernel calculates is what the language says: random arithmetic on all widths, against Rust's own.

use gprobe_testkit::generate::Source;

use super::kit::gprobe;

/// Calculations of one run; what one probe holds.
const PROBES: usize = 60;
const EACH: usize = 40;

/// An integer type: how it is written, its bits, whether it has a sign.
#[derive(Clone, Copy)]
struct Int(&'static str, u32, bool);

const INTS: [Int; 8] = [
    Int("int8", 8, true),
    Int("uint8", 8, false),
    Int("int16", 16, true),
    Int("uint16", 16, false),
    Int("int32", 32, true),
    Int("uint32", 32, false),
    Int("int64", 64, true),
    Int("uint64", 64, false),
];

impl Int {
    /// The low bits of a number, as this type has them.
    fn of(self, bits: u64) -> i128 {
        let cut = if self.1 == 64 { bits } else { bits & ((1 << self.1) - 1) };
        let negative = self.2 && cut >> (self.1 - 1) & 1 == 1;
        i128::from(cut) - if negative { 1i128 << self.1 } else { 0 }
    }
}

/// What `a op b` gives in 64 bits, and whether the result has a sign: that of both where they agree, and a
/// sign where they do not.
fn reference(op: &str, a: i128, b: i128, signed: bool) -> i128 {
    let wrap = |value: i128| if signed { i128::from(value as i64) } else { i128::from(value as u64) };
    let truth = i128::from;
    match op {
        "+" => wrap(a + b),
        "-" => i128::from((a - b) as i64),
        "*" => wrap(a.wrapping_mul(b)),
        "/" if b == 0 => 1,
        "%" if b == 0 => 1,
        "/" => wrap(a / b),
        "%" => wrap(a % b),
        "&" => wrap(a & b),
        "|" => wrap(a | b),
        "^" => wrap(a ^ b),
        "<" => truth(a < b),
        "<=" => truth(a <= b),
        ">" => truth(a > b),
        ">=" => truth(a >= b),
        "==" => truth(a == b),
        _ => truth(a != b),
    }
}

#[test]
fn all_operators_give_what_the_language_says_on_all_widths() {
    const OPS: &[&str] = &["+", "-", "*", "/", "%", "&", "|", "^", "<", "<=", ">", ">=", "==", "!="];
    let mut source = Source::new(20);
    let (mut script, mut wanted) = (String::new(), Vec::new());
    for probe in 0..PROBES {
        script.push_str("begin {\n");
        for line in 0..EACH {
            let ty = *source.one_of(&INTS);
            let (a, b) = (source.number(), source.number());
            let op = *source.one_of(OPS);
            let (x, y) = (ty.of(a), ty.of(b));
            // From a map, so that the kernel calculates and not the compiler.
            script.push_str(&format!(
                "@x = (uint64){a}; @y = (uint64){b}; printf(\"%lld\\n\", (int64)(({0})@x {op} ({0})@y));\n",
                ty.0
            ));
            let result = reference(op, x, y, ty.2);
            let what = format!("{}.{}: ({2}){a} {op} ({2}){b}", probe, line, ty.0);
            wanted.push((what, (result as u64).cast_signed()));
        }
        script.push_str("}\n");
    }
    compare(&script, &wanted);
}

#[test]
fn shifts_and_casts_give_what_the_language_says() {
    let mut source = Source::new(21);
    let (mut script, mut wanted) = (String::new(), Vec::new());
    for probe in 0..PROBES {
        script.push_str("begin {\n");
        for line in 0..EACH {
            let (from, to) = (*source.one_of(&INTS), *source.one_of(&INTS));
            let (value, by) = (source.number(), source.below(64));
            let left = source.chance(2);
            let op = if left { "<<" } else { ">>" };
            script.push_str(&format!(
                "@x = (uint64){value}; @y = (uint64){by}; printf(\"%lld\\n\", (int64)({})((({})@x) {op} @y));\n",
                to.0, from.0
            ));
            let start = from.of(value);
            let shifted = match (left, from.2) {
                (true, _) => (start as u64).wrapping_shl(by as u32),
                (false, true) => ((start as i64) >> by).cast_unsigned(),
                (false, false) => (start as u64) >> by,
            };
            let what = format!("{probe}.{line}: ({})(({}){value} {op} {by})", to.0, from.0);
            wanted.push((what, (to.of(shifted) as u64).cast_signed()));
        }
        script.push_str("}\n");
    }
    compare(&script, &wanted);
}

fn compare(script: &str, wanted: &[(String, i64)]) {
    let script = format!("config = {{ print_maps_on_exit = false }}\n{script}\nbegin {{ exit(); }}");
    let file = tempfile::Builder::new().suffix(".gp").tempfile().expect("a file");
    std::fs::write(file.path(), script).expect("written");
    let output = gprobe().args(["-q".as_ref(), file.path().as_os_str()]).run().success();
    let found: Vec<i64> = output.stdout.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(found.len(), wanted.len(), "{}", output.stderr);
    let differ: Vec<String> = wanted
        .iter()
        .zip(&found)
        .filter(|((_, wanted), found)| wanted != *found)
        .map(|((what, wanted), found)| format!("{what} is {wanted}, and the kernel gave {found}"))
        .collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), wanted.len(), differ.join("\n"));
}
