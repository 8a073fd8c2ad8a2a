//! What is told of an expression or a binding that cannot be evaluated: in English as the API server words it.

use haechi_cel::{Fail, Program, Reason};

use crate::mistake::{Mistake, mistake};

/// The policy has spent what it may cost.
pub(super) fn out_of_budget() -> Mistake {
    mistake!(
        "eval-cost",
        "validation failed due to running out of cost budget, no further validation rules will be run"
    )
}

/// The same, met where the message for a violation is made.
pub(super) fn message_out_of_budget() -> Mistake {
    let cause = out_of_budget();
    mistake!("eval-message-cost", "failed messageExpression: {detail}", detail = cause).because(cause)
}

/// An expression that failed.
pub(super) fn expression_error(program: &Program, fail: &Fail) -> Mistake {
    let cause = failure(fail);
    let expression = program.source();
    mistake!(
        "eval-expression",
        "expression '{expression}' resulted in error: {detail}",
        expression = expression,
        detail = cause,
    )
    .because(cause)
}

/// Several errors as one.
pub(super) fn all_of(mut errors: Vec<Mistake>) -> Option<Mistake> {
    if errors.len() < 2 {
        return errors.pop();
    }
    let detail: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let all = mistake!("eval-several", "[{detail}]", detail = detail.join(", "));
    Some(errors.into_iter().fold(all, Mistake::because))
}

/// It cannot be told whether the policy is about a request.
pub(super) fn policy_error(cause: Mistake) -> Mistake {
    mistake!("configure-policy", "failed to configure policy: {detail}", detail = cause).because(cause)
}

/// The same of a binding, or its parameters cannot be had.
pub(super) fn binding_error(cause: Mistake) -> Mistake {
    mistake!("configure-binding", "failed to configure binding: {detail}", detail = cause).because(cause)
}

/// Why an expression has no result. What libraries say of their arguments has no words but theirs.
fn failure(fail: &Fail) -> Mistake {
    match fail.reason() {
        Reason::NoSuchKey(key) => mistake!("cel-no-key", "no such key: {key}", key = key),
        Reason::NoSuchOverload => mistake!("cel-no-overload", "no such overload"),
        Reason::NoSuchIndex(index) if fail.message().starts_with("index out of bounds") => {
            mistake!("cel-index-bounds", "index out of bounds: {index}", index = index)
        }
        Reason::NoSuchIndex(index) => {
            mistake!("cel-index-range", "index out of range: {index}", index = index)
        }
        Reason::DivisionByZero => mistake!("cel-division", "division by zero"),
        Reason::ModulusByZero => mistake!("cel-modulus", "modulus by zero"),
        Reason::NotKnown(name) => mistake!("cel-not-known", "`{name}` is not known here", name = name),
        Reason::NoRoles => {
            mistake!("cel-no-roles", "unknown what the authorizer allows: no roles are at hand")
        }
        Reason::CostLimit => {
            mistake!("cel-cost", "operation cancelled: actual cost limit exceeded")
        }
        Reason::WorkLimit => {
            mistake!("cel-work", "operation cancelled: it takes too long or makes too much")
        }
        Reason::DepthLimit => {
            mistake!("cel-depth", "operation cancelled: variables refer to one another too deeply")
        }
        Reason::Variable(name, cause) => {
            let cause = failure(cause);
            mistake!(
                "cel-variable",
                "composited variable \"{name}\" fails to evaluate: {detail}",
                name = name,
                detail = cause,
            )
            .because(cause)
        }
        Reason::Overflow(of) => mistake!("cel-overflow", "{of} overflow", of = of),
        Reason::Other => fail.message().into(),
    }
}
