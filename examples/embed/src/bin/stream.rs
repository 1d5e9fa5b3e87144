//! Events as a stream, beside other things a tokio program does: `stream PID`.

use gprobe::{Event, Session};
use tokio_stream::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pid = std::env::args().nth(1).ok_or("which process?")?.parse()?;
    let script = r#"go:main.work { @latest = nsecs; @calls = count(); }
                    interval:50ms { printf("%d", 7); }"#;
    let mut session = Session::builder().pid(pid).script(script).attach()?;
    println!("attached");

    let mut printed = 0;
    let mut events = session.stream();
    loop {
        tokio::select! {
            event = events.next() => match event.transpose()? {
                None => break,
                Some(Event::Printf { .. }) => printed += 1,
                Some(Event::TargetExit(_)) => println!("gone"),
                Some(_) => {}
            },
            () = tokio::time::sleep(std::time::Duration::from_secs(30)) => return Err("nothing happens".into()),
        }
    }
    println!("printed {}", printed > 0);
    println!("{:?}", session.map("@calls")?.entries.first().map(|entry| &entry.datum));
    Ok(())
}
