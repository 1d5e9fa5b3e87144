//! Programs of one session: what later ones have of earlier ones.

use gprobe_compiler::Compiled;
use gprobe_compiler::resolve::Earlier;
use gprobe_compiler::target::{KernelFacts, Options};
use gprobe_lang::diagnostic::Diagnostic;

use super::build_after;

/// Compiles as the next program of a session.
fn next(earlier: &Earlier, script: &str) -> Result<Compiled, Vec<Diagnostic>> {
    build_after(Some(earlier), script, &KernelFacts::newest(), Options::default())
}

#[test]
fn programs_of_a_session_share_maps_and_tables() {
    let first = next(&Earlier::default(), "profile:hz:99 { @by[comm] = count(); printf(\"%d\", 1); }");
    let first = first.expect("it compiles");
    let second = next(&first.for_later, "begin { @own = 1; print(@by); printf(\"%d\", 1); }");
    let second = second.expect("it knows @by").artifact;
    let names: Vec<&str> = second.maps.iter().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["@by", "@own"]);
    assert_eq!(
        (&second.maps[0].key, &second.maps[0].symbol),
        (&first.artifact.maps[0].key, &first.artifact.maps[0].symbol)
    );
    // Its own printf is told from the first program's, which is the same.
    assert_eq!(second.first_action, first.artifact.actions.len());
    assert_eq!(second.actions[..second.first_action], first.artifact.actions[..]);
    assert!(second.actions[second.first_action..].contains(&first.artifact.actions[0]));
    assert_eq!(first.for_later.find_map("by"), Some(0));
}

#[test]
fn a_map_stays_as_the_first_program_made_it() {
    let first = next(&Earlier::default(), "profile:hz:99 { @n[1] = 1; @s[\"ab\"] = 1; @c[1] = count(); }");
    let earlier = first.expect("it compiles").for_later;
    // What fits is taken.
    next(&earlier, "begin { @n[(int8)7] = 2; @s[\"a\"] = 2; @c[3] = count(); }").expect("it fits");
    let wrong = |script: &str| {
        let found = next(&earlier, script).expect_err(script);
        found
            .into_iter()
            .find(|found| found.is_error())
            .map(|found| (found.code, found.message))
            .expect("an error")
    };
    let (code, message) = wrong("begin { @s[\"longer\"] = 1; }");
    assert_eq!(code, "type-mismatch");
    assert!(message.starts_with("@s has the key [string["), "{message}");
    assert_eq!(wrong("begin { @c[1] = sum(2); }").0, "type-mismatch");
    assert_eq!(wrong("begin { @n[\"a\"] = 1; }").0, "type-mismatch");
    assert_eq!(wrong("begin { print(@nothing); }").0, "undefined-map");
}
