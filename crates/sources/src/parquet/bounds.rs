//! Bounds for what a Parquet file makes its reader keep in memory.
//!
//! The file says itself how large its pages are when they are unpacked, how many values its dictionaries have and how
//! its columns nest, and the library believes most of it. What is said is looked at here before the library reads it.
//!
//! Source of the structures: `parquet.thrift` of the Apache Parquet format.

use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use super::compact::{Compact, I32, LIST, STRUCT};
use crate::events::{EventsRefusal, GZIP};

/// Most bytes of a page, packed or not. Writers make pages of 1 MiB.
const MAX_PAGE: u64 = 32 << 20;
/// Most bytes of the description at the end of the file.
const MAX_DESCRIPTION: usize = 32 << 20;
/// Most columns. Flow logs have less than fifty.
const MAX_COLUMNS: u64 = 256;
/// Most bytes of what stands before a page.
const MAX_HEADER: u64 = 64 << 10;
/// How the file ends: the length of its description, and the format's name.
const END: u64 = 8;

/// A file of which nothing is handed out that would take more memory than the bounds.
pub(super) struct Bounded {
    file: File,
    /// Where the page begins whose header was read last, and what the header says of it.
    next: Mutex<(u64, Page)>,
}

/// What a header says of its page.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Page {
    unpacked: i64,
    packed: i64,
    /// How many values a dictionary has.
    dictionary: i64,
    /// How many bytes at the page's beginning are never packed.
    levels: i64,
    encoding: i64,
}

impl Bounded {
    pub(super) fn new(file: File) -> Self {
        Self { file, next: Mutex::default() }
    }

    /// The header of the page at `start` and nothing else; what it says is remembered.
    fn header(&self, start: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.get_read(start)?.take(MAX_HEADER).read_to_end(&mut bytes)?;
        let (page, length) = Page::read(&bytes).ok_or_else(|| refused(EventsRefusal::Broken))?;
        page.check()?;
        bytes.truncate(length);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (start.saturating_add(length as u64), page);
        Ok(bytes)
    }

    /// The page at `start`, if its header was read before it.
    fn page(&self, start: u64) -> Option<Page> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        (next.0 == start).then_some(next.1)
    }
}

impl Length for Bounded {
    fn len(&self) -> u64 {
        Length::len(&self.file)
    }
}

impl ChunkReader for Bounded {
    type T = Cursor<Vec<u8>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        // All that is read without a length is the end of the file, and headers of pages.
        if start.checked_add(END) == Some(self.len()) {
            let mut end = Vec::new();
            self.file.get_read(start)?.take(END).read_to_end(&mut end)?;
            return Ok(Cursor::new(end));
        }
        self.header(start).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.saturating_add(length as u64).saturating_add(END) == self.len() && self.page(start).is_none()
        {
            if length > MAX_DESCRIPTION {
                return Err(refused(EventsRefusal::LargeDescription));
            }
            let bytes = self.file.get_bytes(start, length)?;
            check_columns(&bytes)?;
            return Ok(bytes);
        }
        let page = self.page(start).ok_or_else(|| refused(EventsRefusal::Broken))?;
        // The library takes as many bytes as the header says.
        let bytes = self.file.get_bytes(start, length)?;
        page.check_packed(&bytes)?;
        Ok(bytes)
    }
}

impl Page {
    /// Reads `PageHeader`, and tells how many bytes it has.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut compact = Compact::new(bytes);
        let mut page = Self::default();
        let mut number = 0;
        while let Some(field) = compact.field(number)? {
            number = field.number;
            match (field.number, field.kind) {
                (2, I32) => page.unpacked = compact.integer()?,
                (3, I32) => page.packed = compact.integer()?,
                // DataPageHeader, DictionaryPageHeader and DataPageHeaderV2.
                (5 | 7 | 8, STRUCT) => page.read_kind(field.number, &mut compact)?,
                // Of another kind than it has to be: who knows what the library makes of it.
                (2 | 3 | 5 | 7 | 8, _) => return None,
                (_, kind) => compact.skip(kind)?,
            }
        }
        Some((page, bytes.len() - compact.remaining()))
    }

    fn read_kind(&mut self, header: i64, compact: &mut Compact<'_>) -> Option<()> {
        let mut number = 0;
        while let Some(field) = compact.field(number)? {
            number = field.number;
            match (header, field.number, field.kind) {
                (7, 1, I32) => self.dictionary = compact.integer()?,
                (5, 2, I32) | (8, 4, I32) => self.encoding = compact.integer()?,
                (8, 5 | 6, I32) => self.levels = self.levels.checked_add(compact.integer()?)?,
                (7, 1, _) | (5, 2, _) | (8, 4..=6, _) => return None,
                (_, _, kind) => compact.skip(kind)?,
            }
        }
        Some(())
    }

    fn check(&self) -> Result<()> {
        for size in [self.unpacked, self.packed, self.dictionary, self.levels] {
            if u64::try_from(size).is_err() {
                return Err(refused(EventsRefusal::Broken));
            }
            if size.unsigned_abs() > MAX_PAGE {
                return Err(refused(EventsRefusal::LargePage));
            }
        }
        // A value takes a byte at least.
        if self.dictionary > self.unpacked {
            return Err(refused(EventsRefusal::LargeDictionary));
        }
        // How many texts there are stands in what is packed, and is believed.
        if let 6 | 7 = self.encoding {
            return Err(refused(EventsRefusal::Differences));
        }
        Ok(())
    }

    /// Whether what is packed with gzip has no more than the header says: the library unpacks all of it first.
    fn check_packed(&self, bytes: &[u8]) -> Result<()> {
        let packed = usize::try_from(self.levels).ok().and_then(|levels| bytes.get(levels..));
        let Some(packed) = packed.filter(|packed| packed.starts_with(GZIP)) else {
            return Ok(());
        };
        let told = self.unpacked.unsigned_abs();
        let mut unpacked = MultiGzDecoder::new(packed).take(told + 1);
        // What is no gzip after all is not unpacked by the library either, or told by it.
        match std::io::copy(&mut unpacked, &mut std::io::sink()) {
            Ok(size) if size > told => Err(refused(EventsRefusal::LongerThanTold)),
            _ => Ok(()),
        }
    }
}

/// Whether the columns that `FileMetaData` describes are few and do not nest: those of a log do not.
fn check_columns(bytes: &[u8]) -> Result<()> {
    let broken = || refused(EventsRefusal::Broken);
    let mut compact = Compact::new(bytes);
    let mut number = 0;
    while let Some(field) = compact.field(number).ok_or_else(broken)? {
        number = field.number;
        if field.number != 2 {
            compact.skip(field.kind).ok_or_else(broken)?;
            continue;
        }
        let list = if field.kind == LIST { compact.list() } else { None };
        let Some((STRUCT, count)) = list else { return Err(broken()) };
        if count > MAX_COLUMNS + 1 {
            return Err(refused(EventsRefusal::Columns));
        }
        for index in 0..count {
            let children = children(&mut compact).ok_or_else(broken)?;
            let expected = if index == 0 { count.saturating_sub(1) } else { 0 };
            if u64::try_from(children) != Ok(expected) {
                return Err(refused(EventsRefusal::Nested));
            }
        }
    }
    Ok(())
}

/// How many columns a `SchemaElement` says that it holds.
fn children(compact: &mut Compact<'_>) -> Option<i64> {
    let (mut number, mut children) = (0, 0);
    while let Some(field) = compact.field(number)? {
        number = field.number;
        match (field.number, field.kind) {
            (5, I32) => children = compact.integer()?,
            (5, _) => return None,
            (_, kind) => compact.skip(kind)?,
        }
    }
    Some(children)
}

fn refused(why: EventsRefusal) -> ParquetError {
    ParquetError::External(Box::new(why))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{self, Read, Seek, Write};
    use std::sync::Arc;

    use parquet::basic::{Compression, Encoding};
    use parquet::data_type::ByteArrayType;
    use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use crate::events::EventsRefusal;
    use crate::parquet::ParquetLines;

    fn properties() -> WriterPropertiesBuilder {
        WriterProperties::builder().set_dictionary_enabled(false)
    }

    /// A file whose columns all hold `text`.
    fn written(schema: &str, properties: WriterPropertiesBuilder, text: &str) -> File {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = Arc::new(properties.build());
        let file = tempfile::tempfile().unwrap();
        let mut writer = SerializedFileWriter::new(file.try_clone().unwrap(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        while let Some(mut column) = group.next_column().unwrap() {
            column.typed::<ByteArrayType>().write_batch(&[text.into()], None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    fn read(schema: &str, properties: WriterPropertiesBuilder, text: &str) -> io::Result<usize> {
        let mut lines = ParquetLines::open(written(schema, properties, text))?;
        io::copy(&mut lines, &mut io::sink()).map(|bytes| usize::try_from(bytes).unwrap())
    }

    fn refusal(schema: &str, properties: WriterPropertiesBuilder, text: &str) -> Option<EventsRefusal> {
        EventsRefusal::of(&read(schema, properties, text).expect_err("a refusal"))
    }

    const ONE: &str = "message flow { REQUIRED BYTE_ARRAY a (UTF8); }";

    #[test]
    fn a_page_that_unpacks_to_too_much_is_not_unpacked() {
        let bomb = "a".repeat(33 << 20);
        for compression in
            [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(Default::default())]
        {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                // The second version stores texts as differences unless told.
                let properties = properties()
                    .set_compression(compression)
                    .set_writer_version(version)
                    .set_encoding(Encoding::PLAIN);
                assert_eq!(refusal(ONE, properties, &bomb), Some(EventsRefusal::LargePage));
            }
        }
        let packed = || properties().set_compression(Compression::GZIP(Default::default()));
        assert_eq!(read(ONE, packed(), &bomb[..1 << 20]).unwrap(), 2 + (1 << 20) + 1);
    }

    #[test]
    fn a_header_that_says_less_than_what_a_page_unpacks_to_is_not_believed() {
        let file = written(
            ONE,
            properties().set_compression(Compression::GZIP(Default::default())),
            &"a".repeat(33 << 20),
        );
        let mut bytes = Vec::new();
        let mut from = file.try_clone().unwrap();
        from.rewind().unwrap();
        from.read_to_end(&mut bytes).unwrap();
        // The size that the header tells, as the protocol writes it, before and after.
        let [told, lie] = [(33 << 20) + 4_u32, 20 << 20].map(|size| {
            let folded = size * 2;
            let [low, more, high, last] =
                [0, 7, 14, 21].map(|shift| (folded >> shift).to_le_bytes()[0] & 0x7f);
            [low | 0x80, more | 0x80, high | 0x80, last]
        });
        let at = bytes.windows(4).position(|window| window == told).expect("the header's size");
        bytes.splice(at..at + 4, lie);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let error = ParquetLines::open(file).unwrap().read_to_end(&mut Vec::new()).expect_err("a refusal");
        assert_eq!(EventsRefusal::of(&error), Some(EventsRefusal::LongerThanTold));
    }

    #[test]
    fn columns_beyond_counting_or_within_columns_are_refused() {
        let columns = |count: usize| {
            let columns: String =
                (0..count).map(|at| format!("REQUIRED BYTE_ARRAY c{at} (UTF8); ")).collect();
            format!("message flow {{ {columns} }}")
        };
        assert!(read(&columns(256), properties(), "-").is_ok());
        assert_eq!(refusal(&columns(257), properties(), "-"), Some(EventsRefusal::Columns));
        let nested = "message flow { REQUIRED GROUP a { REQUIRED BYTE_ARRAY b (UTF8); } }";
        assert_eq!(refusal(nested, properties(), "-"), Some(EventsRefusal::Nested));
    }

    #[test]
    fn texts_stored_as_differences_are_refused_with_the_mend() {
        for encoding in [Encoding::DELTA_BYTE_ARRAY, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
            let refusal = refusal(ONE, properties().set_encoding(encoding), "text");
            assert_eq!(refusal, Some(EventsRefusal::Differences));
        }
    }
}
