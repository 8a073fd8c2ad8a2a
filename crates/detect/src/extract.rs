//! Gets the values of fields out of events.
//!
//! Values are not copied: a [`Slot`] says where in the event a value stands. Only what has to be decoded (escapes,
//! joined texts) goes into the buffer of a [`Scratch`], which one event after another uses again.

mod cloudtrail;
mod generic;
mod k8s_audit;
mod kernel;
mod need;
mod reported;
mod saas;

pub(crate) use generic::pointer_steps;
pub(crate) use kernel::kernel_text;
pub(crate) use need::{Need, Needs, Seen};

use std::net::IpAddr;

use crate::event::{Body, Event};
use crate::fields::{Extract, FieldRef, Type};
use crate::json::{self, Kind, Part, Value};

/// Fields that no path of keys describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    Number,
    Time,
    TimeSeconds,
    TimeIso8601,
    DateTime,
    DateTimeSeconds,
    RawTime,
    RawTimeSeconds,
    RawTimeNanos,
    RawTimeText,
    RelTime,
    RelTimeSeconds,
    RelTimeNanos,
    PluginName,
    PluginInfo,
    SourceName,
    IsAsync,
    JsonPointer,
    JsonIndented,
    UriParam,
    TargetPodName,
    SubjectUsers,
    SubjectServiceAccounts,
    SubjectNamespacedServiceAccounts,
    SubjectGroups,
    SubjectHasName,
    FirstContainerImage,
    FirstContainerRepository,
    AnyContainerPrivileged,
    ServicePorts,
    HasHostPath,
    HostPaths,
    FlexVolumeDrivers,
    VolumeTypes,
    SourceIps,
    RoleRulesApiGroups,
    RoleRulesUrls,
    RoleRulesVerbs,
    RoleRulesResources,
    Container(ContainerList, ContainerField),
    ShortSource,
    CloudUser,
    CloudOriginalUser,
    CloudAccount,
    CloudInfo,
    ManagementEvent,
    ReadOnly,
    CloudResources,
    SessionFromConsole,
    S3Uri,
    S3Bytes,
    S3BytesIn,
    S3BytesOut,
    S3Gets,
    S3Puts,
    S3Others,
    Ec2Name,
    Ec2Image,
    Ec2Images,
    GcpPolicyDelta,
    GcpLocation,
    GcpSink,
    OktaApp,
    OktaTarget(&'static str, &'static str),
    OktaTargetNames,
    GithubRepository,
    GithubIsPublic,
    GithubCommits(&'static str),
    GithubHasSecrets,
    GithubSecrets(&'static str),
    GithubSecretLinks,
    GithubHasMiners,
    GithubMinerTypes,
}

/// One of the container lists of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerList {
    /// `containers`
    Main,
    /// `initContainers`
    Init,
    /// `ephemeralContainers`
    Ephemeral,
}

/// A property of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerField {
    Args,
    Command,
    Name,
    Image,
    Repository,
    HostPort,
    Privileged,
    Escalation,
    ReadOnlyFs,
    RunAsUser,
    EffectiveUser,
    RunAsGroup,
    EffectiveGroup,
    ProcMount,
    Capabilities,
}

/// Where the bytes of a text value are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TextRef {
    /// In the event.
    Event(Part),
    /// In the scratch buffer.
    Buffer(Part),
    /// In the program.
    Static(&'static str),
}

/// The value of a field of the event at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    Absent,
    Text(TextRef),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Boolean(bool),
    Address(IpAddr),
    /// Items of the scratch list; none only where a list is written so.
    List(Part),
}

/// Memory that extraction reuses from event to event.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) buffer: Vec<u8>,
    pub(crate) list: Vec<Slot>,
}

impl Scratch {
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.list.clear();
    }

    /// The bytes of a text.
    pub(crate) fn bytes<'a>(&'a self, event: &Event<'a>, text: TextRef) -> &'a [u8] {
        match text {
            TextRef::Event(part) => {
                event.text.as_bytes().get(part.start as usize..part.end as usize).unwrap_or_default()
            }
            TextRef::Buffer(part) => {
                self.buffer.get(part.start as usize..part.end as usize).unwrap_or_default()
            }
            TextRef::Static(text) => text.as_bytes(),
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self, part: Part) -> &[Slot] {
        self.list.get(part.start as usize..part.end as usize).unwrap_or_default()
    }

    /// Copies bytes into the buffer.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> TextRef {
        self.build(|buffer| buffer.extend_from_slice(bytes))
    }

    /// Writes a text into the buffer.
    pub(crate) fn build(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> TextRef {
        let start = length(&self.buffer);
        write(&mut self.buffer);
        TextRef::Buffer(Part { start, end: length(&self.buffer) })
    }

    /// The text of a value: in the event where it stands there as it is, else decoded.
    pub(crate) fn text_of(&mut self, value: Value<'_>) -> TextRef {
        let part = value.part();
        match value.kind() {
            Kind::String => {
                let raw = value.raw();
                if json::has_escape(raw.as_bytes()) {
                    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
                    self.store(json::unescape(inner).as_bytes())
                } else {
                    TextRef::Event(Part { start: part.start + 1, end: part.end.saturating_sub(1) })
                }
            }
            Kind::Object | Kind::Array => match json::compact(value.raw()) {
                std::borrow::Cow::Borrowed(_) => TextRef::Event(part),
                std::borrow::Cow::Owned(text) => self.store(text.as_bytes()),
            },
            Kind::Number | Kind::Bool | Kind::Null => TextRef::Event(part),
        }
    }

    /// A list of what `items` yields; an empty one is no value.
    pub(crate) fn collect(&mut self, items: impl IntoIterator<Item = TextRef>) -> Slot {
        let start = length(&self.list);
        self.list.extend(items.into_iter().map(Slot::Text));
        self.list_since(start)
    }

    /// The list of the items that were pushed since it had `start` of them.
    pub(crate) fn list_since(&self, start: u32) -> Slot {
        let end = length(&self.list);
        if start == end { Slot::Absent } else { Slot::List(Part { start, end }) }
    }

    /// Where the next item of the list will be.
    pub(crate) fn list_start(&self) -> u32 {
        length(&self.list)
    }
}

fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// Gets a field out of an event.
pub(crate) fn extract(field: &FieldRef, event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let definition = field.field();
    if let Body::Reported(reported) = event.body
        && !matches!(definition.extract, Extract::Special(special) if generic::is_generic(special))
    {
        return reported::extract(field, event.value(reported), scratch);
    }
    match definition.extract {
        Extract::Path([key]) if definition.ty == Type::Text && !definition.is_list => {
            plain_text(key, event, scratch)
        }
        Extract::Path(keys) => from_json(definition.ty, definition.is_list, event.path(keys), scratch),
        Extract::PathNotNull(keys) => {
            let value = event.path(keys).filter(|value| value.kind() != Kind::Null);
            from_json(definition.ty, definition.is_list, value, scratch)
        }
        Extract::Special(special) => special_value(special, field, event, scratch),
        Extract::Column(column) => match event.body {
            Body::Columns(columns) => {
                let part = columns.get(usize::from(column)).copied().unwrap_or_default();
                match part.of(event.text) {
                    "" | "-" => Slot::Absent,
                    _ if definition.ty == Type::Text => Slot::Text(TextRef::Event(part)),
                    text => typed(definition.ty, text),
                }
            }
            Body::Json(_) | Body::Reported(_) | Body::Kernel(_) => Slot::Absent,
        },
        Extract::Reported => match event.body {
            Body::Kernel(kernel) => kernel::extract(field, kernel, scratch),
            _ => Slot::Absent,
        },
    }
}

/// The text of a top-level member, which most checks are about.
fn plain_text(key: &str, event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let Some(member) = event.member(key) else { return Slot::Absent };
    match member.plain_text() {
        Some(part) => Slot::Text(TextRef::Event(part)),
        None => Slot::Text(scratch.text_of(event.value(member.value))),
    }
}

fn from_json(ty: Type, is_list: bool, value: Option<Value<'_>>, scratch: &mut Scratch) -> Slot {
    let Some(value) = value else { return Slot::Absent };
    if is_list {
        let start = scratch.list_start();
        for item in value.items() {
            let text = scratch.text_of(item);
            scratch.list.push(Slot::Text(text));
        }
        return scratch.list_since(start);
    }
    match ty {
        Type::Text | Type::Bytes | Type::Dynamic => Slot::Text(scratch.text_of(value)),
        _ => typed(ty, &value.to_text()),
    }
}

fn special_value(special: Special, field: &FieldRef, event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    if let Some(slot) = generic::extract(special, field, event, scratch) {
        return slot;
    }
    if let Some(slot) = k8s_audit::extract(special, field, event, scratch) {
        return slot;
    }
    if let Some(slot) = cloudtrail::extract(special, field, event, scratch) {
        return slot;
    }
    saas::extract(special, field, event, scratch)
}

/// Reads a text as a value of the type; a text that is none has no value.
pub(crate) fn typed(ty: Type, text: &str) -> Slot {
    let number = |slot: Option<Slot>| slot.unwrap_or(Slot::Absent);
    match ty {
        Type::Unsigned | Type::Duration | Type::Time | Type::Port => {
            number(text.parse().ok().map(Slot::Unsigned).or_else(|| whole(text).map(Slot::Unsigned)))
        }
        Type::Signed => number(text.parse().ok().map(Slot::Signed)),
        Type::Float => number(text.parse().ok().map(Slot::Float)),
        Type::Boolean => match text {
            "true" => Slot::Boolean(true),
            "false" => Slot::Boolean(false),
            _ => Slot::Absent,
        },
        Type::Address | Type::Network => number(text.parse().ok().map(Slot::Address)),
        Type::Text | Type::Bytes | Type::Dynamic => Slot::Absent,
    }
}

/// `33.0` as 33.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the range is checked, and a byte count above 2^53 may lose its last digits"
)]
pub(crate) fn whole(text: &str) -> Option<u64> {
    let float: f64 = text.parse().ok()?;
    (0.0..=u64::MAX as f64).contains(&float).then_some(float as u64)
}
