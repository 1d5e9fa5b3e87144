//! A cursor over bytes that nobody vouches for: each read is checked, and says no by `None`.

/// Bytes of a text with its zero. Names of C++ and of generic Go functions can be long; but thousands of entries
/// could lead to one text that goes on for the rest of the file.
const LONGEST: usize = 64 << 10;

/// A cursor over little-endian bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

macro_rules! number {
    ($($name:ident: $ty:ty),*) => {
        $(
            /// The next number.
            pub(crate) fn $name(&mut self) -> Option<$ty> {
                let (head, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                Some(<$ty>::from_le_bytes(*head))
            }
        )*
    };
}

impl<'a> Bytes<'a> {
    /// A cursor at the start of `data`.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// A cursor at `offset` of `data`.
    pub(crate) fn at(data: &'a [u8], offset: u64) -> Option<Self> {
        Some(Self { rest: data.get(usize::try_from(offset).ok()?..)? })
    }

    number! { u8: u8, u32: u32, u64: u64 }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(head)
    }

    /// Leaves `len` bytes out.
    pub(crate) fn skip(&mut self, len: u64) -> Option<()> {
        self.take(len).map(|_| ())
    }

    /// The bytes up to the next zero, which is passed over; none where that is too far.
    pub(crate) fn cstr(&mut self) -> Option<&'a [u8]> {
        let len = memchr::memchr(0, self.rest.get(..LONGEST).unwrap_or(self.rest))?;
        let text = self.take(u64::try_from(len).ok()?)?;
        self.skip(1)?;
        Some(text)
    }

    /// A number in base 128, as Go's `binary.Uvarint` and DWARF's ULEB128, of up to 64 bits.
    pub(crate) fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits.checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn reads_stop_at_the_end() {
        let mut bytes = Bytes::new(&[1, 2, 3, 4, 5]);
        assert_eq!(bytes.u32(), Some(0x0403_0201));
        assert_eq!(bytes.u32(), None);
        assert_eq!(bytes.u8(), Some(5));
        assert_eq!(bytes.u8(), None);
        assert_eq!(bytes.take(u64::MAX), None);
        assert!(Bytes::at(&[1], 2).is_none());
    }

    #[test]
    fn uvarints_of_more_than_64_bits_are_refused() {
        assert_eq!(Bytes::new(&[0xe5, 0x8e, 0x26]).uvarint(), Some(624_485));
        let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Bytes::new(&max).uvarint(), Some(u64::MAX));
        assert_eq!(Bytes::new(&[0xff; 12]).uvarint(), None);
        assert_eq!(Bytes::new(&[0x80]).uvarint(), None);
    }

    #[test]
    fn a_string_without_its_zero_is_none() {
        assert_eq!(Bytes::new(b"ab\0c").cstr(), Some(&b"ab"[..]));
        assert_eq!(Bytes::new(b"abc").cstr(), None);
        let long = [vec![b'a'; super::LONGEST], vec![0]].concat();
        assert_eq!(Bytes::new(&long).cstr(), None);
        assert_eq!(Bytes::at(&long, 1).and_then(|mut b| b.cstr()).map(<[u8]>::len), Some(super::LONGEST - 1));
    }
}
