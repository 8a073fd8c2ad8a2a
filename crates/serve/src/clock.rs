//! The only place that reads the clock.

/// Nanoseconds since 1970 (UTC).
#[expect(clippy::disallowed_methods, reason = "this is the edge that reads the clock")]
pub fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Seconds since 1970 (UTC).
pub fn now_s() -> i64 {
    now_ns() / 1_000_000_000
}
