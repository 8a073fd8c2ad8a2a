//! Audit events to disk: acknowledged only after the log is synced, from four callers at once.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

mod audit;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use haechi_store::SqliteStore;
use haechi_store::events::EventStore as _;
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options;

const CALLERS: u64 = 4;

/// Puts so many batches, made by the callers themselves, and tells how long that took.
fn put(store: &SqliteStore, next: &AtomicU64, batches: u64) -> Duration {
    let began = Instant::now();
    let end = next.load(Ordering::Relaxed) + batches;
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return;
                    }
                    assert_eq!(store.put_events(audit::batch(number)).unwrap().stored, 400);
                }
            });
        }
    });
    next.store(end, Ordering::Relaxed);
    began.elapsed()
}

fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(15));
    // A sample puts several batches of 400 events at once, else callers have nobody to share a commit with.
    const BATCHES: u64 = 50;
    group.throughput(Throughput::Elements(BATCHES * 400));
    for (name, keys) in [("plain", Keys::none()), ("encrypted", Keys::none().with_current("bench", [7; 32]))]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(Options { keys, ..Options::new(folder.path()) }).unwrap();
        let next = AtomicU64::new(0);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| put(&store, &next, iterations * BATCHES));
        });
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
