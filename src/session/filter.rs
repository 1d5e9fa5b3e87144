//! `--probe-filter`: leaves out probes by their names.
//!
//! Names that a script writes out are judged before it is compiled, so that what can't be attached here
//! can be left out. Those that patterns stand for are known only after.

use gprobe_compiler::artifact::{Artifact, Attach};
use gprobe_compiler::probe_kinds;
use gprobe_lang::ast::{AttachPoint, Item, Script};

/// Puts `$1` and the like into a text.
pub(crate) fn with_params(text: &str, params: &[String]) -> String {
    let numbered = params.iter().enumerate().rev();
    numbered.fold(text.to_owned(), |text, (at, param)| text.replace(&format!("${}", at + 1), param))
}

/// The whole name of an attach point, its kind written out.
pub(crate) fn name(point: &AttachPoint, params: &[String]) -> String {
    let mut parts: Vec<&str> = point.parts.iter().map(|part| part.value.as_str()).collect();
    if let Some(kind) = parts.first_mut()
        && let Some(known) = probe_kinds::find(kind)
    {
        *kind = known.name;
    }
    with_params(&parts.join(":"), params)
}

/// Whether the name of a probe is what the script says, and not what a pattern or a library's name
/// turns out to be.
fn is_final(name: &str) -> bool {
    let kind = name.split(':').next().unwrap_or_default();
    !matches!(kind, "go" | "uprobe" | "uretprobe" | "usdt") && !name.contains(['*', '?'])
}

/// Leaves out the attach points whose names are known and don't match. Gives whether any probe may be
/// left that is not `begin` or `end`, or there never was one.
pub(crate) fn before(script: &mut Script, wanted: &dyn Fn(&str) -> bool, params: &[String]) -> bool {
    let (mut left, mut gone) = (false, false);
    script.items.retain_mut(|item| {
        let Item::Probe(probe) = item else { return true };
        probe.points.retain(|point| {
            let name = name(point, params);
            if matches!(name.as_str(), "begin" | "end") {
                return true;
            }
            let keep = !is_final(&name) || wanted(&name);
            *if keep { &mut left } else { &mut gone } = true;
            keep
        });
        !probe.points.is_empty()
    });
    left || !gone
}

/// Leaves out what else does not match. Gives whether any probe is left, as [`before`].
pub(crate) fn after(artifact: &mut Artifact, wanted: &dyn Fn(&str) -> bool) -> bool {
    let (mut left, mut gone) = (false, false);
    let names = &artifact.probes;
    artifact.programs.retain_mut(|program| {
        let keep = match &mut program.attach {
            Attach::Begin | Attach::End => return true,
            // Their names are what the script says: `before` judged them.
            Attach::Interval { .. }
            | Attach::Iterate { .. }
            | Attach::Profile { .. }
            | Attach::Signal { .. }
            | Attach::Test { .. }
            | Attach::Bench { .. }
            | Attach::Counter { .. } => true,
            Attach::Uprobe { sites, .. } => {
                sites.retain(|site| names.get(site.probe()).is_some_and(|name| wanted(name)));
                !sites.is_empty()
            }
            _ => wanted(&program.title),
        };
        *if keep { &mut left } else { &mut gone } = true;
        keep
    });
    left || !gone
}

#[cfg(test)]
mod tests {
    use gprobe_lang::source::SourceId;
    use regex::Regex;

    use super::*;

    /// The names of the probes that are left of a script, and what `before` says of them.
    fn left(script: &str, filter: &str) -> (Vec<String>, bool) {
        let mut script = gprobe_lang::parse(SourceId(0), script).script;
        let filter = Regex::new(filter).expect("an expression");
        let some = before(&mut script, &|name| filter.is_match(name), &["7".to_owned()]);
        let probes = script.items.iter().filter_map(|item| match item {
            Item::Probe(probe) => Some(probe),
            _ => None,
        });
        (probes.flat_map(|probe| &probe.points).map(|point| name(point, &[])).collect(), some)
    }

    #[test]
    fn names_are_whole_and_begin_stays() {
        let script = "BEGIN { } i:ms:100, i:ms:200 { exit(); }";
        assert_eq!(
            left(script, "^interval:ms:2"),
            (vec!["begin".to_owned(), "interval:ms:200".to_owned()], true)
        );
        assert_eq!(left(script, "nothing"), (vec!["begin".to_owned()], false));
        assert_eq!(left("begin { }", "nothing"), (vec!["begin".to_owned()], true));
        assert_eq!(left("i:s:$1 { }", "s:7$").0, ["interval:s:$1"]);
    }

    #[test]
    fn patterns_are_judged_later() {
        assert_eq!(left("tracepoint:sched:* { }", "switch").0, ["tracepoint:sched:*"]);
        assert_eq!(left("uprobe:libc:malloc { }", "libc.so").0, ["uprobe:libc:malloc"]);
    }
}
