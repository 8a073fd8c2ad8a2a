//! One state of all policies, and a request held against it.

use std::collections::BTreeSet;
use std::sync::Arc;

use haechi_objects::{Object, objects};
use haechi_policy::cel::CelEngine;
use haechi_policy::gatekeeper::{EnforcementPoint, Gatekeeper};
use haechi_policy::pss::{NamespacePolicy, PodSecurity, Standards};
use haechi_policy::{
    Engine, FailMode, Inventory, LoadError, Outcome, Policies, PolicyDocument, PolicyEngines, PolicyInfo,
    Request, Verdict,
};
use haechi_report::Texts;
use haechi_syntax::Document;

use super::{AdmissionSettings, Answer, Enforcement, Review, ReviewError, checks};

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Whether the object may be stored.
    Validate,
    /// What it should be changed to.
    Mutate,
}

impl Phase {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Validate => "validate",
            Phase::Mutate => "mutate",
        }
    }
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct ReadFile {
    /// As the user named it.
    pub(super) path: Arc<str>,
    pub(super) documents: Vec<Document>,
}

/// One state of all policies. Immutable; the next one takes its place as a whole.
#[derive(Debug)]
pub struct Generation {
    number: u64,
    settings: Arc<AdmissionSettings>,
    files: Vec<Arc<ReadFile>>,
    cluster: Vec<Arc<ReadFile>>,
    policies: Policies,
    infos: Vec<PolicyInfo>,
    /// Policies that compare objects with others which are not known.
    blind: BTreeSet<Arc<str>>,
}

/// The objects that policies look up, indexed.
#[derive(Debug)]
pub struct Lookups<'g> {
    parameters: Inventory<'g>,
    inventory: Inventory<'g>,
}

/// What a request came to.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) answer: Answer,
    pub(super) facts: Facts,
}

/// What is told about a request later.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) operation: &'static str,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) dry_run: bool,
}

impl Facts {
    fn of(request: &Request<'_>) -> Self {
        const LIMIT: usize = 256;
        let text = |text: &str| text.chars().take(LIMIT).collect::<String>();
        Self {
            operation: request.operation.map_or("", haechi_policy::Operation::as_str),
            kind: text(request.kind.kind),
            namespace: text(request.namespace),
            name: text(request.name),
            user: text(request.user.username),
            dry_run: request.dry_run,
        }
    }
}

impl Generation {
    /// Compiles the policies in `files`. What was refused of them comes with it.
    pub(super) fn load(
        number: u64,
        settings: &Arc<AdmissionSettings>,
        files: Vec<Arc<ReadFile>>,
        cluster: Vec<Arc<ReadFile>>,
    ) -> (Self, Vec<LoadError>) {
        let engines = PolicyEngines {
            gatekeeper: Gatekeeper {
                point: EnforcementPoint::Admission,
                rego_first: settings.rego_first,
                // The time comes with each request.
                ..Gatekeeper::default()
            },
            cel: CelEngine { with_kinds: true, ..CelEngine::default() },
            pod_security: settings.pod_security.map(|level| PodSecurity {
                standards: Standards::default(),
                // Workloads are let in, and their owners warned that the pods will not be.
                defaults: NamespacePolicy { enforce: level, warn: level, ..NamespacePolicy::default() },
                templates: settings.templates.clone(),
            }),
        };
        let all: Vec<PolicyDocument<'_>> = documents(&files).chain(documents(&cluster)).collect();
        // Namespaces of the cluster say by their labels what holds in them; policies are what lies with the policies.
        let documents: Vec<PolicyDocument<'_>> = documents(&files)
            .chain(all.iter().filter(|document| document.object.is("", "Namespace")).cloned())
            .collect();
        let loaded = engines.load(&documents);
        let infos: Vec<PolicyInfo> = loaded.set.infos().collect();
        let is_blind = |info: &&PolicyInfo| info.reads_inventory && settings.inventory.is_empty();
        let blind = infos.iter().filter(is_blind).map(|info| info.policy.clone()).collect();
        let settings = settings.clone();
        (Self { number, settings, files, cluster, policies: loaded.set, infos, blind }, loaded.errors)
    }

    /// Counts up with each reload.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The policies, and how many checks are asked beside them.
    pub fn policies(&self) -> &[PolicyInfo] {
        &self.infos
    }

    /// What it was made with.
    pub fn settings(&self) -> &AdmissionSettings {
        &self.settings
    }

    /// Indexes what policies look up.
    pub fn lookups(&self) -> Lookups<'_> {
        Lookups {
            parameters: Inventory::new(
                documents(&self.files).chain(documents(&self.cluster)).map(|document| document.object),
            ),
            inventory: Inventory::new(documents(&self.cluster).map(|document| document.object)),
        }
    }

    /// Whether nothing is asked in the namespace of a review.
    pub fn exempts(&self, review: &Review) -> bool {
        self.settings.exempt.contains(review.namespace())
    }

    /// Holds a request against everything that a phase asks.
    pub(super) fn judge(
        &self,
        lookups: &Lookups<'_>,
        review: &Review,
        phase: Phase,
        now_ns: i64,
        texts: &Texts,
    ) -> Result<Judged, ReviewError> {
        let mut request = review.request(&lookups.inventory)?;
        request.parameters = &lookups.parameters;
        request.namespace_object = namespace_of(lookups, &request);
        let mut verdicts = Vec::new();
        let patches = match phase {
            Phase::Validate => {
                self.policies.validate(&request, Some(now_ns), &mut verdicts);
                let AdmissionSettings { checks, templates, check_options, .. } = &*self.settings;
                checks::judge(checks, &request, templates, check_options, texts, &mut verdicts);
                Vec::new()
            }
            Phase::Mutate => self.policies.mutate(&request, &mut verdicts),
        };
        for verdict in &mut verdicts {
            self.adjust(verdict);
        }
        Ok(Judged { answer: Answer::of(&verdicts, patches, texts), facts: Facts::of(&request) })
    }

    /// What the settings say goes before the policy's own words.
    fn adjust(&self, verdict: &mut Verdict) {
        if matches!(verdict.outcome, Outcome::Pass | Outcome::Violation(_))
            && self.blind.contains(&verdict.policy)
        {
            let message = "it compares the object with others of the cluster, which are not known here";
            verdict.outcome = Outcome::Error { message: message.into(), fail_mode: FailMode::Fail };
        }
        let Some(set) = self.settings.overrides.get(&*verdict.policy) else { return };
        if let Some(enforcement) = set.enforcement
            && !matches!(verdict.outcome, Outcome::NotApplicable(_))
        {
            verdict.actions = enforcement.actions();
        }
        if let (Some(mode), Outcome::Error { fail_mode, .. }) = (set.on_error, &mut verdict.outcome) {
            *fail_mode = mode;
        }
    }

    /// All that a phase asks, each with whether the request is refused when it cannot be asked.
    pub(super) fn asked(&self, phase: Phase) -> Vec<(&str, bool)> {
        let wanted = self.infos.iter().filter(|info| info.mutates == (phase == Phase::Mutate));
        let mut asked: Vec<(&str, bool)> = wanted
            .map(|info| {
                let set = self.settings.overrides.get(&*info.policy).copied().unwrap_or_default();
                let denies = set.enforcement.map_or(info.denies, |word| word == Enforcement::Deny);
                (&*info.policy, denies && set.on_error.unwrap_or(info.fail_mode) == FailMode::Fail)
            })
            .collect();
        if phase == Phase::Validate {
            if self.settings.pod_security.is_some() {
                asked.push(("pod-security", true));
            }
            asked.extend(self.settings.checks.iter().map(|chosen| {
                let is_closed = chosen.enforcement == Enforcement::Deny && chosen.on_error == FailMode::Fail;
                (chosen.check.info.slug, is_closed)
            }));
        }
        asked
    }

    /// Settings that name a policy which is not there.
    pub(super) fn unknown_overrides(&self) -> impl Iterator<Item = &str> {
        let is_known = |name: &str| {
            name == "pod-security"
                || self.infos.iter().any(|info| &*info.policy == name)
                || self.settings.checks.iter().any(|chosen| chosen.policy() == name)
        };
        self.settings.overrides.keys().map(String::as_str).filter(move |name| !is_known(name))
    }
}

/// The Namespace of a request where it is known: of a request about a namespace, that namespace as it will be.
fn namespace_of<'d>(lookups: &Lookups<'d>, request: &Request<'d>) -> Option<Object<'d>> {
    if request.namespace.is_empty() {
        return None;
    }
    if request.kind.group.is_empty() && request.kind.kind == "Namespace" {
        return request.object.or(request.old_object);
    }
    lookups.inventory.get("v1", "Namespace", None, request.namespace)
}

fn documents(files: &[Arc<ReadFile>]) -> impl Iterator<Item = PolicyDocument<'_>> {
    files.iter().flat_map(|file| {
        let documents = file.documents.iter().flat_map(|document| objects(document).objects);
        documents.map(|object| PolicyDocument { path: file.path.clone(), object })
    })
}
