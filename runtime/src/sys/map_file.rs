//! Files as memory.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// A file's bytes, for as long as they are used.
pub(crate) fn map_file(file: &File) -> io::Result<Arc<dyn AsRef<[u8]> + Send + Sync>> {
    // SAFETY: the map is private and read-only. Should someone truncate the file meanwhile, reading
    // behind its end is a SIGBUS: executables in use can't be written to (ETXTBSY), and package
    // managers replace files rather than change them.
    let map = unsafe { memmap2::Mmap::map(file)? };
    Ok(Arc::new(map))
}
