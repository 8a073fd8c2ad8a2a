//! Bodies of requests, and how many bytes of them may be under way at once.
//!
//! Each body has a limit of its own; but who may send can send many at a time, slowly. What was read of all of them together
//! is bounded, too: apart for the API server, so that nobody else keeps admission from being answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Bytes;

/// Time that a body may take.
const TIME: Duration = Duration::from_secs(30);

/// Room for what was read of bodies that have not ended yet.
#[derive(Debug)]
pub struct Bodies {
    /// For requests of the API server.
    admission: Room,
    /// For all others.
    others: Room,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(64 << 20, 128 << 20)
    }
}

impl Bodies {
    /// Room for so many bytes.
    pub fn new(admission: usize, others: usize) -> Self {
        let room = |most| Room { taken: AtomicUsize::new(0), most };
        Self { admission: room(admission), others: room(others) }
    }

    pub(crate) fn room(&self, is_admission: bool) -> &Room {
        if is_admission { &self.admission } else { &self.others }
    }
}

#[derive(Debug)]
pub(crate) struct Room {
    taken: AtomicUsize,
    most: usize,
}

/// What one body takes up; given back in the end, however it ends.
struct Held<'r> {
    room: &'r Room,
    bytes: usize,
}

impl Held<'_> {
    /// Takes more; false where there is no room for it.
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.room.most
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLong,
    /// Too much of other bodies is under way.
    NoRoom,
    BrokeOff,
    TooSlow,
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize, room: &Room) -> Result<Bytes, BodyError> {
    tokio::time::timeout(TIME, read_on(body, limit, room)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn read_on(mut body: Body, limit: usize, room: &Room) -> Result<Bytes, BodyError> {
    let mut held = Held { room, bytes: 0 };
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing here.
        let Ok(piece) = frame.map_err(|_| BodyError::BrokeOff)?.into_data() else { continue };
        if held.bytes + piece.len() > limit {
            return Err(BodyError::TooLong);
        }
        if !held.grow(piece.len()) {
            return Err(BodyError::NoRoom);
        }
        // Most bodies come in one piece, which need not be copied.
        match (first.is_empty(), whole.is_empty()) {
            (true, true) => first = piece,
            (_, true) => whole = [&*first, &*piece].concat(),
            (_, false) => whole.extend_from_slice(&piece),
        }
    }
    Ok(if whole.is_empty() { first } else { whole.into() })
}
