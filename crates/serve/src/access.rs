//! Who may do what: passwords, sessions, tokens, and the brake on guessing.
//!
//! ```text
//! password | identity provider ─► session
//! cookie | bearer | path key | client certificate ─► Caller ─► what the route demands ─► handler
//! ```

mod brake;
mod oidc;
mod passwords;
mod secrets;
mod service;
#[cfg(test)]
mod tests;
mod tokens;

pub use brake::{Brake, BrakeOptions};
pub use oidc::{Identity, Oidc, OidcError, OidcSettings, SecretFrom, SettingFault};
pub use passwords::{PasswordError, Passwords};
pub use secrets::{Secret, csrf_of, same};
pub(crate) use service::act;
pub use service::{Access, AccessError, AccessOptions, Invalid, Login, SetupState};
pub use tokens::{Scope, TokenBook};

use haechi_store::accounts::Role;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody who is known.
    Nobody,
    /// Somebody with a session.
    User {
        /// The name.
        name: String,
        /// What they may do.
        role: Role,
        /// What forms of this session must bring along.
        csrf: String,
    },
    /// A program.
    Token {
        /// The token's id.
        id: String,
        /// What it is for.
        scope: Scope,
        /// The one cluster that it is good for.
        cluster: Option<String>,
    },
    /// Who brought a client certificate that the configured authority signed, or the key in the webhook's path.
    ApiServer,
}

impl Caller {
    /// The one cluster that they are good for.
    pub fn own_cluster(&self) -> Option<&str> {
        match self {
            Caller::Token { cluster, .. } => cluster.as_deref(),
            Caller::Nobody | Caller::User { .. } | Caller::ApiServer => None,
        }
    }

    /// The name for the journal.
    pub fn actor(&self) -> String {
        match self {
            Caller::Nobody => "anonymous".to_owned(),
            Caller::User { name, .. } => format!("user:{name}"),
            Caller::Token { id, .. } => format!("token:{id}"),
            Caller::ApiServer => "api-server".to_owned(),
        }
    }
}
