//! What people read about a notification, in the receiver's language.

use std::fmt::Write as _;

use haechi_report::{Args, Texts};
use jiff::Timestamp;

use crate::alert::{Alert, Kind, Status};
use crate::notification::{Item, News, Notification};

/// A notification and the texts of its readers' language.
pub(crate) struct Words<'n> {
    pub(crate) texts: &'n Texts,
    pub(crate) notification: &'n Notification,
}

/// A time as RFC 3339 writes it, in UTC.
pub(crate) fn time(us: i64) -> String {
    Timestamp::from_microsecond(us).map(|time| format!("{time:.0}")).unwrap_or_default()
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Words<'_> {
    fn say(&self, id: &str) -> String {
        self.texts.message(id, &Args::new())
    }

    /// The title of an alert.
    pub(crate) fn title<'a>(&self, alert: &'a Alert) -> &'a str {
        alert.title.get(self.texts.language())
    }

    /// What happened.
    pub(crate) fn summary<'a>(&self, alert: &'a Alert) -> &'a str {
        alert.summary.get(self.texts.language())
    }

    /// One line for all.
    pub(crate) fn subject(&self) -> String {
        let first = self.notification.items.first();
        let title = first.map(|item| self.title(&item.alert)).unwrap_or_default();
        let state = match self.notification.is_all_over() {
            true => self.say("alert-resolved"),
            false => self.texts.severity(self.notification.severity()),
        };
        let others = number(self.notification.count().saturating_sub(1));
        let args = Args::new().text("state", state).text("title", one_line(title)).number("count", others);
        self.texts.message(if others == 0 { "alert-subject" } else { "alert-subject-more" }, &args)
    }

    /// How an alert stands, where that is not plain.
    pub(crate) fn state(&self, item: &Item) -> Option<String> {
        match (item.news, item.alert.status) {
            (News::Resolved, _) | (_, Status::Resolved) => Some(self.say("alert-resolved")),
            (News::Again, Status::Firing) => Some(self.say(match item.alert.kind {
                Kind::Condition => "alert-again",
                Kind::Event => "alert-once-more",
            })),
            (News::New, Status::Firing) => None,
        }
    }

    /// Names and values of what is known of an alert.
    pub(crate) fn fields(&self, item: &Item) -> Vec<(String, String)> {
        let alert = &item.alert;
        let mut fields = Vec::new();
        let mut add = |id: &str, value: String| {
            if !value.is_empty() {
                fields.push((self.say(id), value));
            }
        };
        add("alert-field-state", self.state(item).unwrap_or_default());
        add("alert-field-severity", self.texts.severity(alert.severity));
        add("alert-field-cluster", alert.cluster.clone());
        add("alert-field-namespace", alert.namespace.clone().unwrap_or_default());
        add("alert-field-resource", alert.resource.clone().unwrap_or_default());
        add("alert-field-rule", alert.rule.clone());
        add("alert-field-source", alert.source.clone());
        add("alert-field-frameworks", alert.frameworks.join(", "));
        add("alert-field-controls", alert.controls.join(", "));
        add("alert-field-time", time(alert.time_us));
        add("alert-field-ended", alert.ended_us.map(time).unwrap_or_default());
        if item.count > 1 {
            add("alert-field-count", item.count.to_string());
        }
        fields.extend(alert.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
        fields
    }

    /// What is not shown, and what else there is to know: some lines or none. `more` alerts are counted only.
    pub(crate) fn notes(&self, more: u64) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |id: &str, count: u64| {
            if count > 0 {
                notes.push(self.texts.message(id, &Args::new().number("count", number(count))));
            }
        };
        note("alert-more", more);
        note("alert-lasting", self.notification.lasting);
        note("alert-together", if self.notification.groups > 1 { self.notification.groups } else { 0 });
        notes
    }

    /// The name of a link to more.
    pub(crate) fn open(&self) -> String {
        self.say("alert-open")
    }

    /// All of it as plain text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for item in &self.notification.items {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{}", one_line(self.title(&item.alert)));
            let _ = writeln!(text, "{}\n", self.summary(&item.alert).trim());
            for (name, value) in self.fields(item) {
                let _ = writeln!(text, "  {name}: {}", one_line(&value));
            }
            if let Some(link) = &item.alert.link {
                let _ = writeln!(text, "  {}: {link}", self.open());
            }
            text.push('\n');
        }
        for note in self.notes(self.notification.more) {
            let _ = writeln!(text, "{note}");
        }
        text
    }

    /// All of it as a page of HTML.
    pub(crate) fn html(&self) -> String {
        let language = self.texts.language();
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"></head><body>\n"
        );
        for item in &self.notification.items {
            let _ = writeln!(html, "<h2>{}</h2>", escaped(self.title(&item.alert)));
            let _ = writeln!(html, "<p>{}</p>\n<table>", escaped(self.summary(&item.alert)));
            for (name, value) in self.fields(item) {
                let (name, value) = (escaped(&name), escaped(&value));
                let _ = writeln!(html, "<tr><th align=\"left\">{name}</th><td>{value}</td></tr>");
            }
            html.push_str("</table>\n");
            if let Some(link) = web_link(&item.alert) {
                let _ = writeln!(html, "<p><a href=\"{}\">{}</a></p>", escaped(link), escaped(&self.open()));
            }
        }
        for note in self.notes(self.notification.more) {
            let _ = writeln!(html, "<p>{}</p>", escaped(&note));
        }
        html.push_str("</body></html>\n");
        html
    }
}

/// The link of an alert if it leads to a page; nothing else is made clickable.
pub(crate) fn web_link(alert: &Alert) -> Option<&str> {
    let is_web = |link: &&str| link.starts_with("https://") || link.starts_with("http://");
    alert.link.as_deref().filter(is_web)
}

/// A text without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// At most so many characters, `…` for what is missing: services count characters, some of them UTF-16 units.
pub(crate) fn at_most(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut left = units.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let Some(rest) = left.checked_sub(c.len_utf16()) else { break };
        left = rest;
        out.push(c);
    }
    out.push('…');
    out
}
