//! Tokens for programs, kept in memory so that no request waits for the store.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use haechi_store::accounts::{SecretHash, Token};

/// What a token opens. One scope each: a sensor's token reads nothing, and the API server's takes in nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Sending events.
    Intake,
    /// Asking for admission.
    Admit,
    /// Reading metrics.
    Metrics,
    /// Reading everything that a viewer reads.
    Read,
    /// What an operator does with incidents, silences and dead alerts, and reading.
    Operate,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Scope::Intake, Scope::Admit, Scope::Metrics, Scope::Read, Scope::Operate];

    /// The word for it, which its tokens' ids begin with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Intake => "intake",
            Scope::Admit => "admit",
            Scope::Metrics => "metrics",
            Scope::Read => "read",
            Scope::Operate => "operate",
        }
    }

    /// The scope of a token, by its id: `intake-…`. An id of another kind opens nothing.
    pub fn of(token: &Token) -> Option<Self> {
        token.id.split_once('-').and_then(|(word, _)| word.parse().ok())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// All tokens by the hash of their secret.
#[derive(Debug, Default)]
pub struct TokenBook {
    tokens: ArcSwap<HashMap<SecretHash, Arc<Token>>>,
}

impl TokenBook {
    /// Takes all tokens over.
    pub fn replace(&self, tokens: Vec<Token>) {
        let tokens = tokens.into_iter().map(|token| (token.secret, Arc::new(token))).collect();
        self.tokens.store(Arc::new(tokens));
    }

    /// The token with this secret, if it opens anything now. Found by its hash: guessing a hash bit by bit from the time that
    /// a look-up takes tells nothing about the secret.
    pub fn find(&self, secret: &SecretHash, now_us: i64) -> Option<(Arc<Token>, Scope)> {
        let tokens = self.tokens.load();
        let token = tokens.get(secret).filter(|token| token.is_valid(now_us))?;
        Some((token.clone(), Scope::of(token)?))
    }
}
