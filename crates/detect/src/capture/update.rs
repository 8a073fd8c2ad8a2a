//! What an event changes: who runs, what is open.

use std::sync::Arc;

use super::blocks::{cgroups, plain_text, texts};
use super::event::Parameters;
use super::machine::{Descriptor, DescriptorKind, Machine, Role, Thread, User};
use super::parameter::{address, connection, path_at, socket_path};
use super::table::{self, EventInfo};

/// What has to go once the event has been judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    Nothing,
    Descriptor(i64),
    Thread,
}

/// An event after what it changed.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) parameters: Parameters,
    /// The file descriptor that it is about.
    pub(super) descriptor: Option<i64>,
    pub(super) leave: Leave,
}

/// The error of a connection that is still being made.
const IN_PROGRESS: i64 = -115;

/// Takes an event into account. Nothing for the entry of a system call: what it says is told with the exit.
pub(super) fn apply(
    machine: &mut Machine,
    info: &'static EventInfo,
    tid: i64,
    time_ns: u64,
    values: &[Option<Vec<u8>>],
) -> Option<Applied> {
    if machine.thread(tid).is_none() && tid > 0 {
        // What is not known of a thread has no value.
        machine.insert(Thread { tid, pid: tid, ptid: -1, ..Thread::default() });
    }
    let mut parameters = Parameters::new(info, values);
    if info.is_syscall {
        if !info.is_exit() {
            if let Some(thread) = machine.thread_mut(tid) {
                thread.entry = Some((info.number, values.to_vec()));
            }
            return None;
        }
        let entry = machine.thread_mut(tid).and_then(|thread| thread.entry.take());
        if let Some((number, values)) = entry
            && number + 1 == info.number
            && let Some(entry) = table::event(number)
        {
            parameters.complete(entry, &values);
        }
    }
    let change = Change { machine, tid, time_ns, info, parameters: &parameters };
    let (descriptor, leave) = change.run();
    Some(Applied { parameters, descriptor, leave })
}

/// Forgets what is gone after the event.
pub(super) fn leave(machine: &mut Machine, tid: i64, leave: Leave) {
    match leave {
        Leave::Nothing => {}
        Leave::Descriptor(number) => machine.remove_descriptor(tid, number),
        Leave::Thread => machine.remove(tid),
    }
}

struct Change<'c> {
    machine: &'c mut Machine,
    tid: i64,
    time_ns: u64,
    info: &'static EventInfo,
    parameters: &'c Parameters,
}

impl Change<'_> {
    fn number(&self, name: &str) -> Option<i64> {
        self.parameters.number(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.parameters.bytes(name).map(plain_text)
    }

    fn small(&self, name: &str) -> Option<u32> {
        self.number(name).and_then(|number| u32::try_from(number & 0xffff_ffff).ok())
    }

    /// The result, whatever it is called.
    fn result(&self) -> Option<i64> {
        self.number("res").or_else(|| self.number("fd"))
    }

    fn run(mut self) -> (Option<i64>, Leave) {
        let has_worked = self.result().is_some_and(|result| result >= 0);
        let mut about = self.number("fd").filter(|_| self.info.uses_fd || self.info.creates_fd);
        let mut leave = Leave::Nothing;
        match self.info.name {
            "open" | "creat" | "openat" | "openat2" | "open_by_handle_at" if has_worked => self.open(),
            "close" if has_worked => leave = about.map_or(Leave::Nothing, Leave::Descriptor),
            "dup" | "dup2" | "dup3" if has_worked => {
                about = self.number("res");
                self.duplicate(self.number("oldfd").or_else(|| self.number("fd")), about);
            }
            "fcntl" if has_worked && self.is_duplicating() => {
                self.duplicate(self.number("fd"), self.number("res"));
            }
            "pipe" | "pipe2" if has_worked => {
                for end in ["fd1", "fd2"] {
                    self.create(self.number(end), DescriptorKind::Pipe, String::new());
                }
            }
            "socketpair" if has_worked => {
                for end in ["fd1", "fd2"] {
                    self.create(self.number(end), DescriptorKind::Unix, String::new());
                }
            }
            "socket" if has_worked => self.socket(),
            "bind" if has_worked => self.bind(),
            "connect" => self.connect(),
            "accept" | "accept4" if has_worked => self.accept(),
            "sendto" | "recvfrom" | "sendmsg" | "recvmsg" | "sendmmsg" | "recvmmsg" => self.datagram(),
            "chdir" if has_worked => self.change_directory(self.text("path")),
            "fchdir" if has_worked => {
                let directory =
                    self.number("fd").and_then(|number| self.machine.descriptor(self.tid, number));
                let path = directory.map(|directory| directory.name.clone());
                self.change_directory(path);
            }
            "clone" | "clone3" | "fork" | "vfork" => self.clone_thread(),
            "execve" | "execveat" if has_worked => self.execute(),
            "procexit" => leave = Leave::Thread,
            "setuid" | "setresuid" | "setreuid" if has_worked => {
                let uid = ["euid", "uid", "ruid"].iter().find_map(|name| self.small(name));
                self.set(|thread| thread.uid = uid.filter(|uid| *uid != u32::MAX).or(thread.uid));
            }
            "setgid" | "setresgid" | "setregid" if has_worked => {
                let gid = ["egid", "gid", "rgid"].iter().find_map(|name| self.small(name));
                self.set(|thread| thread.gid = gid.filter(|gid| *gid != u32::MAX).or(thread.gid));
            }
            "setsid" if has_worked => {
                let sid = self.number("res");
                self.set(|thread| thread.sid = sid.or(thread.sid));
            }
            "prctl" if has_worked => self.rename(),
            "container" => {
                if let Some(json) = self.parameters.bytes("json") {
                    self.machine.insert_container(json);
                }
            }
            "useradded" => self.add_user(),
            "groupadded" => {
                if let (Some(gid), Some(name)) = (self.small("gid"), self.text("name")) {
                    self.machine.insert_group(gid, name);
                }
            }
            name if has_worked && self.info.creates_fd => {
                let kind = created_kind(name);
                let name = self.text("name").unwrap_or_default();
                about = self.result();
                self.create(about, kind, name);
            }
            _ => {}
        }
        (about.filter(|number| *number >= 0), leave)
    }

    fn set(&mut self, change: impl FnOnce(&mut Thread)) {
        if let Some(thread) = self.machine.thread_mut(self.tid) {
            change(thread);
        }
    }

    fn create(&mut self, number: Option<i64>, kind: DescriptorKind, name: String) {
        if let Some(number) = number.filter(|number| *number >= 0) {
            self.machine.insert_descriptor(self.tid, number, Descriptor::new(kind, name));
        }
    }

    fn open(&mut self) {
        let (Some(number), Some(given)) =
            (self.number("fd"), self.text("name").or_else(|| self.text("path")))
        else {
            return;
        };
        let flags = self.small("flags");
        // A directory that is asked for as one.
        let kind = match flags {
            Some(flags) if flags & (1 << 10) != 0 => DescriptorKind::Directory,
            _ => DescriptorKind::File,
        };
        let name = path_at(self.number("dirfd"), &given, self.tid, self.machine);
        let mut descriptor = Descriptor::new(kind, name);
        descriptor.given = Some(given);
        descriptor.flags = flags;
        descriptor.device = self.small("dev");
        descriptor.ino = self.number("ino").map(i64::cast_unsigned);
        self.machine.insert_descriptor(self.tid, number, descriptor);
    }

    /// Whether a command of `fcntl` makes a second descriptor.
    fn is_duplicating(&self) -> bool {
        // F_DUPFD and F_DUPFD_CLOEXEC, as captures number them.
        matches!(self.number("cmd"), Some(1 | 26))
    }

    fn duplicate(&mut self, from: Option<i64>, to: Option<i64>) {
        if let (Some(from), Some(to)) = (from, to)
            && let Some(descriptor) = self.machine.descriptor(self.tid, from).cloned()
        {
            self.machine.insert_descriptor(self.tid, to, descriptor);
        }
    }

    fn socket(&mut self) {
        let kind = match self.number("domain") {
            Some(1) => DescriptorKind::Unix,
            Some(2) => DescriptorKind::Ipv4,
            Some(10) => DescriptorKind::Ipv6,
            Some(16) => DescriptorKind::Netlink,
            _ => DescriptorKind::Other,
        };
        let Some(number) = self.number("fd").filter(|number| *number >= 0) else { return };
        let mut descriptor = Descriptor::new(kind, String::new());
        // Streams and datagrams; flags stand above these bits. The protocol tells raw sockets of ICMP.
        descriptor.protocol = match (self.number("proto"), self.number("type").map(|kind| kind & 0xf)) {
            (Some(1 | 58), _) => Some(4),
            (_, Some(1)) => Some(2),
            (_, Some(2)) => Some(3),
            (_, Some(3)) => Some(5),
            _ => None,
        };
        self.machine.insert_descriptor(self.tid, number, descriptor);
    }

    fn about(&mut self) -> Option<&mut Descriptor> {
        let number = self.number("fd")?;
        self.machine.descriptor_mut(self.tid, number)
    }

    fn bind(&mut self) {
        let Some(bytes) = self.parameters.bytes("addr") else { return };
        let (end, path) = (address(bytes), socket_path(bytes));
        if let Some(descriptor) = self.about() {
            match (end, path) {
                (Some((address, port)), _) => descriptor.listen(address, port),
                (None, Some(path)) => descriptor.name = path,
                (None, None) => {}
            }
        }
    }

    fn connect(&mut self) {
        let result = self.number("res");
        let has_worked = result == Some(0);
        if !has_worked && result != Some(IN_PROGRESS) {
            return;
        }
        let Some(bytes) = self.parameters.bytes("tuple").or_else(|| self.parameters.bytes("addr")) else {
            return;
        };
        let (ends, path) = (connection(bytes), socket_path(bytes));
        if let Some(descriptor) = self.about() {
            match (ends, path) {
                (Some(ends), _) => descriptor.connect(ends),
                (None, Some(path)) => descriptor.name = path,
                (None, None) => {}
            }
            descriptor.role = Some(Role::Client);
            descriptor.is_connected = has_worked;
        }
    }

    fn accept(&mut self) {
        let Some(number) = self.number("fd") else { return };
        let bytes = self.parameters.bytes("tuple").unwrap_or_default();
        let mut descriptor = match (connection(bytes), socket_path(bytes)) {
            (Some(ends), _) => {
                let mut descriptor = Descriptor::new(DescriptorKind::Ipv4, String::new());
                descriptor.connect(ends);
                // Only streams are accepted.
                descriptor.protocol = Some(2);
                descriptor
            }
            (None, Some(path)) => Descriptor::new(DescriptorKind::Unix, path),
            (None, None) => Descriptor::new(DescriptorKind::Other, String::new()),
        };
        descriptor.role = Some(Role::Server);
        descriptor.is_connected = true;
        self.machine.insert_descriptor(self.tid, number, descriptor);
    }

    /// Datagrams have their own ends.
    fn datagram(&mut self) {
        let Some(ends) = self.parameters.bytes("tuple").and_then(connection) else { return };
        let is_sent = self.info.writes;
        if let Some(descriptor) = self.about() {
            if descriptor.role.is_none() {
                descriptor.role = Some(if is_sent { Role::Client } else { Role::Server });
            }
            descriptor.has_new_name = descriptor.connection.is_some_and(|known| known != ends);
            if descriptor.connection.is_none() || descriptor.has_new_name {
                descriptor.connect(ends);
            }
        }
    }

    fn change_directory(&mut self, path: Option<String>) {
        if let Some(path) = path {
            self.set(|thread| thread.cwd = thread.absolute(&path));
        }
    }

    fn rename(&mut self) {
        // PR_SET_NAME, as Linux numbers it; the name is the second argument.
        if self.number("option") == Some(15)
            && let Some(name) = self.text("arg2_str").filter(|name| !name.is_empty())
        {
            self.set(|thread| thread.comm = name);
        }
    }

    /// The parent has the child's number, the child 0 as result.
    fn clone_thread(&mut self) {
        let Some(result) = self.number("res").filter(|result| *result >= 0) else { return };
        let is_child = result == 0;
        let child_tid = if is_child { self.tid } else { result };
        let parent_tid = if is_child { self.number("ptid").unwrap_or(-1) } else { self.tid };
        let is_thread = self.small("flags").is_some_and(|flags| flags & (1 << 13) != 0);
        if !is_child && self.machine.thread(child_tid).is_some_and(|child| child.ptid == parent_tid) {
            // The child told itself before.
            return;
        }
        let parent = match is_child && is_thread {
            // A thread's own process is told, not who made it.
            true => self.number("pid").and_then(|pid| self.machine.process(pid)),
            false => self.machine.process(parent_tid),
        };
        let mut child = parent.cloned().unwrap_or_default();
        (child.entry, child.start_ns, child.tid) = (None, Some(self.time_ns), child_tid);
        if is_thread {
            child.descriptors = Arc::default();
        } else {
            (child.pid, child.ptid) = (child_tid, parent_tid);
        }
        if is_child {
            self.describe(&mut child);
            child.pid = self.number("pid").unwrap_or(child.pid);
            child.ptid = self.number("ptid").unwrap_or(child.ptid);
        }
        self.machine.insert(child);
    }

    fn execute(&mut self) {
        let Some(mut thread) = self.machine.thread(self.tid).cloned() else { return };
        let cwd = thread.cwd.clone();
        self.describe(&mut thread);
        thread.pid = self.number("pid").unwrap_or(thread.pid);
        thread.ptid = self.number("ptid").unwrap_or(thread.ptid);
        thread.args = Arc::new(self.parameters.bytes("args").map(texts).unwrap_or_default());
        thread.env = Arc::new(self.parameters.bytes("env").map(texts).unwrap_or_default());
        let trusted = self.text("trusted_exepath").filter(|path| !path.is_empty());
        let named = self.text("filename").or_else(|| self.text("pathname")).filter(|path| !path.is_empty());
        thread.exepath = trusted.or_else(|| {
            let named = named.unwrap_or_else(|| thread.exe.clone());
            let directory = self.number("dirfd");
            let path = match named.starts_with('/') || directory.is_some() {
                true => path_at(directory, &named, self.tid, self.machine),
                false => super::machine::join(&cwd, &named),
            };
            path.starts_with('/').then_some(path)
        });
        let flags = self.small("flags");
        let flag = |bit: u32| flags.map(|flags| flags & (1 << bit) != 0);
        thread.is_exe_writable = flag(0);
        thread.is_exe_upper_layer = flag(1);
        thread.is_exe_from_memfd = flag(2);
        thread.is_exe_lower_layer = flag(3);
        for (capabilities, name) in
            thread.capabilities.iter_mut().zip(["cap_inheritable", "cap_permitted", "cap_effective"])
        {
            *capabilities = self.number(name).map(i64::cast_unsigned).or(*capabilities);
        }
        let unsigned = |name: &str| self.number(name).map(i64::cast_unsigned);
        thread.exe_ino = unsigned("exe_ino");
        thread.exe_ino_ctime = unsigned("exe_ino_ctime");
        thread.exe_ino_mtime = unsigned("exe_ino_mtime");
        thread.start_ns = Some(self.time_ns);
        self.machine.insert(thread);
    }

    /// What both a new thread and a new program tell.
    fn describe(&self, thread: &mut Thread) {
        if let Some(comm) = self.text("comm").filter(|comm| !comm.is_empty()) {
            thread.comm = comm;
        }
        if let Some(exe) = self.text("exe") {
            thread.exe = exe;
            // Old sensors tell no name of their own.
            if thread.comm.is_empty() {
                thread.comm = thread.exe.rsplit('/').next().unwrap_or_default().to_owned();
            }
        }
        if let Some(args) = self.parameters.bytes("args") {
            thread.args = Arc::new(texts(args));
        }
        if let Some(cwd) = self.text("cwd").filter(|cwd| cwd.starts_with('/')) {
            thread.cwd = cwd;
        }
        if let Some(groups) = self.parameters.bytes("cgroups") {
            thread.set_cgroups(cgroups(groups));
        }
        let number = |name: &str| self.number(name);
        thread.uid = self.small("uid").or(thread.uid);
        thread.gid = self.small("gid").or(thread.gid);
        thread.login_uid = self.small("loginuid").or(thread.login_uid);
        thread.tty = self.small("tty").or(thread.tty);
        thread.vtid = number("vtid").or(thread.vtid);
        thread.vpid = number("vpid").or(thread.vpid);
        thread.vpgid = number("vpgid").or(thread.vpgid);
        thread.pgid = number("pgid").or(thread.pgid);
    }

    fn add_user(&mut self) {
        let (Some(uid), Some(name)) = (self.small("uid"), self.text("name")) else { return };
        let (home, shell) = (self.text("home").unwrap_or_default(), self.text("shell").unwrap_or_default());
        self.machine.insert_user(uid, User { name, home, shell });
    }
}

/// What a system call makes that is neither a file nor a socket.
fn created_kind(name: &str) -> DescriptorKind {
    match name {
        "eventfd" | "eventfd2" => DescriptorKind::Event,
        "signalfd" | "signalfd4" => DescriptorKind::Signal,
        "epoll_create" | "epoll_create1" => DescriptorKind::EventPoll,
        "inotify_init" | "inotify_init1" => DescriptorKind::Inotify,
        "timerfd_create" => DescriptorKind::Timer,
        "userfaultfd" => DescriptorKind::UserFault,
        "io_uring_setup" => DescriptorKind::IoUring,
        "memfd_create" => DescriptorKind::Memory,
        "pidfd_open" => DescriptorKind::Process,
        "bpf" => DescriptorKind::Bpf,
        _ => DescriptorKind::Other,
    }
}
