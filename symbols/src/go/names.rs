//! Names that cgo makes, and those of instances of generic functions.

/// The C function that a symbol made by cgo stands for: `usleep` for
/// `_cgo_0123456789ab_Cfunc_usleep` (the C side) and for `main._Cfunc_usleep` (the Go side), also
/// with `_C2func_`, which returns errno as well. What cgo allocates strings of C with is `malloc`; its functions that
/// make strings of one language from those of the other are Go's own and stand for none.
pub fn cgo_name(symbol: &str) -> Option<&str> {
    let rest = match symbol.strip_prefix("_cgo_") {
        Some(rest) => {
            let (hash, rest) = rest.split_once('_')?;
            if hash.len() != 12 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            rest
        }
        // A package path may have dots and slashes: the name is behind the last dot of the last part.
        None => {
            let last = symbol.rsplit_once('/').map_or(symbol, |(_, last)| last);
            last.split_once("._").map(|(_, rest)| rest)?
        }
    };
    if rest == "cgo_cmalloc" {
        return Some("malloc");
    }
    let name = rest.strip_prefix("Cfunc_").or_else(|| rest.strip_prefix("C2func_"))?;
    match name {
        "_CMalloc" | "_Cmalloc" => Some("malloc"),
        "CString" | "CBytes" | "GoString" | "GoStringN" | "GoBytes" => None,
        _ => (!name.is_empty() && !name.contains('.')).then_some(name),
    }
}

/// The pattern of all instances of a generic function whose name is spelled as stack traces spell it:
/// `main.largest[*]` for `main.largest[...]`.
pub(crate) fn instances(name: &str) -> Option<String> {
    name.contains("[...]").then(|| name.replace("[...]", "[*]"))
}

/// The name that the linker gives the code of an instance: `main.largest[go.shape.int]` for
/// `main.largest[int]`. Instances share code by the shape of their arguments (`cmd/compile`, "GC shape
/// stenciling"): all pointers have one. None where nothing is in brackets.
pub(crate) fn shaped(name: &str) -> Option<String> {
    let (start, rest) = name.split_once('[')?;
    let (arguments, end) = rest.split_once(']')?;
    if arguments.is_empty() || arguments.contains(['[', '(', '{']) || arguments.contains("go.shape.") {
        return None;
    }
    let shapes = arguments.split(',').map(|argument| match argument.starts_with('*') {
        true => "go.shape.*uint8".to_owned(),
        false => format!("go.shape.{argument}"),
    });
    Some(format!("{start}[{}]{end}", shapes.collect::<Vec<_>>().join(",")))
}

/// The name of a type in an instance's code as the source would have it: `[]int` for `[]go.shape.int`. None
/// for names that stand for an entry of the dictionary (`.param0`): what they are defined as has a better one.
/// What all pointers share keeps its name, for it is not `*uint8`.
pub(crate) fn of_instance(name: String) -> Option<String> {
    if name.starts_with(".param") {
        return None;
    }
    match name.contains("go.shape.") && !name.contains("go.shape.*") {
        true => Some(name.replace("go.shape.", "")),
        false => Some(name),
    }
}

/// The name of the parameter by which code for several types is given its dictionary.
pub(crate) const DICTIONARY: &str = ".dict";

/// Before which parameter a function is given its dictionary, if it is code for several types: the first, or, of a
/// method, the one behind the receiver (`cmd/compile/internal/noder/reader.go`, `shapedMethodExpr`).
pub(crate) fn dictionary_position(name: &str) -> Option<usize> {
    let (before, rest) = name.split_once("[go.shape.")?;
    let package = before.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let method = rest.rfind(']').and_then(|end| rest.get(end.saturating_add(1)..))?;
    let method = method.strip_prefix(')').unwrap_or(method);
    match method.strip_prefix('.') {
        None if method.is_empty() => Some(0),
        // What a closure needs of a dictionary it has captured, or, named as `F[...].func1`, its function has.
        Some(method) if before.get(package..)?.matches('.').count() == 1 => {
            let closure = ["func", "gowrap", "deferwrap"].iter().any(|kind| {
                let number = method.strip_prefix(kind);
                number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
            });
            (!closure && !method.contains('.')).then_some(1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{cgo_name, dictionary_position, instances, of_instance, shaped};

    #[test]
    fn types_of_instances_are_named_as_in_the_source() {
        let named = |name: &str| of_instance(name.to_owned());
        assert_eq!(named("[]go.shape.int").as_deref(), Some("[]int"));
        assert_eq!(named("map[go.shape.string]go.shape.int").as_deref(), Some("map[string]int"));
        assert_eq!(named("go.shape.*uint8").as_deref(), Some("go.shape.*uint8"));
        assert_eq!(named("main.T").as_deref(), Some("main.T"));
        assert_eq!(named(".param0"), None);
    }

    #[test]
    fn instances_are_spelled_as_the_toolchain_does() {
        assert_eq!(instances("main.largest[...]").as_deref(), Some("main.largest[*]"));
        assert_eq!(instances("main.(*Set[...]).Add").as_deref(), Some("main.(*Set[*]).Add"));
        assert_eq!(instances("main.main"), None);
        assert_eq!(shaped("main.largest[int]").as_deref(), Some("main.largest[go.shape.int]"));
        assert_eq!(
            shaped("main.(*Pair[string,*main.T]).Swap").as_deref(),
            Some("main.(*Pair[go.shape.string,go.shape.*uint8]).Swap")
        );
        for as_it_is in ["main.largest[go.shape.int]", "main.main", "main.F[[]int]", "main.F[]"] {
            assert_eq!(shaped(as_it_is), None, "{as_it_is}");
        }
    }

    #[test]
    fn cgo_names_give_the_c_function() {
        assert_eq!(cgo_name("_cgo_0123456789ab_Cfunc_usleep"), Some("usleep"));
        assert_eq!(cgo_name("_cgo_0123456789ab_C2func_my_open"), Some("my_open"));
        assert_eq!(cgo_name("main._Cfunc_usleep"), Some("usleep"));
        assert_eq!(cgo_name("example.com/x.y/db._C2func_sqlite3_step"), Some("sqlite3_step"));
        assert_eq!(cgo_name("example.com/db._cgo_cmalloc"), Some("malloc"));
        assert_eq!(cgo_name("_cgo_0123456789ab_Cfunc__Cmalloc"), Some("malloc"));
        assert_eq!(cgo_name("main._Cfunc_CString"), None);
        assert_eq!(cgo_name("main.usleep"), None);
        assert_eq!(cgo_name("_cgo_topofstack"), None);
        assert_eq!(cgo_name("_cgo_xyz_Cfunc_usleep"), None);
        assert_eq!(cgo_name("main._Cfunc_usleep.func1"), None);
    }

    #[test]
    fn a_dictionary_is_the_first_parameter_or_comes_after_the_receiver() {
        assert_eq!(dictionary_position("main.one[go.shape.string]"), Some(0));
        assert_eq!(dictionary_position("example.com/a.b/c.one[go.shape.struct { X []int }]"), Some(0));
        assert_eq!(dictionary_position("main.(*Stack[go.shape.int]).push"), Some(1));
        assert_eq!(dictionary_position("main.Stack[go.shape.int].len"), Some(1));
        assert_eq!(dictionary_position("main.one[go.shape.string].func1"), None);
        assert_eq!(dictionary_position("main.(*Stack[go.shape.int]).push.func2"), None);
        assert_eq!(dictionary_position("main.plain"), None);
    }
}
