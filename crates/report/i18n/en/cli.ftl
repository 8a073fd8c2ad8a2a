# The command line: what commands and options are for.

cli = Secures Kubernetes and the cloud around it
cli-options = Options
cli-commands = Commands
cli-usage = Usage
cli-arguments = Arguments
cli-choices = [choices: { $choices }]
cli-default = [default: { $default }]
cli-error = error: { $error }
cli-unknown-rule = no check is called `{ $id }`, here or elsewhere; `haechi checks` lists them
cli-no-check-left = no check is left to run

cli-global-lang = The language of texts; by default that of the locale
    .value = LANGUAGE
cli-global-color = When to use colour
    .value = WHEN
cli-global-help = Print help
cli-global-version = Print the version

cli-scan = Find out what is wrong in manifests, where, and how to fix it
    .more =
        Exit codes: 0 clean, 1 findings at or above --fail-on, 2 wrong usage, 3 incomplete
        (something could not be read or judged), 4 internal error.
cli-scan-paths = Files, folders, glob patterns, or `-` for standard input
    .value = PATH
cli-scan-output = How to print the result
    .value = FORMAT
cli-scan-fail-on = Exit with 1 on findings at least this severe
    .value = SEVERITY
cli-scan-render = Render charts and kustomizations with `helm` and `kubectl kustomize` (bounded, offline) and judge the result
cli-scan-helm-values = Values to render charts with; may be given again, the last one counts
    .value = FILE
cli-render-values = the values for charts cannot be read: { $path }: { $detail }
cli-scan-min-severity = Show findings at least this severe
    .value = SEVERITY
cli-scan-group-by = Put findings together by this in `table` and `html`
    .value = BY
cli-scan-owner-label = The label that tells who owns an object, taken from the object, else its pods, else its namespace
    .value = LABEL
cli-scan-all = Ask all checks, also those that most manifests break for good reasons
cli-scan-only = Ask these checks only; names separated by commas
    .value = CHECK
cli-scan-skip = Leave these checks out
    .value = CHECK
cli-scan-no-ignore = Also scan what .gitignore and .ignore files name
cli-scan-max-file-size = Refuse files larger than this, in MiB
    .value = MIB
cli-scan-threads = Number of threads; by default one per core
    .value = N
cli-scan-pod-security = Also judge pods by a Pod Security Standard: `baseline`, `restricted`, or with a version `restricted:v1.30`
    .value = LEVEL

cli-explain = Explain a check: why it matters, how to fix it, what others call it
cli-explain-id = The name of a check, or its id in another tool or benchmark
    .value = ID
cli-explain-output = How to print the result
    .value = FORMAT

cli-checks = List all checks
cli-checks-output = How to print the result
    .value = FORMAT

cli-scan-config = The configuration file; by default the haechi.toml above the first path
    .value = FILE
cli-scan-baseline = Leave out the findings that this file knows; see `haechi baseline`
    .value = FILE
cli-scan-fix = Fix what can be fixed without changing how workloads run; files keep comments, order and layout
cli-scan-unsafe-fixes = With --fix: also fix what may change how workloads run; what it may change is told
cli-scan-diff = With --fix: print the changes and write nothing; exit with 1 where there are some
cli-fix-input-alone = `-` cannot be fixed together with other paths: standard output takes one text

cli-baseline = Write down the findings of today, so that later scans show only new ones
cli-baseline-write = The file to write; by default standard output
    .value = FILE
cli-baseline-written =
    { $count ->
        [one] One finding is written to { $path }.
       *[other] { NUMBER($count) } findings are written to { $path }.
    }
cli-baseline-incomplete = Not everything could be judged: what could not will count as new later. `haechi scan` tells why.
cli-baseline-gone =
    { $count ->
        [one] One finding of the baseline is gone. Write the baseline anew to forget it.
       *[other] { NUMBER($count) } findings of the baseline are gone. Write the baseline anew to forget them.
    }

cli-config = Show what is configured
cli-config-show = Print the settings that a scan goes by
cli-config-show-path = Where the scan would start; by default the current folder
    .value = PATH
cli-config-show-origin = Also say where each setting comes from
cli-config-default = default

cli-detect = Hold events against detection rules: audit logs, cloud trails, flow logs, findings, recorded kernel events
cli-detect-events = Files or folders with events, plain, gzip or Parquet; `-` reads standard input
    .value = EVENTS
cli-detect-rules = A rule file in Falco's language, or a folder of such; may be given again, in order; `builtin` stands for Haechi's own rules, which are in force when nothing is given
    .value = FILE
cli-detect-output = How to print detections
    .value = FORMAT
cli-detect-source = What the events are; by default each event tells
    .value = SOURCE
cli-detect-min-priority = Leave out rules that are less urgent
    .value = PRIORITY
cli-detect-all = Tell every rule that matches an event, not only the first
cli-detect-follow = Wait for more at the end of the last file
cli-detect-flow-columns = Columns of flow logs that name none, as in their definition
    .value = COLUMNS
cli-detect-no-end = SARIF is one document: what is followed has no end (use `-o json` or `-o ocsf`)
cli-events-unread = { $file }: it cannot be read: { $why }
cli-events-no-parquet = Parquet is not read by this build: feature `parquet` is off
cli-events-large-stream = Parquet of more than 4 GiB that comes through a pipe: name its file
cli-events-broken = broken Parquet
cli-events-large-description = Parquet whose description at the end has more than 32 MiB
cli-events-large-page = Parquet with a page of more than 32 MiB: write it with smaller pages
cli-events-longer-than-told = Parquet with a page that unpacks to more than its header says
cli-events-large-dictionary = Parquet with a dictionary of more values than bytes
cli-events-differences = Parquet with texts stored as differences (DELTA_BYTE_ARRAY): write them plain or by dictionary
cli-events-columns = Parquet with more than 256 columns: no flow log has so many
cli-events-nested = Parquet with columns within columns: a flow log has none
cli-detect-at-byte = { $file } at byte { $offset }
cli-detect-more-like-this = … more of these are only counted
cli-detect-reason = { $reason }: { $count }, first on line { $line }
cli-detect-reason-at-byte = { $reason }: { $count }, first at byte { $line }
cli-detect-nothing = no event was read: nothing was judged
cli-detect-without-rules = { $count } events of kinds that no rule is about
cli-reject-too-large = longer than an event may be
cli-reject-truncated = ends inside a value
cli-reject-malformed = neither JSON nor a line of a flow log
cli-reject-invalid-utf8 = bytes that are no UTF-8
cli-reject-unknown-kind = no kind of event that is known
cli-reject-no-time = an event without a readable time
cli-reject-future-time = more than a day later than now: a clock is wrong
cli-reject-unknown-columns = a flow log line without header: name its columns with `--flow-columns`
cli-reject-capture = a recording of kernel events in another byte order or of a later version of its format
cli-reject-capture-block = a block of the recording that does not hold what its type has
cli-reject-capture-length = the recording ends inside a block, or a block has a wrong length: what stands behind is lost
cli-reject-unknown-value = a value that this kind of event does not have: rules may not see it
cli-detect-no-rules = no rule can be used
cli-detect-summary = { $events } events, { $detections } detections, { $duplicates } delivered twice, { $refused } refused

cli-rules = List, test and explain detection rules
cli-rules-builtin = Print Haechi's own rules, to be read, copied and changed
cli-rules-list = List the rules of rule files, with what changes them
cli-rules-list-rules = Rule files in Falco's language, or folders of such, in order; Haechi's own rules when nothing is given
    .value = FILE
cli-rules-list-output = How to print the rules
    .value = FORMAT
cli-rules-test = Load rule files and tell each mistake and each doubt
cli-rules-test-rules = Rule files in Falco's language, or folders of such, in order; `builtin` stands for Haechi's own rules
    .value = FILE
cli-rules-test-output = How to print the results
    .value = FORMAT
cli-rules-explain = Explain why rules match events or not, check by check
cli-rules-explain-events = Files or folders with events; `-` reads standard input
    .value = EVENTS
cli-rules-explain-rules = A rule file in Falco's language, or a folder of such; may be given again, in order; Haechi's own rules when nothing is given
    .value = FILE
cli-rules-explain-rule = Only the rule of this name
    .value = NAME
cli-rules-explain-source = What the events are; by default each event tells
    .value = SOURCE
cli-rules-explain-flow-columns = Columns of flow logs that name none, as in their definition
    .value = COLUMNS
cli-rules-warnings =
    { $count ->
        [one] { $count } warning about the rules; `haechi rules test` shows it
       *[other] { $count } warnings about the rules; `haechi rules test` shows them
    }
cli-rules-defined = rule `{ $rule }`, defined at { $place }
cli-rules-changed = { $what } at { $place }
cli-rules-unusable-long = it cannot be used
cli-rules-disabled-long = it is disabled, so it is not told
cli-rules-shadowed = not told: rule `{ $rule }` comes first and matches too (`--all` tells both)
cli-rules-unusable = unusable
cli-rules-disabled = disabled
cli-rules-enabled = enabled
cli-rules-help-line = help: { $help }
cli-rules-error-yaml = this file is no YAML
cli-rules-error-shape = this has not the shape of a rule file
cli-rules-error-condition = this condition cannot be used
cli-rules-error-output = this output cannot be used
cli-rules-error-items = these items do not fit together
cli-rules-help-update = update Haechi, or use the rules of an earlier release
cli-rules-help-load-falcos-rules = the macro `{ $name }` comes with Falco's own rules: load `falco_rules.yaml` before this file, or define `{ $name }`
cli-rules-help-define-macro = define it above, `- macro: { $name }` with a `condition`, or load the file that does before this one; the name of a list has to stand behind `in (…)`
cli-rules-help-define-list = if `{ $name }` is meant to be a list, define it: `- list: { $name }` with `items`; no such list is loaded
cli-rules-help-use-network-field = `{ $name }` is a network: use `fd.net`, `fd.snet` or `fd.cnet` for it
cli-rules-unknown = no rule is named `{ $name }`
cli-rules-matches = { $place }: rule `{ $rule }` matches
cli-rules-does-not-match = { $place }: rule `{ $rule }` does not match

cli-scan-namespace = Only this namespace of the cluster, and what lives in none
    .value = NAMESPACE
cli-connection-cluster = Read the live cluster, by kubectl’s configuration or as a service account in the cluster
cli-connection-kubeconfig = The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config
    .value = FILE
cli-connection-context = The context of that file
    .value = NAME
cli-connection-request-timeout = How long to wait for one answer: 30s, 2m
    .value = TIME
cli-connection-one-namespace = only namespace { $namespace }, since all were refused: { $detail }
cli-connection-not-built = this build cannot read live clusters; build it with `--features cluster`, or dump the objects with kubectl and name the files
cli-completions = Print what a shell needs to complete this command line
cli-completions-shell = The shell
    .value = SHELL

cli-alerts = Check and try who is told about detections, findings and incidents
cli-alerts-check = Check the part [alerts] of the configuration, and show which way an alert would take and why
    .more =
        Exit codes: 0 all is there, 2 a mistake in the configuration, 3 a secret or certificate is
        missing, so that it cannot be told whether its receiver works.
cli-alerts-check-config = The configuration file; by default the haechi.toml above the current folder
    .value = FILE
cli-alerts-check-severity = How severe the alert is
    .value = SEVERITY
cli-alerts-check-source = Where it comes from
    .value = SOURCE
cli-alerts-check-rule = Its rule, check or policy
    .value = RULE
cli-alerts-check-cluster = Its cluster
    .value = CLUSTER
cli-alerts-check-namespace = Its namespace; by default it has none
    .value = NAMESPACE
cli-alerts-check-resource = Its object, as `Kind namespace/name`; by default it has none
    .value = OBJECT
cli-alerts-check-framework = A framework that it concerns; may be given again
    .value = FRAMEWORK
cli-alerts-check-label = A label of it; may be given again
    .value = NAME=VALUE
cli-alerts-check-at = When it comes, as 2027-01-31T09:00:00Z; by default now
    .value = TIME
cli-alerts-check-output = How to print the result
    .value = FORMAT
cli-alerts-test = Send a test alert to a receiver
cli-alerts-test-config = The configuration file; by default the haechi.toml above the current folder
    .value = FILE
cli-alerts-test-receiver = The name of the receiver
    .value = NAME
cli-alerts-none = no configuration of alerts was found: write a part [alerts] in haechi.toml, or name the file with --config
cli-alerts-label = `{ $given }` is no label; write it as NAME=VALUE
cli-alerts-time = `{ $given }` is no time; write it as 2027-01-31T09:00:00Z
cli-alerts-no-receiver = there is no receiver `{ $name }`; configured are: { $known }
cli-alerts-empty = it is empty
cli-alerts-secret = `{ $key }` from { $from } is missing: { $detail }
cli-alerts-unused = no route leads to it
cli-alerts-read =
    { $receivers ->
        [one] One receiver
       *[other] { $receivers } receivers
    }, { $routes ->
        [one] one route
       *[other] { $routes } routes
    }:
cli-alerts-way = The way of the alert:
cli-alerts-nothing = nothing
cli-alerts-mismatch = route { $route } (line { $line }) is not for it: { $property } is { $found }, wanted is { $wanted }
cli-alerts-below = route { $route } (line { $line }) is for it, and routes below take it
cli-alerts-nobody = route { $route } (line { $line }) takes it and tells nobody
cli-alerts-takes = route { $route } (line { $line }) takes it: { $receivers }
cli-alerts-told = Told are: { $receivers }
cli-alerts-told-nobody = Nobody is told.
cli-alerts-accepted = The receiver `{ $name }` took the test alert.
cli-alerts-later = the receiver `{ $name }` does not take it now; the service would try again: { $why }
cli-alerts-refused = the receiver `{ $name }` refuses it for good: { $why }

cli-remote-server = The address of the running service
    .value = URL
cli-remote-ca-file = The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system
    .value = FILE
cli-remote-token-file = The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN
    .value = FILE
cli-remote-https = `{ $server }` is no address of a service: a token is sent over https only
cli-remote-token = no token: { $detail }. An administrator makes one of the scope `operate` under /api/tokens
cli-remote-token-unset = no token: $HAECHI_TOKEN is not set or holds none, and no --token-file is named. An administrator makes one of the scope `operate` under /api/tokens
cli-remote-unreachable = { $server } does not answer: { $detail }
cli-remote-unreadable = the answer of { $server } is none of Haechi
cli-remote-refused = { $server } refuses ({ $status }): { $why }

cli-alerts-silence = Say what is not to be alerted for a while
cli-alerts-silence-add = Silence alerts that all the conditions fit; of several of one kind one must fit
    .more =
        The service must be running: it checks the token, keeps the silence, and writes who made it into the
        journal.
cli-alerts-silence-add-severity = At least so severe
    .value = SEVERITY
cli-alerts-silence-add-source = Where the alert comes from: k8s_audit, check … with * and ?
    .value = PATTERN
cli-alerts-silence-add-namespace = Its namespace, with * and ?
    .value = PATTERN
cli-alerts-silence-add-rule = Its rule, check or policy, with * and ?
    .value = PATTERN
cli-alerts-silence-add-framework = A framework that it concerns, with * and ?
    .value = PATTERN
cli-alerts-silence-add-cluster = Its cluster, with * and ?
    .value = PATTERN
cli-alerts-silence-add-resource = Its object, as `Kind namespace/name`, with * and ?
    .value = PATTERN
cli-alerts-silence-add-label = A label of it, with * and ? in the value
    .value = NAME=PATTERN
cli-alerts-silence-add-reason = Why
    .value = TEXT
cli-alerts-silence-add-for = How long from now: 30m, 2h
    .value = TIME
cli-alerts-silence-add-until = Until when, as 2027-01-31T09:00:00Z
    .value = TIME
cli-alerts-silence-add-output = How to print the result
    .value = FORMAT
cli-alerts-silence-list = List the silences that count now
cli-alerts-silence-list-all = Those that are over or begin later too
cli-alerts-silence-list-output = How to print the result
    .value = FORMAT
cli-alerts-silence-end = End a silence now
cli-alerts-silence-end-id = The silence
    .value = ID
cli-alerts-dead = Deal with alerts that nobody got: the receiver refused them, or did not take them in time
cli-alerts-dead-list = List them
    .more = Exit codes: 0 there is none, 1 there are some.
cli-alerts-dead-list-output = How to print the result
    .value = FORMAT
cli-alerts-dead-retry = Send some of them after all
cli-alerts-dead-retry-id = The alert; may be given again
    .value = ID
cli-alerts-dead-drop = Give some of them up for good
cli-alerts-dead-drop-id = The alert; may be given again
    .value = ID
cli-silence-everything = a silence without any condition would silence every alert: name a severity, source, namespace, rule …
cli-silence-added = Silence { $id } counts until { $until }.
cli-silence-ended = Silence { $id } has ended.
cli-silence-none = No alert is silenced.
cli-silence-shown =
    { $id }  { $from } to { $until }
    {"  "}{ $conditions }
    {"  "}{ $by }: { $reason }
cli-dead-none = No alert is dead.
cli-dead-shown =
    { $id }  { $time }  { $receiver }, { $attempts ->
        [one] one attempt
       *[other] { $attempts } attempts
    }
    {"  "}{ $titles }
    {"  "}{ $why }
cli-dead-more = { $count } more are not shown.
cli-dead-retried = Alert { $id } is sent again.
cli-dead-dropped = Alert { $id } is given up.

cli-incidents = See what a running service takes for one incident, and say what becomes of it
cli-incidents-list = List the incidents that are not closed, those that changed last first
cli-incidents-list-cluster = Only those of this cluster
    .value = NAME
cli-incidents-list-severity = At least so severe
    .value = SEVERITY
cli-incidents-list-all = Closed ones too
cli-incidents-list-output = How to print the result
    .value = FORMAT
cli-incidents-show = Show an incident with its detections and findings
cli-incidents-show-id = The incident
    .value = ID
cli-incidents-show-output = How to print the result
    .value = FORMAT
cli-incidents-acknowledge = Look after an incident
cli-incidents-acknowledge-id = The incident
    .value = ID
cli-incidents-acknowledge-note = What is known so far
    .value = TEXT
cli-incidents-close = Close an incident; what happens later is another one, which refers to it
cli-incidents-close-id = The incident
    .value = ID
cli-incidents-close-note = How it ended
    .value = TEXT
cli-incidents-reopen = Open a closed incident again, or give up looking after one
cli-incidents-reopen-id = The incident
    .value = ID
cli-incidents-reopen-note = Why
    .value = TEXT
cli-incidents-none = There is no such incident.
cli-incident-times = { $first } to { $last }, { $detections ->
        [one] one detection
       *[other] { $detections } detections
    }
cli-incident-by = looked after by { $value }
cli-incident-ended-by = closed by { $value }
cli-incident-follows = follows incident { $value }, which was about some of the same
cli-incident-more = There are more detections: see them with --output json, or over the API.
cli-incident-acknowledged = You look after incident { $id }: { $title }
cli-incident-closed = Incident { $id } is closed: { $title }
cli-incident-reopened = Incident { $id } is open again: { $title }

cli-store = Copy, restore and verify what a service keeps, and its journal
cli-store-backup = Copy the store to a new file, also while a service runs, and verify the copy
    .more =
        Keys for encrypted bodies are not part of the copy: keep them elsewhere. Keep the anchor elsewhere
        too: it tells later whether somebody made the journal anew.
cli-store-backup-file = The file; it must not be there yet
    .value = FILE
cli-store-backup-data = The folder of the service
    .value = FOLDER
cli-store-restore = Verify a copy and put it in the place of the store; the service must not run
    .more = The database that was there stays beside it, and counts no longer.
cli-store-restore-file = The copy
    .value = FILE
cli-store-restore-data = The folder of the service
    .value = FOLDER
cli-store-restore-anchor = What was kept of the journal elsewhere: the copy must hold it
    .value = N:HASH
cli-store-verify = Look whether the store is whole: pages, indexes, counts, and every entry of the journal
    .more = Exit codes: 0 all is well, 1 something is damaged or was changed.
cli-store-verify-data = The folder of the service
    .value = FOLDER
cli-store-verify-anchor = What was kept of the journal elsewhere: N:HASH, or the hash alone
    .value = N:HASH
cli-store-verify-output = How to print the result
    .value = FORMAT
cli-store-journal = Read, export and verify the journal of security-relevant acts
cli-store-journal-list = List the entries
cli-store-journal-list-data = The folder of the service
    .value = FOLDER
cli-store-journal-list-after = Only entries with higher numbers
    .value = N
cli-store-journal-list-limit = At most so many entries; by default all
    .value = N
cli-store-journal-list-output = How to print the entries; as JSON one on each line
    .value = FORMAT
cli-store-journal-export = Write the journal as lines of JSON that can be verified without the store
cli-store-journal-export-file = The file, which must not be there yet; by default standard output
    .value = FILE
cli-store-journal-export-data = The folder of the service
    .value = FOLDER
cli-store-journal-export-age = Encrypt it for this recipient of age (age1…); may be given again
    .value = RECIPIENT
cli-store-journal-verify = Hold a journal against its hashes: an exported one, or that of the store
    .more = Exit codes: 0 it is in order, 1 it was changed, or is no journal.
cli-store-journal-verify-file = The exported journal, - for standard input; by default that of the store
    .value = FILE
cli-store-journal-verify-data = The folder of the service
    .value = FOLDER
cli-store-journal-verify-anchor = What was kept of the journal elsewhere: N:HASH, or the hash alone
    .value = N:HASH
cli-store-journal-verify-output = How to print the result
    .value = FORMAT
cli-store-copied =
    Copied and verified: { $path }, { $bytes } bytes.
    Anchor of the journal, to be kept elsewhere: { $anchor }
cli-store-restored =
    Restored: { $path }
    Anchor of the journal, with the entry about this restore: { $anchor }
cli-store-whole-anchor = the anchor of a copy is N:HASH, as the backup printed it
cli-store-undamaged = Pages and indexes: whole
cli-store-damaged = Damaged: { $detail }
cli-store-anchor-current = Anchor beside the database: names the last entry
cli-store-anchor-behind = Anchor beside the database: names an earlier entry, as after a process that was ended
cli-store-anchor-missing = Anchor beside the database: MISSING. Somebody removed it, or the store was never used
cli-store-anchor-unreadable = Anchor beside the database: UNREADABLE
cli-store-counts = Events of { $source }: { $received } received = { $stored } stored + { $duplicates } duplicates + { $dropped } dropped
cli-store-counts-off = Events of { $source } DO NOT ADD UP: { $received } received, { $stored } stored, { $duplicates } duplicates, { $dropped } dropped
cli-store-key-opens = Bodies are encrypted with the key `{ $key }`, which opens them
cli-store-key-missing = Bodies are encrypted with the key `{ $key }`, which was not given: not tried
cli-store-key-wrong = Bodies are encrypted with the key `{ $key }`: the one that was given under this id DOES NOT OPEN them
cli-journal-good = Journal: in order, { $entries } entries. Anchor: { $anchor }
cli-journal-good-until = It is in order up to entry { $entries }. Anchor up to there: { $anchor }
cli-journal-altered = Journal: CHANGED. Entry { $seq } is not what its hash was made of
cli-journal-replaced = Journal: CHANGED. Entry { $seq } was replaced, or entry { $next } was: that one is chained to another entry
cli-journal-missing = Journal: CHANGED. Entries { $from } to { $to } are missing
cli-journal-order = Journal: CHANGED. Entry { $seq } stands where entry { $expected } belongs
cli-journal-truncated = Journal: CHANGED. Entries { $from } to { $to } were cut off at the end
cli-journal-rewritten = Journal: MADE ANEW. Entry { $seq } has another hash than the anchor says: this entry or one before it was changed, and all hashes since computed again
cli-journal-unknown = Journal: MADE ANEW OR CUT OFF. None of the { $entries } entries has the hash that was kept
cli-journal-no-entry = Line { $line } is no entry of a journal ({ $detail }): the file was changed, or is another one
cli-journal-long = Line { $line } is longer than any entry of a journal
cli-journal-cut = The file ends after { $entries } entries without its last line: it was cut off
cli-journal-entry = { $seq }  { $time }  { $actor }  { $act }  { $subject }
cli-journal-exported = { $entries } entries. Anchor, to be kept elsewhere: { $anchor }
cli-serve-keys = The file that names the keys for encryption at rest: from files, Vault or AWS KMS
    .value = FILE
cli-store-verify-keys = The file that names the keys, as of `haechi serve`: each is tried
    .value = FILE
cli-serve-write = Write into the cluster what is found: reports (openreports.io), events about what is new and critical. By default nothing is written
    .value = WHAT
cli-journal-missing-one = Journal: CHANGED. Entry { $seq } is missing
cli-journal-truncated-one = Journal: CHANGED. Entry { $seq } was cut off at the end
cli-journal-no-good = Which entries are still those that were written cannot be told: hold them against an older anchor or an export

cli-connection-config = no connection to a cluster is configured: { $detail }
cli-connection-unusable = the API server at { $server } cannot be asked: { $detail }
cli-connection-unreachable = the API server at { $server } does not answer: { $detail }
cli-connection-unauthorized = the API server at { $server } does not accept these credentials (401)

config-syntax = this is no configuration: { $detail }
config-other = { $detail }
config-none-of = `{ $given }` is none of { $known }
config-oidc-secrets = serve.oidc: `client-secret-file` and `client-secret-env` are set: which is it?
config-role = unknown role `{ $given }`, expected one of viewer, operator, approver, admin
config-cluster-name = a cluster needs a name of 1 to { $most } characters
config-cluster-twice = another cluster is called `{ $name }` already
config-check = there is no check `{ $given }`
config-list = `{ $given }` is neither `requests` nor `limits`
config-no-fix = no fix of `{ $given }` takes a value
config-fix-quantity = expected a quantity, for instance '500m' or '512Mi'
config-fix-id = expected a user or group id above 0
config-fix-seconds = expected a number of seconds above 0
config-quantity = `{ $given }` is no quantity
config-path = write the path as `spec.template`, with one dot between keys
config-reason = a suppression needs a `reason`
config-date = `{ $given }` is no date; write it as 2027-01-31
config-pattern = this is no pattern for files: { $detail }
config-severity = unknown severity `{ $given }`, expected one of info, low, medium, high, critical
config-level = `{ $given }` is no level of the Pod Security Standards; write it as `baseline` or `restricted:v1.30`
