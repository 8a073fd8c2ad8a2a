//! An event of a capture: its parameters, and what is known about who caused it.

use super::machine::{Descriptor, Machine, Thread};
use super::parameter::{self, Printed, print, signed, unsigned};
use super::table::{EventInfo, Kind, ParameterInfo};
use super::update::Applied;

/// The parameters of an event, those of the entry of its system call behind those of the exit.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<Parameter>);

#[derive(Debug)]
struct Parameter {
    info: &'static ParameterInfo,
    /// The kind of event whose parameter it is.
    of: &'static EventInfo,
    /// Nothing where it was not recorded.
    bytes: Option<Vec<u8>>,
}

impl Parameters {
    pub(super) fn new(of: &'static EventInfo, values: &[Option<Vec<u8>>]) -> Self {
        let parameters = of.parameters.iter().enumerate();
        Self(
            parameters
                .map(|(at, info)| Parameter { info, of, bytes: values.get(at).cloned().flatten() })
                .collect(),
        )
    }

    /// Adds what the entry of the system call told.
    pub(super) fn complete(&mut self, entry: &'static EventInfo, values: &[Option<Vec<u8>>]) {
        for (info, value) in entry.parameters.iter().zip(values) {
            match self.0.iter_mut().find(|known| known.info.name == info.name) {
                Some(known) if known.bytes.is_some() => {}
                Some(known) => known.bytes.clone_from(value),
                None => self.0.push(Parameter { info, of: entry, bytes: value.clone() }),
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.info.name == name)
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.find(name)?.bytes.as_deref()
    }

    /// A number, signed where its type is.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.find(name).and_then(Parameter::number)
    }
}

impl Parameter {
    fn number(&self) -> Option<i64> {
        let bytes = self.bytes.as_deref()?;
        match self.info.kind {
            Kind::Signed | Kind::Result | Kind::Descriptor | Kind::Process => signed(bytes),
            _ => unsigned(bytes).map(u64::cast_signed),
        }
    }

    fn print(&self, all: &Parameters, tid: i64, machine: &Machine) -> Option<Printed> {
        let directory = |at: usize| all.number(self.of.parameters.get(at)?.name);
        print(self.info.kind, self.bytes.as_deref()?, &directory, tid, machine)
    }
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum KernelValue {
    Text(String),
    Bytes(Vec<u8>),
    Signed(i64),
    Unsigned(u64),
    Boolean(bool),
    Address(std::net::IpAddr),
    List(Vec<KernelValue>),
}

/// An event of the kernel, with what is known about the machine at that moment.
#[derive(Debug)]
pub struct KernelEvent<'m> {
    pub(crate) info: &'static EventInfo,
    pub(crate) cpu: u16,
    pub(crate) tid: i64,
    pub(crate) time_ns: u64,
    pub(crate) machine: &'m Machine,
    parameters: Parameters,
    descriptor: Option<i64>,
}

impl<'m> KernelEvent<'m> {
    pub(super) fn new(
        info: &'static EventInfo,
        cpu: u16,
        tid: i64,
        time_ns: u64,
        applied: Applied,
        machine: &'m Machine,
    ) -> Self {
        let Applied { parameters, descriptor, .. } = applied;
        Self { info, cpu, tid, time_ns, machine, parameters, descriptor }
    }

    pub(crate) fn thread(&self) -> Option<&'m Thread> {
        self.machine.thread(self.tid)
    }

    /// The process that the thread belongs to.
    pub(crate) fn process(&self) -> Option<&'m Thread> {
        self.machine.process(self.tid)
    }

    /// The file descriptor that the event is about.
    pub(crate) fn descriptor_number(&self) -> Option<i64> {
        self.descriptor
    }

    pub(crate) fn descriptor(&self) -> Option<&'m Descriptor> {
        self.machine.descriptor(self.tid, self.descriptor?)
    }

    /// What happened: the system call's own name where events of its kind have none.
    pub(crate) fn name(&self) -> &'static str {
        let named = (self.info.name == "syscall").then(|| {
            let number = self.parameters.number("ID")?;
            super::table::syscall(u16::try_from(number).ok()?)
        });
        named.flatten().unwrap_or(self.info.name)
    }

    /// What a system call returned.
    pub(crate) fn result(&self) -> Option<i64> {
        if !self.info.is_exit() {
            return None;
        }
        let names = ["res", "fd"];
        let first = self.info.parameters.first().filter(|first| names.contains(&first.name))?;
        self.parameters.number(first.name)
    }

    /// A parameter, by its name or its place.
    pub(crate) fn argument(&self, name: &str) -> Option<Printed> {
        self.find(name)?.print(&self.parameters, self.tid, self.machine)
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        match name.parse::<usize>() {
            Ok(at) => self.parameters.0.get(at),
            Err(_) => self.parameters.find(name),
        }
    }

    /// A parameter as it was recorded.
    pub(crate) fn raw_argument(&self, name: &str) -> Option<KernelValue> {
        let parameter = self.find(name)?;
        let bytes = parameter.bytes.as_deref()?;
        Some(match parameter.info.kind {
            Kind::Text | Kind::Path | Kind::PathAt(_) => KernelValue::Text(super::blocks::plain_text(bytes)),
            Kind::Signed | Kind::Result | Kind::Descriptor | Kind::Process => {
                KernelValue::Signed(signed(bytes)?)
            }
            Kind::Bytes
            | Kind::Float
            | Kind::Address
            | Kind::Connection
            | Kind::Descriptors
            | Kind::Dynamic
            | Kind::Ipv4 => KernelValue::Bytes(bytes.to_vec()),
            _ => KernelValue::Unsigned(unsigned(bytes)?),
        })
    }

    /// A number among the parameters.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.parameters.number(name)
    }

    /// Bytes among the parameters.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.parameters.bytes(name)
    }

    /// All parameters, `name=value`, with what a value stands for in brackets.
    pub(crate) fn arguments(&self) -> String {
        let printed = self.parameters.0.iter().filter_map(|parameter| {
            let Printed { raw, resolved } = parameter.print(&self.parameters, self.tid, self.machine)?;
            Some(match resolved {
                Some(resolved) => format!("{}={raw}({resolved})", parameter.info.name),
                None => format!("{}={raw}", parameter.info.name),
            })
        });
        printed.collect::<Vec<_>>().join(" ")
    }

    /// The name of an error, or that there was none.
    pub(crate) fn outcome(&self) -> Option<String> {
        self.result().map(|result| match result {
            0.. => "SUCCESS".to_owned(),
            error => parameter::error_name(error.saturating_neg()),
        })
    }
}
