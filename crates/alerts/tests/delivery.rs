//! From an alert to its receiver over the store, with outages, restarts and a clock of its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/servers.rs"]
mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Table, alert};
use haechi_alerts::alert::AllTexts;
use haechi_alerts::deliver::{Pump, Surroundings, Worker};
use haechi_alerts::{Alert, Config};
use haechi_store::SqliteStore;
use haechi_store::journal::Act;
use haechi_store::outbox::{AlertState, NewAlert, OutboxStore as _};
use haechi_store::silences::{Silence, SilenceStore as _};
use haechi_store::sqlite::Options;
use servers::{Server, status};
use tempfile::TempDir;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const START: i64 = 1_790_000_000 * SECOND;

/// A port that nobody listens on.
async fn free_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

fn hook(name: &str, port: u16) -> String {
    format!(
        "[[alerts.receiver]]\nname = '{name}'\nkind = 'webhook'\nurl = 'http://127.0.0.1:{port}/{name}'\n"
    )
}

fn config(receivers: &[&str], tables: &str) -> Arc<Config> {
    let names: Vec<String> = receivers.iter().map(|name| format!("'{name}'")).collect();
    let text = format!(
        "[alerts]\nreceivers = [{}]\ngroup-by = ['resource']\ngroup-wait = '10s'\ngroup-interval = '1m'\n{tables}",
        names.join(", ")
    );
    Arc::new(Config::parse(&text).unwrap().unwrap())
}

/// The service without its loops: time passes when the test says so.
struct Bench {
    folder: TempDir,
    config: Arc<Config>,
    store: Arc<SqliteStore>,
    pump: Pump,
    workers: Vec<Worker>,
    now: i64,
}

impl Bench {
    fn new(config: Arc<Config>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(Options::new(folder.path())).unwrap());
        let (pump, workers) = parts(&config, &store, START);
        Self { folder, config, store, pump, workers, now: START }
    }

    /// As after `kill -9`: nothing but the store is left.
    fn restart(self) -> Self {
        let Self { folder, config, store, now, pump, workers } = self;
        drop((pump, workers));
        drop(Arc::into_inner(store).unwrap());
        let store = Arc::new(SqliteStore::open(Options::new(folder.path())).unwrap());
        let (pump, workers) = parts(&config, &store, now);
        Self { folder, config, store, pump, workers, now }
    }

    fn submit(&mut self, alerts: Vec<Alert>) {
        self.pump.submit(alerts, self.now).unwrap();
    }

    async fn pass(&mut self, time: i64) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + 10 * SECOND);
            self.pump.tick(self.now).unwrap();
            for worker in &mut self.workers {
                while worker.step(self.now).await.delivered > 0 {}
            }
        }
    }

    fn states(&self) -> BTreeMap<AlertState, u64> {
        let counts = self.store.alert_counts().unwrap();
        let mut all = BTreeMap::new();
        for (state, count) in counts.into_values().flatten() {
            *all.entry(state).or_default() += count;
        }
        all
    }
}

fn parts(config: &Arc<Config>, store: &Arc<SqliteStore>, now: i64) -> (Pump, Vec<Worker>) {
    let (pump, unreadable) = Pump::open(Arc::clone(config), Arc::<SqliteStore>::clone(store), now).unwrap();
    assert!(unreadable.is_empty());
    let surroundings =
        Surroundings { now_us: Arc::new(|| 0), random: Arc::new(|| 4_000), secrets: Arc::new(Table) };
    let texts = Arc::new(AllTexts::default());
    let worker = |receiver: &haechi_alerts::receivers::Receiver| {
        let store = Arc::<SqliteStore>::clone(store);
        Worker::new(receiver.clone(), store, surroundings.clone(), Arc::clone(&texts))
    };
    (pump, config.receivers.values().map(worker).collect())
}

fn of(number: usize) -> Alert {
    Alert { resource: Some(format!("Pod shop/p-{number}")), ..alert(&format!("a-{number}")) }
}

/// How often a server was sent each alert.
fn told(server: &Server<servers::Request>) -> BTreeMap<String, u32> {
    let mut told = BTreeMap::new();
    for request in server.seen() {
        for alert in request.json()["alerts"].as_array().unwrap() {
            *told.entry(alert["fingerprint"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    told
}

#[tokio::test]
async fn receiver_that_is_down_for_an_hour_loses_nothing_and_gets_everything_once() {
    let (down, up) = (free_port().await, servers::http(0, None, |_| status(200, "")).await);
    let mut bench = Bench::new(config(&["a", "b"], &(hook("a", down) + &hook("b", up.port))));
    for minute in 0..60 {
        bench.submit(vec![of(2 * minute), of(2 * minute + 1)]);
        bench.pass(MINUTE).await;
        if minute % 20 == 7 {
            bench = bench.restart();
        }
    }
    assert_eq!(told(&up).len(), 120, "the other receiver did not wait");
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Pending, 120), (AlertState::Done, 120)]));
    let back = servers::http(down, None, |_| status(200, "")).await;
    bench.pass(15 * MINUTE).await;
    for server in [&back, &up] {
        let told = told(server);
        assert_eq!(told.len(), 120);
        assert!(told.values().all(|count| *count == 1), "{told:?}");
    }
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Done, 240)]));
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let server = servers::http(0, None, move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => "HTTP/1.1 429 x\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n".to_owned(),
        _ => status(200, ""),
    })
    .await;
    let mut bench = Bench::new(config(&["a"], &hook("a", server.port)));
    bench.submit(vec![of(1)]);
    bench.pass(10 * MINUTE).await;
    bench.submit(vec![of(2)]);
    assert_eq!(tries.load(Ordering::Relaxed), 1, "not before it says so");
    bench.pass(2 * MINUTE).await;
    assert_eq!(server.seen().len(), 3);
    let ids: Vec<String> =
        server.seen().iter().map(|request| request.header("idempotency-key").to_owned()).collect();
    assert_eq!(ids[0], ids[1], "the same notification has the same key");
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test]
async fn what_is_refused_is_a_dead_letter_with_its_reason_and_holds_up_nothing() {
    let server =
        servers::http(0, None, |request| match request.json()["alerts"][0]["fingerprint"] == "a-1" {
            true => status(400, "no such field"),
            false => status(200, ""),
        })
        .await;
    let mut bench = Bench::new(config(&["a"], &hook("a", server.port)));
    bench.submit((0..5).map(of).collect());
    bench.pass(10 * MINUTE).await;
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Done, 4), (AlertState::Dead, 1)]));
    let dead = bench.store.alerts(Some("a"), Some(AlertState::Dead), 9).unwrap();
    assert_eq!(dead[0].last_error.as_deref(), Some("status 400: no such field"));
    assert_eq!(server.seen().len(), 5, "it was tried once");
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_with_its_reason() {
    let table = hook("a", free_port().await) + "give-up-after = '1h'\n";
    let mut bench = Bench::new(config(&["a"], &table));
    bench.submit(vec![of(1)]);
    bench.pass(55 * MINUTE).await;
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Pending, 1)]));
    bench.pass(15 * MINUTE).await;
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Dead, 1)]));
}

#[tokio::test]
async fn poisoned_notification_does_not_starve_the_others() {
    let server =
        servers::http(0, None, |request| match request.json()["alerts"][0]["fingerprint"] == "a-0" {
            true => status(500, "boom"),
            false => status(200, ""),
        })
        .await;
    let mut bench = Bench::new(config(&["a"], &hook("a", server.port)));
    bench.submit((0..50).map(of).collect());
    bench.pass(10 * MINUTE).await;
    assert_eq!(bench.states(), BTreeMap::from([(AlertState::Pending, 1), (AlertState::Done, 49)]));
    let unreadable = NewAlert {
        id: "x".into(),
        receiver: "a".into(),
        group: "g".into(),
        payload: b"{".to_vec(),
        created_us: bench.now,
        due_us: bench.now,
    };
    bench.store.put_alerts(vec![unreadable]).unwrap();
    bench.pass(10 * MINUTE).await;
    let dead = bench.store.alerts(None, Some(AlertState::Dead), 9).unwrap();
    assert!(dead[0].last_error.as_deref().unwrap().contains("cannot be read"), "{dead:?}");
}

#[tokio::test]
async fn restart_between_taking_and_telling_loses_nothing() {
    let server = servers::http(0, None, |_| status(200, "")).await;
    let mut bench = Bench::new(config(&["a"], &hook("a", server.port)));
    bench.submit(vec![of(1)]);
    bench = bench.restart();
    bench.pump.tick(bench.now + MINUTE).unwrap();
    bench = bench.restart();
    bench.submit(vec![of(1), of(2)]);
    bench.pass(5 * MINUTE).await;
    bench = bench.restart();
    bench.pass(5 * MINUTE).await;
    assert_eq!(told(&server), BTreeMap::from([("a-1".to_owned(), 1), ("a-2".to_owned(), 1)]));
}

#[tokio::test]
async fn stored_silences_count_and_unreadable_ones_silence_nothing() {
    let server = servers::http(0, None, |_| status(200, "")).await;
    let mut bench = Bench::new(config(&["a"], &hook("a", server.port)));
    let act = |name: &str| Act {
        time_us: START,
        actor: "alice".into(),
        act: "silence".into(),
        subject: name.into(),
        details: serde_json::json!({}),
    };
    for (id, matcher) in [("1", "{\"resource\":[\"Pod shop/p-1\"]}"), ("2", "{\"rul\":[\"*\"]}"), ("3", "{}")]
    {
        let silence = Silence {
            id: id.into(),
            matcher: matcher.into(),
            reason: "maintenance".into(),
            created_by: "alice".into(),
            created_us: START,
            starts_us: START,
            ends_us: START + 60 * MINUTE,
        };
        bench.store.add_silence(silence, act(id)).unwrap();
    }
    bench.submit(vec![of(1), of(2)]);
    bench.pass(5 * MINUTE).await;
    assert_eq!(told(&server).into_keys().collect::<Vec<_>>(), ["a-2"]);
    assert_eq!(bench.pump.counts().silenced, 1);
}

#[tokio::test]
async fn storm_of_ten_thousand_alerts_arrives_in_a_hundred_messages() {
    let server = servers::http(0, None, |_| status(200, "")).await;
    let text = format!("[alerts]\nreceivers = ['a']\n{}", hook("a", server.port));
    let mut bench = Bench::new(Arc::new(Config::parse(&text).unwrap().unwrap()));
    bench.submit((0..10_000).map(|number| alert(&format!("a-{number}"))).collect());
    bench.pass(MINUTE).await;
    assert_eq!((server.seen().len(), told(&server).len()), (100, 10_000));
}

#[tokio::test]
async fn started_service_tells_goes_on_after_a_restart_and_names_orphans() {
    let server = servers::http(0, None, |_| status(200, "")).await;
    let folder = tempfile::tempdir().unwrap();
    let table = format!("[alerts]\nreceivers = ['a']\ngroup-wait = '0s'\n{}", hook("a", server.port));
    let config = Arc::new(Config::parse(&table).unwrap().unwrap());
    let surroundings = Surroundings {
        now_us: Arc::new(|| {
            let now = jiff::Timestamp::now();
            now.as_microsecond()
        }),
        random: Arc::new(|| 1),
        secrets: Arc::new(Table),
    };
    for round in 0..2 {
        let store = Arc::new(SqliteStore::open(Options::new(folder.path())).unwrap());
        let orphan = NewAlert {
            id: "x".into(),
            receiver: "gone".into(),
            group: "g".into(),
            payload: vec![],
            created_us: 0,
            due_us: 0,
        };
        store.put_alerts(vec![orphan]).unwrap();
        let alerts = haechi_alerts::deliver::start(Arc::clone(&config), store, surroundings.clone()).unwrap();
        // The second round brings one that was told before, and a new one in another group.
        alerts.submit(vec![of(0), Alert { rule: format!("r{round}"), ..of(round + 1) }]).await.unwrap();
        servers::wait_for(&server, 2 + round).await;
        let health = alerts.health().unwrap();
        assert_eq!(health.orphans, BTreeMap::from([("gone".to_owned(), 1)]));
        alerts.stop().await;
    }
    assert!(told(&server).values().all(|count| *count == 1));
}
