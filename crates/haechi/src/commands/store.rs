//! `haechi store`: copies, restores and verifies what `haechi serve` keeps, and its journal.
//!
//! These work on the data folder. Looking (backup, verify, journal) is safe beside a running service: the database lets other
//! processes read one state of it while the service writes. A restore takes the store's lock, and is refused while a service runs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_report::{Args, Texts, visible};
use haechi_store::journal::{
    Act, Anchor, Break, Entry, JournalStore as _, Kept, ReadError, Report, read_lines_against,
};
use haechi_store::maintenance::{AnchorState, KeyState};
use haechi_store::seal::Keys;
use haechi_store::sqlite::{CopyError, StoreReader, Verified, restore};
use serde_json::{Value as Json, json};

use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;

/// Entries that are read at once.
const PAGE: u32 = 1000;

/// The command and its options; texts are put in later.
pub(crate) fn command() -> Command {
    let path = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    let file = || Arg::new("file").value_parser(value_parser!(PathBuf));
    let data = || path("data").default_value("haechi-data");
    let anchor = || Arg::new("anchor").long("anchor").value_parser(value_parser!(Kept));
    let output = || crate::cli::output(&["text", "json"], "text");
    let number = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(u64));
    let group =
        |name: &'static str| Command::new(name).arg_required_else_help(true).subcommand_required(true);
    group("store")
        .subcommand(Command::new("backup").arg(file().required(true)).arg(data()))
        .subcommand(Command::new("restore").arg(file().required(true)).arg(data()).arg(anchor()))
        .subcommand(Command::new("verify").arg(data()).arg(anchor()).arg(path("keys")).arg(output()))
        .subcommand(
            group("journal")
                .subcommand(
                    Command::new("list")
                        .arg(data())
                        .arg(number("after").default_value("0"))
                        .arg(number("limit"))
                        .arg(output()),
                )
                .subcommand(
                    Command::new("export")
                        .arg(file())
                        .arg(data())
                        .arg(Arg::new("age").long("age").action(ArgAction::Append)),
                )
                .subcommand(
                    Command::new("verify")
                        .arg(file())
                        .arg(data().conflicts_with("file"))
                        .arg(anchor())
                        .arg(output()),
                ),
        )
}

/// `haechi store …`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    match matches.subcommand() {
        Some(("backup", matches)) => backup(matches, texts),
        Some(("restore", matches)) => put_back(matches, texts),
        Some(("verify", matches)) => verify(matches, texts),
        Some(("journal", matches)) => match matches.subcommand() {
            Some(("list", matches)) => list(matches, texts),
            Some(("export", matches)) => export(matches, texts),
            Some(("verify", matches)) => verify_journal(matches, texts),
            _ => anyhow::bail!("no such command"),
        },
        _ => anyhow::bail!("no such command"),
    }
}

fn folder(matches: &ArgMatches) -> PathBuf {
    matches.get_one::<PathBuf>("data").cloned().unwrap_or_default().join("store")
}

fn open(matches: &ArgMatches) -> Result<StoreReader> {
    Ok(StoreReader::open(&folder(matches))?)
}

fn file(matches: &ArgMatches) -> Option<&PathBuf> {
    matches.get_one::<PathBuf>("file")
}

fn kept(matches: &ArgMatches) -> Option<&Kept> {
    matches.get_one::<Kept>("anchor")
}

fn is_json(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("output").is_some_and(|output| output == "json")
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

/// A mistake of whoever names a file is told as such.
fn judged(error: CopyError) -> anyhow::Error {
    match error {
        CopyError::Exists { .. } => UsageError(error.to_string()).into(),
        _ => error.into(),
    }
}

fn backup(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let to = file(matches).cloned().unwrap_or_default();
    let copied = open(matches)?.backup(&to).map_err(judged)?;
    to_stdout(|out| {
        let args = Args::new()
            .text("path", shown(&copied.path))
            .text("bytes", copied.bytes.to_string())
            .text("anchor", copied.anchor.to_string());
        writeln!(out, "{}", texts.message("cli-store-copied", &args))
    })?;
    Ok(Exit::Clean)
}

fn put_back(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let from = file(matches).cloned().unwrap_or_default();
    let anchor = match kept(matches) {
        None => None,
        Some(Kept::Anchor(anchor)) => Some(*anchor),
        // What is put back is held against a place, not searched through.
        Some(Kept::Head(_)) => {
            return Err(UsageError(texts.message("cli-store-whole-anchor", &Args::new())).into());
        }
    };
    let who = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let act = Act {
        time_us: super::alerts::now_us(),
        actor: format!("cli:{who}"),
        act: "store.restored".to_owned(),
        subject: "store".to_owned(),
        details: json!({"from": from.display().to_string()}),
    };
    let copied = restore(&from, &folder(matches), anchor.as_ref(), act).map_err(judged)?;
    to_stdout(|out| {
        let args = Args::new().text("path", shown(&copied.path)).text("anchor", copied.anchor.to_string());
        writeln!(out, "{}", texts.message("cli-store-restored", &args))
    })?;
    Ok(Exit::Clean)
}

/// How a journal is broken, as a sentence.
fn broken(broken: &Break, texts: &Texts) -> String {
    fn number<'a>(args: Args<'a>, name: &'static str, value: u64) -> Args<'a> {
        args.text(name, value.to_string())
    }
    let args = Args::new();
    match broken {
        Break::Altered { seq } => texts.message("cli-journal-altered", &number(args, "seq", *seq)),
        Break::Replaced { seq } => {
            let next = seq.saturating_add(1);
            texts.message("cli-journal-replaced", &number(number(args, "seq", *seq), "next", next))
        }
        Break::Missing { from, to } => {
            texts.message("cli-journal-missing", &number(number(args, "from", *from), "to", *to))
        }
        Break::OutOfOrder { seq, expected } => {
            texts.message("cli-journal-order", &number(number(args, "seq", *seq), "expected", *expected))
        }
        Break::Truncated { from, to } => {
            texts.message("cli-journal-truncated", &number(number(args, "from", *from), "to", *to))
        }
        Break::Rewritten { seq } => texts.message("cli-journal-rewritten", &number(args, "seq", *seq)),
        Break::Unknown { entries } => {
            texts.message("cli-journal-unknown", &number(args, "entries", *entries))
        }
    }
}

fn journal_lines(report: &Report, texts: &Texts) -> Vec<String> {
    let good = &report.good;
    let args = Args::new().text("entries", good.entries.to_string()).text("anchor", good.to_string());
    match &report.broken {
        None => vec![texts.message("cli-journal-good", &args)],
        Some(wrong) => {
            vec![broken(wrong, texts), texts.message("cli-journal-good-until", &args)]
        }
    }
}

fn journal_json(report: &Report, texts: &Texts) -> Json {
    json!({
        "good": report.broken.is_none(),
        "goodEntries": report.good.entries,
        "anchor": report.good.to_string(),
        "broken": report.broken.as_ref().map(|wrong| broken(wrong, texts)),
    })
}

fn verify(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let store = open(matches)?;
    let keys = match matches.get_one::<PathBuf>("keys") {
        Some(path) => crate::keys::fetch(path, super::alerts::now_us())?,
        None => Keys::none(),
    };
    let verified = store.verify(kept(matches), &keys)?;
    let is_good = verified.is_good();
    to_stdout(|out| match is_json(matches) {
        true => writeln!(out, "{:#}", verified_json(&verified, texts)),
        false => verified_lines(&verified, texts).iter().try_for_each(|line| writeln!(out, "{line}")),
    })?;
    Ok(if is_good { Exit::Clean } else { Exit::Findings })
}

const fn anchor_word(state: AnchorState) -> &'static str {
    match state {
        AnchorState::Current => "current",
        AnchorState::Behind => "behind",
        AnchorState::Missing => "missing",
        AnchorState::Unreadable => "unreadable",
    }
}

fn verified_lines(verified: &Verified, texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    if verified.damage.is_empty() {
        lines.push(texts.message("cli-store-undamaged", &Args::new()));
    }
    for damage in &verified.damage {
        let args = Args::new().text("detail", visible(damage).into_owned());
        lines.push(texts.message("cli-store-damaged", &args));
    }
    lines.extend(journal_lines(&verified.journal, texts));
    lines.push(texts.message(&format!("cli-store-anchor-{}", anchor_word(verified.anchor)), &Args::new()));
    for (source, counts) in &verified.counts {
        let dropped: u64 = counts.dropped.values().sum();
        let args = Args::new()
            .text("source", visible(source).into_owned())
            .text("received", counts.received.to_string())
            .text("stored", counts.stored.to_string())
            .text("duplicates", counts.duplicates.to_string())
            .text("dropped", dropped.to_string());
        let id = if counts.adds_up() { "cli-store-counts" } else { "cli-store-counts-off" };
        lines.push(texts.message(id, &args));
    }
    for (key, state) in &verified.keys {
        let args = Args::new().text("key", visible(key).into_owned());
        let id = match state {
            KeyState::Opens => "cli-store-key-opens",
            KeyState::Missing => "cli-store-key-missing",
            KeyState::Wrong => "cli-store-key-wrong",
        };
        lines.push(texts.message(id, &args));
    }
    lines
}

fn verified_json(verified: &Verified, texts: &Texts) -> Json {
    json!({
        "good": verified.is_good(),
        "damage": verified.damage,
        "journal": journal_json(&verified.journal, texts),
        "anchorBeside": anchor_word(verified.anchor),
        "counts": verified.counts,
        "keys": verified.keys,
    })
}

fn entry_json(entry: &Entry) -> Json {
    let details: Json = serde_json::from_str(&entry.details).unwrap_or(Json::Null);
    json!({
        "seq": entry.seq, "time_us": entry.time_us, "actor": entry.actor, "act": entry.act,
        "subject": entry.subject, "details": details, "hash": entry.hash,
    })
}

fn list(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let store = open(matches)?;
    let mut after = matches.get_one::<u64>("after").copied().unwrap_or_default();
    let mut left = matches.get_one::<u64>("limit").copied().unwrap_or(u64::MAX);
    let is_json = is_json(matches);
    let mut failed = None;
    to_stdout(|out| {
        while left > 0 {
            let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let page = match store.journal(after, limit) {
                Ok(page) => page,
                Err(error) => {
                    failed = Some(error);
                    return Ok(());
                }
            };
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            left = left.saturating_sub(u64::try_from(page.len()).unwrap_or(u64::MAX));
            for entry in &page {
                if is_json {
                    writeln!(out, "{}", entry_json(entry))?;
                    continue;
                }
                let time = jiff::Timestamp::from_microsecond(entry.time_us);
                let args = Args::new()
                    .text("seq", entry.seq.to_string())
                    .text("time", time.map(|time| format!("{time:.0}")).unwrap_or_default())
                    .text("actor", visible(&entry.actor).into_owned())
                    .text("act", visible(&entry.act).into_owned())
                    .text("subject", visible(&entry.subject).into_owned());
                writeln!(out, "{}", texts.message("cli-journal-entry", &args))?;
            }
        }
        Ok(())
    })?;
    failed.map_or(Ok(Exit::Clean), |error| Err(error.into()))
}

/// Makes a file of the owner's only, which must not be there yet.
fn new_file(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(UsageError(CopyError::Exists { path: path.to_owned() }.to_string()).into())
        }
        opened => opened.with_context(|| path.display().to_string()),
    }
}

fn write_journal(store: &StoreReader, recipients: &[String], out: &mut dyn Write) -> Result<Anchor> {
    if recipients.is_empty() {
        return Ok(store.export_journal(out)?);
    }
    #[cfg(feature = "age")]
    {
        use haechi_store::journal::{ExportError, export_encrypted};
        export_encrypted(store, recipients, out).map_err(|error| match error {
            ExportError::Recipient { .. } | ExportError::Nobody => UsageError(error.to_string()).into(),
            ExportError::Encrypt(_) | ExportError::Io(_) => error.into(),
        })
    }
    #[cfg(not(feature = "age"))]
    anyhow::bail!("this build cannot encrypt for age; build it with `--features age`")
}

fn export(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let store = open(matches)?;
    let recipients: Vec<String> = matches.get_many::<String>("age").into_iter().flatten().cloned().collect();
    let anchor = match file(matches).filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            let mut to = new_file(path)?;
            let written = write_journal(&store, &recipients, &mut to);
            if written.is_err() {
                // Half a journal is none; the error counts, not that of taking it back.
                let _ = std::fs::remove_file(path);
            }
            let anchor = written?;
            to.sync_all()?;
            anchor
        }
        None => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let anchor = write_journal(&store, &recipients, &mut out)?;
            out.flush()?;
            anchor
        }
    };
    let args = Args::new().text("entries", anchor.entries.to_string()).text("anchor", anchor.to_string());
    // Where standard error is closed, nobody is there to tell.
    let _ = writeln!(io::stderr(), "{}", texts.message("cli-journal-exported", &args));
    Ok(Exit::Clean)
}

fn verify_journal(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let report = match file(matches) {
        None => Ok(open(matches)?.verify(kept(matches), &Keys::none())?.journal),
        Some(path) if path.as_os_str() == "-" => read(&mut io::stdin().lock(), kept(matches)),
        Some(path) => {
            let from = File::open(path).with_context(|| path.display().to_string())?;
            read(&mut BufReader::new(from), kept(matches))
        }
    };
    let report = match report {
        Ok(report) => report,
        Err(error @ ReadError::Io(_)) => return Err(error.into()),
        Err(error) => {
            let (id, args) = unreadable(&error);
            let told = texts.message(id, &args);
            to_stdout(|out| match is_json(matches) {
                true => writeln!(out, "{:#}", json!({"good": false, "broken": told})),
                false => writeln!(out, "{told}"),
            })?;
            return Ok(Exit::Findings);
        }
    };
    to_stdout(|out| match is_json(matches) {
        true => writeln!(out, "{:#}", journal_json(&report, texts)),
        false => journal_lines(&report, texts).iter().try_for_each(|line| writeln!(out, "{line}")),
    })?;
    Ok(if report.broken.is_none() { Exit::Clean } else { Exit::Findings })
}

fn read(from: &mut dyn BufRead, kept: Option<&Kept>) -> Result<Report, ReadError> {
    read_lines_against(from, kept)
}

fn unreadable(error: &ReadError) -> (&'static str, Args<'_>) {
    let args = Args::new();
    match error {
        ReadError::Line { line, detail } => {
            let args = args.text("line", line.to_string()).text("detail", visible(detail).into_owned());
            ("cli-journal-no-entry", args)
        }
        ReadError::TooLong { line } => ("cli-journal-long", args.text("line", line.to_string())),
        ReadError::Cut { entries } => ("cli-journal-cut", args.text("entries", entries.to_string())),
        ReadError::Io(error) => {
            ("cli-journal-no-entry", args.text("line", "").text("detail", error.to_string()))
        }
    }
}
