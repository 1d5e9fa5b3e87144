//! The tables that scripts print.

use serde_json::Value;

use crate::gprobe::Output;

impl Output {
    /// The rows of the last table that `-f json` printed under a title that begins so; panics with all output where
    /// there is none.
    pub fn table(&self, title: &str) -> Vec<Vec<Value>> {
        let wanted = |line: &Value| {
            line["type"] == "table" && line["title"].as_str().is_some_and(|text| text.starts_with(title))
        };
        let Some(table) = self.json_lines().into_iter().rfind(wanted) else {
            panic!("gprobe printed no table `{title}`\n{self}")
        };
        let rows = table["rows"].as_array().cloned().unwrap_or_default();
        rows.into_iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect()
    }
}
