//! An event as the engine sees it: the text it came as, where its parts are, when and what it was.

use crate::fields::vpc_flow::COLUMNS;
use crate::fields::{Source, SourceId};
use crate::json::{Part, Value};

/// A top-level member of a JSON event.
#[derive(Debug, Clone, Copy)]
pub struct TopMember {
    /// The key, without quotes.
    pub key: Part,
    /// The value.
    pub value: Part,
    /// Length, first and last byte of the key, to tell most keys apart at once; 0 for a key with escapes.
    pub(crate) tag: u32,
}

impl TopMember {
    pub(crate) fn new(text: &[u8], key: Part, has_escape: bool, value: Part) -> Self {
        let raw = text.get(key.start as usize..key.end as usize).unwrap_or_default();
        Self { key, value, tag: if has_escape { 0 } else { tag(raw) } }
    }

    /// Whether the key is `key`, whose tag is `wanted`.
    #[inline]
    fn is(&self, text: &[u8], key: &str, wanted: u32) -> bool {
        (self.tag == wanted || self.tag == 0) && self.has_key(text, key)
    }

    fn has_key(&self, text: &[u8], key: &str) -> bool {
        let raw = text.get(self.key.start as usize..self.key.end as usize).unwrap_or_default();
        raw == key.as_bytes()
            || (self.tag == 0 && std::str::from_utf8(raw).is_ok_and(|raw| crate::json::unescape(raw) == key))
    }
}

/// The value under a key: of a key that stands twice the first counts.
#[inline]
pub(crate) fn find(members: &[TopMember], text: &[u8], key: &str) -> Option<Part> {
    let wanted = tag(key.as_bytes());
    members.iter().find(|member| member.is(text, key, wanted)).map(|member| member.value)
}

/// Never 0.
#[inline]
pub(crate) fn tag(key: &[u8]) -> u32 {
    let byte = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(0));
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX) & 0xfff;
    1 << 31 | length << 16 | byte(key.first()) << 8 | byte(key.last())
}

/// The columns of a flow log line, in the order of [`COLUMNS`]; an empty part is a column that the line lacks.
pub type Columns = [Part; COLUMNS.len()];

/// What an event consists of.
#[derive(Debug, Clone, Copy)]
pub enum Body<'e> {
    /// A JSON object, with its members.
    Json(&'e [TopMember]),
    /// What another sensor reported: the object of field names and values.
    Reported(Part),
    /// Columns of a text line.
    Columns(&'e Columns),
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Event<'e> {
    /// Which kind of event.
    pub source: SourceId,
    /// The text that the parts refer to.
    pub text: &'e str,
    /// The part of the text that is this event.
    pub part: Part,
    /// What it consists of.
    pub body: Body<'e>,
    /// Number in its stream, one-based.
    pub number: u64,
    /// When it happened, in nanoseconds since 1970 (UTC).
    pub time_ns: u64,
    /// When the first event of the stream happened.
    pub first_time_ns: u64,
}

impl<'e> Event<'e> {
    /// The value under a top-level key, if the event is JSON.
    pub fn top(&self, key: &str) -> Option<Value<'e>> {
        let Body::Json(members) = self.body else { return None };
        find(members, self.text.as_bytes(), key).map(|part| self.value(part))
    }

    /// The value at the end of a path of keys, if the event is JSON.
    pub fn path(&self, keys: &[&str]) -> Option<Value<'e>> {
        let (first, rest) = keys.split_first()?;
        self.top(first)?.path(rest)
    }

    /// What identifies the event at its origin, where it has such: an event that is delivered twice has the same.
    pub fn id(&self) -> Option<String> {
        let text = |keys: &[&str]| self.path(keys).and_then(Value::string).map(std::borrow::Cow::into_owned);
        match self.source {
            Source::K8S_AUDIT => {
                let stage = text(&["stage"]).unwrap_or_default();
                text(&["auditID"]).map(|id| format!("{id}/{stage}"))
            }
            Source::CLOUDTRAIL => text(&["eventID"]),
            Source::GCP_AUDIT => text(&["insertId"]),
            Source::OKTA => text(&["uuid"]),
            Source::GUARDDUTY => {
                let id = text(&["id"])?;
                // A finding is reported again, under the same id, when it happens again.
                Some(format!("{id}/{}", text(&["updatedAt"]).unwrap_or_default()))
            }
            Source::SECURITY_HUB => {
                let id = text(&["Id"])?;
                Some(format!("{id}/{}", text(&["UpdatedAt"]).unwrap_or_default()))
            }
            Source::INSPECTOR => {
                let id = text(&["findingArn"])?;
                Some(format!("{id}/{}", text(&["updatedAt"]).unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// The value at a part of the text.
    pub fn value(&self, part: Part) -> Value<'e> {
        Value::at(self.text, part)
    }
}
