//! The names of what can be wrong with a script's text, each with the story behind it.
//!
//! A stage that has codes of its own keeps a table like this one beside its errors.

/// What a diagnostic's code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The kebab-case name, never re-used for another meaning.
    pub name: &'static str,
    /// What it means and what to do, in a few sentences.
    pub explain: &'static str,
}

const fn code(name: &'static str, explain: &'static str) -> Code {
    Code { name, explain }
}

/// The codes of this crate, by name.
pub const CODES: &[Code] = &[
    code(
        "assignment-in-expression",
        "`=` assigns and is a statement, so it gives no value. Conditions and predicates compare with `==`: `go:main.f /pid == 1/ { ... }`.",
    ),
    code(
        "block-without-value",
        "A block that stands where a value is needed ends with an expression without `;`, which is its value: `$x = { $a = f(); $a + 1 };`.",
    ),
    code(
        "c-style-for",
        "`for` goes over a half-open range, `for ($i : 0..10)`, or over a map, `for ($kv : @m)`, where `$kv.0` is the key and `$kv.1` the value. For anything else there is `while`.",
    ),
    code(
        "else-without-if",
        "`else` follows the closing brace of an `if`. Further conditions are written `else if (...) { ... }`.",
    ),
    code(
        "empty-key",
        "Brackets hold at least one key or index: `@m[pid]`. A map without keys is written without brackets: `@m`.",
    ),
    code(
        "empty-predicate",
        "The `/.../` after an attach point holds a condition. Leave it away to run on every hit.",
    ),
    code("empty-script", "A script needs at least one probe; comments alone do nothing."),
    code("float-literal", "All numbers are whole. Use a smaller unit: `1500us` instead of `1.5ms`."),
    code(
        "go-assignment",
        "Variables are assigned with `=`: `$x = 1`. The first assignment makes the variable.",
    ),
    code(
        "if-without-else",
        "An `if` that stands where a value is needed has to give one in both cases: `$x = if (a) { 1 } else { 2 };`.",
    ),
    code(
        "invalid-escape",
        "Strings know the escapes `\\n`, `\\t`, `\\r`, `\\\\`, `\\\"`, octal `\\0` to `\\377` and hexadecimal `\\x00` to `\\xff`.",
    ),
    code(
        "invalid-number",
        "Numbers are decimal, `0x` hexadecimal, `0b` binary or, with a leading 0, octal; `1e6` and `1_000_000` are understood; a duration has a unit: `10ms`. All fit into 64 bits.",
    ),
    code(
        "misplaced-map-declaration",
        "`let @m = hash(1024);` stands outside of probes, since maps belong to the whole script. Most maps need no declaration.",
    ),
    code(
        "missing-attach-point",
        "Each block says where it runs: `go:main.handle { ... }`, `interval:1s { ... }`, `begin { ... }`.",
    ),
    code(
        "missing-block",
        "An attach point is followed by what to do there: `go:main.handle { @ = count(); }`.",
    ),
    code(
        "missing-brace",
        "The bodies of `if`, `else` and loops stand in braces, also when they are one statement.",
    ),
    code("missing-comma", "Arguments, keys and the values of a tuple are separated by commas."),
    code(
        "missing-parentheses",
        "Conditions and arguments stand in parentheses: `if (a) { ... }`, `print(\"x\")`.",
    ),
    code(
        "missing-semicolon",
        "Statements end with `;`. Only blocks and the last statement before a `}` do without.",
    ),
    code("missing-sigil", "Variables start with `$`, maps with `@`; bare words are builtins and functions."),
    code(
        "not-callable",
        "Functions and macros are called by their plain name. Fields cannot be called, and there are no methods.",
    ),
    code(
        "preprocessor",
        "gprobe has no C preprocessor. Types of the target are known from its debug information; others are declared with `struct`, constants with `enum`, abbreviations with `macro`.",
    ),
    code("script-too-large", "Scripts are limited to 4 GiB."),
    code(
        "statement-outside-probe",
        "Statements run when a probe fires, so they stand in a probe's block. `begin { ... }` runs once at the start, `end { ... }` once at the end.",
    ),
    code(
        "too-deep",
        "Brackets within brackets, or operators in one expression, beyond any reasonable script; the limit keeps a hostile one from exhausting the stack.",
    ),
    code(
        "unclosed-bracket",
        "A bracket was opened and the script, or the probe, ended before it was closed.",
    ),
    code("unclosed-predicate", "A predicate stands between two `/`: `go:main.f /pid == 1/ { ... }`."),
    code("unexpected-end", "The script ended in the middle of something."),
    code(
        "unexpected-token",
        "Something stands where the language has no use for it; the message says what could stand there.",
    ),
    code(
        "unknown-character",
        "No part of the language starts with this character. Strings stand in plain double quotes; comments start with `//`.",
    ),
    code("unknown-operator", "Operators are those of C: `&&`, `||`, `!`, `==`, `!=`."),
    code("unterminated-comment", "A comment that starts with `/*` ends with `*/`. Comments do not nest."),
    code("unterminated-string", "A string ends on the line it starts on. A new line in it is written `\\n`."),
];

/// The code of this name, if this crate has it.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}
