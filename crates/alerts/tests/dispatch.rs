//! What is told, when, and that nothing is lost.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_alerts::alert::{Alert, Kind, Origin, Status, Wording};
use haechi_alerts::dispatch::{Change, Dispatcher, OfferError};
use haechi_alerts::matching::MatchersText;
use haechi_alerts::notification::{News, Notification};
use haechi_alerts::{Config, Silence};
use haechi_model::Severity;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const START: i64 = 1_790_000_000 * SECOND;

/// Waits 30 s, at most one notification in 5 minutes, again after an hour.
fn config(more: &str) -> Arc<Config> {
    let text = format!(
        "[alerts]\nreceivers = ['hook']\ngroup-by = ['rule']\ngroup-wait = '30s'\ngroup-interval = '5m'\n\
         repeat-interval = '1h'\n[[alerts.receiver]]\nname = 'hook'\nkind = 'webhook'\nurl = 'http://127.0.0.1/'\n{more}"
    );
    Arc::new(Config::parse(&text).unwrap().unwrap())
}

fn alert(name: &str, kind: Kind, status: Status) -> Alert {
    Alert {
        fingerprint: name.into(),
        origin: Origin::Detection,
        kind,
        status,
        rule: name.split('-').next().unwrap().into(),
        source: "k8s_audit".into(),
        severity: Severity::High,
        cluster: "prod".into(),
        namespace: Some("shop".into()),
        resource: None,
        frameworks: vec![],
        controls: vec![],
        time_us: START,
        ended_us: None,
        labels: BTreeMap::new(),
        title: Wording::same(name),
        summary: Wording::same("…"),
        link: None,
    }
}

fn event(name: &str) -> Alert {
    alert(name, Kind::Event, Status::Firing)
}

fn firing(name: &str) -> Alert {
    alert(name, Kind::Condition, Status::Firing)
}

fn resolved(name: &str) -> Alert {
    alert(name, Kind::Condition, Status::Resolved)
}

/// A dispatcher, its clock, and its state as a store would have it.
struct Bench {
    config: Arc<Config>,
    dispatcher: Dispatcher,
    now: i64,
    stored: BTreeMap<String, Vec<u8>>,
    told: Vec<Notification>,
}

impl Bench {
    fn new(config: Arc<Config>) -> Self {
        let dispatcher = Dispatcher::new(Arc::clone(&config));
        Self { config, dispatcher, now: START, stored: BTreeMap::new(), told: Vec::new() }
    }

    fn store(&mut self) {
        for Change { key, value } in self.dispatcher.take_changes() {
            match value {
                Some(value) => self.stored.insert(key, value),
                None => self.stored.remove(&key),
            };
        }
    }

    fn offer(&mut self, alert: Alert) {
        self.dispatcher.offer(vec![alert], self.now).unwrap();
        self.store();
    }

    fn restart(&mut self) {
        let restored = Dispatcher::restore(Arc::clone(&self.config), self.stored.clone(), self.now);
        assert_eq!(restored.unreadable, Vec::<String>::new());
        self.dispatcher = restored.dispatcher;
        self.store();
    }

    /// Lets time pass, with a look every ten seconds.
    fn pass(&mut self, time: i64) -> Vec<Notification> {
        self.pass_silenced(time, &[])
    }

    fn pass_silenced(&mut self, time: i64, silences: &[Silence]) -> Vec<Notification> {
        let end = self.now + time;
        let mut told = Vec::new();
        while self.now < end {
            self.now = end.min(self.now + 10 * SECOND);
            told.extend(self.dispatcher.tick(self.now, silences));
            self.store();
        }
        self.told.extend(told.iter().cloned());
        told
    }
}

/// Seconds since the start, and names, news and counts.
type Told<'n> = (i64, Vec<(&'n str, News, u64)>);

fn names(notifications: &[Notification]) -> Vec<Told<'_>> {
    notifications
        .iter()
        .map(|told| {
            let items =
                told.items.iter().map(|item| (item.alert.fingerprint.as_str(), item.news, item.count));
            ((told.created_us - START) / SECOND, items.collect())
        })
        .collect()
}

#[test]
fn alerts_of_a_group_wait_for_each_other_and_are_told_once() {
    let mut bench = Bench::new(config(""));
    bench.offer(event("a-1"));
    assert!(bench.pass(20 * SECOND).is_empty());
    bench.offer(event("a-2"));
    bench.offer(event("b-1"));
    bench.offer(event("a-1"));
    let told = bench.pass(HOUR);
    assert_eq!(
        names(&told),
        [(30, vec![("a-1", News::New, 2), ("a-2", News::New, 1)]), (50, vec![("b-1", News::New, 1)]),]
    );
    assert_ne!(told[0].group, told[1].group);
    assert_eq!(told[0].labels, BTreeMap::from([("rule".into(), "a".into())]));
}

#[test]
fn what_lasts_is_told_again_after_the_repeat_interval_and_what_is_over_once() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    let told = bench.pass(2 * HOUR + 10 * MINUTE);
    let again = vec![("a-1", News::Again, 0)];
    assert_eq!(names(&told), [(30, vec![("a-1", News::New, 1)]), (3630, again.clone()), (7230, again)]);
    bench.offer(resolved("a-1"));
    let told = bench.pass(5 * HOUR);
    assert_eq!(names(&told), [(7810, vec![("a-1", News::Resolved, 0)])]);
    assert_eq!(told[0].status, Status::Resolved);
    assert_eq!(bench.dispatcher.waiting(), 0, "nothing is remembered for ever");
    assert_eq!(bench.stored.len(), 1, "{:?}", bench.stored.keys());
}

#[test]
fn flapping_alert_within_an_interval_is_one() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    assert_eq!(bench.pass(MINUTE).len(), 1);
    for _ in 0..20 {
        bench.offer(resolved("a-1"));
        bench.offer(firing("a-1"));
    }
    assert!(bench.pass(50 * MINUTE).is_empty(), "it is as it was told");
    for _ in 0..20 {
        bench.offer(resolved("a-1"));
        bench.pass(10 * SECOND);
        bench.offer(firing("a-1"));
        bench.pass(10 * SECOND);
    }
    assert!(bench.told.len() <= 4, "{:?}", names(&bench.told));
}

#[test]
fn event_that_comes_again_is_counted_until_the_repeat_interval_is_over() {
    let mut bench = Bench::new(config(""));
    for _ in 0..100 {
        bench.offer(event("a-1"));
        bench.pass(MINUTE);
    }
    bench.pass(3 * HOUR);
    let counts: Vec<u64> = bench.told.iter().map(|told| told.items[0].count).collect();
    assert_eq!(counts, [1, 60, 39], "{:?}", names(&bench.told));
}

#[test]
fn what_becomes_worse_is_told_anew() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    bench.pass(10 * MINUTE);
    bench.offer(Alert { severity: Severity::Critical, ..firing("a-1") });
    assert_eq!(names(&bench.pass(MINUTE)), [(630, vec![("a-1", News::New, 0)])]);
    bench.offer(Alert { severity: Severity::Low, ..firing("a-1") });
    assert!(bench.pass(30 * MINUTE).is_empty());
}

fn silence(rule: &str, from: i64, to: i64) -> Silence {
    let conditions = MatchersText { rule: vec![rule.into()], ..MatchersText::default() };
    Silence::new("1", &conditions, (from, to), "alice", "maintenance").unwrap()
}

#[test]
fn silence_ends_by_itself_and_what_still_lasts_is_told_then() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    bench.offer(event("a-2"));
    bench.offer(firing("b-1"));
    let silences = [silence("a*", START, START + 20 * MINUTE)];
    let told = bench.pass_silenced(HOUR, &silences);
    assert_eq!(names(&told), [(30, vec![("b-1", News::New, 1)]), (1200, vec![("a-1", News::New, 1)]),]);
    assert_eq!(bench.dispatcher.counts().silenced, 1);
}

#[test]
fn silence_that_is_ended_early_counts_no_more() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    let silences = [silence("a", START, START + 24 * HOUR)];
    assert!(bench.pass_silenced(20 * MINUTE, &silences).is_empty());
    assert_eq!(bench.pass(6 * MINUTE).len(), 1, "at the next interval");
}

#[test]
fn silences_need_a_condition_and_a_reason() {
    let all = MatchersText::default();
    assert!(Silence::new("1", &all, (0, 1), "alice", "why").is_err());
    let some = MatchersText { severity: Some(Severity::Low), ..MatchersText::default() };
    assert!(Silence::new("1", &some, (1, 1), "alice", "why").is_err());
    assert!(Silence::new("1", &some, (0, 1), "alice", " ").is_err());
    let text = serde_json::to_string(&some).unwrap();
    assert_eq!(Silence::conditions(&text).unwrap(), some);
    assert!(Silence::conditions("{\"severty\":\"low\"}").is_err());
}

#[test]
fn storm_is_a_few_messages_and_every_alert_is_in_one() {
    let mut bench = Bench::new(config(""));
    for number in 0..10_000 {
        bench.dispatcher.offer(vec![event(&format!("a-{number}"))], bench.now).unwrap();
    }
    bench.store();
    let told = bench.pass(HOUR);
    assert_eq!(told.len(), 100);
    let mut names: Vec<&str> =
        told.iter().flat_map(|told| &told.items).map(|item| item.alert.fingerprint.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 10_000);
}

#[test]
fn message_that_cannot_show_all_counts_the_others() {
    let slack = "[[alerts.receiver]]\nname = 'ops'\nkind = 'slack'\nurl = { env = 'X' }\n\
                 [[alerts.route]]\nrule = ['a']\nreceivers = ['ops']\n";
    let mut bench = Bench::new(config(slack));
    for number in 0..10_000 {
        bench.dispatcher.offer(vec![event(&format!("a-{number}"))], bench.now).unwrap();
    }
    bench
        .dispatcher
        .offer(vec![Alert { severity: Severity::Critical, ..event("a-worst") }], bench.now)
        .unwrap();
    let told = bench.pass(HOUR);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].items.len(), told[0].more), (10, 9991));
    assert_eq!(told[0].items[0].alert.fingerprint, "a-worst");
}

#[test]
fn limit_of_a_receiver_tells_the_rest_in_one_message() {
    let slack = "[[alerts.receiver]]\nname = 'ops'\nkind = 'slack'\nurl = { env = 'X' }\n\
                 rate-limit = { messages = 3, per = '10m' }\n\
                 [[alerts.route]]\nreceivers = ['ops']\n";
    let mut bench = Bench::new(config(slack));
    for number in 0..40 {
        bench.offer(event(&format!("r{number}-x")));
    }
    let told = bench.pass(MINUTE);
    assert_eq!(
        told.iter().map(|told| (told.groups, told.count())).collect::<Vec<_>>(),
        [(1, 1), (1, 1), (38, 38)]
    );
    assert_eq!(told[2].more, 28);
    bench.offer(event("late-x"));
    assert!(bench.pass(8 * MINUTE).is_empty(), "the limit is reached");
    bench.restart();
    assert_eq!(bench.pass(3 * MINUTE).len(), 1, "told when the period is over");
}

#[test]
fn limit_of_a_receiver_that_knows_groups_lets_them_wait() {
    let pager = "[[alerts.receiver]]\nname = 'pager'\nkind = 'pagerduty'\nrouting-key = { env = 'X' }\n\
                 rate-limit = { messages = 2, per = '1m' }\n\
                 [[alerts.route]]\nreceivers = ['pager']\n";
    let mut bench = Bench::new(config(pager));
    for number in 0..5 {
        bench.offer(firing(&format!("r{number}-x")));
    }
    bench.offer(Alert { severity: Severity::Critical, ..firing("worst-x") });
    let told = bench.pass(10 * MINUTE);
    assert_eq!(told.len(), 6);
    assert!(told.iter().all(|told| told.groups == 1));
    assert_eq!(told[0].items[0].alert.fingerprint, "worst-x");
    let times: Vec<i64> = told.iter().map(|told| (told.created_us - START) / MINUTE).collect();
    assert_eq!(times, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn more_than_may_wait_is_refused_as_a_whole() {
    let text = "[alerts]\nreceivers = ['h']\nmax-alerts = 3\n[[alerts.receiver]]\nname='h'\nkind='webhook'\n\
                url='https://example.com'\n";
    let mut bench = Bench::new(Arc::new(Config::parse(text).unwrap().unwrap()));
    bench.offer(event("a-1"));
    let many = (2..5).map(|number| event(&format!("a-{number}"))).collect();
    let error = bench.dispatcher.offer(many, bench.now).unwrap_err();
    assert_eq!(error, OfferError::Full { waiting: 1, limit: 3 });
    assert_eq!(bench.dispatcher.waiting(), 1);
}

#[test]
fn remembered_events_make_room_for_new_ones() {
    let text = "[alerts]\nreceivers = ['h']\nmax-alerts = 20\n[[alerts.receiver]]\nname='h'\nkind='webhook'\n\
                url='https://example.com'\n";
    let mut bench = Bench::new(Arc::new(Config::parse(text).unwrap().unwrap()));
    for number in 0..100 {
        bench.offer(event(&format!("r{number}-x")));
        bench.pass(MINUTE);
    }
    let mut names: Vec<&str> =
        bench.told.iter().flat_map(|told| &told.items).map(|item| item.alert.fingerprint.as_str()).collect();
    assert_eq!(names.len(), 100);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 100);
    assert!(bench.dispatcher.waiting() <= 20);
    assert_eq!(
        bench.stored.keys().filter(|key| key.starts_with("alert/")).count(),
        bench.dispatcher.waiting()
    );
}

#[test]
fn event_that_is_known_is_not_counted_when_it_is_read_back() {
    let mut bench = Bench::new(config(""));
    bench.offer(event("a-1"));
    bench.dispatcher.offer_again(vec![event("a-1"), event("a-2")], bench.now).unwrap();
    let told = bench.pass(MINUTE);
    assert_eq!(names(&told), [(30, vec![("a-1", News::New, 1), ("a-2", News::New, 1)])]);
}

#[test]
fn clock_that_is_set_back_keeps_nobody_waiting() {
    let mut bench = Bench::new(config(""));
    bench.now += 1000 * HOUR;
    bench.offer(firing("a-1"));
    assert_eq!(bench.pass(MINUTE).len(), 1);
    bench.offer(event("a-2"));
    bench.now = START;
    for restarts in [false, true] {
        if restarts {
            bench.restart();
        }
        bench.offer(event(&format!("a-{restarts}")));
        let told = bench.pass(10 * MINUTE);
        assert!(
            told.iter()
                .flat_map(|told| &told.items)
                .any(|item| item.alert.fingerprint.ends_with(&restarts.to_string()))
        );
    }
    assert!(bench.told.iter().flat_map(|told| &told.items).any(|item| item.alert.fingerprint == "a-2"));
}

#[test]
fn other_routes_lose_nothing_and_tell_nothing_twice() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-told"));
    bench.pass(MINUTE);
    bench.offer(event("a-waits"));
    bench.config = config(
        "[[alerts.receiver]]\nname = 'ops'\nkind = 'slack'\nurl = { env = 'X' }\n\
         [[alerts.route]]\nsource = ['k8s_*']\nreceivers = ['hook', 'ops']\ngroup-by = ['namespace']\n",
    );
    bench.restart();
    let told = bench.pass(10 * MINUTE);
    let of = |name: &str| -> Vec<&str> {
        let told = told.iter().filter(|told| told.receiver == name).flat_map(|told| &told.items);
        let mut names: Vec<&str> = told.map(|item| item.alert.fingerprint.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(of("hook"), ["a-waits"]);
    assert_eq!(of("ops"), ["a-told", "a-waits"], "what lasts concerns a new receiver");
    // A configuration without the first receiver: who was told of the beginning is told of the end.
    bench.offer(resolved("a-told"));
    let told = bench.pass(10 * MINUTE);
    assert_eq!(told.iter().map(|told| told.items[0].news).collect::<Vec<_>>(), [News::Resolved; 2]);
}

#[test]
fn unreadable_part_of_the_state_is_named() {
    let mut bench = Bench::new(config(""));
    bench.offer(firing("a-1"));
    bench.offer(firing("a-2"));
    let key = bench.stored.keys().find(|key| key.ends_with("a-1")).unwrap().clone();
    bench.stored.insert(key.clone(), b"{".to_vec());
    let restored = Dispatcher::restore(Arc::clone(&bench.config), bench.stored.clone(), bench.now);
    assert_eq!((restored.unreadable, restored.dispatcher.waiting()), (vec![key], 1));
}

#[derive(Debug, Clone)]
enum Step {
    Offer { name: u8, is_event: bool, is_over: bool, is_critical: bool },
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6u8, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(name, is_event, is_over, is_critical)| { Step::Offer { name, is_event, is_over, is_critical } }
        ),
        (1..200i64).prop_map(|tens| Step::Pass(tens * 10 * SECOND)),
    ]
}

fn run(steps: &[Step], restarts: bool) -> (Bench, BTreeMap<String, u64>, BTreeMap<String, Status>) {
    let mut bench = Bench::new(config(""));
    let mut events: BTreeMap<String, u64> = BTreeMap::new();
    let mut last: BTreeMap<String, Status> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Offer { name, is_event: true, .. } => {
                let name = format!("r{}-e{name}", name % 2);
                *events.entry(name.clone()).or_default() += 1;
                bench.offer(event(&name));
            }
            Step::Offer { name, is_over, is_critical, .. } => {
                let name = format!("r{}-c{name}", name % 2);
                let mut alert = if *is_over { resolved(&name) } else { firing(&name) };
                if *is_critical {
                    alert.severity = Severity::Critical;
                }
                if !*is_over || last.contains_key(&name) {
                    last.insert(name, alert.status);
                }
                bench.offer(alert);
            }
            Step::Pass(time) => {
                bench.pass(*time);
            }
        }
        if restarts {
            bench.restart();
        }
    }
    bench.pass(3 * HOUR);
    (bench, events, last)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_told_too_often(steps in prop::collection::vec(step(), 1..60)) {
        let (bench, events, last) = run(&steps, false);
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        let mut groups: BTreeMap<&str, i64> = BTreeMap::new();
        let mut told: BTreeMap<&str, (i64, Status, Severity)> = BTreeMap::new();
        for notification in &bench.told {
            let now = notification.created_us;
            if let Some(before) = groups.insert(&notification.group, now) {
                prop_assert!(now - before >= 5 * MINUTE, "a group within its interval");
            }
            for item in &notification.items {
                let name = item.alert.fingerprint.as_str();
                *counted.entry(name.to_owned()).or_default() += item.count;
                let before = told.insert(name, (now, item.alert.status, item.alert.severity));
                if let Some((at, status, severity)) = before {
                    let is_repeat = item.alert.kind == Kind::Event
                        // What is over twice lasted in between; for it the group's interval is the law.
                        || (status == Status::Firing
                            && item.alert.status == Status::Firing
                            && severity >= item.alert.severity);
                    if is_repeat {
                        prop_assert!(now - at >= HOUR, "{name} again after {} s", (now - at) / SECOND);
                    }
                }
            }
        }
        for (name, offered) in events {
            prop_assert_eq!(counted.get(&name), Some(&offered), "{}", name);
        }
        for (name, status) in last {
            prop_assert_eq!(told.get(name.as_str()).map(|told| told.1), Some(status), "{}", name);
        }
    }

    #[test]
    fn restart_at_any_moment_changes_nothing(steps in prop::collection::vec(step(), 1..30)) {
        let (without, ..) = run(&steps, false);
        let (with, ..) = run(&steps, true);
        prop_assert_eq!(names(&without.told), names(&with.told));
        prop_assert_eq!(without.stored, with.stored);
    }
}
