//! Odd but legal rule files and events: what Falco's language means there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use haechi_detect::decode::{Reject, RejectReason};
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions, StreamStats};
use haechi_model::Detection;

#[derive(Default)]
struct Log(Vec<String>, Vec<RejectReason>);

impl Report for Log {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(format!("{}|{}", detection.rule, detection.message));
    }

    fn reject(&mut self, reject: Reject) {
        self.1.push(reject.reason);
    }
}

fn loaded(files: &[&str]) -> Loaded {
    let files: Vec<RuleFile<'_>> =
        files.iter().map(|text| RuleFile { name: "rules.yaml", bytes: text.as_bytes() }).collect();
    let loaded = load(&files, &Options::default());
    let errors: Vec<_> = loaded.results.iter().flat_map(|result| &result.errors).collect();
    assert!(errors.is_empty(), "{errors:?}");
    loaded
}

fn run(loaded: &Loaded, events: &str, matching: RuleMatching) -> (Log, StreamStats) {
    let mut stream = Stream::new(&loaded.program, StreamOptions { matching, ..StreamOptions::default() });
    let mut log = Log::default();
    stream.feed(events.as_bytes(), &mut log);
    stream.finish(&mut log);
    (log, stream.stats().clone())
}

fn rule(name: &str, condition: &str) -> String {
    format!(
        "- rule: {name}\n  desc: d\n  condition: >\n    {condition}\n  output: \"%ka.auditid\"\n  priority: INFO\n  source: k8s_audit\n"
    )
}

const EVENT: &str = r#"{"kind":"Event","auditID":"a","stage":"ResponseComplete","verb":"get","requestURI":"/api/v1/namespaces/x/secrets/db%20x?limit=5","user":{"username":"Alice Smith","groups":["dev","ops"]},"objectRef":{"resource":"secrets","namespace":"x","name":""},"responseStatus":{"code":42},"annotations":{"authorization.k8s.io/reason":"aGVsbG8="},"requestObject":{"spec":{"containers":[{"image":"reg:5000/a/b:1"},{"image":"nginx"}]},"data":{"tab":"a\tb","quote":"say \"hi\""}},"stageTimestamp":"2026-01-02T03:04:05Z"}"#;

fn holds(condition: &str) -> bool {
    let loaded = loaded(&[&rule("r", condition)]);
    let (log, _) = run(&loaded, EVENT, RuleMatching::First);
    assert!(log.1.is_empty(), "{condition}: {:?}", log.1);
    !log.0.is_empty()
}

#[test]
fn conditions_mean_what_falco_says() {
    for (condition, expected) in [
        // What has no value passes nothing; only its negation holds.
        ("ka.target.subresource != x", false),
        ("not ka.target.subresource = x", true),
        ("not ka.target.subresource != x", true),
        ("not (ka.target.subresource != x or ka.target.subresource = x)", true),
        ("ka.target.subresource exists", false),
        ("not ka.target.subresource in (a, b)", true),
        ("ka.target.subresource in ()", false),
        // An empty text is a value.
        ("ka.target.name exists", true),
        ("ka.target.name = \"\"", true),
        ("ka.target.name != x", true),
        ("ka.target.name in (\"\")", true),
        ("len(ka.target.name) = 0", true),
        // Lists: `in` asks for all, `intersects` for one.
        ("ka.user.groups in (dev, ops, admin)", true),
        ("ka.user.groups in (dev)", false),
        ("ka.user.groups intersects (dev, x)", true),
        ("ka.user.groups intersects (x)", false),
        ("not ka.user.groups intersects (x)", true),
        ("len(ka.user.groups) = 2", true),
        ("len(ka.user.groups) > 1 and len(ka.user.groups) < 3", true),
        ("join(\",\", ka.user.groups) = \"dev,ops\"", true),
        ("join(\",\", ()) = \"\"", true),
        ("join(\",\", ()) = \",\"", false),
        ("toupper(ka.user.groups) intersects (OPS)", true),
        // Numbers of audit events are texts.
        ("ka.response.code = 42", true),
        ("ka.response.code >= 400", true),
        ("ka.response.code < 5", true),
        // Texts with blanks and quotes.
        ("ka.user.name = \"Alice Smith\"", true),
        ("ka.user.name = 'Alice Smith'", true),
        ("ka.user.name in ('Alice Smith', Bob)", true),
        ("ka.user.name startswith Alice and ka.user.name endswith Smith", true),
        ("ka.user.name icontains \"ICE SM\"", true),
        ("ka.user.name contains \"ICE\"", false),
        ("tolower(ka.user.name) = \"alice smith\"", true),
        ("jevt.value[/requestObject/data/quote] = 'say \"hi\"'", true),
        ("jevt.value[/requestObject/data/tab] = \"a\\tb\"", true),
        ("jevt.value[/requestObject/spec/containers/1/image] = nginx", true),
        ("jevt.value[/requestObject/spec/containers/7/image] exists", false),
        // Functions.
        ("toupper(ka.verb) = GET", true),
        ("b64(ka.auth.reason) = hello", true),
        ("basename(ka.uri) startswith db", true),
        ("toupper(basename(ka.uri)) startswith DB", true),
        ("concat(ka.verb, \":\", ka.target.resource) = get:secrets", true),
        ("len(ka.verb) = 3", true),
        ("ka.verb = tolower(\"GET\")", true),
        ("ka.verb != val(ka.target.resource)", true),
        ("ka.target.namespace = val(ka.target.namespace)", true),
        ("ka.target.namespace = val(ka.target.subresource)", false),
        // Patterns.
        ("ka.uri glob /api/*/secrets/*", true),
        ("ka.uri glob /api/?/x", false),
        ("ka.verb iglob G?T", true),
        ("ka.verb glob G?T", false),
        ("ka.verb regex g.*", true),
        ("ka.verb regex e", false),
        ("ka.uri pmatch (/api/v1, /x)", true),
        ("ka.uri pmatch (/api/v)", false),
        ("ka.verb startswith oneof (po, ge)", true),
        ("ka.uri contains allof (secrets, limit)", true),
        ("ka.uri contains allof (secrets, nothing)", false),
        ("ka.uri contains anyof (nothing, limit)", true),
        ("ka.uri contains oneof", false),
        // Arguments.
        ("ka.uri.param[limit] = 5", true),
        ("ka.uri.param[none] exists", false),
        ("ka.req.pod.containers.image[1] in (nginx)", true),
        ("ka.req.pod.containers.image.repository intersects (\"reg:5000/a/b\")", true),
        ("ka.req.pod.containers.image[5] exists", false),
        // `and` binds closer than `or`, `not` closer than both.
        ("ka.verb = get or ka.verb = x and ka.verb = y", true),
        ("(ka.verb = get or ka.verb = x) and ka.verb = y", false),
        ("not ka.verb = x and ka.verb = get", true),
        ("not(ka.verb = x)and(ka.verb = get)", true),
    ] {
        assert_eq!(holds(condition), expected, "{condition}");
    }
}

#[test]
fn exceptions_take_any_comparison() {
    let head = rule("r", "ka.verb = get");
    for (exceptions, expected) in [
        // A whole line has to match.
        (
            "- {name: e, fields: [ka.user.name, ka.target.namespace], values: [[\"Alice Smith\", y], [Bob, x]]}",
            true,
        ),
        ("- {name: e, fields: [ka.user.name, ka.target.namespace], values: [[\"Alice Smith\", x]]}", false),
        (
            "- {name: e, fields: [ka.user.name, ka.uri], comps: [startswith, contains], values: [[Alice, secrets]]}",
            false,
        ),
        (
            "- {name: e, fields: [ka.user.name, ka.uri], comps: [startswith, contains], values: [[Alice, pods]]}",
            true,
        ),
        (
            "- {name: e, fields: [ka.verb, ka.uri], comps: [in, pmatch], values: [[[get, list], [/api]]]}",
            false,
        ),
        ("- {name: e, fields: ka.user.name, values: [Bob, \"Alice Smith\"]}", false),
        ("- {name: e, fields: ka.uri, comps: pmatch, values: [/api/v1]}", false),
        ("- {name: e, fields: ka.user.groups, comps: intersects, values: [ops]}", false),
        // Without values it excepts nothing.
        ("- {name: e, fields: [ka.user.name]}", true),
        // Two exceptions: each is enough.
        (
            "- {name: a, fields: [ka.verb], values: [[list]]}\n    - {name: b, fields: [ka.target.resource], values: [[secrets]]}",
            false,
        ),
        // A field without value excepts nothing.
        ("- {name: e, fields: [ka.target.subresource], comps: [\"!=\"], values: [[log]]}", true),
    ] {
        let text = format!("{head}  exceptions:\n    {exceptions}\n");
        let (log, _) = run(&loaded(&[&text]), EVENT, RuleMatching::First);
        assert_eq!(!log.0.is_empty(), expected, "{exceptions}");
    }
}

#[test]
fn later_items_change_earlier_ones_as_text() {
    let base = rule("r", "ka.verb = get or ka.verb = list");
    let changed = |change: &str| {
        let (log, _) = run(&loaded(&[&base, change]), EVENT, RuleMatching::First);
        !log.0.is_empty()
    };
    // No brackets are put around what was there: `and` takes the last part only.
    assert!(changed(
        "- rule: r\n  condition: and ka.target.resource = pods\n  override: {condition: append}\n"
    ));
    assert!(!changed("- rule: r\n  condition: ka.verb = list\n  override: {condition: replace}\n"));
    assert!(changed("- rule: r\n  append: true\n  condition: and ka.target.resource = pods\n"));
    assert!(!changed("- rule: r\n  enabled: false\n  override: {enabled: replace}\n"));
    assert!(!changed(
        "- rule: r\n  exceptions: [{name: e, fields: [ka.verb], values: [[get]]}]\n  override: {exceptions: append}\n"
    ));
    // The last of two rules of one name counts.
    assert!(!changed(&rule("r", "ka.verb = list")));
}

#[test]
fn lists_are_text_that_is_put_in() {
    let lists = "- list: inner\n  items: [get, \"a b\"]\n- list: outer\n  items: [inner, 5, true]\n- list: none\n  items: []\n";
    for (condition, expected) in [
        ("ka.verb in (outer)", true),
        ("ka.verb in (x, inner)", true),
        ("ka.verb in (none, get)", true),
        ("ka.verb in (none)", false),
        ("not ka.verb in (none)", true),
        ("ka.verb in (inners)", false),
        ("ka.verb startswith oneof (outer)", true),
    ] {
        let text = format!("{lists}{}", rule("r", condition));
        let (log, _) = run(&loaded(&[&text]), EVENT, RuleMatching::First);
        assert_eq!(!log.0.is_empty(), expected, "{condition}");
    }
}

#[test]
fn the_first_rule_or_all_of_them() {
    let text = [rule("one", "ka.verb = x"), rule("two", "ka.verb = get"), rule("three", "ka.verb in (get)")]
        .concat();
    let loaded = loaded(&[&text]);
    assert_eq!(run(&loaded, EVENT, RuleMatching::First).0.0, ["two|a"]);
    assert_eq!(run(&loaded, EVENT, RuleMatching::All).0.0, ["two|a", "three|a"]);
}

#[test]
fn events_may_come_twice_late_and_in_any_order() {
    let loaded = loaded(&[&rule("r", "ka.verb = get")]);
    let later = EVENT.replace("03:04:05", "03:04:09").replace("\"auditID\":\"a\"", "\"auditID\":\"b\"");
    let received = EVENT.replace("ResponseComplete", "RequestReceived");
    let text = [&*later, EVENT, &received, EVENT, &later].join("\n");
    let (log, stats) = run(&loaded, &text, RuleMatching::First);
    assert_eq!(log.0, ["r|b", "r|a", "r|a"]);
    assert_eq!((stats.events, stats.duplicates), (5, 2));
}

/// Whether a condition about system calls holds for what Falco reported.
fn holds_reported(condition: &str) -> bool {
    let event = r#"{"rule":"r","source":"syscall","time":"2026-01-02T03:04:05Z","output":"o","output_fields":{"evt.buffer":"a\u0000b","evt.rawarg.res":-13,"evt.rawarg.path":"/5"}}"#;
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n  warn_evttypes: false\n"
    );
    !run(&loaded(&[&rule]), event, RuleMatching::First).0.0.is_empty()
}

#[test]
fn raw_arguments_are_of_the_type_that_the_event_gives_them() {
    for (condition, expected) in [
        ("evt.rawarg.res < -2", true),
        ("evt.rawarg.res > -65535", true),
        ("evt.rawarg.res >= 0", false),
        ("evt.rawarg.res = -13", true),
        ("evt.rawarg.res != -13", false),
        ("evt.rawarg.res in (-2, -13)", true),
        ("evt.rawarg.res in (13)", false),
        ("evt.rawarg.path = /5", true),
    ] {
        assert_eq!(holds_reported(condition), expected, "{condition}");
    }
}

#[test]
fn buffers_may_hold_zeros() {
    let holds = |condition: &str| holds_reported(&format!("evt.buffer {condition}"));
    assert!(holds(r#"= "a\x00b""#) && holds(r#"contains "\x00b""#) && holds("bcontains 610062"));
    assert!(!holds("= ab") && !holds(r#"= "a\x00""#) && holds(r#"in ("a\x00b", x)"#));
}
