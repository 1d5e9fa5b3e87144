//! The scripts and providers that ship with gprobe, embedded. Internal to gprobe.
//!
//! Each is a `.gp` file that a user can read, copy and change. The comment at a script's head is its help: the first
//! line says what it answers. The comment before a moment of a provider says when it fires.

#![forbid(unsafe_code)]

/// A script that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// The name it runs by.
    pub name: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

impl Script {
    /// The comment at its head, without the comment signs.
    pub fn help(&self) -> String {
        head_comment(self.text)
    }

    /// The first line of its help: what it answers.
    pub fn summary(&self) -> String {
        self.help().lines().next().unwrap_or_default().to_owned()
    }

    /// The same without the name before it.
    pub fn answers(&self) -> String {
        let summary = self.summary();
        let text = summary.strip_prefix(self.name).unwrap_or(&summary);
        text.trim_start_matches(':').trim().to_owned()
    }
}

/// The comment at a script's head, behind a first line `#!`, without the comment signs.
pub fn head_comment(text: &str) -> String {
    let lines = text.lines().skip(usize::from(text.starts_with("#!")));
    let lines = lines.skip_while(|line| line.trim().is_empty()).take_while(|line| line.starts_with("//"));
    let plain = |line: &str| {
        let text = line.trim_start_matches("//");
        text.strip_prefix(' ').unwrap_or(text).to_owned()
    };
    let help = lines.map(plain).collect::<Vec<_>>().join("\n");
    help.trim_end().to_owned()
}

/// A provider that ships: a file that defines moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What its moments begin with: `goroutine`.
    pub name: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

/// A moment of a provider, as the comment before its first definition describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// `goroutine:park`
    pub name: String,
    /// What happens, in a sentence or less.
    pub what: String,
    /// The lines below, each a word and what it says: `when`, `args`, `cost`.
    pub more: Vec<(String, String)>,
}

impl Provider {
    /// The comment at its head: its name and what it is about, and more.
    pub fn about(&self) -> String {
        head_comment(self.text)
    }

    /// Its moments, in the order of the file.
    pub fn moments(&self) -> Vec<Moment> {
        let mut found = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(head) = line.strip_prefix("// ") else { continue };
            let Some((name, what)) = head.split_once(" - ") else { continue };
            if !name.strip_prefix(self.name).is_some_and(|rest| rest.starts_with(':')) {
                continue;
            }
            let mut more: Vec<(String, String)> = Vec::new();
            for line in lines.by_ref() {
                let Some(text) = line.strip_prefix("//   ") else { break };
                match text.split_once(' ') {
                    Some((word, text)) if !word.is_empty() => {
                        more.push((word.to_owned(), text.trim().to_owned()));
                    }
                    // It goes on with the line before.
                    _ => {
                        if let Some((_, said)) = more.last_mut() {
                            said.push(' ');
                            said.push_str(text.trim());
                        }
                    }
                }
            }
            found.push(Moment { name: name.to_owned(), what: what.to_owned(), more });
        }
        found
    }
}

/// All providers, by name.
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "cgo", text: include_str!("../providers/cgo.gp") },
    Provider { name: "chan", text: include_str!("../providers/chan.gp") },
    Provider { name: "gc", text: include_str!("../providers/gc.gp") },
    Provider { name: "goroutine", text: include_str!("../providers/goroutine.gp") },
    Provider { name: "heap", text: include_str!("../providers/heap.gp") },
    Provider { name: "mutex", text: include_str!("../providers/mutex.gp") },
    Provider { name: "netpoll", text: include_str!("../providers/netpoll.gp") },
    Provider { name: "panic", text: include_str!("../providers/panic.gp") },
    Provider { name: "rwmutex", text: include_str!("../providers/rwmutex.gp") },
    Provider { name: "sched", text: include_str!("../providers/sched.gp") },
    Provider { name: "select", text: include_str!("../providers/select.gp") },
    Provider { name: "syscall", text: include_str!("../providers/syscall.gp") },
    Provider { name: "timer", text: include_str!("../providers/timer.gp") },
];

/// The provider of a name.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

/// All scripts, by name.
pub const SCRIPTS: &[Script] = &[
    Script { name: "allocs", text: include_str!("../scripts/allocs.gp") },
    Script { name: "cgocalls", text: include_str!("../scripts/cgocalls.gp") },
    Script { name: "cgoslow", text: include_str!("../scripts/cgoslow.gp") },
    Script { name: "cgostuck", text: include_str!("../scripts/cgostuck.gp") },
    Script { name: "chanwait", text: include_str!("../scripts/chanwait.gp") },
    Script { name: "cmem", text: include_str!("../scripts/cmem.gp") },
    Script { name: "funccount", text: include_str!("../scripts/funccount.gp") },
    Script { name: "funclatency", text: include_str!("../scripts/funclatency.gp") },
    Script { name: "functrace", text: include_str!("../scripts/functrace.gp") },
    Script { name: "gcpauses", text: include_str!("../scripts/gcpauses.gp") },
    Script { name: "gmp", text: include_str!("../scripts/gmp.gp") },
    Script { name: "golife", text: include_str!("../scripts/golife.gp") },
    Script { name: "gostates", text: include_str!("../scripts/gostates.gp") },
    Script { name: "gosyscalls", text: include_str!("../scripts/gosyscalls.gp") },
    Script { name: "handoff", text: include_str!("../scripts/handoff.gp") },
    Script { name: "httplat", text: include_str!("../scripts/httplat.gp") },
    Script { name: "mutexhold", text: include_str!("../scripts/mutexhold.gp") },
    Script { name: "mutexholder", text: include_str!("../scripts/mutexholder.gp") },
    Script { name: "mutexwait", text: include_str!("../scripts/mutexwait.gp") },
    Script { name: "netwait", text: include_str!("../scripts/netwait.gp") },
    Script { name: "offcpu", text: include_str!("../scripts/offcpu.gp") },
    Script { name: "panics", text: include_str!("../scripts/panics.gp") },
    Script { name: "parks", text: include_str!("../scripts/parks.gp") },
    Script { name: "pthreadlocks", text: include_str!("../scripts/pthreadlocks.gp") },
    Script { name: "runqlat", text: include_str!("../scripts/runqlat.gp") },
    Script { name: "rwmutex", text: include_str!("../scripts/rwmutex.gp") },
    Script { name: "schedtrace", text: include_str!("../scripts/schedtrace.gp") },
    Script { name: "timeline", text: include_str!("../scripts/timeline.gp") },
    Script { name: "timers", text: include_str!("../scripts/timers.gp") },
];

/// The script of a name.
pub fn find(name: &str) -> Option<&'static Script> {
    SCRIPTS.iter().find(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stand_in_order_and_say_what_they_answer() {
        assert!(SCRIPTS.is_sorted_by_key(|s| s.name));
        for script in SCRIPTS {
            assert!(script.summary().starts_with(script.name), "{}", script.name);
            assert!(script.help().lines().count() > 5, "{} has too little help", script.name);
        }
    }

    #[test]
    fn each_moment_that_is_defined_is_described() {
        assert!(PROVIDERS.is_sorted_by_key(|provider| provider.name));
        for provider in PROVIDERS {
            assert!(provider.about().starts_with(&format!("{}: ", provider.name)), "{}", provider.name);
            let described: Vec<String> = provider.moments().into_iter().map(|moment| moment.name).collect();
            let mut defined: Vec<&str> = provider
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("probe ")?.split_whitespace().next())
                .collect();
            defined.dedup();
            assert_eq!(described, defined);
            for moment in provider.moments() {
                let words: Vec<&str> = moment.more.iter().map(|(word, _)| word.as_str()).collect();
                assert!(
                    words.contains(&"when") && words.contains(&"cost"),
                    "{} has only {words:?}",
                    moment.name
                );
            }
        }
    }
}
