//! Fields of Kubernetes audit events.
//!
//! As Falco's `k8saudit` plugin, except where that reads something else than the field's name and description
//! say:
//! - `ka.sourceips` is the event's `sourceIPs` (the plugin looks for them in the rules of a Role);
//! - `ka.req.binding.subject.has_name[x]` tells whether a subject is called so (the plugin: always `true`);
//! - the repository of an image keeps the port of its registry (the plugin cuts at the first colon);
//! - `eff_run_as_user` and `eff_run_as_group` read the security contexts (the plugin misses that level, so it has
//!   no value).

use super::{ContainerField, ContainerList, Scratch, Slot, Special, TextRef};
use crate::event::Event;
use crate::fields::FieldRef;
use crate::json::{Kind, Value};

/// A value, or its absence in one item of a list.
type Found<'e> = Option<Value<'e>>;

pub(super) fn extract(
    special: Special,
    field: &FieldRef,
    event: &Event<'_>,
    scratch: &mut Scratch,
) -> Option<Slot> {
    let argument = field.argument.as_deref().unwrap_or_default();
    let index = field.index;
    let slot = match special {
        Special::UriParam => uri_param(event, argument, scratch),
        Special::TargetPodName => target_pod_name(event, scratch),
        Special::SubjectUsers => subjects(event, "User", false, scratch),
        Special::SubjectServiceAccounts => subjects(event, "ServiceAccount", false, scratch),
        Special::SubjectNamespacedServiceAccounts => subjects(event, "ServiceAccount", true, scratch),
        Special::SubjectGroups => subjects(event, "Group", false, scratch),
        Special::SubjectHasName => has_subject(event, argument),
        Special::FirstContainerImage => {
            container(ContainerList::Main, ContainerField::Image, event, Some(0), scratch)
        }
        Special::FirstContainerRepository => {
            container(ContainerList::Main, ContainerField::Repository, event, Some(0), scratch)
        }
        Special::AnyContainerPrivileged => any_privileged(event),
        Special::ServicePorts => present(event, &["spec", "ports"], index, scratch),
        Special::HasHostPath => has_host_path(event, argument),
        Special::HostPaths => present(event, &["spec", "volumes", "hostPath", "path"], index, scratch),
        Special::FlexVolumeDrivers => {
            present(event, &["spec", "volumes", "flexVolume", "driver"], index, scratch)
        }
        Special::VolumeTypes => volume_types(event, index, scratch),
        Special::SourceIps => source_ips(event, index, scratch),
        Special::RoleRulesApiGroups => role_rules(event, "apiGroups", index, scratch),
        Special::RoleRulesUrls => role_rules(event, "nonResourceURLs", index, scratch),
        Special::RoleRulesVerbs => role_rules(event, "verbs", index, scratch),
        Special::RoleRulesResources => role_rules(event, "resources", index, scratch),
        Special::Container(list, property) => container(list, property, event, index, scratch),
        _ => return None,
    };
    Some(first_if_scalar(special, slot, scratch))
}

/// A key below `requestObject` without which the field has no value.
pub(super) fn needed_key(special: Special) -> Option<&'static str> {
    Some(match special {
        Special::SubjectUsers
        | Special::SubjectServiceAccounts
        | Special::SubjectNamespacedServiceAccounts
        | Special::SubjectGroups
        | Special::SubjectHasName => "subjects",
        Special::FirstContainerImage
        | Special::FirstContainerRepository
        | Special::AnyContainerPrivileged => "containers",
        Special::ServicePorts => "ports",
        Special::HostPaths => "hostPath",
        Special::FlexVolumeDrivers => "flexVolume",
        Special::HasHostPath | Special::VolumeTypes => "volumes",
        Special::RoleRulesApiGroups
        | Special::RoleRulesUrls
        | Special::RoleRulesVerbs
        | Special::RoleRulesResources => "rules",
        Special::Container(ContainerList::Init, _) => "initContainers",
        Special::Container(ContainerList::Ephemeral, _) => "ephemeralContainers",
        Special::Container(ContainerList::Main, property) => match property {
            ContainerField::Args => "args",
            ContainerField::Command => "command",
            ContainerField::Name => "name",
            ContainerField::Image | ContainerField::Repository => "image",
            ContainerField::HostPort => "ports",
            ContainerField::Privileged => "privileged",
            ContainerField::Escalation => "allowPrivilegeEscalation",
            ContainerField::ReadOnlyFs => "readOnlyRootFilesystem",
            ContainerField::RunAsUser => "runAsUser",
            ContainerField::RunAsGroup => "runAsGroup",
            // Without one of its own it has the default.
            ContainerField::EffectiveUser | ContainerField::EffectiveGroup => "containers",
            ContainerField::ProcMount => "procMount",
            ContainerField::Capabilities => "capabilities",
        },
        _ => return None,
    })
}

/// The deprecated fields about the first container are no lists.
fn first_if_scalar(special: Special, slot: Slot, scratch: &Scratch) -> Slot {
    match (special, slot) {
        (Special::FirstContainerImage | Special::FirstContainerRepository, Slot::List(items)) => {
            scratch.items(items).first().copied().unwrap_or(Slot::Absent)
        }
        (_, slot) => slot,
    }
}

/// Follows keys below `requestObject`; every list on the way is entered, at `index` or at each of its items. An
/// item that lacks a key counts as absent. False, and nothing found, where the first list is not reached.
fn walk<'e>(event: &Event<'e>, keys: &[&str], index: Option<u64>, found: &mut impl FnMut(Found<'e>)) -> bool {
    event.top("requestObject").is_some_and(|object| descend(object, keys, index, found))
}

/// False where a key is missing on the way to the first list or, with an index, anywhere: then nothing was found.
fn descend<'e>(
    value: Value<'e>,
    keys: &[&str],
    index: Option<u64>,
    found: &mut impl FnMut(Found<'e>),
) -> bool {
    let Some((key, rest)) = keys.split_first() else {
        found(Some(value));
        return true;
    };
    if value.kind() != Kind::Array {
        return match value.get(key) {
            Some(next) => descend(next, rest, index, found),
            None => false,
        };
    }
    match index {
        Some(index) => {
            let item = usize::try_from(index).ok().and_then(|index| value.items().nth(index));
            match item.and_then(|item| item.get(key)) {
                Some(next) => descend(next, rest, Some(index), found),
                None => false,
            }
        }
        None => {
            for item in value.items() {
                if !descend(item, keys, None, found) {
                    found(None);
                }
            }
            true
        }
    }
}

fn push(scratch: &mut Scratch, value: Value<'_>) {
    let text = scratch.text_of(value);
    scratch.list.push(Slot::Text(text));
}

/// The values that are there.
fn present(event: &Event<'_>, keys: &[&str], index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    walk(event, keys, index, &mut |value| {
        if let Some(value) = value {
            push(scratch, value);
        }
    });
    scratch.list_since(start)
}

fn target_pod_name(event: &Event<'_>, scratch: &mut Scratch) -> Slot {
    let reference = event.top("objectRef");
    let text = |key: &str| reference.and_then(|reference| reference.get(key)).and_then(Value::string);
    let is_pod = text("resource").as_deref() == Some("pods");
    let has_subresource = text("subresource").is_some_and(|name| !name.is_empty());
    match event.path(&["responseObject", "metadata", "name"]) {
        Some(name) if is_pod && !has_subresource => Slot::Text(scratch.text_of(name)),
        _ => Slot::Absent,
    }
}

fn subjects(event: &Event<'_>, kind: &str, with_namespace: bool, scratch: &mut Scratch) -> Slot {
    let Some(subjects) = event.path(&["requestObject", "subjects"]) else { return Slot::Absent };
    let start = scratch.list_start();
    for subject in subjects.items() {
        if subject.get("kind").is_none_or(|found| found.to_text() != kind) {
            continue;
        }
        let Some(name) = subject.get("name") else { continue };
        if !with_namespace {
            push(scratch, name);
        } else if let Some(namespace) = subject.get("namespace") {
            let text = scratch.store(format!("{}:{}", namespace.to_text(), name.to_text()).as_bytes());
            scratch.list.push(Slot::Text(text));
        }
    }
    scratch.list_since(start)
}

fn has_subject(event: &Event<'_>, name: &str) -> Slot {
    let Some(subjects) = event.path(&["requestObject", "subjects"]) else { return Slot::Absent };
    let has =
        subjects.items().any(|subject| subject.get("name").is_some_and(|found| found.to_text() == name));
    truth(has)
}

fn truth(value: bool) -> Slot {
    Slot::Text(TextRef::Static(if value { "true" } else { "false" }))
}

fn any_privileged(event: &Event<'_>) -> Slot {
    let mut any = false;
    let keys = ["spec", "containers", "securityContext", "privileged"];
    let is_pod = walk(event, &keys, None, &mut |value| any |= value.and_then(Value::bool) == Some(true));
    if is_pod { truth(any) } else { Slot::Absent }
}

/// A `*` at the end of the path makes it a prefix.
fn has_host_path(event: &Event<'_>, path: &str) -> Slot {
    let prefix = path.strip_suffix('*');
    let mut any = false;
    let has_volumes = walk(event, &["spec", "volumes", "hostPath", "path"], None, &mut |value| {
        let Some(value) = value else { return };
        let text = value.to_text();
        any |= text == path || prefix.is_some_and(|prefix| text.starts_with(prefix));
    });
    if has_volumes { truth(any) } else { Slot::Absent }
}

fn volume_types(event: &Event<'_>, index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let Some(volumes) = event.path(&["requestObject", "spec", "volumes"]) else { return Slot::Absent };
    let start = scratch.list_start();
    for (at, volume) in volumes.items().enumerate() {
        if index.is_some_and(|index| u64::try_from(at) != Ok(index)) {
            continue;
        }
        for member in volume.members().filter(|member| !member.key_is("name")) {
            let text = scratch.store(crate::json::unescape(member.raw_key).as_bytes());
            scratch.list.push(Slot::Text(text));
        }
    }
    scratch.list_since(start)
}

fn source_ips(event: &Event<'_>, index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let Some(addresses) = event.top("sourceIPs") else { return Slot::Absent };
    let start = scratch.list_start();
    for (at, address) in addresses.items().enumerate() {
        if index.is_none_or(|index| u64::try_from(at) == Ok(index)) {
            push(scratch, address);
        }
    }
    scratch.list_since(start)
}

/// The items of that list of every rule of a Role, one after another.
fn role_rules(event: &Event<'_>, key: &str, index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    walk(event, &["rules", key], index, &mut |list| {
        for item in list.into_iter().flat_map(Value::items) {
            push(scratch, item);
        }
    });
    scratch.list_since(start)
}

fn container(
    list: ContainerList,
    property: ContainerField,
    event: &Event<'_>,
    index: Option<u64>,
    scratch: &mut Scratch,
) -> Slot {
    let list = match list {
        ContainerList::Main => "containers",
        ContainerList::Init => "initContainers",
        ContainerList::Ephemeral => "ephemeralContainers",
    };
    let context = |key: &'static str| ["spec", list, "securityContext", key];
    match property {
        ContainerField::Args => joined(event, &["spec", list, "args"], index, scratch),
        ContainerField::Command => joined(event, &["spec", list, "command"], index, scratch),
        ContainerField::Name => complete(event, &["spec", list, "name"], index, false, scratch),
        ContainerField::Image => complete(event, &["spec", list, "image"], index, false, scratch),
        ContainerField::Repository => complete(event, &["spec", list, "image"], index, true, scratch),
        ContainerField::HostPort => host_ports(event, &["spec", list, "ports"], index, scratch),
        ContainerField::Privileged => present(event, &context("privileged"), index, scratch),
        ContainerField::Escalation => present(event, &context("allowPrivilegeEscalation"), index, scratch),
        ContainerField::ReadOnlyFs => present(event, &context("readOnlyRootFilesystem"), index, scratch),
        ContainerField::RunAsUser => present(event, &context("runAsUser"), index, scratch),
        ContainerField::RunAsGroup => present(event, &context("runAsGroup"), index, scratch),
        ContainerField::EffectiveUser => effective(event, list, "runAsUser", index, scratch),
        ContainerField::EffectiveGroup => effective(event, list, "runAsGroup", index, scratch),
        ContainerField::ProcMount => present(event, &context("procMount"), index, scratch),
        ContainerField::Capabilities => {
            present(event, &["spec", list, "securityContext", "capabilities", "add"], index, scratch)
        }
    }
}

/// The values of all items; none where one of them lacks it.
fn complete(
    event: &Event<'_>,
    keys: &[&str],
    index: Option<u64>,
    as_repository: bool,
    scratch: &mut Scratch,
) -> Slot {
    let start = scratch.list_start();
    let mut is_complete = true;
    walk(event, keys, index, &mut |value| match value {
        Some(value) if as_repository => {
            let text = scratch.store(repository(&value.to_text()).as_bytes());
            scratch.list.push(Slot::Text(text));
        }
        Some(value) => push(scratch, value),
        None => is_complete = false,
    });
    if is_complete { scratch.list_since(start) } else { Slot::Absent }
}

/// `registry:5000/team/app:1.2@sha256:…` without tag and digest.
fn repository(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let last_part = named.rfind('/').map_or(0, |slash| slash + 1);
    match named.get(last_part..).and_then(|part| part.find(':')) {
        Some(colon) => named.get(..last_part + colon).unwrap_or(named),
        None => named,
    }
}

/// Lists of words, each joined by blanks; none where one of them is not that.
fn joined(event: &Event<'_>, keys: &[&str], index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    let mut are_words = true;
    walk(event, keys, index, &mut |list| {
        let Some(list) = list else { return };
        let words: Option<Vec<_>> = list.items().map(Value::string).collect();
        match words.filter(|_| list.kind() == Kind::Array) {
            Some(words) => {
                let text = scratch.store(words.join(" ").as_bytes());
                scratch.list.push(Slot::Text(text));
            }
            None => are_words = false,
        }
    });
    if are_words { scratch.list_since(start) } else { Slot::Absent }
}

fn host_ports(event: &Event<'_>, keys: &[&str], index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    let mut are_lists = true;
    walk(event, keys, index, &mut |ports| {
        let Some(ports) = ports else { return };
        are_lists &= ports.kind() == Kind::Array;
        for port in ports.items() {
            if let Some(number) = port.get("hostPort").or_else(|| port.get("containerPort")) {
                push(scratch, number);
            }
        }
    });
    if are_lists { scratch.list_since(start) } else { Slot::Absent }
}

/// The container's own value, else the Pod's, else `0`.
fn effective(event: &Event<'_>, list: &str, key: &str, index: Option<u64>, scratch: &mut Scratch) -> Slot {
    let Some(spec) = event.path(&["requestObject", "spec"]) else { return Slot::Absent };
    let of_pod = spec.path(&["securityContext", key]);
    let Some(containers) = spec.get(list) else { return Slot::Absent };
    let start = scratch.list_start();
    for (at, container) in containers.items().enumerate() {
        if index.is_some_and(|index| u64::try_from(at) != Ok(index)) {
            continue;
        }
        match container.path(&["securityContext", key]).or(of_pod) {
            Some(value) => push(scratch, value),
            None => scratch.list.push(Slot::Text(TextRef::Static("0"))),
        }
    }
    scratch.list_since(start)
}

/// The first value of a query parameter.
fn uri_param(event: &Event<'_>, name: &str, scratch: &mut Scratch) -> Slot {
    let Some(uri) = event.top("requestURI") else { return Slot::Absent };
    let uri = uri.to_text();
    let without_fragment = uri.split_once('#').map_or(&*uri, |(before, _)| before);
    let Some((_, query)) = without_fragment.split_once('?') else { return Slot::Absent };
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode_query(key).is_some_and(|key| key == name.as_bytes())
            && let Some(value) = decode_query(value)
        {
            return Slot::Text(scratch.store(&value));
        }
    }
    Slot::Absent
}

/// `+` is a blank, `%41` is `A`; nothing where a percent sign has no two digits behind it.
fn decode_query(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_keep_the_port_of_their_registry() {
        for (image, expected) in [
            ("nginx", "nginx"),
            ("nginx:1.2", "nginx"),
            ("registry:5000/team/app", "registry:5000/team/app"),
            ("registry:5000/team/app:v1@sha256:00", "registry:5000/team/app"),
            ("team/app@sha256:00", "team/app"),
        ] {
            assert_eq!(repository(image), expected);
        }
    }

    #[test]
    fn query_parameters_are_decoded() {
        assert_eq!(decode_query("a%20b+c").unwrap(), b"a b c");
        assert_eq!(decode_query("%4"), None);
    }
}
