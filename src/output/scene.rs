//! What tables say of the run that they are of: what was traced, and for how long.

use std::time::{Duration, Instant};

/// A run, and where its results are shown.
#[derive(Clone, Debug)]
pub struct Scene {
    what: String,
    since: Instant,
    /// Once the probes are taken away.
    took: Option<Duration>,
    /// Columns of the terminal, where the output is one.
    columns: Option<usize>,
    /// Whether that terminal shows attributes of text.
    attributes: bool,
}

impl Scene {
    /// A run that begins now, on what `what` names.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), since: Instant::now(), took: None, columns: None, attributes: false }
    }

    /// On a terminal of so many columns, which may show attributes such as underlined text.
    #[must_use]
    pub fn on_terminal(self, columns: usize, attributes: bool) -> Self {
        Self { columns: Some(columns), attributes, ..self }
    }

    /// The probes are taken away: from here on no time passes.
    pub(crate) fn end(&mut self) {
        self.took.get_or_insert(self.since.elapsed());
    }

    /// Sets how long the run has taken.
    #[cfg(test)]
    pub(crate) fn took(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }

    fn elapsed(&self) -> Duration {
        self.took.unwrap_or_else(|| self.since.elapsed())
    }

    pub(crate) fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// A title, what was traced and for how long; for people, the title may be underlined.
    pub(crate) fn headline(&self, title: &str, people: bool) -> String {
        let title = match (title.is_empty(), people && self.attributes) {
            (true, _) => String::new(),
            (false, false) => format!("{title} - "),
            (false, true) => format!("\x1b[4m{title}\x1b[0m - "),
        };
        format!("{title}{} - {:.1} s", super::escape(&self.what), self.elapsed().as_secs_f64())
    }
}
