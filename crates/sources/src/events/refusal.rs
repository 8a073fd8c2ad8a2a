//! What is refused of a file with events.

use thiserror::Error;

/// Why a file of events is not read, though the system would. Inside of the [`std::io::Error`] that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EventsRefusal {
    /// The build has no feature `parquet`.
    #[error("Parquet is not read by this build: feature `parquet` is off")]
    NoParquet,
    /// It comes through a pipe, and more of it than is kept.
    #[error("Parquet of more than 4 GiB that comes through a pipe: name its file")]
    LargeStream,
    /// It is not what the format says.
    #[error("broken Parquet")]
    Broken,
    /// More than 32 MiB of it.
    #[error("Parquet whose description at the end has more than 32 MiB")]
    LargeDescription,
    /// More than 32 MiB, packed or unpacked.
    #[error("Parquet with a page of more than 32 MiB: write it with smaller pages")]
    LargePage,
    /// The size in the header of a page is too small.
    #[error("Parquet with a page that unpacks to more than its header says")]
    LongerThanTold,
    /// Each value takes a byte at least.
    #[error("Parquet with a dictionary of more values than bytes")]
    LargeDictionary,
    /// How many there are is known only by unpacking them all.
    #[error("Parquet with texts stored as differences (DELTA_BYTE_ARRAY): write them plain or by dictionary")]
    Differences,
    /// More than 256.
    #[error("Parquet with more than 256 columns: no flow log has so many")]
    Columns,
    /// Rows are lines here.
    #[error("Parquet with columns within columns: a flow log has none")]
    Nested,
}

impl EventsRefusal {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoParquet,
        Self::LargeStream,
        Self::Broken,
        Self::LargeDescription,
        Self::LargePage,
        Self::LongerThanTold,
        Self::LargeDictionary,
        Self::Differences,
        Self::Columns,
        Self::Nested,
    ];

    /// The refusal in an error of reading events.
    pub fn of(error: &std::io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// Its name, for texts in other languages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoParquet => "no-parquet",
            Self::LargeStream => "large-stream",
            Self::Broken => "broken",
            Self::LargeDescription => "large-description",
            Self::LargePage => "large-page",
            Self::LongerThanTold => "longer-than-told",
            Self::LargeDictionary => "large-dictionary",
            Self::Differences => "differences",
            Self::Columns => "columns",
            Self::Nested => "nested",
        }
    }
}

impl From<EventsRefusal> for std::io::Error {
    fn from(refusal: EventsRefusal) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, refusal)
    }
}
