//! gprobe's prompt with pipes for its input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gprobe_testkit::require_bpf;

/// A prompt that is asked one thing after the other.
pub(crate) struct Prompt {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    seen: u32,
}

impl Prompt {
    pub(crate) fn start(args: &[&str], folder: &Path) -> Self {
        require_bpf();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gprobe"))
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gprobe starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Self { stdin: child.stdin.take(), child, stdout, seen: 0 }
    }

    fn write(&mut self, text: &str) {
        self.stdin.as_mut().expect("it is open").write_all(text.as_bytes()).expect("it reads");
    }

    /// What an input says.
    pub(crate) fn says(&mut self, input: &str) -> String {
        self.seen += 1;
        let mark = format!("said-{}", self.seen);
        self.write(&format!("{input}\n\"{mark}\"\n"));
        let mut text = String::new();
        loop {
            let before = text.len();
            let read = self.stdout.read_line(&mut text).expect("it writes");
            assert_ne!(read, 0, "it ended after `{input}`: {text}");
            if text[before..].trim_end() == mark {
                text.truncate(before);
                return text;
            }
        }
    }

    /// Gives it the last inputs; what they say, and its exit code.
    pub(crate) fn last(mut self, inputs: &str) -> (String, Option<i32>) {
        self.write(inputs);
        drop(self.stdin.take());
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("it writes");
        (text, self.child.wait().expect("it ends").code())
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
