//! Programs that share a map, a provider of one's own, and a stop from another thread: `share PID`.

use std::time::Duration;

use gprobe::{Event, MapDatum, Session};

/// What a call is, said once: the scripts below need not know where it happens.
const PROVIDER: &str = "probe job:done = go:main.work:return { result = retval }";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pid = std::env::args().nth(1).ok_or("which process?")?.parse()?;
    let mut session = Session::builder().pid(pid).provider("job", PROVIDER).build()?;

    // Compiled, and not attached: that something is wrong shows before anything happens.
    let counter = session.compile("job:done { @done = count(); }")?;
    // A later program knows the maps of the earlier ones, by name and type.
    let reporter = session.compile("interval:10ms { print(@done); }")?;
    session.attach(reporter)?;
    session.attach(counter)?;
    println!("attached {} programs", session.programs().count());

    // What changes in a map is an event too.
    session.watch("@done", Duration::from_millis(20))?;
    let stop = session.stop_handle();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        stop.stop();
    });

    let (mut printed, mut updates) = (0, 0);
    for event in session.events() {
        match event? {
            Event::Map { program, .. } if program == reporter => printed += 1,
            Event::MapUpdate { .. } => updates += 1,
            _ => {}
        }
    }
    println!("printed {}, updated {}", printed > 1, updates > 0);

    // The one goes, the other stays; the map is still there.
    session.remove(counter)?;
    let done = session.map("@done")?;
    if let Some(MapDatum::Number(count)) = done.get(&[]).map(|entry| &entry.datum) {
        println!("{count} done");
    }
    Ok(())
}
