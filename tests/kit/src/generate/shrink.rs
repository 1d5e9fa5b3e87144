//! Makes a script that shows a bug smaller.

/// Takes lines out, in ranges whose braces match, and blocks from around their lines, as long as the script
/// shows it still.
pub fn shrink(script: &str, shows: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<&str> = script.lines().collect();
    loop {
        let before = lines.len();
        take_ranges(&mut lines, &shows);
        unwrap_blocks(&mut lines, &shows);
        if lines.len() == before {
            return lines.join("\n");
        }
    }
}

/// Takes out ranges, long ones first.
fn take_ranges(lines: &mut Vec<&str>, shows: &impl Fn(&str) -> bool) {
    let mut length = lines.len();
    while length > 0 {
        let mut start = 0;
        while start + length <= lines.len() {
            let rest: Vec<&str> = [&lines[..start], &lines[start + length..]].concat();
            if is_whole(&lines[start..start + length]) && shows(&rest.join("\n")) {
                *lines = rest;
            } else {
                start += 1;
            }
        }
        length -= 1;
    }
}

/// Takes out the first and last line of blocks.
fn unwrap_blocks(lines: &mut Vec<&str>, shows: &impl Fn(&str) -> bool) {
    let mut start = 0;
    while start < lines.len() {
        let end = (start + 2..=lines.len()).find(|&end| is_whole(&lines[start..end]));
        let unwrapped = end.filter(|_| !is_whole(&lines[start..=start])).map(|end| {
            let inside = &lines[start + 1..end - 1];
            [&lines[..start], inside, &lines[end..]].concat()
        });
        match unwrapped {
            Some(rest) if shows(&rest.join("\n")) => *lines = rest,
            _ => start += 1,
        }
    }
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
        assert_eq!(shrink(script, |s| s.contains("bad")), "bad;");
        let with_its_block = |s: &str| s.contains("bad") && s.contains("if");
        assert_eq!(shrink(script, with_its_block), "if (x) {\nbad;\n}");
    }
}
