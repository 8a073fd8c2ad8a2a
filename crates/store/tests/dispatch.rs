//! The state of the dispatcher and its alerts are kept together.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{act, folder, open};
use haechi_store::accounts::AccountStore as _;
use haechi_store::dispatch::DispatchStore as _;
use haechi_store::outbox::{NewAlert, OutboxStore as _};

fn alert(id: &str, size: usize) -> NewAlert {
    NewAlert {
        id: id.into(),
        receiver: "slack".into(),
        group: "g".into(),
        payload: vec![b'x'; size],
        created_us: 0,
        due_us: 0,
    }
}

#[test]
fn parts_and_alerts_are_committed_as_one_and_survive() {
    let folder = folder();
    let store = open(&folder);
    let part = |key: &str, value: &str| (key.to_owned(), Some(value.as_bytes().to_vec()));
    let parts = vec![part("group/a", "1"), part("group/b", "2")];
    assert_eq!(store.commit_dispatch(parts, vec![alert("1", 1)]).unwrap(), 1);
    store.set_setting("other", Some(b"x"), act("set")).unwrap();
    // Too large an alert: the parts stay as they were as well.
    assert!(store.commit_dispatch(vec![part("group/a", "9")], vec![alert("2", 2 << 20)]).is_err());
    assert_eq!(store.commit_dispatch(vec![("group/b".into(), None)], vec![alert("1", 1)]).unwrap(), 0);
    drop(store);
    let store = open(&folder);
    assert_eq!(store.dispatch_parts().unwrap(), [("group/a".to_owned(), b"1".to_vec())]);
    assert_eq!(store.alerts(None, None, 9).unwrap().len(), 1);
    assert_eq!(store.setting("other").unwrap().as_deref(), Some(b"x".as_slice()));
}
