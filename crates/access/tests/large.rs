//! A large cluster with workloads: the graph holds what it should, and nothing grows with the product of things.

mod large_cluster;

use haechi_access::attack::{self, Goal, Start};
use haechi_access::{Action, Answer, Request};

#[test]
fn large_cluster_with_workloads_is_answered() {
    let snapshot = large_cluster::snapshot(500, 2_500);
    let inventory = large_cluster::inventory(500);
    let graph = attack::build(&snapshot, &inventory, None);
    let (facts, edges) = graph.size();
    // A few edges for each binding, pod and namespace; a product of two of them would be millions.
    assert!(facts < 60_000 && edges < 150_000, "{facts} facts, {edges} edges");
    let ways = graph.paths_to(&snapshot, &graph.goal_facts(&Goal::ClusterAdmin));
    assert!(ways.iter().any(|(_, path)| !path.steps.is_empty()));
    // The agent reads the tokens of all pods of its node.
    let start = graph.start_facts(&Start::Pod("ns-1".into(), "agent-7".into()));
    assert!(!graph.gains(&snapshot, start[0]).is_empty());
    let user = "system:serviceaccount:ns-7:sa-7";
    let request = Request { user, groups: &[], action: Action::on("escalate", "", "pods", "ns-7") };
    assert_eq!(snapshot.decide(&request).answer, Answer::Denied);
}
