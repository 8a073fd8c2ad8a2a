//! `cargo xtask`: what developers and the continuous integration run.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use xtask::conformance::{self, Verdict};
use xtask::{bench, docs, sample};

#[derive(Parser)]
#[command(about = "Development tasks of Haechi")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the conformance suites, or those whose name begins with one of NAMES
    Conformance {
        /// As in the corpora's README: `yaml/tricky`, `policy/pss` …
        names: Vec<String>,
    },
    /// Bring the generated documents up to date
    Docs {
        /// Change nothing, fail when one is out of date
        #[arg(long)]
        check: bool,
    },
    /// Compile the fuzz targets, without a fuzzer
    FuzzCheck,
    /// Kill a process that writes to a store, again and again, and look for what it had acknowledged
    KillStore {
        /// How often
        #[arg(long, default_value_t = 200)]
        runs: u32,
        /// Repeat the moments of a run that printed this seed
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Draw findings over real manifests, spread over all checks, for a person to judge
    SampleFindings {
        /// Another seed draws another sample
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many
        #[arg(long, default_value_t = 200)]
        count: usize,
    },
    /// Measure whole-process scans: wall time, CPU time, peak memory
    Bench {
        /// What to scan; by default the corpus of real manifests
        paths: Vec<PathBuf>,
        /// How often; the best run counts
        #[arg(long, default_value_t = 5)]
        runs: u32,
        /// Fail where a scan takes more CPU time or memory than it may
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Conformance { names } => run_conformance(&names),
        Task::Docs { check } => write_docs(check),
        Task::FuzzCheck => check_fuzz_targets(),
        Task::KillStore { runs, seed } => kill_store(runs, seed),
        Task::SampleFindings { seed, count } => sample_findings(seed, count),
        Task::Bench { paths, runs, check } => run_bench(&paths, runs, check),
    }
}

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn write_docs(only_check: bool) -> Result<()> {
    let difference = docs::generate(only_check)?;
    for path in &difference.outdated {
        println!("{} docs/{}", if only_check { "out of date:" } else { "wrote" }, path.display());
    }
    for path in &difference.stale {
        println!("{} docs/{}", if only_check { "no longer generated:" } else { "removed" }, path.display());
    }
    if only_check && !difference.is_empty() {
        bail!("generated documents are out of date: run `cargo xtask docs`");
    }
    Ok(())
}

/// `fuzz` is a workspace of its own, which the others' build does not see.
fn check_fuzz_targets() -> Result<()> {
    let project = conformance::project();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(cargo)
        .args(["check", "--locked", "--no-default-features", "--manifest-path"])
        .arg(project.join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(project.join("target/fuzz"))
        .status()?;
    if !status.success() {
        bail!("the fuzz targets do not compile");
    }
    Ok(())
}

fn kill_store(runs: u32, seed: Option<u64>) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut test = std::process::Command::new(cargo);
    test.args(["test", "--quiet", "--package", "haechi-store", "--test", "kill", "--", "--nocapture"])
        .env("HAECHI_KILL_RUNS", runs.to_string())
        .current_dir(conformance::project());
    if let Some(seed) = seed {
        test.env("HAECHI_KILL_SEED", seed.to_string());
    }
    if !test.status()?.success() {
        bail!("the store lost or doubled something");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn run_conformance(names: &[String]) -> Result<()> {
    let root = conformance::root();
    let mut bad = Vec::new();
    let mut known = false;
    for suite in conformance::suites() {
        if !names.is_empty() && !names.iter().any(|name| suite.name.starts_with(name.as_str())) {
            continue;
        }
        known = true;
        match conformance::run(suite, &root)? {
            Verdict::Skipped(folder) => println!("{}: skipped, no {}", suite.name, folder.display()),
            Verdict::Ran(report) => {
                let outcome = &report.outcome;
                let apart = if outcome.apart.is_empty() {
                    String::new()
                } else {
                    format!(" (apart: {})", outcome.apart.len())
                };
                println!("{}: {}/{}{apart}", suite.name, outcome.right(), outcome.total);
                if let Some(shares) = outcome.shares_line() {
                    println!("  {shares}");
                }
                for (case, reason) in &outcome.apart {
                    eprintln!("  apart {case}: {reason}");
                }
                for wrong in &report.unexpected {
                    eprintln!("  wrong {}: {}", wrong.case, wrong.detail);
                }
                for case in &report.outdated {
                    eprintln!("  {case} came right, or is gone: take it off the list of known differences");
                }
                if !report.is_good() {
                    bad.push(suite.name);
                }
            }
        }
    }
    if !known {
        bail!(
            "no suite is named so; there are {:?}",
            conformance::suites().iter().map(|suite| suite.name).collect::<Vec<_>>()
        );
    }
    if !bad.is_empty() {
        bail!("not as expected: {}", bad.join(", "));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn sample_findings(seed: u64, count: usize) -> Result<()> {
    let corpus = conformance::root().join("../corpora/manifests/files");
    if !corpus.exists() {
        println!("{}: skipped, not there", corpus.display());
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = std::process::Command::new(cargo)
        .args(["build", "--quiet", "--package", "haechi"])
        .current_dir(conformance::project())
        .status()?;
    if !built.success() {
        bail!("the build failed");
    }
    print!("{}", sample::findings(&corpus, seed, count)?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn run_bench(paths: &[PathBuf], runs: u32, check: bool) -> Result<()> {
    let corpus = [conformance::root().join("../corpora/manifests")];
    let paths = if paths.is_empty() { &corpus } else { paths };
    let mut is_over = false;
    for path in paths {
        if !path.exists() {
            println!("{}: skipped, not there", path.display());
            continue;
        }
        for (format, further) in [("table", &[][..]), ("json", &[]), ("table", &["--all"])] {
            let measure = bench::scan(path, format, further, runs)?;
            println!("scan -o {format} {} {}: {measure}", further.join(" "), path.display());
            is_over |= measure.cpu > bench::MOST_CPU || measure.peak_kib > bench::MOST_PEAK_KIB;
        }
    }
    if check && is_over {
        bail!("more than {} s of CPU or {} MiB", bench::MOST_CPU, bench::MOST_PEAK_KIB / 1024);
    }
    Ok(())
}
