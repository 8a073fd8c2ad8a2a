//! Which events a document holds.

mod classify;

use std::borrow::Cow;

use haechi_model::Priority;
use haechi_syntax::flow_log::{Cells, FlowColumns, NoFlow, has_known_values};
use memchr::memchr;

use classify::Class;

use super::framer::{Frame, Framer, Limits, Taken};
use super::{Reject, RejectReason, Sink};
use crate::capture::{self, Capture, CaptureSink, Fault, KernelEvent};
use crate::event::{Body, Columns, Event};
use crate::fields::{Source, SourceId};
use crate::json::{self, JsonError, Kind, MemberPart, Objects, Part, Value};
use crate::time;

/// What the bytes of a stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told from each document.
    #[default]
    Detect,
    /// JSON events of one source.
    Json(SourceId),
    /// Flow log lines.
    VpcFlow,
}

/// Seconds and nanoseconds.
const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// How deep lists and envelopes may hold events.
const MAX_ENVELOPES: usize = 8;

/// Turns a stream into events. Memory: one document.
#[derive(Debug)]
pub struct Decoder {
    format: Format,
    framer: Framer,
    state: State,
    input: Input,
    capture: Capture,
}

/// What a file turned out to be.
#[derive(Debug)]
enum Input {
    /// Too little has been read to tell.
    Unknown(Vec<u8>),
    Documents,
    Capture,
}

#[derive(Debug)]
struct State {
    columns: FlowColumns,
    /// What columns a file has that names none.
    base_columns: FlowColumns,
    /// Members of the event at hand.
    members: Vec<MemberPart>,
    /// Where the object ends whose members were read ahead: that of the line that comes next.
    ahead: Option<usize>,
    /// What is known about the objects inside it.
    objects: Objects,
    number: u64,
    first_time_ns: Option<u64>,
    clock: time::Reader,
    /// Events later than this are refused; nothing for no such check.
    latest_ns: Option<u64>,
}

impl Decoder {
    /// At the beginning of a stream. `now_ns` is the time of reading, for refusing events from the future.
    pub fn new(format: Format, limits: Limits, now_ns: Option<u64>) -> Self {
        Self {
            format,
            framer: Framer::new(limits),
            input: Input::Unknown(Vec::new()),
            capture: Capture::default(),
            state: State {
                columns: FlowColumns::default(),
                base_columns: FlowColumns::default(),
                members: Vec::with_capacity(32),
                ahead: None,
                objects: Objects::default(),
                number: 0,
                first_time_ns: None,
                clock: time::Reader::default(),
                latest_ns: now_ns.map(|now| now.saturating_add(DAY)),
            },
        }
    }

    /// The columns of flow logs that name none.
    #[must_use]
    pub fn with_flow_columns(mut self, columns: FlowColumns) -> Self {
        self.state.columns = columns.clone();
        self.state.base_columns = columns;
        self
    }

    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let head = match &mut self.input {
            Input::Documents => return self.read_documents(bytes, sink),
            Input::Capture => return self.read_capture(bytes, sink),
            Input::Unknown(head) => head,
        };
        if !head.is_empty() || capture::MAGIC.starts_with(bytes) {
            head.extend_from_slice(bytes);
            if head.len() < capture::MAGIC.len() && capture::MAGIC.starts_with(head) {
                return;
            }
        }
        let head = std::mem::take(head);
        let bytes = if head.is_empty() { bytes } else { &head };
        if bytes.starts_with(&capture::MAGIC) {
            self.input = Input::Capture;
            self.read_capture(bytes, sink);
        } else {
            self.input = Input::Documents;
            self.read_documents(bytes, sink);
        }
    }

    fn read_documents(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let Decoder { format, framer, state, .. } = self;
        framer.feed(bytes, &mut |frame| state.frame(*format, frame, sink));
    }

    fn read_capture(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let Decoder { state, capture, .. } = self;
        capture.feed(bytes, &mut Kernel { state, sink });
    }

    /// Takes the end of a file. More may follow: the next one.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        if let Input::Unknown(head) = &mut self.input {
            let head = std::mem::take(head);
            self.read_documents(&head, sink);
        }
        let Decoder { format, framer, state, input, capture } = self;
        capture.finish(&mut Kernel { state, sink });
        framer.finish(&mut |frame| state.frame(*format, frame, sink));
        state.columns = state.base_columns.clone();
        *input = Input::Unknown(Vec::new());
    }

    /// How many events there were so far.
    pub fn events(&self) -> u64 {
        self.state.number
    }
}

impl State {
    /// Reads the object that a line begins with, if the line ends behind it: then how long the line is.
    fn read_ahead(&mut self, bytes: &[u8]) -> Option<usize> {
        self.members.clear();
        let closing = json::read_members(bytes, 0, &mut self.members).ok()?;
        let length = match bytes.get(closing + 1..)? {
            [b'\n', ..] => closing + 2,
            [b'\r', b'\n', ..] => closing + 3,
            _ => return None,
        };
        // A line that was cut off may go on in the next one as if it were the same object.
        if memchr(b'\n', bytes.get(..closing)?).is_some() {
            return None;
        }
        self.ahead = Some(closing);
        Some(length)
    }

    fn frame(&mut self, format: Format, frame: Frame<'_>, sink: &mut impl Sink) -> Taken {
        let ahead = self.ahead.take();
        let (bytes, line, may_go_on) = match frame {
            Frame::Ahead(bytes) => return self.read_ahead(bytes).map_or(Taken::Whole, Taken::Line),
            Frame::Line(bytes, line) => (bytes, line, true),
            Frame::Document(bytes, line) => (bytes, line, false),
            Frame::TooLarge(line) => {
                sink.reject(Reject { line, reason: RejectReason::TooLarge });
                return Taken::Whole;
            }
        };
        let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
            sink.reject(Reject { line, reason: RejectReason::InvalidUtf8 });
            return Taken::Whole;
        };
        let mut at = json::skip_blanks(bytes, 0);
        // A byte order mark may stand first in a file.
        if at == 0 && bytes.starts_with("\u{feff}".as_bytes()) {
            at = json::skip_blanks(bytes, 3);
        }
        let is_json = matches!(bytes.get(at), Some(b'{' | b'['));
        match (format, is_json) {
            (Format::VpcFlow, false) | (Format::Detect, false) => self.flow_line(text, line, sink),
            (Format::Json(_), false) => sink.reject(Reject { line, reason: RejectReason::Malformed }),
            (format, true) => {
                let source = match format {
                    Format::Json(source) => Some(source),
                    Format::Detect | Format::VpcFlow => None,
                };
                if let Some(closing) = ahead {
                    self.object(text, Part::new(at, closing + 1), source, line, 0, sink);
                    return Taken::Whole;
                }
                let end = text.trim_ascii_end().len();
                match self.value(text, at, Some(end), source, line, 0, sink) {
                    Ok(_) => {}
                    // Brackets are counted before anything is told: nothing of the line has been taken.
                    Err(JsonError::Truncated) if may_go_on => return Taken::Unfinished,
                    Err(JsonError::Malformed) if is_followed_by_object(bytes, at, end) => {
                        self.run_together(text, at, end, source, line, sink);
                    }
                    Err(error) => {
                        if error == JsonError::Truncated {
                            self.items_before_the_end(text, at, source, line, sink);
                        }
                        sink.reject(Reject { line, reason: reason_of(error) });
                    }
                }
            }
        }
        Taken::Whole
    }

    /// The events in objects that stand one behind the other on a line, as Firehose delivers them.
    fn run_together(
        &mut self,
        text: &str,
        mut start: usize,
        end: usize,
        source: Option<SourceId>,
        line: u64,
        sink: &mut impl Sink,
    ) {
        let bytes = text.as_bytes();
        while start < end {
            let closed = match bytes.get(start) {
                Some(b'{') => json::skip_value(bytes, start),
                _ => Err(JsonError::Malformed),
            };
            let read = closed.and_then(|closed| self.value(text, start, Some(closed), source, line, 0, sink));
            if let Err(error) = read {
                sink.reject(Reject { line, reason: reason_of(error) });
            }
            // Where one does not end, nobody knows where the next begins.
            let Ok(closed) = closed else { return };
            start = json::skip_blanks(bytes, closed);
        }
    }

    // Flow logs.

    fn flow_line(&mut self, text: &str, line: u64, sink: &mut impl Sink) {
        let text = text.trim_end();
        if let Some(columns) = FlowColumns::from_header(text) {
            self.columns = columns;
            return;
        }
        match self.columns.split(text) {
            Ok(cells) => self.flow_event(text, &cells, line, sink),
            Err(NoFlow::UnknownColumns) => sink.reject(Reject { line, reason: RejectReason::UnknownColumns }),
            Err(NoFlow::Malformed) => sink.reject(Reject { line, reason: RejectReason::Malformed }),
        }
    }

    fn flow_event(&mut self, text: &str, cells: &Cells<'_>, line: u64, sink: &mut impl Sink) {
        let number = |column: usize| cells.get(column).and_then(|cell| cell.parse::<u64>().ok());
        let (start, end) = (number(10), number(11));
        let seconds = match start.or(end) {
            Some(seconds) => seconds,
            // A log may have been set up without times.
            None if !self.columns.has_time() => 0,
            None => return sink.reject(Reject { line, reason: RejectReason::NoTime }),
        };
        if !has_known_values(cells) {
            sink.reject(Reject { line, reason: RejectReason::UnknownValue });
        }
        let part = Part { start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) };
        let time_ns = seconds.saturating_mul(SECOND);
        let columns = cells.map(|cell| part_of(text, cell));
        self.emit(Source::VPC_FLOW, text, part, Some(&columns), time_ns, line, sink);
    }

    // JSON.

    /// The events in the value that begins at `start`; tells where it ends. That is known beforehand (`end`) of all
    /// but the items of a list.
    #[expect(clippy::too_many_arguments, reason = "one level of a recursion over borrowed text")]
    fn value(
        &mut self,
        text: &str,
        start: usize,
        end: Option<usize>,
        source: Option<SourceId>,
        line: u64,
        depth: usize,
        sink: &mut impl Sink,
    ) -> Result<usize, JsonError> {
        if depth > MAX_ENVELOPES {
            return Err(JsonError::Malformed);
        }
        let bytes = text.as_bytes();
        if bytes.get(start) == Some(&b'[') {
            if depth == 0 {
                // The brackets have to balance before the items are believed.
                let closed = json::skip_value(bytes, start)?;
                if end.is_some_and(|end| json::skip_blanks(bytes, closed) < end) {
                    return Err(JsonError::Malformed);
                }
            }
            return self.items(text, start, source, line, depth, sink);
        }
        self.members.clear();
        let closing = json::read_members(bytes, start, &mut self.members)?;
        if end.is_some_and(|end| json::skip_blanks(bytes, closing + 1) < end) {
            return Err(JsonError::Malformed);
        }
        self.object(text, Part::new(start, closing + 1), source, line, depth, sink);
        Ok(closing + 1)
    }

    /// The events in the object whose members have been read.
    fn object(
        &mut self,
        text: &str,
        part: Part,
        source: Option<SourceId>,
        line: u64,
        depth: usize,
        sink: &mut impl Sink,
    ) {
        match self.classify(text, source) {
            Class::Event(source) => match self.time_of(text, source) {
                Some(time_ns) => {
                    if !self.has_known_values(text, source) {
                        sink.reject(Reject { line, reason: RejectReason::UnknownValue });
                    }
                    self.emit(source, text, part, None, time_ns, line, sink);
                }
                None => sink.reject(Reject { line, reason: RejectReason::NoTime }),
            },
            Class::Alert => self.alert(text, part, line, sink),
            Class::Envelope(inner, source) => {
                let (start, end) = (inner.start as usize, inner.end as usize);
                if matches!(text.as_bytes().get(start), Some(b'{' | b'[')) {
                    // The outer value is whole: what is wrong inside stays inside.
                    if let Err(error) = self.value(text, start, Some(end), source, line, depth + 1, sink) {
                        sink.reject(Reject { line, reason: reason_of(error) });
                    }
                } else {
                    sink.reject(Reject { line, reason: RejectReason::UnknownKind });
                }
            }
            Class::Unknown => sink.reject(Reject { line, reason: RejectReason::UnknownKind }),
        }
    }

    /// The events in the items of a list whose brackets balance.
    fn items(
        &mut self,
        text: &str,
        start: usize,
        source: Option<SourceId>,
        line: u64,
        depth: usize,
        sink: &mut impl Sink,
    ) -> Result<usize, JsonError> {
        let bytes = text.as_bytes();
        let mut at = json::skip_blanks(bytes, start + 1);
        while bytes.get(at) != Some(&b']') {
            let mut reject = |reason| sink.reject(Reject { line, reason });
            at = match bytes.get(at) {
                Some(b'{' | b'[') => match self.value(text, at, None, source, line, depth + 1, sink) {
                    Ok(end) => end,
                    Err(error) => {
                        sink.reject(Reject { line, reason: reason_of(error) });
                        json::skip_value(bytes, at)?
                    }
                },
                _ => {
                    let end = json::skip_value(bytes, at)?;
                    reject(RejectReason::UnknownKind);
                    end
                }
            };
            at = json::skip_blanks(bytes, at);
            match bytes.get(at) {
                Some(b',') => at = json::skip_blanks(bytes, at + 1),
                Some(b']') => {}
                Some(_) => sink.reject(Reject { line, reason: RejectReason::Malformed }),
                None => return Err(JsonError::Truncated),
            }
        }
        Ok(at + 1)
    }

    /// The events that are whole in a file that was cut off: what is told in it has happened.
    fn items_before_the_end(
        &mut self,
        text: &str,
        start: usize,
        source: Option<SourceId>,
        line: u64,
        sink: &mut impl Sink,
    ) {
        let bytes = text.as_bytes();
        let Some((list, source)) = self.open_list(text, start, source) else { return };
        let mut at = json::skip_blanks(bytes, list + 1);
        while bytes.get(at) == Some(&b'{') {
            let Ok(end) = self.value(text, at, None, source, line, 1, sink) else { return };
            at = json::skip_blanks(bytes, end);
            if bytes.get(at) == Some(&b',') {
                at = json::skip_blanks(bytes, at + 1);
            }
        }
    }

    /// Where the list of events begins that the end of the text lies in, and what its source is.
    fn open_list(
        &mut self,
        text: &str,
        start: usize,
        source: Option<SourceId>,
    ) -> Option<(usize, Option<SourceId>)> {
        let bytes = text.as_bytes();
        if bytes.get(start) == Some(&b'[') {
            return Some((start, source));
        }
        self.members.clear();
        // The members before the one that does not end.
        json::read_members(bytes, start, &mut self.members).err()?;
        let behind = self.members.last().map_or(start + 1, |member| member.value.end as usize);
        let mut at = json::skip_blanks(bytes, behind);
        if bytes.get(at) == Some(&b',') {
            at = json::skip_blanks(bytes, at + 1);
        }
        let end = json::skip_value(bytes, at).ok()?;
        let source = match text.get(at..end)? {
            "\"Records\"" => Some(Source::CLOUDTRAIL),
            "\"Findings\"" => Some(Source::SECURITY_HUB),
            "\"configurationItems\"" => Some(Source::AWS_CONFIG),
            "\"findings\"" => source,
            "\"items\"" if self.text_member(text, "kind").as_deref() == Some("EventList") => {
                Some(Source::K8S_AUDIT)
            }
            _ => return None,
        };
        let colon = json::skip_blanks(bytes, end);
        let list = json::skip_blanks(bytes, colon + 1);
        (bytes.get(colon) == Some(&b':') && bytes.get(list) == Some(&b'[')).then_some((list, source))
    }

    fn member(&self, text: &str, key: &str) -> Option<Part> {
        json::find(&self.members, text.as_bytes(), key)
    }

    fn text_member<'t>(&self, text: &'t str, key: &str) -> Option<Cow<'t, str>> {
        Value::at(text, self.member(text, key)?).string()
    }

    fn has(&self, text: &str, key: &str) -> bool {
        self.member(text, key).is_some()
    }

    /// When the event happened, as its source says it.
    fn time_of(&mut self, text: &str, source: SourceId) -> Option<u64> {
        let keys: &[&str] = match source {
            Source::K8S_AUDIT => &["stageTimestamp", "requestReceivedTimestamp"],
            Source::CLOUDTRAIL => &["eventTime"],
            Source::GCP_AUDIT => &["timestamp", "receiveTimestamp"],
            Source::OKTA => &["published"],
            Source::GUARDDUTY => &["updatedAt", "createdAt"],
            Source::SECURITY_HUB => &["UpdatedAt", "LastObservedAt", "CreatedAt"],
            Source::INSPECTOR => &["updatedAt", "lastObservedAt", "firstObservedAt"],
            Source::AWS_CONFIG => &["configurationItemCaptureTime"],
            // A webhook has no time of its own.
            Source::GITHUB => return Some(0),
            _ => &["time", "timestamp", "@timestamp"],
        };
        keys.iter().find_map(|key| {
            let value = Value::at(text, self.member(text, key)?);
            match value.kind() {
                Kind::String => {
                    self.clock.at_a_glance(value.raw()).or_else(|| self.clock.read(&value.string()?))
                }
                // Some exports have seconds or milliseconds since 1970.
                Kind::Number => {
                    let number: u64 = value.raw().parse().ok()?;
                    let unit = if number < 100_000_000_000 { SECOND } else { 1_000_000 };
                    number.checked_mul(unit)
                }
                _ => None,
            }
        })
    }

    /// An alert of Falco: the event is what it says about the fields.
    fn alert(&mut self, text: &str, part: Part, line: u64, sink: &mut impl Sink) {
        let reject = |reason| Reject { line, reason };
        let fields = self.member(text, "output_fields").map(|part| Value::at(text, part));
        let Some(fields) = fields.filter(|fields| fields.kind() == Kind::Object) else {
            return sink.reject(reject(RejectReason::Malformed));
        };
        let name = self.text_member(text, "source");
        let Some(source) = Source::named(name.as_deref().unwrap_or("syscall")) else {
            return sink.reject(reject(RejectReason::UnknownKind));
        };
        let reported = ["evt.rawtime", "evt.time", "evt.time.iso8601"]
            .iter()
            .find_map(|key| fields.get(key)?.raw().parse::<u64>().ok());
        let time = reported.or_else(|| time::parse_rfc3339(&self.text_member(text, "time")?));
        let Some(time_ns) = time else { return sink.reject(reject(RejectReason::NoTime)) };
        if self.is_future(time_ns) {
            return sink.reject(reject(RejectReason::FutureTime));
        }
        let priority = self.text_member(text, "priority");
        if priority.is_some_and(|priority| priority.parse::<Priority>().is_err()) {
            sink.reject(reject(RejectReason::UnknownValue));
        }
        self.number += 1;
        let first_time_ns = *self.first_time_ns.get_or_insert(time_ns);
        let event = Event {
            source,
            text,
            part,
            body: Body::Reported(fields.part()),
            number: self.number,
            time_ns,
            first_time_ns,
            objects: &self.objects,
        };
        self.objects.clear();
        sink.event(&event, line);
    }

    fn is_future(&self, time_ns: u64) -> bool {
        self.latest_ns.is_some_and(|latest| time_ns > latest)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn emit(
        &mut self,
        source: SourceId,
        text: &str,
        part: Part,
        columns: Option<&Columns>,
        time_ns: u64,
        line: u64,
        sink: &mut impl Sink,
    ) {
        if self.is_future(time_ns) {
            return sink.reject(Reject { line, reason: RejectReason::FutureTime });
        }
        self.number += 1;
        let first_time_ns = *self.first_time_ns.get_or_insert(time_ns);
        let body = match columns {
            Some(columns) => Body::Columns(columns),
            None => Body::Json(&self.members),
        };
        let (number, objects) = (self.number, &self.objects);
        objects.clear();
        sink.event(&Event { source, text, part, body, number, time_ns, first_time_ns, objects }, line);
    }
}

/// Hands on what a capture yields.
struct Kernel<'s, S> {
    state: &'s mut State,
    sink: &'s mut S,
}

impl<S: Sink> CaptureSink for Kernel<'_, S> {
    fn event(&mut self, kernel: &KernelEvent<'_>) {
        let (state, time_ns) = (&mut *self.state, kernel.time_ns);
        if state.is_future(time_ns) {
            return self.sink.reject(Reject { line: 0, reason: RejectReason::FutureTime });
        }
        state.number += 1;
        let first_time_ns = *state.first_time_ns.get_or_insert(time_ns);
        let event = Event {
            source: Source::SYSCALL,
            text: "",
            part: Part::default(),
            body: Body::Kernel(kernel),
            number: state.number,
            time_ns,
            first_time_ns,
            objects: &state.objects,
        };
        // There are no lines to name.
        self.sink.event(&event, 0);
    }

    fn fault(&mut self, offset: u64, fault: Fault) {
        let reason = match fault {
            Fault::OtherVersion => RejectReason::Capture,
            Fault::BadBlock => RejectReason::CaptureBlock,
            Fault::BadLength | Fault::Truncated => RejectReason::CaptureLength,
        };
        self.sink.reject(Reject { line: offset, reason });
    }
}

/// Where a part of a text stands in it.
fn part_of(text: &str, part: &str) -> Part {
    match (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize) {
        Some(start) if !part.is_empty() => Part::new(start, start + part.len()),
        _ => Part::default(),
    }
}

/// Whether the object at `start` ends before `end`, and another begins there.
fn is_followed_by_object(bytes: &[u8], start: usize, end: usize) -> bool {
    let next = json::skip_value(bytes, start).map(|closed| json::skip_blanks(bytes, closed));
    bytes.get(start) == Some(&b'{') && next.is_ok_and(|next| next < end && bytes.get(next) == Some(&b'{'))
}

fn reason_of(error: JsonError) -> RejectReason {
    match error {
        JsonError::Truncated => RejectReason::Truncated,
        JsonError::Malformed => RejectReason::Malformed,
    }
}
