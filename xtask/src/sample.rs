//! A sample of findings over real manifests, for a person to judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use crate::conformance::project;

/// Lines shown before and after the place of a finding.
const AROUND: usize = 4;

/// Scans each folder in `corpus` by itself, as its users would, with all checks, and draws `count` findings: in turn one
/// of each check, until there are enough. The same seed draws the same findings.
pub fn findings(corpus: &Path, seed: u64, count: usize) -> Result<String> {
    let mut folders: Vec<_> = std::fs::read_dir(corpus)
        .with_context(|| corpus.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    folders.sort();
    let mut by_check: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let mut total = 0;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for finding in scan(folder)? {
            total += 1;
            by_check.entry(text(&finding, "/rule").to_owned()).or_default().push(finding);
        }
    }
    let mut random = Random(seed);
    let mut piles: Vec<Vec<Json>> = by_check.into_values().collect();
    for pile in &mut piles {
        random.shuffle(pile);
    }
    random.shuffle(&mut piles);
    let checks = piles.len();
    let mut out = String::new();
    let mut number = 0;
    while number < count && piles.iter().any(|pile| !pile.is_empty()) {
        for finding in piles.iter_mut().filter_map(Vec::pop).take(count - number) {
            number += 1;
            writeln!(out, "{}", shown(number, &finding, corpus)?)?;
        }
    }
    writeln!(out, "{number} of {total} findings of {checks} checks, seed {seed}")?;
    Ok(out)
}

/// What the program finds in a folder.
fn scan(folder: &Path) -> Result<Vec<Json>> {
    let program = project().join("target/debug/haechi");
    let output = Command::new(&program)
        .args(["scan", "--all", "--no-ignore", "--lang", "en", "--fail-on", "never", "--output", "json"])
        .arg(folder)
        .output()
        .with_context(|| program.display().to_string())?;
    // 3 is an incomplete scan: templates, which are no manifests.
    if !matches!(output.status.code(), Some(0 | 3)) {
        bail!("{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr));
    }
    let mut report: Json = serde_json::from_slice(&output.stdout).context("the report of the scan")?;
    match report.get_mut("findings").map(Json::take) {
        Some(Json::Array(findings)) => Ok(findings),
        _ => bail!("the report of the scan has no findings"),
    }
}

/// The finding with the lines around its place.
fn shown(number: usize, finding: &Json, corpus: &Path) -> Result<String> {
    let path = text(finding, "/location/path");
    let line = |pointer: &str| finding.pointer(pointer).and_then(Json::as_u64).unwrap_or(1);
    let (first, last) = (line("/location/start/line"), line("/location/end/line"));
    let short = path.strip_prefix(&*corpus.to_string_lossy()).unwrap_or(path).trim_start_matches('/');
    let mut out = format!(
        "#{number} {} ({}) {short}:{first} {} {}\n   {}\n",
        text(finding, "/rule"),
        text(finding, "/severity"),
        text(finding, "/resource/kind"),
        text(finding, "/resource/name"),
        text(finding, "/message"),
    );
    let source = std::fs::read(path).with_context(|| path.to_owned())?;
    let source = String::from_utf8_lossy(&source);
    for (at, content) in (1_u64..).zip(source.lines()) {
        if at + AROUND as u64 >= first && at <= last.min(first + AROUND as u64) + AROUND as u64 {
            let mark = if (first..=last).contains(&at) { '>' } else { ' ' };
            let content: String = content.chars().take(160).collect();
            writeln!(out, "   {mark}{at:5} {content}")?;
        }
    }
    Ok(out)
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// SplitMix64: enough to draw a sample, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let at = self.next() % (end as u64 + 1);
            items.swap(end, usize::try_from(at).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_draws_the_same_order() {
        let draw = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            Random(seed).shuffle(&mut items);
            items
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
