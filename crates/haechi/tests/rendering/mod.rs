//! What tests of rendering share: folders to scan, and the report as they look at it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Whether the real program is there. Where it is not, a test says so and passes.
#[allow(dead_code, reason = "not every test file needs kubectl")]
pub(crate) fn has_kubectl() -> bool {
    let there = Command::new("kubectl").arg("kustomize").arg("--help").output().is_ok();
    if !there {
        eprintln!("skipped: kubectl is not installed");
    }
    there
}

/// A folder with files.
pub(crate) struct Folder(TempDir);

#[allow(dead_code, reason = "not every test file needs all of it")]
impl Folder {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The report of a scan in it for two checks that are easy to provoke.
    pub(crate) fn scan(&self, args: &[&str]) -> Value {
        self.scan_rules("host-network-namespace,privileged-container", args)
    }

    pub(crate) fn scan_rules(&self, rules: &str, args: &[&str]) -> Value {
        self.run(rules, args, std::env::var_os("PATH").unwrap_or_default())
    }

    /// A scan that looks for programs in `path` only.
    pub(crate) fn scan_with_path(&self, path: impl Into<OsString>, args: &[&str]) -> Value {
        self.run("host-network-namespace,privileged-container,mutable-image-tag", args, path.into())
    }

    fn run(&self, rules: &str, args: &[&str], path: OsString) -> Value {
        let format = if args.contains(&"-o") { &[][..] } else { &["-o", "json"] };
        let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
            .args(["scan", "--only", rules])
            .args(format)
            .args(args)
            .current_dir(self.path())
            .env("LC_ALL", "C")
            .env("PATH", path)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        })
    }
}

/// Place, rule and object of each finding, by place.
pub(crate) fn findings(scan: &Value) -> Vec<(&'static str, &'static str, &'static str)> {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let all = scan["findings"].as_array().unwrap().iter().map(|finding| {
        let location = &finding["location"];
        let place = format!(
            "{}:{}:{}",
            location["path"].as_str().unwrap(),
            location["start"]["line"],
            location["start"]["column"]
        );
        let rule = finding["rule"].as_str().unwrap().to_owned();
        let name = finding["resource"]["name"].as_str().unwrap().to_owned();
        (leak(place), leak(rule), leak(name))
    });
    all.collect()
}

/// Path, kind and reason of each problem.
pub(crate) fn problems(scan: &Value) -> Vec<(&str, &str, Option<&str>)> {
    let all = scan["problems"].as_array().unwrap().iter().map(|problem| {
        (
            problem["path"].as_str().unwrap(),
            problem["kind"].as_str().unwrap(),
            problem["args"]["reason"].as_str(),
        )
    });
    all.collect()
}

#[track_caller]
#[allow(dead_code, reason = "not every test file needs it")]
pub(crate) fn assert_problem(scan: &Value, path: &str, kind: &str, reason: Option<&str>) {
    assert!(problems(scan).contains(&(path, kind, reason)), "{:?}", problems(scan));
}
