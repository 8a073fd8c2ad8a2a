use std::fmt;
use std::str::FromStr;

use super::{Anchor, Chain, Hash};

/// What somebody kept of a journal elsewhere: `N:HASH`, how many entries it had and the hash of the last one, or that hash alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The anchor: tells at which entry a journal differs.
    Anchor(Anchor),
    /// The hash of the last entry at that time: tells only that some entry must have it.
    Head(Hash),
}

/// The text is nothing that is kept of a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no anchor: it is N:HASH, the number of entries and 64 hexadecimal digits, or these alone")]
pub struct ParseKeptError(pub String);

impl Kept {
    /// A chain that must hold what was kept.
    pub(crate) fn chain(kept: Option<&Self>, beside: Option<Anchor>) -> Chain {
        match kept {
            Some(Self::Anchor(anchor)) => Chain::with_anchors(beside.into_iter().chain([*anchor])),
            Some(Self::Head(head)) => Chain::with_anchors(beside).seeking(*head),
            None => Chain::with_anchors(beside),
        }
    }
}

impl FromStr for Kept {
    type Err = ParseKeptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseKeptError(text.to_owned());
        match text.trim().split_once(':') {
            Some((entries, head)) => {
                let is_number = !entries.is_empty() && entries.bytes().all(|byte| byte.is_ascii_digit());
                let entries = entries.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
                Ok(Self::Anchor(Anchor { entries, head: head.parse().map_err(|_| wrong())? }))
            }
            None => text.trim().parse().map(Self::Head).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.entries, self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        let anchor = Anchor { entries: 12, head: Hash([7; 32]) };
        assert_eq!(anchor.to_string().parse(), Ok(Kept::Anchor(anchor)));
        assert_eq!(format!(" {}\n", anchor.head).parse(), Ok(Kept::Head(anchor.head)));
        for wrong in ["", "12", "12:", ":00", "+1:00", "12:xyz", &format!("-1:{}", anchor.head)] {
            assert!(wrong.parse::<Kept>().is_err(), "{wrong}");
        }
    }
}
