//! Which programs, and how each is kept busy.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gprobe_testkit::{ExecError, debian};

/// How long a program may take to serve, on a machine with other work.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two pieces of load: it is to be seen, and nothing is to be measured.
const PAUSE: Duration = Duration::from_millis(5);
/// No load lasts longer.
const MOST_ROUNDS: u64 = 20_000;

/// A program that is run first, and its arguments, given the folder to work in.
type Preparation = (&'static str, fn(&Path) -> Vec<String>);

/// A program of Debian's.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) package: &'static str,
    /// Below the package's root.
    program: &'static str,
    /// What is run before it: a program of the same package, and its arguments for the folder.
    prepare: Option<Preparation>,
    /// Its arguments, for a folder of its own and two ports.
    arguments: fn(&Path, u16, u16) -> Vec<String>,
    pub(super) load: Load,
    /// A function that each round of the load calls; where it is the server's only work, as often as there
    /// are requests.
    pub(super) function: &'static str,
}

/// What keeps a program busy.
#[derive(Clone, Copy)]
pub(super) enum Load {
    /// Requests to its port, in turns: method, path, body. `exact`: nothing else asks it for anything.
    Http { requests: &'static [(&'static str, &'static str, &'static str)], exact: bool },
    /// Text on its standard input.
    Input,
}

/// All of them.
pub(super) const SUBJECTS: [Subject; 6] = [
    Subject {
        package: "age",
        program: "usr/bin/age",
        prepare: Some(("age-keygen", |folder| words(&["-o", &folder.join("key").display().to_string()]))),
        arguments: |folder, _, _| {
            words(&["--encrypt", "--identity", &folder.join("key").display().to_string()])
        },
        load: Load::Input,
        function: "os.(*File).Read",
    },
    Subject {
        package: "restic",
        program: "usr/bin/restic",
        prepare: Some(("restic", |folder| {
            words(&["-q", "-r", &folder.join("repository").display().to_string(), "init"])
        })),
        arguments: |folder, _, _| {
            let folder = folder.display();
            words(&[
                "-q",
                "-r",
                &format!("{folder}/repository"),
                "--cache-dir",
                &format!("{folder}/cache"),
                "backup",
                "--stdin",
            ])
        },
        load: Load::Input,
        function: "os.(*File).Read",
    },
    Subject {
        package: "caddy",
        program: "usr/bin/caddy",
        prepare: None,
        arguments: |folder, port, _| {
            fs::write(folder.join("page.txt"), "a page\n").expect("written");
            words(&[
                "file-server",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--root",
                &folder.display().to_string(),
            ])
        },
        load: Load::Http { requests: &[("GET", "/page.txt", "")], exact: true },
        function: "net/http.serverHandler.ServeHTTP",
    },
    Subject {
        package: "etcd-server",
        program: "usr/bin/etcd",
        prepare: None,
        arguments: |folder, port, peer| {
            let client = format!("http://127.0.0.1:{port}");
            let peer = format!("http://127.0.0.1:{peer}");
            words(&[
                "--data-dir",
                &folder.join("data").display().to_string(),
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
                "--initial-cluster",
                &format!("default={peer}"),
            ])
        },
        load: Load::Http {
            requests: &[
                ("POST", "/v3/kv/put", r#"{"key":"Zm9v","value":"YmFy"}"#),
                ("POST", "/v3/kv/range", r#"{"key":"Zm9v"}"#),
            ],
            exact: false,
        },
        function: "net/http.serverHandler.ServeHTTP",
    },
    Subject {
        package: "victoria-metrics",
        program: "usr/bin/victoria-metrics",
        prepare: None,
        arguments: |folder, port, _| {
            words(&[
                &format!("-storageDataPath={}", folder.join("data").display()),
                &format!("-httpListenAddr=127.0.0.1:{port}"),
            ])
        },
        load: Load::Http {
            requests: &[
                ("POST", "/api/v1/import/prometheus", "seen{by=\"gprobe\"} 1\n"),
                ("GET", "/api/v1/query?query=seen", ""),
            ],
            exact: true,
        },
        function: "net/http.serverHandler.ServeHTTP",
    },
    Subject {
        package: "prometheus",
        program: "usr/bin/prometheus",
        prepare: None,
        arguments: |folder, port, _| {
            let config = folder.join("prometheus.yml");
            let text = format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: itself\n  static_configs:\n  - targets: ['127.0.0.1:{port}']\n"
            );
            fs::write(&config, text).expect("written");
            words(&[
                &format!("--config.file={}", config.display()),
                &format!("--storage.tsdb.path={}", folder.join("data").display()),
                &format!("--web.listen-address=127.0.0.1:{port}"),
            ])
        },
        load: Load::Http { requests: &[("GET", "/api/v1/query?query=up", "")], exact: false },
        function: "net/http.serverHandler.ServeHTTP",
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Subject {
    /// The program as a Debian release has it, from the cache or fetched.
    pub(super) fn fetch(&self, release: &str) -> Result<PathBuf, ExecError> {
        let path = debian::package(release, self.package)?.join(self.program);
        if path.is_file() {
            return Ok(path);
        }
        Err(ExecError::Missing(format!("{} of Debian {release} holds no {}", self.package, self.program)))
    }

    /// Starts it with its load, and waits until it serves.
    pub(super) fn start(&self, path: &Path) -> Busy {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, other) = (free_port(), free_port());
        let command = |program: &Path, arguments: Vec<String>| {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder.path()).env("HOME", folder.path());
            command.env("RESTIC_PASSWORD", "secret").env("XDG_DATA_HOME", folder.path());
            command
        };
        if let Some((program, arguments)) = self.prepare {
            let program = path.with_file_name(program);
            let output = command(&program, arguments(folder.path())).output().expect("it starts");
            assert!(output.status.success(), "{} failed: {output:?}", program.display());
        }
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let mut child = command(path, (self.arguments)(folder.path(), port, other))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", path.display()));
        let stdin = child.stdin.take();
        let mut busy = Busy {
            child,
            port,
            requests: match self.load {
                Load::Http { requests, .. } => requests,
                Load::Input => &[],
            },
            folder,
            done: Arc::default(),
            stop: Arc::default(),
            worker: None,
            stdin,
        };
        busy.wait_ready();
        busy
    }
}

/// A port of this machine that nothing listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A program that runs; dropping it ends it.
pub(super) struct Busy {
    child: Child,
    port: u16,
    requests: &'static [(&'static str, &'static str, &'static str)],
    folder: tempfile::TempDir,
    /// Rounds of load that are over.
    done: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<Option<ChildStdin>>>,
    /// Where it is fed by its input and is not fed now.
    stdin: Option<ChildStdin>,
}

impl Busy {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Method, path and body of what it is asked, in turns.
    pub(super) fn requests(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        self.requests
    }

    /// Begins the load.
    pub(super) fn begin(&mut self) {
        let (done, stop) = (self.done.clone(), self.stop.clone());
        stop.store(false, Ordering::Relaxed);
        let (port, requests, mut stdin) = (self.port, self.requests, self.stdin.take());
        self.worker = Some(std::thread::spawn(move || {
            for round in 0..MOST_ROUNDS {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let went = match stdin.as_mut().filter(|_| requests.is_empty()) {
                    Some(input) => input.write_all(&[b'x'; 32 * 1024]),
                    None => ask(port, requests[round as usize % requests.len()]),
                };
                if went.is_err() {
                    break;
                }
                done.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
            stdin
        }));
    }

    /// Waits until so many rounds more are over.
    pub(super) fn wait_rounds(&mut self, rounds: u64) {
        let until = self.done() + rounds;
        let deadline = Instant::now() + LIMIT;
        while self.done() < until {
            assert!(Instant::now() < deadline, "it does not serve any more: {}", self.log());
            assert!(self.is_alive(), "it has ended: {}", self.log());
            std::thread::sleep(PAUSE);
        }
    }

    /// Ends the load, and gives how many rounds there were.
    pub(super) fn rest(&mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            self.stdin = worker.join().expect("the load did not panic");
        }
        self.done()
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().rev().take(5).collect::<Vec<_>>().join(" / ")
    }

    /// Waits until all requests are answered, or for one that is fed until it has made its threads.
    fn wait_ready(&mut self) {
        let deadline = Instant::now() + LIMIT;
        loop {
            assert!(self.is_alive(), "it ended before it served: {}", self.log());
            assert!(Instant::now() < deadline, "it does not serve: {}", self.log());
            let ready = match self.stdin.as_mut().filter(|_| self.requests.is_empty()) {
                // Longer than a pipe holds: it reads.
                Some(input) => (0..8).all(|_| input.write_all(&[b'x'; 32 * 1024]).is_ok()),
                None => self.requests.iter().all(|request| ask(self.port, *request).is_ok()),
            };
            if ready {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// One request on a connection of its own; an answer that is not good is an error.
pub(super) fn ask(port: u16, (method, path, body): (&str, &str, &str)) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status)?;
    // `HTTP/1.1 204 No Content`
    if status.split(' ').nth(1).is_none_or(|code| !code.starts_with('2')) {
        return Err(std::io::Error::other(status));
    }
    reader.read_to_end(&mut Vec::new()).map(drop)
}
