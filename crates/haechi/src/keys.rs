//! Keys for what is kept encrypted at rest: from files, from Vault, from AWS KMS.
//!
//! ```toml
//! current = "2027-01"              # new bodies are encrypted with it; without it none is
//!
//! [[key]]
//! id = "2026-07"                   # old bodies name the key that they were encrypted with
//! kind = "file"                    # 32 bytes as they are, in hexadecimal digits, or in base64
//! file = "/run/secrets/haechi-2026"
//!
//! [[key]]
//! id = "2027-01"
//! kind = "vault-transit"           # a data key that Vault wrapped, unwrapped by it: POST transit/decrypt/KEY
//! url = "https://vault:8200"
//! token = { file = "/run/secrets/vault-token" }
//! key = "haechi"
//! wrapped = "vault:v1:…"
//! ```
//!
//! `vault-kv` reads the key from a secret (`path = "secret/data/haechi"`, `field = "key"`); `aws-kms` has KMS decrypt a wrapped data key
//! (`region`, `wrapped` in base64, `access-key-id`, `secret-access-key`, `session-token`). Keys are fetched when the service starts and
//! kept in memory only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_outbound::Reply;
use haechi_outbound::call::{Reach, Request, SystemSecrets, call};
use haechi_outbound::secret::{Secret, SecretError, SecretSource, resolve};
use haechi_outbound::sigv4::{Signing, amz_date};
use haechi_store::seal::Keys;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::told::{Piece, Told};

/// Most bytes of a file with a key.
const MAX_FILE: u64 = 4096;
/// Most bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;
/// Time for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most keys.
const MAX_KEYS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    current: Option<String>,
    #[serde(default)]
    key: Vec<KeyTable>,
}

#[derive(Debug, Deserialize)]
struct KeyTable {
    id: String,
    #[serde(flatten)]
    from: From,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
enum From {
    File {
        file: PathBuf,
    },
    VaultTransit {
        url: String,
        token: SecretSource,
        namespace: Option<String>,
        #[serde(default = "transit")]
        mount: String,
        key: String,
        wrapped: String,
        ca_file: Option<PathBuf>,
    },
    VaultKv {
        url: String,
        token: SecretSource,
        namespace: Option<String>,
        path: String,
        #[serde(default = "field")]
        field: String,
        ca_file: Option<PathBuf>,
    },
    AwsKms {
        region: String,
        url: Option<String>,
        access_key_id: SecretSource,
        secret_access_key: SecretSource,
        session_token: Option<SecretSource>,
        wrapped: String,
        key_id: Option<String>,
        ca_file: Option<PathBuf>,
    },
}

fn transit() -> String {
    "transit".to_owned()
}

fn field() -> String {
    "key".to_owned()
}

/// Reads the file that names the keys, and fetches them.
///
/// The time, in microseconds since 1970, is part of signatures.
pub(crate) fn fetch(path: &Path, now_us: i64) -> Result<Keys, Told> {
    let shown = path.display().to_string();
    let wrong = |why: Told| Told::of("start-keys-file").with("path", shown.as_str()).with("why", why);
    let text = std::fs::read_to_string(path)
        .map_err(|error| Told::of("start-file").with("path", shown.as_str()).with("why", &error))?;
    let file: File = toml::from_str(&text)
        .map_err(|error| wrong(Told::of("start-keys-syntax").with("detail", error.to_string())))?;
    let mut ids = BTreeSet::new();
    if file.key.is_empty() || file.key.len() > MAX_KEYS {
        let count = Told::of("start-keys-count").with("count", file.key.len().to_string());
        return Err(wrong(count.with("most", MAX_KEYS.to_string())));
    }
    for key in &file.key {
        if key.id.is_empty() || key.id.len() > 256 || !ids.insert(key.id.as_str()) {
            return Err(wrong(Told::of("start-keys-id").with("id", key.id.as_str())));
        }
    }
    if let Some(current) = file.current.as_deref().filter(|current| !ids.contains(current)) {
        return Err(wrong(Told::of("start-keys-current").with("id", current)));
    }
    let mut keys = Keys::none();
    for key in &file.key {
        let bytes = key.from.fetch(now_us).map_err(|why| {
            let told = Told::of("start-keys-key").with("id", key.id.as_str()).with("path", shown.as_str());
            told.with("why", why).by_the_system()
        })?;
        keys = match file.current.as_deref() == Some(key.id.as_str()) {
            true => keys.with_current(key.id.as_str(), bytes),
            false => keys.with(key.id.as_str(), bytes),
        };
    }
    Ok(keys)
}

/// 32 bytes as they are, in hexadecimal digits, or in base64.
fn bytes(given: &[u8]) -> Result<[u8; 32], Told> {
    if let Ok(key) = <[u8; 32]>::try_from(given) {
        return Ok(key);
    }
    let text = std::str::from_utf8(given).unwrap_or_default().trim();
    let read = if text.len() == 64 { hexadecimal(text) } else { STANDARD.decode(text).ok() };
    let key = read.and_then(|read| <[u8; 32]>::try_from(read).ok());
    key.ok_or_else(|| Told::of("start-keys-length"))
}

/// A key in base64, out of an answer.
fn plain_bytes(plain: Option<&str>, url: &str, field: &str) -> Result<[u8; 32], Told> {
    let decoded = plain.and_then(|plain| STANDARD.decode(plain).ok());
    bytes(&decoded.ok_or_else(|| Told::of("start-keys-answer").with("url", url).with("field", field))?)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok().filter(|_| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    digits.collect()
}

fn secret(name: &'static str, from: &SecretSource) -> Result<Secret, Told> {
    resolve(&SystemSecrets, name, from).map_err(|error| {
        let from = from.to_string();
        match error {
            SecretError::Unreadable { detail, .. } => {
                Told::of("start-keys-secret").with("name", name).with("from", from).with("detail", detail)
            }
            SecretError::Unusable { .. } => {
                Told::of("start-keys-secret-empty").with("name", name).with("from", from)
            }
        }
    })
}

impl From {
    fn fetch(&self, now_us: i64) -> Result<[u8; 32], Told> {
        match self {
            From::File { file } => {
                use std::io::Read as _;
                let mut read = Vec::new();
                let at = |why: Piece| {
                    Told::of("start-keys-at").with("path", file.display().to_string()).with("why", why)
                };
                let opened = std::fs::File::open(file).map_err(|error| at((&error).into()))?;
                opened.take(MAX_FILE).read_to_end(&mut read).map_err(|error| at((&error).into()))?;
                bytes(&read).map_err(|why| at(why.into()))
            }
            From::VaultTransit { url, token, namespace, mount, key, wrapped, ca_file } => {
                let path = format!("/v1/{}/decrypt/{key}", mount.trim_matches('/'));
                let body = json!({"ciphertext": wrapped});
                let vault =
                    Vault { url, token, namespace: namespace.as_deref(), ca_file: ca_file.as_deref() };
                let answer = vault.ask("POST", &path, Some(&body))?;
                let plain = answer.pointer("/data/plaintext").and_then(Json::as_str);
                plain_bytes(plain, url, "data.plaintext")
            }
            From::VaultKv { url, token, namespace, path, field, ca_file } => {
                let vault =
                    Vault { url, token, namespace: namespace.as_deref(), ca_file: ca_file.as_deref() };
                let answer = vault.ask("GET", &format!("/v1/{}", path.trim_matches('/')), None)?;
                // Version 2 of the engine keeps the secret one deeper.
                let found = answer.pointer("/data/data").or_else(|| answer.pointer("/data"));
                let found = found.and_then(|data| data.get(field)).and_then(Json::as_str);
                let missing = || Told::of("start-keys-field").with("field", field.as_str());
                bytes(found.ok_or_else(missing)?.as_bytes())
            }
            From::AwsKms { .. } => self.kms(now_us),
        }
    }

    fn kms(&self, now_us: i64) -> Result<[u8; 32], Told> {
        let From::AwsKms {
            region,
            url,
            access_key_id,
            secret_access_key,
            session_token,
            wrapped,
            key_id,
            ca_file,
        } = self
        else {
            return Err(Told::of("start-keys-length"));
        };
        let url = url.clone().unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com/"));
        let host = url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
        let mut body = json!({"CiphertextBlob": wrapped});
        if let (Json::Object(fields), Some(key_id)) = (&mut body, key_id) {
            fields.insert("KeyId".to_owned(), json!(key_id));
        }
        let body = body.to_string().into_bytes();
        let date = amz_date(now_us);
        let content = "application/x-amz-json-1.1";
        let target = "TrentService.Decrypt";
        let id = secret("access-key-id", access_key_id)?;
        let key = secret("secret-access-key", secret_access_key)?;
        let token = session_token.as_ref().map(|from| secret("session-token", from)).transpose()?;
        let mut signed = vec![("content-type", content), ("host", host), ("x-amz-date", date.as_str())];
        if let Some(token) = &token {
            signed.push(("x-amz-security-token", token.expose()));
        }
        signed.push(("x-amz-target", target));
        let signing = Signing {
            method: "POST",
            path: "/",
            query: "",
            headers: &signed,
            body: &body,
            region,
            service: "kms",
            now_us,
        };
        let mut headers = vec![
            ("content-type".to_owned(), Secret::new(content)),
            ("x-amz-date".to_owned(), Secret::new(&date)),
            ("x-amz-target".to_owned(), Secret::new(target)),
            ("authorization".to_owned(), signing.authorization(&id, &key)),
        ];
        if let Some(token) = token {
            headers.push(("x-amz-security-token".to_owned(), token));
        }
        let request = Request { method: "POST", url: Secret::new(&url), headers, body };
        let answer = exchange(&url, ca_file.as_deref(), request, |answer| {
            let said = |name: &str| answer.get(name).and_then(Json::as_str);
            said("message").or_else(|| said("Message")).or_else(|| said("__type")).map(str::to_owned)
        })?;
        let plain = answer.get("Plaintext").and_then(Json::as_str);
        plain_bytes(plain, &url, "Plaintext")
    }
}

struct Vault<'k> {
    url: &'k str,
    token: &'k SecretSource,
    namespace: Option<&'k str>,
    ca_file: Option<&'k Path>,
}

impl Vault<'_> {
    fn ask(&self, method: &'static str, path: &str, body: Option<&Json>) -> Result<Json, Told> {
        let mut headers = vec![
            ("x-vault-token".to_owned(), secret("token", self.token)?),
            ("x-vault-request".to_owned(), Secret::new("true")),
        ];
        if let Some(namespace) = self.namespace {
            headers.push(("x-vault-namespace".to_owned(), Secret::new(namespace)));
        }
        let url = Secret::new(format!("{}{path}", self.url.trim_end_matches('/')));
        let body = body.map(Json::to_string).unwrap_or_default().into_bytes();
        exchange(self.url, self.ca_file, Request { method, url, headers, body }, |answer| {
            let errors = answer.get("errors").and_then(Json::as_array)?;
            let errors: Vec<&str> = errors.iter().filter_map(Json::as_str).collect();
            (!errors.is_empty()).then(|| errors.join("; "))
        })
    }
}

/// Sends a request and reads the answer as JSON; a refusal is told in the words that the service has for it.
fn exchange(
    url: &str,
    ca_file: Option<&Path>,
    request: Request,
    said: impl Fn(&Json) -> Option<String>,
) -> Result<Json, Told> {
    if !url.starts_with("https://") {
        return Err(Told::of("start-keys-https").with("url", url));
    }
    let silent = |detail: String| Told::of("start-keys-silent").with("url", url).with("detail", detail);
    let reach = Reach { ca_file, allows_link_local: false, timeout: TIMEOUT, most_bytes: MAX_ANSWER };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| silent(error.to_string()))?;
    let reply: Reply = runtime.block_on(call(reach, request)).map_err(|error| silent(error.to_string()))?;
    let answer: Option<Json> = serde_json::from_slice(&reply.body).ok();
    if !(200..300).contains(&reply.status) {
        let why = answer.as_ref().and_then(said).unwrap_or_default();
        let why: String = haechi_report::visible(&why).chars().take(300).collect();
        let refused = Told::of("start-keys-refused").with("url", url);
        return Err(refused.with("status", reply.status.to_string()).with("why", why));
    }
    answer.ok_or_else(|| Told::of("start-keys-answer").with("url", url).with("field", "JSON"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    /// A service that answers every request alike, with its address and what it was asked: head and body.
    fn stand_in(folder: &Path, status: u16, answer: Json) -> (String, Receiver<(String, String)>) {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    // Whoever does not trust the certificate goes.
                    let Ok(read) = stream.read_line(&mut line) else { break };
                    if read == 0 || line == "\r\n" {
                        break;
                    }
                    if let Some(text) = line.strip_prefix("content-length: ") {
                        length = text.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                if head.is_empty() {
                    continue;
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let text = answer.to_string();
                let told = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
                stream.get_mut().write_all(told.as_bytes()).unwrap();
                let _ = sender.send((head, String::from_utf8(body).unwrap()));
            }
        });
        (url, asked)
    }

    fn read(folder: &Path, config: &str) -> Result<Keys, Told> {
        let path = folder.join("keys.toml");
        std::fs::write(&path, config).unwrap();
        for name in ["token", "id", "secret"] {
            std::fs::write(folder.join(name), format!("the-{name}\n")).unwrap();
        }
        let config = config.replace("AT/", &format!("{}/", folder.display()));
        std::fs::write(&path, config).unwrap();
        fetch(&path, 1_767_225_600_000_000)
    }

    fn told(result: Result<Keys, Told>) -> String {
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn key_in_a_file_is_read_in_each_form_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let config = "current = 'a'\n[[key]]\nid = 'a'\nkind = 'file'\nfile = 'AT/key'\n";
        let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let base = STANDARD.encode(KEY);
        for text in
            [KEY.to_vec(), hex.clone().into_bytes(), format!("{hex}\n").into_bytes(), base.into_bytes()]
        {
            std::fs::write(at.join("key"), text).unwrap();
            let keys = read(at, config).unwrap();
            assert_eq!((keys.current(), keys.has("a")), (Some("a"), true));
        }
        for text in ["", "short", &hex[2..], &format!("+{}", &hex[1..])] {
            std::fs::write(at.join("key"), text).unwrap();
            let told = told(read(at, config));
            assert!(told.contains("key `a`") && told.contains("it is no key"), "{told}");
        }
        std::fs::remove_file(at.join("key")).unwrap();
        assert!(told(read(at, config)).contains("no such file"));
        for (wrong, part) in [
            ("", "names 0 keys"),
            (&config.replace("current = 'a'", "current = 'b'") as &str, "no key `b`"),
            (&format!("{config}[[key]]\nid = 'a'\nkind = 'file'\nfile = 'x'\n"), "stands twice"),
            (&config.replace("'file'\n", "'folder'\n"), "unknown variant"),
            (&format!("{config}extra = 1\n"), "unknown field"),
        ] {
            let told = told(read(at, wrong));
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn vault_unwraps_a_data_key_and_reads_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let key = STANDARD.encode(KEY);
        let (url, asked) = stand_in(at, 200, json!({"data": {"plaintext": key}}));
        let config = format!(
            "[[key]]\nid = 'a'\nkind = 'vault-transit'\nurl = '{url}/'\ntoken = {{ file = 'AT/token' }}\nnamespace = 'team'\n\
             key = 'haechi'\nwrapped = 'vault:v1:abc'\nca-file = 'AT/ca.pem'\n"
        );
        let keys = read(at, &config).unwrap();
        assert_eq!((keys.current(), keys.has("a")), (None, true), "for reading only");
        let (head, body) = asked.recv().unwrap();
        assert!(head.starts_with("POST /v1/transit/decrypt/haechi "), "{head}");
        assert!(
            head.contains("x-vault-token: the-token") && head.contains("x-vault-namespace: team"),
            "{head}"
        );
        assert_eq!(body, r#"{"ciphertext":"vault:v1:abc"}"#);
        // Another authority's certificate is no Vault of ours.
        assert!(told(read(at, &config.replace("ca-file = 'AT/ca.pem'\n", ""))).contains("localhost"));
        assert!(told(read(at, &config.replace("https://", "http://"))).contains("in the clear"));
        assert!(told(read(at, &config.replace("AT/token", "AT/none"))).contains("token"));

        let (url, asked) = stand_in(at, 200, json!({"data": {"data": {"k": key}, "metadata": {}}}));
        let config = format!(
            "[[key]]\nid = 'a'\nkind = 'vault-kv'\nurl = '{url}'\ntoken = {{ file = 'AT/token' }}\npath = 'secret/data/haechi'\n\
             field = 'k'\nca-file = 'AT/ca.pem'\n"
        );
        read(at, &config).unwrap();
        assert!(asked.recv().unwrap().0.starts_with("GET /v1/secret/data/haechi "));
        assert!(told(read(at, &config.replace("field = 'k'", "field = 'x'"))).contains("no field `x`"));

        let (url, _asked) = stand_in(at, 403, json!({"errors": ["permission denied"]}));
        let config = format!(
            "[[key]]\nid = 'a'\nkind = 'vault-kv'\nurl = '{url}'\ntoken = {{ file = 'AT/token' }}\npath = 'x'\nca-file = 'AT/ca.pem'\n"
        );
        let told = told(read(at, &config));
        assert!(
            told.contains("403") && told.contains("permission denied") && !told.contains("the-token"),
            "{told}"
        );
    }

    #[test]
    fn kms_decrypts_a_data_key_for_a_signed_request() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let (url, asked) = stand_in(at, 200, json!({"Plaintext": STANDARD.encode(KEY), "KeyId": "arn"}));
        let config = format!(
            "current = 'a'\n[[key]]\nid = 'a'\nkind = 'aws-kms'\nregion = 'ap-northeast-2'\nurl = '{url}/'\nwrapped = 'AQID'\n\
             access-key-id = {{ file = 'AT/id' }}\nsecret-access-key = {{ file = 'AT/secret' }}\n\
             session-token = {{ file = 'AT/token' }}\nca-file = 'AT/ca.pem'\n"
        );
        assert_eq!(read(at, &config).unwrap().current(), Some("a"));
        let (head, body) = asked.recv().unwrap();
        for part in [
            "POST / HTTP/1.1",
            "x-amz-target: TrentService.Decrypt",
            "x-amz-date: 20260101T000000Z",
            "x-amz-security-token: the-token",
            "authorization: AWS4-HMAC-SHA256 Credential=the-id/20260101/ap-northeast-2/kms/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=",
        ] {
            assert!(head.contains(part), "{part}: {head}");
        }
        assert_eq!(body, r#"{"CiphertextBlob":"AQID"}"#);
        let answer = json!({"__type": "InvalidCiphertextException"});
        let (url, _asked) = stand_in(at, 400, answer);
        let config = with_url(&config, &url);
        let told = told(read(at, &config));
        assert!(told.contains("400") && told.contains("InvalidCiphertextException"), "{told}");
    }

    fn with_url(config: &str, url: &str) -> String {
        let lines = config.lines().map(|line| match line.starts_with("url = ") {
            true => format!("url = '{url}/'\n"),
            false => format!("{line}\n"),
        });
        lines.collect()
    }
}
