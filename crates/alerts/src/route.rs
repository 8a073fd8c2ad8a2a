//! Which receivers an alert goes to.

use std::time::Duration;

use crate::Alert;
use crate::matching::{Matchers, Mismatch};

/// How alerts of a route are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a first alert waits for others.
    pub wait: Duration,
    /// The least time between two notifications of a group.
    pub interval: Duration,
    /// When an alert that lasts is told again; an event that comes again within this time is counted, not told.
    pub repeat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(30),
            interval: Duration::from_secs(5 * 60),
            repeat: Duration::from_secs(4 * 3600),
        }
    }
}

/// A branch of the tree of routes.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its place in the tree: `default`, `1`, `1.2` …
    pub id: String,
    /// The line of the configuration that it begins on, one-based.
    pub line: u32,
    /// Which alerts it is for.
    pub matchers: Matchers,
    /// Names of the receivers; those of the branch above if it names none.
    pub receivers: Vec<String>,
    /// Whether the branches beside it are asked too.
    pub goes_on: bool,
    /// Properties that alerts of a group have in common.
    pub group_by: Vec<String>,
    /// How alerts are gathered.
    pub timing: Timing,
    /// Branches that are asked first.
    pub children: Vec<Route>,
}

/// What a branch said to an alert.
#[derive(Debug, Clone)]
pub struct Step<'r> {
    /// The branch.
    pub route: &'r Route,
    /// Why it is not for this alert; nothing if it is.
    pub mismatch: Option<Mismatch>,
    /// Whether the alert goes to its receivers: a branch below it may have taken the alert instead.
    pub takes: bool,
}

impl Route {
    /// The receivers of an alert, each once: by the branch that names it first.
    pub fn destinations<'r>(&'r self, alert: &Alert, now_us: i64) -> Vec<(&'r Route, &'r str)> {
        let mut found: Vec<(&Route, &str)> = Vec::new();
        for step in self.explain(alert, now_us).iter().filter(|step| step.takes) {
            for receiver in &step.route.receivers {
                if !found.iter().any(|(_, name)| name == receiver) {
                    found.push((step.route, receiver));
                }
            }
        }
        found
    }

    /// All branches that were asked, in their order, and what they said.
    pub fn explain<'r>(&'r self, alert: &Alert, now_us: i64) -> Vec<Step<'r>> {
        let mut steps = Vec::new();
        self.ask(alert, now_us, &mut steps);
        steps
    }

    fn ask<'r>(&'r self, alert: &Alert, now_us: i64, steps: &mut Vec<Step<'r>>) -> bool {
        let mismatch = self.matchers.mismatch(alert, now_us);
        let is_match = mismatch.is_none();
        let own = steps.len();
        steps.push(Step { route: self, mismatch, takes: false });
        if !is_match {
            return false;
        }
        let mut is_taken = false;
        for child in &self.children {
            if child.ask(alert, now_us, steps) {
                is_taken = true;
                if !child.goes_on {
                    break;
                }
            }
        }
        if let Some(step) = steps.get_mut(own).filter(|_| !is_taken) {
            step.takes = true;
        }
        true
    }

    /// The branch and all below it.
    pub fn walk(&self) -> Vec<&Route> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Route::walk));
        all
    }
}
