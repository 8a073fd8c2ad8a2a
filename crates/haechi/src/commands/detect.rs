//! `haechi detect`: wiring of rule files, event files and the engine.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::ArgMatches;
use haechi_detect::decode::{FlowColumns, Format, Reject, RejectReason};
use haechi_detect::fields::Source;
use haechi_detect::output::{OutputOptions, time_text};
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::Loaded;
use haechi_detect::stream::{Report, Stream, StreamOptions, StreamStats};
use haechi_model::Detection;
use haechi_report::{Args, DetectionRule, SarifDetections, Texts, write_ocsf_detection};
use haechi_sources::{EventsRefusal, FollowedFile, event_files, open_events};

use super::rules::{load_rules, only_builtin, tell_mistakes};
use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;

/// How many rejects of one reason are told one by one; of the others the number is.
const TOLD: u64 = 20;

enum Output {
    Text,
    Json,
    Ocsf,
    Sarif(SarifDetections),
}

struct Printer<'o> {
    out: &'o mut dyn Write,
    texts: &'o Texts,
    options: OutputOptions,
    output: Output,
    rules: &'o [DetectionRule],
    file: String,
    failed: Option<io::Error>,
    is_live: bool,
    told: [u64; RejectReason::ALL.len()],
    /// What could not be read, for formats that tell it themselves.
    problems: Vec<String>,
}

impl Printer<'_> {
    fn print(&mut self, detection: &Detection, line: u64) -> io::Result<()> {
        match &mut self.output {
            Output::Text => writeln!(self.out, "{}", self.options.text(detection))?,
            Output::Json => writeln!(self.out, "{}", self.options.json(detection))?,
            Output::Ocsf => {
                let rule = self.rules.iter().find(|rule| *rule.name == *detection.rule);
                write_ocsf_detection(detection, rule, env!("CARGO_PKG_VERSION"), self.out)?;
            }
            Output::Sarif(sarif) => {
                let time = time_text(detection.time_ns);
                sarif.detection(detection, &self.file, line, &time, self.out)?;
            }
        }
        if self.is_live { self.out.flush() } else { Ok(()) }
    }

    fn tell(&mut self, problem: String) {
        // Where standard error is closed, nobody is there to tell.
        let _ = writeln!(io::stderr(), "{problem}");
        self.problems.push(problem);
    }
}

impl Report for Printer<'_> {
    fn detection(&mut self, detection: Detection, line: u64) {
        if self.failed.is_none() {
            self.failed = self.print(&detection, line).err();
        }
    }

    fn reject(&mut self, reject: Reject) {
        let at = RejectReason::ALL.iter().position(|reason| *reason == reject.reason);
        let Some(told) = at.and_then(|at| self.told.get_mut(at)) else { return };
        *told += 1;
        if *told > TOLD {
            return;
        }
        let is_last = *told == TOLD;
        let why = self.texts.message(&reject_id(reject.reason), &Args::new());
        let place = place(&self.file, reject, self.texts);
        self.tell(format!("{place}: {why}"));
        if is_last {
            let more = self.texts.message("cli-detect-more-like-this", &Args::new());
            let _ = writeln!(io::stderr(), "{more}");
        }
    }
}

/// That a file of events cannot be read, and why.
pub(super) fn unread(file: &Path, error: &io::Error, texts: &Texts) -> String {
    let why = match EventsRefusal::of(error) {
        Some(refusal) => texts.message(&format!("cli-events-{}", refusal.as_str()), &Args::new()),
        None => error.to_string(),
    };
    texts.message("cli-events-unread", &Args::new().text("file", file.display().to_string()).text("why", why))
}

/// Where something that is no event stands.
pub(super) fn place(file: &str, reject: Reject, texts: &Texts) -> String {
    match reject.line {
        offset if reject.reason.is_at_byte() => {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            texts.message(
                "cli-detect-at-byte",
                &Args::new().text("file", file.to_owned()).number("offset", offset),
            )
        }
        0 => file.to_owned(),
        line => format!("{file}:{line}"),
    }
}

/// The message that tells a reason.
pub(super) fn reject_id(reason: RejectReason) -> String {
    format!("cli-reject-{}", reason.as_str())
}

/// `haechi detect --rules FILE… EVENTS…`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load_rules(matches, texts)?;
    let has_mistakes = tell_mistakes(&loaded, texts)?;
    if loaded.program.all_rules().next().is_none() {
        return Err(UsageError(texts.message("cli-detect-no-rules", &Args::new())).into());
    }
    let paths: Vec<PathBuf> = matches.get_many::<PathBuf>("events").into_iter().flatten().cloned().collect();
    let files = event_files(&paths).map_err(|error| UsageError(error.to_string()))?;
    // Haechi's own rules do not hide each other: the first of them is not the worst.
    let matching = match matches.get_flag("all") || only_builtin(matches) {
        true => RuleMatching::All,
        false => RuleMatching::First,
    };
    let options =
        StreamOptions { format: format(matches), matching, now_ns: now_ns(), ..StreamOptions::default() };
    let columns = flow_columns(matches)?;
    let follows = matches.get_flag("follow");
    let output = matches.get_one::<String>("output").map(String::as_str);
    if follows && output == Some("sarif") {
        return Err(UsageError(texts.message("cli-detect-no-end", &Args::new())).into());
    }
    let rules = described(&loaded);
    let mut stats = StreamStats::default();
    let mut unreadable = 0u64;
    to_stdout(|out| {
        let mut stream = Stream::new(&loaded.program, options);
        if let Some(columns) = columns {
            stream = stream.with_flow_columns(columns);
        }
        let output = match output {
            Some("json") => Output::Json,
            Some("ocsf") => Output::Ocsf,
            Some("sarif") => Output::Sarif(SarifDetections::begin(env!("CARGO_PKG_VERSION"), &rules, out)?),
            _ => Output::Text,
        };
        let mut printer = Printer {
            out,
            texts,
            options: OutputOptions { time_iso8601: true, ..OutputOptions::default() },
            output,
            rules: &rules,
            file: String::new(),
            failed: None,
            is_live: follows,
            told: [0; RejectReason::ALL.len()],
            problems: Vec::new(),
        };
        for (at, file) in files.iter().enumerate() {
            printer.file = file.display().to_string();
            let is_last = at + 1 == files.len();
            let read = read_file(file, follows && is_last, &mut stream, &mut printer);
            stream.finish(&mut printer);
            if let Err(error) = read {
                unreadable += 1;
                printer.tell(unread(file, &error, texts));
            }
            if let Some(error) = printer.failed.take() {
                return Err(error);
            }
        }
        stats = stream.stats().clone();
        match printer.output {
            Output::Sarif(sarif) => sarif.end(&printer.problems, printer.out),
            Output::Text | Output::Json | Output::Ocsf => Ok(()),
        }
    })?;
    tell_summary(&stats, texts)?;
    let is_incomplete = has_mistakes
        || unreadable > 0
        || stats.rejected() + stats.doubtful() > 0
        // Nothing that could be judged is no clean result.
        || stats.without_rules == stats.events;
    Ok(match (is_incomplete, stats.detections > 0) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// The rules that may be told about.
fn described(loaded: &Loaded) -> Vec<DetectionRule> {
    let describe = |info: &haechi_detect::program::RuleInfo| DetectionRule {
        name: info.name.to_string(),
        description: info.description.clone(),
        priority: info.priority,
        tags: info.tags.to_vec(),
    };
    loaded.program.all_rules().filter(|rule| rule.info.enabled).map(|rule| describe(&rule.info)).collect()
}

fn tell_summary(stats: &StreamStats, texts: &Texts) -> io::Result<()> {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let mut err = io::stderr().lock();
    let args = Args::new()
        .number("events", number(stats.events))
        .number("detections", number(stats.detections))
        .number("refused", number(stats.rejected()))
        .number("duplicates", number(stats.duplicates));
    writeln!(err, "{}", texts.message("cli-detect-summary", &args))?;
    for (reason, (count, line)) in
        RejectReason::ALL.iter().zip(&stats.rejects).filter(|(_, (count, _))| *count > 0)
    {
        let args = Args::new()
            .text("reason", texts.message(&reject_id(*reason), &Args::new()))
            .number("count", number(*count))
            .number("line", number(*line));
        let id = if reason.is_at_byte() { "cli-detect-reason-at-byte" } else { "cli-detect-reason" };
        writeln!(err, "  {}", texts.message(id, &args))?;
    }
    if stats.events == 0 {
        writeln!(err, "{}", texts.message("cli-detect-nothing", &Args::new()))?;
    } else if stats.without_rules > 0 {
        let args = Args::new().number("count", number(stats.without_rules));
        writeln!(err, "{}", texts.message("cli-detect-without-rules", &args))?;
    }
    Ok(())
}

fn read_file(
    path: &Path,
    follow: bool,
    stream: &mut Stream<'_>,
    printer: &mut Printer<'_>,
) -> io::Result<()> {
    let source: Box<dyn Read> = match follow && path.as_os_str() != "-" {
        true => Box::new(FollowedFile::open(path)?),
        false => open_events(path)?,
    };
    each_piece(source, |piece| {
        stream.feed(piece, printer);
        printer.failed.is_none()
    })
}

/// Hands on what is read, piece by piece, until the end or until nobody wants more.
pub(super) fn each_piece(mut source: impl Read, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if !take(buffer.get(..count).unwrap_or_default()) {
            return Ok(());
        }
    }
}

pub(super) fn format(matches: &ArgMatches) -> Format {
    match matches.try_get_one::<String>("source").ok().flatten().map(String::as_str) {
        Some("aws_vpcflow") => Format::VpcFlow,
        Some(name) => Source::named(name).map_or(Format::Detect, Format::Json),
        None => Format::Detect,
    }
}

/// The columns of flow logs that name none.
pub(super) fn flow_columns(matches: &ArgMatches) -> Result<Option<FlowColumns>, UsageError> {
    let text = matches.try_get_one::<String>("flow-columns").ok().flatten();
    text.map(|text| FlowColumns::parse(text).map_err(|error| UsageError(error.to_string()))).transpose()
}

/// The time of reading, against which events from the future are told.
#[expect(clippy::disallowed_methods, reason = "this is the edge: the engine gets the time as an argument")]
fn now_ns() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use haechi_report::Language;

    use super::*;

    #[test]
    fn whatever_is_wrong_with_a_file_or_a_line_has_words_in_both_languages() {
        for language in [Language::En, Language::Ko] {
            let texts = Texts::new(language);
            for refusal in EventsRefusal::ALL {
                let told = unread(Path::new("flows.parquet"), &refusal.into(), &texts);
                assert!(told.starts_with("flows.parquet: ") && !told.contains("cli-events"), "{told}");
                let is_english = told.contains(&refusal.to_string());
                assert_eq!(is_english, language == Language::En, "{told}");
            }
            for reason in RejectReason::ALL {
                let id = reject_id(reason);
                assert_ne!(texts.message(&id, &Args::new()), id);
            }
        }
    }
}
