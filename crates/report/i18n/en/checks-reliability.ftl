# Texts of the checks of the area "reliability".

check-anti-affinity-missing = Replicas may share a node
    .message = Nothing keeps the replicas of the workload on different nodes.
    .why = When the node with all replicas fails, the workload is gone although it has several.
    .fix = Add a topology spread constraint or a pod anti-affinity over `kubernetes.io/hostname`.

check-autoscaler-cannot-scale = Autoscaler cannot scale
    .message = The autoscaler keeps between { $least } and { $most } replicas.
    .why = Under load no pod is added, and nobody notices that the autoscaler does nothing.
    .fix = Set `maxReplicas` above `minReplicas`.

check-dangling-autoscaler = Autoscaler without its target
    .message = The { $kind } { $name } that the autoscaler scales is not in this scan.
    .why = An autoscaler without its target does nothing: the workload does not grow under load.
    .fix = Correct the name under `scaleTargetRef`, or remove the autoscaler.

check-dangling-claim = Claim not in this scan
    .message = The PersistentVolumeClaim { $name } that the pod mounts is not in this scan.
    .why = The pod stays pending until somebody makes the claim.
    .fix = Correct the name, or add the PersistentVolumeClaim.

check-dangling-config-map = ConfigMap not in this scan
    .message = The ConfigMap { $name } that the pod needs is not in this scan.
    .why = Containers wait for a ConfigMap that does not exist, and a rollout stops half-way.
    .fix = Correct the name, add the ConfigMap, or mark the reference `optional`.

check-dangling-priority-class = Priority class not in this scan
    .message = The priority class { $name } is not in this scan.
    .why = Pods with a priority class that does not exist are refused.
    .fix = Correct `priorityClassName`, or add the PriorityClass.

check-dangling-secret = Secret not in this scan
    .message = The Secret { $name } that the pod needs is not in this scan.
    .why = Containers wait for a Secret that does not exist, and a rollout stops half-way.
    .fix = Correct the name, make the Secret, or mark the reference `optional`.

check-dangling-service-account = Service account not in this scan
    .message = The service account { $name } is not in this scan.
    .why = Pods of an account that does not exist are refused. Whoever makes an account of that name later decides on their rights.
    .fix = Correct `serviceAccountName`, or add the ServiceAccount.

check-disruption-budget-blocks-eviction = Disruption budget blocks every eviction
    .message =
        { $count ->
            [0] The PodDisruptionBudget never lets a pod be evicted.
            [one] With one replica, the PodDisruptionBudget lets no pod be evicted.
           *[other] With { NUMBER($count) } replicas, the PodDisruptionBudget lets no pod be evicted.
        }
    .why = Nodes with such a pod cannot be drained. Upgrades and security patches of the nodes stop, or somebody deletes the pods by force.
    .fix = Allow at least one pod to be unavailable (`maxUnavailable: 1`), with one replica more than must answer.

check-disruption-budget-missing = No disruption budget
    .message = No PodDisruptionBudget covers the pods of this workload.
    .why = The drain of nodes for an upgrade may take away all replicas at once.
    .fix = Add a PodDisruptionBudget with `maxUnavailable: 1`.

check-disruption-budget-unreachable = Disruption budget cannot be met
    .message = The budget demands more pods than the autoscaler keeps at its minimum of { $count }.
    .why = At low load the budget is broken from the start, and no node with such a pod can be drained.
    .fix = Use `maxUnavailable`, or raise the autoscaler's `minReplicas`.

check-disruption-budget-without-policy = Disruption budget without a policy
    .message = The PodDisruptionBudget does not say what it allows, or for which pods.
    .why = It looks like a guard and is none: evictions are decided by a default that few know.
    .fix = Set `maxUnavailable` and a `selector`.

check-dns-ndots-default = Default DNS search
    .message = The pod looks up outside names with up to five queries each (`ndots`).
    .why = The search list multiplies DNS load, and sends internal names to outside servers when a search domain is wrong.
    .fix = Set the DNS option `ndots` to 2.

check-identical-probes = Identical probes
    .message = The liveness and readiness probe of container { $container } ask for the same, equally often.
    .why = A slow dependency fails both probes: instead of leaving the Service for a while, all replicas are restarted at once, which makes an overload worse.
    .fix = Let the liveness probe ask only whether the program itself is stuck, or make it more patient.

check-invalid-container-port = Invalid container port
    .message = A port of container { $container } has no valid number or name, or its name stands twice.
    .why = Kubernetes refuses the pod, so that what it was to replace stays as it is.
    .fix = Give the port a number from 1 to 65535 and a short, unique name.

check-invalid-topology-spread = Spread constraint without effect
    .message = The field { $field } of a topology spread constraint is missing or wrong.
    .why = Kubernetes refuses the pod, or counts none of its replicas and spreads nothing.
    .fix = Correct { $field }.

check-liveness-probe-missing = No liveness probe
    .message = Container { $container } has no liveness probe.
    .why = A program that hangs is not restarted, and stays until somebody notices.
    .fix = Add a `livenessProbe` that fails only when a restart would help.

check-node-affinity-missing = No node affinity
    .message = The pods do not say on which nodes they belong.
    .why = Workloads of different trust may share a node, and an escape from one reaches the other.
    .fix = Set a node affinity or a node selector, where nodes are set apart by trust or hardware.

check-priority-class-missing = No priority class
    .message = The pods have no priority class.
    .why = When nodes run short, nothing says which workloads matter, and the wrong ones are evicted.
    .fix = Set `priorityClassName`.

check-readiness-probe-missing = No readiness probe
    .message = Container { $container } has no readiness probe.
    .why = Traffic reaches the pod before the program can answer, and a rollout goes on although the new version does not work.
    .fix = Add a `readinessProbe` that succeeds once the program can answer.

check-replicas-fixed-beside-autoscaler = Replicas fixed beside an autoscaler
    .message = The workload sets `replicas` although an autoscaler decides on it.
    .why = Each apply resets the number, at the worst moment under full load.
    .fix = Remove `replicas` from the manifest.

check-rollout-without-overlap = Rollout takes the workload down
    .message = With the strategy { $strategy }, old pods go before new ones run, or stay until somebody deletes them.
    .why = Each update is an outage, or does not reach every node. Security patches are put off for that reason.
    .fix = Use the strategy `RollingUpdate`.

check-selector-mismatch = Selector does not match
    .message = The selector does not match the labels of the workload's own pods.
    .why = The API server refuses the object, or the controller starts pod after pod that it does not take for its own.
    .fix = Use the same labels in `selector` and in `template.metadata.labels`.

check-statefulset-without-headless-service = StatefulSet without its headless Service
    .message = No headless Service `{ $name }` in this scan selects the pods of the StatefulSet.
    .why = Without it the pods have no names in DNS, and the members of a cluster do not find each other.
    .fix = Add a Service with `clusterIP: None` that selects the pods, and name it in `serviceName`.

check-too-few-autoscaler-replicas = Autoscaler scales too far down
    .message = The autoscaler goes down to { $count }, fewer than { $least }.
    .why = When the load is low and the node of the only pod fails, nobody answers until another has started.
    .fix = Set `minReplicas` to { $least } or more.

check-too-few-replicas = Too few replicas
    .message = The workload runs { $count } { $count ->
        [one] replica
       *[other] replicas
        }, fewer than { $least }.
    .why = When the node of the only pod fails or is drained, nobody answers until another has started.
    .fix = Set `replicas` to { $least } or more, and spread them over nodes.

check-topology-spread-missing = No topology spread constraint
    .message = The pods set no topology spread constraint.
    .why = All replicas may end up in one zone, and fail with it.
    .fix = Add `topologySpreadConstraints` over `topology.kubernetes.io/zone`.

check-undeclared-probe-port = Probe of an undeclared port
    .message = The { $probe } probe of container { $container } asks port { $port }, which the container does not declare.
    .why = A name that is not declared never resolves, so the probe fails whatever the program does. A number that is not declared is often the wrong one.
    .fix = Declare the port under `ports`, or correct the probe.

check-unhealthy-eviction-policy-missing = Eviction of broken pods not decided
    .message = The budget does not say whether pods that are not ready may be evicted.
    .why = By default a pod that crashes over and over keeps its node from being drained.
    .fix = Set `unhealthyPodEvictionPolicy: AlwaysAllow`, unless the pods need time to recover data.
