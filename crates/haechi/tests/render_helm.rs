//! Charts are rendered, and findings stand in templates and values where that is certain. A stand-in for Helm prints what
//! Helm prints.
#![cfg(test)]
#![cfg(unix)]

mod rendering;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use haechi::scan::{RenderOptions, ScanOptions};
use haechi_model::ProblemKind;
use haechi_sources::{DiscoverOptions, RenderBounds, discover};
use rendering::{Folder, assert_problem, findings, problems};
use serde_json::Value;
use tempfile::TempDir;

/// Prints the file `printed` of the chart that it is to render, with other values `printed-values`; runs for ever or fails
/// where the chart says so. Written once, before a program is started that could hold it open for writing.
fn stand_in() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let script = "#!/bin/sh\n[ \"$1\" = template ] || exit 9\nchart=$2\n[ -f \"$chart/Chart.yaml\" ] || exit 8\n\
                      if [ -f \"$chart/endless\" ]; then /bin/sleep 600; fi\n\
                      if [ -f \"$chart/fails\" ]; then echo 'Error: chart is broken' >&2; exit 1; fi\n\
                      if [ \"$3\" = --values ] && [ -f \"$4\" ]; then exec /bin/cat \"$chart/printed-values\"; fi\n\
                      exec /bin/cat \"$chart/printed\"\n";
        let path = folder.path().join("helm");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder
    });
    folder.path()
}

fn scan(folder: &Folder, args: &[&str]) -> Value {
    folder.scan_with_path(stand_in(), args)
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

/// The template of a deployment, around the lines of its containers.
fn template(lines: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{{{ .Release.Name }}}}-web\nspec:\n  template:\n    \
         spec:\n{lines}"
    )
}

/// The same, rendered.
fn printed(source: &str, lines: &str) -> String {
    format!(
        "---\n# Source: {source}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: release-name-web\nspec:\n  \
         template:\n    spec:\n{lines}"
    )
}

const WRITTEN: &str = "      hostNetwork: {{ .Values.network.host }}
      containers:
      - name: app
        image: {{ .Values.image | quote }}
        securityContext:
          privileged: true
";

const PRINTED: &str = "      hostNetwork: true
      containers:
      - name: app
        image: \"app:latest\"
        securityContext:
          privileged: true
";

fn chart(values: &str, template_lines: &str, printed_lines: &str) -> Folder {
    Folder::of(&[
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/templates/web.yaml", &template(template_lines)),
        ("shop/printed", &printed("shop/templates/web.yaml", printed_lines)),
    ])
}

#[test]
fn findings_stand_in_the_template_or_in_the_values() {
    let folder = chart("# mine\nnetwork:\n  host: true\nimage: app:latest\n", WRITTEN, PRINTED);
    let found = scan(&folder, &["--render", "."]);
    assert_eq!(
        findings(&found),
        [
            ("shop/templates/web.yaml:13:23", "privileged-container", "release-name-web"),
            ("shop/values.yaml:3:9", "host-network-namespace", "release-name-web"),
            ("shop/values.yaml:4:8", "mutable-image-tag", "release-name-web"),
        ]
    );
    assert_eq!(found["findings"][1]["location"]["jsonPath"], "$.network.host");
    assert_eq!(found["findings"][0]["location"]["end"]["column"], 27);
    assert_eq!(found["complete"], true, "{:?}", problems(&found));
}

#[test]
fn values_that_say_otherwise_are_not_pointed_at() {
    // Another file of values, or a condition in the template, made it so.
    let folder = chart("network:\n  host: false\nimage: null\n", WRITTEN, PRINTED);
    let found = scan(&folder, &["--render", "."]);
    assert_eq!(
        findings(&found),
        [
            ("shop (rendered):10:20", "host-network-namespace", "release-name-web"),
            ("shop (rendered):13:16", "mutable-image-tag", "release-name-web"),
            ("shop/templates/web.yaml:13:23", "privileged-container", "release-name-web"),
        ]
    );
}

#[test]
fn values_of_the_user_go_before_those_of_the_chart() {
    let folder = chart("network:\n  host: true\nimage: app:latest\n", WRITTEN, "unused");
    let path = folder.path();
    std::fs::write(path.join("my, values.yaml"), "image: app:latest\n").unwrap();
    std::fs::write(path.join("shop/printed-values"), printed("shop/templates/web.yaml", PRINTED)).unwrap();
    let found = scan(&folder, &["--render", "--helm-values", "my, values.yaml", "shop"]);
    let places: Vec<&str> = findings(&found).iter().map(|(place, _, _)| *place).collect();
    assert_eq!(places, ["my, values.yaml:1:8", "shop/templates/web.yaml:13:23", "shop/values.yaml:2:9"]);
    std::fs::write(path.join("haechi.toml"), "[scan]\nrender = true\n[helm]\nvalues = ['my, values.yaml']\n")
        .unwrap();
    assert_eq!(findings(&scan(&folder, &["shop"])), findings(&found));
}

#[test]
fn line_that_is_written_twice_stays_rendered() {
    let lines = "      containers:\n      - name: a\n        image: a:1\n        securityContext:\n          privileged: true\n      \
                 - name: b\n        image: b:1\n        securityContext:\n          privileged: true\n";
    let folder = chart("", lines, lines);
    let found = scan(&folder, &["--render", "."]);
    let places: Vec<&str> = findings(&found).iter().map(|(place, _, _)| *place).collect();
    assert_eq!(places, ["shop (rendered):14:23", "shop (rendered):18:23"]);
    assert_eq!(found["findings"][0]["location"]["rendered"]["from"], "shop/Chart.yaml");
}

#[test]
fn line_of_a_template_does_not_take_the_place_of_one_that_values_made() {
    let written = "      containers:\n      - name: a\n        image: a:1\n        securityContext:\n          {{- if .Values.loud \
                   }}\n          privileged: true\n          {{- end }}\n      - name: b\n        image: b:1\n        \
                   securityContext:\n          {{- toYaml .Values.context | nindent 10 }}\n";
    let made = "      containers:\n      - name: a\n        image: a:1\n        securityContext:\n      - name: b\n        image: \
                b:1\n        securityContext:\n          privileged: true\n";
    let folder = chart("context:\n  privileged: true\n", written, made);
    let places = findings(&scan(&folder, &["--render", "."]));
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].0, "shop (rendered):17:23");
}

#[test]
fn comment_of_the_template_language_is_no_line_of_it() {
    let written = format!("      {{{{- /* once\n          privileged: true\n      */ -}}}}\n{WRITTEN}");
    let folder = chart("network: {host: true}\nimage: app:latest\n", &written, PRINTED);
    let found = scan(&folder, &["--render", "."]);
    assert_eq!(findings(&found)[0].0, "shop/templates/web.yaml:16:23");
}

#[test]
fn parts_of_a_chart_are_rendered_with_it() {
    let part = "shop/charts/db";
    let folder = Folder::of(&[
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", "db:\n  image: db:latest\n"),
        ("shop/templates/web.yaml", &template(WRITTEN)),
        (&format!("{part}/Chart.yaml"), &CHART.replace("shop", "db")),
        (&format!("{part}/values.yaml"), "image: other:1\nnetwork: {host: true}\n"),
        (&format!("{part}/templates/web.yaml"), &template(WRITTEN)),
        ("shop/printed", &printed("shop/charts/db/templates/web.yaml", &PRINTED.replace("app:", "db:"))),
    ]);
    let found = scan(&folder, &["--render", "."]);
    let places: Vec<&str> = findings(&found).iter().map(|(place, _, _)| *place).collect();
    assert_eq!(
        places,
        [
            "shop/charts/db/templates/web.yaml:13:23",
            "shop/charts/db/values.yaml:2:17",
            "shop/values.yaml:2:10"
        ]
    );
    assert!(problems(&found).iter().all(|(_, kind, _)| *kind == "not-kubernetes"), "{:?}", problems(&found));
    assert_eq!(found["complete"], true);
}

#[test]
fn comments_that_helm_keeps_accept_findings() {
    let lines = "      hostNetwork: true # haechi: ignore host-network-namespace -- it routes\n      containers:\n      - \
                 name: a\n        image: a:1\n";
    let found = scan(&chart("", lines, lines), &["--render", "."]);
    assert!(findings(&found).is_empty());
    assert_eq!(found["counts"]["suppressed"], 1);
    assert_eq!(found["suppressed"][0]["finding"]["location"]["path"], "shop/templates/web.yaml");
}

#[test]
fn chart_that_cannot_be_rendered_is_told_and_so_is_a_missing_helm() {
    let folder = chart("", WRITTEN, PRINTED);
    let missing = folder.scan_with_path("/nowhere", &["--render", "."]);
    assert_problem(&missing, "shop", "not-rendered", Some("missing"));
    std::fs::write(folder.path().join("shop/fails"), "").unwrap();
    let broken = scan(&folder, &["--render", "."]);
    assert_problem(&broken, "shop", "not-rendered", Some("failed"));
    assert_eq!(broken["problems"][0]["args"]["said"], "chart is broken");
    assert_eq!(broken["complete"], false);
}

#[test]
fn schema_that_would_be_fetched_is_refused() {
    let folder = chart("", WRITTEN, PRINTED);
    let schema = "{\"$schema\": \"http://json-schema.org/schema#\", \"properties\": {\"a\": {\"$ref\": \
                  \"http://127.0.0.1:1/x\"}}}";
    std::fs::write(folder.path().join("shop/values.schema.json"), schema).unwrap();
    let found = scan(&folder, &["--render", "."]);
    assert_problem(&found, "shop", "not-rendered", Some("network"));
}

#[test]
fn what_a_template_prints_as_its_source_leads_nowhere_else() {
    let folder = chart("", WRITTEN, PRINTED);
    std::fs::write(folder.path().join("other.yaml"), PRINTED).unwrap();
    for source in ["shop/templates/../../other.yaml", "shop/templates/none.yaml", "/", "shop"] {
        std::fs::write(folder.path().join("shop/printed"), printed(source, PRINTED)).unwrap();
        let found = scan(&folder, &["--render", "shop"]);
        let places = findings(&found);
        assert_eq!(places.len(), 3, "{source}");
        assert!(places.iter().all(|(place, _, _)| place.starts_with("shop (rendered):")), "{places:?}");
    }
}

#[test]
fn broken_document_of_a_chart_hides_no_other() {
    let folder = chart("", WRITTEN, PRINTED);
    let both = format!(
        "{}---\n# Source: shop/templates/bad.yaml\na: b: c\n",
        printed("shop/templates/web.yaml", PRINTED)
    );
    std::fs::write(folder.path().join("shop/printed"), both).unwrap();
    let found = scan(&folder, &["--render", "."]);
    assert_eq!(findings(&found).len(), 3);
    assert_eq!(problems(&found)[0], ("shop (rendered)", "syntax", None));
    assert_eq!(found["complete"], false);
}

#[test]
fn values_that_are_not_there_are_a_mistake_of_the_caller() {
    let folder = chart("", WRITTEN, PRINTED);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(["scan", "--render", "--helm-values", "none.yaml", "."])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("none.yaml"));
}

#[test]
fn endless_helm_is_ended_and_the_rest_is_judged() {
    let folder = chart("", WRITTEN, PRINTED);
    std::fs::write(folder.path().join("shop/endless"), "").unwrap();
    std::fs::write(
        folder.path().join("pod.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: true, containers: [{name: a, image: a}]}\n",
    )
    .unwrap();
    let bounds = RenderBounds { wall: Duration::from_millis(300), ..RenderBounds::default() };
    let options = ScanOptions {
        render: Some(RenderOptions { search_path: stand_in().into(), bounds, ..RenderOptions::default() }),
        ..ScanOptions::default()
    };
    let discovery = discover(&[folder.path().to_owned()], &DiscoverOptions::default());
    let report = haechi::scan::scan(discovery, &options, &|| {}).report;
    let ended = report.problems.iter().find(|problem| problem.kind == ProblemKind::NotRendered).unwrap();
    assert!(ended.args.iter().any(|arg| arg.value == "timeout".into()), "{:?}", ended.args);
    assert!(!report.is_complete());
    assert!(report.findings.iter().any(|finding| finding.rule == "host-network-namespace"));
}
