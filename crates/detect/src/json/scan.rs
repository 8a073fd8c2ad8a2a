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

/// The end of the string that begins (with its quote) at `start`.
#[inline]
pub(super) fn skip_string(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut at = start + 1;
    while let Some(chunk) = lanes(bytes, at) {
        let stops = bits(chunk.simd_eq(u8x16::splat(b'"')) | chunk.simd_eq(u8x16::splat(b'\\')));
        if stops == 0 {
            at += LANES;
            continue;
        }
        at += stops.trailing_zeros() as usize;
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            // A backslash takes the next byte with it.
            _ => at += 2,
        }
    }
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return Err(JsonError::Truncated),
        }
    }
}

/// As [`skip_string`], and whether there is an escape inside.
#[inline]
pub(super) fn skip_key(bytes: &[u8], start: usize) -> Result<(usize, bool), JsonError> {
    if let Some(chunk) = lanes(bytes, start + 1) {
        let quotes = bits(chunk.simd_eq(u8x16::splat(b'"')));
        let backslashes = bits(chunk.simd_eq(u8x16::splat(b'\\')));
        if quotes != 0 && backslashes.trailing_zeros() > quotes.trailing_zeros() {
            return Ok((start + 2 + quotes.trailing_zeros() as usize, false));
        }
    }
    let end = skip_string(bytes, start)?;
    let inner = bytes.get(start + 1..end - 1).unwrap_or_default();
    Ok((end, inner.contains(&b'\\')))
}

/// The end of the object or list that begins at `start`. Brackets are counted, not matched by kind: the reader
/// of the container notices a wrong one.
pub(super) fn skip_container(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut depth = 0usize;
    let mut at = start;
    // All ones while a block begins inside a string.
    let mut in_string = 0u64;
    while let Some(block) = Block::load(bytes, at) {
        if block.backslashes != 0 {
            // Escapes are rare: the block goes byte by byte, to the end of the string that it ends in.
            if in_string != 0 {
                at = end_of_string(bytes, at)?;
                in_string = 0;
            }
            match skip_slowly(bytes, at, at.saturating_add(BLOCK), &mut depth)? {
                Ended::At(end) => return Ok(end),
                Ended::Later(next) => at = next,
            }
            continue;
        }
        let inside = prefix_xor(block.quotes) ^ in_string;
        let opens = block.opens & !inside;
        let closes = block.closes & !inside;
        let closing = closes.count_ones() as usize;
        if closing >= depth {
            if let Some(end) = closing_bracket(opens, closes, &mut depth) {
                return Ok(at + end + 1);
            }
        } else {
            depth = depth + opens.count_ones() as usize - closing;
        }
        // The last bit, for all of them.
        in_string = 0u64.wrapping_sub(inside >> 63);
        at += BLOCK;
    }
    if in_string != 0 {
        at = end_of_string(bytes, at)?;
    }
    match skip_slowly(bytes, at, usize::MAX, &mut depth)? {
        Ended::At(end) => Ok(end),
        Ended::Later(_) => Err(JsonError::Truncated),
    }
}

/// The end of a string that began before `at`.
fn end_of_string(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    // The byte before cannot be the backslash of an escape: such blocks are left at the end of their string.
    skip_string(bytes, at.wrapping_sub(1))
}

enum Ended {
    At(usize),
    Later(usize),
}

/// Goes on byte by byte until `until`, further where that lies in a string.
fn skip_slowly(bytes: &[u8], mut at: usize, until: usize, depth: &mut usize) -> Result<Ended, JsonError> {
    while at < until {
        match bytes.get(at) {
            Some(b'"') => {
                at = skip_string(bytes, at)?;
                continue;
            }
            Some(b'{' | b'[') => *depth += 1,
            Some(b'}' | b']') => {
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    return Ok(Ended::At(at + 1));
                }
            }
            Some(_) => {}
            None => return Err(JsonError::Truncated),
        }
        at += 1;
    }
    Ok(Ended::Later(at))
}

/// Which of sixty-four bytes are what, one bit each.
struct Block {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
}

impl Block {
    #[inline]
    fn load(bytes: &[u8], at: usize) -> Option<Self> {
        let mut block = Self { quotes: 0, backslashes: 0, opens: 0, closes: 0 };
        let bytes = bytes.get(at..at + BLOCK)?;
        for part in (0..BLOCK / LANES).rev() {
            let chunk = lanes(bytes, part * LANES)?;
            // `[` and `{`, `]` and `}` differ in this bit only.
            let folded = chunk | u8x16::splat(0x20);
            let shifted = |word: u64, found: u8x16| word << LANES | u64::from(bits(found));
            block.quotes = shifted(block.quotes, chunk.simd_eq(u8x16::splat(b'"')));
            block.backslashes = shifted(block.backslashes, chunk.simd_eq(u8x16::splat(b'\\')));
            block.opens = shifted(block.opens, folded.simd_eq(u8x16::splat(b'{')));
            block.closes = shifted(block.closes, folded.simd_eq(u8x16::splat(b'}')));
        }
        Some(block)
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
    fn strings_of_any_length_end() {
        for length in 0..100 {
            let text = format!("\"{}\"x", "a".repeat(length));
            assert_eq!(skip_string(text.as_bytes(), 0), Ok(length + 2));
            let text = format!("\"{}\\\"\"x", "a".repeat(length));
            assert_eq!(skip_string(text.as_bytes(), 0), Ok(length + 4));
            assert_eq!(skip_string(&text.as_bytes()[..length + 3], 0), Err(JsonError::Truncated));
        }
    }
}
