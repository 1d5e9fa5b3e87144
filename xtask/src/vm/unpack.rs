//! Takes the ELF file out of a compressed kernel, which an emulator boots without the kernel's own, slow unpacking;
//! and unpacks modules.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use gprobe_testkit::ExecError;

/// How a compressed stream begins, and the command that unpacks it from its standard input.
const FORMS: [(&[u8], &str); 4] = [
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x1f\x8b", "gzip"),
    (b"\x02\x21\x4c\x18", "lz4"),
];

/// Writes the ELF file that is in a `vmlinuz`.
pub(crate) fn kernel(from: &Path, to: &Path) -> Result<(), ExecError> {
    let bytes = read(from)?;
    let payload = payload(&bytes).ok_or_else(|| damaged(from, "is no bzImage"))?;
    unpacked(payload, to).map_err(|why| damaged(from, &why))?;
    let whole = read(to)?;
    if whole.starts_with(b"\x7fELF") { Ok(()) } else { Err(damaged(from, "holds no ELF file")) }
}

/// Writes a file unpacked, by what it begins with, or as it is.
pub(crate) fn file(from: &Path, to: &Path) -> Result<(), ExecError> {
    let bytes = read(from)?;
    if bytes.starts_with(b"\x7fELF") {
        return fs::write(to, bytes).map_err(|error| damaged(to, &error.to_string()));
    }
    unpacked(&bytes, to).map_err(|why| damaged(from, &why))
}

fn read(path: &Path) -> Result<Vec<u8>, ExecError> {
    fs::read(path).map_err(|error| damaged(path, &error.to_string()))
}

fn damaged(path: &Path, why: &str) -> ExecError {
    ExecError::Missing(format!("{}: {why}", path.display()))
}

/// The compressed kernel in a bzImage, by the boot protocol's header (`Documentation/arch/x86/boot.rst`):
/// `setup_sects`, `payload_offset` and `payload_length`.
fn payload(image: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| {
        let bytes = image.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    if image.get(0x1fe..0x200)? != [0x55, 0xaa] {
        return None;
    }
    let setup = match *image.get(0x1f1)? {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (setup + 1) * 512 + word(0x248)?;
    image.get(start..start.checked_add(word(0x24c)?)?)
}

/// Unpacks bytes into a file.
fn unpacked(bytes: &[u8], to: &Path) -> Result<(), String> {
    let (_, program) =
        FORMS.iter().find(|(magic, _)| bytes.starts_with(magic)).ok_or("packed in an unknown way")?;
    let failed = |error: io::Error| format!("`{program}` can't unpack it: {error}");
    let out = File::create(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let mut child = Command::new(program)
        .args(["-d", "-c"])
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A kernel has its length behind the stream, which a program may refuse when it has all it needs.
        let _ = input.write_all(bytes);
    }
    child.wait().map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bzImage whose payload stands behind two sectors of setup and the boot sector.
    fn image(payload: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 3 * 512];
        image[0x1f1] = 2;
        image[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
        image[0x248..0x24c].copy_from_slice(&8u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        image.extend([0; 8]);
        image.extend(payload);
        image.extend(b"more");
        image
    }

    #[test]
    fn the_payload_is_where_the_header_says() {
        assert_eq!(payload(&image(b"packed")), Some(&b"packed"[..]));
        assert_eq!(payload(&image(b"packed")[..1540]), None);
        assert_eq!(payload(b"\x7fELF"), None);
    }

    #[test]
    fn a_kernel_is_unpacked_with_its_length_behind_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let elf = b"\x7fELF and so on";
        let packed = folder.path().join("elf.gz");
        let mut gzip = Command::new("gzip")
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(File::create(&packed).expect("a file"))
            .spawn()
            .expect("gzip");
        gzip.stdin.take().expect("its input").write_all(elf).expect("written");
        gzip.wait().expect("it ends");
        let mut bytes = fs::read(&packed).expect("packed");
        bytes.extend((elf.len() as u32).to_le_bytes());
        let (from, to) = (folder.path().join("vmlinuz"), folder.path().join("vmlinux"));
        fs::write(&from, image(&bytes)).expect("written");
        kernel(&from, &to).expect("unpacked");
        assert_eq!(fs::read(&to).expect("the kernel"), elf);
    }
}
