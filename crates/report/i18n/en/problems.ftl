# What could not be read or judged. One message per kind of problem; what the reader said follows it.

problem-not-found = No such file or folder
    .help = Check the spelling of the path and the folder the command runs in.
problem-unreadable = The file could not be read
    .help = Give the user who runs the scan permission to read it.
problem-cyclic-link = A symbolic link leads back to its own folder
    .help = Remove the link, or name the folders to scan one by one.
problem-too-large = The file exceeds the size limit
    .detail =
        { $size ->
            [0] more than { NUMBER($limit) } bytes
           *[other] { NUMBER($size) } bytes, the limit is { NUMBER($limit) }
        }
    .help = Split the file, or leave it out if it is not a manifest.
problem-binary = The file is not text
    .help = Leave the file out of the scan if it is not a manifest.
problem-wrong-encoding = The file is not in UTF-8
    .help = Save the file as UTF-8; Kubernetes reads no other encoding.
problem-syntax = The document is not valid YAML or JSON
    .help = Correct the document at the place named. The other documents of the file were judged.
problem-malformed = A value has a type that Kubernetes refuses
    .detail =
        { $resource }: { $field } must be { $expected ->
            [boolean] true or false
            [integer] an integer
            [string] text
            [array] a list
            [object] a map
            [quantity] a quantity
           *[other] { $expected }
        }, found { $found ->
            [null] nothing
            [boolean] true or false
            [number] a number
            [string] text
            [array] a list
            [object] a map
           *[other] { $found }
        }
    .help = Correct the type of the value. Rules that depend on it were not judged for this object.
problem-template = A template was not rendered
    .detail =
        { $engine ->
            [helm] { $count ->
                [one] Helm chart with one template
               *[other] Helm chart with { NUMBER($count) } templates
            }
            [kustomize] kustomization
            [kustomize-patch] patch of a kustomization
           *[other] placeholders of a template
        }
    .help = Scan with `--render`, which runs `helm` or `kubectl kustomize` on it, or render it yourself and scan the result.
problem-not-rendered = A template could not be rendered
    .detail =
        { $engine ->
            [helm] Helm chart
           *[kustomize] kustomization
        }: { $reason ->
            [missing] `{ $program }` is not installed
            [network] `{ $reference }` is not in this folder and would have to be fetched
            [timeout] `{ $program }` was ended after { $seconds } s
            [output] `{ $program }` printed more than { NUMBER($limit) } bytes and was ended
           *[failed] { $said }
        }
    .help = Correct what is named, or render it where it can be rendered and scan the result. Files that belong to it were judged as they stand.
problem-unsupported = The version or shape of this object cannot be read
    .help = Use a version of the API that Kubernetes still serves.
problem-not-kubernetes = The document is not a Kubernetes object
    .detail =
        { $count ->
            [one] one document
           *[other] { NUMBER($count) } documents
        }
    .help = Nothing to do unless the document was meant for Kubernetes; then it lacks `apiVersion` or `kind`.
problem-not-listed = Objects of the cluster could not be listed
    .help = Give who runs the scan the right to list this kind in all namespaces, and try again.
problem-rule-failed = A rule failed on this object
    .help = This is an error in Haechi. Please report it with the object that caused it.
problem-policy-refused = A policy could not be used
    .help = Correct the policy at this place. Until then nothing is held against it.
problem-policy-failed = A policy could not judge this object
    .help = Correct the policy, or give what it asks for, such as the Namespace of the object. Until then this object counts as not judged.
problem-suppression-refused = A suppression was not applied
    .detail =
        { $what ->
            [reason] it gives no reason
            [tag] `{ $given }` is no date; write [until 2027-01-31]
            [word] `{ $given }` is unknown; write `ignore` or `ignore-file`
            [no-rule] it names no rule
           *[other] there is no rule `{ $given }`
        }
    .help = Write `# haechi: ignore RULE -- reason`, or the annotation `ignore-check.haechi.dev/RULE: reason`.
problem-suppression-expired = A suppression has expired
    .detail = { $rule } was accepted until { $until }
    .help = Fix the finding, or decide anew and set a later day.
problem-suppression-unused = A suppression is no longer needed
    .detail = nothing is found here by { $rule }
    .help = Remove it, lest it hides a finding that comes later.
problem-fix-refused = The file was not fixed
    .detail =
        { $why ->
            [unreadable] a part of it cannot be read
            [template] it holds a template
            [symbolic-link] it is reached through a symbolic link
            [hard-link] other names share its content
            [read-only] it is read-only
            [changed] it was changed since it was scanned
            [owner] its owner could not be kept
            [not-as-intended] after the edits it would read otherwise than intended
            [not-clean] after the edits { $rule } would still be found
            [not-stable] the edits come to no end
            [new-problem] after the edits a part could not be judged
           *[write] it could not be written
        }
    .help = Nothing of the file was changed. Remove the obstacle and try again, or fix it by hand.
