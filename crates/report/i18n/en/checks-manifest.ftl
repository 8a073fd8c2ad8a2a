# Texts of the checks of the area "manifest".

check-deprecated-api-version = Old API version
    .message = { $state ->
        [removed] Kubernetes 1.{ NUMBER($since, useGrouping: 0) } and later does not serve { $kind } of { $version }.
       *[deprecated] { $kind } of { $version } is deprecated since Kubernetes 1.{ NUMBER($since, useGrouping: 0) }.
        }
    .why = The object cannot be applied after the cluster's upgrade. Guards written for the new version do not see the old one.
    .fix = Use the stable version of the API and adapt the fields that changed.

check-duplicate-yaml-key = Key written twice
    .message = The key { $key } stands twice; Kubernetes takes the last value.
    .why = People and other tools read the first value. A review can pass what is then overridden further down.
    .fix = Keep one of the two.

check-unknown-kind = Kind in the wrong place
    .message = Kubernetes has no { $kind } in { $version }; `{ $right }` was meant.
    .why = The API server refuses the object, so that what it was to protect or replace stays as it is. Nor is it judged as what it was meant to be.
    .fix = Write the apiVersion and kind of `{ $right }`.

check-unsorted-keys = Keys not sorted
    .message = The key { $key } is out of alphabetical order.
    .why = Sorted keys make differences between manifests small and duplicates visible.
    .fix = Sort the keys of the map.
