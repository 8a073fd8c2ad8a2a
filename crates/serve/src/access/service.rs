//! Accounts, on top of the store. Calls that touch it run on threads that may block.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use haechi_store::accounts::{Role, Session, Token, User};
use haechi_store::journal::Act;
use haechi_store::{Store, StoreError};
use serde_json::{Value as Json, json};
use thiserror::Error;

use super::{
    Brake, BrakeOptions, Caller, Identity, PasswordError, Passwords, Scope, Secret, TokenBook, csrf_of,
};
use crate::clock;

/// Where the hash of the one-time setup token is kept.
const SETUP: &str = "setup-token";
/// Longest name of a user or token.
const NAME: usize = 128;
const SECOND_US: i64 = 1_000_000;

/// How long things last.
#[derive(Debug, Clone, Copy)]
pub struct AccessOptions {
    /// Seconds after which a session that nobody used ends.
    pub idle_s: i64,
    /// Seconds after which a session ends in any case.
    pub session_s: i64,
    /// Passwords that are held against hashes at once.
    pub logins_at_once: usize,
    /// The brake on guessing.
    pub brake: BrakeOptions,
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self { idle_s: 30 * 60, session_s: 12 * 3600, logins_at_once: 2, brake: BrakeOptions::default() }
    }
}

/// What is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Invalid {
    /// A name.
    #[error("a name has 1 to {NAME} letters, digits or any of . - _ @ +")]
    Name,
    /// The time that a token lasts.
    #[error("a token lasts from a minute to ten years")]
    Lasts,
    /// The only admin would be none any more.
    #[error("there must be an admin who may log in")]
    LastAdmin,
}

/// Why an account was not let in or changed.
#[derive(Debug, Clone, Error)]
pub enum AccessError {
    /// Wrong user, wrong password, disabled account: which of them is not told.
    #[error("user name or password is wrong")]
    Denied,
    /// Too many attempts.
    #[error("too many attempts, try again in {0} s")]
    Braked(u64),
    /// A name or value that is not taken.
    #[error("{0}")]
    Invalid(Invalid),
    /// A password that is not taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no randomness, or a thread broke off.
    #[error("{0}")]
    Internal(String),
}

/// A login that worked.
#[derive(Debug)]
pub struct Login {
    /// The cookie.
    pub secret: Secret,
    /// Whose session it is.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// Seconds that it lasts at most.
    pub lasts_s: i64,
}

/// Whether somebody has set the service up.
#[derive(Debug)]
pub enum SetupState {
    /// There are users.
    Done,
    /// There are none; whoever has this token makes the first one. Shown once.
    Token(Secret),
}

/// Accounts.
pub struct Access {
    store: Arc<dyn Store>,
    options: AccessOptions,
    passwords: Passwords,
    brake: Brake,
    book: TokenBook,
    touched_s: AtomicI64,
    /// Held while accounts are changed, so that two admins cannot lock each other out.
    changing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("options", &self.options).finish_non_exhaustive()
    }
}

fn now_us() -> i64 {
    clock::now_ns() / 1000
}

/// An act for the journal.
pub(crate) fn act(actor: impl Into<String>, act: &str, subject: impl Into<String>, details: Json) -> Act {
    Act { time_us: now_us(), actor: actor.into(), act: act.to_owned(), subject: subject.into(), details }
}

impl Access {
    /// Reads the tokens.
    ///
    /// # Errors
    /// The store cannot be read; the system has no randomness.
    pub fn open(store: Arc<dyn Store>, options: AccessOptions) -> Result<Self, AccessError> {
        Self::with_passwords(store, options, Passwords::new(options.logins_at_once)?)
    }

    pub(crate) fn with_passwords(
        store: Arc<dyn Store>,
        options: AccessOptions,
        passwords: Passwords,
    ) -> Result<Self, AccessError> {
        let book = TokenBook::default();
        book.replace(store.tokens()?);
        let brake = Brake::new(options.brake);
        Ok(Self {
            store,
            options,
            passwords,
            brake,
            book,
            touched_s: AtomicI64::new(0),
            changing: tokio::sync::Mutex::new(()),
        })
    }

    /// The store, for those who read more from it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Makes a token for the first user, unless there are users. An earlier one becomes void.
    ///
    /// # Errors
    /// The store refuses.
    pub fn begin_setup(&self) -> Result<SetupState, AccessError> {
        if !self.store.users()?.is_empty() {
            return Ok(SetupState::Done);
        }
        let secret = new_secret()?;
        let made = act("system", "setup.begun", "setup-token", json!({}));
        self.store.set_setting(SETUP, Some(&secret.hash().0), made)?;
        Ok(SetupState::Token(secret))
    }

    /// Runs a call of the store where it may block.
    async fn run<R: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, AccessError> {
        let store = self.store.clone();
        let work = tokio::task::spawn_blocking(move || call(&*store));
        Ok(work.await.map_err(|error| AccessError::Internal(error.to_string()))??)
    }

    /// Writes into the journal.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn note(
        &self,
        actor: String,
        what: &'static str,
        subject: String,
        details: Json,
    ) -> Result<(), AccessError> {
        let entry = act(actor, what, subject, details);
        self.run(move |store| store.append_act(entry)).await.map(drop)
    }

    /// Makes the first user, an admin, by the one-time token.
    ///
    /// # Errors
    /// A wrong token; a name or password that is not taken.
    pub async fn set_up(
        &self,
        token: &str,
        name: &str,
        password: &str,
        address: &str,
    ) -> Result<(), AccessError> {
        let names = [("setup", ""), ("address", address)];
        if let Some(wait) = self.brake.attempt(&names, clock::now_s()) {
            return Err(AccessError::Braked(wait));
        }
        check_name(name)?;
        let hash = Secret::of(token).hash();
        let known = self.run(|store| store.setting(SETUP)).await?;
        // Nobody's password is hashed for who has no token.
        if known.as_deref() != Some(hash.0.as_slice()) {
            let details = json!({"address": address});
            self.note("anonymous".to_owned(), "setup.refused", "setup-token".to_owned(), details).await?;
            return Err(AccessError::Denied);
        }
        let password = self.passwords.hash(password).await?;
        let user = new_user(name, Role::Admin, Some(password));
        let details = json!({"role": "admin", "address": address});
        let made = act(format!("user:{name}"), "setup.finished", format!("user:{name}"), details);
        let is_first = self.run(move |store| store.add_first_user(user, SETUP, &hash.0, made)).await?;
        self.brake.forgive(&names);
        if is_first { Ok(()) } else { Err(AccessError::Denied) }
    }

    /// Lets somebody in by name and password.
    ///
    /// # Errors
    /// [`AccessError::Denied`] whatever was wrong with them; too many attempts.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
        old: Option<&Secret>,
    ) -> Result<Login, AccessError> {
        // Names fold before they are counted, or `Kim` and `kim ` would be two brakes for one account.
        let folded: String = name.trim().to_lowercase().chars().take(NAME).collect();
        let names = [("user", folded.as_str()), ("address", address)];
        if let Some(wait) = self.brake.attempt(&names, clock::now_s()) {
            return Err(AccessError::Braked(wait));
        }
        let user = match check_name(name) {
            Ok(()) => {
                let wanted = name.to_owned();
                self.run(move |store| store.user(&wanted)).await?
            }
            Err(_) => None,
        };
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        let fits = self.passwords.verify(password, hash).await?;
        let Some(user) = user.filter(|user| fits && !user.is_disabled) else {
            let details = json!({"address": address});
            let subject = format!("user:{folded}");
            self.note("anonymous".to_owned(), "login.refused", subject, details).await?;
            return Err(AccessError::Denied);
        };
        self.brake.forgive(&names);
        self.begin_session(user, address, json!({"address": address}), old).await
    }

    async fn begin_session(
        &self,
        user: User,
        address: &str,
        details: Json,
        old: Option<&Secret>,
    ) -> Result<Login, AccessError> {
        let secret = new_secret()?;
        let now = now_us();
        let session = Session {
            secret: secret.hash(),
            user: user.name.clone(),
            created_us: now,
            expires_us: now + self.options.session_s * SECOND_US,
            last_used_us: now,
            note: address.to_owned(),
        };
        let actor = format!("user:{}", user.name);
        let begun = act(actor.clone(), "login.succeeded", actor.clone(), details);
        self.run(move |store| store.add_session(session, begun)).await?;
        // A cookie from before the login is void from now on.
        if let Some(old) = old {
            let hash = old.hash();
            let ended = act(actor.clone(), "session.replaced", actor, json!({}));
            self.run(move |store| store.end_session(&hash, ended)).await?;
        }
        Ok(Login { secret, user: user.name, role: user.role, lasts_s: self.options.session_s })
    }

    /// Counts an attempt to come in through an identity provider; the seconds to wait when there were too many.
    pub(crate) fn brake_provider(&self, address: &str) -> Result<(), AccessError> {
        let wait = self.brake.attempt(&[("provider", ""), ("address", address)], clock::now_s());
        wait.map_or(Ok(()), |wait| Err(AccessError::Braked(wait)))
    }

    /// Lets somebody in for whom an identity provider vouches. The account is made at the first time, and has the role that the
    /// provider's groups give from then on: whoever has another one loses older sessions.
    ///
    /// # Errors
    /// [`AccessError::Denied`] where the account is locked; the store refuses.
    pub async fn log_in_as(
        &self,
        identity: &Identity,
        address: &str,
        old: Option<&Secret>,
    ) -> Result<Login, AccessError> {
        self.brake.forgive(&[("provider", ""), ("address", address)]);
        let details = json!({"address": address, "issuer": identity.issuer});
        let user = match self.by_identity(&identity.issuer, &identity.subject).await? {
            Some(user) if user.is_disabled => {
                let subject = format!("user:{}", user.name);
                self.note("anonymous".to_owned(), "login.refused", subject, details).await?;
                return Err(AccessError::Denied);
            }
            Some(mut user) if user.role != identity.role => {
                let was = std::mem::replace(&mut user.role, identity.role);
                let details =
                    json!({"role": identity.role.as_str(), "was": was.as_str(), "issuer": identity.issuer});
                let changed =
                    act("identity-provider", "user.changed", format!("user:{}", user.name), details);
                let new = user.clone();
                self.run(move |store| store.update_user(new, changed)).await?;
                user
            }
            Some(user) => user,
            None => self.add_identity(identity).await?,
        };
        self.begin_session(user, address, details, old).await
    }

    async fn by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>, AccessError> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.run(move |store| store.user_by_identity(&issuer, &subject)).await
    }

    /// An account for whom a provider vouches. A name that somebody has is never taken over: it gets an end that is the person's own.
    async fn add_identity(&self, identity: &Identity) -> Result<User, AccessError> {
        let digest = Secret::of(format!("{}\n{}", identity.issuer, identity.subject)).hash();
        let end: String = digest.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let given = identity.name.as_deref().filter(|name| check_name(name).is_ok());
        let own = given.map_or_else(
            || format!("oidc-{end}"),
            |name| format!("{}+{end}", name.chars().take(NAME - 13).collect::<String>()),
        );
        for name in given.into_iter().chain([own.as_str()]) {
            let mut user = new_user(name, identity.role, None);
            user.identity = Some((identity.issuer.clone(), identity.subject.clone()));
            let details = json!({
                "role": identity.role.as_str(), "issuer": identity.issuer, "subject": identity.subject,
            });
            let made = act("identity-provider", "user.created", format!("user:{name}"), details);
            let new = user.clone();
            match self.run(move |store| store.add_user(new, made)).await {
                Ok(()) => return Ok(user),
                Err(AccessError::Store(StoreError::Exists { .. })) => {}
                Err(error) => return Err(error),
            }
            // The same person may have come twice at once.
            if let Some(user) = self.by_identity(&identity.issuer, &identity.subject).await? {
                return Ok(user);
            }
        }
        Err(StoreError::Exists { what: "user", id: own }.into())
    }

    /// Notes that somebody was not let in who came through an identity provider. Whoever has no role there any more has none here:
    /// sessions that are left end.
    ///
    /// # Errors
    /// The store refuses.
    pub(crate) async fn refuse_identity(
        &self,
        issuer: &str,
        subject: Option<&str>,
        why: &str,
        address: &str,
    ) -> Result<(), AccessError> {
        let details = json!({"address": address, "issuer": issuer, "why": why, "subject": subject});
        self.note("anonymous".to_owned(), "login.refused", "identity-provider".to_owned(), details).await?;
        let Some(subject) = subject else { return Ok(()) };
        if let Some(user) = self.by_identity(issuer, subject).await? {
            let named = format!("user:{}", user.name);
            let ended = act("identity-provider", "session.ended", named, json!({"why": "no role"}));
            self.run(move |store| store.end_sessions_of(&user.name, ended)).await?;
        }
        Ok(())
    }

    /// Whose cookie it is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn by_cookie(&self, cookie: &Secret) -> Result<Caller, AccessError> {
        let hash = cookie.hash();
        let now = now_us();
        let Some((session, user)) = self.run(move |store| store.session(&hash, now)).await? else {
            return Ok(Caller::Nobody);
        };
        let idle = now - session.last_used_us;
        if idle > self.options.idle_s * SECOND_US {
            let actor = format!("user:{}", user.name);
            let ended = act("system", "session.expired", actor, json!({"why": "idle"}));
            self.run(move |store| store.end_session(&hash, ended)).await?;
            return Ok(Caller::Nobody);
        }
        if idle > 60 * SECOND_US {
            self.run(move |store| store.touch_session(&hash, now)).await?;
        }
        Ok(Caller::User { name: user.name, role: user.role, csrf: csrf_of(cookie) })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn log_out(&self, cookie: &Secret, actor: String) -> Result<(), AccessError> {
        let hash = cookie.hash();
        let ended = act(actor.clone(), "session.ended", actor, json!({}));
        self.run(move |store| store.end_session(&hash, ended)).await.map(drop)
    }

    /// Who has a token.
    pub fn by_token(&self, token: &str) -> Caller {
        match self.book.find(&Secret::of(token).hash(), now_us()) {
            Some((token, scope)) => {
                Caller::Token { id: token.id.clone(), scope, cluster: token.cluster.clone() }
            }
            None => Caller::Nobody,
        }
    }

    /// Makes a token. The secret is shown once.
    ///
    /// # Errors
    /// A name that is not taken; the store refuses.
    pub async fn add_token(
        &self,
        scope: Scope,
        name: &str,
        cluster: Option<String>,
        lasts_s: Option<i64>,
        actor: String,
    ) -> Result<(String, Secret), AccessError> {
        check_name(name)?;
        if !cluster.as_deref().is_none_or(crate::clusters::is_name) {
            return Err(AccessError::Invalid(Invalid::Name));
        }
        if lasts_s.is_some_and(|lasts| !(60..=10 * 366 * 86_400).contains(&lasts)) {
            return Err(AccessError::Invalid(Invalid::Lasts));
        }
        let (secret, id) = (new_secret()?, new_secret()?);
        let id = format!("{scope}-{}", id.reveal().chars().take(10).collect::<String>());
        let secret = Secret::of(format!("haechi_{scope}_{}", secret.reveal()));
        let now = now_us();
        let token = Token {
            id: id.clone(),
            secret: secret.hash(),
            name: name.to_owned(),
            role: Role::Viewer,
            cluster: cluster.clone(),
            created_by: actor.clone(),
            created_us: now,
            expires_us: lasts_s.map(|lasts| now + lasts * SECOND_US),
            revoked_us: None,
            last_used_us: None,
        };
        let details = json!({"scope": scope.as_str(), "name": name, "cluster": cluster, "lasts_s": lasts_s});
        let made = act(actor, "token.created", format!("token:{id}"), details);
        self.run(move |store| store.add_token(token, made)).await?;
        self.refresh_tokens().await?;
        Ok((id, secret))
    }

    /// All tokens, without their secrets.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tokens(&self) -> Result<Vec<Token>, AccessError> {
        self.run(|store| store.tokens()).await
    }

    /// Revokes a token, at once.
    ///
    /// # Errors
    /// There is none of that id; the store refuses.
    pub async fn revoke_token(&self, id: &str, actor: String) -> Result<(), AccessError> {
        let (id, now) = (id.to_owned(), now_us());
        let revoked = act(actor, "token.revoked", format!("token:{id}"), json!({}));
        self.run(move |store| store.revoke_token(&id, now, revoked)).await?;
        self.refresh_tokens().await
    }

    /// Takes the tokens over from the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refresh_tokens(&self) -> Result<(), AccessError> {
        self.book.replace(self.tokens().await?);
        Ok(())
    }

    /// Notes that a token was used; once a minute for all of them together, behind the answer.
    pub fn touch_token(self: &Arc<Self>, id: &str) {
        let now = clock::now_s();
        let last = self.touched_s.load(Ordering::Relaxed);
        let is_due = now - last >= 60
            && self.touched_s.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_due {
            let (access, id) = (self.clone(), id.to_owned());
            tokio::spawn(async move {
                if let Err(error) = access.run(move |store| store.touch_token(&id, now_us())).await {
                    tracing::warn!(%error, "the last use of a token was not noted");
                }
            });
        }
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// A name or password that is not taken; the store refuses.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
        actor: String,
    ) -> Result<(), AccessError> {
        check_name(name)?;
        let password = self.passwords.hash(password).await?;
        let user = new_user(name, role, Some(password));
        let details = json!({"role": role.as_str()});
        let made = act(actor, "user.created", format!("user:{name}"), details);
        self.run(move |store| store.add_user(user, made)).await
    }

    /// Changes what somebody may do, or whether they may log in at all. The last admin stays one.
    ///
    /// # Errors
    /// There is nobody of that name; nobody could administer any more.
    pub async fn change_user(
        &self,
        name: &str,
        role: Option<Role>,
        is_disabled: Option<bool>,
        actor: String,
    ) -> Result<(), AccessError> {
        let _changing = self.changing.lock().await;
        let users = self.users().await?;
        let is_admin = |user: &User| user.role == Role::Admin && !user.is_disabled;
        let Some(user) = users.iter().find(|user| user.name == name) else {
            return Err(StoreError::NotFound { what: "user", id: name.to_owned() }.into());
        };
        let mut changed = user.clone();
        changed.role = role.unwrap_or(changed.role);
        changed.is_disabled = is_disabled.unwrap_or(changed.is_disabled);
        let others = users.iter().filter(|other| other.name != name && is_admin(other)).count();
        if is_admin(user) && !is_admin(&changed) && others == 0 {
            return Err(AccessError::Invalid(Invalid::LastAdmin));
        }
        let details = json!({"role": changed.role.as_str(), "disabled": changed.is_disabled});
        let made = act(actor, "user.changed", format!("user:{name}"), details);
        self.run(move |store| store.update_user(changed, made)).await
    }

    /// Sets one's own password. All sessions of the account end.
    ///
    /// # Errors
    /// A wrong old password; a new one that is not taken.
    pub async fn change_password(
        &self,
        name: &str,
        old: &str,
        new: &str,
        address: &str,
    ) -> Result<(), AccessError> {
        let names = [("user", name), ("address", address)];
        if let Some(wait) = self.brake.attempt(&names, clock::now_s()) {
            return Err(AccessError::Braked(wait));
        }
        let wanted = name.to_owned();
        let user = self.run(move |store| store.user(&wanted)).await?;
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        let Some(mut user) = user.clone().filter(|_| hash.is_some()) else { return Err(AccessError::Denied) };
        if !self.passwords.verify(old, hash).await? {
            return Err(AccessError::Denied);
        }
        self.brake.forgive(&names);
        user.password = Some(self.passwords.hash(new).await?);
        let actor = format!("user:{name}");
        let changed = act(actor.clone(), "password.changed", actor, json!({"address": address}));
        self.run(move |store| store.update_user(user, changed)).await
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn users(&self) -> Result<Vec<User>, AccessError> {
        self.run(|store| store.users()).await
    }
}

fn new_secret() -> Result<Secret, AccessError> {
    Secret::new().map_err(|error| AccessError::Internal(error.to_string()))
}

fn new_user(name: &str, role: Role, password: Option<String>) -> User {
    User { name: name.to_owned(), role, password, identity: None, created_us: now_us(), is_disabled: false }
}

/// Names stand in logs, URLs and the journal.
fn check_name(name: &str) -> Result<(), AccessError> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+');
    if name.is_empty() || name.chars().count() > NAME || !name.chars().all(fits) {
        return Err(AccessError::Invalid(Invalid::Name));
    }
    Ok(())
}
