//! A script in the one style that the manual and the standard scripts are written in.
//!
//! `text -> lexer -> pieces (a token and the comments before it) -> script, stmt (units and blocks)
//! -> layout (what stays on one line) -> write`
//!
//! The tokens are laid out, not the tree: the tree has forgotten what a reader wants to keep, such as
//! parentheses, the spelling of numbers and which fields were declared together. So each comment keeps its
//! place between two tokens, and none can get lost. The tree is the proof: what does not read back as it was
//! is not handed out.

mod comments;
mod layout;
mod piece;
mod script;
mod spacing;
mod stmt;
#[cfg(test)]
mod tests;
mod write;

use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::lexer;
use crate::parser::parse;
use crate::source::SourceId;

/// How long a line may get.
const WIDTH: usize = 100;
/// How far a block stands in.
const INDENT: usize = 4;

/// `source` in the usual style: the same tree, the same comments, and the same again when formatted again.
///
/// Blocks written on one line stay there if they fit into 100 columns. Should a text turn up that cannot be
/// laid out without changing what it means, it is given back as it is.
///
/// # Errors
///
/// What [`parse`](crate::parse) says of a script that is not right; its spans are of `SourceId(0)`.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(SourceId(0), source);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(parsed.diagnostics);
    }
    let laid_out = lay_out(source, WIDTH);
    Ok(if is_faithful(source, &parsed.script, &laid_out, WIDTH) { laid_out } else { source.to_owned() })
}

/// The texts of all comments in a script, in order, a `#!` line as the first; white space at the end of a
/// line comment is no part of it.
pub fn comments(source: &str) -> Vec<&str> {
    let (shebang, pieces, end) = piece::pieces(source, lexer::lex(SourceId(0), source).items);
    let gaps = pieces.iter().map(|piece| &piece.gap).chain([&end]);
    shebang.into_iter().chain(gaps.flat_map(|gap| gap.comments.iter().map(|comment| comment.text))).collect()
}

fn lay_out(source: &str, width: usize) -> String {
    let (shebang, raw, end) = piece::pieces(source, lexer::lex(SourceId(0), source).items);
    let (mut pieces, units) = script::shape(raw, end);
    layout::layout(source, &mut pieces, &units, width);
    write::write(shebang, &pieces, width)
}

fn is_faithful(source: &str, script: &ast::Script, laid_out: &str, width: usize) -> bool {
    let again = parse(SourceId(0), laid_out);
    !again.diagnostics.iter().any(Diagnostic::is_error)
        && ast::dump(&again.script) == ast::dump(script)
        && comments(laid_out) == comments(source)
        && lay_out(laid_out, width) == laid_out
}
