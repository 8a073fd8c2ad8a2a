//! What events are wrapped in on their way here: gzip, and SNS, whose messages are texts in a text. EventBridge's wrapping
//! is read where events are decoded.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use haechi_syntax::{Limits, Node, parse_json};
use thiserror::Error;

/// Most bytes when unpacked.
pub(super) const UNPACKED: usize = 64 << 20;
/// Envelopes in envelopes.
const DEPTH: usize = 4;

/// What was in the wrapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unwrapped {
    /// Texts with events.
    pub texts: Vec<Vec<u8>>,
    /// Messages that only point to where events are, or are none: by reason.
    pub refused: Vec<&'static str>,
    /// An address that somebody must open, or SNS sends nothing: it asks whether this subscription is wanted.
    pub confirm: Option<String>,
}

/// Why nothing can be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnwrapError {
    /// Broken gzip.
    #[error("the gzip is broken: {0}")]
    Gzip(String),
    /// Too much.
    #[error("unpacked it is longer than {UNPACKED} bytes")]
    TooLong,
}

/// Takes the wrapping off a body.
///
/// # Errors
/// Broken gzip; too much when unpacked.
pub fn unwrap(body: &[u8]) -> Result<Unwrapped, UnwrapError> {
    let mut unwrapped = Unwrapped::default();
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut bytes = Vec::new();
        let unpacked = MultiGzDecoder::new(body).take(UNPACKED as u64 + 1).read_to_end(&mut bytes);
        unpacked.map_err(|error| UnwrapError::Gzip(error.to_string()))?;
        if bytes.len() > UNPACKED {
            return Err(UnwrapError::TooLong);
        }
        open(bytes, 0, &mut unwrapped);
    } else {
        open(body.to_vec(), 0, &mut unwrapped);
    }
    Ok(unwrapped)
}

fn open(text: Vec<u8>, depth: usize, unwrapped: &mut Unwrapped) {
    // Most bodies are no envelope of these kinds: not worth a tree.
    let is_marked = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    let may_be_sns = is_marked(b"\"TopicArn\"") && is_marked(b"\"Type\"");
    let may_be_pointer = is_marked(b"\"s3\"") || is_marked(b"\"s3ObjectKey\"");
    if !may_be_sns && !may_be_pointer {
        return unwrapped.texts.push(text);
    }
    let parsed = parse_json(&text, &Limits { bytes: UNPACKED, ..Limits::default() });
    let ([document], []) = (parsed.documents.as_slice(), parsed.errors.as_slice()) else {
        return unwrapped.texts.push(text);
    };
    let root = document.root();
    let word = |key: &str| root.get(key).and_then(Node::as_str);
    match (word("Type"), word("TopicArn"), word("Message")) {
        (Some("Notification"), Some(_), Some(message)) => match depth < DEPTH {
            true => open(message.as_bytes().to_vec(), depth + 1, unwrapped),
            false => unwrapped.refused.push("too-deep"),
        },
        (Some("SubscriptionConfirmation"), Some(_), _) => {
            unwrapped.confirm = word("SubscribeURL").map(|url| url.chars().take(2048).collect());
        }
        (Some("UnsubscribeConfirmation"), Some(_), _) => {}
        _ if points_elsewhere(root) => unwrapped.refused.push("not-fetched"),
        _ => unwrapped.texts.push(text),
    }
}

/// Whether it only tells of a file that arrived in a bucket: nobody here fetches it.
fn points_elsewhere(root: Node<'_>) -> bool {
    let of_bucket = root
        .get("Records")
        .is_some_and(|records| records.items().any(|record| record.get("s3").is_some_and(Node::is_mapping)));
    of_bucket || (root.get("s3Bucket").is_some() && root.get("s3ObjectKey").is_some())
}
