//! Audit events as an API server sends them: about 2 KB each, much of it alike, some of it never.

use haechi_store::events::{EventBatch, EventKey, NewEvent};

const VERBS: [&str; 6] = ["get", "list", "watch", "create", "update", "patch"];
const KINDS: [&str; 8] =
    ["pods", "secrets", "configmaps", "deployments", "leases", "events", "endpointslices", "nodes"];

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        let index = self.next() % from.len() as u64;
        from.iter().copied().nth(usize::try_from(index).unwrap_or_default()).unwrap_or_default()
    }
}

/// Event number `number`; its time grows with the number.
pub(crate) fn event(number: u64) -> NewEvent {
    let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let audit_id = format!("{:016x}-{:016x}", random.next(), random.next());
    let (verb, kind) = (random.pick(&VERBS), random.pick(&KINDS));
    let (namespace, name) = (random.next() % 200, random.next() % 5000);
    let micros = number * 40;
    let body = format!(
        concat!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"{audit_id}","#,
            r#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces/team-{namespace}/{kind}/app-{name}-{hash:x}","#,
            r#""verb":"{verb}","user":{{"username":"system:serviceaccount:team-{namespace}:app-{name}","uid":"{uid:016x}","#,
            r#""groups":["system:serviceaccounts","system:serviceaccounts:team-{namespace}","system:authenticated"],"#,
            r#""extra":{{"authentication.kubernetes.io/pod-name":["app-{name}-{hash:x}"],"#,
            r#""authentication.kubernetes.io/pod-uid":["{pod:016x}"]}}}},"sourceIPs":["10.{a}.{b}.{c}"],"#,
            r#""userAgent":"app/v0.0.0 (linux/amd64) kubernetes/$Format","objectRef":{{"resource":"{kind}","#,
            r#""namespace":"team-{namespace}","name":"app-{name}-{hash:x}","apiVersion":"v1","resourceVersion":"{version}"}},"#,
            r#""responseStatus":{{"metadata":{{}},"code":200}},"responseObject":{{"kind":"Pod","apiVersion":"v1","metadata":"#,
            r#"{{"name":"app-{name}-{hash:x}","namespace":"team-{namespace}","uid":"{pod:016x}","resourceVersion":"{version}","#,
            r#""labels":{{"app":"app-{name}","pod-template-hash":"{hash:x}","team":"team-{namespace}"}}}},"spec":{{"containers":[{{"#,
            r#""name":"app","image":"registry.example/team-{namespace}/app-{name}@sha256:{d1:016x}{d2:016x}{d3:016x}{d4:016x}","#,
            r#""resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"#,
            r#""volumeMounts":[{{"name":"kube-api-access-{hash:x}","readOnly":true,"#,
            r#""mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],"terminationMessagePath":"/dev/termination-log","#,
            r#""terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{{"runAsNonRoot":true,"#,
            r#""allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true}}}}],"restartPolicy":"Always","#,
            r#""terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"app-{name}","nodeName":"node-{a}"}},"#,
            r#""status":{{"phase":"Running","podIP":"10.{a}.{b}.{c}","startTime":"2026-01-01T00:00:00Z"}}}},"#,
            r#""requestReceivedTimestamp":"{micros}","stageTimestamp":"{micros}","annotations":{{"#,
            r#""authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding app-{name}"}}}}"#
        ),
        audit_id = audit_id,
        namespace = namespace,
        kind = kind,
        name = name,
        verb = verb,
        hash = random.next() >> 28,
        uid = random.next(),
        pod = random.next(),
        a = number % 250,
        b = random.next() % 250,
        c = random.next() % 250,
        version = 1_000_000 + number,
        d1 = random.next(),
        d2 = random.next(),
        d3 = random.next(),
        d4 = random.next(),
        micros = micros,
    );
    let key = EventKey::of([b"k8s_audit".as_slice(), audit_id.as_bytes(), b"ResponseComplete"]);
    let time_us = i64::try_from(1_700_000_000_000_000 + micros).ok();
    NewEvent { key, time_us, body: body.into_bytes() }
}

/// 400 events, as many as an API server sends at once.
pub(crate) fn batch(number: u64) -> EventBatch {
    EventBatch {
        source: "k8s_audit".to_owned(),
        received_us: i64::try_from(1_700_000_000_000_000 + number * 400 * 40).unwrap_or_default(),
        events: (number * 400..number * 400 + 400).map(event).collect(),
    }
}
