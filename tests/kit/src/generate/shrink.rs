//! Makes a script that shows a bug smaller.

/// Takes lines out, in ranges whose braces match, as long as the script shows it still.
pub fn shrink(script: &str, shows: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<&str> = script.lines().collect();
    let mut length = lines.len();
    while length > 0 {
        let mut start = 0;
        while start + length <= lines.len() {
            let rest: Vec<&str> = [&lines[..start], &lines[start + length..]].concat();
            if is_whole(&lines[start..start + length]) && shows(&rest.join("\n")) {
                lines = rest;
            } else {
                start += 1;
            }
        }
        length -= 1;
    }
    lines.join("\n")
}

/// Whether braces open and close within.
fn is_whole(lines: &[&str]) -> bool {
    let mut open = 0i32;
    for byte in lines.iter().flat_map(|line| line.bytes()) {
        open += i32::from(byte == b'{') - i32::from(byte == b'}');
        if open < 0 {
            return false;
        }
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let script = "begin {\na;\nif (x) {\nbad;\n}\nb;\n}\nend {\nc;\n}";
        assert_eq!(shrink(script, |s| s.contains("bad")), "bad;".to_owned().as_str().to_owned());
    }
}
