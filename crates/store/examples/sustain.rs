//! Takes in audit events for a while and tells how many per second, how much memory, and how large the store gets.
//!
//! `cargo run --release --example sustain -p haechi-store -- SECONDS [FOLDER]`

#![allow(clippy::print_stdout, reason = "the lines are the result")]

#[path = "../benches/audit/mod.rs"]
mod audit;

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use haechi_store::SqliteStore;
use haechi_store::events::EventStore as _;
use haechi_store::maintenance::{MaintenanceStore as _, Retention};
use haechi_store::sqlite::Options;

const CALLERS: u64 = 4;

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Seconds of processor time of this process, in user and kernel mode.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // The kernel counts in hundredths.
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().unwrap_or_else(|| "60".to_owned()).parse()?;
    let temporary = std::env::temp_dir().join(format!("haechi-sustain-{}", std::process::id()));
    let folder = arguments.next().map_or(temporary, PathBuf::from);
    let before = cpu_seconds();
    let made: usize = (0..100).map(|number| audit::batch(number).events.len()).sum();
    let making = (cpu_seconds() - before) / 40_000.0;
    println!("making one of {made} events takes {:.1} µs of processor time", making * 1e6);
    let before_cpu = cpu_seconds();
    let store = SqliteStore::open(Options::new(&folder))?;
    let (next, slowest_us, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let batch = audit::batch(next.fetch_add(1, Ordering::Relaxed));
                    let began = Instant::now();
                    if let Err(error) = store.put_events(batch) {
                        println!("refused: {error}");
                        stop.store(true, Ordering::Relaxed);
                    }
                    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    slowest_us.fetch_max(took, Ordering::Relaxed);
                }
            });
        }
        let mut before = 0;
        for second in 0..seconds {
            thread::sleep(Duration::from_secs(1));
            let batches = next.load(Ordering::Relaxed);
            println!(
                "{second:3} s: {:6} events/s, slowest answer {:5} ms, {:4} MiB resident",
                (batches - before) * 400,
                slowest_us.swap(0, Ordering::Relaxed) / 1000,
                resident_mib()
            );
            before = batches;
        }
        stop.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    let events = next.load(Ordering::Relaxed) * 400;
    println!("{events} events in {seconds} s: {} per second", events / seconds.max(1));
    #[expect(clippy::cast_precision_loss, reason = "far fewer events than that")]
    let storing = (cpu_seconds() - before_cpu) / events.max(1) as f64 - making;
    println!("storing one takes {:.1} µs of processor time, kernel included", storing * 1e6);
    let health = store.health(false)?;
    println!(
        "{} bytes of store per event of {} bytes",
        health.database_bytes / events.max(1),
        audit::event(1).body.len()
    );
    let began = Instant::now();
    let half = Retention { max_bytes: Some(health.database_bytes / 2), ..Retention::default() };
    let retained = store.retain(0, &half)?;
    println!(
        "removing {} events took {:.1} s and freed {} MiB",
        retained.events,
        began.elapsed().as_secs_f64(),
        retained.freed_bytes >> 20
    );
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
