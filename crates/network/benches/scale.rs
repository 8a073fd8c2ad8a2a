//! A cluster of 100,000 pods in 200 namespaces under 10,000 policies, whose labels make 5,000 classes.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use haechi_network::l4::Protocol;
use haechi_network::world::{
    Action, Endpoint, LabelExpr, Match, Namespace, NamespaceExpr, PeerExpr, Policy, PolicyRef, PortSet, Rule,
    Stage, StageKind, World,
};
use haechi_network::{ConnId, Engine, Profile};

const NAMESPACES: usize = 200;
const APPS: usize = 25;
const PODS_PER_APP: usize = 20;
const POLICIES: usize = 10_000;

fn world() -> World {
    let mut world = World {
        stages: vec![Stage {
            name: "np".into(),
            kind: StageKind::Union,
            layer: haechi_network::world::Layer::Network,
        }],
        ..World::default()
    };
    for namespace in 0..NAMESPACES {
        let name = format!("ns{namespace}");
        let labels = [("team", format!("t{}", namespace % 20)), ("env", format!("e{}", namespace % 3))];
        let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        world.namespaces.insert(name.clone(), Namespace { labels, is_defined: true });
        for app in 0..APPS {
            for pod in 0..PODS_PER_APP {
                let labels = [
                    ("app".to_owned(), format!("app{app}")),
                    ("tier".to_owned(), format!("tier{}", app % 4)),
                    ("pod".to_owned(), format!("{pod}")),
                ];
                world.endpoints.push(Endpoint {
                    namespace: name.clone(),
                    name: format!("app{app}-{pod}"),
                    workload: "Pod".into(),
                    labels: labels.into_iter().collect(),
                    ..Endpoint::default()
                });
            }
        }
    }
    for index in 0..POLICIES {
        world.policies.push(policy(index));
    }
    world
}

fn one_of(key: &str, value: String) -> LabelExpr {
    LabelExpr::In(key.to_owned(), vec![value])
}

fn policy(index: usize) -> Policy {
    let namespace = format!("ns{}", index % NAMESPACES);
    let number = index / NAMESPACES;
    let subject = match number % 50 {
        0 => LabelExpr::All,
        n if n % 5 == 1 => one_of("tier", format!("tier{}", n % 4)),
        n => one_of("app", format!("app{}", n % APPS)),
    };
    let port = u16::try_from(1000 + index % 97).unwrap();
    let traffic = vec![Match {
        ports: Some(PortSet { ranges: vec![Protocol::Tcp.ports(port, port + 3)], names: Vec::new() }),
        ..Match::default()
    }];
    let rule = |peer: PeerExpr| Rule {
        action: Action::Allow,
        peer,
        subject: PeerExpr::All,
        traffic: traffic.clone(),
        selectors: Vec::new(),
        is_uncertain: false,
        name: None,
        origin: None,
    };
    let near = PeerExpr::Pods {
        namespaces: NamespaceExpr::Named(namespace.clone()),
        pods: one_of("app", format!("app{}", (number + 3) % APPS)),
    };
    let far = PeerExpr::Pods {
        namespaces: NamespaceExpr::Labels(one_of("team", format!("t{}", index % 20))),
        pods: one_of("tier", format!("tier{}", index % 4)),
    };
    let block =
        haechi_network::ip::IpRange::parse_cidr(&format!("203.{}.{}.0/24", index % 50, index % 7)).unwrap();
    let outside = PeerExpr::Addresses([block].into_iter().collect());
    Policy {
        id: PolicyRef {
            kind: "NetworkPolicy".into(),
            namespace: Some(namespace.clone()),
            name: format!("p{index}"),
        },
        stage: 0,
        order: 0.0,
        subject: PeerExpr::Pods { namespaces: NamespaceExpr::Named(namespace), pods: subject },
        ingress: Some(vec![rule(near.clone()), rule(far.clone())]),
        egress: index.is_multiple_of(2).then(|| vec![rule(near), rule(outside)]),
        isolates: true,
        unreadable: None,
        origin: None,
    }
}

fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Processor time of this process so far, in milliseconds: what a machine shared with others does not blur.
fn processor_ms() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before may hold blanks; it ends with the last bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

fn all_pairs(engine: &mut Engine) -> u64 {
    let mut open = 0;
    engine.for_each_pair(|_, _, verdict| open += u64::from(!verdict.allowed.is_empty()));
    open
}

#[expect(clippy::print_stdout, reason = "figures of the benchmark")]
fn scale(criterion: &mut Criterion) {
    {
        let world = world();
        let before = processor_ms();
        let mut engine = Engine::new(world, Profile::CILIUM);
        let built = processor_ms();
        let open = all_pairs(&mut engine);
        if let (Some(before), Some(built), Some(after), Some(mib)) =
            (before, built, processor_ms(), resident_mib())
        {
            println!(
                "once: {} ms to build, {} ms for all pairs (processor time), {mib} MiB at most, {open} pairs open",
                built - before,
                after - built
            );
        }
    }
    let world = world();
    let mut group = criterion.benchmark_group("network");
    group.sample_size(10);
    group.bench_function("build_and_all_pairs", |bencher| {
        bencher.iter_batched(
            || world.clone(),
            |world| all_pairs(&mut Engine::new(world, Profile::CILIUM)),
            BatchSize::PerIteration,
        );
    });
    let mut changed = policy(4_321);
    changed.ingress = Some(Vec::new());
    let mut engine = Engine::with_more(world.clone(), Profile::CILIUM, std::slice::from_ref(&changed), &[]);
    let mut is_changed = false;
    group.bench_function("diff_of_one_policy", |bencher| {
        bencher.iter(|| {
            is_changed = !is_changed;
            let new = if is_changed { changed.clone() } else { policy(4_321) };
            engine.replace_policy(4_321, new).len()
        });
    });
    group.bench_function("explain", |bencher| {
        bencher.iter(|| {
            haechi_network::explain::explain(&mut engine, 1_234, 1_240, ConnId::ALL).ingress.causes.len()
        });
    });
    group.finish();
}

criterion_group!(benches, scale);
criterion_main!(benches);
