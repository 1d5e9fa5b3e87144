//! The tables in what gprobe said.

use serde_json::Value;

use crate::gprobe::Output;

impl Output {
    /// The rows of the table whose title begins with this, as `-f json` printed them; of a table printed several times
    /// those of the last. Panics with all output where there is none.
    pub fn table(&self, title_prefix: &str) -> Vec<Vec<Value>> {
        let named = |line: &Value| {
            line["type"] == "table"
                && line["title"].as_str().is_some_and(|title| title.starts_with(title_prefix))
        };
        let Some(table) = self.json_lines().into_iter().rfind(named) else {
            panic!("gprobe printed no table `{title_prefix}`\n{self}")
        };
        let rows = table["rows"].as_array().into_iter().flatten();
        rows.map(|row| row.as_array().cloned().unwrap_or_default()).collect()
    }
}
