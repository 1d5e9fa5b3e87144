//! Items beside the probes: settings, declared types and maps.

use gprobe_lang::ast::{self, ExprKind, Item};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::Span;

use super::Resolver;
use super::body::{Body, not_yet};
use super::moments;
use super::stack::stack_mode;

use super::constant::constant;
use super::place::Place;
use crate::expand::providers::GOROUTINE_LOCAL;
use crate::ir::MapKind;
use crate::target::MissingProbes;

/// Settings of bpftrace that mean nothing here, because gprobe does the same without being told.
const WITHOUT_EFFECT: &[&str] = &[
    "cache_user_symbols",
    "cpp_demangle",
    "lazy_symbolication",
    "log_size",
    "max_bpf_progs",
    "max_ast_nodes",
    "max_type_res_iterations",
    "on_stack_limit",
    "perf_rb_pages",
    "unstable_import",
    "unstable_import_statement",
    "unstable_map_decl",
    "unstable_macro",
    "unstable_tseries",
    "unstable_addr",
    "unstable_dw_ustack",
    "use_blazesym",
    "verify_llvm_ir",
];

/// Licences that the kernel takes for programs with all helpers.
const LICENSES: &[&str] =
    &["Dual MIT/GPL", "Dual BSD/GPL", "Dual MPL/GPL", "GPL and additional rights", "GPL v2", "GPL"];

/// Settings that do something, by name.
pub const SETTINGS: &[&str] = &[
    "license",
    "max_cat_bytes",
    "max_map_keys",
    "max_probes",
    "max_strlen",
    "missing_probes",
    "print_maps_on_exit",
    "show_debug_info",
    "stack_mode",
    "str_trunc_trailer",
];

impl Resolver<'_> {
    /// Takes the settings, the declared types and maps.
    pub(super) fn items(&mut self, script: &ast::Script) {
        // Settings first: types may depend on them.
        for item in &script.items {
            if let Item::Config(config) = item {
                self.config(config);
            }
        }
        let nowhere = Span::new(gprobe_lang::source::SourceId(0), 0, 0);
        for (name, value) in self.target.settings.clone() {
            self.setting(&name, &value, &name, nowhere, nowhere);
        }
        for item in &script.items {
            let (span, what) = match item {
                // Probes come later; imports and macros are expanded.
                Item::Probe(_) | Item::Config(_) | Item::Import(_) => continue,
                Item::Macro(decl) => {
                    self.macros.push(decl.name.value.clone());
                    continue;
                }
                Item::CType(decl) => {
                    self.c_type(decl);
                    continue;
                }
                Item::MapDecl(decl) => {
                    self.map_declaration(decl);
                    continue;
                }
                Item::Provider(decl) => {
                    match moments::bad_name(decl) {
                        Some(diagnostic) => self.report(diagnostic),
                        None => self.providers.push(decl.clone()),
                    }
                    continue;
                }
                Item::Function(decl) => (decl.span, "functions declared in the script"),
            };
            self.report(not_yet(span, what));
        }
    }

    fn map_declaration(&mut self, decl: &ast::MapDecl) {
        let kind = match decl.kind.value.as_str() {
            "hash" => MapKind::Hash,
            "lruhash" => MapKind::LruHash,
            "percpuhash" => MapKind::PerCpuHash,
            "percpulruhash" => MapKind::LruPerCpuHash,
            "percpuarray" => MapKind::PerCpuHash,
            GOROUTINE_LOCAL => MapKind::Hash,
            other => {
                self.report(
                    Diagnostic::error(
                        "unknown-type",
                        decl.kind.span,
                        format!("there is no kind of map `{other}`"),
                    )
                    .help("there are hash, lruhash, percpuhash, percpulruhash and golocal"),
                );
                return;
            }
        };
        let entries = decl.args.first().map(|arg| {
            let place = Place::OwnProcess("begin");
            let value = Body::new(self, &place, Vec::new()).expr(arg);
            (constant(&value), arg.span)
        });
        let entries = match (entries, decl.args.len()) {
            (None, _) => 4096,
            (Some((Some(n), _)), 1) if (1..=1 << 26).contains(&n) => n as u32,
            (Some((_, span)), _) => {
                self.report(
                    Diagnostic::error("out-of-range", span, "a map can't have room for so many entries")
                        .help("write how many, a number from 1 to 67108864: `hash(1024)`"),
                );
                return;
            }
        };
        let map = self.map(&decl.name.value, decl.name.span);
        if let Some(state) = self.maps.get_mut(map.0 as usize) {
            if state.declared.is_some() {
                let name = decl.name.value.clone();
                let first = state.first;
                self.report(
                    Diagnostic::error("redeclared", decl.name.span, format!("@{name} is declared twice"))
                        .also(first, "first here")
                        .help("remove one of the two"),
                );
                return;
            }
            state.declared = Some((kind, entries));
        }
    }

    fn config(&mut self, config: &ast::Config) {
        for entry in &config.entries {
            let given = entry.name.value.as_str();
            let lower = given.to_ascii_lowercase();
            let name = lower.strip_prefix("bpftrace_").unwrap_or(&lower);
            let text = match &entry.value.kind {
                ExprKind::Int { value, .. } => value.to_string(),
                ExprKind::Str(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ExprKind::Bool(value) => value.to_string(),
                ExprKind::Ident(word) => word.clone(),
                _ => {
                    self.report(
                        Diagnostic::error(
                            "not-constant",
                            entry.value.span,
                            "a setting is a number, a word or a string",
                        )
                        .help(format!("write the value itself: `{given} = 64`")),
                    );
                    continue;
                }
            };
            self.setting(name, &text, given, entry.name.span, entry.value.span);
        }
    }

    /// Sets what a config block or the environment says.
    pub(super) fn setting(&mut self, name: &str, text: &str, given: &str, name_span: Span, span: Span) {
        let number = text.parse::<u64>().ok();
        let flag = match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        };
        let options = &mut self.options;
        let wanted = match name {
            "max_strlen" => match number.filter(|n| (1..=1 << 14).contains(n)) {
                Some(n) => return options.max_strlen = n as u32,
                None => "a number, 1 to 16384".to_owned(),
            },
            "max_map_keys" => match number.filter(|n| (1..=1 << 26).contains(n)) {
                Some(n) => return options.max_map_keys = n as u32,
                None => "a number, 1 to 67108864".to_owned(),
            },
            "max_cat_bytes" => match number {
                Some(n) => return options.max_cat_bytes = n,
                None => "a number".to_owned(),
            },
            "max_probes" => match number {
                Some(n) => return options.max_probes = n,
                None => "a number".to_owned(),
            },
            "print_maps_on_exit" => match flag {
                Some(flag) => return options.print_maps_on_exit = flag,
                None => "true or false".to_owned(),
            },
            "show_debug_info" => match flag {
                Some(flag) => return options.show_lines = flag,
                None => "true or false".to_owned(),
            },
            "stack_mode" => match stack_mode(text) {
                Some(mode) => return options.stack_mode = mode,
                None => "bpftrace, perf or raw".to_owned(),
            },
            "str_trunc_trailer" => return text.clone_into(&mut options.str_trunc_trailer),
            "missing_probes" => match text {
                "error" => return options.missing_probes = MissingProbes::Error,
                "warn" => return options.missing_probes = MissingProbes::Warn,
                "ignore" => return options.missing_probes = MissingProbes::Ignore,
                _ => "error, warn or ignore".to_owned(),
            },
            "license" => {
                if LICENSES.contains(&text) {
                    return;
                }
                self.report(
                    Diagnostic::error(
                        "out-of-range",
                        span,
                        format!(
                            "Invalid value for license. Found: {text}. Valid values: {}.",
                            LICENSES.join(", ")
                        ),
                    )
                    .help("leave it away: gprobe's programs are GPL"),
                );
                return;
            }
            name if WITHOUT_EFFECT.contains(&name) => return,
            _ => {
                let mut diagnostic = Diagnostic::error(
                    "unknown-setting",
                    name_span.to(span),
                    format!("{given}: not a known configuration option"),
                );
                diagnostic = match did_you_mean(name, SETTINGS.iter().copied()) {
                    Some(hint) => diagnostic.help(hint),
                    None => diagnostic.help(format!("there are {}", SETTINGS.join(", "))),
                };
                return self.report(diagnostic);
            }
        };
        let example = match name {
            "max_strlen" => "256",
            "stack_mode" => "perf",
            "missing_probes" => "warn",
            "print_maps_on_exit" | "show_debug_info" => "false",
            _ => "1000",
        };
        self.report(
            Diagnostic::error("out-of-range", span, format!("{given} must be {wanted}, not `{text}`"))
                .help(format!("write it as in `{given} = {example}`")),
        );
    }
}
