//! `detect/audit-labelled`: Haechi's own rules over a real audit log whose events are labelled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use haechi_detect::builtin;
use haechi_detect::decode::{Format, Reject};
use haechi_detect::fields::Source;
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Options, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;
use serde_json::Value as Json;

use super::{read_json, text};
use crate::conformance::{Outcome, Suite};

pub(crate) const AUDIT_LABELLED: Suite =
    Suite { name: "detect/audit-labelled", needs: "detect/audit-labelled", run };

/// How often each attack was carried out; its events lie in the log in that many equal parts.
const ROUNDS: usize = 4;

/// Events in which something was detected, by identity.
#[derive(Default)]
struct Seen {
    found: BTreeMap<String, BTreeSet<String>>,
    rejects: Vec<Reject>,
}

impl Report for Seen {
    fn detection(&mut self, detection: Detection, _line: u64) {
        // The identity of a delivery: `AUDIT ID/STAGE`.
        let id = detection.event_id.as_deref().unwrap_or_default();
        let id = id.split_once('/').map_or(id, |(id, _)| id).to_owned();
        self.found.entry(id).or_default().insert(detection.rule.to_string());
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

/// A case is one round of an attack, which must be found, or all that is benign, of which one in a thousand may be taken for an
/// attack. What set the cluster up is neither.
fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join(AUDIT_LABELLED.needs);
    let path = folder.join("audit.jsonl");
    let log = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let labels = read_json(&folder.join("labels.json"))?;
    let loaded = load(builtin::files(false), &Options::default());
    let options = StreamOptions {
        format: Format::Json(Source::K8S_AUDIT),
        matching: RuleMatching::All,
        ..StreamOptions::default()
    };
    let mut seen = Seen::default();
    let mut stream = Stream::new(&loaded.program, options);
    stream.feed(&log, &mut seen);
    stream.finish(&mut seen);

    let mut events: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Json = serde_json::from_slice(line).context("an event of the log")?;
        let id = text(&event, "auditID").to_owned();
        // An event that was told at two stages is one.
        if known.insert(id.clone()) {
            let label = labels.get(&id).and_then(Json::as_str).context("an event without label")?;
            events.entry(label).or_default().push(id);
        }
    }
    let mut outcome = Outcome::default();
    let unread = !seen.rejects.is_empty() || usize::try_from(stream.stats().events) != Ok(log_lines(&log));
    outcome.judge("every event is read", unread.then(|| format!("refused: {:?}", seen.rejects)));
    for (label, ids) in events {
        match label {
            "setup" => {}
            "benign" => {
                let alarms: Vec<_> = ids.iter().filter_map(|id| seen.found.get(id)).collect();
                let is_loud = alarms.len() * 1000 > ids.len();
                outcome.judge(
                    label,
                    is_loud.then(|| {
                        format!("{} of {} are taken for attacks: {alarms:?}", alarms.len(), ids.len())
                    }),
                );
                outcome.shares.push(("quiet".to_owned(), ids.len() - alarms.len(), ids.len()));
            }
            attack => {
                for (round, ids) in ids.chunks(ids.len().div_ceil(ROUNDS)).enumerate() {
                    let is_found = ids.iter().any(|id| seen.found.contains_key(id));
                    outcome.judge(format!("{attack}/{round}"), (!is_found).then(|| "not found".to_owned()));
                }
            }
        }
    }
    Ok(outcome)
}

fn log_lines(log: &[u8]) -> usize {
    log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count()
}
