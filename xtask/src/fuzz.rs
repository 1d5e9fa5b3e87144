//! Fuzzes the parser and the compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gprobe_testkit::workspace;

use crate::{Outcome, run};

/// Inputs that are tried where it is not said.
const RUNS: u64 = 100_000;
/// What chooses productions, and what is text, is told apart by this first byte; see `fuzz/src/lib.rs`.
const GENERATE: u8 = 0;

/// Tries RUNS inputs, made from the tests' cases and from what was found before, with a target of `fuzz/`.
pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let (target, runs) = match arguments {
        [target] => (target.as_str(), RUNS),
        [target, runs] => (target.as_str(), runs.parse().map_err(|_| format!("`{runs}` is no number"))?),
        _ => return Err("say what to fuzz: `parse` or `check`".into()),
    };
    // Long scripts are for the tests; short ones are tried more often.
    let longest = match target {
        "parse" => 1024,
        "check" => 1024,
        other => return Err(format!("there is no fuzz target `{other}`, only `parse` and `check`").into()),
    };
    let folder = target_folder().join("fuzz");
    let seeds = folder.join("seeds").join(target);
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    write_seeds(&seeds, target == "check").map_err(|error| format!("{}: {error}", seeds.display()))?;
    run(Command::new("cargo")
        .current_dir(workspace())
        // There is nothing unsafe to find, and the dictionary knows what is compared with: without
        // sanitizer and traces it is several times as fast.
        .args(["+nightly", "fuzz", "run", "--sanitizer", "none", "--no-trace-compares", "--target-dir"])
        .args([&folder.join("build"), Path::new(target), &corpus, &seeds])
        .arg("--")
        .args([format!("-runs={runs}"), format!("-max_len={longest}")])
        .args(["-timeout=10", "-report_slow_units=1", "-print_final_stats=1", "-dict=fuzz/gprobe.dict"]))
    .map_err(|error| format!("{error}\nit needs a nightly toolchain, and `cargo install cargo-fuzz`").into())
}

/// Where cargo puts what it builds.
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// Writes what to start from: all scripts of the project.
fn write_seeds(folder: &Path, generated: bool) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut texts = Vec::new();
    for root in ["lang/tests/cases", "compiler/tests/cases", "stdlib/scripts", "docs", "README.md"] {
        collect(&workspace().join(root), &mut texts)?;
    }
    for (number, text) in texts.iter().enumerate() {
        fs::write(folder.join(format!("text-{number}")), text)?;
    }
    // Bytes without a meaning choose productions as well as any.
    let mut state = 1u64;
    for number in 0..if generated { 200 } else { 0 } {
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
        write_seeds(&folder, true).expect("seeds");
        let count = fs::read_dir(&folder).expect("a folder").count();
        fs::remove_dir_all(&folder).expect("removed");
        assert!(count > 300, "{count}");
    }
}
