//! What to write instead, for the mistakes that are made most.

use gprobe_lang::ast::{self, ExprKind as Ast};
use gprobe_lang::diagnostic::{Diagnostic, did_you_mean};
use gprobe_lang::source::{Span, Spanned};

use super::body::Body;
use super::place::Place;
use super::typed::{Expr, ExprKind, Ty};
use crate::artifact::{MapValue, Type};
use crate::functions::FUNCTIONS;

/// What other languages call a function.
const OTHER_NAMES: &[(&[&str], &str)] = &[
    (&["length", "size", "count_entries"], "len"),
    (&["println", "echo", "puts", "log", "say"], "print"),
    (&["sprintf", "format", "Sprintf"], "printf"),
    (&["average", "mean"], "avg"),
    (&["histogram", "quantize"], "hist"),
    (&["lquantize"], "lhist"),
    (&["string", "String"], "str"),
    (&["now", "timestamp", "time_ns"], "nsecs"),
    (&["contains", "Contains", "strstr_bool"], "strcontains"),
    (&["strcmp"], "strncmp"),
    (&["stack", "stacktrace", "backtrace", "jstack"], "ustack"),
    (&["remove", "unset"], "delete"),
    (&["quit", "stop"], "exit"),
];

/// What bare words of other languages are here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (&["nil", "NULL", "null", "None", "nullptr"], "a pointer to nothing is `0`: `x != 0`"),
    (&["True", "TRUE"], "write `true`"),
    (&["False", "FALSE"], "write `false`"),
    (&["this", "self"], "a method's receiver is an argument: `args.NAME`"),
];

/// For a value that was to be a number and is none; `what` as [`Body::need_integer`] has it.
pub(super) fn instead_of_number(value: &Expr, what: &str) -> String {
    if let ExprKind::Str(bytes) = &value.kind
        && let Ok(text) = std::str::from_utf8(bytes)
        && text.parse::<i64>().is_ok()
    {
        return format!("write the number without quotes: `{text}`");
    }
    match (&value.ty, what) {
        (Ty::Value(Type::Str { .. }), "aggregated") => {
            "to count by it, make it the key: `@[x] = count()`; its length is `len(x)`".to_owned()
        }
        (Ty::Value(Type::Str { .. }), "compared") => {
            "strings are compared by `==` and `!=`, or by `strncmp(a, b, n)`".to_owned()
        }
        (Ty::Value(Type::Str { .. }), "calculated with") => {
            "strings are put together when they are shown: `printf(\"%s%s\", a, b)`".to_owned()
        }
        (Ty::Tuple(_), _) => "name one of its parts: `x.0`".to_owned(),
        (Ty::Record(fields), _) => match fields.first() {
            Some((name, _)) => format!("name one of its fields: `x.{name}`"),
            None => "write a number".to_owned(),
        },
        (Ty::Value(Type::Go { .. }), _) => {
            "name a number in it: a field, an element, or its length `len(x)`".to_owned()
        }
        _ => "write a number here".to_owned(),
    }
}

/// For two values that can't be compared.
pub(super) fn instead_of_comparison(a: &Expr, b: &Expr) -> String {
    for (text, number) in [(a, b), (b, a)] {
        match (&text.ty, &number.kind) {
            (Ty::Value(Type::Str { .. }), ExprKind::Int(n)) => {
                return format!("compare text with text: `\"{n}\"`; the length of a text is `len(x)`");
            }
            (Ty::Value(Type::Go { .. }), _) => return "compare one of its fields: `x.NAME`".to_owned(),
            (Ty::Tuple(_), _) => return "compare its parts: `x.0`".to_owned(),
            _ => {}
        }
    }
    "compare two numbers, or two strings".to_owned()
}

/// For what a map of an aggregation is asked to do and can't.
pub(super) fn instead_of_two_uses(held: &MapValue) -> &'static str {
    match held {
        MapValue::Plain(_) => "use another map",
        _ => "use another map; an aggregation starts anew after `clear(@name)` or `zero(@name)`",
    }
}

/// For a map that is named with another key than elsewhere.
pub(super) fn same_key(name: &str, here: &[Ty], elsewhere: &[Ty]) -> String {
    match (here, elsewhere) {
        ([], _) => {
            format!(
                "name one element, `@{name}[...]`; about the whole map there are `print`, `clear` and `for`"
            )
        }
        (_, []) => format!("write `@{name}` without a key, or use another map"),
        _ => "write the same key everywhere, or use another map".to_owned(),
    }
}

/// The kinds of a key's parts, as a reader would say it.
pub(super) fn key_shape(key: &[Ty]) -> String {
    let parts: Vec<String> = key.iter().map(Ty::short).collect();
    match parts.as_slice() {
        [] => "no key".to_owned(),
        parts => format!("the key [{}]", parts.join(", ")),
    }
}

/// An argument that is nowhere at a function's entry, or `inside` of it at the probe's instruction.
pub(super) fn not_located(name: &str, inside: bool, span: Span) -> Diagnostic {
    let (note, help) = match inside {
        true => (
            "the compiler keeps no value of it at this instruction: it is of no more use, or not yet",
            "read it at the function's entry, or on a line that uses it",
        ),
        false => (
            "the compiler kept no location for it at the function's entry",
            "read it in a function that is given it, or that it is passed on to",
        ),
    };
    Diagnostic::error("unreadable", span, format!("`{name}` is not in any place that can be read here"))
        .note(note)
        .help(help)
}

/// An argument that a Go function does not have; `names` are those that it has.
pub(super) fn no_argument<'a>(
    function: &str,
    wanted: &Spanned<String>,
    names: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let all: Vec<&str> = names.collect();
    // The compiler's own names, `~p0`, are for arguments without one, or that it adds, `.dict`.
    let known: Vec<&str> = all.iter().copied().filter(|name| !name.starts_with(['~', '.'])).collect();
    let message = format!("`{function}` has no argument `{}`", wanted.value);
    let diagnostic = Diagnostic::error("unknown-field", wanted.span, message);
    let hint = did_you_mean(&wanted.value, known.iter().copied());
    let diagnostic = match (hint, known.first()) {
        (Some(hint), _) => diagnostic.help(hint),
        (None, Some(first)) => diagnostic.help(format!("name one that it has: `args.{first}`")),
        (None, None) if all.is_empty() => {
            diagnostic.help("`gprobe list -v` shows what functions take and return")
        }
        (None, None) => diagnostic.help("arguments without a name are read as `arg0`, `arg1` and so on"),
    };
    diagnostic.note(match known.as_slice() {
        [] if all.is_empty() => "it takes no arguments".to_owned(),
        [] => "its arguments have no names".to_owned(),
        known => format!("its arguments: {}", known.join(", ")),
    })
}

/// For a field that a Go type does not have, where no other is near.
pub(super) fn no_hint(diagnostic: Diagnostic, name: &str, is_struct: bool) -> Diagnostic {
    if diagnostic.notes.iter().any(|note| note.starts_with("help: ")) {
        return diagnostic;
    }
    diagnostic.help(match name {
        "len" | "Len" | "length" => "its length is `len(x)`",
        "cap" | "Cap" => "its capacity is `cap(x)`",
        _ if is_struct => "name one of its fields; `print(x)` shows them all",
        _ => "it has no parts: print it as it is, `print(x)`",
    })
}

impl Body<'_, '_> {
    /// Something that no value can be assigned to.
    pub(super) fn not_assignable(&mut self, target: &ast::Expr, message: &str) {
        let diagnostic = Diagnostic::error("not-assignable", target.span, message);
        let diagnostic = match &target.kind {
            Ast::Ident(name) if crate::builtins::find(name).is_some() => diagnostic
                .label("a builtin is only read")
                .help(format!("keep a value in a variable, `${name} = ...`, or in a map, `@{name} = ...`")),
            Ast::Ident(name) => diagnostic
                .label("neither a variable nor a map")
                .help(format!("a variable is written `${name}`, a map `@{name}`")),
            Ast::Index(base, _) if matches!(base.kind, Ast::Ident(_)) => {
                let Ast::Ident(name) = &base.kind else { return };
                diagnostic.label("not a map").help(format!("maps start with `@`: `@{name}[...]`"))
            }
            Ast::Positional(_) => diagnostic
                .label("a parameter of the script")
                .help("keep what you make of it in a variable: `$x = $1 + 1`"),
            Ast::TupleIndex(..) => diagnostic
                .label("a part of a value")
                .help("assign to the whole: a new tuple to the variable, or to the map's element, `@m[key] = ...`"),
            Ast::Field(..) | Ast::Index(..) => diagnostic
                .label("a value of the target")
                .help("gprobe never writes to the target; keep values in variables (`$x = ...`) and maps (`@x = ...`)"),
            Ast::Int { .. } | Ast::Str(_) | Ast::Bool(_) => diagnostic
                .label("a constant")
                .help("what is assigned to stands on the left: `$x = 5`"),
            _ => diagnostic
                .label("neither a variable nor a map")
                .help("assign to a variable (`$x = ...`) or to a map (`@x = ...`)"),
        };
        self.error(diagnostic);
    }

    /// What was meant by the name of a function that there is not.
    pub(super) fn other_function(&self, name: &str) -> String {
        if super::expr::int_type(name).is_some() {
            return format!("a cast has its type in parentheses: `({name})x`");
        }
        if let Some((_, here)) = OTHER_NAMES.iter().find(|(names, _)| names.contains(&name)) {
            return format!("it is called `{here}` here");
        }
        let names = FUNCTIONS.iter().map(|f| f.name).chain(self.cx.macros.iter().map(String::as_str));
        did_you_mean(name, names).unwrap_or_else(|| "`gprobe doc` lists the functions".to_owned())
    }

    /// What was meant by a bare word that means nothing here; `None` where that can't be told.
    pub(super) fn other_word(&mut self, name: &str) -> Option<String> {
        if let Some((_, here)) = OTHER_WORDS.iter().find(|(names, _)| names.contains(&name)) {
            return Some((*here).to_owned());
        }
        if self.find_var(name).is_some() {
            return Some(format!("a variable is written with `$`: `${name}`"));
        }
        let is_argument = match self.place {
            Place::Tracepoint { fields, .. } => fields.iter().any(|field| field.name == name),
            Place::Function { binary, function, .. } => {
                let file = self.cx.binaries.get(*binary)?.clone();
                let params = self.cx.params(*binary, &file.binary, function).ok()?;
                params.iter().any(|param| param.name == name)
            }
            _ => false,
        };
        is_argument.then(|| format!("arguments are named behind `args`: `args.{name}`"))
    }

    /// A value in a register that the kernel does not save.
    pub(super) fn in_float_register(&mut self, span: Span) {
        self.error(
            Diagnostic::error("unreadable", span, "this value can't be read here")
                .note("it is passed in a floating-point register, which the kernel does not show to probes")
                .help("read it where it lies in memory: in a struct, or a slice, that the function is given"),
        );
    }

    /// A place where a map is wanted, and something else stands.
    pub(super) fn not_a_map(&mut self, expr: &ast::Expr) {
        let name = match &expr.kind {
            Ast::Var(name) | Ast::Ident(name) => name.as_str(),
            _ => "name",
        };
        self.error(
            Diagnostic::error("not-a-map", expr.span, "this must be a map")
                .label("no map")
                .help(format!("maps start with `@`: `@{name}`")),
        );
    }

    /// A string that had to be written as one.
    pub(super) fn not_literal(&mut self, what: &str, span: Span) {
        self.error(
            Diagnostic::error("not-constant", span, format!("{what} must be a string written in the script"))
                .label("no string in quotes")
                .help("write it in double quotes"),
        );
    }
}
