//! Measures the whole program as a user runs it.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::conformance::project;

/// The best of several runs.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of processor time, of all threads, in user and kernel mode.
    pub cpu: f64,
    /// Most memory that was resident, in KiB.
    pub peak_kib: u64,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wall {:.2} s, CPU {:.2} s, peak {} MiB", self.wall, self.cpu, self.peak_kib / 1024)
    }
}

/// The most that a scan of the corpus of real manifests may take: seconds of processor time, and KiB.
pub const MOST_CPU: f64 = 0.6;
/// See [`MOST_CPU`].
pub const MOST_PEAK_KIB: u64 = 90 * 1024;

/// Scans `path` with the release build and GNU time around it, with `further` arguments.
pub fn scan(path: &Path, format: &str, further: &[&str], runs: u32) -> Result<Measure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "haechi"])
        .current_dir(project())
        .status()
        .context("cargo build")?;
    if !built.success() {
        bail!("the release build failed");
    }
    let program = project().join("target/release/haechi");
    let mut best: Option<Measure> = None;
    for _ in 0..runs.max(1) {
        let output = Command::new("/usr/bin/time")
            .args(["--format", "%e %U %S %M"])
            .arg(&program)
            .args(["scan", "--output", format])
            .args(further)
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .context("GNU time (Debian's package `time`)")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [wall, user, system, peak] = numbers.as_slice() else { bail!("cannot read `{line}` of time") };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a size in KiB, whole and small"
        )]
        let run = Measure { wall: *wall, cpu: user + system, peak_kib: *peak as u64 };
        best = Some(match best {
            Some(best) if best.cpu <= run.cpu => best,
            _ => run,
        });
    }
    best.context("no run")
}
