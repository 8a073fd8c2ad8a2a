use std::collections::{HashMap, HashSet};

use haechi_objects::{LabelSelector, Labels, Object, Pod, PodTemplates, SelectorOperator};
use haechi_syntax::Node;

mod entrances;

/// All objects of a scan, for checks that look beyond one of them.
///
/// An object without a namespace goes where it is applied to, which the files do not tell: it is taken to be in any
/// namespace, so that nothing is called missing for want of that word.
#[derive(Debug, Default)]
pub struct Inventory<'d> {
    objects: Vec<Object<'d>>,
    by_kind: HashMap<(&'d str, &'d str), Vec<u32>>,
    by_name: HashMap<(&'d str, &'d str, &'d str), Vec<u32>>,
    pods: Vec<PodSource<'d>>,
    /// Sources of pods by each label of the pods.
    by_label: HashMap<(&'d str, &'d str), Vec<u32>>,
    services: Selecting<'d>,
    network_policies: Selecting<'d>,
    disruption_budgets: Selecting<'d>,
    /// Ingresses and routes by the name of a Service that they lead to, with its namespace.
    by_target: HashMap<&'d str, Vec<(u32, Option<&'d str>)>>,
    /// Patches of kustomizations by what they are a part of.
    parts: HashMap<(&'d str, &'d str, &'d str), Vec<Pod<'d>>>,
    /// (kind, name) of objects that something in the scan makes, without a manifest of their own.
    generated: HashSet<(&'static str, String)>,
}

/// An object that runs pods.
#[derive(Debug, Clone, Copy)]
pub struct PodSource<'d> {
    /// The object.
    pub object: Object<'d>,
    /// The labels that its pods get.
    pub labels: Labels<'d>,
    /// Its pod, unless its template lacks a spec, which the API server refuses.
    pub pod: Option<Pod<'d>>,
}

/// Objects that select pods by labels.
#[derive(Debug, Default)]
struct Selecting<'d> {
    entries: Vec<(Object<'d>, LabelSelector<'d>)>,
    /// Entries by one label that they demand, and those that demand none.
    by_label: HashMap<(&'d str, &'d str), Vec<u32>>,
    others: Vec<u32>,
}

/// Whether objects with these `metadata.namespace` may be in one namespace.
pub fn may_share_namespace(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

impl<'d> Inventory<'d> {
    /// Indexes `objects`.
    pub fn new(objects: impl IntoIterator<Item = Object<'d>>, templates: &PodTemplates) -> Self {
        let mut inventory = Self::default();
        for object in objects {
            inventory.add(object, templates);
        }
        inventory
    }

    fn add(&mut self, object: Object<'d>, templates: &PodTemplates) {
        let id = number(self.objects.len());
        let (group, kind) = (object.group(), object.kind());
        self.objects.push(object);
        self.by_kind.entry((group, kind)).or_default().push(id);
        self.by_name.entry((group, kind, object.name())).or_default().push(id);
        if templates.runs_pods(object) {
            let pod = templates.pod(object);
            let labels = match pod {
                Some(pod) => pod.labels(),
                None => Labels::new(object.node().at(&["spec", "template", "metadata", "labels"])),
            };
            let id = number(self.pods.len());
            self.pods.push(PodSource { object, labels, pod });
            for label in labels.iter() {
                self.by_label.entry(label).or_default().push(id);
            }
        }
        let selecting = match (group, kind) {
            ("", "Service") => {
                let selector = object.spec().and_then(|spec| spec.get("selector"));
                // A Service without a selector selects nothing; its endpoints are made by hand.
                if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
                    self.services.add(object, LabelSelector::from_map(selector).ok());
                }
                None
            }
            ("networking.k8s.io", "NetworkPolicy") => Some((&mut self.network_policies, "podSelector")),
            ("policy", "PodDisruptionBudget") => Some((&mut self.disruption_budgets, "selector")),
            _ => None,
        };
        if let Some((selecting, field)) = selecting
            && let Some(spec) = object.spec()
        {
            // An absent podSelector is an empty one, which selects all pods; an absent selector of a budget none.
            match spec.get(field) {
                Some(selector) => selecting.add(object, LabelSelector::parse(selector).ok()),
                None if field == "podSelector" => selecting.add(object, Some(LabelSelector::default())),
                None => {}
            }
        }
        for target in entrances::targets(object) {
            let entries = self.by_target.entry(target.name).or_default();
            // An Ingress may name a Service once for each of its paths.
            if entries.last() != Some(&(id, target.namespace)) {
                entries.push((id, target.namespace));
            }
        }
        self.note_generated(object);
    }

    /// Kinds of controllers that make Secrets, ConfigMaps and accounts of a known name.
    fn note_generated(&mut self, object: Object<'d>) {
        let text = |path: &[&str]| object.node().at(path).and_then(Node::as_str);
        let secret = match (object.group(), object.kind()) {
            ("cert-manager.io", "Certificate") => text(&["spec", "secretName"]),
            ("external-secrets.io", "ExternalSecret") => {
                text(&["spec", "target", "name"]).or(Some(object.name()))
            }
            ("bitnami.com", "SealedSecret") => {
                text(&["spec", "template", "metadata", "name"]).or(Some(object.name()))
            }
            ("ricoberger.de", "VaultSecret") => Some(object.name()),
            ("secrets.hashicorp.com", _) => text(&["spec", "destination", "name"]),
            // OpenShift's service CA fills the Secret that the annotation names.
            ("", "Service") => {
                SERVING_CERTIFICATE.iter().find_map(|key| object.annotation(key).and_then(Node::as_str))
            }
            ("networking.k8s.io", "Ingress") => {
                // cert-manager's ingress-shim fills the Secrets that an annotated Ingress names.
                if object.annotation("cert-manager.io/cluster-issuer").is_some()
                    || object.annotation("cert-manager.io/issuer").is_some()
                {
                    let tls = object.spec().and_then(|spec| spec.get("tls"));
                    for entry in tls.map(Node::items).into_iter().flatten() {
                        if let Some(name) = entry.get("secretName").and_then(Node::as_str) {
                            self.generated.insert(("Secret", name.to_owned()));
                        }
                    }
                }
                None
            }
            ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
                let made = object.spec().and_then(|spec| spec.get("secretObjects"));
                for entry in made.map(Node::items).into_iter().flatten() {
                    if let Some(name) = entry.get("secretName").and_then(Node::as_str) {
                        self.generated.insert(("Secret", name.to_owned()));
                    }
                }
                None
            }
            _ => None,
        };
        if let Some(name) = secret {
            self.generated.insert(("Secret", name.to_owned()));
        }
    }

    /// Notes that something in the scan makes an object of that kind and name, for instance a kustomization's
    /// generator.
    pub fn note(&mut self, kind: &'static str, name: &str) {
        self.generated.insert((kind, name.to_owned()));
    }

    /// Notes a patch of a kustomization: a part of an object that is no object itself. What it adds is not missing.
    pub fn note_part(&mut self, part: Object<'d>, templates: &PodTemplates) {
        if let Some(pod) = templates.pod(part) {
            self.parts.entry((part.group(), part.kind(), part.name())).or_default().push(pod);
        }
    }

    /// The ports that a pod's containers declare, by its own manifest or by a patch of it.
    pub fn declared_ports<'s>(&'s self, pod: Pod<'d>) -> impl Iterator<Item = Node<'d>> + use<'s, 'd> {
        let object = pod.object();
        let parts = match self.parts.is_empty() {
            true => None,
            false => self.parts.get(&(object.group(), object.kind(), object.name())),
        };
        std::iter::once(pod)
            .chain(parts.into_iter().flatten().copied())
            .flat_map(Pod::containers)
            .flat_map(|container| container.node().get("ports").map(Node::items).into_iter().flatten())
    }

    /// All objects, in the order of the scan.
    pub fn objects(&self) -> &[Object<'d>] {
        &self.objects
    }

    /// The objects of a kind.
    pub fn of_kind<'s>(
        &'s self,
        group: &'s str,
        kind: &'s str,
    ) -> impl Iterator<Item = Object<'d>> + use<'s, 'd> {
        let ids = self.by_kind.get(&(group, kind)).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.objects.get(*id as usize).copied())
    }

    /// Whether there is an object of a kind that may be in that namespace.
    pub fn holds(&self, group: &str, kind: &str, namespace: Option<&str>) -> bool {
        self.of_kind(group, kind).any(|object| may_share_namespace(object.namespace(), namespace))
    }

    /// Whether there is an object of a kind that names that namespace, or that names none as well.
    pub fn holds_beside(&self, group: &str, kind: &str, namespace: Option<&str>) -> bool {
        self.of_kind(group, kind).any(|object| object.namespace() == namespace)
    }

    /// The objects of that kind and name that may be in that namespace.
    pub fn named<'s>(
        &'s self,
        group: &'s str,
        kind: &'s str,
        namespace: Option<&'s str>,
        name: &'s str,
    ) -> impl Iterator<Item = Object<'d>> + use<'s, 'd> {
        let ids = self.by_name.get(&(group, kind, name)).map(Vec::as_slice).unwrap_or_default();
        ids.iter()
            .filter_map(|id| self.objects.get(*id as usize).copied())
            .filter(move |object| may_share_namespace(object.namespace(), namespace))
    }

    /// Whether there is, or something makes, an object of that kind and name that may be in that namespace.
    pub fn has(&self, group: &str, kind: &'static str, namespace: Option<&str>, name: &str) -> bool {
        self.named(group, kind, namespace, name).next().is_some()
            || (group.is_empty() && self.is_made(kind, name))
    }

    /// Whether something in the scan makes an object of that kind and name.
    pub fn is_made(&self, kind: &'static str, name: &str) -> bool {
        // Asked rarely: an owned key is no cost.
        !self.generated.is_empty() && self.generated.contains(&(kind, name.to_owned()))
    }

    /// All that runs pods.
    pub fn pods(&self) -> &[PodSource<'d>] {
        &self.pods
    }

    /// What runs pods that `selector` selects and that may be in that namespace.
    pub fn selected<'s>(
        &'s self,
        selector: &'s LabelSelector<'_>,
        namespace: Option<&'s str>,
    ) -> impl Iterator<Item = PodSource<'d>> + 's {
        let selector = without_controllers(selector);
        let ids = selector
            .requirements
            .iter()
            .find(|requirement| requirement.operator == SelectorOperator::In && requirement.values.len() == 1)
            .map(|requirement| {
                let value = requirement.values.first().copied().unwrap_or_default();
                self.by_label.get(&(requirement.key, value)).map(Vec::as_slice).unwrap_or_default()
            });
        let (some, all) = match ids {
            Some(ids) => (ids, 0),
            None => (&[][..], self.pods.len()),
        };
        some.iter()
            .map(|id| *id as usize)
            .chain(0..all)
            .filter_map(|id| self.pods.get(id).copied())
            .filter(move |pod| may_share_namespace(pod.object.namespace(), namespace))
            .filter(move |pod| selector.matches(pod.labels))
    }

    /// The Services that select pods with these labels in that namespace.
    pub fn services_of<'s>(
        &'s self,
        labels: Labels<'s>,
        namespace: Option<&'s str>,
    ) -> impl Iterator<Item = Object<'d>> + 's {
        self.services.of(labels, namespace)
    }

    /// The NetworkPolicies that select pods with these labels in that namespace.
    pub fn network_policies_of<'s>(
        &'s self,
        labels: Labels<'s>,
        namespace: Option<&'s str>,
    ) -> impl Iterator<Item = Object<'d>> + 's {
        self.network_policies.of(labels, namespace)
    }

    /// The PodDisruptionBudgets that select pods with these labels in that namespace.
    pub fn disruption_budgets_of<'s>(
        &'s self,
        labels: Labels<'s>,
        namespace: Option<&'s str>,
    ) -> impl Iterator<Item = Object<'d>> + 's {
        self.disruption_budgets.of(labels, namespace)
    }

    /// The Ingresses and routes that lead to a Service of that name which may be in that namespace.
    pub fn leading_to<'s>(
        &'s self,
        namespace: Option<&'s str>,
        service: &'s str,
    ) -> impl Iterator<Item = Object<'d>> + use<'s, 'd> {
        let entries = self.by_target.get(service).map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .filter(move |(_, of)| may_share_namespace(*of, namespace))
            .filter_map(|(id, _)| self.objects.get(*id as usize).copied())
    }

    /// The HorizontalPodAutoscalers that scale `target`.
    pub fn autoscalers_of<'s>(&'s self, target: Object<'s>) -> impl Iterator<Item = Object<'d>> + 's {
        self.of_kind("autoscaling", "HorizontalPodAutoscaler").filter(move |autoscaler| {
            let of_target =
                |field: &str| autoscaler.node().at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str);
            of_target("kind") == Some(target.kind())
                && of_target("name") == Some(target.name())
                && may_share_namespace(autoscaler.namespace(), target.namespace())
        })
    }
}

impl<'d> Selecting<'d> {
    /// A selector that the API server refuses selects nothing.
    fn add(&mut self, object: Object<'d>, selector: Option<LabelSelector<'d>>) {
        let Some(selector) = selector else { return };
        let id = number(self.entries.len());
        let demanded = selector.requirements.iter().find_map(|requirement| {
            match (requirement.operator, requirement.values.as_slice()) {
                (SelectorOperator::In, [value]) => Some((requirement.key, *value)),
                _ => None,
            }
        });
        match demanded {
            Some(label) => self.by_label.entry(label).or_default().push(id),
            None => self.others.push(id),
        }
        self.entries.push((object, selector));
    }

    fn of<'s>(
        &'s self,
        labels: Labels<'s>,
        namespace: Option<&'s str>,
    ) -> impl Iterator<Item = Object<'d>> + 's {
        labels
            .iter()
            .flat_map(|label| self.by_label.get(&label).map(Vec::as_slice).unwrap_or_default())
            .chain(&self.others)
            .filter_map(|id| self.entries.get(*id as usize))
            .filter(move |(object, selector)| {
                may_share_namespace(object.namespace(), namespace) && selector.matches(labels)
            })
            .map(|(object, _)| *object)
    }
}

const SERVING_CERTIFICATE: &[&str] = &[
    "service.beta.openshift.io/serving-cert-secret-name",
    "service.alpha.openshift.io/serving-cert-secret-name",
];

/// Labels that controllers give their pods, which no template holds.
const OF_CONTROLLERS: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// The selector as far as templates can tell: one pod of a StatefulSet is selected by a label that its template lacks.
fn without_controllers<'d>(selector: &LabelSelector<'d>) -> LabelSelector<'d> {
    let mut selector = selector.clone();
    selector.requirements.retain(|requirement| !OF_CONTROLLERS.contains(&requirement.key));
    selector
}

/// Scans hold far fewer than four thousand million objects; more than that would be the last ones, found by no index.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
