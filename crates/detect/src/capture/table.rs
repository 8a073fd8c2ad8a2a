//! What the events of captures are: their names, and the names and types of their parameters.
//!
//! The numbers and names are those of the capture format; they stand in the text files beside this module.

use std::collections::HashMap;
use std::sync::OnceLock;

/// A kind of event.
#[derive(Debug)]
pub(crate) struct EventInfo {
    /// The name: of a system call, or of what else the kernel sensor tells.
    pub(crate) name: &'static str,
    /// Even numbers are entries.
    pub(crate) number: u16,
    pub(crate) is_syscall: bool,
    pub(crate) category: &'static str,
    /// Whether it is about the file descriptor that a parameter names.
    pub(crate) uses_fd: bool,
    pub(crate) creates_fd: bool,
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    /// Whether the lengths of parameters have four bytes.
    pub(crate) has_long_lengths: bool,
    pub(crate) parameters: Vec<ParameterInfo>,
}

impl EventInfo {
    pub(crate) fn is_exit(&self) -> bool {
        self.number & 1 == 1
    }
}

/// A parameter of a kind of event.
#[derive(Debug)]
pub(crate) struct ParameterInfo {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Signed,
    /// Unsigned, printed so.
    Unsigned(Radix),
    Float,
    Text,
    Bytes,
    /// A path; a relative one starts in the working directory.
    Path,
    /// A path; a relative one starts in the directory that the parameter of that number names.
    PathAt(usize),
    /// 0 or more for success, else the number of an error.
    Result,
    Address,
    Connection,
    Descriptor,
    /// A process or thread.
    Process,
    Descriptors,
    Syscall,
    Signal,
    Flag,
    Ipv4,
    User,
    Group,
    /// Flags, with their names.
    Flags(Option<&'static Names>),
    /// One of several values, with their names.
    Enumerated(Option<&'static Names>),
    /// A byte that tells which of several types follows.
    Dynamic,
}

/// How numbers are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Radix {
    Decimal,
    Octal,
    Hexadecimal,
}

/// The names of flags or values.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) Vec<(&'static str, i64)>);

/// The kind of event with that number.
pub(crate) fn event(number: u16) -> Option<&'static EventInfo> {
    static EVENTS: OnceLock<HashMap<u16, EventInfo>> = OnceLock::new();
    EVENTS.get_or_init(|| lines(include_str!("events.txt")).filter_map(read_event).collect()).get(&number)
}

/// The name of the system call with that number.
pub(crate) fn syscall(number: u16) -> Option<&'static str> {
    static SYSCALLS: OnceLock<HashMap<u16, &'static str>> = OnceLock::new();
    let read = |line: &'static str| {
        let (number, name) = line.split_once(' ')?;
        Some((number.parse().ok()?, name))
    };
    let known = SYSCALLS.get_or_init(|| lines(include_str!("syscalls.txt")).filter_map(read).collect());
    known.get(&number).copied()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn names(of: &str) -> Option<&'static Names> {
    static NAMES: OnceLock<HashMap<&'static str, Names>> = OnceLock::new();
    let read = |line: &'static str| {
        let mut words = line.split(' ');
        let set = words.next()?;
        let values = words.filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            let value = match value.strip_prefix("0x") {
                Some(digits) => i64::from_str_radix(digits, 16).ok()?,
                None => value.parse().ok()?,
            };
            Some((name, value))
        });
        Some((set, Names(values.collect())))
    };
    NAMES.get_or_init(|| lines(include_str!("flags.txt")).filter_map(read).collect()).get(of)
}

fn read_event(line: &'static str) -> Option<(u16, EventInfo)> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let name = words.next()?;
    let is_syscall = words.next()? == "s";
    let category = words.next()?;
    let usage = words.next()?;
    let parameters = words.map(|word| {
        let (name, kind) = word.split_once(':').unwrap_or((word, "bytes"));
        ParameterInfo { name, kind: read_kind(kind) }
    });
    let info = EventInfo {
        name,
        number,
        is_syscall,
        category,
        uses_fd: usage.contains('u'),
        creates_fd: usage.contains('c'),
        reads: usage.contains('r'),
        writes: usage.contains('w'),
        has_long_lengths: usage.contains('l'),
        parameters: parameters.collect(),
    };
    Some((number, info))
}

fn read_kind(text: &str) -> Kind {
    let (name, argument) = text.split_once('/').unwrap_or((text, ""));
    // How wide a number is, each event tells itself.
    match name.trim_end_matches(|char: char| char.is_ascii_digit()) {
        "i" => Kind::Signed,
        "u" => Kind::Unsigned(Radix::Decimal),
        "oct" => Kind::Unsigned(Radix::Octal),
        "hex" => Kind::Unsigned(Radix::Hexadecimal),
        "f" => Kind::Float,
        "text" => Kind::Text,
        "path" => Kind::Path,
        "relpath" => Kind::PathAt(argument.parse().unwrap_or(usize::MAX)),
        "errno" => Kind::Result,
        "sockaddr" => Kind::Address,
        "tuple" => Kind::Connection,
        "fd" => Kind::Descriptor,
        "pid" => Kind::Process,
        "fdlist" => Kind::Descriptors,
        "syscall" => Kind::Syscall,
        "signal" => Kind::Signal,
        "bool" => Kind::Flag,
        "ipv" => Kind::Ipv4,
        "uid" => Kind::User,
        "gid" => Kind::Group,
        "port" => Kind::Unsigned(Radix::Decimal),
        "reltime" | "abstime" => Kind::Unsigned(Radix::Decimal),
        "mode" => Kind::Flags(names(argument)),
        "flags" => Kind::Flags(names(argument)),
        "enum" => Kind::Enumerated(names(argument)),
        "dyn" => Kind::Dynamic,
        _ => Kind::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let count = lines(include_str!("events.txt")).count();
        let read: Vec<_> = lines(include_str!("events.txt")).filter_map(read_event).collect();
        assert_eq!(read.len(), count);
        for (number, info) in &read {
            assert_eq!(event(*number).unwrap().name, info.name);
            for parameter in &info.parameters {
                let needs_names = matches!(parameter.kind, Kind::Flags(None) | Kind::Enumerated(None));
                assert!(!needs_names, "{} {}", info.name, parameter.name);
            }
        }
        assert_eq!(syscall(3), Some("read"));
        let names = names("file_flags").unwrap();
        assert!(names.0.contains(&("O_TRUNC", 0x100)));
    }
}
