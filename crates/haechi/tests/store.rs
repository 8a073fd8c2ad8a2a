//! `haechi store`, `haechi incidents`, `haechi alerts silence` and `haechi alerts dead` beside a running service, through the binary.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: what fails there fails the test"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use haechi_serve::access::{Access, AccessOptions, Scope};
use haechi_store::SqliteStore;
use haechi_store::detections::{DetectionStore as _, NewDetection};
use haechi_store::events::{EventBatch, EventKey, EventStore as _, NewEvent};
use haechi_store::outbox::{NewAlert, OutboxStore as _};
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options;

fn haechi(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haechi"));
    command.args(["--lang", "en"]).args(arguments).current_dir(folder).env_remove("HAECHI_TOKEN");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    haechi(folder, arguments).output().unwrap()
}

/// Runs it, demands this exit code, and gives what it printed.
fn told(folder: &Path, code: i32, arguments: &[&str]) -> String {
    judged(code, arguments, run(folder, arguments))
}

fn judged(code: i32, arguments: &[&str], output: Output) -> String {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// The service, killed when it is dropped.
struct Service {
    child: Child,
    url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(folder: &Path) -> Service {
    let mut child = haechi(folder, &["serve", "--listen", "127.0.0.1:0", "--data", "data"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().last().unwrap().to_owned();
    Service { child, url }
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(Options::new(folder.join("data/store"))).unwrap()
}

/// A token for an operator, made before the service runs.
fn token(folder: &Path) -> String {
    let access = Access::open(std::sync::Arc::new(open(folder)), AccessOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(access.add_token(Scope::Operate, "t", None, None, "test".to_owned()));
    made.unwrap().1.reveal().to_owned()
}

#[test]
fn store_is_copied_and_verified_beside_a_service_and_restored_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    token(at);
    let service = serve(at);
    let list = told(at, 0, &["store", "journal", "list", "--data", "data"]);
    assert!(list.contains("token.created"), "{list}");
    let copied = told(at, 0, &["store", "backup", "copy.db", "--data", "data"]);
    let anchor = copied.lines().nth(1).unwrap().split_whitespace().last().unwrap().to_owned();
    let again = told(at, 2, &["store", "backup", "copy.db", "--data", "data"]);
    assert!(again.contains("exists already"), "{again}");
    let verified = told(at, 0, &["store", "verify", "--data", "data", "--anchor", &anchor]);
    assert!(verified.contains("Journal: in order"), "{verified}");
    let used = told(at, 4, &["store", "restore", "copy.db", "--data", "data"]);
    assert!(used.contains("in use by another process"), "{used}");
    told(at, 0, &["store", "journal", "export", "journal.jsonl", "--data", "data"]);
    told(at, 2, &["store", "journal", "export", "journal.jsonl", "--data", "data"]);
    drop(service);
    let restored = told(at, 0, &["store", "restore", "copy.db", "--data", "data", "--anchor", &anchor]);
    assert!(restored.contains("store-2.db"), "{restored}");
    told(at, 0, &["store", "verify", "--data", "data", "--anchor", &anchor]);
    let file = ["store", "journal", "verify", "journal.jsonl", "--anchor", &anchor];
    told(at, 0, &file);
    let missing = told(at, 4, &["store", "verify", "--data", "elsewhere"]);
    assert!(missing.contains("elsewhere/store"), "{missing}");
}

#[test]
fn tampering_is_told_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for _ in 0..3 {
        token(at);
    }
    let listed = told(at, 0, &["store", "journal", "list", "--data", "data", "-o", "json"]);
    let count = listed.lines().count();
    assert!(count >= 3, "{listed}");
    let first: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let anchor = format!("1:{}", first["hash"].as_str().unwrap());
    let bare = first["hash"].as_str().unwrap().to_owned();
    for kept in [&anchor, &bare] {
        told(at, 0, &["store", "journal", "verify", "--data", "data", "--anchor", kept]);
    }
    let other = format!("{}{}", if bare.starts_with('0') { '1' } else { '0' }, &bare[1..]);
    let wrong = told(at, 1, &["store", "verify", "--data", "data", "--anchor", &format!("1:{other}")]);
    assert!(wrong.contains("Entry 1 has another hash"), "{wrong}");
    let wrong = told(at, 1, &["store", "journal", "verify", "--data", "data", "--anchor", &other]);
    assert!(wrong.contains(&format!("None of the {count} entries")), "{wrong}");
    told(at, 2, &["store", "verify", "--data", "data", "--anchor", "nonsense"]);
    // As somebody with the file would: SQLite's own page, changed in place.
    let export = run(at, &["store", "journal", "export", "--data", "data"]);
    let text = String::from_utf8(export.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let verify = |name: &str, lines: &[&str]| {
        std::fs::write(at.join(name), format!("{}\n", lines.join("\n"))).unwrap();
        let told = told(at, 1, &["store", "journal", "verify", name]);
        told.lines().next().unwrap().to_owned()
    };
    let changed = lines[1].replace("\"act\":\"", "\"act\":\"x");
    assert!(verify("changed", &[lines[0], &changed, lines[2]]).contains("Entry 2 "));
    assert!(verify("dropped", &[lines[0], lines[2]]).contains("Entry 2 is missing"));
    assert!(verify("turned", &[lines[1], lines[0]]).contains("Entry 1 is missing"));
    assert!(verify("cut", &lines[..2]).contains("after 2 entries"));
}

#[test]
fn journal_is_exported_for_a_recipient_of_age_and_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    token(at);
    let wrong = told(at, 2, &["store", "journal", "export", "out", "--data", "data", "--age", "age1x"]);
    assert!(wrong.contains("no age recipient"), "{wrong}");
    assert!(!at.join("out").exists(), "half a journal is none");
    // The public key of the test vectors of age.
    let recipient = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";
    told(at, 0, &["store", "journal", "export", "out", "--data", "data", "--age", recipient]);
    let sealed = std::fs::read(at.join("out")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    assert!(!sealed.windows(13).any(|part| part == b"token.created"));
}

#[test]
fn wrong_key_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let put = |id: &str, key: [u8; 32], number: u8| {
        let keys = Keys::none().with_current(id, key);
        let options = Options { keys, ..Options::new(at.join("data/store")) };
        let event = NewEvent { key: EventKey([number; 16]), time_us: Some(1), body: b"{}".to_vec() };
        let batch = EventBatch { source: "k8s_audit".to_owned(), received_us: 1, events: vec![event] };
        SqliteStore::open(options).unwrap().put_events(batch).unwrap();
    };
    put("old", [1; 32], 1);
    put("new", [2; 32], 2);
    let config = |old: &str, new: &str| {
        for (name, byte) in [("1", 1), ("2", 2), ("9", 9)] {
            std::fs::write(at.join(name), [byte; 32]).unwrap();
        }
        let key = |id: &str, file: &str| format!("[[key]]\nid = '{id}'\nkind = 'file'\nfile = '{file}'\n");
        let text = format!("current = 'new'\n{}{}", key("old", old), key("new", new));
        std::fs::write(at.join("keys.toml"), text).unwrap();
    };
    let verify = ["store", "verify", "--data", "data", "--keys", "keys.toml"];
    config("1", "2");
    let good = told(at, 0, &verify);
    assert_eq!(good.matches("which opens them").count(), 2, "{good}");
    config("1", "9");
    let wrong = told(at, 1, &verify);
    assert!(wrong.contains("`new`: the one that was given under this id DOES NOT OPEN"), "{wrong}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "data", "--keys", "keys.toml"];
    let refused = told(at, 2, &serve);
    assert!(refused.contains("key `new`") && refused.contains("nothing was changed"), "{refused}");
    assert!(told(at, 0, &["store", "verify", "--data", "data"]).contains("was not given"));
    config("1", "2");
    told(at, 0, &verify);
}

#[test]
fn incidents_are_listed_closed_and_opened_again_through_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let token = token(at);
    let detection = |id: &str, minute: i64| NewDetection {
        id: id.to_owned(),
        cluster: "prod".to_owned(),
        rule: "Secret read".to_owned(),
        source: "k8s_audit".to_owned(),
        priority: haechi_model::Priority::Critical,
        time_us: minute * 60_000_000,
        event: None,
        body: r#"{"output":"alice\u001b[2J","output_fields":{"ka.user.name":"alice"}}"#.to_owned(),
    };
    // The service itself makes incidents of them; they are too far apart for one.
    open(at).put_detections(vec![detection("a", 0), detection("b", 60)]).unwrap();
    let service = serve(at);
    let ask = |code: i32, arguments: &[&str]| {
        let all = [arguments, &["--server", &service.url, "--ca-file", "data/tls/ca.pem"]].concat();
        judged(code, arguments, haechi(at, &all).env("HAECHI_TOKEN", &token).output().unwrap())
    };
    let begun = std::time::Instant::now();
    let mut list = String::new();
    while list.matches("Secret read: alice").count() < 2 {
        assert!(begun.elapsed().as_secs() < 60, "{list}");
        list = ask(0, &["incidents", "list"]);
    }
    // The one that changed last stands first.
    let ids: Vec<&str> = list
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let (second, first) = (ids[0], ids[1]);
    assert!(list.contains(&format!("follows incident {first}")), "{list}");
    let shown = ask(0, &["incidents", "show", first]);
    assert!(shown.contains("Secret read: alice") && !shown.contains('\u{1b}'), "{shown}");
    ask(0, &["incidents", "acknowledge", first, "--note", "I look"]);
    ask(0, &["incidents", "close", first, "--note", "was the backup"]);
    assert!(ask(4, &["incidents", "close", first]).contains("409"));
    let open_ones = ask(0, &["incidents", "list", "--cluster", "prod", "--severity", "critical"]);
    assert!(open_ones.contains(second) && open_ones.matches("Secret read").count() == 1, "{open_ones}");
    assert!(ask(0, &["incidents", "list", "--cluster", "test"]).contains("no such incident"));
    ask(0, &["incidents", "reopen", first, "--note", "was not the backup"]);
    let shown = ask(0, &["incidents", "show", first]);
    assert!(shown.contains("| was the backup\n  | was not the backup"), "{shown}");
    assert!(ask(4, &["incidents", "show", "none"]).contains("404"));
    let list = told(at, 0, &["store", "journal", "list", "--data", "data"]);
    for act in ["incident.acknowledged", "incident.closed", "incident.reopened"] {
        assert!(list.contains(act), "{act}: {list}");
    }
}

#[test]
fn silences_and_dead_alerts_go_through_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let token = token(at);
    {
        let store = open(at);
        let alert = NewAlert {
            id: "a1".to_owned(),
            receiver: "pager".to_owned(),
            group: "g".to_owned(),
            payload: b"{}".to_vec(),
            created_us: 1,
            due_us: 1,
        };
        store.put_alerts(vec![alert]).unwrap();
        let claimed = store.claim_alerts(None, 2, 3, 1).unwrap();
        store.retry_alert("a1", claimed[0].lease, "no such channel", 4, 1).unwrap();
    }
    let service = serve(at);
    let ask = |code: i32, arguments: &[&str]| {
        let url = service.url.as_str();
        let all = [arguments, &["--server", url, "--ca-file", "data/tls/ca.pem"]].concat();
        judged(code, arguments, haechi(at, &all).env("HAECHI_TOKEN", &token).output().unwrap())
    };
    assert!(ask(0, &["alerts", "silence", "list"]).contains("No alert is silenced"));
    let add = [
        "alerts",
        "silence",
        "add",
        "--rule",
        "Shell*",
        "--label",
        "user=alice",
        "--reason",
        "test",
        "--for",
        "2h",
    ];
    let added = ask(0, &add);
    let id = added.split_whitespace().nth(1).unwrap().to_owned();
    let list = ask(0, &["alerts", "silence", "list"]);
    assert!(list.contains(&id) && list.contains("Shell*") && list.contains("token:operate-"), "{list}");
    // What belongs to a silence stands below it.
    assert!(list.lines().count() == 3 && list.lines().skip(1).all(|line| line.starts_with("  ")), "{list}");
    ask(0, &["alerts", "silence", "end", &id]);
    let again = ask(4, &["alerts", "silence", "end", &id]);
    assert!(again.contains("409"), "{again}");
    ask(2, &["alerts", "silence", "add", "--reason", "x", "--for", "2h"]);
    ask(2, &["alerts", "silence", "add", "--rule", "x", "--reason", "x"]);
    ask(2, &["alerts", "silence", "add", "--rule", "x", "--reason", "x", "--until", "tomorrow"]);
    let dead = ask(1, &["alerts", "dead", "list"]);
    assert!(dead.contains("a1") && dead.contains("no such channel"), "{dead}");
    ask(0, &["alerts", "dead", "retry", "a1"]);
    ask(0, &["alerts", "dead", "list"]);
    ask(4, &["alerts", "dead", "drop", "a1"]);
    let list = told(at, 0, &["store", "journal", "list", "--data", "data"]);
    for act in ["silence.added", "silence.ended", "alert.retried"] {
        assert!(list.contains(act), "{act}: {list}");
    }
    // Nothing is sent without a token, in the clear, or to who has another authority's certificate.
    let url = service.url.as_str();
    let without = told(at, 2, &["alerts", "dead", "list", "--server", url]);
    assert!(without.contains("no token"), "{without}");
    let plain = format!("http://{}", url.trim_start_matches("https://"));
    let clear =
        haechi(at, &["alerts", "dead", "list", "--server", &plain]).env("HAECHI_TOKEN", &token).output();
    judged(2, &["http"], clear.unwrap());
    let strange =
        haechi(at, &["alerts", "dead", "list", "--server", url]).env("HAECHI_TOKEN", &token).output();
    judged(4, &["no ca"], strange.unwrap());
    let wrong = ["alerts", "dead", "list", "--server", url, "--ca-file", "data/tls/ca.pem"];
    let refused = haechi(at, &wrong).env("HAECHI_TOKEN", "haechi_operate_x").output().unwrap();
    assert!(judged(4, &["wrong token"], refused).contains("401"));
}
