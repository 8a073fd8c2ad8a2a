//! IAM policy documents: reading them, and whether a statement applies to a request.

use std::collections::BTreeMap;

use haechi_syntax::{Limits, Node, Value, parse_json};
use serde::Serialize;

/// Whether something holds, or nobody can tell from what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It does not hold.
    No,
    /// It depends on something that is not known.
    Unknown,
    /// It holds.
    Yes,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }

    fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

/// What a request brings along for conditions. A key that is not here is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Lower-case keys; an empty list is a key that the request does not have.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// A context of single values.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let keys = pairs.iter().map(|(key, value)| (key.to_ascii_lowercase(), vec![(*value).to_owned()]));
        Context { keys: keys.collect() }
    }

    /// Says that the request does not have a key.
    pub fn without(mut self, key: &str) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), Vec::new());
        self
    }

    fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// ARN of the user or role, or of the web identity provider; a service's name for a service.
    pub arn: String,
    /// The account; empty for services and federated identities.
    pub account: String,
    /// ARN of the session of an assumed role; empty for others.
    pub session_arn: String,
    /// `AWS`, `Service` or `Federated`.
    pub kind: &'static str,
}

impl Principal {
    /// A user or role.
    pub fn aws(arn: &str) -> Self {
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        Principal { arn: arn.to_owned(), account, session_arn: String::new(), kind: "AWS" }
    }

    /// A service, for instance `pods.eks.amazonaws.com`.
    pub fn service(name: &str) -> Self {
        Principal {
            arn: name.to_owned(),
            account: String::new(),
            session_arn: String::new(),
            kind: "Service",
        }
    }

    /// An identity provider.
    pub fn federated(arn: &str) -> Self {
        Principal {
            arn: arn.to_owned(),
            account: String::new(),
            session_arn: String::new(),
            kind: "Federated",
        }
    }
}

/// How a statement names the principal that it applies to; matters for what else has to allow. Each form asks for less
/// besides than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalForm {
    /// The whole account: it may pass the right on by its own policies.
    Account,
    /// The role.
    Role,
    /// Everybody.
    Anybody,
    /// The user, the session of a role, a service or an identity provider: nobody else has to allow.
    Exact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patterns {
    is_not: bool,
    pub(crate) list: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) is_allow: bool,
    /// (kind, value); `None` in identity policies.
    principals: Option<Vec<(String, String)>>,
    is_not_principal: bool,
    pub(crate) actions: Patterns,
    resources: Option<Patterns>,
    pub(crate) conditions: Vec<Condition>,
    /// Whether `${…}` is a variable: only in documents of version 2012-10-17.
    has_variables: bool,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyDocument {
    /// Its statements.
    pub statements: Vec<Statement>,
    /// Whether a part of it could not be read: then no answer that it could change is certain.
    pub is_doubtful: bool,
}

impl PolicyDocument {
    /// Reads a document: an object, or a text that holds one (plain or percent-encoded, as the API sends it).
    pub fn read(node: Node<'_>) -> Self {
        match node.value() {
            Value::String(text) => Self::from_text(text),
            Value::Mapping(_) => Self::read_map(node),
            _ => PolicyDocument { statements: Vec::new(), is_doubtful: true },
        }
    }

    /// Reads a document from JSON text.
    pub fn from_text(text: &str) -> Self {
        let decoded = if text.trim_start().starts_with('{') { text.to_owned() } else { percent_decode(text) };
        let parsed = parse_json(decoded.as_bytes(), &Limits::default());
        match parsed.documents.first().filter(|_| parsed.errors.is_empty()) {
            Some(document) if document.root().is_mapping() => Self::read_map(document.root()),
            _ => PolicyDocument { statements: Vec::new(), is_doubtful: true },
        }
    }

    fn read_map(node: Node<'_>) -> Self {
        let mut document = PolicyDocument::default();
        let has_variables = node.get("Version").and_then(Node::as_str) == Some("2012-10-17");
        let statements: Vec<Node<'_>> = match node.get("Statement") {
            Some(list) if list.is_sequence() => list.items().collect(),
            Some(single) => vec![single],
            // The API refuses a document without statements, so this is something else.
            None => {
                document.is_doubtful = true;
                Vec::new()
            }
        };
        for statement in statements {
            match read_statement(statement, has_variables) {
                Some(statement) => document.statements.push(statement),
                None => document.is_doubtful = true,
            }
        }
        document
    }

    /// Whether any statement allows and whether any denies, and whether an allowing one names the principal so that
    /// nobody else has to allow.
    pub(crate) fn judge(&self, request: &AwsRequest<'_>) -> Judgement {
        let mut judgement = Judgement::NOTHING;
        if self.is_doubtful {
            let unknown = Truth::Unknown;
            judgement = Judgement { allow: unknown, deny: unknown, alone: unknown, for_role: unknown };
        }
        for statement in &self.statements {
            let (applies, form) = statement.applies(request);
            if statement.is_allow {
                judgement.allow = judgement.allow.or(applies);
                match form {
                    Some(PrincipalForm::Exact | PrincipalForm::Anybody) => {
                        judgement.alone = judgement.alone.or(applies);
                    }
                    Some(PrincipalForm::Role) => judgement.for_role = judgement.for_role.or(applies),
                    Some(PrincipalForm::Account) | None => {}
                }
            } else {
                judgement.deny = judgement.deny.or(applies);
            }
        }
        judgement
    }
}

/// What one document, or several together, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) allow: Truth,
    pub(crate) deny: Truth,
    /// An allowing statement names the user, the session, or everybody: nobody else has to allow.
    pub(crate) alone: Truth,
    /// An allowing statement names the role: the role's own limits stay in force.
    pub(crate) for_role: Truth,
}

impl Judgement {
    pub(crate) const NOTHING: Judgement =
        Judgement { allow: Truth::No, deny: Truth::No, alone: Truth::No, for_role: Truth::No };
}

/// A request to AWS.
#[derive(Debug, Clone, Copy)]
pub struct AwsRequest<'r> {
    /// Who.
    pub principal: &'r Principal,
    /// `service:Action`.
    pub action: &'r str,
    /// ARN of what it is about, `*` where actions have none.
    pub resource: &'r str,
    /// What conditions may ask for.
    pub context: &'r Context,
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn texts(node: Node<'_>) -> Option<Vec<String>> {
    let text = |node: Node<'_>| match node.value() {
        Value::String(text) => Some(text.to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        _ => None,
    };
    if node.is_sequence() { node.items().map(text).collect() } else { Some(vec![text(node)?]) }
}

fn read_statement(node: Node<'_>, has_variables: bool) -> Option<Statement> {
    let is_allow = match node.get("Effect").and_then(Node::as_str)? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    let patterns = |key: &str, not_key: &str| -> Option<Option<Patterns>> {
        match (node.get(key), node.get(not_key)) {
            // The API refuses both, and what is meant is not known.
            (Some(_), Some(_)) => None,
            (Some(list), None) => Some(Some(Patterns { is_not: false, list: texts(list)? })),
            (None, Some(list)) => Some(Some(Patterns { is_not: true, list: texts(list)? })),
            (None, None) => Some(None),
        }
    };
    let (principals, is_not_principal) = match (node.get("Principal"), node.get("NotPrincipal")) {
        (Some(_), Some(_)) => return None,
        (Some(principal), None) => (Some(read_principals(principal)?), false),
        (None, Some(principal)) => (Some(read_principals(principal)?), true),
        (None, None) => (None, false),
    };
    let mut conditions = Vec::new();
    // A condition that cannot be read must not become no condition.
    if node.get("Condition").is_some_and(|condition| !condition.is_mapping()) {
        return None;
    }
    for operator in node.get("Condition").map(Node::entries).into_iter().flatten() {
        if !operator.value.is_mapping() {
            return None;
        }
        for entry in operator.value.entries() {
            conditions.push(Condition {
                operator: operator.key.to_owned(),
                key: entry.key.to_owned(),
                values: texts(entry.value)?,
            });
        }
    }
    Some(Statement {
        is_allow,
        principals,
        is_not_principal,
        actions: patterns("Action", "NotAction")??,
        resources: patterns("Resource", "NotResource")?,
        conditions,
        has_variables,
    })
}

fn read_principals(node: Node<'_>) -> Option<Vec<(String, String)>> {
    if let Some(text) = node.as_str() {
        return Some(vec![("AWS".to_owned(), text.to_owned())]);
    }
    let mut principals = Vec::new();
    for entry in node.entries() {
        principals.extend(texts(entry.value)?.into_iter().map(|value| (entry.key.to_owned(), value)));
    }
    Some(principals)
}

impl Statement {
    fn applies(&self, request: &AwsRequest<'_>) -> (Truth, Option<PrincipalForm>) {
        let (principal, form) = match &self.principals {
            None => (Truth::Yes, None),
            Some(list) if self.is_not_principal => {
                (self.is_not_named(list, request.principal), Some(PrincipalForm::Anybody))
            }
            Some(list) => {
                let named = list.iter().filter_map(|(kind, value)| names(kind, value, request.principal));
                match named.max() {
                    Some((truth, form)) => (truth, Some(form)),
                    None => (Truth::No, None),
                }
            }
        };
        let lower = request.action.to_ascii_lowercase();
        let action = self.actions.matches(|pattern| Truth::of(glob(&pattern.to_ascii_lowercase(), &lower)));
        let resource = match &self.resources {
            None => Truth::Yes,
            Some(patterns) => {
                patterns.matches(|pattern| match fill(pattern, request.context, self.has_variables) {
                    Some(filled) if filled.is_doubtful => Truth::Unknown,
                    Some(filled) => Truth::of(filled.matches(request.resource)),
                    None => Truth::Unknown,
                })
            }
        };
        let sure = principal.and(action).and(resource);
        if sure == Truth::No {
            return (Truth::No, form);
        }
        let conditions = self
            .conditions
            .iter()
            .fold(Truth::Yes, |all, condition| all.and(condition.holds(request.context, self.has_variables)));
        (sure.and(conditions), form)
    }

    /// Whether `NotPrincipal` leaves a principal out of its list. AWS asks for the account beside the user, and for the
    /// session and the account beside a role; with less it "might deny", so nobody can tell.
    fn is_not_named(&self, list: &[(String, String)], principal: &Principal) -> Truth {
        let has = |wanted: &dyn Fn(&str, &str) -> bool| list.iter().any(|(kind, value)| wanted(kind, value));
        if has(&|kind, value| kind == "AWS" && value == "*") {
            return Truth::No;
        }
        if principal.kind != "AWS" {
            return Truth::of(!has(&|kind, value| kind == principal.kind && value == principal.arn));
        }
        let has_account = has(&|kind, value| kind == "AWS" && is_account(value, principal));
        let has_arn = has(&|kind, value| kind == "AWS" && value == principal.arn);
        let has_session = !is_role(&principal.arn)
            || (!principal.session_arn.is_empty()
                && has(&|kind, value| kind == "AWS" && value == principal.session_arn));
        match (has_arn, has_account) {
            (false, false) => Truth::Yes,
            (true, true) if has_session => Truth::No,
            (true, _) if self.is_allow => Truth::No,
            _ => Truth::Unknown,
        }
    }

    /// Identity providers that the statement lets in.
    pub(crate) fn federated(&self) -> Vec<String> {
        let named = self.principals.iter().flatten().filter(|(kind, _)| kind == "Federated" && self.is_allow);
        named.map(|(_, provider)| provider.clone()).collect()
    }

    /// Whether it lets users or roles in.
    pub(crate) fn names_aws(&self) -> bool {
        self.is_allow && self.principals.iter().flatten().any(|(kind, _)| kind == "AWS")
    }

    /// Whether conditions on a key restrict it to values without wildcards.
    pub(crate) fn pins(&self, key_suffix: &str) -> bool {
        self.conditions.iter().any(|condition| {
            let base = operator_parts(&condition.operator).1;
            let is_equal = matches!(base, "StringEquals" | "StringEqualsIgnoreCase" | "ArnEquals");
            let is_like = matches!(base, "StringLike" | "ArnLike");
            condition.key.to_ascii_lowercase().ends_with(key_suffix)
                && (is_equal || is_like)
                && !condition.values.is_empty()
                && (is_equal || condition.values.iter().all(|value| !value.contains(['*', '?'])))
        })
    }
}

impl Patterns {
    fn matches(&self, mut test: impl FnMut(&str) -> Truth) -> Truth {
        let any = self.list.iter().fold(Truth::No, |any, pattern| any.or(test(pattern)));
        if self.is_not { any.not() } else { any }
    }
}

/// Whether an entry of `Principal` names a principal, and how.
fn names(kind: &str, value: &str, principal: &Principal) -> Option<(Truth, PrincipalForm)> {
    if value == "*" && kind == "AWS" {
        return Some((Truth::Yes, PrincipalForm::Anybody));
    }
    if kind != principal.kind {
        return None;
    }
    if kind != "AWS" {
        return (value == principal.arn || value == "*").then_some((Truth::Yes, PrincipalForm::Exact));
    }
    if is_account(value, principal) {
        return Some((Truth::Yes, PrincipalForm::Account));
    }
    if value == principal.arn {
        let form = if is_role(value) { PrincipalForm::Role } else { PrincipalForm::Exact };
        return Some((Truth::Yes, form));
    }
    // A session of the role: the very one, or one that the role could call itself.
    let role_name = principal.arn.rsplit('/').next().unwrap_or_default();
    let of_session = value.split_once(":assumed-role/").and_then(|(account, rest)| {
        let (role, _) = rest.split_once('/')?;
        (is_role(&principal.arn) && role == role_name && account.ends_with(&principal.account)).then_some(())
    });
    of_session?;
    match principal.session_arn.as_str() {
        "" => Some((Truth::Unknown, PrincipalForm::Exact)),
        session => (value == session).then_some((Truth::Yes, PrincipalForm::Exact)),
    }
}

/// `111111111111` or `arn:PARTITION:iam::111111111111:root`.
fn is_account(value: &str, principal: &Principal) -> bool {
    let root = || {
        let mut parts = value.split(':');
        let is_arn = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("iam");
        is_arn
            && parts.next() == Some("")
            && parts.next() == Some(principal.account.as_str())
            && parts.next() == Some("root")
    };
    !principal.account.is_empty() && (value == principal.account || root())
}

fn is_role(arn: &str) -> bool {
    arn.split(':').nth(5).is_some_and(|rest| rest.starts_with("role/"))
}

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// `*`: any text.
    Any,
    /// `?`: one character.
    One,
    Exactly(char),
}

/// A pattern with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Filled {
    pieces: Vec<Piece>,
    /// A value brought a wildcard along, of which nothing is said whether it counts as one.
    is_doubtful: bool,
}

impl Filled {
    fn of(pattern: &str) -> Self {
        let mut filled = Filled::default();
        filled.push_pattern(pattern);
        filled
    }

    fn push_pattern(&mut self, text: &str) {
        self.pieces.extend(text.chars().map(|c| match c {
            '*' => Piece::Any,
            '?' => Piece::One,
            c => Piece::Exactly(c),
        }));
    }

    fn push_value(&mut self, value: &str) {
        self.is_doubtful |= value.contains(['*', '?']);
        self.pieces.extend(value.chars().map(Piece::Exactly));
    }

    /// The text, for comparisons that know no wildcards.
    fn text(&self) -> String {
        let char_of = |piece: &Piece| match piece {
            Piece::Any => '*',
            Piece::One => '?',
            Piece::Exactly(c) => *c,
        };
        self.pieces.iter().map(char_of).collect()
    }

    fn matches(&self, text: &str) -> bool {
        glob_pieces(&self.pieces, &text.chars().collect::<Vec<_>>())
    }

    /// As ARNs are compared: each of the six parts for itself, so that a `*` does not reach over a colon.
    fn matches_arn(&self, arn: &str) -> bool {
        let patterns: Vec<&[Piece]> = self.pieces.splitn(6, |piece| *piece == Piece::Exactly(':')).collect();
        let parts: Vec<Vec<char>> = arn.splitn(6, ':').map(|part| part.chars().collect()).collect();
        patterns.len() == parts.len()
            && patterns.iter().zip(&parts).all(|(pattern, part)| glob_pieces(pattern, part))
    }
}

/// `*` is any text, `?` one character.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    Filled::of(pattern).matches(text)
}

fn glob_pieces(pattern: &[Piece], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some(Piece::Any) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(Piece::One) => {
                p += 1;
                t += 1;
            }
            Some(Piece::Exactly(wanted)) if wanted == c => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|piece| *piece == Piece::Any)
}

/// Fills in `${aws:username}` and the like; `${*}`, `${?}` and `${$}` are those characters themselves. `None` where a
/// value is not known. Documents of an older version have no variables.
fn fill(text: &str, context: &Context, has_variables: bool) -> Option<Filled> {
    let mut filled = Filled::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${").filter(|_| has_variables) {
        filled.push_pattern(before);
        let (variable, tail) = after.split_once('}')?;
        let (key, default) = match variable.split_once(',') {
            Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
            None => (variable, None),
        };
        match (key, context.get(key)) {
            ("*" | "?" | "$", _) => filled.pieces.extend(key.chars().map(Piece::Exactly)),
            (_, Some([value])) => filled.push_value(value),
            (_, Some([])) => filled.push_value(default?),
            _ => return None,
        }
        rest = tail;
    }
    filled.push_pattern(rest);
    Some(filled)
}

/// `ForAllValues:StringLikeIfExists` → (`ForAllValues`, `StringLike`, true).
fn operator_parts(operator: &str) -> (&str, &str, bool) {
    let (quantifier, operator) = operator.split_once(':').unwrap_or(("", operator));
    match operator.strip_suffix("IfExists") {
        Some(base) => (quantifier, base, true),
        None => (quantifier, operator, false),
    }
}

impl Condition {
    fn holds(&self, context: &Context, has_variables: bool) -> Truth {
        let (quantifier, base, if_exists) = operator_parts(&self.operator);
        let Some(actual) = context.get(&self.key) else { return Truth::Unknown };
        if base == "Null" {
            let wants_absent = self.values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            return Truth::of(actual.is_empty() == wants_absent);
        }
        let is_negated = base.contains("Not");
        if actual.is_empty() {
            // For a key that is not there `IfExists` holds; "for all values" of none holds, "for any" does not, whatever
            // is asked of them; and without either, negated operators hold.
            return Truth::of(match quantifier {
                _ if if_exists => true,
                "ForAllValues" => true,
                "ForAnyValue" => false,
                _ => is_negated,
            });
        }
        let mut wanted = Vec::new();
        for value in &self.values {
            match fill(value, context, has_variables) {
                Some(value) => wanted.push(value),
                None => return Truth::Unknown,
            }
        }
        let test = |value: &String| {
            let mut any = Truth::No;
            for want in &wanted {
                any = any.or(compare(base, value, want));
            }
            if is_negated { any.not() } else { any }
        };
        let results: Vec<Truth> = actual.iter().map(test).collect();
        let all = results.iter().fold(Truth::Yes, |all, one| all.and(*one));
        let any = results.iter().fold(Truth::No, |any, one| any.or(*one));
        match quantifier {
            "ForAllValues" => all,
            "ForAnyValue" => any,
            _ if is_negated => all,
            _ => any,
        }
    }
}

/// A positive comparison; `base` may be the negated operator.
fn compare(base: &str, value: &str, filled: &Filled) -> Truth {
    let text = filled.text();
    let want = text.as_str();
    let numbers = || Some((value.parse::<f64>().ok()?, want.parse::<f64>().ok()?));
    let number =
        |test: fn(f64, f64) -> bool| numbers().map_or(Truth::Unknown, |(a, b)| Truth::of(test(a, b)));
    let like = |holds: bool| if filled.is_doubtful { Truth::Unknown } else { Truth::of(holds) };
    match base {
        "StringEquals" | "StringNotEquals" | "BinaryEquals" => Truth::of(value == want),
        "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => Truth::of(value.eq_ignore_ascii_case(want)),
        "StringLike" | "StringNotLike" => like(filled.matches(value)),
        "ArnEquals" | "ArnLike" | "ArnNotEquals" | "ArnNotLike" => like(filled.matches_arn(value)),
        "Bool" => Truth::of(value.eq_ignore_ascii_case(want)),
        "IpAddress" | "NotIpAddress" => ip_in(value, want),
        "NumericEquals" | "NumericNotEquals" => number(|a, b| a == b),
        "NumericLessThan" => number(|a, b| a < b),
        "NumericLessThanEquals" => number(|a, b| a <= b),
        "NumericGreaterThan" => number(|a, b| a > b),
        "NumericGreaterThanEquals" => number(|a, b| a >= b),
        // Times in one format (UTC, to the second) compare as texts; others are not compared.
        "DateEquals" | "DateNotEquals" => date(value, want, |a, b| a == b),
        "DateLessThan" => date(value, want, |a, b| a < b),
        "DateLessThanEquals" => date(value, want, |a, b| a <= b),
        "DateGreaterThan" => date(value, want, |a, b| a > b),
        "DateGreaterThanEquals" => date(value, want, |a, b| a >= b),
        _ => Truth::Unknown,
    }
}

fn date(value: &str, want: &str, test: fn(&str, &str) -> bool) -> Truth {
    let is_plain =
        |text: &str| text.len() == 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    if is_plain(value) && is_plain(want) { Truth::of(test(value, want)) } else { Truth::Unknown }
}

fn ip_in(address: &str, block: &str) -> Truth {
    use std::net::IpAddr;
    let (network, bits) =
        block.split_once('/').map_or((block, None), |(network, bits)| (network, Some(bits)));
    let (Ok(address), Ok(network)) = (address.parse::<IpAddr>(), network.parse::<IpAddr>()) else {
        return Truth::Unknown;
    };
    let as_bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    if address.is_ipv4() != network.is_ipv4() {
        return Truth::No;
    }
    let ((address, width), (network, _)) = (as_bits(address), as_bits(network));
    let Ok(bits) = bits.map_or(Ok(width), str::parse::<u32>) else { return Truth::Unknown };
    let mask = u128::MAX.checked_shl(128u32.saturating_sub(bits)).unwrap_or(0);
    Truth::of(address & mask == network & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
        Condition {
            operator: operator.into(),
            key: key.into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    #[test]
    fn conditions_on_keys_that_are_not_known_are_unknown() {
        let context = Context::of(&[("aws:SourceIp", "10.1.2.3")]).without("aws:PrincipalOrgID");
        let holds = |operator: &str, key: &str, values: &[&str]| {
            condition(operator, key, values).holds(&context, true)
        };
        assert_eq!(holds("IpAddress", "AWS:sourceip", &["10.0.0.0/8"]), Truth::Yes);
        assert_eq!(holds("NotIpAddress", "aws:SourceIp", &["10.0.0.0/8"]), Truth::No);
        assert_eq!(holds("StringEquals", "aws:PrincipalOrgID", &["o-1"]), Truth::No);
        assert_eq!(holds("StringEqualsIfExists", "aws:PrincipalOrgID", &["o-1"]), Truth::Yes);
        assert_eq!(holds("StringNotEquals", "aws:PrincipalOrgID", &["o-1"]), Truth::Yes);
        assert_eq!(holds("Null", "aws:PrincipalOrgID", &["true"]), Truth::Yes);
        assert_eq!(holds("StringEquals", "aws:RequestedRegion", &["eu-west-1"]), Truth::Unknown);
    }

    #[test]
    fn globs_and_arns() {
        assert!(glob("a*b?d", "axxbcd"));
        assert!(!glob("a*b", "a*bc"));
        assert!(Filled::of("arn:aws:iam::*:role/x*").matches_arn("arn:aws:iam::1:role/xy"));
        assert!(!Filled::of("arn:aws:iam::*").matches_arn("arn:aws:iam::1:role/xy"));
    }

    #[test]
    fn documents_are_read_encoded_too() {
        let plain = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
        let encoded: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(PolicyDocument::from_text(plain), PolicyDocument::from_text(&encoded));
        assert!(PolicyDocument::from_text("{").is_doubtful);
    }
}
