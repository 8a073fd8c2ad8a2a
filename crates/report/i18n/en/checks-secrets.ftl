# Texts of the checks of the area "secrets".

check-cluster-secret-store-open = Secret store open to all namespaces
    .message = Every namespace may take secrets from the ClusterSecretStore.
    .why = Whoever may create an ExternalSecret anywhere reads everything that the store's credentials can read.
    .fix = Limit the store by `spec.conditions`, or use a SecretStore for each namespace.

check-credential-in-config-map = Credential in a ConfigMap
    .message = { $name } in the key { $key } of the ConfigMap looks like a credential in plain text.
    .why = ConfigMaps are not encrypted at rest, and far more people and programs may read them than Secrets.
    .fix = Move the credential to a Secret or an external store. Rotate the one that was written here.

check-credential-in-environment = Credential in an environment variable
    .message = The value of { $variable } in container { $container } looks like a credential in plain text.
    .why = Everyone who may read the manifest, its repository or the workload has the credential, and it cannot be rotated without a new release.
    .fix = Keep the credential in a Secret or an external store and refer to it. Rotate the one that was written here.

check-encryption-configuration-weak = Secrets not encrypted at rest
    .message = { $problem ->
        [identity] The first provider for Secrets is `identity`: new Secrets are stored in plain text.
        [kms-v1] The provider `kms` uses the deprecated version 1 of its protocol.
       *[secrets] No entry covers Secrets: they are stored in plain text.
        }
    .why = Whoever gets a copy of etcd or of its backup has every Secret of the cluster.
    .fix = Put a `kms` provider with `apiVersion: v2` first for `secrets`, and write all Secrets anew afterwards.

check-external-secret-not-refreshed = External secret not refreshed
    .message = The ExternalSecret is fetched once and not again.
    .why = A credential that was rotated at the store keeps its old value in the cluster, so that rotation after a leak does nothing here.
    .fix = Set `refreshInterval` to how long an old credential may live, for instance `1h`.

check-external-secret-store-unused = No external secret store
    .message = The pod takes its credentials from no external secret store.
    .why = Secrets of the cluster are as safe as its etcd and its rights to read Secrets. A store of its own adds rotation, audit and short-lived credentials.
    .fix = Take credentials from an external store by the Secrets Store CSI driver or the External Secrets operator.

check-mounted-claim = Stored data mounted
    .message = The pod mounts the claim { $claim }.
    .why = Whoever takes over the pod has the data.
    .fix = Make sure that the pod needs the data, and read-only where it only reads.

check-mounted-config-map = ConfigMap mounted
    .message = The pod mounts the ConfigMap { $configmap }.
    .why = Whoever may write the ConfigMap changes how the pod behaves.
    .fix = Make sure that few may change the ConfigMap.

check-mounted-secret = Secret mounted
    .message = The pod mounts the Secret { $secret }.
    .why = Whoever takes over the pod has that credential.
    .fix = Make sure that the pod needs the Secret.

check-private-key-in-plain-text = Private key in plain text
    .message = { $name } holds a private key in plain text.
    .why = Whoever reads it can be taken for the owner of the key, and decrypt or sign in their name, until the key is withdrawn everywhere.
    .fix = Withdraw the key, make a new one and keep it in a Secret or an external store.

check-secret-in-environment = Secret in environment variables
    .message = Container { $container } gets the Secret { $secret } as environment variables.
    .why = Environment variables end up in crash reports, debug pages and child processes, and keep their old value when the Secret is rotated.
    .fix = Mount the Secret as a read-only volume and read it from the file.

check-secret-in-manifest = Secret written in a manifest
    .message = The manifest holds the value of { $key } of a Secret.
    .why = Base64 is no encryption. The value is known to everyone who has seen the file, and stays in the repository's history.
    .fix = Rotate the value. Keep it in an external store or encrypt it (External Secrets, Sealed Secrets, SOPS).

check-secret-store-static-credentials = Secret store with a static key
    .message = The secret store logs in to { $provider } with a long-lived key.
    .why = The key lies in the cluster and opens the whole store to whoever finds it, for as long as nobody rotates it.
    .fix = Use the identity of a service account (`jwt`, `workloadIdentity`, Kubernetes authentication).

check-secret-type-mismatch = Secret of an unfit type
    .message = The type { $type } of the Secret does not fit what it holds.
    .why = The API server refuses a typed Secret without its keys, and rules that guard certificates and registry credentials by their type miss an opaque one.
    .fix = Set the type to `{ $better }`, or add the keys that the type demands.
