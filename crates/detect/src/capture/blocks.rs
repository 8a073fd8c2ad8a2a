//! The blocks of a capture that describe the machine when it began: its processes, their file descriptors, its users.
//!
//! Numbers are in the order of the machine that recorded, which is little endian on all that the format is used on.
//! Blocks came to have a length before each item, so that readers skip what they do not know; items without one have
//! the parts of their version, in order.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::machine::{Connection, Descriptor, DescriptorKind, Machine, Thread, User};

/// Reads little-endian values one after another; nothing where too little is left.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'b>(pub(super) &'b [u8]);

impl<'b> Cursor<'b> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn ipv4(&mut self) -> Option<std::net::IpAddr> {
        self.array::<4>().map(|bytes| Ipv4Addr::from(bytes).into())
    }

    pub(super) fn ipv6(&mut self) -> Option<std::net::IpAddr> {
        self.array::<16>().map(|bytes| Ipv6Addr::from(bytes).into())
    }

    /// A text with its length (two bytes) before it.
    fn text(&mut self) -> Option<String> {
        let length = self.u16()?;
        self.take(usize::from(length)).map(plain_text)
    }
}

/// A text up to its first NUL.
pub(super) fn plain_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// Texts with a NUL behind each.
pub(super) fn texts(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// `subsystem=path` for each control group.
pub(super) fn cgroups(bytes: &[u8]) -> Vec<(String, String)> {
    texts(bytes)
        .into_iter()
        .filter_map(|text| text.split_once('=').map(|(name, path)| (name.to_owned(), path.to_owned())))
        .collect()
}

/// The bytes of the next item, and how far the block is read behind it: items of later versions have a length.
fn item<'b>(cursor: &mut Cursor<'b>, has_length: bool) -> Option<Cursor<'b>> {
    if !has_length {
        return Some(cursor.clone());
    }
    let length = cursor.clone().u32()? as usize;
    // The length counts itself.
    let mut item = Cursor(cursor.take(length)?);
    item.u32()?;
    Some(item)
}

/// The processes. Versions 1 to 9.
pub(super) fn processes(body: &[u8], version: u8, machine: &mut Machine) -> Option<()> {
    let mut cursor = Cursor(body);
    let has_length = version >= 9;
    while cursor.0.len() >= 4 {
        let mut item = item(&mut cursor, has_length)?;
        let thread = process(&mut item, version)?;
        machine.insert(thread);
        if !has_length {
            cursor = item;
        }
    }
    Some(())
}

fn process(item: &mut Cursor<'_>, version: u8) -> Option<Thread> {
    let mut thread = Thread { tid: item.i64()?, pid: item.i64()?, ptid: item.i64()?, ..Thread::default() };
    if version >= 6 {
        thread.sid = Some(item.i64()?);
    }
    if version >= 8 {
        thread.vpgid = Some(item.i64()?);
    }
    thread.comm = item.text()?;
    thread.exe = item.text()?;
    if version >= 7 {
        thread.exepath = Some(item.text()?).filter(|path| !path.is_empty());
    }
    let length = item.u16()?;
    thread.args = texts(item.take(usize::from(length))?).into();
    thread.cwd = item.text()?;
    let _fd_limit = item.u64()?;
    let _flags = item.u32()?;
    thread.uid = Some(item.u32()?);
    thread.gid = Some(item.u32()?);
    if version >= 2 {
        // Memory in kilobytes: all, resident, swapped; page faults.
        item.take(3 * 4 + 2 * 8)?;
    }
    if version >= 3 {
        let length = item.u16()?;
        thread.env = texts(item.take(usize::from(length))?).into();
    }
    if version >= 4 {
        thread.vtid = Some(item.i64()?);
        thread.vpid = Some(item.i64()?);
        let length = item.u16()?;
        thread.set_cgroups(cgroups(item.take(usize::from(length))?));
    }
    if version >= 5 {
        let _root = item.text()?;
    }
    if version >= 9 {
        later_parts(item, &mut thread);
    }
    Some(thread)
}

/// What items with a length may have more: as much as there is.
fn later_parts(item: &mut Cursor<'_>, thread: &mut Thread) -> Option<()> {
    // Two parts were once put before those that there already were; a short rest is from before that.
    if item.0.len() > 4 + 1 + 3 * 8 {
        let _namespace_start = item.u64()?;
        thread.tty = Some(item.u32()?);
    }
    thread.login_uid = Some(item.u32()?);
    thread.is_exe_writable = Some(item.u8()? != 0);
    for capabilities in &mut thread.capabilities {
        *capabilities = Some(item.u64()?);
    }
    thread.is_exe_upper_layer = Some(item.u8()? != 0);
    thread.exe_ino = Some(item.u64()?);
    thread.exe_ino_ctime = Some(item.u64()?);
    thread.exe_ino_mtime = Some(item.u64()?);
    thread.is_exe_from_memfd = Some(item.u8()? != 0);
    thread.is_exe_lower_layer = Some(item.u8()? != 0);
    thread.pgid = Some(item.i64()?);
    Some(())
}

/// The users and groups. Versions 1 and 2.
pub(super) fn users(body: &[u8], version: u8, machine: &mut Machine) -> Option<()> {
    let mut cursor = Cursor(body);
    let has_length = version >= 2;
    while cursor.0.len() >= 4 {
        let mut item = item(&mut cursor, has_length)?;
        // 0 for a user, else a group.
        if item.u8()? == 0 {
            let (uid, _gid) = (item.u32()?, item.u32()?);
            let user = User { name: item.text()?, home: item.text()?, shell: item.text()? };
            machine.insert_user(uid, user);
        } else {
            let gid = item.u32()?;
            machine.insert_group(gid, item.text()?);
        }
        if !has_length {
            cursor = item;
        }
    }
    Some(())
}

/// The file descriptors of one process. Versions 1 and 2.
pub(super) fn descriptors(body: &[u8], version: u8, machine: &mut Machine) -> Option<()> {
    let mut cursor = Cursor(body);
    let tid = cursor.i64()?;
    let has_length = version >= 2;
    while cursor.0.len() >= 4 {
        let mut item = item(&mut cursor, has_length)?;
        let number = item.i64()?;
        let ino = item.u64()?;
        let descriptor = descriptor(&mut item, has_length)?;
        machine.insert_descriptor(tid, number, Descriptor { ino: Some(ino), ..descriptor });
        if !has_length {
            cursor = item;
        }
    }
    Some(())
}

fn descriptor(item: &mut Cursor<'_>, has_length: bool) -> Option<Descriptor> {
    let number = item.u8()?;
    let kind = match number {
        1 | 16 => DescriptorKind::File,
        2 => DescriptorKind::Directory,
        3 => DescriptorKind::Ipv4,
        4 => DescriptorKind::Ipv6,
        5 => DescriptorKind::Ipv4Server,
        6 => DescriptorKind::Ipv6Server,
        7 => DescriptorKind::Pipe,
        8 => DescriptorKind::Unix,
        9 => DescriptorKind::Event,
        11 => DescriptorKind::Signal,
        12 => DescriptorKind::EventPoll,
        13 => DescriptorKind::Inotify,
        14 => DescriptorKind::Timer,
        15 => DescriptorKind::Netlink,
        17 => DescriptorKind::Bpf,
        18 => DescriptorKind::UserFault,
        19 => DescriptorKind::IoUring,
        20 => DescriptorKind::Memory,
        21 => DescriptorKind::Process,
        10 => DescriptorKind::Other,
        // A type of a later version: what it has more cannot be told without its length.
        _ if has_length => return Some(Descriptor::new(DescriptorKind::Other, String::new())),
        _ => return None,
    };
    let mut descriptor = Descriptor::new(kind, String::new());
    let end = |item: &mut Cursor<'_>, is_v4: bool| if is_v4 { item.ipv4() } else { item.ipv6() };
    match kind {
        DescriptorKind::Ipv4 | DescriptorKind::Ipv6 => {
            let is_v4 = kind == DescriptorKind::Ipv4;
            let (source, target) = (end(item, is_v4)?, end(item, is_v4)?);
            let (source_port, target_port) = (item.u16()?, item.u16()?);
            descriptor.protocol = Some(item.u8()?);
            descriptor.connect(Connection { source, source_port, target, target_port });
        }
        DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => {
            let address = end(item, kind == DescriptorKind::Ipv4Server)?;
            let port = item.u16()?;
            descriptor.protocol = Some(item.u8()?);
            descriptor.listen(address, port);
        }
        DescriptorKind::Unix => {
            item.take(2 * 8)?;
            descriptor.name = item.text()?;
        }
        DescriptorKind::File if number == 16 => {
            descriptor.flags = Some(item.u32()?);
            descriptor.name = item.text()?;
            descriptor.device = if has_length { item.u32() } else { None };
        }
        _ => descriptor.name = item.text()?,
    }
    Some(descriptor)
}
