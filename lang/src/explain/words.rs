//! Tokens and terminals as an engineer calls them.

use crate::token::Token;

/// What a token is.
pub(super) fn describe(token: &Token) -> String {
    match token {
        Token::AttachPoint(text) => format!("`{}`", clean(text)),
        Token::Ident(name) => format!("`{name}`"),
        Token::TypeName(name) => format!("the type `{}`", clean(name)),
        Token::Var(name) => format!("the variable `${name}`"),
        Token::Map(name) | Token::KeyedMap(name) => format!("the map `@{name}`"),
        Token::Positional(number) => format!("the parameter `${number}`"),
        Token::Int(_) | Token::TupleIndex(_) => "a number".to_owned(),
        Token::Str(_) => "a string".to_owned(),
        other => format!("`{}`", sign(other)),
    }
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(60).collect()
}

/// How a token without a value is written.
fn sign(token: &Token) -> &'static str {
    match token {
        Token::PredicateOpen | Token::PredicateClose | Token::Slash => "/",
        Token::OpenType | Token::OpenConversion | Token::OpenParen => "(",
        Token::OpenValueBlock | Token::OpenBrace => "{",
        Token::IfValue | Token::If => "if",
        Token::Discard => "_",
        Token::Config => "config",
        Token::Import => "import",
        Token::Macro => "macro",
        Token::Fn => "fn",
        Token::Provider => "probe",
        Token::Struct => "struct",
        Token::Packed => "__attribute__",
        Token::Union => "union",
        Token::Enum => "enum",
        Token::Break => "break",
        Token::Comptime => "comptime",
        Token::Continue => "continue",
        Token::Else => "else",
        Token::False => "false",
        Token::For => "for",
        Token::Let => "let",
        Token::OffsetOf => "offsetof",
        Token::Return => "return",
        Token::SizeOf => "sizeof",
        Token::True => "true",
        Token::TypeInfo => "typeinfo",
        Token::TypeOf => "typeof",
        Token::Unroll => "unroll",
        Token::While => "while",
        Token::PositionalCount => "$#",
        Token::CloseParen | Token::CloseCast => ")",
        Token::OpenBracket => "[",
        Token::CloseBracket => "]",
        Token::CloseBrace => "}",
        Token::Comma => ",",
        Token::Semicolon => ";",
        Token::Colon => ":",
        Token::Question => "?",
        Token::Elvis => "?:",
        Token::Dot => ".",
        Token::DotDot => "..",
        Token::Arrow => "->",
        Token::ColonEq => ":=",
        Token::Eq => "=",
        Token::PlusEq => "+=",
        Token::MinusEq => "-=",
        Token::StarEq => "*=",
        Token::SlashEq => "/=",
        Token::PercentEq => "%=",
        Token::AmpEq => "&=",
        Token::PipeEq => "|=",
        Token::CaretEq => "^=",
        Token::ShlEq => "<<=",
        Token::ShrEq => ">>=",
        Token::OrOr => "||",
        Token::AndAnd => "&&",
        Token::Pipe => "|",
        Token::Caret => "^",
        Token::Amp => "&",
        Token::EqEq => "==",
        Token::NotEq => "!=",
        Token::Lt => "<",
        Token::Le => "<=",
        Token::Gt => ">",
        Token::Ge => ">=",
        Token::Shl => "<<",
        Token::Shr => ">>",
        Token::Plus => "+",
        Token::Minus => "-",
        Token::Star => "*",
        Token::Percent => "%",
        Token::Not => "!",
        Token::Tilde => "~",
        Token::PlusPlus => "++",
        Token::MinusMinus => "--",
        _ => "…",
    }
}

/// The grammar's terminals in few words: kinds of thing first, then signs; nothing if there are too many.
pub(super) fn expected(terminals: &[String]) -> Option<String> {
    let names: Vec<&str> = terminals.iter().map(|name| name.trim_matches('"')).collect();
    let has = |name: &str| names.contains(&name);
    let mut words: Vec<String> = Vec::new();
    let mut covered: Vec<&str> = Vec::new();
    if has("Int") && has("Str") && has("!") {
        words.push(if has("while") { "a statement" } else { "an expression" }.to_owned());
        covered.extend([
            "Int",
            "Str",
            "Ident",
            "Var",
            "Map",
            "KeyedMap",
            "Positional",
            "$#",
            "true",
            "false",
            "sizeof",
            "offsetof",
            "typeof",
            "typeinfo",
            "( before type",
            "( of conversion",
            "(",
            "{ of value",
            "if of value",
            "!",
            "-",
            "~",
            "*",
            "&",
            "++",
            "--",
            "comptime",
        ]);
        if has("while") {
            covered.extend([
                "while", "if", "for", "unroll", "let", "_", "break", "continue", "return", "import", "{", ";",
            ]);
        }
    } else if has("+") && has("==") {
        // After a whole expression an operator may follow; what else may is worth more.
        let closing = names.iter().any(|name| matches!(*name, ")" | "]" | ";" | "}" | "," | ":" | ".."));
        if !closing {
            words.push("an operator".to_owned());
        }
        covered.extend([
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "<<", ">>", "&", "|", "^", "&&", "||",
            "?", "?:", ".", "->", "[", "++", "--", "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
            "<<=", ">>=",
        ]);
    }
    for name in &names {
        if covered.contains(name) {
            continue;
        }
        let word = match *name {
            "AttachPoint" => "an attach point such as `go:main.main`".to_owned(),
            "/ before predicate" => "a predicate `/.../`".to_owned(),
            "/ after predicate" => "`/`".to_owned(),
            "TypeName" => "a type".to_owned(),
            "Ident" => "a name".to_owned(),
            "Var" => "a variable such as `$x`".to_owned(),
            "Map" => "a map such as `@m`".to_owned(),
            "Int" => "a number".to_owned(),
            "Str" => "a string".to_owned(),
            "TupleIndex" => "a position such as `.0`".to_owned(),
            ") of cast" => "`)`".to_owned(),
            "( before type" => "`(`".to_owned(),
            "{ of value" => "`{`".to_owned(),
            // What can begin a type besides its name.
            "typeof" | "*" if has("TypeName") => continue,
            other => format!("`{other}`"),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() || words.len() > 6 {
        return None;
    }
    let last = words.pop()?;
    Some(if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) })
}
