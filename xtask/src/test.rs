//! Runs all tests, with what they need fetched first.

use crate::{Outcome, cargo, run, toolchains};

/// Builds the workspace and runs its tests; `arguments` go to `cargo test`.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    // Before the first minute is spent: most tests are live ones.
    if let Some(problem) = gprobe_testkit::bpf_problem() {
        return Err(format!("most tests need BPF: {problem}").into());
    }
    toolchains::toolchains(&[])?;
    run(cargo().args(["build", "--workspace"]))?;
    run(cargo().args(["test", "--workspace"]).args(arguments))
}
