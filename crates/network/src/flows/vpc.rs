//! VPC flow logs.

use haechi_syntax::flow_log::{FlowColumns, NoFlow, column};

use super::{Flow, FlowEnd, Observed, address, by_address, lines};
use crate::l4::Protocol;
use crate::world::World;

/// Reads VPC flow logs: lines of fields apart by spaces, in the default order or in that of a header line. Of the two
/// records of a connection, the one whose destination port is the lower (or a port that the destination declares) is
/// taken as the direction in which it was opened.
///
/// The columns of a log may be in any order if a line names them, as `${srcaddr}` or `srcaddr`; those of a later version that
/// no line names are not guessed, for one address could be taken for another.
pub fn read_vpc(bytes: &[u8], world: &World) -> Observed {
    let addresses = by_address(world);
    let mut observed = Observed::default();
    let mut columns = FlowColumns::default();
    for (number, line) in lines(bytes, &mut observed) {
        if let Some(named) = FlowColumns::from_header(line) {
            columns = named;
            continue;
        }
        let cells = match columns.split(line) {
            Ok(cells) => cells,
            Err(reason) => {
                observed.skip(
                    number,
                    match reason {
                        NoFlow::Malformed => "no line of this flow log",
                        NoFlow::UnknownColumns => "no line names the columns of this flow log",
                    },
                );
                continue;
            }
        };
        let get = |name: &str| cells.get(column(name)?).copied().filter(|value| !matches!(*value, "" | "-"));
        if matches!(get("log-status"), Some("NODATA" | "SKIPDATA")) {
            continue;
        }
        // The packet's own addresses are those of pods where the interface's are those of nodes.
        let end_of = |packet: &str, interface: &str| address(get(packet).or_else(|| get(interface))?);
        let (Some(source), Some(destination)) =
            (end_of("pkt-srcaddr", "srcaddr"), end_of("pkt-dstaddr", "dstaddr"))
        else {
            observed.skip(number, "no source or destination address");
            continue;
        };
        let protocol =
            get("protocol").and_then(|number| number.parse::<u8>().ok()).map(Protocol::from_number);
        let port = |name: &str| get(name).and_then(|port| port.parse::<u16>().ok());
        if protocol.is_some_and(|protocol| !protocol.has_ports()) {
            observed.without_ports += 1;
            continue;
        }
        let (Some(protocol), Some(source_port), Some(destination_port)) =
            (protocol, port("srcport"), port("dstport"))
        else {
            observed.skip(number, "no protocol or ports");
            continue;
        };
        let end = |address: std::net::IpAddr| match addresses.get(&address) {
            Some(index) => FlowEnd::Endpoint(*index),
            None => FlowEnd::Address(address),
        };
        let declares = |end: &FlowEnd, port: u16| match end {
            FlowEnd::Endpoint(index) => world.endpoints.get(*index).is_some_and(|endpoint| {
                endpoint.ports.iter().any(|declared| declared.port == port && declared.protocol == protocol)
            }),
            FlowEnd::Address(_) => false,
        };
        let (from, to) = (end(source), end(destination));
        let is_answer = match (declares(&to, destination_port), declares(&from, source_port)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => source_port < destination_port && source_port < 32_768,
        };
        let was_allowed = get("action").map(|action| action == "ACCEPT");
        let flow = if is_answer {
            Flow { from: to, to: from, protocol, port: source_port, was_allowed }
        } else {
            Flow { from, to, protocol, port: destination_port, was_allowed }
        };
        observed.add(number, flow);
    }
    observed.sort();
    observed
}
