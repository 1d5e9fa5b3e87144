//! The names of what can be wrong with a script, each with the story behind it.
//!
//! Those of the compiler are here too, so that `gprobe explain` has one table to read.

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

/// All codes, by name.
pub const CODES: &[Code] = &[
    code(
        "added-to-twice",
        "A map is added to, by `@x = count()`, `@x += 1` and `@x++`, in a probe that gprobe runs itself (`iter:goroutine`) and in one that the kernel runs at the same time. The two do not wait for each other, so one would undo what the other adds. Give the `iter` probe a map of its own, or only read the map there.",
    ),
    code(
        "always-same",
        "A comparison that comes out the same whatever happens: an unsigned number is never below 0, a byte never above 255, a thread's name never longer than 15 bytes. Compare with what the value can be, or cast it: `(int64)x < 0`.",
    ),
    code(
        "ambiguous-file",
        "The end of a path in `go:FILE.go:LINE` fits source files of several packages, which the notes name. Write as much of the path as tells them apart: `go:net/http/server.go:42`.",
    ),
    code(
        "assignment-in-expression",
        "`=` assigns and is a statement, so it gives no value. Conditions and predicates compare with `==`: `go:main.f /pid == 1/ { ... }`.",
    ),
    code(
        "bad-attach-point",
        "An attach point is a kind of probe and what that kind needs, with colons between: `interval:1s`, `uprobe:libc:malloc`. `gprobe doc KIND` shows how each is written.",
    ),
    code(
        "bad-debug-info",
        "The target's debug information contradicts itself, so it can't be read. Build the target anew; if that does not help, it is a bug of gprobe or of the compiler that built it.",
    ),
    code(
        "bad-format",
        "A format of `printf` is no format, or one of its conversions can't show its value: `%s` shows strings, `%d` and `%x` numbers, `%v` anything.",
    ),
    code(
        "bad-option",
        "An option of the script has a value that is not of its default's type: `getopt(\"n\", 10)` takes `--n=20` and no word.",
    ),
    code(
        "block-without-value",
        "A block that stands where a value is needed ends with an expression without `;`, which is its value: `$x = { $a = f(); $a + 1 };`.",
    ),
    code(
        "c-style-for",
        "`for` goes over a half-open range, `for ($i : 0..10)`, or over a map, `for ($kv : @m)`, where `$kv.0` is the key and `$kv.1` the value. For anything else there is `while`.",
    ),
    code("division-by-zero", "The divisor is 0 whenever this runs, so there is no result."),
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
    code(
        "endless-macro",
        "A macro that uses itself, be it through others, would never be done. For repetition there are `while`, `for` and `unroll`.",
    ),
    code(
        "endless-provider",
        "A moment that is defined by itself, be it through others, comes to no function. In the end each is one that gprobe can probe: `go:FUNCTION`.",
    ),
    code(
        "fail",
        "The script calls `fail` where it can't be used, to say so: the message is the script's own.",
    ),
    code("float-literal", "All numbers are whole. Use a smaller unit: `1500us` instead of `1.5ms`."),
    code(
        "go-assignment",
        "Variables are assigned with `=`: `$x = 1`. The first assignment makes the variable.",
    ),
    code(
        "hot-function",
        "The function runs so often, a million times a second and more, that a probe on it slows the program down: each hit costs some 300 to 700 ns, and 1 to 12 us where the kernel must single-step the instruction (at each return, for one). A predicate saves none of this. Sample instead (`profile:hz:99`), look at goroutines from time to time (`iter:goroutine:100ms`), or probe what happens once in many calls. `gprobe list -v` shows what each place costs.",
    ),
    code(
        "if-without-else",
        "An `if` that stands where a value is needed has to give one in both cases: `$x = if (a) { 1 } else { 2 };`.",
    ),
    code(
        "incomplete",
        "`args` stands for all arguments and is no value itself. Name one: `args.NAME`; `gprobe list -v` shows their names.",
    ),
    code(
        "inlined-everywhere",
        "The compiler put the function's body wherever it is called and left no function to probe. `go:FUNCTION:inline` probes all of these copies, and `gprobe list -v FUNCTION` shows where they are; the target built with `-gcflags=-l` has none.",
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
        "kernel-too-old",
        "The script needs something of BPF that this kernel does not have; the message says which version has it. `gprobe doctor` lists what this kernel can do.",
    ),
    code(
        "left-out",
        "Some of the functions that match a pattern can't be probed safely, and the others are. The notes say why.",
    ),
    code(
        "misplaced-aggregation",
        "`count()`, `sum()`, `hist()` and the like are assigned to a map, which keeps what they gather: `@ = count();`.",
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
        "no-arguments",
        "The arguments of this function are not known by name, as there is no debug information for it. Build the target without `-ldflags=-w`, or read `arg0`, `arg1`... where the function is entered.",
    ),
    code(
        "no-binary",
        "A uprobe's file can't be found or read. It is a path, or a library's name as in `libc`, which is looked up in the process of -p, else in the usual folders.",
    ),
    code(
        "no-code",
        "The compiler made no instruction for this source line, so that nothing passes it: declarations, comments and braces have none, nor has what the compiler found to be of no use, or did at compile time. The message names the nearest lines that have code. `gprobe list -v FILE.go:LINE` shows where a line's code is.",
    ),
    code(
        "no-effect",
        "The statement does nothing: it assigns a value to itself, adds 0, or makes a value that nobody takes. `$x == 1;` compares; `$x = 1;` assigns.",
    ),
    code(
        "no-goroutines",
        "`iter:goroutine` and `iter:thread` without a time run once, before gprobe lets the command of -c run: there are no goroutines yet. Give a time, `iter:goroutine:1s`, to have them run again and again, or look at a process that runs already: -p PID.",
    ),
    code(
        "no-import",
        "What is imported is neither a file or folder, relative to the script's own folder, nor a script that ships.",
    ),
    code(
        "no-layout",
        "gprobe does not know where in memory the Go runtime of this target keeps what the script asks for, so it does not guess. The note says what is missing.",
    ),
    code(
        "no-match",
        "No function, tracepoint or event matches the probe. `gprobe -l PATTERN` lists what there is; `config = { missing_probes = \"warn\" }` lets the other probes run.",
    ),
    code(
        "no-moment",
        "The moment of a provider can't come in this program, or can't be seen: none of the functions that it stands for is in the binary. What nothing calls is not linked into a Go program. `gprobe list -v PROVIDER:MOMENT -p PID` shows what was looked for.",
    ),
    code(
        "no-site",
        "The function is there but can't be probed safely: it has no code of its own, or a breakpoint would change what it does. The note says why.",
    ),
    code(
        "no-target",
        "The probe is about a program, and none is named: give a process with -p, a command with -c, or a file with -x.",
    ),
    code(
        "no-tracepoint",
        "This kernel has no such tracepoint, or tracefs can't be read. `gprobe -l 'tracepoint:*'` lists those that there are.",
    ),
    code(
        "no-value",
        "What stands here is done for its effect and gives no value, so nothing can be made of it.",
    ),
    code("not-a-map", "This function is about a whole map, `clear(@m)`, and got something else."),
    code(
        "not-assignable",
        "Variables (`$x`) and maps (`@m`) can be assigned to, and nothing else: gprobe never writes to the target.",
    ),
    code(
        "not-callable",
        "Functions and macros are called by their plain name. Fields cannot be called, and there are no methods.",
    ),
    code(
        "not-constant",
        "The value is needed before the script runs, so it has to be known by then: a number or a string as written.",
    ),
    code(
        "not-go",
        "A Go probe, or something about goroutines, meets a program that has no Go build information. C functions are probed by `uprobe:FILE:FUNCTION`.",
    ),
    code("not-in-a-loop", "`break` and `continue` are about the loop around them, and here is none."),
    code(
        "not-in-this-probe",
        "This has a meaning in some kinds of probes only: an argument where a function is entered, `goid` where a thread of a Go program runs.",
    ),
    code(
        "not-iterable",
        "`for` goes over a map with keys, `for ($kv : @m)`, or over a range, `for ($i : 0..10)`.",
    ),
    code(
        "not-supported-yet",
        "The language has it, and gprobe can't do it yet. Nothing runs, so that no result is wrong in silence.",
    ),
    code(
        "not-utf8",
        "A text that gprobe itself reads, as a format or a name, holds bytes that are no UTF-8.",
    ),
    code("out-of-range", "The number is outside of what makes sense here; the message says what does."),
    code(
        "preprocessor",
        "gprobe has no C preprocessor. Types of the target are known from its debug information; others are declared with `struct`, constants with `enum`, abbreviations with `macro`.",
    ),
    code("redeclared", "A name is declared twice where it can only mean one thing."),
    code("script-too-large", "Scripts are limited to 4 GiB."),
    code(
        "statement-outside-probe",
        "Statements run when a probe fires, so they stand in a probe's block. `begin { ... }` runs once at the start, `end { ... }` once at the end.",
    ),
    code(
        "string-too-long",
        "A string is longer than strings may be. `config = { max_strlen = N }` sets how long they may be.",
    ),
    code(
        "too-deep",
        "Brackets within brackets, or operators in one expression, beyond any reasonable script; the limit keeps a hostile one from exhausting the stack.",
    ),
    code(
        "too-large",
        "This needs more memory, or more instructions, than a BPF program may have. Split the probe, or lower `max_strlen`.",
    ),
    code(
        "type-mismatch",
        "Two types meet that do not fit. A map or a variable has one type for the whole script: that of its first use.",
    ),
    code(
        "unclosed-bracket",
        "A bracket was opened and the script, or the probe, ended before it was closed.",
    ),
    code("unclosed-predicate", "A predicate stands between two `/`: `go:main.f /pid == 1/ { ... }`."),
    code("undefined-map", "The map is read and nothing is ever assigned to it: perhaps its name has a slip."),
    code(
        "undefined-variable",
        "The variable is read where nothing is assigned to it yet. Variables belong to one run of one probe; what is to outlive it goes to a map.",
    ),
    code("unexpected-end", "The script ended in the middle of something."),
    code(
        "unexpected-token",
        "Something stands where the language has no use for it; the message says what could stand there.",
    ),
    code(
        "unknown-character",
        "No part of the language starts with this character. Strings stand in plain double quotes; comments start with `//`.",
    ),
    code(
        "unknown-field",
        "The struct, or the probe's `args`, has no such field. `gprobe list -v` shows a function's arguments, and the message names what there is.",
    ),
    code(
        "unknown-file",
        "No source file of the target that has code ends in the path of `go:FILE.go:LINE`. Write the end of its path from a `/` on: `main.go`, `server/handler.go`. Files whose functions are all unused are not in the binary.",
    ),
    code(
        "unknown-function",
        "No function has this name: neither among those that scripts call (`gprobe doc` lists them) nor, for a probe, in the target.",
    ),
    code(
        "unknown-name",
        "A bare word that is no builtin, function, constant or declared name. Variables start with `$`, maps with `@`.",
    ),
    code("unknown-operator", "Operators are those of C: `&&`, `||`, `!`, `==`, `!=`."),
    code(
        "unknown-option",
        "An option, given behind `--`, that the script does not ask for by `getopt`. `gprobe SCRIPT --help` lists those that it does.",
    ),
    code(
        "unknown-probe",
        "The first word of an attach point is the kind of probe. `gprobe doc` lists the kinds.",
    ),
    code(
        "unknown-release",
        "The binary has no debug information, and its Go release is newer than those whose runtime gprobe knows. The layout of the newest one that the binary's code agrees with is used, and checked on the live process: where it does not hold, nothing is attached.",
    ),
    code(
        "unknown-setting",
        "`config = { ... }` and the environment set what is listed by `gprobe doc`, and nothing else.",
    ),
    code("unknown-type", "Neither the script, nor the target's debug information, has a type of this name."),
    code(
        "unreachable",
        "What stands before this statement never goes on: `return`, `break`, `continue` or `exit()`.",
    ),
    code(
        "unreadable",
        "The debug information says that the value is in no place that can be read at this point: the compiler had no more use for it.",
    ),
    code("unsafe", "The function does more than look, so it asks for the switch `--unsafe`."),
    code("unterminated-comment", "A comment that starts with `/*` ends with `*/`. Comments do not nest."),
    code("unterminated-string", "A string ends on the line it starts on. A new line in it is written `\\n`."),
    code("unused-map", "The map is declared or assigned to, and neither read nor printed."),
    code("unused-variable", "The variable is assigned to and never read."),
    code(
        "wrong-arguments",
        "The function takes other arguments, or another number of them. `gprobe doc NAME` shows how it is called.",
    ),
];

/// The code of this name, if there is one.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}
