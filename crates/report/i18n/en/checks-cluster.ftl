# Texts of the checks of the area "cluster".

check-admission-webhook = Admission webhook
    .message = The object adds an admission webhook.
    .why = A webhook sees everything that is created or changed, Secrets included. A mutating one can add a container to every pod.
    .fix = Make sure that somebody knows what this webhook does and who runs it.

check-api-server-insecure-port = API server without authentication
    .message = The flag { $flag } has the API server answer without authentication.
    .why = Everyone who reaches the port is an administrator of the cluster.
    .fix = Set `--insecure-port=0` and a `--secure-port`.

check-gatekeeper-prefix-open = Allowed image prefix without an end
    .message = The prefix { $prefix } also allows repositories whose name only begins like it.
    .why = Whoever registers `{ $prefix }.evil.example` or `{ $prefix }-evil` has images that the constraint lets through.
    .fix = End the prefix with a slash.

check-limit-range-missing = No limit range
    .message = { $missing ->
        [none] The namespace has no LimitRange.
       *[other] The LimitRange sets no `{ $missing }` for containers.
        }
    .why = Containers that set no requests and limits themselves get none. One of them can take all memory of its node.
    .fix = Add a LimitRange with `default`, `defaultRequest`, `min` and `max` for containers.

check-pod-security-not-enforced = Pod Security not enforced
    .message = The namespace enforces no Pod Security level.
    .why = Whoever may create pods there may create a privileged one, and with it owns the node.
    .fix = Label the namespace with `pod-security.kubernetes.io/enforce: baseline`, or better `restricted`.

check-pod-security-not-restricted = Restricted Pod Security not enforced
    .message = The namespace does not enforce the restricted Pod Security level.
    .why = Below that level pods may run as root with the default capabilities, from where most escapes begin.
    .fix = Label the namespace with `pod-security.kubernetes.io/enforce: restricted` once its pods meet it.

check-policy-allows-added-capabilities = Policy allows added capabilities
    .message = The PodSecurityPolicy lets containers add capabilities.
    .why = Capabilities beyond the default set lead out of the container or take over the network.
    .fix = Remove `allowedCapabilities`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-host-ipc = Policy allows the host's IPC namespace
    .message = The PodSecurityPolicy lets pods share the IPC of their node.
    .why = Such a pod reads and changes the shared memory of the node and of other pods.
    .fix = Remove `hostIPC: true`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-host-network = Policy allows the host's network
    .message = The PodSecurityPolicy lets pods use the network of their node.
    .why = Such a pod reaches services on the node's loopback, captures traffic and escapes NetworkPolicies.
    .fix = Remove `hostNetwork: true`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-host-pid = Policy allows the host's process namespace
    .message = The PodSecurityPolicy lets pods share the processes of their node.
    .why = Such a pod sees and signals every process of the node, and reads the secrets in their environment.
    .fix = Remove `hostPID: true`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-privilege-escalation = Policy allows privilege escalation
    .message = The PodSecurityPolicy lets processes gain more privileges than they started with.
    .why = A setuid program in the image makes any process root in the container.
    .fix = Set `allowPrivilegeEscalation: false`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-privileged = Policy allows privileged containers
    .message = The PodSecurityPolicy lets pods run privileged containers.
    .why = A privileged container is root on its node.
    .fix = Remove `privileged: true`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-allows-root = Policy allows root
    .message = The PodSecurityPolicy lets containers run as root.
    .why = Root in a container is root on the node as soon as it escapes.
    .fix = Set `runAsUser.rule: MustRunAsNonRoot`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-keeps-capabilities = Policy keeps default capabilities
    .message = The PodSecurityPolicy leaves containers the default capabilities.
    .why = With raw sockets a container forges packets and answers for other pods.
    .fix = Set `requiredDropCapabilities: [ALL]`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-policy-without-seccomp = Policy without seccomp
    .message = The PodSecurityPolicy chooses no seccomp profile for its pods.
    .why = Without a profile the kernel answers every system call, those of its exploits included.
    .fix = Annotate the policy with `seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default`. PodSecurityPolicies are gone since Kubernetes 1.25: move to Pod Security admission.

check-rbac-authorizer-missing = RBAC not in use
    .message = The API server does not authorise by RBAC.
    .why = Rights that Roles and bindings describe mean nothing; what decides instead usually allows everything to everyone who can log in.
    .fix = Add `RBAC` to `--authorization-mode`.

check-resource-quota-missing = No resource quota
    .message = { $missing ->
        [none] The namespace has no ResourceQuota.
        [hard] The ResourceQuota bounds nothing.
       *[other] No ResourceQuota of the namespace bounds `{ $missing }`.
        }
    .why = One namespace can use up the cluster, by mistake or by an attacker who mines coins there.
    .fix = Bound `requests.cpu`, `requests.memory`, `limits.cpu` and `limits.memory` by a ResourceQuota.

check-scc-allows-privileged = Constraint allows privileged containers
    .message = The security context constraint allows privileged containers.
    .why = Whoever may use the constraint can start a container that owns its node.
    .fix = Set `allowPrivilegedContainer: false`, and allow single capabilities where they are needed.

check-storage-not-encrypted = Storage not encrypted
    .message = Disks of this storage class are not encrypted.
    .why = Whoever gets at a snapshot, a backup or the disk itself reads the data.
    .fix = Set `encrypted: "true"` under the parameters of the storage class, with a key of your own where that is demanded.

check-webhook-fails-open = Webhook lets everything pass when it fails
    .message = When the webhook { $webhook } cannot be reached, everything passes.
    .why = An attacker who overloads or stops the guard, or waits for its upgrade, gets in what it would have refused.
    .fix = Set `failurePolicy: Fail`, run several replicas and leave the webhook's own namespace out.
