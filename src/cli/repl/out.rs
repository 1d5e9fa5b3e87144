//! Where an engine's text goes: above the prompt, or straight to standard output.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Shows text, which ends with a new line, so that a line that is being typed stays whole.
pub(super) type Show = Box<dyn FnMut(String) + Send>;

/// Lines that are shown at once: between them, Ctrl-C is heard.
const AT_ONCE: usize = 100;

/// A handle of it, for several to write to.
#[derive(Clone)]
pub(super) struct Out {
    show: Arc<Mutex<Show>>,
    /// Set by Ctrl-C: what is being shown ends.
    interrupted: Arc<AtomicBool>,
}

impl Out {
    pub(super) fn new(interrupted: Arc<AtomicBool>, show: impl FnMut(String) + Send + 'static) -> Self {
        Self { show: Arc::new(Mutex::new(Box::new(show))), interrupted }
    }

    /// Standard output, as it is.
    pub(super) fn stdout(interrupted: Arc<AtomicBool>) -> Self {
        Self::new(interrupted, |text| {
            // Who reads no more is told nothing more.
            let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        })
    }

    /// Shows lines; of many, those up to Ctrl-C.
    pub(super) fn say(&self, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let Ok(mut show) = self.show.lock() else { return };
        let lines: Vec<&str> = text.split('\n').collect();
        for (at, some) in lines.chunks(AT_ONCE).enumerate() {
            if at > 0 && self.interrupted.load(Ordering::Relaxed) {
                return show(format!("... and {} lines more\n", lines.len() - at * AT_ONCE));
            }
            show(some.join("\n") + "\n");
        }
    }

    /// Something to write to, whose text is shown when it is flushed.
    pub(super) fn writer(&self) -> Gathered {
        Gathered { out: self.clone(), text: Vec::new() }
    }
}

/// Text that is gathered until it is flushed.
pub(super) struct Gathered {
    out: Out,
    text: Vec<u8>,
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.text.is_empty() {
            let text = String::from_utf8_lossy(&std::mem::take(&mut self.text)).into_owned();
            self.out.say(&text);
        }
        Ok(())
    }
}
