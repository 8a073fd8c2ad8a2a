//! Full disks, broken files, torn logs: what fails is refused and not stored, and the store goes on when the cause is gone.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it could not do here"
)]

mod common;

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{act, batch, event};
use haechi_store::counters::CounterStore as _;
use haechi_store::events::{EventBatch, EventQuery, EventStore as _, NewEvent};
use haechi_store::journal::{Break, JournalStore as _};
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::sqlite::Options;
use haechi_store::{OpenError, SqliteStore, StoreError};
use libtest_mimic::{Arguments, Failed, Trial};

const CHILD: &str = "HAECHI_FAULT_CHILD";
const FOLDER: &str = "HAECHI_FAULT_FOLDER";

type Test = fn() -> Result<(), Failed>;

fn main() {
    match std::env::var(CHILD).as_deref() {
        Ok("file-size") => return limited_file_size(),
        Ok("small-disk") => return small_disk(),
        Ok(other) => panic!("no child is called `{other}`"),
        Err(_) => {}
    }
    let tests: [(&str, Test); 10] = [
        ("a_store_at_its_limit_refuses_whole_batches_and_goes_on_when_old_ones_go", at_its_limit),
        ("a_call_that_asks_for_too_much_takes_no_other_with_it", too_much_in_a_group),
        ("who_comes_when_too_much_waits_is_told_so", too_much_waits),
        ("a_disk_that_fails_to_write_is_told_and_used_again", run_limited_file_size),
        ("a_full_and_a_read_only_disk_are_told_and_used_again", run_small_disk),
        ("a_damaged_block_of_events_is_told_and_the_others_are_read", damaged_block),
        ("a_damaged_page_is_told_and_nothing_panics", damaged_pages),
        ("a_file_that_is_no_database_is_refused_and_left_alone", no_database),
        ("a_torn_log_loses_only_whole_batches_at_its_end", torn_log),
        ("a_log_that_lost_journal_entries_is_told_by_the_anchor", lost_log),
    ];
    let trials = tests.into_iter().map(|(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(Options::new(folder)).unwrap()
}

/// Bodies that do not compress: 100 events of 2 KiB.
fn bulky(part: u64) -> EventBatch {
    let body = |number: u64| {
        let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        std::iter::repeat_with(next).take(256).flatten().collect::<Vec<u8>>()
    };
    let numbers = part * 100..part * 100 + 100;
    let events = numbers.map(|number| NewEvent { body: body(number), ..event(number) }).collect();
    EventBatch { received_us: i64::try_from(part).unwrap(), events, ..batch([]) }
}

/// Numbers of the events that are stored, in order.
fn numbers(store: &SqliteStore) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut query = EventQuery { limit: 10_000, ..EventQuery::default() };
    loop {
        let page = store.events(&query).unwrap();
        let Some(last) = page.last() else { return numbers };
        query.after = Some(last.head.place());
        numbers.extend(page.iter().map(|stored| {
            let since = stored.head.time_us.unwrap() - event(0).time_us.unwrap();
            u64::try_from(since / 1000).unwrap()
        }));
    }
}

/// Puts batches until one is refused; how many were taken, and why that one was not.
fn fill(store: &SqliteStore, from: u64) -> (u64, StoreError) {
    for part in from..from + 10_000 {
        if let Err(error) = store.put_events(bulky(part)) {
            return (part - from, error);
        }
    }
    panic!("nothing is ever refused");
}

/// All that must hold after batches were taken and others refused.
fn check(store: &SqliteStore, batches: u64) {
    assert_eq!(numbers(store), (0..batches * 100).collect::<Vec<_>>(), "whole batches, and all of them");
    let counts = store.counts().unwrap();
    let counts = &counts["k8s_audit"];
    assert!(counts.adds_up() && counts.received == batches * 100, "{counts:?}");
    let health = store.health(true).unwrap();
    assert!(health.damage.is_empty() && health.journal.broken.is_none(), "{health:?}");
}

fn at_its_limit() -> Result<(), Failed> {
    let folder = common::folder();
    let options = Options { max_bytes: Some(4 << 20), ..Options::new(folder.path()) };
    let store = SqliteStore::open(options).unwrap();
    store.append_act(act("first")).unwrap();
    let (taken, error) = fill(&store, 0);
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.is_retryable());
    assert!((10..20).contains(&taken), "{taken} batches of 200 KiB");
    check(&store, taken);
    assert!(matches!(store.health(false).unwrap().failing, Some(StoreError::Full { .. })));
    let keep = Retention { events_us: Some(0), ..Retention::default() };
    let removed = store.retain(5, &keep).unwrap();
    assert_eq!(removed.events, 500, "what is old goes although nothing else fits");
    store.put_events(bulky(taken)).unwrap();
    assert_eq!(store.health(true).unwrap().failing, None);
    assert_eq!(numbers(&store), (500..(taken + 1) * 100).collect::<Vec<_>>());
    Ok(())
}

fn too_much_in_a_group() -> Result<(), Failed> {
    let folder = common::folder();
    let options = Options { max_bytes: Some(4 << 20), ..Options::new(folder.path()) };
    let store = &SqliteStore::open(options).unwrap();
    // Large ones that do not fit and small ones that do, all at once.
    let large: Vec<_> = (0..40).flat_map(|part| bulky(part).events).collect();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40_u64)
            .map(|index| {
                let events = if index % 4 == 0 { large.clone() } else { batch([1_000_000 + index]).events };
                scope.spawn(move || (index, store.put_events(EventBatch { events, ..batch([]) })))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (index, outcome) in outcomes {
        assert_eq!(outcome.is_ok(), index % 4 != 0, "call {index}: {outcome:?}");
    }
    assert_eq!(numbers(store).len(), 30);
    Ok(())
}

fn too_much_waits() -> Result<(), Failed> {
    let folder = common::folder();
    // Room for one batch that waits.
    let options = Options { queue_bytes: 300 << 10, ..Options::new(folder.path()) };
    let store = &SqliteStore::open(options).unwrap();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..32).map(|part| scope.spawn(move || (part, store.put_events(bulky(part))))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut taken = Vec::new();
    for (part, outcome) in outcomes {
        match outcome {
            Ok(stored) => taken.extend((0..stored.stored).map(|index| part * 100 + index)),
            Err(error) => assert_eq!(error, StoreError::Busy),
        }
    }
    taken.sort_unstable();
    assert!(!taken.is_empty() && taken.len() < 3200, "{} were taken", taken.len());
    assert_eq!(numbers(store), taken);
    // Nobody waits any more: there is room again, even for one that is larger than the queue.
    let events = (40..43).flat_map(|part| bulky(part).events).collect();
    store.put_events(EventBatch { events, ..batch([]) }).unwrap();
    assert_eq!(store.health(false).unwrap().waiting, 0);
    Ok(())
}

/// Starts this program anew under a shell that prepares it.
fn run_child(name: &str, folder: &Path, prepare: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("{prepare} exec \"$0\""), std::env::current_exe().unwrap().to_str().unwrap()])
        .env(CHILD, name)
        .env(FOLDER, folder)
        .status()
        .unwrap();
    assert!(status.success(), "the child `{name}` failed: {status}");
}

fn child_folder() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).unwrap())
}

fn run_limited_file_size() -> Result<(), Failed> {
    let folder = common::folder();
    // Else the signal would end the child where the system call is to fail.
    run_child("file-size", folder.path(), "trap '' XFSZ;");
    check(&open(folder.path()), 30);
    Ok(())
}

fn limit_file_size(bytes: Option<u64>) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, rustix::process::Rlimit { current: bytes, ..limit }).unwrap();
}

/// No file may grow beyond a limit: the log first, later the database.
fn limited_file_size() {
    let store = open(&child_folder());
    store.append_act(act("first")).unwrap();
    let mut taken = 0;
    for limit in [1 << 20, 2 << 20, 3 << 20] {
        limit_file_size(Some(limit));
        let (more, error) = fill(&store, taken);
        taken += more;
        assert!(matches!(error, StoreError::Io { .. } | StoreError::Full { .. }), "{error}");
        assert!(store.append_act(act("refused")).is_err() || more < 10_000);
        check(&store, taken);
        limit_file_size(None);
        store.put_events(bulky(taken)).unwrap();
        taken += 1;
        check(&store, taken);
        assert_eq!(store.health(false).unwrap().failing, None);
    }
    assert!(taken < 30, "{taken} batches fit");
    while taken < 30 {
        store.put_events(bulky(taken)).unwrap();
        taken += 1;
    }
}

fn run_small_disk() -> Result<(), Failed> {
    let folder = common::folder();
    let mount = "mount -t tmpfs -o size=6m tmpfs \"$HAECHI_FAULT_FOLDER\" &&";
    // In a user namespace anybody may mount; where that is not allowed, root may.
    for wrap in [&["unshare", "--user", "--map-root-user", "--mount"][..], &["unshare", "--mount"]] {
        let (program, args) = wrap.split_first().unwrap();
        let can = Command::new(program)
            .args(args)
            .args(["sh", "-c", &format!("{mount} true")])
            .env("HAECHI_FAULT_FOLDER", folder.path())
            .output();
        if !can.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let status = Command::new(program)
            .args(args)
            .args(["sh", "-c", &format!("{mount} exec \"$0\"")])
            .arg(std::env::current_exe().unwrap())
            .env(CHILD, "small-disk")
            .env(FOLDER, folder.path())
            .status()
            .unwrap();
        assert!(status.success(), "the child failed: {status}");
        return Ok(());
    }
    println!("not tested here: no tmpfs can be mounted; the limit of file sizes stands for it");
    Ok(())
}

fn small_disk() {
    let folder = child_folder();
    let store = open(&folder);
    store.append_act(act("first")).unwrap();
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let (taken, error) = fill(&store, 0);
    assert!(matches!(error, StoreError::Full { .. } | StoreError::Io { .. }), "{error}");
    check(&store, taken);
    fs::remove_file(&ballast).unwrap();
    store.put_events(bulky(taken)).unwrap();
    check(&store, taken + 1);
    assert_eq!(store.anchor().unwrap().entries, 1);
    drop(store);
    let remount = |how: &str| {
        let status = Command::new("mount").args(["-o", how]).arg(&folder).status().unwrap();
        assert!(status.success(), "the disk cannot be mounted anew with {how}");
    };
    remount("remount,ro");
    let error = SqliteStore::open(Options::new(&folder)).unwrap_err();
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
    remount("remount,rw");
    // Closing may have filled the disk by bringing the log into the database: then it says so, and nothing is lost.
    if let Err(error) = SqliteStore::open(Options::new(&folder)) {
        assert!(matches!(error, OpenError::Database { source: StoreError::Full { .. }, .. }), "{error:?}");
    }
    remount("remount,size=32m");
    check(&open(&folder), taken + 1);
}

/// The database of a closed store with events and ten journal entries, its path, and its bytes.
fn closed() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = common::folder();
    let store = open(folder.path());
    for _ in 0..10 {
        store.append_act(act("x")).unwrap();
    }
    for part in 0..20 {
        store.put_events(bulky(part)).unwrap();
    }
    drop(store);
    let path = folder.path().join("store-1.db");
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

fn damaged_block() -> Result<(), Failed> {
    let (folder, path, bytes) = closed();
    // A body lies in the file as it is, but for the bytes between pages: what does not compress stays itself.
    let body = &bulky(7).events[50].body[..64];
    let at = bytes.windows(64).position(|window| window == body).unwrap();
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(b"damaged", at as u64).unwrap();
    drop(file);
    let store = open(folder.path());
    let mut read = 0;
    let mut refused = 0;
    let heads = store.event_heads(&EventQuery { limit: 10_000, ..EventQuery::default() }).unwrap();
    for head in &heads {
        match store.event(head.id) {
            Ok(Some(_)) => read += 1,
            Err(StoreError::Corrupt { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heads.len(), 2000);
    assert_eq!((read, refused), (1900, 100), "the batch with the damage is one block");
    Ok(())
}

fn damaged_pages() -> Result<(), Failed> {
    let (folder, path, bytes) = closed();
    let mut told = 0;
    for page in 1..bytes.len() / 4096 {
        // Every eleventh page, so that it is not always the same kind.
        if page % 11 != 0 && page > 20 {
            continue;
        }
        let mut damaged = bytes.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xA5);
        fs::write(&path, &damaged).unwrap();
        for log in ["store-1.db-wal", "store-1.db-shm"] {
            // What the round before could not bring into its file is none of this one's.
            let _ = fs::remove_file(folder.path().join(log));
        }
        // Opening may fail or not, reading may fail or not: never a panic, and a deep look always tells.
        let is_told = match SqliteStore::open(Options::new(folder.path())) {
            Err(_) => true,
            Ok(store) => {
                let is_told = store.health(true).map_or(true, |health| !health.is_good());
                let query = EventQuery { limit: 10_000, ..EventQuery::default() };
                let events = store.events(&query).map_err(drop);
                let _ = store.put_events(batch([5_000_000]));
                is_told || events.is_err()
            }
        };
        assert!(is_told, "nothing tells that page {page} is damaged");
        told += 1;
    }
    assert!(told > 30, "{told} pages");
    Ok(())
}

fn no_database() -> Result<(), Failed> {
    let folder = common::folder();
    let path = folder.path().join("store-1.db");
    let text = "no database, but long enough to look like one. ".repeat(200);
    fs::write(&path, &text).unwrap();
    let error = SqliteStore::open(Options::new(folder.path())).unwrap_err();
    assert!(matches!(error, OpenError::Database { source: StoreError::Corrupt { .. }, .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE cookies (x); PRAGMA application_id=77").unwrap();
    drop(other);
    let error = SqliteStore::open(Options::new(folder.path())).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { found: 77, .. }), "{error:?}");
    Ok(())
}

/// The files of a store that is still open: what the disk holds when the power goes.
fn crashed(acts: bool) -> (tempfile::TempDir, u64) {
    let folder = common::folder();
    let store = open(folder.path());
    for part in 0..12 {
        store.put_events(bulky(part)).unwrap();
        if acts {
            store.append_act(act("x")).unwrap();
        }
    }
    let copy = common::folder();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        // The index of the log is made anew from the log.
        if !file.file_name().to_str().unwrap().ends_with("-shm") {
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    drop(store);
    let length = fs::metadata(copy.path().join("store-1.db-wal")).unwrap().len();
    (copy, length)
}

/// Opens a store whose log is `change`d, and tells how many batches are left: the first ones, each as a whole.
fn left_after(from: &Path, change: impl Fn(&mut Vec<u8>)) -> (u64, Option<Break>) {
    let folder = common::folder();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let mut bytes = fs::read(file.path()).unwrap();
        if file.file_name() == "store-1.db-wal" {
            change(&mut bytes);
        }
        fs::write(folder.path().join(file.file_name()), bytes).unwrap();
    }
    let store = open(folder.path());
    let left = numbers(&store);
    let batches = left.len() as u64 / 100;
    assert_eq!(left, (0..batches * 100).collect::<Vec<_>>());
    let health = store.health(true).unwrap();
    assert!(health.damage.is_empty() && health.uncounted.is_empty(), "{health:?}");
    assert_eq!(store.counts().unwrap().get("k8s_audit").map_or(0, |counts| counts.stored), batches * 100);
    store.put_events(bulky(500)).unwrap();
    (batches, health.journal.broken)
}

fn torn_log() -> Result<(), Failed> {
    let (from, length) = crashed(false);
    assert_eq!(left_after(from.path(), |_| {}), (12, None));
    let mut seen = Vec::new();
    for eighth in 0..8 {
        let cut = length * eighth / 8 + eighth * 77;
        let (cut_at, _) = left_after(from.path(), |log| log.truncate(usize::try_from(cut).unwrap()));
        let (flipped, _) = left_after(from.path(), |log| log[usize::try_from(cut).unwrap()] ^= 0x40);
        assert!(flipped <= cut_at + 1 && cut_at <= flipped + 1, "{cut_at} and {flipped}");
        seen.push(cut_at);
    }
    assert!(seen.is_sorted() && seen[0] == 0 && seen[7] > 8, "{seen:?}");
    Ok(())
}

fn lost_log() -> Result<(), Failed> {
    let (from, length) = crashed(true);
    let half = usize::try_from(length / 2).unwrap();
    let (left, broken) = left_after(from.path(), |log| log.truncate(half));
    assert!(left < 12);
    assert!(matches!(broken, Some(Break::Truncated { to: 12, .. })), "{broken:?}");
    Ok(())
}
