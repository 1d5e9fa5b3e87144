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
        let lines = self.text.lines().take_while(|l| l.starts_with("//"));
        let mut help: String = lines
            .map(|l| l.trim_start_matches("//").strip_prefix(' ').unwrap_or_default())
            .fold(String::new(), |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            });
        help.truncate(help.trim_end().len());
        help
    }

    /// The first line of its help: what it answers.
    pub fn summary(&self) -> String {
        self.help().lines().next().unwrap_or_default().to_owned()
    }
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
