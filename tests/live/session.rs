//! Sessions, as programs that embed gprobe use them.

use std::time::Duration;

use gprobe::{Entered, Error, Event, MapDatum, MapEntry, Script, Session, State, Value};
use gprobe_testkit::{Target, require_bpf};

use super::kit::program;

fn on(target: &Target) -> Session {
    require_bpf();
    Session::builder().pid(target.pid()).build().expect("a session")
}

/// The count of a map without keys.
fn count(session: &mut Session, map: &str) -> i128 {
    match session.map(map).expect("the map").get(&[]) {
        Some(MapEntry { datum: MapDatum::Number(n), .. }) => *n,
        other => panic!("{map}: {other:?}"),
    }
}

/// Calls `main.work` as often as it is told.
fn spin(calls: &str) -> Target {
    Target::start(&program("spin"), &["-n", calls, "-quiet"])
}

#[test]
fn a_program_is_attached_again_and_another_goes() {
    let mut target = spin("500");
    let mut session = on(&target);
    let counter = session.compile("go:main.work { @calls = count(); }").expect("compiles");
    let other =
        session.compile("go:main.work:return { @calls = count(); @ends = count(); }").expect("compiles");
    for id in [counter, other] {
        session.attach(id).expect("attaches");
        session.detach(id).expect("detaches");
        session.attach(id).expect("attaches again");
    }
    let states = |session: &Session| session.programs().map(|program| program.state).collect::<Vec<_>>();
    assert_eq!(states(&session), [State::Attached, State::Attached]);
    target.go();
    target.wait_done();
    assert_eq!((count(&mut session, "@calls"), count(&mut session, "ends")), (1000, 500));
    session.remove(other).expect("it goes");
    assert_eq!(states(&session), [State::Attached]);
    assert!(matches!(session.attach(other), Err(Error::NoProgram(id)) if id == other));
    assert!(
        matches!(session.map("@ende"), Err(Error::NoMap { hint: Some(hint), .. }) if hint.contains("@ends"))
    );
    assert!(session.losses().is_empty());
}

#[test]
fn events_have_values_stacks_have_frames_and_histograms_buckets() {
    let mut target = spin("64");
    let mut session = on(&target);
    let script = r#"go:main.work { @sizes = lhist(arg0, 0, 64, 16); @where[gostack] = 1; }
                    go:main.work /arg0 == 63/ { printf("%d %s", arg0, func); print((goid, "x")); exit(3); }"#;
    let id = session.compile(script).expect("compiles");
    session.attach(id).expect("attaches");
    target.go();
    target.wait_done();
    let events: Vec<Event> = session.events().map(|event| event.expect("an event")).collect();
    let Some(Event::Printf { args, program, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!(*program, id);
    assert!(matches!(args.first(), Some(Value::Int(63) | Value::UInt(63))), "{args:?}");
    assert_eq!(events[0].text().as_deref(), Some("63 main.work"));
    let Some(Event::Value { value: Value::Tuple(parts), .. }) = events.get(1) else { panic!("{events:?}") };
    assert_eq!(parts[1], Value::Str { bytes: b"x".to_vec(), truncated: false });
    assert!(matches!(events.last(), Some(Event::Exit { code: 3, .. })), "{events:?}");
    assert_eq!(session.program(id).map(|program| program.state), Some(State::Exited(3)));
    let sizes = session.map("@sizes").expect("the map");
    let buckets = sizes.buckets(&sizes.entries[0]);
    let bounds: Vec<_> = buckets.iter().map(|bucket| (bucket.from, bucket.to, bucket.count)).collect();
    assert_eq!(bounds[0], (Some(0), Some(16), 16), "{bounds:?}");
    assert_eq!(bounds.iter().map(|bucket| bucket.2).sum::<u64>(), 64);
    let stack = session.map("@where").expect("the map");
    let Value::Stack { frames, .. } = &stack.entries[0].key[0] else { panic!("{stack:?}") };
    assert_eq!(frames[0].function.as_deref(), Some("main.work"));
    assert!(frames[0].line.as_ref().is_some_and(|(file, _)| file.ends_with("spin/main.go")), "{frames:?}");
}

#[test]
fn what_is_defined_stays_and_texts_stand_for_files() {
    let target = spin("1");
    require_bpf();
    let builder = Session::builder().pid(target.pid()).import("mine", "macro half(n) { n / 2 }");
    let mut session = builder.build().expect("a session");
    session.compile("import \"mine\"; begin { @a = half(10); }").expect("it is imported");
    let said = |session: &mut Session, input: &str| match session.enter(input).expect(input) {
        Entered::Done(events) => events.iter().filter_map(Event::text).collect::<Vec<_>>().join(","),
        other => panic!("{other:?}"),
    };
    assert_eq!(said(&mut session, "half(8)"), "4");
    assert!(matches!(session.enter("macro half(n) { n / 4 }"), Ok(Entered::Defined)));
    assert_eq!(said(&mut session, "half(8)"), "2");
    assert!(matches!(session.enter("go:main.work { @a = half(4); }"), Ok(Entered::Program(_))));
}

#[test]
fn a_wrong_script_leaves_the_session_as_it_was() {
    let target = spin("1");
    let mut session = on(&target);
    let wrong = session.compile(Script::named("mine.gp", "go:main.work { @x = nothing; }"));
    let Err(Error::Script(error)) = wrong else { panic!("{wrong:?}") };
    assert!(error.render(false).contains("mine.gp:1:21"), "{}", error.render(false));
    assert_eq!((session.programs().count(), session.maps().len()), (0, 0));
    session.enter("@x = \"text\"").expect("@x is no number yet");
    let clash = session.compile("go:main.work { @x = count(); }");
    assert!(clash.expect_err("it is a string").to_string().contains("@x"));
}

#[test]
fn what_a_script_would_cost_is_measured_beside_the_session() {
    let mut target = Target::start(&program("spin"), &["-batch", "1", "-pause", "1ms", "-quiet"]);
    target.go();
    let mut session = on(&target);
    let script = Script::new("go:main.work { @x = count(); }");
    let measured =
        session.measure(&script, Duration::from_millis(200)).expect("it can be").expect("it is hit");
    assert!((10..1000).contains(&measured.spent.hits()), "{measured:?}");
    assert_eq!((session.programs().count(), session.maps().len()), (0, 0));
    assert!(session.check(&script).expect("it is right").is_empty());
}
