//! Loads random scripts in the kernel.

use crate::{Outcome, cargo, run};

/// Scripts that are tried where it is not said.
const PROGRAMS: u64 = 20_000;

/// Tries PROGRAMS scripts, of the seeds from SEED on.
pub(crate) fn verify(arguments: &[String]) -> Outcome {
    let (programs, seed) = read(arguments)?;
    run(cargo().env("GPROBE_PROGRAMS", programs.to_string()).env("GPROBE_SEED", seed.to_string()).args([
        "test",
        "--test",
        "live",
        "the_verifier_never_says_no",
        "--",
        "--nocapture",
    ]))
}

fn read(arguments: &[String]) -> Result<(u64, u64), String> {
    let number = |at: usize, otherwise: u64| match arguments.get(at) {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no number")),
        None => Ok(otherwise),
    };
    if arguments.len() > 2 {
        return Err("say how many scripts, and the first one's seed".to_owned());
    }
    Ok((number(0, PROGRAMS)?, number(1, 1)?))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn how_many_and_from_where_are_read() {
        let read = |text: &str| read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(read(""), Ok((20_000, 1)));
        assert_eq!(read("30 7"), Ok((30, 7)));
        assert!(read("many").is_err());
        assert!(read("1 2 3").is_err());
    }
}
