//! Go probes: on functions, on source lines, `go:FILE.go:LINE`, and on inlined functions,
//! `go:FUNCTION:inline`.

use gprobe_lang::ast::AttachPoint;
use gprobe_lang::diagnostic::{Diagnostic, nearest};
use gprobe_lang::source::{Span, Spanned};
use gprobe_symbols::{EntryCondition, Language, Line, Places, Reason, SiteKind};

use super::Resolver;
use super::go_atomic;
use super::place::Place;
use super::sites::{Candidate, Grouping, Wanted, join_group};
use crate::artifact::SiteInfo;
use crate::artifact::{COOKIE_CHECK_FLAGS, COOKIE_FUNCTION};
use crate::target::TargetBinary;

/// Callers that are named of a function that was inlined everywhere.
const CALLERS_NAMED: usize = 5;

impl Resolver<'_> {
    /// `go:PATTERN`, `go:PATTERN:return` and what else there is of Go
    pub(super) fn go(
        &mut self,
        point: &AttachPoint,
        args: &[&Spanned<String>],
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let mut inside = None;
        let (pattern, ret) = match args {
            [pattern] if !pattern.value.is_empty() => (*pattern, false),
            [pattern, how] if how.value == "return" && !pattern.value.is_empty() => (*pattern, true),
            [pattern, how, callee] if how.value == "call" && !pattern.value.is_empty() => {
                inside = Some((*callee).clone());
                (*pattern, false)
            }
            [file, line] if file.value.ends_with(".go") => return self.go_line(point, file, line, grouping),
            [pattern, how] if how.value == "inline" && !pattern.value.is_empty() => {
                return self.go_inline(point, pattern, grouping);
            }
            [pattern, how, name] if how.value == "atomic" && !pattern.value.is_empty() => {
                return self.go_atomic(point, (pattern, name), go_atomic::Wanted::Guards, grouping);
            }
            [pattern, how, name] if how.value == "swap" && !pattern.value.is_empty() => {
                return self.go_atomic(point, (pattern, name), go_atomic::Wanted::Swaps, grouping);
            }
            [_, how, more, ..] if how.value == "inline" => {
                self.report(
                    Diagnostic::error(
                        "bad-attach-point",
                        more.span,
                        "an inlined copy has no way out, and no calls, that a probe could be on",
                    )
                    .note("its code ends in that of the function that it was put into")
                    .help("write `go:FUNCTION:inline`; `go:FILE.go:LINE` probes a line of it"),
                );
                return None;
            }
            [_, how] => {
                self.report(
                    Diagnostic::error(
                        "bad-attach-point",
                        how.span,
                        format!("`{}` has no meaning here", how.value),
                    )
                    .help("write `go:FUNCTION`, `go:FUNCTION:return`, `go:FUNCTION:inline`, `go:FUNCTION:call:CALLEE`, `go:FUNCTION:atomic:CALLEE`, `go:FUNCTION:swap:INLINED` or `go:FILE.go:LINE`"),
                );
                return None;
            }
            _ => {
                self.report(
                    Diagnostic::error("bad-attach-point", point.text.span, "this names no Go function")
                        .help("write `go:main.handle`, `go:net/http.(*conn).serve` or `go:main.*`"),
                );
                return None;
            }
        };
        let executable = self.go_program(point)?;
        let what = Wanted { ret, callee: inside, only_go: true, inline: false };
        self.functions(point, &executable, pattern, &what, grouping)
    }

    /// The Go program that a Go probe is about; says so where there is none.
    pub(super) fn go_program(&mut self, point: &AttachPoint) -> Option<TargetBinary> {
        let Some(executable) = self.target.executable.clone() else {
            self.report(
                Diagnostic::error("no-target", point.text.span, "a Go probe needs a Go program to look at")
                    .help("name a process with -p PID, start one with -c COMMAND, or name its file with -x BINARY"),
            );
            return None;
        };
        if executable.binary.go_version().is_none() {
            self.report(Diagnostic::error(
                "not-go",
                point.text.span,
                format!("{} is no Go program: it has no Go build information", executable.name),
            ));
            return None;
        }
        Some(executable)
    }

    /// `go:FILE.go:LINE`
    fn go_line(
        &mut self,
        point: &AttachPoint,
        file: &Spanned<String>,
        line: &Spanned<String>,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let number = line.value.parse::<u32>().ok().filter(|number| *number > 0);
        let Some(number) = number else {
            self.report(
                Diagnostic::error("bad-attach-point", line.span, format!("`{}` is no line", line.value))
                    .help(format!("lines count from 1: `go:{}:42`", file.value)),
            );
            return None;
        };
        let executable = self.go_program(point)?;
        let files = self.source_files(&executable, file)?;
        let places = executable.binary.line_places(&files, number);
        if places.found.is_empty() && places.refused.is_empty() {
            self.no_code(&executable, &files, (&file.value, number), line.span);
            return None;
        }
        let title = point.text.value.clone();
        self.at_places(
            point,
            &executable,
            places,
            |_| title.clone(),
            "places of this line",
            grouping,
            Vec::new(),
        )
    }

    /// The source files that the end of a path means.
    fn source_files<'b>(
        &mut self,
        executable: &'b TargetBinary,
        file: &Spanned<String>,
    ) -> Option<Vec<&'b str>> {
        let wanted = file.value.strip_prefix("./").unwrap_or(&file.value);
        let all = executable.binary.go_files();
        let is_meant = |path: &&&str| {
            let before = path.strip_suffix(wanted);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let found: Vec<&str> = all.iter().filter(is_meant).copied().collect();
        if found.is_empty() {
            let message = format!("{} has no code of a file `{}`", executable.name, file.value);
            let hint = near_files(wanted, &all);
            let help = hint.unwrap_or_else(|| {
                "write the end of its path, as in `main.go` or `net/http/server.go`".to_owned()
            });
            self.missing("unknown-file", file.span, message, Some(help));
            return None;
        }
        // A whole path is one that others may end in as well.
        if found.contains(&wanted) {
            return Some(vec![found.into_iter().find(|path| *path == wanted)?]);
        }
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let first = found.first().map(|path| folder(path));
        if !wanted.contains('/') && found.iter().any(|path| Some(folder(path)) != first) {
            let mut diagnostic = Diagnostic::error(
                "ambiguous-file",
                file.span,
                format!("{} packages have a file `{}`", found.len(), file.value),
            );
            for path in found.iter().take(CALLERS_NAMED) {
                diagnostic = diagnostic.note(told_apart(path, &found).to_owned());
            }
            if let Some(more) = found.len().checked_sub(CALLERS_NAMED).filter(|more| *more > 0) {
                diagnostic = diagnostic.note(format!("and {more} more"));
            }
            let example = found.first().map_or(wanted, |path| told_apart(path, &found));
            self.report(diagnostic.help(format!("write more of the path: `go:{example}:LINE`")));
            return None;
        }
        Some(found)
    }

    /// Says that a line has no code, and which ones near it have.
    fn no_code(&mut self, executable: &TargetBinary, files: &[&str], (file, line): (&str, u32), span: Span) {
        let lines = executable.binary.lines_with_code(files);
        let after = lines.range(line..).next().map(|near| ("next", near));
        let near = after.or_else(|| lines.range(..line).next_back().map(|near| ("last", near)));
        let message = format!("line {line} of {file} has no code");
        let (message, help) = match near {
            Some((which, (near, function))) => (
                format!("{message}: the {which} one with code is {near} (in {function})"),
                format!("write `go:{file}:{near}`"),
            ),
            None => (message, "no line of it has any in this binary".to_owned()),
        };
        self.missing("no-code", span, message, Some(help));
    }

    /// `go:FUNCTION:inline`: the function, and the copies of it that are in others.
    fn go_inline(
        &mut self,
        point: &AttachPoint,
        pattern: &Spanned<String>,
        grouping: &Grouping,
    ) -> Option<Vec<Candidate>> {
        let executable = self.go_program(point)?;
        let copies = executable.binary.inlined_copies(&pattern.value);
        let wild = gprobe_symbols::is_glob(&pattern.value);
        let functions = executable.binary.functions();
        let mut own = if wild { functions.matching(&pattern.value) } else { functions.exact(&pattern.value) };
        own.retain(|function| function.language != Language::C);
        if own.is_empty() && copies.found.is_empty() && copies.refused.is_empty() {
            self.no_function(&executable, pattern, wild, true);
            return None;
        }
        let binary = self.binary_index(&executable);
        let what = Wanted { ret: false, callee: None, only_go: true, inline: true };
        let mut groups = Vec::new();
        let mut refused: Vec<(String, Reason)> = Vec::new();
        for function in &own {
            if let Err(reason) =
                self.function_sites(point, &executable, binary, function, &what, grouping, &mut groups)
            {
                refused.push((function.name.clone(), reason));
            }
        }
        let copies =
            Places { refused: refused.into_iter().chain(copies.refused).collect(), found: copies.found };
        let name = |source: &str| format!("go:{source}:inline");
        self.at_places(point, &executable, copies, name, "functions and copies", grouping, groups)
    }

    /// What places may become, besides what there is of the attach point already.
    #[allow(clippy::too_many_arguments, reason = "a struct would only rename the list")]
    fn at_places(
        &mut self,
        point: &AttachPoint,
        file: &TargetBinary,
        places: Places,
        name: impl Fn(&str) -> String,
        what: &str,
        grouping: &Grouping,
        mut groups: Vec<Candidate>,
    ) -> Option<Vec<Candidate>> {
        let binary = self.binary_index(file);
        let matched = groups.len() + places.found.len() + places.refused.len();
        for place in places.found {
            let named = self.probe_name(&name(&place.source));
            let function = match place.call {
                // One number for all copies of a function.
                Some(_) => self.function_number(&place.source),
                None => self.function_number(&place.function.name),
            };
            let checks_flags = place.site.condition == EntryCondition::UnlessBranchTaken;
            let flags = if checks_flags { COOKIE_CHECK_FLAGS } else { 0 };
            let info = SiteInfo {
                offset: place.site.offset,
                addr: place.site.addr,
                semaphore: None,
                cookie: u64::from(named) | flags | u64::from(function) << COOKIE_FUNCTION,
                function: place.function.name.clone(),
            };
            let at = Place::Function {
                binary,
                g_in_r14: file.binary.g_in_r14(&place.function),
                site: place.site.addr,
                ret: false,
                inside: place.site.kind != SiteKind::Entry,
                depth: Some(place.depth),
                copy: place.call.map(|_| place.source),
                atomic: None,
                go: true,
                function: place.function,
            };
            join_group(&mut groups, grouping, &point.text.value, at, false, checks_flags, info);
        }
        self.refused(point.text.span, &places.refused, matched, what, groups.is_empty())?;
        Some(groups)
    }

    /// Says that a function was inlined wherever it is called, if it was.
    pub(super) fn inlined_everywhere(&mut self, file: &TargetBinary, pattern: &Spanned<String>) -> bool {
        let name = &pattern.value;
        let copies = file.binary.inlined_copies(name);
        let count = copies.found.len() + copies.refused.len();
        if count == 0 {
            return false;
        }
        let copies_are = if count == 1 { "is 1 copy".to_owned() } else { format!("are {count} copies") };
        let mut diagnostic = Diagnostic::error(
            "inlined-everywhere",
            pattern.span,
            format!(
                "`{name}` was inlined everywhere in this binary: there {copies_are} and no function to probe"
            ),
        );
        for place in copies.found.iter().take(CALLERS_NAMED) {
            let call = place.call.as_ref().map(short).unwrap_or_default();
            diagnostic = diagnostic.note(format!("in {}, called {call}", place.function.name));
        }
        if let Some(more) = copies.found.len().checked_sub(CALLERS_NAMED).filter(|more| *more > 0) {
            diagnostic = diagnostic.note(format!("and {more} more: `gprobe list -v '{name}'` shows all"));
        }
        self.report(diagnostic.help(format!("write `go:{name}:inline`, which is in all copies")));
        true
    }
}

/// `at main.go:42`
fn short(line: &Line) -> String {
    format!("at {}:{}", with_folder(&line.file), line.line)
}

/// The end of a path: the file and its folder.
fn with_folder(path: &str) -> &str {
    path.rmatch_indices('/').nth(1).map_or(path, |(at, _)| path.get(at + 1..).unwrap_or(path))
}

/// As much of a path's end as tells it from the others, its folder at least.
fn told_apart<'p>(path: &'p str, all: &[&str]) -> &'p str {
    let ends = path.rmatch_indices('/').skip(1).map(|(at, _)| path.get(at..).unwrap_or(path));
    let alone = |end: &&str| all.iter().filter(|other| other.ends_with(end)).count() == 1;
    ends.into_iter().find(alone).map_or(path, |end| end.trim_start_matches('/'))
}

/// Files whose names are nearly that.
fn near_files(wanted: &str, all: &[&str]) -> Option<String> {
    let parts = wanted.matches('/').count();
    // Of each path no more than was written.
    let ends = all.iter().map(|path| {
        let cut = path.rmatch_indices('/').nth(parts);
        let end = cut.map_or(*path, |(at, _)| path.get(at + 1..).unwrap_or(path));
        // All have this in common.
        end.strip_suffix(".go").unwrap_or(end)
    });
    let near = nearest(wanted.strip_suffix(".go").unwrap_or(wanted), ends, 1);
    near.first().map(|near| format!("did you mean `{near}.go`?"))
}

#[cfg(test)]
mod tests {
    use super::{near_files, told_apart, with_folder};

    #[test]
    fn paths_are_cut_to_what_is_told_apart_by() {
        assert_eq!(with_folder("/usr/lib/go/src/net/http/server.go"), "http/server.go");
        assert_eq!(with_folder("main.go"), "main.go");
        let all = ["/src/app/handler.go", "/src/app/main.go"];
        assert_eq!(near_files("handlr.go", &all).as_deref(), Some("did you mean `handler.go`?"));
        assert_eq!(near_files("app/man.go", &all).as_deref(), Some("did you mean `app/main.go`?"));
        assert_eq!(near_files("elsewhere.go", &all), None);
        let two = ["/go/src/sync/mutex.go", "/go/src/internal/sync/mutex.go"];
        assert_eq!(two.map(|path| told_apart(path, &two)), ["src/sync/mutex.go", "internal/sync/mutex.go"]);
    }
}
