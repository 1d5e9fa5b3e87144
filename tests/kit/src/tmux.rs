//! A terminal to run gprobe in: tmux, which shows what a person would see.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::patience::patience;

/// How long something may take to appear.
const LIMIT: Duration = Duration::from_secs(20);

/// A terminal with a command in it; dropping it ends both.
#[derive(Debug)]
pub struct Tmux {
    server: String,
}

impl Tmux {
    /// Runs a command of the shell in a terminal of so many columns and rows.
    pub fn start(command: &str, columns: u32, rows: u32) -> Tmux {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = format!("gprobe-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let tmux = Tmux { server };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        // What the command leaves on the screen can be read when it has ended.
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            &rows,
            &format!("{command}; echo \"ended $?\"; sleep 1000"),
        ]);
        tmux
    }

    fn run(&self, args: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.server]).args(args).output();
        let output = output.unwrap_or_else(|error| panic!("tests of the prompt need tmux: {error}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "tmux {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Types text.
    pub fn text(&self, text: &str) -> &Tmux {
        // A `;` at the end would end tmux's own command.
        let text = text.strip_suffix(';').map_or(text.to_owned(), |text| format!("{text}\\;"));
        self.run(&["send-keys", "-l", "--", &text]);
        self
    }

    /// Presses a key by its name: `Enter`, `Tab`, `C-c`.
    pub fn key(&self, name: &str) -> &Tmux {
        self.run(&["send-keys", name]);
        self
    }

    /// Types a line.
    pub fn line(&self, text: &str) -> &Tmux {
        self.text(text).key("Enter")
    }

    /// What is on the screen, without spaces at the ends of lines.
    pub fn screen(&self) -> String {
        let screen = self.run(&["capture-pane", "-p"]);
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The same with its colours.
    pub fn coloured(&self) -> String {
        self.run(&["capture-pane", "-p", "-e"])
    }

    /// Waits until a text is on the screen, and gives all of it.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("`{text}`"), |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted, and gives all of it.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + patience(LIMIT);
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "{what} did not appear on the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("tmux").args(["-L", &self.server, "kill-server"]).output();
    }
}
