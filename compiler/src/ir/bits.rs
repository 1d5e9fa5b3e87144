//! A set of small numbers, as the dataflow analyses need it.

/// A set of numbers below a bound fixed at its creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// An empty set of numbers below `bound`.
    pub(crate) fn new(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(64)] }
    }

    /// The set of all numbers below `bound`, and maybe a few above.
    pub(crate) fn full(bound: usize) -> Self {
        Self { words: vec![u64::MAX; bound.div_ceil(64)] }
    }

    /// Whether it has `item`.
    pub(crate) fn contains(&self, item: usize) -> bool {
        self.words.get(item / 64).is_some_and(|word| word >> (item % 64) & 1 == 1)
    }

    /// Adds `item`; says whether it was new. A number beyond the bound is left out.
    pub(crate) fn insert(&mut self, item: usize) -> bool {
        match self.words.get_mut(item / 64) {
            Some(word) => {
                let before = *word;
                *word |= 1 << (item % 64);
                *word != before
            }
            None => false,
        }
    }

    /// Takes `item` out.
    pub(crate) fn remove(&mut self, item: usize) {
        if let Some(word) = self.words.get_mut(item / 64) {
            *word &= !(1 << (item % 64));
        }
    }

    /// Adds all of `other`; says whether anything was new.
    pub(crate) fn union(&mut self, other: &Self) -> bool {
        let mut grown = false;
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            grown |= more & !*word != 0;
            *word |= more;
        }
        grown
    }

    /// Keeps what is also in `other`; says whether that took anything away.
    pub(crate) fn intersect(&mut self, other: &Self) -> bool {
        let mut shrunk = false;
        for (word, kept) in self.words.iter_mut().zip(&other.words) {
            shrunk |= *word & !kept != 0;
            *word &= kept;
        }
        shrunk
    }

    /// Takes all of `other` out.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Its numbers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
                .take_while(|&rest| rest != 0)
                .map(move |rest| at * 64 + rest.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BitSet;

    #[test]
    fn lists_what_was_inserted_in_ascending_order() {
        let mut set = BitSet::new(200);
        for item in [199, 0, 64, 63, 7] {
            assert!(set.insert(item));
        }
        assert!(!set.insert(7));
        set.remove(63);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 7, 64, 199]);
    }

    #[test]
    fn union_says_whether_it_grew() {
        let (mut a, mut b) = (BitSet::new(10), BitSet::new(10));
        b.insert(3);
        assert!(a.union(&b));
        assert!(!a.union(&b));
        a.subtract(&b);
        assert_eq!(a, BitSet::new(10));
    }
}
