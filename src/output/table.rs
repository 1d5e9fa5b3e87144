//! Maps side by side: a row for each key that any of them has.

mod layout;
#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use gprobe_compiler::artifact::{MapInfo, MapValue, Type};
use gprobe_runtime::{MapDatum, MapEntry, Value};

use super::percentile::{Percentile, percentile};
use super::units::Unit;
use super::{Look, text};

pub(crate) use layout::{json, text, tsv};

/// Percentiles that a histogram is shown by.
const PERCENTILES: [(&str, u64); 4] = [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)];

/// Rows and columns, sorted and cut to what is shown.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    title: String,
    columns: Vec<Column>,
    /// Each with a cell for each column.
    rows: Vec<Vec<Cell>>,
    /// Rows that are left out.
    more: usize,
}

#[derive(Clone, Debug)]
struct Column {
    /// For people, and where the unit is said beside it.
    heading: String,
    /// With the unit's suffix.
    raw: String,
    unit: Unit,
    kind: Kind,
}

/// How a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// To the right.
    Number,
    /// To the left.
    Text,
    /// Below the row.
    Stack,
}

#[derive(Clone, Debug, PartialEq)]
enum Cell {
    /// The map has no such key.
    Nothing,
    Number(i128),
    /// Of a histogram: what its buckets tell.
    Percentile(Percentile),
    Value(Value),
}

/// What a table is made of: the title, headings of the key's parts if there are any, and how many rows.
pub(crate) struct Wanted<'a> {
    pub(crate) title: &'a str,
    pub(crate) headings: &'a [String],
    pub(crate) top: Option<u64>,
}

impl Table {
    /// The table of maps, each with its entries.
    pub(crate) fn new(wanted: &Wanted<'_>, maps: &[(&MapInfo, &[MapEntry])], look: &Look) -> Self {
        let alone = maps.len() == 1;
        let key = maps.iter().find(|(info, _)| !info.key.is_empty()).map(|(info, _)| info.key.as_slice());
        let mut columns = key_columns(key.unwrap_or_default(), wanted.headings);
        let widths: Vec<usize> = maps
            .iter()
            .map(|(info, _)| {
                let of_map = value_columns(info, alone);
                let width = of_map.len();
                columns.extend(of_map);
                width
            })
            .collect();
        let mut rows = joined(maps);
        rows.sort_by_cached_key(|row| row.order(look));
        let shown =
            wanted.top.and_then(|top| usize::try_from(top).ok()).unwrap_or(rows.len()).min(rows.len());
        let more = rows.len() - shown;
        rows.truncate(shown);
        let rows = rows.into_iter().map(|row| {
            let mut cells: Vec<Cell> = row.key.into_iter().map(cell).collect();
            for (datum, ((info, _), width)) in row.data.into_iter().zip(maps.iter().zip(&widths)) {
                let mut of_map = datum.map(|datum| value_cells(info, datum)).unwrap_or_default();
                of_map.resize(*width, Cell::Nothing);
                cells.extend(of_map);
            }
            cells
        });
        Self { title: wanted.title.to_owned(), columns, rows: rows.collect(), more }
    }
}

/// A key, and what each map has of it.
struct Row<'e> {
    key: Vec<Value>,
    data: Vec<Option<&'e MapDatum>>,
}

impl Row<'_> {
    /// Rows of the first map by its values, the largest first; then the others; else by key.
    fn order(&self, look: &Look) -> (bool, Reverse<i128>, Vec<Sorted>) {
        let first = self.data.first().copied().flatten();
        let rank = match first {
            Some(MapDatum::Value(value)) => plain_number(value).unwrap_or(0),
            Some(datum) => text::rank(datum),
            None => 0,
        };
        let key = self.key.iter().map(|part| match plain_number(part) {
            Some(n) => Sorted::Number(n),
            None => Sorted::Text(text::value(part, look)),
        });
        (first.is_none(), Reverse(rank), key.collect())
    }
}

/// Numbers by their value, text by its letters.
#[derive(PartialEq, Eq)]
enum Sorted {
    Number(i128),
    Text(String),
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The maps' entries by their keys.
fn joined<'e>(maps: &[(&MapInfo, &'e [MapEntry])]) -> Vec<Row<'e>> {
    let mut rows: Vec<Row<'e>> = Vec::new();
    let mut places: HashMap<Vec<Value>, usize> = HashMap::new();
    for (at, (_, entries)) in maps.iter().enumerate() {
        for entry in *entries {
            let key: Vec<Value> = entry.key.iter().map(same_number).collect();
            let place = *places.entry(key.clone()).or_insert_with(|| {
                rows.push(Row { key, data: vec![None; maps.len()] });
                rows.len() - 1
            });
            if let Some(slot) = rows.get_mut(place).and_then(|row| row.data.get_mut(at)) {
                *slot = Some(&entry.datum);
            }
        }
    }
    rows
}

/// One form for a number, signed or not.
fn same_number(value: &Value) -> Value {
    match value {
        Value::Int(n) => u64::try_from(*n).map_or(Value::Int(*n), Value::UInt),
        other => other.clone(),
    }
}

/// The number of what is one in the script.
fn plain_number(value: &Value) -> Option<i128> {
    Some(match value {
        Value::Int(n) | Value::Duration(n) | Value::Size(n) => i128::from(*n),
        Value::UInt(n) => i128::from(*n),
        _ => return None,
    })
}

fn cell(value: Value) -> Cell {
    plain_number(&value).map_or_else(|| Cell::Value(value), Cell::Number)
}

fn value_cells(info: &MapInfo, datum: &MapDatum) -> Vec<Cell> {
    match datum {
        MapDatum::Value(Value::Tuple(parts)) => parts.iter().cloned().map(cell).collect(),
        MapDatum::Value(Value::Record(parts)) => parts.iter().map(|(_, part)| cell(part.clone())).collect(),
        MapDatum::Value(value) => vec![cell(value.clone())],
        MapDatum::Number(n) => vec![Cell::Number(*n)],
        MapDatum::Average { count, total } => vec![Cell::Number(text::average(*count, *total))],
        MapDatum::Stats { count, total } => {
            [i128::from(*count), text::average(*count, *total), *total].map(Cell::Number).to_vec()
        }
        MapDatum::Buckets(buckets) => {
            let of = |percent| match percentile(&info.value, buckets, percent) {
                Some(Percentile::About(n)) => Cell::Number(n),
                Some(open) => Cell::Percentile(open),
                None => Cell::Nothing,
            };
            PERCENTILES.iter().map(|(_, percent)| of(*percent)).collect()
        }
        _ => Vec::new(),
    }
}

/// How values of a type stand, where they are no parts of others.
fn kind_of(ty: &Type) -> Kind {
    match ty {
        Type::Int { .. } | Type::Duration | Type::Size => Kind::Number,
        Type::UserStack { .. } | Type::KernelStack { .. } | Type::GoStack { .. } => Kind::Stack,
        _ => Kind::Text,
    }
}

fn key_columns(key: &[Type], headings: &[String]) -> Vec<Column> {
    let parts = key.iter().enumerate().map(|(at, ty)| {
        let heading = headings.get(at).cloned().unwrap_or_default();
        let raw = match (heading.is_empty(), key.len()) {
            (false, _) => heading.clone(),
            (true, 1) => "key".to_owned(),
            (true, _) => format!("key{}", at + 1),
        };
        // A number in a key is an id more often than not.
        Column { heading, raw, unit: Unit::Id, kind: kind_of(ty) }
    });
    parts.collect()
}

/// The columns of a map; `alone` in the table, its parts need not say whose they are.
fn value_columns(info: &MapInfo, alone: bool) -> Vec<Column> {
    let full = info.name.trim_start_matches('@');
    let (name, unit) = Unit::of_name(full);
    let own = match (&info.value, full.is_empty()) {
        (_, false) => name,
        (MapValue::Plain(_), _) => "value",
        (MapValue::Count, _) => "count",
        (MapValue::Sum { .. }, _) => "sum",
        (MapValue::Avg { .. }, _) => "avg",
        (MapValue::Min { .. }, _) => "min",
        (MapValue::Max { .. }, _) => "max",
        _ => "",
    };
    let suffix = full.get(name.len()..).unwrap_or_default();
    let number = |heading: &str, suffix: &str, unit| Column {
        heading: heading.to_owned(),
        raw: format!("{heading}{suffix}"),
        unit,
        kind: Kind::Number,
    };
    let part = |part: &str, of_values: bool| {
        let (unit, suffix) = if of_values { (unit, suffix) } else { (Unit::None, "") };
        let (heading, raw) = match alone || own.is_empty() {
            true => (part.to_owned(), format!("{part}{suffix}")),
            false => (format!("{own} {part}"), format!("{own}_{part}{suffix}")),
        };
        Column { heading, raw, unit, kind: Kind::Number }
    };
    match &info.value {
        MapValue::Stats { .. } => vec![part("count", false), part("avg", true), part("total", true)],
        MapValue::Hist { .. } | MapValue::LHist { .. } => {
            PERCENTILES.iter().map(|(name, _)| part(name, true)).collect()
        }
        MapValue::TSeries(_) => Vec::new(),
        MapValue::Plain(Type::Tuple(parts)) => {
            let of_part =
                parts.iter().enumerate().map(|(at, ty)| plain(&format!("{own}.{at}"), "", Unit::None, ty));
            of_part.collect()
        }
        MapValue::Plain(Type::Record(parts)) => {
            let of_part = parts.iter().map(|(full, ty)| {
                let (name, unit) = Unit::of_name(full);
                plain(name, full.get(name.len()..).unwrap_or_default(), unit, ty)
            });
            of_part.collect()
        }
        MapValue::Plain(ty) => vec![plain(own, suffix, unit, ty)],
        _ => vec![number(own, suffix, unit)],
    }
}

/// The column of a value as it is.
fn plain(name: &str, suffix: &str, unit: Unit, ty: &Type) -> Column {
    let (unit, suffix) = match ty {
        Type::Duration => (Unit::Time { ns: 1 }, "_ns"),
        Type::Size => (Unit::Bytes, "_bytes"),
        _ => (unit, suffix),
    };
    Column { heading: name.to_owned(), raw: format!("{name}{suffix}"), unit, kind: kind_of(ty) }
}
