//! An event as the engine sees it: the text it came as, where its parts are, when and what it was.

use haechi_syntax::flow_log::COLUMNS;

use crate::capture::KernelEvent;
use crate::fields::{Source, SourceId};
use crate::json::{self, MemberPart, Objects, Part, Value};
use crate::target::Target;

/// The columns of a flow log line, in the order of [`COLUMNS`]; an empty part is a column that the line lacks.
pub type Columns = [Part; COLUMNS.len()];

/// What an event consists of.
#[derive(Debug, Clone, Copy)]
pub enum Body<'e> {
    /// A JSON object, with its members.
    Json(&'e [MemberPart]),
    /// What another sensor reported: the object of field names and values.
    Reported(Part),
    /// Columns of a text line.
    Columns(&'e Columns),
    /// An event of the kernel.
    Kernel(&'e KernelEvent<'e>),
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
    /// What is known about the objects of the text.
    pub objects: &'e Objects,
}

impl<'e> Event<'e> {
    /// The value under a top-level key, if the event is JSON.
    pub fn top(&self, key: &str) -> Option<Value<'e>> {
        self.member(key).map(|member| self.value(member.value))
    }

    /// The member under a top-level key, if the event is JSON.
    pub(crate) fn member(&self, key: &str) -> Option<&'e MemberPart> {
        let Body::Json(members) = self.body else { return None };
        json::find_member(members, self.text.as_bytes(), key)
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

    /// The namespace and the Kubernetes object that the event is about.
    pub fn target(&self) -> Target {
        Target::of(self)
    }

    /// The value at a part of the text.
    pub fn value(&self, part: Part) -> Value<'e> {
        Value::at(self.text, part).remembering(self.objects)
    }
}
