//! `[alerts]`: what is read, and mistakes with their place.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeMap;

use haechi_alerts::Config;
use haechi_alerts::alert::{Alert, AllTexts, Context};
use haechi_model::Severity;

const RECEIVERS: &str = "[[alerts.receiver]]\nname = 'ops'\nkind = 'slack'\nurl = { env = 'SLACK' }\n\
    [[alerts.receiver]]\nname = 'pager'\nkind = 'pagerduty'\nrouting-key = { file = '/run/pd' }\n";

fn mistake(text: &str) -> String {
    Config::parse(text).map(|_| ()).unwrap_err().to_string()
}

#[track_caller]
fn receiver_mistake(keys: &str, at: &str) {
    let text = format!("[alerts]\nreceivers = []\n[[alerts.receiver]]\nname = 'x'\n{keys}\n");
    let error = mistake(&text);
    assert!(error.starts_with(at), "{error}");
}

#[test]
fn file_without_alerts_has_none() {
    assert!(Config::parse("[scan]\nall = true\n").unwrap().is_none());
}

#[test]
fn mistakes_are_told_with_their_place() {
    assert!(mistake("[alerts]\n").starts_with("1:1: `alerts.receivers` is missing"));
    assert!(mistake("[alerts]\nreceivers = ['x']\n").starts_with("2:14: there is no receiver `x`"));
    assert!(mistake("[alerts]\nreceivers = []\nrecievers = []\n").starts_with("3:1: unknown field"));
    assert!(
        mistake("[alerts]\nreceivers = []\ngroup-wait = 'soon'\n").starts_with("3:14: `soon` is no duration")
    );
    assert!(mistake("[alerts]\nreceivers = []\ngroup-wait = '-5s'\n").starts_with("3:14:"));
    assert!(
        mistake("[alerts]\nreceivers = []\nrepeat-interval = '1m'\n")
            .starts_with("3:19: `repeat-interval` is shorter")
    );
    let route =
        |keys: &str| mistake(&format!("[alerts]\nreceivers = []\n{RECEIVERS}[[alerts.route]]\n{keys}\n"));
    assert!(route("receivers = ['nobody']").starts_with("12:14: there is no receiver `nobody`"));
    assert!(route("severity = 'bad'").starts_with("12:12: unknown severity"));
    assert!(route("severity = 'high'").starts_with("11:1: a route needs `receivers`"));
    assert!(route("receivers = ['ops']\nnamespace = ['a', '[b']").starts_with("13:19:"));
    assert!(
        route("receivers = ['ops']\ntimes = [{ zone = 'Mars/Base' }]")
            .starts_with("13:10: unknown time zone")
    );
    assert!(route("receivers = ['ops']\n한 = 1").starts_with("13:1:"));
}

#[test]
fn receivers_are_checked_by_their_kind() {
    receiver_mistake("kind = 'pager'", "5:8: unknown kind `pager`");
    receiver_mistake("kind = 'slack'", "3:1: the receiver has no `url`");
    receiver_mistake(
        "kind = 'teams'\nurl = { env = 'X' }\nchannel = 'y'",
        "7:11: a receiver of the kind `teams` has no `channel`",
    );
    receiver_mistake("kind = 'webhook'\nurl = 'ftp://x/'", "6:7: the address begins neither");
    receiver_mistake("kind = 'webhook'\nurl = 'https://me:pw@x/'", "6:7: name and password");
    receiver_mistake("kind = 'webhook'\nurl = 'https://x/'\ntemplate = '{% if %}'", "7:12:");
    receiver_mistake(
        "kind = 'webhook'\nurl = 'https://x/'\nheaders = { 'a b' = 'c' }",
        "7:13: no name of a header",
    );
    receiver_mistake("kind = 'webhook'\nurl = 'https://x/'\nheaders = { Host = 'c' }", "7:13:");
    receiver_mistake("kind = 'smtp'\nhost = 'mx'\nfrom = 'x'\nto = ['a@b']", "7:8: this is no address");
    receiver_mistake("kind = 'smtp'\nhost = 'mx'\nfrom = 'x@y'\nto = []", "8:6: expected 1 to 100");
    receiver_mistake(
        "kind = 'smtp'\nhost = 'mx'\nport = 70000\nfrom = 'x@y'\nto = ['a@b']",
        "7:8: expected a port",
    );
    receiver_mistake("kind = 'syslog'\nhost = 'h'\nfacility = 'local9'", "7:12: expected one of");
    receiver_mistake("kind = 'sns'\ntopic-arn = 'arn:aws:sqs:x:1:y'", "6:13: expected an ARN");
    receiver_mistake("kind = 'otlp'\nurl = 'http://x'\nrate-limit = { messages = 0, per = '1m' }", "7:27:");
}

#[test]
fn secrets_are_not_written_in_the_file_and_never_repeated() {
    for keys in [
        "kind = 'slack'\nurl = 'https://hooks.slack.com/services/hunter2'",
        "kind = 'pagerduty'\nrouting-key = 'hunter2'",
        "kind = 'opsgenie'\napi-key = 'hunter2'",
        "kind = 'alertmanager'\nurl = 'http://x'\ntoken = 'hunter2'",
        "kind = 'webhook'\nurl = 'http://x'\nsigning-key = 'hunter2'",
        "kind = 'webhook'\nurl = 'http://x'\nheaders = { Authorization = 'Bearer hunter2' }",
    ] {
        let text = format!("[alerts]\nreceivers = []\n[[alerts.receiver]]\nname = 'x'\n{keys}\n");
        let error = mistake(&text);
        assert!(error.contains("a secret is not written here"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

fn routes_of(text: &str, alert: &Alert, now_us: i64) -> Vec<String> {
    let config = Config::parse(text).unwrap().unwrap();
    let found = config.root.destinations(alert, now_us);
    found.iter().map(|(route, receiver)| format!("{}:{receiver}", route.id)).collect()
}

fn alert(severity: Severity, namespace: &str, frameworks: &[&str]) -> Alert {
    let context = Context {
        cluster: "prod".into(),
        frameworks: frameworks.iter().map(ToString::to_string).collect(),
        labels: BTreeMap::from([("team".into(), "shop".into())]),
        ..Context::default()
    };
    let mut alert = Alert::test("1", 0, &AllTexts::default(), context);
    alert.severity = severity;
    alert.namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    alert
}

#[test]
fn first_route_that_fits_takes_an_alert_unless_it_goes_on() {
    let text = format!(
        "[alerts]\nreceivers = ['ops']\n{RECEIVERS}\
         [[alerts.route]]\nseverity = 'critical'\nreceivers = ['pager']\ncontinue = true\n\
         [[alerts.route]]\nnamespace = ['prod-*']\nreceivers = ['ops']\n\
         [[alerts.route.route]]\nframework = ['pci-dss*']\nreceivers = ['pager', 'ops']\n\
         [[alerts.route]]\nlabels = {{ team = ['sh?p'] }}\nnamespace = ['*']\nreceivers = []\n"
    );
    let of = |alert: &Alert| routes_of(&text, alert, 0);
    assert_eq!(of(&alert(Severity::Critical, "prod-1", &[])), ["1:pager", "2:ops"]);
    assert_eq!(of(&alert(Severity::High, "prod-1", &["soc2", "pci-dss-4"])), ["2.1:pager", "2.1:ops"]);
    assert_eq!(of(&alert(Severity::Critical, "", &[])), ["1:pager"]);
    assert_eq!(of(&alert(Severity::Low, "", &[])), ["default:ops"]);
    assert!(of(&alert(Severity::Low, "test", &[])).is_empty(), "`[]`: nobody");
}

#[test]
fn routes_may_depend_on_the_time_of_day() {
    let text = format!(
        "[alerts]\nreceivers = ['ops']\n{RECEIVERS}[[alerts.route]]\nreceivers = ['pager']\n\
         times = [{{ weekdays = ['mon-fri'], from = '18:00', to = '09:00', zone = 'Asia/Seoul' }}, {{ weekdays = ['sat-sun'], zone = 'Asia/Seoul' }}]\n"
    );
    let at = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let of = |time: &str| routes_of(&text, &alert(Severity::High, "", &[]), at(time));
    assert_eq!(of("2026-11-23T03:00:00Z"), ["default:ops"], "Monday noon in Seoul");
    assert_eq!(of("2026-11-23T10:00:00Z"), ["1:pager"]);
    assert_eq!(of("2026-11-22T03:00:00Z"), ["1:pager"]);
}

#[test]
fn why_a_route_does_not_take_an_alert_is_told() {
    let text = format!(
        "[alerts]\nreceivers = ['ops']\n{RECEIVERS}[[alerts.route]]\nseverity = 'high'\nreceivers = ['pager']\n"
    );
    let config = Config::parse(&text).unwrap().unwrap();
    let alert = alert(Severity::Low, "", &[]);
    let steps = config.root.explain(&alert, 0);
    let mismatch = steps[1].mismatch.as_ref().unwrap();
    assert_eq!((mismatch.wanted.as_str(), mismatch.found.as_str()), (">= high", "low"));
    assert!(steps[0].takes && !steps[1].takes);
    assert_eq!(steps[1].route.line, 11);
}

#[test]
fn example_is_read_and_uses_every_receiver() {
    let config = Config::parse(include_str!("../../../examples/alerts/haechi.toml")).unwrap().unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        config.receivers.values().map(|receiver| receiver.service.kind()).collect();
    assert_eq!(kinds.len(), 10, "every kind has an example: {kinds:?}");
    assert_eq!(config.unused_receivers(), Vec::<&str>::new());
}
