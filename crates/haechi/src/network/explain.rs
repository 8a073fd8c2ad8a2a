//! `network explain FROM TO [PORT]`: what decides.

use anyhow::Result;
use clap::ArgMatches;
use haechi_network::encryption;
use haechi_network::explain::{self as engine_explain, Cause, Explanation, Miss, Reason, Side};
use haechi_network::flows::Replay;
use haechi_network::l4::{self, Protocol};
use haechi_network::list::{self, End, Workload};
use haechi_network::read::services::PortRef;
use haechi_network::space::Line;
use haechi_network::world::{Direction, EndpointKind};
use haechi_network::{ConnId, Engine, Verdict};
use haechi_report::{Args, Texts};
use serde_json::{Value as Json, json};

use super::arguments::{bad_port, parse_port, paths, profile, text};
use super::load::{Loaded, load};
use super::words;
use crate::Exit;
use crate::commands::to_stdout;
use crate::exit::UsageError;

/// One end of the question.
struct Asked {
    name: String,
    /// Numbers of the universe, each once.
    numbers: Vec<usize>,
    /// The endpoints, where it has any.
    endpoints: Vec<usize>,
    /// The Service that was named, by index.
    service: Option<usize>,
}

/// What is asked of a pair of groups of endpoints, with its answer.
struct Answered {
    answer: Replay,
    from: usize,
    to: usize,
    about: ConnId,
    explanation: Explanation,
}

pub(super) fn explain(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let loaded = load(&paths(matches, "file"), profile(matches));
    let mut engine = loaded.engine();
    let workloads = list::workloads(&engine);
    let from = find(text(matches, "from"), &loaded, &engine, &workloads, texts)?;
    let to = find(text(matches, "to"), &loaded, &engine, &workloads, texts)?;
    let given = text(matches, "port");
    let mut answered = Vec::new();
    for source in &from.numbers {
        for destination in &to.numbers {
            let about = about(given, &to, *destination, &loaded, &mut engine, texts)?;
            let explanation = engine_explain::explain(&mut engine, *source, *destination, about);
            let answer = answer(&mut engine, explanation.verdict, about);
            answered.push(Answered { answer, from: *source, to: *destination, about, explanation });
        }
    }
    let whole = whole(&answered);
    if text(matches, "output") == "json" {
        let parts: Vec<Json> = answered.iter().map(|part| part_json(&mut engine, part)).collect();
        let value = json!({
            "from": from.name,
            "to": to.name,
            "port": (!given.is_empty()).then_some(given),
            "cni": loaded.profile.name,
            "answer": whole.map(words::answer_word),
            "encryption": protection(&loaded, &engine, &from, &to, &answered),
            "pairs": parts,
        });
        to_stdout(|out| {
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)
        })?;
    } else {
        let mut lines = Vec::new();
        for part in &answered {
            lines.extend(part_lines(texts, &mut engine, (&from, &to), part, answered.len() > 1));
        }
        if encryption::is_in_use(&loaded.snapshot) {
            let ways = protection(&loaded, &engine, &from, &to, &answered);
            let ways: Vec<String> =
                ways.iter().map(|way| words::message(texts, &format!("network-encryption-{way}"))).collect();
            lines.push(texts.message("network-encryption", &Args::new().text("ways", ways.join(" + "))));
        }
        to_stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    }
    loaded.tell_problems_of_primary(&engine, texts)?;
    Ok(match whole {
        _ if given.is_empty() => loaded.exit(Exit::Clean),
        Some(Replay::Passes) => loaded.exit(Exit::Clean),
        // Over a secondary network it may pass.
        Some(Replay::Refused) if loaded.has_secondary() => Exit::Incomplete,
        Some(Replay::Refused) => loaded.exit(Exit::Findings),
        Some(Replay::Unknown) | None => Exit::Incomplete,
    })
}

fn usage(texts: &Texts, id: &str, given: &str, known: &str) -> anyhow::Error {
    let args = Args::new().text("given", given.to_owned()).text("known", known.to_owned());
    UsageError(texts.message(id, &args)).into()
}

/// The end that a text means: a workload, a pod, a Service, an address, or the ingress controller.
fn find(
    given: &str,
    loaded: &Loaded,
    engine: &Engine,
    workloads: &[Workload],
    texts: &Texts,
) -> Result<Asked> {
    let world = engine.world();
    if let Ok(address) = given.parse() {
        let owner = world.endpoints.iter().position(|endpoint| endpoint.ips.contains(&address));
        return match (owner, engine.universe().block_of(address)) {
            (Some(owner), _) => {
                Ok(of_endpoints(engine, format!("{given} ({})", name_of(engine, owner)), vec![owner]))
            }
            (None, Some(block)) => Ok(Asked {
                name: given.to_owned(),
                numbers: vec![block],
                endpoints: Vec::new(),
                service: None,
            }),
            (None, None) => Err(usage(texts, "network-no-such-end", given, "")),
        };
    }
    if End::IngressController.is_named(given) {
        let controller =
            world.endpoints.iter().position(|endpoint| endpoint.kind == EndpointKind::IngressController);
        return match controller {
            Some(index) => Ok(of_endpoints(engine, words::end(texts, &End::IngressController), vec![index])),
            None => Err(usage(texts, "network-no-such-end", given, "")),
        };
    }
    let found: Vec<&Workload> = workloads.iter().filter(|workload| workload.end.is_named(given)).collect();
    match found.as_slice() {
        [one] => return Ok(of_endpoints(engine, one.end.to_string(), one.endpoints.clone())),
        [] => {}
        many => {
            let names: Vec<String> = many.iter().map(|workload| workload.end.to_string()).collect();
            return Err(usage(texts, "network-several-ends", given, &names.join(", ")));
        }
    }
    let pods: Vec<usize> = world
        .endpoints
        .iter()
        .enumerate()
        .filter(|(_, endpoint)| {
            !endpoint.pod.is_empty()
                && (endpoint.pod == given || format!("{}/{}", endpoint.namespace, endpoint.pod) == given)
        })
        .map(|(index, _)| index)
        .collect();
    if let [pod] = pods.as_slice() {
        return Ok(of_endpoints(engine, name_of(engine, *pod), pods));
    }
    let services: Vec<usize> = loaded
        .snapshot
        .services
        .iter()
        .enumerate()
        .filter(|(_, service)| {
            service.name == given || format!("{}/{}", service.namespace, service.name) == given
        })
        .map(|(index, _)| index)
        .collect();
    if let [service] = services.as_slice()
        && let Some(of) = loaded.snapshot.services.get(*service)
    {
        let endpoints: Vec<usize> = of.endpoints(world).map(|(index, _)| index).collect();
        if endpoints.is_empty() {
            return Err(usage(texts, "network-service-without-pods", given, ""));
        }
        let name = format!("{}/{}[Service]", of.namespace, of.name);
        return Ok(Asked { service: Some(*service), ..of_endpoints(engine, name, endpoints) });
    }
    let known: Vec<String> = workloads.iter().take(20).map(|workload| workload.end.to_string()).collect();
    Err(usage(texts, "network-no-such-end", given, &known.join(", ")))
}

fn name_of(engine: &Engine, endpoint: usize) -> String {
    engine.world().endpoints.get(endpoint).map_or_else(String::new, |endpoint| {
        if endpoint.pod.is_empty() {
            endpoint.to_string()
        } else {
            format!("{}/{}[Pod]", endpoint.namespace, endpoint.pod)
        }
    })
}

fn of_endpoints(engine: &Engine, name: String, endpoints: Vec<usize>) -> Asked {
    let mut numbers: Vec<usize> =
        endpoints.iter().map(|endpoint| engine.universe().class_of(*endpoint)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Asked { name, numbers, endpoints, service: None }
}

/// The connections that are asked about: a port of the Service, of the pods by number or name, or all.
fn about(
    given: &str,
    to: &Asked,
    number: usize,
    loaded: &Loaded,
    engine: &mut Engine,
    texts: &Texts,
) -> Result<ConnId> {
    if given.is_empty() {
        return Ok(l4::portful(engine.space(), ConnId::ALL));
    }
    let of_number: Vec<_> = to
        .endpoints
        .iter()
        .filter(|endpoint| engine.universe().class_of(**endpoint) == number)
        .filter_map(|endpoint| engine.world().endpoints.get(*endpoint).cloned())
        .collect();
    let bare = given.strip_prefix(':').unwrap_or(given);
    let parsed = parse_port(given);
    let mut targets: Vec<(Protocol, u16)> = Vec::new();
    if let Some(service) = to.service.and_then(|index| loaded.snapshot.services.get(index)) {
        for port in &service.ports {
            let is_asked = match parsed {
                Some((protocol, number)) => port.protocol == protocol && port.port == number,
                None => port.name == bare,
            };
            if is_asked {
                targets.extend(
                    of_number.iter().filter_map(|endpoint| Some((port.protocol, port.on(endpoint)?))),
                );
            }
        }
        if targets.is_empty() {
            let known: Vec<String> = service
                .ports
                .iter()
                .map(|port| match &port.target {
                    PortRef::Number(target) => format!("{}/{} -> {target}", port.port, port.protocol),
                    PortRef::Name(name) => format!("{}/{} -> {name}", port.port, port.protocol),
                })
                .collect();
            return Err(usage(texts, "network-no-such-service-port", given, &known.join(", ")));
        }
    } else if let Some(parsed) = parsed {
        targets.push(parsed);
    } else {
        let named = of_number.iter().flat_map(|endpoint| &endpoint.ports).filter(|port| port.name == bare);
        targets.extend(named.map(|port| (port.protocol, port.port)));
        if targets.is_empty() {
            return Err(bad_port(given, texts));
        }
    }
    let ranges: Vec<_> = targets.into_iter().map(|(protocol, port)| protocol.ports(port, port)).collect();
    Ok(engine.space().ranges(Line::Target, &ranges))
}

fn answer(engine: &mut Engine, verdict: Verdict, about: ConnId) -> Replay {
    if engine.space().is_subset(about, verdict.allowed) {
        Replay::Passes
    } else if engine.space().intersect(about, verdict.possible).is_empty() {
        Replay::Refused
    } else {
        Replay::Unknown
    }
}

/// One answer for all pairs; `None` where they differ.
fn whole(answered: &[Answered]) -> Option<Replay> {
    let first = answered.first()?.answer;
    answered.iter().all(|part| part.answer == first).then_some(first)
}

fn protection(
    loaded: &Loaded,
    engine: &Engine,
    from: &Asked,
    to: &Asked,
    answered: &[Answered],
) -> Vec<&'static str> {
    let world = engine.world();
    let mut ways = std::collections::BTreeSet::new();
    for part in answered {
        let ports = l4::ports_of(engine.space_ref(), part.about, Protocol::Tcp);
        let of = |asked: &Asked, number: usize| {
            let mut of_number =
                asked.endpoints.iter().filter(|endpoint| engine.universe().class_of(**endpoint) == number);
            of_number.next().and_then(|endpoint| world.endpoints.get(*endpoint))
        };
        let source = of(from, part.from).filter(|endpoint| endpoint.kind != EndpointKind::IngressController);
        match of(to, part.to) {
            Some(destination) => {
                ways.extend(encryption::between(&loaded.snapshot, source, destination, &ports));
            }
            None => drop(ways.insert(haechi_network::mesh::Encryption::Unknown)),
        }
    }
    ways.into_iter().map(|way| way.as_str()).collect()
}

fn part_lines(
    texts: &Texts,
    engine: &mut Engine,
    (from, to): (&Asked, &Asked),
    part: &Answered,
    is_one_of_many: bool,
) -> Vec<String> {
    let about = engine.text(part.about);
    let (mut from_name, mut to_name) = (from.name.clone(), to.name.clone());
    if is_one_of_many {
        // Pods of one workload that policies tell apart are told apart by their labels.
        for (name, asked, number) in [(&mut from_name, from, part.from), (&mut to_name, to, part.to)] {
            if asked.numbers.len() > 1 {
                let member = engine.universe().classes.get(number).and_then(|class| class.members.first());
                let endpoint = member.and_then(|member| engine.world().endpoints.get(*member as usize));
                let labels: Vec<String> = endpoint
                    .into_iter()
                    .flat_map(|endpoint| &endpoint.labels)
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                name.push_str(&format!(" {{{}}}", labels.join(",")));
            }
        }
    }
    let answer = answer_text(texts, engine, part.explanation.verdict, part.about);
    let mut lines = vec![format!("{from_name} => {to_name} : {}: {answer}", words::set(texts, &about))];
    let ends = [(from_name.as_str(), part.from, part.to), (to_name.as_str(), part.to, part.from)];
    for (side, ends) in [&part.explanation.egress, &part.explanation.ingress].into_iter().zip(ends) {
        lines.extend(side_lines(texts, engine, side, ends, part.about));
    }
    lines
}

/// The answer in words: what of it passes, where only a part does.
fn answer_text(texts: &Texts, engine: &mut Engine, verdict: Verdict, about: ConnId) -> String {
    let whole = answer(engine, verdict, about);
    let sure = engine.space().intersect(verdict.allowed, about);
    if whole != Replay::Unknown || sure.is_empty() {
        return words::answer(texts, whole);
    }
    let part = engine.text(sure);
    let sure_text = texts.message("network-passes-part", &Args::new().text("part", words::set(texts, &part)));
    let rest = engine.space().minus(verdict.possible, sure);
    let rest = engine.space().intersect(rest, about);
    if rest.is_empty() {
        return sure_text;
    }
    let rest = engine.text(rest);
    let args = Args::new().text("sure", sure_text).text("unknown", words::set(texts, &rest));
    texts.message("network-and-unknown", &args)
}

fn side_lines(
    texts: &Texts,
    engine: &mut Engine,
    side: &Side,
    (end, class, other): (&str, usize, usize),
    about: ConnId,
) -> Vec<String> {
    let verdict = answer_text(texts, engine, side.verdict, about);
    let head = texts.message(
        "network-side",
        &Args::new()
            .text("direction", words::direction(texts, side.direction))
            .text("end", end.to_owned())
            .text("answer", verdict),
    );
    let mut lines = vec![format!("  {head}")];
    for cause in &side.causes {
        lines.push(format!("    {}", cause_line(texts, engine, side.direction, cause, about)));
        if let Reason::NotNamed { stage } = cause.reason {
            for policy in of_stage(engine, side, stage) {
                let policy = &policy;
                let miss = engine_explain::miss(engine, side.direction, *policy, class, other);
                lines.extend(miss_line(texts, engine, side.direction, *policy, miss));
            }
        }
    }
    lines
}

/// The policies of a side that are asked together.
fn of_stage(engine: &Engine, side: &Side, stage: usize) -> Vec<usize> {
    let is_in = |policy: &usize| engine.world().policies.get(*policy).is_some_and(|of| of.stage == stage);
    side.policies.iter().copied().filter(is_in).collect()
}

/// Why a policy does not allow something.
fn miss_line(
    texts: &Texts,
    engine: &Engine,
    direction: Direction,
    policy: usize,
    miss: Miss,
) -> Option<String> {
    let policy = engine.world().policies.get(policy)?;
    let rule = match miss {
        Miss::OtherPorts { rule } | Miss::UnknownName { rule } => Some(rule),
        Miss::NoRules | Miss::NoPeer => None,
    };
    let of_rule = rule.and_then(|rule| policy.rules(direction)?.get(rule)?.origin.as_ref());
    let place = of_rule.or(policy.origin.as_ref()).map(ToString::to_string).unwrap_or_default();
    let id = format!("network-miss-{}", words::miss_word(miss));
    let rule = rule.map(|rule| (rule + 1).to_string()).unwrap_or_default();
    let args = Args::new().text("policy", policy.id.to_string()).text("rule", rule).text("place", place);
    Some(format!("      {}", texts.message(&id, &args)))
}

fn cause_line(
    texts: &Texts,
    engine: &mut Engine,
    direction: Direction,
    cause: &Cause,
    about: ConnId,
) -> String {
    let place = engine_explain::place(engine, direction, cause.reason);
    let (policy, origin) = match place {
        Some((policy, origin)) => {
            (policy.to_string(), origin.map(|origin| origin.to_string()).unwrap_or_default())
        }
        None => (String::new(), String::new()),
    };
    let rule = match cause.reason {
        Reason::Rule { rule, .. } => rule + 1,
        _ => 0,
    };
    let id = format!("network-cause-{}", words::cause_word(cause));
    let args = Args::new().text("policy", policy).number("rule", rule).text("place", origin);
    let mut line = texts.message(&id, &args);
    if cause.set != about {
        let set = engine.text(cause.set);
        line = format!("{}: {line}", words::set(texts, &set));
    }
    if !cause.is_sure {
        line = texts.message("network-not-sure", &Args::new().text("cause", line));
    }
    line
}

fn part_json(engine: &mut Engine, part: &Answered) -> Json {
    let allowed = engine.space().intersect(part.explanation.verdict.allowed, part.about);
    let possible = engine.space().intersect(part.explanation.verdict.possible, part.about);
    let unknown = engine.space().minus(possible, allowed);
    let ends = [(part.from, part.to), (part.to, part.from)];
    let sides: Vec<Json> = [&part.explanation.egress, &part.explanation.ingress]
        .into_iter()
        .zip(ends)
        .map(|(side, ends)| side_json(engine, side, ends, part.about))
        .collect();
    json!({
        "answer": words::answer_word(part.answer),
        "asked": engine.text(part.about),
        "allowed": engine.text(allowed),
        "unknown": (!unknown.is_empty()).then(|| engine.text(unknown)),
        "sides": sides,
    })
}

fn side_json(engine: &mut Engine, side: &Side, (class, other): (usize, usize), about: ConnId) -> Json {
    let verdict = answer(engine, side.verdict, about);
    let is_missed = side.causes.iter().any(|cause| matches!(cause.reason, Reason::NotNamed { .. }));
    let policies: Vec<Json> = side
        .policies
        .iter()
        .filter_map(|policy| {
            let miss = is_missed.then(|| engine_explain::miss(engine, side.direction, *policy, class, other));
            let of = engine.world().policies.get(*policy)?;
            Some(json!({
                "policy": of.id.to_string(),
                "place": of.origin.as_ref().map(ToString::to_string),
                "miss": miss.map(words::miss_word),
            }))
        })
        .collect();
    let causes: Vec<Json> = side
        .causes
        .iter()
        .map(|cause| {
            let place = engine_explain::place(engine, side.direction, cause.reason);
            let rule = match cause.reason {
                Reason::Rule { rule, .. } => Some(rule + 1),
                _ => None,
            };
            json!({
                "connections": engine.text(cause.set),
                "reason": words::cause_word(cause),
                "passes": cause.passes,
                "sure": cause.is_sure,
                "policy": place.as_ref().map(|(policy, _)| policy.to_string()),
                "rule": rule,
                "place": place.and_then(|(_, origin)| origin).map(|origin| origin.to_string()),
            })
        })
        .collect();
    json!({
        "direction": if side.direction == Direction::Ingress { "ingress" } else { "egress" },
        "answer": words::answer_word(verdict),
        "policies": policies,
        "causes": causes,
    })
}
