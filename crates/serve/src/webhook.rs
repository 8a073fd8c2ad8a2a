//! What the API server must be told to ask us: the webhook configurations, with the authority that it must trust and the
//! key that lets it in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::access::Secret;
use crate::listen::{CertificateError, write_secret};

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] CertificateError),
    /// It is too short to be a secret.
    #[error("`{}` holds fewer than 32 characters or others than letters, digits, - and _", .0.display())]
    Weak(PathBuf),
    /// The system has no randomness to give.
    #[error("no key could be made: {0}")]
    Random(#[from] getrandom::Error),
}

/// The key in the path of the webhook, made when it is missing. Most API servers can be told no credentials for webhooks but
/// what the address holds. Instances that stand for each other have the same file.
///
/// # Errors
/// A file that cannot be read or written, or holds no secret.
pub fn path_key(data: &Path) -> Result<Secret, KeyError> {
    let path = data.join("admission.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let key = text.trim();
            if !is_strong(key) {
                return Err(KeyError::Weak(path));
            }
            Ok(Secret::of(key))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Secret::new()?;
            std::fs::create_dir_all(data).map_err(|source| KeyError::Read { path: path.clone(), source })?;
            write_secret(&path, key.reveal())?;
            Ok(key)
        }
        Err(source) => Err(KeyError::Read { path, source }),
    }
}

/// Writes the key down that instances share.
///
/// # Errors
/// It cannot be written, or is no secret.
pub fn keep_key(data: &Path, key: &Secret) -> Result<(), KeyError> {
    let path = data.join("admission.key");
    if !is_strong(key.reveal()) {
        return Err(KeyError::Weak(path));
    }
    std::fs::create_dir_all(data).map_err(|source| KeyError::Read { path: path.clone(), source })?;
    Ok(write_secret(&path, key.reveal())?)
}

fn is_strong(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (32..=256).contains(&key.len()) && key.chars().all(fits)
}

/// How the API server reaches us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// A Service in the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// An address.
    Url(String),
}

/// What the configurations say.
#[derive(Debug, Clone)]
pub struct Webhooks<'w> {
    /// How the API server reaches us.
    pub reach: Reach,
    /// What it must trust, in PEM.
    pub bundle: &'w str,
    /// The key in the path.
    pub key: &'w Secret,
    /// Namespaces that it does not ask about; our own must be among them, or we could not be started any more.
    pub exempt: &'w [String],
    /// Whether requests are let through while nobody answers.
    pub fails_open: bool,
    /// Seconds that the API server waits.
    pub timeout_s: u8,
}

impl Webhooks<'_> {
    /// A ValidatingWebhookConfiguration and a MutatingWebhookConfiguration, in YAML.
    pub fn yaml(&self) -> String {
        let mut text = String::new();
        if let Reach::Service { namespace, name, .. } = &self.reach {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# haechi serve --name {name}.{namespace}.svc");
        }
        self.write(&mut text, "Mutating", "mutate", &["CREATE", "UPDATE"]);
        text.push_str("---\n");
        self.write(&mut text, "Validating", "validate", &["CREATE", "UPDATE", "DELETE", "CONNECT"]);
        text
    }

    fn write(&self, text: &mut String, kind: &str, endpoint: &str, operations: &[&str]) {
        let path = format!("/admit/{endpoint}/{}", self.key.reveal());
        let client = match &self.reach {
            Reach::Service { namespace, name, port } => format!(
                "      service:\n        namespace: {}\n        name: {}\n        port: {port}\n        path: {}\n",
                quoted(namespace),
                quoted(name),
                quoted(&path)
            ),
            Reach::Url(url) => {
                format!("      url: {}\n", quoted(&format!("{}{path}", url.trim_end_matches('/'))))
            }
        };
        let exempt: String = self.exempt.iter().fold(String::new(), |mut list, name| {
            // Writing to a string cannot fail.
            let _ = write!(list, "{}{}", if list.is_empty() { "" } else { ", " }, quoted(name));
            list
        });
        let selector = match exempt.is_empty() {
            true => "    namespaceSelector: {}\n".to_owned(),
            false => format!(
                "    namespaceSelector:\n      matchExpressions:\n        - key: kubernetes.io/metadata.name\n          operator: NotIn\n          values: [{exempt}]\n"
            ),
        };
        let policy = if self.fails_open { "Ignore" } else { "Fail" };
        let reinvocation = if kind == "Mutating" { "    reinvocationPolicy: IfNeeded\n" } else { "" };
        let bundle = STANDARD.encode(self.bundle);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "apiVersion: admissionregistration.k8s.io/v1
kind: {kind}WebhookConfiguration
metadata:
  name: haechi
webhooks:
  - name: {endpoint}.haechi.io
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: {policy}
    matchPolicy: Equivalent
    timeoutSeconds: {}
{reinvocation}{selector}    rules:
      - apiGroups: ['*']
        apiVersions: ['*']
        operations: [{}]
        resources: ['*/*']
        scope: '*'
    # What the cluster needs to stay alive is not held up.
    matchConditions:
      - name: no-heartbeats
        expression: '!(request.resource.group == \"coordination.k8s.io\" && request.resource.resource == \"leases\")'
      - name: no-events
        expression: '!(request.resource.group in [\"\", \"events.k8s.io\"] && request.resource.resource == \"events\")'
      - name: no-reviews
        expression: '!(request.resource.group in [\"authentication.k8s.io\", \"authorization.k8s.io\"])'
    clientConfig:
{client}      caBundle: {bundle}
",
            self.timeout_s,
            operations.join(", "),
        );
    }
}

/// A YAML text in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
