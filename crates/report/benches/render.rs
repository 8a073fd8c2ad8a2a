//! How long a report of twenty thousand findings takes, and the first message of a fresh program.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use haechi_model::{
    Arg, ArgValue, Finding, Fingerprint, Location, Position, ResourceRef, RuleSource, ScanCounts, ScanReport,
    Severity, Span,
};
use haechi_report::{Args, Context, Language, Terminal, Texts, write_json, write_table};

const FILES: u32 = 500;
const LINES: u32 = 40;
/// Rules with a text of the usual length, so that the figures do not depend on which checks exist.
const RULES: [&str; 10] = [
    "hostPathVolumes",
    "privileged",
    "runAsNonRoot",
    "sysctls",
    "procMount",
    "hostPorts",
    "hostNamespaces",
    "seLinuxOptions",
    "runAsUser",
    "restrictedVolumes",
];

fn source() -> (String, Vec<Span>) {
    let mut text = String::new();
    let mut spans = Vec::new();
    for line in 0..LINES {
        let start = u32::try_from(text.len()).unwrap_or_default() + 10;
        let _ = writeln!(text, "    field{}: \"value {line}\" # 설명이 있는 줄", line % 10);
        spans.push(Span::new(start, start + 10));
    }
    (text, spans)
}

fn report(spans: &[Span]) -> ScanReport {
    let mut findings = Vec::new();
    for file in 0..FILES {
        let path: Arc<str> = format!("deploy/team-{}/app-{file}.yaml", file % 20).into();
        let kinds = RULES.into_iter().cycle().zip(Severity::ALL.into_iter().cycle());
        for ((line, span), (rule, severity)) in (1..).zip(spans).zip(kinds) {
            findings.push(Finding {
                rule: rule.into(),
                source: RuleSource::PodSecurity,
                severity,
                resource: ResourceRef {
                    api_version: "apps/v1".into(),
                    kind: "Deployment".into(),
                    namespace: Some("shop".into()),
                    name: format!("app-{file}"),
                },
                location: Location {
                    path: path.clone(),
                    span: *span,
                    start: Position { line, column: 11 },
                    end: Position { line, column: 21 },
                    json_path: format!("$.spec.template.spec.containers[{line}].securityContext"),
                },
                args: vec![Arg {
                    name: "message".into(),
                    value: ArgValue::Text(format!(
                        "container \"c{line}\" must not set securityContext.x=true"
                    )),
                }],
                fingerprint: Fingerprint::of([rule, &path]),
                fix: None,
            });
        }
    }
    ScanReport {
        findings,
        problems: Vec::new(),
        counts: ScanCounts { files: 500, documents: 500, objects: 500, rules: 10 },
        ..ScanReport::default()
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let (text, spans) = source();
    let report = report(&spans);
    assert_eq!(report.findings.len(), 20_000);
    let text: Arc<[u8]> = text.into_bytes().into();
    let source = |_: &str| Some(Arc::clone(&text));
    for language in Language::ALL {
        let texts = Texts::new(language);
        let mut context = Context::new(&texts, &[], "0.1.0");
        context.source = &source;
        context.terminal = Terminal { colour: true, width: Some(120) };
        criterion.bench_function(&format!("table of 20,000 findings, {language}"), |bench| {
            bench.iter(|| write_table(black_box(&report), &context, &mut std::io::sink()));
        });
        criterion.bench_function(&format!("json of 20,000 findings, {language}"), |bench| {
            bench.iter(|| write_json(black_box(&report), &context, &mut std::io::sink()));
        });
        criterion.bench_function(&format!("first message, {language}"), |bench| {
            bench.iter(|| Texts::new(language).message("label-why", &Args::new()));
        });
    }
    criterion.final_summary();
}
