//! Fields of kernel events out of captures.
//!
//! As Falco's, except: what a capture does not tell has no value, even where Falco says `false`, 0 or an empty text.

use std::net::IpAddr;

use super::{Scratch, Slot, typed};
use crate::capture::{Descriptor, KernelEvent, KernelValue, Role, Thread};
use crate::fields::{FieldRef, Type};

pub(super) fn extract(field: &FieldRef, event: &KernelEvent<'_>, scratch: &mut Scratch) -> Slot {
    let definition = field.field();
    match value(definition.name, field.argument.as_deref(), field.index, event) {
        Some(value) => slot(definition.ty, value, scratch),
        None => Slot::Absent,
    }
}

/// The value of a field without argument, if it is a text.
pub(crate) fn kernel_text(name: &str, event: &KernelEvent<'_>) -> Option<String> {
    match value(name, None, None, event)? {
        KernelValue::Text(text) => Some(text),
        _ => None,
    }
}

fn slot(ty: Type, value: KernelValue, scratch: &mut Scratch) -> Slot {
    match value {
        KernelValue::Text(text) => match ty {
            Type::Text | Type::Bytes | Type::Dynamic => Slot::Text(scratch.store(text.as_bytes())),
            ty => typed(ty, &text),
        },
        KernelValue::Bytes(bytes) => Slot::Text(scratch.store(&bytes)),
        KernelValue::Signed(number) => match (ty, u64::try_from(number)) {
            (Type::Text, _) => Slot::Text(scratch.store(number.to_string().as_bytes())),
            (Type::Signed | Type::Dynamic, _) => Slot::Signed(number),
            (_, Ok(number)) => Slot::Unsigned(number),
            (_, Err(_)) => Slot::Absent,
        },
        KernelValue::Unsigned(number) => match (ty, i64::try_from(number)) {
            (Type::Text, _) => Slot::Text(scratch.store(number.to_string().as_bytes())),
            (Type::Signed, Ok(number)) => Slot::Signed(number),
            _ => Slot::Unsigned(number),
        },
        KernelValue::Boolean(value) => Slot::Boolean(value),
        KernelValue::Address(address) => Slot::Address(address),
        KernelValue::List(values) => {
            let slots: Vec<Slot> = values.into_iter().map(|value| slot(ty, value, scratch)).collect();
            let start = scratch.list_start();
            scratch.list.extend(slots);
            scratch.list_since(start)
        }
    }
}

fn value(
    name: &str,
    argument: Option<&str>,
    index: Option<u64>,
    event: &KernelEvent<'_>,
) -> Option<KernelValue> {
    match name.split_once('.')?.0 {
        "evt" | "syscall" => of_event(name, argument, event),
        "proc" | "thread" => of_process(name, argument, index, event),
        "fd" => of_descriptor(name, event),
        "user" | "group" => of_user(name, event),
        "container" | "k8s" => of_container(name, argument, event),
        _ => None,
    }
}

fn text(text: impl Into<String>) -> Option<KernelValue> {
    Some(KernelValue::Text(text.into()))
}

fn truth(value: bool) -> Option<KernelValue> {
    Some(KernelValue::Boolean(value))
}

/// A text that is not empty.
fn some_text(value: &str) -> Option<KernelValue> {
    (!value.is_empty()).then(|| KernelValue::Text(value.to_owned()))
}

// Events.

const READABLE: i64 = 1;
const WRITABLE: i64 = 1 << 1;
const CREATE: i64 = 1 << 2;
const TEMPORARY: i64 = 1 << 13;
const CREATED: i64 = 1 << 14;
/// Any right to execute.
const EXECUTABLE: i64 = 0o111;

fn of_event(name: &str, argument: Option<&str>, event: &KernelEvent<'_>) -> Option<KernelValue> {
    let info = event.info;
    let is_io = info.reads || info.writes;
    match name {
        "evt.type" => text(event.name()),
        "syscall.type" if info.is_syscall => text(event.name()),
        "evt.type.is" => argument.map(|wanted| KernelValue::Unsigned(u64::from(wanted == event.name()))),
        // Entries are no events of their own: as Falco says it, everything is an exit.
        "evt.dir" => text("<"),
        "evt.category" => text(category(event)),
        "evt.cpu" => Some(KernelValue::Signed(i64::from(event.cpu))),
        "evt.args" | "evt.info" => text(event.arguments()),
        "evt.arg" => text(event.argument(argument?)?.best()),
        "evt.rawarg" => event.raw_argument(argument?),
        "evt.buffer" => Some(KernelValue::Bytes(event.bytes("data")?.to_vec())),
        "evt.buflen" => event.result().filter(|length| is_io && *length >= 0).map(KernelValue::Signed),
        "evt.res" => event.outcome().map(KernelValue::Text),
        "evt.rawres" => event.result().map(KernelValue::Signed),
        "evt.failed" => truth(event.result()? < 0),
        "evt.is_io" => truth(is_io),
        "evt.is_io_read" => truth(info.reads),
        "evt.is_io_write" => truth(info.writes),
        "evt.io_dir" if is_io => text(if info.reads { "read" } else { "write" }),
        "evt.count" => Some(KernelValue::Unsigned(1)),
        "evt.count.error" => {
            Some(KernelValue::Unsigned(u64::from(event.result().is_some_and(|result| result < 0))))
        }
        "evt.count.exit" => Some(KernelValue::Unsigned(u64::from(info.is_exit()))),
        "evt.abspath" => absolute_path(argument, event),
        "evt.is_open_read" => is_opened(event, |flags| flags & READABLE != 0),
        "evt.is_open_write" => is_opened(event, |flags| flags & WRITABLE != 0),
        "evt.is_open_create" => is_opened(event, |flags| flags & CREATED != 0),
        "evt.is_open_exec" => {
            let mode = event.number("mode").unwrap_or(0);
            let creates = event.name() == "creat";
            is_opened(event, |flags| (creates || flags & (CREATE | TEMPORARY) != 0) && mode & EXECUTABLE != 0)
        }
        _ => None,
    }
}

/// Whether the event opens a file so.
fn is_opened(event: &KernelEvent<'_>, test: impl Fn(i64) -> bool) -> Option<KernelValue> {
    let is_open = matches!(event.name(), "open" | "openat" | "openat2" | "open_by_handle_at" | "creat");
    // `creat` has no flags: it opens for writing.
    let flags = event.number("flags").unwrap_or(if event.name() == "creat" { WRITABLE | CREATE } else { 0 });
    truth(is_open && test(flags))
}

fn category(event: &KernelEvent<'_>) -> &'static str {
    match event.info.category {
        "read" | "write" | "io" => match event.descriptor().map(|descriptor| descriptor.kind.names().0) {
            Some("file" | "directory") => "file",
            Some("ipv4" | "ipv6" | "unix" | "netlink") => "net",
            Some("pipe") => "IPC",
            _ => "other",
        },
        "ipc" => "IPC",
        category => category,
    }
}

/// The path that a call names, from its directory on.
fn absolute_path(argument: Option<&str>, event: &KernelEvent<'_>) -> Option<KernelValue> {
    let names: &[&str] = match argument {
        Some("src") => &["oldpath"],
        Some("dst") => &["newpath", "linkpath"],
        _ => &["name", "path", "newpath", "linkpath", "oldpath"],
    };
    names.iter().find_map(|name| event.argument(name)).map(|path| KernelValue::Text(path.best()))
}

// Processes.

fn of_process(
    name: &str,
    argument: Option<&str>,
    index: Option<u64>,
    event: &KernelEvent<'_>,
) -> Option<KernelValue> {
    let machine = event.machine;
    let thread = event.thread()?;
    let process = event.process().unwrap_or(thread);
    let parent = || machine.ancestors(event.tid).next();
    let leader = |id: Option<i64>| id.and_then(|id| machine.thread(id));
    let number = |number: Option<i64>| number.filter(|number| *number >= 0).map(KernelValue::Signed);
    let since = |thread: &Thread| Some(KernelValue::Unsigned(event.time_ns.checked_sub(thread.start_ns?)?));
    match name {
        "proc.name" => some_text(&thread.comm),
        "proc.exe" => some_text(&thread.exe),
        "proc.exepath" => some_text(thread.exepath.as_deref()?),
        "proc.pname" => some_text(&parent()?.comm),
        "proc.pexe" => some_text(&parent()?.exe),
        "proc.pexepath" => some_text(parent()?.exepath.as_deref()?),
        "proc.pcmdline" => some_text(&parent()?.command_line()),
        "proc.aname" => ancestor(index, argument, event, |thread| some_text(&thread.comm)),
        "proc.aexe" => ancestor(index, argument, event, |thread| some_text(&thread.exe)),
        "proc.aexepath" => ancestor(index, argument, event, |thread| some_text(thread.exepath.as_deref()?)),
        "proc.acmdline" => ancestor(index, argument, event, |thread| some_text(&thread.command_line())),
        "proc.aargs" => ancestor(index, argument, event, |thread| text(thread.args.join(" "))),
        "proc.apid" => ancestor(index, argument, event, |thread| Some(KernelValue::Signed(thread.pid))),
        "proc.args" => match index {
            Some(index) => text(process.args.get(usize::try_from(index).ok()?)?.clone()),
            None => some_text(&thread.args.join(" ")),
        },
        "proc.cmdline" => some_text(&thread.command_line()),
        "proc.exeline" => some_text(format!("{} {}", thread.exe, thread.args.join(" ")).trim()),
        "proc.cmdnargs" => Some(KernelValue::Unsigned(thread.args.len() as u64)),
        "proc.cmdlenargs" => {
            Some(KernelValue::Unsigned(thread.args.iter().map(|argument| argument.len() as u64).sum()))
        }
        "proc.env" => environment(process, argument),
        "proc.aenv" => match (index, argument) {
            (Some(_), _) => ancestor(index, argument, event, |thread| text(thread.env.join(" "))),
            _ => machine.ancestors(event.tid).find_map(|thread| environment(thread, argument)),
        },
        "proc.cwd" => match process.cwd.as_str() {
            "" => None,
            cwd if cwd.ends_with('/') => text(cwd),
            cwd => text(format!("{cwd}/")),
        },
        "proc.tty" => thread.tty.map(|tty| KernelValue::Unsigned(tty.into())),
        "proc.pid" => number(Some(thread.pid)),
        "proc.ppid" => number(Some(process.ptid)),
        "proc.vpid" => number(thread.vpid),
        "proc.pvpid" => number(parent()?.vpid),
        "proc.sid" => number(thread.sid),
        "proc.sname" => some_text(&leader(thread.sid)?.comm),
        "proc.sid.exe" => some_text(&leader(thread.sid)?.exe),
        "proc.sid.exepath" => some_text(leader(thread.sid)?.exepath.as_deref()?),
        "proc.pgid" => number(thread.pgid),
        "proc.pgid.name" => some_text(&leader(thread.pgid)?.comm),
        "proc.pgid.exe" => some_text(&leader(thread.pgid)?.exe),
        "proc.pgid.exepath" => some_text(leader(thread.pgid)?.exepath.as_deref()?),
        "proc.vpgid" => number(thread.vpgid),
        "proc.is_sid_leader" => truth(thread.sid? == thread.vpid.unwrap_or(thread.pid)),
        "proc.is_pgid_leader" => truth(thread.pgid? == thread.pid),
        "proc.is_vpgid_leader" => truth(thread.vpgid? == thread.vpid?),
        "proc.duration" => since(process),
        "proc.ppid.duration" => since(parent()?),
        "proc.pid.ts" => process.start_ns.map(KernelValue::Unsigned),
        "proc.ppid.ts" => parent()?.start_ns.map(KernelValue::Unsigned),
        "proc.is_exe_writable" => process.is_exe_writable.map(KernelValue::Boolean),
        "proc.is_exe_upper_layer" => process.is_exe_upper_layer.map(KernelValue::Boolean),
        "proc.is_exe_lower_layer" => process.is_exe_lower_layer.map(KernelValue::Boolean),
        "proc.is_exe_from_memfd" => process.is_exe_from_memfd.map(KernelValue::Boolean),
        "proc.exe_ino" => process.exe_ino.map(KernelValue::Unsigned),
        "proc.exe_ino.ctime" => process.exe_ino_ctime.map(KernelValue::Unsigned),
        "proc.exe_ino.mtime" => process.exe_ino_mtime.map(KernelValue::Unsigned),
        "proc.fdopencount" => Some(KernelValue::Unsigned(process.descriptors.len() as u64)),
        "thread.tid" => number(Some(thread.tid)),
        "thread.vtid" => number(thread.vtid),
        "thread.ismain" => truth(thread.tid == thread.pid),
        "thread.nametid" => text(format!("{}{}", thread.comm, thread.tid)),
        "thread.cap_inheritable" => thread.capabilities.first().copied().flatten().map(capabilities),
        "thread.cap_permitted" => thread.capabilities.get(1).copied().flatten().map(capabilities),
        "thread.cap_effective" => thread.capabilities.get(2).copied().flatten().map(capabilities),
        "thread.cgroups" => {
            let groups = process.cgroups.iter().map(|(name, path)| format!("{name}={path}"));
            some_text(&groups.collect::<Vec<_>>().join(" "))
        }
        "thread.cgroup" => {
            let wanted = argument?;
            process.cgroups.iter().find(|(name, _)| name == wanted).and_then(|(_, path)| some_text(path))
        }
        _ => None,
    }
}

/// 0 is the process itself; without a number all ancestors count.
fn ancestor(
    index: Option<u64>,
    argument: Option<&str>,
    event: &KernelEvent<'_>,
    get: impl Fn(&Thread) -> Option<KernelValue>,
) -> Option<KernelValue> {
    match index.or_else(|| argument?.parse().ok()) {
        Some(0) => get(event.thread()?),
        Some(index) => {
            let above = usize::try_from(index).ok()?.checked_sub(1)?;
            get(event.machine.ancestors(event.tid).nth(above)?)
        }
        None => Some(KernelValue::List(event.machine.ancestors(event.tid).filter_map(get).collect())),
    }
}

/// The whole environment, or the value of one variable of it.
fn environment(thread: &Thread, argument: Option<&str>) -> Option<KernelValue> {
    let Some(name) = argument else { return some_text(&thread.env.join(" ")) };
    let value = thread.env.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    text(value?)
}

fn capabilities(bits: u64) -> KernelValue {
    const NAMES: [&str; 41] = [
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_DAC_READ_SEARCH",
        "CAP_FOWNER",
        "CAP_FSETID",
        "CAP_KILL",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN",
        "CAP_NET_RAW",
        "CAP_IPC_LOCK",
        "CAP_IPC_OWNER",
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE",
        "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT",
        "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE",
        "CAP_SYS_TIME",
        "CAP_SYS_TTY_CONFIG",
        "CAP_MKNOD",
        "CAP_LEASE",
        "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL",
        "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE",
        "CAP_MAC_ADMIN",
        "CAP_SYSLOG",
        "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ",
        "CAP_PERFMON",
        "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ];
    let set = NAMES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| *name);
    KernelValue::Text(set.collect::<Vec<_>>().join(" "))
}

// File descriptors.

fn of_descriptor(name: &str, event: &KernelEvent<'_>) -> Option<KernelValue> {
    if name == "fd.num" {
        return event.descriptor_number().map(KernelValue::Signed);
    }
    let descriptor = event.descriptor()?;
    let is_file = matches!(descriptor.kind.names().0, "file" | "directory");
    match name {
        "fd.type" => text(descriptor.kind.names().0),
        "fd.typechar" => text(descriptor.kind.names().1),
        "fd.name" => some_text(&descriptor.name),
        "fd.nameraw" => some_text(descriptor.given.as_deref().unwrap_or(&descriptor.name)),
        "fd.directory" if is_file => match descriptor.name.rsplit_once('/') {
            Some(("", _)) => text("/"),
            Some((directory, _)) => text(directory),
            None => None,
        },
        "fd.filename" if is_file => some_text(descriptor.name.rsplit('/').next()?),
        "fd.dev" => descriptor.device.map(|device| KernelValue::Unsigned(device.into())),
        "fd.ino" => descriptor.ino.map(KernelValue::Unsigned),
        "fd.is_server" => truth(descriptor.role? == Role::Server),
        "fd.connected" => truth(descriptor.is_connected),
        "fd.name_changed" => truth(descriptor.has_new_name),
        "fd.sockfamily" => match descriptor.kind.names().0 {
            "ipv4" | "ipv6" => text("ip"),
            "unix" => text("unix"),
            _ => None,
        },
        "fd.l4proto" if descriptor.kind.is_internet() => text(match descriptor.protocol? {
            2 => "tcp",
            3 => "udp",
            4 => "icmp",
            5 => "raw",
            _ => return None,
        }),
        _ => of_ends(name, descriptor),
    }
}

/// Fields of the ends of connections. Who asked for a connection is its client, who was asked its server.
fn of_ends(name: &str, descriptor: &Descriptor) -> Option<KernelValue> {
    let address = |end: Option<(IpAddr, u16)>| end.map(|(address, _)| KernelValue::Address(address));
    let port = |end: Option<(IpAddr, u16)>| end.map(|(_, port)| KernelValue::Unsigned(port.into()));
    let source = descriptor.connection.map(|ends| (ends.source, ends.source_port));
    let target = descriptor.connection.map(|ends| (ends.target, ends.target_port));
    let (client, server) = (source, target.or(descriptor.server));
    let (local, remote) = match descriptor.role {
        Some(Role::Client) => (client, server),
        Some(Role::Server) => (server, client),
        None => (None, None),
    };
    let both = |convert: &dyn Fn(Option<(IpAddr, u16)>) -> Option<KernelValue>| {
        let values: Vec<KernelValue> = [client, server].into_iter().filter_map(convert).collect();
        (!values.is_empty()).then_some(KernelValue::List(values))
    };
    match name {
        "fd.ip" | "fd.net" => both(&address),
        "fd.port" => both(&port),
        "fd.cip" | "fd.cnet" => address(client),
        "fd.sip" | "fd.snet" => address(server),
        "fd.lip" | "fd.lnet" => address(local),
        "fd.rip" | "fd.rnet" => address(remote),
        "fd.cport" => port(client),
        "fd.sport" => port(server),
        "fd.lport" => port(local),
        "fd.rport" => port(remote),
        _ => None,
    }
}

// Users.

fn of_user(name: &str, event: &KernelEvent<'_>) -> Option<KernelValue> {
    let thread = event.thread()?;
    let user = || event.machine.user(thread.uid?);
    match name {
        "user.uid" => thread.uid.map(|uid| KernelValue::Unsigned(uid.into())),
        "user.name" => match user() {
            Some(user) => some_text(&user.name),
            // Root is called so wherever nobody tells.
            None => (thread.uid? == 0).then(|| KernelValue::Text("root".to_owned())),
        },
        "user.homedir" => some_text(&user()?.home),
        "user.shell" => some_text(&user()?.shell),
        // -1 says that nobody logged in.
        "user.loginuid" => {
            thread.login_uid.map(|uid| KernelValue::Signed(if uid == u32::MAX { -1 } else { i64::from(uid) }))
        }
        "user.loginname" => some_text(event.machine.user_name(thread.login_uid?)?),
        "group.gid" => thread.gid.map(|gid| KernelValue::Unsigned(gid.into())),
        "group.name" => some_text(event.machine.group_name(thread.gid?)?),
        _ => None,
    }
}

// Containers.

fn of_container(name: &str, argument: Option<&str>, event: &KernelEvent<'_>) -> Option<KernelValue> {
    let process = event.process()?;
    let Some(id) = process.container.as_deref() else {
        return match name {
            "container.id" | "container.name" => text("host"),
            _ => None,
        };
    };
    if name == "container.id" {
        return text(id);
    }
    let json = event.machine.container(id)?;
    let string = |key: &str| json.get(key)?.as_str().and_then(some_text);
    let label = |key: &str| json.get("labels")?.get(key)?.as_str().and_then(some_text);
    match name {
        "container.full_id" => string("full_id"),
        "container.name" => string("name"),
        "container.image" => string("image"),
        "container.image.id" => string("imageid"),
        "container.image.repository" => string("imagerepo"),
        "container.image.tag" => string("imagetag"),
        "container.image.digest" => string("imagedigest"),
        "container.ip" => string("ip"),
        "container.type" => string("type"),
        "container.privileged" => truth(json.get("privileged")?.as_bool()?),
        "container.host_pid" => truth(json.get("host_pid")?.as_bool()?),
        "container.host_network" => truth(json.get("host_network")?.as_bool()?),
        "container.host_ipc" => truth(json.get("host_ipc")?.as_bool()?),
        "container.mount.dest" => mount(json, argument?, "Source", "Destination"),
        "container.mount.source" => mount(json, argument?, "Destination", "Source"),
        "container.mounts" => {
            let mounts = json.get("Mounts")?.as_array()?;
            let part = |mount: &serde_json::Value, key: &str| {
                mount.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
            };
            let printed = mounts.iter().map(|mount| {
                let writable = mount.get("RW").and_then(serde_json::Value::as_bool).unwrap_or(false);
                let ends = [part(mount, "Source"), part(mount, "Destination"), part(mount, "Mode")];
                format!("{}:{writable}:{}", ends.join(":"), part(mount, "Propagation"))
            });
            some_text(&printed.collect::<Vec<_>>().join(","))
        }
        "container.label" => label(argument?),
        "k8s.pod.name" => label("io.kubernetes.pod.name"),
        "k8s.ns.name" => label("io.kubernetes.pod.namespace"),
        "k8s.pod.uid" | "k8s.pod.id" => label("io.kubernetes.pod.uid"),
        "k8s.pod.sandbox_id" => label("io.kubernetes.sandbox.id"),
        _ => None,
    }
}

/// One end of the mount whose other end is like `wanted`, or of the one with that number.
fn mount(json: &serde_json::Value, wanted: &str, by: &str, give: &str) -> Option<KernelValue> {
    let mounts = json.get("Mounts")?.as_array()?;
    let is_it = |mount: &&serde_json::Value| {
        let end = mount.get(by).and_then(serde_json::Value::as_str);
        end.is_some_and(|end| crate::program::matches_glob(wanted.as_bytes(), end.as_bytes()))
    };
    let mount = match wanted.parse::<usize>() {
        Ok(at) => mounts.get(at),
        Err(_) => mounts.iter().find(is_it),
    };
    some_text(mount?.get(give)?.as_str()?)
}
