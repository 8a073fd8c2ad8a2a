# What people read about alerts: in chats, mails and on pagers.

alert-subject = [{ $state }] { $title }
alert-subject-more =
    { $count ->
        [one] [{ $state }] { $title }, and one more
       *[other] [{ $state }] { $title }, and { NUMBER($count) } more
    }
alert-resolved = resolved
alert-again = still open
alert-once-more = again
alert-open = Open
alert-more =
    { $count ->
        [one] One more alert is not shown here.
       *[other] { NUMBER($count) } more alerts are not shown here.
    }
alert-lasting =
    { $count ->
        [one] One alert of this group that was told before is still open.
       *[other] { NUMBER($count) } alerts of this group that were told before are still open.
    }
alert-together =
    { $count ->
        [one] One group is told here.
       *[other] { NUMBER($count) } groups are told in one message, because the limit of this receiver is reached.
    }

alert-field-state = state
alert-field-severity = severity
alert-field-cluster = cluster
alert-field-namespace = namespace
alert-field-resource = object
alert-field-rule = rule
alert-field-source = source
alert-field-frameworks = frameworks
alert-field-controls = controls
alert-field-time = since
alert-field-ended = ended
alert-field-count = times

alert-incident-summary =
    { $count ->
        [one] Incident { $id } with one detection.
       *[other] Incident { $id } with { NUMBER($count) } detections.
    }
alert-test-title = Test alert of Haechi
alert-test-summary = Somebody tries whether alerts arrive here. Nothing has happened.
