//! The header is what the sources say, and C can use it.

use std::path::Path;
use std::process::Command;

use gprobe_testkit::{Gprobe, Program, Target, library, require_bpf, workspace};

#[test]
fn the_header_is_made_from_the_sources() {
    let folder = workspace().join("capi");
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("the settings");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in ["builder", "error", "event", "map", "session", "value"] {
        builder = builder.with_src(folder.join(format!("src/{file}.rs")));
    }
    let mut made = Vec::new();
    builder.generate().expect("a header").write(&mut made);
    let made = String::from_utf8(made).expect("text");
    let path = folder.join("include/gprobe.h");
    if std::env::var_os("GPROBE_BLESS").is_some() {
        std::fs::write(&path, &made).expect("it is written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "capi/include/gprobe.h is old: GPROBE_BLESS=1 cargo test --workspace --test header"
    );
}

/// Builds a program of C with the library.
fn compile(source: &Path, to: &Path) {
    let library = library();
    let output = Command::new("gcc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-o"])
        .args([to, source])
        .arg("-I")
        .arg(workspace().join("capi/include"))
        .arg("-L")
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .arg("-lgprobe")
        .output()
        .expect("gcc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_program_of_c_counts_exactly() {
    require_bpf();
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("count");
    compile(&workspace().join("capi/tests/count.c"), &program);
    let mut target =
        Target::start(&Program::build("spin", "1.27", &[]), &["-n", "1000", "-pause", "100us", "-quiet"]);
    let pid = target.pid().to_string();
    let mut running = Gprobe::at(&program).args([pid.as_str()]).start();
    running.wait_for("attached");
    target.go();
    target.wait_done();
    drop(target);
    let said = running.wait().success().stdout;
    for part in [
        "wrong: error[unknown-function]: no function of",
        "did you mean `main.work`?",
        "no session: there is no process 4194304\n",
        "main.work by goroutine 1\n",
        &format!("process {pid} is gone\n"),
        "\n@calls: 1000 calls\n",
        "\n@sizes: 1000 values in 10 buckets\n",
        "\n@where: main.work at a line, called by main.main\n",
        "\nlost 0\n",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}
