//! What is found in a folder, and what is said of the rest.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use haechi_model::ProblemKind;
use haechi_sources::{DiscoverOptions, Discovery, ReadError, discover, read};
use tempfile::TempDir;

fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a: 1\n").unwrap();
    }
    folder
}

fn names(folder: &TempDir, found: &Discovery) -> Vec<String> {
    let root = folder.path().canonicalize().unwrap();
    let relative =
        |path: &PathBuf| path.canonicalize().unwrap().strip_prefix(&root).unwrap().display().to_string();
    found.files.iter().map(|file| relative(&file.path)).collect()
}

fn find(folder: &TempDir, path: &str) -> Discovery {
    discover(&[folder.path().join(path)], &DiscoverOptions::default())
}

#[test]
fn folders_are_searched_for_manifests_in_order() {
    let folder = tree(&["b.yaml", "a/z.YML", "a/b.json", "c.txt", ".hidden/d.yaml", ".git/config.yaml"]);
    assert_eq!(names(&folder, &find(&folder, "")), [".hidden/d.yaml", "a/b.json", "a/z.YML", "b.yaml"]);
}

#[test]
fn ignore_files_are_honoured_unless_told_otherwise() {
    let folder = tree(&["kept.yaml", "out/left.yaml"]);
    fs::write(folder.path().join(".gitignore"), "out/\n").unwrap();
    assert_eq!(names(&folder, &find(&folder, "")), ["kept.yaml"]);
    let all = DiscoverOptions { honour_ignore_files: false };
    assert_eq!(names(&folder, &discover(&[folder.path().to_owned()], &all)), ["kept.yaml", "out/left.yaml"]);
}

#[test]
fn a_named_file_is_read_whatever_it_is_called_and_only_once() {
    let folder = tree(&["manifest.txt"]);
    let path = folder.path().join("manifest.txt");
    let found = discover(&[path.clone(), path], &DiscoverOptions::default());
    assert_eq!(found.files.len(), 1);
    assert!(found.files[0].is_named);
}

#[test]
fn globs_match_within_folders() {
    let folder = tree(&["a/x.yaml", "a/b/y.yaml", "a/z.json"]);
    assert_eq!(names(&folder, &find(&folder, "a/*.yaml")), ["a/x.yaml"]);
    assert_eq!(names(&folder, &find(&folder, "**/*.yaml")), ["a/b/y.yaml", "a/x.yaml"]);
    assert_eq!(find(&folder, "*.toml").problems[0].kind, ProblemKind::NotFound);
}

#[test]
fn missing_paths_are_named() {
    let folder = tree(&["a.yaml"]);
    let found = find(&folder, "nothing.yaml");
    assert_eq!(found.problems[0].kind, ProblemKind::NotFound);
    assert!(found.problems[0].path.ends_with("nothing.yaml"));
}

#[test]
fn templates_of_a_chart_are_left_out_and_said_so_once() {
    let folder = tree(&[
        "chart/Chart.yaml",
        "chart/values.yaml",
        "chart/templates/a.yaml",
        "chart/templates/x/b.yaml",
        "templates/c.yaml",
    ]);
    let found = find(&folder, "");
    assert_eq!(names(&folder, &found), ["chart/Chart.yaml", "chart/values.yaml", "templates/c.yaml"]);
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].kind, ProblemKind::Template);
    assert!(found.problems[0].path.ends_with("/chart"), "{}", found.problems[0].path);
    assert_eq!(found.problems[0].args[1].value.to_string(), "2");
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    let folder = tree(&["a/x.yaml", "b/y.yaml"]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("b"), folder.path().join("a/b")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("a/dangling.yaml")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("a/self.yaml"), folder.path().join("a/self.yaml")).unwrap();
    let found = find(&folder, "");
    assert_eq!(names(&folder, &found), ["b/y.yaml", "a/x.yaml"], "each file once");
    let kinds: Vec<_> = found.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::NotFound, ProblemKind::CyclicLink, ProblemKind::CyclicLink]);
}

#[cfg(unix)]
#[test]
fn files_of_a_mounted_volume_are_named_as_they_stay() {
    use std::os::unix::fs::symlink;
    let folder = tree(&["..2026_11_01/a.yaml", "..2026_11_01/b.yaml"]);
    symlink("..2026_11_01", folder.path().join("..data")).unwrap();
    symlink("..data/a.yaml", folder.path().join("a.yaml")).unwrap();
    let found = find(&folder, "");
    let named =
        found.files.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap().display().to_string());
    // What no link names is not left out.
    assert_eq!(named.collect::<Vec<_>>(), ["a.yaml", "..2026_11_01/b.yaml"]);
}

#[test]
fn more_than_the_limit_is_refused() {
    let folder = tree(&["a.yaml"]);
    let found = find(&folder, "");
    assert!(matches!(read(&found.files[0], 4), Err(ReadError::TooLarge(Some(5)))));
    assert_eq!(read(&found.files[0], 5).unwrap(), b"a: 1\n");
}
