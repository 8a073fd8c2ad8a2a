//! Why something passes or not: the policies and rules that decide, with their places.

use crate::engine::{Engine, Verdict};
use crate::l4::Protocol;
use crate::space::{ConnId, Line};
use crate::world::{Action, Direction, Layer, Origin, PolicyRef, StageKind};

/// What decided a part of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A rule names it.
    Rule {
        /// Index of the policy.
        policy: usize,
        /// Index of the rule in the policy's list for the direction.
        rule: usize,
        /// What the rule does.
        action: Action,
    },
    /// Policies are for the endpoint and none of their rules names it.
    NotNamed {
        /// The stage of these policies.
        stage: usize,
    },
    /// No policy says anything: it passes.
    Default,
}

/// A part of the traffic and what decided it.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The part.
    pub set: ConnId,
    /// Whether it passes.
    pub passes: bool,
    /// Whether that is sure.
    pub is_sure: bool,
    /// Why.
    pub reason: Reason,
}

/// One side of the answer.
#[derive(Debug, Clone)]
pub struct Side {
    /// Egress of the source, or ingress of the destination.
    pub direction: Direction,
    /// What passes this side.
    pub verdict: Verdict,
    /// The policies that are for the endpoint in this direction, in the order in which they are asked.
    pub policies: Vec<usize>,
    /// What decided which part; parts of several allowing rules may overlap.
    pub causes: Vec<Cause>,
}

/// The whole answer for a pair.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What passes both sides.
    pub verdict: Verdict,
    /// The source's side.
    pub egress: Side,
    /// The destination's side.
    pub ingress: Side,
}

/// Explains what passes from one number of the universe to another; with `about`, only that part of the traffic.
pub fn explain(engine: &mut Engine, from: usize, to: usize, about: ConnId) -> Explanation {
    let egress = side(engine, Direction::Egress, from, to, about);
    let ingress = side(engine, Direction::Ingress, to, from, about);
    let allowed = engine.space().intersect(egress.verdict.allowed, ingress.verdict.allowed);
    let possible = engine.space().intersect(egress.verdict.possible, ingress.verdict.possible);
    Explanation { verdict: Verdict { allowed, possible }, egress, ingress }
}

fn side(engine: &mut Engine, direction: Direction, class: usize, other: usize, about: ConnId) -> Side {
    let verdict = engine.side(direction, class, other);
    let verdict = Verdict {
        allowed: engine.space().intersect(verdict.allowed, about),
        possible: engine.space().intersect(verdict.possible, about),
    };
    let policies = engine.policies_for(direction, class);
    let (of_network, of_mesh) = by_layer(engine, &policies);
    let mut causes = Vec::new();
    let mut open = about;
    let mut from = 0;
    let stage_of =
        |engine: &Engine, policy: usize| engine.world().policies.get(policy).map(|policy| policy.stage);
    while let Some(stage) = of_network.get(from).and_then(|policy| stage_of(engine, *policy)) {
        let count = of_network
            .iter()
            .skip(from)
            .take_while(|policy| stage_of(engine, **policy) == Some(stage))
            .count();
        let of_stage = of_network.get(from..from + count).unwrap_or_default();
        let kind = engine.world().stages.get(stage).map(|stage| stage.kind);
        open = match kind {
            Some(StageKind::Union) => union(engine, direction, of_stage, class, other, open, &mut causes),
            _ => {
                let is_closed = kind == Some(StageKind::Closed);
                ordered(engine, direction, of_stage, class, other, open, is_closed, &mut causes)
            }
        };
        from += count;
    }
    if !open.is_empty() {
        causes.push(Cause { set: open, passes: true, is_sure: true, reason: Reason::Default });
    }
    if !of_mesh.is_empty() {
        // The mesh is asked about the TCP connections that the network lets through.
        let mut passing = ConnId::EMPTY;
        for cause in &causes {
            let is_final = !matches!(cause.reason, Reason::Rule { action: Action::Pass, .. });
            if cause.passes && is_final {
                passing = engine.space().union(passing, cause.set);
            }
        }
        let tcp = engine.space().ranges(Line::Target, &[Protocol::Tcp.all()]);
        let passing = engine.space().intersect(passing, tcp);
        if !passing.is_empty() {
            union(engine, direction, &of_mesh, class, other, passing, &mut causes);
        }
    }
    Side { direction, verdict, policies, causes }
}

/// The policies that the network enforces, and those of the mesh.
fn by_layer(engine: &Engine, policies: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let is_of_mesh = |policy: &usize| {
        let world = engine.world();
        let stage = world.policies.get(*policy).and_then(|policy| world.stages.get(policy.stage));
        stage.is_some_and(|stage| stage.layer == Layer::Mesh)
    };
    let (of_mesh, of_network) = policies.iter().copied().partition(is_of_mesh);
    (of_network, of_mesh)
}

fn rules(engine: &Engine, direction: Direction, policy: usize) -> Vec<Action> {
    let rules = engine.world().policies.get(policy).and_then(|policy| policy.rules(direction));
    rules.unwrap_or_default().iter().map(|rule| rule.action).collect()
}

fn stage(engine: &Engine, policies: &[usize]) -> usize {
    policies.first().and_then(|policy| engine.world().policies.get(*policy)).map_or(0, |policy| policy.stage)
}

fn union(
    engine: &mut Engine,
    direction: Direction,
    policies: &[usize],
    class: usize,
    other: usize,
    open: ConnId,
    causes: &mut Vec<Cause>,
) -> ConnId {
    let mut left = open;
    let mut named = ConnId::EMPTY;
    for wanted in [Action::Deny, Action::Allow] {
        for policy in policies {
            let is_surely_for = engine.is_surely_for(*policy, class);
            for (rule, action) in rules(engine, direction, *policy).into_iter().enumerate() {
                if action != wanted {
                    continue;
                }
                let hit = engine.rule_hit(*policy, direction, rule, class, other);
                let part = engine.space().intersect(left, hit.possible);
                if part.is_empty() {
                    continue;
                }
                causes.push(Cause {
                    set: part,
                    passes: action == Action::Allow,
                    is_sure: is_surely_for && hit.allowed == hit.possible,
                    reason: Reason::Rule { policy: *policy, rule, action },
                });
                if action == Action::Deny {
                    left = engine.space().minus(left, part);
                } else {
                    named = engine.space().union(named, part);
                }
            }
        }
    }
    let isolates = policies
        .iter()
        .any(|policy| engine.world().policies.get(*policy).is_some_and(|policy| policy.isolates));
    let rest = engine.space().minus(left, named);
    if !isolates {
        return rest;
    }
    if !rest.is_empty() {
        let is_sure = policies.iter().all(|policy| engine.is_surely_for(*policy, class));
        let reason = Reason::NotNamed { stage: stage(engine, policies) };
        causes.push(Cause { set: rest, passes: false, is_sure, reason });
    }
    ConnId::EMPTY
}

#[expect(clippy::too_many_arguments, reason = "the state of one walk, nowhere else needed")]
fn ordered(
    engine: &mut Engine,
    direction: Direction,
    policies: &[usize],
    class: usize,
    other: usize,
    open: ConnId,
    is_closed: bool,
    causes: &mut Vec<Cause>,
) -> ConnId {
    let (mut left, mut passed) = (open, ConnId::EMPTY);
    for policy in policies {
        let is_surely_for = engine.is_surely_for(*policy, class);
        for (rule, action) in rules(engine, direction, *policy).into_iter().enumerate() {
            let hit = engine.rule_hit(*policy, direction, rule, class, other);
            let part = engine.space().intersect(left, hit.possible);
            if part.is_empty() || action == Action::Log {
                continue;
            }
            let is_sure = is_surely_for
                && hit.allowed == hit.possible
                && !may_be_overruled(engine, direction, (policies, *policy), (class, other), (part, action));
            causes.push(Cause {
                set: part,
                passes: action != Action::Deny,
                is_sure,
                reason: Reason::Rule { policy: *policy, rule, action },
            });
            if action == Action::Pass {
                passed = engine.space().union(passed, part);
            }
            left = engine.space().minus(left, part);
        }
    }
    if !is_closed {
        return engine.space().union(left, passed);
    }
    if !left.is_empty() {
        let reason = Reason::NotNamed { stage: stage(engine, policies) };
        causes.push(Cause { set: left, passes: false, is_sure: true, reason });
    }
    passed
}

/// Whether another policy of equal priority, which may be asked first, does something else with a part of the traffic.
fn may_be_overruled(
    engine: &mut Engine,
    direction: Direction,
    (policies, policy): (&[usize], usize),
    (class, other): (usize, usize),
    (part, action): (ConnId, Action),
) -> bool {
    let numbers: Vec<u32> = policies.iter().filter_map(|policy| u32::try_from(*policy).ok()).collect();
    let is_of = |group: &Vec<u32>, policy: usize| group.iter().any(|index| *index as usize == policy);
    let groups = engine.by_priority(&numbers);
    let Some(rivals) = groups.into_iter().find(|rivals| rivals.iter().any(|group| is_of(group, policy)))
    else {
        return false;
    };
    for rival in rivals.into_iter().filter(|group| !is_of(group, policy)).flatten() {
        let rival = rival as usize;
        for (rule, other_action) in rules(engine, direction, rival).into_iter().enumerate() {
            let hit = engine.rule_hit(rival, direction, rule, class, other);
            if other_action != action && !engine.space().intersect(part, hit.possible).is_empty() {
                return true;
            }
        }
    }
    false
}

/// Name and place of what a reason refers to.
pub fn place(engine: &Engine, direction: Direction, reason: Reason) -> Option<(PolicyRef, Option<Origin>)> {
    let Reason::Rule { policy, rule, .. } = reason else { return None };
    let policy = engine.world().policies.get(policy)?;
    let rule = policy.rules(direction)?.get(rule)?;
    Some((policy.id.clone(), rule.origin.clone().or_else(|| policy.origin.clone())))
}

/// Why a policy that is for an endpoint does not let a part of the traffic through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Miss {
    /// It has no rules for the direction.
    NoRules,
    /// None of its rules means the other side.
    NoPeer,
    /// This rule means the other side, but other ports or requests.
    OtherPorts {
        /// Index of the rule.
        rule: usize,
    },
    /// This rule means the other side, but the destination has no port of the name that it gives.
    UnknownName {
        /// Index of the rule.
        rule: usize,
    },
}

/// One step on the way to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A rule names it.
    Rule {
        /// Index of the policy.
        policy: usize,
        /// Index of the rule.
        rule: usize,
        /// What the rule does.
        action: Action,
    },
    /// A policy is for the endpoint and lets nothing of it through.
    Miss {
        /// Index of the policy.
        policy: usize,
        /// Why.
        miss: Miss,
    },
}

/// A part of the traffic that goes one way through the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The part.
    pub set: ConnId,
    /// Whether it passes.
    pub passes: bool,
    /// What decides, in the order in which it is asked; empty where nothing restricts it. All rules that allow a part
    /// are named, not only the first.
    pub steps: Vec<Step>,
}

/// Cuts traffic into parts by what decides about it on one side. The parts do not overlap and together are `about`.
pub fn parts(
    engine: &mut Engine,
    direction: Direction,
    class: usize,
    other: usize,
    about: ConnId,
) -> Vec<Part> {
    let (policies, of_mesh) = {
        let all = engine.policies_for(direction, class);
        by_layer(engine, &all)
    };
    let stage_of =
        |engine: &Engine, policy: usize| engine.world().policies.get(policy).map(|policy| policy.stage);
    let mut open: Vec<(ConnId, Vec<Step>)> = vec![(about, Vec::new())];
    let mut decided: Vec<Part> = Vec::new();
    let mut from = 0;
    while let Some(stage) = policies.get(from).and_then(|policy| stage_of(engine, *policy)) {
        let count =
            policies.iter().skip(from).take_while(|policy| stage_of(engine, **policy) == Some(stage)).count();
        let of_stage = policies.get(from..from + count).unwrap_or_default().to_vec();
        let kind = engine.world().stages.get(stage).map(|stage| stage.kind);
        let ends = Ends { direction, class, other };
        open = match kind {
            Some(StageKind::Union) => parts_of_union(engine, ends, &of_stage, open, &mut decided),
            _ => {
                let is_closed = kind == Some(StageKind::Closed);
                parts_of_ordered(engine, ends, &of_stage, open, is_closed, &mut decided)
            }
        };
        from += count;
    }
    decided.extend(open.into_iter().map(|(set, steps)| Part { set, passes: true, steps }));
    if !of_mesh.is_empty() {
        let tcp = engine.space().ranges(Line::Target, &[Protocol::Tcp.all()]);
        let ends = Ends { direction, class, other };
        for part in std::mem::take(&mut decided) {
            let seen = engine.space().intersect(part.set, tcp);
            if !part.passes || seen.is_empty() {
                decided.push(part);
                continue;
            }
            let beside = engine.space().minus(part.set, tcp);
            let open = vec![(seen, part.steps.clone())];
            let left = parts_of_union(engine, ends, &of_mesh, open, &mut decided);
            decided.extend(left.into_iter().map(|(set, steps)| Part { set, passes: true, steps }));
            decided.push(Part { set: beside, passes: true, steps: part.steps });
        }
    }
    // Parts that the same steps decide are one.
    let mut merged: Vec<Part> = Vec::new();
    for part in decided.into_iter().filter(|part| !part.set.is_empty()) {
        match merged.iter_mut().find(|known| known.steps == part.steps && known.passes == part.passes) {
            Some(known) => known.set = engine.space().union(known.set, part.set),
            None => merged.push(part),
        }
    }
    merged
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    direction: Direction,
    class: usize,
    other: usize,
}

type Open = Vec<(ConnId, Vec<Step>)>;

fn parts_of_ordered(
    engine: &mut Engine,
    Ends { direction, class, other }: Ends,
    policies: &[usize],
    mut open: Open,
    is_closed: bool,
    decided: &mut Vec<Part>,
) -> Open {
    let mut passed: Open = Vec::new();
    for policy in policies {
        for (rule, action) in rules(engine, direction, *policy).into_iter().enumerate() {
            if action == Action::Log {
                continue;
            }
            let hit = engine.rule_hit(*policy, direction, rule, class, other).possible;
            for (set, steps) in &mut open {
                let part = engine.space().intersect(*set, hit);
                if part.is_empty() {
                    continue;
                }
                *set = engine.space().minus(*set, part);
                let mut steps = steps.clone();
                steps.push(Step::Rule { policy: *policy, rule, action });
                match action {
                    Action::Pass => passed.push((part, steps)),
                    _ => decided.push(Part { set: part, passes: action == Action::Allow, steps }),
                }
            }
            open.retain(|(set, _)| !set.is_empty());
        }
    }
    if is_closed {
        for (set, mut steps) in open.drain(..) {
            steps.extend(policies.iter().map(|policy| Step::Miss {
                policy: *policy,
                miss: miss(engine, direction, *policy, class, other),
            }));
            decided.push(Part { set, passes: false, steps });
        }
    }
    open.extend(passed);
    open
}

fn parts_of_union(
    engine: &mut Engine,
    Ends { direction, class, other }: Ends,
    policies: &[usize],
    open: Open,
    decided: &mut Vec<Part>,
) -> Open {
    let mut left: Open = open;
    for policy in policies {
        for (rule, action) in rules(engine, direction, *policy).into_iter().enumerate() {
            if action != Action::Deny {
                continue;
            }
            let hit = engine.rule_hit(*policy, direction, rule, class, other).possible;
            for (set, steps) in &mut left {
                let part = engine.space().intersect(*set, hit);
                if !part.is_empty() {
                    *set = engine.space().minus(*set, part);
                    let mut steps = steps.clone();
                    steps.push(Step::Rule { policy: *policy, rule, action });
                    decided.push(Part { set: part, passes: false, steps });
                }
            }
        }
    }
    // Every part with the rules that allow it: cut by one rule after the other.
    let mut allowed: Vec<(ConnId, Vec<Step>, bool)> =
        left.into_iter().map(|(set, steps)| (set, steps, false)).collect();
    for policy in policies {
        for (rule, action) in rules(engine, direction, *policy).into_iter().enumerate() {
            if action != Action::Allow {
                continue;
            }
            let hit = engine.rule_hit(*policy, direction, rule, class, other).possible;
            let mut cut = Vec::new();
            for (set, steps, is_allowed) in allowed {
                let (part, rest) = (engine.space().intersect(set, hit), engine.space().minus(set, hit));
                if !part.is_empty() {
                    let mut steps = steps.clone();
                    steps.push(Step::Rule { policy: *policy, rule, action });
                    cut.push((part, steps, true));
                }
                if !rest.is_empty() {
                    cut.push((rest, steps, is_allowed));
                }
            }
            allowed = cut;
        }
    }
    let isolates = policies
        .iter()
        .any(|policy| engine.world().policies.get(*policy).is_some_and(|policy| policy.isolates));
    let mut rest = Vec::new();
    for (set, mut steps, is_allowed) in allowed {
        if is_allowed {
            decided.push(Part { set, passes: true, steps });
        } else if isolates {
            steps.extend(policies.iter().map(|policy| Step::Miss {
                policy: *policy,
                miss: miss(engine, direction, *policy, class, other),
            }));
            decided.push(Part { set, passes: false, steps });
        } else {
            rest.push((set, steps));
        }
    }
    rest
}

/// Why a policy does not name traffic between two ends that none of its rules allows.
pub fn miss(engine: &mut Engine, direction: Direction, policy: usize, class: usize, other: usize) -> Miss {
    let actions = rules(engine, direction, policy);
    if actions.is_empty() {
        return Miss::NoRules;
    }
    for rule in (0..actions.len()).filter(|rule| actions.get(*rule) == Some(&Action::Allow)) {
        if !engine.peers(policy, direction, rule).is_some_and(|peers| peers.contains(other)) {
            continue;
        }
        let hit = engine.rule_hit(policy, direction, rule, class, other).possible;
        let of_rule =
            engine.world().policies.get(policy).and_then(|policy| policy.rules(direction)?.get(rule));
        let has_names = of_rule.is_some_and(|rule| {
            rule.traffic.iter().any(|part| part.ports.as_ref().is_some_and(|ports| !ports.names.is_empty()))
        });
        return if hit.is_empty() && has_names {
            Miss::UnknownName { rule }
        } else {
            Miss::OtherPorts { rule }
        };
    }
    Miss::NoPeer
}
