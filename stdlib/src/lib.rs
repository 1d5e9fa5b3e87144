//! The scripts that ship with gprobe, embedded. Internal to gprobe.
//!
//! Each is a `.gp` file that a user can read, copy and change. The comment at its head is its help:
//! the first line says what it answers.

#![forbid(unsafe_code)]

/// A script that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// The name it runs by.
    pub name: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

impl Script {
    /// The comment at its head, without the comment signs.
    pub fn help(&self) -> String {
        head_comment(self.text)
    }

    /// The first line of its help: what it answers.
    pub fn summary(&self) -> String {
        self.help().lines().next().unwrap_or_default().to_owned()
    }

    /// The same without the name before it.
    pub fn answers(&self) -> String {
        let summary = self.summary();
        let text = summary.strip_prefix(self.name).unwrap_or(&summary);
        text.trim_start_matches(':').trim().to_owned()
    }
}

/// The comment at a script's head, behind a first line `#!`, without the comment signs.
pub fn head_comment(text: &str) -> String {
    let lines = text.lines().skip(usize::from(text.starts_with("#!")));
    let lines = lines.skip_while(|line| line.trim().is_empty()).take_while(|line| line.starts_with("//"));
    let plain = |line: &str| {
        let text = line.trim_start_matches("//");
        text.strip_prefix(' ').unwrap_or(text).to_owned()
    };
    let help = lines.map(plain).collect::<Vec<_>>().join("\n");
    help.trim_end().to_owned()
}

/// All scripts, by name.
pub const SCRIPTS: &[Script] = &[
    Script { name: "cgocalls", text: include_str!("../scripts/cgocalls.gp") },
    Script { name: "gmp", text: include_str!("../scripts/gmp.gp") },
    Script { name: "gostates", text: include_str!("../scripts/gostates.gp") },
];

/// The script of a name.
pub fn find(name: &str) -> Option<&'static Script> {
    SCRIPTS.iter().find(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stand_in_order_and_say_what_they_answer() {
        assert!(SCRIPTS.is_sorted_by_key(|s| s.name));
        for script in SCRIPTS {
            assert!(script.summary().starts_with(script.name), "{}", script.name);
            assert!(script.help().lines().count() > 5, "{} has too little help", script.name);
        }
    }
}
