//! What the grammar sees. The plain ones are recognised by logos; those without a pattern are made by
//! [`crate::lexer`], which knows where in the script it is.

use logos::{FilterResult, Lexer, Logos};

/// Why a piece of text is no token.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum LexError {
    /// No token starts with this character.
    #[default]
    Unknown,
    /// `"` without its second.
    UnterminatedString,
    /// `/*` without `*/`.
    UnterminatedComment,
}

/// One token.
#[derive(Logos, Clone, Debug, PartialEq)]
#[logos(error = LexError)]
#[logos(skip r"[ \t\r\n\x0b\x0c]+")]
#[logos(skip(r"//[^\n]*", allow_greedy = true))]
pub(crate) enum Token<'s> {
    /// Never handed on.
    #[token("/*", block_comment)]
    Comment,

    // What the lexer makes of the text around it.
    /// `go:main.f`, as written.
    AttachPoint(&'s str),
    /// The `/` before a predicate.
    PredicateOpen,
    /// The `/` after a predicate.
    PredicateClose,
    /// `(` before a type: of a cast, or of `sizeof` and its kin.
    OpenType,
    /// `(` before the type of a Go conversion, `(*T)(x)`, which binds as tight as a call.
    OpenConversion,
    /// `)` after the type of a cast: no value ends here.
    CloseCast,
    /// The name of a type, also of several words or with a path.
    TypeName(String),
    /// `{` where a value is expected.
    OpenValueBlock,
    /// `if` where a value is expected.
    IfValue,
    /// `@m` before its `[`.
    KeyedMap(&'s str),
    /// The number of `t.0`.
    TupleIndex(u32),
    /// `$1`
    Positional(u32),
    /// A number, and whether it was written with a unit of time.
    Int((u64, bool)),
    /// A string, escapes undone.
    Str(Vec<u8>),
    /// `_` as the target of an assignment.
    Discard,
    /// `config` of a config block.
    Config,
    /// `import`
    Import,
    /// `macro`
    Macro,
    /// `fn`
    Fn,
    /// `probe` of a provider's definition.
    Provider,
    /// `struct`, where it declares.
    Struct,
    /// `__attribute__((packed))` behind a struct, which the lexer has read whole.
    Packed,
    /// `union`, where it declares.
    Union,
    /// `enum`, where it declares.
    Enum,

    // Words.
    #[regex(r"[_\p{L}][_\p{L}\p{Nd}]*")]
    Ident(&'s str),
    #[token("break")]
    Break,
    #[token("comptime")]
    Comptime,
    #[token("continue")]
    Continue,
    #[token("else")]
    Else,
    #[token("false")]
    False,
    #[token("for")]
    For,
    #[token("if")]
    If,
    #[token("let")]
    Let,
    #[token("offsetof")]
    OffsetOf,
    #[token("return")]
    Return,
    #[token("sizeof")]
    SizeOf,
    #[token("true")]
    True,
    #[token("typeinfo")]
    TypeInfo,
    #[token("typeof")]
    TypeOf,
    #[token("unroll")]
    Unroll,
    #[token("while")]
    While,

    // Names with a sigil, and literals as written.
    #[regex(r"\$[_\p{L}][_\p{L}\p{Nd}]*", |lex| &lex.slice()[1..])]
    Var(&'s str),
    #[regex(r"\$[0-9]+")]
    RawPositional(&'s str),
    #[token("$#")]
    PositionalCount,
    #[regex(r"@[_\p{L}\p{Nd}]*", |lex| &lex.slice()[1..])]
    Map(&'s str),
    #[regex(r"[0-9][0-9A-Za-z_µμ]*")]
    RawNumber(&'s str),
    #[token("\"", string)]
    RawString(&'s str),

    // Brackets and separators.
    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token("?")]
    Question,
    #[token("?:")]
    Elvis,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("->")]
    Arrow,
    /// Go's declaration, which this language has not; known so that it can be said.
    #[token(":=")]
    ColonEq,

    // Operators.
    #[token("=")]
    Eq,
    #[token("+=")]
    PlusEq,
    #[token("-=")]
    MinusEq,
    #[token("*=")]
    StarEq,
    #[token("/=")]
    SlashEq,
    #[token("%=")]
    PercentEq,
    #[token("&=")]
    AmpEq,
    #[token("|=")]
    PipeEq,
    #[token("^=")]
    CaretEq,
    #[token("<<=")]
    ShlEq,
    #[token(">>=")]
    ShrEq,
    #[token("||")]
    OrOr,
    #[token("&&")]
    AndAnd,
    #[token("|")]
    Pipe,
    #[token("^")]
    Caret,
    #[token("&")]
    Amp,
    #[token("==")]
    EqEq,
    #[token("!=")]
    NotEq,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    #[token(">=")]
    Ge,
    #[token("<<")]
    Shl,
    #[token(">>")]
    Shr,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("!")]
    Not,
    #[token("~")]
    Tilde,
    #[token("++")]
    PlusPlus,
    #[token("--")]
    MinusMinus,
}

fn block_comment<'s>(lex: &mut Lexer<'s, Token<'s>>) -> FilterResult<(), LexError> {
    match lex.remainder().find("*/") {
        Some(at) => {
            lex.bump(at + 2);
            FilterResult::Skip
        }
        None => {
            lex.bump(lex.remainder().len());
            FilterResult::Error(LexError::UnterminatedComment)
        }
    }
}

/// The text between the quotes. A string ends with its line, so that a forgotten quote costs one line only.
fn string<'s>(lex: &mut Lexer<'s, Token<'s>>) -> Result<&'s str, LexError> {
    let rest = lex.remainder();
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped && byte != b'\n' => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                lex.bump(at + 1);
                return Ok(rest.get(..at).unwrap_or_default());
            }
            b'\n' => {
                lex.bump(at);
                return Err(LexError::UnterminatedString);
            }
            _ => {}
        }
    }
    lex.bump(rest.len());
    Err(LexError::UnterminatedString)
}

impl Token<'_> {
    /// Whether a value may end here, so that another value right after it makes no sense.
    pub(crate) fn ends_operand(&self) -> bool {
        use Token::*;
        matches!(
            self,
            Ident(_)
                | Var(_)
                | Map(_)
                | Positional(_)
                | PositionalCount
                | Int(..)
                | Str(_)
                | TupleIndex(_)
                | True
                | False
                | CloseParen
                | CloseBracket
                | PlusPlus
                | MinusMinus
        )
    }

    /// Whether a statement may start here, and no expression can go on here.
    pub(crate) fn starts_statement(&self) -> bool {
        use Token::*;
        matches!(
            self,
            Ident(_)
                | Var(_)
                | Map(_)
                | KeyedMap(_)
                | Discard
                | Break
                | Comptime
                | Continue
                | For
                | If
                | Let
                | Return
                | Unroll
                | While
                | Import
        )
    }
}
