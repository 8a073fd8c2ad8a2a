//! The authority that the API server trusts, kept current in webhook configurations; and the Secret that instances share one in.
//!
//! Authorities are added, not replaced: an instance that still shows a certificate of the one before, or has one of its own, is
//! trusted as well, and two instances do not take each other's word away.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::access::Secret;
use crate::listen::MadeAuthority;

/// Most authorities that are kept; the oldest go.
const AUTHORITIES: usize = 8;

/// What a webhook configuration needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// It trusts us already.
    Nothing,
    /// No webhook in it leads to us.
    NoneOfOurs,
    /// These steps of a JSON Patch (RFC 6902).
    Steps(Vec<Json>),
}

/// What a ValidatingWebhookConfiguration or MutatingWebhookConfiguration needs to trust an authority (in PEM). Only webhooks whose
/// path is one of ours are touched.
pub fn needed(configuration: &Json, authority: &str) -> Needed {
    let wanted = certificates(authority.as_bytes());
    let webhooks = configuration.get("webhooks").and_then(Json::as_array);
    let ours = webhooks.into_iter().flatten().enumerate().filter(|(_, webhook)| leads_to_us(webhook));
    let (mut has_ours, mut steps) = (false, Vec::new());
    for (index, webhook) in ours {
        has_ours = true;
        let bundle = webhook.pointer("/clientConfig/caBundle").and_then(Json::as_str).unwrap_or_default();
        let known = certificates(&STANDARD.decode(bundle).unwrap_or_default());
        if !wanted.is_empty() && wanted.iter().all(|certificate| known.contains(certificate)) {
            continue;
        }
        let mut kept: Vec<&Vec<u8>> =
            known.iter().filter(|certificate| !wanted.contains(certificate)).collect();
        kept.extend(&wanted);
        let first = kept.len().saturating_sub(AUTHORITIES);
        let text: String = kept.iter().skip(first).map(|certificate| pem(certificate)).collect();
        steps.push(
            json!({"op": "test", "path": format!("/webhooks/{index}/name"), "value": webhook.get("name")}),
        );
        let path = format!("/webhooks/{index}/clientConfig/caBundle");
        steps.push(json!({"op": "add", "path": path, "value": STANDARD.encode(text)}));
    }
    if !has_ours {
        return Needed::NoneOfOurs;
    }
    if steps.is_empty() {
        return Needed::Nothing;
    }
    let version = configuration.pointer("/metadata/resourceVersion");
    steps.insert(0, json!({"op": "test", "path": "/metadata/resourceVersion", "value": version}));
    Needed::Steps(steps)
}

fn leads_to_us(webhook: &Json) -> bool {
    let of = |pointer: &str| webhook.pointer(pointer).and_then(Json::as_str);
    let path = match (of("/clientConfig/service/path"), of("/clientConfig/url")) {
        (Some(path), _) => Some(path),
        (None, Some(url)) => {
            url.strip_prefix("https://").and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
        }
        (None, None) => None,
    };
    path.is_some_and(|path| {
        let endpoint = path.strip_prefix("/admit/").map(|rest| rest.split('/').next().unwrap_or_default());
        matches!(endpoint, Some("validate" | "mutate"))
    })
}

/// The certificates of a text in PEM.
fn certificates(text: &[u8]) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(text)
        .filter_map(Result::ok)
        .map(|certificate| certificate.to_vec())
        .collect()
}

fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).filter_map(|at| text.get(at..text.len().min(at + 64))).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// What instances that stand for each other have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The authority that signs the certificates of each.
    pub authority: MadeAuthority,
    /// The key in the webhook's path.
    pub key: Secret,
}

/// What is in a Secret is not what instances share. Whoever put it there has to look: it is not written over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the Secret has no `{0}` that can be read")]
pub struct SharedError(pub &'static str);

impl Shared {
    /// As a Secret; with the version that it takes the place of, if there is one.
    pub fn secret(&self, namespace: &str, name: &str, version: Option<&str>) -> Json {
        let mut metadata = json!({
            "name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "haechi"},
        });
        if let (Some(version), Json::Object(fields)) = (version, &mut metadata) {
            fields.insert("resourceVersion".to_owned(), version.into());
        }
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata,
            "data": {
                "ca.crt": STANDARD.encode(&self.authority.certificate),
                "ca.key": STANDARD.encode(&self.authority.key),
                "until": STANDARD.encode(self.authority.until_s.to_string()),
                "admission.key": STANDARD.encode(self.key.reveal()),
            },
        })
    }

    /// What a Secret holds.
    ///
    /// # Errors
    /// A part is missing or none.
    pub fn of_secret(secret: &Json) -> Result<Self, SharedError> {
        let part = |name: &'static str| -> Result<String, SharedError> {
            let text = secret.get("data").and_then(|data| data.get(name)).and_then(Json::as_str);
            let bytes = text.and_then(|text| STANDARD.decode(text).ok());
            bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(SharedError(name))
        };
        let until_s = part("until")?.trim().parse().map_err(|_| SharedError("until"))?;
        let authority = MadeAuthority { certificate: part("ca.crt")?, key: part("ca.key")?, until_s };
        Ok(Self { authority, key: Secret::of(part("admission.key")?.trim()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(bundles: &[(&str, Option<String>)]) -> Json {
        let webhooks: Vec<Json> = bundles
            .iter()
            .enumerate()
            .map(|(index, (path, bundle))| {
                let mut client = json!({"service": {"namespace": "haechi", "name": "haechi", "path": path}});
                if let Some(bundle) = bundle {
                    client["caBundle"] = json!(bundle);
                }
                json!({"name": format!("w{index}.haechi.io"), "clientConfig": client})
            })
            .collect();
        json!({"metadata": {"name": "haechi", "resourceVersion": "41"}, "webhooks": webhooks})
    }

    fn authority() -> String {
        MadeAuthority::new(1_800_000_000).unwrap().certificate
    }

    /// Applies steps as a server does.
    fn applied(mut configuration: Json, steps: &[Json]) -> Json {
        for step in steps {
            let path = step["path"].as_str().unwrap();
            if step["op"] == "test" {
                assert_eq!(configuration.pointer(path), Some(&step["value"]), "{step}");
                continue;
            }
            let (parent, key) = path.rsplit_once('/').unwrap();
            configuration.pointer_mut(parent).unwrap()[key] = step["value"].clone();
        }
        configuration
    }

    fn count(configuration: &Json, index: usize) -> usize {
        let bundle = configuration["webhooks"][index]["clientConfig"]["caBundle"].as_str().unwrap();
        certificates(&STANDARD.decode(bundle).unwrap()).len()
    }

    #[test]
    fn our_webhooks_get_the_authority_and_others_stay_as_they_are() {
        let paths = [
            ("/admit/validate/key", None),
            ("/other", Some("eA==".to_owned())),
            ("/admit/mutate", Some(String::new())),
        ];
        let before = configuration(&paths);
        let authority = authority();
        let Needed::Steps(steps) = needed(&before, &authority) else { panic!("nothing to do") };
        assert_eq!(steps[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "41"}));
        let after = applied(before.clone(), &steps);
        assert_eq!((count(&after, 0), count(&after, 2)), (1, 1));
        assert_eq!(after["webhooks"][1], before["webhooks"][1]);
        assert_eq!(needed(&after, &authority), Needed::Nothing);
        let bundle = after["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap();
        assert_eq!(certificates(&STANDARD.decode(bundle).unwrap()), certificates(authority.as_bytes()));
        assert_eq!(needed(&configuration(&[("/other", None)]), &authority), Needed::NoneOfOurs);
        assert_eq!(needed(&json!({}), &authority), Needed::NoneOfOurs);
        let by_url =
            json!({"webhooks": [{"name": "a", "clientConfig": {"url": "https://h:1/admit/validate/k"}}]});
        assert!(matches!(needed(&by_url, &authority), Needed::Steps(_)));
        let elsewhere =
            json!({"webhooks": [{"name": "a", "clientConfig": {"url": "https://h/x/admit/validate/k"}}]});
        assert_eq!(needed(&elsewhere, &authority), Needed::NoneOfOurs);
    }

    #[test]
    fn two_instances_with_authorities_of_their_own_come_to_rest() {
        let (one, other) = (authority(), authority());
        let mut configuration = configuration(&[("/admit/validate/key", None)]);
        let mut changes = 0;
        for _ in 0..5 {
            for authority in [&one, &other] {
                if let Needed::Steps(steps) = needed(&configuration, authority) {
                    configuration = applied(configuration, &steps);
                    changes += 1;
                }
            }
        }
        assert_eq!((changes, count(&configuration, 0)), (2, 2));
        for _ in 0..20 {
            let Needed::Steps(steps) = needed(&configuration, &authority()) else { panic!("nothing to do") };
            configuration = applied(configuration, &steps);
        }
        assert_eq!(count(&configuration, 0), AUTHORITIES, "it does not grow without end");
    }

    #[test]
    fn what_instances_share_goes_through_a_secret_and_halves_are_refused() {
        let shared = Shared {
            authority: MadeAuthority::new(1_800_000_000).unwrap(),
            key: Secret::of("0123456789012345678901234567890123456789"),
        };
        let secret = shared.secret("haechi", "haechi-authority", Some("7"));
        assert_eq!(Shared::of_secret(&secret), Ok(shared.clone()));
        assert!(!format!("{shared:?}").contains("PRIVATE"), "keys are never shown");
        for name in ["ca.crt", "ca.key", "until", "admission.key"] {
            let mut less = secret.clone();
            less["data"].as_object_mut().unwrap().remove(name);
            assert_eq!(Shared::of_secret(&less), Err(SharedError(name)));
        }
        let folder = tempfile::tempdir().unwrap();
        let made = crate::run::self_made(folder.path(), &[]);
        assert!(made.adopt(&shared.authority).unwrap());
        assert!(!made.adopt(&shared.authority).unwrap(), "the same again is no change");
        assert_eq!(made.bundle(1_800_000_001).unwrap(), shared.authority.certificate);
        let other = MadeAuthority::new(1_800_000_000).unwrap();
        let mixed = MadeAuthority { key: other.key, ..shared.authority.clone() };
        assert!(made.adopt(&mixed).is_err());
        assert_eq!(made.bundle(1_800_000_001).unwrap(), shared.authority.certificate, "it stays as it was");
    }
}
