//! What of a field can be told without reading the large objects of an audit event.
//!
//! Most requests lack most of what rules ask for: a pod without `hostNetwork` has that key nowhere in its text, and finding
//! that out is many times faster than finding the place where it would stand.

use std::fmt;

use memchr::memmem::Finder;

use super::{Special, k8s_audit};
use crate::event::{Body, Event};
use crate::fields::{Extract, FieldRef};
use crate::json::Part;

/// A key that has to be written somewhere in a top-level member: without it a field has no value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Need {
    member: Large,
    key: String,
}

impl Need {
    /// What a field needs of a large member, if that can be told.
    pub(crate) fn of(field: &FieldRef) -> Option<Self> {
        let (member, key) = match field.field().extract {
            Extract::Path(keys) | Extract::PathNotNull(keys) => {
                let (member, rest) = keys.split_first()?;
                let key = *rest.last()?;
                (Large::of(member, key)?, key.to_owned())
            }
            Extract::Special(Special::JsonPointer) => {
                let (member, rest) = field.steps.split_first()?;
                // A number may be the place in a list.
                let key = rest.iter().rfind(|step| step.parse::<usize>().is_err())?;
                (Large::of(member, key)?, key.clone())
            }
            Extract::Special(special) => (Large::Request, k8s_audit::needed_key(special)?.to_owned()),
            Extract::Column(_) | Extract::Reported => return None,
        };
        // Others are written with an escape, or may be.
        let is_plain =
            key.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'/'));
        is_plain.then_some(Self { member, key })
    }
}

/// A member of audit events that is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Large {
    Request,
    Response,
    /// Small, but most have no subresource.
    Reference,
}

impl Large {
    const fn name(self) -> &'static str {
        match self {
            Large::Request => "requestObject",
            Large::Response => "responseObject",
            Large::Reference => "objectRef",
        }
    }

    fn of(member: &str, key: &str) -> Option<Self> {
        match (member, key) {
            ("requestObject", _) => Some(Large::Request),
            ("responseObject", _) => Some(Large::Response),
            ("objectRef", "subresource") => Some(Large::Reference),
            _ => None,
        }
    }
}

/// Looks for what the fields of a program need.
pub(crate) struct Needs {
    /// Any letter may be written as an escape: then nothing is told.
    escape: Finder<'static>,
    keys: Vec<(Need, Finder<'static>)>,
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(need, _)| &need.key)).finish()
    }
}

impl Default for Needs {
    fn default() -> Self {
        Self { escape: Finder::new("\\u"), keys: Vec::new() }
    }
}

impl Needs {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The place of a need, the same for equal ones.
    pub(crate) fn add(&mut self, need: Need) -> usize {
        self.keys.iter().position(|(known, _)| *known == need).unwrap_or_else(|| {
            let finder = Finder::new(&format!("\"{}\"", need.key)).into_owned();
            self.keys.push((need, finder));
            self.keys.len() - 1
        })
    }

    /// Whether the event may have what is needed; `seen` remembers what was told of the same event before.
    pub(crate) fn may_be_met(&self, at: usize, event: &Event<'_>, seen: &mut Seen) -> bool {
        let (Some((need, finder)), Body::Json(_)) = (self.keys.get(at), event.body) else { return true };
        let seen = match need.member {
            Large::Request => &mut seen.request,
            Large::Response => &mut seen.response,
            Large::Reference => &mut seen.reference,
        };
        if !seen.is_found {
            seen.is_found = true;
            seen.part = event.member(need.member.name()).map(|member| member.value);
        }
        let Some(part) = seen.part else { return false };
        let text = part.of(event.text).as_bytes();
        finder.find(text).is_some()
            || *seen.has_escapes.get_or_insert_with(|| self.escape.find(text).is_some())
    }
}

/// What is known about the members of the event at hand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    request: SeenMember,
    response: SeenMember,
    reference: SeenMember,
}

#[derive(Debug, Clone, Copy, Default)]
struct SeenMember {
    is_found: bool,
    /// Where it is, if it is there at all.
    part: Option<Part>,
    /// Whether it is written with escapes that may stand for any letter.
    has_escapes: Option<bool>,
}
