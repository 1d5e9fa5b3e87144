//! The live set: tests that stand for all that gprobe asks of a kernel, and the Go programs that they build.
//!
//! A guest can't write this machine's cache: what the tests build is built before.

use std::path::PathBuf;
use std::process::Stdio;

use gprobe_testkit::{ExecError, Program, go};

use crate::cargo;

/// A test of the binary `live`.
pub(crate) struct Live {
    /// As libtest names it.
    pub(crate) name: &'static str,
    /// The programs that it runs, with the releases of Go that build them.
    pub(crate) programs: &'static [(&'static str, &'static str)],
}

const fn live(name: &'static str, programs: &'static [(&'static str, &'static str)]) -> Live {
    Live { name, programs }
}

/// What a group of tests stands for, and the tests.
pub(crate) type Group = (&'static str, &'static [Live]);

const BARE: &[(&str, &str)] = &[];
const CGOLAT: &[(&str, &str)] = &[("cgolat", "1.27")];
const COUNTS: &[(&str, &str)] = &[("counts", "1.27")];
const GOIDS: &[(&str, &str)] = &[("goids", "1.27")];
const PARKS: &[(&str, &str)] = &[("parks", "1.27")];
const SPIN: &[(&str, &str)] = &[("spin", "1.27")];
const MANY: &[(&str, &str)] = &[("many", "1.27")];
const CROWD: &[(&str, &str)] = &[("crowd", "1.21"), ("crowd", "1.23"), ("crowd", "1.25"), ("crowd", "1.27")];
const VALUES: &[(&str, &str)] = &[("values", "1.27")];
const LOOKUPS: &[(&str, &str)] = &[("lookups", "1.27")];

/// All of it.
pub(crate) const GROUPS: &[Group] = &[
    (
        "exact counts, arguments and results",
        &[
            live("counts::counts_are_exact_on_go_1_24", &[("counts", "1.24")]),
            live("counts::counts_are_exact_on_go_1_19", &[("counts", "1.19")]),
            live("counts::arguments_and_results_have_their_names_and_types", COUNTS),
            live("counts::frames_pair_entries_with_returns_and_leave_what_panicked", COUNTS),
        ],
    ),
    (
        "goroutines in Go code, assembly, C and the kernel",
        &[
            live("goids::goid_is_the_one_the_program_knows_in_all_four_contexts", GOIDS),
            live("goids::each_goroutine_is_counted_under_its_own_id", GOIDS),
            live("gostack::all_contexts_show_the_calls_that_led_there", GOIDS),
            live("crowd::ids_and_states_are_those_of_the_runtimes_own_dump", CROWD),
        ],
    ),
    (
        "calls into C and their latencies",
        &[
            live("cgo::cgocalls_names_c_functions_and_their_go_callers_and_counts_them_exactly", CGOLAT),
            live("cgo::latencies_agree_with_what_c_measured", CGOLAT),
            live("language::c_functions_have_arguments_and_results", CGOLAT),
        ],
    ),
    (
        "scripts that ship",
        &[
            live("scripts::gostates_counts_parks_by_their_reasons", PARKS),
            live("scripts::gmp_shows_each_goroutine_that_ran_on_its_m_and_p", PARKS),
        ],
    ),
    (
        "Go values and look-ups in Go maps",
        &[
            live("values::all_values_are_equal_to_gos_own_on_1_27", VALUES),
            live("values::variables_are_read_by_name", VALUES),
            live("lookups::a_walk_that_is_cut_off_is_told", LOOKUPS),
        ],
    ),
    (
        "the language: arithmetic, strings, maps, output",
        &[
            live("arithmetic::all_operators_give_what_the_language_says_on_all_widths", BARE),
            live("language::strings_and_tuples_are_compared_kept_and_printed", BARE),
            live("language::aggregations_give_the_numbers_that_they_should", BARE),
            live("language::maps_are_printed_in_order_and_in_part", BARE),
            live("language::exit_gives_its_code_and_ends_the_probe", BARE),
            live("older::check_says_of_this_kernel_what_a_run_would", BARE),
            live("older::loops_to_a_number_that_stands_in_the_script_run_everywhere", BARE),
            live("older::what_came_after_5_10_works_or_is_refused_with_the_version_that_has_it", BARE),
        ],
    ),
    (
        "tracepoints, stacks, intervals, samples, functions of the kernel",
        &[
            live("language::stacks_have_go_names_and_tracepoints_their_fields", COUNTS),
            live("language::intervals_and_samples_come_as_often_as_they_should", BARE),
            live(
                "kernel::a_kernel_function_is_counted_at_its_entry_and_return_or_refused_with_the_reason",
                BARE,
            ),
        ],
    ),
    (
        "what is lost is said",
        &[
            live("errors::a_full_map_is_counted_and_said", BARE),
            live("errors::records_that_do_not_fit_are_counted_to_the_last", SPIN),
        ],
    ),
    (
        "the target is not harmed, and nothing stays behind",
        &[
            live("safety::a_program_with_return_probes_everywhere_runs_to_its_normal_end_each_time", MANY),
            live("safety::a_killed_gprobe_leaves_the_target_running_and_no_probe_behind", SPIN),
            live("command::a_target_that_exits_ends_gprobe_with_its_maps", SPIN),
            live("command::a_command_is_probed_from_its_first_instruction", SPIN),
        ],
    ),
    (
        "the command",
        &[
            live("command::doctor_finds_this_machine_well", BARE),
            live("command::listing_knows_all_kinds_and_patterns", BARE),
            live("objects::bpftool_loads_what_the_compiler_emits", GOIDS),
            live("errors::a_user_without_permission_is_told_what_to_do", SPIN),
        ],
    ),
    ("the verifier, on random scripts", &[live("verifier::the_verifier_never_says_no", VALUES)]),
];

/// The tests of the live set whose names hold `filter`.
pub(crate) fn chosen(filter: &str) -> Vec<&'static Live> {
    GROUPS.iter().flat_map(|(_, tests)| *tests).filter(|test| test.name.contains(filter)).collect()
}

/// Builds the programs of these tests, into the cache.
pub(crate) fn build_programs(tests: &[&Live]) -> Result<(), ExecError> {
    let mut programs: Vec<_> = tests.iter().flat_map(|test| test.programs).collect();
    programs.sort();
    programs.dedup();
    for (name, release) in programs {
        Program::find(name)?.build_with(&go::fetch(release)?, &[])?;
    }
    Ok(())
}

/// Builds gprobe and the live tests; gives the file of gprobe and that of the tests.
pub(crate) fn build_tests() -> Result<(PathBuf, PathBuf), Box<dyn std::error::Error>> {
    eprintln!("building gprobe and its live tests");
    let output = cargo()
        .args(["test", "--package", "gprobe", "--test", "live", "--no-run", "--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("`cargo test --test live --no-run` ended with {}", output.status).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let built: Vec<serde_json::Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let executable = |name: &str, kind: &str| {
        let of_target = |line: &&serde_json::Value| {
            line["target"]["name"] == name
                && line["target"]["kind"][0] == kind
                && line["executable"].is_string()
        };
        let line = built.iter().find(of_target)?;
        line["executable"].as_str().map(PathBuf::from)
    };
    let gprobe = executable("gprobe", "bin").ok_or("cargo did not say where gprobe is")?;
    let tests = executable("live", "test").ok_or("cargo did not say where the live tests are")?;
    Ok((gprobe, tests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_chooses_by_a_part_of_the_name() {
        let names: Vec<&str> = chosen("counts::").iter().map(|test| test.name).collect();
        assert_eq!(names.len(), 4);
        assert!(chosen("no such test").is_empty());
        assert!(chosen("").len() > 30);
    }

    #[test]
    fn every_test_of_the_live_set_is_there() {
        let folder = gprobe_testkit::workspace().join("tests/live");
        for test in chosen("") {
            let (module, function) = test.name.split_once("::").expect("a module");
            let text = std::fs::read_to_string(folder.join(module).with_extension("rs")).expect(module);
            assert!(text.contains(&format!("#[test]\nfn {function}() {{")), "{}", test.name);
            for (program, _) in test.programs {
                Program::find(program).expect(program);
            }
        }
    }
}
