//! The services that people are told by, and what each of them wants to get.

pub mod alertmanager;
pub mod opsgenie;
pub mod otlp;
pub mod pagerduty;
mod request;
pub mod slack;
pub mod sns;
pub mod syslog;
pub mod teams;
pub mod webhook;

use std::path::PathBuf;
use std::time::Duration;

use haechi_report::Language;

use crate::secret::SecretSource;

pub use request::{Answer, HttpRequest, Outgoing, Reply, RequestError};

/// Somebody who is told.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The name that routes use.
    pub name: String,
    /// The language of its readers.
    pub language: Language,
    /// Whether it is told that something is over.
    pub sends_resolved: bool,
    /// How many messages it takes.
    pub limit: Option<Limit>,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// After how long a notification is given up.
    pub give_up_after: Duration,
    /// Whether it may have a link-local address, as services for metadata and credentials have.
    pub allows_link_local: bool,
    /// Certificates of authorities (PEM) that count instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The service.
    pub service: Service,
}

/// At most so many messages in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub messages: u32,
    /// In what time.
    pub per: Duration,
}

/// A text that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Written in the configuration.
    Plain(String),
    /// Kept elsewhere.
    Secret(SecretSource),
}

/// How to say who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// By a bearer token.
    Bearer(SecretSource),
    /// By name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: SecretSource,
    },
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// In the clear first, then TLS is demanded.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// In the clear; no password is sent then.
    None,
}

/// How syslog messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogTransport {
    /// A datagram each (RFC 5426).
    Udp,
    /// A stream with octet counting (RFC 6587).
    Tcp,
    /// The same in TLS (RFC 5425).
    Tls,
}

/// A service and how to reach it.
#[derive(Debug, Clone)]
pub enum Service {
    /// Slack, by an incoming webhook: the address is the secret.
    SlackWebhook {
        /// The address.
        url: SecretSource,
    },
    /// Slack, by `chat.postMessage`.
    SlackChat {
        /// The token of a bot.
        token: SecretSource,
        /// Where to post: the id or name of a channel.
        channel: String,
        /// The interface's address.
        url: String,
    },
    /// A workflow of Microsoft Teams that takes Adaptive Cards: the address is the secret.
    Teams {
        /// The address.
        url: SecretSource,
    },
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// The key of the integration.
        routing_key: SecretSource,
        /// The interface's address.
        url: String,
    },
    /// Opsgenie, alerts API v2.
    Opsgenie {
        /// The key of the integration.
        api_key: SecretSource,
        /// The interface's address without path.
        url: String,
    },
    /// Alertmanager, API v2.
    Alertmanager {
        /// Its address, with the prefix of its paths.
        url: String,
        /// How to log in.
        login: Login,
    },
    /// Mail.
    Smtp {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// How it is spoken to.
        tls: MailTls,
        /// Name and password.
        login: Option<(String, SecretSource)>,
        /// The sender.
        from: String,
        /// Who gets it.
        to: Vec<String>,
    },
    /// Any service that takes JSON or text by HTTP.
    Webhook {
        /// The address.
        url: Text,
        /// Further headers.
        headers: Vec<(String, Text)>,
        /// What to send: our own JSON, or a template.
        template: Option<webhook::Template>,
        /// `Content-Type`.
        content_type: String,
        /// The key of the signature.
        signing_key: Option<SecretSource>,
    },
    /// Syslog, RFC 5424.
    Syslog {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// How messages travel.
        transport: SyslogTransport,
        /// The facility, 0 to 23.
        facility: u8,
        /// The name that this host goes by.
        hostname: Option<String>,
    },
    /// Amazon's notification service.
    Sns {
        /// Where to publish.
        topic_arn: String,
        /// The region.
        region: String,
        /// The interface's address.
        url: String,
        /// The id of the access key.
        access_key_id: SecretSource,
        /// The access key.
        secret_access_key: SecretSource,
        /// The token of a temporary key.
        session_token: Option<SecretSource>,
    },
    /// OpenTelemetry logs, HTTP with JSON.
    Otlp {
        /// The collector's address, with the path `/v1/logs` or without any.
        url: String,
        /// Further headers.
        headers: Vec<(String, Text)>,
    },
}

/// What a service can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Most alerts in a message.
    pub most: usize,
    /// Further ones: counted in the same message, else told in further messages.
    pub counts_others: bool,
    /// Whether the service itself knows groups (opens and closes something for each): then groups are never told together.
    pub knows_groups: bool,
}

impl Service {
    /// The name in the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SlackWebhook { .. } | Self::SlackChat { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Opsgenie { .. } => "opsgenie",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Smtp { .. } => "smtp",
            Self::Webhook { .. } => "webhook",
            Self::Syslog { .. } => "syslog",
            Self::Sns { .. } => "sns",
            Self::Otlp { .. } => "otlp",
        }
    }

    /// What it can show.
    pub const fn capacity(&self) -> Capacity {
        match self {
            Self::SlackWebhook { .. } | Self::SlackChat { .. } | Self::Teams { .. } => counting_of(10, false),
            Self::PagerDuty { .. } | Self::Opsgenie { .. } => counting_of(20, true),
            Self::Smtp { .. } => counting_of(50, false),
            Self::Sns { .. } => counting_of(20, false),
            Self::Alertmanager { .. } | Self::Webhook { .. } | Self::Syslog { .. } | Self::Otlp { .. } => {
                Capacity { most: 100, counts_others: false, knows_groups: true }
            }
        }
    }
}

const fn counting_of(most: usize, knows_groups: bool) -> Capacity {
    Capacity { most, counts_others: true, knows_groups }
}
