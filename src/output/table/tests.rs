use std::time::Duration;

use gprobe_compiler::artifact::{MapInfo, MapValue, StackMode, Type};
use gprobe_runtime::{Frame, FrameKind, MapDatum, MapEntry, Value};

use super::super::{Clock, Look, Scene};
use super::*;

fn look() -> Look {
    Look { clock: Clock::new(), show: gprobe_compiler::artifact::Show::default() }
}

fn scene() -> Scene {
    Scene::new("imaged (4242)").took(Duration::from_millis(10_040))
}

fn map(name: &str, key: &[Type], value: MapValue) -> MapInfo {
    MapInfo {
        name: name.to_owned(),
        symbol: String::new(),
        key: key.to_vec(),
        value,
        per_cpu: true,
        scalar: key.is_empty(),
        shown: true,
        used: true,
        assigned: true,
        tabled: true,
    }
}

fn name(text: &str) -> Value {
    Value::Name(text.to_owned())
}

fn entry(key: &[Value], datum: MapDatum) -> MapEntry {
    MapEntry { key: key.to_vec(), datum }
}

/// A table of maps, in all forms.
fn all(title: &str, headings: &[&str], top: Option<u64>, maps: &[(&MapInfo, &[MapEntry])]) -> String {
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let table = Table::new(&Wanted { title, headings: &headings, top }, maps, &look());
    format!(
        "{}\n{}\n\n{}",
        text(&table, &scene(), &look()),
        super::super::json::spaced(&json(&table, &scene(), &look())),
        tsv(&table, &scene(), &look())
    )
}

const CALLS: [Type; 2] = [Type::UserFunction, Type::Int { bytes: 8, signed: false }];

fn calls() -> [(MapInfo, Vec<MapEntry>); 3] {
    let function = |text: &str| Value::Enum { name: Some(text.to_owned()), value: 0 };
    let key = |name: &str, goid| [function(name), Value::UInt(goid)];
    let buckets = |n| MapDatum::Buckets(vec![(20, n), (21, n), (24, 1)]);
    [
        (
            map("@calls", &CALLS, MapValue::Count),
            vec![
                entry(&key("resize", 7), MapDatum::Number(1_234)),
                entry(&key("a\x1b[2Jname\n", 18), MapDatum::Number(7)),
                entry(&key("sqlite3_step", 7), MapDatum::Number(45_678)),
            ],
        ),
        (
            map("@total_ns", &CALLS, MapValue::Sum { signed: false }),
            vec![
                entry(&key("resize", 7), MapDatum::Number(1_870_000)),
                entry(&key("sqlite3_step", 7), MapDatum::Number(2_310_000_000)),
                entry(&key("still_there", 7), MapDatum::Number(740)),
            ],
        ),
        (
            map("@lat_ns", &CALLS, MapValue::Hist { bits: 0 }),
            vec![entry(&key("resize", 7), buckets(3)), entry(&key("sqlite3_step", 7), buckets(100))],
        ),
    ]
}

#[test]
fn maps_stand_side_by_side_and_the_largest_is_first() {
    let maps = calls();
    let maps: Vec<_> = maps.iter().map(|(info, entries)| (info, entries.as_slice())).collect();
    insta::assert_snapshot!(all("calls into C", &["C function", "goroutine"], None, &maps));
}

#[test]
fn what_is_left_out_is_said_and_keys_need_no_headings() {
    let maps = calls();
    let [(info, entries), ..] = &maps;
    insta::assert_snapshot!(all("calls into C", &[], Some(1), &[(info, entries)]));
}

#[test]
fn stats_and_averages_have_columns() {
    let key = [Type::Int { bytes: 4, signed: true }];
    let stats = map("@heap_bytes", &key, MapValue::Stats { signed: false });
    let of = |count, total| MapDatum::Stats { count, total };
    let stats_entries = [entry(&[Value::Int(2)], of(3, 30_000)), entry(&[Value::Int(-1)], of(1, 60_000))];
    let average = map("@wait_us", &key, MapValue::Avg { signed: false });
    let average_entries = [entry(&[Value::UInt(2)], MapDatum::Average { count: 4, total: 10_000 })];
    let alone = all("", &["P"], None, &[(&stats, &stats_entries)]);
    let both = all("both", &["P"], None, &[(&average, &average_entries), (&stats, &stats_entries)]);
    insta::assert_snapshot!(format!("{alone}\n{both}"));
}

#[test]
fn records_and_tuples_have_a_column_for_each_part() {
    let text = Type::Str { max: 16 };
    let key = [Type::Int { bytes: 8, signed: false }];
    let record = Type::Record(vec![("since_ns".into(), Type::U64), ("why".into(), text.clone())]);
    let records = map("@open", &key, MapValue::Plain(record));
    let tuples = map("@last", &key, MapValue::Plain(Type::Tuple(vec![text, Type::Duration])));
    let word = |text: &str| Value::Str { bytes: text.as_bytes().to_vec(), truncated: false };
    let row = |goid, ns, why| {
        let parts = vec![("since_ns".to_owned(), Value::UInt(ns)), ("why".to_owned(), word(why))];
        entry(&[Value::UInt(goid)], MapDatum::Value(Value::Record(parts)))
    };
    let tuple = Value::Tuple(vec![word("x"), Value::Duration(1_500)]);
    let tuples_entries = [entry(&[Value::UInt(20)], MapDatum::Value(tuple))];
    let records_entries = [row(20, 1_500_000, "a\tb"), row(3, 20, "chan receive"), row(100, 0, "")];
    let maps: [(&MapInfo, &[MapEntry]); 2] = [(&records, &records_entries), (&tuples, &tuples_entries)];
    insta::assert_snapshot!(all("open", &["goroutine"], None, &maps));
}

#[test]
fn stacks_stand_below_their_row() {
    let frame = |function: &str, line| Frame {
        addr: 0x1000,
        function: Some(function.to_owned()),
        file: None,
        offset: 0,
        line: Some(("main.go".to_owned(), line)),
        kind: FrameKind::Line,
    };
    let stack = |line| {
        let frames = vec![frame("main.work", line), frame("main.main", 7)];
        Value::Stack { frames, mode: StackMode::Names }
    };
    let types = [Type::Str { max: 16 }, Type::GoStack { depth: 8, mode: StackMode::Names }];
    let info = map("@", &types, MapValue::Count);
    let entries = [
        entry(&[name("chan receive"), stack(3)], MapDatum::Number(2)),
        entry(&[name("sleep"), stack(4)], MapDatum::Number(1_000)),
    ];
    insta::assert_snapshot!(all("parked", &["why", "stack"], None, &[(&info, &entries)]));
}

#[test]
fn a_table_without_rows_says_so() {
    let info = map("@calls", &[Type::UserFunction], MapValue::Count);
    insta::assert_snapshot!(all("calls into C", &["C function"], Some(3), &[(&info, &[])]));
}

#[test]
fn open_buckets_are_shown_by_their_bound() {
    let info = map("@goroutines", &[], MapValue::LHist { min: 0, max: 100, step: 10 });
    let entries = [entry(&[], MapDatum::Buckets(vec![(1, 10), (11, 1)]))];
    insta::assert_snapshot!(all("", &[], None, &[(&info, &entries)]));
}

#[test]
fn long_text_is_cut_to_fit_a_terminal_and_nowhere_else() {
    let info = map("@calls", &[Type::UserFunction], MapValue::Count);
    let long = "example.org/service/internal/store.(*Tree[...]).Insert";
    let entries = [entry(&[name(long)], MapDatum::Number(12))];
    let headings = ["function".to_owned()];
    let wanted = Wanted { title: "calls", headings: &headings, top: None };
    let table = Table::new(&wanted, &[(&info, &entries)], &look());
    let lines = |scene: &Scene| text(&table, scene, &look()).lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(lines(&scene())[2].starts_with(long));
    let narrow = lines(&scene().on_terminal(40, true));
    assert!(narrow[0].starts_with("\x1b[4mcalls\x1b[0m - imaged (4242)"), "{}", narrow[0]);
    assert_eq!(narrow[2].chars().count(), 40);
    assert!(
        narrow[2].starts_with("example.org/serv\u{2026}") && narrow[2].ends_with(").Insert     12"),
        "{}",
        narrow[2]
    );
}
