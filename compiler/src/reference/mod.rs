//! What the reference says of builtins and functions beyond their tables: type, unit, what they need, an example.
//!
//! `gprobe doc` and `docs/language.md` show it; `tests/docs.rs` loads every example into the kernel.

mod builtins;
mod functions;

pub use builtins::BUILTINS;
pub use functions::FUNCTIONS;

/// What the reference adds to a row of the tables.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name of the builtin or function.
    pub name: &'static str,
    /// The type of a function's result, empty where it gives none. A builtin's is in its own table.
    pub gives: &'static str,
    /// The unit, or what counts as a value; empty where there is none.
    pub unit: &'static str,
    /// What the kernel or the target must have beyond the floor; empty where it is nothing.
    pub needs: &'static str,
    /// A statement for the body of a probe, or a whole probe.
    pub example: &'static str,
}

impl Entry {
    /// The example as a script: statements stand in a probe on `function`.
    pub fn script(&self, function: &str) -> String {
        if self.example.ends_with('}') {
            self.example.to_owned()
        } else {
            format!("go:{function} {{ {}; }}", self.example)
        }
    }
}

/// What the reference says of a builtin; `arg1` and on are found as `arg0`.
pub fn of_builtin(name: &str) -> Option<&'static Entry> {
    let name = crate::builtins::find(name)?.name;
    BUILTINS.iter().find(|entry| entry.name == name)
}

/// What the reference says of a function.
pub fn of_function(name: &str) -> Option<&'static Entry> {
    FUNCTIONS.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that are not exactly once among the entries, and entries without a name in the table.
    fn astray(names: &[&str], entries: &[Entry]) -> Vec<String> {
        let count = |name: &str| entries.iter().filter(|entry| entry.name == name).count();
        let wanting = names.iter().filter(|name| count(name) != 1).map(|name| (*name).to_owned());
        let unknown = entries.iter().filter(|e| !names.contains(&e.name)).map(|e| e.name.to_owned());
        wanting.chain(unknown).collect()
    }

    #[test]
    fn every_builtin_and_function_has_one_entry() {
        let builtins: Vec<&str> = crate::builtins::BUILTINS.iter().map(|b| b.name).collect();
        assert_eq!(astray(&builtins, BUILTINS), Vec::<String>::new(), "add them to reference/builtins.rs");
        let functions: Vec<&str> = crate::functions::FUNCTIONS.iter().map(|f| f.name).collect();
        assert_eq!(astray(&functions, FUNCTIONS), Vec::<String>::new(), "add them to reference/functions.rs");
    }

    #[test]
    fn every_example_shows_its_name() {
        for entry in BUILTINS.iter().chain(FUNCTIONS) {
            assert!(entry.example.contains(entry.name), "{}: {}", entry.name, entry.example);
        }
    }

    #[test]
    fn functions_that_give_nothing_have_no_type() {
        use crate::functions::Id;
        for entry in FUNCTIONS {
            let Some(function) = crate::functions::find(entry.name) else { continue };
            // `delete` is called for its effect and gives whether there was something.
            let nothing = function.id.is_statement() && function.id != Id::Delete;
            assert_eq!(entry.gives.is_empty(), nothing, "{}", entry.name);
        }
    }
}
