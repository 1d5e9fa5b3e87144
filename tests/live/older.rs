//! What an older kernel lacks is refused before anything is loaded, with the version that has it; what this one has
//! works.

use gprobe_runtime::kernel;

use super::kit::run;

/// Runs `begin` with this body: where the kernel is able to, it prints `wanted`, else it says that `since` has it.
fn works_or_is_refused(body: &str, wanted: &str, able: bool, since: &str) {
    let output = run(&format!("begin {{ {body} exit(); }}"));
    if able {
        assert_eq!((output.code, output.stdout.trim_end()), (Some(0), wanted), "{body}\n{}", output.stderr);
    } else {
        assert_eq!(output.code, Some(1), "{body}\n{}{}", output.stdout, output.stderr);
        let told = output.stderr.contains("error[kernel-too-old]")
            && output.stderr.contains(&format!("came with Linux {since}"));
        assert!(told, "{body}\n{}", output.stderr);
    }
}

#[test]
fn what_came_after_5_10_works_or_is_refused_with_the_version_that_has_it() {
    let facts = kernel::facts();
    let maps = facts.for_each_map;
    let loops = "@m[1] = 5; for ($kv : @m) { print($kv); } clear(@m);";
    works_or_is_refused(loops, "(1, 5)", maps, "5.13");
    works_or_is_refused("@m[1] = 5; @m[3] = 5; print(len(@m)); clear(@m);", "2", maps, "5.13");
    let read = "@c = count(); @c = count(); print((uint64)@c); clear(@c);";
    works_or_is_refused(read, "2", facts.lookup_percpu, "5.19");
    works_or_is_refused("print(nsecs(tai) > nsecs(boot));", "true", facts.clock_tai, "6.1");
    works_or_is_refused("$i = 0; while ($i < 40) { $i++; } print($i);", "40", facts.may_goto, "6.9");
}

#[test]
fn loops_to_a_number_that_stands_in_the_script_run_everywhere() {
    let body = "$sum = 0; for ($i : 0..200) { $sum += $i; } unroll (10) { $sum += 1; } print($sum);";
    works_or_is_refused(body, "19910", true, "");
}
