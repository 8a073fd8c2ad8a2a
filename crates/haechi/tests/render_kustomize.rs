//! Kustomizations are rendered, and findings stand where somebody wrote what they are about.
#![cfg(test)]
#![cfg(unix)]

mod rendering;

use rendering::{Folder, assert_problem, findings, has_kubectl, problems};

const DEPLOY: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: app
        image: registry.example/app:1
        securityContext:
          privileged: true
";

const BASE: &str = "resources: [deploy.yaml]\n";

#[test]
fn two_overlays_tell_a_finding_of_their_base_once_and_where_it_is_written() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        ("prod/kustomization.yaml", "namePrefix: prod-\nnamespace: prod\nresources: [../base]\n"),
        ("test/kustomization.yaml", "nameSuffix: -test\nresources: [../base]\n"),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert_eq!(
        findings(&scan),
        [
            ("base/deploy.yaml:8:20", "host-network-namespace", "prod-web"),
            ("base/deploy.yaml:13:23", "privileged-container", "prod-web"),
        ]
    );
    assert_eq!(scan["complete"], true);
    assert_eq!(scan["counts"]["objects"], 2);
}

#[test]
fn what_a_patch_brings_stays_in_the_rendered_text() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", &DEPLOY.replace("privileged: true", "privileged: false")),
        ("prod/kustomization.yaml", "resources: [../base]\npatches:\n- path: patch.yaml\n"),
        (
            "prod/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: app\n        securityContext:\n          privileged: true\n",
        ),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert_eq!(
        findings(&scan),
        [
            ("base/deploy.yaml:8:20", "host-network-namespace", "web"),
            ("prod (rendered):12:23", "privileged-container", "web"),
        ]
    );
    let place = &scan["findings"][1]["location"];
    assert_eq!(place["rendered"]["from"], "prod/kustomization.yaml");
    assert!(scan["findings"][1]["edits"].is_null());
    // A patch is a part of what was judged, no problem.
    assert!(problems(&scan).is_empty(), "{:?}", problems(&scan));
}

#[test]
fn container_that_a_patch_puts_first_does_not_take_the_place_of_another() {
    if !has_kubectl() {
        return;
    }
    let patch = "- op: add\n  path: /spec/template/spec/containers/0\n  value:\n    name: first\n    image: \
                 registry.example/x:1\n    securityContext: {privileged: true}\n";
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\npatches:\n- path: p.yaml\n  target: {kind: Deployment}\n",
        ),
        ("prod/p.yaml", patch),
    ]);
    let scan = folder.scan(&["--render", "."]);
    let privileged: Vec<_> =
        findings(&scan).into_iter().filter(|(_, rule, _)| *rule == "privileged-container").collect();
    assert_eq!(privileged.len(), 2);
    assert_eq!(privileged[0].0, "base/deploy.yaml:13:23");
    assert!(privileged[1].0.starts_with("prod (rendered):"), "{privileged:?}");
}

#[test]
fn images_replacements_and_generators_are_judged_as_they_come_out() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\nimages:\n- name: registry.example/app\n  newTag: latest\nconfigMapGenerator:\n- \
             name: settings\n  literals: [a=b]\nreplacements:\n- source: {kind: ConfigMap, name: settings, fieldPath: \
             data.a}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.from]\n    \
             options: {create: true}\n",
        ),
    ]);
    let scan = folder.scan_rules("mutable-image-tag,privileged-container", &["--render", "."]);
    assert_eq!(
        findings(&scan),
        [
            ("base/deploy.yaml:13:23", "privileged-container", "web"),
            ("prod (rendered):18:16", "mutable-image-tag", "web"),
        ]
    );
    assert_eq!(scan["counts"]["objects"], 2);
}

#[test]
fn components_are_rendered_with_what_uses_them_only() {
    if !has_kubectl() {
        return;
    }
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [job.yaml]\n";
    let job = DEPLOY.replace("name: web", "name: job");
    let folder = Folder::of(&[
        ("part/kustomization.yaml", component),
        ("part/job.yaml", &job),
        ("prod/kustomization.yaml", "namePrefix: p-\ncomponents: [../part]\n"),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert_eq!(
        findings(&scan),
        [
            ("part/job.yaml:8:20", "host-network-namespace", "p-job"),
            ("part/job.yaml:13:23", "privileged-container", "p-job"),
        ]
    );
    std::fs::remove_dir_all(folder.path().join("prod")).unwrap();
    let alone = folder.scan(&["--render", "."]);
    assert_eq!(problems(&alone), [("part/kustomization.yaml", "template", None)]);
    assert_eq!(alone["complete"], false);
}

#[test]
fn broken_kustomization_is_told_and_its_files_are_judged_as_they_stand() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        ("good/kustomization.yaml", "namePrefix: good-\nresources: [../base]\n"),
        ("bad/kustomization.yaml", "resources: [../base, missing.yaml]\n"),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert_problem(&scan, "bad/kustomization.yaml", "not-rendered", Some("failed"));
    let said = scan["problems"][0]["args"]["said"].as_str().unwrap();
    assert!(said.contains("missing.yaml") && !said.contains("/tmp/haechi"), "{said}");
    // Once, although the base is judged by itself and as a part of `good`.
    assert_eq!(
        findings(&scan),
        [
            ("base/deploy.yaml:8:20", "host-network-namespace", "web"),
            ("base/deploy.yaml:13:23", "privileged-container", "web"),
        ]
    );
    assert_eq!(scan["complete"], false);
}

#[test]
fn nothing_is_fetched_however_it_is_written() {
    // Nobody answers there; kubectl would go to this machine past any proxy.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/x.yaml", listener.local_addr().unwrap());
    let generator = format!(
        "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {{name: g}}\nname: g\nfiles: ['x={address}']\n"
    );
    let inline: String = generator.lines().map(|line| format!("  {line}\n")).collect();
    let cases = [
        format!("resources: ['{address}']\n"),
        format!("Resources: ['{address}']\n"),
        format!("re\\u0073ources: ['{}']\n", address.replace("http", "HTTP")),
        format!("components: ['{address}']\n"),
        format!("configMapGenerator:\n- name: a\n  files: ['b={address}']\n"),
        format!("configMapGenerator:\n- name: a\n  envs: ['{address}']\n"),
        format!("patches:\n- path: '{address}'\n"),
        format!("openapi: {{path: '{address}'}}\n"),
        format!("crds: ['{address}']\n"),
        format!("generators: [g.yaml]\n# {address}\n"),
        format!("generators:\n- |\n{inline}"),
        "helmCharts:\n- name: x\n  repo: oci://registry.example/x\n".to_owned(),
        "resources: ['github.com/org/repo//path?ref=v1']\n".to_owned(),
        "resources: ['git@registry.example:org/repo.git']\n".to_owned(),
        "bases: ['ssh://registry.example/repo']\n".to_owned(),
        "resources: [deeper]\n".to_owned(),
    ];
    for case in &cases {
        let deeper = format!("resources: ['{address}']\n");
        let folder = Folder::of(&[
            ("a/kustomization.yaml", case),
            ("a/g.yaml", &generator),
            ("a/deeper/kustomization.yaml", &deeper),
            ("pod.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ]);
        let scan = folder.scan(&["--render", "."]);
        let found = problems(&scan);
        assert!(
            found.contains(&("a/kustomization.yaml", "not-rendered", Some("network"))),
            "{case}: {found:?}"
        );
        let heard = listener.accept().map(|(_, from)| from);
        assert!(heard.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{case}");
    }
}

#[test]
fn addresses_that_nothing_opens_do_no_harm() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        (
            "kustomization.yaml",
            "resources: [deploy.yaml]\ncommonAnnotations: {docs: 'https://registry.example'}\nconfigMapGenerator:\n- \
             name: a\n  literals: ['url=http://registry.example']\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    \
             - {op: add, path: /metadata/annotations/b, value: 'http://registry.example'}\n",
        ),
        ("deploy.yaml", DEPLOY),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert!(problems(&scan).is_empty(), "{:?}", problems(&scan));
    assert_eq!(findings(&scan)[0].0, "deploy.yaml:8:20");
}

#[test]
fn names_with_spaces_quotes_and_dashes_are_names() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("-o yaml/kustomization.yaml", "resources: [\"it's, a \\\"base\\\"\"]\n"),
        ("-o yaml/it's, a \"base\"/kustomization.yaml", "resources: ['--help.yaml']\n"),
        ("-o yaml/it's, a \"base\"/--help.yaml", DEPLOY),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert!(problems(&scan).is_empty(), "{:?}", problems(&scan));
    assert_eq!(findings(&scan)[0].0, "-o yaml/it's, a \"base\"/--help.yaml:8:20");
}

#[test]
fn base_outside_of_what_is_scanned_is_found_and_pointed_at() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        ("prod/kustomization.yaml", "resources: [../base]\n"),
    ]);
    let scan = folder.scan(&["--render", "prod"]);
    assert_eq!(findings(&scan)[0].0, "base/deploy.yaml:8:20");
    assert_eq!(scan["counts"]["files"], 1);
}

#[test]
fn links_lead_to_the_folder_behind_them() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("far/away/base/kustomization.yaml", BASE),
        ("far/away/base/deploy.yaml", DEPLOY),
        ("prod/kustomization.yaml", "resources: [base]\n"),
    ]);
    std::os::unix::fs::symlink("../far/away/base", folder.path().join("prod/base")).unwrap();
    std::os::unix::fs::symlink("prod", folder.path().join("also-prod")).unwrap();
    let scan = folder.scan(&["--render", "."]);
    assert!(problems(&scan).is_empty(), "{:?}", problems(&scan));
    // Each file once, under the first name that it was found by.
    assert_eq!(scan["counts"]["objects"], 1);
    assert_eq!(findings(&scan).len(), 2);
    assert!(findings(&scan)[0].0.ends_with("base/deploy.yaml:8:20"), "{:?}", findings(&scan));
}

#[test]
fn circle_of_kustomizations_is_no_pass() {
    let folder = Folder::of(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("pod.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    ]);
    let scan = folder.scan(&["--render", "."]);
    assert_eq!(
        problems(&scan),
        [("a/kustomization.yaml", "template", None), ("b/kustomization.yaml", "template", None)]
    );
}

#[test]
fn missing_program_is_named() {
    let folder = Folder::of(&[("kustomization.yaml", BASE), ("deploy.yaml", DEPLOY)]);
    let scan = folder.scan_with_path("", &["--render", "."]);
    assert_problem(&scan, "kustomization.yaml", "not-rendered", Some("missing"));
    assert_eq!(scan["problems"][0]["args"]["program"], "kubectl");
    assert_eq!(findings(&scan).len(), 2);
}

#[test]
fn comments_in_the_file_and_annotations_accept_what_is_rendered() {
    if !has_kubectl() {
        return;
    }
    let accepted = DEPLOY.replace(
        "hostNetwork: true",
        "hostNetwork: true # haechi: ignore host-network-namespace -- it routes",
    );
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", &accepted),
        (
            "prod/kustomization.yaml",
            "namePrefix: prod-\nresources: [../base]\ncommonAnnotations:\n  ignore-check.haechi.dev/privileged-container: \
             it is a node agent\n",
        ),
        ("test/kustomization.yaml", "namePrefix: test-\nresources: [../base]\n"),
    ]);
    let scan = folder.scan(&["--render", "."]);
    // What one overlay accepts, the other does not.
    assert_eq!(findings(&scan), [("base/deploy.yaml:13:23", "privileged-container", "test-web")]);
    assert!(problems(&scan).is_empty(), "{:?}", problems(&scan));
    assert_eq!(scan["counts"]["suppressed"], 2);
}

#[test]
fn comment_that_nothing_needs_is_told_once() {
    if !has_kubectl() {
        return;
    }
    let file = DEPLOY.replace("name: web", "name: web # haechi: ignore host-port -- no reason any more");
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", &file),
        ("a/kustomization.yaml", "resources: [../base]\n"),
        ("b/kustomization.yaml", "namePrefix: b-\nresources: [../base]\n"),
    ]);
    let scan = folder.scan_rules("host-port,privileged-container", &["--render", "."]);
    assert_eq!(problems(&scan), [("base/deploy.yaml", "suppression-unused", None)]);
}

#[test]
fn configuration_accepts_by_the_path_of_the_kustomization_or_of_the_file() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        (
            "haechi.toml",
            "[scan]\nrender = true\n[[suppress]]\ncheck = 'mutable-image-tag'\nreason = 'mirrored'\npath = \
             'prod/**'\n[[suppress]]\ncheck = 'privileged-container'\nreason = 'agent'\npath = 'base/deploy.yaml'\n",
        ),
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\nimages: [{name: registry.example/app, newTag: latest}]\n",
        ),
    ]);
    let scan = folder.scan_rules("mutable-image-tag,privileged-container", &["."]);
    assert!(findings(&scan).is_empty(), "{:?}", findings(&scan));
    assert_eq!(scan["counts"]["suppressed"], 2);
    assert_eq!(scan["suppressed"][1]["finding"]["location"]["path"], "prod (rendered)");
}

#[test]
fn without_being_told_nothing_is_run() {
    let folder = Folder::of(&[("kustomization.yaml", BASE), ("deploy.yaml", DEPLOY)]);
    let scan = folder.scan(&["."]);
    assert_eq!(problems(&scan), [("kustomization.yaml", "template", None)]);
    assert!(scan["problems"][0]["help"].as_str().unwrap().contains("--render"));
}

#[test]
fn sarif_names_no_file_that_does_not_exist() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        (
            "prod/kustomization.yaml",
            "resources: [deploy.yaml]\nimages: [{name: registry.example/app, newTag: latest}]\n",
        ),
        ("prod/deploy.yaml", DEPLOY),
    ]);
    let log = folder.scan_rules("mutable-image-tag", &["--render", "-o", "sarif", "."]);
    let location = &log["runs"][0]["results"][0]["locations"][0];
    let file = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert_eq!(file, "prod/kustomization.yaml");
    assert_eq!(location["physicalLocation"]["region"], serde_json::json!({"startLine": 1}));
    assert_eq!(location["logicalLocations"][1]["fullyQualifiedName"], "prod (rendered):9:16");
}

#[test]
fn what_went_into_a_rendered_text_is_not_fixed() {
    if !has_kubectl() {
        return;
    }
    let folder = Folder::of(&[
        ("base/kustomization.yaml", BASE),
        ("base/deploy.yaml", DEPLOY),
        ("good/kustomization.yaml", "namePrefix: good-\nresources: [../base]\n"),
        ("bad/kustomization.yaml", "resources: [../base, missing.yaml]\n"),
        ("alone.yaml", &DEPLOY.replace("name: web", "name: alone")),
    ]);
    let scan = folder.scan(&["--render", "--fix", "--unsafe-fixes", "."]);
    let written = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(written("base/deploy.yaml"), DEPLOY);
    assert!(!written("alone.yaml").contains("privileged: true"));
    assert_eq!(findings(&scan).len(), 2, "{:?}", findings(&scan));
}
