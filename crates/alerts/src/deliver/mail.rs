//! Mail by SMTP.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use haechi_outbound::call::{ReachError, addresses, certificates};

use super::reach;
use crate::notification::Notification;
use crate::receivers::{Answer, MailTls, Receiver, RequestError};
use crate::secret::Secret;

/// The parts of a mail.
#[derive(Debug)]
pub(super) struct Parts<'m> {
    pub(super) subject: &'m str,
    pub(super) text: &'m str,
    pub(super) html: &'m str,
}

/// How the server is reached.
#[derive(Debug)]
pub(super) struct Server<'m> {
    pub(super) host: &'m str,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) login: Option<(String, Secret)>,
    /// Which attempt this is: each tries another address of the host.
    pub(super) attempt: u32,
}

/// Writes a mail; the same notification gives the same mail, so that one that comes twice is known by its id.
pub(super) fn message(
    (from, to): (&str, &[String]),
    parts: &Parts<'_>,
    notification: &Notification,
) -> Result<Message, RequestError> {
    let wrong = |what: &str, error: &dyn std::fmt::Display| RequestError::Mail(format!("{what}: {error}"));
    let sender: lettre::message::Mailbox = from.parse().map_err(|error| wrong("`from`", &error))?;
    let domain = sender.email.domain().to_owned();
    let seconds = u64::try_from(notification.created_us.div_euclid(1_000_000)).unwrap_or_default();
    let auto =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut builder = Message::builder()
        .from(sender)
        .subject(parts.subject)
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{domain}>", notification.id)))
        // Mails of a group stand together in the reader's program.
        .references(format!("<{}@{domain}>", notification.group))
        .raw_header(auto);
    for address in to {
        builder = builder.to(address.parse().map_err(|error| wrong("`to`", &error))?);
    }
    let body = MultiPart::alternative()
        .boundary(format!("haechi-{}", notification.id))
        .singlepart(SinglePart::plain(parts.text.to_owned()))
        .singlepart(SinglePart::html(parts.html.to_owned()));
    builder.multipart(body).map_err(|error| wrong("it cannot be written", &error))
}

pub(super) async fn send(receiver: &Receiver, server: Server<'_>, message: Message) -> Answer {
    let later = |why: String| Answer::Later { after: None, why };
    let found = match addresses(reach(receiver), server.host, server.port).await {
        Ok(found) => found,
        Err(error @ ReachError::Forbidden { .. }) => return Answer::Refused { why: error.to_string() },
        Err(error) => return later(error.to_string()),
    };
    let turn = usize::try_from(server.attempt.saturating_sub(1)).unwrap_or_default();
    let Some(address) = found.get(turn.checked_rem(found.len()).unwrap_or_default()) else {
        return later(format!("{}: no address", server.host));
    };
    let tls = match tls(receiver, &server) {
        Ok(tls) => tls,
        Err(why) => return later(why),
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(server.port)
        .timeout(Some(receiver.timeout))
        .tls(tls);
    if let Some((username, password)) = &server.login {
        transport = transport.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
    }
    let transport = transport.build();
    match tokio::time::timeout(receiver.timeout, transport.send(message)).await {
        Err(_) => later(format!("no answer within {} seconds", receiver.timeout.as_secs())),
        Ok(Ok(_)) => Answer::Accepted,
        Ok(Err(error)) if error.is_permanent() => Answer::Refused { why: chain(&error) },
        Ok(Err(error)) => later(chain(&error)),
    }
}

fn tls(receiver: &Receiver, server: &Server<'_>) -> Result<Tls, String> {
    if server.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(server.host.to_owned());
    if let Some(path) = &receiver.ca_file {
        let certificate = Certificate::from_pem(&certificates(path)?)
            .map_err(|error| format!("`ca-file` {}: {}", path.display(), chain(&error)))?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    let parameters = parameters.build_rustls().map_err(|error| chain(&error))?;
    Ok(match server.tls {
        MailTls::Implicit => Tls::Wrapper(parameters),
        MailTls::StartTls | MailTls::None => Tls::Required(parameters),
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    crate::alert::shortened(&text, 500)
}
