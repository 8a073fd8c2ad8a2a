//! Thrift's compact protocol, as far as the sizes that a Parquet file declares have to be found in it.
//!
//! Source: the protocol's description in Apache Thrift, `doc/specs/thrift-compact-protocol.md`.

/// Structures within structures that are gone through.
const MAX_DEPTH: usize = 32;

pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Reads forward through bytes. `None` anywhere: the bytes end too early, or say what the protocol does not have.
pub(super) struct Compact<'a> {
    rest: &'a [u8],
}

/// A field of a structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Field {
    /// Its number in the structure's definition.
    pub(super) number: i64,
    /// What its value is: 1 true, 2 false, 3 to 6 integers (of them [`I32`]), 7 double, 8 bytes, [`LIST`], 10 set, 11 map, [`STRUCT`].
    pub(super) kind: u8,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are still to be read.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// An integer of 16, 32 or 64 bits.
    pub(super) fn integer(&mut self) -> Option<i64> {
        let folded = self.varint()?;
        Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    /// The next field of a structure, `Some(None)` at its end. `number`: that of the field before it, 0 at the start.
    pub(super) fn field(&mut self, number: i64) -> Option<Option<Field>> {
        let head = self.byte()?;
        let kind = head & 0x0f;
        if kind == 0 {
            return Some(None);
        }
        let number = match head >> 4 {
            0 => self.integer()?,
            step => number.checked_add(i64::from(step))?,
        };
        Some(Some(Field { number, kind }))
    }

    /// What the elements of a list are, and how many there are.
    pub(super) fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        Some((head & 0x0f, count))
    }

    /// Goes past the value of a field.
    pub(super) fn skip(&mut self, kind: u8) -> Option<()> {
        match kind {
            // The field itself says which truth it is.
            1 | 2 => Some(()),
            _ => self.skip_element(kind, 0),
        }
    }

    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth == MAX_DEPTH {
            return None;
        }
        match kind {
            1..=3 => self.bytes(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.bytes(8),
            8 => {
                let count = self.varint()?;
                self.bytes(count)
            }
            LIST | 10 => {
                let (kind, count) = self.list()?;
                self.skip_elements(&[kind], count, depth)
            }
            11 => match self.varint()? {
                0 => Some(()),
                count => {
                    let kinds = self.byte()?;
                    self.skip_elements(&[kinds >> 4, kinds & 0x0f], count, depth)
                }
            },
            STRUCT => {
                let mut number = 0;
                while let Some(field) = self.field(number)? {
                    number = field.number;
                    if field.kind > 2 {
                        self.skip_element(field.kind, depth + 1)?;
                    }
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Each element takes a byte at least, so that no more are gone through than there are bytes.
    fn skip_elements(&mut self, kinds: &[u8], count: u64, depth: usize) -> Option<()> {
        for _ in 0..count {
            for kind in kinds {
                self.skip_element(*kind, depth + 1)?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_numbered_by_steps_or_outright() {
        // Field 2 is -3, field 40 a list of two bytes, field 41 true, then the end.
        let bytes = [0x25, 0x05, 0x09, 0x50, 0x23, 7, 8, 0x11, 0];
        let mut compact = Compact::new(&bytes);
        assert_eq!(compact.field(0), Some(Some(Field { number: 2, kind: 5 })));
        assert_eq!(compact.integer(), Some(-3));
        assert_eq!(compact.field(2), Some(Some(Field { number: 40, kind: LIST })));
        assert_eq!(compact.skip(LIST), Some(()));
        assert_eq!(compact.field(40), Some(Some(Field { number: 41, kind: 1 })));
        assert_eq!(compact.skip(1), Some(()));
        assert_eq!(compact.field(41), Some(None));
        assert_eq!(compact.remaining(), 0);
    }

    #[test]
    fn what_nests_without_end_or_counts_more_than_there_is_is_refused() {
        // Lists of one list each; a list of 2^63 structures; bytes of a length beyond the end.
        for bytes in [&[0x19; 100][..], &[0xfc, 255, 255, 255, 255, 255, 255, 255, 255, 127]] {
            assert_eq!(Compact::new(bytes).skip(LIST), None);
        }
        assert_eq!(Compact::new(&[200, 1, 0]).skip(8), None);
    }
}
