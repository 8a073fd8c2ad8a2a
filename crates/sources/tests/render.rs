//! Programs that render are held to their bounds.
#![cfg(test)]
#![cfg(unix)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use haechi_sources::{RenderBounds, RenderError, Workplace, find_program, run_renderer};
use tempfile::TempDir;

/// A script that does what its arguments are. Written once, before any program is started: a file that another thread's
/// child still holds open for writing cannot be run.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("renders");
        std::fs::write(&path, "#!/bin/sh\neval \"$1\"\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    });
    path
}

fn run_within(script: &str, bounds: &RenderBounds) -> Result<String, RenderError> {
    let workplace = Workplace::new().unwrap();
    workplace.write("file.yaml", b"a: b\n").unwrap();
    run_renderer(program(), &[OsString::from(script)], &workplace, bounds)
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

fn run(script: &str) -> Result<String, RenderError> {
    run_within(script, &RenderBounds::default())
}

#[test]
fn what_is_printed_is_returned() {
    assert_eq!(run("/bin/cat file.yaml").unwrap(), "a: b\n");
}

#[test]
fn nothing_of_the_surroundings_is_known_and_nothing_can_be_started_by_name() {
    // Cargo sets this one for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let variables = run("/usr/bin/env").unwrap();
    assert!(!variables.contains("CARGO"), "{variables}");
    assert!(variables.contains("HTTPS_PROXY=http://127.0.0.1:1"), "{variables}");
    assert!(run("git --version").is_err());
    assert_eq!(run("cd \"$HOME\" && echo *").unwrap(), "*\n");
}

#[test]
fn failure_is_told_in_its_own_words() {
    let said = run("echo 'no such chart' >&2; exit 3").unwrap_err();
    assert!(matches!(&said, RenderError::Failed { said } if said == "no such chart"), "{said:?}");
    let silent = run("exit 3").unwrap_err();
    assert!(matches!(&silent, RenderError::Failed { said } if said.contains('3')), "{silent:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn endless_program_ends_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let sign = folder.path().join("number");
    let bounds = RenderBounds { wall: Duration::from_millis(400), ..RenderBounds::default() };
    let start = Instant::now();
    let script = format!("/bin/sleep 60 & echo $! > '{}'; /bin/sleep 60", sign.display());
    let error = run_within(&script, &bounds).unwrap_err();
    assert!(matches!(error, RenderError::TooLong(_)), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
    let number = std::fs::read_to_string(sign).unwrap();
    // Gone, or dead and not yet fetched by whoever inherited it.
    let lives = || {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", number.trim())).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    while lives() {
        assert!(start.elapsed() < Duration::from_secs(20), "what the program started went on");
        std::thread::yield_now();
    }
}

#[test]
fn what_a_finished_program_left_behind_is_ended_in_time() {
    let bounds = RenderBounds { wall: Duration::from_millis(400), ..RenderBounds::default() };
    let start = Instant::now();
    // It holds the output open.
    let error = run_within("/bin/sleep 60 &", &bounds).unwrap_err();
    assert!(matches!(error, RenderError::TooLong(_)), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn output_without_end_is_cut() {
    let bounds = RenderBounds { output_bytes: 10_000, ..RenderBounds::default() };
    let error = run_within("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaa; done", &bounds).unwrap_err();
    assert!(matches!(error, RenderError::TooLarge(10_000)), "{error:?}");
}

#[test]
fn errors_without_end_are_not_kept() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo aaaaaaaaaaaaaaa >&2; i=$((i+1)); done; exit 1";
    let RenderError::Failed { said } = run(script).unwrap_err() else { panic!("it failed") };
    assert!(said.len() <= 8 << 10, "{}", said.len());
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded() {
    let bounds = RenderBounds { memory_bytes: 64 << 20, ..RenderBounds::default() };
    // The bound is set right after the start, which the program may be faster than.
    let script = "while [ \"$(ulimit -v)\" = unlimited ]; do :; done; ulimit -v";
    assert_eq!(run_within(script, &bounds).unwrap(), "65536\n");
}

#[test]
fn programs_are_not_looked_for_in_the_current_folder() {
    let folder = program().parent().unwrap();
    let name = program().file_name().unwrap().to_str().unwrap();
    assert_eq!(find_program(name, folder.as_os_str()).as_deref(), Some(program()));
    let search: OsString = format!(":.:tests:{}", folder.display()).into();
    assert_eq!(find_program(name, &search).as_deref(), Some(program()));
    assert_eq!(find_program("render.rs", "tests".as_ref()), None);
    assert_eq!(find_program("none", folder.as_os_str()), None);
}
