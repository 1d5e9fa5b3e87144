//! Why cases fail that are meant to, for the report that is kept with the documentation.

/// Cases by `suite.name`, each with what gprobe does instead and why.
const REASONS: [(&str, &str); 4] = [
    ("basic.it shows version", "gprobe says its own name and version"),
    ("basic.it shows usage with help flag", "`gprobe --help` has other words"),
    ("basic.it shows usage with bad flag", "a wrong command line is answered in other words"),
    ("other.named command line params before double dash", "a wrong command line is answered in other words"),
];

/// The reason that is known for a case.
pub(crate) fn known(id: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == id).map(|(_, reason)| *reason)
}
