//! Whatever the text, parsing ends, without a panic, with spans inside the text.

use gprobe_lang::source::SourceMap;
use gprobe_lang::{ast, diagnostic::render, format, parse};
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ":",
    "?",
    "?:",
    ".",
    "..",
    "->",
    "=",
    "==",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "~",
    "++",
    "--",
    "&&",
    "|",
    "<<=",
    "if",
    "else",
    "for",
    "while",
    "unroll",
    "let",
    "return",
    "break",
    "sizeof",
    "offsetof",
    "typeof",
    "typeinfo",
    "comptime",
    "import",
    "config",
    "macro",
    "fn",
    "struct",
    "enum",
    "probe",
    "begin",
    "go:main.f",
    "go:main.(*T).f",
    "int32",
    "runtime.g",
    "net/http.Request",
    "x",
    "$x",
    "@m",
    "@",
    "$1",
    "$#",
    "_",
    "1",
    "0x",
    "10ms",
    "1.5",
    "\"s\"",
    "\"",
    "/*",
    "//",
    "\n",
    "#include",
    "'",
    "\\",
    "é",
    "\u{0}",
];

fn check(text: &str) -> Result<(), TestCaseError> {
    let mut sources = SourceMap::new();
    let id = sources.add("soup", text);
    let parsed = parse(id, text);
    for diagnostic in &parsed.diagnostics {
        let places = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
        for span in places.map(|label| label.span) {
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
    }
    render(&parsed.diagnostics, &sources, true);
    ast::dump(&parsed.script);
    if let Ok(formatted) = format(text) {
        prop_assert_eq!(format(&formatted), Ok(formatted));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words(words in prop::collection::vec((prop::sample::select(WORDS), any::<bool>()), 0..80)) {
        let text: String = words.iter().flat_map(|(word, spaced)| [*word, if *spaced { " " } else { "" }]).collect();
        check(&text)?;
        check(&format!("begin {{ {text} }}"))?;
    }

    #[test]
    fn any_words_on_a_long_line(words in prop::collection::vec(prop::sample::select(WORDS), 0..12)) {
        let text: String = words.iter().filter(|word| **word != "\n").map(|word| format!("{word} ")).collect();
        check(&format!("begin {{ {}{text}{} }}", "@日本 = 1; ".repeat(40), text.repeat(9)))?;
    }

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }
}

#[test]
fn deep_nesting_is_an_error_not_an_overflow() {
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("@m[", "]"),
        ("-", ""),
        ("1 + ", ""),
        ("1 ? 1 : ", ""),
        ("if (1) {} else ", ""),
    ] {
        let text = format!("begin {{ $x = {}1{} }}", open.repeat(50_000), close.repeat(50_000));
        let mut sources = SourceMap::new();
        let id = sources.add("deep", text.as_str());
        assert!(parse(id, &text).diagnostics.iter().any(|d| d.code == "too-deep"), "{open}");
    }
}
