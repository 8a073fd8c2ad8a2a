use std::path::PathBuf;

use anyhow::Result;
use clap::ArgMatches;
use haechi_report::{Args, Texts};

use super::to_stdout;
use crate::Exit;

/// Settings that have a value even where nobody sets them.
const DEFAULTS: &[(&str, &str)] = &[
    ("scan.all", "false"),
    ("scan.exclude", "[]"),
    ("scan.fail-on", "\"low\""),
    ("scan.min-severity", "\"info\""),
    ("scan.render", "false"),
];

/// `haechi config show`: what a scan of that path would go by.
pub(super) fn show(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let start = matches.get_one::<PathBuf>("path").cloned().unwrap_or_else(|| PathBuf::from("."));
    let config = super::scan::config(matches, &[start])?;
    let with_origin = matches.get_flag("origin");
    let mut lines: Vec<(String, String)> = config
        .settings
        .iter()
        .map(|setting| {
            let file = config.file.as_deref().unwrap_or_default();
            (format!("{} = {}", setting.key, setting.value), format!("{file}:{}", setting.line))
        })
        .collect();
    for (key, value) in DEFAULTS {
        if !config.settings.iter().any(|setting| setting.key == *key) {
            lines.push((format!("{key} = {value}"), texts.message("cli-config-default", &Args::new())));
        }
    }
    to_stdout(|out| {
        for (setting, origin) in &lines {
            match with_origin {
                true => writeln!(out, "{setting}  # {origin}")?,
                false => writeln!(out, "{setting}")?,
            }
        }
        Ok(())
    })?;
    Ok(Exit::Clean)
}
