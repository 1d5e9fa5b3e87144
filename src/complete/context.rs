//! What is being typed, by the text before the cursor.

/// What stands at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Context<'t> {
    /// A string or a comment, of which nothing is known.
    Nothing,
    /// A command's name.
    Command { word: &'t str },
    /// A command's argument.
    Argument { command: &'t str, word: &'t str },
    /// The first word: a probe or an expression may begin.
    Start { word: &'t str },
    /// An attach point, split at its colons.
    Point { parts: Vec<&'t str> },
    /// `@x`
    Map { word: &'t str },
    /// `$x`; and the variables of the text.
    Variable { word: &'t str, seen: Vec<&'t str> },
    /// `args.req.URL.Pa`: what stands before the last dot, and in which probe.
    Field { path: &'t str, word: &'t str, point: Option<&'t str> },
    /// A string that a builtin is compared with.
    Text { of: &'t str, word: &'t str },
    /// A word of an expression.
    Word { word: &'t str },
}

impl<'t> Context<'t> {
    pub(super) fn of(before: &'t str) -> Self {
        let typed = before.trim_start();
        if typed.starts_with(':') {
            return match typed.split_once(char::is_whitespace) {
                None => Context::Command { word: typed },
                Some((command, rest)) => Context::Argument { command, word: rest.trim_start() },
            };
        }
        let scan = Scan::of(before);
        if let Some(quote) = scan.quote {
            return match compared(before.get(..quote).unwrap_or_default()) {
                Some(of) => Context::Text { of, word: before.get(quote..).unwrap_or_default() },
                None => Context::Nothing,
            };
        }
        if scan.in_comment {
            return Context::Nothing;
        }
        let in_item = gprobe_lang::is_script(before) || scan.item > 0 || before.trim_start().ends_with(':');
        if scan.depth == 0 && in_item && !scan.in_predicate {
            let point = before.get(scan.point..).unwrap_or_default().trim_start();
            return match point.contains(':') {
                true => Context::Point { parts: point.split(':').collect() },
                false => Context::Start { word: point },
            };
        }
        expression(before, &scan)
    }

    /// Where what is replaced begins.
    pub(super) fn start(&self, before: &str) -> usize {
        let typed = match self {
            Context::Nothing => 0,
            Context::Command { word }
            | Context::Argument { word, .. }
            | Context::Start { word }
            | Context::Map { word }
            | Context::Variable { word, .. }
            | Context::Field { word, .. }
            | Context::Text { word, .. }
            | Context::Word { word } => word.len(),
            Context::Point { parts } => parts.iter().map(|part| part.len() + 1).sum::<usize>() - 1,
        };
        before.len() - typed
    }
}

fn expression<'t>(before: &'t str, scan: &Scan) -> Context<'t> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let start = before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + sign(before, at));
    let word = before.get(start..).unwrap_or_default();
    let head = before.get(..start).unwrap_or_default();
    match head.chars().next_back() {
        Some('@') => Context::Map { word: before.get(start - 1..).unwrap_or_default() },
        Some('$') => {
            let mut seen: Vec<&str> = variables(head);
            seen.sort_unstable();
            seen.dedup();
            Context::Variable { word: before.get(start - 1..).unwrap_or_default(), seen }
        }
        Some('.') => {
            let head = head.get(..head.len() - 1).unwrap_or_default();
            let is_path = |c: char| is_word(c) || matches!(c, '.' | '/');
            let from = head.rfind(|c: char| !is_path(c)).map_or(0, |at| at + sign(head, at));
            let point =
                before.get(scan.point..scan.body.unwrap_or(scan.point)).filter(|point| !point.is_empty());
            Context::Field { path: head.get(from..).unwrap_or_default(), word, point: point.map(str::trim) }
        }
        None if scan.depth == 0 => Context::Start { word },
        _ if head.trim().is_empty() => Context::Start { word },
        _ => Context::Word { word },
    }
}

/// Bytes of the character at a place.
fn sign(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// The variables that a text names, with their `$`.
fn variables(text: &str) -> Vec<&str> {
    let starts = text.match_indices('$').map(|(at, _)| at);
    let ends = |rest: &str| rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let found = starts.filter_map(|at| text.get(at..at + 1 + ends(text.get(at + 1..)?)));
    found.filter(|name| name.len() > 1).collect()
}

/// The builtin that the string at the end of a text is compared with: `waitreason == `, `@[waitreason, `.
fn compared(before: &str) -> Option<&str> {
    let rest = before.trim_end();
    let rest = rest.strip_suffix("==").or_else(|| rest.strip_suffix("!="))?.trim_end();
    let start = rest.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    rest.get(start..).filter(|word| !word.is_empty())
}

/// Where in a script the end of a text is.
#[derive(Debug, Default)]
struct Scan {
    /// Open brackets.
    depth: usize,
    /// Where the attach point at hand begins.
    point: usize,
    /// Where the attach point's probe has its body or predicate.
    body: Option<usize>,
    /// Items that have ended.
    item: usize,
    in_predicate: bool,
    in_comment: bool,
    /// Where the string begins that is open.
    quote: Option<usize>,
}

impl Scan {
    fn of(text: &str) -> Self {
        let mut scan = Self::default();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            match c {
                '/' if next == Some('/') => {
                    scan.in_comment = !chars.any(|(_, c)| c == '\n');
                    scan.skip(text, at);
                }
                '"' => {
                    let mut escaped = false;
                    let closed = chars.any(|(_, c)| {
                        let ends = c == '"' && !escaped;
                        escaped = c == '\\' && !escaped;
                        ends
                    });
                    scan.quote = (!closed).then_some(at);
                }
                // In an attach point they are parts of names.
                '(' | '[' | ')' | ']' if scan.depth == 0 && !scan.in_predicate => {}
                '{' | '(' | '[' => {
                    if scan.depth == 0 && c == '{' {
                        scan.body.get_or_insert(at);
                        scan.in_predicate = false;
                    }
                    scan.depth += 1;
                }
                '}' | ')' | ']' => {
                    scan.depth = scan.depth.saturating_sub(1);
                    if scan.depth == 0 && c == '}' {
                        scan.item += 1;
                        (scan.point, scan.body) = (at + 1, None);
                    }
                }
                // A predicate stands apart; in a name, a slash is one of a package's path.
                '/' if scan.depth == 0 => {
                    let apart = text.get(..at).is_some_and(|text| text.ends_with(char::is_whitespace));
                    if scan.in_predicate {
                        scan.in_predicate = false;
                    } else if apart {
                        scan.in_predicate = true;
                        scan.body.get_or_insert(at);
                    }
                }
                ',' | ';' if scan.depth == 0 && !scan.in_predicate => {
                    (scan.point, scan.body) = (at + 1, None);
                }
                _ => {}
            }
        }
        scan
    }

    /// A comment between items is none of the attach point's.
    fn skip(&mut self, text: &str, from: usize) {
        let end = text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| from + end + 1);
        if self.depth == 0 && text.get(self.point..from).is_some_and(|text| text.trim().is_empty()) {
            self.point = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_before_the_cursor_tells_what_is_typed() {
        assert_eq!(Context::of(":st"), Context::Command { word: ":st" });
        assert_eq!(Context::of(":run cgo"), Context::Argument { command: ":run", word: "cgo" });
        assert_eq!(Context::of("gor"), Context::Start { word: "gor" });
        assert_eq!(Context::of("go:main.w"), Context::Point { parts: vec!["go", "main.w"] });
        assert_eq!(Context::of("go:net/http.(*c"), Context::Point { parts: vec!["go", "net/http.(*c"] });
        assert_eq!(Context::of("go:a { } go:b"), Context::Point { parts: vec!["go", "b"] });
        assert_eq!(Context::of("go:main.f { @x"), Context::Map { word: "@x" });
        assert_eq!(Context::of("go:main.f { $y = 1; $"), Context::Variable { word: "$", seen: vec!["$y"] });
        let field = Context::Field { path: "args.req", word: "UR", point: Some("go:main.f") };
        assert_eq!(Context::of("go:main.f { @[args.req.UR"), field);
        assert_eq!(Context::of("sched.nm"), Context::Field { path: "sched", word: "nm", point: None });
        let text = Context::Text { of: "waitreason", word: "\"chan" };
        assert_eq!(Context::of("goroutine:park /waitreason == \"chan"), text);
        assert_eq!(Context::of("go:main.f /go"), Context::Word { word: "go" });
        assert_eq!(Context::of("printf(\"a"), Context::Nothing);
        assert_eq!(Context::of("begin { pr"), Context::Word { word: "pr" });
        assert_eq!(Context::of("1 + go"), Context::Word { word: "go" });
    }
}
