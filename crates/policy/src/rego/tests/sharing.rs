//! Constraints of one template on one request share what does not depend on them: nobody may notice but by the time.

use std::sync::atomic::{AtomicU64, Ordering};

use haechi_syntax::{Limits, parse};

use super::*;
use crate::gatekeeper::{ExternalAnswer, ExternalData, ExternalError};

const REVIEW: &str = "{object: {metadata: {name: p, labels: {app: a, tier: b}}, spec: {containers: [{name: a, image: x/a}, \
                      {name: b, image: y/b}, {name: c, image: z/c, privileged: true}], initContainers: [{name: a, image: x/a}]}}}";

const PARAMETERS: &[&str] = &[
    "{prefix: x/, only: a, list: [x/, y/], num: 1}",
    "{prefix: y/, only: b, list: [], num: 2}",
    "{}",
    "{prefix: z/, only: [a], list: [z/], num: 3}",
    "{prefix: x/, only: a, list: [x/, y/], num: 1}",
];

/// What one constraint hears, and the steps that are left after it.
type Heard = (Result<Vec<String>, String>, u64);

fn listen<'a>(evaluation: &mut Evaluation<'a>) -> Heard {
    let heard = match evaluation.violations() {
        Ok(violations) => Ok(violations.iter().map(ToString::to_string).collect()),
        Err(error) => Err(error.to_string()),
    };
    (heard, evaluation.left())
}

/// What each constraint hears, by itself and after the others.
fn both(rego: &str, budget: u64, external: Option<&dyn ExternalData>) -> (Vec<Heard>, Vec<Heard>) {
    let text = format!("package test\n{rego}");
    let program = compile(&[Source { text: &text, version: RegoVersion::V0 }]).unwrap();
    let review = parse(REVIEW.as_bytes(), &Limits::default());
    let parameters: Vec<_> =
        PARAMETERS.iter().map(|text| parse(text.as_bytes(), &Limits::default())).collect();
    let regexes = Regexes::default();
    let review = Value::of_node(review.documents[0].root());
    let object = review.field("object");
    let input = |index: usize| Input {
        object: object.clone(),
        spec: object.as_ref().and_then(|object| object.field("spec")),
        review: review.clone(),
        parameters: Value::of_node(parameters[index].documents[0].root()),
        inventory: None,
        external,
        now_ns: Some(1),
    };
    let alone: Vec<Heard> = (0..parameters.len())
        .map(|index| listen(&mut Evaluation::new(&program, input(index), &regexes, budget)))
        .collect();
    let mut evaluation = Evaluation::new(&program, input(0), &regexes, budget);
    let mut together = vec![listen(&mut evaluation)];
    for index in 1..parameters.len() {
        evaluation.restart(&program, input(index), budget);
        together.push(listen(&mut evaluation));
    }
    (alone, together)
}

/// Each constraint hears what it hears by itself, whatever came before it.
fn same(rego: &str) -> Vec<Result<Vec<String>, String>> {
    let (alone, together) = both(rego, BUDGET, None);
    let said = |heard: &[Heard]| heard.iter().map(|(said, _)| said.clone()).collect::<Vec<_>>();
    assert_eq!(said(&alone), said(&together), "{rego}");
    said(&together)
}

/// And pays the same.
fn same_at_one_price(rego: &str) {
    same(rego);
    let (alone, together) = both(rego, BUDGET, None);
    assert_eq!(alone, together, "{rego}");
}

const CONTAINERS: &str = "containers[c] { c := input.review.object.spec.containers[_] }\n\
                          containers[c] { c := input.review.object.spec.initContainers[_] }\n";

#[test]
fn what_depends_on_parameters_is_not_shared() {
    let said = same(&format!(
        "{CONTAINERS}bad[c] {{ c := containers[_]; startswith(c.image, input.parameters.prefix) }}\n\
         violation[{{\"msg\": m}}] {{ m := bad[_].name }}\n\
         violation[{{\"msg\": \"privileged\"}}] {{ containers[_].privileged }}"
    ));
    let count = |index: usize| said[index].as_ref().unwrap().len();
    assert_eq!([count(0), count(1), count(2), count(3)], [2, 2, 1, 2]);
}

#[test]
fn every_constraint_pays_what_it_would_pay_alone() {
    let helpers = format!(
        "{CONTAINERS}names := {{c.name | c := containers[_]}}\n\
         images[c.name] = i {{ c := input.review.object.spec.containers[_]; i := c.image }}\n\
         total = n {{ n := count(names) + count(images) }}\n"
    );
    for body in [
        "containers[_].name == input.parameters.only; m := \"one\"",
        "names[input.parameters.only]; m := sprintf(\"%v\", [total])",
        // What was used first differs from one constraint to the next.
        "input.parameters.num > 1; total > 3; count(containers) > 1; m := \"two\"",
        "n := input.parameters.num; n == 2; names[m]",
        "input.parameters.num == 3; images[m]",
        "startswith(images[_], input.parameters.prefix); m := images.a",
        "m := total",
    ] {
        same_at_one_price(&format!("{helpers}violation[{{\"msg\": m}}] {{ {body} }}"));
    }
    // All of them at once, so that constraints meet the parts in different orders.
    same_at_one_price(&format!(
        "{helpers}violation[{{\"msg\": m}}] {{ input.parameters.num == 3; m := count(images) }}\n\
         violation[{{\"msg\": m}}] {{ input.parameters.num == 1; m := total }}\n\
         violation[{{\"msg\": m}}] {{ input.parameters.num < 3; names[m] }}\n\
         violation[{{\"msg\": m}}] {{ containers[_].privileged; m := \"p\" }}"
    ));
}

#[test]
fn parameters_are_found_wherever_they_are_read() {
    for rego in [
        // Through a function, its argument, and one that reads them itself.
        "f(x) { x == \"a\" }\nviolation[{\"msg\": \"m\"}] { f(input.parameters.only) }",
        "f(x) = y { y := [x, input.parameters.num, 1, 2] }\nviolation[{\"msg\": m}] { m := f(\"k\") }",
        "f(x) = y { y := g(x) }\ng(x) = y { y := [x, count(input.parameters.list), 1] }\n\
         violation[{\"msg\": m}] { m := f(\"k\") }",
        "f(p) = y { y := {c.name | c := input.review.object.spec.containers[_]; startswith(c.image, p)} }\n\
         violation[{\"msg\": m}] { m := f(input.parameters.prefix) }",
        // The whole input, given away or named.
        "f(x) = y { y := [x.parameters.num | x.parameters.num] }\nviolation[{\"msg\": m}] { m := f(input) }",
        "all := input\nviolation[{\"msg\": m}] { m := all.parameters.num }",
        "violation[{\"msg\": m}] { walk(input, [p, m]); p == [\"parameters\", \"num\"] }",
        // By a name that is no constant.
        "part = x { k := [\"para\", \"meters\"]; x := input[concat(\"\", k)] }\nviolation[{\"msg\": m}] { m := part.num }",
        "part[k] { some k; input[k] }\nviolation[{\"msg\": m}] { part[k]; m := input[k].num }",
        // In comprehensions, defaults, negations, patterns and alternatives.
        "s := {x | x := input.parameters.list[_]}\nviolation[{\"msg\": m}] { m := count(s) }",
        "default d = \"none\"\nd = x { x := input.parameters.only }\nviolation[{\"msg\": m}] { m := d }",
        "d = \"a\" { input.parameters.num == 1 } else = \"b\" { input.parameters.num == 2 } else = \"c\" { true }\n\
         violation[{\"msg\": m}] { m := d }",
        "none { not input.parameters.num; not input.parameters.only; count(\"abc\") == 3 }\n\
         violation[{\"msg\": \"m\"}] { none }",
        "obj[k] = v { v := input.parameters[k] }\nviolation[{\"msg\": m}] { m := count(obj) }",
        "obj[k] = v { c := input.review.object.spec.containers[_]; k := c.name; v := input.parameters.num }\n\
         violation[{\"msg\": m}] { m := obj.a }",
        "violation[{\"msg\": m}] { [m, input.parameters.num] = [\"x\", 1] }",
        "f([x, 1]) = y { y := [x | true] }\nviolation[{\"msg\": m}] { m := f([\"k\", input.parameters.num]) }",
    ] {
        let said = same(rego);
        assert!(said.iter().any(|other| *other != said[0]), "tells nothing apart: {rego}");
    }
}

#[test]
fn libraries_and_chains_of_rules_are_followed() {
    let library = "package lib.deep\na = x { x := [b, 1] }\nb = x { x := {c | c := d[_]} }\nd = x { x := input.parameters.list }";
    let free = "package lib.free\nnames[n] { n := input.review.object.spec.containers[_].name }";
    let text = "package test\nimport data.lib.deep\nimport data.lib.free\n\
                violation[{\"msg\": m}] { m := deep.a }\nviolation[{\"msg\": m}] { free.names[m] }";
    let source = |text| Source { text, version: RegoVersion::V0 };
    let program = compile(&[source(text), source(library), source(free)]).unwrap();
    let is_shared =
        |name: &str| program.rules.iter().find(|rule| rule.name == name).unwrap().shared.is_some();
    assert!(!is_shared("lib.deep.a") && !is_shared("lib.deep.b") && !is_shared("lib.deep.d"));
    assert!(is_shared("lib.free.names"));
}

#[test]
fn what_is_replaced_by_with_is_not_shared() {
    for rego in [
        "seen = x { x := [c.name | c := input.review.object.spec.containers[_]] }\n\
         violation[{\"msg\": m}] { m := seen with input as {\"review\": {\"object\": {\"spec\": {\"containers\": \
         [{\"name\": input.parameters.num}]}}}} }\nviolation[{\"msg\": m}] { m := seen }",
        // First inside, then outside, and the other way round.
        "seen = x { x := {c.name | c := input.review.object.spec.containers[_]} }\n\
         violation[{\"msg\": m}] { a := seen with input.review.object.spec.containers as [{\"name\": \"q\"}]; b := seen; \
         m := [a, b, input.parameters.num] }",
        "f(x) = y { y := [x | input.review.object.metadata.name == \"p\"; true; true] }\n\
         violation[{\"msg\": m}] { a := f(1); b := f(1) with input.review.object.metadata.name as input.parameters.only; \
         c := f(1); m := [a, b, c] }",
        "violation[{\"msg\": m}] { x := {c.name | c := input.review.object.spec.containers[_]} with \
         input.review.object.spec.containers as [{\"name\": input.parameters.only}]; m := [x | true] }",
        // A rule that replaces something itself and reads no parameters outside.
        "inner = x { x := [c.name | c := input.review.object.spec.containers[_]] with input as {\"review\": {\"object\": \
         {\"spec\": {\"containers\": [{\"name\": \"fixed\"}]}}}} }\n\
         violation[{\"msg\": m}] { m := [inner, input.parameters.num] }",
        "kept = x { x := [input.parameters.num, 1, 2, 3] }\n\
         outer = x { x := kept with input.review as {} }\nviolation[{\"msg\": m}] { m := outer }",
    ] {
        let said = same(rego);
        assert!(said.iter().any(|other| *other != said[0]), "tells nothing apart: {rego}");
    }
}

#[test]
fn a_stop_in_a_shared_part_stops_each_constraint() {
    let loops = "numbers_ := {[a, b] | r := numbers.range(1, 3000); a := r[_]; b := r[_]}\n\
                 violation[{\"msg\": m}] { m := count(numbers_); input.parameters.num > 0 }";
    let (alone, together) = both(loops, BUDGET, None);
    assert!(together.iter().all(|(heard, _)| heard.as_ref().is_err_and(|error| error.contains("stopped"))));
    assert_eq!(alone.len(), together.len());
    // So does an error; a constraint that does not get there meets none.
    let conflict = "two = x { x := input.review.object.spec.containers[_].name; x != \"\"; x != \"-\"; x != \"+\" }\n\
                    violation[{\"msg\": m}] { input.parameters.num > 1; m := two }";
    let said = same(conflict);
    let is_error: Vec<bool> = said.iter().map(Result::is_err).collect();
    assert_eq!(is_error, [false, true, false, true, false]);
}

/// The bounds of a constraint do not depend on what was evaluated before it.
#[test]
fn a_budget_ends_where_it_would_end_alone() {
    let rego = format!(
        "{CONTAINERS}names := {{c.name | c := containers[_]}}\npairs := {{[a, b] | names[a]; names[b]}}\n\
         violation[{{\"msg\": m}}] {{ input.parameters.num == 2; m := count(pairs) }}\n\
         violation[{{\"msg\": m}}] {{ input.parameters.num != 2; m := count(names); count(pairs) > 0; count(containers) > 0 }}"
    );
    for budget in 0..260 {
        let (alone, together) = both(&rego, budget, None);
        let said = |heard: &[Heard]| heard.iter().map(|(said, _)| said.clone()).collect::<Vec<_>>();
        assert_eq!(said(&alone), said(&together), "with {budget} steps");
    }
}

/// Counts how often it is asked, and fails the first time.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl ExternalData for Counting {
    fn ask(&self, _: &str, keys: &[&str]) -> Result<ExternalAnswer, ExternalError> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(ExternalError::CutOff);
        }
        let responses = keys.iter().map(|key| ((*key).to_owned(), true.into())).collect();
        Ok(ExternalAnswer { responses, status_code: 200, ..ExternalAnswer::default() })
    }
}

#[test]
fn a_provider_that_gave_no_answer_is_asked_again() {
    let rego = "answer := external_data({\"provider\": \"p\", \"keys\": [c.image | c := input.review.object.spec.containers[_]]})\n\
                violation[{\"msg\": m}] { m := [count(answer.responses), input.parameters.num] }";
    let text = format!("package test\n{rego}");
    let program = compile(&[Source { text: &text, version: RegoVersion::V0 }]).unwrap();
    let counting = Counting::default();
    let review = parse(REVIEW.as_bytes(), &Limits::default());
    let review = Value::of_node(review.documents[0].root());
    let input = |n: i64| Input {
        object: review.field("object"),
        spec: review.at(&["object".into(), "spec".into()]),
        review: review.clone(),
        parameters: Value::object(vec![(Value::Str("num"), Value::Int(n))]),
        inventory: None,
        external: Some(&counting),
        now_ns: None,
    };
    let regexes = Regexes::default();
    let mut evaluation = Evaluation::new(&program, input(1), &regexes, BUDGET);
    assert!(listen(&mut evaluation).0.is_err());
    for n in 2..5 {
        evaluation.restart(&program, input(n), BUDGET);
        assert_eq!(listen(&mut evaluation).0, Ok(vec![format!("{{\"msg\": [3, {n}]}}")]));
    }
    // Once more after it failed, and then no more on this request.
    assert_eq!(counting.0.load(Ordering::Relaxed), 2);
}
