//! A running service, asked over its API.
//!
//! What people do with alerts and incidents goes through the service and not around it: the service has the store open and locked,
//! it knows who may do it by their token, and it writes them into the journal.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::{Arg, ArgMatches, Command, value_parser};
use haechi_outbound::call::{Reach, Request, SystemSecrets, call};
use haechi_outbound::secret::{Secret, SecretSource, resolve};
use haechi_report::{Args, Texts, visible};
use serde_json::Value as Json;

use crate::exit::UsageError;

/// The options; their texts stand under `cli-remote`.
pub(crate) const NAMES: &[&str] = &["server", "ca-file", "token-file"];
/// The environment variable with the token.
const TOKEN: &str = "HAECHI_TOKEN";
/// Most bytes of an answer.
const MAX_ANSWER: usize = 64 << 20;
/// Time for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Adds the options to a command.
pub(crate) fn arguments(command: Command) -> Command {
    let path = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    command
        .arg(Arg::new("server").long("server").default_value("https://127.0.0.1:8443"))
        .arg(path("ca-file"))
        .arg(path("token-file"))
}

/// A service that is asked.
pub(crate) struct Remote<'t> {
    server: String,
    ca_file: Option<PathBuf>,
    token: Secret,
    texts: &'t Texts,
}

impl<'t> Remote<'t> {
    /// Reads the options and the token.
    pub(crate) fn new(matches: &ArgMatches, texts: &'t Texts) -> Result<Self> {
        let server = matches.get_one::<String>("server").cloned().unwrap_or_default();
        let server = server.trim_end_matches('/').to_owned();
        if !server.starts_with("https://") {
            let args = Args::new().text("server", server);
            return Err(UsageError(texts.message("cli-remote-https", &args)).into());
        }
        let from = match matches.get_one::<PathBuf>("token-file") {
            Some(path) => SecretSource::File(path.clone()),
            None => SecretSource::Env(TOKEN.to_owned()),
        };
        let token = resolve(&SystemSecrets, "token", &from).map_err(|error| {
            UsageError(match &from {
                SecretSource::File(_) => {
                    texts.message("cli-remote-token", &Args::new().text("detail", error.to_string()))
                }
                SecretSource::Env(_) => texts.message("cli-remote-token-unset", &Args::new()),
            })
        })?;
        let ca_file = matches.get_one::<PathBuf>("ca-file").cloned();
        Ok(Self { server, ca_file, token, texts })
    }

    /// Asks for what stands under a path.
    pub(crate) fn get(&self, path: &str) -> Result<Json> {
        self.exchange("GET", path, Vec::new())
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, String)]) -> Result<Json> {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        self.exchange("POST", path, pairs.collect::<Vec<_>>().join("&").into_bytes())
    }

    fn exchange(&self, method: &'static str, path: &str, body: Vec<u8>) -> Result<Json> {
        let reach = Reach {
            ca_file: self.ca_file.as_deref(),
            // Whoever names a server means it.
            allows_link_local: true,
            timeout: TIMEOUT,
            most_bytes: MAX_ANSWER,
        };
        let request = Request {
            method,
            url: Secret::new(format!("{}{path}", self.server)),
            headers: vec![
                ("authorization".to_owned(), Secret::new(format!("Bearer {}", self.token.expose()))),
                ("content-type".to_owned(), Secret::new("application/x-www-form-urlencoded")),
            ],
            body,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let reply = runtime.block_on(call(reach, request)).map_err(|error| {
            let args = Args::new().text("server", self.server.as_str()).text("detail", error.to_string());
            anyhow!(self.texts.message("cli-remote-unreachable", &args))
        })?;
        let answer: Option<Json> = serde_json::from_slice(&reply.body).ok().filter(|_| !reply.is_cut);
        if (200..300).contains(&reply.status) {
            let args = Args::new().text("server", self.server.as_str());
            return answer.ok_or_else(|| anyhow!(self.texts.message("cli-remote-unreadable", &args)));
        }
        let why = answer.as_ref().and_then(|answer| answer.get("error")?.as_str()).unwrap_or_default();
        let args = Args::new()
            .text("server", self.server.as_str())
            .number("status", usize::from(reply.status))
            .text("why", visible(why).into_owned());
        Err(anyhow!(self.texts.message("cli-remote-refused", &args)))
    }
}

/// Encoded for a form or a part of a path.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
