//! What is known about the machine that recorded: its threads, what they have open, users and containers.
//!
//! Everything is bounded: a capture that invents threads or descriptors without end makes the oldest kinds of
//! knowledge stop growing, not the memory grow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// So many threads, descriptors of a process and of all, users, groups and containers are remembered.
const MAX_THREADS: usize = 1 << 17;
const MAX_DESCRIPTORS: usize = 1 << 12;
const MAX_ALL_DESCRIPTORS: usize = 1 << 20;
const MAX_USERS: usize = 1 << 16;
const MAX_CONTAINERS: usize = 1 << 14;

/// How many ancestors are looked at.
pub(crate) const MAX_ANCESTORS: usize = 64;

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DescriptorKind {
    File,
    Directory,
    Ipv4,
    Ipv6,
    Ipv4Server,
    Ipv6Server,
    Pipe,
    Unix,
    Event,
    Signal,
    EventPoll,
    Inotify,
    Timer,
    Netlink,
    Bpf,
    UserFault,
    IoUring,
    Memory,
    Process,
    Other,
}

impl DescriptorKind {
    /// As `fd.type` and `fd.typechar` have it.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            DescriptorKind::File => ("file", "f"),
            DescriptorKind::Directory => ("directory", "d"),
            DescriptorKind::Ipv4 | DescriptorKind::Ipv4Server => ("ipv4", "4"),
            DescriptorKind::Ipv6 | DescriptorKind::Ipv6Server => ("ipv6", "6"),
            DescriptorKind::Pipe => ("pipe", "p"),
            DescriptorKind::Unix => ("unix", "u"),
            DescriptorKind::Event => ("event", "e"),
            DescriptorKind::Signal => ("signalfd", "s"),
            DescriptorKind::EventPoll => ("eventpoll", "l"),
            DescriptorKind::Inotify => ("inotify", "i"),
            DescriptorKind::Timer => ("timerfd", "t"),
            DescriptorKind::Netlink => ("netlink", "n"),
            DescriptorKind::Bpf => ("bpf", "b"),
            DescriptorKind::UserFault => ("userfaultfd", "u"),
            DescriptorKind::IoUring => ("io_uring", "r"),
            DescriptorKind::Memory => ("memfd", "m"),
            DescriptorKind::Process => ("pidfd", "P"),
            DescriptorKind::Other => ("other", "o"),
        }
    }

    pub(crate) fn is_internet(self) -> bool {
        use DescriptorKind::{Ipv4, Ipv4Server, Ipv6, Ipv6Server};
        matches!(self, Ipv4 | Ipv4Server | Ipv6 | Ipv6Server)
    }
}

/// Both ends of a connection: the source is who asked for it, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) source: IpAddr,
    pub(crate) source_port: u16,
    pub(crate) target: IpAddr,
    pub(crate) target_port: u16,
}

/// Which end of a connection the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// Something that a process has open.
#[derive(Debug, Clone)]
pub(crate) struct Descriptor {
    pub(crate) kind: DescriptorKind,
    /// A path, both ends of a connection, or what else names it.
    pub(crate) name: String,
    /// The path as the process gave it.
    pub(crate) given: Option<String>,
    pub(crate) connection: Option<Connection>,
    pub(crate) server: Option<(IpAddr, u16)>,
    pub(crate) role: Option<Role>,
    pub(crate) is_connected: bool,
    /// Whether a datagram gave it other ends than before.
    pub(crate) has_new_name: bool,
    pub(crate) protocol: Option<u8>,
    pub(crate) flags: Option<u32>,
    pub(crate) device: Option<u32>,
    pub(crate) ino: Option<u64>,
}

impl Descriptor {
    pub(crate) fn new(kind: DescriptorKind, name: String) -> Self {
        Self {
            kind,
            name,
            given: None,
            connection: None,
            server: None,
            role: None,
            is_connected: false,
            has_new_name: false,
            protocol: None,
            flags: None,
            device: None,
            ino: None,
        }
    }

    /// Gives it both ends.
    pub(crate) fn connect(&mut self, connection: Connection) {
        self.name = printed_connection(&connection);
        self.connection = Some(connection);
        self.server = None;
        self.kind = if connection.source.is_ipv4() { DescriptorKind::Ipv4 } else { DescriptorKind::Ipv6 };
    }

    /// Gives it one end, which waits for others.
    pub(crate) fn listen(&mut self, address: IpAddr, port: u16) {
        self.name = printed_end(address, port);
        self.server = Some((address, port));
        self.kind = match address.is_ipv4() {
            true => DescriptorKind::Ipv4Server,
            false => DescriptorKind::Ipv6Server,
        };
    }
}

/// Falco prints addresses of both versions without brackets.
pub(crate) fn printed_end(address: IpAddr, port: u16) -> String {
    format!("{address}:{port}")
}

pub(crate) fn printed_connection(connection: &Connection) -> String {
    let Connection { source, source_port, target, target_port } = connection;
    format!("{}->{}", printed_end(*source, *source_port), printed_end(*target, *target_port))
}

/// A thread, and the process whose first one it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thread {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    pub(crate) ptid: i64,
    pub(crate) comm: String,
    pub(crate) exe: String,
    pub(crate) exepath: Option<String>,
    /// A child has its parent's until it runs a program of its own: they are shared.
    pub(crate) args: Arc<Vec<String>>,
    pub(crate) env: Arc<Vec<String>>,
    pub(crate) cwd: String,
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) login_uid: Option<u32>,
    pub(crate) sid: Option<i64>,
    pub(crate) pgid: Option<i64>,
    pub(crate) vtid: Option<i64>,
    pub(crate) vpid: Option<i64>,
    pub(crate) vpgid: Option<i64>,
    pub(crate) tty: Option<u32>,
    pub(crate) cgroups: Arc<Vec<(String, String)>>,
    /// The id of its container, twelve digits.
    pub(crate) container: Option<String>,
    /// Inheritable, permitted, effective.
    pub(crate) capabilities: [Option<u64>; 3],
    pub(crate) is_exe_writable: Option<bool>,
    pub(crate) is_exe_upper_layer: Option<bool>,
    pub(crate) is_exe_lower_layer: Option<bool>,
    pub(crate) is_exe_from_memfd: Option<bool>,
    pub(crate) exe_ino: Option<u64>,
    pub(crate) exe_ino_ctime: Option<u64>,
    pub(crate) exe_ino_mtime: Option<u64>,
    /// When it began, where that was seen.
    pub(crate) start_ns: Option<u64>,
    /// Of a process's first thread: what it has open. Shared with its children until one of them changes it.
    pub(crate) descriptors: Arc<HashMap<i64, Descriptor>>,
    /// The entry of the system call that it is in: the number of the event and its parameters.
    pub(crate) entry: Option<(u16, Vec<Option<Vec<u8>>>)>,
}

impl Thread {
    pub(crate) fn set_cgroups(&mut self, cgroups: Vec<(String, String)>) {
        self.container = cgroups.iter().find_map(|(_, path)| container_id(path));
        self.cgroups = Arc::new(cgroups);
    }

    /// A path as the thread means it: a relative one starts in its working directory.
    pub(crate) fn absolute(&self, path: &str) -> String {
        join(&self.cwd, path)
    }

    /// The name and the arguments.
    pub(crate) fn command_line(&self) -> String {
        match self.args.is_empty() {
            true => self.comm.clone(),
            false => format!("{} {}", self.comm, self.args.join(" ")),
        }
    }
}

/// The id of a container in the path of a control group: sixty-four hexadecimal digits, maybe between a prefix and a
/// suffix of who runs it.
fn container_id(path: &str) -> Option<String> {
    path.rsplit('/').find_map(|part| {
        let part = part.strip_suffix(".scope").unwrap_or(part);
        let digits = part.rsplit(['-', ':']).next().unwrap_or(part);
        let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| digits.get(..12).map(str::to_owned))?
    })
}

/// A path below a directory, without `.` and `..`.
pub(crate) fn join(directory: &str, path: &str) -> String {
    let whole = match path.starts_with('/') {
        true => path.to_owned(),
        // A directory that is not known stays so.
        false if !directory.starts_with('/') => return path.to_owned(),
        false => format!("{directory}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) home: String,
    pub(crate) shell: String,
}

/// What is known at one moment of a capture.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    threads: HashMap<i64, Thread>,
    /// How many descriptors all threads have, those that are shared counted for each.
    descriptors: usize,
    users: HashMap<u32, User>,
    groups: HashMap<u32, String>,
    /// What the sensor told about containers, as it told it, by their id.
    containers: HashMap<String, serde_json::Value>,
}

impl Machine {
    pub(crate) fn thread(&self, tid: i64) -> Option<&Thread> {
        self.threads.get(&tid)
    }

    pub(crate) fn thread_mut(&mut self, tid: i64) -> Option<&mut Thread> {
        self.threads.get_mut(&tid)
    }

    pub(crate) fn insert(&mut self, mut thread: Thread) {
        self.remove(thread.tid);
        if self.threads.len() >= MAX_THREADS {
            return;
        }
        if self.descriptors + thread.descriptors.len() > MAX_ALL_DESCRIPTORS {
            thread.descriptors = Arc::default();
        }
        self.descriptors += thread.descriptors.len();
        self.threads.insert(thread.tid, thread);
    }

    pub(crate) fn remove(&mut self, tid: i64) {
        if let Some(thread) = self.threads.remove(&tid) {
            self.descriptors -= thread.descriptors.len();
        }
    }

    /// The first thread of the process of a thread.
    pub(crate) fn process(&self, tid: i64) -> Option<&Thread> {
        let thread = self.threads.get(&tid)?;
        self.threads.get(&thread.pid).or(Some(thread))
    }

    fn process_mut(&mut self, tid: i64) -> Option<&mut Thread> {
        let pid = self.threads.get(&tid)?.pid;
        let at = if self.threads.contains_key(&pid) { pid } else { tid };
        self.threads.get_mut(&at)
    }

    /// The parent, its parent, and so on.
    pub(crate) fn ancestors(&self, tid: i64) -> impl Iterator<Item = &Thread> {
        let mut at = self.process(tid);
        let mut left = MAX_ANCESTORS;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let child = at?;
            at = (child.ptid != child.tid).then(|| self.process(child.ptid)).flatten();
            at
        })
    }

    pub(crate) fn descriptor(&self, tid: i64, number: i64) -> Option<&Descriptor> {
        self.process(tid)?.descriptors.get(&number)
    }

    pub(crate) fn descriptor_mut(&mut self, tid: i64, number: i64) -> Option<&mut Descriptor> {
        let process = self.process_mut(tid)?;
        // Nothing is copied for one that is not there.
        process.descriptors.contains_key(&number).then_some(())?;
        Arc::make_mut(&mut process.descriptors).get_mut(&number)
    }

    pub(crate) fn insert_descriptor(&mut self, tid: i64, number: i64, descriptor: Descriptor) {
        if self.descriptors < MAX_ALL_DESCRIPTORS
            && let Some(process) = self.process_mut(tid)
            && process.descriptors.len() < MAX_DESCRIPTORS
            && Arc::make_mut(&mut process.descriptors).insert(number, descriptor).is_none()
        {
            self.descriptors += 1;
        }
    }

    pub(crate) fn remove_descriptor(&mut self, tid: i64, number: i64) {
        if let Some(process) = self.process_mut(tid)
            && process.descriptors.contains_key(&number)
            && Arc::make_mut(&mut process.descriptors).remove(&number).is_some()
        {
            self.descriptors -= 1;
        }
    }

    /// Takes what the sensor tells about a container.
    pub(crate) fn insert_container(&mut self, json: &[u8]) {
        let json: Option<serde_json::Value> =
            serde_json::from_slice(json.strip_suffix(b"\0").unwrap_or(json)).ok();
        let Some(container) = json.as_ref().and_then(|json| json.get("container")) else { return };
        if let Some(id) = container.get("id").and_then(serde_json::Value::as_str)
            && self.containers.len() < MAX_CONTAINERS
        {
            self.containers.insert(id.to_owned(), container.clone());
        }
    }

    pub(crate) fn container(&self, id: &str) -> Option<&serde_json::Value> {
        self.containers.get(id)
    }

    pub(crate) fn insert_user(&mut self, uid: u32, user: User) {
        if self.users.len() < MAX_USERS {
            self.users.insert(uid, user);
        }
    }

    pub(crate) fn insert_group(&mut self, gid: u32, name: String) {
        if self.groups.len() < MAX_USERS {
            self.groups.insert(gid, name);
        }
    }

    pub(crate) fn user(&self, uid: u32) -> Option<&User> {
        self.users.get(&uid)
    }

    pub(crate) fn group_name(&self, gid: u32) -> Option<&str> {
        self.groups.get(&gid).map(String::as_str)
    }

    pub(crate) fn user_name(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid).map(|user| user.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_in_a_directory() {
        for (directory, path, expected) in [
            ("/root/", "x", "/root/x"),
            ("/root", "../etc/./passwd", "/etc/passwd"),
            ("/", "/usr//bin", "/usr/bin"),
            ("/a", "../../..", "/"),
            ("", "x", "x"),
        ] {
            assert_eq!(join(directory, path), expected);
        }
    }

    #[test]
    fn containers_are_told_from_control_groups() {
        let id = "0123456789abcdef".repeat(4);
        for path in [
            format!("/docker/{id}"),
            format!("/kubepods.slice/kubepods-burstable.slice/cri-containerd-{id}.scope"),
            format!("/system.slice/docker-{id}.scope"),
            format!("/kubepods/besteffort/pod1/{id}"),
        ] {
            assert_eq!(container_id(&path).as_deref(), Some("0123456789ab"), "{path}");
        }
        assert_eq!(container_id("/user.slice/session-1.scope"), None);
    }

    #[test]
    fn a_thread_that_is_its_own_ancestor_has_an_end() {
        let mut machine = Machine::default();
        machine.insert(Thread { tid: 1, pid: 1, ptid: 2, ..Thread::default() });
        machine.insert(Thread { tid: 2, pid: 2, ptid: 1, ..Thread::default() });
        assert_eq!(machine.ancestors(1).count(), MAX_ANCESTORS);
    }
}
