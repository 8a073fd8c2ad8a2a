//! The part `[alerts]` of `haechi.toml`.
//!
//! ```toml
//! [alerts]
//! receivers = ["ops"]            # for what no route takes
//!
//! [[alerts.receiver]]
//! name = "ops"
//! kind = "slack"
//! url = { file = "/run/secrets/slack" }
//!
//! [[alerts.route]]
//! severity = "high"
//! namespace = ["prod-*"]
//! receivers = ["pager"]
//! ```

mod receiver;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use haechi_model::Severity;
use haechi_report::Language;
use jiff::SignedDuration;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::matching::{Matchers, MatchersText, WindowText};
use crate::receivers::Receiver;
use crate::route::{Route, Timing};

pub(crate) use receiver::check_url;

/// Most bytes of a configuration.
const MAX_BYTES: usize = 1 << 20;
/// Deepest tree of routes.
const MAX_DEPTH: usize = 16;

/// Who is told what.
#[derive(Debug, Clone)]
pub struct Config {
    /// Receivers by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// The tree of routes; its root takes what no branch takes.
    pub root: Route,
    /// Findings that are at least so severe become alerts; none if it is nothing.
    pub findings: Option<Severity>,
    /// Incidents that are at least so severe become alerts, one each; none if it is nothing.
    pub incidents: Option<Severity>,
    /// Whether each detection becomes an alert, whatever incident it belongs to.
    pub detections: bool,
    /// Alerts that may wait in all groups together.
    pub max_alerts: usize,
    /// The same for the same routes: when it changes, waiting alerts are routed anew.
    pub digest: String,
}

/// A mistake in the configuration and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ConfigError {
    /// The line, one-based.
    pub line: u32,
    /// The column in characters, one-based.
    pub column: u32,
    /// The mistake.
    pub message: String,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    alerts: Option<AlertsTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AlertsTable {
    receivers: Option<Spanned<Vec<Spanned<String>>>>,
    language: Option<Spanned<String>>,
    group_by: Option<Vec<Spanned<String>>>,
    group_wait: Option<Spanned<String>>,
    group_interval: Option<Spanned<String>>,
    repeat_interval: Option<Spanned<String>>,
    findings: Option<Spanned<String>>,
    incidents: Option<Spanned<String>>,
    detections: Option<bool>,
    max_alerts: Option<Spanned<i64>>,
    #[serde(default)]
    receiver: Vec<Spanned<receiver::ReceiverTable>>,
    #[serde(default)]
    route: Vec<Spanned<RouteTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RouteTable {
    receivers: Option<Vec<Spanned<String>>>,
    severity: Option<Spanned<String>>,
    #[serde(default)]
    source: Vec<Spanned<String>>,
    #[serde(default)]
    namespace: Vec<Spanned<String>>,
    #[serde(default)]
    rule: Vec<Spanned<String>>,
    #[serde(default)]
    framework: Vec<Spanned<String>>,
    #[serde(default)]
    cluster: Vec<Spanned<String>>,
    #[serde(default)]
    resource: Vec<Spanned<String>>,
    #[serde(default)]
    labels: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    times: Vec<Spanned<WindowText>>,
    #[serde(default, rename = "continue")]
    goes_on: bool,
    group_by: Option<Vec<Spanned<String>>>,
    group_wait: Option<Spanned<String>>,
    group_interval: Option<Spanned<String>>,
    repeat_interval: Option<Spanned<String>>,
    #[serde(default)]
    route: Vec<Spanned<RouteTable>>,
}

/// A mistake at a place of the text.
pub(crate) type Mistake = (Range<usize>, String);

impl Config {
    /// Reads the part `[alerts]` of the text of a `haechi.toml`; nothing if there is none. Other parts are for others to check.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Option<Self>, ConfigError> {
        let at = |(span, message): Mistake| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            ConfigError { line: number(line), column: number(column), message }
        };
        if text.len() > MAX_BYTES {
            return Err(at((
                0..0,
                format!("the file has {} bytes, at most {MAX_BYTES} are read", text.len()),
            )));
        }
        let file: File = toml::from_str(text)
            .map_err(|error| at((error.span().unwrap_or(0..0), error.message().to_owned())))?;
        let Some(table) = file.alerts else { return Ok(None) };
        Reader { text }.alerts(table).map(Some).map_err(at)
    }

    /// The receiver of that name.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.get(name)
    }

    /// Names of receivers that no route leads to.
    pub fn unused_receivers(&self) -> Vec<&str> {
        let routes = self.root.walk();
        let is_used = |name: &str| routes.iter().any(|route| route.receivers.iter().any(|used| used == name));
        self.receivers.keys().map(String::as_str).filter(|name| !is_used(name)).collect()
    }
}

struct Reader<'t> {
    text: &'t str,
}

/// What branches take from the one above.
#[derive(Clone)]
struct Above {
    receivers: Vec<String>,
    group_by: Vec<String>,
    timing: Timing,
}

impl Reader<'_> {
    fn alerts(&self, table: AlertsTable) -> Result<Config, Mistake> {
        let language = table.language.map(|text| parsed::<Language>(&text)).transpose()?.unwrap_or_default();
        let mut receivers = BTreeMap::new();
        for receiver in table.receiver {
            let span = receiver.span();
            let receiver = receiver.into_inner().read(span, language)?;
            let (name, span) = receiver;
            if receivers.insert(name.name.clone(), name).is_some() {
                return Err((span, "a receiver of this name exists already".into()));
            }
        }
        let Some(named) = table.receivers else {
            let message = "`alerts.receivers` is missing: who is told what no route takes (`[]`: nobody)";
            return Err((self.find("[alerts"), message.into()));
        };
        let above =
            Above {
                receivers: known(named.get_ref(), &receivers)?,
                group_by: table.group_by.map(|names| group_by(&names)).transpose()?.unwrap_or_else(|| {
                    ["cluster", "source", "rule", "namespace"].map(str::to_owned).to_vec()
                }),
                timing: timing(
                    Timing::default(),
                    [&table.group_wait, &table.group_interval, &table.repeat_interval],
                )?,
            };
        let max_alerts = match table.max_alerts {
            None => 100_000,
            Some(count) => usize::try_from(*count.get_ref())
                .ok()
                .filter(|count| (1..=1_000_000).contains(count))
                .ok_or_else(|| (count.span(), "expected a number from 1 to 1000000".to_owned()))?,
        };
        let from = |text: Option<Spanned<String>>, default| match text {
            None => Ok(default),
            Some(text) if text.get_ref() == "never" => Ok(None),
            Some(text) => parsed(&text).map(Some),
        };
        let findings = from(table.findings, Some(Severity::High))?;
        // Who is told of each detection is not told again of what they make together, unless asked for.
        let incidents = from(table.incidents, None)?;
        let mut children = Vec::new();
        for (at, route) in table.route.into_iter().enumerate() {
            children.push(self.route(route, &format!("{}", at + 1), &above, &receivers, 1)?);
        }
        let root = Route {
            id: "default".into(),
            line: self.line(self.find("[alerts").start),
            matchers: Matchers::default(),
            receivers: above.receivers,
            goes_on: false,
            group_by: above.group_by,
            timing: above.timing,
            children,
        };
        let digest = Sha256::digest(self.text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Config {
            receivers,
            root,
            findings,
            incidents,
            detections: table.detections.unwrap_or(true),
            max_alerts,
            digest,
        })
    }

    fn route(
        &self,
        table: Spanned<RouteTable>,
        id: &str,
        above: &Above,
        receivers: &BTreeMap<String, Receiver>,
        depth: usize,
    ) -> Result<Route, Mistake> {
        let span = table.span();
        if depth > MAX_DEPTH {
            return Err((span, format!("routes are more than {MAX_DEPTH} deep")));
        }
        let table = table.into_inner();
        let matchers = matchers(&table)?;
        let own = Above {
            receivers: match &table.receivers {
                Some(names) => known(names, receivers)?,
                None => above.receivers.clone(),
            },
            group_by: match &table.group_by {
                Some(names) => group_by(names)?,
                None => above.group_by.clone(),
            },
            timing: timing(above.timing, [&table.group_wait, &table.group_interval, &table.repeat_interval])?,
        };
        if table.receivers.is_none() && table.route.is_empty() {
            return Err((span, "a route needs `receivers` or routes below it (`[]`: nobody is told)".into()));
        }
        let mut children = Vec::new();
        for (at, child) in table.route.into_iter().enumerate() {
            children.push(self.route(child, &format!("{id}.{}", at + 1), &own, receivers, depth + 1)?);
        }
        Ok(Route {
            id: id.to_owned(),
            line: self.line(span.start),
            matchers,
            receivers: own.receivers,
            goes_on: table.goes_on,
            group_by: own.group_by,
            timing: own.timing,
            children,
        })
    }

    fn find(&self, part: &str) -> Range<usize> {
        let start = self.text.find(part).unwrap_or_default();
        start..start
    }

    fn line(&self, offset: usize) -> u32 {
        let before = self.text.get(..offset).unwrap_or_default();
        u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
    }
}

fn matchers(table: &RouteTable) -> Result<Matchers, Mistake> {
    let plain = |texts: &[Spanned<String>]| texts.iter().map(|text| text.get_ref().clone()).collect();
    let severity = table.severity.as_ref().map(parsed::<Severity>).transpose()?;
    let lists = [
        ("source", &table.source),
        ("namespace", &table.namespace),
        ("rule", &table.rule),
        ("framework", &table.framework),
        ("cluster", &table.cluster),
        ("resource", &table.resource),
    ];
    let text = MatchersText {
        severity,
        source: plain(&table.source),
        namespace: plain(&table.namespace),
        rule: plain(&table.rule),
        framework: plain(&table.framework),
        cluster: plain(&table.cluster),
        resource: plain(&table.resource),
        labels: table.labels.iter().map(|(name, texts)| (name.clone(), plain(texts))).collect(),
        times: table.times.iter().map(|window| window.get_ref().clone()).collect(),
    };
    text.read().map_err(|(key, message)| {
        // The first pattern of the list that cannot be read alone; the list itself tells where.
        let list = lists.iter().find(|(name, _)| *name == key).map(|(_, list)| *list);
        let bad = list.and_then(|list| {
            list.iter().find(|text| crate::matching::Pattern::new(text.get_ref()).is_err()).or(list.first())
        });
        let label = || table.labels.values().flatten().map(Spanned::span).next();
        let window = || {
            let is_bad = |window: &&Spanned<WindowText>| {
                let alone = MatchersText { times: vec![window.get_ref().clone()], ..MatchersText::default() };
                alone.read().is_err()
            };
            table.times.iter().find(is_bad).map(Spanned::span)
        };
        let span = match key.as_str() {
            "times" => window(),
            "labels" => label(),
            _ => bad.map(Spanned::span),
        };
        (span.unwrap_or(0..0), message)
    })
}

fn known(names: &[Spanned<String>], receivers: &BTreeMap<String, Receiver>) -> Result<Vec<String>, Mistake> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !receivers.contains_key(name.get_ref()) {
            return Err((name.span(), format!("there is no receiver `{}`", name.get_ref())));
        }
        if !found.contains(name.get_ref()) {
            found.push(name.get_ref().clone());
        }
    }
    Ok(found)
}

fn group_by(names: &[Spanned<String>]) -> Result<Vec<String>, Mistake> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if name.get_ref().is_empty() || found.contains(name.get_ref()) {
            return Err((name.span(), "expected the name of a property, each once".into()));
        }
        found.push(name.get_ref().clone());
    }
    Ok(found)
}

fn timing(from: Timing, [wait, interval, repeat]: [&Option<Spanned<String>>; 3]) -> Result<Timing, Mistake> {
    let or = |text: &Option<Spanned<String>>, default: Duration| match text {
        Some(text) => duration(text),
        None => Ok(default),
    };
    let timing = Timing {
        wait: or(wait, from.wait)?,
        interval: or(interval, from.interval)?,
        repeat: or(repeat, from.repeat)?,
    };
    if timing.repeat < timing.interval {
        let span = repeat.as_ref().or(interval.as_ref()).map_or(0..0, Spanned::span);
        let message =
            "`repeat-interval` is shorter than `group-interval`, within which nothing is told twice";
        return Err((span, message.into()));
    }
    if timing.interval < Duration::from_secs(1) {
        let span = interval.as_ref().map_or(0..0, Spanned::span);
        return Err((span, "`group-interval` is at least one second".into()));
    }
    Ok(timing)
}

/// `30s`, `5m`, `4h`, `1h 30m`; at most 30 days.
pub(crate) fn duration(text: &Spanned<String>) -> Result<Duration, Mistake> {
    let mistake = || (text.span(), format!("`{}` is no duration, write it as 30s, 5m or 4h", text.get_ref()));
    // A sign or the form of ISO 8601 would be read as well.
    if !text.get_ref().starts_with(|c: char| c.is_ascii_digit()) {
        return Err(mistake());
    }
    let duration: SignedDuration = text.get_ref().parse().map_err(|_| mistake())?;
    let duration = Duration::try_from(duration).map_err(|_| mistake())?;
    if duration > Duration::from_secs(30 * 24 * 3600) {
        return Err((text.span(), "at most 30 days (`720h`) can be waited".into()));
    }
    Ok(duration)
}

/// A value that reads itself.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &Spanned<String>,
) -> Result<T, Mistake> {
    text.get_ref().parse().map_err(|error: T::Err| (text.span(), error.to_string()))
}
