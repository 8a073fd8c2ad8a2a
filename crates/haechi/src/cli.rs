use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};
use haechi_model::{Priority, Severity};
use haechi_policy::pss::LevelVersion;
use haechi_report::{Args, GroupBy, Language, Texts};

/// The whole command line, its help in the language of `texts`. Texts are found by place: `cli-scan` for a command,
/// `cli-scan-fail-on` for its options, `cli-global-lang` for those of all commands.
pub fn command(texts: &Texts) -> Command {
    let command = Command::new("haechi")
        .version(env!("CARGO_PKG_VERSION"))
        .arg_required_else_help(true)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("lang")
                .long("lang")
                .global(true)
                .value_parser(PossibleValuesParser::new(Language::ALL.map(Language::as_str))),
        )
        .arg(
            Arg::new("color")
                .long("color")
                .global(true)
                .value_parser(["auto", "always", "never"])
                .default_value("auto"),
        )
        .subcommand(scan())
        .subcommand(
            what_to_scan(Command::new("baseline"))
                .arg(Arg::new("write").long("write").short('w').value_parser(value_parser!(PathBuf))),
        )
        .subcommand(
            Command::new("config").arg_required_else_help(true).subcommand_required(true).subcommand(
                Command::new("show")
                    .arg(Arg::new("path").value_parser(value_parser!(PathBuf)))
                    .arg(Arg::new("origin").long("origin").action(ArgAction::SetTrue))
                    .arg(config()),
            ),
        )
        .subcommand(
            Command::new("explain").arg(Arg::new("id").required(true)).arg(output(&["text", "json"], "text")),
        )
        .subcommand(
            Command::new("completions")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(clap_complete::Shell))),
        )
        .subcommand(detect())
        .subcommand(rules())
        .subcommand(policy())
        .subcommand(Command::new("checks").arg(output(&["table", "json"], "table")))
        .subcommand(crate::access::command())
        .subcommand(crate::network::command());
    #[cfg(feature = "serve")]
    let command = command
        .subcommand(crate::commands::alerts::command())
        .subcommand(crate::commands::incidents::command())
        .subcommand(crate::commands::serve::command())
        .subcommand(crate::commands::store::command());
    localise(command, texts, "cli")
}

fn detect() -> Command {
    let priorities = PossibleValuesParser::new(Priority::ALL.map(Priority::as_str));
    Command::new("detect")
        .arg(events().required(true))
        .arg(rule_files().required(false).long("rules").short('r'))
        .arg(output(&["text", "json", "sarif", "ocsf"], "text"))
        .arg(event_source())
        .arg(Arg::new("flow-columns").long("flow-columns"))
        .arg(Arg::new("min-priority").long("min-priority").ignore_case(true).value_parser(priorities))
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue))
        .arg(Arg::new("follow").long("follow").short('f').action(ArgAction::SetTrue))
}

fn rules() -> Command {
    Command::new("rules")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(
            Command::new("list")
                .arg(rule_files().required(false).num_args(1..))
                .arg(output(&["table", "json"], "table")),
        )
        .subcommand(
            Command::new("test").arg(rule_files().num_args(1..)).arg(output(&["text", "json"], "text")),
        )
        .subcommand(Command::new("builtin"))
        .subcommand(
            Command::new("explain")
                .arg(events().required(true))
                .arg(rule_files().required(false).long("rules").short('r'))
                .arg(Arg::new("rule").long("rule"))
                .arg(event_source())
                .arg(Arg::new("flow-columns").long("flow-columns")),
        )
}

fn policy() -> Command {
    let judged = |command: Command| {
        let command = command
            .arg(policies("policy").short('p').required(true))
            .arg(Arg::new("paths").required(true).num_args(1..).value_parser(value_parser!(PathBuf)))
            .arg(policies("inventory").short('i'))
            .arg(Arg::new("operation").long("operation").value_parser(["create", "update"]))
            .arg(Arg::new("external-data").long("external-data").value_parser(value_parser!(PathBuf)));
        #[cfg(feature = "providers")]
        let command = command.arg(
            Arg::new("ask-providers")
                .long("ask-providers")
                .action(ArgAction::SetTrue)
                .conflicts_with("external-data"),
        );
        command
            .arg(Arg::new("rego-first").long("rego-first").action(ArgAction::SetTrue))
            .arg(output(&["text", "json"], "text"))
    };
    let thresholds = ["deny", "warn", "any", "never"];
    Command::new("policy")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .subcommand(
            judged(Command::new("apply"))
                .arg(Arg::new("all").long("all").action(ArgAction::SetTrue))
                .arg(Arg::new("fail-on").long("fail-on").value_parser(thresholds).default_value("deny")),
        )
        .subcommand(
            Command::new("test")
                .arg(Arg::new("paths").required(true).num_args(1..).value_parser(value_parser!(PathBuf)))
                .arg(Arg::new("run").long("run").short('r'))
                .arg(Arg::new("verbose").long("verbose").short('v').action(ArgAction::SetTrue))
                .arg(Arg::new("rego-first").long("rego-first").action(ArgAction::SetTrue)),
        )
        .subcommand(judged(Command::new("explain")))
}

/// An option that names files or folders, one each time.
fn policies(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Append).value_parser(value_parser!(PathBuf))
}

fn events() -> Arg {
    Arg::new("events").num_args(1..).value_parser(value_parser!(PathBuf))
}

/// As an option it takes one file each time, so that events may follow it.
fn rule_files() -> Arg {
    Arg::new("rules").required(true).action(ArgAction::Append).value_parser(value_parser!(PathBuf))
}

fn event_source() -> Arg {
    let names = haechi_detect::fields::Source::ALL.iter().map(|source| source.name);
    Arg::new("source").long("source").value_parser(PossibleValuesParser::new(names))
}

fn scan() -> Command {
    let severities = || PossibleValuesParser::new(Severity::ALL.map(Severity::as_str));
    let thresholds =
        PossibleValuesParser::new(Severity::ALL.map(Severity::as_str).into_iter().chain(["never"]));
    what_to_scan(Command::new("scan"))
        .arg(output(&["table", "json", "sarif", "junit", "csv", "html", "github", "openreports"], "table"))
        .arg(Arg::new("fail-on").long("fail-on").value_parser(thresholds).default_value("low"))
        .arg(Arg::new("min-severity").long("min-severity").value_parser(severities()).default_value("info"))
        .arg(Arg::new("baseline").long("baseline").value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("fix").long("fix").action(ArgAction::SetTrue).conflicts_with("cluster"))
        .arg(Arg::new("unsafe-fixes").long("unsafe-fixes").action(ArgAction::SetTrue).requires("fix"))
        .arg(Arg::new("diff").long("diff").action(ArgAction::SetTrue).requires("fix"))
        .arg(
            Arg::new("group-by")
                .long("group-by")
                .value_parser(PossibleValuesParser::new(GroupBy::ALL.map(GroupBy::as_str)))
                .default_value(GroupBy::default().as_str()),
        )
        .arg(
            Arg::new("owner-label")
                .long("owner-label")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .default_values(["owner", "team"]),
        )
}

/// Options that several commands share; their texts stand under `cli-scan`.
const SHARED: &[&str] = &[
    "paths",
    "namespace",
    "all",
    "only",
    "skip",
    "pod-security",
    "render",
    "helm-values",
    "policies",
    "no-ignore",
    "max-file-size",
    "threads",
    "config",
];

fn what_to_scan(command: Command) -> Command {
    let command = command
        .arg(
            Arg::new("paths")
                .required_unless_present("cluster")
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue))
        .arg(Arg::new("only").long("only").value_delimiter(',').action(ArgAction::Append))
        .arg(Arg::new("skip").long("skip").value_delimiter(',').action(ArgAction::Append))
        .arg(Arg::new("pod-security").long("pod-security").value_parser(level_version))
        .arg(Arg::new("render").long("render").action(ArgAction::SetTrue))
        .arg(
            Arg::new("helm-values")
                .long("helm-values")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(policies("policies"))
        .arg(Arg::new("no-ignore").long("no-ignore").action(ArgAction::SetTrue))
        .arg(
            Arg::new("max-file-size")
                .long("max-file-size")
                .value_parser(value_parser!(u32).range(1..=1024))
                .default_value("64"),
        )
        .arg(Arg::new("threads").long("threads").short('j').value_parser(value_parser!(u16).range(1..=512)))
        .arg(config())
        .arg(Arg::new("namespace").long("namespace").short('n').requires("cluster"));
    crate::connection::arguments(command)
}

fn config() -> Arg {
    Arg::new("config").long("config").value_parser(value_parser!(PathBuf))
}

/// `restricted`, `baseline:v1.30`, `privileged:latest`.
pub(crate) fn level_version(text: &str) -> Result<LevelVersion, String> {
    let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
    let level = level.parse().map_err(|error| format!("level {error}"))?;
    let version = version.parse().map_err(|error| format!("version {error}"))?;
    Ok(LevelVersion { level, version })
}

pub(crate) fn output(formats: &[&'static str], default: &'static str) -> Arg {
    Arg::new("output")
        .long("output")
        .short('o')
        .value_parser(PossibleValuesParser::new(formats.iter().copied()))
        .default_value(default)
}

/// Puts the texts in, from the command down to each option. What clap would say in English by itself (headings,
/// defaults, choices) is said here, in the language of `texts`.
fn localise(command: Command, texts: &Texts, id: &str) -> Command {
    let label = |id: &str| texts.message(id, &Args::new());
    let template = format!("{{about}}\n\n{}: {{usage}}\n\n{{all-args}}{{after-help}}", label("cli-usage"));
    let mut command = command
        .about(label(id))
        .help_template(template)
        .subcommand_help_heading(label("cli-commands"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("help").long("help").short('h').action(ArgAction::Help));
    if command.get_version().is_some() {
        command = command.arg(Arg::new("version").long("version").short('V').action(ArgAction::Version));
    }
    // Other commands have options of these names with another meaning.
    let scans_files = matches!(id, "cli-scan" | "cli-baseline" | "cli-config-show");
    let names: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    // Another command may have an option `--cluster` of its own.
    let connects = names.iter().any(|name| name == "kubeconfig");
    #[cfg(feature = "serve")]
    let asks = names.iter().any(|name| name == "token-file");
    for name in names {
        let message = match name.as_str() {
            "lang" | "color" | "help" | "version" => format!("cli-global-{name}"),
            // Several clusters may be watched.
            "context" if id == "cli-serve" => "cli-serve-context".to_owned(),
            name if crate::connection::NAMES.contains(&name) && connects => format!("cli-connection-{name}"),
            #[cfg(feature = "serve")]
            name if crate::remote::NAMES.contains(&name) && asks => format!("cli-remote-{name}"),
            name if SHARED.contains(&name) && scans_files => format!("cli-scan-{name}"),
            name => format!("{id}-{name}"),
        };
        let value = texts.find(&message, Some("value"), &Args::new()).map(|value| value.into_owned());
        command = command.mut_arg(name, |arg| {
            let heading = label(if arg.is_positional() { "cli-arguments" } else { "cli-options" });
            let help = with_choices(label(&message), &arg, texts);
            let hides = takes_value(&arg);
            let mut arg = arg.help(help).help_heading(heading);
            if hides {
                arg = arg.hide_default_value(true).hide_possible_values(true);
            }
            match value {
                Some(value) => arg.value_name(value),
                None => arg,
            }
        });
    }
    if let Some(more) = texts.find(id, Some("more"), &Args::new()) {
        command = command.after_help(more.into_owned());
    }
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in subcommands {
        let id = format!("{id}-{name}");
        command = command.mut_subcommand(name, |sub| localise(sub, texts, &id));
    }
    command
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The help of an option, followed by what can be given and what is taken otherwise.
fn with_choices(help: String, arg: &Arg, texts: &Texts) -> String {
    let mut help = help;
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes_value(arg) && !choices.is_empty() {
        help.push(' ');
        help.push_str(&texts.message("cli-choices", &Args::new().text("choices", choices.join(", "))));
    }
    let defaults: Vec<&str> =
        arg.get_default_values().iter().filter_map(|default| default.to_str()).collect();
    if !defaults.is_empty() {
        help.push(' ');
        help.push_str(&texts.message("cli-default", &Args::new().text("default", defaults.join(", "))));
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_has_its_text() {
        for language in Language::ALL {
            let mut command = command(&Texts::new(language));
            command.build();
            check(&command);
        }
    }

    fn check(command: &Command) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.starts_with("cli"), "{}: {about}", command.get_name());
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty() && !help.starts_with("cli"),
                "{} {}: {help}",
                command.get_name(),
                arg.get_id()
            );
        }
        command.get_subcommands().for_each(check);
    }
}
