//! The brake on guessing passwords: by user and by address, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// How hard it brakes.
#[derive(Debug, Clone, Copy)]
pub struct BrakeOptions {
    /// Failures before it brakes.
    pub free: u32,
    /// Seconds until one more is free again.
    pub refill_s: i64,
    /// Buckets that are kept; of more names and addresses some share one.
    pub buckets: usize,
}

impl Default for BrakeOptions {
    fn default() -> Self {
        Self { free: 10, refill_s: 30, buckets: 1 << 14 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    failures: u32,
    since_s: i64,
}

/// Counts failures. What names a bucket is hashed with a key of this process: nobody can aim at another's bucket, and no
/// number of made-up names takes more memory.
#[derive(Debug)]
pub struct Brake {
    options: BrakeOptions,
    hasher: RandomState,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

impl Brake {
    /// One that has seen nothing.
    pub fn new(options: BrakeOptions) -> Self {
        Self { options, hasher: RandomState::new(), buckets: Mutex::default() }
    }

    fn key(&self, kind: &str, name: &str) -> u64 {
        self.hasher.hash_one((kind, name)) % self.options.buckets.max(1) as u64
    }

    /// The seconds to wait before another attempt under these names; nothing if one may be made now. The attempt counts as
    /// failed until [`Brake::forgive`] takes it back, so that many at once are no way around.
    pub fn attempt(&self, names: &[(&str, &str)], now_s: i64) -> Option<u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<u64> = names.iter().map(|(kind, name)| self.key(kind, name)).collect();
        let mut wait = 0;
        for key in &keys {
            if let Some(bucket) = buckets.get_mut(key) {
                // A clock that was set back: what it will say when it has caught up is none of what has gone by.
                bucket.since_s = bucket.since_s.min(now_s);
                let refilled = (now_s - bucket.since_s) / self.options.refill_s.max(1);
                bucket.failures = bucket.failures.saturating_sub(u32::try_from(refilled).unwrap_or(u32::MAX));
                bucket.since_s += refilled * self.options.refill_s.max(1);
                if bucket.failures >= self.options.free {
                    wait = wait.max(self.options.refill_s - (now_s - bucket.since_s));
                }
            }
        }
        if wait > 0 {
            return Some(u64::try_from(wait).unwrap_or(1).max(1));
        }
        for key in keys {
            let bucket = buckets.entry(key).or_insert(Bucket { failures: 0, since_s: now_s });
            if bucket.failures == 0 {
                bucket.since_s = now_s;
            }
            bucket.failures += 1;
        }
        None
    }

    /// Takes an attempt back that succeeded.
    pub fn forgive(&self, names: &[(&str, &str)]) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, name) in names {
            let key = self.key(kind, name);
            if let Some(bucket) = buckets.get_mut(&key) {
                bucket.failures = bucket.failures.saturating_sub(1);
                if bucket.failures == 0 {
                    buckets.remove(&key);
                }
            }
        }
    }
}
