//! Fuzzes the parser, the compiler and the readers of binaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gprobe_testkit::damage::{Damage, Kind};
use gprobe_testkit::workspace;

use crate::{Outcome, run, target_folder};

/// Inputs that are tried where it is not said.
const RUNS: u64 = 100_000;
/// What chooses productions, and what is text, is told apart by this first byte; see `fuzz/src/scripts.rs`.
const GENERATE: u8 = 0;

/// What an input of a target is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The text of a script.
    Text,
    /// That, or what chooses productions of one.
    Choices,
    /// Edits of a binary.
    Edits(Kind),
}

/// The targets, each with its inputs and their longest. Long ones are for the tests; short ones are tried more
/// often.
const TARGETS: [(&str, Input, u32); 5] = [
    ("parse", Input::Text, 1024),
    ("check", Input::Choices, 1024),
    ("elf", Input::Edits(Kind::Elf), 76),
    ("dwarf", Input::Edits(Kind::Dwarf), 76),
    ("pclntab", Input::Edits(Kind::Pclntab), 76),
];

/// Tries RUNS inputs, made from the tests' cases and from what was found before, with a target of `fuzz/`.
pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let names = TARGETS.map(|(name, ..)| format!("`{name}`")).join(", ");
    let (target, runs) = match arguments {
        [target] => (target.as_str(), RUNS),
        [target, runs] => (target.as_str(), runs.parse().map_err(|_| format!("`{runs}` is no number"))?),
        _ => return Err(format!("say what to fuzz: one of {names}").into()),
    };
    let Some((_, input, longest)) = TARGETS.iter().find(|(name, ..)| *name == target) else {
        return Err(format!("there is no fuzz target `{target}`, only {names}").into());
    };
    let folder = target_folder().join("fuzz");
    let seeds = folder.join("seeds").join(target);
    let corpus = folder.join("corpus").join(target);
    let found = folder.join("found").join(target);
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    write_seeds(&seeds, *input).map_err(|error| format!("{}: {error}", seeds.display()))?;
    let mut command = Command::new("cargo");
    command
        .current_dir(workspace())
        // There is nothing unsafe to find, and the dictionary knows what is compared with: without
        // sanitizer and traces it is several times as fast.
        .args(["+nightly", "fuzz", "run", "--sanitizer", "none", "--no-trace-compares"])
        .args(matches!(input, Input::Edits(_)).then_some("--no-default-features"))
        .arg("--target-dir")
        .args([&folder.join("build"), Path::new(target), &corpus, &seeds])
        .arg("--")
        .args([format!("-runs={runs}"), format!("-max_len={longest}")])
        .args(["-report_slow_units=10", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", found.display()));
    match input {
        Input::Text | Input::Choices => command.args(["-timeout=10", "-dict=fuzz/gprobe.dict"]),
        // How long one may work and what it may allocate, the target measures itself.
        Input::Edits(_) => command.args([
            "-timeout=30",
            "-rss_limit_mb=1024",
            "-len_control=0",
            "-use_memcmp=0",
            "-reduce_inputs=0",
        ]),
    };
    run(&mut command).map_err(|error| {
        format!("{error}\nit needs a nightly toolchain, and `cargo install cargo-fuzz`").into()
    })
}

/// Writes what to start from: all scripts of the project, or one edit at each place of each binary.
fn write_seeds(folder: &Path, input: Input) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    if let Input::Edits(kind) = input {
        let seeds = Damage::new(kind).seeds();
        return seeds
            .iter()
            .zip(0..)
            .try_for_each(|(seed, number)| fs::write(folder.join(format!("edit-{number}")), seed));
    }
    let mut texts = Vec::new();
    for root in ["lang/tests/cases", "compiler/tests/cases", "stdlib/scripts", "docs", "README.md"] {
        collect(&workspace().join(root), &mut texts)?;
    }
    for (number, text) in texts.iter().enumerate() {
        fs::write(folder.join(format!("text-{number}")), text)?;
    }
    // Bytes without a meaning choose productions as well as any.
    let mut state = 1u64;
    for number in 0..if input == Input::Choices { 200 } else { 0 } {
        let mut bytes = vec![GENERATE];
        for _ in 0..number * 3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.push((state >> 56) as u8);
        }
        fs::write(folder.join(format!("generated-{number}")), bytes)?;
    }
    Ok(())
}

/// The scripts of a file or a folder, in order: files `.gp`, and examples in files `.md`.
fn collect(path: &Path, texts: &mut Vec<String>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| collect(entry, texts));
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gp") => texts.push(fs::read_to_string(path)?),
        Some("md") => texts.extend(examples(&fs::read_to_string(path)?)),
        _ => {}
    }
    Ok(())
}

/// What stands between the fences of a document and is a script.
fn examples(document: &str) -> Vec<String> {
    document
        .split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix("gp\n").or(block.strip_prefix('\n')))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_taken_from_documents() {
        let document = "Text\n```gp\nbegin { }\n```\nand\n```sh\nls\n```\n\n```\nend { }\n```\n";
        assert_eq!(examples(document), ["begin { }", "end { }"]);
    }

    #[test]
    fn seeds_are_the_scripts_of_the_project() {
        let folder = std::env::temp_dir().join(format!("gprobe-seeds-{}", std::process::id()));
        write_seeds(&folder, Input::Choices).expect("seeds");
        let count = fs::read_dir(&folder).expect("a folder").count();
        fs::remove_dir_all(&folder).expect("removed");
        assert!(count > 300, "{count}");
    }
}
