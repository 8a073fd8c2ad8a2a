use std::path::PathBuf;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_access::{Action, Subject};
use haechi_report::{Args, Texts};

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
            Command::new("diff")
                .arg(Arg::new("before").required(true).value_parser(value_parser!(PathBuf)))
                .arg(Arg::new("after").required(true).value_parser(value_parser!(PathBuf)))
                .arg(output(&["text", "json"])),
        )
        .subcommand(
            inputs(Command::new("matrix"))
                .arg(Arg::new("system").long("system").action(ArgAction::SetTrue))
                .arg(output(&["text", "json"])),
        )
}

fn inputs(command: Command) -> Command {
    command
        .arg(
            Arg::new("file")
                .long("file")
                .short('f')
                .required(true)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("whole").long("whole").action(ArgAction::SetTrue))
}

fn action(command: Command) -> Command {
    inputs(command)
        .arg(Arg::new("verb").required(true))
        .arg(Arg::new("resource").required(true))
        .arg(Arg::new("name"))
        .arg(namespace())
}

fn observed(command: Command) -> Command {
    command
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

/// Resources that people write without their group.
const GROUPS: &[(&str, &[&str])] = &[
    ("apps", &["deployments", "daemonsets", "statefulsets", "replicasets", "controllerrevisions"]),
    ("batch", &["jobs", "cronjobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies", "ingressclasses"]),
    ("policy", &["poddisruptionbudgets"]),
    ("rbac.authorization.k8s.io", &["roles", "rolebindings", "clusterroles", "clusterrolebindings"]),
    ("storage.k8s.io", &["storageclasses", "volumeattachments", "csidrivers", "csinodes"]),
    ("certificates.k8s.io", &["certificatesigningrequests", "signers"]),
    ("coordination.k8s.io", &["leases"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "mutatingadmissionpolicies",
        ],
    ),
];

/// What is asked, with its parts owned.
pub(super) struct Asked {
    verb: String,
    group: String,
    resource: String,
    name: String,
    namespace: String,
}

impl Asked {
    /// Reads `VERB RESOURCE [NAME] -n NAMESPACE`: the resource as `pods`, `deployments.apps`, `pods/log`,
    /// `deployments.apps/scale`, or a path that begins with `/`.
    pub(super) fn read(matches: &ArgMatches) -> Self {
        let written = text(matches, "resource");
        let (verb, name, namespace) = (
            text(matches, "verb").to_owned(),
            text(matches, "name").to_owned(),
            text(matches, "namespace").to_owned(),
        );
        if written.starts_with('/') {
            return Asked { verb, group: String::new(), resource: written.to_owned(), name, namespace };
        }
        let (resource, subresource) = written.split_once('/').unwrap_or((written, ""));
        let (resource, group) = match resource.split_once('.') {
            Some((resource, group)) => (resource, group),
            None => {
                let known = GROUPS.iter().find(|(_, resources)| resources.contains(&resource));
                (resource, known.map_or("", |(group, _)| group))
            }
        };
        let resource =
            if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
        Asked { verb, group: group.to_owned(), resource, name, namespace }
    }

    pub(super) fn action(&self) -> Action<'_> {
        if self.resource.starts_with('/') {
            Action::on_url(&self.verb, &self.resource)
        } else {
            Action::on(&self.verb, &self.group, &self.resource, &self.namespace).named(&self.name)
        }
    }

    /// The question on one line.
    pub(super) fn describe(&self) -> String {
        let mut out = format!("{} {}", self.verb, self.resource);
        for (before, part) in [(".", &self.group), (" ", &self.name)] {
            if !part.is_empty() {
                out.push_str(before);
                out.push_str(part);
            }
        }
        out
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}
