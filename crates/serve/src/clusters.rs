//! How the clusters fare that one service watches, each by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

/// How a cluster fares. Times are in microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterState {
    /// The address of its API server.
    pub server: String,
    /// Since when it has answered without a break; nothing while it does not.
    pub reachable_since_us: Option<i64>,
    /// Since when it has not answered; nothing while it does, and before it was first asked.
    pub unreachable_since_us: Option<i64>,
    /// When a kind of objects was last listed.
    pub last_listed_us: Option<i64>,
    /// When its findings were last brought up to date.
    pub last_judged_us: Option<i64>,
    /// What is wrong.
    pub error: Option<String>,
}

impl ClusterState {
    /// As the API tells it.
    pub fn json(&self) -> Json {
        json!({
            "server": self.server, "reachableSince_us": self.reachable_since_us,
            "unreachableSince_us": self.unreachable_since_us, "lastListed_us": self.last_listed_us,
            "lastJudged_us": self.last_judged_us, "error": self.error,
        })
    }

    /// Notes whether the server answered; the time of the first such answer counts.
    pub fn answered(&mut self, answers: bool, now_us: i64) {
        let (since, other) = match answers {
            true => (&mut self.reachable_since_us, &mut self.unreachable_since_us),
            false => (&mut self.unreachable_since_us, &mut self.reachable_since_us),
        };
        since.get_or_insert(now_us);
        *other = None;
    }
}

/// Longest name of a cluster, in bytes.
const MAX_NAME: usize = 253;

/// Whether a cluster may be called so: contexts of kubectl have all kinds of names, and they stand in labels, links and logs.
pub fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

/// All clusters that are watched, by name.
#[derive(Debug, Default)]
pub struct Clusters(Mutex<BTreeMap<String, ClusterState>>);

impl Clusters {
    /// Takes over how one fares.
    pub fn tell(&self, cluster: &str, state: ClusterState) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.to_owned(), state);
    }

    /// A copy of all, or of the one that somebody may know of.
    pub fn all(&self, only: Option<&str>) -> BTreeMap<String, ClusterState> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.retain(|name, _| only.is_none_or(|only| only == name));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_answers_since_its_first_answer_after_a_break() {
        let mut state = ClusterState::default();
        state.answered(true, 1);
        state.answered(true, 2);
        assert_eq!((state.reachable_since_us, state.unreachable_since_us), (Some(1), None));
        state.answered(false, 3);
        state.answered(false, 4);
        assert_eq!((state.reachable_since_us, state.unreachable_since_us), (None, Some(3)));
        state.answered(true, 5);
        assert_eq!((state.reachable_since_us, state.unreachable_since_us), (Some(5), None));
    }

    #[test]
    fn who_is_good_for_one_cluster_learns_of_no_other() {
        let clusters = Clusters::default();
        clusters.tell("a", ClusterState::default());
        clusters.tell("b", ClusterState::default());
        assert_eq!(clusters.all(None).into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(clusters.all(Some("b")).into_keys().collect::<Vec<_>>(), ["b"]);
        assert!(clusters.all(Some("c")).is_empty());
    }
}
