# Texts of the checks of the area "workload".

check-capabilities-not-dropped = Capabilities not dropped
    .message = Container { $container } keeps capabilities that it may not need.
    .why = Container runtimes grant fourteen capabilities by default, among them raw sockets and changing file owners. Attackers use what the program does not.
    .fix = Set `securityContext.capabilities.drop: ["ALL"]` and add back only what the program needs.

check-container-runs-as-root = Container may run as root
    .message = Nothing keeps container { $container } from running as root.
    .why = Root in a container is root on the node as soon as it escapes. Until then it can replace every program in the container.
    .fix = Set `securityContext.runAsNonRoot: true` on the pod or container, and `runAsUser` to an id that the image can run as.

check-container-runtime-socket-mounted = Container runtime socket mounted
    .message = Volume { $volume } mounts the container runtime's socket { $path }.
    .why = Whoever can talk to the container runtime can start a privileged container with the whole node mounted. The socket is root on the node.
    .fix = Remove the volume. Build images with a tool that needs no daemon, and read container data from the kubelet's API.

check-cpu-request-missing = No CPU request
    .message = Container { $container } has no CPU request.
    .why = The scheduler places pods by their requests, and under load CPU time is shared out by them. Without one the container gets what is left.
    .fix = Set `resources.requests.cpu` to what the program usually needs.

check-dangerous-capability-added = Dangerous capability added
    .message = Container { $container } adds the capability { $capability }.
    .why = This capability is beyond what the baseline Pod Security Standard allows. It can lead out of the container or take over the network.
    .fix = Remove { $capability } from `securityContext.capabilities.add`, or move the work that needs it into a small component of its own.

check-host-ipc-namespace = Pod shares the host's IPC namespace
    .message = The pod shares inter-process memory and queues with its node (`hostIPC: true`).
    .why = Shared memory of host processes, and of every other pod that does the same, can be read and changed from this pod.
    .fix = Remove `hostIPC: true`. Containers of one pod share their IPC namespace anyway.

check-host-network-namespace = Pod uses the host's network
    .message = The pod uses the network of its node (`hostNetwork: true`).
    .why = The pod can listen on the node's addresses, reach services bound to its loopback such as the kubelet, capture traffic, and is not covered by NetworkPolicies.
    .fix = Remove `hostNetwork: true` and expose the ports through a Service.

check-host-path-volume = Volume from the node's file system
    .message = Volume { $volume } mounts { $path } of the node.
    .why = A pod that reads the node's files reads what belongs to others. One that writes them can change what the node runs.
    .fix = Use a PersistentVolumeClaim, an `emptyDir`, a ConfigMap or a Secret instead of `hostPath`.

check-host-pid-namespace = Pod shares the host's process namespace
    .message = The pod sees and can signal every process of its node (`hostPID: true`).
    .why = Processes in the pod can read the command lines and, as root, the memory and environment of every process on the node, other tenants' secrets included.
    .fix = Remove `hostPID: true`. A node agent that truly needs it belongs in a namespace of its own with restricted access.

check-host-port = Port bound on the node
    .message = Container { $container } binds port { $port } of its node.
    .why = The port answers on every address of the node, past Services and often past NetworkPolicies. Only one such pod fits on a node.
    .fix = Remove `hostPort` and expose the container port through a Service.

check-memory-limit-missing = No memory limit
    .message = Container { $container } has no memory limit.
    .why = One leaking or attacked container can take all memory of its node, and the kernel kills other workloads for it.
    .fix = Set `resources.limits.memory` to what the program needs at its peak.

check-memory-request-missing = No memory request
    .message = Container { $container } has no memory request.
    .why = The scheduler places pods by their requests. Without one, nodes are packed by guess and the pod is among the first to be evicted.
    .fix = Set `resources.requests.memory` to what the program usually needs.

check-privilege-escalation-allowed = Privilege escalation allowed
    .message = Container { $container } may gain more privileges than it started with.
    .why = With a setuid program or file capabilities in the image, a process without privileges becomes root inside the container.
    .fix = Set `securityContext.allowPrivilegeEscalation: false`.

check-privileged-container = Privileged container
    .message = Container { $container } runs in privileged mode.
    .why = A privileged container has every capability and sees all devices of the host. Whoever takes over its process owns the node.
    .fix = Remove `privileged: true`. If the program needs one right of the kernel, add just that capability under `securityContext.capabilities.add`.

check-proc-mount-unmasked = Unmasked /proc
    .message = Container { $container } sees the whole of /proc (`procMount` is not `Default`).
    .why = Container runtimes hide the parts of /proc that change the node. Unmasked, root in the container can change kernel settings.
    .fix = Remove `procMount`. For containers inside of containers, use a user namespace (`hostUsers: false`).

check-seccomp-profile-missing = No seccomp profile
    .message = No seccomp profile is chosen for container { $container }.
    .why = Without a profile the kernel answers every system call. The default profile refuses those that most kernel exploits need.
    .fix = Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.

check-seccomp-unconfined = Seccomp switched off
    .message = Container { $container } runs without seccomp (`Unconfined`).
    .why = Every system call of the kernel is open to the container, those that most kernel exploits need included.
    .fix = Use `seccompProfile.type: RuntimeDefault`, or a `Localhost` profile with the calls that the program needs.

check-sensitive-host-path-mounted = Sensitive directory of the node mounted
    .message = Volume { $volume } mounts { $path }, which holds the node's configuration, credentials or processes.
    .why = With these files a pod can read other pods' secrets and the node's credentials, or change what the node runs.
    .fix = Mount the single file that is needed, read-only, or use a ConfigMap, Secret or projected volume.

check-service-account-token-mounted = API token mounted
    .message = The pod gets a token for the Kubernetes API.
    .why = Every process in the pod can call the API with the rights of its service account. Most programs never do, but an attacker will.
    .fix = Set `automountServiceAccountToken: false`, unless the program talks to the Kubernetes API.

check-unsafe-sysctl = Unsafe sysctl
    .message = The pod sets the kernel parameter { $sysctl }, which is not safe.
    .why = Such a setting can disturb other pods of the node or weaken the kernel for all of them. The kubelet refuses the pod unless the node allows it.
    .fix = Remove { $sysctl } from `securityContext.sysctls`, or set it on dedicated nodes.

check-windows-host-process = Windows HostProcess container
    .message = { $subject ->
        [container] Container { $container } runs as a process of its Windows node.
       *[pod] The containers of the pod run as processes of their Windows node.
    }
    .why = A HostProcess container has the file system, the network and the accounts of its node: it is privileged mode on Windows.
    .fix = Remove `windowsOptions.hostProcess: true`, and set `runAsUserName: ContainerUser`.

check-writable-root-filesystem = Writable root file system
    .message = Container { $container } can write to its root file system.
    .why = Whoever runs code in the container can add tools and change programs and configuration there.
    .fix = Set `securityContext.readOnlyRootFilesystem: true`, and mount an `emptyDir` where the program has to write.
