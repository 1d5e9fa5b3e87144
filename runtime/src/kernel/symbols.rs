//! Functions of the kernel, from `/proc/kallsyms`.

use std::fs;

/// The kernel's functions by address.
#[derive(Debug, Default)]
pub struct KernelSymbols {
    functions: Vec<(u64, String)>,
}

impl KernelSymbols {
    /// Reads them; none where this user is shown no addresses.
    pub fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/kallsyms").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut functions: Vec<(u64, String)> = text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let addr = u64::from_str_radix(words.next()?, 16).ok()?;
                let kind = words.next()?;
                (addr != 0 && matches!(kind, "t" | "T" | "w" | "W"))
                    .then(|| Some((addr, words.next()?.to_owned())))?
            })
            .collect();
        functions.sort();
        Self { functions }
    }

    /// The address of a symbol.
    pub fn address(name: &str) -> Option<u64> {
        let text = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        let found = text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let (addr, _, symbol) = (words.next()?, words.next()?, words.next()?);
            (symbol == name).then(|| u64::from_str_radix(addr, 16).ok())?
        });
        found.filter(|addr| *addr != 0)
    }

    /// The function at an address, and the bytes into it.
    pub fn find(&self, addr: u64) -> Option<(&str, u64)> {
        let index = self.functions.partition_point(|(start, _)| *start <= addr);
        let (start, name) = self.functions.get(index.checked_sub(1)?)?;
        Some((name, addr - start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_that_starts_before_an_address_is_found() {
        let symbols = KernelSymbols::parse("00 T none\n20 T b\n10 t a\n30 D data\n");
        assert_eq!(symbols.find(0x12), Some(("a", 2)));
        assert_eq!(symbols.find(0x31), Some(("b", 0x11)));
        assert_eq!(symbols.find(0x0f), None);
    }
}
