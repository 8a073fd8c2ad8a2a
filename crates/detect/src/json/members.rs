//! The members of objects, found once for all fields that ask for them.

use std::cell::RefCell;

use super::scan;
use super::{JsonError, Part, unescape};

/// A member of an object: where its key and its value stand.
#[derive(Debug, Clone, Copy)]
pub struct MemberPart {
    /// The key, without quotes.
    pub key: Part,
    /// The value.
    pub value: Part,
    /// Length, first and last byte of the key, to tell most keys apart at once; 0 for a key with escapes.
    tag: u32,
}

impl MemberPart {
    #[inline(always)]
    pub(super) fn new(text: &[u8], key: Part, has_escape: bool, value: Part) -> Self {
        let raw = text.get(key.start as usize..key.end as usize).unwrap_or_default();
        Self { key, value, tag: if has_escape { 0 } else { tag(raw) } }
    }

    /// Whether the key is `key`, whose tag is `wanted`.
    #[inline]
    fn is(&self, text: &[u8], key: &str, wanted: u32) -> bool {
        (self.tag == wanted || self.tag == 0) && self.has_key(text, key)
    }

    fn has_key(&self, text: &[u8], key: &str) -> bool {
        let raw = text.get(self.key.start as usize..self.key.end as usize).unwrap_or_default();
        raw == key.as_bytes()
            || (self.tag == 0 && std::str::from_utf8(raw).is_ok_and(|raw| unescape(raw) == key))
    }
}

/// The value under a key: of a key that stands twice the first counts.
#[inline]
pub(crate) fn find(members: &[MemberPart], text: &[u8], key: &str) -> Option<Part> {
    let wanted = tag(key.as_bytes());
    members.iter().find(|member| member.is(text, key, wanted)).map(|member| member.value)
}

/// Never 0.
#[inline(always)]
fn tag(key: &[u8]) -> u32 {
    let byte = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(0));
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX) & 0xfff;
    1 << 31 | length << 16 | byte(key.first()) << 8 | byte(key.last())
}

/// Reads the members of the object that begins at `start`; tells where its closing bracket stands.
///
/// # Errors
/// The object is none. What comes before the mistake is kept.
pub(crate) fn read_members(
    bytes: &[u8],
    start: usize,
    out: &mut Vec<MemberPart>,
) -> Result<usize, JsonError> {
    scan::members(bytes, start + 1, out)
}

/// Remembers the members of the objects of one text.
#[derive(Debug, Default)]
pub struct Objects(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Where each object begins, and which of the members are its.
    objects: Vec<(u32, Part)>,
    members: Vec<MemberPart>,
}

/// So many objects of a text are remembered: what is looked for among them has to be found at once.
const CAPACITY: usize = 48;

impl Objects {
    /// Forgets everything: another text comes.
    pub(crate) fn clear(&self) {
        if let Ok(mut known) = self.0.try_borrow_mut() {
            known.objects.clear();
            known.members.clear();
        }
    }

    /// The value under a key of the object that begins at `start`; nothing twice where it is not remembered.
    pub(super) fn find(&self, text: &[u8], start: u32, key: &str) -> Option<Option<Part>> {
        let mut known = self.0.try_borrow_mut().ok()?;
        let Known { objects, members } = &mut *known;
        let range = match objects.iter().find(|(at, _)| *at == start) {
            Some((_, range)) => *range,
            None if objects.len() < CAPACITY => {
                let first = members.len();
                // An object with a mistake ends before it.
                let _ = scan::members(text, start as usize + 1, members);
                let range = Part::new(first, members.len());
                objects.push((start, range));
                range
            }
            None => return None,
        };
        let members = members.get(range.start as usize..range.end as usize).unwrap_or_default();
        Some(find(members, text, key))
    }
}
