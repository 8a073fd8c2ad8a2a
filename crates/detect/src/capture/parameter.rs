//! What parameters of events say.

use std::fmt::Write;

use super::blocks::{Cursor, plain_text};
use super::machine::{Connection, Machine, join, printed_connection, printed_end};
use super::table::{Kind, Names, Radix};

/// A parameter as it is printed: as it was given, and what it stands for where that is more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Printed {
    /// A number or a text.
    pub(crate) raw: String,
    /// The name of a flag, a file, a user; a whole path.
    pub(crate) resolved: Option<String>,
}

impl Printed {
    fn plain(raw: impl Into<String>) -> Self {
        Self { raw: raw.into(), resolved: None }
    }

    /// What it stands for, else as it was given.
    pub(crate) fn best(self) -> String {
        self.resolved.unwrap_or(self.raw)
    }
}

/// A signed number of one to eight bytes.
pub(crate) fn signed(bytes: &[u8]) -> Option<i64> {
    let unsigned = unsigned(bytes)?;
    let unused = 64 - 8 * u32::try_from(bytes.len()).ok()?;
    Some((unsigned << unused).cast_signed() >> unused)
}

/// An unsigned number of one to eight bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Both ends of a connection; nothing for other kinds of sockets.
pub(crate) fn connection(bytes: &[u8]) -> Option<Connection> {
    let mut cursor = Cursor(bytes);
    let is_v4 = match cursor.u8()? {
        2 => true,
        10 => false,
        _ => return None,
    };
    let mut end = || Some((if is_v4 { cursor.ipv4()? } else { cursor.ipv6()? }, cursor.u16()?));
    let (source, source_port) = end()?;
    let (target, target_port) = end()?;
    Some(Connection { source, source_port, target, target_port })
}

/// The path of a local socket, in either kind of parameter.
pub(crate) fn socket_path(bytes: &[u8]) -> Option<String> {
    let (family, rest) = bytes.split_first()?;
    // A pair has the kernel's addresses of both ends first.
    let path = if rest.len() >= 16 && rest.first() != Some(&b'/') { rest.get(16..)? } else { rest };
    (*family == 1).then(|| plain_text(path))
}

/// One end of a connection.
pub(crate) fn address(bytes: &[u8]) -> Option<(std::net::IpAddr, u16)> {
    let mut cursor = Cursor(bytes);
    let address = match cursor.u8()? {
        2 => cursor.ipv4()?,
        10 => cursor.ipv6()?,
        _ => return None,
    };
    Some((address, cursor.u16()?))
}

/// The names of the flags that are set, or of the value.
fn named(names: Option<&Names>, value: u64, are_flags: bool) -> Option<String> {
    let names = &names?.0;
    if !are_flags {
        let value = i64::try_from(value).ok()?;
        return names.iter().find(|(_, known)| *known == value).map(|(name, _)| (*name).to_owned());
    }
    let mut left = value;
    let mut out = String::new();
    let mut zero = None;
    // Names of several bits (reading and writing) come before those of one of them.
    let mut names: Vec<_> = names.iter().collect();
    names.sort_by_key(|(_, bits)| std::cmp::Reverse(bits.count_ones()));
    let mut found = Vec::new();
    for (name, bits) in names {
        let bits = bits.cast_unsigned();
        if bits == 0 {
            zero = Some(*name);
        } else if left & bits == bits {
            left &= !bits;
            found.push((bits, *name));
        }
    }
    found.sort_unstable();
    for (_, name) in &found {
        let separator = if out.is_empty() { "" } else { "|" };
        let _ = write!(out, "{separator}{name}");
    }
    if out.is_empty() { zero.map(str::to_owned) } else { Some(out) }
}

/// Prints bytes that may be anything.
pub(crate) fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
        .collect()
}

/// Prints a parameter of a thread's event. `others` are all parameters, for the directory of a path.
pub(crate) fn print(
    kind: Kind,
    bytes: &[u8],
    others: &dyn Fn(usize) -> Option<i64>,
    tid: i64,
    machine: &Machine,
) -> Option<Printed> {
    let number = || unsigned(bytes);
    let thread = machine.thread(tid);
    let mut printed = match kind {
        Kind::Signed => Printed::plain(signed(bytes)?.to_string()),
        Kind::Unsigned(Radix::Decimal) | Kind::Group => Printed::plain(number()?.to_string()),
        Kind::Unsigned(Radix::Octal) => Printed::plain(format!("0{:o}", number()?)),
        Kind::Unsigned(Radix::Hexadecimal) => Printed::plain(format!("0x{:x}", number()?)),
        Kind::Float => Printed::plain(f64::from_le_bytes(*bytes.first_chunk()?).to_string()),
        Kind::Text => Printed::plain(plain_text(bytes)),
        Kind::Bytes => Printed::plain(printable(bytes.strip_suffix(b"\0").unwrap_or(bytes))),
        Kind::Path | Kind::PathAt(_) => Printed::plain(plain_text(bytes)),
        Kind::Result | Kind::Descriptor | Kind::Process => Printed::plain(signed(bytes)?.to_string()),
        Kind::Address | Kind::Connection => Printed::plain(print_socket(bytes)?),
        Kind::Descriptors => Printed::plain(print_descriptors(bytes)?),
        Kind::Syscall | Kind::Signal => Printed::plain(number()?.to_string()),
        Kind::Flag => Printed::plain(if number()? == 0 { "false" } else { "true" }),
        Kind::Ipv4 => Printed::plain(Cursor(bytes).ipv4()?.to_string()),
        Kind::User => {
            let uid = number()?;
            // No user.
            Printed::plain(if uid == u64::from(u32::MAX) { "-1".to_owned() } else { uid.to_string() })
        }
        Kind::Flags(..) => Printed::plain(number()?.to_string()),
        Kind::Enumerated(..) => Printed::plain(number()?.to_string()),
        Kind::Dynamic => Printed::plain(match bytes.split_first()? {
            (_, rest) if rest.len() <= 8 => unsigned(rest)?.to_string(),
            (_, rest) => printable(rest),
        }),
    };
    printed.resolved = match kind {
        Kind::Path if !printed.raw.starts_with('/') => {
            thread.filter(|_| !printed.raw.is_empty()).map(|thread| thread.absolute(&printed.raw))
        }
        Kind::PathAt(directory) if !printed.raw.is_empty() => {
            Some(path_at(others(directory), &printed.raw, tid, machine))
        }
        Kind::Result => {
            signed(bytes).filter(|result| *result < 0).map(|result| error_name(result.saturating_neg()))
        }
        Kind::Descriptor => signed(bytes).and_then(|number| {
            let descriptor = machine.descriptor(tid, number)?;
            Some(format!("<{}>{}", descriptor.kind.names().1, descriptor.name))
        }),
        Kind::Process => signed(bytes).and_then(|tid| machine.thread(tid)).map(|thread| thread.comm.clone()),
        Kind::Syscall => {
            number().and_then(|number| super::table::syscall(u16::try_from(number).ok()?)).map(str::to_owned)
        }
        Kind::User => number().and_then(|uid| machine.user_name(u32::try_from(uid).ok()?).map(str::to_owned)),
        Kind::Group => {
            number().and_then(|gid| machine.group_name(u32::try_from(gid).ok()?).map(str::to_owned))
        }
        Kind::Flags(names) => named(names, number()?, true),
        Kind::Enumerated(names) => named(names, number()?, false),
        _ => None,
    };
    printed.resolved = printed.resolved.filter(|text| !text.is_empty());
    Some(printed)
}

/// A path that may start in a directory that is open.
pub(crate) fn path_at(directory: Option<i64>, path: &str, tid: i64, machine: &Machine) -> String {
    if path.starts_with('/') {
        return join("/", path);
    }
    match directory {
        // The working directory.
        Some(-100) | None => {
            machine.thread(tid).map_or_else(|| path.to_owned(), |thread| thread.absolute(path))
        }
        Some(number) => match machine.descriptor(tid, number) {
            Some(directory) => join(&directory.name, path),
            // As Falco says it of a directory that it does not know.
            None => format!("<UNKNOWN>/{path}"),
        },
    }
}

fn print_socket(bytes: &[u8]) -> Option<String> {
    if let Some(connection) = connection(bytes) {
        return Some(printed_connection(&connection));
    }
    if let Some((address, port)) = address(bytes) {
        return Some(printed_end(address, port));
    }
    match bytes.first()? {
        1 => socket_path(bytes),
        _ => Some(String::new()),
    }
}

fn print_descriptors(bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor(bytes);
    let count = cursor.u16()?;
    let mut out = String::new();
    for index in 0..count {
        let (number, events) = (cursor.i64()?, cursor.u16()?);
        let separator = if index == 0 { "" } else { " " };
        let _ = write!(out, "{separator}{number}:{events:x}");
    }
    Some(out)
}

/// The name of an error of Linux.
pub(crate) fn error_name(number: i64) -> String {
    const NAMES: [&str; 41] = [
        "",
        "EPERM",
        "ENOENT",
        "ESRCH",
        "EINTR",
        "EIO",
        "ENXIO",
        "E2BIG",
        "ENOEXEC",
        "EBADF",
        "ECHILD",
        "EAGAIN",
        "ENOMEM",
        "EACCES",
        "EFAULT",
        "ENOTBLK",
        "EBUSY",
        "EEXIST",
        "EXDEV",
        "ENODEV",
        "ENOTDIR",
        "EISDIR",
        "EINVAL",
        "ENFILE",
        "EMFILE",
        "ENOTTY",
        "ETXTBSY",
        "EFBIG",
        "ENOSPC",
        "ESPIPE",
        "EROFS",
        "EMLINK",
        "EPIPE",
        "EDOM",
        "ERANGE",
        "EDEADLK",
        "ENAMETOOLONG",
        "ENOLCK",
        "ENOSYS",
        "ENOTEMPTY",
        "ELOOP",
    ];
    const SOCKET_NAMES: [&str; 28] = [
        "ENOTSOCK",
        "EDESTADDRREQ",
        "EMSGSIZE",
        "EPROTOTYPE",
        "ENOPROTOOPT",
        "EPROTONOSUPPORT",
        "ESOCKTNOSUPPORT",
        "EOPNOTSUPP",
        "EPFNOSUPPORT",
        "EAFNOSUPPORT",
        "EADDRINUSE",
        "EADDRNOTAVAIL",
        "ENETDOWN",
        "ENETUNREACH",
        "ENETRESET",
        "ECONNABORTED",
        "ECONNRESET",
        "ENOBUFS",
        "EISCONN",
        "ENOTCONN",
        "ESHUTDOWN",
        "ETOOMANYREFS",
        "ETIMEDOUT",
        "ECONNREFUSED",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EALREADY",
        "EINPROGRESS",
    ];
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    let name = NAMES.get(at).or_else(|| SOCKET_NAMES.get(at.checked_sub(88)?));
    match name {
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_width() {
        assert_eq!(signed(&(-2i64).to_le_bytes()), Some(-2));
        assert_eq!(signed(&(-100i32).to_le_bytes()), Some(-100));
        assert_eq!(unsigned(&[0xff, 0x01]), Some(0x1ff));
        assert_eq!(unsigned(&[]), None);
        assert_eq!(unsigned(&[0; 9]), None);
    }

    #[test]
    fn flags_have_names() {
        let names =
            Names(vec![("O_RDWR", 3), ("O_WRONLY", 2), ("O_RDONLY", 1), ("O_CREAT", 4), ("O_NONE", 0)]);
        assert_eq!(named(Some(&names), 7, true).as_deref(), Some("O_RDWR|O_CREAT"));
        assert_eq!(named(Some(&names), 6, true).as_deref(), Some("O_WRONLY|O_CREAT"));
        assert_eq!(named(Some(&names), 0, true).as_deref(), Some("O_NONE"));
        assert_eq!(named(Some(&names), 3, false).as_deref(), Some("O_RDWR"));
        assert_eq!(
            (error_name(2), error_name(111), error_name(115)),
            ("ENOENT".into(), "ECONNREFUSED".into(), "EINPROGRESS".into())
        );
    }
}
