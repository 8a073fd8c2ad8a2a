//! Claims about the language that no corpus makes: bounds, words of errors, types of variables.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::{Duration, Instant};

use haechi_cel::{
    Access, Authorizer, Authz, Bump, Composed, Decision, Env, Evaluator, FailKind, Limits, Requester,
    Subject, Type, Value,
};
use haechi_syntax::parse_yaml;

/// Tests run in builds that are not optimized and on busy machines, where what takes 30 ms takes longer.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 20_000 } else { 500 });

fn refusal(text: &str) -> String {
    let mut env = Env::kubernetes();
    env.add_variable("object", Type::Dyn);
    env.compile(text).unwrap_err().message().to_owned()
}

fn run(text: &str, object: &str) -> Result<String, (FailKind, String)> {
    let mut env = Env::kubernetes();
    let slot = env.add_variable("object", Type::Dyn);
    let program = env.compile(text).unwrap();
    let parsed = parse_yaml(object.as_bytes(), &haechi_syntax::Limits::default());
    let arena = Bump::new();
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    evaluator.set(slot, Some(Value::of_node(parsed.documents[0].root())));
    let start = Instant::now();
    let result = evaluator.run(&program);
    assert!(start.elapsed() < PATIENCE, "{text} took {:?}", start.elapsed());
    match result {
        Ok(value) => Ok(format!("{value:?}")),
        Err(fail) => Err((fail.kind(), fail.message().to_owned())),
    }
}

fn stops(text: &str, object: &str) {
    match run(text, object) {
        Err((FailKind::Budget, _)) => {}
        other => panic!("{text} gave {other:?}"),
    }
}

#[test]
fn loops_within_loops_are_stopped() {
    stops(
        "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))",
        "{}",
    );
    stops("lists.range(100000000).size() > 0", "{}");
    stops("lists.range(2000).map(a, lists.range(2000)).size() > 0", "{}");
}

#[test]
fn an_error_in_one_operand_hides_no_exhaustion() {
    stops("lists.range(100000000).size() > 0 || true", "{}");
    stops("[1, 2].exists(x, lists.range(100000000).size() > 0 || x == 2)", "{}");
}

#[test]
fn growing_texts_are_stopped() {
    let doubling = format!("['0123456789']{}.size()", ".map(x, x + x)".repeat(30));
    stops(&doubling, "{}");
    stops("object.s.replace('', object.s).size() > 0", &format!("s: {}", "a".repeat(50_000)));
    stops("object.s.split('').map(x, object.s + x).size() > 0", &format!("s: {}", "a".repeat(50_000)));
}

#[test]
fn patterns_that_explode_are_stopped() {
    let text = format!("s: {}", "a".repeat(200_000));
    for pattern in ["(a*)*b", "(a|a)*b", "(a?){50}a{50}b", "(.*a){20}$", "([a-z]{1,50}){1,10}b"] {
        let result = run(&format!("object.s.matches('{pattern}')"), &text);
        assert!(matches!(result, Ok(_) | Err((FailKind::Budget, _))), "{pattern}: {result:?}");
    }
    assert_eq!(refusal("object.s.matches('((a{1,100}){1,100}){1,100}')"), "invalid matches argument");
}

#[test]
fn comparing_large_values_again_and_again_is_stopped() {
    let items: String = (0..3_000).map(|n| format!("- {{a: {n}, b: [x, y, {n}]}}\n")).collect();
    let object = format!("l:\n{items}");
    stops("object.l.map(x, object.l).all(x, x == object.l)", &object);
    stops("object.l.distinct().size() > 0", &object);
}

#[test]
fn nesting_is_bounded_on_a_small_stack() {
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(run(&nested(240), "{}").is_ok());
    assert!(refusal(&nested(10_000)).contains("recursion limit"));
    assert!(run(&format!("1{}", "+1".repeat(390)), "{}").is_ok());
    assert!(refusal(&format!("1{}", "+1".repeat(40_000))).contains("nests deeper"));
    assert!(refusal(&"-(".repeat(30_000)).contains("recursion limit"));
    assert!(refusal(&format!("object{}", "[0]".repeat(30_000))).contains("nests deeper"));
    assert!(refusal(&"[".repeat(90_000)).contains("recursion limit"));
    for (open, close) in [("[", "]"), ("dyn(", ")"), ("{1: ", "}"), ("[1].map(x, ", ")"), ("true ? 1 : ", "")]
    {
        let text = format!("{}1{}", open.repeat(200), close.repeat(200));
        assert!(run(&text, "{}").is_ok(), "{open}");
    }
    assert!(refusal(&format!("'{}'", "a".repeat(100_001))).contains("exceeds limit"));
}

/// Variables `v0` to `vN`, each made from the one before by `step`, and the outcome of `last`.
fn chained(
    first: &str,
    step: impl Fn(usize) -> String,
    count: usize,
    last: &str,
) -> Result<String, FailKind> {
    let mut env = Env::kubernetes();
    env.add_struct("vars", []);
    let slot = env.add_variable("variables", Type::object("vars"));
    let mut composed = Vec::new();
    for index in 0..count {
        let text = if index == 0 { first.to_owned() } else { step(index - 1) };
        let program = env.compile(&text).unwrap();
        env.add_field("vars", &format!("v{index}"), Type::Dyn);
        composed.push(Composed { name: format!("v{index}").into(), program });
    }
    let program = env.compile(last).unwrap();
    let arena = Bump::new();
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    evaluator.set(slot, Some(Value::Variables));
    evaluator.set_composed(&composed);
    let start = Instant::now();
    let result = evaluator.run(&program).map(|value| format!("{value:?}")).map_err(|fail| fail.kind());
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

#[test]
fn variables_that_double_one_another_are_stopped() {
    let step = |before| format!("variables.v{before} + variables.v{before}");
    assert_eq!(chained("[1, 2, 3]", step, 60, "size(variables.v59) > 0"), Err(FailKind::Budget));
}

#[test]
fn variables_in_a_long_row_are_stopped_before_the_stack_ends() {
    let step = |before| format!("[variables.v{before}]");
    assert_eq!(chained("[1]", step, 5_000, "size(variables.v4999) > 0"), Err(FailKind::Budget));
}

#[test]
fn a_variable_is_evaluated_once() {
    // Twice the work would be over the budget.
    let step = |_| "0".to_owned();
    let first = "lists.range(100000).all(x, x >= 0)";
    assert_eq!(
        chained(first, step, 1, "variables.v0 && variables.v0 && variables.v0"),
        Ok("Bool(true)".into())
    );
}

#[test]
fn a_null_entry_is_an_absent_one() {
    let object = "{a: null, b: 1}";
    assert_eq!(run("has(object.a) || 'a' in object || object.size() != 1", object), Ok("Bool(false)".into()));
    assert_eq!(run("object == {'b': 1}", object), Ok("Bool(true)".into()));
    assert_eq!(run("object.map(k, k) == ['b']", object), Ok("Bool(true)".into()));
}

#[test]
fn whole_numbers_are_ints_however_they_are_written() {
    assert_eq!(run("object.a == 1 && type(object.a) == int", "{a: 1.0}"), Ok("Bool(true)".into()));
    assert_eq!(run("type(object.a) == double", "{a: 1.5}"), Ok("Bool(true)".into()));
}

#[test]
fn errors_have_the_words_of_the_reference() {
    assert_eq!(run("object.a.b == 1", "{a: {}}"), Err((FailKind::Error, "no such key: b".into())));
    assert_eq!(run("object.a[3] == 1", "{a: [1]}"), Err((FailKind::Error, "index out of bounds: 3".into())));
    assert_eq!(run("object.a + 1 == 1", "{a: x}"), Err((FailKind::Error, "no such overload".into())));
    assert_eq!(run("1 / object.a == 1", "{a: 0}"), Err((FailKind::Error, "division by zero".into())));
    assert_eq!(refusal("objekt.spec"), "undeclared reference to 'objekt' (in container '')");
    assert_eq!(refusal("1 + 'a'"), "found no matching overload for '_+_' applied to '(int, string)'");
    assert_eq!(refusal("'a'.foo()"), "undeclared reference to 'foo' (in container '')");
    assert_eq!(refusal("['a', 1]"), "expected type 'string' but found 'int'");
    assert_eq!(
        refusal("1.map(x, x)"),
        "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"
    );
}

#[test]
fn an_error_shows_line_and_column() {
    let mut env = Env::kubernetes();
    env.add_variable("object", Type::Dyn);
    let error = env.compile("object.a &&\n  nope == 1").unwrap_err();
    assert_eq!(
        error.to_string().lines().next(),
        Some("ERROR: <input>:2:3: undeclared reference to 'nope' (in container '')")
    );
}

/// Lets service accounts read, and does not know about anybody else.
struct OnlyAccounts;

impl Authorizer for OnlyAccounts {
    fn decide(&self, _: &Requester<'_>, subject: &Subject<'_>, verb: &str, access: &Access<'_>) -> Decision {
        match (subject, access) {
            (Subject::Requester, _) => Decision::Unknown("no roles of users".into()),
            (_, Access::Resource(of)) if verb == "get" && of.resource == "pods" => {
                Decision::Allow("role r".into())
            }
            _ => Decision::Deny(String::new()),
        }
    }
}

#[test]
fn an_authorizer_that_does_not_know_is_no_answer() {
    let mut env = Env::kubernetes();
    let slot = env.add_variable("authorizer", Type::object("kubernetes.authorization.Authorizer"));
    let ask = |text: &str, authorizer: Option<&'static dyn Authorizer>| {
        let program = env.compile(text).unwrap();
        let arena = Bump::new();
        let mut evaluator = Evaluator::new(&arena, Limits::default());
        evaluator.set_authorizer(authorizer, Requester::default());
        let whole = arena.alloc(Authz::Authorizer(Subject::Requester));
        evaluator.set(slot, Some(Value::Authz(whole)));
        evaluator.run(&program).map(|value| format!("{value:?}")).map_err(|fail| fail.kind())
    };
    let account = "authorizer.serviceAccount('ns', 'sa').group('').resource('pods').namespace('ns')";
    assert_eq!(
        ask(&format!("{account}.check('get').allowed()"), Some(&OnlyAccounts)),
        Ok("Bool(true)".into())
    );
    assert_eq!(
        ask(&format!("{account}.check('list').allowed()"), Some(&OnlyAccounts)),
        Ok("Bool(false)".into())
    );
    let user = "authorizer.group('').resource('pods').check('get').allowed()";
    assert_eq!(ask(user, Some(&OnlyAccounts)), Err(FailKind::Unknown));
    assert_eq!(ask(&format!("!{user}"), None), Err(FailKind::Unknown));
    assert_eq!(ask(&format!("{user} || true"), None), Ok("Bool(true)".into()));
    // Three checks cost more than one expression may.
    let three = format!("{user} == {user} && {user}")
        .replace("authorizer.group", "authorizer.serviceAccount('a','b').group");
    assert_eq!(ask(&three, Some(&OnlyAccounts)), Err(FailKind::Budget));
}

#[test]
fn programs_with_one_number_run_once_until_their_variables_change_and_cost_the_same() {
    let mut env = Env::kubernetes();
    let (object, other) = (env.add_variable("object", Type::Dyn), env.add_variable("other", Type::Dyn));
    let compile = |text: &str| env.compile(text).unwrap();
    let text = "object.map(x, x * 2).exists(x, x == 6) && 7 / object[0] > 1";
    let (mut first, mut second, alone) = (compile(text), compile(text), compile(text));
    assert!(first.reads_only(&[object]) && !first.reads_only(&[other]));
    assert!(!compile("object == other").reads_only(&[object]));
    first.set_shared(0);
    second.set_shared(0);
    let parsed = parse_yaml(b"[[1, 3], [1, 2], [0, 3]]", &haechi_syntax::Limits::default());
    let list = parsed.documents[0].root();
    let arena = Bump::new();
    let over = [object];
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    evaluator.share(1, &over);
    for (index, expected) in [Some(true), Some(false), None, Some(true)].into_iter().enumerate() {
        let item = list.item(index % 3).unwrap();
        evaluator.set(object, Some(Value::of_node(item)));
        let mut heard = Vec::new();
        for program in [&first, &second, &alone] {
            // Another variable changes nothing.
            evaluator.set(other, Some(Value::Int(heard.len() as i64)));
            let result = evaluator.run(program);
            heard.push((result.map(|value| format!("{value:?}")), evaluator.take_cost()));
        }
        assert_eq!(heard[0], heard[2]);
        assert_eq!(heard[1], heard[2]);
        assert_eq!(heard[0].0.as_ref().ok(), expected.map(|value| format!("Bool({value})")).as_ref());
    }
}

/// The cost of a run, in units of the reference implementation.
fn cost(text: &str, object: &str) -> u64 {
    let mut env = Env::kubernetes();
    let slot = env.add_variable("object", Type::Dyn);
    let program = env.compile(text).unwrap();
    let parsed = parse_yaml(object.as_bytes(), &haechi_syntax::Limits::default());
    let arena = Bump::new();
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    evaluator.set(slot, Some(Value::of_node(parsed.documents[0].root())));
    evaluator.run(&program).unwrap();
    evaluator.take_cost()
}

#[test]
fn whether_to_go_on_is_asked_before_each_item_and_costs() {
    // 2 for the list, 7 for an item that decides, 3 more where another one follows.
    assert_eq!(cost("object.l.exists(i, i > 0)", "{l: [1]}"), 9);
    assert_eq!(cost("object.l.exists(i, i > 0)", "{l: [1, 1]}"), 12);
    // The same for what must hold of all, where the question costs 2.
    assert_eq!(cost("object.l.all(i, i < 0)", "{l: [1]}"), 8);
    assert_eq!(cost("object.l.all(i, i < 0)", "{l: [1, 1]}"), 10);
}

#[test]
fn each_entry_of_a_map_that_is_made_costs() {
    assert_eq!(cost("object.m.transformMap(k, v, v + 1)", "{m: {a: 1, b: 2}}"), 13);
}
