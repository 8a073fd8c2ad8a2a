//! `haechi rules`: what rule files hold, whether they load, and why a rule matches an event or not.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use haechi_detect::builtin;
use haechi_detect::decode::{Decoder, Limits, Reject, Sink};
use haechi_detect::event::Event;
use haechi_detect::program::{Explanation, Matcher, RuleMatching, Verdict};
use haechi_detect::rules::{LoadError, LoadResult, Loaded, Options, RuleFile, load};
use haechi_model::Priority;
use haechi_report::{Args, Language, Texts};
use haechi_sources::{event_files, open_events};

use super::detect::{each_piece, flow_columns, format, place, reject_id, unread};
use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;

/// What stands for Haechi's own rules among the names of files.
const BUILTIN: &str = "builtin";

/// Whether no rules are named, so that Haechi's own are in force.
pub(super) fn only_builtin(matches: &ArgMatches) -> bool {
    !matches.contains_id("rules")
}

/// Reads rule files; a folder stands for the `*.yaml` files in it, `builtin` and nothing at all for Haechi's own rules.
pub(super) fn load_rules(matches: &ArgMatches, texts: &Texts) -> Result<Loaded> {
    let own = builtin::files(texts.language() == Language::Ko)
        .iter()
        .map(|file| (file.name.to_owned(), file.bytes.to_vec()));
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    if only_builtin(matches) {
        files.extend(own.clone());
    }
    for path in matches.get_many::<PathBuf>("rules").into_iter().flatten() {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<_>>()?;
            inside.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
            inside.sort();
            files.extend(inside.into_iter().map(read).collect::<Result<Vec<_>, _>>()?);
        } else if path.as_os_str() == BUILTIN && !path.exists() {
            files.extend(own.clone());
        } else {
            files.push(read(path.clone())?);
        }
    }
    let files: Vec<RuleFile<'_>> = files.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
    let priority = matches.try_get_one::<String>("min-priority").ok().flatten();
    let least_priority = priority.and_then(|text| text.parse().ok()).unwrap_or(Priority::Debug);
    Ok(load(&files, &Options { least_priority, ..Options::default() }))
}

fn read(path: PathBuf) -> Result<(String, Vec<u8>), UsageError> {
    let bytes = std::fs::read(&path).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    Ok((path.display().to_string(), bytes))
}

/// `haechi rules builtin`: Haechi's own rules as they are written, to be read, copied and changed.
pub(super) fn print_builtin(texts: &Texts) -> Result<Exit> {
    to_stdout(|out| {
        let files = builtin::files(texts.language() == Language::Ko);
        files.iter().try_for_each(|file| out.write_all(file.bytes))
    })?;
    Ok(Exit::Clean)
}

/// Tells what is wrong with rule files; true where something is.
pub(super) fn tell_mistakes(loaded: &Loaded, texts: &Texts) -> Result<bool> {
    let mut err = io::stderr().lock();
    let mut any = false;
    for error in loaded.results.iter().flat_map(|result| &result.errors) {
        any = true;
        let title = texts.message(&format!("cli-rules-error-{}", error.code.id()), &Args::new());
        match error.context.place() {
            Some(place) => writeln!(err, "{place}: {title}")?,
            None => writeln!(err, "{title}")?,
        }
        // The words are Falco's, for who knows them or looks for them.
        writeln!(err, "  {}: {}", error.code.as_str(), error.message)?;
        tell_help(error, texts, &mut err)?;
    }
    let warnings: usize = loaded.results.iter().map(|result| result.warnings.len()).sum();
    if warnings > 0 {
        writeln!(err, "{}", texts.message("cli-rules-warnings", &Args::new().number("count", warnings)))?;
    }
    Ok(any)
}

/// Tells how to mend a mistake, where that is known.
fn tell_help(error: &LoadError, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    let Some(help) = &error.help else { return Ok(()) };
    let name = Args::new().text("name", help.name().to_owned());
    let help = texts.message(&format!("cli-rules-help-{}", help.as_str()), &name);
    writeln!(out, "  {}", texts.message("cli-rules-help-line", &Args::new().text("help", help)))
}

/// `haechi rules list FILE…`
pub(super) fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches, texts)?;
    let has_mistakes = tell_mistakes(&loaded, texts)?;
    let is_json = matches.get_one::<String>("output").is_some_and(|format| format == "json");
    to_stdout(|out| {
        if is_json {
            let rules: Vec<serde_json::Value> = loaded.rules.iter().map(rule_json).collect();
            return writeln!(out, "{}", serde_json::Value::Array(rules));
        }
        for rule in &loaded.rules {
            let state = match (rule.is_usable, rule.enabled) {
                (false, _) => "cli-rules-unusable",
                (true, false) => "cli-rules-disabled",
                (true, true) => "cli-rules-enabled",
            };
            let place = rule.place.as_ref().map(ToString::to_string).unwrap_or_default();
            let state = texts.message(state, &Args::new());
            writeln!(
                out,
                "{:<13} {:<14} {} [{state}] {place}",
                rule.priority.as_str(),
                rule.source,
                rule.name
            )?;
            for change in &rule.changes {
                writeln!(out, "{:28} {} ({})", "", change.what, change.place)?;
            }
        }
        Ok(())
    })?;
    Ok(if has_mistakes { Exit::Incomplete } else { Exit::Clean })
}

fn rule_json(rule: &haechi_detect::rules::RuleSummary) -> serde_json::Value {
    let changes: Vec<_> = rule
        .changes
        .iter()
        .map(|change| serde_json::json!({ "what": change.what, "place": change.place.to_string() }))
        .collect();
    serde_json::json!({
        "name": &*rule.name,
        "description": rule.description,
        "priority": rule.priority.as_str(),
        "source": rule.source,
        "tags": rule.tags,
        "condition": rule.condition,
        "output": rule.output,
        "enabled": rule.enabled,
        "usable": rule.is_usable,
        "place": rule.place.as_ref().map(ToString::to_string),
        "changes": changes,
    })
}

/// `haechi rules test FILE…`: whether Falco would load them, as it would say it.
pub(super) fn test(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches, texts)?;
    let is_json = matches.get_one::<String>("output").is_some_and(|format| format == "json");
    to_stdout(|out| {
        if is_json {
            let results: Vec<_> = loaded.results.iter().map(LoadResult::to_json).collect();
            return writeln!(out, "{}", serde_json::json!({ "falco_load_results": results }));
        }
        loaded.results.iter().try_for_each(|result| write!(out, "{}", result.verbose()))
    })?;
    if !is_json {
        tell_mistakes(&loaded, texts)?;
    }
    let is_good = loaded.results.iter().all(LoadResult::is_successful);
    Ok(if is_good { Exit::Clean } else { Exit::Findings })
}

/// `haechi rules explain --rule NAME --rules FILE… EVENTS…`
pub(super) fn explain(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches, texts)?;
    let has_mistakes = tell_mistakes(&loaded, texts)?;
    let name = matches.get_one::<String>("rule").map(String::as_str);
    if let Some(name) = name
        && !loaded.rules.iter().any(|rule| *rule.name == *name)
    {
        let message = texts.message("cli-rules-unknown", &Args::new().text("name", name.to_owned()));
        return Err(UsageError(message).into());
    }
    let paths: Vec<PathBuf> = matches.get_many::<PathBuf>("events").into_iter().flatten().cloned().collect();
    let files = event_files(&paths).map_err(|error| UsageError(error.to_string()))?;
    let columns = flow_columns(matches)?;
    let mut is_whole = !has_mistakes;
    to_stdout(|out| {
        tell_origin(&loaded, name, texts, out)?;
        let mut explainer = Explainer {
            loaded: &loaded,
            name,
            texts,
            first: Matcher::new(&loaded.program, RuleMatching::First),
            file: String::new(),
            out,
            rejects: 0,
            failed: None,
        };
        for file in &files {
            explainer.file = file.display().to_string();
            let mut decoder = Decoder::new(format(matches), Limits::default(), None);
            if let Some(columns) = &columns {
                decoder = decoder.with_flow_columns(columns.clone());
            }
            let read = open_events(file).and_then(|source| {
                each_piece(source, |piece| {
                    decoder.feed(piece, &mut explainer);
                    true
                })
            });
            decoder.finish(&mut explainer);
            if let Err(error) = read {
                is_whole = false;
                let _ = writeln!(io::stderr(), "{}", unread(file, &error, texts));
            }
        }
        is_whole &= explainer.rejects == 0;
        explainer.failed.map_or(Ok(()), Err)
    })
    .context("rules explain")?;
    Ok(if is_whole { Exit::Clean } else { Exit::Incomplete })
}

/// Where the rule that is asked for comes from, and what changed it since.
fn tell_origin(loaded: &Loaded, name: Option<&str>, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    let Some(rule) = loaded.rules.iter().find(|rule| Some(&*rule.name) == name) else { return Ok(()) };
    if let Some(place) = &rule.place {
        let args = Args::new().text("rule", rule.name.to_string()).text("place", place.to_string());
        writeln!(out, "{}", texts.message("cli-rules-defined", &args))?;
    }
    for change in &rule.changes {
        let args = Args::new().text("what", change.what.clone()).text("place", change.place.to_string());
        writeln!(out, "  {}", texts.message("cli-rules-changed", &args))?;
    }
    let state = match (rule.is_usable, rule.enabled) {
        (false, _) => "cli-rules-unusable-long",
        (true, false) => "cli-rules-disabled-long",
        (true, true) => return Ok(()),
    };
    writeln!(out, "  {}", texts.message(state, &Args::new()))
}

struct Explainer<'e> {
    loaded: &'e Loaded,
    name: Option<&'e str>,
    texts: &'e Texts,
    first: Matcher<'e>,
    file: String,
    out: &'e mut dyn Write,
    rejects: u64,
    failed: Option<io::Error>,
}

impl Explainer<'_> {
    fn explain(&mut self, event: &Event<'_>, line: u64) -> io::Result<()> {
        let first = self.first.matches(event).first().map(|rule| rule.info.name.clone());
        let rules = self.loaded.program.rules(event.source);
        for rule in rules.iter().filter(|rule| self.name.is_none_or(|name| *rule.info.name == *name)) {
            let Some(explanation) = self.loaded.program.explain(rule, event) else { continue };
            let holds = explanation.verdict.holds();
            let id = if holds { "cli-rules-matches" } else { "cli-rules-does-not-match" };
            let args = Args::new().text("rule", rule.info.name.to_string()).text(
                "place",
                match line {
                    0 => self.file.clone(),
                    line => format!("{}:{line}", self.file),
                },
            );
            writeln!(self.out, "{}", self.texts.message(id, &args))?;
            tree(&explanation, 1, self.out)?;
            if holds && !rule.info.enabled {
                writeln!(self.out, "  {}", self.texts.message("cli-rules-disabled-long", &Args::new()))?;
            } else if holds && let Some(first) = first.as_ref().filter(|first| **first != rule.info.name) {
                let args = Args::new().text("rule", first.to_string());
                writeln!(self.out, "  {}", self.texts.message("cli-rules-shadowed", &args))?;
            }
        }
        Ok(())
    }
}

impl Sink for Explainer<'_> {
    fn event(&mut self, event: &Event<'_>, line: u64) {
        if self.failed.is_none() {
            self.failed = self.explain(event, line).err();
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects += 1;
        let why = self.texts.message(&reject_id(reject.reason), &Args::new());
        // Where standard error is closed, nobody is there to tell.
        let _ = writeln!(io::stderr(), "{}: {why}", place(&self.file, reject, self.texts));
    }
}

fn tree(part: &Explanation, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let mark = match part.verdict {
        Verdict::Holds => "✓",
        Verdict::Fails => "✗",
        Verdict::Missing => "∅",
    };
    write!(out, "{:indent$}{mark} {}", "", part.text, indent = depth * 2)?;
    match &part.value {
        Some(value) => writeln!(out, "   ({value})")?,
        None => writeln!(out)?,
    }
    part.parts.iter().try_for_each(|part| tree(part, depth + 1, out))
}
