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

check-etcd-without-client-certificates = etcd without client certificates
    .message = Container { $container } runs etcd that is open by `{ $what }`.
    .why = etcd holds every object of the cluster, Secrets included. Whoever may talk to it is above the API server.
    .fix = Listen on `https://` only, and set `--client-cert-auth=true` and `--peer-client-cert-auth=true`.

check-exposed-interface-without-authentication = Open interface without authentication
    .message = Container { $container } runs a program without authentication, and { $by } opens it to the outside.
    .why = Whoever finds the address uses it: reads data, runs jobs, or takes over the cluster. Such interfaces are found within hours.
    .fix = Keep it inside the cluster, or put authentication before it.

check-exposed-service = Service exposed outside of the cluster
    .message = { $type ->
        [NodePort] The Service opens a port on every node of the cluster.
       *[LoadBalancer] The Service gets a load balancer that anyone may reach.
        }
    .why = The workload can be reached past the ingress, its TLS, its authentication and its logs.
    .fix = Use a `ClusterIP` Service behind an Ingress or Gateway, or limit who may connect by `loadBalancerSourceRanges`.

check-gateway-open-to-all-namespaces = Gateway open to all namespaces
    .message = { $what } is open to more than it needs: to every namespace, or to every object of that kind.
    .why = Whoever may write a route in any namespace can take over a host of the gateway, or use Secrets and Services of others.
    .fix = Choose namespaces by label, and name the object that a grant is for.

check-ingress-nginx-snippet = Text put into the proxy's configuration
    .message = The annotation `{ $annotation }` puts its text into the configuration of ingress-nginx.
    .why = Whoever may write an Ingress can run code in the controller and read every Secret that it may read, of all namespaces.
    .fix = Remove the annotation and set `allow-snippet-annotations: "false"`; what it does is often to be had by an annotation of its own.

check-ingress-without-rate-limit = Public address without a limit on requests
    .message = Nothing in this object limits how many requests a client may send.
    .why = One client can keep a service from all others, and try passwords as fast as it likes.
    .fix = Set a limit with the annotation of your controller, or name the web application firewall that does.

check-ingress-without-tls = Ingress without TLS
    .message = The Ingress serves { $host ->
        [all] its hosts
       *[other] { $host }
        } without TLS.
    .why = Passwords, cookies and data cross the network in the clear, where they can be read and changed.
    .fix = Add the host and a certificate under `spec.tls`.

check-invalid-network-policy = Invalid network policy
    .message = The value `{ $value }` is refused by the API server.
    .why = The policy is not applied at all: the pods that it was meant to guard stay open.
    .fix = Correct the value: an address with its prefix length, a port from 1 to 65535 or the name of one, TCP, UDP or SCTP.

check-invalid-target-port = Target port that leads nowhere
    .message = The target port { $port } of the Service is not valid, or no pod that it selects declares it.
    .why = The Service has no endpoints for that port, and connections are refused.
    .fix = Use the number or the declared name of a container port.

check-istio-authorization-allows-all = Authorization policy that allows everything
    .message = A rule of this policy lets every caller in.
    .why = As soon as one policy allows a request it passes: the others that were to limit who may call do not count any more.
    .fix = Name who may call, and what.

check-istio-default-deny-missing = Mesh namespace open by default
    .message = No AuthorizationPolicy of this scan refuses what no other allows in this namespace.
    .why = A workload that nobody wrote a policy for takes calls from everywhere.
    .fix = Add an AuthorizationPolicy with an empty `spec` to the namespace, then allow what is needed.

check-istio-destination-rule-without-tls = TLS switched off for a destination
    .message = { $what } takes the protection off calls to this host.
    .why = Calls leave the proxy in plain text, or go to whoever answers: the mesh's encryption is undone for that host.
    .fix = Use `ISTIO_MUTUAL` inside the mesh, `SIMPLE` with verification outside.

check-istio-egress-allow-any = Mesh open to every address outside
    .message = The proxies pass calls to any address outside.
    .why = An attacker in a pod sends data wherever they like, and the mesh shows no name for it.
    .fix = Set `outboundTrafficPolicy.mode: REGISTRY_ONLY`, and name what is needed in ServiceEntries.

check-istio-gateway-weak-tls = Gateway with weak or no TLS
    .message = The server of this gateway takes { $what }.
    .why = What is public is read and changed on the way. TLS before 1.2 is broken.
    .fix = Serve HTTPS with at least TLS 1.2, and send plain requests there with `httpsRedirect`.

check-istio-jwt-not-required = Token checked but not required
    .message = No AuthorizationPolicy of this scan asks for the token that is checked here.
    .why = A wrong token is refused, but none at all is let in: everybody who leaves it out is served.
    .fix = Add an AuthorizationPolicy that refuses requests without a request principal.

check-istio-mtls-not-strict = Plain text accepted in the mesh
    .message = The mode { $mode } lets calls without mutual TLS in.
    .why = Whoever is in the network can call the workload without a certificate, and read what others send.
    .fix = Set `mode: STRICT`, after `istioctl` or the metrics show that no plain calls are left.

check-istio-sidecar-bypassed = Traffic past the mesh's proxy
    .message = `{ $what }` leads traffic past Istio's proxy.
    .why = What goes past the proxy is neither encrypted nor authorised nor seen by the mesh.
    .fix = Remove it, or name in a ServiceEntry or PeerAuthentication what needs an exception.

check-kubectl-proxy-exposed = Open kubectl proxy
    .message = Container { $container } runs `kubectl proxy` for the whole network.
    .why = It puts the rights of its account on every request: whoever reaches the port acts as that account, without a password.
    .fix = Let it listen on 127.0.0.1, or use the API server with an account of one's own.

check-kubelet-open = Kubelet open to anybody
    .message = The setting { $what } opens the kubelet to whoever reaches the node.
    .why = The kubelet runs commands in every pod of its node and shows their specifications, credentials in the environment included.
    .fix = Switch anonymous requests and the read-only port off, and set `authorization.mode: Webhook`.

check-metadata-api-reachable = Metadata service within reach
    .message = The block { $cidr } of this egress rule has the metadata service of the cloud in it.
    .why = A pod that can ask 169.254.169.254 gets the credentials of its node, and with them often those of the cluster.
    .fix = Add `169.254.169.254/32` to `except`, and require IMDSv2 with a hop limit of 1 on the nodes.

check-namespace-without-network-policy = Namespace without network policies
    .message = This scan holds no network policy for the namespace.
    .why = Without one every pod of the cluster may connect to every pod of the namespace.
    .fix = Add a policy that denies all traffic by default, and one for each connection that is needed.

check-network-policies-not-enforced = Network plugin that does not enforce policies
    .message = The network plugin { $plugin }, as it is set up here, does not enforce network policies.
    .why = Network policies are accepted and do nothing. Everything that they seem to close is open.
    .fix = Use a plugin that enforces them, or switch its policy agent on.

check-network-policy-allows-all = Network policy that allows everything
    .message = A rule for { $direction } of this policy lets everything through.
    .why = The policy selects the pods and closes nothing: they look guarded and are open to every pod and address.
    .fix = Name the peers and the ports that are needed.

check-network-policy-peer-without-pods = Network policy for peers that are not there
    .message = The `{ $what }` of this peer selects nothing of this scan.
    .why = The connection that the rule was written for is refused, and the next person opens the policy wide to get it working.
    .fix = Compare the selector with the labels of the pods and namespaces.

check-network-policy-unknown-port = Network policy for a port that is not there
    .message = No pod that the policy selects declares a { $protocol } port named `{ $name }`.
    .why = The name matches nothing, so what the rule was to allow is refused.
    .fix = Use the name that the container gives the port, or its number.

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

check-retired-ingress-nginx = Retired ingress controller
    .message = Container { $container } runs ingress-nginx, which is retired.
    .why = It gets no fixes any more, stands before everything that is public, and may read the Secrets of all namespaces.
    .fix = Move to the Gateway API or to a controller that is kept up.

check-service-external-ips = External IP addresses claimed
    .message = The Service claims external IP addresses.
    .why = All nodes send traffic for those addresses to the Service, whoever they belong to (CVE-2020-8554): a way to intercept connections of the whole cluster.
    .fix = Remove `externalIPs` and use a load balancer. Forbid the field by the admission plugin DenyServiceExternalIPs.

check-service-without-pods = Service without pods
    .message = The selector of the Service matches no pod of this scan.
    .why = Nobody answers at the Service. Whoever may create a pod with those labels receives its traffic.
    .fix = Use the labels of the pods in `selector`, or remove the Service.

check-workload-exposed-to-internet = Workload open to the internet
    .message = { $by } leads requests from outside to this workload by Service { $service }.
    .why = What is public is attacked first. Everything that is public should be so on purpose.
    .fix = Take the way from outside away, or accept the finding with its reason.
