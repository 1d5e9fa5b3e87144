//! How types are joined, and what is known of each map while all of its uses are read.

use gprobe_lang::source::Span;

use super::limits::has_no_end;
use super::typed::Ty;
use crate::artifact::{MapValue, TSeries, Type};

/// The type that can hold values of both; `None` where there is none.
pub(crate) fn join(a: &Ty, b: &Ty) -> Option<Ty> {
    joined(a, b).filter(|ty| !has_no_end(ty))
}

fn joined(a: &Ty, b: &Ty) -> Option<Ty> {
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (Ty::Unknown, other) | (other, Ty::Unknown) => Some(other.clone()),
        (Ty::Literal(x), Ty::Literal(y)) => Some(Ty::Literal(*x.max(y))),
        (Ty::Literal(n), Ty::Value(Type::Int { bytes, signed }))
        | (Ty::Value(Type::Int { bytes, signed }), Ty::Literal(n)) => Some(Ty::int(*bytes.max(n), *signed)),
        (Ty::Record(x), Ty::Record(y)) if x.len() == y.len() => {
            let names = x.iter().zip(y).map(|((name, x), (other, y))| {
                (name == other).then(|| joined(x, y)).flatten().map(|ty| (name.clone(), ty))
            });
            names.collect::<Option<Vec<_>>>().map(Ty::Record)
        }
        (Ty::Value(Type::Buf { max: x }), Ty::Value(Type::Buf { max: y })) => {
            Some(Ty::Value(Type::Buf { max: *x.max(y) }))
        }
        (Ty::Value(Type::KernelStack { depth: x, mode }), Ty::Value(Type::KernelStack { depth: y, .. })) => {
            Some(Ty::Value(Type::KernelStack { depth: *x.max(y), mode: *mode }))
        }
        (Ty::Tuple(x), Ty::Tuple(y)) if x.len() == y.len() => {
            x.iter().zip(y).map(|(x, y)| joined(x, y)).collect::<Option<Vec<_>>>().map(Ty::Tuple)
        }
        (Ty::Value(Type::Str { max: x }), Ty::Value(Type::Str { max: y })) => Some(Ty::string(*x.max(y))),
        (Ty::Value(Type::UserStack { depth: x, mode }), Ty::Value(Type::UserStack { depth: y, .. })) => {
            Some(Ty::Value(Type::UserStack { depth: *x.max(y), mode: *mode }))
        }
        (Ty::Value(Type::GoStack { depth: x, mode }), Ty::Value(Type::GoStack { depth: y, .. })) => {
            Some(Ty::Value(Type::GoStack { depth: *x.max(y), mode: *mode }))
        }
        (Ty::Pointer(_), Ty::Pointer(_)) => Some(Ty::Value(Type::Pointer)),
        (Ty::Pointer(_) | Ty::Value(Type::Pointer), other)
        | (other, Ty::Pointer(_) | Ty::Value(Type::Pointer))
            if other.is_scalar()
                && (other.is_integer() || matches!(other, Ty::Pointer(_) | Ty::Value(Type::Pointer))) =>
        {
            Some(Ty::Value(Type::Pointer))
        }
        (x, y) if x.is_integer() && y.is_integer() => Some(match (x, y) {
            (Ty::Value(Type::Int { bytes, signed }), Ty::Value(Type::Int { bytes: more, signed: other }))
                if signed == other =>
            {
                Ty::int(*bytes.max(more), *signed)
            }
            _ => Ty::int(8, x.is_signed() || y.is_signed()),
        }),
        _ => None,
    }
}

/// What is known of a map so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MapState {
    /// Without the `@`.
    pub(super) name: String,
    /// The key's parts, once a use said.
    pub(super) key: Option<Vec<Ty>>,
    /// What it holds, once an assignment said.
    pub(super) value: Option<Held>,
    /// Its first use.
    pub(super) first: Span,
    /// Its first use in the script that is being resolved.
    pub(super) here: Option<Span>,
    /// Of which kind it is declared, and with room for how many elements.
    pub(super) declared: Option<(crate::ir::MapKind, u32)>,
    /// Whether anything but its own declaration and `delete` names it.
    pub(super) read: bool,
    /// Whether a table shows it.
    pub(super) tabled: bool,
    /// Whether something is assigned to it, be it in vain.
    pub(super) tried: bool,
}

/// What a map holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    /// Values as they are.
    Plain(Ty),
    /// An aggregation.
    Aggregate(MapValue),
}

impl Held {
    /// How diagnostics call it.
    pub(super) fn describe(&self) -> String {
        match self {
            Held::Plain(ty) => ty.describe(),
            Held::Aggregate(MapValue::Count) => "count()".into(),
            Held::Aggregate(MapValue::Sum { .. }) => "sum()".into(),
            Held::Aggregate(MapValue::Avg { .. }) => "avg()".into(),
            Held::Aggregate(MapValue::Min { .. }) => "min()".into(),
            Held::Aggregate(MapValue::Max { .. }) => "max()".into(),
            Held::Aggregate(MapValue::Stats { .. }) => "stats()".into(),
            Held::Aggregate(MapValue::Hist { bits: 0 }) => "hist()".into(),
            Held::Aggregate(MapValue::Hist { bits }) => format!("hist() with {bits} bits"),
            Held::Aggregate(MapValue::LHist { min, max, step }) => {
                format!("lhist() of {min}..{max} by {step}")
            }
            Held::Aggregate(MapValue::TSeries(_)) => "tseries()".into(),
            Held::Aggregate(MapValue::Plain(ty)) => format!("values of type {ty}"),
        }
    }

    /// What holds both; signedness of aggregations is joined.
    pub(super) fn join(&self, other: &Held) -> Option<Held> {
        use MapValue::{Avg, Max, Min, Stats, Sum};
        match (self, other) {
            (Held::Plain(a), Held::Plain(b)) => join(a, b).map(Held::Plain),
            (Held::Aggregate(a), Held::Aggregate(b)) => match (a, b) {
                (Sum { signed: x }, Sum { signed: y }) => Some(Sum { signed: x | y }),
                (Avg { signed: x }, Avg { signed: y }) => Some(Avg { signed: x | y }),
                (Min { signed: x }, Min { signed: y }) => Some(Min { signed: x | y }),
                (Max { signed: x }, Max { signed: y }) => Some(Max { signed: x | y }),
                (Stats { signed: x }, Stats { signed: y }) => Some(Stats { signed: x | y }),
                (MapValue::TSeries(x), MapValue::TSeries(y)) => {
                    let joined = TSeries { signed: x.signed | y.signed, ..*x };
                    (joined == TSeries { signed: joined.signed, ..*y }).then_some(MapValue::TSeries(joined))
                }
                (a, b) if a == b => Some(a.clone()),
                _ => None,
            }
            .map(Held::Aggregate),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_widen_and_strings_grow() {
        let small = Ty::int(4, false);
        assert_eq!(join(&small, &Ty::I64), Some(Ty::I64));
        assert_eq!(join(&small, &Ty::Literal(1)), Some(small.clone()));
        assert_eq!(join(&small, &Ty::int(2, false)), Some(small));
        assert_eq!(join(&Ty::string(4), &Ty::string(16)), Some(Ty::string(16)));
        assert_eq!(join(&Ty::Unknown, &Ty::BOOL), Some(Ty::BOOL));
    }

    #[test]
    fn a_string_and_a_number_do_not_join() {
        assert_eq!(join(&Ty::string(4), &Ty::U64), None);
        assert_eq!(join(&Ty::Tuple(vec![Ty::U64]), &Ty::Tuple(vec![Ty::U64, Ty::U64])), None);
    }

    #[test]
    fn different_aggregations_of_one_map_do_not_join() {
        let count = Held::Aggregate(MapValue::Count);
        assert_eq!(count.join(&Held::Aggregate(MapValue::Sum { signed: true })), None);
        assert_eq!(count.join(&Held::Plain(Ty::U64)), None);
    }
}
