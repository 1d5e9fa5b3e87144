//! Where an engine's text goes: above the prompt, or straight to standard output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// Shows text, which ends with a new line, so that a line that is being typed stays whole.
pub(super) type Show = Box<dyn FnMut(String) + Send>;

/// A handle of it, for several to write to.
#[derive(Clone)]
pub(super) struct Out(Arc<Mutex<Show>>);

impl Out {
    pub(super) fn new(show: impl FnMut(String) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(show))))
    }

    /// Standard output, as it is.
    pub(super) fn stdout() -> Self {
        Self::new(|text| {
            // Who reads no more is told nothing more.
            let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        })
    }

    /// Shows lines.
    pub(super) fn say(&self, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        self.show(format!("{text}\n"));
    }

    fn show(&self, text: String) {
        if let Ok(mut show) = self.0.lock() {
            show(text);
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
