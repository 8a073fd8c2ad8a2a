# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_haechi_global_optspecs
    string join \n lang= color= h/help V/version
end

function __fish_haechi_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_haechi_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_haechi_using_subcommand
    set -l cmd (__fish_haechi_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c haechi -n "__fish_haechi_needs_command" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_needs_command" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_needs_command" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_needs_command" -s V -l version -d 'Print the version'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "scan" -d 'Find out what is wrong in manifests, where, and how to fix it'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "baseline" -d 'Write down the findings of today, so that later scans show only new ones'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "config" -d 'Show what is configured'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "explain" -d 'Explain a check: why it matters, how to fix it, what others call it'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "completions" -d 'Print what a shell needs to complete this command line'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "detect" -d 'Hold events against detection rules: audit logs, cloud trails, flow logs, findings, recorded kernel events'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "rules" -d 'List, test and explain detection rules'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "policy" -d 'Hold resources against the policies that you already run: Gatekeeper, ValidatingAdmissionPolicy, MutatingAdmissionPolicy'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "checks" -d 'List all checks'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "access" -d 'Find out who may do what, how they could become admin, and what to take away'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "network" -d 'Find out what reaches what, why, and write the policies that close it'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "alerts" -d 'Check and try who is told about detections, findings and incidents'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "incidents" -d 'See what a running service takes for one incident, and say what becomes of it'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "serve" -d 'Guard admission, take in events and tell how it fares, as a service'
complete -c haechi -n "__fish_haechi_needs_command" -f -a "store" -d 'Copy, restore and verify what a service keeps, and its journal'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l only -d 'Ask these checks only; names separated by commas' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l skip -d 'Leave these checks out' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l pod-security -d 'Also judge pods by a Pod Security Standard: `baseline`, `restricted`, or with a version `restricted:v1.30`' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l helm-values -d 'Values to render charts with; may be given again, the last one counts' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l policies -d 'Also hold every object against the policies in this file or folder; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l max-file-size -d 'Refuse files larger than this, in MiB [default: 64]' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s j -l threads -d 'Number of threads; by default one per core' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l config -d 'The configuration file; by default the haechi.toml above the first path' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s n -l namespace -d 'Only this namespace of the cluster, and what lives in none' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s o -l output -d 'How to print the result [choices: table, json, sarif, junit, csv, html, github, openreports] [default: table]' -r -f -a "table\t''
json\t''
sarif\t''
junit\t''
csv\t''
html\t''
github\t''
openreports\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l fail-on -d 'Exit with 1 on findings at least this severe [choices: info, low, medium, high, critical, never] [default: low]' -r -f -a "info\t''
low\t''
medium\t''
high\t''
critical\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l min-severity -d 'Show findings at least this severe [choices: info, low, medium, high, critical] [default: info]' -r -f -a "info\t''
low\t''
medium\t''
high\t''
critical\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l baseline -d 'Leave out the findings that this file knows; see `haechi baseline`' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l group-by -d 'Put findings together by this in `table` and `html` [choices: file, namespace, check, owner] [default: file]' -r -f -a "file\t''
namespace\t''
check\t''
owner\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l owner-label -d 'The label that tells who owns an object, taken from the object, else its pods, else its namespace [default: owner, team]' -r
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l all -d 'Ask all checks, also those that most manifests break for good reasons'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l render -d 'Render charts and kustomizations with `helm` and `kubectl kustomize` (bounded, offline) and judge the result'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l no-ignore -d 'Also scan what .gitignore and .ignore files name'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l fix -d 'Fix what can be fixed without changing how workloads run; files keep comments, order and layout'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l unsafe-fixes -d 'With --fix: also fix what may change how workloads run; what it may change is told'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -l diff -d 'With --fix: print the changes and write nothing; exit with 1 where there are some'
complete -c haechi -n "__fish_haechi_using_subcommand scan" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l only -d 'Ask these checks only; names separated by commas' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l skip -d 'Leave these checks out' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l pod-security -d 'Also judge pods by a Pod Security Standard: `baseline`, `restricted`, or with a version `restricted:v1.30`' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l helm-values -d 'Values to render charts with; may be given again, the last one counts' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l policies -d 'Also hold every object against the policies in this file or folder; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l max-file-size -d 'Refuse files larger than this, in MiB [default: 64]' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s j -l threads -d 'Number of threads; by default one per core' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l config -d 'The configuration file; by default the haechi.toml above the first path' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s n -l namespace -d 'Only this namespace of the cluster, and what lives in none' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s w -l write -d 'The file to write; by default standard output' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l all -d 'Ask all checks, also those that most manifests break for good reasons'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l render -d 'Render charts and kustomizations with `helm` and `kubectl kustomize` (bounded, offline) and judge the result'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l no-ignore -d 'Also scan what .gitignore and .ignore files name'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand baseline" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand config; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Print the settings that a scan goes by'
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The configuration file; by default the haechi.toml above the first path' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'Also say where each setting comes from'
complete -c haechi -n "__fish_haechi_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand explain" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand completions" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand completions" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand completions" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s r -l rules -d 'A rule file in Falco\'s language, or a folder of such; may be given again, in order; `builtin` stands for Haechi\'s own rules, which are in force when nothing is given' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s o -l output -d 'How to print detections [choices: text, json, sarif, ocsf] [default: text]' -r -f -a "text\t''
json\t''
sarif\t''
ocsf\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l source -d 'What the events are; by default each event tells [choices: syscall, k8s_audit, aws_cloudtrail, gcp_auditlog, okta, github, aws_vpcflow, aws_guardduty, aws_securityhub, aws_inspector, aws_config]' -r -f -a "syscall\t''
k8s_audit\t''
aws_cloudtrail\t''
gcp_auditlog\t''
okta\t''
github\t''
aws_vpcflow\t''
aws_guardduty\t''
aws_securityhub\t''
aws_inspector\t''
aws_config\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l flow-columns -d 'Columns of flow logs that name none, as in their definition' -r
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l min-priority -d 'Leave out rules that are less urgent [choices: Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug]' -r -f -a "Emergency\t''
Alert\t''
Critical\t''
Error\t''
Warning\t''
Notice\t''
Informational\t''
Debug\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand detect" -l all -d 'Tell every rule that matches an event, not only the first'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s f -l follow -d 'Wait for more at the end of the last file'
complete -c haechi -n "__fish_haechi_using_subcommand detect" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -f -a "list" -d 'List the rules of rule files, with what changes them'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -f -a "test" -d 'Load rule files and tell each mistake and each doubt'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -f -a "builtin" -d 'Print Haechi\'s own rules, to be read, copied and changed'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and not __fish_seen_subcommand_from list test builtin explain" -f -a "explain" -d 'Explain why rules match events or not, check by check'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print the rules [choices: table, json] [default: table]' -r -f -a "table\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -s o -l output -d 'How to print the results [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from builtin" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from builtin" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from builtin" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -s r -l rules -d 'A rule file in Falco\'s language, or a folder of such; may be given again, in order; Haechi\'s own rules when nothing is given' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l rule -d 'Only the rule of this name' -r
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l source -d 'What the events are; by default each event tells [choices: syscall, k8s_audit, aws_cloudtrail, gcp_auditlog, okta, github, aws_vpcflow, aws_guardduty, aws_securityhub, aws_inspector, aws_config]' -r -f -a "syscall\t''
k8s_audit\t''
aws_cloudtrail\t''
gcp_auditlog\t''
okta\t''
github\t''
aws_vpcflow\t''
aws_guardduty\t''
aws_securityhub\t''
aws_inspector\t''
aws_config\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l flow-columns -d 'Columns of flow logs that name none, as in their definition' -r
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand rules; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -f -a "apply" -d 'Hold resources against policies and say what a cluster with them would refuse, warn about and change'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -f -a "test" -d 'Run Gatekeeper\'s tests of policies (`suite.yaml`) and report them as `gator verify` does'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and not __fish_seen_subcommand_from apply test explain" -f -a "explain" -d 'Say for each policy whether it applies to an object, and why or why not'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -s p -l policy -d 'A file or folder with policies; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -s i -l inventory -d 'A file or folder with objects that policies may look up, such as Namespaces and parameters; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l operation -d 'Judge manifests as a request of this kind; by default as objects by themselves [choices: create, update]' -r -f -a "create\t''
update\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l external-data -d 'Answers of external data providers, from a file; without it or --ask-providers, policies that ask a provider are errors' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l fail-on -d 'Exit with 1 on violations of policies that deny, that warn or deny, or on any [choices: deny, warn, any, never] [default: deny]' -r -f -a "deny\t''
warn\t''
any\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l ask-providers -d 'Ask the providers of external data that the policies name, by HTTPS, each within its own timeout'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l rego-first -d 'Use the Rego of a Gatekeeper template that has CEL too'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -l all -d 'Also show policies that pass and those that do not apply'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -s r -l run -d 'Run tests and cases whose name this regular expression matches; `TEST//CASE` matches both' -r
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Print every test and case'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -l rego-first -d 'Use the Rego of a template that has CEL too'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -s p -l policy -d 'A file or folder with policies; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -s i -l inventory -d 'A file or folder with objects that policies may look up, such as Namespaces and parameters; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l operation -d 'Judge manifests as a request of this kind; by default as objects by themselves [choices: create, update]' -r -f -a "create\t''
update\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l external-data -d 'Answers of external data providers, from a file; without it or --ask-providers, policies that ask a provider are errors' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l ask-providers -d 'Ask the providers of external data that the policies name, by HTTPS, each within its own timeout'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -l rego-first -d 'Use the Rego of a Gatekeeper template that has CEL too'
complete -c haechi -n "__fish_haechi_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand checks" -s o -l output -d 'How to print the result [choices: table, json] [default: table]' -r -f -a "table\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand checks" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "can-i" -d 'Ask whether a subject may do something, as the API server would answer'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "who-can" -d 'List everybody who may do something'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "list" -d 'List everything that a subject may do'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "paths" -d 'Find the ways by which somebody could become more'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "threat-model" -d 'Write a threat model of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "generate" -d 'Make the smallest roles that allow what the audit log shows'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "unused" -d 'List what is granted and was never used'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "audit" -d 'Tell who could become cluster-admin, and what is wrong with roles and bindings'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "diff" -d 'Tell what each subject gained and lost: between two dumps, or by the changes that an audit log tells'
complete -c haechi -n "__fish_haechi_using_subcommand access; and not __fish_seen_subcommand_from can-i who-can list paths threat-model generate unused audit diff matrix" -f -a "matrix" -d 'Tell who reaches into namespaces that are not their own'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s n -l namespace -d 'The namespace; without it the whole cluster' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l as -d 'Who asks: a user’s name, group:NAME or sa:NAMESPACE/NAME' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l as-group -d 'A further group of the subject' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l authorization-mode -d 'The API server’s authorizers, as its flag names them' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from can-i" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s n -l namespace -d 'The namespace; without it the whole cluster' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from who-can" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s n -l namespace -d 'The namespace; without it the whole cluster' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l from -d 'Where the attacker is: a subject, internet, pod:NAMESPACE/NAME, node:NAME, cloud-role:ARN; without it everybody' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l to -d 'What is wanted: cluster-admin, node, secret:NAMESPACE/NAME, cloud-role, pod:NAMESPACE/NAME, a subject, or `anything` for a list of all that is reached [default: cluster-admin]' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s o -l output -d 'How to print the result [choices: text, json, dot, svg] [default: text]' -r -f -a "text\t''
json\t''
dot\t''
svg\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l exposed -d 'Begin at the workloads that the internet reaches'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -l cut -d 'Also tell the smallest set of changes that cuts all paths'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from paths" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l since -d 'An earlier dump, to tell what changed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s o -l output -d 'How to print the result [choices: markdown, html, json] [default: markdown]' -r -f -a "markdown\t''
html\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from threat-model" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s f -l file -d 'What is granted today; then nothing beyond it is generated' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l audit -d 'Audit logs of the API server' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l name -d 'The name of the roles [default: haechi-generated]' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s o -l output -d 'How to print the result [choices: yaml, json] [default: yaml]' -r -f -a "yaml\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l widen -d 'Widen verbs, names and namespaces as audit2rbac does'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -l include-refused -d 'Also allow what was refused'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s f -l file -d 'What is granted today: files, folders, or `-`' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l audit -d 'Audit logs of the API server' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from unused" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from audit" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l audit -d 'Audit logs of the API server, with the changes since the earlier dump' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -l whole -d 'The dumps hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s f -l file -d 'Roles, bindings and workloads: files, folders, or `-`; also what the AWS command line printed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l context -d 'The context of that file' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l whole -d 'The files hold every role and binding of the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -l system -d 'Also subjects of Kubernetes itself'
complete -c haechi -n "__fish_haechi_using_subcommand access; and __fish_seen_subcommand_from matrix" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "reach" -d 'List every connection that the policies let through, or draw it as a matrix'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "explain" -d 'Tell whether a connection passes, and which policies and rules decide it'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "exposed" -d 'List what is open to the internet, and to pods of other namespaces'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "diff" -d 'Tell which connections a change of manifests adds, removes and changes'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "generate" -d 'Write NetworkPolicies that allow what was observed and refuse the rest'
complete -c haechi -n "__fish_haechi_using_subcommand network; and not __fish_seen_subcommand_from reach explain exposed diff generate observe" -f -a "observe" -d 'Hold observed connections against the policies: what they would refuse, which rules nothing used'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -s f -l file -d 'Manifests: files, folders, or `-`' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -s w -l workload -d 'Only connections of this workload: NAME, NAMESPACE/NAME or ingress-controller' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l direction -d 'Only connections to (ingress) or from (egress) the workload [choices: ingress, egress]' -r -f -a "ingress\t''
egress\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l peer -d 'Only connections between the workload and this one' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l port -d 'Only where this port is open: 80, 53/udp' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -s o -l output -d 'How to print the result [choices: text, json, csv, markdown, dot, svg] [default: text]' -r -f -a "text\t''
json\t''
csv\t''
markdown\t''
dot\t''
svg\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -l ipv6 -d 'Also addresses of IPv6'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from reach" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -s f -l file -d 'Manifests: files, folders, or `-`' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -s f -l file -d 'Manifests: files, folders, or `-`' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -s w -l workload -d 'Only this workload: NAME or NAMESPACE/NAME' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -l fail-on -d 'End with 1 where something is, or may be, open to this [choices: never, internet, namespaces] [default: never]' -r -f -a "never\t''
internet\t''
namespaces\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -s o -l output -d 'How to print the result [choices: text, json, csv, markdown, dot] [default: text]' -r -f -a "text\t''
json\t''
csv\t''
markdown\t''
dot\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from exposed" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -s w -l workload -d 'Only connections of this workload: NAME or NAMESPACE/NAME' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -l fail-on -d 'End with 1 where something passes that did not before (added) or no longer passes (removed) [choices: never, any, added, removed] [default: never]' -r -f -a "never\t''
any\t''
added\t''
removed\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -s o -l output -d 'How to print the result [choices: text, json, csv, markdown, dot] [default: text]' -r -f -a "text\t''
json\t''
csv\t''
markdown\t''
dot\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -s f -l file -d 'Manifests: files, folders, or `-`; with addresses of pods, as the cluster prints them, where flows have addresses only' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l flows -d 'Observed connections: VPC flow logs, Hubble’s or Cilium’s JSON lines' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l format -d 'What the flows are [choices: auto, vpc, hubble] [default: auto]' -r -f -a "auto\t''
vpc\t''
hubble\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l ingress-namespace -d 'The namespace of the ingress controller: what Ingresses and routes lead to is let in from there' -r
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -s o -l output -d 'How to print the policies [choices: yaml, json] [default: yaml]' -r -f -a "yaml\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l no-default-deny -d 'Write no policies that refuse everything else'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l no-dns -d 'Write no policies that allow DNS'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -l include-refused -d 'Also allow connections that were seen refused'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -s f -l file -d 'Manifests: files, folders, or `-`; with addresses of pods, as the cluster prints them, where flows have addresses only' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -l cni -d 'The network plugin: it decides what the specification of NetworkPolicy leaves open [choices: strict, calico, cilium, antrea, ovn, aws] [default: strict]' -r -f -a "strict\t''
calico\t''
cilium\t''
antrea\t''
ovn\t''
aws\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -l flows -d 'Observed connections: VPC flow logs, Hubble’s or Cilium’s JSON lines' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -l format -d 'What the flows are [choices: auto, vpc, hubble] [default: auto]' -r -f -a "auto\t''
vpc\t''
hubble\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand network; and __fish_seen_subcommand_from observe" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -f -a "check" -d 'Check the part [alerts] of the configuration, and show which way an alert would take and why'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -f -a "test" -d 'Send a test alert to a receiver'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -f -a "silence" -d 'Say what is not to be alerted for a while'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and not __fish_seen_subcommand_from check test silence dead" -f -a "dead" -d 'Deal with alerts that nobody got: the receiver refused them, or did not take them in time'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l config -d 'The configuration file; by default the haechi.toml above the current folder' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l severity -d 'How severe the alert is [default: critical]' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l source -d 'Where it comes from [default: k8s_audit]' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l rule -d 'Its rule, check or policy [default: example]' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l cluster -d 'Its cluster [default: example]' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l namespace -d 'Its namespace; by default it has none' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l resource -d 'Its object, as `Kind namespace/name`; by default it has none' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l framework -d 'A framework that it concerns; may be given again' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l label -d 'A label of it; may be given again' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l at -d 'When it comes, as 2027-01-31T09:00:00Z; by default now' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from test" -l config -d 'The configuration file; by default the haechi.toml above the current folder' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from test" -l receiver -d 'The name of the receiver' -r
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from test" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from test" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -f -a "add" -d 'Silence alerts that all the conditions fit; of several of one kind one must fit'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -f -a "list" -d 'List the silences that count now'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from silence" -f -a "end" -d 'End a silence now'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -f -a "list" -d 'List them'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -f -a "retry" -d 'Send some of them after all'
complete -c haechi -n "__fish_haechi_using_subcommand alerts; and __fish_seen_subcommand_from dead" -f -a "drop" -d 'Give some of them up for good'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -f -a "list" -d 'List the incidents that are not closed, those that changed last first'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -f -a "show" -d 'Show an incident with its detections and findings'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -f -a "acknowledge" -d 'Look after an incident'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -f -a "close" -d 'Close an incident; what happens later is another one, which refers to it'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and not __fish_seen_subcommand_from list show acknowledge close reopen" -f -a "reopen" -d 'Open a closed incident again, or give up looking after one'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l cluster -d 'Only those of this cluster' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l severity -d 'At least so severe' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l server -d 'The address of the running service [default: https://127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l ca-file -d 'The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l token-file -d 'The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -l all -d 'Closed ones too'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -l server -d 'The address of the running service [default: https://127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -l ca-file -d 'The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -l token-file -d 'The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l note -d 'What is known so far' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l server -d 'The address of the running service [default: https://127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l ca-file -d 'The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l token-file -d 'The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from acknowledge" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l note -d 'How it ended' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l server -d 'The address of the running service [default: https://127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l ca-file -d 'The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l token-file -d 'The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l note -d 'Why' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l server -d 'The address of the running service [default: https://127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l ca-file -d 'The authority of its certificate, for instance haechi-data/tls/ca.pem; by default those of the system' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l token-file -d 'The file with an API token of the scope `operate`; by default it is read from $HAECHI_TOKEN' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand incidents; and __fish_seen_subcommand_from reopen" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l listen -d 'Where to listen [default: 127.0.0.1:8443]' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l hook-listen -d 'Where other programs call (admission, intake), if that is to be apart from people' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l data -d 'The folder that everything is kept in [default: haechi-data]' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l keys -d 'The file that names the keys for encryption at rest: from files, Vault or AWS KMS' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l name -d 'A name that the service is called by, such as `haechi.haechi.svc`; may be given again' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l tls-cert -d 'The certificate with its chain, in PEM; by default one is made and renewed' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l tls-key -d 'The key of the certificate, in PEM' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l client-ca -d 'Authorities, in PEM, whose client certificates let the API server in' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l policies -d 'Files or folders with policies and what they take as parameters; read again when they change' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l inventory -d 'Files or folders with objects of the cluster that policies look up, namespaces too' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l check -d 'A built-in check to ask at admission, as CHECK=deny, warn, audit or dryrun; may be given again' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l enforce -d 'What to do about violations of a policy, whatever it says itself, as POLICY=deny, warn, audit or dryrun' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l on-error -d 'Whether a request is let through when a policy cannot be evaluated, whatever it says itself, as POLICY=allow or refuse' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l exempt-namespace -d 'A namespace in which nothing is asked; Haechi\'s own should be one' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l pod-security -d 'Enforce this Pod Security Standard where a namespace\'s labels say nothing or are not known, such as `baseline` or `restricted:v1.30`' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l rules -d 'Files or folders with detection rules; read again when they change; `builtin` stands for Haechi\'s own rules, which are in force when nothing is given' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l watch -d 'A folder that files with events arrive in; may be given again' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l sns-certificate -d 'A file or folder with the certificates, in PEM, that messages of SNS must be signed with; by default they are fetched from Amazon' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l sns-topic -d 'A topic that messages of SNS are taken of; may be given again. By default of all' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l config -d 'The configuration: `[serve.admission]`, `[[serve.cluster]]`, `[serve.oidc]`, options of checks, further kinds that hold pods; by default the one above this folder' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l drain-delay -d 'Seconds to go on after a signal, until everybody has heard to go elsewhere [default: 5]' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l drain-time -d 'Seconds that requests under way may take after that [default: 25]' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l write -d 'Write into the cluster what is found: reports (openreports.io), events about what is new and critical. By default nothing is written [choices: openreports, events]' -r -f -a "openreports\t''
events\t''"
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l cluster-name -d 'What the cluster is called among the findings, `default` if nothing is said; once for each --context' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l webhooks -d 'The webhook configurations in which this service keeps its authority up to date, by their name' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l authority-secret -d 'The Secret that instances share their authority and the key of the webhook in, as NAMESPACE/NAME; made when it is missing' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l kubeconfig -d 'The configuration file of the connection; by default $KUBECONFIG or ~/.kube/config' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l request-timeout -d 'How long to wait for one answer: 30s, 2m' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l context -d 'The context of that file; given again, each context is a cluster that is watched, called like the context. More clusters can stand in the configuration as `[[serve.cluster]]`' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l rego-first -d 'Take the Rego of Gatekeeper templates that have CEL too'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l sns-unverified -d 'Take messages of SNS without looking at their signature'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l demo -d 'Show a made-up cluster with weaknesses and an attack on it; everything is gone when it ends'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l cluster-policies -d 'Ask the policies that the cluster itself holds, too: Gatekeeper\'s and Kubernetes\' own, read again when they change'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -l cluster -d 'Read the live cluster, by kubectl’s configuration or as a service account in the cluster'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and not __fish_seen_subcommand_from webhook-config" -f -a "webhook-config" -d 'Print the webhook configurations, with the authority that the API server must trust'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l data -d 'The folder that the service keeps everything in [default: haechi-data]' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l tls-cert -d 'The certificate with its chain, if it was given to the service' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l service -d 'The Service that leads to Haechi, as NAMESPACE/NAME or NAMESPACE/NAME:PORT' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l url -d 'The address of Haechi outside of the cluster' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l exempt-namespace -d 'A namespace that the API server does not ask about; the Service\'s own is one' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l timeout -d 'Seconds that the API server waits [default: 10]' -r
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -l fail-open -d 'Let requests through while Haechi does not answer'
complete -c haechi -n "__fish_haechi_using_subcommand serve; and __fish_seen_subcommand_from webhook-config" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -f -a "backup" -d 'Copy the store to a new file, also while a service runs, and verify the copy'
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -f -a "restore" -d 'Verify a copy and put it in the place of the store; the service must not run'
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -f -a "verify" -d 'Look whether the store is whole: pages, indexes, counts, and every entry of the journal'
complete -c haechi -n "__fish_haechi_using_subcommand store; and not __fish_seen_subcommand_from backup restore verify journal" -f -a "journal" -d 'Read, export and verify the journal of security-relevant acts'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from backup" -l data -d 'The folder of the service [default: haechi-data]' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from backup" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from backup" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from restore" -l data -d 'The folder of the service [default: haechi-data]' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from restore" -l anchor -d 'What was kept of the journal elsewhere: the copy must hold it' -r
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from restore" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from restore" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -l data -d 'The folder of the service [default: haechi-data]' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -l anchor -d 'What was kept of the journal elsewhere: N:HASH, or the hash alone' -r
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -l keys -d 'The file that names the keys, as of `haechi serve`: each is tried' -r -F
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -s o -l output -d 'How to print the result [choices: text, json] [default: text]' -r -f -a "text\t''
json\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -l lang -d 'The language of texts; by default that of the locale [choices: en, ko]' -r -f -a "en\t''
ko\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -l color -d 'When to use colour [choices: auto, always, never] [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -s h -l help -d 'Print help'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -f -a "list" -d 'List the entries'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -f -a "export" -d 'Write the journal as lines of JSON that can be verified without the store'
complete -c haechi -n "__fish_haechi_using_subcommand store; and __fish_seen_subcommand_from journal" -f -a "verify" -d 'Hold a journal against its hashes: an exported one, or that of the store'
