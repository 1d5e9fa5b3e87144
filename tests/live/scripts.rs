//! The scripts that ship.

use super::kit::{program, trace};

#[test]
fn gostates_counts_parks_by_their_reasons() {
    let (output, target) = trace(&program("parks"), &[], &["gostates"]);
    let rows = output.table("parks");
    let row = |reason: &str| {
        rows.iter().find(|row| row[0] == reason).unwrap_or_else(|| panic!("no {reason}: {rows:?}"))
    };
    let mut compared = 0;
    for (name, truth) in target.truths() {
        let Some(reason) = name.strip_prefix("reason.") else { continue };
        // The runtime itself sleeps and waits too: never less than the program did.
        let row = row(reason);
        let (parks, waiting) = (row[1].as_u64().expect("a number"), row[2].as_u64().unwrap_or(0));
        assert!(parks >= truth, "{reason}: {parks} parks, {truth} in truth");
        // Some went to sleep before and some wait still.
        assert!(parks > waiting && row[6].is_u64(), "{reason} was never readied: {row:?}");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} reasons");
    // Nearly all waits to receive are those that the program holds for a known time.
    let hold = target.truth("hold_ns");
    let median = row("chan receive")[3].as_u64().expect("a time");
    assert!(median >= hold - hold / 16, "{median} ns for holds of {hold} ns");
    target.finish();
}

#[test]
fn gmp_shows_each_goroutine_that_ran_on_its_m_and_p() {
    let (output, target) = trace(&program("parks"), &[], &["gmp", "--top", "0"]);
    let (runs, places) = (output.table("runs of goroutines"), output.table("where they ran"));
    let mut compared = 0;
    for (name, goid) in target.truths() {
        if name.starts_with("goid.") {
            let of_goid = places.iter().filter(|row| row[0] == goid);
            let total: u64 = of_goid.map(|row| row[3].as_u64().expect("a number")).sum();
            assert!(total > 0, "{name} ({goid}) never ran: {places:?}");
            let run = runs.iter().find(|row| row[0] == goid).expect("a row");
            assert_eq!(run[2], total, "{run:?}");
            assert!(run[1].as_str().is_some_and(|function| function.starts_with("main.")), "{run:?}");
            let moves = |cell: &serde_json::Value| cell.as_u64().unwrap_or(0);
            assert!(moves(&run[3]) < total && moves(&run[4]) < total, "{run:?}");
            compared += 1;
        }
    }
    assert!(compared >= 5);
    for row in &places {
        let parts: Vec<i64> = row.iter().map(|cell| cell.as_i64().expect("a number")).collect();
        assert!(parts[0] > 0 && parts[1] >= 0 && parts[2] >= 0, "{row:?}");
    }
    target.finish();
}
