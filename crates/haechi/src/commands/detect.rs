//! `haechi detect` and `haechi rules`: wiring of rule files, event files and the engine.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use haechi_detect::decode::{Decoder, Format, Limits, Reject, RejectReason, Sink};
use haechi_detect::event::Event;
use haechi_detect::fields::Source;
use haechi_detect::output::OutputOptions;
use haechi_detect::program::{Explanation, RuleMatching, Verdict};
use haechi_detect::rules::{LoadResult, Loaded, Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions, StreamStats};
use haechi_model::{Detection, Priority};
use haechi_report::{Args, Texts};
use haechi_sources::{FollowedFile, event_files, open_events};

use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;

/// Reads rule files; a folder stands for the `*.yaml` files in it.
fn load_rules(matches: &ArgMatches) -> Result<Loaded> {
    let mut files = Vec::new();
    for path in matches.get_many::<PathBuf>("rules").into_iter().flatten() {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<_>>()?;
            inside.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    let read = |path: PathBuf| {
        let bytes =
            std::fs::read(&path).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
        Ok::<_, UsageError>((path.display().to_string(), bytes))
    };
    let files: Vec<(String, Vec<u8>)> = files.into_iter().map(read).collect::<Result<_, _>>()?;
    let files: Vec<RuleFile<'_>> = files.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
    let priority = matches.try_get_one::<String>("min-priority").ok().flatten();
    let least_priority = priority.and_then(|text| text.parse().ok()).unwrap_or(Priority::Debug);
    Ok(load(&files, &Options { least_priority, ..Options::default() }))
}

/// Tells what is wrong with rule files; true where something is.
fn tell_mistakes(loaded: &Loaded, texts: &Texts) -> Result<bool> {
    let mut err = io::stderr().lock();
    let mut any = false;
    for error in loaded.results.iter().flat_map(|result| &result.errors) {
        any = true;
        writeln!(err, "{error}")?;
        if let Some(help) = &error.help {
            let line = texts.message("cli-rules-help-line", &Args::new().text("help", help.clone()));
            writeln!(err, "  {line}")?;
        }
    }
    Ok(any)
}

// Detecting.

struct Printer<'o> {
    out: &'o mut dyn Write,
    options: OutputOptions,
    is_json: bool,
    file: String,
    failed: Option<io::Error>,
    is_live: bool,
}

impl Report for Printer<'_> {
    fn detection(&mut self, detection: Detection, _line: u64) {
        if self.failed.is_some() {
            return;
        }
        let line = match self.is_json {
            true => self.options.json(&detection),
            false => self.options.text(&detection),
        };
        let mut written = writeln!(self.out, "{line}");
        if self.is_live {
            written = written.and_then(|()| self.out.flush());
        }
        self.failed = written.err();
    }

    fn reject(&mut self, reject: Reject) {
        // Where standard error is closed, nobody is there to tell.
        let _ = writeln!(io::stderr(), "{}:{}: {}", self.file, reject.line, reject.reason.as_str());
    }
}

/// `haechi detect --rules FILE… EVENTS…`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches)?;
    let has_mistakes = tell_mistakes(&loaded, texts)?;
    if loaded.program.all_rules().next().is_none() {
        return Err(UsageError(texts.message("cli-detect-no-rules", &Args::new())).into());
    }
    let paths: Vec<PathBuf> = matches.get_many::<PathBuf>("events").into_iter().flatten().cloned().collect();
    let files = event_files(&paths)?;
    let matching = match matches.get_flag("all") {
        true => RuleMatching::All,
        false => RuleMatching::First,
    };
    let options =
        StreamOptions { format: format(matches), matching, now_ns: now_ns(), ..StreamOptions::default() };
    let follows = matches.get_flag("follow");
    let mut stats = StreamStats::default();
    let mut unreadable = 0u64;
    to_stdout(|out| {
        let mut stream = Stream::new(&loaded.program, options);
        let is_json = matches.get_one::<String>("output").is_some_and(|format| format == "json");
        let mut printer = Printer {
            out,
            options: OutputOptions { time_iso8601: true, ..OutputOptions::default() },
            is_json,
            file: String::new(),
            failed: None,
            is_live: follows,
        };
        for (at, file) in files.iter().enumerate() {
            printer.file = file.display().to_string();
            let is_last = at + 1 == files.len();
            if let Err(error) = read_file(file, follows && is_last, &mut stream, &mut printer) {
                unreadable += 1;
                let _ = writeln!(io::stderr(), "{}: {error}", file.display());
            }
            stream.finish(&mut printer);
            if let Some(error) = printer.failed.take() {
                return Err(error);
            }
        }
        stats = stream.stats().clone();
        Ok(())
    })?;
    let args = Args::new()
        .number("events", usize::try_from(stats.events).unwrap_or(usize::MAX))
        .number("detections", usize::try_from(stats.detections).unwrap_or(usize::MAX))
        .number("refused", usize::try_from(stats.rejected()).unwrap_or(usize::MAX))
        .number("duplicates", usize::try_from(stats.duplicates).unwrap_or(usize::MAX));
    writeln!(io::stderr(), "{}", texts.message("cli-detect-summary", &args))?;
    for (reason, (count, line)) in
        RejectReason::ALL.iter().zip(&stats.rejects).filter(|(_, (count, _))| *count > 0)
    {
        writeln!(io::stderr(), "  {}: {count} ({line})", reason.as_str())?;
    }
    Ok(match (has_mistakes || unreadable > 0 || stats.rejected() > 0, stats.detections > 0) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

fn read_file(
    path: &Path,
    follow: bool,
    stream: &mut Stream<'_>,
    printer: &mut Printer<'_>,
) -> io::Result<()> {
    let mut source: Box<dyn Read> = match follow && path.as_os_str() != "-" {
        true => Box::new(FollowedFile::open(path)?),
        false => open_events(path)?,
    };
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.feed(buffer.get(..count).unwrap_or_default(), printer);
        if printer.failed.is_some() {
            return Ok(());
        }
    }
}

fn format(matches: &ArgMatches) -> Format {
    match matches.try_get_one::<String>("source").ok().flatten().map(String::as_str) {
        Some("aws_vpcflow") => Format::VpcFlow,
        Some(name) => Source::named(name).map_or(Format::Detect, Format::Json),
        None => Format::Detect,
    }
}

/// The time of reading, against which events from the future are told.
#[expect(clippy::disallowed_methods, reason = "this is the edge: the engine gets the time as an argument")]
fn now_ns() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

// Rules.

/// `haechi rules list FILE…`
pub(super) fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches)?;
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
pub(super) fn test(matches: &ArgMatches, _texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches)?;
    let is_json = matches.get_one::<String>("output").is_some_and(|format| format == "json");
    to_stdout(|out| {
        if is_json {
            let results: Vec<_> = loaded.results.iter().map(LoadResult::to_json).collect();
            return writeln!(out, "{}", serde_json::json!({ "falco_load_results": results }));
        }
        loaded.results.iter().try_for_each(|result| write!(out, "{}", result.verbose()))
    })?;
    let is_good = loaded.results.iter().all(LoadResult::is_successful);
    Ok(if is_good { Exit::Clean } else { Exit::Findings })
}

/// `haechi rules explain --rule NAME --rules FILE… EVENTS…`
pub(super) fn explain(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches)?;
    tell_mistakes(&loaded, texts)?;
    let name = matches.get_one::<String>("rule").map(String::as_str);
    if let Some(name) = name
        && !loaded.rules.iter().any(|rule| *rule.name == *name)
    {
        let message = texts.message("cli-rules-unknown", &Args::new().text("name", name.to_owned()));
        return Err(UsageError(message).into());
    }
    let paths: Vec<PathBuf> = matches.get_many::<PathBuf>("events").into_iter().flatten().cloned().collect();
    let files = event_files(&paths)?;
    to_stdout(|out| {
        let mut explainer = Explainer { loaded: &loaded, name, texts, out, failed: None };
        for file in &files {
            let mut decoder = Decoder::new(format(matches), Limits::default(), None);
            let mut bytes = Vec::new();
            open_events(file)?.read_to_end(&mut bytes)?;
            decoder.feed(&bytes, &mut explainer);
            decoder.finish(&mut explainer);
        }
        explainer.failed.map_or(Ok(()), Err)
    })
    .context("rules explain")?;
    Ok(Exit::Clean)
}

struct Explainer<'e> {
    loaded: &'e Loaded,
    name: Option<&'e str>,
    texts: &'e Texts,
    out: &'e mut dyn Write,
    failed: Option<io::Error>,
}

impl Sink for Explainer<'_> {
    fn event(&mut self, event: &Event<'_>, line: u64) {
        let rules = self.loaded.program.rules(event.source);
        for rule in rules.iter().filter(|rule| self.name.is_none_or(|name| *rule.info.name == *name)) {
            let Some(explanation) = self.loaded.program.explain(rule, event) else { continue };
            let id =
                if explanation.verdict.holds() { "cli-rules-matches" } else { "cli-rules-does-not-match" };
            let args = Args::new()
                .text("rule", rule.info.name.to_string())
                .number("line", usize::try_from(line).unwrap_or(usize::MAX));
            let title = self.texts.message(id, &args);
            let written = writeln!(self.out, "{title}").and_then(|()| tree(&explanation, 1, self.out));
            if let Err(error) = written {
                self.failed.get_or_insert(error);
            }
        }
    }

    fn reject(&mut self, reject: Reject) {
        let _ = writeln!(io::stderr(), "{}: {}", reject.line, reject.reason.as_str());
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
