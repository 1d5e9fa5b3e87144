//! Debian's kernels, fetched into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use gprobe_testkit::apt::{self, Apt};
use gprobe_testkit::cache;

use super::unpack;

/// A kernel by the name that the command takes, the Debian suite that has it, and what it stands for.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    suite: &'static str,
    pub(crate) about: &'static str,
}

/// All kernels, the oldest first. A suite's own newest patch release is taken, as older ones leave the archive.
pub(crate) const KNOWN: [Known; 4] = [
    Known { name: "5.10", suite: "bullseye-security", about: "the oldest supported" },
    Known { name: "6.1", suite: "bookworm-security", about: "attach cookies, no uprobe_multi" },
    Known { name: "6.12", suite: "trixie", about: "uprobe_multi and may_goto" },
    Known { name: "newest", suite: "sid", about: "Debian's newest" },
];

/// The package that depends on the kernel itself: the small one for virtual machines.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// Modules that the file system of the host hangs on, in the order in which they are loaded; newer kernels have
/// them built in.
const MODULES: [&str; 8] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_console",
    "fuse",
    "virtiofs",
];

/// A kernel that can be booted.
pub(crate) struct Kernel {
    /// The ELF file.
    pub(crate) image: PathBuf,
    /// Modules to load, in this order.
    pub(crate) modules: Vec<PathBuf>,
    /// Such as `6.1.0-56-cloud-amd64`.
    pub(crate) release: String,
}

impl Known {
    /// The kernel of a name; an error lists the names.
    pub(crate) fn find(name: &str) -> Result<&'static Known, String> {
        KNOWN.iter().find(|known| known.name == name).ok_or_else(|| {
            let names = KNOWN.map(|known| known.name).join(", ");
            format!("there is no kernel `{name}`, only {names}")
        })
    }

    /// The kernel, from the cache or fetched.
    pub(crate) fn fetch(&self) -> Result<Kernel, Box<dyn std::error::Error>> {
        let entry = format!("kernels/{}", self.name);
        let folder = cache::entry(&entry, "kernels", |scratch| {
            eprintln!("fetching Linux {} of Debian {}", self.name, self.suite);
            self.make(scratch)
        })?;
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let modules = read("modules")?;
        Ok(Kernel {
            image: folder.join("vmlinux"),
            modules: modules.lines().map(|name| folder.join(name)).collect(),
            release: read("release")?,
        })
    }

    /// Fills a folder of the cache: `vmlinux`, the modules, their order in `modules`, and `release`.
    fn make(&self, folder: &Path) -> Result<(), gprobe_testkit::ExecError> {
        let apt_folder = folder.join("apt");
        let apt = Apt::of(self.suite, &apt_folder)?;
        let missing = |what: &str| {
            gprobe_testkit::ExecError::Missing(format!(
                "the packages of Debian {} hold no {what}",
                self.suite
            ))
        };
        let depends = apt.dependencies(PACKAGE)?;
        let release = depends
            .iter()
            .find_map(|name| name.strip_prefix("linux-image-"))
            .ok_or_else(|| missing("kernel"))?;
        // Newer releases part the kernel in several packages.
        let parts = ["image", "binary", "modules", "base"].map(|part| format!("linux-{part}-{release}"));
        let parts: Vec<String> = parts.into_iter().filter(|part| apt.has(part)).collect();
        let root = folder.join("root");
        for package in apt.download(&parts, &apt_folder)? {
            apt::unpack(&package, &root)?;
        }
        let places = [
            root.join("boot").join(format!("vmlinuz-{release}")),
            root.join("usr/lib/modules").join(release).join("vmlinuz"),
        ];
        let compressed = places.iter().find(|path| path.is_file()).ok_or_else(|| missing("vmlinuz"))?;
        unpack::kernel(compressed, &folder.join("vmlinux"))?;
        let mut order = String::new();
        for name in MODULES {
            if let Some(file) = find(&root, &|file| module_name(file) == Some(name)) {
                let module = format!("{name}.ko");
                unpack::file(&file, &folder.join(&module))?;
                order.push_str(&module);
                order.push('\n');
            }
        }
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).map_err(|error| {
                gprobe_testkit::ExecError::Missing(format!("{name} can't be written: {error}"))
            })
        };
        write("modules", &order)?;
        write("release", release)?;
        for rest in [&apt_folder, &root] {
            // Only what is needed is kept; what can't be removed does no harm.
            let _ = fs::remove_dir_all(rest);
        }
        Ok(())
    }
}

/// `fuse` of `fuse.ko`, `fuse.ko.xz` and `fuse.ko.zst`.
fn module_name(file: &str) -> Option<&str> {
    let (name, rest) = file.split_once(".ko")?;
    (rest.is_empty() || rest.starts_with('.')).then_some(name)
}

/// The first file below a folder whose name is wanted.
fn find(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries.into_iter().find_map(|path| match path.symlink_metadata() {
        Ok(data) if data.is_dir() => find(&path, wanted),
        Ok(data)
            if data.is_file() && path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())) =>
        {
            Some(path)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_found_by_their_names() {
        assert_eq!(Known::find("6.1").map(|known| known.suite), Ok("bookworm-security"));
        let error = Known::find("4.19").map(|known| known.name).expect_err("too old");
        assert!(error.contains("5.10, 6.1, 6.12, newest"), "{error}");
    }

    #[test]
    fn modules_are_known_by_their_names_however_packed() {
        for file in ["fuse.ko", "fuse.ko.xz", "fuse.ko.zst"] {
            assert_eq!(module_name(file), Some("fuse"));
        }
        assert_eq!(module_name("fuse.konfig"), None);
        assert_eq!(module_name("modules.dep"), None);
    }
}
