//! `network/nca`: queries about policies (equivalence, containment, redundancy …) with counts, and connectivity maps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use haechi_network::audit::{Audit, Part, Relation};
use haechi_network::ip::{Family, IpSet};
use haechi_network::read::{Options, Snapshot};
use haechi_network::world::{Direction, EndpointKind, Layer, MeshMode, PeerExpr, Policy, World};
use haechi_network::{Profile, Space, Tri};
use haechi_syntax::{Limits, Node, parse};
use serde_json::Value as Json;

use super::npguard::collect;
use super::{Documents, field};
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite = Suite { name: "network/nca", needs: "network/nca/index.jsonl", run };

const PROFILE: Profile = Profile {
    name: "nca",
    blocks_match_nodes: Tri::No,
    blocks_match_pods: Tri::No,
    host_network_as_pod: true,
    loopback_always: false,
    node_always: false,
    mesh_addresses_match_pods: Tri::No,
    names_have_addresses: false,
    ..Profile::STRICT
};

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/nca");
    let mut outcome = Outcome::default();
    let mut schemes: BTreeMap<String, std::result::Result<Scheme, String>> = BTreeMap::new();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let id = field(&row, "id")?;
        let path = field(&row, "scheme")?;
        if !schemes.contains_key(path) {
            let scheme = Scheme::read(&folder, path).map_err(|error| format!("{error:#}"));
            schemes.insert(path.to_owned(), scheme);
        }
        match schemes.get(path) {
            Some(Ok(scheme)) => match scheme.answer(field(&row, "query")?) {
                Ok(Answer::Judged(difference)) => outcome.judge(id, difference),
                Ok(Answer::Apart(reason)) => outcome.apart.push((id.to_owned(), reason)),
                Err(error) => outcome.judge(id, Some(format!("{error:#}"))),
            },
            Some(Err(error)) => outcome.judge(id, Some(error.clone())),
            None => {}
        }
    }
    outcome.shares = shares(&json_lines(&folder.join("index.jsonl"))?, &outcome)?;
    Ok(outcome)
}

/// Right and judged cases of each of the three kinds of policies.
fn shares(rows: &[Json], outcome: &Outcome) -> Result<Vec<(String, usize, usize)>> {
    let mut shares = Vec::new();
    for (name, layer) in [
        ("k8s", "k8s_testcases"),
        ("calico", "calico_testcases"),
        ("istio", "istio_testcases"),
        ("rules", "fw_rules_tests"),
    ] {
        let (mut right, mut total) = (0, 0);
        for row in rows {
            let id = field(row, "id")?;
            if field(row, "layer")? != layer || outcome.apart.iter().any(|(case, _)| case == id) {
                continue;
            }
            total += 1;
            right += usize::from(!outcome.wrong.iter().any(|wrong| wrong.case == id));
        }
        shares.push((name.to_owned(), right, total));
    }
    Ok(shares)
}

enum Answer {
    Judged(Option<String>),
    Apart(String),
}

struct Scheme {
    configs: BTreeMap<String, Config>,
    queries: Vec<Json>,
}

#[derive(Clone)]
struct Config {
    snapshot: Snapshot,
    problem: Option<String>,
}

impl Config {
    fn world(&self) -> &World {
        &self.snapshot.world
    }
}

fn to_json(node: Node<'_>) -> Json {
    use haechi_syntax::Value;
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Uint(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::String(text) => text.into(),
        Value::Sequence(items) => items.map(to_json).collect::<Vec<_>>().into(),
        Value::Mapping(entries) => {
            Json::Object(entries.map(|entry| (entry.key.to_owned(), to_json(entry.value))).collect())
        }
    }
}

fn texts(json: Option<&Json>) -> Option<Vec<String>> {
    match json? {
        Json::String(one) => Some(vec![one.clone()]),
        Json::Array(many) => Some(many.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

impl Scheme {
    fn read(folder: &Path, path: &str) -> Result<Self> {
        let bytes = std::fs::read(folder.join(path)).with_context(|| path.to_owned())?;
        let parsed = parse(&bytes, &Limits::default());
        let document = parsed.documents.first().ok_or_else(|| anyhow!("no document in {path}"))?;
        let scheme = to_json(document.root());
        // Inputs lie beside the schemes, under the same paths.
        let inputs = folder.join(path.replacen("open/", "inputs/", 1));
        let base = inputs.parent().unwrap_or(folder).to_owned();
        let mut configs = BTreeMap::new();
        for config in scheme.get("networkConfigList").and_then(Json::as_array).into_iter().flatten() {
            let name = config.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
            configs.insert(name, Self::config(&base, &scheme, config)?);
        }
        let queries = scheme.get("queries").and_then(Json::as_array).cloned().unwrap_or_default();
        Ok(Self { configs, queries })
    }

    fn config(base: &Path, scheme: &Json, config: &Json) -> Result<Config> {
        let own = |key: &str| texts(config.get(key));
        let global = |key: &str| texts(scheme.get(key));
        let mut documents = Documents::default();
        let mut problem = None;
        let resources = own("resourceList");
        let mut lists: Vec<(Vec<String>, Filter)> = Vec::new();
        lists.extend(own("networkPolicyList").map(|list| (list, Filter::Policies)));
        lists.extend(resources.clone().map(|list| (list, Filter::Policies)));
        // A config's own topology stands for the global one, kind by kind.
        for (key, filter) in [("namespaceList", Filter::Namespaces), ("podList", Filter::Pods)] {
            let mut found = own(key);
            if found.is_none() && resources.as_ref().is_some_and(|list| has(base, list, filter)) {
                found = resources.clone();
            }
            let found = found.or_else(|| global(key)).or_else(|| global("resourceList"));
            lists.extend(found.map(|list| (list, filter)));
        }
        let mut snapshot = Documents::default();
        std::mem::swap(&mut snapshot, &mut documents);
        let mut all = snapshot;
        for (list, filter) in lists {
            for file in files(base, &list) {
                match file {
                    Ok(file) => {
                        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
                        all.add_filtered(&file.to_string_lossy(), &bytes, &|kind| filter.wants(kind));
                    }
                    Err(missing) => problem = Some(missing),
                }
            }
        }
        let snapshot = all.read(&Options {
            profile: PROFILE,
            lenient: true,
            sidecar_hosts_only: true,
            mesh_root: "istio-config".to_owned(),
            ..Options::default()
        });
        Ok(Config { snapshot: replicate(snapshot), problem })
    }
}

/// Workloads become as many pods as they ask for; of pods that are alike two are kept, as there.
fn replicate(mut snapshot: Snapshot) -> Snapshot {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut endpoints = Vec::new();
    for endpoint in std::mem::take(&mut snapshot.world.endpoints) {
        let key = format!("{endpoint} {:?} {:?}", endpoint.labels, endpoint.profiles);
        let is_many = endpoint.pod.is_empty() && endpoint.kind == EndpointKind::Pod;
        let count = if is_many { endpoint.replicas.min(2) } else { 1 };
        for _ in 0..count {
            let seen = kept.entry(key.clone()).or_insert(0);
            *seen += 1;
            if *seen <= 2 {
                endpoints.push(endpoint.clone());
            }
        }
    }
    // There every pod has a proxy as soon as something speaks of a mesh.
    for endpoint in endpoints.iter_mut().filter(|of| of.kind != EndpointKind::Name) {
        endpoint.mesh = MeshMode::Sidecar;
    }
    snapshot.world.endpoints = endpoints;
    snapshot
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    Policies,
    Namespaces,
    Pods,
}

impl Filter {
    fn wants(self, kind: &str) -> bool {
        let kind = kind.strip_suffix("List").unwrap_or(kind);
        let is_namespace = kind == "Namespace";
        let is_pod = matches!(
            kind,
            "Pod"
                | "Deployment"
                | "ReplicaSet"
                | "StatefulSet"
                | "DaemonSet"
                | "Job"
                | "CronJob"
                | "ReplicationController"
                | "HostEndpoint"
                | "WorkloadEndpoint"
                | "ServiceAccount"
                | "Service"
                | "NetworkSet"
                | "GlobalNetworkSet"
                | "ServiceEntry"
                | "ConfigMap"
        );
        match self {
            Filter::Namespaces => is_namespace || kind.is_empty(),
            Filter::Pods => is_pod || kind.is_empty(),
            Filter::Policies => !is_namespace && !is_pod,
        }
    }
}

fn has(base: &Path, list: &[String], filter: Filter) -> bool {
    files(base, list).into_iter().flatten().any(|file| {
        let Ok(bytes) = std::fs::read(&file) else { return false };
        let parsed = parse(&bytes, &Limits::default());
        parsed.documents.iter().any(|document| {
            let found = haechi_objects::objects(document);
            found.objects.iter().any(|object| filter.wants(object.kind()))
        })
    })
}

/// The files that an entry names: a file, a folder, a folder with everything below (`**`).
fn files(base: &Path, list: &[String]) -> Vec<std::result::Result<PathBuf, String>> {
    let mut found = Vec::new();
    for entry in list {
        if entry.starts_with("http") || entry == "k8s" || entry == "calico" || entry == "istio" {
            found.push(Err(format!("`{entry}` is not on this machine")));
            continue;
        }
        let is_deep = entry.ends_with("**");
        let path = base.join(entry.trim_end_matches("**"));
        if path.is_dir() {
            let mut below = Vec::new();
            if collect(&path, &mut below).is_ok() {
                below.sort();
                let is_wanted = |file: &PathBuf| is_deep || file.parent() == Some(path.as_path());
                found.extend(below.into_iter().filter(is_wanted).map(Ok));
            }
        } else if path.is_file() {
            found.push(Ok(path));
        } else {
            found.push(Err(format!("no {entry}")));
        }
    }
    found
}

/// One config, or one policy of it.
struct Asked<'s> {
    config: &'s Config,
    policies: Vec<usize>,
}

impl Asked<'_> {
    /// That tool asks some questions of the policies of each layer by themselves.
    fn by_layer(self, kind: &str) -> Vec<Self> {
        let world = self.config.world();
        let is_of_mesh = |index: &usize| {
            let stage = world.policies.get(*index).and_then(|policy| world.stages.get(policy.stage));
            stage.is_some_and(|stage| stage.layer == Layer::Mesh)
        };
        let (of_mesh, of_network): (Vec<usize>, Vec<usize>) =
            self.policies.iter().partition(|index| is_of_mesh(index));
        if !matches!(kind, "redundancy" | "disjointness" | "sanity")
            || of_mesh.is_empty()
            || of_network.is_empty()
        {
            return vec![self];
        }
        [of_network, of_mesh].map(|policies| Self { config: self.config, policies }).into()
    }

    fn policy_list(&self) -> Vec<Policy> {
        let all = &self.config.world().policies;
        self.policies.iter().filter_map(|index| all.get(*index).cloned()).collect()
    }

    fn world(&self) -> World {
        World { policies: self.policy_list(), ..self.config.world().clone() }
    }
}

fn mentions_ipv6(policy: &Policy) -> bool {
    fn in_set(set: &IpSet) -> bool {
        // The complement of IPv4 blocks holds all of IPv6 without anybody having written it.
        set.ranges()
            .iter()
            .any(|range| range.family == Family::V6 && (range.first != 0 || range.last != u128::MAX))
    }
    fn in_peer(peer: &PeerExpr) -> bool {
        match peer {
            PeerExpr::Addresses(set) => {
                in_set(set) || set.ranges().iter().all(|range| range.family == Family::V6) && !set.is_empty()
            }
            PeerExpr::And(parts) | PeerExpr::Or(parts) => parts.iter().any(in_peer),
            PeerExpr::Not(inner) | PeerExpr::Unknown(inner, _) => in_peer(inner),
            _ => false,
        }
    }
    let rules = policy.ingress.iter().chain(&policy.egress).flatten();
    rules.into_iter().any(|rule| in_peer(&rule.peer) || in_peer(&rule.subject))
}

/// Two configs in one space of sets, so that what they allow can be compared.
struct Pair {
    first: Audit,
    second: Audit,
    space: Space,
    relations: [Relation; 2],
    same_pods: bool,
    first_within_second_pods: bool,
}

impl Pair {
    fn new(first: &Asked<'_>, second: &Asked<'_>) -> Self {
        let (one, two) = (first.world().policies, second.world().policies);
        let ipv6 = one.iter().chain(&two).any(mentions_ipv6);
        let mut first = Audit::new(Space::new(), &first.world(), PROFILE, &two, ipv6);
        let space = std::mem::take(first.engine.space());
        let mut second = Audit::new(space, &second.world(), PROFILE, &one, ipv6);
        let own = second.policies().to_vec();
        let of_second = second.relation(&own);
        let space = std::mem::take(second.engine.space());
        *first.engine.space() = space;
        let own = first.policies().to_vec();
        let of_first = first.relation(&own);
        let space = std::mem::take(first.engine.space());
        let names = |relation: &Relation| -> std::collections::BTreeSet<String> {
            relation.endpoints().map(str::to_owned).collect()
        };
        let (one, two) = (names(&of_first), names(&of_second));
        Self {
            same_pods: one == two,
            first_within_second_pods: one.is_subset(&two),
            first,
            second,
            space,
            relations: [of_first, of_second],
        }
    }

    fn is_equivalent(&mut self) -> bool {
        let [first, second] = &self.relations;
        first.is_same(&mut self.space, second)
    }

    fn is_contained(&mut self, is_turned: bool, part: Part, other: Part) -> bool {
        let [first, second] = &self.relations;
        let (first, second) = if is_turned { (second, first) } else { (first, second) };
        first.is_within(&mut self.space, part, second, other)
    }
}

impl Scheme {
    fn asked(&self, name: &str) -> Result<Asked<'_>> {
        let (config, policy) =
            name.split_once('/').map_or((name, None), |(config, policy)| (config, Some(policy)));
        let config = self.configs.get(config).with_context(|| format!("no config {config}"))?;
        let all = &config.world().policies;
        let policies = match policy {
            // Rules of profiles are left out: that tool knows of their labels only.
            None => (0..all.len())
                .filter(|index| all.get(*index).is_some_and(|policy| !config.world().is_of_endpoints(policy)))
                .collect(),
            Some(policy) => {
                let parts: Vec<&str> = policy.split('/').collect();
                let (kind, name) = match parts.as_slice() {
                    [kind, rest @ ..] if rest.len() == 2 => (Some(*kind), rest.join("/")),
                    _ => (None, policy.to_owned()),
                };
                let kind_name = |policy: &Policy| match (policy.id.kind.as_str(), &policy.stage) {
                    ("GlobalNetworkPolicy", _) => "CalicoGlobalNetworkPolicy",
                    ("NetworkPolicy", _) if policy.isolates && policy.order == 0.0 => "K8sNetworkPolicy",
                    ("NetworkPolicy", _) => "CalicoNetworkPolicy",
                    _ => "IstioAuthorizationPolicy",
                };
                let full = |policy: &Policy| match &policy.id.namespace {
                    Some(namespace) => format!("{namespace}/{}", policy.id.name),
                    None => policy.id.name.clone(),
                };
                let is_it = |policy: &Policy, is_short: bool| {
                    (if is_short { policy.id.name == name } else { full(policy) == name })
                        && kind.is_none_or(|kind| kind_name(policy) == kind)
                };
                let find = |is_short: bool| -> Vec<usize> {
                    all.iter()
                        .enumerate()
                        .filter(|(_, policy)| is_it(policy, is_short))
                        .map(|(index, _)| index)
                        .collect()
                };
                let mut found = find(false);
                if found.is_empty() {
                    found = find(true);
                }
                if found.len() != 1 {
                    return Err(anyhow!("{} policies named {name}", found.len()));
                }
                found
            }
        };
        Ok(Asked { config, policies })
    }

    fn answer(&self, name: &str) -> Result<Answer> {
        let query = self
            .queries
            .iter()
            .find(|query| query.get("name").and_then(Json::as_str) == Some(name))
            .with_context(|| format!("no query {name}"))?;
        const OTHER: [&str; 5] =
            ["name", "expected", "outputConfiguration", "expectedOutput", "expectedNotExecuted"];
        let Some((kind, names)) =
            query.as_object().into_iter().flatten().find(|(key, _)| !OTHER.contains(&key.as_str()))
        else {
            return Ok(Answer::Apart("asks nothing".to_owned()));
        };
        let names: Vec<String> = match names {
            Json::Array(list) => {
                list.iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
            }
            Json::String(one) => vec![one.clone()],
            _ => Vec::new(),
        };
        for name in &names {
            let config = name.split('/').next().unwrap_or_default();
            if let Some(problem) = self.configs.get(config).and_then(|config| config.problem.clone()) {
                return Ok(Answer::Apart(problem));
            }
        }
        if kind == "connectivityMap" {
            return Ok(Answer::Apart(
                "its count is always 0, and its text is of that tool's own rule minimiser".to_owned(),
            ));
        }
        let Some(expected) = query.get("expected").and_then(Json::as_i64) else {
            return Ok(Answer::Apart("has no count, only that tool's own text".to_owned()));
        };
        let (got, not_executed) = self.count(kind, &names)?;
        let expected_not = query.get("expectedNotExecuted").and_then(Json::as_i64).unwrap_or(0);
        let is_right = got == expected && not_executed == expected_not;
        Ok(Answer::Judged((!is_right).then(|| {
            format!("{kind}: {got} (not executed {not_executed}), expected {expected} ({expected_not})")
        })))
    }

    /// The number that the query gives, and how many of its parts could not be asked.
    fn count(&self, kind: &str, names: &[String]) -> Result<(i64, i64)> {
        let (mut total, mut not_executed) = (0, 0);
        let mut add = |(count, not): (i64, i64)| {
            total += count;
            not_executed += not;
        };
        match kind {
            "connectivityMap" => {
                for name in names {
                    self.asked(name)?;
                }
            }
            "sanity" | "vacuity" | "redundancy" | "emptiness" | "disjointness" | "allCaptured" => {
                for name in names {
                    for asked in self.asked(name)?.by_layer(kind) {
                        add((single(kind, &asked)?, 0));
                    }
                }
            }
            "containment" | "permits" | "forbids" | "interferes" => {
                let base = self.asked(names.first().context("no base config")?)?;
                for name in names.iter().skip(1) {
                    add(pair(kind, &self.asked(name)?, &base)?);
                }
            }
            "pairwiseInterferes" => {
                for first in names {
                    for second in names.iter().filter(|second| *second != first) {
                        add(pair("interferes", &self.asked(first)?, &self.asked(second)?)?);
                    }
                }
            }
            _ => {
                for (index, first) in names.iter().enumerate() {
                    for second in names.iter().skip(index + 1) {
                        add(pair(kind, &self.asked(first)?, &self.asked(second)?)?);
                    }
                }
            }
        }
        Ok((total, not_executed))
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn single(kind: &str, asked: &Asked<'_>) -> Result<i64> {
    let policies = asked.policy_list();
    let ipv6 = policies.iter().any(mentions_ipv6);
    let mut audit = Audit::new(Space::new(), &asked.world(), PROFILE, &[], ipv6);
    let own = audit.policies().to_vec();
    let is_calico = |policy: usize| {
        policies.get(policy).is_some_and(|policy| {
            policy.id.kind == "GlobalNetworkPolicy" || policy.order != 0.0 && policy.order != 1000.0
        })
    };
    Ok(match kind {
        "vacuity" => i64::from(audit.is_vacuous()),
        "emptiness" => {
            let mut total = 0;
            for policy in own {
                total += i64::from(audit.is_empty_policy(policy));
                total += count(empty_rules(&mut audit, policy, is_calico(policy)).0);
            }
            total
        }
        "redundancy" => {
            let redundant = audit.redundant_policies();
            let mut total = count(redundant.len());
            for policy in own.into_iter().filter(|policy| !redundant.contains(policy)) {
                total += count(audit.redundant_rules(policy).len());
            }
            total
        }
        "disjointness" => {
            let mut total = 0;
            for (index, first) in own.iter().enumerate() {
                for second in own.iter().take(index) {
                    let (one, two) = (audit.engine.subjects(*first), audit.engine.subjects(*second));
                    total += i64::from(one.is_some_and(|one| two.is_some_and(|two| one.intersects(two))));
                }
            }
            total
        }
        "allCaptured" => {
            // That tool counts the ingress controller as a pod where something uses it.
            let pods =
                asked.config.world().endpoints.iter().filter(|of| of.kind != EndpointKind::Name).count()
                    + usize::from(!asked.config.snapshot.entries.is_empty());
            if own.is_empty() {
                return Ok(count(pods));
            }
            let names = |direction: Direction| -> usize {
                let endpoints = audit.uncaptured(direction).into_iter();
                let names = endpoints
                    .filter_map(|index| audit.engine.world().endpoints.get(index).map(ToString::to_string));
                names.collect::<std::collections::BTreeSet<String>>().len()
            };
            count(names(Direction::Ingress) + names(Direction::Egress))
        }
        _ => sanity(&mut audit, &own, is_calico),
    })
}

/// How many rules are empty, and how many reasons there are for that.
fn empty_rules(audit: &mut Audit, policy: usize, _is_calico: bool) -> (usize, usize) {
    let is_namespaced_k8s = audit.engine.world().policies.get(policy).is_some_and(|policy| {
        policy.id.kind == "NetworkPolicy" && (policy.order == 0.0 || policy.order == 1000.0)
    });
    let empty = audit.empty_rules(policy);
    if is_namespaced_k8s {
        let without_peer = empty.iter().filter(|rule| rule.has_no_peer).count();
        return (without_peer, without_peer);
    }
    let reasons =
        empty.iter().map(|rule| usize::from(rule.has_no_peer) + usize::from(rule.has_no_subject)).sum();
    (empty.len(), reasons)
}

fn sanity(audit: &mut Audit, own: &[usize], is_calico: impl Fn(usize) -> bool) -> i64 {
    if has_conflict(audit, own) {
        return 1;
    }
    let is_vacuous = audit.is_vacuous();
    let mut issues = i64::from(is_vacuous);
    let redundant = audit.redundant_policies();
    for policy in own {
        if audit.is_empty_policy(*policy) {
            issues += 1;
            continue;
        }
        let empty: Vec<_> = audit.empty_rules(*policy);
        let (_, reasons) = empty_rules(audit, *policy, is_calico(*policy));
        issues += count(reasons);
        if is_vacuous {
            continue;
        }
        if redundant.contains(policy) {
            issues += 1;
            continue;
        }
        let redundant_rules = audit.redundant_rules(*policy);
        let is_counted =
            |rule: &&haechi_network::audit::RuleRef| !empty.iter().any(|empty| empty.rule == **rule);
        issues += count(redundant_rules.iter().filter(is_counted).count());
    }
    issues
}

/// Calico policies of equal order for the same endpoints, one with rules that allow, the other with rules that deny.
fn has_conflict(audit: &Audit, own: &[usize]) -> bool {
    use haechi_network::world::Action;
    let policies = &audit.engine.world().policies;
    let is_calico = |index: &&usize| {
        policies.get(**index).is_some_and(|policy| {
            policy.id.kind == "GlobalNetworkPolicy"
                || policy.id.kind == "NetworkPolicy" && policy.order != 0.0 && policy.order != 1000.0
        })
    };
    let calico: Vec<usize> = own.iter().filter(is_calico).copied().collect();
    let has = |policy: usize, direction: Direction, action: Action| {
        let rules = policies.get(policy).and_then(|policy| policy.rules(direction)).unwrap_or_default();
        rules.iter().enumerate().any(|(index, rule)| {
            rule.action == action
                && audit.engine.peers(policy, direction, index).is_some_and(|peers| !peers.is_empty())
        })
    };
    for (index, first) in calico.iter().enumerate() {
        for second in calico.iter().take(index) {
            let (Some(one), Some(two)) = (policies.get(*first), policies.get(*second)) else { continue };
            let (Some(one_pods), Some(two_pods)) =
                (audit.engine.subjects(*first), audit.engine.subjects(*second))
            else {
                continue;
            };
            if one.order != two.order || !one_pods.intersects(two_pods) {
                continue;
            }
            for direction in Direction::BOTH {
                let both = one.rules(direction).is_some() && two.rules(direction).is_some();
                let crossed = has(*first, direction, Action::Allow) && has(*second, direction, Action::Deny)
                    || has(*first, direction, Action::Deny) && has(*second, direction, Action::Allow);
                if both && crossed {
                    return true;
                }
            }
        }
    }
    false
}

fn same_policies(first: &Asked<'_>, second: &Asked<'_>) -> bool {
    let names = |asked: &Asked<'_>| -> Vec<String> {
        let mut names: Vec<String> = asked
            .policy_list()
            .iter()
            .map(|policy| {
                format!("{:?} {:?} {:?} {:?}", policy.id, policy.subject, rules_text(policy), policy.order)
            })
            .collect();
        names.sort();
        names
    };
    let pods = |asked: &Asked<'_>| -> Vec<String> {
        let endpoints = asked.config.world().endpoints.iter();
        endpoints.map(|of| format!("{of} {} {:?} {:?}", of.pod, of.labels, of.profiles)).collect()
    };
    names(first) == names(second) && pods(first) == pods(second)
}

fn rules_text(policy: &Policy) -> String {
    let mut text = String::new();
    for direction in Direction::BOTH {
        match policy.rules(direction) {
            None => text.push_str("none;"),
            Some(rules) => {
                for rule in rules {
                    text.push_str(&format!(
                        "{:?}{:?}{:?}{:?};",
                        rule.action, rule.peer, rule.subject, rule.traffic
                    ));
                }
            }
        }
    }
    text
}

fn pair(kind: &str, first: &Asked<'_>, second: &Asked<'_>) -> Result<(i64, i64)> {
    let mut pair = Pair::new(first, second);
    let is_spec_empty = first.policies.is_empty();
    Ok(match kind {
        "equivalence" if !pair.same_pods => (1, 1),
        "equivalence" if same_policies(first, second) => (0, 0),
        "equivalence" => (i64::from(!pair.is_equivalent()), 0),
        "strongEquivalence" if !pair.same_pods => (1, 1),
        "strongEquivalence" => (i64::from(!is_strongly_equivalent(first, second)?), 0),
        "containment" if !pair.first_within_second_pods => (0, 0),
        "containment" => (i64::from(pair.is_contained(false, Part::All, Part::All)), 0),
        "twoWayContainment" => {
            if pair.same_pods && same_policies(first, second) {
                return Ok((0, 0));
            }
            let forth = pair.first_within_second_pods && pair.is_contained(false, Part::All, Part::All);
            let all_back = {
                let [one, two] = &pair.relations;
                let names: std::collections::BTreeSet<&str> = one.endpoints().collect();
                two.endpoints().all(|name| names.contains(name))
            };
            let back = all_back && pair.is_contained(true, Part::All, Part::All);
            (i64::from(forth) * 2 + i64::from(back), 0)
        }
        "permits" if is_spec_empty || !pair.same_pods => (0, 1),
        "permits" => (i64::from(!pair.is_contained(false, Part::Explicit, Part::All)), 0),
        "forbids" if is_spec_empty || !pair.same_pods => (0, 1),
        "forbids" => {
            let [one, two] = &pair.relations;
            (i64::from(one.meets(&mut pair.space, Part::Explicit, two, Part::All)), 0)
        }
        "interferes" if !pair.same_pods => (0, 1),
        "interferes" => (i64::from(!pair.is_contained(false, Part::Explicit, Part::Explicit)), 0),
        "semanticDiff" => {
            if pair.same_pods && same_policies(first, second) {
                return Ok((0, 0));
            }
            (semantic_diff(&mut pair), 0)
        }
        other => return Err(anyhow!("unknown query {other}")),
    })
}

fn is_strongly_equivalent(first: &Asked<'_>, second: &Asked<'_>) -> Result<bool> {
    let ids = |asked: &Asked<'_>| -> Vec<_> {
        let mut ids: Vec<_> = asked.policy_list().into_iter().map(|policy| policy.id).collect();
        ids.sort();
        ids
    };
    if ids(first) != ids(second) {
        return Ok(false);
    }
    for index in &first.policies {
        let policy = first.config.world().policies.get(*index).context("policy")?;
        let other = second
            .config
            .world()
            .policies
            .iter()
            .position(|other| other.id == policy.id)
            .context("policy")?;
        let one = Asked { config: first.config, policies: vec![*index] };
        let two = Asked { config: second.config, policies: vec![other] };
        if !Pair::new(&one, &two).is_equivalent() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many kinds of changes there are: lost, changed and new ones between pods that went, stayed and came, and with
/// outside addresses.
fn semantic_diff(pair: &mut Pair) -> i64 {
    use std::collections::BTreeSet;
    let names =
        |relation: &Relation| -> BTreeSet<String> { relation.endpoints().map(str::to_owned).collect() };
    let [old, new] = pair.relations.clone();
    let (old_pods, new_pods) = (names(&old), names(&new));
    let captured = |audit: &Audit| -> BTreeSet<String> {
        let own = audit.policies().to_vec();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut found = BTreeSet::new();
        for (index, endpoint) in audit.engine.world().endpoints.iter().enumerate() {
            let name = haechi_network::audit::element_name(endpoint);
            let number = seen.entry(name.clone()).or_insert(0);
            *number += 1;
            let class = audit.engine.universe().class_of(index);
            if own
                .iter()
                .any(|policy| audit.engine.subjects(*policy).is_some_and(|subject| subject.contains(class)))
            {
                found.insert(format!("{name}#{number}"));
            }
        }
        found
    };
    let captured: BTreeSet<String> = captured(&pair.first).union(&captured(&pair.second)).cloned().collect();
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    let is_pod = |name: &str| old_pods.contains(name) || new_pods.contains(name);
    for (from, to, set, _) in old.pairs() {
        if from == to || set.is_empty() {
            continue;
        }
        let lost = [from, to].iter().filter(|end| is_pod(end) && !new_pods.contains(**end)).count();
        let pods = [from, to].iter().filter(|end| is_pod(end)).count();
        match (lost, pods) {
            (2, _) => drop(kinds.insert("lost between removed")),
            (1, 2) => drop(kinds.insert("lost between removed and persistent")),
            (1, _) => drop(kinds.insert("lost with blocks")),
            (_, 2) if captured.contains(from) || captured.contains(to) => {
                let other = new.between(Part::All, from, to);
                if !pair.space.is_subset(set, other) {
                    kinds.insert("changed removed");
                }
            }
            (_, 1) if captured.contains(from) || captured.contains(to) => {
                let other = new.between(Part::All, from, to);
                if !pair.space.is_subset(set, other) {
                    kinds.insert("changed blocks removed");
                }
            }
            _ => {}
        }
    }
    for (from, to, set, _) in new.pairs() {
        if from == to || set.is_empty() {
            continue;
        }
        let came = [from, to].iter().filter(|end| is_pod(end) && !old_pods.contains(**end)).count();
        let pods = [from, to].iter().filter(|end| is_pod(end)).count();
        match (came, pods) {
            (2, _) => drop(kinds.insert("new between added")),
            (1, 2) => drop(kinds.insert("new between persistent and added")),
            (1, _) => drop(kinds.insert("new with blocks")),
            (_, 2) if captured.contains(from) || captured.contains(to) => {
                let other = old.between(Part::All, from, to);
                if !pair.space.is_subset(set, other) {
                    kinds.insert("changed added");
                }
            }
            (_, 1) if captured.contains(from) || captured.contains(to) => {
                let other = old.between(Part::All, from, to);
                if !pair.space.is_subset(set, other) {
                    kinds.insert("changed blocks added");
                }
            }
            _ => {}
        }
    }
    count(kinds.len())
}
