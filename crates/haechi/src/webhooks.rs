//! What the API server is told about the service, kept current by the service itself: the authority in the webhook
//! configurations, and the Secret that instances share one authority in.
//!
//! When the authority is to be followed by the next one, the API server is told first, then the other instances, and only then is
//! it used here: at no time does anybody show a certificate that is not trusted.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use haechi_serve::bundle::{Needed, Shared, needed};
use haechi_serve::clock::now_s;
use haechi_serve::companion::{Beside, Companion};
use haechi_serve::listen::{MadeAuthority, SelfMade, last_of_chain};
use haechi_serve::webhook::{keep_key, path_key};
use haechi_sources::cluster::{Cluster, Written};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(20);
/// Time after which it is tried again when somebody else was first.
const AGAIN: Duration = Duration::from_secs(2);
/// Looks after which it is told that others were always first.
const PATIENCE: u32 = 3;
/// Attempts to share a Secret, each after somebody else was first.
const ATTEMPTS: u32 = 5;

/// The lists that webhook configurations are in.
const LISTS: [&str; 2] = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

/// A Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretPlace {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl SecretPlace {
    /// `NAMESPACE/NAME`
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = |part: &str| {
            let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
            !part.is_empty() && part.len() <= 253 && part.chars().all(is_known)
        };
        let (namespace, name) = text.split_once('/')?;
        (fits(namespace) && fits(name))
            .then(|| Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    fn list(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets", self.namespace)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.list(), self.name)
    }

    /// What instances share: what the Secret holds, or what this one has, which it then holds.
    fn share(&self, cluster: &Cluster, mine: &dyn Fn() -> Result<Shared, String>) -> Result<Shared, String> {
        let told =
            |error: &dyn std::fmt::Display| format!("Secret {}/{}: {error}", self.namespace, self.name);
        for _ in 0..ATTEMPTS {
            let Some(secret) = cluster.object(&self.path()).map_err(|error| told(&error))? else {
                let shared = mine()?;
                let made = shared.secret(&self.namespace, &self.name, None);
                match cluster.create(&self.list(), &made).map_err(|error| told(&error))? {
                    Written::Done => return Ok(shared),
                    Written::Beaten => continue,
                }
            };
            return Shared::of_secret(&secret).map_err(|error| told(&error));
        }
        Err(told(&"others were always first"))
    }

    /// Puts an authority in the place of another one; `false` where somebody was first.
    fn replace(&self, cluster: &Cluster, old: &Shared, new: &Shared) -> Result<bool, String> {
        let told =
            |error: &dyn std::fmt::Display| format!("Secret {}/{}: {error}", self.namespace, self.name);
        let Some(secret) = cluster.object(&self.path()).map_err(|error| told(&error))? else {
            return Ok(false);
        };
        if Shared::of_secret(&secret).as_ref() != Ok(old) {
            return Ok(false);
        }
        let version = secret.pointer("/metadata/resourceVersion").and_then(serde_json::Value::as_str);
        let made = new.secret(&self.namespace, &self.name, version);
        let written = cluster.replace(&self.path(), &made).map_err(|error| told(&error))?;
        Ok(written == Written::Done)
    }
}

/// Takes over what instances share, before anything is served.
pub(crate) fn take_over(cluster: &Cluster, place: &SecretPlace, data: &Path) -> Result<(), String> {
    let made = haechi_serve::run::self_made(data, &[]);
    let mine = || {
        let authority = made.made(now_s()).map_err(|error| error.to_string())?;
        Ok(Shared { authority, key: path_key(data).map_err(|error| error.to_string())? })
    };
    let shared = place.share(cluster, &mine)?;
    made.adopt(&shared.authority).map_err(|error| error.to_string())?;
    keep_key(data, &shared.key).map_err(|error| error.to_string())
}

/// Where the authority comes from.
pub(crate) enum Origin {
    /// Our own making, and the Secret that it is shared in.
    Made(SelfMade, Option<SecretPlace>),
    /// The chain of a certificate that was given.
    Given(PathBuf),
}

/// Keeps webhook configurations current.
pub(crate) struct WebhookKeeper {
    pub(crate) cluster: Cluster,
    /// The name of both configurations; none where only the Secret is looked after.
    pub(crate) name: Option<String>,
    pub(crate) data: PathBuf,
    pub(crate) origin: Origin,
}

impl Companion for WebhookKeeper {
    fn name(&self) -> String {
        "webhook configurations".to_owned()
    }

    fn run(self: Box<Self>, beside: &Beside) {
        let (mut looked, mut beaten): (Option<Instant>, u32) = (None, 0);
        while !beside.must_stop() {
            let pause = if beaten > 0 { AGAIN } else { EVERY };
            if looked.is_none_or(|looked| looked.elapsed() >= pause) {
                let wrong = match self.look() {
                    Ok(Written::Done) => {
                        beaten = 0;
                        None
                    }
                    Ok(Written::Beaten) => {
                        beaten += 1;
                        (beaten > PATIENCE).then(|| "others always change them first".to_owned())
                    }
                    Err(wrong) => Some(wrong),
                };
                beside.tell(wrong);
                looked = Some(Instant::now());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl WebhookKeeper {
    fn look(&self) -> Result<Written, String> {
        let (made, place) = match &self.origin {
            Origin::Given(chain) => {
                return self.tell(&last_of_chain(chain).map_err(|error| error.to_string())?);
            }
            Origin::Made(made, place) => (made, place.as_ref()),
        };
        let mine = || {
            let authority = made.made(now_s()).map_err(|error| error.to_string())?;
            Ok::<_, String>(Shared {
                authority,
                key: path_key(&self.data).map_err(|error| error.to_string())?,
            })
        };
        let shared = match place {
            Some(place) => place.share(&self.cluster, &mine)?,
            None => mine()?,
        };
        let mut authority = shared.authority.clone();
        let mut written = self.tell(&authority.certificate)?;
        if authority.is_late(now_s()) && written == Written::Done {
            let next = MadeAuthority::new(now_s()).map_err(|error| error.to_string())?;
            written = self.tell(&next.certificate)?;
            let is_ours = match (written, place) {
                (Written::Beaten, _) => false,
                (Written::Done, None) => true,
                (Written::Done, Some(place)) => {
                    let new = Shared { authority: next.clone(), key: shared.key.clone() };
                    place.replace(&self.cluster, &shared, &new)?
                }
            };
            if is_ours {
                authority = next;
            } else {
                // Whoever was first has made the next one: it is taken over at the next look.
                return Ok(Written::Beaten);
            }
        }
        // Its certificates are shown from the next look at them on.
        made.adopt(&authority).map_err(|error| error.to_string())?;
        Ok(written)
    }

    /// Tells both configurations to trust an authority, in PEM.
    fn tell(&self, authority: &str) -> Result<Written, String> {
        let Some(name) = &self.name else { return Ok(Written::Done) };
        let (mut written, mut missing) = (Written::Done, Vec::new());
        for list in LISTS {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{list}/{name}");
            let told = |error: &dyn std::fmt::Display| format!("{list} {name}: {error}");
            let Some(configuration) = self.cluster.object(&path).map_err(|error| told(&error))? else {
                missing.push(list);
                continue;
            };
            match needed(&configuration, authority) {
                Needed::Nothing => {}
                Needed::NoneOfOurs => return Err(told(&"no webhook in it leads to us")),
                Needed::Steps(steps) => {
                    if self.cluster.patch(&path, &steps).map_err(|error| told(&error))? == Written::Beaten {
                        written = Written::Beaten;
                    }
                }
            }
        }
        // One of the two may be all that somebody wants; none at all is a mistake.
        match missing.len() == LISTS.len() {
            true => Err(format!("there is no webhook configuration `{name}`")),
            false => Ok(written),
        }
    }
}
