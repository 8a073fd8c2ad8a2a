# The service: what users of a cluster and its operators read.

serve-policy-failed = [{ $policy }] could not be evaluated: { $detail }
serve-unjudged = { $reason }; not asked: { $policies }
serve-overloaded = too many admission requests are waiting
serve-too-late = the time for an answer ran out
serve-broke-off = the evaluation broke off
serve-more-warnings = { $count ->
        [one] one more warning is not shown
       *[other] { NUMBER($count) } more warnings are not shown
    }

serve-listening = listening on { $address }
serve-demo =
    A made-up cluster with weaknesses, and an attack on it that goes on for half a minute. All of it is gone when this ends.

      Open { $address }/ and log in as { $user } with the password { $password }
      The certificate is self-made, so the browser will ask whether to trust it.

      curl -k -H 'Authorization: Bearer { $token }' { $address }/api/detections
      curl -k -H 'Authorization: Bearer { $token }' '{ $address }/api/findings?severity=critical'
serve-setup-token = Nobody may log in yet. Open /setup and make the first user with this token; it is good once, until the next start: { $token }
serve-log-in = Log in
serve-log-out = Log out
serve-set-up = Set up
serve-status = Status
serve-field-name = User name
serve-field-password = Password
serve-field-token = Setup token
serve-denied = This is not right. Check what you entered.
serve-braked = { $seconds ->
        [one] Too many attempts. Try again in one second.
       *[other] Too many attempts. Try again in { NUMBER($seconds) } seconds.
    }
serve-password-length = A password has at least 12 characters.
serve-name-invalid = A name has 1 to 128 letters, digits or any of . - _ @ +
serve-not-now = This does not work at the moment. The log of the service says why.

serve-log-in-through = Log in through { $provider }
serve-logged-in = You are logged in as { $name }. Go on.
serve-provider-state = This login was not begun in this browser, is over, or took too long. Begin again.
serve-provider-refused = The identity provider did not vouch for you. Begin again; if that does not help, ask whoever runs this service.
serve-provider-no-role = You are known at the identity provider, but none of your groups has a role here. Ask whoever runs this service.
serve-route-oidc-begin = Go to the identity provider to log in
serve-route-oidc-end = Come back from the identity provider and be logged in

serve-error-admission-full = too many admission requests are waiting
serve-error-after = `after` is what `next` of the page before says
serve-error-asked = `{ $name }` cannot be `{ $given }`
serve-error-body-broke-off = the body broke off
serve-error-body-too-long = the body is too long
serve-error-bodies-full = too much of other requests is under way; send it again
serve-error-body-too-slow = the body took too long
serve-error-braked = { $seconds ->
        [one] too many attempts, try again in one second
       *[other] too many attempts, try again in { NUMBER($seconds) } seconds
    }
serve-error-denied = user name or password is wrong
serve-error-disabled = `disabled` is true or false
serve-error-event-number = the number of an event is a number
serve-error-exists = `{ $name }` is there already
serve-error-form = the form is not one of ours, or too old: load it again
serve-error-gzip = the gzip is broken: { $detail }
serve-error-intake-full = too many batches of events are waiting
serve-error-last-admin = there must be an admin who may log in
serve-error-lasts = `lasts_s` is a number of seconds
serve-error-lasts-range = a token lasts from a minute to ten years
serve-error-name = a name has 1 to 128 letters, digits or any of . - _ @ +
serve-error-no-session = there is no session
serve-error-no-such-verb = this cannot be done here
serve-error-none = there is none
serve-error-not-found = there is no `{ $name }`
serve-error-not-json = an AdmissionReview comes as application/json
serve-error-not-now = this does not work at the moment; the log of the service says why
serve-error-not-stored = the events could not be stored; send them again
serve-error-not-yours = this is not yours to do
serve-error-nowhere = there is nothing here
serve-error-other-cluster = the token is good for another cluster
serve-error-other-name = this service is not called so
serve-error-password-length = a password has at least 12 characters
serve-error-review-kind = the body is no AdmissionReview, its kind is `{ $given }`
serve-error-review-request = the request in the AdmissionReview cannot be read: { $detail }
serve-error-review-syntax = the body is no JSON: { $detail }
serve-error-review-twice = the key `{ $key }` stands twice in the same object of the AdmissionReview
serve-error-review-uid = the AdmissionReview holds no request with a `uid`
serve-error-review-version = `{ $version }` is not spoken here, admission.k8s.io/v1 is
serve-error-role = unknown role `{ $given }`, expected one of viewer, operator, approver, admin
serve-error-role-missing = `role` is missing
serve-error-said = { $detail }
serve-error-scope = `scope` is one of intake, admit, metrics, read, operate
serve-error-unpacked-too-long = unpacked, the body is too long
serve-error-unproven = the certificate of SNS is not to be had at the moment; send the message again
serve-error-alert-not-dead = the alert is not dead
serve-error-alerts-of-all = alerts are of all clusters, and the token is good for one
serve-error-label = `label` is NAME=PATTERN
serve-error-note-too-long = the note is longer than 4000 bytes
serve-error-reason-too-long = the reason is longer than 4000 bytes
serve-error-silence-end = a silence needs an end: one of `ends` and `lasts_s`
serve-error-silence-of-all = a silence without any condition would silence every alert of the cluster
serve-error-silence-over = the silence was over already
serve-error-silence-past = the silence would be over already
serve-error-silence-range = a silence lasts a year at most
serve-error-time = `{ $name }` is a time like 2027-01-31T09:00:00Z
serve-error-who = who are you?

serve-api = Haechi as a service. Forms are sent urlencoded; whoever has a session sends the value that /api/session tells as `csrf` in the header X-CSRF-Token.
serve-route-livez = Whether the process lives
serve-route-readyz = Whether requests should be sent here
serve-route-healthz = Whether all is well; with ?verbose, for who may read, what is not
serve-route-admit-validate = Answer an AdmissionReview: may the object be stored?
serve-route-admit-mutate = Answer an AdmissionReview: how should the object be changed?
serve-route-admit-validate-key = The same for API servers that know no credentials but the address
serve-route-admit-mutate-key = The same for API servers that know no credentials but the address
serve-route-intake-audit = Take in audit events of Kubernetes (EventList); acknowledged when they are on disk
serve-route-intake-falco = Take in an alert of Falco or Falcosidekick
serve-route-intake-cloud = Take in CloudTrail, GuardDuty and the like, as they are or in envelopes of SNS and EventBridge
serve-route-metrics = Numbers for Prometheus
serve-route-openapi = This description
serve-route-status = All about how the service fares
serve-route-session = Who one is
serve-route-tokens = List tokens
serve-route-token-add = Make a token; its secret is shown this once
serve-route-token-revoke = Revoke a token
serve-route-users = List users
serve-route-user-add = Add a user
serve-route-user-change = Change a user's role, or lock the account
serve-route-password = Change one's own password; all sessions end
serve-route-journal = Read the journal, 500 entries after ?after=N
serve-route-home = The page about how the service fares
serve-route-setup-form = The form for the first user
serve-route-setup = Make the first user with the one-time token
serve-route-login-form = The form to log in
serve-route-login = Log in
serve-route-logout = Log out

cli-serve = Guard admission, take in events and tell how it fares, as a service
    .more =
        On the first start a one-time token is printed on standard error; open /setup with it.
        `haechi serve webhook-config` prints what the API server must be told.
cli-serve-listen = Where to listen
    .value = ADDRESS
cli-serve-hook-listen = Where other programs call (admission, intake), if that is to be apart from people
    .value = ADDRESS
cli-serve-data = The folder that everything is kept in
    .value = FOLDER
cli-serve-name = A name that the service is called by, such as `haechi.haechi.svc`; may be given again
    .value = NAME
cli-serve-tls-cert = The certificate with its chain, in PEM; by default one is made and renewed
    .value = FILE
cli-serve-tls-key = The key of the certificate, in PEM
    .value = FILE
cli-serve-client-ca = Authorities, in PEM, whose client certificates let the API server in
    .value = FILE
cli-serve-policies = Files or folders with policies and what they take as parameters; read again when they change
    .value = PATH
cli-serve-inventory = Files or folders with objects of the cluster that policies look up, namespaces too
    .value = PATH
cli-serve-check = A built-in check to ask at admission, as CHECK=deny, warn, audit or dryrun; may be given again
    .value = CHECK
cli-serve-enforce = What to do about violations of a policy, whatever it says itself, as POLICY=deny, warn, audit or dryrun
    .value = POLICY
cli-serve-on-error = Whether a request is let through when a policy cannot be evaluated, whatever it says itself, as POLICY=allow or refuse
    .value = POLICY
cli-serve-exempt-namespace = A namespace in which nothing is asked; Haechi's own should be one
    .value = NAMESPACE
cli-serve-pod-security = Enforce this Pod Security Standard where a namespace's labels say nothing or are not known, such as `baseline` or `restricted:v1.30`
    .value = LEVEL
cli-serve-rego-first = Take the Rego of Gatekeeper templates that have CEL too
cli-serve-rules = Files or folders with detection rules; read again when they change; `builtin` stands for Haechi's own rules, which are in force when nothing is given
    .value = PATH
cli-serve-watch = A folder that files with events arrive in; may be given again
    .value = FOLDER
cli-serve-sns-certificate = A file or folder with the certificates, in PEM, that messages of SNS must be signed with; by default they are fetched from Amazon
    .value = PATH
cli-serve-sns-topic = A topic that messages of SNS are taken of; may be given again. By default of all
    .value = ARN
cli-serve-sns-unverified = Take messages of SNS without looking at their signature
cli-serve-config = The configuration: `[serve.admission]`, `[[serve.cluster]]`, `[serve.oidc]`, options of checks, further kinds that hold pods; by default the one above this folder
    .value = FILE
cli-serve-cluster-policies = Ask the policies that the cluster itself holds, too: Gatekeeper's and Kubernetes' own, read again when they change
cli-serve-demo = Show a made-up cluster with weaknesses and an attack on it; everything is gone when it ends
cli-serve-drain-delay = Seconds to go on after a signal, until everybody has heard to go elsewhere
    .value = SECONDS
cli-serve-cluster-name = What the cluster is called among the findings, `default` if nothing is said; once for each --context
    .value = NAME
cli-serve-drain-time = Seconds that requests under way may take after that
    .value = SECONDS
cli-serve-webhooks = The webhook configurations in which this service keeps its authority up to date, by their name
    .value = NAME
cli-serve-authority-secret = The Secret that instances share their authority and the key of the webhook in, as NAMESPACE/NAME; made when it is missing
    .value = SECRET
cli-serve-secret = `{ $given }` is not of the form NAMESPACE/NAME
cli-serve-webhook-config = Print the webhook configurations, with the authority that the API server must trust
cli-serve-webhook-config-data = The folder that the service keeps everything in
    .value = FOLDER
cli-serve-webhook-config-tls-cert = The certificate with its chain, if it was given to the service
    .value = FILE
cli-serve-webhook-config-service = The Service that leads to Haechi, as NAMESPACE/NAME or NAMESPACE/NAME:PORT
    .value = SERVICE
cli-serve-webhook-config-url = The address of Haechi outside of the cluster
    .value = URL
cli-serve-webhook-config-exempt-namespace = A namespace that the API server does not ask about; the Service's own is one
    .value = NAMESPACE
cli-serve-webhook-config-fail-open = Let requests through while Haechi does not answer
cli-serve-webhook-config-timeout = Seconds that the API server waits
    .value = SECONDS
cli-serve-pair = `{ $given }` is not of the form NAME=VALUE
cli-serve-on-error-word = `{ $given }` is none of allow, refuse
cli-serve-service = `{ $given }` is not of the form NAMESPACE/NAME or NAMESPACE/NAME:PORT
cli-serve-check-among = `{ $check }` compares objects with each other, which one request does not hold; scan for it
cli-serve-enforcement-word = `{ $given }` is none of deny, warn, audit, dryrun
cli-serve-context = The context of that file; given again, each context is a cluster that is watched, called like the context. More clusters can stand in the configuration as `[[serve.cluster]]`
    .value = NAME
cli-serve-one-cluster = { $flag } is about the one cluster whose requests this service admits, and several contexts are given: name that cluster with --context, and the others in the configuration as `[[serve.cluster]]`
cli-serve-cluster-names = { $clusters ->
        [one] one cluster is named by the flags, but --cluster-name is given { $names } times: give it once
       *[other] { $clusters } contexts are given, but --cluster-name { $names } { $names ->
            [one] time
           *[other] times
        }: give it once for each context, in the same order, or leave it out
    }
cli-serve-cluster-twice = two clusters are called `{ $name }`: give one of them another name, with --cluster-name or `name` in `[[serve.cluster]]`
cli-serve-cluster-name-wrong = a cluster cannot be called `{ $name }`: a name has 1 to 253 characters, and none of them a control character
cli-serve-cluster-configuration = cluster `{ $name }`: { $why }
cli-serve-cluster-policies-unread = the policies of the cluster cannot be read, and requests are not let through without them: { $why }
cli-serve-policies-broken = policies cannot be used:
cli-serve-rules-broken = detection rules cannot be used:

serve-clusters = Clusters
serve-all-clusters = All clusters
serve-cluster-reachable = answers
serve-cluster-unreachable = does not answer
serve-cluster-waiting = not asked yet
serve-cluster-unwatched = not watched
serve-findings = Findings that are not fixed
serve-worst = The worst of them
serve-detections = Last detections
serve-state = How the service fares
serve-nothing-yet = Nothing has come in yet.
serve-column-since = Since
serve-column-listed = Last listed
serve-column-judged = Last judged
serve-column-cluster = Cluster
serve-column-severity = Severity
serve-column-count = Number
serve-column-time = Time
serve-column-rule = Rule
serve-column-title = Title
serve-column-resource = Object
serve-column-message = What
serve-route-findings = List findings, the worst first; ?cluster, rule, namespace, severity, fixed, limit, after
serve-route-detections = List detections, the newest first; ?cluster, rule, incident, priority, from_us, to_us, limit, after
serve-route-incidents = List incidents, those that changed last first; ?cluster, state, closed, severity, limit, after
serve-route-event = Read an event with its body; who reads is written into the journal
serve-route-incident = Show an incident with its detections, its findings, and whom and what it concerns; ?limit, after
serve-route-incident-acknowledge = Look after an incident, with a note if you like; who does is written into the journal
serve-route-incident-close = Close an incident, with a note if you like; what happens later is another incident, which refers to it
serve-route-incident-reopen = Open a closed incident again, with a note if you like; who does is written into the journal
serve-route-silences = List silences, those that ended included
serve-route-silence-add = Silence alerts until a time; conditions, a reason and an end are demanded
serve-route-silence-end = End a silence now
serve-route-alerts-dead = List alerts that nobody got: the receiver refused them, or did not take them in time
serve-route-alert-retry = Send a dead alert after all
serve-route-alert-drop = Give a dead alert up for good
serve-incidents = Incidents that are not closed
serve-dead-alerts = Alerts that nobody got
serve-incident-open = open
serve-incident-acknowledged = acknowledged
serve-incident-contained = contained
serve-incident-recovered = recovered
serve-incident-closed = closed
serve-column-state = State
serve-column-incident = Incident
serve-column-detections = Detections
serve-column-receiver = Receiver
serve-column-attempts = Attempts
serve-column-why = Why
serve-key-missing = Bodies are encrypted with the key `{ $key }`, which was not given: they stay as they are, and cannot be read.
serve-key-wrong = The key that was given as `{ $key }` does not open what was encrypted under this id: it stays as it is, and cannot be read.

start-list =
    { $heading }
    { $mistakes }
start-io-missing = there is no such file or folder
start-io-denied = this user may not
start-io-taken = another program has it already
start-io-not-ours = this machine has no such address
start-io-folder = it is a folder, and no file
start-io-no-folder = a file stands where a folder should be
start-io-read-only = the volume is read-only
start-io-full = the volume is full
start-io-no-text = it is no text in UTF-8
start-file = `{ $path }` cannot be read: { $why }
start-own-file = `{ $path }`, where the service keeps its own state, cannot be read or written: { $why }. Let this user write there, or name another folder with --data
start-store-folder = the folder `{ $path }` cannot be used: { $why }. Let this user write there, or name another folder with --data
start-store-in-use = the store in `{ $path }` is in use by another process: end that one first, or name another folder with --data
start-store-missing = there is no store in `{ $path }`: name the folder that `haechi serve --data` was given
start-store-foreign = `{ $path }` is a database of another program: name another folder with --data
start-store-newer = `{ $path }` was written by a newer Haechi (schema { $found }, this one knows up to { $known }): use the newer one, or restore a copy from before the update with `haechi store restore`
start-store-database = the store `{ $path }` cannot be opened: { $why }
start-store-full = no space is left ({ $detail }): free some, or enlarge the volume
start-store-disk = the disk failed to read or write ({ $detail }): check the volume
start-store-read-only = it is read-only ({ $detail }): let this user write to the folder and its files
start-store-damaged = the file is damaged ({ $detail }): put a copy in its place with `haechi store restore`
start-store-busy = another connection holds it: try again, and see which process has the file open
start-store-failed = the database failed: { $detail }
start-accounts = accounts cannot be opened: { $detail }
start-key-wrong = the key `{ $key }` is not the one that bodies were encrypted with under this id: give the right one, or the new one another id; nothing was changed
start-sns-certificate = `{ $path }` holds no certificate for messages of SNS that can be read: { $detail }. Name files in PEM with --sns-certificate
start-authorities = the authorities in `{ $path }` cannot be used: { $detail }. Name a file with certificates in PEM
start-oidc-setting = `{ $key }` in `[serve.oidc]`: { $why }
start-oidc-no-https = it is no address that begins with https:// and goes without a user, a query and a fragment
start-oidc-empty = nothing stands there
start-oidc-no-roles = no group has a role, so that nobody could log in
start-oidc-skew = it has to be between 0 and 600 seconds
start-oidc-secret = the secret of the OIDC client cannot be read from `{ $name }`: { $detail }. See `client-secret-file` and `client-secret-env` in `[serve.oidc]`
start-oidc = logging in through an identity provider cannot be set up: { $detail }
start-pem = `{ $path }` cannot be used: { $why }
start-pem-no-certificate = there is no certificate in PEM in it
start-pem-syntax = it is no PEM ({ $detail })
start-pem-key = its key is of no kind that can be used ({ $detail })
start-pem-mismatch = the key does not belong to the certificate: give --tls-cert and --tls-key of one pair
start-pem-authority = a certificate in it is of no authority that signs others ({ $detail })
start-certificate-make = no certificate could be made: { $detail }
start-authority-mismatch = the key of the service's own authority does not belong to its certificate: put both files in `tls` below --data back from one copy, or remove both, so that new ones are made
start-clock = the clock of this machine is wrong: { $detail }
start-key-weak = `{ $path }`, the key in the webhook's path, holds fewer than 32 characters or others than letters, digits, - and _: remove it, so that a new one is made, and tell the API server
start-random = the system has no randomness to give: { $detail }
start-listen = cannot listen on { $address }: { $why }. End the program that has it, or name another address with --listen or --hook-listen
start-verifier = client certificates cannot be verified with what --client-ca names: { $detail }
start-tls = TLS cannot be set up: { $detail }
start-system = the system refuses what the service needs: { $why }
start-shared = what instances share (--authority-secret) cannot be taken over: { $why }
start-keys-file = `{ $path }`, the file with keys: { $why }
start-keys-syntax = it cannot be read as such: { $detail }
start-keys-count = it names { $count } keys; 1 to { $most } are taken
start-keys-id = `{ $id }` is no id of a key, or stands twice
start-keys-current = there is no key `{ $id }`, which is to be the current one
start-keys-key = key `{ $id }` in `{ $path }`: { $why }
start-keys-length = it is no key: 32 bytes are, as they are, in hexadecimal digits, or in base64
start-keys-at = `{ $path }`: { $why }
start-keys-answer = the answer of { $url } holds no `{ $field }` that can be read
start-keys-field = the secret has no field `{ $field }`
start-keys-https = `{ $url }` is not an address of https: a key is not sent in the clear
start-keys-refused = { $url } refuses ({ $status }): { $why }
start-keys-silent = { $url } does not answer: { $detail }
start-keys-secret = the secret `{ $name }` cannot be read from { $from }: { $detail }
start-keys-secret-empty = the secret `{ $name }` from { $from } is empty or has control characters in it
