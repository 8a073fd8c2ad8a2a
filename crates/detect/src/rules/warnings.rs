//! What looks wrong in a condition although it compiles.

use std::collections::BTreeSet;

use crate::condition::{Comparison, Expr, Operand, Operator, Right};
use crate::fields::event_type_count;

/// Calls `visit` for every check: its left side, its operator and its right side (nothing for `exists`).
fn checks<'e>(expr: &'e Expr, visit: &mut impl FnMut(&'e Operand, Operator, Option<&'e Right>)) {
    match expr {
        Expr::And(children, _) | Expr::Or(children, _) => {
            children.iter().for_each(|child| checks(child, visit));
        }
        Expr::Not(child, _) => checks(child, visit),
        Expr::Exists(left, _) => visit(left, Operator::plain(Comparison::Exists), None),
        Expr::Check { left, operator, right, .. } => visit(left, *operator, Some(right)),
        Expr::Macro(..) => {}
    }
}

/// Calls `visit` for every field in an operand.
pub(super) fn fields<'e>(operand: &'e Operand, visit: &mut impl FnMut(&'e str)) {
    match operand {
        Operand::Field(field) => visit(&field.name),
        Operand::Transform { arguments, .. } => {
            arguments.iter().for_each(|argument| fields(argument, visit));
        }
        Operand::List(items, _) => items.iter().for_each(|item| fields(item, visit)),
        Operand::Value(..) => {}
    }
}

/// Whether a field of an audit event is held against the text `<NA>`, which no field ever has.
pub(super) fn has_na_check(expr: &Expr) -> bool {
    let mut found = false;
    checks(expr, &mut |left, operator, right| {
        let mut is_unsafe = false;
        fields(left, &mut |name| is_unsafe = name.starts_with("ka.") || name.starts_with("jevt."));
        let is_equality = operator.modifier.is_none()
            && matches!(
                operator.comparison,
                Comparison::Eq
                    | Comparison::Ne
                    | Comparison::In
                    | Comparison::Intersects
                    | Comparison::PMatch
            );
        found |= is_unsafe
            && is_equality
            && match right {
                Some(Right::Value(value, _)) => value == b"<NA>",
                Some(Right::List(values, _)) => values.iter().any(|value| value == b"<NA>"),
                Some(Right::Operand(_)) | None => false,
            };
    });
    found
}

/// Fields that newer kernels' events do not have any more.
pub(super) const DEPRECATED_FIELDS: [&str; 6] =
    ["evt.dir", "evt.latency", "evt.latency.s", "evt.latency.ns", "evt.latency.human", "evt.wait_latency"];

/// The deprecated fields in a condition.
pub(super) fn deprecated_fields(expr: &Expr) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut look = |name: &str| found.extend(DEPRECATED_FIELDS.into_iter().filter(|field| *field == name));
    checks(expr, &mut |left, _, right| {
        fields(left, &mut look);
        if let Some(Right::Operand(right)) = right {
            fields(right, &mut look);
        }
    });
    found
}

/// A set of event types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventTypes {
    Only(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl EventTypes {
    fn all() -> Self {
        EventTypes::AllBut(BTreeSet::new())
    }

    fn negated(self) -> Self {
        match self {
            EventTypes::Only(names) => EventTypes::AllBut(names),
            EventTypes::AllBut(names) => EventTypes::Only(names),
        }
    }

    fn union(self, other: Self) -> Self {
        self.negated().intersection(other.negated()).negated()
    }

    fn intersection(self, other: Self) -> Self {
        use EventTypes::{AllBut, Only};
        match (self, other) {
            (Only(one), Only(other)) => Only(one.intersection(&other).cloned().collect()),
            (Only(only), AllBut(not)) | (AllBut(not), Only(only)) => {
                Only(only.difference(&not).cloned().collect())
            }
            (AllBut(one), AllBut(other)) => AllBut(one.union(&other).cloned().collect()),
        }
    }

    /// Whether Falco warns about a rule for so many event types. It counts the beginning and the end of each.
    pub(super) fn are_too_many(&self) -> bool {
        let names = match self {
            EventTypes::Only(names) => names.len(),
            EventTypes::AllBut(names) => event_type_count().saturating_sub(names.len()),
        };
        names * 2 > 100
    }

    /// Whether all of the types are among `names`; false for none.
    fn are_among(&self, names: &[&str]) -> bool {
        match self {
            EventTypes::Only(only) => {
                !only.is_empty() && only.iter().all(|name| names.contains(&name.as_str()))
            }
            EventTypes::AllBut(_) => false,
        }
    }
}

/// The event types for which a condition can hold. Checks of other fields say nothing, negated or not.
pub(super) fn event_types(expr: &Expr) -> EventTypes {
    of(expr, false)
}

fn of(expr: &Expr, negated: bool) -> EventTypes {
    let intersection = |children: &[Expr]| {
        children.iter().fold(EventTypes::all(), |types, child| types.intersection(of(child, negated)))
    };
    let union = |children: &[Expr]| {
        let none = EventTypes::Only(BTreeSet::new());
        children.iter().fold(none, |types, child| types.union(of(child, negated)))
    };
    match expr {
        Expr::And(children, _) if negated => union(children),
        Expr::And(children, _) => intersection(children),
        Expr::Or(children, _) if negated => intersection(children),
        Expr::Or(children, _) => union(children),
        Expr::Not(child, _) => of(child, !negated),
        Expr::Macro(..) => EventTypes::all(),
        Expr::Exists(left, _) if negated && is_event_type(left) => EventTypes::Only(BTreeSet::new()),
        Expr::Exists(..) => EventTypes::all(),
        Expr::Check { left, operator, right, .. } => match of_check(left, *operator, right) {
            Some(types) if negated => types.negated(),
            Some(types) => types,
            None => EventTypes::all(),
        },
    }
}

fn is_event_type(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(field)
        if field.argument.is_none() && matches!(field.name.as_str(), "evt.type" | "syscall.type"))
}

fn of_check(left: &Operand, operator: Operator, right: &Right) -> Option<EventTypes> {
    if operator.modifier.is_some() {
        return None;
    }
    let values: Vec<String> = match right {
        Right::Value(value, _) => vec![String::from_utf8_lossy(value).into_owned()],
        Right::List(values, _) => {
            values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
        }
        Right::Operand(_) => return None,
    };
    if matches!(left, Operand::Field(field) if field.name == "evt.num") {
        return of_event_number(operator.comparison, &values);
    }
    if !is_event_type(left) {
        return None;
    }
    let names = values.into_iter().collect();
    match operator.comparison {
        Comparison::Eq | Comparison::In => Some(EventTypes::Only(names)),
        Comparison::Ne => Some(EventTypes::AllBut(names)),
        _ => None,
    }
}

/// Events are numbered from one.
fn of_event_number(comparison: Comparison, values: &[String]) -> Option<EventTypes> {
    let numbers: Option<Vec<u64>> = values.iter().map(|value| value.parse().ok()).collect();
    let never = match (comparison, numbers?.as_slice()) {
        (Comparison::In, numbers) if numbers.iter().all(|number| *number == 0) => true,
        (Comparison::Eq | Comparison::Le, [0]) | (Comparison::Lt, [0 | 1]) => true,
        (Comparison::Ne | Comparison::Gt, [0]) | (Comparison::Ge, [0 | 1]) => false,
        _ => return None,
    };
    Some(if never { EventTypes::Only(BTreeSet::new()) } else { EventTypes::all() })
}

/// Event types about a process, which have no file descriptor.
const WITHOUT_DESCRIPTOR: [&str; 12] = [
    "execve", "execveat", "clone", "clone3", "fork", "vfork", "procexit", "kill", "setuid", "setgid",
    "setns", "unshare",
];

/// Fields of a file descriptor that a condition uses although the events for which it can hold have none.
pub(super) fn fields_never_set(expr: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !event_types(expr).are_among(&WITHOUT_DESCRIPTOR) {
        return found;
    }
    let mut look = |name: &str| {
        if name.starts_with("fd.") {
            found.insert(name.to_owned());
        }
    };
    checks(expr, &mut |left, _, _| fields(left, &mut look));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Limits, parse};

    fn types(text: &str) -> EventTypes {
        event_types(&parse(text, Limits::default()).unwrap())
    }

    #[test]
    fn event_types_follow_the_booleans() {
        let only = |names: &[&str]| EventTypes::Only(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(types("evt.type=open and proc.name=cat"), only(&["open"]));
        assert_eq!(types("evt.type=open or evt.type in (close, read)"), only(&["open", "close", "read"]));
        assert_eq!(types("evt.type=open and evt.type=close"), only(&[]));
        assert_eq!(types("evt.num=0"), only(&[]));
        assert_eq!(types("not (evt.num!=0)"), only(&[]));
        assert!(types("proc.name=cat").are_too_many());
        assert!(types("not proc.name=cat").are_too_many());
        assert!(types("evt.type=open or proc.name=cat").are_too_many());
        assert!(types("evt.type!=open").are_too_many());
        assert!(!types("not evt.type!=open").are_too_many());
        assert!(!types("evt.type=open and not evt.num=0").are_too_many());
    }

    #[test]
    fn execution_has_no_file_descriptor() {
        let never = |text: &str| fields_never_set(&parse(text, Limits::default()).unwrap());
        assert!(never("evt.type in (execve, execveat) and fd.name contains shadow").contains("fd.name"));
        assert!(never("evt.type in (execve, open) and fd.name contains shadow").is_empty());
        assert!(never("fd.name contains shadow").is_empty());
    }

    #[test]
    fn missing_values_are_not_texts() {
        let has = |text: &str| has_na_check(&parse(text, Limits::default()).unwrap());
        assert!(has("ka.verb = <NA>") && has("not jevt.value[/a] in (a, <NA>)"));
        assert!(!has("ka.verb contains <NA>") && !has("proc.name = <NA>") && !has("ka.verb = NA"));
    }
}
