//! Sections of debug information: found, and decompressed when first used.

use std::sync::OnceLock;

use flate2::{Decompress, FlushDecompress, Status};
use gimli::{EndianSlice, LittleEndian};
use object::elf::{ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD, SHF_COMPRESSED};

use crate::binary::Binary;
use crate::bytes::Bytes;
use crate::error::Error;

/// A section may have this many bytes once it is decompressed, and...
const LEAST: u64 = 64 << 20;
/// ...this many times those of the whole file: compilers' sections have a few times their own.
const TIMES: u64 = 16;

/// Bytes as gimli reads them.
pub(crate) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// A section that is read here. `.debug_line` is none of them: pclntab has the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Info,
    Abbrev,
    Addr,
    Str,
    LineStr,
    StrOffsets,
    Loc,
    LocLists,
    Ranges,
    RngLists,
}

/// The sections that were decompressed so far.
#[derive(Default)]
pub(crate) struct Sections {
    stored: [OnceLock<Result<Option<Vec<u8>>, Error>>; 10],
}

impl Id {
    /// Its name, and that of the older way to compress it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Info => (".debug_info", ".zdebug_info"),
            Self::Abbrev => (".debug_abbrev", ".zdebug_abbrev"),
            Self::Addr => (".debug_addr", ".zdebug_addr"),
            Self::Str => (".debug_str", ".zdebug_str"),
            Self::LineStr => (".debug_line_str", ".zdebug_line_str"),
            Self::StrOffsets => (".debug_str_offsets", ".zdebug_str_offsets"),
            Self::Loc => (".debug_loc", ".zdebug_loc"),
            Self::LocLists => (".debug_loclists", ".zdebug_loclists"),
            Self::Ranges => (".debug_ranges", ".zdebug_ranges"),
            Self::RngLists => (".debug_rnglists", ".zdebug_rnglists"),
        }
    }
}

impl Sections {
    /// The section's bytes; none when it is not there.
    pub(crate) fn get<'a>(&'a self, binary: &'a Binary, id: Id) -> Result<Slice<'a>, Error> {
        let (name, old_name) = id.names();
        let stored = self.stored.get(id as usize).ok_or(Error::Malformed { what: "a section", at: 0 })?;
        let data = binary.data();
        let bytes = match stored.get_or_init(|| decompressed(binary, name, old_name)) {
            Ok(Some(bytes)) => bytes.as_slice(),
            Ok(None) => binary.elf().section_bytes(data, name).unwrap_or_default(),
            Err(error) => return Err(error.clone()),
        };
        Ok(EndianSlice::new(bytes, LittleEndian))
    }
}

/// The section decompressed; `None` if it isn't compressed, or not there.
fn decompressed(
    binary: &Binary,
    name: &'static str,
    old_name: &'static str,
) -> Result<Option<Vec<u8>>, Error> {
    let data = binary.data();
    let damaged = Error::Decompression { section: name };
    let most = u64::try_from(data.len()).unwrap_or(u64::MAX).saturating_mul(TIMES).saturating_add(LEAST);
    if let Some(section) = binary.elf().section(data, name) {
        if section.flags & u64::from(SHF_COMPRESSED) == 0 {
            return Ok(None);
        }
        let mut bytes = Bytes::new(section.bytes(data).ok_or_else(|| damaged.clone())?);
        let mut header = || Some((bytes.u32()?, bytes.u32()?, bytes.u64()?, bytes.u64()?));
        let (kind, _, size, _) = header().ok_or_else(|| damaged.clone())?;
        return match kind {
            ELFCOMPRESS_ZLIB => inflate(bytes.rest(), size, most).map(Some).ok_or(damaged),
            ELFCOMPRESS_ZSTD => Err(Error::UnsupportedCompression { section: name, how: "zstd".to_owned() }),
            other => Err(Error::UnsupportedCompression { section: name, how: format!("method {other}") }),
        };
    }
    let Some(old) = binary.elf().section_bytes(data, old_name) else { return Ok(None) };
    let mut bytes = Bytes::new(old);
    let magic = bytes.take(4).filter(|magic| *magic == b"ZLIB");
    let size = magic.and_then(|_| bytes.u64()).map(u64::swap_bytes).ok_or_else(|| damaged.clone())?;
    inflate(bytes.rest(), size, most).map(Some).ok_or(damaged)
}

/// Inflates to exactly `size` bytes, which may not be more than `most`. Memory is taken as bytes come out, not as
/// the size has it.
fn inflate(bytes: &[u8], size: u64, most: u64) -> Option<Vec<u8>> {
    // Deflate gets no further than 1032:1: a larger size is a lie that is not worth the time.
    let possible = u64::try_from(bytes.len()).ok()?.checked_mul(1032)?.checked_add(64)?;
    if size > possible.min(most) {
        return None;
    }
    let size = usize::try_from(size).ok()?;
    let mut out = Vec::new();
    let mut inflater = Decompress::new(true);
    loop {
        if out.len() == out.capacity() {
            let missing = size.checked_sub(out.len())?;
            out.reserve_exact(missing.min(out.len().max(bytes.len().saturating_mul(4))));
        }
        let before = (inflater.total_in(), inflater.total_out());
        let rest = bytes.get(usize::try_from(before.0).ok()?..)?;
        match inflater.decompress_vec(rest, &mut out, FlushDecompress::None).ok()? {
            Status::StreamEnd => return (out.len() == size).then_some(out),
            Status::Ok | Status::BufError => {}
        }
        if (inflater.total_in(), inflater.total_out()) == before {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::inflate;

    #[test]
    fn sizes_must_be_true() {
        let text = b"runtime.g runtime.m runtime.p ".repeat(100);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&text).expect("a Vec takes all");
        let small = encoder.finish().expect("a Vec takes all");
        let inflated = |bytes: &[u8], size: usize| inflate(bytes, size as u64, 1 << 20);
        assert_eq!(inflated(&small, text.len()).as_deref(), Some(text.as_slice()));
        assert_eq!(inflated(&small, text.len() - 1), None);
        assert_eq!(inflated(&small, text.len() + 1), None);
        let (cut_off, _) = small.split_last_chunk::<5>().expect("more than a checksum");
        assert_eq!(inflated(cut_off, text.len()), None);
        assert_eq!(inflated(&small, usize::MAX), None);
        assert_eq!(inflated(b"no zlib at all", 64), None);
        assert_eq!(inflate(&small, text.len() as u64, text.len() as u64 - 1), None, "more than there may be");
    }
}
