//! Items beside the probes.

use gprobe_lang::ast::{self, ExprKind, Item};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};

use super::Resolver;
use super::body::not_yet;

impl Resolver<'_> {
    /// Takes the settings, and says which items have no meaning yet.
    pub(super) fn items(&mut self, script: &ast::Script) {
        for item in &script.items {
            let (span, what) = match item {
                Item::Probe(probe) => match &probe.name {
                    Some(name) => (name.span, "names for probes"),
                    None => continue,
                },
                Item::Config(config) => {
                    self.config(config);
                    continue;
                }
                Item::Import(import) => (import.span, "`import`"),
                Item::MapDecl(decl) => (decl.span, "map declarations"),
                Item::Macro(decl) => (decl.span, "macros"),
                Item::CType(decl) => (decl.span, "C types declared in the script"),
                Item::Provider(decl) => (decl.span, "providers declared in the script"),
                Item::Function(decl) => (decl.span, "functions declared in the script"),
            };
            self.report(not_yet(span, what));
        }
    }

    fn config(&mut self, config: &ast::Config) {
        for entry in &config.entries {
            let value = match entry.value.kind {
                ExprKind::Int { value, .. } => Some(value),
                _ => None,
            };
            let (least, most, place) = match entry.name.value.as_str() {
                "max_strlen" => (8, 1 << 14, &mut self.options.max_strlen),
                "max_map_keys" => (1, 1 << 26, &mut self.options.max_map_keys),
                name => {
                    let mut diagnostic = Diagnostic::error(
                        "unknown-setting",
                        entry.name.span,
                        format!("there is no setting `{name}`"),
                    );
                    let known = ["max_strlen", "max_map_keys"];
                    match did_you_mean(name, known.into_iter()) {
                        Some(hint) => diagnostic = diagnostic.help(hint),
                        None => diagnostic = diagnostic.note("settings: max_strlen, max_map_keys"),
                    }
                    self.report(diagnostic);
                    continue;
                }
            };
            match value.filter(|v| (least..=most).contains(v)) {
                Some(value) => *place = value as u32,
                None => self.report(Diagnostic::error(
                    "out-of-range",
                    entry.value.span,
                    format!("{} must be a number, {least} to {most}", entry.name.value),
                )),
            }
        }
    }
}
