//! The guest's first file system: an archive of what it needs before it has the host's files.

use std::fs;
use std::path::{Path, PathBuf};

use super::kernels::Kernel;

/// Where the guest's commands come from: one file without libraries.
pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// Folders of the host that the guest covers with empty, writable ones.
const COVERED: [&str; 3] = ["/tmp", "/run", "/var/tmp"];

/// Makes the archive. `work` is a shell script that the guest runs; what of `shown` it would cover, it shows.
pub(crate) fn image(kernel: &Kernel, work: &str, shown: &[PathBuf]) -> Result<Vec<u8>, String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut archive = Archive::default();
    for folder in ["bin", "dev", "proc", "sys", "mnt", "m"] {
        archive.folder(folder);
    }
    archive.file("bin/busybox", &read(Path::new(BUSYBOX))?);
    archive.file("init", include_bytes!("init.sh"));
    archive.file("second", include_bytes!("second.sh"));
    archive.file("work", work.as_bytes());
    let mut order = String::new();
    for module in &kernel.modules {
        let name = module.file_name().unwrap_or_default().to_string_lossy().into_owned();
        archive.file(&format!("m/{name}"), &read(module)?);
        order.push_str(&format!("{name}\n"));
    }
    archive.file("m/order", order.as_bytes());
    let covered = shown.iter().filter(|path| COVERED.iter().any(|folder| path.starts_with(folder)));
    let lines: String = covered.map(|path| format!("{}\n", path.display())).collect();
    archive.file("shown", lines.as_bytes());
    Ok(archive.end())
}

/// An archive in the form `newc` of cpio (`Documentation/driver-api/early-userspace/buffer-format.rst`).
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    files: u32,
}

impl Archive {
    fn folder(&mut self, name: &str) {
        self.entry(name, 0o040_755, &[]);
    }

    fn file(&mut self, name: &str, content: &[u8]) {
        self.entry(name, 0o100_755, content);
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.files += 1;
        // inode, mode, user, group, links, time, size, device, device of a special file, name's length, checksum.
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let fields = [self.files, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.len() as u32 + 1, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_at_multiples_of_four_with_their_lengths() {
        let mut archive = Archive::default();
        archive.folder("bin");
        archive.file("bin/a", b"abcde");
        let bytes = archive.end();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let heads: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(heads.len(), 3);
        assert!(heads.iter().all(|at| at % 4 == 0), "{heads:?}");
        let size = &text[heads[1] + 6 + 6 * 8..][..8];
        assert_eq!(size, "00000005");
        assert!(text[heads[1] + 110..].starts_with("bin/a\0"), "{text:?}");
        assert!(text[heads[1] + 116..].starts_with("abcde\0\0\0"), "{text:?}");
    }
}
