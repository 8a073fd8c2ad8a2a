//! Finds where strings, members and containers end, sixteen to sixty-four bytes at a time.
//!
//! What reads much at once ([`members`], [`skip_container`]) is compiled for each set of vector instructions that
//! processors have, and takes the best one of the machine when it runs; what reads little uses those that every machine
//! of the target has, because choosing would take longer than reading.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16, u8x32, u8x64};

use super::members::MemberPart;
use super::{JsonError, Part, skip_blanks, skip_word};

const BLOCK: usize = 64;

/// The vector of bytes from `at` on, where that many are left.
#[inline(always)]
fn load<S: Simd, V: SimdInt<S, Element = u8>>(simd: S, bytes: &[u8], at: usize) -> Option<V> {
    match bytes.get(at..at + V::LEN) {
        Some(chunk) => Some(V::from_slice(simd, chunk)),
        None => None,
    }
}

// Strings.

/// The end of the string that begins (with its quote) at `start`, and whether there is an escape inside.
#[inline]
pub(super) fn skip_string(bytes: &[u8], start: usize) -> Result<(usize, bool), JsonError> {
    dispatch!(Level::baseline(), simd => string_end::<_, u8x16<_>>(simd, bytes, start))
}

#[inline(always)]
fn string_end<S: Simd, V: SimdInt<S, Element = u8>>(
    simd: S,
    bytes: &[u8],
    start: usize,
) -> Result<(usize, bool), JsonError> {
    let mut at = start + 1;
    let mut has_escape = false;
    while let Some(chunk) = load::<S, V>(simd, bytes, at) {
        let stops = (chunk.simd_eq(b'"') | chunk.simd_eq(b'\\')).to_bitmask();
        if stops == 0 {
            at += V::LEN;
            continue;
        }
        at += stops.trailing_zeros() as usize;
        if bytes.get(at) == Some(&b'"') {
            return Ok((at + 1, has_escape));
        }
        // A backslash takes the next byte with it.
        has_escape = true;
        at += 2;
    }
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, has_escape)),
            Some(b'\\') => {
                has_escape = true;
                at += 2;
            }
            Some(_) => at += 1,
            None => return Err(JsonError::Truncated),
        }
    }
}

/// Whether there is a backslash.
#[inline]
pub(super) fn has_backslash(bytes: &[u8]) -> bool {
    dispatch!(Level::baseline(), simd => contains_backslash(simd, bytes))
}

#[inline(always)]
fn contains_backslash<S: Simd>(simd: S, bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(chunk) = load::<S, u8x16<S>>(simd, bytes, at) {
        if chunk.simd_eq(b'\\').to_bitmask() != 0 {
            return true;
        }
        at += u8x16::<S>::LEN;
    }
    bytes.get(at..).unwrap_or_default().contains(&b'\\')
}

// Members.

/// Reads the members of an object, from behind its opening bracket on; tells where the closing one stands. What comes
/// before a mistake is kept.
pub(super) fn members(bytes: &[u8], start: usize, out: &mut Vec<MemberPart>) -> Result<usize, JsonError> {
    members_with(Level::new(), bytes, start, out)
}

fn members_with(
    level: Level,
    bytes: &[u8],
    start: usize,
    out: &mut Vec<MemberPart>,
) -> Result<usize, JsonError> {
    dispatch!(level, simd => read_members(simd, bytes, start, out))
}

#[inline(always)]
fn read_members<S: Simd>(
    simd: S,
    bytes: &[u8],
    start: usize,
    out: &mut Vec<MemberPart>,
) -> Result<usize, JsonError> {
    let mut at = start;
    loop {
        // What is not compiled into this very function has none of its vector instructions.
        let member = read_member::<S, u8x32<S>>(
            simd,
            bytes,
            at,
            #[inline(always)]
            |bytes, at| container_end(simd, bytes, at),
        );
        match member? {
            Some(member) => {
                out.push(MemberPart::new(bytes, &member));
                at = member.next;
            }
            None => return Ok(skip_blanks(bytes, at)),
        }
    }
}

/// A member by its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawMember {
    /// Without quotes.
    pub(super) key: Part,
    pub(super) has_escape: bool,
    pub(super) value: Part,
    /// Whether the value is a text without escapes.
    pub(super) is_plain: bool,
    /// Where the next member begins, or the closing bracket stands.
    pub(super) next: usize,
}

/// Reads the member at `at` inside an object; nothing at the closing bracket.
#[inline]
pub(super) fn next_member(bytes: &[u8], at: usize) -> Result<Option<RawMember>, JsonError> {
    dispatch!(Level::baseline(), simd => read_member::<_, u8x16<_>>(simd, bytes, at, skip_container))
}

#[inline(always)]
fn read_member<S: Simd, V: SimdInt<S, Element = u8>>(
    simd: S,
    bytes: &[u8],
    at: usize,
    container_end: impl Fn(&[u8], usize) -> Result<usize, JsonError>,
) -> Result<Option<RawMember>, JsonError> {
    let key_start = skip_blanks(bytes, at);
    match bytes.get(key_start) {
        Some(b'"') => {}
        Some(b'}') => return Ok(None),
        Some(_) => return Err(JsonError::Malformed),
        None => return Err(JsonError::Truncated),
    }
    let (key_end, has_escape) = string_end::<S, V>(simd, bytes, key_start)?;
    let colon = skip_blanks(bytes, key_end);
    match bytes.get(colon) {
        Some(b':') => {}
        Some(_) => return Err(JsonError::Malformed),
        None => return Err(JsonError::Truncated),
    }
    let start = skip_blanks(bytes, colon + 1);
    let (end, is_plain) = match bytes.get(start) {
        Some(b'"') => {
            let (end, has_escape) = string_end::<S, V>(simd, bytes, start)?;
            (end, !has_escape)
        }
        _ => (value_end::<S, V>(simd, bytes, start, container_end)?, false),
    };
    let after = skip_blanks(bytes, end);
    let next = match bytes.get(after) {
        Some(b',') => after + 1,
        Some(b'}') => after,
        Some(_) => return Err(JsonError::Malformed),
        None => return Err(JsonError::Truncated),
    };
    let key = Part::new(key_start + 1, key_end - 1);
    Ok(Some(RawMember { key, has_escape, value: Part::new(start, end), is_plain, next }))
}

// Values.

/// The end of the value that begins at `start`.
#[inline]
pub(super) fn skip_value(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    dispatch!(Level::baseline(), simd => value_end::<_, u8x16<_>>(simd, bytes, start, skip_container))
}

#[inline(always)]
fn value_end<S: Simd, V: SimdInt<S, Element = u8>>(
    simd: S,
    bytes: &[u8],
    start: usize,
    container_end: impl Fn(&[u8], usize) -> Result<usize, JsonError>,
) -> Result<usize, JsonError> {
    match bytes.get(start) {
        Some(b'"') => string_end::<S, V>(simd, bytes, start).map(|(end, _)| end),
        Some(b'{' | b'[') => container_end(bytes, start),
        Some(b't') => skip_word(bytes, start, b"true"),
        Some(b'f') => skip_word(bytes, start, b"false"),
        Some(b'n') => skip_word(bytes, start, b"null"),
        Some(b'-' | b'0'..=b'9') => {
            let rest = bytes.get(start..).unwrap_or_default();
            let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            Ok(start + rest.iter().take_while(is_part).count())
        }
        Some(_) => Err(JsonError::Malformed),
        None => Err(JsonError::Truncated),
    }
}

/// Whether a text may have that key in it; no for certain where it is not written anywhere. Looking for its quotes and
/// its first letter is several times faster than reading what stands around it.
#[inline]
pub(super) fn may_have_key(bytes: &[u8], key: &[u8]) -> bool {
    dispatch!(Level::baseline(), simd => contains_key(simd, bytes, key))
}

#[inline(always)]
fn contains_key<S: Simd>(simd: S, bytes: &[u8], key: &[u8]) -> bool {
    let lanes = u8x16::<S>::LEN;
    let closing = key.len() + 1;
    let (Some(&first), Some(last)) = (key.first(), bytes.len().checked_sub(closing + lanes)) else {
        return true;
    };
    // Letters can be written as `\u0061`; these can be written with a mere backslash too.
    let is_plain = !key.iter().any(|byte| matches!(byte, b'/' | b'"' | b'\\') || *byte < 0x20);
    let mut at = 0;
    loop {
        let (Some(here), Some(next), Some(behind)) = (
            load::<S, u8x16<S>>(simd, bytes, at),
            load::<S, u8x16<S>>(simd, bytes, at + 1),
            load::<S, u8x16<S>>(simd, bytes, at + closing),
        ) else {
            return true;
        };
        let keys = here.simd_eq(b'"') & next.simd_eq(first) & behind.simd_eq(b'"');
        let backslashes = here.simd_eq(b'\\');
        let escapes = if is_plain { backslashes & next.simd_eq(b'u') } else { backslashes };
        if (keys | escapes).to_bitmask() != 0 {
            return true;
        }
        if at == last {
            // What is left is shorter than the key.
            return has_backslash(bytes.get(last + lanes..).unwrap_or_default());
        }
        at = (at + lanes).min(last);
    }
}

// Containers.

/// The end of the object or list that begins at `start`. Brackets are counted, not matched by kind: the reader
/// of the container notices a wrong one.
pub(super) fn skip_container(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    skip_container_with(Level::new(), bytes, start)
}

fn skip_container_with(level: Level, bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    dispatch!(level, simd => container_end(simd, bytes, start))
}

#[inline(always)]
fn container_end<S: Simd>(simd: S, bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut depth = 0usize;
    let mut at = start;
    let mut strings = Strings::default();
    let rest = bytes.get(start..).unwrap_or_default();
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    for bytes in blocks {
        if let Some(end) = skip_block(&Block::load(simd, bytes), &mut strings, &mut depth)? {
            return Ok(at + end + 1);
        }
        at += BLOCK;
    }
    if tail.is_empty() {
        return Err(JsonError::Truncated);
    }
    // Blanks after the end mean nothing.
    let mut last = [b' '; BLOCK];
    if let Some(last) = last.get_mut(..tail.len()) {
        last.copy_from_slice(tail);
    }
    match skip_block(&Block::load(simd, &last), &mut strings, &mut depth)? {
        Some(end) => Ok(at + end + 1),
        None => Err(JsonError::Truncated),
    }
}

/// The bit at which the depth becomes zero, if it does in this block.
#[inline(always)]
fn skip_block(block: &Block, strings: &mut Strings, depth: &mut usize) -> Result<Option<usize>, JsonError> {
    let inside = strings.inside(block);
    let opens = block.opens & !inside;
    let closes = block.closes & !inside;
    let closing = closes.count_ones() as usize;
    if closing >= *depth {
        if let Some(end) = closing_bracket(opens, closes, depth) {
            // What comes behind is not looked at.
            return match block.backslashes & !inside & ((1u64 << end) - 1) {
                0 => Ok(Some(end)),
                _ => Err(JsonError::Malformed),
            };
        }
    } else {
        *depth = *depth + opens.count_ones() as usize - closing;
    }
    match block.backslashes & !inside {
        0 => Ok(None),
        _ => Err(JsonError::Malformed),
    }
}

/// Which bytes are inside strings, block after block.
#[derive(Debug, Default)]
struct Strings {
    /// All ones where the next block begins inside a string.
    open: u64,
    /// One where the next block begins behind the backslash of an escape.
    escaped: u64,
}

impl Strings {
    /// The bytes from each opening quote on, up to before the closing one.
    #[inline(always)]
    fn inside(&mut self, block: &Block) -> u64 {
        let escaped = if block.backslashes == 0 {
            std::mem::take(&mut self.escaped)
        } else {
            self.escapes(block.backslashes)
        };
        let inside = prefix_xor(block.quotes & !escaped) ^ self.open;
        // The last bit, for all of them.
        self.open = 0u64.wrapping_sub(inside >> 63);
        inside
    }

    /// The bytes that stand behind the backslash of an escape.
    ///
    /// In a row of backslashes every second one is escaped. Rows that begin on an even bit and rows that begin on an
    /// odd one are told apart by adding: the carry runs to the end of the row.
    #[inline(always)]
    fn escapes(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.escaped;
        let behind = backslashes << 1 | self.escaped;
        let odd_starts = backslashes & !EVEN & !behind;
        let (even_rows, overflow) = odd_starts.overflowing_add(backslashes);
        self.escaped = u64::from(overflow);
        (EVEN ^ even_rows << 1) & behind
    }
}

/// Which of sixty-four bytes are what, one bit each.
struct Block {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

impl Block {
    #[inline(always)]
    fn load<S: Simd>(simd: S, bytes: &[u8; BLOCK]) -> Self {
        let bytes = u8x64::load_array_ref(simd, bytes);
        // `[` and `{`, `]` and `}` differ in this bit only.
        let folded = bytes | 0x20;
        Self {
            quotes: bytes.simd_eq(b'"').to_bitmask(),
            backslashes: bytes.simd_eq(b'\\').to_bitmask(),
            opens: folded.simd_eq(b'{').to_bitmask(),
            closes: folded.simd_eq(b'}').to_bitmask(),
        }
    }
}

/// Each bit becomes whether an odd number of bits up to it is set: from quotes to what is inside them.
#[inline(always)]
fn prefix_xor(mut word: u64) -> u64 {
    word ^= word << 1;
    word ^= word << 2;
    word ^= word << 4;
    word ^= word << 8;
    word ^= word << 16;
    word ^ word << 32
}

/// The bit at which the depth becomes zero; else the depth after all bits.
#[inline(always)]
fn closing_bracket(opens: u64, closes: u64, depth: &mut usize) -> Option<usize> {
    let mut brackets = opens | closes;
    while brackets != 0 {
        let bit = brackets.trailing_zeros();
        brackets &= brackets - 1;
        if opens >> bit & 1 == 1 {
            *depth += 1;
        } else {
            *depth = depth.saturating_sub(1);
            if *depth == 0 {
                return Some(bit as usize);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive_container(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
        let (mut depth, mut at) = (0usize, start);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    at += 1;
                    loop {
                        match bytes.get(at) {
                            Some(b'"') => break,
                            Some(b'\\') => at += 2,
                            Some(_) => at += 1,
                            None => return Err(JsonError::Truncated),
                        }
                    }
                }
                b'\\' => return Err(JsonError::Malformed),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Err(JsonError::Truncated)
    }

    /// Every set of instructions that this machine has.
    fn levels() -> Vec<Level> {
        let mut levels = vec![Level::baseline(), Level::new()];
        #[cfg(target_arch = "x86_64")]
        {
            let best = Level::new();
            levels.extend(best.as_sse4_2().map(|simd| simd.level()));
            levels.extend(best.as_avx2().map(|simd| simd.level()));
        }
        levels
    }

    /// The members one after another, as the reader of single members finds them.
    fn naive_members(bytes: &[u8], start: usize) -> (Vec<(Part, Part)>, Result<usize, JsonError>) {
        let (mut found, mut at) = (Vec::new(), start);
        loop {
            match next_member(bytes, at) {
                Ok(Some(member)) => {
                    found.push((member.key, member.value));
                    at = member.next;
                }
                Ok(None) => return (found, Ok(skip_blanks(bytes, at))),
                Err(error) => return (found, Err(error)),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn containers_end_where_a_byte_by_byte_reader_finds_it(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("{"), Just("}"), Just("["), Just("]"), Just("\""), Just("\\"), Just("\\\""), Just(":"),
                    Just("abcdefghijklmnopqrstuvwxyz0123456789"), Just("x"), Just("\"key\":\"value\","),
                    Just("{\"a\":[1,2,{}]}"), Just("                                   "),
                ],
                0..60,
            )
        ) {
            let text = format!("{{{}", pieces.concat());
            for level in levels() {
                let end = skip_container_with(level, text.as_bytes(), 0);
                prop_assert_eq!(end, naive_container(text.as_bytes(), 0), "{:?} {}", level, text);
            }
        }

        #[test]
        fn members_are_those_that_a_reader_of_single_members_finds(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("\"key\":"), Just("\"k\\\"y\" : "), Just("\"a value of some length, longer than any vector is\""),
                    Just(","), Just(" , "), Just("{\"a\":[1,2,{}]}"), Just("[]"), Just("12"), Just("-1.5e3"), Just("true"),
                    Just("null"), Just("}"), Just("\""), Just("\\"), Just("{\"b\":\"}\\\"\"}"), Just("\"k\":1,"),
                ],
                0..40,
            )
        ) {
            let text = format!("{{{}", pieces.concat());
            let (expected, end) = naive_members(text.as_bytes(), 1);
            for level in levels() {
                let mut found = Vec::new();
                prop_assert_eq!(members_with(level, text.as_bytes(), 1, &mut found), end, "{:?} {}", level, text);
                let found: Vec<_> = found.iter().map(|member| (member.key, member.value)).collect();
                prop_assert_eq!(&found, &expected, "{:?} {}", level, text);
            }
        }
    }

    #[test]
    fn keys_are_missed_only_where_they_are_not() {
        for length in 0..80 {
            let pad = "a".repeat(length);
            for (text, key, expected) in [
                (format!("{{\"{pad}\":1,\"key\":2,\"last\":\"{pad}\"}}"), "key", true),
                (format!("{{\"first\":\"{pad}\",\"key\":2}}"), "key", true),
                (format!("{{\"first\":\"{pad}\",\"k\\u0065y\":2}}"), "key", true),
                (format!("{{\"first\":\"{pad}\",\"a\\/b\":2}}"), "a/b", true),
                (format!("{{\"{pad}\":\"{pad}kei{pad}\",\"kez\":[1,2,3,4,5,6,7,8,9,0]}}"), "keys", false),
            ] {
                let found = may_have_key(text.as_bytes(), key.as_bytes());
                assert!(found || !expected, "{text}");
                assert!(!found || expected || text.len() < key.len() + 2 + 16, "{text}");
            }
        }
    }

    #[test]
    fn strings_of_any_length_end() {
        for length in 0..100 {
            let text = format!("\"{}\"x", "a".repeat(length));
            assert_eq!(skip_string(text.as_bytes(), 0), Ok((length + 2, false)));
            let text = format!("\"{}\\\"\"x", "a".repeat(length));
            assert_eq!(skip_string(text.as_bytes(), 0), Ok((length + 4, true)));
            assert!(has_backslash(text.as_bytes()) && !has_backslash("a".repeat(length).as_bytes()));
            assert_eq!(skip_string(&text.as_bytes()[..length + 3], 0), Err(JsonError::Truncated));
        }
    }
}
