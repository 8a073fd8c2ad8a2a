//! A mix of policies as clusters have them: 25 kinds of Rego templates with two constraints each, and 50 policies in CEL that are
//! all different. A usual Pod keeps every one of them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

/// What all templates begin with.
const CONTAINERS: &str = r#"
containers[c] { c := input.review.object.spec.containers[_] }
containers[c] { c := input.review.object.spec.initContainers[_] }
containers[c] { c := input.review.object.spec.ephemeralContainers[_] }
"#;

/// A kind, its rules, and what its two constraints say.
type Template = (&'static str, &'static str, [&'static str; 2]);

const TEMPLATES: [Template; 25] = [
    (
        "Repositories",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  good := [ok | repo := input.parameters.repos[_]; ok := startswith(c.image, repo)]
  not any(good)
  msg := sprintf("container <%v> has an image <%v> from elsewhere, allowed are %v", [c.name, c.image, input.parameters.repos])
}"#,
        [
            r#"{"repos": ["registry.example/", "mirror.example/"]}"#,
            r#"{"repos": ["registry.example/shop/", "registry.example/base/"]}"#,
        ],
    ),
    (
        "Labels",
        r#"violation[{"msg": msg, "details": {"missing": missing}}] {
  given := {label | input.review.object.metadata.labels[label]}
  wanted := {label | label := input.parameters.labels[_].key}
  missing := wanted - given
  count(missing) > 0
  msg := sprintf("labels are missing: %v", [missing])
}
violation[{"msg": msg}] {
  value := input.review.object.metadata.labels[key]
  wanted := input.parameters.labels[_]
  wanted.key == key
  wanted.pattern != ""
  not re_match(wanted.pattern, value)
  msg := sprintf("label <%v: %v> does not fit <%v>", [key, value, wanted.pattern])
}"#,
        [
            r#"{"labels": [{"key": "app", "pattern": "^[a-z-]+$"}]}"#,
            r#"{"labels": [{"key": "team", "pattern": ""}, {"key": "app", "pattern": ""}]}"#,
        ],
    ),
    (
        "Limits",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  not c.resources.limits.memory
  msg := sprintf("container <%v> has no limit of memory", [c.name])
}
violation[{"msg": msg}] {
  c := containers[_]
  bytes(c.resources.limits.memory) > bytes(input.parameters.memory)
  msg := sprintf("container <%v> may take more than <%v>", [c.name, input.parameters.memory])
}
units := {"Ki": 1024, "Mi": 1048576, "Gi": 1073741824}
bytes(text) = n {
  unit := substring(text, count(text) - 2, 2)
  n := to_number(substring(text, 0, count(text) - 2)) * units[unit]
}"#,
        [r#"{"memory": "1Gi"}"#, r#"{"memory": "512Mi"}"#],
    ),
    (
        "Unprivileged",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  not exempt(c)
  c.securityContext.privileged
  msg := sprintf("container <%v> is privileged", [c.name])
}
exempt(c) { c.image == input.parameters.exempt[_] }"#,
        [r#"{"exempt": []}"#, r#"{"exempt": ["registry.example/agent:1"]}"#],
    ),
    (
        "NoHostNamespaces",
        r#"violation[{"msg": msg}] {
  shares(input.review.object)
  msg := sprintf("pod <%v> shares a namespace of its host", [input.review.object.metadata.name])
}
shares(o) { o.spec.hostPID }
shares(o) { o.spec.hostIPC }
shares(o) { o.spec.hostNetwork; not input.parameters.network }"#,
        [r#"{"network": false}"#, r#"{"network": true}"#],
    ),
    (
        "HostPorts",
        r#"violation[{"msg": msg}] {
  port := containers[_].ports[_].hostPort
  outside(port)
  msg := sprintf("port <%v> of the host is taken", [port])
}
outside(port) { port < input.parameters.min }
outside(port) { port > input.parameters.max }"#,
        [r#"{"min": 0, "max": 0}"#, r#"{"min": 30000, "max": 32767}"#],
    ),
    (
        "Capabilities",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  added := {lower(cap) | cap := c.securityContext.capabilities.add[_]}
  allowed := {lower(cap) | cap := input.parameters.allowed[_]}
  extra := added - allowed
  count(extra) > 0
  msg := sprintf("container <%v> adds capabilities: %v", [c.name, extra])
}
violation[{"msg": msg}] {
  c := containers[_]
  wanted := {lower(cap) | cap := input.parameters.drop[_]}
  dropped := {lower(cap) | cap := c.securityContext.capabilities.drop[_]}
  count(wanted - dropped) > 0
  not dropped["all"]
  msg := sprintf("container <%v> must drop %v", [c.name, wanted])
}"#,
        [r#"{"allowed": ["NET_BIND_SERVICE"], "drop": []}"#, r#"{"allowed": [], "drop": []}"#],
    ),
    (
        "ReadOnlyRoot",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  input.parameters.required
  not c.securityContext.readOnlyRootFilesystem == true
  msg := sprintf("container <%v> may write to its root file system", [c.name])
}"#,
        [r#"{"required": false}"#, r#"{"required": false}"#],
    ),
    (
        "Users",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  user := id(c)
  not inside(user)
  msg := sprintf("container <%v> runs as user <%v>", [c.name, user])
}
id(c) = n { n := c.securityContext.runAsUser }
id(c) = n { not c.securityContext.runAsUser; n := input.review.object.spec.securityContext.runAsUser }
inside(n) { range := input.parameters.ranges[_]; n >= range.min; n <= range.max }"#,
        [
            r#"{"ranges": [{"min": 1, "max": 65535}]}"#,
            r#"{"ranges": [{"min": 1000, "max": 2000}, {"min": 3000, "max": 4000}]}"#,
        ],
    ),
    (
        "NoEscalation",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  c.securityContext.allowPrivilegeEscalation == true
  not startswith(c.image, input.parameters.prefix)
  msg := sprintf("container <%v> may gain privileges", [c.name])
}"#,
        [r#"{"prefix": "registry.example/system/"}"#, r#"{"prefix": "none/"}"#],
    ),
    (
        "Seccomp",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  profile := c.securityContext.seccompProfile.type
  not allowed(profile)
  msg := sprintf("container <%v> has the profile <%v>", [c.name, profile])
}
allowed(profile) { profile == input.parameters.profiles[_] }
allowed(_) { input.parameters.profiles[_] == "*" }"#,
        [r#"{"profiles": ["RuntimeDefault", "Localhost"]}"#, r#"{"profiles": ["*"]}"#],
    ),
    (
        "SeLinux",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  options := c.securityContext.seLinuxOptions
  not fits(options)
  msg := sprintf("container <%v> has the SELinux options %v", [c.name, options])
}
fits(options) { allowed := input.parameters.allowed[_]; object.get(options, "type", "") == allowed.type }"#,
        [r#"{"allowed": [{"type": "container_t"}]}"#, r#"{"allowed": []}"#],
    ),
    (
        "ProcMount",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  lower(c.securityContext.procMount) != lower(input.parameters.mount)
  msg := sprintf("container <%v> mounts /proc as <%v>", [c.name, c.securityContext.procMount])
}"#,
        [r#"{"mount": "Default"}"#, r#"{"mount": "default"}"#],
    ),
    (
        "Volumes",
        r#"violation[{"msg": msg}] {
  volume := input.review.object.spec.volumes[_]
  kinds := {kind | volume[kind]; kind != "name"}
  allowed := {kind | kind := input.parameters.kinds[_]}
  not allowed["*"]
  count(kinds - allowed) > 0
  msg := sprintf("volume <%v> is of a kind %v", [volume.name, kinds])
}"#,
        [r#"{"kinds": ["configMap", "secret", "emptyDir", "projected"]}"#, r#"{"kinds": ["*"]}"#],
    ),
    (
        "HostPaths",
        r#"violation[{"msg": msg}] {
  volume := input.review.object.spec.volumes[_]
  path := volume.hostPath.path
  not under(path)
  msg := sprintf("volume <%v> leads to <%v>", [volume.name, path])
}
under(path) { prefix := trim(input.parameters.paths[_], "/"); parts := split(trim(path, "/"), "/"); parts[0] == split(prefix, "/")[0] }"#,
        [r#"{"paths": ["/var/log"]}"#, r#"{"paths": []}"#],
    ),
    (
        "Digests",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  input.parameters.strict
  not re_match("@[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", c.image)
  msg := sprintf("container <%v> names its image without a digest", [c.name])
}"#,
        [r#"{"strict": false}"#, r#"{"strict": false}"#],
    ),
    (
        "Tags",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  tag := input.parameters.tags[_]
  endswith(c.image, concat(":", ["", tag]))
  msg := sprintf("container <%v> has the tag <%v>", [c.name, tag])
}
violation[{"msg": msg}] {
  c := containers[_]
  not contains(c.image, ":")
  msg := sprintf("container <%v> has no tag", [c.name])
}"#,
        [r#"{"tags": ["latest"]}"#, r#"{"tags": ["dev", "test", "nightly"]}"#],
    ),
    (
        "Probes",
        r#"violation[{"msg": msg}] {
  c := input.review.object.spec.containers[_]
  probe := input.parameters.probes[_]
  not c[probe]
  msg := sprintf("container <%v> has no <%v>", [c.name, probe])
}"#,
        [r#"{"probes": []}"#, r#"{"probes": []}"#],
    ),
    (
        "Ratio",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  limit := cores(c.resources.limits.cpu)
  request := cores(c.resources.requests.cpu)
  limit > request * input.parameters.ratio
  msg := sprintf("container <%v> may take much more than it asks for", [c.name])
}
cores(text) = n { is_string(text); endswith(text, "m"); n := to_number(replace(text, "m", "")) / 1000 }
cores(text) = n { is_string(text); not endswith(text, "m"); n := to_number(text) }
cores(n) = n { is_number(n) }"#,
        [r#"{"ratio": 2}"#, r#"{"ratio": 10}"#],
    ),
    (
        "Variables",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  variable := c.env[_]
  pattern := input.parameters.patterns[_]
  re_match(pattern, variable.name)
  not variable.valueFrom
  msg := sprintf("container <%v> has <%v> in plain text", [c.name, variable.name])
}"#,
        [r#"{"patterns": ["(?i)password"]}"#, r#"{"patterns": ["^AWS_SECRET", "TOKEN$"]}"#],
    ),
    (
        "Tolerations",
        r#"violation[{"msg": msg}] {
  toleration := input.review.object.spec.tolerations[_]
  taint := input.parameters.taints[_]
  toleration.key == taint
  msg := sprintf("the taint <%v> is tolerated", [taint])
}"#,
        [r#"{"taints": ["node-role.kubernetes.io/control-plane"]}"#, r#"{"taints": ["dedicated"]}"#],
    ),
    (
        "Accounts",
        r#"violation[{"msg": msg}] {
  name := object.get(input.review.object.spec, "serviceAccountName", "default")
  name == input.parameters.names[_]
  input.review.object.spec.automountServiceAccountToken
  msg := sprintf("the token of <%v> is mounted", [name])
}"#,
        [r#"{"names": ["default"]}"#, r#"{"names": ["admin", "root"]}"#],
    ),
    (
        "Priorities",
        r#"violation[{"msg": msg}] {
  class := input.review.object.spec.priorityClassName
  not {name | name := input.parameters.allowed[_]}[class]
  msg := sprintf("the priority class <%v> is not for everybody", [class])
}"#,
        [r#"{"allowed": ["normal"]}"#, r#"{"allowed": ["low", "normal", "high"]}"#],
    ),
    (
        "Annotations",
        r#"violation[{"msg": msg}] {
  input.review.object.metadata.annotations[key]
  prefix := input.parameters.prefixes[_]
  startswith(key, prefix)
  msg := sprintf("the annotation <%v> is not taken", [key])
}"#,
        [
            r#"{"prefixes": ["seccomp.security.alpha.kubernetes.io/"]}"#,
            r#"{"prefixes": ["container.apparmor.security.beta.kubernetes.io/", "alpha."]}"#,
        ],
    ),
    (
        "Mounts",
        r#"violation[{"msg": msg}] {
  c := containers[_]
  mount := c.volumeMounts[_]
  mount.mountPath == input.parameters.paths[_]
  not object.get(mount, "readOnly", false)
  msg := sprintf("container <%v> may write to <%v>", [c.name, mount.mountPath])
}"#,
        [r#"{"paths": ["/etc", "/var/run/docker.sock"]}"#, r#"{"paths": ["/proc"]}"#],
    ),
];

/// Each is kept by a usual Pod.
const EXPRESSIONS: [&str; 50] = [
    "object.spec.containers.all(c, !c.image.endsWith(':latest'))",
    "object.spec.containers.all(c, c.image.contains(':') || c.image.contains('@'))",
    "object.spec.containers.all(c, c.image.startsWith('registry.example/'))",
    "object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)",
    "!has(object.spec.hostPID) || !object.spec.hostPID",
    "!has(object.spec.hostIPC) || !object.spec.hostIPC",
    "!has(object.spec.hostNetwork) || !object.spec.hostNetwork",
    "object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && 'memory' in c.resources.limits)",
    "object.spec.containers.all(c, quantity(c.resources.limits['memory']).isLessThan(quantity('1Gi')))",
    "object.spec.containers.all(c, quantity(c.resources.limits['cpu']).compareTo(quantity('2')) < 0)",
    "object.spec.containers.all(c, !has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0))",
    "object.spec.containers.all(c, c.?securityContext.?capabilities.?add.orValue([]).all(a, a == 'NET_BIND_SERVICE'))",
    "object.spec.containers.all(c, c.?securityContext.?runAsNonRoot.orValue(true))",
    "object.spec.containers.all(c, c.?securityContext.?runAsUser.orValue(1) != 0)",
    "object.spec.containers.all(c, c.?securityContext.?procMount.orValue('Default') == 'Default')",
    "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
    "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.flexVolume) && !has(v.cinder))",
    "object.spec.containers.all(c, !has(c.env) || c.env.all(e, !e.name.matches('(?i)password')))",
    "object.spec.containers.all(c, !has(c.env) || c.env.all(e, !e.name.startsWith('AWS_SECRET')))",
    "object.spec.containers.all(c, !has(c.env) || size(c.env) < 100)",
    "object.spec.containers.all(c, size(c.name) <= 63 && c.name.matches('^[a-z0-9-]+$'))",
    "size(object.spec.containers) < 100",
    "object.metadata.name.matches('^[a-z0-9.-]*$')",
    "object.metadata.namespace != 'default'",
    "object.metadata.?labels['app'].orValue('') == 'shop'",
    "object.metadata.?labels['team'].orValue('none') in ['shop', 'billing']",
    "!object.metadata.?annotations.orValue({}).exists(k, k.startsWith('seccomp.security.alpha'))",
    "object.metadata.?annotations.orValue({}).size() < 50",
    "object.?spec.?serviceAccountName.orValue('app') != 'admin'",
    "object.?spec.?priorityClassName.orValue('normal') in ['low', 'normal']",
    "!has(object.spec.tolerations) || object.spec.tolerations.all(t, t.?key.orValue('') != 'node-role.kubernetes.io/control-plane')",
    "!has(object.spec.nodeName) || object.spec.nodeName == ''",
    "object.spec.?restartPolicy.orValue('Always') != 'Never'",
    "object.spec.?terminationGracePeriodSeconds.orValue(30) <= 3600",
    "object.spec.?dnsPolicy.orValue('ClusterFirst') != 'None'",
    "object.spec.?shareProcessNamespace.orValue(false) == false",
    "object.spec.containers.all(c, !has(c.lifecycle) || !has(c.lifecycle.postStart))",
    "object.spec.containers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, !(m.mountPath in ['/etc', '/proc', '/sys'])))",
    "object.spec.containers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, m.mountPath.startsWith('/')))",
    "object.spec.containers.all(c, !has(c.command) || !c.command.exists(w, w.contains('curl')))",
    "object.spec.containers.map(c, c.name).all(n, object.spec.containers.exists_one(d, d.name == n))",
    "object.spec.containers.filter(c, has(c.stdin) && c.stdin).size() == 0",
    "object.spec.containers.all(c, c.?imagePullPolicy.orValue('IfNotPresent') != 'Never')",
    "object.spec.?initContainers.orValue([]).all(c, !c.image.endsWith(':latest'))",
    "object.spec.?imagePullSecrets.orValue([]).size() < 5",
    "request.operation != 'UPDATE' || oldObject == null || has(object.metadata.name)",
    "!request.userInfo.username.startsWith('system:anonymous')",
    "request.userInfo.groups.exists(g, g == 'system:authenticated')",
    "request.resource.resource == 'pods' || request.resource.resource == 'deployments'",
    "object.spec.containers.all(c, c.image.split('/')[0].contains('.'))",
];

/// Writes the mix into a folder.
pub(crate) fn write(folder: &Path) {
    let mut text = String::new();
    for (kind, rules, parameters) in TEMPLATES {
        let rego = format!("package {}\n{rules}\n{CONTAINERS}", kind.to_lowercase());
        let template = json!({
            "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
            "metadata": {"name": kind.to_lowercase()},
            "spec": {
                "crd": {"spec": {"names": {"kind": kind}, "validation": {"legacySchema": false, "openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
            },
        });
        writeln!(text, "{template}").expect("a line");
        for (index, parameters) in parameters.iter().enumerate() {
            let parameters: Json = serde_json::from_str(parameters).expect("parameters");
            let constraint = json!({
                "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind,
                "metadata": {"name": format!("{}-{index}", kind.to_lowercase())},
                "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}],
                    "excludedNamespaces": ["kube-system"]}, "parameters": parameters},
            });
            writeln!(text, "{constraint}").expect("a line");
        }
    }
    std::fs::write(folder.join("rego.json"), text).expect("a file");
    let mut text = String::new();
    for (index, expression) in EXPRESSIONS.iter().enumerate() {
        text.push_str(&super::cel(index, &[json!({"expression": expression})]));
    }
    std::fs::write(folder.join("cel.json"), text).expect("a file");
}
