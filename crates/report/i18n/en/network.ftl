# Network: reachability, explanations, exposure, changes, policies from observed connections.

cli-network = Find out what reaches what, why, and write the policies that close it

cli-network-reach = List every connection that the policies let through, or draw it as a matrix
cli-network-reach-file = Manifests: files, folders, or `-`
    .value = PATH
cli-network-reach-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-reach-workload = Only connections of this workload: NAME, NAMESPACE/NAME or ingress-controller
    .value = WORKLOAD
cli-network-reach-direction = Only connections to (ingress) or from (egress) the workload
    .value = DIRECTION
cli-network-reach-peer = Only connections between the workload and this one
    .value = WORKLOAD
cli-network-reach-port = Only where this port is open: 80, 53/udp
    .value = PORT
cli-network-reach-ipv6 = Also addresses of IPv6
cli-network-reach-output = How to print the result
    .value = FORMAT

cli-network-explain = Tell whether a connection passes, and which policies and rules decide it
    .more = Ends with 0 if it passes, 1 if it is refused, 3 if that is not known.
cli-network-explain-file = Manifests: files, folders, or `-`
    .value = PATH
cli-network-explain-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-explain-from = Who connects: a workload or pod (NAME or NAMESPACE/NAME), an address, or ingress-controller
    .value = FROM
cli-network-explain-to = To whom: a workload, pod, Service or address
    .value = TO
cli-network-explain-port = The port: 80, 53/udp, or the name of a port; without it all connections
    .value = PORT
cli-network-explain-output = How to print the result
    .value = FORMAT

cli-network-exposed = List what is open to the internet, and to pods of other namespaces
cli-network-exposed-file = Manifests: files, folders, or `-`
    .value = PATH
cli-network-exposed-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-exposed-workload = Only this workload: NAME or NAMESPACE/NAME
    .value = WORKLOAD
cli-network-exposed-fail-on = End with 1 where something is, or may be, open to this
    .value = WHOM
cli-network-exposed-output = How to print the result
    .value = FORMAT

cli-network-diff = Tell which connections a change of manifests adds, removes and changes
cli-network-diff-before = Manifests before the change: a file or folder
    .value = BEFORE
cli-network-diff-after = Manifests after it
    .value = AFTER
cli-network-diff-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-diff-workload = Only connections of this workload: NAME or NAMESPACE/NAME
    .value = WORKLOAD
cli-network-diff-fail-on = End with 1 where something passes that did not before (added) or no longer passes (removed)
    .value = CHANGE
cli-network-diff-output = How to print the result
    .value = FORMAT

cli-network-generate = Write NetworkPolicies that allow what was observed and refuse the rest
    .more = Without flows, the connections are those that the manifests themselves show: Services whose names stand in environment and arguments, and what load balancers and Ingresses lead to. The result is checked by replaying the connections against it.
cli-network-generate-file = Manifests: files, folders, or `-`; with addresses of pods, as the cluster prints them, where flows have addresses only
    .value = PATH
cli-network-generate-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-generate-flows = Observed connections: VPC flow logs, Hubble’s or Cilium’s JSON lines
    .value = PATH
cli-network-generate-format = What the flows are
    .value = FORMAT
cli-network-generate-ingress-namespace = The namespace of the ingress controller: what Ingresses and routes lead to is let in from there
    .value = NAMESPACE
cli-network-generate-no-default-deny = Write no policies that refuse everything else
cli-network-generate-no-dns = Write no policies that allow DNS
cli-network-generate-include-refused = Also allow connections that were seen refused
cli-network-generate-output = How to print the policies
    .value = FORMAT

cli-network-observe = Hold observed connections against the policies: what they would refuse, which rules nothing used
    .more = Ends with 1 where a connection would be refused, 3 where that is not known or a part of the log was not read.
cli-network-observe-file = Manifests: files, folders, or `-`; with addresses of pods, as the cluster prints them, where flows have addresses only
    .value = PATH
cli-network-observe-cni = The network plugin: it decides what the specification of NetworkPolicy leaves open
    .value = PLUGIN
cli-network-observe-flows = Observed connections: VPC flow logs, Hubble’s or Cilium’s JSON lines
    .value = PATH
cli-network-observe-format = What the flows are
    .value = FORMAT
cli-network-observe-output = How to print the result
    .value = FORMAT

network-all-connections = all connections
network-no-connections = no connections
network-and-unknown = { $sure } (unknown: { $unknown })
network-outside = { $addresses } (outside)
network-ingress-controller = ingress controller
network-no-workloads = No workloads were found.
network-nothing-passes = Nothing passes.
network-in = In network { $network }:
network-bad-port = `{ $given }` is no port: write 80, 53/udp, or the name of a port of the destination
network-bad-namespace = `{ $given }` cannot be the name of a namespace
network-no-such-workload = no workload is named `{ $given }`
network-no-such-end = `{ $given }` is no workload, pod, Service or address. Workloads: { $known }
network-several-ends = `{ $given }` may be any of { $known }
network-service-without-pods = Service `{ $given }` selects no pod that was read
network-no-such-service-port = the Service has no port `{ $given }`. Ports: { $known }

network-encryption-mtls = mutual TLS
network-encryption-tls = TLS
network-encryption-network = encrypted by the network plugin
network-encryption-plaintext = plain text
network-encryption-unknown = encryption unknown
network-encryption-broken = refused: client and server disagree about TLS
network-encryption-by-protocol = TCP: { $tcp }; UDP, SCTP: { $rest }
network-secondary-left-out = pods also meet in secondary networks; this answer is about primary networks only: `haechi network reach` lists every network
network-encryption = Encryption in transit: { $ways }

network-answer-passes = passes
network-answer-refused = refused
network-answer-unknown = not known
network-passes-part = passes only for { $part }
network-direction-ingress = ingress
network-direction-egress = egress
network-side = { $direction } of { $end }: { $answer }
network-cause-allowed-by-rule = { $policy } allows it by rule { $rule } ({ $place })
network-cause-denied-by-rule = { $policy } refuses it by rule { $rule } ({ $place })
network-cause-passed-on-by-rule = { $policy } leaves it to later policies by rule { $rule } ({ $place })
network-cause-logged-by-rule = { $policy } only logs it by rule { $rule } ({ $place })
network-cause-no-rule-names-it = refused, for policies are for it and no rule allows this:
network-cause-nothing-restricts-it = no network policy restricts it
network-not-sure = perhaps: { $cause }

network-exposed-internet = Open to the outside of the cluster:
network-exposed-cluster = Open to other pods of the cluster:
network-exposed-none = nothing
network-any-pod = any pod of the cluster
network-from-namespace = from namespace { $namespace }:
network-described = pods { $pods } in namespace { $namespace }
network-described-anywhere = pods { $pods } in namespaces { $namespaces }
network-described-all = of any labels
network-described-all-namespaces = of any name
network-miss-no-rules = { $policy } has no rules for this direction ({ $place })
network-miss-no-peer = no rule of { $policy } means the other side ({ $place })
network-miss-other-ports = rule { $rule } of { $policy } means the other side, but not these connections ({ $place })
network-miss-unknown-name = rule { $rule } of { $policy } means the other side, but by the name of a port that the destination does not have ({ $place })
network-door-entry = forwards requests
network-door-load-balancer = load balancer
network-door-node-port = port on every node
network-door-external-ips = external addresses
network-door-host-port = port of its node
network-door-host-network = network of its node
network-door-policies-passes = policies let it through
network-door-policies-refused = policies refuse it
network-door-policies-unknown = whether policies let it through is not known

network-no-change = No connection changes.
network-from-to = { $old } → { $new }
network-new-workload = new: { $names }
network-lost-workload = no longer there: { $names }
network-change-added = added
network-change-removed = removed
network-change-changed = changed

network-column-from = From
network-column-to = To
network-column-connections = Connections
network-column-encryption = Encryption
network-column-network = Network
network-column-workload = Workload
network-column-by = By
network-column-how = How
network-column-policies = Policies
network-column-change = Change
network-column-before = Before
network-column-after = After
network-column-note = Note

network-svg-title = Network reachability
network-svg-description = A matrix of { $count } { $count ->
    [one] connection
   *[other] connections
  }: sources are rows, destinations are columns.
network-svg-axes = from ↓  to →
network-svg-all = all connections
network-svg-some = some connections
network-svg-conditional = depends on the request
network-braces = {"{"}…{"}"}: only these requests pass; `sport` is the port of the caller.
network-svg-unknown = not known in part
network-svg-encrypted = encrypted on the way

network-more-skipped = { $path }: { $count } further { $count ->
    [one] line was
   *[other] lines were
  } not used
network-unmet = no policy can allow { $flow }: { $reason }
network-unmet-entry = nothing lets requests in that come by { $entry }: name the namespace of its controller with --ingress-namespace
network-not-verified = the written policies do not let { $flow } through: { $answer }
network-generated-from-flows = Written by Haechi from { $connections } observed { $connections ->
    [one] connection
   *[other] connections
  } ({ $records } records). Read before you apply.
network-generated-from-services = Written by Haechi from { $connections } { $connections ->
    [one] connection
   *[other] connections
  } that the manifests show. Read before you apply.
network-observed = { $connections } distinct { $connections ->
    [one] connection was
   *[other] connections were
  } observed.
network-observed-refused = The policies would refuse { $count }:
network-observed-unknown = Of { $count } it is not known whether the policies let them through:
network-observed-unused = { $count } { $count ->
    [one] rule that no observed connection used
   *[other] rules that no observed connection used
  }:
network-times = { $count } { $count ->
    [one] time
   *[other] times
  }
network-unused-rule = { $policy }, { $direction } rule { $rule } ({ $place })

network-notice-invalid-cidr = invalid CIDR
network-notice-except-outside-cidr = exception outside of its block
network-notice-invalid-selector = invalid selector
network-notice-invalid-port = invalid port
network-notice-invalid-field = invalid field
network-notice-missing-namespace = nothing else is known of namespace { $subject }
network-notice-namespace-selects-nothing = the rule’s `namespaceSelector` selects none of the known namespaces
network-notice-policy-selects-nothing = the policy is for no known pod
network-notice-peer-selects-nothing = the rule’s peers are no known pod and no address
network-notice-unknown-named-port = no pod that the rule could concern declares a port named { $subject } with this protocol: the rule matches nothing
network-notice-shadowed-rule = rule without effect: rule { $subject } of the same list already decides all that it names
network-notice-equal-priority = { $subject } has the same priority and concerns the same pods: which one is asked first is undefined
network-notice-not-judged = not judged
network-notice-service-selects-nothing = the Service’s selector selects no known pod
network-notice-unknown-target-port = none of the Service’s pods declares the target port { $subject }
network-notice-unknown-backend = it leads to Service { $subject }, which is not there or has no such port
network-notice-duplicate = stands twice, first at { $subject }: both count here, in a cluster the one applied last
