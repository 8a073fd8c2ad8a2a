//! Captures: recordings of kernel events, as Falco's and Sysdig's sensors write them.
//!
//! A capture is a row of blocks. The first ones tell what the machine was like when it began, the others are one event
//! each. Each event changes what is known about the machine (who runs, what is open), and is judged by what is known
//! then, as Falco does while it replays.
//!
//! ```text
//! bytes ─► blocks ─► Machine ◄─ what an event changes
//!             └─► event, with parameters of its entry ─► KernelEvent (event + machine) ─► fields
//! ```
//!
//! Of a system call only the exit is an event: it has the parameters of the entry too, so that rules see one event of
//! one call. Block after block is bounded; what is wrong is told with the offset of its block (in the unpacked
//! stream), and where the length of a block cannot be believed, nothing behind it is.

mod blocks;
mod event;
mod machine;
mod parameter;
mod table;
mod update;

pub use event::KernelEvent;
pub(crate) use event::KernelValue;
pub(crate) use machine::{Descriptor, Role, Thread};

use blocks::Cursor;
use machine::Machine;
use table::EventInfo;

/// How a capture begins.
pub(crate) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// In which order the bytes of numbers are, and the version of the format that is read.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const MAJOR_VERSION: u16 = 1;

/// Blocks are longer than their own length fields, and shorter than this: a list of processes is a few megabytes.
const MIN_BLOCK: usize = 12;
const MAX_BLOCK: usize = 64 << 20;

/// What is wrong with a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A block whose length is none, or whose two lengths differ: nothing behind it can be found.
    BadLength,
    /// A block that does not hold what its type has.
    BadBlock,
    /// The file ends inside a block.
    Truncated,
    /// Another byte order, or a later version of the format.
    OtherVersion,
}

/// Takes what a capture yields.
pub(crate) trait CaptureSink {
    fn event(&mut self, event: &KernelEvent<'_>);
    /// Something is wrong with the block that begins at that offset.
    fn fault(&mut self, offset: u64, fault: Fault);
}

/// Reads captures piece by piece. Memory: one block, and what is known about the machine.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    pending: Vec<u8>,
    offset: u64,
    machine: Machine,
    has_failed: bool,
}

impl Capture {
    /// Takes more bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut impl CaptureSink) {
        if self.has_failed {
            return;
        }
        if self.pending.is_empty() {
            let taken = self.blocks(bytes, sink);
            self.pending.extend_from_slice(bytes.get(taken..).unwrap_or_default());
        } else {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(bytes);
            let taken = self.blocks(&pending, sink);
            pending.drain(..taken.min(pending.len()));
            self.pending = pending;
        }
    }

    /// Takes the end of the file.
    pub(crate) fn finish(&mut self, sink: &mut impl CaptureSink) {
        if !self.has_failed && !self.pending.is_empty() {
            sink.fault(self.offset, Fault::Truncated);
        }
        *self = Self::default();
    }

    /// Reads the blocks that are whole; tells how many bytes they have.
    fn blocks(&mut self, bytes: &[u8], sink: &mut impl CaptureSink) -> usize {
        let mut taken = 0;
        while !self.has_failed {
            let rest = bytes.get(taken..).unwrap_or_default();
            let mut head = Cursor(rest);
            let (Some(kind), Some(length)) = (head.u32(), head.u32()) else { break };
            let length = length as usize;
            if !(MIN_BLOCK..=MAX_BLOCK).contains(&length) {
                // A block of a machine with another byte order looks so too.
                let fault =
                    if kind == u32::from_le_bytes(MAGIC) { Fault::OtherVersion } else { Fault::BadLength };
                self.fail(fault, sink);
                break;
            }
            let Some(block) = rest.get(..length) else { break };
            let body = block.get(8..length - 4).unwrap_or_default();
            let trailer = block.get(length - 4..).and_then(|bytes| Cursor(bytes).u32());
            if trailer.map(|length| length as usize) != Some(length) {
                self.fail(Fault::BadLength, sink);
                break;
            }
            match self.block(kind, body, sink) {
                Ok(()) => {}
                Err(Fault::OtherVersion) => self.fail(Fault::OtherVersion, sink),
                Err(fault) => sink.fault(self.offset, fault),
            }
            taken += length;
            self.offset += length as u64;
        }
        taken
    }

    fn fail(&mut self, fault: Fault, sink: &mut impl CaptureSink) {
        sink.fault(self.offset, fault);
        self.has_failed = true;
        self.pending = Vec::new();
    }

    fn block(&mut self, kind: u32, body: &[u8], sink: &mut impl CaptureSink) -> Result<(), Fault> {
        let machine = &mut self.machine;
        let read = match kind {
            _ if kind == u32::from_le_bytes(MAGIC) => {
                let mut head = Cursor(body);
                let is_known =
                    head.u32() == Some(BYTE_ORDER) && head.u16().is_some_and(|major| major <= MAJOR_VERSION);
                return if is_known { Ok(()) } else { Err(Fault::OtherVersion) };
            }
            0x202 | 0x8000_abcd => blocks::processes(body, 1, machine),
            0x207 | 0x8013_abcd => blocks::processes(body, 2, machine),
            0x209 | 0x8014_abcd => blocks::processes(body, 3, machine),
            // Versions 4 to 9 follow one another.
            0x210..=0x215 => blocks::processes(body, u8::try_from(kind - 0x20c).unwrap_or(9), machine),
            0x203 | 0x8001_abcd => blocks::descriptors(body, 1, machine),
            0x218 => blocks::descriptors(body, 2, machine),
            0x206 | 0x8012_abcd => blocks::users(body, 1, machine),
            0x220 => blocks::users(body, 2, machine),
            0x204 | 0x8010_abcd => {
                return self.event(body, Header { has_flags: false, has_count: false }, sink);
            }
            0x208 => return self.event(body, Header { has_flags: true, has_count: false }, sink),
            0x216 | 0x221 => return self.event(body, Header { has_flags: false, has_count: true }, sink),
            0x217 | 0x222 => return self.event(body, Header { has_flags: true, has_count: true }, sink),
            // The machine's own name, its network interfaces, and what later versions have.
            _ => Some(()),
        };
        read.ok_or(Fault::BadBlock)
    }

    fn event(&mut self, body: &[u8], header: Header, sink: &mut impl CaptureSink) -> Result<(), Fault> {
        let raw = RawEvent::read(body, header).ok_or(Fault::BadBlock)?;
        // An event of a later version of the sensor, about which nothing is known.
        let Some(info) = table::event(raw.number) else { return Ok(()) };
        let parameters = raw.parameters(info, header.has_count).ok_or(Fault::BadBlock)?;
        let event = update::apply(&mut self.machine, info, raw.tid, raw.time_ns, &parameters);
        if let Some(event) = event {
            let leave = event.leave;
            let event = KernelEvent::new(info, raw.cpu, raw.tid, raw.time_ns, event, &self.machine);
            sink.event(&event);
            update::leave(&mut self.machine, raw.tid, leave);
        }
        Ok(())
    }
}

/// What the header of an event has, by the type of its block.
#[derive(Debug, Clone, Copy)]
struct Header {
    has_flags: bool,
    /// Whether it tells the number of its parameters.
    has_count: bool,
}

/// An event before its parameters are told apart.
struct RawEvent<'b> {
    cpu: u16,
    time_ns: u64,
    tid: i64,
    number: u16,
    count: u32,
    /// Lengths of the parameters, then the parameters.
    rest: &'b [u8],
}

impl<'b> RawEvent<'b> {
    fn read(body: &'b [u8], header: Header) -> Option<Self> {
        let mut cursor = Cursor(body);
        let cpu = cursor.u16()?;
        if header.has_flags {
            cursor.u32()?;
        }
        let whole = cursor.0;
        let (time_ns, tid, length, number) = (cursor.u64()?, cursor.i64()?, cursor.u32()?, cursor.u16()?);
        let count = if header.has_count { cursor.u32()? } else { 0 };
        let head = whole.len() - cursor.0.len();
        // Earlier versions padded blocks: what stands behind the length of the event is none of it.
        let rest = cursor.0.get(..(length as usize).checked_sub(head)?)?;
        Some(Self { cpu, time_ns, tid, number, count, rest })
    }

    /// Its parameters. Where their number is not told, it is the greatest one with which the lengths add up.
    fn parameters(&self, info: &EventInfo, has_count: bool) -> Option<Vec<Option<Vec<u8>>>> {
        let width = if info.has_long_lengths && has_count { 4 } else { 2 };
        if has_count {
            return split(self.rest, self.count as usize, width, false);
        }
        (0..=info.parameters.len()).rev().find_map(|count| split(self.rest, count, width, true))
    }
}

/// Cuts that many parameters; `is_exact`: nothing may be left.
fn split(bytes: &[u8], count: usize, width: usize, is_exact: bool) -> Option<Vec<Option<Vec<u8>>>> {
    let (lengths, mut values) = bytes.split_at_checked(count.checked_mul(width)?)?;
    let mut out = Vec::with_capacity(count);
    for length in lengths.chunks_exact(width) {
        let length = usize::try_from(parameter::unsigned(length)?).ok()?;
        let (value, rest) = values.split_at_checked(length)?;
        // One without length was not recorded.
        out.push((!value.is_empty()).then(|| value.to_vec()));
        values = rest;
    }
    (!is_exact || values.is_empty()).then_some(out)
}
