//! What a table looks like: for people, as JSON, and separated by tabs.

use std::fmt::Write as _;

use gprobe_runtime::Value;
use serde_json::{Map, Value as Json, json as object};

use super::super::percentile::Percentile;
use super::super::scene::Scene;
use super::super::{Look, json as values, text as texts, tsv as tabbed};
use super::{Cell, Column, Kind, Table};

/// Between two columns.
const GAP: &str = "  ";
/// No column of text is cut below this.
const LEAST: usize = 12;

/// The table for people.
pub(crate) fn text(table: &Table, scene: &Scene, look: &Look) -> String {
    let mut out = scene.headline(&on_a_line(&table.title), true);
    out.push('\n');
    if table.rows.is_empty() {
        out.push_str("(nothing)\n");
    } else {
        rows(table, scene.columns(), look, &mut out);
    }
    if table.more > 0 {
        let _ = writeln!(out, "({} more {})", table.more, if table.more == 1 { "row" } else { "rows" });
    }
    out
}

fn rows(table: &Table, terminal: Option<usize>, look: &Look, out: &mut String) {
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns.get(*at).is_some_and(|c| c.kind != Kind::Stack))
        .collect();
    let columns: Vec<&Column> = shown.iter().filter_map(|at| table.columns.get(*at)).collect();
    let head: Vec<String> = columns.iter().map(|column| on_a_line(&column.heading)).collect();
    let body: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = shown.iter().filter_map(|at| row.get(*at)).zip(&columns);
            cells.map(|(cell, column)| on_a_line(&cell_text(cell, column, look))).collect()
        })
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|text| text.chars().count()).collect();
    for row in &body {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    if let Some(terminal) = terminal {
        fit(&mut widths, &columns, terminal);
    }
    if head.iter().any(|text| !text.is_empty()) {
        out.push_str(&line(&head, &columns, &widths));
    }
    for (row, cells) in body.iter().zip(&table.rows) {
        out.push_str(&line(row, &columns, &widths));
        for cell in cells {
            if let Cell::Value(stack @ Value::Stack { .. }) = cell {
                frames(stack, look).iter().for_each(|frame| {
                    let _ = writeln!(out, "    {}", on_a_line(frame));
                });
            }
        }
    }
}

/// Makes columns of text narrower, the widest first, until a row fits.
fn fit(widths: &mut [usize], columns: &[&Column], terminal: usize) {
    loop {
        let all: usize = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let texts = widths.iter_mut().zip(columns).filter(|(_, column)| column.kind == Kind::Text);
        match texts.map(|(width, _)| width).max_by_key(|width| **width) {
            Some(widest) if all > terminal && *widest > LEAST => *widest -= 1,
            _ => return,
        }
    }
}

fn line(cells: &[String], columns: &[&Column], widths: &[usize]) -> String {
    let cells = cells.iter().zip(columns).zip(widths).map(|((text, column), width)| {
        let text = cut(text, *width);
        match column.kind {
            Kind::Number => format!("{text:>width$}"),
            _ => format!("{text:<width$}"),
        }
    });
    let line = cells.collect::<Vec<_>>().join(GAP);
    format!("{}\n", line.trim_end())
}

/// Text that is too long without its middle: both ends of a function's name tell it from others.
fn cut(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let head: String = text.chars().take(kept / 2).collect();
    let tail: String = text.chars().skip(count - (kept - kept / 2)).collect();
    format!("{head}\u{2026}{tail}")
}

fn cell_text(cell: &Cell, column: &Column, look: &Look) -> String {
    match cell {
        Cell::Nothing => "-".to_owned(),
        Cell::Number(n) => column.unit.show(*n),
        Cell::Percentile(Percentile::About(n)) => column.unit.show(*n),
        Cell::Percentile(Percentile::Below(n)) => format!("< {}", column.unit.show(*n)),
        Cell::Percentile(Percentile::From(n)) => format!(">= {}", column.unit.show(*n)),
        Cell::Value(value) => texts::value(value, look),
    }
}

/// What a target wrote, on one line, and without a way to steer the terminal.
fn on_a_line(text: &str) -> String {
    texts::escape(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// A stack's frames as `print` writes them, without what they stand in.
fn frames(stack: &Value, look: &Look) -> Vec<String> {
    texts::value(stack, look)
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// The table as one JSON object.
pub(crate) fn json(table: &Table, scene: &Scene, look: &Look) -> Json {
    let columns = table.columns.iter().map(|column| {
        let name = if column.heading.is_empty() { &column.raw } else { &column.heading };
        let mut about = Map::new();
        about.insert("name".into(), name.as_str().into());
        if !column.unit.name().is_empty() {
            about.insert("unit".into(), column.unit.name().into());
        }
        Json::Object(about)
    });
    let cell = |cell: &Cell| match cell {
        Cell::Number(n) | Cell::Percentile(Percentile::About(n)) => values::integer(*n),
        Cell::Nothing | Cell::Percentile(_) => Json::Null,
        Cell::Value(stack @ Value::Stack { .. }) => Json::from(frames(stack, look)),
        // A function, a state: what has a name is named.
        Cell::Value(Value::Enum { name: Some(name), .. }) => Json::from(name.as_str()),
        Cell::Value(value) => values::value(value, look),
    };
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect::<Json>());
    object!({
        "type": "table",
        "title": table.title,
        "columns": columns.collect::<Json>(),
        "rows": rows.collect::<Json>(),
        "more": table.more,
        "target": scene.what(),
        "elapsed_ns": scene.elapsed_ns(),
    })
}

/// The table with tabs between its columns.
pub(crate) fn tsv(table: &Table, scene: &Scene, look: &Look) -> String {
    let mut out = format!("# {}\n", on_a_line(&scene.headline(&table.title, false)));
    let head: Vec<String> = table.columns.iter().map(|column| tabbed::escape(&column.raw)).collect();
    out.push_str(&(head.join("\t") + "\n"));
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Number(n) | Cell::Percentile(Percentile::About(n)) => n.to_string(),
            Cell::Nothing | Cell::Percentile(_) => String::new(),
            Cell::Value(stack @ Value::Stack { .. }) => tabbed::escape(&frames(stack, look).join(";")),
            Cell::Value(value) => tabbed::escape(&texts::value(value, look)),
        });
        out.push_str(&(cells.collect::<Vec<_>>().join("\t") + "\n"));
    }
    if table.more > 0 {
        let _ = writeln!(out, "# {} more {}", table.more, if table.more == 1 { "row" } else { "rows" });
    }
    out
}
