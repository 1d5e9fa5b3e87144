//! Many names, searched while somebody types.

use frizbee::{Config, Matcher};

/// Names in order, each once.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<String>,
}

impl Names {
    /// Prepares names.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self { names }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The best names for a pattern, best first, at most `most`. Those that begin with it come first, then those of which a
    /// part between dots and slashes is it or begins with it, then those that have its letters in their order; among equals `main`'s come
    /// first, and short ones. Capital letters count where the pattern has any.
    pub fn search(&self, pattern: &str, most: usize) -> Vec<&str> {
        if pattern.is_empty() {
            let main = self.names.iter().filter(|name| name.starts_with("main."));
            let others = self.names.iter().filter(|name| !name.starts_with("main."));
            return main.chain(others).take(most).map(String::as_str).collect();
        }
        let start = self.names.partition_point(|name| name.as_str() < pattern);
        let prefixed = self.names.iter().skip(start).take_while(|name| name.starts_with(pattern));
        let mut found: Vec<&str> = prefixed.take(most).map(String::as_str).collect();
        if found.len() == most {
            return found;
        }
        let letters: String = pattern.chars().filter(|c| !c.is_whitespace()).collect();
        let matches = Matcher::new(&letters, &Config::default()).match_list(&self.names);
        // Equal scores are many: what is looked at beyond them changes nothing that is shown.
        let enough = matches.iter().take(most.saturating_mul(8));
        let mut ranked: Vec<(u8, u16, usize, &str)> = enough
            .filter_map(|it| {
                let name = self.names.get(it.index as usize)?;
                let rank = rank(name, pattern);
                Some((rank, u16::MAX - it.score, name.len(), name.as_str()))
            })
            .collect();
        ranked.sort_unstable();
        for (.., name) in ranked {
            if found.len() == most {
                break;
            }
            if !found.contains(&name) {
                found.push(name);
            }
        }
        found
    }
}

/// How well a name suits a pattern, lowest best.
fn rank(name: &str, pattern: &str) -> u8 {
    let mut parts = name.split(['.', '/', '(', ')', '*']);
    let begins = parts.clone().any(|part| part.starts_with(pattern));
    let other = u8::from(!name.starts_with("main."));
    match (parts.any(|part| part == pattern), begins, name.contains(pattern)) {
        (true, ..) => other,
        (_, true, _) => 2 + other,
        (.., true) => 4 + other,
        _ => 6 + other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let names = [
            "net/http.(*conn).serve",
            "net/http.(*Server).Serve",
            "main.work",
            "main.(*Server).Handle",
            "runtime.goready",
            "runtime.main",
            "runtime.gopark",
            "net/http.serveFile",
            "main.worker",
        ];
        Names::of(names.map(str::to_owned))
    }

    #[test]
    fn what_begins_with_the_pattern_comes_first() {
        assert_eq!(names().search("main.w", 5)[..2], ["main.work", "main.worker"]);
        assert_eq!(names().search("work", 5)[..2], ["main.work", "main.worker"]);
        assert_eq!(names().search("", 1), ["main.(*Server).Handle"]);
    }

    #[test]
    fn letters_in_their_order_are_enough() {
        assert_eq!(names().search("connserve", 3)[0], "net/http.(*conn).serve");
        assert_eq!(names().search("httpserve", 5)[..2], ["net/http.serveFile", "net/http.(*Server).Serve"]);
        assert_eq!(names().search("gprk", 3), ["runtime.gopark"]);
        assert!(names().search("zzz", 3).is_empty());
    }

    #[test]
    fn capitals_count_where_there_are_any() {
        assert_eq!(names().search("Serve", 9)[0], "net/http.(*Server).Serve");
        assert!(names().search("Serve", 9).iter().all(|name| name.contains('S')));
    }
}
