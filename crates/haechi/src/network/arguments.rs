use std::path::PathBuf;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_network::Profile;
use haechi_network::l4::Protocol;
use haechi_network::list::Focus;
use haechi_network::world::Direction;
use haechi_report::{Args, Texts};

use crate::exit::UsageError;

/// The commands; their texts are found by place, see [`crate::command`].
pub(crate) fn command() -> Command {
    Command::new("network")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            focused(cni(files(Command::new("reach"))))
                .arg(output(&["text", "json", "csv", "markdown", "dot", "svg"])),
        )
        .subcommand(
            cni(files(Command::new("explain")))
                .arg(Arg::new("from").required(true))
                .arg(Arg::new("to").required(true))
                .arg(Arg::new("port"))
                .arg(output(&["text", "json"])),
        )
        .subcommand(
            cni(files(Command::new("exposed")))
                .arg(workload())
                .arg(fail_on(&["never", "internet", "namespaces"]))
                .arg(output(&["text", "json", "csv", "markdown", "dot"])),
        )
        .subcommand(
            cni(Command::new("diff"))
                .arg(Arg::new("before").required(true).value_parser(value_parser!(PathBuf)))
                .arg(Arg::new("after").required(true).value_parser(value_parser!(PathBuf)))
                .arg(workload())
                .arg(fail_on(&["never", "any", "added", "removed"]))
                .arg(output(&["text", "json", "csv", "markdown", "dot"])),
        )
        .subcommand(
            flows(cni(files(Command::new("generate"))))
                .arg(Arg::new("ingress-namespace").long("ingress-namespace"))
                .arg(Arg::new("no-default-deny").long("no-default-deny").action(ArgAction::SetTrue))
                .arg(Arg::new("no-dns").long("no-dns").action(ArgAction::SetTrue))
                .arg(Arg::new("include-refused").long("include-refused").action(ArgAction::SetTrue))
                .arg(output(&["yaml", "json"])),
        )
        .subcommand(flows(cni(files(Command::new("observe")))).arg(output(&["text", "json"])))
}

fn files(command: Command) -> Command {
    command.arg(
        Arg::new("file")
            .long("file")
            .short('f')
            .required(true)
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf)),
    )
}

fn cni(command: Command) -> Command {
    let names = Profile::ALL.map(|profile| profile.name);
    command.arg(
        Arg::new("cni")
            .long("cni")
            .value_parser(PossibleValuesParser::new(names))
            .default_value(Profile::STRICT.name),
    )
}

fn workload() -> Arg {
    Arg::new("workload").long("workload").short('w').action(ArgAction::Append)
}

fn focused(command: Command) -> Command {
    command
        .arg(workload())
        .arg(Arg::new("direction").long("direction").value_parser(["ingress", "egress"]).requires("workload"))
        .arg(Arg::new("peer").long("peer").action(ArgAction::Append).requires("workload"))
        .arg(Arg::new("port").long("port"))
        .arg(Arg::new("ipv6").long("ipv6").action(ArgAction::SetTrue))
}

fn flows(command: Command) -> Command {
    let is_observe = command.get_name() == "observe";
    command
        .arg(
            Arg::new("flows")
                .long("flows")
                .required(is_observe)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("format").long("format").value_parser(["auto", "vpc", "hubble"]).default_value("auto"))
}

fn fail_on(values: &[&'static str]) -> Arg {
    Arg::new("fail-on")
        .long("fail-on")
        .value_parser(PossibleValuesParser::new(values.iter().copied()))
        .default_value(values.first().copied().unwrap_or("never"))
}

fn output(formats: &[&'static str]) -> Arg {
    Arg::new("output")
        .long("output")
        .short('o')
        .value_parser(PossibleValuesParser::new(formats.iter().copied()))
        .default_value(formats.first().copied().unwrap_or("text"))
}

pub(super) fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.try_get_one::<String>(name).ok().flatten().map_or("", String::as_str)
}

pub(super) fn texts_of(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.try_get_many::<String>(name).ok().flatten().into_iter().flatten().cloned().collect()
}

pub(super) fn paths(matches: &ArgMatches, name: &str) -> Vec<PathBuf> {
    matches.try_get_many::<PathBuf>(name).ok().flatten().into_iter().flatten().cloned().collect()
}

pub(super) fn profile(matches: &ArgMatches) -> Profile {
    Profile::by_name(text(matches, "cni")).unwrap_or_default()
}

/// Which connections are asked for.
pub(super) fn focus(matches: &ArgMatches, texts: &Texts) -> Result<Focus> {
    let connection = match text(matches, "port") {
        "" => None,
        given => Some(parse_port(given).ok_or_else(|| bad_port(given, texts))?),
    };
    Ok(Focus {
        workloads: texts_of(matches, "workload"),
        direction: match text(matches, "direction") {
            "ingress" => Some(Direction::Ingress),
            "egress" => Some(Direction::Egress),
            _ => None,
        },
        peers: texts_of(matches, "peer"),
        connection,
        ipv6: matches.try_get_one::<bool>("ipv6").ok().flatten().copied().unwrap_or_default(),
        entry_may_be_any: true,
    })
}

pub(super) fn bad_port(given: &str, texts: &Texts) -> anyhow::Error {
    UsageError(texts.message("network-bad-port", &Args::new().text("given", given.to_owned()))).into()
}

/// `80`, `:80`, `80/udp` or `udp/80`.
pub(super) fn parse_port(given: &str) -> Option<(Protocol, u16)> {
    let given = given.strip_prefix(':').unwrap_or(given);
    let (protocol, port) = match given.split_once('/') {
        None => (Protocol::Tcp, given),
        Some((left, right)) => {
            // By name only: a number is the port.
            let named = |text: &str| {
                Protocol::parse(text).filter(|_| text.bytes().all(|byte| byte.is_ascii_alphabetic()))
            };
            match named(right) {
                Some(protocol) => (protocol, left),
                None => (named(left)?, right),
            }
        }
    };
    let port = port.parse::<u16>().ok().filter(|port| *port > 0 && protocol.has_ports())?;
    Some((protocol, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_as_people_write_it() {
        assert_eq!(parse_port("80"), Some((Protocol::Tcp, 80)));
        assert_eq!(parse_port(":80"), Some((Protocol::Tcp, 80)));
        assert_eq!(parse_port("53/udp"), Some((Protocol::Udp, 53)));
        assert_eq!(parse_port("UDP/53"), Some((Protocol::Udp, 53)));
        for wrong in ["", "0", "65536", "http", "80/", "/80", "80/icmp", "80/tcp/1", "-1"] {
            assert_eq!(parse_port(wrong), None, "{wrong}");
        }
    }
}
