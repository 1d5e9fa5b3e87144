//! Choices that a seed makes, or the bytes of a fuzzer.

/// Gives numbers that look random: splitmix64.
#[derive(Clone, Debug)]
pub struct Source {
    state: u64,
    /// What chooses first: two bytes for each choice, so that changed bytes change few choices.
    bytes: std::vec::IntoIter<u8>,
}

impl Source {
    /// The choices of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, bytes: Vec::new().into_iter() }
    }

    /// The choices of bytes, and of seed 0 once they are used up.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { state: 0, bytes: Vec::from(bytes).into_iter() }
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        let given = self.bytes.next().map(|low| u16::from_le_bytes([low, self.bytes.next().unwrap_or(0)]));
        let state = match given {
            Some(given) => u64::from(given).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            None => {
                self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                self.state
            }
        };
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`; 0 where that is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// True once in `n` times.
    pub fn chance(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of several; panics where there are none.
    pub fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// A number that is worth trying: small, or at the edge of a width.
    pub fn number(&mut self) -> u64 {
        match self.below(8) {
            0..=3 => self.bits() % 20,
            4 => self.bits() % 5000,
            5 => {
                let edge = 1u64 << *self.one_of(&[7, 8, 15, 16, 31, 32, 62, 63]);
                edge.wrapping_add(self.bits() % 3).wrapping_sub(1)
            }
            6 => self.bits() >> self.below(64),
            _ => *self.one_of(&[0, 1, u64::MAX, i64::MAX as u64, 1 << 63]),
        }
    }
}
