//! Kinds of values that scripts are made of.

use super::Source;

/// A kind of value. Numbers of all widths are one kind: they convert into each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Int,
    Bool,
    Str,
    Tuple(Vec<Kind>),
    Record(Vec<(String, Kind)>),
    Buf,
    /// A C array of integers: their type, their bytes, how many.
    Array(&'static str, u32, u32),
    /// A C struct, by its index.
    Struct(usize),
    /// A pointer to one.
    Pointer(usize),
    Inet,
    Stack(&'static str),
    Symbol(&'static str),
    Mac,
}

/// C's integers: how they are written, and their bytes.
pub(super) const INTS: &[(&str, u32)] = &[
    ("int8", 1),
    ("uint8", 1),
    ("int16", 2),
    ("uint16", 2),
    ("int32", 4),
    ("uint32", 4),
    ("int64", 8),
    ("uint64", 8),
];

/// A struct that the script declares.
#[derive(Clone, Debug)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) fields: Vec<(String, Kind)>,
}

impl Kind {
    /// Any kind that maps can hold, in which tuples nest `depth` deep.
    pub(super) fn random(source: &mut Source, structs: &[Struct], depth: usize) -> Kind {
        let nested = |source: &mut Source| Kind::random(source, structs, depth.saturating_sub(1));
        match source.below(if depth > 0 { 22 } else { 17 }) {
            0..=6 => Kind::Int,
            7 | 8 => Kind::Bool,
            9..=11 => Kind::Str,
            12 => Kind::Buf,
            13 => Kind::array(source),
            14 if !structs.is_empty() => Kind::Struct(source.below(structs.len())),
            15 if !structs.is_empty() => Kind::Pointer(source.below(structs.len())),
            16 => source.one_of(&[Kind::Inet, Kind::Symbol("usym"), Kind::Symbol("ksym"), Kind::Mac]).clone(),
            17..=19 => Kind::Tuple((0..1 + source.below(3)).map(|_| nested(source)).collect()),
            20 | 21 => {
                let count = 1 + source.below(3);
                Kind::Record((0..count).map(|field| (format!("f{field}"), nested(source))).collect())
            }
            _ => Kind::Int,
        }
    }

    /// An array that a number can be cast to.
    fn array(source: &mut Source) -> Kind {
        let (name, bytes) = *source.one_of(INTS);
        Kind::Array(name, bytes, 8 / bytes)
    }

    /// Whether values of it can be compared by `==`.
    pub(super) fn is_comparable(&self) -> bool {
        match self {
            Kind::Int | Kind::Bool | Kind::Str => true,
            Kind::Tuple(parts) => parts.iter().all(Kind::is_comparable),
            Kind::Record(parts) => parts.iter().all(|(_, part)| part.is_comparable()),
            _ => false,
        }
    }
}

impl Struct {
    /// A struct or a union with all kinds of fields, and how it is declared.
    pub(super) fn random(source: &mut Source, index: usize, others: &[Struct]) -> (Struct, String) {
        let word = if source.chance(5) { "union" } else { "struct" };
        let name = format!("{word} s{index}");
        let mut fields = Vec::new();
        let mut text = format!("{name} {{ ");
        for field in 0..1 + source.below(5) {
            let at = format!("f{field}");
            let (declared, kind) = match source.below(9) {
                0 => (format!("char {at}[{}]", 1 + source.below(20)), Kind::Str),
                1 => {
                    let ((ty, bytes), len) = (*source.one_of(INTS), 1 + source.below(5) as u32);
                    (format!("{ty} {at}[{len}]"), Kind::Array(ty, bytes, len))
                }
                2 if word == "struct" => {
                    let ty = *source.one_of(&["unsigned int", "int", "unsigned long"]);
                    (format!("{ty} {at} : {}", 1 + source.below(13)), Kind::Int)
                }
                3 if !others.is_empty() => {
                    let other = source.below(others.len());
                    (format!("{} *{at}", others[other].name), Kind::Pointer(other))
                }
                4 if !others.is_empty() => {
                    let other = source.below(others.len());
                    (format!("{} {at}", others[other].name), Kind::Struct(other))
                }
                5 => (format!("bool {at}"), Kind::Bool),
                _ => (format!("{} {at}", source.one_of(INTS).0), Kind::Int),
            };
            text.push_str(&declared);
            text.push_str("; ");
            fields.push((at, kind));
        }
        text.push_str("};\n");
        (Struct { name, fields }, text)
    }
}
