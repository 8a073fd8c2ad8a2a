//! Finds where strings and containers end, sixteen or sixty-four bytes at a time.

use wide::u8x16;

use super::JsonError;

const LANES: usize = 16;
const BLOCK: usize = 64;

fn lanes(bytes: &[u8], at: usize) -> Option<u8x16> {
    let chunk: &[u8; LANES] = bytes.get(at..at + LANES)?.try_into().ok()?;
    Some(u8x16::new(*chunk))
}

fn bits(found: u8x16) -> u32 {
    found.to_bitmask()
}

/// The end of the string that begins (with its quote) at `start`, and whether there is an escape inside.
#[inline]
pub(super) fn skip_string(bytes: &[u8], start: usize) -> Result<(usize, bool), JsonError> {
    let mut at = start + 1;
    let mut has_escape = false;
    while let Some(chunk) = lanes(bytes, at) {
        let stops = bits(chunk.simd_eq(u8x16::splat(b'"')) | chunk.simd_eq(u8x16::splat(b'\\')));
        if stops == 0 {
            at += LANES;
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
    let (chunks, tail) = bytes.as_chunks::<LANES>();
    let wanted = u8x16::splat(b'\\');
    chunks.iter().any(|chunk| bits(u8x16::new(*chunk).simd_eq(wanted)) != 0) || tail.contains(&b'\\')
}

/// Whether a text may have that key in it; no for certain where it is not written anywhere. Looking for its quotes and
/// its first letter is several times faster than reading what stands around it.
#[inline]
pub(super) fn may_have_key(bytes: &[u8], key: &[u8]) -> bool {
    let closing = key.len() + 1;
    let (Some(&first), Some(last)) = (key.first(), bytes.len().checked_sub(closing + LANES)) else {
        return true;
    };
    // Letters can be written as `\u0061`; these can be written with a mere backslash too.
    let is_plain = !key.iter().any(|byte| matches!(byte, b'/' | b'"' | b'\\') || *byte < 0x20);
    let (quote, first, backslash) = (u8x16::splat(b'"'), u8x16::splat(first), u8x16::splat(b'\\'));
    let escape = if is_plain { u8x16::splat(b'u') } else { u8x16::splat(0) };
    let mut at = 0;
    loop {
        let (Some(here), Some(next), Some(behind)) =
            (lanes(bytes, at), lanes(bytes, at + 1), lanes(bytes, at + closing))
        else {
            return true;
        };
        let keys = here.simd_eq(quote) & next.simd_eq(first) & behind.simd_eq(quote);
        let escapes =
            here.simd_eq(backslash) & (next.simd_eq(escape) | u8x16::splat(if is_plain { 0 } else { 0xff }));
        if bits(keys | escapes) != 0 {
            return true;
        }
        if at == last {
            // What is left is shorter than the key.
            return has_backslash(bytes.get(last + LANES..).unwrap_or_default());
        }
        at = (at + LANES).min(last);
    }
}

/// The end of the object or list that begins at `start`. Brackets are counted, not matched by kind: the reader
/// of the container notices a wrong one.
pub(super) fn skip_container(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut depth = 0usize;
    let mut at = start;
    let mut strings = Strings::default();
    let rest = bytes.get(start..).unwrap_or_default();
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    for bytes in blocks {
        if let Some(end) = skip_block(&Block::load(bytes), &mut strings, &mut depth)? {
            return Ok(at + end + 1);
        }
        at += BLOCK;
    }
    if tail.is_empty() {
        return Err(JsonError::Truncated);
    }
    // Blanks after the end mean nothing.
    let mut last = [b' '; BLOCK];
    last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
    match skip_block(&Block::load(&last), &mut strings, &mut depth)? {
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
    fn load(bytes: &[u8; BLOCK]) -> Self {
        let (chunks, _) = bytes.as_chunks::<LANES>();
        let mut block = Self { quotes: 0, backslashes: 0, opens: 0, closes: 0 };
        for (part, chunk) in chunks.iter().enumerate() {
            let chunk = u8x16::new(*chunk);
            // `[` and `{`, `]` and `}` differ in this bit only.
            let folded = chunk | u8x16::splat(0x20);
            let placed = |found: u8x16| u64::from(bits(found)) << (part * LANES);
            block.quotes |= placed(chunk.simd_eq(u8x16::splat(b'"')));
            block.backslashes |= placed(chunk.simd_eq(u8x16::splat(b'\\')));
            block.opens |= placed(folded.simd_eq(u8x16::splat(b'{')));
            block.closes |= placed(folded.simd_eq(u8x16::splat(b'}')));
        }
        block
    }
}

/// Each bit becomes whether an odd number of bits up to it is set: from quotes to what is inside them.
fn prefix_xor(mut word: u64) -> u64 {
    word ^= word << 1;
    word ^= word << 2;
    word ^= word << 4;
    word ^= word << 8;
    word ^= word << 16;
    word ^ word << 32
}

/// The bit at which the depth becomes zero; else the depth after all bits.
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
            prop_assert_eq!(skip_container(text.as_bytes(), 0), naive_container(text.as_bytes(), 0), "{}", text);
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
                assert!(!found || expected || text.len() < key.len() + 2 + LANES, "{text}");
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
