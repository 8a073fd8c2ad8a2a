//! What events are wrapped in on their way here: gzip, and SNS, whose messages are texts in a text. EventBridge's wrapping
//! is read where events are decoded.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use haechi_syntax::{Limits, Node, parse_json};
use thiserror::Error;

use super::sns::{SnsTrust, Verdict, is_amazons};

/// Most bytes when unpacked.
pub(super) const UNPACKED: usize = 64 << 20;
/// Envelopes in envelopes.
const DEPTH: usize = 4;

/// What was in the wrapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unwrapped<'b> {
    /// Texts with events.
    pub texts: Vec<Cow<'b, [u8]>>,
    /// Messages that only point to where events are, are none, or that nothing proves: by reason.
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

/// Unpacks a body that is packed.
///
/// # Errors
/// Broken gzip; too much when unpacked.
pub fn unpack(body: &[u8]) -> Result<Cow<'_, [u8]>, UnwrapError> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(body));
    }
    let mut bytes = Vec::new();
    let unpacked = MultiGzDecoder::new(body).take(UNPACKED as u64 + 1).read_to_end(&mut bytes);
    unpacked.map_err(|error| UnwrapError::Gzip(error.to_string()))?;
    if bytes.len() > UNPACKED {
        return Err(UnwrapError::TooLong);
    }
    Ok(Cow::Owned(bytes))
}

/// Takes the wrapping off a body.
///
/// # Errors
/// Broken gzip; too much when unpacked.
pub fn unwrap<'b>(body: &'b [u8], trust: &SnsTrust) -> Result<Unwrapped<'b>, UnwrapError> {
    let mut unwrapped = Unwrapped::default();
    open(unpack(body)?, trust, 0, &mut unwrapped);
    Ok(unwrapped)
}

fn open<'b>(text: Cow<'b, [u8]>, trust: &SnsTrust, depth: usize, unwrapped: &mut Unwrapped<'b>) {
    // Most bodies are no envelope of these kinds: not worth a tree.
    let is_marked = |mark: &[u8]| memchr::memmem::find(&text, mark).is_some();
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
    let kind = word("Type").filter(|_| word("TopicArn").is_some()).unwrap_or_default();
    if matches!(kind, "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation")
        && let Verdict::Refused(reason) = trust.judge(root)
    {
        return unwrapped.refused.push(reason);
    }
    match (kind, word("Message")) {
        ("Notification", Some(message)) => match depth < DEPTH {
            true => open(Cow::Owned(message.as_bytes().to_vec()), trust, depth + 1, unwrapped),
            false => unwrapped.refused.push("too-deep"),
        },
        // Nobody here opens it, and nobody is asked to open another than Amazon's.
        ("SubscriptionConfirmation", _) => match word("SubscribeURL").filter(|url| is_amazons(url, "")) {
            Some(url) => unwrapped.confirm = Some(url.to_owned()),
            None => unwrapped.refused.push("sns-address"),
        },
        ("UnsubscribeConfirmation", _) => {}
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
