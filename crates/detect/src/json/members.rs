//! The members of objects, found once for all fields that ask for them.

use std::cell::RefCell;

use super::scan::{self, RawMember};
use super::{JsonError, Part, unescape};

/// A member of an object: where its key and its value stand.
#[derive(Debug, Clone, Copy)]
pub struct MemberPart {
    /// The key, without quotes.
    pub key: Part,
    /// The value.
    pub value: Part,
    /// Length, first and last byte of the key, to tell most keys apart at once.
    tag: u32,
    /// Whether the key is written with escapes.
    has_escape: bool,
    /// Whether the value is a text without escapes.
    is_plain: bool,
}

impl MemberPart {
    #[inline(always)]
    pub(super) fn new(text: &[u8], member: &RawMember) -> Self {
        let key = member.key;
        let raw = text.get(key.start as usize..key.end as usize).unwrap_or_default();
        let tag = if member.has_escape { tag_of_escaped(raw) } else { tag(raw) };
        let RawMember { value, has_escape, is_plain, .. } = *member;
        Self { key, value, tag, has_escape, is_plain }
    }

    /// The text that the value is, if it stands there as it is.
    pub(crate) fn plain_text(&self) -> Option<Part> {
        let Part { start, end } = self.value;
        self.is_plain.then_some(Part { start: start + 1, end: end.saturating_sub(1) })
    }

    /// Whether the key is `key`, whose tag is `wanted`.
    #[inline]
    fn is(&self, text: &[u8], key: &str, wanted: u32) -> bool {
        self.tag == wanted && self.has_key(text, key)
    }

    fn has_key(&self, text: &[u8], key: &str) -> bool {
        let raw = text.get(self.key.start as usize..self.key.end as usize).unwrap_or_default();
        raw == key.as_bytes()
            || (self.has_escape && std::str::from_utf8(raw).is_ok_and(|raw| unescape(raw) == key))
    }
}

/// The value under a key: of a key that stands twice the first counts.
#[inline]
pub(crate) fn find(members: &[MemberPart], text: &[u8], key: &str) -> Option<Part> {
    find_member(members, text, key).map(|member| member.value)
}

/// The member under a key: of a key that stands twice the first counts.
#[inline]
pub(crate) fn find_member<'m>(members: &'m [MemberPart], text: &[u8], key: &str) -> Option<&'m MemberPart> {
    let wanted = tag(key.as_bytes());
    members.iter().find(|member| member.is(text, key, wanted))
}

/// The tag of what a key with escapes stands for.
#[cold]
fn tag_of_escaped(raw: &[u8]) -> u32 {
    // A key that is no UTF-8 is none that anybody asks for.
    std::str::from_utf8(raw).map_or(0, |raw| tag(unescape(raw).as_bytes()))
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
    /// Where each object begins, and what is known about it.
    objects: Vec<(u32, Read)>,
    members: Vec<MemberPart>,
}

#[derive(Debug, Clone, Copy)]
enum Read {
    /// So many values were looked for in it; nothing of it is kept.
    Glances(u8),
    /// Which of the members are its.
    Whole(Part),
}

/// Of a small object so many values are often all that anybody asks for.
const GLANCES: u8 = 2;
const SMALL: usize = 512;

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

    /// The value under a key of the object that is at a part of the text; nothing twice where it is not remembered.
    pub(super) fn find(&self, text: &str, part: Part, key: &str) -> Option<Option<Part>> {
        let mut known = self.0.try_borrow_mut().ok()?;
        let Known { objects, members } = &mut *known;
        let bytes = text.as_bytes().get(..part.end as usize)?;
        let at = objects.iter().position(|(at, _)| *at == part.start).unwrap_or(objects.len());
        let glances = match objects.get(at) {
            Some((_, Read::Whole(range))) => {
                let range = range.start as usize..range.end as usize;
                return Some(find(members.get(range).unwrap_or_default(), bytes, key));
            }
            Some((_, Read::Glances(glances))) => *glances,
            None if at >= CAPACITY => return None,
            None => {
                objects.push((part.start, Read::Glances(0)));
                0
            }
        };
        let (_, read) = objects.get_mut(at)?;
        if glances < GLANCES && bytes.len().saturating_sub(part.start as usize) <= SMALL {
            *read = Read::Glances(glances + 1);
            return Some(glance(text, bytes, part, key));
        }
        let first = members.len();
        // An object with a mistake ends before it.
        let _ = scan::members(bytes, part.start as usize + 1, members);
        *read = Read::Whole(Part::new(first, members.len()));
        Some(find(members.get(first..).unwrap_or_default(), bytes, key))
    }
}

/// The value under a key of an object; what stands behind it is not looked at.
fn glance(text: &str, bytes: &[u8], part: Part, key: &str) -> Option<Part> {
    let mut at = part.start as usize + 1;
    let mut is_first = true;
    while let Ok(Some(member)) = scan::next_member(bytes, at) {
        let raw = member.key.of(text);
        if raw == key || (member.has_escape && unescape(raw) == key) {
            return Some(member.value);
        }
        // What is asked for most stands first.
        if is_first && !scan::may_have_key(bytes.get(member.next..).unwrap_or_default(), key.as_bytes()) {
            return None;
        }
        is_first = false;
        at = member.next;
    }
    None
}
