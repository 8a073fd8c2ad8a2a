//! `kill -9` at random moments under load: what was acknowledged is there, nothing is there twice, the journal verifies, the
//! counts add up, and an event is there with what was detected in it.
//!
//! The parent starts this program as a child that writes to a store from several threads and prints a line for each answer that
//! it got. The parent kills it, opens the store, and holds it against the lines. `HAECHI_KILL_RUNS` says how often (20 if it is
//! not set), `HAECHI_KILL_SEED` repeats the moments of a run.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints what it did"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{act, batch, event};
use haechi_model::{Fingerprint, Priority, ResourceRef, Severity};
use haechi_store::SqliteStore;
use haechi_store::counters::CounterStore as _;
use haechi_store::detections::{DetectionQuery, DetectionStore as _, NewDetection};
use haechi_store::events::{EventBatch, EventQuery, EventStore as _};
use haechi_store::findings::{FindingQuery, FindingStore as _, ScanRun, SeenFinding};
use haechi_store::journal::{Anchor, JournalStore as _};
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::outbox::{AlertState, NewAlert, OutboxStore as _};
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options;
use libtest_mimic::{Arguments, Failed, Trial};

const CHILD: &str = "HAECHI_KILL_CHILD";
/// Threads that put events; each has numbers of its own.
const PRODUCERS: u64 = 3;
/// Numbers of a producer.
const SHARE: u64 = 1 << 40;
/// Events of a batch; each batch begins with the last ones of the batch before.
const STEP: u64 = 40;
const OVERLAP: u64 = 10;

fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return child(&PathBuf::from(folder));
    }
    let trials = vec![Trial::test("what_was_acknowledged_survives_kill_9", survive)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn open(folder: &Path) -> SqliteStore {
    let keys = Keys::none().with_current("test", [9; 32]);
    SqliteStore::open(Options { keys, ..Options::new(folder) }).unwrap()
}

/// A line that the parent gets whole or not at all.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// Whether a rule matches the event: one of three.
fn is_detected(number: u64) -> bool {
    number.is_multiple_of(3)
}

fn detection(number: u64) -> NewDetection {
    let event = event(number);
    NewDetection {
        id: format!("{number:016x}"),
        cluster: "prod".into(),
        rule: "r".into(),
        source: "k8s_audit".into(),
        priority: Priority::Warning,
        time_us: event.time_us.unwrap(),
        event: Some((event.time_us, event.key)),
        body: "{}".into(),
    }
}

/// Events that retention may take: a source of their own, long ago.
fn ancient(number: u64) -> EventBatch {
    let events = (0..20).map(|index| event(9 * SHARE + number * 20 + index)).collect();
    EventBatch { source: "ancient".into(), received_us: 1, events }
}

/// Writes until it is killed.
fn child(folder: &Path) {
    let store = &open(folder);
    // Each start goes on elsewhere.
    let start = std::env::var("HAECHI_KILL_START").unwrap().parse::<u64>().unwrap() << 20;
    say("ready");
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            scope.spawn(move || {
                let base = producer * SHARE + start;
                for number in 0_u64.. {
                    let from = base + number * STEP;
                    let numbers = from..from + STEP + OVERLAP;
                    let detections =
                        numbers.clone().filter(|number| is_detected(*number)).map(detection).collect();
                    store.put_detected(batch(numbers), detections).unwrap();
                    say(&format!("events {from}"));
                }
            });
        }
        scope.spawn(move || {
            for number in 0_u64.. {
                let seq = store.append_act(act(&format!("act.{}", start + number))).unwrap();
                say(&format!("act {seq} {}", start + number));
            }
        });
        scope.spawn(move || {
            for number in 0_u64.. {
                store.count_dropped("k8s_audit", "queue-full", 3).unwrap();
                let id = format!("{}", start + number);
                let alert = NewAlert {
                    id: id.clone(),
                    receiver: "slack".into(),
                    group: "g".into(),
                    payload: id.clone().into_bytes(),
                    created_us: 0,
                    due_us: 0,
                };
                store.put_alerts(vec![alert]).unwrap();
                say(&format!("alert {id}"));
                // Long after every lease of those that were killed before.
                let now = i64::try_from(start + number).unwrap() * 1000;
                for claimed in store.claim_alerts(None, now, now + 1, 1).unwrap() {
                    if store.ack_alert(&claimed.id, claimed.lease, now).unwrap() {
                        say(&format!("delivered {}", claimed.id));
                    }
                }
            }
        });
        scope.spawn(move || {
            for number in 0_u64.. {
                let at = start + number;
                store.put_scan(scan(at)).unwrap();
                say(&format!("scan {at}"));
                store.put_events(ancient(at)).unwrap();
                let keep = Retention { events_us: Some(1000), ..Retention::default() };
                store.retain(1_000_000, &keep).unwrap();
            }
        });
    });
}

/// A scan whose findings are all of one time.
fn scan(at: u64) -> ScanRun {
    let finding = |index: u64| SeenFinding {
        fingerprint: Fingerprint::of([index.to_string().as_str()]),
        rule: "r".into(),
        severity: Severity::Low,
        resource: ResourceRef { kind: "Pod".into(), name: index.to_string(), ..ResourceRef::default() },
        body: at.to_string(),
    };
    ScanRun {
        cluster: "prod".into(),
        at_us: i64::try_from(at).unwrap(),
        covered: None,
        findings: (0..30).map(finding).collect(),
    }
}

/// What the children got answers for.
#[derive(Default)]
struct Acknowledged {
    events: BTreeSet<u64>,
    acts: BTreeMap<u64, String>,
    alerts: BTreeSet<String>,
    delivered: BTreeSet<String>,
    scan: u64,
}

impl Acknowledged {
    fn note(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["ready"] => {}
            ["events", from] => {
                let from = from.parse::<u64>().unwrap();
                self.events.extend(from..from + STEP + OVERLAP);
            }
            ["act", seq, number] => {
                let known = self.acts.insert(seq.parse().unwrap(), format!("act.{number}"));
                assert_eq!(known, None, "two acts got the same number");
            }
            ["alert", id] => {
                self.alerts.insert((*id).to_owned());
            }
            ["delivered", id] => {
                assert!(self.delivered.insert((*id).to_owned()), "alert {id} was delivered twice");
            }
            ["scan", at] => self.scan = self.scan.max(at.parse().unwrap()),
            other => panic!("the child said {other:?}"),
        }
    }

    /// Holds the store against it, and tells the journal's anchor.
    fn verify(&self, store: &SqliteStore, kept: &Anchor) -> Anchor {
        let (mut found, mut ancients) = (BTreeSet::new(), 0);
        let mut query = EventQuery { limit: 10_000, ..EventQuery::default() };
        loop {
            let page = store.events(&query).unwrap();
            let Some(last) = page.last() else { break };
            query.after = Some(last.head.place());
            for stored in page {
                let number = stored.head.time_us.unwrap() - event(0).time_us.unwrap();
                let number = u64::try_from(number / 1000).unwrap();
                assert_eq!(stored.body, event(number).body);
                if stored.head.source == "ancient" {
                    ancients += 1;
                } else {
                    assert!(found.insert(number), "event {number} is there twice");
                }
            }
        }
        let lost: Vec<_> = self.events.difference(&found).collect();
        assert!(lost.is_empty(), "{} acknowledged events are lost: {lost:?}", lost.len());
        // An event and what was detected in it are there both, or neither.
        let expected: BTreeSet<u64> = found.iter().copied().filter(|number| is_detected(*number)).collect();
        let mut detected = BTreeSet::new();
        let mut query = DetectionQuery { limit: 10_000, ..DetectionQuery::default() };
        loop {
            let page = store.detections(&query).unwrap();
            let Some(last) = page.last() else { break };
            query.after = Some((last.time_us, last.id.clone()));
            for stored in page {
                let number = u64::from_str_radix(&stored.id, 16).unwrap();
                assert!(stored.event.is_some(), "the event of detection {number} is not there");
                assert!(detected.insert(number), "detection {number} is there twice");
            }
        }
        assert!(detected == expected, "{:?}", detected.symmetric_difference(&expected).collect::<Vec<_>>());
        let counts = store.counts().unwrap();
        for (source, counts) in &counts {
            assert!(counts.adds_up(), "{source}: {counts:?}");
        }
        assert_eq!(counts.get("k8s_audit").map_or(0, |counts| counts.stored), found.len() as u64);
        assert!(counts.get("ancient").is_none_or(|counts| counts.stored >= ancients));
        let health = store.health(true).unwrap();
        assert!(health.is_good(), "{health:?}");
        assert!(store.verify_journal(Some(kept)).unwrap().broken.is_none());
        let mut acts = BTreeMap::new();
        loop {
            let after = acts.last_key_value().map_or(0, |(seq, _)| *seq);
            let page = store.journal(after, 10_000).unwrap();
            if page.is_empty() {
                break;
            }
            acts.extend(page.into_iter().map(|entry| (entry.seq, entry.act)));
        }
        for (seq, name) in &self.acts {
            assert_eq!(acts.get(seq), Some(name), "acknowledged act {seq}");
        }
        let alerts: BTreeMap<_, _> = store
            .alerts(None, None, 10_000)
            .unwrap()
            .into_iter()
            .map(|alert| (alert.id, alert.state))
            .collect();
        assert!(alerts.len() < 10_000, "the test looks at all alerts");
        for id in &self.alerts {
            assert!(alerts.contains_key(id), "acknowledged alert {id} is lost");
        }
        for id in &self.delivered {
            assert_eq!(alerts[id], AlertState::Done, "alert {id} would be delivered again");
        }
        let findings = store.findings(&FindingQuery { limit: 100, ..FindingQuery::default() }).unwrap();
        let times: BTreeSet<_> = findings.iter().map(|finding| finding.last_seen_us).collect();
        assert!(times.len() <= 1, "half a scan is stored: {times:?}");
        assert!(times.iter().all(|time| *time >= i64::try_from(self.scan).unwrap()));
        assert!(self.scan == 0 || findings.len() == 30);
        store.anchor().unwrap()
    }
}

/// Runs that share a store: what is stored is read anew after each.
const RUNS_PER_STORE: u64 = 5;

fn survive() -> Result<(), Failed> {
    let number = |name: &str, otherwise: u64| match std::env::var(name) {
        Ok(text) => text.parse::<u64>().map_err(|_| format!("{name} is `{text}`, no number")),
        Err(_) => Ok(otherwise),
    };
    let runs = number("HAECHI_KILL_RUNS", 20)?;
    let mut random = number("HAECHI_KILL_SEED", u64::from(std::process::id()))? | 1;
    println!("seed {random}");
    let began = Instant::now();
    let mut totals = [0; 4];
    let mut run = 0;
    while run < runs {
        let folder = common::folder();
        let mut acknowledged = Acknowledged::default();
        let mut anchor = Anchor::default();
        for start in 0..RUNS_PER_STORE.min(runs - run) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Some die while they open the store, most while they write.
            kill_after(Duration::from_micros(random % 400_000), folder.path(), start, &mut acknowledged);
            anchor = acknowledged.verify(&open(folder.path()), &anchor);
            run += 1;
        }
        let of = &acknowledged;
        let counts = [of.events.len(), of.acts.len(), of.alerts.len(), of.delivered.len()];
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    let [events, acts, alerts, delivered] = totals;
    println!(
        "{runs} runs in {:.0} s: {events} events, {acts} acts, {alerts} alerts ({delivered} delivered) were acknowledged, none is lost",
        began.elapsed().as_secs_f64()
    );
    assert!(events > 0 && acts > 0 && alerts > 0 && delivered > 0, "the children wrote nothing");
    Ok(())
}

fn kill_after(moment: Duration, folder: &Path, start: u64, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, folder)
        .env("HAECHI_KILL_START", start.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || lines.split(b'\n').collect::<Result<Vec<_>, _>>().unwrap());
    thread::sleep(moment);
    // SIGKILL.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "the child ended by itself: {status}");
    let mut lines = reader.join().unwrap();
    // The last one may be cut off only if the pipe took half a line, which it does not; a half number would be found out.
    lines.retain(|line| !line.is_empty());
    for line in lines {
        acknowledged.note(std::str::from_utf8(&line).unwrap());
    }
}
