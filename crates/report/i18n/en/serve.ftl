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
