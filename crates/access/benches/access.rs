//! Questions to a large cluster: 10,000 service accounts, 50,000 bindings, 2,000 cluster roles and a role in each of
//! 500 namespaces; paths also with 200 nodes and 10,200 pods.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test or benchmark fails by panicking"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use haechi_access::attack::{self, Goal, Start};
use haechi_access::{Action, Inventory, Request, Snapshot, Subject};

#[path = "../tests/large_cluster/mod.rs"]
mod large_cluster;

fn questions(criterion: &mut Criterion) {
    let snapshot = large_cluster::snapshot(10_000, 50_000);
    let user = "system:serviceaccount:ns-7:sa-7007";
    let groups = ["system:serviceaccounts", "system:serviceaccounts:ns-7", "system:authenticated"];
    let ask = |namespace, verb, resource| {
        let action = Action::on(verb, "apps", resource, namespace);
        snapshot.decide(&Request { user, groups: &groups, action })
    };
    criterion.bench_function("can-i, denied", |bencher| {
        bencher.iter(|| black_box(ask(black_box("ns-7"), "escalate", "deployments/scale")));
    });
    criterion.bench_function("can-i, other namespace", |bencher| {
        bencher.iter(|| black_box(ask(black_box("ns-499"), "get", "deployments")));
    });
    criterion.bench_function("who-can get deployments in a namespace", |bencher| {
        bencher.iter(|| {
            black_box(snapshot.who_can(black_box(&Action::on("get", "apps", "deployments", "ns-7"))))
        });
    });
    criterion.bench_function("who-can get secrets everywhere", |bencher| {
        bencher.iter(|| black_box(snapshot.who_can(black_box(&Action::on("get", "", "secrets", "")))));
    });
}

fn paths(criterion: &mut Criterion) {
    let snapshot = large_cluster::snapshot(10_000, 50_000);
    let inventory = large_cluster::inventory(10_000);
    criterion.bench_function("attack graph and everybody's way to cluster-admin, roles alone", |bencher| {
        let empty = Inventory::default();
        bencher.iter(|| black_box(ways_to_admin(&snapshot, &empty)));
    });
    criterion.bench_function("attack graph and everybody's way to cluster-admin", |bencher| {
        bencher.iter(|| black_box(ways_to_admin(&snapshot, &inventory)));
    });
    let graph = attack::build(&snapshot, &inventory, None);
    let start = graph.start_facts(&Start::Subject(Subject::service_account("ns-7", "sa-7007")));
    let goals = graph.goal_facts(&Goal::ClusterAdmin);
    criterion.bench_function("one path to cluster-admin", |bencher| {
        bencher.iter(|| black_box(graph.path(&snapshot, start[0], &goals)));
    });
}

fn ways_to_admin(snapshot: &Snapshot, inventory: &Inventory) -> usize {
    let graph = attack::build(snapshot, inventory, None);
    let goals = graph.goal_facts(&Goal::ClusterAdmin);
    graph.paths_to(snapshot, &goals).len()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = questions, paths
}
criterion_main!(benches);
