//! Users, sessions, tokens, settings; each change with its journal entry, or not at all.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{act, folder, open};
use haechi_store::StoreError;
use haechi_store::accounts::{AccountStore as _, Role, SecretHash, Session, Token, User};
use haechi_store::journal::JournalStore as _;

fn user(name: &str) -> User {
    User {
        name: name.into(),
        role: Role::Operator,
        password: Some("$argon2id$…".into()),
        identity: None,
        created_us: 1,
        is_disabled: false,
    }
}

fn session(user: &str, secret: &[u8]) -> Session {
    Session {
        secret: SecretHash::of(secret),
        user: user.into(),
        created_us: 1,
        expires_us: 100,
        last_used_us: 1,
        note: "10.0.0.1".into(),
    }
}

#[test]
fn of_two_who_come_with_the_setup_token_one_becomes_the_first_user() {
    let folder = folder();
    let store = open(&folder);
    store.set_setting("setup", Some(b"hash"), act("setup.offered")).unwrap();
    assert!(!store.add_first_user(user("eve"), "setup", b"guess", act("user.added")).unwrap());
    assert!(store.add_first_user(user("alice"), "setup", b"hash", act("user.added")).unwrap());
    assert!(!store.add_first_user(user("bob"), "setup", b"hash", act("user.added")).unwrap());
    assert_eq!(store.users().unwrap(), [user("alice")]);
    assert_eq!(store.setting("setup").unwrap(), None);
    store.set_setting("setup", Some(b"hash"), act("setup.offered")).unwrap();
    assert!(!store.add_first_user(user("bob"), "setup", b"hash", act("user.added")).unwrap());
}

#[test]
fn a_refused_change_leaves_no_journal_entry_and_takes_no_other_with_it() {
    let folder = folder();
    let store = open(&folder);
    store.add_user(user("alice"), act("user.added")).unwrap();
    let refused = store.add_user(user("alice"), act("user.added"));
    assert!(matches!(refused, Err(StoreError::Exists { what: "user", id }) if id == "alice"));
    let mut large = act("user.added");
    large.details = serde_json::Value::String("x".repeat(1 << 20));
    assert!(store.add_user(user("bob"), large).is_err(), "an act that cannot be journalled is not done");
    assert_eq!(store.user("bob").unwrap(), None);
    assert_eq!(store.anchor().unwrap().entries, 1);
}

#[test]
fn a_session_ends_with_its_time_its_user_or_its_users_password() {
    let folder = folder();
    let store = open(&folder);
    store.add_user(user("alice"), act("user.added")).unwrap();
    let begin = || store.add_session(session("alice", b"s"), act("login.succeeded")).unwrap();
    let is_in = |now| store.session(&SecretHash::of(b"s"), now).unwrap().is_some();
    begin();
    assert!(is_in(99) && !is_in(100));
    assert!(store.end_session(&SecretHash::of(b"s"), act("logout")).unwrap());
    assert!(!store.end_session(&SecretHash::of(b"s"), act("logout")).unwrap());
    assert!(!is_in(2));
    for change in [
        User { is_disabled: true, ..user("alice") },
        User { role: Role::Viewer, ..user("alice") },
        User { password: Some("other".into()), ..user("alice") },
    ] {
        store.update_user(user("alice"), act("user.changed")).unwrap();
        begin();
        store.update_user(change, act("user.changed")).unwrap();
        assert!(!is_in(2));
    }
    store.update_user(user("alice"), act("user.changed")).unwrap();
    begin();
    store.remove_user("alice", act("user.removed")).unwrap();
    assert!(!is_in(2));
    assert!(store.add_session(session("alice", b"t"), act("login.succeeded")).is_err());
}

#[test]
fn who_is_disabled_cannot_begin_a_session() {
    let folder = folder();
    let store = open(&folder);
    store.add_user(User { is_disabled: true, ..user("alice") }, act("user.added")).unwrap();
    let refused = store.add_session(session("alice", b"s"), act("login.succeeded"));
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
}

#[test]
fn a_revoked_or_expired_token_is_not_valid() {
    let folder = folder();
    let store = open(&folder);
    let token = Token {
        id: "t1".into(),
        secret: SecretHash::of(b"secret"),
        name: "ci".into(),
        role: Role::Viewer,
        cluster: Some("prod".into()),
        created_by: "alice".into(),
        created_us: 1,
        expires_us: Some(50),
        revoked_us: None,
        last_used_us: None,
    };
    store.add_token(token.clone(), act("token.added")).unwrap();
    let twice = Token { id: "t2".into(), ..token.clone() };
    assert!(store.add_token(twice, act("token.added")).is_err(), "a secret belongs to one token");
    store.touch_token("t1", 7).unwrap();
    store.touch_token("t1", 5).unwrap();
    let found = store.token(&SecretHash::of(b"secret")).unwrap().unwrap();
    assert_eq!(found, Token { last_used_us: Some(7), ..token });
    assert!(found.is_valid(49) && !found.is_valid(50));
    assert!(store.revoke_token("t1", 9, act("token.revoked")).unwrap());
    assert!(!store.revoke_token("t1", 10, act("token.revoked")).unwrap());
    assert!(store.revoke_token("t9", 10, act("token.revoked")).is_err());
    assert!(!store.token(&SecretHash::of(b"secret")).unwrap().unwrap().is_valid(10));
    assert_eq!(store.anchor().unwrap().entries, 2);
}

#[test]
fn who_comes_through_an_identity_provider_is_found_by_it() {
    let folder = folder();
    let store = open(&folder);
    let alice = User { identity: Some(("https://id".into(), "42".into())), password: None, ..user("alice") };
    store.add_user(alice.clone(), act("user.added")).unwrap();
    assert_eq!(store.user_by_identity("https://id", "42").unwrap(), Some(alice.clone()));
    assert_eq!(store.user_by_identity("https://id", "43").unwrap(), None);
    let thief = User { name: "eve".into(), ..alice };
    assert!(store.add_user(thief, act("user.added")).is_err());
    store.add_user(user("bob"), act("user.added")).unwrap();
    store.add_user(user("carol"), act("user.added")).unwrap();
}

#[test]
fn a_setting_is_replaced_only_from_what_it_was() {
    let folder = folder();
    let store = open(&folder);
    let replace = |old: Option<&[u8]>, new: Option<&[u8]>| {
        store.replace_setting("k", old, new, act("setting.changed")).unwrap()
    };
    assert!(!replace(Some(b"a"), Some(b"b")));
    assert!(replace(None, Some(b"a")));
    assert!(!replace(None, Some(b"b")));
    assert!(replace(Some(b"a"), Some(b"")));
    assert!(replace(Some(b""), None));
    assert_eq!(store.setting("k").unwrap(), None);
    assert_eq!(store.anchor().unwrap().entries, 3);
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?} {:?}", user("alice"), session("alice", b"s"));
    assert!(!printed.contains("argon2") && printed.contains("***"));
}
