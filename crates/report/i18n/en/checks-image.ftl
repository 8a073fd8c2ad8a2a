# Texts of the checks of the area "image".

check-image-not-allowed = Image from a registry that is not allowed
    .message = Image { $image } of container { $container } does not come from an allowed place.
    .why = Images from elsewhere have not been scanned, signed or kept by the organisation. Whoever controls that registry controls what runs.
    .fix = Copy the image to an allowed registry and name it there.

check-image-not-pinned = Image not pinned by digest
    .message = Image { $image } of container { $container } is not named by its digest.
    .why = A tag can be moved to another image by whoever may push to the registry. A digest names one image for good.
    .fix = Add the digest to the image: `name:tag@sha256:…`.

check-image-pull-policy-not-always = Image taken from the node's cache
    .message = Container { $container } may start from an image that the node already has.
    .why = Whoever can start pods on the node gets at cached images without credentials for the registry, and a changed tag is not noticed.
    .fix = Set `imagePullPolicy: Always`, or name the image by its digest.

check-mutable-image-tag = Image version not fixed
    .message = Image { $image } of container { $container } is not fixed to a version.
    .why = What runs depends on when a node pulled the image. Nobody can tell which version runs, and a roll-back brings nothing back.
    .fix = Name a version tag, or better a digest: `image: name:1.4.2@sha256:…`.

check-retired-image-registry = Retired image registry
    .message = Image { $image } of container { $container } comes from a registry that is no longer kept.
    .why = No new versions and no security fixes appear there, and one day the image cannot be pulled.
    .fix = Use the registry that took its place, for Kubernetes' own images `registry.k8s.io`.

check-stale-image = Moving tag taken from the node's cache
    .message = Container { $container } runs { $image } as it was when the node first pulled it.
    .why = The tag names another image from time to time. Nodes keep what they have, so old and unpatched versions run on under the same name.
    .fix = Name a fixed version, or set `imagePullPolicy: Always`.

check-vulnerable-add-on = Vulnerable add-on
    .message = Image { $image } of container { $container } has the vulnerability { $id }.
    .why = The vulnerability lets attackers run code, read credentials or pass checks in a component that the whole cluster relies on.
    .fix = Update to a version in which { $id } is mended.
