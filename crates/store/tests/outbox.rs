//! Alerts are delivered in order, at least once, or known to be dead.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{act, folder, open};
use haechi_store::outbox::{AlertState, ClaimedAlert, NewAlert, OutboxStore as _, Retried};
use proptest::prelude::*;

fn alert(id: &str, group: &str) -> NewAlert {
    NewAlert {
        id: id.into(),
        receiver: "slack".into(),
        group: group.into(),
        payload: id.into(),
        created_us: 0,
        due_us: 0,
    }
}

fn ids(claimed: &[ClaimedAlert]) -> Vec<&str> {
    claimed.iter().map(|alert| alert.id.as_str()).collect()
}

#[test]
fn an_alert_is_leased_to_one_and_comes_back_when_the_lease_is_over() {
    let folder = folder();
    let store = open(&folder);
    assert_eq!(store.put_alerts(vec![alert("a", "g"), alert("a", "g")]).unwrap(), 1);
    let first = store.claim_alerts(None, 10, 20, 9).unwrap();
    assert_eq!(ids(&first), ["a"]);
    assert!(store.claim_alerts(None, 19, 30, 9).unwrap().is_empty());
    let second = store.claim_alerts(Some("slack"), 20, 40, 9).unwrap();
    assert_eq!((second[0].attempt, second[0].payload.as_slice()), (2, b"a".as_slice()));
    assert!(!store.ack_alert("a", first[0].lease, 21).unwrap(), "the first lease is over");
    assert_eq!(store.retry_alert("a", first[0].lease, "late", 99, 9).unwrap(), Retried::NotYours);
    assert!(store.ack_alert("a", second[0].lease, 21).unwrap());
    assert!(!store.ack_alert("a", second[0].lease, 22).unwrap());
    assert_eq!(store.put_alerts(vec![alert("a", "g")]).unwrap(), 0, "the same alert is not sent twice");
}

#[test]
fn alerts_of_a_group_keep_their_order_and_groups_do_not_wait_for_each_other() {
    let folder = folder();
    let store = open(&folder);
    store.put_alerts(vec![alert("a1", "a"), alert("a2", "a"), alert("b1", "b")]).unwrap();
    let claimed = store.claim_alerts(None, 0, 10, 9).unwrap();
    assert_eq!(ids(&claimed), ["a1", "b1"]);
    let retried = store.retry_alert("a1", claimed[0].lease, "503", 50, 5).unwrap();
    assert_eq!(retried, Retried::Pending);
    assert!(store.claim_alerts(None, 49, 60, 9).unwrap().iter().all(|alert| alert.group != "a"));
    let again = store.claim_alerts(None, 50, 60, 9).unwrap();
    assert!(ids(&again).contains(&"a1") && !ids(&again).contains(&"a2"));
}

#[test]
fn a_dead_alert_lets_others_pass_and_can_be_revived() {
    let folder = folder();
    let store = open(&folder);
    store.put_alerts(vec![alert("a1", "a"), alert("a2", "a")]).unwrap();
    let claimed = store.claim_alerts(None, 0, 10, 9).unwrap();
    let long = "é".repeat(4000);
    assert_eq!(store.retry_alert("a1", claimed[0].lease, &long, 5, 1).unwrap(), Retried::Dead);
    let dead = store.alerts(None, Some(AlertState::Dead), 9).unwrap();
    assert!(dead[0].last_error.as_ref().is_some_and(|error| error.len() <= 1024 && error.starts_with('é')));
    assert_eq!(ids(&store.claim_alerts(None, 5, 10, 9).unwrap()), ["a2"]);
    assert!(store.revive_alert("a1", 6, act("alert.revived")).unwrap());
    assert!(!store.revive_alert("a1", 6, act("alert.revived")).unwrap());
    let revived = store.claim_alerts(None, 6, 10, 9).unwrap();
    assert_eq!((ids(&revived), revived[0].attempt), (vec!["a1"], 1));
    assert!(!store.ack_alert("a1", claimed[0].lease, 7).unwrap(), "leases are never given twice");
    assert_eq!(store.alert_counts().unwrap()["slack"][&AlertState::Leased], 2);
}

#[derive(Debug, Clone)]
enum Step {
    Put { id: u8, group: u8, due_us: i64 },
    Claim { limit: u32, lease_us: i64 },
    Ack { held: usize },
    Fail { held: usize, delay_us: i64 },
    Pass { us: i64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..12_u8, 0..3_u8, 0..30_i64).prop_map(|(id, group, due_us)| Step::Put { id, group, due_us }),
        3 => (1..4_u32, 1..20_i64).prop_map(|(limit, lease_us)| Step::Claim { limit, lease_us }),
        2 => (0..8_usize).prop_map(|held| Step::Ack { held }),
        2 => (0..8_usize, 0..20_i64).prop_map(|(held, delay_us)| Step::Fail { held, delay_us }),
        3 => (1..15_i64).prop_map(|us| Step::Pass { us }),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever happens, in any order, with new starts between: nothing is lost, nothing is delivered twice while leases hold,
    /// groups keep their order, and attempts end.
    #[test]
    fn no_alert_is_lost_or_overtaken(steps in prop::collection::vec(step(), 1..40)) {
        const MAX_ATTEMPTS: u32 = 3;
        let folder = folder();
        let mut store = open(&folder);
        let mut now = 0;
        let mut put: BTreeMap<String, (u8, usize)> = BTreeMap::new();
        let mut leases: Vec<(ClaimedAlert, i64)> = Vec::new();
        let mut ended: BTreeSet<String> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Put { id, group, due_us } => {
                    let new = NewAlert { due_us, ..alert(&id.to_string(), &group.to_string()) };
                    let is_new = store.put_alerts(vec![new]).unwrap() == 1;
                    prop_assert_eq!(is_new, !put.contains_key(&id.to_string()));
                    let order = put.len();
                    put.entry(id.to_string()).or_insert((group, order));
                }
                Step::Claim { limit, lease_us } => {
                    for claimed in store.claim_alerts(None, now, now + lease_us, limit).unwrap() {
                        prop_assert!(!ended.contains(&claimed.id));
                        let is_leased =
                            leases.iter().any(|(held, until)| held.id == claimed.id && *until > now);
                        prop_assert!(!is_leased, "leased to two at once");
                        let (group, order) = put[&claimed.id];
                        let is_first = put.iter().all(|(id, (other, earlier))| {
                            *other != group || *earlier >= order || ended.contains(id)
                        });
                        prop_assert!(is_first, "an earlier one of the group is still on its way");
                        leases.push((claimed, now + lease_us));
                    }
                }
                Step::Ack { held } => {
                    if let Some((alert, until)) = leases.get(held).cloned() {
                        let is_last = leases.iter().rposition(|(other, _)| other.id == alert.id) == Some(held);
                        let acked = store.ack_alert(&alert.id, alert.lease, now).unwrap();
                        // A lease that is over, but that nobody else has got yet, may still be ended.
                        prop_assert_eq!(acked, is_last && !ended.contains(&alert.id), "until {}", until);
                        if acked {
                            ended.insert(alert.id.clone());
                        } else {
                            continue;
                        }
                        leases.retain(|(other, _)| other.id != alert.id);
                    }
                }
                Step::Fail { held, delay_us } => {
                    if let Some((alert, _)) = leases.get(held).cloned() {
                        let due_us = now + delay_us;
                        match store.retry_alert(&alert.id, alert.lease, "no", due_us, MAX_ATTEMPTS).unwrap() {
                            Retried::NotYours => {}
                            Retried::Pending => {
                                prop_assert!(alert.attempt < MAX_ATTEMPTS);
                                leases.retain(|(other, _)| other.id != alert.id);
                            }
                            Retried::Dead => {
                                prop_assert!(alert.attempt >= MAX_ATTEMPTS);
                                ended.insert(alert.id.clone());
                                leases.retain(|(other, _)| other.id != alert.id);
                            }
                        }
                    }
                }
                Step::Pass { us } => now += us,
                Step::Restart => {
                    drop(store);
                    store = open(&folder);
                }
            }
        }
        let known: BTreeSet<String> =
            store.alerts(None, None, 100).unwrap().into_iter().map(|alert| alert.id).collect();
        prop_assert_eq!(known, put.keys().cloned().collect::<BTreeSet<_>>());
    }
}
