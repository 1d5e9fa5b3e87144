//! The texts of common errors, as their Error methods write them.

use super::value::{GoKind, GoValue};

/// The text of an error, where its type is one of those that are known.
pub(super) fn text(value: &GoValue) -> Option<String> {
    // `*T` with what it points to, or `T`.
    let (name, inner) = match &value.kind {
        GoKind::Pointer { to: Some(to), .. } => (format!("*{}", to.ty), &**to),
        _ => (value.ty.clone(), value),
    };
    let field = |name: &str| match &inner.kind {
        GoKind::Struct(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
        _ => None,
    };
    let string = |name: &str| field(name).and_then(plain);
    let wrapped = |name: &str| match &field(name)?.kind {
        GoKind::Interface(Some((_, inner))) => text(inner),
        GoKind::Interface(None) => Some("<nil>".to_owned()),
        _ => None,
    };
    match name.as_str() {
        "*errors.errorString" => string("s"),
        "*fmt.wrapError" | "*fmt.wrapErrors" => string("msg"),
        "*io/fs.PathError" | "*os.PathError" => {
            Some(format!("{} {}: {}", string("Op")?, string("Path")?, wrapped("Err")?))
        }
        "*os.SyscallError" => Some(format!("{}: {}", string("Syscall")?, wrapped("Err")?)),
        "*os.LinkError" => {
            Some(format!("{} {} {}: {}", string("Op")?, string("Old")?, string("New")?, wrapped("Err")?))
        }
        "*strconv.NumError" => {
            Some(format!("strconv.{}: parsing {:?}: {}", string("Func")?, string("Num")?, wrapped("Err")?))
        }
        "context.deadlineExceededError" => Some("context deadline exceeded".to_owned()),
        "runtime.errorString" | "runtime.plainError" => Some(format!("runtime error: {}", plain(inner)?)),
        "syscall.Errno" => match inner.kind {
            GoKind::Uint(number) => Some(errno(number)),
            _ => None,
        },
        "*errors.joinError" => match &field("errs")?.kind {
            GoKind::List { elements, len, .. } if elements.len() as u64 == *len => {
                let lines: Option<Vec<String>> = elements
                    .iter()
                    .map(|element| match &element.kind {
                        GoKind::Interface(Some((_, inner))) => text(inner),
                        _ => None,
                    })
                    .collect();
                Some(lines?.join("\n"))
            }
            _ => None,
        },
        _ => None,
    }
}

fn plain(value: &GoValue) -> Option<String> {
    match &value.kind {
        GoKind::Str { bytes, truncated } => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            Some(if *truncated { format!("{text}...") } else { text })
        }
        _ => None,
    }
}

/// As Go's own table has it: libc's text, starting with a small letter.
fn errno(number: u64) -> String {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let text = std::io::Error::from_raw_os_error(number).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match (chars.next(), chars.as_str()) {
        // An abbreviation stays as it is.
        (Some(first), rest) if !rest.starts_with(|c: char| c.is_uppercase()) => {
            format!("{}{rest}", first.to_lowercase())
        }
        _ => text.to_owned(),
    }
}
