# Texts of the checks of the area "image".

check-mutable-image-tag = Image version not fixed
    .message = Image { $image } of container { $container } is not fixed to a version.
    .why = What runs depends on when a node pulled the image. Nobody can tell which version runs, and a roll-back brings nothing back.
    .fix = Name a version tag, or better a digest: `image: name:1.4.2@sha256:…`.
