//! Runs a script as root under another kernel, on this machine's own files, which it can't write.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::image::image;
use super::kernels::Kernel;
use super::needs;

/// Memory of the guest in megabytes, of which its writable folders are a part.
const MEMORY_MB: u32 = 3072;

/// How long the file server may take until it listens.
const LISTENS: Duration = Duration::from_secs(5);

/// What the kernel is told. Its addresses stay where they are, which spares it some work, and a crash ends it. It
/// checks the processor's clock, of which it takes a wrong speed where the machine is busy while it measures.
const ARGUMENTS: &str = "console=ttyS0 loglevel=4 panic=-1 oops=panic nokaslr mitigations=off \
                         no_timer_check random.trust_cpu=on nowatchdog cgroup_no_v1=all";

/// A script to run in a guest.
pub(crate) struct Guest<'a> {
    pub(crate) kernel: &'a Kernel,
    /// For `sh`.
    pub(crate) work: String,
    /// Folders of the host that the script needs.
    pub(crate) shown: Vec<PathBuf>,
    /// After this long the guest is stopped.
    pub(crate) limit: Duration,
}

/// How a guest ended.
pub(crate) enum End {
    /// With the script.
    Whole,
    /// It took longer than it may; the end of what its kernel said.
    TimedOut(String),
    /// It stopped by itself, before the script's end; the end of what its kernel said.
    Died(String),
}

/// Processes that end with the guest, however it ends.
struct Helpers(Vec<Child>);

impl Drop for Helpers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Guest<'_> {
    /// Runs it; each line of its output goes to `line`.
    pub(crate) fn run(&self, line: &mut dyn FnMut(&str)) -> Result<End, String> {
        // Not in the cache, which may lie deeper than the path of a socket can be long.
        let folder = tempfile::tempdir().map_err(|error| format!("no folder for the guest: {error}"))?;
        let at = |name: &str| folder.path().join(name);
        let archive = image(self.kernel, &self.work, &self.shown)?;
        for (name, bytes) in [("initrd", archive.as_slice()), ("status", b"")] {
            fs::write(at(name), bytes).map_err(|error| format!("{}: {error}", at(name).display()))?;
        }
        let mut helpers = Helpers(vec![serve(&at("files"))?]);
        let mut guest = self.emulator(folder.path()).spawn().map_err(|e| format!("cannot run qemu: {e}"))?;
        let output = guest.stdout.take();
        helpers.0.push(guest);
        let (send, lines) = mpsc::channel();
        if let Some(output) = output {
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                let mut bytes = Vec::new();
                while output.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
                    bytes.clear();
                    if send.send(text).is_err() {
                        break;
                    }
                }
            });
        }
        let end = Instant::now() + self.limit;
        let in_time = loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(text) => line(&text),
                Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) => break false,
            }
        };
        drop(helpers);
        let status = fs::read_to_string(at("status")).unwrap_or_default();
        let said = || {
            let text = String::from_utf8_lossy(&fs::read(at("console")).unwrap_or_default()).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
        };
        Ok(match (status.starts_with("status "), in_time) {
            (true, _) => End::Whole,
            (false, true) => End::Died(said()),
            (false, false) => End::TimedOut(said()),
        })
    }

    /// The emulator, with what it needs in `folder`.
    fn emulator(&self, folder: &Path) -> Command {
        let at = |name: &str| folder.join(name).display().to_string();
        let mut command = Command::new(needs::QEMU);
        // Software: a virtual machine in a virtual machine may not run every kernel.
        command.args(["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,la57=off"]);
        command.args(["-M", "q35,usb=off,sata=off,smbus=off,i8042=off", "-smp", "2"]);
        command.args(["-m", &MEMORY_MB.to_string()]);
        // Shared, for the file server reads and writes the guest's memory.
        command.arg("-object").arg(format!("memory-backend-memfd,id=memory,size={MEMORY_MB}M,share=on"));
        command.args(["-numa", "node,memdev=memory", "-nodefaults", "-no-user-config"]);
        command.args(["-display", "none", "-no-reboot", "-serial", &format!("file:{}", at("console"))]);
        command.args(["-device", "virtio-serial-pci,max_ports=3"]);
        command.args(["-chardev", "file,id=output,path=/dev/stdout"]);
        command.args(["-device", "virtserialport,chardev=output,nr=1"]);
        command.arg("-chardev").arg(format!("file,id=status,path={}", at("status")));
        command.args(["-device", "virtserialport,chardev=status,nr=2"]);
        command.arg("-chardev").arg(format!("socket,id=files,path={}", at("files")));
        command.args(["-device", "vhost-user-fs-pci,chardev=files,tag=root,queue-size=512"]);
        command.arg("-kernel").arg(&self.kernel.image).args(["-initrd", &at("initrd")]);
        command.args(["-append", ARGUMENTS]).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }
}

/// Starts the server of this machine's files, and waits until it listens.
fn serve(socket: &Path) -> Result<Child, String> {
    let server = needs::file_server().ok_or("there is no virtiofsd")?;
    let mut child = Command::new(&server)
        .arg(format!("--socket-path={}", socket.display()))
        .args(["-o", "source=/", "-o", "sandbox=chroot,xattr,cache=always", "--thread-pool-size=2"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", server.display()))?;
    let end = Instant::now() + LISTENS;
    while !socket.exists() {
        if matches!(child.try_wait(), Ok(Some(_))) || Instant::now() > end {
            let _ = child.kill();
            let said = child.wait_with_output().map(|output| output.stderr).unwrap_or_default();
            return Err(format!("{} does not listen: {}", server.display(), String::from_utf8_lossy(&said)));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // Nobody reads it from here on, and a full pipe would stop the server.
    if let Some(mut said) = child.stderr.take() {
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    }
    Ok(child)
}
