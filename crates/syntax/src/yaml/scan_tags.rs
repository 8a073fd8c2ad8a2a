//! Scanning of directives and tags.

use haechi_model::Span;

use super::scan::Scanner;
use super::tokens::{TagText, TokenKind};
use crate::error::{Mistake, Outcome};
use crate::texts::{TextRef, offset};

impl Scanner<'_> {
    /// `%YAML 1.1` or `%TAG !handle! prefix`, with the rest of its line.
    pub(super) fn scan_directive(&mut self) -> Outcome<()> {
        let start = self.at;
        self.at += 1;
        let name = self.at;
        self.pass_word();
        let name = self.texts.source.get(name..self.at).unwrap_or_default();
        if name.is_empty() || !self.is_blank_or_end(self.at) {
            return Err(self.unknown_directive(start));
        }
        let kind = match name {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_directive()?,
            _ => return Err(self.unknown_directive(start)),
        };
        let end = self.at;
        self.pass_blanks();
        if self.byte(self.at) == b'#' {
            self.scan_comment();
        }
        if !self.is_break_or_end(self.at) {
            return Err(Mistake::yaml(self.here(1), "a directive takes the whole line"));
        }
        let break_len = self.break_len(self.at);
        if break_len > 0 {
            self.pass_break(break_len);
        }
        self.push(kind, offset(start), self.place(end));
        Ok(())
    }

    fn unknown_directive(&self, start: usize) -> Mistake {
        let rest = self.texts.source.get(start..).unwrap_or_default();
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let span = Span::new(offset(start), offset(start + len));
        Mistake::yaml(
            span,
            "a line that begins with `%` is a directive, and this one is unknown; quote the text",
        )
    }

    fn pass_blanks(&mut self) {
        while self.is_blank(self.at) {
            self.at += 1;
        }
    }

    fn scan_version(&mut self) -> Outcome<TokenKind> {
        self.pass_blanks();
        let major = self.scan_version_number()?;
        if self.byte(self.at) != b'.' {
            return Err(Mistake::yaml(self.here(1), "a version is written as `1.1`"));
        }
        self.at += 1;
        let minor = self.scan_version_number()?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    /// One or two digits.
    fn scan_version_number(&mut self) -> Outcome<u8> {
        let mut value = 0;
        let start = self.at;
        while let digit @ b'0'..=b'9' = self.byte(self.at) {
            if self.at == start + 2 {
                return Err(Mistake::yaml(self.here(1), "a version is written as `1.1`"));
            }
            value = value * 10 + (digit - b'0');
            self.at += 1;
        }
        if self.at == start {
            return Err(Mistake::yaml(self.here(1), "a version is written as `1.1`"));
        }
        Ok(value)
    }

    fn scan_tag_directive(&mut self) -> Outcome<TokenKind> {
        self.pass_blanks();
        let handle = self.scan_tag_handle(true)?;
        if !self.is_blank(self.at) {
            return Err(Mistake::yaml(self.here(1), "expected a prefix after the handle of this tag"));
        }
        self.pass_blanks();
        let prefix = self.scan_tag_uri(self.at, true)?;
        if !self.is_blank_or_end(self.at) {
            return Err(Mistake::yaml(self.here(1), "no part of a tag"));
        }
        Ok(TokenKind::TagDirective(self.keep_tag(handle, prefix)))
    }

    fn keep_tag(&mut self, handle: TextRef, suffix: TextRef) -> u32 {
        self.tags.push(TagText { handle, suffix });
        offset(self.tags.len() - 1)
    }

    /// `!suffix`, `!!suffix`, `!handle!suffix`, `!<verbatim>` or `!` alone.
    pub(super) fn scan_tag(&mut self) -> Outcome<()> {
        let start = self.at;
        let none = TextRef::source(offset(start), offset(start));
        let index = if self.byte(self.at + 1) == b'<' {
            self.at += 2;
            let suffix = self.scan_tag_uri(self.at, true)?;
            if self.byte(self.at) != b'>' {
                return Err(Mistake::yaml(self.here(1), "expected `>` at the end of this tag"));
            }
            self.at += 1;
            self.keep_tag(none, suffix)
        } else {
            let handle = self.scan_tag_handle(false)?;
            let text = self.texts.get(handle);
            if text.len() > 1 && text.ends_with('!') {
                let suffix = self.scan_tag_uri(self.at, true)?;
                self.keep_tag(handle, suffix)
            } else {
                // What was read as a handle is the beginning of a suffix, after the handle `!`.
                let primary = TextRef::source(offset(start), offset(start + 1));
                let suffix = self.scan_tag_uri(start + 1, false)?;
                if suffix.len == 0 { self.keep_tag(none, primary) } else { self.keep_tag(primary, suffix) }
            }
        };
        if !self.is_blank_or_end(self.at) {
            return Err(Mistake::yaml(self.here(1), "expected white space after this tag"));
        }
        self.push(TokenKind::Tag(index), offset(start), self.place(self.at));
        Ok(())
    }

    /// `!`, `!!` or `!word!`; in a tag also the `!word` of a suffix.
    fn scan_tag_handle(&mut self, is_directive: bool) -> Outcome<TextRef> {
        let start = self.at;
        if self.byte(self.at) != b'!' {
            return Err(Mistake::yaml(self.here(1), "the handle of a tag begins with `!`"));
        }
        self.at += 1;
        self.pass_word();
        if self.byte(self.at) == b'!' {
            self.at += 1;
        } else if is_directive && self.at > start + 1 {
            return Err(Mistake::yaml(self.here(1), "the handle of a tag ends with `!`"));
        }
        Ok(TextRef::source(offset(start), offset(self.at)))
    }

    /// The rest of a tag that begins at `start`, where `%41` stands for a byte.
    fn scan_tag_uri(&mut self, start: usize, is_required: bool) -> Outcome<TextRef> {
        let begin = self.at;
        let mut escaped: Option<Vec<u8>> = None;
        loop {
            let byte = self.byte(self.at);
            let is_uri = byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$')
                || matches!(byte, b',' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'[' | b']');
            if byte == b'%' {
                let mut bytes = match escaped.take() {
                    Some(bytes) => bytes,
                    None => self.bytes.get(start..self.at).unwrap_or_default().to_vec(),
                };
                self.scan_uri_character(&mut bytes)?;
                escaped = Some(bytes);
            } else if is_uri {
                if let Some(bytes) = &mut escaped {
                    bytes.push(byte);
                }
                self.at += 1;
            } else {
                break;
            }
        }
        if is_required && self.at == begin {
            return Err(Mistake::yaml(self.here(1), "expected the name of a tag"));
        }
        Ok(match escaped {
            None => TextRef::source(offset(start), offset(self.at)),
            Some(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.texts.push(&text)
            }
        })
    }

    /// One character as `%xx` for each of its bytes.
    fn scan_uri_character(&mut self, bytes: &mut Vec<u8>) -> Outcome<()> {
        let mut left = 0;
        loop {
            let hex =
                |at: usize| char::from(self.byte(at)).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let octet = match (self.byte(self.at), hex(self.at + 1), hex(self.at + 2)) {
                (b'%', Some(high), Some(low)) => high << 4 | low,
                _ => return Err(Mistake::yaml(self.here(3), "expected `%` and two hexadecimal digits")),
            };
            if left == 0 {
                left = match octet {
                    0..=0x7f => 1,
                    0xc0..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf7 => 4,
                    _ => return Err(Mistake::yaml(self.here(3), "no byte that begins a character")),
                };
            } else if octet & 0xc0 != 0x80 {
                return Err(Mistake::yaml(self.here(3), "no byte that goes on with a character"));
            }
            bytes.push(octet);
            self.at += 3;
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}
