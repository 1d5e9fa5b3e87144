//! What each script that ships costs a service: how many requests it serves with the script and without.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gprobe_testkit::Gprobe;
use serde_json::{Value, json};

use super::super::kit::{gprobe, write_results};
use super::subjects::{Busy, SUBJECTS, ask};

/// The services.
const SERVICES: [&str; 3] = ["caddy", "etcd-server", "victoria-metrics"];
/// Clients that ask at once.
const CLIENTS: usize = 4;
/// How long requests are counted at a time.
const SPAN: Duration = Duration::from_secs(2);
/// How long a script may take to attach and to end.
const LIMIT: Duration = Duration::from_secs(120);

/// Scripts that want to be told what to look at.
fn arguments(script: &str) -> &'static [&'static str] {
    match script {
        "funccount" => &["net/http.*"],
        "funclatency" | "functrace" => &["net/http.serverHandler.ServeHTTP"],
        _ => &[],
    }
}

/// Requests a second that the service answers.
fn rate(busy: &Busy) -> f64 {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (stop, done) = (&stop, &done);
            scope.spawn(move || {
                let requests = busy.requests();
                for round in client.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    // One that is not answered is one less.
                    if ask(busy.port(), requests[round % requests.len()]).is_ok() {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        std::thread::sleep(SPAN);
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// A script on a service: requests a second before, with it, and after, and what gprobe said.
fn with_script(busy: &mut Busy, script: &str, before: f64) -> Value {
    let pid = busy.pid().to_string();
    // One that was built to be quick, where the task has made one.
    let command = std::env::var_os("GPROBE_COMMAND").map_or_else(gprobe, Gprobe::at);
    let mut running =
        command.args([script, "-p", &pid]).args(arguments(script)).limit(LIMIT).run_until_attached();
    let with = rate(busy);
    let output = running.interrupt();
    let after = rate(busy);
    assert!(busy.is_alive(), "{script} ended the service");
    let lines = |wanted: &[&str]| -> Vec<&str> {
        output.stderr.lines().filter(|line| wanted.iter().any(|word| line.starts_with(word))).collect()
    };
    json!({
        "script": script, "before": before, "with": with, "after": after,
        "code": output.code, "lines": output.stdout.lines().count(),
        "cost": lines(&["cost:"]).first(), "troubles": lines(&["lost:", "ERROR", "error"]),
    })
}

/// What `cargo xtask overhead` runs: of the services of the Debian release in `GPROBE_RELEASES`, the results to
/// `GPROBE_RESULTS`.
#[test]
#[ignore = "it takes a quarter of an hour, and a machine without other work; `cargo xtask overhead` runs it"]
fn all_scripts() {
    let release = std::env::var("GPROBE_RELEASES").expect("GPROBE_RELEASES names a Debian release");
    let results = std::env::var_os("GPROBE_RESULTS").expect("GPROBE_RESULTS names a file");
    let only = std::env::var("GPROBE_SCRIPT").ok();
    let mut lines = Vec::new();
    for service in SERVICES {
        let subject = SUBJECTS.iter().find(|subject| subject.package == service).expect("it is one of them");
        let path = subject.fetch(&release).unwrap_or_else(|error| panic!("{error}"));
        let mut busy = subject.start(&path);
        // It is warm then.
        rate(&busy);
        let mut before = rate(&busy);
        for script in gprobe_stdlib::SCRIPTS.iter().map(|script| script.name) {
            if only.as_deref().is_some_and(|only| only != script) {
                continue;
            }
            let mut line = with_script(&mut busy, script, before);
            before = line["after"].as_f64().unwrap_or(before);
            line["service"] = service.into();
            eprintln!("{line}");
            lines.push(line);
            write_results(Path::new(&results), &lines);
        }
    }
}
