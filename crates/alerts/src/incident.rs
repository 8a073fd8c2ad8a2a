//! Which detections belong to one incident.
//!
//! An incident is what happens to the same cluster around the same people and things, close together in time: a detection joins
//! an incident when one of its keys (who did it, what it was done to) was concerned by the incident within the window before or
//! after it. What joins brings its own keys along, so that `alice` reading a secret, opening a shell in a pod, and what then
//! happens in that pod make one incident.
//!
//! Time is the time of the events, never that of their arrival; the same detections in the same batch make the same incidents in
//! whatever order they stand. Pure: what is known comes in, what is to be kept goes out.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{Fingerprint, ResourceRef, Severity};

use crate::alert::shortened;

/// Most bytes of a key and of a title: what an event holds may be as long as its sender likes.
const MAX_KEY: usize = 512;

/// Who acts for everybody: what these do says nothing about whom it belongs to.
const FOR_ALL: [&str; 4] = [
    "system:apiserver",
    "system:kube-controller-manager",
    "system:kube-scheduler",
    "system:cloud-controller-manager",
];

/// How close together detections are that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closeness {
    /// Time between two detections about the same, in microseconds.
    pub window_us: i64,
    /// Time from the first to the last of an incident: what goes on for longer is told anew.
    pub longest_us: i64,
    /// How long before it another incident may have ended that a new one refers to.
    pub memory_us: i64,
}

impl Default for Closeness {
    /// 30 minutes, a day, and a week.
    fn default() -> Self {
        const HOUR: i64 = 3600 * 1_000_000;
        Self { window_us: HOUR / 2, longest_us: 24 * HOUR, memory_us: 7 * 24 * HOUR }
    }
}

/// A detection, as far as grouping needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// Its id.
    pub id: String,
    /// The cluster or account.
    pub cluster: String,
    /// When the event happened, in microseconds since 1970.
    pub time_us: i64,
    /// How bad it is.
    pub severity: Severity,
    /// The rule that matched.
    pub rule: String,
    /// Whom and what it concerns, the most telling first; never empty.
    pub keys: Vec<String>,
}

/// From when to when something was concerned, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first time.
    pub first_us: i64,
    /// The last time.
    pub last_us: i64,
}

impl Span {
    /// A moment.
    pub const fn at(time_us: i64) -> Self {
        Self { first_us: time_us, last_us: time_us }
    }

    /// Takes a time in.
    fn take(&mut self, time_us: i64) {
        self.first_us = self.first_us.min(time_us);
        self.last_us = self.last_us.max(time_us);
    }

    /// Whether a time is at most so far from it.
    fn is_near(self, time_us: i64, window_us: i64) -> bool {
        self.first_us.saturating_sub(window_us) <= time_us
            && time_us <= self.last_us.saturating_add(window_us)
    }

    fn length_with(mut self, time_us: i64) -> i64 {
        self.take(time_us);
        self.last_us.saturating_sub(self.first_us)
    }
}

/// An incident that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// The cluster or account.
    pub cluster: String,
    /// From its first to its last event.
    pub span: Span,
    /// Whom and what it concerns, and when.
    pub keys: BTreeMap<String, Span>,
}

/// What belongs to an incident now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The incident: a known one, or one that is to be opened.
    pub id: String,
    /// The cluster or account.
    pub cluster: String,
    /// From the first to the last of these detections.
    pub span: Span,
    /// The worst of them.
    pub severity: Severity,
    /// Whom or what the first of them concerns first of all.
    pub group: String,
    /// What a new incident is called: the rule of its first detection, and whom or what that concerns.
    pub title: String,
    /// Ids of the detections.
    pub detections: Vec<String>,
    /// Whom and what they concern, and when.
    pub keys: BTreeMap<String, Span>,
}

/// Gives each detection an incident; cases are in the order in which they begin.
pub fn group(mut clues: Vec<Clue>, known: Vec<Known>, closeness: Closeness) -> Vec<Case> {
    clues.sort_by(|a, b| (a.time_us, &a.id).cmp(&(b.time_us, &b.id)));
    let mut incidents = known;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for clue in clues {
        let at = home(&incidents, &clue, closeness).unwrap_or_else(|| {
            incidents.push(Known {
                id: opened_by(&clue),
                cluster: clue.cluster.clone(),
                span: Span::at(clue.time_us),
                keys: BTreeMap::new(),
            });
            incidents.len() - 1
        });
        let Some(incident) = incidents.get_mut(at) else { continue };
        incident.span.take(clue.time_us);
        let case = cases.entry(incident.id.clone()).or_insert_with(|| Case {
            id: incident.id.clone(),
            cluster: clue.cluster.clone(),
            span: Span::at(clue.time_us),
            severity: clue.severity,
            group: clue.keys.first().cloned().unwrap_or_default(),
            title: title(&clue),
            detections: Vec::new(),
            keys: BTreeMap::new(),
        });
        case.span.take(clue.time_us);
        case.severity = case.severity.max(clue.severity);
        case.detections.push(clue.id);
        for key in clue.keys {
            for keys in [&mut incident.keys, &mut case.keys] {
                keys.entry(key.clone()).or_insert(Span::at(clue.time_us)).take(clue.time_us);
            }
        }
    }
    let mut cases: Vec<Case> = cases.into_values().collect();
    cases.sort_by(|a, b| (a.span.first_us, &a.id).cmp(&(b.span.first_us, &b.id)));
    cases
}

/// The incident that a detection joins: of several the one that began first.
fn home(incidents: &[Known], clue: &Clue, closeness: Closeness) -> Option<usize> {
    let fits = |incident: &Known| {
        let is_near = |key: &String| {
            incident.keys.get(key).is_some_and(|span| span.is_near(clue.time_us, closeness.window_us))
        };
        incident.cluster == clue.cluster
            && clue.keys.iter().any(is_near)
            && incident.span.length_with(clue.time_us) <= closeness.longest_us
    };
    let fitting = incidents.iter().enumerate().filter(|(_, incident)| fits(incident));
    fitting.min_by_key(|(_, incident)| (incident.span.first_us, &incident.id)).map(|(at, _)| at)
}

/// The id of the incident that a detection opens: the same whenever it does.
fn opened_by(clue: &Clue) -> String {
    Fingerprint::of(["incident", &clue.cluster, &clue.id]).to_string()
}

fn title(clue: &Clue) -> String {
    let key = clue.keys.first().map(String::as_str).unwrap_or_default();
    let (kind, name) = key.split_once(' ').unwrap_or((key, ""));
    let title = match kind {
        "rule" | "" => clue.rule.clone(),
        "user" => format!("{}: {name}", clue.rule),
        _ => format!("{}: {key}", clue.rule),
    };
    shortened(&title, 2 * MAX_KEY)
}

/// Whom and what a detection concerns, by the object that it is about and the fields of its event: `user alice`, `pods shop/web`, `container 3ad7b26ded6d`,
/// `bucket logs`; `rule …` where nothing of that is told.
pub fn keys_of<'f>(
    source: &str,
    rule: &str,
    target: Option<&ResourceRef>,
    field: impl Fn(&str) -> Option<&'f str>,
) -> Vec<String> {
    let field = |name: &str| field(name).map(str::trim).filter(|text| !matches!(*text, "" | "<NA>" | "N/A"));
    let mut keys = BTreeSet::new();
    let mut ordered = Vec::new();
    let mut add = |key: String| {
        let key = bounded(key);
        if keys.insert(key.clone()) {
            ordered.push(key);
        }
    };
    // Names within a container (`user.name`: root) are those of nobody.
    if let Some(user) = field("ka.user.name").filter(|user| !acts_for_all(user)) {
        add(format!("user {user}"));
    }
    if let Some(user) = field("ct.user.arn").or_else(|| field("ct.user")) {
        add(format!("account-user {user}"));
    }
    if let Some(target) = target.filter(|target| !target.kind.is_empty() && !target.name.is_empty()) {
        let kind = plural_of(&target.kind);
        add(match &target.namespace {
            Some(namespace) => format!("{kind} {namespace}/{}", target.name),
            None => format!("{kind} {}", target.name),
        });
    }
    if let (Some(kind), Some(name)) = (field("ka.target.resource"), field("ka.target.name")) {
        add(match field("ka.target.namespace") {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        });
    }
    match (field("k8s.ns.name"), field("k8s.pod.name")) {
        (Some(namespace), Some(pod)) => add(format!("pods {namespace}/{pod}")),
        _ => {
            if let Some(container) = field("container.id").filter(|id| *id != "host") {
                add(format!("container {container}"));
            }
        }
    }
    if let Some(bucket) = field("s3.bucket") {
        add(format!("bucket {bucket}"));
    }
    if ordered.is_empty() {
        ordered.push(bounded(format!("rule {source}/{rule}")));
    }
    ordered
}

/// A key that is too long ends in a digest of all of it, so that it stays another one than those that begin alike.
fn bounded(key: String) -> String {
    if key.len() <= MAX_KEY {
        return key;
    }
    format!("{}{}", shortened(&key, MAX_KEY - 32), Fingerprint::of([key.as_str()]))
}

fn acts_for_all(user: &str) -> bool {
    let is_controller = user
        .strip_prefix("system:serviceaccount:kube-system:")
        .is_some_and(|account| account.ends_with("-controller"));
    FOR_ALL.contains(&user) || is_controller
}

/// The object that a key is about, as findings name it: kinds in lower case and the plural, namespace, name. A service account
/// that acts is an object too.
pub fn object_of(key: &str) -> Option<(&str, Option<&str>, &str)> {
    let (kind, rest) = key.split_once(' ')?;
    match kind {
        "user" => {
            let (namespace, name) = rest.strip_prefix("system:serviceaccount:")?.split_once(':')?;
            Some(("serviceaccounts", Some(namespace), name))
        }
        "account-user" | "container" | "bucket" | "rule" => None,
        kind => match rest.split_once('/') {
            Some((namespace, name)) => Some((kind, Some(namespace), name)),
            None => Some((kind, None, rest)),
        },
    }
}

/// The plural of a kind, as the API server makes it of kinds that name none.
pub fn plural_of(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    match lower.as_str() {
        "endpoints" => lower,
        _ if lower.ends_with('s') || lower.ends_with('x') || lower.ends_with("ch") => format!("{lower}es"),
        _ => match lower.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ => format!("{lower}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60 * 1_000_000;

    fn clue(id: &str, minute: i64, keys: &[&str]) -> Clue {
        Clue {
            id: id.to_owned(),
            cluster: "prod".to_owned(),
            time_us: minute * MINUTE,
            severity: Severity::Medium,
            rule: "r".to_owned(),
            keys: keys.iter().map(ToString::to_string).collect(),
        }
    }

    fn grouped(clues: Vec<Clue>) -> Vec<Vec<String>> {
        group(clues, Vec::new(), Closeness::default()).into_iter().map(|case| case.detections).collect()
    }

    /// The cases as the next call knows them.
    fn known(cases: &[Case]) -> Vec<Known> {
        let known = |case: &Case| Known {
            id: case.id.clone(),
            cluster: case.cluster.clone(),
            span: case.span,
            keys: case.keys.clone(),
        };
        cases.iter().map(known).collect()
    }

    #[test]
    fn who_and_what_lead_from_one_detection_to_the_next() {
        let clues = vec![
            clue("shell", 20, &["pods shop/web"]),
            clue("secret", 0, &["user alice", "secrets shop/db"]),
            clue("exec", 10, &["user alice", "pods shop/web"]),
            clue("other", 10, &["user bob", "pods shop/api"]),
        ];
        let cases = group(clues, Vec::new(), Closeness::default());
        assert_eq!(cases[0].detections, ["secret", "exec", "shell"]);
        assert_eq!(cases[1].detections, ["other"]);
        assert_eq!((cases[0].title.as_str(), cases[0].group.as_str()), ("r: alice", "user alice"));
        assert_eq!(cases[0].keys.len(), 3);
        assert_eq!(cases[0].span, Span { first_us: 0, last_us: 20 * MINUTE });
    }

    #[test]
    fn window_is_of_event_time_and_of_the_same_key() {
        assert_eq!(grouped(vec![clue("a", 0, &["k"]), clue("b", 30, &["k"])]).len(), 1);
        assert_eq!(grouped(vec![clue("a", 0, &["k"]), clue("b", 31, &["k"])]).len(), 2);
        // The incident goes on, but the pod was last concerned long ago.
        let clues = vec![
            clue("a", 0, &["user alice", "pods a"]),
            clue("b", 25, &["user alice"]),
            clue("c", 50, &["pods a"]),
        ];
        assert_eq!(grouped(clues), [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn another_cluster_is_another_incident() {
        let other = Clue { cluster: "test".to_owned(), ..clue("b", 0, &["k"]) };
        assert_eq!(grouped(vec![clue("a", 0, &["k"]), other]).len(), 2);
    }

    #[test]
    fn what_goes_on_for_days_is_told_anew_each_day() {
        let clues = (0..=24 * 6 + 1).map(|n| clue(&format!("d{n:03}"), n * 10, &["k"])).collect();
        let cases = grouped(clues);
        assert_eq!(cases.iter().map(Vec::len).collect::<Vec<_>>(), [24 * 6 + 1, 1]);
    }

    #[test]
    fn late_detection_joins_the_incident_that_it_belongs_to() {
        let first = group(vec![clue("b", 60, &["k"])], Vec::new(), Closeness::default());
        let late = group(vec![clue("a", 40, &["k"])], known(&first), Closeness::default());
        assert_eq!(late[0].id, first[0].id);
        assert_eq!(late[0].span.first_us, 40 * MINUTE);
        let too_late = group(vec![clue("z", 10, &["k"])], known(&first), Closeness::default());
        assert_ne!(too_late[0].id, first[0].id);
    }

    #[test]
    fn bridge_between_two_incidents_joins_the_earlier_one() {
        let first = group(
            vec![clue("a", 0, &["user alice"]), clue("b", 5, &["pods shop/web"])],
            Vec::new(),
            Closeness::default(),
        );
        assert_eq!(first.len(), 2);
        let bridge = clue("c", 6, &["user alice", "pods shop/web"]);
        let second = group(vec![bridge], known(&first), Closeness::default());
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].id, first[0].id);
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_do_no_harm() {
        let at = |id: &str, time_us| Clue { time_us, ..clue(id, 0, &["k"]) };
        assert_eq!(grouped(vec![at("a", i64::MIN), at("b", i64::MAX), at("c", 0)]).len(), 3);
    }

    #[test]
    fn keys_are_of_whoever_and_whatever_is_concerned() {
        let keys = |fields: &[(&str, &str)]| {
            let fields: BTreeMap<&str, &str> = fields.iter().copied().collect();
            keys_of("k8s_audit", "Rule", None, |name| fields.get(name).copied())
        };
        assert_eq!(
            keys(&[
                ("ka.user.name", "alice"),
                ("ka.target.resource", "pods"),
                ("ka.target.namespace", "shop"),
                ("ka.target.name", "web"),
            ]),
            ["user alice", "pods shop/web"]
        );
        assert_eq!(keys(&[("k8s.ns.name", "shop"), ("k8s.pod.name", "web")]), ["pods shop/web"]);
        assert_eq!(keys(&[("user.name", "root"), ("container.id", "3ad7")]), ["container 3ad7"]);
        assert_eq!(keys(&[("container.id", "host")]), ["rule k8s_audit/Rule"]);
        assert_eq!(keys(&[("ka.user.name", "system:kube-scheduler")]), ["rule k8s_audit/Rule"]);
        assert_eq!(keys(&[("ka.user.name", "<NA>"), ("ka.target.name", " ")]), ["rule k8s_audit/Rule"]);
        let secret = ResourceRef {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "db".to_owned(),
        };
        assert_eq!(keys_of("k8s_audit", "Rule", Some(&secret), |_| None), ["secrets shop/db"]);
        let controller = "system:serviceaccount:kube-system:deployment-controller";
        assert_eq!(keys(&[("ka.user.name", controller)]), ["rule k8s_audit/Rule"]);
    }

    #[test]
    fn keys_of_any_length_are_kept_apart_and_short() {
        let user = |last: char| format!("{}{last}", "해".repeat(5000));
        let key =
            |user: &str| keys_of("k8s_audit", "r", None, |name| (name == "ka.user.name").then_some(user));
        let (a, b) = (key(&user('a')), key(&user('b')));
        assert!(a[0].len() <= MAX_KEY && a != b && a == key(&user('a')));
        let long = Clue { rule: "r".repeat(4000), keys: a, ..clue("a", 0, &[]) };
        assert!(title(&long).len() <= 2 * MAX_KEY);
    }

    #[test]
    fn keys_lead_to_the_objects_of_findings() {
        assert_eq!(object_of("pods shop/web"), Some(("pods", Some("shop"), "web")));
        assert_eq!(object_of("clusterroles admin"), Some(("clusterroles", None, "admin")));
        let account = object_of("user system:serviceaccount:shop:web");
        assert_eq!(account, Some(("serviceaccounts", Some("shop"), "web")));
        for key in ["user alice", "container 3ad7", "bucket logs", "rule a/b c"] {
            assert_eq!(object_of(key), None, "{key}");
        }
        for (kind, plural) in [
            ("Pod", "pods"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
            ("Gateway", "gateways"),
        ] {
            assert_eq!(plural_of(kind), plural);
        }
    }

    fn clues() -> impl Strategy<Value = Vec<Clue>> {
        let drawn = (0..200_i64, prop::collection::btree_set(0..6_u8, 1..3), 0..2_u8);
        prop::collection::vec(drawn, 0..40).prop_map(|all| {
            let made = all.into_iter().enumerate().map(|(n, (minute, keys, cluster))| Clue {
                cluster: format!("c{cluster}"),
                keys: keys.iter().map(|key| format!("k{key}")).collect(),
                ..clue(&format!("d{n}"), minute, &[])
            });
            made.collect()
        })
    }

    proptest! {
        #[test]
        fn each_detection_has_one_incident_in_whatever_order_they_stand(all in clues(), seed in any::<u64>()) {
            let cases = group(all.clone(), Vec::new(), Closeness::default());
            let mut seen: Vec<&String> = cases.iter().flat_map(|case| &case.detections).collect();
            seen.sort();
            let mut ids: Vec<&String> = all.iter().map(|clue| &clue.id).collect();
            ids.sort();
            prop_assert_eq!(seen, ids);
            for case in &cases {
                let of = all.iter().filter(|clue| case.detections.contains(&clue.id));
                prop_assert!(of.clone().all(|clue| clue.cluster == case.cluster));
                prop_assert_eq!(of.clone().map(|clue| clue.time_us).min(), Some(case.span.first_us));
                prop_assert_eq!(of.map(|clue| clue.time_us).max(), Some(case.span.last_us));
            }
            let mut turned = all.clone();
            if !turned.is_empty() {
                let by = usize::try_from(seed).unwrap_or(0) % turned.len();
                turned.rotate_left(by);
            }
            turned.reverse();
            prop_assert_eq!(group(turned, Vec::new(), Closeness::default()), cases);
        }

        #[test]
        fn batches_in_order_make_the_same_incidents_as_all_at_once(mut all in clues(), cut in 0..40_usize) {
            all.sort_by(|a, b| (a.time_us, &a.id).cmp(&(b.time_us, &b.id)));
            let whole = group(all.clone(), Vec::new(), Closeness::default());
            let rest = all.split_off(cut.min(all.len()));
            let first = group(all, Vec::new(), Closeness::default());
            let second = group(rest, known(&first), Closeness::default());
            let mut joined: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for case in first.into_iter().chain(second) {
                joined.entry(case.id).or_default().extend(case.detections);
            }
            let whole: BTreeMap<String, Vec<String>> =
                whole.into_iter().map(|case| (case.id, case.detections)).collect();
            prop_assert_eq!(joined, whole);
        }
    }
}
