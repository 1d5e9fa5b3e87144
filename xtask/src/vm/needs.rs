//! Programs of this machine that a guest needs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::geteuid;

use super::image::BUSYBOX;
use crate::{Outcome, run};

/// The emulator.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Where Debian's releases have the file server.
const FILE_SERVERS: [&str; 2] = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

/// The server of the host's files.
pub(crate) fn file_server() -> Option<PathBuf> {
    FILE_SERVERS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Whether a command is there.
fn has(command: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.into_iter().any(|folder| folder.join(command).is_file())
}

/// Debian's packages of what is not there.
fn missing() -> Vec<&'static str> {
    let commands = [
        (QEMU, "qemu-system-x86"),
        ("zstd", "zstd"),
        ("xz", "xz-utils"),
        ("gcc", "gcc"),
        ("bpftool", "bpftool"),
    ];
    let mut packages: Vec<&str> =
        commands.iter().filter(|(command, _)| !has(command)).map(|(_, package)| *package).collect();
    // One that needs libraries, as Debian's other package of it does, finds none in the guest.
    if !fs::read(BUSYBOX).is_ok_and(|bytes| is_static(&bytes)) {
        packages.push("busybox-static");
    }
    // The emulator's own packages bring it on some releases.
    if file_server().is_none() && has(QEMU) {
        packages.push("virtiofsd");
    }
    packages
}

/// Whether a program needs no loader: its ELF file has program headers, and none of the type `PT_INTERP`.
fn is_static(elf: &[u8]) -> bool {
    const INTERPRETER: [u8; 4] = 3u32.to_le_bytes();
    let number = |at: usize, size: usize| {
        let bytes = elf.get(at..at + size)?;
        bytes.iter().rev().try_fold(0usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))
    };
    let headers = || {
        let (at, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
        (0..count).map(|index| elf.get(at.checked_add(index * size)?..)?.get(..4)).collect::<Option<Vec<_>>>()
    };
    headers().is_some_and(|types| !types.is_empty() && !types.contains(&&INTERPRETER[..]))
}

/// Sees that all is there: as root it is installed.
pub(crate) fn provide() -> Outcome {
    // Twice, for what is found missing only when the emulator is there.
    for _ in 0..2 {
        let packages = missing();
        if packages.is_empty() {
            break;
        }
        if !geteuid().is_root() {
            return Err(format!(
                "a virtual machine needs Debian's packages {}: install them, or run this as root",
                packages.join(" ")
            )
            .into());
        }
        run(Command::new("apt-get").args(["-qq", "update"]))?;
        run(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "install", "--yes", "--no-install-recommends"])
            .args(packages))?;
    }
    match missing().as_slice() {
        // The file server shows the guest files of all users.
        [] if geteuid().is_root() => Ok(()),
        [] => Err("a virtual machine shows its guest the files of all users: run this as root".into()),
        packages => Err(format!(
            "a virtual machine needs {}, which Debian's packages of these names have not brought",
            packages.join(" ")
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_loader_is_told_from_one_without() {
        // This test's own program has one.
        let own = fs::read(std::env::current_exe().expect("a path")).expect("the test");
        assert!(!is_static(&own));
        let mut elf = vec![0; 64 + 56];
        elf[0x20] = 64;
        elf[0x36] = 56;
        elf[0x38] = 1;
        elf[64] = 1;
        assert!(is_static(&elf));
        elf[64] = 3;
        assert!(!is_static(&elf));
        assert!(!is_static(&elf[..50]));
    }
}
