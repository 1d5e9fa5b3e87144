//! The language, run by the kernel.

use serde_json::json;

use super::kit::{gprobe, program, run, trace, trace_skipped};

/// What a `begin` probe with this body prints; the empty line that sets it apart from maps is left out.
fn printed(body: &str) -> String {
    let stdout = run(&format!("begin {{ {body} }}")).success().stdout;
    stdout.strip_suffix("\n\n").map(|lines| format!("{lines}\n")).unwrap_or(stdout)
}

#[test]
fn arithmetic_is_that_of_64_bits_with_signs() {
    let body = "$a = 7; $b = -7; $z = 3;
        print($a / 2); print($b / 2); print($b % 4); print($b / -2); print($a % -4);
        print(1 << 40); print(-8 >> 1); print(0xff & 0x0f | 0x30); print(6 ^ 3); print(~0);
        print(2 + 3 * 4 - 1); print($a - 10); print(1e6); print(0x10); print(1ms);
        print((uint8)300); print((int8)200); $z += 4; $z *= 2; $z -= 1; print($z); print($z++); print(++$z);";
    let numbers: Vec<i64> = printed(body).split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let truth =
        [3, -3, -3, 3, 3, 1 << 40, -4, 0x3f, 5, -1, 13, -3, 1_000_000, 16, 1_000_000, 44, -56, 13, 13, 15];
    assert_eq!(numbers, truth);
}

#[test]
fn comparisons_and_logic_decide() {
    let body = "$n = -1; $u = 5;
        print($n < 0); print($n < 5); print($u >= 5 && $n != 0); print($u == 4 || !($n > 0));
        print($u > 4 ? 10 : 20); if ($u == 5) { print(\"five\"); } else { print(\"other\"); }
        if ($u == 4) { print(4); } else if ($u == 5) { print(\"else if\"); }";
    assert_eq!(printed(body), "true\ntrue\ntrue\ntrue\n10\nfive\nelse if\n");
}

#[test]
fn strings_and_tuples_are_compared_kept_and_printed() {
    let body = "$s = \"abc\"; print($s == \"abc\"); print($s == \"abd\"); print(\"x\" != \"xy\");
        print(comm == \"gprobe\"); $t = (1, \"two\", (3, 4)); print($t); print($t.1); print($t.2.1);
        @m[\"k\", 1] = (5, \"six\"); $v = @m[\"k\", 1]; print($v.1); print(@m[\"none\", 1].0);
        $x = $s == \"abc\" ? \"yes\" : \"no, not at all\"; print($x); clear(@m);";
    assert_eq!(printed(body), "true\nfalse\ntrue\ntrue\n(1, two, (3, 4))\ntwo\n4\nsix\n0\nyes\n");
}

#[test]
fn a_key_may_be_a_tuple_of_one_part() {
    let body = "@m[(7,)] = 1; @m[(8,)] = 2; delete(@m, (8,)); print(has_key(@m, (7,))); print(@m[(8,)]);
        for ($kv : @m) { print($kv); print($kv.0.0 + 1); @m[$kv.0] = 5; } print(@m[(7,)]); clear(@m);";
    assert_eq!(printed(body), "true\n0\n((7), 1)\n8\n5\n");
}

#[test]
fn printf_formats_as_c_does() {
    let body = "printf(\"%d|%5d|%-5d|%05d|%+d|%x|%#x|%X|%o|%c|%u|%%|%s|%10s|%-6s|%.2s|%hhx|%*d\\n\",
        -1, 42, 42, 42, 7, 255, 255, 255, 8, 65, 3, \"str\", \"right\", \"left\", \"cut\", 0x1234, 4, 9);";
    assert_eq!(
        printed(body),
        "-1|   42|42   |00042|+7|ff|0xff|FF|10|A|3|%|str|     right|left  |cu|34|   9\n"
    );
}

#[test]
fn aggregations_give_the_numbers_that_they_should() {
    let script = "begin { @c = count(); @c = count(); @s = sum(5); @s = sum(-2); @a = avg(10); @a = avg(21);
        @lo = min(5); @lo = min(-3); @lo = min(4); @hi = max(5); @hi = max(9); @st = stats(2); @st = stats(4);
        @h = hist(0); @h = hist(1); @h = hist(5); @h = hist(1024); @h = hist(-4);
        @l = lhist(-1, 0, 10, 5); @l = lhist(3, 0, 10, 5); @l = lhist(10, 0, 10, 5); @l = lhist(9, 0, 10, 5);
        @f = hist(17, 2); @i++; @i++; @i += 40; @d[1] = 1; @d[2] = 2; delete(@d[1]); @z = 7; zero(@z); exit(); }";
    let output = gprobe().args(["-f", "json", "-e", script]).run().success();
    let map = |name: &str| output.map(name);
    assert_eq!(map("@c"), 2);
    assert_eq!(map("@s"), 3);
    assert_eq!(map("@a"), 15);
    assert_eq!((map("@lo"), map("@hi")), (json!(-3), json!(9)));
    assert_eq!(map("@st"), json!({"count": 2, "average": 3, "total": 6}));
    let bucket = |min: i64, max: i64| json!({"min": min, "max": max, "count": 1});
    // Empty buckets between others are there, as in the text.
    let mut powers = vec![json!({"max": -1, "count": 1}), bucket(0, 0), bucket(1, 1)];
    for bits in 1..=10 {
        let (low, count) = (1i64 << bits, u32::from(bits == 2 || bits == 10));
        powers.push(json!({"min": low, "max": 2 * low - 1, "count": count}));
    }
    assert_eq!(map("@h"), json!(powers));
    assert_eq!(
        map("@l"),
        json!([{"max": -1, "count": 1}, bucket(0, 4), bucket(5, 9), {"min": 10, "count": 1}])
    );
    assert_eq!(map("@f"), json!([bucket(16, 19)]));
    assert_eq!(map("@i"), 42);
    assert_eq!(map("@d"), json!({"2": 2}));
    assert_eq!(map("@z"), 0);
}

#[test]
fn maps_are_printed_in_order_and_in_part() {
    let script = "begin { @[\"a\"] = 30; @[\"b\"] = 10; @[\"c\"] = 20; print(@, 2); print(@, 1, 10); clear(@); exit(); }";
    assert_eq!(run(script).success().stdout, "@[c]: 20\n@[a]: 30\n\n@[a]: 3\n\n\n");
}

#[test]
fn exit_gives_its_code_and_ends_the_probe() {
    let output = run("begin { print(1); exit(7); print(2); } end { print(3); }");
    assert_eq!((output.code, output.stdout.as_str()), (Some(7), "1\n3\n\n"));
}

#[test]
fn time_and_parameters_are_there() {
    let year: u32 = printed("time(\"%Y\\n\");").trim().parse().expect("a year");
    let stamp: u32 = printed("print(strftime(\"%Y\", nsecs));").trim().parse().expect("a year");
    assert!(year >= 2025 && stamp == year, "{year} {stamp}");
    let output = gprobe()
        .args(["-q", "-e", "begin { print($1 + 1); print(str($2)); print($#); exit(); }", "41", "word"])
        .run()
        .success();
    assert_eq!(output.stdout, "42\nword\n2\n\n");
}

#[test]
fn intervals_and_samples_come_as_often_as_they_should() {
    let script = "interval:ms:100 { @ticks = count(); } profile:hz:99 { @samples[cpu] = count(); } interval:s:2 { exit(); }";
    let output = gprobe().args(["-f", "json", "-e", script]).run().success();
    let ticks = output.map("@ticks").as_u64().expect("a number");
    assert!((17..=21).contains(&ticks), "{ticks} ticks in two seconds");
    assert!(output.maps().contains_key("@samples"));
}

#[test]
fn c_functions_have_arguments_and_results() {
    let path = program("cgolat");
    let file = path.display();
    let script = format!(
        "uprobe:{file}:c_spin {{ @calls = count(); @args = hist(arg0); @from[func, probe] = count(); @stack[ustack(2)] = count(); }}
         uretprobe:{file}:c_spin {{ @returns = count(); }}"
    );
    let (output, target) = trace(&path, &[], &["-e", &script]);
    let truth = target.truth("count.c_spin");
    assert_eq!(output.map("@calls"), truth);
    assert_eq!(output.map("@returns"), truth);
    assert_eq!(output.map("@from")[format!("c_spin,uprobe:{file}:c_spin")], truth);
    let stacks = output.map("@stack");
    let stack = stacks.as_object().expect("a map").keys().next().expect("a stack").clone();
    assert!(stack.contains("c_spin+"), "{stack}");
    target.finish();
}

#[test]
fn stacks_have_go_names_and_tracepoints_their_fields() {
    let script = "go:main.leaf { @u[ustack] = count(); }
        tracepoint:sched:sched_switch { @k[kstack(3)] = count(); @comm[args.prev_comm] = count(); }";
    let (output, target, _) = trace_skipped(&program("counts"), &["-n", "5000"], &["-e", script]);
    let stacks = output.map("@u");
    let all: Vec<&String> = stacks.as_object().expect("a map").keys().collect();
    assert!(all.iter().all(|s| s.contains("main.leaf+") && s.contains("runtime.goexit+")), "{all:?}");
    let kernel = output.map("@k");
    assert!(kernel.as_object().expect("a map").keys().any(|s| s.contains("schedule")), "{kernel}");
    assert!(
        output.map("@comm").as_object().expect("a map").keys().all(|c| c.starts_with("counts")),
        "{}",
        output.map("@comm")
    );
    target.finish();
}

#[test]
fn a_uretprobe_on_go_code_becomes_a_probe_on_its_ways_out() {
    let path = program("counts");
    let script = format!("uretprobe:{}:main.branchy {{ @ = count(); }}", path.display());
    let (output, target) = trace(&path, &["-n", "20000"], &["-e", &script]);
    assert_eq!(output.map("@"), target.truth("return.main.branchy"));
    target.finish();
}
