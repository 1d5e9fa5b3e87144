//! Reads the test files of bpftrace's runtime suite: blocks of `DIRECTIVE value` lines, divided by
//! empty lines.

use std::time::Duration;

/// How an expectation is compared with the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A whole line, or several, spaces around them aside.
    Text,
    /// No such line.
    TextNone,
    /// A regular expression of Python that is found.
    Regex,
    /// One that is not found.
    RegexNone,
    /// A file with all of the output.
    File,
    /// A file with the JSON of the output.
    Json,
}

/// One `EXPECT` of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expect {
    /// How to compare.
    pub(crate) mode: Mode,
    /// With what: text, an expression, or a path below the tests' folder.
    pub(crate) wanted: String,
}

/// What a case runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A line for the shell with `{{BPFTRACE}}` in it.
    Run(String),
    /// A script, given with `-e`.
    Prog(String),
}

impl Program {
    /// The line or the script.
    pub(crate) fn text(&self) -> &str {
        match self {
            Program::Run(text) | Program::Prog(text) => text,
        }
    }
}

/// One case of a suite.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The name of the file it is in.
    pub(crate) suite: String,
    /// Its `NAME`; several cases may have one name.
    pub(crate) name: String,
    /// Its `RUN` or `PROG`.
    pub(crate) program: Program,
    /// All that must hold of the output.
    pub(crate) expects: Vec<Expect>,
    /// How long it may run once its probes are attached.
    pub(crate) timeout: Duration,
    /// Commands that run beside it from before it starts.
    pub(crate) befores: Vec<String>,
    /// A command for the shell once the probes are attached.
    pub(crate) after: Option<String>,
    /// A command for the shell that ends before anything else starts.
    pub(crate) setup: Option<String>,
    /// A command for the shell at the end.
    pub(crate) cleanup: Option<String>,
    /// The oldest kernel it is for.
    pub(crate) min_kernel: Option<String>,
    /// The newest kernel it is for.
    pub(crate) max_kernel: Option<String>,
    /// Commands for the shell that must succeed for the case to be run at all.
    pub(crate) requires: Vec<String>,
    /// Features of bpftrace that it needs, or must not have when they begin with `!`.
    pub(crate) features: Vec<String>,
    /// The environment of the command.
    pub(crate) env: Vec<(String, String)>,
    /// Architectures, `be` or `le`; those with `!` are excluded.
    pub(crate) arch: Vec<String>,
    /// It must end with a failure.
    pub(crate) will_fail: bool,
    /// It runs in a pid namespace of its own, made by the first `BEFORE`.
    pub(crate) new_pidns: bool,
    /// It is skipped when this variable has this value.
    pub(crate) skip_if_env: Option<(String, String)>,
    /// How it must end, unless it must fail.
    pub(crate) return_code: i32,
    /// `%H` in the expected file stands for the local hour of this second since 1970.
    pub(crate) localize: Option<i64>,
}

impl Case {
    /// `suite.name`, what filters see.
    pub(crate) fn id(&self) -> String {
        format!("{}.{}", self.suite, self.name)
    }

    /// Whether all of the output is compared, and not some lines of it.
    pub(crate) fn is_exact(&self) -> bool {
        self.expects.iter().any(|e| matches!(e.mode, Mode::File | Mode::Json))
    }

    /// Whether the output is compared as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.expects.first().is_some_and(|e| e.mode == Mode::Json)
    }
}

/// Reads the cases of one file; an error names the suite and the line.
pub(crate) fn parse(suite: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut block: Vec<(usize, &str)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.is_empty() {
            cases.extend(block_of(suite, &block)?);
            block.clear();
        } else {
            block.push((number + 1, line));
        }
    }
    cases.extend(block_of(suite, &block)?);
    Ok(cases)
}

/// Reads one block of lines, if there is one.
fn block_of(suite: &str, block: &[(usize, &str)]) -> Result<Option<Case>, String> {
    let Some(&(first, _)) = block.first() else { return Ok(None) };
    let mut draft = Draft::default();
    for &(number, line) in block {
        draft.line(line).map_err(|problem| format!("{suite}:{number}: {problem}"))?;
    }
    draft.finish(suite).map(Some).map_err(|problem| format!("{suite}:{first}: {problem}"))
}

/// A case while its lines are read.
#[derive(Default)]
struct Draft {
    /// The directive of the line before: what an indented line goes on with.
    last: String,
    name: String,
    run: Option<String>,
    prog: Option<String>,
    expects: Vec<Expect>,
    timeout: Option<u64>,
    befores: Vec<String>,
    after: Option<String>,
    setup: Option<String>,
    cleanup: Option<String>,
    min_kernel: Option<String>,
    max_kernel: Option<String>,
    requires: Vec<String>,
    features: Vec<String>,
    env: Vec<(String, String)>,
    arch: Vec<String>,
    will_fail: bool,
    new_pidns: bool,
    skip_if_env: Option<(String, String)>,
    return_code: Option<i32>,
    localize: Option<i64>,
}

impl Draft {
    /// Takes one line: a directive, or more of the one before when it is indented up to where the
    /// value of that one began.
    fn line(&mut self, line: &str) -> Result<(), String> {
        let indent = self.last.len() + 1;
        if line.chars().take(indent).all(char::is_whitespace) {
            let more = line.get(indent..).unwrap_or_default();
            let goes_on = match self.last.as_str() {
                "PROG" => self.prog.as_mut(),
                "EXPECT" | "EXPECT_REGEX" => self.expects.last_mut().map(|e| &mut e.wanted),
                _ => None,
            };
            if let Some(text) = goes_on {
                text.push('\n');
                text.push_str(more);
                return Ok(());
            }
        }
        let line = line.trim();
        let (directive, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        self.last = directive.to_owned();
        self.directive(directive, value.trim_start())
    }

    /// Takes a directive with its value.
    fn directive(&mut self, directive: &str, value: &str) -> Result<(), String> {
        let owned = value.to_owned();
        match directive {
            "" => {}
            "NAME" => self.name = owned,
            "RUN" => self.run = Some(owned),
            "PROG" => self.prog = Some(owned),
            "EXPECT" => self.expect(Mode::Text, owned),
            "EXPECT_NONE" => self.expect(Mode::TextNone, owned),
            "EXPECT_REGEX" => self.expect(Mode::Regex, owned),
            "EXPECT_REGEX_NONE" => self.expect(Mode::RegexNone, owned),
            "EXPECT_FILE" => self.expect(Mode::File, owned),
            "EXPECT_JSON" => self.expect(Mode::Json, owned),
            "TIMEOUT" => self.timeout = Some(number(value)?),
            "BEFORE" => self.befores.push(owned),
            "AFTER" => self.after = Some(owned),
            "SETUP" => self.setup = Some(owned),
            "CLEANUP" => self.cleanup = Some(owned),
            "MIN_KERNEL" => self.min_kernel = Some(owned),
            "MAX_KERNEL" => self.max_kernel = Some(owned),
            "REQUIRES" => self.requires.push(owned),
            "REQUIRES_FEATURE" => self.features.extend(value.split_whitespace().map(str::to_owned)),
            "ENV" => {
                for pair in value.split_whitespace() {
                    self.env.push(pair_of(pair)?);
                }
            }
            "ARCH" => self.arch = value.split('|').map(|arch| arch.trim().to_owned()).collect(),
            "WILL_FAIL" => self.will_fail = true,
            "NEW_PIDNS" => self.new_pidns = true,
            "SKIP_IF_ENV_HAS" => self.skip_if_env = Some(pair_of(value)?),
            "RETURN_CODE" => self.return_code = Some(number(value)?),
            "LOCALIZE_TIMESTAMPS" => self.localize = Some(number(value)?),
            other => return Err(format!("unknown directive `{other}`")),
        }
        Ok(())
    }

    /// Takes one more expectation.
    fn expect(&mut self, mode: Mode, wanted: String) {
        self.expects.push(Expect { mode, wanted });
    }

    /// The case, when all that it must have is there.
    fn finish(self, suite: &str) -> Result<Case, String> {
        if self.name.is_empty() {
            return Err("a case without NAME".to_owned());
        }
        let program = match (self.run, self.prog) {
            (Some(run), None) => Program::Run(run),
            (None, Some(prog)) => Program::Prog(prog),
            _ => return Err(format!("`{}` needs one of RUN and PROG", self.name)),
        };
        if self.expects.is_empty() && self.return_code.is_none() {
            return Err(format!("`{}` expects nothing", self.name));
        }
        Ok(Case {
            suite: suite.to_owned(),
            name: self.name,
            program,
            expects: self.expects,
            timeout: Duration::from_secs(self.timeout.unwrap_or(5)),
            befores: self.befores,
            after: self.after,
            setup: self.setup,
            cleanup: self.cleanup,
            min_kernel: self.min_kernel,
            max_kernel: self.max_kernel,
            requires: self.requires,
            features: self.features,
            env: self.env,
            arch: self.arch,
            will_fail: self.will_fail,
            new_pidns: self.new_pidns,
            skip_if_env: self.skip_if_env,
            return_code: self.return_code.unwrap_or(0),
            localize: self.localize,
        })
    }
}

/// A number of a directive.
fn number<N: std::str::FromStr>(value: &str) -> Result<N, String> {
    value.trim().parse().map_err(|_| format!("`{value}` is no number"))
}

/// The two sides of `KEY=VALUE`.
fn pair_of(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_cases() {
        let text = "\
NAME first
PROG begin { print(7) }
EXPECT 7

# said aside
NAME second
# said inside
RUN {{BPFTRACE}} -e 'begin { }' | cat
EXPECT_REGEX ^a.*$
EXPECT_NONE b
ENV A=1 B=2=3
ARCH x86_64 | !be
REQUIRES_FEATURE one !two
TIMEOUT 2
RETURN_CODE 4
";
        let cases = parse("mine", text).expect("cases");
        assert_eq!(cases.iter().map(Case::id).collect::<Vec<_>>(), ["mine.first", "mine.second"]);
        assert_eq!(cases[0].program, Program::Prog("begin { print(7) }".to_owned()));
        assert_eq!((cases[0].timeout, cases[0].return_code), (Duration::from_secs(5), 0));
        let second = &cases[1];
        assert_eq!(second.expects[0].mode, Mode::Regex);
        assert_eq!(second.expects[1], Expect { mode: Mode::TextNone, wanted: "b".to_owned() });
        assert_eq!(second.env[1], ("B".to_owned(), "2=3".to_owned()));
        assert_eq!(second.arch, ["x86_64", "!be"]);
        assert_eq!(second.features, ["one", "!two"]);
        assert_eq!((second.timeout, second.return_code), (Duration::from_secs(2), 4));
    }

    #[test]
    fn indented_lines_go_on() {
        let text = "NAME n\nPROG begin { }\n     end { }\nEXPECT one\n         two\n";
        let cases = parse("mine", text).expect("cases");
        assert_eq!(cases[0].program.text(), "begin { }\nend { }");
        assert_eq!(cases[0].expects[0].wanted, "one\n  two");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &str| parse("mine", text).expect_err("it is wrong");
        assert_eq!(wrong("NAME n\nPROG p\nEXPCT 1\n"), "mine:3: unknown directive `EXPCT`");
        assert_eq!(wrong("\nNAME n\nEXPECT 1\n"), "mine:2: `n` needs one of RUN and PROG");
        assert_eq!(wrong("NAME n\nPROG p\n"), "mine:1: `n` expects nothing");
        assert_eq!(wrong("NAME n\nTIMEOUT x\n"), "mine:2: `x` is no number");
        assert!(parse("mine", "NAME n\nPROG p\nRETURN_CODE 3").is_ok());
    }
}
