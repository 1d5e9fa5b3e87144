//! Tracepoints as tracefs shows them.

use std::fs;
use std::io;
use std::path::PathBuf;

use gprobe_compiler::target::TracepointField;

const MOUNTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Said where tracefs is not there.
pub const NOT_MOUNTED: &str = "tracefs is not mounted, or this user may not read it: as root, `mount -t tracefs tracefs /sys/kernel/tracing`";

/// The folder with all tracepoints.
pub fn events() -> Option<PathBuf> {
    MOUNTS.iter().map(|m| PathBuf::from(m).join("events")).find(|p| p.is_dir())
}

/// The text of a file in tracefs.
pub(crate) fn read(name: &str) -> Option<String> {
    MOUNTS.iter().find_map(|mount| fs::read_to_string(PathBuf::from(mount).join(name)).ok())
}

/// All tracepoints: category and name.
///
/// # Errors
/// Where tracefs can't be read.
pub fn all() -> io::Result<Vec<(String, String)>> {
    let root = events().ok_or_else(|| io::Error::other(NOT_MOUNTED))?;
    let mut found = Vec::new();
    for category in fs::read_dir(root)?.flatten() {
        let Ok(entries) = fs::read_dir(category.path()) else { continue };
        let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let entries = entries.flatten().filter(|e| e.path().join("format").is_file());
        found.extend(entries.map(|e| (name(&category), name(&e))));
    }
    Ok(found)
}

/// A tracepoint's id, for perf_event_open.
pub fn id(category: &str, name: &str) -> Option<u64> {
    fs::read_to_string(file(category, name, "id")?).ok()?.trim().parse().ok()
}

/// The fields of a tracepoint's record; `None` where there is no such tracepoint.
pub fn format(category: &str, name: &str) -> Option<Vec<TracepointField>> {
    Some(parse_format(&fs::read_to_string(file(category, name, "format")?).ok()?))
}

fn file(category: &str, name: &str, file: &str) -> Option<PathBuf> {
    // Names come from scripts: they stay within the folder.
    let plain = |part: &str| !part.is_empty() && !part.contains('/') && part != "..";
    (plain(category) && plain(name)).then_some(())?;
    Some(events()?.join(category).join(name).join(file))
}

/// Reads lines of the form `field:char comm[16]; offset:8; size:16; signed:0;`.
fn parse_format(text: &str) -> Vec<TracepointField> {
    text.lines().filter_map(|line| parse_field(line.trim())).collect()
}

fn parse_field(line: &str) -> Option<TracepointField> {
    let mut declaration = None;
    let (mut offset, mut size, mut signed) = (None, None, false);
    for part in line.split(';').map(str::trim) {
        if let Some(text) = part.strip_prefix("field:") {
            declaration = Some(text);
        } else if let Some(text) = part.strip_prefix("offset:") {
            offset = text.parse().ok();
        } else if let Some(text) = part.strip_prefix("size:") {
            size = text.parse().ok();
        } else if let Some(text) = part.strip_prefix("signed:") {
            signed = text == "1";
        }
    }
    let declaration = declaration?;
    let data_loc = declaration.starts_with("__data_loc");
    let declaration = declaration.trim_start_matches("__data_loc").trim();
    // `char[] name` and `char name[16]`, and `const char * name`.
    let at = declaration.rfind(|c: char| c.is_whitespace() || c == '*')?;
    let (c_type, name) = (declaration.get(..=at)?.trim(), declaration.get(at + 1..)?);
    let (name, array) = match name.split_once('[') {
        Some((name, count)) => (name, Some(count.trim_end_matches(']'))),
        None => (name, None),
    };
    let size: u32 = size?;
    // A length may be a name of the kernel's: then the bytes tell, for characters.
    let array = array.map(|count| count.parse().unwrap_or(size));
    Some(TracepointField {
        c_type: c_type.to_owned(),
        name: name.to_owned(),
        offset: offset?,
        size,
        signed,
        array,
        data_loc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCH: &str = "name: sched_switch\nID: 323\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
        \tfield:char prev_comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:0;\n\
        \tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n\
        \tfield:__data_loc char[] filename;\toffset:28;\tsize:4;\tsigned:0;\n\
        \tfield:const char * name;\toffset:32;\tsize:8;\tsigned:0;\n\
        print fmt: \"x\"\n";

    #[test]
    fn fields_have_types_names_and_places() {
        let fields = parse_format(SWITCH);
        let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["common_type", "prev_comm", "prev_pid", "filename", "name"]);
        assert_eq!((fields[1].array, fields[1].offset, fields[1].size), (Some(16), 8, 16));
        assert!(fields[2].signed && fields[2].array.is_none());
        assert!(fields[3].data_loc && fields[3].c_type == "char[]");
        assert_eq!(fields[4].c_type, "const char *");
    }
}
