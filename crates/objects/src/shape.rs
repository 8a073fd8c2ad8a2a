//! Whether values have the types that the API server demands.
//!
//! Only what rules read is written down, and only the types: `privileged: "true"` is refused by the API server, so a
//! rule that finds no boolean there must not pass it in silence. Source: the OpenAPI of Kubernetes 1.36.

use haechi_model::Span;
use haechi_syntax::{Node, Value};

use crate::{Object, PodTemplates};

/// A value whose type the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    /// The value.
    pub span: Span,
    /// Its path in the document.
    pub json_path: String,
    /// The type that the field has: `boolean`, `integer`, `string`, `array`, `object` …
    pub expected: &'static str,
    /// The type of what is there.
    pub found: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Type {
    Bool,
    Int,
    Text,
    IntOrText,
    /// A quantity: text or number.
    Amount,
    /// A map from text to that.
    Map(&'static Type),
    List(&'static Type),
    /// Fields of an object; those not named are not looked at.
    Fields(&'static [(&'static str, Type)]),
}

use Type::{Amount, Bool, Fields, Int, IntOrText, List, Map, Text};

const METADATA: Type = Fields(&[
    ("name", Text),
    ("generateName", Text),
    ("namespace", Text),
    ("labels", Map(&Text)),
    ("annotations", Map(&Text)),
    ("ownerReferences", List(&Fields(&[("kind", Text), ("name", Text), ("controller", Bool)]))),
]);

const SELECTOR: Type = Fields(&[
    ("matchLabels", Map(&Text)),
    ("matchExpressions", List(&Fields(&[("key", Text), ("operator", Text), ("values", List(&Text))]))),
]);

const SELINUX: Type = Fields(&[("level", Text), ("role", Text), ("type", Text), ("user", Text)]);
const PROFILE: Type = Fields(&[("type", Text), ("localhostProfile", Text)]);
const WINDOWS: Type = Fields(&[
    ("hostProcess", Bool),
    ("runAsUserName", Text),
    ("gmsaCredentialSpec", Text),
    ("gmsaCredentialSpecName", Text),
]);

const POD_SECURITY: Type = Fields(&[
    ("appArmorProfile", PROFILE),
    ("fsGroup", Int),
    ("fsGroupChangePolicy", Text),
    ("runAsGroup", Int),
    ("runAsNonRoot", Bool),
    ("runAsUser", Int),
    ("seLinuxOptions", SELINUX),
    ("seccompProfile", PROFILE),
    ("supplementalGroups", List(&Int)),
    ("sysctls", List(&Fields(&[("name", Text), ("value", Text)]))),
    ("windowsOptions", WINDOWS),
]);

const SECURITY: Type = Fields(&[
    ("allowPrivilegeEscalation", Bool),
    ("appArmorProfile", PROFILE),
    ("capabilities", Fields(&[("add", List(&Text)), ("drop", List(&Text))])),
    ("privileged", Bool),
    ("procMount", Text),
    ("readOnlyRootFilesystem", Bool),
    ("runAsGroup", Int),
    ("runAsNonRoot", Bool),
    ("runAsUser", Int),
    ("seLinuxOptions", SELINUX),
    ("seccompProfile", PROFILE),
    ("windowsOptions", WINDOWS),
]);

const PROBE_ACTION: &[(&str, Type)] = &[
    ("exec", Fields(&[("command", List(&Text))])),
    ("grpc", Fields(&[("port", Int)])),
    ("httpGet", Fields(&[("host", Text), ("path", Text), ("port", IntOrText), ("scheme", Text)])),
    ("tcpSocket", Fields(&[("host", Text), ("port", IntOrText)])),
    ("failureThreshold", Int),
    ("initialDelaySeconds", Int),
    ("periodSeconds", Int),
    ("timeoutSeconds", Int),
];
const HANDLER: Type = Fields(PROBE_ACTION);

const CONTAINER: Type = Fields(&[
    ("name", Text),
    ("image", Text),
    ("imagePullPolicy", Text),
    ("command", List(&Text)),
    ("args", List(&Text)),
    (
        "env",
        List(&Fields(&[
            ("name", Text),
            ("value", Text),
            (
                "valueFrom",
                Fields(&[
                    ("secretKeyRef", Fields(&[("name", Text), ("key", Text), ("optional", Bool)])),
                    ("configMapKeyRef", Fields(&[("name", Text), ("key", Text), ("optional", Bool)])),
                ]),
            ),
        ])),
    ),
    (
        "envFrom",
        List(&Fields(&[
            ("secretRef", Fields(&[("name", Text), ("optional", Bool)])),
            ("configMapRef", Fields(&[("name", Text), ("optional", Bool)])),
        ])),
    ),
    (
        "ports",
        List(&Fields(&[
            ("containerPort", Int),
            ("hostPort", Int),
            ("hostIP", Text),
            ("name", Text),
            ("protocol", Text),
        ])),
    ),
    ("resources", Fields(&[("limits", Map(&Amount)), ("requests", Map(&Amount))])),
    ("restartPolicy", Text),
    ("livenessProbe", HANDLER),
    ("readinessProbe", HANDLER),
    ("startupProbe", HANDLER),
    ("lifecycle", Fields(&[("postStart", HANDLER), ("preStop", HANDLER)])),
    ("securityContext", SECURITY),
    ("stdin", Bool),
    ("tty", Bool),
    (
        "volumeMounts",
        List(&Fields(&[
            ("name", Text),
            ("mountPath", Text),
            ("subPath", Text),
            ("readOnly", Bool),
            ("mountPropagation", Text),
        ])),
    ),
]);

const VOLUME: Type = Fields(&[
    ("name", Text),
    ("hostPath", Fields(&[("path", Text), ("type", Text)])),
    ("secret", Fields(&[("secretName", Text), ("optional", Bool), ("defaultMode", Int)])),
    ("configMap", Fields(&[("name", Text), ("optional", Bool), ("defaultMode", Int)])),
    ("persistentVolumeClaim", Fields(&[("claimName", Text), ("readOnly", Bool)])),
    ("emptyDir", Fields(&[("medium", Text), ("sizeLimit", Amount)])),
    ("projected", Fields(&[("sources", List(&Fields(&[])))])),
    ("csi", Fields(&[("driver", Text), ("readOnly", Bool)])),
    ("nfs", Fields(&[("server", Text), ("path", Text)])),
]);

const POD_SPEC: Type = Fields(&[
    ("activeDeadlineSeconds", Int),
    ("automountServiceAccountToken", Bool),
    ("containers", List(&CONTAINER)),
    ("dnsPolicy", Text),
    ("ephemeralContainers", List(&CONTAINER)),
    ("hostAliases", List(&Fields(&[("ip", Text), ("hostnames", List(&Text))]))),
    ("hostIPC", Bool),
    ("hostNetwork", Bool),
    ("hostPID", Bool),
    ("hostUsers", Bool),
    ("imagePullSecrets", List(&Fields(&[("name", Text)]))),
    ("initContainers", List(&CONTAINER)),
    ("nodeName", Text),
    ("nodeSelector", Map(&Text)),
    ("os", Fields(&[("name", Text)])),
    ("priorityClassName", Text),
    ("restartPolicy", Text),
    ("runtimeClassName", Text),
    ("securityContext", POD_SECURITY),
    ("serviceAccount", Text),
    ("serviceAccountName", Text),
    ("shareProcessNamespace", Bool),
    ("terminationGracePeriodSeconds", Int),
    ("tolerations", List(&Fields(&[("key", Text), ("operator", Text), ("value", Text), ("effect", Text)]))),
    ("topologySpreadConstraints", List(&Fields(&[("topologyKey", Text), ("labelSelector", SELECTOR)]))),
    ("volumes", List(&VOLUME)),
]);

const WORKLOAD_SPEC: Type =
    Fields(&[("replicas", Int), ("template", Fields(&[])), ("jobTemplate", Fields(&[]))]);

/// The values of an object whose type the API server would refuse, in the order of the source as far as rules read
/// them: its metadata and, if it runs pods, everything about the pod.
pub fn type_errors(object: Object<'_>, templates: &PodTemplates) -> Vec<TypeError> {
    let mut errors = Vec::new();
    if let Some(metadata) = object.node().get("metadata") {
        check(metadata, METADATA, &mut errors);
    }
    if templates.kind(object).is_none() {
        return errors;
    }
    if let Some(spec) = object.spec() {
        check(spec, WORKLOAD_SPEC, &mut errors);
    }
    if let Some(pod) = templates.pod(object) {
        if pod.template() != object.node()
            && let Some(metadata) = pod.template().get("metadata")
        {
            check(metadata, METADATA, &mut errors);
        }
        check(pod.spec(), POD_SPEC, &mut errors);
    }
    errors.sort_by_key(|error| error.span);
    errors
}

fn check(node: Node<'_>, wanted: Type, errors: &mut Vec<TypeError>) {
    // A null is an absent field. Inside of lists the API server takes it as an empty value too.
    if node.is_null() {
        return;
    }
    let fits = match (wanted, node.value()) {
        (Bool, Value::Bool(_)) | (Text, Value::String(_)) => true,
        (Int, _) => node.as_i64().is_some(),
        (IntOrText, Value::String(_)) => true,
        (IntOrText, _) => node.as_i64().is_some(),
        (Amount, Value::String(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_)) => true,
        (Map(of), Value::Mapping(entries)) => {
            entries.for_each(|entry| check(entry.value, *of, errors));
            true
        }
        (List(of), Value::Sequence(items)) => {
            items.for_each(|item| check(item, *of, errors));
            true
        }
        (Fields(fields), Value::Mapping(entries)) => {
            for entry in entries {
                if let Some((_, of)) = fields.iter().find(|(name, _)| *name == entry.key) {
                    check(entry.value, *of, errors);
                }
            }
            true
        }
        _ => false,
    };
    if !fits {
        errors.push(TypeError {
            span: node.anchor_span(),
            json_path: node.json_path(),
            expected: name(wanted),
            found: node.value().type_name(),
        });
    }
}

fn name(wanted: Type) -> &'static str {
    match wanted {
        Bool => "boolean",
        Int => "integer",
        Text => "string",
        IntOrText => "integer or string",
        Amount => "quantity",
        Map(_) | Fields(_) => "object",
        List(_) => "array",
    }
}
