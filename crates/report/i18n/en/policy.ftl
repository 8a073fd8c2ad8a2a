# Policies that users bring: `haechi policy`.

cli-policy = Hold resources against the policies that you already run: Gatekeeper, ValidatingAdmissionPolicy, MutatingAdmissionPolicy
cli-policy-apply = Hold resources against policies and say what a cluster with them would refuse, warn about and change
    .more =
        Exit codes: 0 nothing that --fail-on names, 1 violations, 2 wrong usage, 3 incomplete
        (something could not be read, loaded or judged), 4 internal error.
cli-policy-apply-policy = A file or folder with policies; may be given again
    .value = PATH
cli-policy-apply-paths = Files, folders, glob patterns, or `-` for standard input: manifests or AdmissionReviews
    .value = PATH
cli-policy-apply-inventory = A file or folder with objects that policies may look up, such as Namespaces and parameters; may be given again
    .value = PATH
cli-policy-apply-operation = Judge manifests as a request of this kind; by default as objects by themselves
    .value = OPERATION
cli-policy-apply-external-data = Answers of external data providers, from a file; without it or --ask-providers, policies that ask a provider are errors
    .value = FILE
cli-policy-apply-ask-providers = Ask the providers of external data that the policies name, by HTTPS, each within its own timeout
cli-policy-apply-rego-first = Use the Rego of a Gatekeeper template that has CEL too
cli-policy-apply-output = How to print the result
    .value = FORMAT
cli-policy-apply-all = Also show policies that pass and those that do not apply
cli-policy-apply-fail-on = Exit with 1 on violations of policies that deny, that warn or deny, or on any
    .value = ACTION
cli-policy-test = Run Gatekeeper's tests of policies (`suite.yaml`) and report them as `gator verify` does
    .more = Exit codes: 0 all tests pass, 1 a test fails, 2 wrong usage, 3 something could not be read.
cli-policy-test-paths = Suites, or folders that are searched for them
    .value = PATH
cli-policy-test-run = Run tests and cases whose name this regular expression matches; `TEST//CASE` matches both
    .value = REGEX
cli-policy-test-verbose = Print every test and case
cli-policy-test-rego-first = Use the Rego of a template that has CEL too
cli-policy-explain = Say for each policy whether it applies to an object, and why or why not
cli-policy-explain-policy = A file or folder with policies; may be given again
    .value = PATH
cli-policy-explain-paths = Files, folders, glob patterns, or `-` for standard input: manifests or AdmissionReviews
    .value = PATH
cli-policy-explain-inventory = A file or folder with objects that policies may look up, such as Namespaces and parameters; may be given again
    .value = PATH
cli-policy-explain-operation = Judge manifests as a request of this kind; by default as objects by themselves
    .value = OPERATION
cli-policy-explain-external-data = Answers of external data providers, from a file; without it or --ask-providers, policies that ask a provider are errors
    .value = FILE
cli-policy-explain-ask-providers = Ask the providers of external data that the policies name, by HTTPS, each within its own timeout
cli-policy-explain-rego-first = Use the Rego of a Gatekeeper template that has CEL too
cli-policy-explain-output = How to print the result
    .value = FORMAT
cli-scan-policies = Also hold every object against the policies in this file or folder; may be given again
    .value = PATH

policy-none = there is no policy in { $paths }
policy-no-suites = there is no test suite of Gatekeeper in { $paths }
policy-template = a template has still to fill in what stands here
policy-summary =
    { $objects ->
        [one] One object
       *[other] { NUMBER($objects) } objects
    }, { $policies ->
        [one] one policy
       *[other] { NUMBER($policies) } policies
    }: { $denied ->
        [one] one violation that is denied
       *[other] { NUMBER($denied) } violations that are denied
    }, { $others ->
        [one] one that is not
       *[other] { NUMBER($others) } that are not
    }, { $errors ->
        [one] one verdict missing
       *[other] { NUMBER($errors) } verdicts missing
    }

policy-action-deny = deny
policy-action-warn = warn
policy-action-audit = audit
policy-action-dryrun = dry run
policy-action-none = no action
policy-error = error
policy-pass = pass
policy-left-out = does not apply
policy-changed = changed

policy-explain-pass = applies: passes
policy-explain-changed = applies: changes the object
policy-explain-violated = applies: violated ({ $action }): { $detail }
policy-explain-error = could not be told: { $detail }
policy-explain-left-out = does not apply: { $detail }

policy-left-out-kinds = `match.kinds` does not name the object's kind
policy-left-out-scope = `match.scope` asks for objects with, or without, a namespace
policy-left-out-namespaces = `match.namespaces` does not name the object's namespace
policy-left-out-excluded-namespaces = `match.excludedNamespaces` names the object's namespace
policy-left-out-label-selector = `match.labelSelector` does not fit the object's labels
policy-left-out-namespace-selector = `namespaceSelector` does not fit the labels of the object's namespace
policy-left-out-name = `match.name` does not fit the object's name
policy-left-out-source = `match.source` asks for objects of another origin
policy-left-out-config = Gatekeeper's Config excludes the namespace
policy-left-out-operations = the template does not cover this operation
policy-left-out-operation = nothing is changed by this operation
policy-left-out-enforcement-points = `scopedEnforcementActions` does not name the command line (`gator.gatekeeper.sh`)
policy-left-out-apply-to = `applyTo` does not name the object's group, version and kind, or the operation
policy-left-out-match-conditions = a match condition does not hold
policy-left-out-params = the binding finds no parameters, and allows that
policy-left-out-binding = no binding puts the policy into effect
policy-left-out-policy-resource = the API server does not ask policies about policies
policy-left-out-resource-rules = no resource rule names the object's resource and the operation
policy-left-out-exclude-resource-rules = a rule of `excludeResourceRules` names the object's resource
policy-left-out-object-selector = `objectSelector` does not fit the object's labels
