//! Who may use the service: users, their sessions, tokens; and settings. Every change is journalled in its own transaction.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::journal::Act;

/// What somebody may do; a higher role may do all that a lower one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Work with findings, incidents, silences.
    Operator,
    /// Approve actions.
    Approver,
    /// Everything, accounts included.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Approver, Role::Admin];

    /// The name in files and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No role is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role `{0}`, expected one of viewer, operator, approver, admin")]
pub struct ParseRoleError(pub String);

impl FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| ParseRoleError(text.to_owned()))
    }
}

/// SHA-256 of a secret with much entropy (session cookie, API token). The secret itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Hashes a secret.
    pub fn of(secret: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        Self(Sha256::digest(secret).into())
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(***)")
    }
}

/// A person who logs in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name to log in with; unique.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password as a PHC string (`$argon2id$…`); none for who comes through an identity provider.
    pub password: Option<String>,
    /// Issuer and subject at the identity provider, for who comes through one; unique.
    pub identity: Option<(String, String)>,
    /// When the account was made, in microseconds since 1970.
    pub created_us: i64,
    /// Whether it may no longer log in.
    pub is_disabled: bool,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("role", &self.role)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("identity", &self.identity)
            .field("created_us", &self.created_us)
            .field("is_disabled", &self.is_disabled)
            .finish()
    }
}

/// A login that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie.
    pub secret: SecretHash,
    /// Whose it is.
    pub user: String,
    /// When it began, in microseconds since 1970.
    pub created_us: i64,
    /// When it ends at the latest.
    pub expires_us: i64,
    /// When it was last used.
    pub last_used_us: i64,
    /// What the service wants to keep with it (address, browser), as it likes.
    pub note: String,
}

/// A key for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// A public id to speak about it; unique.
    pub id: String,
    /// Hash of the secret; unique.
    pub secret: SecretHash,
    /// What it is for, in somebody's words.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The one cluster that it is good for; all if none.
    pub cluster: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When, in microseconds since 1970.
    pub created_us: i64,
    /// When it ends; never if none.
    pub expires_us: Option<i64>,
    /// When it was revoked.
    pub revoked_us: Option<i64>,
    /// When it was last used.
    pub last_used_us: Option<i64>,
}

impl Token {
    /// Whether its bearer is let in at this time.
    pub fn is_valid(&self, now_us: i64) -> bool {
        self.revoked_us.is_none() && self.expires_us.is_none_or(|expires| now_us < expires)
    }
}

/// Keeps users, sessions, tokens and settings.
pub trait AccountStore {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the name or identity is taken; or when it could not be committed.
    fn add_user(&self, user: User, act: Act) -> Result<(), StoreError>;

    /// Adds the first user and removes the setting `key` with it, if that has the value `expected` and there is no user yet.
    /// Otherwise changes nothing and tells `false`: of two that come with the same one-time token, one is let in.
    ///
    /// # Errors
    /// When it could not be committed.
    fn add_first_user(&self, user: User, key: &str, expected: &[u8], act: Act) -> Result<bool, StoreError>;

    /// Replaces a user of the same name. A user who is disabled, or has another role or password than before, loses all
    /// sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn update_user(&self, user: User, act: Act) -> Result<(), StoreError>;

    /// Removes a user with all sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn remove_user(&self, name: &str, act: Act) -> Result<(), StoreError>;

    /// The user of this name.
    ///
    /// # Errors
    /// When it cannot be read.
    fn user(&self, name: &str) -> Result<Option<User>, StoreError>;

    /// The user whom an identity provider calls so.
    ///
    /// # Errors
    /// When it cannot be read.
    fn user_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>, StoreError>;

    /// All users by name.
    ///
    /// # Errors
    /// When they cannot be read.
    fn users(&self) -> Result<Vec<User>, StoreError>;

    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such user, or it is disabled; or when it could not be committed.
    fn add_session(&self, session: Session, act: Act) -> Result<(), StoreError>;

    /// The session with this secret and its user, unless it has expired or the user is disabled.
    ///
    /// # Errors
    /// When it cannot be read.
    fn session(&self, secret: &SecretHash, now_us: i64) -> Result<Option<(Session, User)>, StoreError>;

    /// Notes that a session was used. Not journalled; call it once a minute at most, not for every request.
    ///
    /// # Errors
    /// When it could not be committed.
    fn touch_session(&self, secret: &SecretHash, now_us: i64) -> Result<(), StoreError>;

    /// Ends a session; `false` if there was none.
    ///
    /// # Errors
    /// When it could not be committed.
    fn end_session(&self, secret: &SecretHash, act: Act) -> Result<bool, StoreError>;

    /// Ends all sessions of a user, and tells how many.
    ///
    /// # Errors
    /// When it could not be committed.
    fn end_sessions_of(&self, user: &str, act: Act) -> Result<u64, StoreError>;

    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the id or secret is taken; or when it could not be committed.
    fn add_token(&self, token: Token, act: Act) -> Result<(), StoreError>;

    /// The token with this secret, valid or not: ask [`Token::is_valid`].
    ///
    /// # Errors
    /// When it cannot be read.
    fn token(&self, secret: &SecretHash) -> Result<Option<Token>, StoreError>;

    /// All tokens by id.
    ///
    /// # Errors
    /// When they cannot be read.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Revokes a token for good; `false` if it was revoked already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn revoke_token(&self, id: &str, now_us: i64, act: Act) -> Result<bool, StoreError>;

    /// Notes that a token was used. Not journalled; call it once a minute at most, not for every request.
    ///
    /// # Errors
    /// When it could not be committed.
    fn touch_token(&self, id: &str, now_us: i64) -> Result<(), StoreError>;

    /// The value of a setting.
    ///
    /// # Errors
    /// When it cannot be read.
    fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets a setting, or removes it with `None`.
    ///
    /// # Errors
    /// When it could not be committed.
    fn set_setting(&self, key: &str, value: Option<&[u8]>, act: Act) -> Result<(), StoreError>;

    /// Sets a setting (or removes it with `new: None`) if it has the value `old` (`None`: is not there); else changes and
    /// journals nothing and tells `false`.
    ///
    /// # Errors
    /// When it could not be committed.
    fn replace_setting(
        &self,
        key: &str,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
        act: Act,
    ) -> Result<bool, StoreError>;
}
