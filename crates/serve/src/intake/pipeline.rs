//! From texts to stored events and the detections in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use haechi_detect::decode::{Decoder, FlowColumns, Format, Limits, Reject, RejectReason, Sink};
use haechi_detect::event::{Body, Event};
use haechi_detect::fields::Source;
use haechi_detect::json::Value;
use haechi_detect::output::OutputOptions;
use haechi_detect::program::{Matcher, RuleMatching};
use haechi_model::{Detection, Priority};
use haechi_store::detections::NewDetection;
use haechi_store::events::{EventBatch, EventKey, NewEvent};
use haechi_store::{Store, StoreError};

use super::Feed;
use super::envelope::UNPACKED;

/// Events that are stored at once.
const CHUNK: usize = 2000;
/// Bytes of events that are stored at once.
const CHUNK_BYTES: usize = 8 << 20;
/// Longest body of one event.
const EVENT_BYTES: usize = 4 << 20;

/// What became of what came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Events, and what was none.
    pub received: u64,
    /// Stored.
    pub stored: u64,
    /// There already.
    pub duplicates: u64,
    /// Let go, by reason. They are counted in the store too.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Rules that matched events which are new.
    pub detections: u64,
    /// An address that somebody must open for SNS to send anything.
    pub confirm: Option<String>,
}

/// A detection whose event is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// What was detected.
    pub detection: Detection,
    /// Where its event came in.
    pub feed: Feed,
    /// The cluster of the token that sent it, if the token is good for one.
    pub cluster: Option<String>,
}

/// Hears of each detection after its event was committed. Alerts are to be hung in here; whoever hears must not block.
pub trait Listener: Send + Sync {
    /// A rule matched.
    fn detected(&self, detected: &Detected);
}

/// What is to be stored of one event.
struct Draft {
    source: &'static str,
    event: NewEvent,
    detections: Vec<Detection>,
}

/// Collects what a decoder yields.
struct Collector<'m, 'p> {
    matcher: &'m mut Matcher<'p>,
    feed: Feed,
    drafts: Vec<Draft>,
    bytes: usize,
    rejects: BTreeMap<&'static str, u64>,
}

impl Sink for Collector<'_, '_> {
    fn event(&mut self, event: &Event<'_>, _line: u64) {
        let body = event.part.of(event.text);
        if body.len() > EVENT_BYTES {
            *self.rejects.entry(RejectReason::TooLarge.as_str()).or_insert(0) += 1;
            return;
        }
        let source = Source::at(event.source).map_or("unknown", |source| source.name);
        let mut detections = Vec::new();
        if self.matcher.has_rules(event.source) {
            let count = self.matcher.matches(event).len();
            for index in 0..count {
                if let Some(rule) = self.matcher.matched(index) {
                    detections.push(self.matcher.detection(rule, event));
                }
            }
        }
        if self.feed == Feed::Falco
            && let Body::Reported(_) = event.body
        {
            detections.extend(reported(event, source));
        }
        // A webhook of GitHub's has no time of its own.
        let time_us = i64::try_from(event.time_ns / 1000).ok().filter(|time| *time != 0);
        let event = NewEvent { key: key(event, source), time_us, body: body.as_bytes().to_vec() };
        self.bytes += event.body.len();
        self.drafts.push(Draft { source, event, detections });
    }

    fn reject(&mut self, reject: Reject) {
        // Such an event is told about and taken all the same.
        if reject.reason != RejectReason::UnknownValue {
            *self.rejects.entry(reject.reason.as_str()).or_insert(0) += 1;
        }
    }
}

/// What makes an event one.
fn key(event: &Event<'_>, source: &str) -> EventKey {
    let text = |key: &str| event.top(key).and_then(Value::string).map(std::borrow::Cow::into_owned);
    if let (Some(id), true) = (text("auditID"), event.source == Source::K8S_AUDIT) {
        let stage = text("stage").unwrap_or_default();
        return EventKey::of([source.as_bytes(), id.as_bytes(), stage.as_bytes()]);
    }
    match event.id() {
        Some(id) => EventKey::of([source.as_bytes(), id.as_bytes()]),
        None => EventKey::of([source.as_bytes(), event.part.of(event.text).as_bytes()]),
    }
}

/// What Falco says by itself: its alert is a detection already.
fn reported(event: &Event<'_>, source: &str) -> Option<Detection> {
    let alert = event.value(event.part);
    let text = |key: &str| alert.get(key).and_then(Value::string).map(std::borrow::Cow::into_owned);
    let rule = text("rule")?;
    // A priority that nobody knows is no reason to stay silent.
    let priority = text("priority").and_then(|text| text.parse().ok()).unwrap_or(Priority::Error);
    let target = event.target();
    Some(Detection {
        rule: rule.into(),
        source: source.into(),
        priority,
        tags: Vec::new().into(),
        time_ns: event.time_ns,
        event_number: event.number,
        event_id: text("uuid"),
        namespace: target.namespace,
        resource: target.resource,
        message: text("output").unwrap_or_default(),
        fields: Vec::new(),
    })
}

/// A way for texts into the store.
pub(super) struct Pipeline<'s, 'p> {
    store: &'s dyn Store,
    matcher: Matcher<'p>,
    feed: Feed,
    cluster: String,
    columns: Option<FlowColumns>,
}

impl<'s, 'p> Pipeline<'s, 'p> {
    pub(super) fn new(
        store: &'s dyn Store,
        program: &'p haechi_detect::program::Program,
        feed: Feed,
    ) -> Self {
        Self {
            store,
            matcher: Matcher::new(program, RuleMatching::All),
            feed,
            cluster: "default".to_owned(),
            columns: None,
        }
    }

    /// The cluster that the events are of.
    pub(super) fn of_cluster(mut self, cluster: Option<&str>) -> Self {
        if let Some(cluster) = cluster {
            self.cluster = cluster.to_owned();
        }
        self
    }

    pub(super) fn with_columns(mut self, columns: Option<FlowColumns>) -> Self {
        self.columns = columns;
        self
    }

    /// Reads all that `next` yields, stores what is in it, and hands on what was detected in events that are new.
    ///
    /// # Errors
    /// The store refuses. What was stored before stays, and is a duplicate when it comes again.
    pub(super) fn run<B: AsRef<[u8]>>(
        &mut self,
        mut next: impl FnMut() -> std::io::Result<Option<B>>,
        received_us: i64,
        mut detected: impl FnMut(Detection),
    ) -> Result<Receipt, RunError> {
        let format = match self.feed {
            Feed::Audit => Format::Json(Source::K8S_AUDIT),
            Feed::Falco | Feed::Cloud | Feed::Folder => Format::Detect,
        };
        let now_ns = u64::try_from(received_us).ok().and_then(|us| us.checked_mul(1000));
        let mut decoder = Decoder::new(format, Limits { document_bytes: UNPACKED }, now_ns);
        if let Some(columns) = &self.columns {
            decoder = decoder.with_flow_columns(columns.clone());
        }
        let mut receipt = Receipt::default();
        let mut collector = Collector {
            matcher: &mut self.matcher,
            feed: self.feed,
            drafts: Vec::new(),
            bytes: 0,
            rejects: BTreeMap::new(),
        };
        while let Some(bytes) = next().map_err(RunError::Read)? {
            decoder.feed(bytes.as_ref(), &mut collector);
            if collector.drafts.len() >= CHUNK || collector.bytes >= CHUNK_BYTES {
                collector.bytes = 0;
                let drafts = std::mem::take(&mut collector.drafts);
                store(self.store, drafts, &self.cluster, received_us, &mut receipt, &mut detected)?;
            }
        }
        decoder.finish(&mut collector);
        let (drafts, rejects) = (std::mem::take(&mut collector.drafts), collector.rejects);
        store(self.store, drafts, &self.cluster, received_us, &mut receipt, &mut detected)?;
        for (reason, count) in rejects {
            self.store.count_dropped(self.feed.as_str(), reason, count).map_err(RunError::Store)?;
            receipt.received += count;
            *receipt.dropped.entry(reason).or_insert(0) += count;
        }
        Ok(receipt)
    }
}

/// Why a text was not taken to its end.
#[derive(Debug)]
pub(super) enum RunError {
    Store(StoreError),
    Read(std::io::Error),
}

/// Stores events, source by source, with what was detected in them, then hands on what is new of that. Whoever sent them hears of
/// it only after both were committed: what is lost in between comes again, and is told apart by its identity.
fn store(
    store: &dyn Store,
    drafts: Vec<Draft>,
    cluster: &str,
    received_us: i64,
    receipt: &mut Receipt,
    detected: &mut impl FnMut(Detection),
) -> Result<(), RunError> {
    let mut by_source: BTreeMap<&'static str, Of> = BTreeMap::new();
    for draft in drafts {
        let of_source = by_source.entry(draft.source).or_default();
        for detection in draft.detections {
            let new = new_detection(&detection, &draft.event, cluster);
            of_source.detections.insert(new.id.clone(), (new, detection));
        }
        of_source.events.push(draft.event);
    }
    for (source, Of { events, detections }) in by_source {
        let count = events.len() as u64;
        let batch = EventBatch { source: source.to_owned(), received_us, events };
        let (rows, told): (Vec<_>, Vec<_>) = detections.into_values().unzip();
        let (stored, news) = store.put_detected(batch, rows).map_err(RunError::Store)?;
        receipt.received += count;
        receipt.stored += stored.stored;
        receipt.duplicates += stored.duplicates;
        for (detection, _) in told.into_iter().zip(news).filter(|(_, is_new)| *is_new) {
            receipt.detections += 1;
            detected(detection);
        }
    }
    Ok(())
}

/// What is of one source.
#[derive(Default)]
struct Of {
    events: Vec<NewEvent>,
    detections: BTreeMap<String, (NewDetection, Detection)>,
}

/// A detection is one by its rule and its event.
fn new_detection(detection: &Detection, event: &NewEvent, cluster: &str) -> NewDetection {
    let time = event.time_us.unwrap_or(0).to_be_bytes();
    let parts: [&[u8]; 4] = [cluster.as_bytes(), detection.rule.as_bytes(), &event.key.0, &time];
    // The time first: what happens at about the same time lies together, and the store need not reach all over its index.
    let micros = detection.time_ns / 1000;
    let mut id = format!("{micros:014x}");
    for byte in EventKey::of(parts).0 {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    NewDetection {
        id,
        cluster: cluster.to_owned(),
        rule: detection.rule.to_string(),
        source: detection.source.to_string(),
        priority: detection.priority,
        time_us: i64::try_from(detection.time_ns / 1000).unwrap_or(i64::MAX),
        event: Some((event.time_us, event.key)),
        body: OutputOptions { time_iso8601: true, include_target: true, ..OutputOptions::default() }
            .json(detection),
    }
}
