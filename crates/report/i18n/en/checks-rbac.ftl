# Texts of the checks of the area "rbac".

check-admission-webhooks-writable = Admission webhooks can be changed
    .message = { $role } may { $verbs } { $resources }.
    .why = A mutating webhook can put code into every pod, a validating one reads every Secret that is written. Deleting one switches its policy off.
    .fix = Leave webhook configurations to the installers of the webhooks, and name theirs in `resourceNames`.

check-anonymous-access-granted = Access without credentials
    .message = { $binding } gives { $role } to `{ $subject }`.
    .why = Whoever reaches the API server has these rights, without any credential. API servers in the internet are found within minutes.
    .fix = Remove the subject. Health endpoints are open to everybody by the default role `system:public-info-viewer`.

check-authenticated-group-bound = Everybody has the role
    .message = { $binding } gives { $role } to everybody in `{ $subject }`.
    .why = Every user and every pod of the cluster has these rights. With some cloud providers every account of theirs counts as authenticated.
    .fix = Bind a group that somebody decides about.

check-aws-auth-writable = aws-auth can be written
    .message = { $role } may { $verbs } the ConfigMap `aws-auth`.
    .why = On EKS this map says which AWS principal is which Kubernetes user. Whoever writes it can make any principal a member of `system:masters`.
    .fix = Manage principals with EKS access entries, set the authentication mode to `API`, and take this rule away.

check-bind-or-escalate-allowed = Roles can be escalated or bound
    .message = { $role } may { $verbs } { $resources }.
    .why = The API server lets nobody give away rights that they lack, except to holders of `bind` and `escalate`. They can make themselves cluster-admin.
    .fix = Take both verbs away, or name the roles that may be bound in `resourceNames`.

check-certificate-approval-allowed = Certificates can be approved
    .message = { $role } may approve certificate signing requests.
    .why = An approved client certificate proves the user and groups that it names, until it expires: Kubernetes cannot revoke it.
    .fix = Leave approval to the controllers of the control plane, and bind `approve` to the one signer that is needed.

check-cluster-admin-bound = Bound to cluster-admin
    .message = { $binding } gives { $role }, which may do everything, to { $subjects }.
    .why = Whoever is bound to such a role may do everything. Every mistake of theirs, and every token that is stolen from them, costs the cluster.
    .fix = Bind a role with what is needed. Keep cluster-admin for an account that is only used in an emergency.

check-coredns-config-writable = CoreDNS can be reconfigured
    .message = { $role } may { $verbs } the ConfigMap of CoreDNS.
    .why = Whoever changes how CoreDNS answers can draw every connection in the cluster to an address of their own.
    .fix = Limit the rule to the namespace of the component, or to its own ConfigMaps in `resourceNames`.

check-default-role-widened = Default role widened
    .message = { $role } adds { $verbs } on { $resources } to the role `{ $target }`.
    .why = Everybody who is bound to the default role gets these rights, in every namespace, without a new binding. Nobody looks for them there.
    .fix = Take the label away, or move the rule to a role of its own that is bound where it is needed.

check-default-service-account-bound = Default service account bound
    .message = { $binding } gives { $role } to the service account `default`.
    .why = Every pod that names no account runs as `default`. The rights go to pods that nobody thought of.
    .fix = Make a service account for the workload that needs the rights, bind it, and name it in the pod.

check-events-deletable = Events can be deleted
    .message = { $role } may { $verbs } events.
    .why = Events tell what happened in a namespace. Nobody needs to delete them, since they expire; attackers do it to hide.
    .fix = Take the delete verbs on `events` away.

check-impersonation-allowed = Others can be impersonated
    .message = { $role } may impersonate { $resources }.
    .why = Whoever may impersonate groups can act as `system:masters`, past every authorizer. Requests then carry another name.
    .fix = Name the subjects that may be impersonated in `resourceNames`, and never groups without names.

check-long-lived-token-secret = Service account token that never expires
    .message = The Secret holds a token of the service account { $account } that never expires.
    .why = Every copy of the token stays valid until the Secret is deleted, and whoever may read Secrets has it.
    .fix = Use projected tokens in pods and `kubectl create token` elsewhere, and delete the Secret.

check-network-objects-writable = Network objects can be changed
    .message = { $role } may { $verbs } { $resources }.
    .why = Whoever changes NetworkPolicies opens what others have closed. An Ingress puts a service into the internet, and a Service or its endpoints lead the traffic of others elsewhere.
    .fix = Keep NetworkPolicies with those who answer for the network, and split roles by resource.

check-node-proxy-allowed = Kubelets can be reached through nodes/proxy
    .message = { $role } may { $verbs } `nodes/proxy`.
    .why = `get` alone is enough to run commands in every pod of a node. Neither admission nor the audit log sees them.
    .fix = Use `nodes/metrics`, `nodes/stats`, `nodes/log` or `nodes/healthz` for what is read.

check-orphan-binding = Binding to something that is not there
    .message = { $binding } refers to { $missing }, which is not there.
    .why = Whoever creates what is missing has, or gives, the binding's rights at once. And the binding does not do what it was made for.
    .fix = Correct the name, or delete the binding.

check-persistent-volumes-creatable = Persistent volumes can be created
    .message = { $role } may create persistent volumes.
    .why = A persistent volume of type hostPath hands the node's file system to pods whose own volumes Pod Security would refuse.
    .fix = Let storage classes provision volumes, and leave `persistentvolumes` to cluster administrators.

check-pod-exec-allowed = Commands can be run in pods
    .message = { $role } may { $verbs } `{ $resources }`.
    .why = Whoever runs commands in a pod has its service account, its Secrets and its network. Nothing of what the command does is in the audit log.
    .fix = Take the rule away from standing roles. Where it is needed for incidents, give it for a limited time and to named pods.

check-pods-creatable = Pods can be created
    .message = { $role } may create { $resources }.
    .why = A new pod runs as any service account of its namespace and mounts any Secret there. Where privileged pods are admitted, it owns the node as well.
    .fix = Give people the right to the resource that they deploy with, through a pipeline with an account of its own, and enforce a Pod Security level in the namespace.

check-port-forward-allowed = Ports of pods can be forwarded
    .message = { $role } may forward ports of all pods.
    .why = Forwarded traffic passes through the kubelet: no NetworkPolicy applies to it, and it reaches ports that only listen inside the pod.
    .fix = Take `pods/portforward` out of standing roles, or limit it to named pods in `resourceNames`.

check-rbac-objects-writable = Roles and bindings can be changed
    .message = { $role } may { $verbs } { $resources }.
    .why = Whoever writes bindings can hand on every right that they have, to accounts that nobody watches, and take rights from others.
    .fix = Leave roles and bindings to those who answer for access, and let pipelines apply them after a review.

check-secrets-readable = Secrets can be read
    .message = { $role } may { $verbs } all Secrets.
    .why = Secrets hold the credentials of service accounts and of other systems. `list` and `watch` return their contents just as `get` does.
    .fix = Name the Secrets that are needed in `resourceNames` and allow only `get`, or mount them into the pod that needs them.

check-secrets-writable = Secrets can be changed
    .message = { $role } may { $verbs } all Secrets.
    .why = Whoever writes Secrets can put credentials and certificates of their own in place of the real ones, and gets a token of any service account by making a Secret for it.
    .fix = Name the Secrets that are needed in `resourceNames`, or let a controller such as External Secrets write them.

check-service-account-tokens-creatable = Tokens of service accounts can be created
    .message = { $role } may create tokens for all service accounts.
    .why = A token is the account. Whoever may make tokens has the rights of every service account in the scope of the binding.
    .fix = Name the service accounts in `resourceNames`.

check-service-status-writable = Status of Services can be written
    .message = { $role } may { $verbs } `services/status`.
    .why = Whoever sets a load balancer address in a Service's status receives the cluster's traffic to that address (CVE-2020-8554).
    .fix = Leave `services/status` to the cloud's controller.

check-system-masters-bound = system:masters bound
    .message = { $binding } names the group `system:masters`.
    .why = Members of this group are let through before any authorizer is asked, and no change of RBAC takes that away. A binding to it shows that the group is in use.
    .fix = Use a group of your own, and keep certificates with `system:masters` for emergencies.

check-system-nodes-bound = Nodes bound through RBAC
    .message = { $binding } gives { $role } to `{ $subject }`.
    .why = The Node authorizer gives each kubelet what its own pods need. A binding gives more, and whoever takes over one node has it.
    .fix = Remove the binding. Give agents on nodes a service account of their own.

check-wildcard-in-role = Wildcard in a role
    .message = { $role } grants `*` in `{ $field }`.
    .why = A wildcard also grants what does not exist yet: the verbs, resources and subresources of later versions and of operators. Among them are exec, tokens and `escalate`.
    .fix = List the verbs, resources and API groups that are used. `haechi access generate` makes the list from the audit log.

check-workload-with-takeover-role = Workload can take over the cluster
    .message = The pod runs as { $account }, which has `{ $right }` in the whole cluster through the role { $role }.
    .why = Whoever breaks into this pod has the token of its account, and with it a way to the whole cluster.
    .fix = Bind the role in the namespaces that the workload works in, name the objects that it needs, and keep the token out of containers that do not use it.

check-workloads-deletable = Workloads can be deleted
    .message = { $role } may { $verbs } { $resources }.
    .why = Deleting workloads stops the service that they give. With `deletecollection` one request is enough for a whole namespace.
    .fix = Take the delete verbs out of roles of people and tools that only deploy.

check-workloads-writable = Workloads can be changed
    .message = { $role } may { $verbs } { $resources }.
    .why = The pods of a workload run as any service account of their namespace and mount any Secret there. Where privileged pods are admitted, they own the nodes as well.
    .fix = Deploy through a pipeline with an account of its own, name the workloads in `resourceNames` where that is possible, and enforce a Pod Security level in the namespace.
