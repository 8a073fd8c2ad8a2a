//! Which variable a name means, and which names go together.

use super::*;

#[test]
fn a_comprehension_does_not_see_what_is_assigned_after_it() {
    let rego = "names := {\"a\", \"b\", \"c\"}\n\
                violation[{\"msg\": m}] {\n  first := {x | names[x]}\n  x := count(first)\n  \
                second := {y | names[y]; x == 3}\n  m := sprintf(\"%v %v\", [x, count(second)])\n}";
    assert_eq!(said(rego, POD), ["3 3"]);
    // Nor does it see a rule of that name.
    let rego = "x := {\"rule\"}\n\
                violation[{\"msg\": m}] { all := {x | x := [1, 2][_]}; x := count(all); m := sprintf(\"%v\", [x]) }";
    assert_eq!(said(rego, POD), ["2"]);
}

#[test]
fn the_right_side_of_an_assignment_is_read_before_it() {
    let rego = "f(x) = y { y := [z | x2 := x; z := x2 + 1][_] }\n\
                violation[{\"msg\": m}] { x := 1; ys := [y | x := x + 1; y := x]; m := sprintf(\"%v %v\", [x, ys]) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"%v\", [f(1)]) }";
    assert_eq!(said(rego, POD), ["1 [2]", "2"]);
}

#[test]
fn what_is_used_before_it_is_declared_is_refused() {
    for body in ["y := x + 1; x := 1; y == 2", "x == 1; some x; x = 1", "x := x + 1"] {
        let error = run(&format!("violation[{{\"msg\": \"m\"}}] {{ {body} }}"), POD).unwrap_err();
        assert!(error.contains("var `x` is referenced above"), "{body}: {error}");
    }
}

#[test]
fn objects_are_unified_key_by_key() {
    let rego = "violation[{\"msg\": m}] { {\"a\": x, \"b\": 2} = {\"a\": 1, \"b\": y}; m := sprintf(\"%v %v\", [x, y]) }\n\
                violation[{\"msg\": m}] { {\"a\": {\"b\": [x, 2]}, \"c\": z} = {\"c\": 3, \"a\": {\"b\": [1, y]}}; \
                m := sprintf(\"%v %v %v\", [x, y, z]) }\n\
                violation[{\"msg\": \"not the same\"}] { {\"a\": x, \"b\": 2} = {\"a\": 1, \"b\": 3}; x == 1 }";
    assert_eq!(said(rego, POD), ["1 2", "1 2 3"]);
}

#[test]
fn a_reference_gives_its_variable_to_the_comparison_around_it() {
    let rego = "violation[{\"msg\": m}] { some i; i == [1, 1, 2][i]; m := sprintf(\"%v\", [i]) }";
    assert_eq!(said(rego, POD), ["1", "2"]);
}

#[test]
fn a_rule_within_another_one_is_refused() {
    for rego in [
        "a.b.c = 1 { true }\na.b[x] = 2 { x := \"c\" }\nviolation[{\"msg\": \"m\"}] { a.b.c == 1 }",
        "a = {\"b\": 1} { true }\na.b = 2 { true }\nviolation[{\"msg\": \"m\"}] { a.b == 1 }",
    ] {
        let error = run(rego, POD).unwrap_err();
        assert!(error.contains("lies within rule"), "{error}");
    }
}

#[test]
fn parts_of_collections_lie_in_them_at_any_depth() {
    let holds = |whole: &str, part: &str| {
        let rego = format!("violation[{{\"msg\": \"holds\"}}] {{ object.subset({whole}, {part}) }}");
        !said(&rego, POD).is_empty()
    };
    assert!(holds("{\"a\": {1, 2, 3}, \"b\": 1}", "{\"a\": {3, 1}}"));
    assert!(holds("{\"a\": {\"b\": [1, 2, 3, 4]}}", "{\"a\": {\"b\": [2, 3]}}"));
    assert!(!holds("{\"a\": {\"b\": [1, 2, 3, 4]}}", "{\"a\": {\"b\": [2, 4]}}"));
    assert!(!holds("{\"a\": {1, 2}}", "{\"a\": {4}}"));
    assert!(holds("[1, 2, 3]", "{3, 1}"));
    assert!(!holds("[1, 2, 3]", "{4}"));
    assert!(!holds("{1, 2}", "[1]"));
}

#[test]
fn thousandths_are_the_nearest_number() {
    let rego =
        "violation[{\"msg\": \"m\"}] { units.parse(\"-3.5E2m\") == -0.35; units.parse(\"100m\") == 0.1 }";
    assert_eq!(said(rego, POD), ["m"]);
}
