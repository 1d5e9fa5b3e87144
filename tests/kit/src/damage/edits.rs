//! Edit scripts as bytes. All bytes are a script, so that those who make them up need to know nothing.

use super::image::Image;
use super::places::Place;

/// Bytes of one edit.
const EDIT: usize = 9;
/// More edits than anyone needs to break a file.
const MOST_EDITS: usize = 24;
/// Bytes that one edit fills or copies at most.
const MOST_FILLED: usize = 4096;

/// What one input says.
#[derive(Debug)]
pub(super) struct Script {
    /// The number of a binary.
    pub(super) base: u8,
    /// The number of a question, and that of another one, which is seldom asked.
    questions: [u8; 2],
    /// Which function, type or address is asked about.
    pub(super) number: u8,
    pub(super) edits: Vec<Edit>,
}

/// One change of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    /// The number of a place.
    place: u8,
    /// Bytes from its start.
    offset: u32,
    what: u8,
    value: [u8; 4],
}

impl Script {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let head = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let rest = bytes.get(4..).unwrap_or_default();
        let edits = rest.chunks(EDIT).take(MOST_EDITS).map(Edit::of).collect();
        Self { base: head(0), questions: [head(1), head(2)], number: head(3), edits }
    }

    /// Numbers of the questions to ask.
    pub(super) fn questions(&self) -> impl Iterator<Item = u8> {
        let [first, second] = self.questions;
        [Some(first), second.is_multiple_of(4).then_some(second / 4)].into_iter().flatten()
    }

    /// A script with one edit that changes nothing yet, at a place.
    pub(super) fn seed(base: u8, place: u8) -> Vec<u8> {
        vec![base, place, 1, place, place, 0, 0, 0, 5, 0, 0, 0, 0]
    }
}

impl Edit {
    fn of(bytes: &[u8]) -> Self {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        Self {
            place: byte(0),
            offset: u32::from_le_bytes([byte(1), byte(2), byte(3), 0]),
            what: byte(4),
            value: [byte(5), byte(6), byte(7), byte(8)],
        }
    }

    /// The place that is meant, and how many bytes from the file's start.
    pub(super) fn at<'p>(&self, places: &'p [Place]) -> Option<(&'p Place, usize)> {
        let place = places.get(usize::from(self.place) % places.len().max(1))?;
        let offset = usize::try_from(self.offset).ok()?;
        Some((place, place.start + offset % place.len.max(1)))
    }

    /// Makes the change.
    pub(super) fn apply(&self, image: &mut Image, places: &[Place]) {
        let Some((_, at)) = self.at(places) else { return };
        let [a, b, c, d] = self.value;
        let word = i32::from_le_bytes(self.value);
        let width = 1usize << (b & 3);
        match self.what % 10 {
            0 => image.write(at, &[a]),
            1 => image.write(at, &[a, b]),
            2 => image.write(at, &self.value),
            3 => image.write(at, &i64::from(word).to_le_bytes()),
            4 => image.write(at, first(&interesting(a, image.len()).to_le_bytes(), width)),
            5 => {
                let old = image.number(at, width);
                image.write(
                    at,
                    first(&old.wrapping_add_signed(i64::from(a.cast_signed())).to_le_bytes(), width),
                );
            }
            // What leads to another place: the place in the file, in its section, or in memory.
            6 | 7 => {
                let Some(to) = places.get(usize::from(a) % places.len().max(1)) else { return };
                let value = match c % 3 {
                    0 => to.start as u64,
                    1 => (to.start - to.section) as u64,
                    _ => to.addr,
                };
                let value = value.wrapping_add_signed(i64::from(d.cast_signed()));
                image.write(at, first(&value.to_le_bytes(), width.max(2)));
            }
            8 if d & 0x80 == 0 => {
                let count = usize::from(u16::from_le_bytes([b, c])) % MOST_FILLED;
                match d & 1 {
                    0 => image.write(at, &vec![a; count]),
                    _ => {
                        let Some(from) = places.get(usize::from(a) % places.len().max(1)) else { return };
                        let copied = image.bytes().get(from.start..).unwrap_or_default();
                        let copied = copied.get(..count.min(copied.len())).unwrap_or_default().to_vec();
                        image.write(at, &copied);
                    }
                }
            }
            8 => image.truncate(at),
            _ => image.write(at, &[a.rotate_left(u32::from(b)) | 0x80, b, c, d]),
        }
    }
}

fn first(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len).unwrap_or(bytes)
}

/// Numbers at which things change.
fn interesting(which: u8, len: usize) -> u64 {
    const NUMBERS: [u64; 24] = [
        0,
        1,
        2,
        7,
        8,
        16,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x7fff,
        0x8000,
        0xffff,
        0x1_0000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        u64::MAX,
        u64::MAX - 1,
        u64::MAX - 7,
        u64::MAX - 0xfff,
    ];
    let len = len as u64;
    let of_len = [len, len.wrapping_sub(1), len + 1, len / 2, len / 8, len / 24, len / 64, len * 1000];
    let which = usize::from(which) % (NUMBERS.len() + of_len.len());
    NUMBERS.iter().chain(&of_len).nth(which).copied().unwrap_or(0)
}
