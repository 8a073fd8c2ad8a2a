# Headings, labels and sentences of the reports.

## Severities

severity-critical = critical
severity-high = high
severity-medium = medium
severity-low = low
severity-info = info

## Labels

label-why = why
label-fix = fix
label-help = help
label-rule = rule
label-severity = severity
label-references = references
label-elsewhere = elsewhere
label-area = area
label-title = title
label-since = since
label-preview = preview: may still change

# A text that a program made of the templates in a folder.
path-rendered = { $folder } (rendered)

## Problems

problems-incomplete = Not judged
problems-left-out = Left out

problems-suppression = Suppressions
summary-suppressed =
    { $count ->
        [one] One finding is accepted by a suppression.
       *[other] { NUMBER($count) } findings are accepted by suppressions.
    }
summary-known =
    { $count ->
        [one] One finding is known from the baseline and not shown.
       *[other] { NUMBER($count) } findings are known from the baseline and not shown.
    }

## Summary

summary-heading = Summary
summary-scope =
    { $files ->
        [one] { NUMBER($files) } file
       *[other] { NUMBER($files) } files
    }, { $objects ->
        [one] { NUMBER($objects) } object
       *[other] { NUMBER($objects) } objects
    }, { $rules ->
        [one] { NUMBER($rules) } rule
       *[other] { NUMBER($rules) } rules
    }
summary-hidden =
    { $count ->
        [one] One finding below the chosen severity is not shown.
       *[other] { NUMBER($count) } findings below the chosen severity are not shown.
    }
summary-explain = `haechi explain { $rule }` tells more about a rule.
summary-left-out =
    { $count ->
        [one] One document is not a Kubernetes object and was left out.
       *[other] { NUMBER($count) } documents are not Kubernetes objects and were left out.
    }

## The last word

verdict-findings =
    { $count ->
        [one] One finding
       *[other] { NUMBER($count) } findings
    } in { $files ->
        [one] one file.
       *[other] { NUMBER($files) } files.
    }
verdict-clean = No findings.
verdict-clean-shown = No findings at or above the chosen severity.
verdict-no-findings-in-part = No findings in what could be judged. This is not a pass.
verdict-nothing = Nothing was scanned: no Kubernetes object was found. This is not a pass.
verdict-incomplete =
    { $count ->
        [one] Incomplete: because of one problem, a part could not be judged.
       *[other] Incomplete: because of { NUMBER($count) } problems, parts could not be judged.
    }

## Notes in SARIF

sarif-root = The folder that the scan was started in.
sarif-truncated =
    Only the { NUMBER($shown) } most severe of { NUMBER($total) } findings are in this file; { NUMBER($omitted) } were left out because of the limit that was set.
sarif-over-limit =
    This file holds { NUMBER($total) } findings. GitHub refuses a run with more than { NUMBER($limit) }.

## JUnit

junit-scan = scan

## HTML

html-title = Haechi scan report
html-rules = Rules that were broken
html-findings-namespace = Findings by namespace
html-findings-check = Findings by check
html-findings-owner = Findings by owner
group-namespace = Namespace { $name }
group-namespace-none = No namespace given
group-owner = Owner { $name }
group-owner-none = No owner given
html-accepted = Accepted findings
accepted-because = Accepted: { $reason }
html-findings = Findings by file

## Fixes

fixed-heading = Fixed
fixed-heading-diff = Would be fixed
fixed-unsafe = may change how the workload runs
summary-fixable =
    { $count ->
        [one] One finding can be fixed with `--fix`.
       *[other] { NUMBER($count) } findings can be fixed with `--fix`.
    }
summary-fixable-unsafe =
    { $count ->
        [one] One finding can be fixed with `--fix --unsafe-fixes`, which may change how the workload runs.
       *[other] { NUMBER($count) } findings can be fixed with `--fix --unsafe-fixes`, which may change how workloads run.
    }
summary-fixed =
    { $count ->
        [one] One finding was fixed
       *[other] { NUMBER($count) } findings were fixed
    } in { $files ->
        [one] one file.
       *[other] { NUMBER($files) } files.
    }
summary-would-be-fixed =
    { $count ->
        [one] One finding would be fixed
       *[other] { NUMBER($count) } findings would be fixed
    } in { $files ->
        [one] one file.
       *[other] { NUMBER($files) } files.
    }
summary-nothing-fixed = Nothing could be fixed.
problems-not-fixed = Not fixed
