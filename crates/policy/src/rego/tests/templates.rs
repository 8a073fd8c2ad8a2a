//! Template strings.

use super::*;

#[test]
fn expressions_stand_in_braces() {
    let rego = r#"violation[{"msg": $"{c.name} uses {c.image}, which is not in {input.parameters.repos}"}] {
  c := input.review.object.spec.containers[_]
  not startswith(c.image, "x/")
}"#;
    assert_eq!(said(rego, POD), ["b uses y/b, which is not in [\"x/\"]"]);
    let rego =
        "violation[{\"msg\": m}] { m := $`raw \\n {1 + 2}\n{[x | x := [1, 2][_]]} {{\"a\": {true, null}}}` }";
    assert_eq!(said(rego, POD), ["raw \\n 3\n[1, 2] {\"a\": {null, true}}"]);
    let nested = r#"violation[{"msg": m}] { x := "a"; m := $"<{$"[{x}]"}> {upper($"{x}")} {$"{$"{x}"}"}" }"#;
    assert_eq!(said(nested, POD), ["<[a]> A a"]);
}

#[test]
fn what_is_not_there_is_printed_as_undefined() {
    let rego = r#"violation[{"msg": $"{input.review.absent} {f(1)} {input.parameters.num}"}] { true }
f(x) { x == 2 }"#;
    assert_eq!(said(rego, POD), ["<undefined> <undefined> 3"]);
    let with = r#"violation[{"msg": m}] { m := $"{input.parameters.a with input.parameters as {"a": 1}} {input.parameters.num}" }"#;
    assert_eq!(said(with, POD), ["1 3"]);
}

#[test]
fn braces_and_quotes_are_escaped() {
    let rego = r#"violation[{"msg": m}] { m := $"\{42} {1} \"\t\u0041\\{2} }" }"#;
    assert_eq!(said(rego, POD), ["{42} 1 \"\tA\\2 }"]);
    assert_eq!(said(r#"violation[{"msg": m}] { m := $"" }"#, POD), [""]);
}

#[test]
fn several_values_are_a_conflict_and_no_message() {
    let rego = r#"violation[{"msg": m}] { m := $"{input.review.object.spec.containers[_].name}" }"#;
    let error = run(rego, POD).unwrap_err();
    assert_eq!(error, "eval_conflict_error: template-strings must not produce multiple outputs");
}

#[test]
fn template_strings_that_do_not_end_are_refused() {
    for text in ["$\"{1\"", "$\"a", "$\"{}\"", "$\"{x := 1}\"", "$\"a\nb\"", "$`{1", "$\"{1 2}\"", "$\"\\q\""]
    {
        assert!(run(&format!("violation[{{\"msg\": m}}] {{ m := {text} }}"), POD).is_err(), "{text}");
    }
    let deep = "$\"{".repeat(50) + "1" + &"}\"".repeat(50);
    assert!(run(&format!("violation[{{\"msg\": m}}] {{ m := {deep} }}"), POD).is_err());
}

#[test]
fn an_argument_cannot_be_made_of_what_the_body_finds() {
    let rego = "f($\"{x}\") { x = 1 }\nviolation[{\"msg\": \"m\"}] { f(\"1\") }";
    let error = run(rego, POD).unwrap_err();
    assert!(error.contains("unsafe"), "{error}");
}
