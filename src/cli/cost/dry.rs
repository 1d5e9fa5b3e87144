//! `--dry-run` on running processes: what the script would cost, counted for a moment.

use std::collections::BTreeSet;
use std::time::Duration;

use gprobe_compiler::artifact::{Artifact, Attach, SiteInfo};
use gprobe_runtime::cost::{Price, ProgramSpent, price};
use gprobe_symbols::Cost;

use super::amounts::{percent, time};
use crate::cli::args::Run;
use crate::cli::{Failure, say};
use crate::output::units::thousands;
use crate::session::{Measured, Script, Session};

/// How long hits are counted.
const MOMENT: Duration = Duration::from_millis(100);
/// From here on a share of one CPU is much.
const MUCH: f64 = 0.05;
/// So many probes have a line of their own.
const LINES: usize = 20;

/// Counts for a moment, where there is a target to count on, and says what came of it.
pub(crate) fn run(args: &Run, session: &mut Session, script: &Script) -> Result<(), Failure> {
    let running = args.target.command.is_none() && (!args.target.pid.is_empty() || args.target.exe.is_some());
    if args.quiet || !running {
        return Ok(());
    }
    // What is wrong with it, its own programs have already shown.
    let Ok(Some(measured)) = session.measure(script, MOMENT) else { return Ok(()) };
    let Measured { artifact, spent, took, .. } = measured;
    let returns = |attach: &Attach| matches!(attach, Attach::Uprobe { ret: true, .. });
    let price = price(artifact.programs.iter().any(|program| returns(&program.attach)));
    let rows = rows(&artifact, &spent.programs, price.as_ref().ok(), took);
    table(&rows, price.is_ok()).iter().for_each(|line| say(line));
    if let Err(why) = &price {
        say(&format!("what a hit takes can't be measured here: {why}"));
    }
    Ok(())
}

/// What is said of a probe.
#[derive(Debug, Default, PartialEq)]
struct Row {
    title: String,
    places: usize,
    kinds: BTreeSet<&'static str>,
    hits_a_second: f64,
    /// Of one CPU.
    share: f64,
}

/// A row for each probe, dearest first.
fn rows(artifact: &Artifact, spent: &[ProgramSpent], price: Option<&Price>, took: Duration) -> Vec<Row> {
    let seconds = took.as_secs_f64();
    let mut rows: Vec<Row> = Vec::new();
    for program in spent {
        let Some(info) = artifact.programs.get(program.program) else { continue };
        let at = rows.iter().position(|row| row.title == info.title).unwrap_or_else(|| {
            rows.push(Row { title: info.title.clone(), ..Row::default() });
            rows.len() - 1
        });
        let Some(row) = rows.get_mut(at) else { continue };
        match &info.attach {
            Attach::Uprobe { sites, ret, .. } => {
                row.places += sites.len();
                row.kinds.extend(sites.iter().map(|site| kind(site, *ret)));
            }
            _ => {
                row.places += 1;
                row.kinds.insert("no trap");
            }
        }
        let ns: f64 = price.map_or(0.0, |price| program.traps_ns(price));
        row.hits_a_second += program.all_hits() as f64 / seconds;
        row.share += ns / took.as_nanos() as f64;
    }
    rows.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.hits_a_second.total_cmp(&a.hits_a_second)));
    rows
}

/// What leads to a program at a site.
fn kind(site: &SiteInfo, ret: bool) -> &'static str {
    match site.cost() {
        _ if ret => "return probe",
        Cost::Optimised => "optimised",
        Cost::Emulated => "emulated",
        Cost::SingleStep => "single-step",
    }
}

/// The lines of the table, and what to do where it is much.
fn table(rows: &[Row], priced: bool) -> Vec<String> {
    let share = |share: f64| if priced { percent(share) } else { "?".to_owned() };
    let rate = |hits: f64| thousands(hits.round() as i128);
    let places = |rows: &[Row]| thousands(rows.iter().map(|row| row.places as i128).sum());
    let head = ["probe", "places", "trap", "hits/s", "of one CPU"].map(str::to_owned);
    let mut cells = vec![head];
    for row in rows.iter().take(LINES) {
        let kinds: Vec<&str> = row.kinds.iter().copied().collect();
        cells.push([
            row.title.clone(),
            places(std::slice::from_ref(row)),
            kinds.join(", "),
            rate(row.hits_a_second),
            share(row.share),
        ]);
    }
    let sum = |of: fn(&Row) -> f64, rows: &[Row]| rows.iter().map(of).sum::<f64>();
    let mut summed = |name: String, rows: &[Row]| {
        let hits = rate(sum(|row| row.hits_a_second, rows));
        cells.push([name, places(rows), String::new(), hits, share(sum(|row| row.share, rows))]);
    };
    let rest = rows.get(LINES..).unwrap_or_default();
    if !rest.is_empty() {
        summed(format!("{} others", rest.len()), rest);
    }
    summed("in all".to_owned(), rows);
    let mut widths = [0; 5];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [a, b, c, d, e] = widths;
    let mut lines =
        vec![format!("counted for {}, with probes that did nothing else:", time(MOMENT.as_nanos() as f64))];
    lines.extend(cells.iter().map(|[title, places, kinds, rate, share]| {
        format!("  {title:<a$}  {places:>b$}  {kinds:<c$}  {rate:>d$}  {share:>e$}")
    }));
    lines.push("that is what leads to the programs; what they do comes on top".to_owned());
    if sum(|row| row.share, rows) > MUCH {
        lines.push(
            "HINT: that is much. Probe fewer functions or rarer ones; a limit is kept by --max-overhead 2%. --sample \
             1/10 saves what programs do, but not what leads to them"
                .to_owned(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str, kinds: &[&'static str], hits_a_second: f64, share: f64) -> Row {
        Row { title: title.into(), places: 1, kinds: kinds.iter().copied().collect(), hits_a_second, share }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [
            row("go:main.work:return", &["single-step"], 12_340.0, 0.148),
            row("go:main.work", &["emulated"], 12_340.0, 0.0086),
        ];
        assert_eq!(
            table(&rows, true)[..5],
            [
                "counted for 100 ms, with probes that did nothing else:",
                "  probe                places  trap         hits/s  of one CPU",
                "  go:main.work:return       1  single-step  12,340        15 %",
                "  go:main.work              1  emulated     12,340      0.86 %",
                "  in all                    2               24,680        16 %",
            ]
        );
        assert!(table(&rows, true).last().expect("a line").starts_with("HINT: that is much."));
        assert!(!table(&rows[1..], true).iter().any(|line| line.starts_with("HINT")));
    }

    #[test]
    fn many_probes_are_summed_up() {
        let rows: Vec<Row> = (0..25).map(|n| row(&format!("p{n}"), &["emulated"], 10.0, 0.0001)).collect();
        let lines = table(&rows, false);
        assert!(
            lines.iter().any(|line| line.contains("5 others") && line.trim_end().ends_with('?')),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 1 + 1 + 20 + 2 + 1);
    }
}
