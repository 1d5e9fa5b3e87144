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
    let (output, target) = trace(&program("parks"), &[], &["gmp"]);
    let runs = output.map("@runs");
    let runs = runs.as_object().expect("a map");
    let mut compared = 0;
    for (name, goid) in target.truths() {
        if name.starts_with("goid.") {
            let of_goid = runs.iter().filter(|(key, _)| key.split(',').next() == Some(&goid.to_string()));
            let total: u64 = of_goid.map(|(_, n)| n.as_u64().expect("a number")).sum();
            assert!(total > 0, "{name} ({goid}) never ran: {runs:?}");
            compared += 1;
        }
    }
    assert!(compared >= 5);
    for key in runs.keys() {
        let parts: Vec<i64> = key.split(',').map(|p| p.parse().expect("a number")).collect();
        assert!(parts[0] > 0 && parts[1] >= 0 && parts[2] >= 0, "{key}");
    }
    target.finish();
}
