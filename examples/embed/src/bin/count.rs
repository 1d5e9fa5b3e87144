//! Counts the calls of a function by goroutine until the process ends: `count PID FUNCTION`.

use gprobe::{Event, MapDatum, Script, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let pid = args.next().ok_or("which process?")?.parse()?;
    let function = args.next().ok_or("which function?")?;

    let script = Script::new(
        r#"go:$1 { @calls[goid] = count(); }
           interval:100ms { printf("%d %s", pid, "is still there"); }"#,
    );
    // A wrong script is an error whose text shows the line and what is wrong with it.
    let mut session = Session::builder().pid(pid).script(script.param(function)).attach()?;
    println!("attached");

    for event in session.events() {
        match event? {
            // The arguments are typed; the text is made only where it is asked for.
            Event::Printf { args, .. } => assert_eq!(args.len(), 2),
            Event::TargetExit(gone) => println!("process {} is gone", gone.pid),
            Event::Loss { what, count } => println!("lost: {count} ({what:?})"),
            _ => {}
        }
    }

    // Maps can be read as long as the session is there, also when the target is not.
    for entry in session.map("@calls")?.entries {
        if let MapDatum::Number(calls) = entry.datum {
            println!("goroutine {:?}: {calls} calls", entry.key);
        }
    }
    Ok(())
}
