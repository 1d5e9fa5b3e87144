//! What the user is told: one type for every stage, one renderer.

pub mod code;
mod excerpt;
mod render;
mod suggest;
mod terse;

pub use render::render;
pub use suggest::{did_you_mean, nearest};
pub use terse::render_terse;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the script still runs.
    Warning,
    /// Nothing attaches.
    Error,
}

/// A part of the text and what there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Which text.
    pub span: Span,
    /// What to say; may be empty.
    pub message: String,
}

/// One message for the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable kebab-case name, `unknown-function`; never re-used for another meaning.
    pub code: &'static str,
    /// What is wrong, in the user's words.
    pub message: String,
    /// The place it is about.
    pub primary: Label,
    /// Other places that matter.
    pub secondary: Vec<Label>,
    /// More to know, and what to write instead.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error at `span`; `message` is its headline.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: Label { span, message: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Says `message` under the primary span.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: message.into() });
        self
    }

    /// Adds a line below the source.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(self, help: impl AsRef<str>) -> Self {
        self.note(format!("help: {}", help.as_ref()))
    }

    /// Whether it keeps the script from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
