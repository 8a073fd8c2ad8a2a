# Texts of the checks of the area "workload".

check-apparmor-profile-missing = No AppArmor profile
    .message = No AppArmor profile is chosen for container { $container }.
    .why = Whether the container is confined depends on the node. A profile that is named keeps the pod off nodes that cannot enforce it.
    .fix = Set `securityContext.appArmorProfile.type: RuntimeDefault` on the pod.

check-apparmor-unconfined = AppArmor switched off
    .message = Container { $container } has the AppArmor profile `{ $profile }`, which confines nothing.
    .why = AppArmor keeps a container from files and kernel interfaces that escapes use. Where nodes have it, this takes away a protection that other pods have.
    .fix = Use `appArmorProfile.type: RuntimeDefault`, or `Localhost` with a profile of the node.

check-capabilities-not-dropped = Capabilities not dropped
    .message = Container { $container } keeps capabilities that it may not need.
    .why = Container runtimes grant fourteen capabilities by default, among them raw sockets and changing file owners. Attackers use what the program does not.
    .fix = Set `securityContext.capabilities.drop: ["ALL"]` and add back only what the program needs.

check-capability-added = Capability added
    .message = Container { $container } adds the capability { $capability }.
    .why = Most programs need no capability. Each one that is added stays with whoever breaks into the container.
    .fix = Remove { $capability } from `securityContext.capabilities.add` if the program runs without it.

check-container-runs-as-root = Container may run as root
    .message = { $subject ->
        [container] Nothing keeps container { $container } from running as root.
       *[pod] Containers that are added to the pod run as root (`runAsUser: 0`).
    }
    .why = Root in a container is root on the node as soon as it escapes. Until then it can replace every program in the container.
    .fix = Set `securityContext.runAsNonRoot: true` on the pod or container, and `runAsUser` to an id that the image can run as.

check-container-runtime-socket-mounted = Container runtime socket mounted
    .message = Volume { $volume } mounts the container runtime's socket { $path }.
    .why = Whoever can talk to the container runtime can start a privileged container with the whole node mounted. The socket is root on the node.
    .fix = Remove the volume. Build images with a tool that needs no daemon, and read container data from the kubelet's API.

check-cpu-limit-missing = No CPU limit
    .message = Container { $container } has no CPU limit.
    .why = The container may use all CPU time of its node that others have not requested. Where tenants pay by use or need steady latency, that matters.
    .fix = Set `resources.limits.cpu`, or make sure that every container of the node requests the CPU that it needs.

check-cpu-request-missing = No CPU request
    .message = Container { $container } has no CPU request.
    .why = The scheduler places pods by their requests, and under load CPU time is shared out by them. Without one the container gets what is left.
    .fix = Set `resources.requests.cpu` to what the program usually needs.

check-cron-job-without-deadline = CronJob without a deadline
    .message = The CronJob sets no `startingDeadlineSeconds`.
    .why = After more than a hundred missed runs the controller gives the CronJob up, and nobody is told.
    .fix = Set `startingDeadlineSeconds` to how late a run may still start.

check-dangerous-capability-added = Dangerous capability added
    .message = Container { $container } adds the capability { $capability }.
    .why = This capability is beyond what the baseline Pod Security Standard allows. It can lead out of the container or take over the network.
    .fix = Remove { $capability } from `securityContext.capabilities.add`, or move the work that needs it into a small component of its own.

check-debug-container-left = Debug container left
    .message = The pod has the ephemeral container { $container }.
    .why = Debug containers bring tools that the image left out on purpose, and stay until the pod is replaced.
    .fix = Restart the pod when debugging is over.

check-default-namespace = Default namespace
    .message = The object is put into the namespace `default`.
    .why = Everything that nobody thought about lands there. Rights, quotas and network policies that are meant for one application then apply to all of it.
    .fix = Give the application a namespace of its own.

check-default-service-account = Default service account
    .message = The pod runs under the service account `default` of its namespace.
    .why = Rights that are given to `default` for one pod are had by every pod of the namespace that names no account.
    .fix = Make a service account for the workload and name it in `serviceAccountName`, or set `automountServiceAccountToken: false`.

check-default-service-account-token = Default account gives its token
    .message = The service account `default` gives its token to every pod that names no account.
    .why = Pods that never talk to the Kubernetes API get credentials for it all the same.
    .fix = Set `automountServiceAccountToken: false` on the account `default` of every namespace.

check-deprecated-service-account-field = Deprecated field serviceAccount
    .message = The service account is named in `serviceAccount`, which is deprecated.
    .why = Tools and policies look at `serviceAccountName`. They take the pod for one without an account of its own.
    .fix = Name the account in `serviceAccountName`.

check-duplicate-environment-variable = Environment variable set twice
    .message = Container { $container } sets { $variable } twice.
    .why = The last value counts, people read the first. Server-side apply refuses the object, or drops one of the two.
    .fix = Keep one of the values.

check-ephemeral-storage-unbounded = Ephemeral storage unbounded
    .message = Container { $container } sets no ephemeral storage under `resources.{ $list }`.
    .why = Logs, `emptyDir` volumes and the writable layer fill the node's disk. When it is full, the kubelet evicts pods of others as well.
    .fix = Set `resources.{ $list }.ephemeral-storage`.

check-forbidden-annotation = Forbidden annotation
    .message = The annotation { $annotation } is not allowed here.
    .why = Annotations switch on features of controllers. This one is forbidden by the configuration.
    .fix = Remove the annotation { $annotation }.

check-fs-group-missing = Group of volumes not set
    .message = The pod does not set `{ $field }`.
    .why = Files on volumes then belong to whoever made them. To get at them people fall back on root or on permissions for all.
    .fix = Set `securityContext.fsGroup` and `fsGroupChangePolicy: OnRootMismatch`.

check-git-sync-command-replaced = git-sync runs another program
    .message = Container { $container } has git-sync run another program than git.
    .why = git-sync starts that program with its own rights and mounts. Whoever can place a file there runs code in the pod.
    .fix = Remove the setting, so that git-sync uses its own git.

check-helm-tiller = Helm Tiller
    .message = The object belongs to Tiller, the server of Helm 2.
    .why = Tiller answers anyone in the cluster without asking who they are, and usually may do everything. It has had no security fixes since 2020.
    .fix = Remove Tiller and move to Helm 3, which has no server.

check-helm-tiller-open = Helm Tiller open to the cluster
    .message = Container { $container } runs Tiller, which answers every pod of the cluster.
    .why = Tiller does not ask who calls it. Any pod may install what it likes with Tiller's rights, usually those of an administrator.
    .fix = Remove Tiller and move to Helm 3. Until then have it listen on the loopback address only.

check-host-aliases-set = Host names fixed in the pod
    .message = The pod sends host names to { $ip } past DNS (`hostAliases`).
    .why = Names that bypass DNS lead traffic, credentials included, to wherever the manifest says, unseen by DNS logs, and stay when the address changes hands.
    .fix = Remove `hostAliases` and resolve the names by DNS or a Service of type ExternalName.

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

check-invalid-label = Invalid label
    .message = Kubernetes refuses the label { $label } or its value.
    .why = The object cannot be applied, and whatever it was to replace stays as it is.
    .fix = Use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.

check-job-not-cleaned-up = Finished Jobs not cleaned up
    .message = { $kind ->
        [CronJob] The Jobs of the CronJob have a time to live besides the CronJob's history limits.
       *[Job] The Job stays after it has finished.
        }
    .why = Finished Jobs and their pods fill the API server, with their environment and logs open to whoever may read pods. Two rules for removing them make it unclear which applies.
    .fix = { $kind ->
        [CronJob] Remove `ttlSecondsAfterFinished` and set `successfulJobsHistoryLimit` and `failedJobsHistoryLimit`.
       *[Job] Set `ttlSecondsAfterFinished`.
        }

check-kernel-hardening-missing = No kernel confinement
    .message = Container { $container } has no seccomp, AppArmor or SELinux setting and drops no capability.
    .why = Nothing but the container's namespaces stands between the program and the kernel of the node.
    .fix = Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod and drop all capabilities.

check-kubernetes-dashboard = Kubernetes dashboard
    .message = The Kubernetes dashboard runs here, or its service account or role is used.
    .why = The dashboard acts with the rights of its service account or of whoever pastes a token. Left open or given too much, it has handed over whole clusters. The project was archived in 2025.
    .fix = Remove the dashboard with its service account and bindings.

check-low-group-id = Low group id
    .message = Container { $container } runs under a group id below { $least }, or under one that the manifest does not set.
    .why = Low ids belong to groups of the node as well. After an escape the process has the rights of that group there.
    .fix = Set `securityContext.runAsGroup` to { $least } or more.

check-low-user-id = Low user id
    .message = Container { $container } runs under a user id below { $least }, or under one that the manifest does not set.
    .why = Low ids belong to users of the node as well. After an escape the process has the rights of whoever has that id there.
    .fix = Set `securityContext.runAsUser` to { $least } or more.

check-memory-limit-missing = No memory limit
    .message = Container { $container } has no memory limit.
    .why = One leaking or attacked container can take all memory of its node, and the kernel kills other workloads for it.
    .fix = Set `resources.limits.memory` to what the program needs at its peak.

check-memory-request-missing = No memory request
    .message = Container { $container } has no memory request.
    .why = The scheduler places pods by their requests. Without one, nodes are packed by guess and the pod is among the first to be evicted.
    .fix = Set `resources.requests.memory` to what the program usually needs.

check-naked-pod = Pod without a controller
    .message = No controller runs the pod.
    .why = When its node fails or is drained, the pod is gone and nothing brings it back. It is not rolled out step by step either.
    .fix = Use a Deployment, StatefulSet or Job.

check-namespace-not-set = Namespace left open
    .message = The object names no namespace.
    .why = It goes to the namespace of whoever applies it, which is `default` unless that is changed.
    .fix = Name the namespace in `metadata.namespace`, or have a kustomization or chart set it for all objects.

check-net-raw-not-dropped = Raw sockets allowed
    .message = Container { $container } keeps the capability NET_RAW.
    .why = With raw sockets a container can forge packets and answer ARP and DNS requests of other pods of its node.
    .fix = Add `NET_RAW` (or better `ALL`) to `securityContext.capabilities.drop`.

check-privilege-escalation-allowed = Privilege escalation allowed
    .message = Container { $container } may gain more privileges than it started with.
    .why = With a setuid program or file capabilities in the image, a process without privileges becomes root inside the container.
    .fix = Set `securityContext.allowPrivilegeEscalation: false`.

check-privileged-container = Privileged container
    .message = Container { $container } runs in privileged mode.
    .why = A privileged container has every capability and sees all devices of the host. Whoever takes over its process owns the node.
    .fix = Remove `privileged: true`. If the program needs one right of the kernel, add just that capability under `securityContext.capabilities.add`.

check-privileged-port = Privileged port
    .message = Container { $container } listens on port { $port }, below 1024.
    .why = On older container runtimes such ports need the capability NET_BIND_SERVICE or root.
    .fix = Let the program listen on a port above 1023 and map it by a Service.

check-proc-mount-unmasked = Unmasked /proc
    .message = Container { $container } sees the whole of /proc (`procMount` is not `Default`).
    .why = Container runtimes hide the parts of /proc that change the node. Unmasked, root in the container can change kernel settings.
    .fix = Remove `procMount`. For containers inside of containers, use a user namespace (`hostUsers: false`).

check-recommended-labels-missing = Recommended label missing
    .message = The workload lacks the label { $label }, or its value does not fit the name.
    .why = Tools group objects to applications by these labels. Without them nobody sees what belongs together.
    .fix = Set { $label } on the object and its pod template.

check-requests-below-limits = Requests below limits
    .message = Container { $container } does not request as much { $resource } as it may use.
    .why = Only pods whose requests equal their limits are guaranteed what they use. Others are evicted first when the node runs short.
    .fix = Set requests and limits of { $resource } to the same amount, where the workload must not be evicted.

check-required-annotation-missing = Required annotation missing
    .message = The annotation { $annotation } is missing, which is required here.
    .why = What reads the annotation (backups, alerts, cost reports) leaves this object out.
    .fix = Set the annotation { $annotation }.

check-required-label-missing = Required label missing
    .message = The workload lacks the label { $label }, which is required here.
    .why = Without it nobody knows whom to call when the workload is attacked or fails, and reports cannot be grouped.
    .fix = Set the label { $label }.

check-resources-out-of-bounds = Resources out of bounds
    .message = The { $resource } of container { $container } under `{ $list }` is { $side ->
        [low] below the lowest
       *[high] above the highest
        } amount that is allowed.
    .why = The bounds keep one workload from taking the node, and from starting with too little to run.
    .fix = Choose an amount within the bounds, or change the bounds in the configuration.

check-root-group = Group root
    .message = The manifest puts processes into the group root (`{ $field }: 0`).
    .why = Many files of the image and of mounted volumes may be read or written by the group root. A process without root's user id gets at them this way.
    .fix = Set `{ $field }` to an id of the program's own.

check-scheduled-workload = Scheduled workload
    .message = The CronJob runs by the schedule `{ $schedule }`.
    .why = A task that comes back by itself survives clean-ups. Attackers use it to stay.
    .fix = Make sure that somebody knows what this CronJob is for.

check-seccomp-profile-missing = No seccomp profile
    .message = No seccomp profile is chosen for container { $container }.
    .why = Without a profile the kernel answers every system call. The default profile refuses those that most kernel exploits need.
    .fix = Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.

check-seccomp-unconfined = Seccomp switched off
    .message = { $subject ->
        [container] Container { $container } runs without seccomp (`Unconfined`).
       *[pod] Containers that are added to the pod run without seccomp (`Unconfined`).
    }
    .why = Every system call of the kernel is open to the container, those that most kernel exploits need included.
    .fix = Use `seccompProfile.type: RuntimeDefault`, or a `Localhost` profile with the calls that the program needs.

check-security-context-missing = No security context
    .message = Container { $container } has no security context.
    .why = Every security setting is left to its default, and most defaults are permissive for the sake of compatibility.
    .fix = Add a `securityContext` to the pod and its containers.

check-selinux-options-missing = No SELinux options
    .message = No SELinux options are chosen for container { $container }.
    .why = On nodes with SELinux the container gets a label at random, which cannot be tied to a policy of yours.
    .fix = Set `securityContext.seLinuxOptions.level` on the pod.

check-sensitive-host-path-mounted = Sensitive directory of the node mounted
    .message = Volume { $volume } mounts { $path }, which holds the node's configuration, credentials or processes.
    .why = With these files a pod can read other pods' secrets and the node's credentials, or change what the node runs.
    .fix = Mount the single file that is needed, read-only, or use a ConfigMap, Secret or projected volume.

check-service-account-token-mounted = API token mounted
    .message = The pod gets a token for the Kubernetes API.
    .why = Every process in the pod can call the API with the rights of its service account. Most programs never do, but an attacker will.
    .fix = Set `automountServiceAccountToken: false`, unless the program talks to the Kubernetes API.

check-shared-process-namespace = Shared process namespace
    .message = The containers of the pod see each other's processes (`shareProcessNamespace: true`).
    .why = A container reads the command lines, environment and files of the others through /proc. Whoever takes over the sidecar has the program's secrets.
    .fix = Remove `shareProcessNamespace`, and use signals or files on a shared volume between containers.

check-ssh-port-exposed = SSH port open
    .message = { $container } opens port { $port }, the port of an SSH server.
    .why = A login server in a container is a second door with passwords and keys of its own, past the cluster's authentication, rights and audit log.
    .fix = Remove the SSH server. Use `kubectl exec` or `kubectl debug`, which are authorised and logged.

check-sudo-in-command = sudo in the command
    .message = The command of container { $container } calls sudo.
    .why = sudo works only in containers that may gain privileges. It keeps the setuid program and `allowPrivilegeEscalation` alive that an attacker needs to become root.
    .fix = Run the program under the user that it needs (`runAsUser`), and give it single capabilities instead of root.

check-supplemental-groups-missing = Supplemental groups left open
    .message = The pod does not say which further groups its processes are in.
    .why = The image's own group file adds groups that nobody sees in the manifest, with rights to files on shared volumes.
    .fix = Set `securityContext.supplementalGroups`, or `supplementalGroupsPolicy: Strict`.

check-unsafe-selinux-options = SELinux confinement changed
    .message = The SELinux { $field } is set to { $value }.
    .why = Another user, role or type than those for containers can loosen what SELinux keeps a container from, up to nothing at all.
    .fix = Remove `seLinuxOptions.{ $field }`, or use one of the types for containers such as `container_t`.

check-unsafe-sysctl = Unsafe sysctl
    .message = The pod sets the kernel parameter { $sysctl }, which is not safe.
    .why = Such a setting can disturb other pods of the node or weaken the kernel for all of them. The kubelet refuses the pod unless the node allows it.
    .fix = Remove { $sysctl } from `securityContext.sysctls`, or set it on dedicated nodes.

check-unsuitable-restart-policy = Unsuitable restart policy
    .message = A { $kind } cannot have the restart policy { $policy }.
    .why = The API server refuses the object, so that what it was to replace stays as it is.
    .fix = Use `Always` for workloads that run on, `Never` or `OnFailure` for Jobs and CronJobs.

check-user-namespace-not-used = No user namespace
    .message = The pod runs without a user namespace of its own.
    .why = User ids in the pod are user ids of the node. With a user namespace, root in the container is nobody outside of it.
    .fix = Set `hostUsers: false`, where the nodes' kernel and container runtime support it.

check-volume-type-not-allowed = Volume type not allowed
    .message = Volume { $volume } is of the type { $type }, which the restricted Pod Security Standard does not allow.
    .why = Such volumes are mounted by the node with rights of its own, past the quotas and access rules of storage classes.
    .fix = Use a PersistentVolumeClaim, a CSI volume or one of the types that are made by Kubernetes itself.

check-windows-credential-spec-missing = No managed Windows account
    .message = Container { $container } has no group managed service account.
    .why = Programs that log in to a domain without one need a password in their configuration.
    .fix = Set `windowsOptions.gmsaCredentialSpecName`, if the program logs in to a Windows domain.

check-windows-host-process = Windows HostProcess container
    .message = { $subject ->
        [container] Container { $container } runs as a process of its Windows node.
       *[pod] The containers of the pod run as processes of their Windows node.
    }
    .why = A HostProcess container has the file system, the network and the accounts of its node: it is privileged mode on Windows.
    .fix = Remove `windowsOptions.hostProcess: true`, and set `runAsUserName: ContainerUser`.

check-windows-user-missing = Windows user not chosen
    .message = Nothing keeps container { $container } from running as a Windows administrator.
    .why = An administrator of the container can change every program in it, and has the shortest way to the node.
    .fix = Set `windowsOptions.runAsUserName: ContainerUser`.

check-workload-in-system-namespace = Workload in a system namespace
    .message = The workload runs in the namespace { $namespace } of Kubernetes itself.
    .why = Whoever may change things there may change the cluster's own components, and policies usually leave that namespace out.
    .fix = Give the workload a namespace of its own.

check-writable-host-path-mount = Writable path of the node
    .message = Container { $container } can write to { $path } of its node.
    .why = What the container writes there is read by other programs of the node. A changed configuration, script or log rotation leads out of the container.
    .fix = Set `readOnly: true` on the mount, or use a volume that is not part of the node.

check-writable-root-filesystem = Writable root file system
    .message = Container { $container } can write to its root file system.
    .why = Whoever runs code in the container can add tools and change programs and configuration there.
    .fix = Set `securityContext.readOnlyRootFilesystem: true`, and mount an `emptyDir` where the program has to write.
