mod names;
mod odd;
mod order;
mod sharing;
mod templates;

use haechi_syntax::{Limits, parse};

use super::builtins::Regexes;
use super::eval::BUDGET;
use super::*;

/// The messages of the violations for an input, or the first mistake.
fn run_as(version: RegoVersion, rego: &str, input: &str) -> Result<Vec<String>, String> {
    let text = format!("package test\n{rego}");
    let program = compile(&[Source { text: &text, version }])
        .map_err(|errors| errors.iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join("; "))?;
    let parsed = parse(input.as_bytes(), &Limits::default());
    let root = parsed.documents[0].root();
    let field = |key| root.get(key).map_or_else(|| Value::object(Vec::new()), Value::of_node);
    let input = Input {
        object: field("review").field("object"),
        spec: field("review").field("object").and_then(|object| object.field("spec")),
        review: field("review"),
        parameters: field("parameters"),
        inventory: None,
        external: None,
        now_ns: None,
    };
    let regexes = Regexes::default();
    let mut evaluation = Evaluation::new(&program, input, &regexes, BUDGET);
    let violations = evaluation.violations().map_err(|error| error.to_string())?;
    let text = |value: &Value<'_>| {
        let text = value.get(&Value::Str("msg")).as_ref().unwrap_or(value).to_owned_value();
        text.as_str().map_or_else(|| text.to_string(), str::to_owned)
    };
    Ok(violations.iter().map(text).collect())
}

fn run(rego: &str, input: &str) -> Result<Vec<String>, String> {
    run_as(RegoVersion::V0, rego, input)
}

fn said(rego: &str, input: &str) -> Vec<String> {
    run(rego, input).unwrap()
}

const POD: &str = "{review: {object: {spec: {containers: [{name: a, image: x/a}, {name: b, image: y/b}]}}}, \
                   parameters: {repos: [x/], empty: {}, num: 3}}";

// The five verdicts that regorus 0.14 gives otherwise than OPA.

#[test]
fn a_call_does_not_reach_over_a_line_break() {
    let rego = "violation[{\"msg\": \"big\"}] {\n  c := 1\n  a := 5\n  b := 2\n  x := c\n  (a - b) >= c\n}";
    assert_eq!(said(rego, POD), ["big"]);
}

#[test]
fn sprintf_prints_missing_and_extra_arguments_as_go_does() {
    let rego = "violation[{\"msg\": m}] { m := sprintf(\"%v and %v\", [\"one\"]) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"%v\", [\"one\", \"two\", 3]) }";
    assert_eq!(said(rego, POD), ["one and %!v(MISSING)", "one%!(EXTRA string=two, int=3)"]);
}

#[test]
fn chained_bodies_are_alternatives() {
    let rego = "violation[{\"msg\": m}] { m := \"one\" } { m := \"two\" }";
    assert_eq!(said(rego, POD), ["one", "two"]);
}

#[test]
fn undefined_argument_under_not_makes_the_body_undefined() {
    let f = "f(x, y) { x == y }\n";
    let call = format!("{f}violation[{{\"msg\": \"no\"}}] {{ not f(1, input.review.absent) }}");
    assert_eq!(said(&call, POD), Vec::<String>::new());
    let builtin = "violation[{\"msg\": \"no\"}] { not startswith(input.review.absent, \"x\") }";
    assert_eq!(said(builtin, POD), Vec::<String>::new());
    let nested = "violation[{\"msg\": \"no\"}] { not count(input.review.absent) == 0 }";
    assert_eq!(said(nested, POD), Vec::<String>::new());
    // What is compared, or looked up, stands under the negation.
    let compared = "violation[{\"msg\": \"yes\"}] { not input.review.absent == 1 }";
    assert_eq!(said(compared, POD), ["yes"]);
    let looked_up = "violation[{\"msg\": \"yes\"}] { not input.review.absent.deeper }";
    assert_eq!(said(looked_up, POD), ["yes"]);
    let defined = format!("{f}violation[{{\"msg\": \"yes\"}}] {{ not f(1, input.parameters.num) }}");
    assert_eq!(said(&defined, POD), ["yes"]);
}

#[test]
fn deprecated_builtins_are_there() {
    let rego = "violation[{\"msg\": \"re\"}] { re_match(\"^x\", \"xy\") }\n\
                violation[{\"msg\": \"any\"}] { any([false, true]) }\n\
                violation[{\"msg\": \"all\"}] { all([true, true]); not all([true, false]) }";
    assert_eq!(said(rego, POD), ["all", "any", "re"]);
}

// The language.

#[test]
fn literals_are_put_in_order() {
    let rego = "violation[{\"msg\": m}] { m := sprintf(\"%v\", [x]); x == 3; x = input.parameters.num }";
    assert_eq!(said(rego, POD), ["3"]);
}

#[test]
fn variables_that_nothing_binds_are_refused() {
    let error = run("violation[{\"msg\": m}] { x > 1 }", POD).unwrap_err();
    assert!(error.contains("unsafe"), "{error}");
    let error = run("violation[{\"msg\": \"m\"}] { not input.review.object[_] == 1 }", POD).unwrap_err();
    assert!(error.contains("unsafe"), "{error}");
}

#[test]
fn partial_sets_are_iterated_and_looked_up() {
    let rego = "images[i] { i := input.review.object.spec.containers[_].image }\n\
                violation[{\"msg\": i}] { images[i]; not startswith(i, \"x\") }\n\
                violation[{\"msg\": \"has\"}] { images[\"x/a\"] }\n\
                violation[{\"msg\": \"lacks\"}] { not images[\"z\"] }";
    assert_eq!(said(rego, POD), ["has", "lacks", "y/b"]);
}

#[test]
fn comprehensions_share_variables_with_the_body_around_them() {
    let rego = "violation[{\"msg\": c.name}] {\n  c := input.review.object.spec.containers[_]\n  \
                ok := [good | repo = input.parameters.repos[_]; good = startswith(c.image, repo)]\n  not any(ok)\n}";
    assert_eq!(said(rego, POD), ["b"]);
}

#[test]
fn array_comprehension_over_an_object_is_in_order_of_keys() {
    let rego = "violation[{\"msg\": m}] { o := {\"b\": 1, \"a\": 2}; m := concat(\",\", [k | o[k]]) }\n\
                violation[{\"msg\": m}] { m := concat(\",\", [k | input.parameters[k]]) }\n\
                violation[{\"msg\": m}] { s := {\"z\", \"y\"}; m := concat(\"\", [x | s[x]]) }";
    assert_eq!(said(rego, POD), ["a,b", "empty,num,repos", "yz"]);
}

#[test]
fn else_is_taken_when_the_body_before_has_no_result() {
    let rego = "f(x) = \"small\" { x < 2 } else = \"middle\" { x < 4 } else = \"large\" { true }\n\
                violation[{\"msg\": m}] { m := f(input.parameters.num) }\n\
                violation[{\"msg\": m}] { m := f(7) }";
    assert_eq!(said(rego, POD), ["large", "middle"]);
}

#[test]
fn two_results_of_a_function_are_an_error() {
    let rego = "f(x) = 1 { x > 0 }\nf(x) = 2 { x > 1 }\nviolation[{\"msg\": \"m\"}] { f(3) }";
    assert!(run(rego, POD).unwrap_err().contains("eval_conflict_error"));
}

#[test]
fn defaults_hold_where_nothing_else_does() {
    let rego = "default p = \"d\"\np = \"set\" { input.review.absent }\nviolation[{\"msg\": p}] { true }";
    assert_eq!(said(rego, POD), ["d"]);
}

#[test]
fn unification_takes_patterns_apart() {
    let rego = "violation[{\"msg\": m}] { [a, \":\", b] = [\"x\", \":\", \"y\"]; m := concat(a, [b, b]) }\n\
                violation[{\"msg\": m}] { {\"k\": m} = {\"k\": \"v\"} }\n\
                violation[{\"msg\": m}] { pairs := {[1, \"one\"], [2, \"two\"]}; pairs[[2, m]] }";
    assert_eq!(said(rego, POD), ["two", "v", "yxy"]);
}

#[test]
fn version_one_keywords() {
    let rego = "violation contains {\"msg\": m} if {\n  some i, c in input.review.object.spec.containers\n  \
                i > 0\n  m := c.name\n}\n\
                violation contains {\"msg\": \"every\"} if every c in input.review.object.spec.containers { c.name }\n\
                violation contains {\"msg\": \"in\"} if \"x/\" in input.parameters.repos\n";
    assert_eq!(run_as(RegoVersion::V1, rego, POD).unwrap(), ["b", "every", "in"]);
    let imported = format!("import rego.v1\n{rego}");
    assert_eq!(said(&imported, POD), ["b", "every", "in"]);
    assert!(run_as(RegoVersion::V1, "violation[{\"msg\": \"m\"}] { true }", POD).is_err());
    assert!(run(rego, POD).is_err());
}

#[test]
fn recursion_and_unknown_names_are_refused_by_name() {
    for (rego, wanted) in [
        ("p { q }\nq { p }\nviolation[{\"msg\": \"m\"}] { p }", "recursive"),
        ("violation[{\"msg\": \"m\"}] { frobnicate(1) }", "undefined function `frobnicate`"),
        ("violation[{\"msg\": \"m\"}] { http.send({}) }", "`http.send` is refused"),
        ("violation[{\"msg\": \"m\"}] { data.secret.x }", "`data.secret.x` is not defined"),
        ("violation[{\"msg\": \"m\"}] { count(1, 2, 3) }", "takes 1 arguments"),
        ("violation[{\"msg\": \"m\"}] { x := 1; x := 2 }", "assigned above"),
        ("deny[\"m\"] { true }", "no rule `violation`"),
        ("violation[{\"msg\": \"m\"}] { true", "unexpected the end"),
    ] {
        let error = run(rego, POD).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn mistyped_argument_of_a_builtin_is_undefined() {
    let rego = "violation[{\"msg\": \"m\"}] { startswith(1, \"x\") }\n\
                violation[{\"msg\": \"n\"}] { not to_number(\"abc\") }\n\
                violation[{\"msg\": \"o\"}] { object.get(input.parameters.empty, \"k\", \"o\") == \"o\" }\n\
                violation[{\"msg\": \"p\"}] { object.get(input.parameters, [\"empty\", \"k\"], \"p\") == \"p\" }";
    assert_eq!(said(rego, POD), ["n", "o", "p"]);
}

#[test]
fn arithmetic_is_exact_on_integers() {
    let rego = "violation[{\"msg\": m}] { m := sprintf(\"%v %v %v %v\", [7 / 2, 6 / 2, 7 % 2, 2 * 3 - -1]) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"%d %5.2f|%-4d|%04d|%x|%q|%s\", [3, 2.5, 7, 7, 255, \"q\", [1, \"a\"]]) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"%d\", [\"x\"]) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"%v\", [1000000000000000000000]) }";
    assert_eq!(
        said(rego, POD),
        ["%!d(string=x)", "1000000000000000000000", "3  2.50|7   |0007|ff|\"q\"|[1, \"a\"]", "3.5 3 1 7"]
    );
}

#[test]
fn walk_visits_everything() {
    let rego = "violation[{\"msg\": m}] { walk(input.review, [path, value]); value == \"y/b\"; m := sprintf(\"%v\", [path]) }";
    assert_eq!(said(rego, POD), ["[\"object\", \"spec\", \"containers\", 1, \"image\"]"]);
}

#[test]
fn explosion_is_stopped() {
    let rego = "violation[{\"msg\": m}] {\n  r := numbers.range(1, 2000)\n  a := r[_]; b := r[_]; c := r[_]\n  \
                a + b + c < 0\n  m := \"never\"\n}";
    let start = std::time::Instant::now();
    assert!(run(rego, POD).unwrap_err().contains("too many steps"));
    assert!(start.elapsed().as_millis() < 2000, "{:?}", start.elapsed());
    let doubling: String =
        (1..60).map(|n| format!("  s{n} := concat(\"\", [s{}, s{}])\n", n - 1, n - 1)).collect();
    let rego = format!(
        "violation[{{\"msg\": \"m\"}}] {{\n  s0 := \"xxxxxxxxxxxxxxxx\"\n{doubling}  s59 == \"\"\n}}"
    );
    assert!(run(&rego, POD).unwrap_err().contains("too many steps"));
}

#[test]
fn deep_nesting_of_terms_is_refused() {
    let rego = format!("violation[{{\"msg\": \"m\"}}] {{ x := {}1{} }}", "[".repeat(5000), "]".repeat(5000));
    assert!(run(&rego, POD).unwrap_err().contains("nested deeper"));
    let rego = format!("violation[{{\"msg\": \"m\"}}] {{ x := {}1{} }}", "{1:".repeat(60), "}".repeat(60));
    assert_eq!(run(&rego, POD).unwrap(), ["m"]);
}

#[test]
fn print_is_erased() {
    assert_eq!(said("violation[{\"msg\": \"m\"}] { print(\"x\", input); trace(\"y\") }", POD), ["m"]);
}

#[test]
fn libraries_are_found_by_import_and_by_path() {
    let main = "package test\nimport data.lib.helpers\nimport data.lib.helpers.bad as wrong\n\
                violation[{\"msg\": m}] { m := helpers.say(\"a\"); wrong(1); data.lib.helpers.limit == 3 }";
    let lib = "package lib.helpers\nsay(x) = concat(\"\", [x, \"!\"])\nbad(x) { x == 1 }\nlimit = 3";
    let version = RegoVersion::V0;
    let program = compile(&[Source { text: main, version }, Source { text: lib, version }]).unwrap();
    let nothing = || Value::object(Vec::new());
    let input = Input {
        review: nothing(),
        object: None,
        spec: None,
        parameters: nothing(),
        inventory: None,
        external: None,
        now_ns: None,
    };
    let regexes = Regexes::default();
    let violations = Evaluation::new(&program, input, &regexes, BUDGET).violations().unwrap();
    assert_eq!(violations[0].to_string(), "{\"msg\": \"a!\"}");
    let outside =
        compile(&[Source { text: main, version }, Source { text: "package other\nx = 1", version }]);
    assert!(outside.unwrap_err()[0].1.to_string().contains("must be below `lib`"));
}

#[test]
fn with_replaces_input_while_a_literal_is_evaluated() {
    let rego = "names[n] { n := input.review.object.spec.containers[_].name }\n\
                other := {\"review\": {\"object\": {\"spec\": {\"containers\": [{\"name\": \"z\"}, {\"name\": \"y\"}]}}}}\n\
                violation[{\"msg\": m}] { n := names[_] with input as other; m := sprintf(\"%v of %v\", [n, count(names)]) }\n\
                violation[{\"msg\": m}] { count(names) == 2; n := names[_]; m := n }";
    assert_eq!(said(rego, POD), ["a", "b", "y of 2", "z of 2"]);
}

#[test]
fn with_replaces_a_field_and_leaves_the_rest() {
    let rego = "big { input.parameters.num > 5 }\nbig { input.review.big }\n\
                violation[{\"msg\": \"small\"}] { not big }\n\
                violation[{\"msg\": \"big\"}] { big with input.parameters.num as 9 }\n\
                violation[{\"msg\": \"repos\"}] { x := input.parameters.repos[0] with input.parameters.num as 9; x == \"x/\" }\n\
                violation[{\"msg\": \"not\"}] { not big with input.review.big as false with input.parameters.num as 1 }\n\
                violation[{\"msg\": \"wrong\"}] { not big with input.review.big as true }";
    assert_eq!(said(rego, POD), ["big", "not", "repos", "small"]);
}

#[test]
fn with_replaces_the_inventory() {
    let rego = "taken[h] { h := data.inventory.namespace[_][_].Ingress[_].host }\n\
                violation[{\"msg\": m}] {\n  m := taken[_] with data.inventory as {\"namespace\": {\"a\": {\"v1\": {\"Ingress\": \
                {\"i\": {\"host\": \"h1\"}}}}}}\n  not taken[m]\n}";
    assert_eq!(said(rego, POD), ["h1"]);
}

#[test]
fn with_of_anything_else_is_refused_by_name() {
    let refused = run("x := 1\nviolation[{\"msg\": \"m\"}] { x with x as 2 }", POD).unwrap_err();
    assert!(refused.contains("`with` can replace `input`, `data.inventory`"), "{refused}");
    let unsafe_value = run("violation[{\"msg\": \"m\"}] { input.x with input as y }", POD).unwrap_err();
    assert!(unsafe_value.contains("`data.test.y` is not defined"), "{unsafe_value}");
}

#[test]
fn large_sets_and_objects_are_paid_for() {
    for body in [
        "o := {k: k | k := numbers.range(1, 100000)[_]}; p := {k: v | v := o[k]; o[v]}; count(p) < 0",
        "r := numbers.range(1, 3000); s := {[a, b] | a := r[_]; b := r[_]}; count(s) < 0",
    ] {
        let refused = run(&format!("violation[{{\"msg\": \"m\"}}] {{ {body} }}"), POD).unwrap_err();
        assert!(refused.starts_with("stopped"), "{refused}");
    }
    let small = "o := {k: v | v := [7, 8][k]}; o[1] == 8; count({x | x := o[_]}) == 2";
    assert_eq!(said(&format!("violation[{{\"msg\": \"m\"}}] {{ {small} }}"), POD), ["m"]);
}
