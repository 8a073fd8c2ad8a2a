# Texts of the checks of the area "data".

check-claims-without-backup = Data without a backup
    .message = No backup in the scan covers the stored data.
    .why = Without a copy elsewhere, ransomware, a mistake or a lost zone takes the data for good.
    .fix = Cover the namespace by a Velero Schedule, or make VolumeSnapshots of the claim.

check-personal-data-unguarded = Personal data not guarded
    .message = The namespace is labelled as holding personal data, but { $lacks ->
        [pod-security] does not enforce the restricted Pod Security level.
       *[network-policy] has no NetworkPolicy.
        }
    .why = Laws ask for stricter protection of personal data, and a label without it protects nothing.
    .fix = Enforce the restricted level and deny all traffic that is not needed.
