//! The runtime's structs where there is no debug information: a table of what Go's releases have.
//!
//! `layouts.txt` is made by `cargo xtask layouts` from programs built with real toolchains. A release that is not in
//! it is held to be like its nearest neighbour, as far as the file's own code agrees; what is believed is checked
//! again on the live process.

use crate::binary::Binary;
use crate::error::Reason;
use crate::evidence::{Evidence, Evidenced};
use crate::go::offsets::RuntimeOffsets;
use crate::go::version::GoVersion;
use crate::go::witness;

const TABLE: &str = include_str!("layouts.txt");

/// A line of the table: releases that have one layout.
struct Row {
    releases: Vec<GoVersion>,
    /// By the order of the fields' names; `None`: there is no such field.
    offsets: Vec<Option<u64>>,
}

struct Layouts {
    fields: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Layouts {
    fn read() -> Self {
        let mut fields = Vec::new();
        let mut rows = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace();
            let Some(first) = words.next() else { continue };
            if first == "fields" {
                fields = words.collect();
                continue;
            }
            let releases = first.split(',').filter_map(|text| GoVersion::parse(&format!("go{text}")));
            let offsets = words.map(|word| word.parse().ok());
            rows.push(Row { releases: releases.collect(), offsets: offsets.collect() });
        }
        Self { fields, rows }
    }

    fn offsets(&self, row: &Row, evidence: Evidence) -> Option<RuntimeOffsets> {
        RuntimeOffsets::by_table(row.releases.last()?, &|name| {
            let index = self.fields.iter().position(|field| *field == name)?;
            let value = row.offsets.get(index).copied().flatten()?;
            Some(Evidenced::new(value, evidence))
        })
    }
}

/// How far a release is from another: first by minor release, then by patch release.
fn distance(a: &GoVersion, b: &GoVersion) -> (u32, u32, u32) {
    (a.major.abs_diff(b.major), a.minor.abs_diff(b.minor), a.patch.abs_diff(b.patch))
}

/// The layout of the nearest release that the file's code agrees with.
pub(crate) fn choose(binary: &Binary) -> Result<RuntimeOffsets, Reason> {
    let version = binary.go_version().ok_or(Reason::NotGo)?;
    let layouts = Layouts::read();
    let mut rows: Vec<(&Row, (u32, u32, u32))> = layouts
        .rows
        .iter()
        .filter_map(|row| Some((row, row.releases.iter().map(|it| distance(it, version)).min()?)))
        .collect();
    rows.sort_by_key(|(_, distance)| *distance);
    let mut refused = None;
    for (row, distance) in rows {
        // A development version stands for no release.
        let same = distance == (0, 0, 0) && !version.text.starts_with("devel");
        let evidence = if same { Evidence::Table } else { Evidence::NearTable };
        let Some(offsets) = layouts.offsets(row, evidence) else { continue };
        match witness::disagreement(binary, &offsets) {
            None => return Ok(offsets),
            Some(field) => refused = refused.or(Some(field)),
        }
    }
    Err(Reason::UnknownRuntime { version: version.text.clone(), field: refused.unwrap_or("g").to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_has_every_field() {
        let layouts = Layouts::read();
        assert!(layouts.rows.len() >= 8, "{} rows", layouts.rows.len());
        for row in &layouts.rows {
            assert!(!row.releases.is_empty());
            assert_eq!(row.offsets.len(), layouts.fields.len());
            assert!(layouts.offsets(row, Evidence::Table).is_some(), "{:?}", row.releases);
        }
    }

    #[test]
    fn a_neighbour_is_near_by_its_minor_release_first() {
        let version = |text: &str| GoVersion::parse(text).unwrap();
        let near = distance(&version("go1.24.9"), &version("go1.24.11"));
        assert!(near < distance(&version("go1.24.9"), &version("go1.25.9")));
    }
}
