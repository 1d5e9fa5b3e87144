//! The scripts that ship.

use super::kit::{number, program, trace};

#[test]
fn gostates_counts_parks_by_their_reasons() {
    let (output, target) = trace(&program("parks"), &[], &["gostates"]);
    let (parks, readied) = (output.map("@parks"), output.map("@readied"));
    let mut compared = 0;
    for (name, truth) in target.truths() {
        let Some(reason) = name.strip_prefix("reason.") else { continue };
        // The runtime itself sleeps and waits too: never less than the program did.
        assert!(
            number(&parks, reason) >= truth,
            "{reason}: {} parks, {truth} in truth",
            number(&parks, reason)
        );
        // Some went to sleep before and some wait still.
        assert!(number(&readied, reason) > 0, "{reason} was never readied: {readied}");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} reasons");
    let hold = target.truth("hold_ns") / 1000;
    let buckets = output.map("@parked_us");
    let received = buckets["chan receive"].as_array().expect("a histogram");
    let held: u64 = received
        .iter()
        .filter(|b| b.get("max").and_then(serde_json::Value::as_u64).is_none_or(|max| max >= hold))
        .map(|b| b["count"].as_u64().expect("a number"))
        .sum();
    assert!(held >= target.truth("parks.receive") * 9 / 10, "{received:?} for holds of {hold} us");
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
