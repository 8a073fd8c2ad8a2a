use std::path::PathBuf;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_access::{Action, Subject};
use haechi_report::{Args, Texts};

use super::resources;
use crate::exit::UsageError;

/// The commands; their texts are found by place, see [`crate::command`].
pub(crate) fn command() -> Command {
    Command::new("access")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            action(Command::new("can-i"))
                .arg(Arg::new("as").long("as").required(true))
                .arg(Arg::new("as-group").long("as-group").action(ArgAction::Append))
                .arg(Arg::new("authorization-mode").long("authorization-mode"))
                .arg(output(&["text", "json"])),
        )
        .subcommand(action(Command::new("who-can")).arg(output(&["text", "json"])))
        .subcommand(
            inputs(Command::new("list"))
                .arg(Arg::new("subject").required(true))
                .arg(namespace())
                .arg(output(&["text", "json"])),
        )
        .subcommand(
            inputs(Command::new("paths"))
                .arg(Arg::new("from").long("from"))
                .arg(Arg::new("to").long("to").default_value("cluster-admin"))
                .arg(Arg::new("exposed").long("exposed").action(ArgAction::SetTrue).conflicts_with("from"))
                .arg(Arg::new("cut").long("cut").action(ArgAction::SetTrue))
                .arg(output(&["text", "json", "dot", "svg"])),
        )
        .subcommand(
            inputs(Command::new("threat-model"))
                .arg(Arg::new("since").long("since").value_parser(value_parser!(PathBuf)))
                .arg(output(&["markdown", "html", "json"])),
        )
        .subcommand(
            observed(Command::new("generate"))
                .arg(Arg::new("subject").required(true))
                .arg(Arg::new("name").long("name").default_value("haechi-generated"))
                .arg(Arg::new("widen").long("widen").action(ArgAction::SetTrue))
                .arg(Arg::new("include-refused").long("include-refused").action(ArgAction::SetTrue))
                .arg(output(&["yaml", "json"])),
        )
        .subcommand(observed(Command::new("unused")).arg(Arg::new("subject")).arg(output(&["text", "json"])))
        .subcommand(inputs(Command::new("audit")).arg(output(&["text", "json"])))
        .subcommand(
            crate::connection::arguments(Command::new("diff"))
                .arg(Arg::new("before").required_unless_present("audit").value_parser(value_parser!(PathBuf)))
                .arg(
                    Arg::new("after")
                        .required_unless_present_any(["audit", "cluster"])
                        .conflicts_with_all(["audit", "cluster"])
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(
                    Arg::new("audit")
                        .long("audit")
                        .action(ArgAction::Append)
                        .conflicts_with("cluster")
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(Arg::new("whole").long("whole").action(ArgAction::SetTrue))
                .arg(output(&["text", "json"])),
        )
        .subcommand(
            inputs(Command::new("matrix"))
                .arg(Arg::new("system").long("system").action(ArgAction::SetTrue))
                .arg(output(&["text", "json"])),
        )
}

fn inputs(command: Command) -> Command {
    let command = command
        .arg(
            Arg::new("file")
                .long("file")
                .short('f')
                .required_unless_present("cluster")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("whole").long("whole").action(ArgAction::SetTrue));
    crate::connection::arguments(command)
}

fn action(command: Command) -> Command {
    inputs(command)
        .arg(Arg::new("verb").required(true))
        .arg(Arg::new("resource").required(true))
        .arg(Arg::new("name"))
        .arg(namespace())
}

fn observed(command: Command) -> Command {
    crate::connection::arguments(command)
        .arg(
            Arg::new("file")
                .long("file")
                .short('f')
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("audit")
                .long("audit")
                .required(true)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("whole").long("whole").action(ArgAction::SetTrue))
}

fn namespace() -> Arg {
    Arg::new("namespace").long("namespace").short('n')
}

fn output(formats: &[&'static str]) -> Arg {
    Arg::new("output")
        .long("output")
        .short('o')
        .value_parser(PossibleValuesParser::new(formats.iter().copied()))
        .default_value(formats.first().copied().unwrap_or("text"))
}

pub(super) fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map_or("", String::as_str)
}

pub(super) fn paths(matches: &ArgMatches, name: &str) -> Vec<PathBuf> {
    matches.try_get_many::<PathBuf>(name).ok().flatten().into_iter().flatten().cloned().collect()
}

/// The subject that an argument names.
pub(super) fn subject(matches: &ArgMatches, name: &str, texts: &Texts) -> Result<Subject> {
    let given = text(matches, name);
    Subject::parse(given).ok_or_else(|| {
        UsageError(texts.message("access-bad-subject", &Args::new().text("given", given.to_owned()))).into()
    })
}

/// What is asked, with its parts owned.
pub(super) struct Asked {
    verb: String,
    group: String,
    resource: String,
    name: String,
    namespace: String,
    /// How the question was understood, where that is not as it was written.
    pub(super) notes: Vec<String>,
}

impl Asked {
    /// Reads `VERB RESOURCE [NAME] -n NAMESPACE`: the resource as `pods`, `deployments.apps`, `pods/log`,
    /// `deployments.apps/scale`, `deploy/NAME`, or a path that begins with `/`. The question is put as the API server
    /// puts it to its authorizers: with a namespace only where there is one, with a name only where the request has it.
    pub(super) fn read(matches: &ArgMatches, texts: &Texts) -> Self {
        let owned = |name| text(matches, name).to_owned();
        let written = text(matches, "resource");
        let mut asked = Asked {
            verb: owned("verb"),
            group: String::new(),
            resource: written.to_owned(),
            name: owned("name"),
            namespace: owned("namespace"),
            notes: Vec::new(),
        };
        if !written.starts_with('/') {
            asked.read_resource(written, texts);
        }
        asked
    }

    fn read_resource(&mut self, written: &str, texts: &Texts) {
        let (resource, mut part) = written.split_once('/').unwrap_or((written, ""));
        let (resource, group) = match resource.split_once('.') {
            Some((resource, group)) => (resource, Some(group)),
            None => (resource, None),
        };
        let known = resources::find(resource, group);
        let plural = known.map_or(resource, |known| known.plural);
        self.group = known.map_or(group.unwrap_or_default(), |known| known.group).to_owned();
        if let Some(known) = known
            && !part.is_empty()
            && !resources::is_subresource(known, part)
            && self.name.is_empty()
        {
            self.name = std::mem::take(&mut part).to_owned();
            self.note(texts, "access-note-name", plural);
        }
        self.resource = if part.is_empty() { plural.to_owned() } else { format!("{plural}/{part}") };
        let has_no_name =
            (self.verb == "create" && part.is_empty()) || matches!(self.verb.as_str(), "deletecollection");
        if has_no_name && !self.name.is_empty() {
            self.note(texts, "access-note-nameless", plural);
            self.name.clear();
        }
        if plural == "namespaces" && self.group.is_empty() {
            // A request on one namespace is made in it.
            if !self.name.is_empty() {
                self.namespace.clone_from(&self.name);
            }
        } else if known.is_some_and(|known| !known.is_namespaced) && !self.namespace.is_empty() {
            self.note(texts, "access-note-cluster-scoped", plural);
            self.namespace.clear();
        }
        if known.is_none() && group.is_none() && resource != "*" {
            self.note(texts, "access-note-unknown-resource", plural);
        }
    }

    fn note(&mut self, texts: &Texts, id: &str, resource: &str) {
        let args = Args::new()
            .text("resource", resource.to_owned())
            .text("name", self.name.clone())
            .text("namespace", self.namespace.clone())
            .text("verb", self.verb.clone());
        self.notes.push(texts.message(id, &args));
    }

    pub(super) fn action(&self) -> Action<'_> {
        if self.resource.starts_with('/') {
            Action::on_url(&self.verb, &self.resource)
        } else {
            Action::on(&self.verb, &self.group, &self.resource, &self.namespace).named(&self.name)
        }
    }

    /// The question on one line, as people write it: `get deployments.apps/scale web`.
    pub(super) fn describe(&self) -> String {
        let resource = match (self.resource.split_once('/'), self.group.as_str()) {
            (_, "") => self.resource.clone(),
            (Some((resource, part)), group) => format!("{resource}.{group}/{part}"),
            (None, group) => format!("{}.{group}", self.resource),
        };
        let name = if self.name.is_empty() { String::new() } else { format!(" {}", self.name) };
        format!("{} {resource}{name}", self.verb)
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}
