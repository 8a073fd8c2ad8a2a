use memchr::memchr;

/// What bounds a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest document, in bytes: an event, or a file of events in one JSON value.
    pub document_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // CloudTrail's files hold some thousand records in one value.
        Self { document_bytes: 256 << 20 }
    }
}

/// Cuts a stream of bytes into documents: one line each, or a JSON value over several lines.
///
/// Memory: at most one unfinished document. A document that begins on a line of its own while the one before has
/// not ended tells that the one before was cut off.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    /// The beginning of a line that has not ended.
    partial: Vec<u8>,
    /// The beginning of a document over several lines: whole lines.
    pending: Vec<u8>,
    /// How far the pending document has been looked at.
    scanned: usize,
    scan: Scan,
    /// The line that the pending document begins on.
    pending_line: u64,
    line: u64,
    is_skipping: bool,
    /// So many bytes were read ahead in vain; as many go by before that is tried again, whatever they are.
    vain_bytes: usize,
}

/// Lines up to this length are read ahead.
const AHEAD: usize = 64 << 10;

/// Where in a JSON value a scan stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Scan {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// The last byte that is no blank.
    last: u8,
}

/// A document, or what there is instead of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame<'b> {
    /// What a line begins with, and more. Who reads a whole value up to the end of that line tells its length, and gets
    /// the line next: then nobody else has to look for its end, which takes long where the bytes have to come from memory.
    Ahead(&'b [u8]),
    /// A line that looks as if it were a document. Who reads it tells whether it ends inside a value: then the
    /// next lines may belong to it.
    Line(&'b [u8], u64),
    /// A document.
    Document(&'b [u8], u64),
    TooLarge(u64),
}

/// What the reader of a frame says: whether it is a whole document, or none; only a [`Frame::Line`] may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Whole,
    Unfinished,
    /// The length of the line, its end included.
    Line(usize),
}

impl Framer {
    /// At the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            partial: Vec::new(),
            pending: Vec::new(),
            scanned: 0,
            scan: Scan::default(),
            pending_line: 1,
            line: 1,
            is_skipping: false,
            vain_bytes: 0,
        }
    }

    /// Takes more bytes and yields the documents that end in them.
    pub(crate) fn feed(&mut self, bytes: &[u8], emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = match self.read_ahead(rest, emit) {
                Some(length) => length,
                None => match memchr(b'\n', rest) {
                    Some(end) => end + 1,
                    None => return self.keep(rest, emit),
                },
            };
            let (line, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            self.vain_bytes = self.vain_bytes.saturating_sub(length);
            if self.is_skipping {
                // The rest of a line that was too long; what comes next is looked at afresh.
                self.is_skipping = false;
            } else if self.partial.is_empty() {
                self.take_line(line, emit);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.take_line(&whole, emit);
                whole.clear();
                self.partial = whole;
            }
            self.line += 1;
        }
    }

    /// The length of the line that begins here, told by who reads it.
    fn read_ahead(&mut self, rest: &[u8], emit: &mut impl FnMut(Frame<'_>) -> Taken) -> Option<usize> {
        let is_begun = self.is_skipping || !self.partial.is_empty() || !self.pending.is_empty();
        if is_begun || self.vain_bytes > 0 || rest.first() != Some(&b'{') {
            return None;
        }
        let ahead = rest.get(..AHEAD).unwrap_or(rest);
        match emit(Frame::Ahead(ahead)) {
            Taken::Line(length) => Some(length),
            Taken::Whole | Taken::Unfinished => {
                self.vain_bytes = ahead.len();
                None
            }
        }
    }

    /// Yields what is left at the end of the stream.
    pub(crate) fn finish(&mut self, emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        let partial = std::mem::take(&mut self.partial);
        if !partial.is_empty() {
            self.take_line(&partial, emit);
        }
        self.emit_unfinished(emit);
        self.is_skipping = false;
    }

    /// Keeps the beginning of a line.
    fn keep(&mut self, bytes: &[u8], emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        if self.is_skipping {
            return;
        }
        if self.partial.len() + bytes.len() > self.limits.document_bytes {
            let _ = emit(Frame::TooLarge(self.line));
            self.partial.clear();
            self.is_skipping = true;
            return;
        }
        self.partial.extend_from_slice(bytes);
    }

    fn reset(&mut self) {
        self.pending.clear();
        self.scanned = 0;
        self.scan = Scan::default();
    }

    /// Emits a document over several lines that has not ended. Each line on which an event of its own may begin
    /// begins a document: what was cut off takes nothing with it.
    fn emit_unfinished(&mut self, emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        let pending = std::mem::take(&mut self.pending);
        let (mut start, mut at) = (0, 0);
        let (mut start_line, mut line_number) = (self.pending_line, self.pending_line);
        let mut piece = |from: usize, to: usize, line: u64| {
            let piece = pending.get(from..to).unwrap_or_default();
            if !is_blank(piece) {
                let _ = emit(Frame::Document(piece, line));
            }
        };
        for line in pending.split_inclusive(|byte| *byte == b'\n') {
            if at > start && line.starts_with(b"{\"") {
                piece(start, at, start_line);
                (start, start_line) = (at, line_number);
            }
            at += line.len();
            line_number += 1;
        }
        piece(start, at, start_line);
        self.reset();
    }

    /// Adds a line to the document over several lines.
    fn hold(&mut self, line: &[u8], emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        if self.pending.is_empty() {
            self.pending_line = self.line;
        }
        if self.pending.len() + line.len() > self.limits.document_bytes {
            let _ = emit(Frame::TooLarge(self.pending_line));
            return self.reset();
        }
        self.pending.extend_from_slice(line);
        self.continue_pending(emit);
    }

    /// Takes a line with its end.
    fn take_line(&mut self, line: &[u8], emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        if self.pending.is_empty() {
            if line.len() > self.limits.document_bytes {
                let _ = emit(Frame::TooLarge(self.line));
            } else if is_blank(line) {
            } else if !opens_json(line) {
                let _ = emit(Frame::Document(line, self.line));
            } else if !closes_json(line) || emit(Frame::Line(line, self.line)) == Taken::Unfinished {
                self.hold(line, emit);
            }
            return;
        }
        // In the middle of a value no other one begins, except behind a bracket, a comma or a colon.
        if line.starts_with(b"{\"") && !self.scan.may_begin_value() {
            self.emit_unfinished(emit);
            return self.take_line(line, emit);
        }
        self.hold(line, emit);
    }

    /// Looks whether the pending document ends.
    fn continue_pending(&mut self, emit: &mut impl FnMut(Frame<'_>) -> Taken) {
        let fresh = self.pending.get(self.scanned..).unwrap_or_default();
        let ends = self.scan.run(fresh);
        self.scanned = self.pending.len();
        let is_json = opens_json(&self.pending);
        if ends || !is_json {
            let mut pending = std::mem::take(&mut self.pending);
            let _ = emit(Frame::Document(&pending, self.pending_line));
            pending.clear();
            self.reset();
            self.pending = pending;
        }
    }
}

impl Scan {
    /// Goes on over more bytes; true where all brackets are closed at their end.
    fn run(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if !byte.is_ascii_whitespace() {
                self.last = byte;
            }
            if self.in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.depth == 0 && !self.in_string
    }

    fn may_begin_value(self) -> bool {
        !self.in_string && matches!(self.last, b'[' | b',' | b':')
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn opens_json(bytes: &[u8]) -> bool {
    matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// Whether a line ends as a JSON value of its own does.
fn closes_json(line: &[u8]) -> bool {
    matches!(line.iter().rev().find(|byte| !byte.is_ascii_whitespace()), Some(b'}' | b']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut framer = Framer::new(Limits { document_bytes: 60 });
        let mut emit = |frame: Frame<'_>| {
            if let Frame::Line(bytes, _) = frame
                && !Scan::default().run(bytes)
            {
                return Taken::Unfinished;
            }
            out.push(match frame {
                Frame::Ahead(_) => return Taken::Whole,
                Frame::Line(bytes, line) | Frame::Document(bytes, line) => {
                    format!("{line}: {}", String::from_utf8_lossy(bytes).trim_end().replace('\n', "⏎"))
                }
                Frame::TooLarge(line) => format!("{line}: too large"),
            });
            Taken::Whole
        };
        for chunk in chunks {
            framer.feed(chunk.as_bytes(), &mut emit);
        }
        framer.finish(&mut emit);
        out
    }

    #[test]
    fn lines_are_documents_wherever_the_chunks_end() {
        let text = "{\"a\":1}\n\n{\"b\":{}}\nx y\n{\"c\":2}";
        let whole = frames(&[text]);
        assert_eq!(whole, ["1: {\"a\":1}", "3: {\"b\":{}}", "4: x y", "5: {\"c\":2}"]);
        for cut in 1..text.len() {
            assert_eq!(frames(&[&text[..cut], &text[cut..]]), whole, "{cut}");
        }
    }

    #[test]
    fn values_may_take_several_lines() {
        assert_eq!(
            frames(&["{\n \"a\": [\n{\n},\n{\"x\":\"}\"}\n]\n}\n{\"b\":1}\n"]),
            ["1: {⏎ \"a\": [⏎{⏎},⏎{\"x\":\"}\"}⏎]⏎}", "8: {\"b\":1}"]
        );
    }

    #[test]
    fn a_line_may_end_in_a_bracket_that_is_not_the_last() {
        assert_eq!(frames(&["[{\"a\":1}\n,{\"b\":2}]\n{}\n"]), ["1: [{\"a\":1}⏎,{\"b\":2}]", "3: {}"]);
        assert_eq!(frames(&["{\"a\":{}\n{\"b\":2}\n"]), ["1: {\"a\":{}", "2: {\"b\":2}"]);
    }

    #[test]
    fn a_cut_off_line_takes_nothing_with_it() {
        assert_eq!(
            frames(&["{\"a\":[1,\n{\"b\":2}\n{\"c\":3}\n"]),
            ["1: {\"a\":[1,", "2: {\"b\":2}", "3: {\"c\":3}"]
        );
        assert_eq!(frames(&["{\"a\":\"x\n{\"b\":2}\n"]), ["1: {\"a\":\"x", "2: {\"b\":2}"]);
        assert_eq!(frames(&["{\"a\":[\n{\"b\":2}\n]}\n"]), ["1: {\"a\":[⏎{\"b\":2}⏎]}"]);
    }

    #[test]
    fn long_documents_are_left_out() {
        let long = "x".repeat(100);
        assert_eq!(
            frames(&[&format!("{{\"a\":\"{long}\"}}\n{{\"b\":2}}\n")]),
            ["1: too large", "2: {\"b\":2}"]
        );
        assert_eq!(frames(&["{\"a\":\"", &long, "\"}\n{\"b\":2}\n"]), ["1: too large", "2: {\"b\":2}"]);
    }
}
