//! Go data: what functions of the program `values` are called with.

use super::kind::Kind;
use super::{Offers, Source};

use Kind::{Bool, Int, Str};

/// A function, expressions of numbers, of truths and of texts that can be read at its entry.
type Function = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const FUNCTIONS: &[Function] = &[
    ("showInt8", &["args.v"], &[], &[]),
    ("showInt64", &["args.v"], &[], &[]),
    ("showUint16", &["args.v"], &[], &[]),
    ("showUint64", &["args.v", "arg0"], &[], &[]),
    ("showBool", &[], &["args.v"], &[]),
    ("showString", &["len(args.v)"], &[], &["args.v"]),
    ("showColor", &["args.v"], &[], &[]),
    ("showPoint", &["args.v.X", "args.v.Y"], &[], &[]),
    ("showPointPtr", &["args.v.X", "args.v.Y"], &[], &[]),
    ("showIntPtr", &["*args.v"], &[], &[]),
    (
        "showConfigPtr",
        &[
            "args.v.X",
            "len(args.v.Tags)",
            "cap(args.v.Tags)",
            "args.v.Next.X",
            "args.v.When",
            "len(args.v.hidden)",
        ],
        &["args.v.Flags[1]"],
        &["args.v.Title", "args.v.Name", "args.v.Tags[1]", "args.v.Next.Title", "args.v.Inner.Name"],
    ),
    ("showArray", &["args.v[0]", "args.v[3]"], &[], &[]),
    ("showArrayPtr", &[], &[], &["args.v[2]"]),
    ("showInts", &["args.v[0]", "len(args.v)", "cap(args.v)", "args.v[nsecs & 3]"], &[], &[]),
    ("showStrings", &["len(args.v)"], &[], &["args.v[0]", "args.v[cpu]"]),
    ("showBytes", &["args.v[0]", "len(args.v)"], &[], &[]),
    ("showPoints", &["args.v[1].Y", "len(args.v)"], &[], &[]),
    ("showNested", &["args.v[0][1]", "len(args.v[1])"], &[], &[]),
    ("showManyInts", &["args.v[50]"], &[], &[]),
    ("showAnyInt", &[], &[], &[]),
    ("showAnyStruct", &[], &[], &[]),
    ("showError", &[], &[], &[]),
    ("showAnys", &["len(args.v)"], &[], &[]),
    ("showFunc", &[], &[], &[]),
    ("showClosure", &[], &[], &[]),
    ("showChan", &["len(args.v)", "cap(args.v)"], &[], &[]),
    ("showMap8", &["len(args.v)", r#"args.v["k3"]"#], &[r#"has_key(args.v, "k3")"#], &[]),
    ("showMap40", &["len(args.v)", "args.v[str(arg0)]"], &["has_key(args.v, comm)"], &[]),
    ("showIntMap", &["len(args.v)"], &["has_key(args.v, nsecs)"], &["args.v[pid]", "args.v[3]"]),
    ("showBoolMap", &[], &["args.v[-1]", "has_key(args.v, args.v[nsecs])"], &[]),
    ("showPointMap", &["len(args.v)"], &[], &[]),
    ("showNilMap", &[r#"main.pkgMap["one"]"#], &[r#"has_key(main.pkgMap, "three")"#], &[]),
    ("showDuration", &["args.v"], &[], &[]),
    ("showTimeNow", &[], &[], &[]),
    ("showFloats", &["len(args.v)"], &[], &[]),
    ("showNode", &["args.v.Value", "args.v.Next.Value", "args.v.Next.Next.Value"], &[], &[]),
    ("showDeep", &["len(args.v)"], &[], &[]),
    ("showPlain", &["args.v.Code"], &[], &[]),
];

/// What every probe on a thread of a Go program has.
pub(super) fn runtime(offers: &mut Offers) {
    for number in
        ["goid", "cur_m", "cur_p", "cgo_depth", "curg.goid", "curm.id", "sched.nmidle", "main.pkgCounter"]
    {
        offers.values.push((number.to_owned(), Int));
    }
    for text in ["main.pkgName", "main.pkgConfig.Title"] {
        offers.values.push((text.to_owned(), Str));
    }
    offers.shown.extend(["main.pkgConfig", "main.pkgMap", "main.pkgErr"].map(str::to_owned));
}

/// A probe on the program.
pub(super) fn point(source: &mut Source) -> (String, Offers) {
    let mut offers = Offers { stack: true, ..Offers::default() };
    runtime(&mut offers);
    if source.chance(8) {
        offers.values.push(("ret.total".to_owned(), Int));
        offers.values.push(("ret.name".to_owned(), Str));
        offers.values.push(("retval".to_owned(), Int));
        offers.shown.push("ret.err".to_owned());
        return ("go:main.results:return".to_owned(), offers);
    }
    let (name, numbers, truths, texts) = *source.one_of(FUNCTIONS);
    for (list, kind) in [(numbers, Int), (truths, Bool), (texts, Str)] {
        offers.values.extend(list.iter().map(|text| ((*text).to_owned(), kind.clone())));
    }
    offers.values.push(("frame".to_owned(), Int));
    offers.shown.extend(["args.v".to_owned(), "gotype(args.v)".to_owned()]);
    (format!("go:main.{name}"), offers)
}
