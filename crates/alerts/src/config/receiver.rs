//! The tables `[[alerts.receiver]]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use haechi_report::Language;
use http::{HeaderName, HeaderValue, Uri};
use serde::Deserialize;
use toml::Spanned;

use super::{Mistake, duration, parsed};
use crate::receivers::{Limit, Login, MailTls, Receiver, Service, SyslogTransport, Text, webhook};
use crate::secret::SecretSource;

/// A text, or where a secret is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TextOrSource {
    Text(String),
    Source(SecretSource),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitTable {
    messages: Spanned<i64>,
    per: Spanned<String>,
}

macro_rules! table {
    ($($field:ident: $type:ty = $key:literal,)*) => {
        /// A receiver as it is written. Which keys it may have depends on its kind.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct ReceiverTable {
            $(#[serde(rename = $key)] $field: Option<Spanned<$type>>,)*
        }

        impl ReceiverTable {
            /// A key that nobody has taken.
            fn left_over(&self) -> Option<(Range<usize>, &'static str)> {
                $(if let Some(value) = &self.$field {
                    return Some((value.span(), $key));
                })*
                None
            }
        }
    };
}

table! {
    name: String = "name",
    kind: String = "kind",
    language: String = "language",
    send_resolved: bool = "send-resolved",
    rate_limit: LimitTable = "rate-limit",
    timeout: String = "timeout",
    give_up_after: String = "give-up-after",
    allow_link_local: bool = "allow-link-local",
    ca_file: PathBuf = "ca-file",
    url: TextOrSource = "url",
    token: TextOrSource = "token",
    channel: String = "channel",
    routing_key: TextOrSource = "routing-key",
    api_key: TextOrSource = "api-key",
    username: String = "username",
    password: TextOrSource = "password",
    host: String = "host",
    port: i64 = "port",
    tls: String = "tls",
    from: String = "from",
    to: Vec<Spanned<String>> = "to",
    headers: BTreeMap<Spanned<String>, Spanned<TextOrSource>> = "headers",
    template: String = "template",
    content_type: String = "content-type",
    signing_key: TextOrSource = "signing-key",
    transport: String = "transport",
    facility: String = "facility",
    hostname: String = "hostname",
    topic_arn: String = "topic-arn",
    access_key_id: TextOrSource = "access-key-id",
    secret_access_key: TextOrSource = "secret-access-key",
    session_token: TextOrSource = "session-token",
}

/// The facilities of RFC 5424 by their numbers.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

impl ReceiverTable {
    /// Checks a receiver; with the place of its name.
    pub(super) fn read(
        mut self,
        span: Range<usize>,
        language: Language,
    ) -> Result<(Receiver, Range<usize>), Mistake> {
        let missing = |key: &str| (span.clone(), format!("the receiver has no `{key}`"));
        let name = self.name.take().ok_or_else(|| missing("name"))?;
        let name_span = name.span();
        let name = name.into_inner();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
            return Err((name_span, "a name has 1 to 64 bytes of letters, digits, `-`, `_` and `.`".into()));
        }
        let kind = self.kind.take().ok_or_else(|| missing("kind"))?;
        let language = self.language.take().map(|text| parsed(&text)).transpose()?.unwrap_or(language);
        let sends_resolved = self.send_resolved.take().is_none_or(Spanned::into_inner);
        let limit = self.rate_limit.take().map(|table| limit(table.into_inner())).transpose()?;
        let timeout = match self.timeout.take() {
            None => Duration::from_secs(10),
            Some(text) => within(&text, Duration::from_secs(1), Duration::from_secs(2 * 60))?,
        };
        let give_up_after = match self.give_up_after.take() {
            None => Duration::from_secs(72 * 3600),
            Some(text) => within(&text, Duration::from_secs(3600), Duration::from_secs(30 * 24 * 3600))?,
        };
        let allows_link_local = self.allow_link_local.take().is_some_and(Spanned::into_inner);
        let ca_file = self.ca_file.take().map(Spanned::into_inner);
        let mut keys = Keys { table: self, span };
        let service = keys.service(&kind)?;
        if let Some((span, key)) = keys.table.left_over() {
            return Err((span, format!("a receiver of the kind `{}` has no `{key}`", kind.get_ref())));
        }
        let receiver = Receiver {
            name,
            language,
            sends_resolved,
            limit,
            timeout,
            give_up_after,
            allows_link_local,
            ca_file,
            service,
        };
        Ok((receiver, name_span))
    }
}

fn limit(table: LimitTable) -> Result<Limit, Mistake> {
    let messages = u32::try_from(*table.messages.get_ref()).ok().filter(|count| *count > 0);
    let messages = messages.ok_or_else(|| (table.messages.span(), "expected a number above 0".to_owned()))?;
    Ok(Limit { messages, per: within(&table.per, Duration::from_secs(1), Duration::from_secs(24 * 3600))? })
}

fn within(text: &Spanned<String>, least: Duration, most: Duration) -> Result<Duration, Mistake> {
    let found = duration(text)?;
    if found < least || found > most {
        let message = format!("expected a duration from {} to {} seconds", least.as_secs(), most.as_secs());
        return Err((text.span(), message));
    }
    Ok(found)
}

struct Keys {
    table: ReceiverTable,
    span: Range<usize>,
}

impl Keys {
    fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, Mistake> {
        value.ok_or_else(|| (self.span.clone(), format!("the receiver has no `{key}`")))
    }

    fn secret(&self, key: &str, value: Option<Spanned<TextOrSource>>) -> Result<SecretSource, Mistake> {
        let value = self.need(key, value)?;
        source(key, value)
    }

    fn service(&mut self, kind: &Spanned<String>) -> Result<Service, Mistake> {
        match kind.get_ref().as_str() {
            "slack" => self.slack(),
            "teams" => {
                let url = self.table.url.take();
                Ok(Service::Teams { url: self.secret("url", url)? })
            }
            "pagerduty" => {
                let key = self.table.routing_key.take();
                let routing_key = self.secret("routing-key", key)?;
                Ok(Service::PagerDuty {
                    routing_key,
                    url: self.url("https://events.pagerduty.com/v2/enqueue")?,
                })
            }
            "opsgenie" => {
                let key = self.table.api_key.take();
                let api_key = self.secret("api-key", key)?;
                Ok(Service::Opsgenie { api_key, url: self.url("https://api.opsgenie.com")? })
            }
            "alertmanager" => Ok(Service::Alertmanager { url: self.own_url()?, login: self.login()? }),
            "smtp" => self.smtp(),
            "webhook" => self.webhook(),
            "syslog" => self.syslog(),
            "sns" => self.sns(),
            "otlp" => Ok(Service::Otlp { url: self.own_url()?, headers: self.headers()? }),
            other => {
                let message = format!(
                    "unknown kind `{other}`, expected one of alertmanager, opsgenie, otlp, pagerduty, slack, smtp, sns, syslog, teams, webhook"
                );
                Err((kind.span(), message))
            }
        }
    }

    fn slack(&mut self) -> Result<Service, Mistake> {
        let Some(token) = self.table.token.take() else {
            let url = self.table.url.take();
            return Ok(Service::SlackWebhook { url: self.secret("url", url)? });
        };
        let channel = self.table.channel.take();
        let channel = self.need("channel", channel)?.into_inner();
        let url = self.url("https://slack.com/api/chat.postMessage")?;
        Ok(Service::SlackChat { token: source("token", token)?, channel, url })
    }

    fn login(&mut self) -> Result<Login, Mistake> {
        let (token, username, password) =
            (self.table.token.take(), self.table.username.take(), self.table.password.take());
        Ok(match (token, username) {
            (Some(token), None) => Login::Bearer(source("token", token)?),
            (None, Some(username)) => {
                let password = self.secret("password", password)?;
                return Ok(Login::Basic { username: username.into_inner(), password });
            }
            (None, None) if password.is_none() => Login::None,
            _ => {
                let message = "give either a `token`, or `username` and `password`";
                return Err((self.span.clone(), message.into()));
            }
        })
    }

    fn smtp(&mut self) -> Result<Service, Mistake> {
        let tls = match self.table.tls.take() {
            None => MailTls::StartTls,
            Some(text) => match text.get_ref().as_str() {
                "starttls" => MailTls::StartTls,
                "implicit" => MailTls::Implicit,
                "none" => MailTls::None,
                _ => return Err((text.span(), "expected starttls, implicit or none".into())),
            },
        };
        let port = self.port(match tls {
            MailTls::StartTls => 587,
            MailTls::Implicit => 465,
            MailTls::None => 25,
        })?;
        let (username, password) = (self.table.username.take(), self.table.password.take());
        let login = match (username, password) {
            (None, None) => None,
            (Some(_), _) if tls == MailTls::None => {
                let message = "a password is not sent without TLS: use `tls = \"starttls\"`";
                return Err((self.span.clone(), message.into()));
            }
            (Some(username), password) => Some((username.into_inner(), self.secret("password", password)?)),
            (None, Some(password)) => {
                return Err((password.span(), "a `password` without `username`".into()));
            }
        };
        let from = self.table.from.take();
        let from = address(&self.need("from", from)?)?;
        let to = self.table.to.take();
        let to = self.need("to", to)?;
        let addresses: Vec<String> = to.get_ref().iter().map(address).collect::<Result<_, _>>()?;
        if addresses.is_empty() || addresses.len() > 100 {
            return Err((to.span(), "expected 1 to 100 addresses".into()));
        }
        Ok(Service::Smtp { host: self.host()?, port, tls, login, from, to: addresses })
    }

    fn webhook(&mut self) -> Result<Service, Mistake> {
        let url = self.table.url.take();
        let url = self.need("url", url)?;
        let url = match url.get_ref() {
            TextOrSource::Text(text) => Text::Plain(check_url(text).map_err(|error| (url.span(), error))?),
            TextOrSource::Source(from) => Text::Secret(from.clone()),
        };
        let template = match self.table.template.take() {
            None => None,
            Some(text) => Some(webhook::Template::new(text.get_ref()).map_err(|error| (text.span(), error))?),
        };
        let content_type = match self.table.content_type.take() {
            None => "application/json".to_owned(),
            Some(text) if HeaderValue::from_str(text.get_ref()).is_ok() => text.into_inner(),
            Some(text) => return Err((text.span(), "no value of a header".into())),
        };
        let signing_key = self.table.signing_key.take().map(|key| source("signing-key", key)).transpose()?;
        Ok(Service::Webhook { url, headers: self.headers()?, template, content_type, signing_key })
    }

    fn syslog(&mut self) -> Result<Service, Mistake> {
        let transport = match self.table.transport.take() {
            None => SyslogTransport::Tls,
            Some(text) => match text.get_ref().as_str() {
                "udp" => SyslogTransport::Udp,
                "tcp" => SyslogTransport::Tcp,
                "tls" => SyslogTransport::Tls,
                _ => return Err((text.span(), "expected udp, tcp or tls".into())),
            },
        };
        let port = self.port(match transport {
            SyslogTransport::Udp => 514,
            SyslogTransport::Tcp => 601,
            SyslogTransport::Tls => 6514,
        })?;
        let facility = match self.table.facility.take() {
            // security/authorization messages
            None => 4,
            Some(text) => {
                let at = FACILITIES.iter().position(|name| name == text.get_ref());
                at.and_then(|at| u8::try_from(at).ok())
                    .ok_or_else(|| (text.span(), format!("expected one of {}", FACILITIES.join(", "))))?
            }
        };
        let hostname = match self.table.hostname.take() {
            Some(text) if !syslog_name(text.get_ref()) => {
                return Err((text.span(), "expected 1 to 255 printable ASCII characters".into()));
            }
            other => other.map(Spanned::into_inner),
        };
        Ok(Service::Syslog { host: self.host()?, port, transport, facility, hostname })
    }

    fn sns(&mut self) -> Result<Service, Mistake> {
        let topic = self.table.topic_arn.take();
        let topic = self.need("topic-arn", topic)?;
        let parts: Vec<&str> = topic.get_ref().split(':').collect();
        let region = match parts.as_slice() {
            ["arn", partition, "sns", region, account, name]
                if partition.starts_with("aws")
                    && !name.is_empty()
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && !region.is_empty()
                    && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
            {
                (*region).to_owned()
            }
            _ => {
                let message = "expected an ARN as `arn:aws:sns:ap-northeast-2:123456789012:alerts`";
                return Err((topic.span(), message.into()));
            }
        };
        let domain =
            if topic.get_ref().starts_with("arn:aws-cn:") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url = self.url(&format!("https://sns.{region}.{domain}/"))?;
        let id = self.table.access_key_id.take();
        let access_key_id = self.secret("access-key-id", id)?;
        let key = self.table.secret_access_key.take();
        let secret_access_key = self.secret("secret-access-key", key)?;
        let session = self.table.session_token.take();
        let session_token = session.map(|token| source("session-token", token)).transpose()?;
        Ok(Service::Sns {
            topic_arn: topic.into_inner(),
            region,
            url,
            access_key_id,
            secret_access_key,
            session_token,
        })
    }

    fn host(&mut self) -> Result<String, Mistake> {
        let host = self.table.host.take();
        let host = self.need("host", host)?;
        let text = host.get_ref();
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
        if text.is_empty() || text.len() > 253 || !text.chars().all(is_host) {
            return Err((host.span(), "expected a host name or address, without port".into()));
        }
        Ok(host.into_inner())
    }

    fn port(&mut self, default: u16) -> Result<u16, Mistake> {
        match self.table.port.take() {
            None => Ok(default),
            Some(port) => u16::try_from(*port.get_ref())
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| (port.span(), "expected a port from 1 to 65535".into())),
        }
    }

    fn own_url(&mut self) -> Result<String, Mistake> {
        if self.table.url.is_none() {
            return Err((self.span.clone(), "the receiver has no `url`".into()));
        }
        self.url("")
    }

    fn url(&mut self, default: &str) -> Result<String, Mistake> {
        match self.table.url.take() {
            None => Ok(default.to_owned()),
            Some(url) => match url.get_ref() {
                TextOrSource::Text(text) => check_url(text).map_err(|error| (url.span(), error)),
                TextOrSource::Source(_) => {
                    Err((url.span(), "the address is no secret here: write it".into()))
                }
            },
        }
    }

    fn headers(&mut self) -> Result<Vec<(String, Text)>, Mistake> {
        let Some(table) = self.table.headers.take() else { return Ok(Vec::new()) };
        let mut headers = Vec::new();
        for (name, value) in table.into_inner() {
            if HeaderName::from_bytes(name.get_ref().as_bytes()).is_err() {
                return Err((name.span(), "no name of a header".into()));
            }
            let lower = name.get_ref().to_ascii_lowercase();
            if matches!(lower.as_str(), "content-length" | "host" | "transfer-encoding" | "connection") {
                return Err((name.span(), format!("the header `{lower}` is not for you to set")));
            }
            let text = match value.get_ref() {
                TextOrSource::Source(from) => Text::Secret(from.clone()),
                TextOrSource::Text(_) if matches!(lower.as_str(), "authorization" | "cookie") => {
                    return Err((value.span(), secret_help(&lower)));
                }
                TextOrSource::Text(text) if HeaderValue::from_str(text).is_ok() => Text::Plain(text.clone()),
                TextOrSource::Text(_) => return Err((value.span(), "no value of a header".into())),
            };
            headers.push((lower, text));
        }
        Ok(headers)
    }
}

fn secret_help(key: &str) -> String {
    format!("a secret is not written here: `{key} = {{ file = \"…\" }}` or `{{ env = \"…\" }}`")
}

/// A mistake never repeats what was written: it may be the secret.
fn source(key: &str, value: Spanned<TextOrSource>) -> Result<SecretSource, Mistake> {
    let span = value.span();
    match value.into_inner() {
        TextOrSource::Source(from) => Ok(from),
        TextOrSource::Text(_) => Err((span, secret_help(key))),
    }
}

/// Checks an address that a request goes to; without what ends in `/`.
pub(crate) fn check_url(text: &str) -> Result<String, String> {
    let uri: Uri =
        text.parse().map_err(|_| "this is no address, write it as https://host/path".to_owned())?;
    let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
        return Err("the address has no host".into());
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("the address begins neither with https:// nor with http://".into());
    }
    if authority.as_str().contains('@') {
        return Err("name and password do not belong into an address".into());
    }
    Ok(text.to_owned())
}

fn address(text: &Spanned<String>) -> Result<String, Mistake> {
    let given = text.get_ref();
    // The whole grammar is judged when the message is made; here what would be a mistake for certain.
    let is_address = given
        .rsplit_once('@')
        .is_some_and(|(user, domain)| !user.is_empty() && !domain.trim_end_matches('>').is_empty());
    if !is_address || given.chars().any(char::is_control) || given.len() > 320 {
        return Err((text.span(), "this is no address of mail".into()));
    }
    Ok(given.clone())
}

fn syslog_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic())
}
