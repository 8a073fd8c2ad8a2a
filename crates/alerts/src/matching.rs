//! Conditions over alerts, for routes and silences.

use std::collections::BTreeMap;
use std::fmt;

use globset::{Glob, GlobMatcher};
use haechi_model::Severity;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::Alert;

/// Most patterns of a condition.
const MAX_PATTERNS: usize = 256;
/// Most bytes of a pattern.
const MAX_PATTERN: usize = 512;

/// A pattern with `*` and `?`, kept with its text.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!(
                "a pattern of {} bytes is too long, at most {MAX_PATTERN} are taken",
                text.len()
            ));
        }
        let glob = Glob::new(text).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// The pattern that only this text fits.
    pub fn literal(text: &str) -> String {
        globset::escape(text)
    }

    /// Whether the whole text fits.
    pub fn is_match(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Hours of the week in a time zone.
#[derive(Debug, Clone)]
pub struct Window {
    /// Days on which it begins, Monday first; empty: every day.
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
    text: String,
}

/// [`Window`] as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WindowText {
    /// `mon`, or a range as `mon-fri`; none: every day.
    #[serde(default)]
    pub weekdays: Vec<String>,
    /// `HH:MM`; midnight if it is not told.
    #[serde(default = "midnight")]
    pub from: String,
    /// `HH:MM`, not part of the window; `24:00` if it is not told. Before `from`: of the next day.
    #[serde(default = "end_of_day")]
    pub to: String,
    /// A time zone by its IANA name, for instance `Asia/Seoul`.
    pub zone: String,
}

fn midnight() -> String {
    "00:00".into()
}

fn end_of_day() -> String {
    "24:00".into()
}

impl WindowText {
    fn read(&self) -> Result<Window, String> {
        let zone = TimeZone::get(&self.zone)
            .map_err(|_| format!("unknown time zone `{}`, write it as `Asia/Seoul`", self.zone))?;
        let mut days = Vec::new();
        for text in &self.weekdays {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (mut day, last) = (weekday(first)?, weekday(last)?);
            days.push(day);
            while day != last {
                day = day.next();
                days.push(day);
            }
        }
        let text = format!(
            "{} {}-{} {}",
            if self.weekdays.is_empty() { "mon-sun".to_owned() } else { self.weekdays.join(",") },
            self.from,
            self.to,
            self.zone
        );
        // `24:00` is the midnight at which the window ends: as an end before its begin it is that of the next day.
        let to = if self.to == "24:00" { Time::midnight() } else { time(&self.to)? };
        Ok(Window { days, from: time(&self.from)?, to, zone, text })
    }
}

fn weekday(text: &str) -> Result<Weekday, String> {
    Ok(match text.trim().to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return Err(format!("unknown weekday `{text}`, write mon, tue … sun or mon-fri")),
    })
}

fn time(text: &str) -> Result<Time, String> {
    let mistake = || format!("`{text}` is no time, write it as 09:30");
    let (hour, minute) = text.split_once(':').ok_or_else(mistake)?;
    let number = |part: &str| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse::<i8>().map_err(|_| mistake()) } else { Err(mistake()) }
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).map_err(|_| mistake())
}

impl Window {
    /// Whether a time lies in the window.
    pub fn contains(&self, now_us: i64) -> bool {
        let Ok(timestamp) = Timestamp::from_microsecond(now_us) else { return false };
        let local: Zoned = timestamp.to_zoned(self.zone.clone());
        let (day, time) = (local.weekday(), local.time());
        let begins_on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.to {
            return begins_on(day) && self.from <= time && time < self.to;
        }
        // Over midnight: the evening of the day it begins on, and the morning after.
        (begins_on(day) && self.from <= time) || (begins_on(day.previous()) && time < self.to)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Conditions as they are written: in the configuration, and as JSON in stored silences.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MatchersText {
    /// At least so severe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// One of these patterns fits the source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// … the namespace; an alert without one fits none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespace: Vec<String>,
    /// … the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<String>,
    /// … one of the frameworks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub framework: Vec<String>,
    /// … the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<String>,
    /// … the object, as `Kind namespace/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// … the label of that name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Vec<String>>,
    /// The time lies in one of these windows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<WindowText>,
}

/// Conditions that all must hold; of each list one pattern must fit.
#[derive(Debug, Clone, Default)]
pub struct Matchers {
    severity: Option<Severity>,
    /// By property: `source`, `namespace` … and labels.
    patterns: Vec<(String, Vec<Pattern>)>,
    framework: Vec<Pattern>,
    times: Vec<Window>,
}

/// The first condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The property.
    pub property: String,
    /// What it must be.
    pub wanted: String,
    /// What it is.
    pub found: String,
}

impl MatchersText {
    /// Whether nothing is demanded: everything fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the patterns and windows.
    ///
    /// # Errors
    /// The key and what is wrong with it.
    pub fn read(&self) -> Result<Matchers, (String, String)> {
        let read = |key: &str, texts: &[String]| -> Result<Vec<Pattern>, (String, String)> {
            if texts.len() > MAX_PATTERNS {
                return Err((key.to_owned(), format!("more than {MAX_PATTERNS} patterns")));
            }
            texts.iter().map(|text| Pattern::new(text).map_err(|error| (key.to_owned(), error))).collect()
        };
        let mut patterns = Vec::new();
        for (key, texts) in [
            ("source", &self.source),
            ("namespace", &self.namespace),
            ("rule", &self.rule),
            ("cluster", &self.cluster),
            ("resource", &self.resource),
        ] {
            if !texts.is_empty() {
                patterns.push((key.to_owned(), read(key, texts)?));
            }
        }
        for (label, texts) in &self.labels {
            if texts.is_empty() {
                return Err(("labels".into(), format!("no pattern for the label `{label}`")));
            }
            patterns.push((label.clone(), read("labels", texts)?));
        }
        let windows = self.times.iter().map(|window| window.read().map_err(|error| ("times".into(), error)));
        Ok(Matchers {
            severity: self.severity,
            patterns,
            framework: read("framework", &self.framework)?,
            times: windows.collect::<Result<_, _>>()?,
        })
    }
}

impl Matchers {
    /// Whether all conditions hold.
    pub fn is_match(&self, alert: &Alert, now_us: i64) -> bool {
        self.mismatch(alert, now_us).is_none()
    }

    /// The first condition that does not hold.
    pub fn mismatch(&self, alert: &Alert, now_us: i64) -> Option<Mismatch> {
        if let Some(severity) = self.severity.filter(|severity| alert.severity < *severity) {
            return Some(Mismatch {
                property: "severity".into(),
                wanted: format!(">= {severity}"),
                found: alert.severity.to_string(),
            });
        }
        for (property, patterns) in &self.patterns {
            let found = alert.property(property);
            // What the alert does not have fits no pattern, also not `*`.
            if found.is_empty() || !patterns.iter().any(|pattern| pattern.is_match(found)) {
                return Some(Mismatch {
                    property: property.clone(),
                    wanted: joined(patterns),
                    found: found.to_owned(),
                });
            }
        }
        let fits = |name: &String| self.framework.iter().any(|pattern| pattern.is_match(name));
        if !self.framework.is_empty() && !alert.frameworks.iter().any(fits) {
            return Some(Mismatch {
                property: "framework".into(),
                wanted: joined(&self.framework),
                found: alert.frameworks.join(", "),
            });
        }
        if !self.times.is_empty() && !self.times.iter().any(|window| window.contains(now_us)) {
            let found =
                Timestamp::from_microsecond(now_us).map(|time| format!("{time:.0}")).unwrap_or_default();
            return Some(Mismatch { property: "times".into(), wanted: joined(&self.times), found });
        }
        None
    }
}

fn joined<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn window(days: &[&str], from: &str, to: &str, zone: &str) -> Window {
        let weekdays = days.iter().map(ToString::to_string).collect();
        WindowText { weekdays, from: from.into(), to: to.into(), zone: zone.into() }.read().unwrap()
    }

    #[test]
    fn window_over_midnight_belongs_to_the_day_it_begins_on() {
        let night = window(&["fri"], "22:00", "06:00", "Asia/Seoul");
        // 2026-11-20 is a Friday; Seoul is nine hours ahead.
        assert!(night.contains(at("2026-11-20T13:00:00Z")));
        assert!(night.contains(at("2026-11-20T20:59:59Z")));
        assert!(!night.contains(at("2026-11-20T21:00:00Z")));
        assert!(!night.contains(at("2026-11-21T13:00:00Z")), "the evening of Saturday");
        assert!(!night.contains(at("2026-11-20T12:59:59Z")));
    }

    #[test]
    fn window_follows_summer_time() {
        let office = window(&["mon-fri"], "09:00", "17:00", "Europe/Berlin");
        assert!(office.contains(at("2026-07-01T07:00:00Z")));
        assert!(!office.contains(at("2026-12-01T07:00:00Z")));
        assert!(office.contains(at("2026-12-01T08:00:00Z")));
        assert!(!office.contains(at("2026-07-04T10:00:00Z")), "a Saturday");
    }

    #[test]
    fn window_goes_by_the_clock_on_the_wall_when_that_is_set() {
        let night = window(&[], "01:15", "02:45", "America/New_York");
        // In spring two o'clock is three o'clock: the window ends three quarters of an hour after it began.
        assert!(night.contains(at("2026-03-08T06:15:00Z")) && night.contains(at("2026-03-08T06:59:59Z")));
        assert!(!night.contains(at("2026-03-08T07:00:00Z")), "three o'clock");
        let gap = window(&[], "02:15", "02:45", "America/New_York");
        let all_day = (0..24 * 60).map(|minute| at("2026-03-08T05:00:00Z") + minute * 60_000_000);
        assert!(!all_day.clone().any(|time| gap.contains(time)), "there is no such time that day");
        // In autumn one o'clock comes twice, and both are meant.
        for (time, expected) in
            [("05:30", true), ("06:30", true), ("07:30", true), ("07:45", false), ("05:14", false)]
        {
            assert_eq!(night.contains(at(&format!("2026-11-01T{time}:00Z"))), expected, "{time}");
        }
    }

    #[test]
    fn whole_days_end_at_midnight_and_ranges_may_wrap() {
        let weekend = window(&["sat-mon"], "00:00", "24:00", "UTC");
        assert!(weekend.contains(at("2026-11-21T00:00:00Z")));
        assert!(weekend.contains(at("2026-11-23T23:59:59Z")));
        assert!(!weekend.contains(at("2026-11-24T00:00:00Z")));
        assert!(!weekend.contains(at("2026-11-20T23:59:59Z")));
    }

    #[test]
    fn mistakes_of_windows_are_told() {
        for (days, from, to, zone, part) in [
            ("mun", "09:00", "10:00", "UTC", "weekday"),
            ("mon", "9:00", "10:00", "UTC", "no time"),
            ("mon", "09:60", "10:00", "UTC", "no time"),
            ("mon", "24:00", "10:00", "UTC", "no time"),
            ("mon", "09:00", "10:00", "Mars/Base", "time zone"),
        ] {
            let text = WindowText {
                weekdays: vec![days.into()],
                from: from.into(),
                to: to.into(),
                zone: zone.into(),
            };
            let error = text.read().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
