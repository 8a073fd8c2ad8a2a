//! Flow logs that are stored as Parquet, as the lines that the same service writes as text.

mod bounds;
mod compact;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use self::bounds::Bounded;
use crate::events::EventsRefusal;

/// Yields a line with the names of the columns, then a line for each row; what has no value is `-`. One row is held
/// at a time, besides what the format makes a reader hold: the pages of a row group.
pub(crate) struct ParquetLines {
    rows: RowIter<'static>,
    line: Vec<u8>,
    at: usize,
    state: State,
}

/// Whether there is more to read.
enum State {
    Open,
    /// It broke off; to be told when the lines before are taken.
    Broken(io::Error),
    /// What the rows hold after they broke off means nothing.
    Ended,
}

impl ParquetLines {
    /// Reads the description at the end of the file.
    ///
    /// # Errors
    /// The file is no Parquet, is cut off, is compressed in a way that is not known, or is beyond the bounds of
    /// [`bounds`].
    pub(crate) fn open(file: File) -> io::Result<Self> {
        guarded(|| {
            let reader = SerializedFileReader::new(Bounded::new(file)).map_err(broken)?;
            let schema = reader.metadata().file_metadata().schema_descr();
            let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
            let mut line = names.join(" ").into_bytes();
            line.push(b'\n');
            Ok(Self { rows: RowIter::from_file_into(Box::new(reader)), line, at: 0, state: State::Open })
        })
    }

    /// Takes in some thousand bytes at once, so that few calls are needed.
    fn fill(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Open) {
            let read = guarded(|| {
                while self.line.len() < 1 << 14 {
                    let Some(row) = self.rows.next() else { return Ok(State::Ended) };
                    self.write(&row.map_err(broken)?);
                }
                Ok(State::Open)
            });
            self.state = read.unwrap_or_else(|error| {
                // Of the row that it broke off in, a part may be written.
                self.line.truncate(self.line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
                State::Broken(error)
            });
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Broken(error) if self.line.is_empty() => Err(error),
            state => {
                self.state = state;
                Ok(())
            }
        }
    }

    fn write(&mut self, row: &Row) {
        for (index, (_, field)) in row.get_column_iter().enumerate() {
            if index > 0 {
                self.line.push(b' ');
            }
            let text = match field {
                Field::Null => "-".to_owned(),
                Field::Str(text) => text.clone(),
                Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
                other => other.to_string(),
            };
            // A blank or a line break would shift what follows into another column.
            let is_empty = text.is_empty();
            let dense = text.bytes().map(|byte| if byte.is_ascii_whitespace() { b'_' } else { byte });
            self.line.extend(dense);
            if is_empty {
                self.line.push(b'-');
            }
        }
        self.line.push(b'\n');
    }
}

thread_local! {
    /// Whether this thread reads with the library now.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Reads with a library that panics on some broken files instead of saying so: one bad file must not end the reading
/// of others, nor print where in the library it was.
fn guarded<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                told(panic);
            }
        }));
    });
    IS_GUARDED.set(true);
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    IS_GUARDED.set(false);
    read.unwrap_or_else(|_| Err(EventsRefusal::Broken.into()))
}

fn broken(error: ParquetError) -> io::Error {
    match error {
        // The bounds' own refusals come through the library.
        ParquetError::External(inner) => io::Error::new(io::ErrorKind::InvalidData, inner),
        error => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}

impl Read for ParquetLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            self.line.clear();
            self.at = 0;
            self.fill()?;
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    fn written(compression: Compression) -> File {
        let schema = "message flow { REQUIRED INT32 version; OPTIONAL BYTE_ARRAY account_id (UTF8);
            OPTIONAL BYTE_ARRAY srcaddr (UTF8); OPTIONAL INT64 start; }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let mut writer =
            SerializedFileWriter::new(tempfile::tempfile().unwrap(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[5, 5], None, None).unwrap();
        column.close().unwrap();
        let texts =
            |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec().into()).collect::<Vec<_>>();
        for (values, levels) in [(texts(&["1234 5"]), [1, 0]), (texts(&["10.0.0.1", ""]), [1, 1])] {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[1_418_530_010], Some(&[0, 1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.finish().unwrap();
        writer.inner().try_clone().unwrap()
    }

    #[test]
    fn what_comes_through_a_pipe_is_read_too() {
        use std::io::Seek;
        let mut file = written(Compression::SNAPPY);
        let mut expected = String::new();
        ParquetLines::open(file.try_clone().unwrap()).unwrap().read_to_string(&mut expected).unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let mut text = String::new();
        crate::events::unpacked(io::Cursor::new(bytes)).unwrap().read_to_string(&mut text).unwrap();
        assert!(text == expected && text.lines().count() == 3, "{text}");
    }

    #[test]
    fn rows_become_lines_below_the_names_of_their_columns() {
        for compression in
            [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(Default::default())]
        {
            let mut text = String::new();
            ParquetLines::open(written(compression)).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "version account_id srcaddr start\n5 1234_5 10.0.0.1 -\n5 - - 1418530010\n");
        }
    }

    /// All that is read, and whether it broke off.
    fn read(bytes: Vec<u8>) -> (String, io::Result<usize>) {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();
        let mut text = Vec::new();
        let count = ParquetLines::open(file).and_then(|mut lines| lines.read_to_end(&mut text));
        (String::from_utf8(text).unwrap(), count)
    }

    #[test]
    fn a_bit_that_is_wrong_anywhere_makes_no_other_lines_than_rows_and_an_error() {
        for compression in
            [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(Default::default())]
        {
            let mut bytes = Vec::new();
            let mut file = written(compression);
            io::Seek::rewind(&mut file).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            let mut broken = 0;
            for bit in 0..bytes.len() * 8 {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let (text, count) = read(bytes);
                broken += usize::from(count.is_err());
                assert!(text.is_empty() || text.ends_with('\n'), "bit {bit}: {text:?}");
            }
            assert!(broken > 100, "{broken}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_is_told() {
        let file = written(Compression::UNCOMPRESSED);
        file.set_len(file.metadata().unwrap().len() - 10).unwrap();
        assert!(ParquetLines::open(file).is_err());
    }
}
