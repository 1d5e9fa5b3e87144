//! Names that cgo makes.

/// The C function that a symbol made by cgo stands for: `usleep` for
/// `_cgo_0123456789ab_Cfunc_usleep` (the C side) and for `main._Cfunc_usleep` (the Go side), also
/// with `_C2func_`, which returns errno as well.
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
    let name = rest.strip_prefix("Cfunc_").or_else(|| rest.strip_prefix("C2func_"))?;
    (!name.is_empty() && !name.contains('.')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::cgo_name;

    #[test]
    fn cgo_names_give_the_c_function() {
        assert_eq!(cgo_name("_cgo_0123456789ab_Cfunc_usleep"), Some("usleep"));
        assert_eq!(cgo_name("_cgo_0123456789ab_C2func_my_open"), Some("my_open"));
        assert_eq!(cgo_name("main._Cfunc_usleep"), Some("usleep"));
        assert_eq!(cgo_name("example.com/x.y/db._C2func_sqlite3_step"), Some("sqlite3_step"));
        assert_eq!(cgo_name("main.usleep"), None);
        assert_eq!(cgo_name("_cgo_topofstack"), None);
        assert_eq!(cgo_name("_cgo_xyz_Cfunc_usleep"), None);
        assert_eq!(cgo_name("main._Cfunc_usleep.func1"), None);
    }
}
