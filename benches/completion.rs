//! Measures completion over the functions of a large program beside a look at every name:
//! `cargo bench --bench completion`. Names come from Debian's prometheus, a stripped Go program.

#![allow(clippy::print_stdout, reason = "a report is what a benchmark is for")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gprobe::complete::{Known, Names, complete};
use gprobe_runtime::LiveWorld;
use gprobe_testkit::debian;

/// What users type, letter by letter: beginnings, parts, letters that are apart.
const TYPED: [&str; 7] = [
    "main.main",
    "net/http.(*c",
    "promql.(*Engine)",
    "serveHTTP",
    "connserve",
    "tsdbheadappend",
    "runtime.gopark",
];
/// Answers shall come within this time.
const BOUND: Duration = Duration::from_millis(50);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = debian::package("sid", "prometheus")?.join("usr/bin/prometheus");
    let program = LiveWorld::file(Path::new(&file))?;
    let begun = Instant::now();
    let names = Names::of(program.binary.functions().names().into_iter().map(str::to_owned));
    println!(
        "\n{} names of {} are prepared in {:.0} ms",
        names.len(),
        program.name,
        begun.elapsed().as_secs_f64() * 1e3
    );
    assert!(names.len() > 100_000, "the program has fewer functions than it had");
    let all: Vec<String> = program.binary.functions().names().into_iter().map(str::to_owned).collect();
    let known = Known { program: Some(program), functions: Arc::new(names), ..Known::default() };
    let (mut took, mut naive, mut searched) = (Vec::new(), Vec::new(), Vec::new());
    for word in TYPED {
        for end in (1..=word.len()).filter(|end| word.is_char_boundary(*end)) {
            let text = format!("go:{}", &word[..end]);
            let begun = Instant::now();
            let found = complete(&known, &text, text.len());
            took.push((begun.elapsed(), text, found.candidates.len()));
            let begun = Instant::now();
            assert!(known.functions.search(&word[..end], 50).len() <= 50);
            searched.push(begun.elapsed());
            let begun = Instant::now();
            let wanted = word[..end].to_lowercase();
            let same = all.iter().filter(|name| name.to_lowercase().contains(&wanted)).count();
            naive.push(begun.elapsed());
            assert!(same <= all.len());
        }
    }
    took.sort();
    naive.sort();
    searched.sort();
    let median = |at: Duration| at.as_secs_f64() * 1e3;
    let (middle, worst) = (&took[took.len() / 2], &took[took.len() - 1]);
    println!(
        "  completion               median {:6.1} ms, worst {:6.1} ms (`{}`)",
        median(middle.0),
        median(worst.0),
        worst.1
    );
    println!(
        "  the search in it         median {:6.1} ms, worst {:6.1} ms",
        median(searched[searched.len() / 2]),
        median(searched[searched.len() - 1])
    );
    println!(
        "  a look at every name     median {:6.1} ms, worst {:6.1} ms",
        median(naive[naive.len() / 2]),
        median(naive[naive.len() - 1])
    );
    println!("  ratio of the medians     {:.2}", median(middle.0) / median(naive[naive.len() / 2]));
    if worst.0 > BOUND {
        return Err(format!("`{}` took longer than {BOUND:?}", worst.1).into());
    }
    Ok(())
}
