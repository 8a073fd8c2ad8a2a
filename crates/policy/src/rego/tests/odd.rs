//! Odd but legal: each of these is easily judged wrongly, above all by an evaluator that plans ahead.

use super::{POD, RegoVersion, run, run_as, said};

/// What rules written in the language of OPA 1.0 say.
fn said_v1(rego: &str, input: &str) -> Vec<String> {
    run_as(RegoVersion::V1, rego, input).unwrap()
}

/// Which of the bodies hold.
fn holding(bodies: &[&str]) -> Vec<usize> {
    let rego: String = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| format!("violation[{{\"msg\": \"{index:02}\"}}] {{ {body} }}\n"))
        .collect();
    said(&rego, POD).iter().map(|message| message.parse().unwrap()).collect()
}

#[test]
fn only_false_and_undefined_fail() {
    let held =
        holding(&["0", "\"\"", "null", "[]", "{}", "set()", "false", "input.absent", "not false", "not 0"]);
    assert_eq!(held, [0, 1, 2, 3, 4, 5, 8]);
}

#[test]
fn types_have_an_order() {
    let held = holding(&[
        "\"a\" > 1000",
        "null < false",
        "true < 0",
        "[9] < {\"a\": 1}",
        "{\"a\": 1} < {1}",
        "[1, 2] < [1, 3]",
        "[1, 2] < [1]",
        "1 == 1.0",
        "1 == \"1\"",
        "{1, 1.0} == {1}",
        "{\"a\": {2, 1}} == {\"a\": {1, 2}}",
    ]);
    assert_eq!(held, [0, 1, 2, 3, 4, 5, 7, 9, 10]);
}

#[test]
fn indices_are_what_they_are() {
    let held = holding(&[
        "input.review.object.spec.containers[0]",
        "input.review.object.spec.containers[\"0\"]",
        "input.review.object.spec.containers[-1]",
        "input.review.object.spec.containers[0.0]",
        "x := {1: \"a\"}; x[1] == \"a\"",
        "x := {1: \"a\"}; x[\"1\"]",
        "x := {[1, 2]}; x[[1, 2]]",
        "x := {false}; x[false] == false",
        "x := {false}; x[false]",
    ]);
    assert_eq!(held, [0, 3, 4, 6, 7]);
}

#[test]
fn comprehensions_see_the_variables_around_them_each_time_anew() {
    let rego = "f(x) = [y | y := x + 1]\n\
                g(x) = count([1 | input.review.object.spec.containers[_].name == x])\n\
                violation[{\"msg\": m}] { x := [1, 2][_]; a := [y | y := x * 10]; m := sprintf(\"%v %v\", [a, f(x)]) }\n\
                violation[{\"msg\": m}] { n := [\"a\", \"c\"][_]; m := sprintf(\"%v %v\", [n, g(n)]) }\n\
                violation[{\"msg\": m}] { c := input.review.object.spec.containers[i]; \
                all := [n | n := input.review.object.spec.containers[_].name]; m := sprintf(\"%v %v\", [i, all]) }";
    assert_eq!(
        said(rego, POD),
        ["0 [\"a\", \"b\"]", "1 [\"a\", \"b\"]", "[10] [2]", "[20] [3]", "a 1", "c 0"]
    );
}

#[test]
fn what_is_remembered_does_not_outlive_a_with() {
    let rego = "num(_) = n { n := sum([input.parameters.num | true]) }\n\
                large { count([1 | input.parameters.num > 5]) > 0 }\n\
                kind = k { k := sprintf(\"<%v>\", [input.review.object.kind]) }\n\
                image = i { i := input.review.object.spec.containers[0].image }\n\
                violation[{\"msg\": \"with\"}] { not large; large with input.parameters.num as 9; not large }\n\
                violation[{\"msg\": m}] { a := num(1); b := num(1) with input.parameters.num as 4; c := num(1); \
                m := sprintf(\"%v %v %v\", [a, b, c]) }\n\
                violation[{\"msg\": m}] { m := kind with input.review.object.kind as \"K\" }\n\
                violation[{\"msg\": m}] { a := image with input.review.object.spec as {\"containers\": [{\"image\": \"z\"}]}; \
                m := sprintf(\"%v %v\", [a, image]) }\n\
                violation[{\"msg\": \"gone\"}] { not image with input.review as {} }";
    assert_eq!(said(rego, POD), ["3 4 3", "<K>", "gone", "with", "z x/a"]);
}

#[test]
fn functions_choose_among_their_definitions() {
    let rego = "f(\"a\") = 1\nf(\"b\") = 2\nf(\"c\") = 3\nf(\"d\") = 4\nf(\"e\") = 5\n\
                g(\"a\", x) = x\ng(\"a\", x) = y { y := x + 0 }\ng(\"b\", _) = 2\ng(\"c\", _) = 3\n\
                same(x, x) = \"same\"\n\
                pair([a, b]) = c { c := sprintf(\"%v-%v\", [a, b]) }\n\
                of({\"k\": v, \"l\": 1}) = v\n\
                violation[{\"msg\": m}] { m := sprintf(\"%v\", [f(lower(\"B\"))]) }\n\
                violation[{\"msg\": \"none\"}] { not f(1); not f(\"z\"); not f(null) }\n\
                violation[{\"msg\": m}] { m := sprintf(\"g %v\", [g(\"a\", 7)]) }\n\
                violation[{\"msg\": m}] { m := same(1, 1) }\n\
                violation[{\"msg\": \"differ\"}] { not same(1, 2) }\n\
                violation[{\"msg\": m}] { m := pair([1, 2]) }\n\
                violation[{\"msg\": \"longer\"}] { not pair([1, 2, 3]) }\n\
                violation[{\"msg\": m}] { m := of({\"l\": 1, \"k\": \"of\"}) }\n\
                violation[{\"msg\": \"more\"}] { not of({\"l\": 1, \"k\": \"of\", \"m\": 2}) }";
    assert_eq!(said(rego, POD), ["1-2", "2", "differ", "g 7", "longer", "more", "none", "of", "same"]);
    let conflict =
        "f(\"a\") = 1\nf(\"b\") = 2\nf(\"c\") = 3\nf(\"a\") = 4\nviolation[{\"msg\": \"m\"}] { f(\"a\") }";
    assert!(run(conflict, POD).unwrap_err().contains("eval_conflict_error"));
}

#[test]
fn an_argument_hides_what_else_has_its_name() {
    let rego = "names[n] { n := \"rule\" }\nshow(names) = m { m := concat(\",\", names) }\n\
                violation[{\"msg\": m}] { m := show([\"given\"]) }\nviolation[{\"msg\": m}] { m := show(names) }";
    assert_eq!(said(rego, POD), ["given", "rule"]);
}

#[test]
fn defaults_of_functions() {
    let rego = "default f(_) := \"other\"\nf(x) := \"one\" if x == 1\n\
                violation contains {\"msg\": f(1)}\nviolation contains {\"msg\": f(2)}\n\
                violation contains {\"msg\": \"undefined\"} if not input.absent.x\n\
                violation contains {\"msg\": f(input.absent)}";
    assert_eq!(said_v1(rego, POD), ["one", "other", "undefined"]);
}

#[test]
fn rules_may_have_references_for_names() {
    let rego = "limits.cpu := 2\nlimits.memory := 4\nkinds.pod contains \"a\"\nkinds.pod contains \"b\"\n\
                by_name[c.name] := c.image if some c in input.review.object.spec.containers\n\
                violation contains {\"msg\": sprintf(\"%v %v\", [limits.cpu, count(kinds.pod)])}\n\
                violation contains {\"msg\": m} if m := by_name.b";
    assert_eq!(said_v1(rego, POD), ["2 2", "y/b"]);
}

#[test]
fn every_and_some() {
    let rego = "violation contains {\"msg\": \"empty\"} if every x in [] { x == 1 }\n\
                violation contains {\"msg\": \"pairs\"} if every k, v in {\"a\": \"aa\", \"b\": \"bb\"} { startswith(v, k) }\n\
                violation contains {\"msg\": \"some not\"} if not all_one\nall_one if every x in [1, 2] { x == 1 }\n\
                violation contains {\"msg\": m} if some {\"name\": m, \"image\": \"y/b\"} in input.review.object.spec.containers\n\
                violation contains {\"msg\": k} if some k, \"vv\" in {\"kk\": \"vv\", \"ll\": \"ww\"}\n\
                violation contains {\"msg\": \"member\"} if { \"name\", \"a\" in {\"name\": \"a\"} }\n\
                violation contains {\"msg\": \"lacks\"} if not \"z\" in {\"a\", \"b\"}\n\
                violation contains {\"msg\": \"nested\"} if every c in input.review.object.spec.containers { \
                some r in [\"x/\", \"y/\"]; startswith(c.image, r) }\n\
                violation contains {\"msg\": \"wrong\"} if every x in input.absent { x }";
    assert_eq!(said_v1(rego, POD), ["b", "empty", "kk", "lacks", "member", "nested", "pairs", "some not"]);
}

#[test]
fn else_goes_on_only_where_nothing_was_said() {
    let rego = "f(x) := \"a\" if x > 10 else := \"b\" if x > 5 else := \"c\"\n\
                g := false if input.absent else := false if true else := true\n\
                violation contains {\"msg\": concat(\"\", [f(11), f(6), f(1)])}\n\
                violation contains {\"msg\": \"false\"} if g == false\n\
                violation contains {\"msg\": \"wrong\"} if g";
    assert_eq!(said_v1(rego, POD), ["abc", "false"]);
}

#[test]
fn two_values_for_one_key_are_an_error() {
    for rego in [
        "violation[{\"msg\": \"m\"}] { {k: v | k := \"a\"; v := [1, 2][_]} }",
        "o[k] = v { k := \"a\"; v := [1, 2][_] }\nviolation[{\"msg\": \"m\"}] { o }",
        "p = v { v := [1, 2][_] }\nviolation[{\"msg\": \"m\"}] { p }",
    ] {
        assert!(run(rego, POD).unwrap_err().contains("eval_conflict_error"), "{rego}");
    }
    let same = "o[k] = v { k := \"a\"; v := [1, 1.0][_] }\nviolation[{\"msg\": \"m\"}] { o.a == 1 }";
    assert_eq!(said(same, POD), ["m"]);
}

#[test]
fn numbers_are_printed_as_they_are() {
    let print = |format: &str, values: &str| {
        let rego = format!("violation[{{\"msg\": m}}] {{ m := sprintf(\"{format}\", [{values}]) }}");
        said(&rego, POD).concat()
    };
    assert_eq!(
        print("%v %d", "1000000000000000000000, 10000000000000000000"),
        "1000000000000000000000 10000000000000000000"
    );
    assert_eq!(print("%v", "1152921504606846976 * 1000"), "1152921504606846976000");
    assert_eq!(print("%v %v", "0.5, 2.5000005e6"), "0.5 2.5000005e+06");
    assert_eq!(print("%s|%t|%5d|%-5s|%%", "1, true, 7, `ab`"), "%!s(int=1)|%!t(string=true)|    7|ab   |%");
    assert_eq!(
        print("%q %f", "1000000000000000000000, 1000000000000000000000 * -1"),
        "%!q(big.Int=1000000000000000000000) %!f(big.Int=-1000000000000000000000)"
    );
}

#[test]
fn texts_are_counted_in_characters() {
    let held = holding(&[
        "count(\"한국어\") == 3",
        "substring(\"한국어\", 1, 1) == \"국\"",
        "substring(\"한국어\", 1, -1) == \"국어\"",
        "substring(\"한국어\", 7, 1) == \"\"",
        "indexof(\"한국어\", \"어\") == 2",
        "lower(\"ÀÉ\") == \"àé\"",
        "upper(\"straße\") == \"STRASSE\"",
        "lower(\"ΑΣ\") == \"ασ\"",
        "split(\"한,국\", \",\") == [\"한\", \"국\"]",
        "trim(\"한국한\", \"한\") == \"국\"",
        "trim_prefix(\"xyx\", \"x\") == \"yx\"",
        "replace(\"aaa\", \"a\", \"aa\") == \"aaaaaa\"",
        "sprintf(\"%v\", [[\"한\", \"\\n\"]]) == `[\"한\", \"\\n\"]`",
    ]);
    assert_eq!(held, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]);
}
