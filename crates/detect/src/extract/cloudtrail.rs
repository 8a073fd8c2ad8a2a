//! Fields of CloudTrail events.
//!
//! As Falco's `cloudtrail` plugin, except where that does not do what its field descriptions say:
//! - `ct.request.documentname` has a value (the plugin compares another spelling of the name);
//! - `ct.readonly` is guessed from the event's name where the event does not tell (the plugin gives up before);
//! - `s3.bytes.in` and `s3.bytes.out` have no value where the event has none (the plugin crashes);
//! - a value that is no string is its JSON text, and `null` is no value (the plugin: an empty text).

use std::fmt::Write as _;

use super::{Scratch, Slot, Special, TextRef, whole};
use crate::event::Event;
use crate::fields::FieldRef;
use crate::json::{Kind, Value};

pub(super) fn extract(
    special: Special,
    field: &FieldRef,
    event: &Event<'_>,
    scratch: &mut Scratch,
) -> Option<Slot> {
    let name_is = |name: &str| event.top("eventName").and_then(Value::string).as_deref() == Some(name);
    let once = |found: bool| if found { Slot::Unsigned(1) } else { Slot::Absent };
    Some(match special {
        Special::ShortSource => short_source(event, scratch),
        Special::CloudUser => match user(event) {
            Some(User::Named(name)) => Slot::Text(scratch.text_of(name)),
            Some(User::Kind(kind)) => Slot::Text(TextRef::Static(kind)),
            None => Slot::Absent,
        },
        Special::CloudOriginalUser => original_user(event, scratch),
        Special::CloudAccount => {
            let account = not_null(event.path(&["userIdentity", "accountId"]));
            text(account.or_else(|| not_null(event.top("recipientAccountId"))), scratch)
        }
        Special::CloudInfo => {
            let info = info(event);
            Slot::Text(scratch.store(info.as_bytes()))
        }
        Special::ManagementEvent => truth(not_null(event.top("managementEvent"))),
        Special::SessionFromConsole => truth(not_null(event.top("sessionCredentialFromConsole"))),
        Special::ReadOnly => read_only(event),
        Special::CloudResources => resources(event, scratch),
        Special::S3Uri => {
            let part = |key: &str| event.path(&["requestParameters", key]).and_then(Value::string);
            match (part("bucketName"), part("key")) {
                (Some(bucket), Some(key)) => {
                    Slot::Text(scratch.store(format!("s3://{bucket}/{key}").as_bytes()))
                }
                _ => Slot::Absent,
            }
        }
        Special::S3Bytes => match (bytes(event, "bytesTransferredIn"), bytes(event, "bytesTransferredOut")) {
            (None, None) => Slot::Absent,
            (read, written) => Slot::Unsigned(read.unwrap_or(0).saturating_add(written.unwrap_or(0))),
        },
        Special::S3BytesIn => bytes(event, "bytesTransferredIn").map_or(Slot::Absent, Slot::Unsigned),
        Special::S3BytesOut => bytes(event, "bytesTransferredOut").map_or(Slot::Absent, Slot::Unsigned),
        Special::S3Gets => once(name_is("GetObject")),
        Special::S3Puts => once(name_is("PutObject")),
        Special::S3Others => once(!name_is("GetObject") && !name_is("PutObject")),
        Special::Ec2Name => instance_name(event, scratch),
        Special::Ec2Image => match images(event, Some(0), scratch) {
            Slot::List(items) => scratch.items(items).first().copied().unwrap_or(Slot::Absent),
            slot => slot,
        },
        Special::Ec2Images => images(event, field.index, scratch),
        _ => return None,
    })
}

fn not_null(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| value.kind() != Kind::Null)
}

fn text(value: Option<Value<'_>>, scratch: &mut Scratch) -> Slot {
    value.map_or(Slot::Absent, |value| Slot::Text(scratch.text_of(value)))
}

fn truth(value: Option<Value<'_>>) -> Slot {
    match value {
        Some(value) => Slot::Text(TextRef::Static(if value.bool() == Some(true) { "true" } else { "false" })),
        None => Slot::Absent,
    }
}

fn short_source(event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let Some(source) = not_null(event.top("eventSource")) else { return Slot::Absent };
    let source = source.to_text();
    let short = source.strip_suffix(".amazonaws.com").filter(|short| !short.is_empty());
    Slot::Text(scratch.store(short.unwrap_or(&source).as_bytes()))
}

enum User<'e> {
    Named(Value<'e>),
    Kind(&'static str),
}

fn user<'e>(event: &Event<'e>) -> Option<User<'e>> {
    let identity = event.top("userIdentity")?;
    let kind = identity.get("type")?.string()?;
    match &*kind {
        "Root" | "IAMUser" => not_null(identity.get("userName")).map(User::Named),
        "AWSService" => not_null(identity.get("invokedBy")).map(User::Named),
        "AssumedRole" => {
            let issuer = not_null(identity.path(&["sessionContext", "sessionIssuer", "userName"]));
            Some(issuer.map_or(User::Kind("AssumedRole"), User::Named))
        }
        "AWSAccount" => Some(User::Kind("AWSAccount")),
        "FederatedUser" => Some(User::Kind("FederatedUser")),
        _ => None,
    }
}

/// The session name of an assumed role, else the user's name.
fn original_user(event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let Some(identity) = event.top("userIdentity") else { return Slot::Absent };
    let part = |key: &str| identity.get(key).and_then(Value::string);
    if part("type").as_deref() != Some("AssumedRole") {
        return text(not_null(identity.get("userName")), scratch);
    }
    if let Some(arn) = part("arn") {
        let mut parts = arn.split('/');
        if let (Some(_), Some(_), Some(session), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            return Slot::Text(scratch.store(session.as_bytes()));
        }
    }
    match part("principalId").as_deref().and_then(|id| id.split_once(':')) {
        Some((_, session)) if !session.contains(':') => Slot::Text(scratch.store(session.as_bytes())),
        _ => Slot::Absent,
    }
}

/// Words that names of changing calls begin with.
const CHANGES: [&str; 39] = [
    "Start",
    "Stop",
    "Create",
    "Destroy",
    "Delete",
    "Add",
    "Remove",
    "Terminate",
    "Put",
    "Associate",
    "Disassociate",
    "Attach",
    "Detach",
    "Open",
    "Close",
    "Wipe",
    "Update",
    "Upgrade",
    "Unlink",
    "Assign",
    "Unassign",
    "Suspend",
    "Set",
    "Run",
    "Register",
    "Deregister",
    "Reboot",
    "Purchase",
    "Modify",
    "Initialize",
    "Enable",
    "Disable",
    "Cancel",
    "Admin",
    "Activate",
    "Authorize",
    "Revoke",
    "Restore",
    "Import",
];

fn read_only(event: &Event<'_>) -> Slot {
    if let Some(value) = not_null(event.top("readOnly")) {
        return truth(Some(value));
    }
    match event.top("eventName").and_then(Value::string) {
        Some(name) => {
            let changes = CHANGES.iter().any(|word| name.starts_with(word));
            Slot::Text(TextRef::Static(if changes { "false" } else { "true" }))
        }
        None => Slot::Absent,
    }
}

fn resources(event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let Some(resources) = event.top("resources") else { return Slot::Absent };
    let texts: Vec<_> = resources.items().map(|item| crate::json::compact(item.raw())).collect();
    if texts.is_empty() {
        return Slot::Absent;
    }
    Slot::Text(scratch.store(texts.join(",").as_bytes()))
}

fn bytes(event: &Event<'_>, key: &str) -> Option<u64> {
    let value = not_null(event.path(&["additionalEventData", key]))?;
    let text = value.to_text();
    Some(text.parse().ok().or_else(|| whole(&text)).unwrap_or(0))
}

fn instance_name(event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let Some(items) = event.path(&["requestParameters", "tagSpecificationSet", "items"]) else {
        return Slot::Absent;
    };
    let is = |value: Value<'_>, key: &str, expected: &str| {
        value.get(key).and_then(Value::string).as_deref() == Some(expected)
    };
    let mut name = None;
    for item in items.items().filter(|item| is(*item, "resourceType", "instance")) {
        let tags = item.get("tags");
        let tag = tags.into_iter().flat_map(Value::items).find(|tag| is(*tag, "key", "Name"));
        name = tag.and_then(|tag| tag.get("value")).or(name);
    }
    text(name.filter(|name| name.string().is_some_and(|name| !name.is_empty())), scratch)
}

/// The images of the instances in the response, else the one in the request.
fn images(event: &Event<'_>, index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    if let Some(items) = event.path(&["responseElements", "instancesSet", "items"]) {
        for (at, item) in items.items().enumerate() {
            if index.is_some_and(|index| u64::try_from(at) != Ok(index)) {
                continue;
            }
            if let Some(image) = item.get("imageId").filter(|image| image.kind() == Kind::String) {
                let image = scratch.text_of(image);
                scratch.list.push(Slot::Text(image));
            }
        }
        return scratch.list_since(start);
    }
    if index.is_some_and(|index| index != 0) {
        return Slot::Absent;
    }
    let places: [&[&str]; 3] = [
        &["imageId"],
        &["DescribeFastLaunchImagesRequest", "ImageId", "content"],
        &["launchSpecification", "imageId"],
    ];
    let request = event.top("requestParameters");
    let image = places.iter().find_map(|keys| not_null(request?.path(keys)));
    match image {
        Some(image) => {
            let image = scratch.text_of(image);
            scratch.collect([image])
        }
        None => Slot::Absent,
    }
}

/// The plugin's one-line summary: who, from where, what, on what.
fn info(event: &Event<'_>) -> String {
    let top = |key: &str| not_null(event.top(key)).map(Value::to_text);
    let request = |key: &str| not_null(event.path(&["requestParameters", key])).map(Value::to_text);
    let who = match user(event) {
        Some(User::Named(name)) => name.to_text(),
        Some(User::Kind(kind)) => kind.into(),
        None => return "<invalid cloudtrail event: userIdentity field missing>".into(),
    };
    let Some(from) = top("sourceIPAddress") else {
        return "<invalid cloudtrail event: eventSource field missing>".into();
    };
    let Some(name) = top("eventName") else {
        return "<invalid cloudtrail event: eventName field missing>".into();
    };
    let failed = if top("errorCode").is_some() { "!" } else { "" };
    let changes = matches!(read_only(event), Slot::Text(TextRef::Static("false")));
    let arrow = if changes { "→" } else { "←" };
    let mut out = match who == from {
        true => format!("{who} {failed}{arrow} {name}"),
        false => format!("{who} via {from} {failed}{arrow} {name}"),
    };
    // Writing into a `String` does not fail.
    if name == "PutBucketPublicAccessBlock" {
        if let Some(block) = event.path(&["requestParameters", "PublicAccessBlockConfiguration"]) {
            for key in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
                let set = block.get(key).and_then(Value::bool).unwrap_or(false);
                let _ = write!(out, " {key}={set}");
            }
            out.push(' ');
        }
        return out;
    }
    let (read, written) = (bytes(event, "bytesTransferredIn"), bytes(event, "bytesTransferredOut"));
    if read.is_some() || written.is_some() {
        let _ = write!(out, " Size={}", read.unwrap_or(0).saturating_add(written.unwrap_or(0)));
    }
    match (request("bucketName"), request("key"), request("Host")) {
        (Some(bucket), Some(key), _) => {
            let _ = write!(out, " URI=s3://{bucket}/{key}");
        }
        (Some(bucket), None, _) => {
            let _ = write!(out, " Bucket={bucket}");
        }
        (None, Some(key), _) => {
            let _ = write!(out, " Key={key}");
        }
        (None, None, Some(host)) => {
            let _ = write!(out, " Host={host}");
        }
        (None, None, None) => {}
    }
    out
}
