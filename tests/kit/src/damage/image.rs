//! The bytes of a file that edits are made in, and undone.

/// The bytes of a file.
pub(super) struct Image {
    bytes: Vec<u8>,
    /// How many of them there are, as long as the file is cut off.
    len: usize,
    /// What was there before, by place.
    undo: Vec<(usize, Vec<u8>)>,
}

impl Image {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), bytes, undo: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What is left of it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Writes what has room.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let Some(room) = self.bytes.get_mut(at..) else { return };
        let len = bytes.len().min(room.len());
        let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) else { return };
        self.undo.push((at, room.to_vec()));
        room.copy_from_slice(bytes);
    }

    /// The number of so many bytes that is there.
    pub(super) fn number(&self, at: usize, width: usize) -> u64 {
        let bytes = self.bytes.get(at..).unwrap_or_default().iter().take(width);
        bytes.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Undoes everything.
    pub(super) fn repair(&mut self) {
        self.len = self.bytes.len();
        while let Some((at, old)) = self.undo.pop() {
            if let Some(room) = self.bytes.get_mut(at..).and_then(|room| room.get_mut(..old.len())) {
                room.copy_from_slice(&old);
            }
        }
    }
}

impl AsRef<[u8]> for Image {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn edits_are_undone_in_the_order_that_they_need() {
        let whole: Vec<u8> = (0..64).collect();
        let mut image = Image::new(whole.clone());
        image.write(3, &[9, 9, 9]);
        image.write(4, &[8; 100]);
        image.truncate(10);
        assert_eq!(image.bytes(), [0, 1, 2, 9, 8, 8, 8, 8, 8, 8]);
        assert_eq!(image.number(3, 4), 0x0808_0809);
        image.repair();
        assert_eq!(image.bytes(), whole);
    }
}
