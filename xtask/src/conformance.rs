//! Runs the suites and holds their outcome against the checked-in known differences.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::suites;

/// A case that came out otherwise than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Stable id of the case in its suite.
    pub case: String,
    /// What was expected and what came.
    pub detail: String,
}

/// What a suite found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Cases judged.
    pub total: usize,
    /// Cases judged otherwise than expected.
    pub wrong: Vec<Wrong>,
    /// Cases that cannot be judged here, with the reason; not part of `total`.
    pub apart: Vec<(String, String)>,
    /// Where a bar is set per kind of case: the kind, how many are right, how many there are.
    pub shares: Vec<(String, usize, usize)>,
}

impl Outcome {
    /// Counts a case; `difference` is what came instead of the expected answer.
    pub fn judge(&mut self, case: impl Into<String>, difference: Option<String>) {
        self.total += 1;
        if let Some(detail) = difference {
            self.wrong.push(Wrong { case: case.into(), detail });
        }
    }

    /// The shares on one line, for people.
    pub fn shares_line(&self) -> Option<String> {
        let shares = self.shares.iter().map(|(kind, right, total)| format!("{kind} {right}/{total}"));
        (!self.shares.is_empty()).then(|| shares.collect::<Vec<_>>().join(", "))
    }

    /// Cases judged as expected.
    pub fn right(&self) -> usize {
        self.total - self.wrong.len()
    }
}

/// One corpus with expected answers.
#[derive(Clone, Copy)]
pub struct Suite {
    /// The name that the corpora's README uses, for instance `policy/pss`.
    pub name: &'static str,
    /// What must exist, relative to the conformance folder, for the suite to run.
    pub needs: &'static str,
    /// Judges every case of the folder.
    pub run: fn(&Path) -> Result<Outcome>,
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suite").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a suite ended.
#[derive(Debug)]
pub enum Verdict {
    /// The corpus is not on this machine.
    Skipped(PathBuf),
    /// It ran.
    Ran(Report),
}

/// An outcome against the known differences.
#[derive(Debug)]
pub struct Report {
    /// What the suite found.
    pub outcome: Outcome,
    /// Wrong cases without a reason.
    pub unexpected: Vec<Wrong>,
    /// Known differences that came right, or whose case is gone.
    pub outdated: Vec<String>,
}

impl Report {
    /// Whether every wrong case has its reason and every reason its wrong case.
    pub fn is_good(&self) -> bool {
        self.unexpected.is_empty() && self.outdated.is_empty() && self.outcome.total > 0
    }
}

/// All suites, in the order of the corpora's README.
pub fn suites() -> &'static [Suite] {
    suites::ALL
}

/// `$HAECHI_CONFORMANCE`, else `shared/conformance` beside the project.
pub fn root() -> PathBuf {
    match std::env::var_os("HAECHI_CONFORMANCE") {
        Some(root) => root.into(),
        None => project().join("../shared/conformance"),
    }
}

/// The folder of the workspace.
pub fn project() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Runs one suite.
pub fn run(suite: &Suite, root: &Path) -> Result<Verdict> {
    let folder = root.join(suite.needs);
    if !folder.exists() {
        return Ok(Verdict::Skipped(folder));
    }
    let outcome = (suite.run)(root).with_context(|| format!("suite {}", suite.name))?;
    let known = known_differences(suite.name)?;
    let unexpected = outcome.wrong.iter().filter(|wrong| !known.contains_key(&wrong.case)).cloned().collect();
    let is_wrong = |case: &String| outcome.wrong.iter().any(|wrong| wrong.case == *case);
    let outdated = known.keys().filter(|case| !is_wrong(case)).cloned().collect();
    Ok(Verdict::Ran(Report { outcome, unexpected, outdated }))
}

/// The checked-in list of a suite: lines of `case<TAB>reason`, `#` begins a comment line.
fn known_differences(suite: &str) -> Result<BTreeMap<String, String>> {
    let path = project().join("conformance/known").join(format!("{}.tsv", suite.replace('/', "-")));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let mut known = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('\t') {
            Some((case, reason)) if !reason.trim().is_empty() => {
                known.insert(case.to_owned(), reason.to_owned())
            }
            _ => bail!("{}:{}: expected `case<TAB>reason`", path.display(), number + 1),
        };
    }
    Ok(known)
}
