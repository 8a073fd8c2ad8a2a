# Texts of the checks of the area "network".

check-dangling-ingress-backend = Route to a Service that is not there
    .message = The Service `{ $name }`, or the port of it, that the route leads to is not in this scan.
    .why = Users get errors. Whoever may create a Service of that name receives their requests, credentials included.
    .fix = Correct the backend, or add the Service.

check-dangling-service-monitor = Monitor without a Service
    .message = The ServiceMonitor selects no Service of this scan.
    .why = Nothing is measured, so no alert ever fires, and nobody notices.
    .fix = Use the labels of the Service in `selector`.

check-default-deny-missing = No default deny
    .message = No policy of the namespace denies { $direction ->
        [ingress] ingress
        [egress] egress
       *[both] ingress and egress
        } by default.
    .why = A new pod that nobody wrote a policy for may be reached by, or reach, everything.
    .fix = Add a policy with an empty `podSelector` and both `policyTypes`, without rules.

check-exposed-service = Service exposed outside of the cluster
    .message = { $type ->
        [NodePort] The Service opens a port on every node of the cluster.
       *[LoadBalancer] The Service gets a load balancer that anyone may reach.
        }
    .why = The workload can be reached past the ingress, its TLS, its authentication and its logs.
    .fix = Use a `ClusterIP` Service behind an Ingress or Gateway, or limit who may connect by `loadBalancerSourceRanges`.

check-ingress-without-tls = Ingress without TLS
    .message = The Ingress serves { $host ->
        [all] its hosts
       *[other] { $host }
        } without TLS.
    .why = Passwords, cookies and data cross the network in the clear, where they can be read and changed.
    .fix = Add the host and a certificate under `spec.tls`.

check-invalid-target-port = Target port that leads nowhere
    .message = The target port { $port } of the Service is not valid, or no pod that it selects declares it.
    .why = The Service has no endpoints for that port, and connections are refused.
    .fix = Use the number or the declared name of a container port.

check-namespace-without-network-policy = Namespace without network policies
    .message = This scan holds no network policy for the namespace.
    .why = Without one every pod of the cluster may connect to every pod of the namespace.
    .fix = Add a policy that denies all traffic by default, and one for each connection that is needed.

check-network-policy-without-pods = Network policy without pods
    .message = The policy selects no pod of this scan.
    .why = The pods that it was meant to guard are open, while everybody believes them guarded.
    .fix = Use the labels of the pods in `podSelector`.

check-pod-half-isolated = Pod isolated in one direction
    .message = { $direction ->
        [egress] The pods may connect to everything: no policy limits their egress.
       *[ingress] Everything may connect to the pods: no policy limits their ingress.
        }
    .why = Without limits on egress an attacker fetches tools and carries data away; without limits on ingress any pod is a way in.
    .fix = Add the missing direction to `policyTypes`, with rules for the traffic that is needed.

check-pod-not-isolated = Pod not isolated
    .message = No network policy of this scan selects the pods.
    .why = Every pod of the cluster may connect to them, and they to everything. An attacker in any pod goes on from here.
    .fix = Add a NetworkPolicy that selects the pods and allows only the traffic that they need.

check-service-external-ips = External IP addresses claimed
    .message = The Service claims external IP addresses.
    .why = All nodes send traffic for those addresses to the Service, whoever they belong to (CVE-2020-8554): a way to intercept connections of the whole cluster.
    .fix = Remove `externalIPs` and use a load balancer. Forbid the field by the admission plugin DenyServiceExternalIPs.

check-service-without-pods = Service without pods
    .message = The selector of the Service matches no pod of this scan.
    .why = Nobody answers at the Service. Whoever may create a pod with those labels receives its traffic.
    .fix = Use the labels of the pods in `selector`, or remove the Service.
