use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{check_lengths as check, missing, parsed, unless_taken};
use crate::StoreError;
use crate::accounts::{AccountStore, SecretHash, Session, Token, User};
use crate::journal::Act;

const USER: &str = "users.name, users.role, users.password, users.issuer, users.subject, users.created_us, \
                    users.is_disabled";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    user_at(row, 0)
}

fn user_at(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    let identity: (Option<String>, Option<String>) = (row.get(first + 3)?, row.get(first + 4)?);
    Ok(User {
        name: row.get(first)?,
        role: parsed(row, first + 1)?,
        password: row.get(first + 2)?,
        identity: identity.0.zip(identity.1),
        created_us: row.get(first + 5)?,
        is_disabled: row.get(first + 6)?,
    })
}

const SESSION: &str = "sessions.secret, sessions.user, sessions.created_us, sessions.expires_us, \
                       sessions.last_used_us, sessions.note";

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        secret: SecretHash(row.get(0)?),
        user: row.get(1)?,
        created_us: row.get(2)?,
        expires_us: row.get(3)?,
        last_used_us: row.get(4)?,
        note: row.get(5)?,
    })
}

const TOKEN: &str =
    "id, secret, name, role, cluster, created_by, created_us, expires_us, revoked_us, last_used_us";

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        secret: SecretHash(row.get(1)?),
        name: row.get(2)?,
        role: parsed(row, 3)?,
        cluster: row.get(4)?,
        created_by: row.get(5)?,
        created_us: row.get(6)?,
        expires_us: row.get(7)?,
        revoked_us: row.get(8)?,
        last_used_us: row.get(9)?,
    })
}

fn check_user(user: &User) -> Result<(), StoreError> {
    if user.name.is_empty() {
        return Err(StoreError::Invalid { detail: "the user has no name".to_owned() });
    }
    let (issuer, subject) = user.identity.as_ref().map_or(("", ""), |(issuer, subject)| (issuer, subject));
    check(&[
        ("name of the user", &user.name),
        ("password hash", user.password.as_deref().unwrap_or_default()),
        ("issuer", issuer),
        ("subject", subject),
    ])
}

fn insert_user(connection: &Connection, user: &User) -> Result<(), StoreError> {
    let (issuer, subject) = user.identity.as_ref().map(|(issuer, subject)| (issuer, subject)).unzip();
    let inserted = connection
        .prepare_cached(
            "INSERT INTO users (name, role, password, issuer, subject, created_us, is_disabled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            user.name,
            user.role.as_str(),
            user.password,
            issuer,
            subject,
            user.created_us,
            user.is_disabled
        ]);
    unless_taken(inserted, "user", &user.name).map(|_| ())
}

fn find_user(connection: &Connection, name: &str) -> Result<Option<User>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {USER} FROM users WHERE name = ?1"))?;
    Ok(statement.query_row([name], user).optional()?)
}

fn read_setting(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM settings WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn write_setting(connection: &Connection, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
    match value {
        Some(value) => connection
            .prepare_cached("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)")?
            .execute(params![key, value])?,
        None => connection.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?,
    };
    Ok(())
}

fn check_setting(key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
    const LIMIT: usize = 1 << 20;
    check(&[("key of the setting", key)])?;
    match value {
        Some(value) if value.len() > LIMIT => {
            Err(StoreError::TooLarge { what: "setting", size: value.len(), limit: LIMIT })
        }
        _ => Ok(()),
    }
}

impl AccountStore for SqliteStore {
    fn add_user(&self, user: User, act: Act) -> Result<(), StoreError> {
        check_user(&user)?;
        self.write(move |tx| {
            insert_user(tx.connection, &user)?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn add_first_user(&self, user: User, key: &str, expected: &[u8], act: Act) -> Result<bool, StoreError> {
        check_user(&user)?;
        let (key, expected) = (key.to_owned(), expected.to_owned());
        self.write(move |tx| {
            let users: i64 = tx
                .connection
                .prepare_cached("SELECT count(*) FROM users")?
                .query_row([], |row| row.get(0))?;
            if users > 0 || read_setting(tx.connection, &key)?.as_ref() != Some(&expected) {
                return Ok(false);
            }
            write_setting(tx.connection, &key, None)?;
            insert_user(tx.connection, &user)?;
            tx.journal(&act)?;
            Ok(true)
        })
    }

    fn update_user(&self, user: User, act: Act) -> Result<(), StoreError> {
        check_user(&user)?;
        self.write(move |tx| {
            let before = find_user(tx.connection, &user.name)?.ok_or_else(|| missing("user", &user.name))?;
            let (issuer, subject) = user.identity.as_ref().map(|(issuer, subject)| (issuer, subject)).unzip();
            let updated = tx
                .connection
                .prepare_cached(
                    "UPDATE users SET role = ?2, password = ?3, issuer = ?4, subject = ?5, is_disabled = ?6
                     WHERE name = ?1",
                )?
                .execute(params![
                    user.name,
                    user.role.as_str(),
                    user.password,
                    issuer,
                    subject,
                    user.is_disabled
                ]);
            unless_taken(updated, "user", &user.name)?;
            if user.is_disabled || user.role != before.role || user.password != before.password {
                tx.connection
                    .prepare_cached("DELETE FROM sessions WHERE user = ?1")?
                    .execute([&user.name])?;
            }
            tx.journal(&act).map(|_| ())
        })
    }

    fn remove_user(&self, name: &str, act: Act) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |tx| {
            tx.connection.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([&name])?;
            if tx.connection.prepare_cached("DELETE FROM users WHERE name = ?1")?.execute([&name])? == 0 {
                return Err(missing("user", &name));
            }
            tx.journal(&act).map(|_| ())
        })
    }

    fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.readers.read(|transaction| find_user(transaction, name))
    }

    fn user_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!("SELECT {USER} FROM users WHERE issuer = ?1 AND subject = ?2");
            Ok(transaction.prepare_cached(&query)?.query_row([issuer, subject], user).optional()?)
        })
    }

    fn users(&self) -> Result<Vec<User>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement =
                transaction.prepare_cached(&format!("SELECT {USER} FROM users ORDER BY name"))?;
            let users = statement.query_map([], user)?;
            Ok(users.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn add_session(&self, session: Session, act: Act) -> Result<(), StoreError> {
        check(&[("note of the session", &session.note)])?;
        self.write(move |tx| {
            if find_user(tx.connection, &session.user)?.is_none_or(|user| user.is_disabled) {
                return Err(missing("user", &session.user));
            }
            let inserted = tx
                .connection
                .prepare_cached(
                    "INSERT INTO sessions (secret, user, created_us, expires_us, last_used_us, note)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    session.secret.0,
                    session.user,
                    session.created_us,
                    session.expires_us,
                    session.last_used_us,
                    session.note
                ]);
            unless_taken(inserted, "session of", &session.user)?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn session(&self, secret: &SecretHash, now_us: i64) -> Result<Option<(Session, User)>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!(
                "SELECT {SESSION}, {USER} FROM sessions JOIN users ON users.name = sessions.user
                 WHERE secret = ?1 AND expires_us > ?2 AND is_disabled = 0"
            );
            let mut statement = transaction.prepare_cached(&query)?;
            let found =
                statement.query_row(params![secret.0, now_us], |row| Ok((session(row)?, user_at(row, 6)?)));
            Ok(found.optional()?)
        })
    }

    fn touch_session(&self, secret: &SecretHash, now_us: i64) -> Result<(), StoreError> {
        let secret = *secret;
        self.write(move |tx| {
            tx.connection
                .prepare_cached("UPDATE sessions SET last_used_us = max(last_used_us, ?2) WHERE secret = ?1")?
                .execute(params![secret.0, now_us])?;
            Ok(())
        })
    }

    fn end_session(&self, secret: &SecretHash, act: Act) -> Result<bool, StoreError> {
        let secret = *secret;
        self.write(move |tx| {
            let mut statement = tx.connection.prepare_cached("DELETE FROM sessions WHERE secret = ?1")?;
            let was_there = statement.execute([secret.0])? > 0;
            if was_there {
                tx.journal(&act)?;
            }
            Ok(was_there)
        })
    }

    fn end_sessions_of(&self, user: &str, act: Act) -> Result<u64, StoreError> {
        let user = user.to_owned();
        self.write(move |tx| {
            let mut statement = tx.connection.prepare_cached("DELETE FROM sessions WHERE user = ?1")?;
            let ended = statement.execute([&user])?;
            tx.journal(&act)?;
            Ok(ended as u64)
        })
    }

    fn add_token(&self, token: Token, act: Act) -> Result<(), StoreError> {
        check(&[
            ("id of the token", &token.id),
            ("name of the token", &token.name),
            ("cluster of the token", token.cluster.as_deref().unwrap_or_default()),
            ("maker of the token", &token.created_by),
        ])?;
        self.write(move |tx| {
            let query =
                format!("INSERT INTO tokens ({TOKEN}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
            let inserted = tx.connection.prepare_cached(&query)?.execute(params![
                token.id,
                token.secret.0,
                token.name,
                token.role.as_str(),
                token.cluster,
                token.created_by,
                token.created_us,
                token.expires_us,
                token.revoked_us,
                token.last_used_us
            ]);
            unless_taken(inserted, "token", &token.id)?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn token(&self, secret: &SecretHash) -> Result<Option<Token>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!("SELECT {TOKEN} FROM tokens WHERE secret = ?1");
            Ok(transaction.prepare_cached(&query)?.query_row([secret.0], token).optional()?)
        })
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement =
                transaction.prepare_cached(&format!("SELECT {TOKEN} FROM tokens ORDER BY id"))?;
            let tokens = statement.query_map([], token)?;
            Ok(tokens.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn revoke_token(&self, id: &str, now_us: i64, act: Act) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let revoked: Option<i64> = tx
                .connection
                .prepare_cached("SELECT revoked_us FROM tokens WHERE id = ?1")?
                .query_row([&id], |row| row.get(0))
                .optional()?
                .ok_or_else(|| missing("token", &id))?;
            if revoked.is_some() {
                return Ok(false);
            }
            tx.connection
                .prepare_cached("UPDATE tokens SET revoked_us = ?2 WHERE id = ?1")?
                .execute(params![id, now_us])?;
            tx.journal(&act)?;
            Ok(true)
        })
    }

    fn touch_token(&self, id: &str, now_us: i64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.connection
                .prepare_cached(
                    "UPDATE tokens SET last_used_us = max(coalesce(last_used_us, ?2), ?2) WHERE id = ?1",
                )?
                .execute(params![id, now_us])?;
            Ok(())
        })
    }

    fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.read(|transaction| read_setting(transaction, key))
    }

    fn set_setting(&self, key: &str, value: Option<&[u8]>, act: Act) -> Result<(), StoreError> {
        check_setting(key, value)?;
        let (key, value) = (key.to_owned(), value.map(<[u8]>::to_vec));
        self.write(move |tx| {
            write_setting(tx.connection, &key, value.as_deref())?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn replace_setting(
        &self,
        key: &str,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
        act: Act,
    ) -> Result<bool, StoreError> {
        check_setting(key, new)?;
        let (key, old, new) = (key.to_owned(), old.map(<[u8]>::to_vec), new.map(<[u8]>::to_vec));
        self.write(move |tx| {
            if read_setting(tx.connection, &key)? != old {
                return Ok(false);
            }
            write_setting(tx.connection, &key, new.as_deref())?;
            tx.journal(&act)?;
            Ok(true)
        })
    }
}
