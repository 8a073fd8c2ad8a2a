//! Tokens to a module, in either version of the language.

mod templates;

use super::ast::{Callee, Else, Import, Literal, LiteralKind, Module, Rule, Term, TermKind, With};
use super::lexer::{Tok, Token, tokens};
use super::{RegoError, RegoVersion};

/// Deepest nesting of terms; OPA allows 100,000, people need a dozen.
const DEPTH: usize = 100;

/// Most terms that are looked at, the second looks at ambiguous ones included.
const TERMS: usize = 2_000_000;

/// Words that are never names.
const KEYWORDS: [&str; 10] =
    ["as", "default", "else", "false", "import", "null", "package", "some", "true", "with"];

/// Reads a module.
pub(crate) fn parse(text: &str, version: RegoVersion) -> Result<Module> {
    let tokens = tokens(text)?;
    let v1 = version == RegoVersion::V1;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        terms: 0,
        keywords: Keywords { contains: v1, every: v1, r#if: v1, r#in: v1 },
        v1,
    };
    parser.module()
}

/// Which of the words that came with version 1 are keywords here.
#[derive(Debug, Clone, Copy)]
struct Keywords {
    contains: bool,
    every: bool,
    r#if: bool,
    r#in: bool,
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
    keywords: Keywords,
    v1: bool,
}

type Result<T> = std::result::Result<T, RegoError>;

impl Parser {
    fn token(&self) -> &Token {
        static END: Token = Token { tok: Tok::End, start: 0, spaced: true, newline: true };
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn pos(&self) -> u32 {
        self.token().start
    }

    fn next(&mut self) {
        self.at += 1;
    }

    fn is(&self, punct: &str) -> bool {
        matches!(&self.token().tok, Tok::Punct(text) if *text == punct)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token().tok, Tok::Ident(name) if name == word)
    }

    fn take(&mut self, punct: &str) -> bool {
        let found = self.is(punct);
        if found {
            self.next();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, punct: &str) -> Result<()> {
        if self.take(punct) { Ok(()) } else { Err(self.unexpected(&format!("`{punct}`"))) }
    }

    fn error(&self, message: impl Into<String>) -> RegoError {
        RegoError { offset: self.pos(), message: message.into() }
    }

    fn unexpected(&self, wanted: &str) -> RegoError {
        let found = match &self.token().tok {
            Tok::Ident(name) => format!("`{name}`"),
            Tok::Str(_) => "a text".to_owned(),
            Tok::Number(number) => format!("`{number}`"),
            Tok::Punct(text) => format!("`{text}`"),
            Tok::Template(_) => "a template string".to_owned(),
            Tok::End => "the end".to_owned(),
        };
        self.error(format!("unexpected {found}, expected {wanted}"))
    }

    fn name(&mut self) -> Result<String> {
        match &self.token().tok {
            Tok::Ident(name) if !KEYWORDS.contains(&name.as_str()) => {
                let name = name.clone();
                self.next();
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error(format!("nested deeper than {DEPTH} levels")));
        }
        Ok(())
    }

    fn module(&mut self) -> Result<Module> {
        let package_at = self.pos();
        if !self.take_word("package") {
            return Err(self.unexpected("`package`"));
        }
        let package = self.path()?;
        let mut module = Module { package, package_at, imports: Vec::new(), rules: Vec::new() };
        while self.is_word("import") {
            let import = self.import()?;
            self.activate(&import)?;
            module.imports.push(import);
            self.take(";");
        }
        while self.token().tok != Tok::End {
            if self.is_word("import") {
                return Err(self.error("imports stand before the rules"));
            }
            self.rules(&mut module.rules)?;
            while self.take(";") {}
        }
        Ok(module)
    }

    /// `a.b["c"]`
    fn path(&mut self) -> Result<Vec<String>> {
        let mut path = vec![self.name()?];
        loop {
            if self.take(".") {
                match self.token().tok.clone() {
                    Tok::Ident(name) => {
                        self.next();
                        path.push(name);
                    }
                    _ => return Err(self.unexpected("a name")),
                }
            } else if self.is("[") && !self.token().spaced {
                self.next();
                match self.token().tok.clone() {
                    Tok::Str(text) => {
                        self.next();
                        path.push(text);
                    }
                    _ => return Err(self.unexpected("a text")),
                }
                self.expect("]")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn import(&mut self) -> Result<Import> {
        let at = self.pos();
        self.next();
        let path = self.path()?;
        let alias = if self.take_word("as") { Some(self.name()?) } else { None };
        let known =
            path.first().is_some_and(|first| matches!(first.as_str(), "data" | "input" | "future" | "rego"));
        if !known {
            let message = "an import begins with `data`, `input`, `future` or `rego`";
            return Err(RegoError { offset: at, message: message.into() });
        }
        Ok(Import { at, path, alias })
    }

    /// Imports that change the language.
    fn activate(&mut self, import: &Import) -> Result<()> {
        let words: Vec<&str> = import.path.iter().map(String::as_str).collect();
        let all = Keywords { contains: true, every: true, r#if: true, r#in: true };
        match words.as_slice() {
            ["rego", "v1"] => {
                self.keywords = all;
                self.v1 = true;
            }
            ["future", "keywords"] => self.keywords = all,
            ["future", "keywords", "in"] => self.keywords.r#in = true,
            ["future", "keywords", "every"] => {
                self.keywords.every = true;
                self.keywords.r#in = true;
            }
            ["future", "keywords", "if"] => self.keywords.r#if = true,
            ["future", "keywords", "contains"] => self.keywords.contains = true,
            ["future" | "rego", ..] => {
                let message = format!("unknown import `{}`", import.path.join("."));
                return Err(RegoError { offset: import.at, message });
            }
            _ => {}
        }
        Ok(())
    }

    fn rules(&mut self, rules: &mut Vec<Rule>) -> Result<()> {
        let at = self.pos();
        let is_default = self.take_word("default");
        let mut rule = Rule {
            at,
            is_default,
            name: Vec::new(),
            args: None,
            key: None,
            value: None,
            body: Vec::new(),
            alternatives: Vec::new(),
        };
        self.head(&mut rule)?;
        if is_default {
            if rule.value.is_none() {
                return Err(RegoError { offset: at, message: "a default rule needs a value".into() });
            }
            rules.push(rule);
            return Ok(());
        }
        let mut has_body = false;
        if self.keywords.r#if && self.take_word("if") {
            has_body = true;
            rule.body = match self.is("{") {
                true => self.braced_body()?,
                false => vec![self.literal()?],
            };
        } else if self.is("{") {
            if self.v1 {
                return Err(self.error("`if` keyword is required before rule body"));
            }
            has_body = true;
            rule.body = self.braced_body()?;
        }
        if self.v1 && !has_body && rule.value.is_none() && rule.key.is_none() {
            return Err(RegoError { offset: at, message: "a rule needs a value or a body".into() });
        }
        if !has_body && rule.value.is_none() && rule.key.is_none() && rule.args.is_none() {
            return Err(RegoError { offset: at, message: "a rule needs a value or a body".into() });
        }
        while self.is_word("else") {
            if !has_body || (rule.key.is_some() && rule.args.is_none()) {
                return Err(self.error("`else` follows the body of a complete rule or function"));
            }
            let alternative = self.alternative()?;
            rule.alternatives.push(alternative);
        }
        // `f(x) { … } { … }`: the same head with another body.
        let mut chained = Vec::new();
        while has_body && self.is("{") && rule.alternatives.is_empty() && !self.v1 {
            let mut other = rule.clone();
            other.at = self.pos();
            other.body = self.braced_body()?;
            chained.push(other);
        }
        rules.push(rule);
        rules.extend(chained);
        Ok(())
    }

    fn alternative(&mut self) -> Result<Else> {
        self.next();
        let value = if self.take("=") || self.take(":=") { Some(self.expr_term()?) } else { None };
        let body = if self.keywords.r#if && self.take_word("if") {
            if self.is("{") { self.braced_body()? } else { vec![self.literal()?] }
        } else if self.is("{") && !self.v1 {
            self.braced_body()?
        } else if value.is_some() {
            Vec::new()
        } else {
            return Err(self.unexpected("a body"));
        };
        Ok(Else { value, body })
    }

    fn head(&mut self, rule: &mut Rule) -> Result<()> {
        rule.name.push(self.name()?);
        loop {
            if self.is(".") && !self.token().spaced {
                self.next();
                let name = self.name()?;
                rule.name.push(name);
            } else if self.is("(") && !self.token().spaced && rule.args.is_none() {
                self.next();
                rule.args = Some(self.list(")")?);
            } else if self.is("[") && !self.token().spaced {
                self.next();
                let key = self.expr_term()?;
                self.expect("]")?;
                let more = (self.is("[") || self.is(".")) && !self.token().spaced;
                match key.kind {
                    TermKind::Str(text) if more => rule.name.push(text),
                    _ if more => {
                        let message = "a variable inside of a rule's reference is not supported".into();
                        return Err(RegoError { offset: key.at, message });
                    }
                    _ => {
                        rule.key = Some(key);
                        break;
                    }
                }
            } else {
                break;
            }
        }
        if self.keywords.contains && self.is_word("contains") {
            self.next();
            if rule.key.is_some() || rule.args.is_some() {
                return Err(self.error("`contains` follows a plain name"));
            }
            rule.key = Some(self.expr_term()?);
            return Ok(());
        }
        if self.take(":=") || self.take("=") {
            rule.value = Some(self.expr_term()?);
        } else if self.v1 && rule.key.is_some() {
            // `p[x] if …` is a map from x to true in version 1.
            rule.value = Some(Term { at: rule.at, kind: TermKind::Bool(true) });
        }
        Ok(())
    }

    fn braced_body(&mut self) -> Result<Vec<Literal>> {
        self.expect("{")?;
        if self.is("}") {
            return Err(self.error("a body is not empty"));
        }
        let body = self.body("}")?;
        self.expect("}")?;
        Ok(body)
    }

    /// Literals up to `end`, which is left.
    fn body(&mut self, end: &str) -> Result<Vec<Literal>> {
        let mut body = Vec::new();
        loop {
            while self.take(";") {}
            if self.is(end) && !body.is_empty() {
                return Ok(body);
            }
            body.push(self.literal()?);
            if !self.is(end) && !self.is(";") && !self.token().newline {
                return Err(self.unexpected(&format!("`{end}`, `;` or a new line")));
            }
        }
    }

    fn literal(&mut self) -> Result<Literal> {
        let at = self.pos();
        self.enter()?;
        let negated = self.is_word("not") && self.take_word("not");
        let kind = if self.is_word("some") && !negated {
            self.some()?
        } else if self.keywords.every && self.is_word("every") && !negated {
            self.every()?
        } else {
            self.expr()?
        };
        let mut with = Vec::new();
        while self.is_word("with") {
            self.next();
            let target = self.term()?;
            if !self.take_word("as") {
                return Err(self.unexpected("`as`"));
            }
            let value = self.expr_term()?;
            with.push(With { target, value });
        }
        self.depth -= 1;
        Ok(Literal { at, negated, kind, with })
    }

    fn some(&mut self) -> Result<LiteralKind> {
        self.next();
        let first = self.relation()?;
        let second = if self.take(",") { Some(self.relation()?) } else { None };
        if self.keywords.r#in && self.take_word("in") {
            let collection = self.relation()?;
            return Ok(match second {
                Some(value) => LiteralKind::SomeIn { key: Some(first), value, collection },
                None => LiteralKind::SomeIn { key: None, value: first, collection },
            });
        }
        let mut names = Vec::new();
        for term in std::iter::once(first).chain(second) {
            match term.kind {
                TermKind::Var(name) => names.push(name),
                _ => return Err(RegoError { offset: term.at, message: "`some` declares names".into() }),
            }
        }
        while self.take(",") {
            names.push(self.name()?);
        }
        Ok(LiteralKind::Some(names))
    }

    fn every(&mut self) -> Result<LiteralKind> {
        self.next();
        let first = self.name()?;
        let second = if self.take(",") { Some(self.name()?) } else { None };
        if !self.take_word("in") {
            return Err(self.unexpected("`in`"));
        }
        let collection = self.relation()?;
        let body = self.braced_body()?;
        Ok(match second {
            Some(value) => LiteralKind::Every { key: Some(first), value, collection, body },
            None => LiteralKind::Every { key: None, value: first, collection, body },
        })
    }

    fn expr(&mut self) -> Result<LiteralKind> {
        let left = self.expr_term()?;
        if self.take(":=") {
            return Ok(LiteralKind::Assign(left, self.expr_term()?));
        }
        if self.take("=") {
            return Ok(LiteralKind::Unify(left, self.expr_term()?));
        }
        if self.keywords.r#in && self.is(",") {
            return self.member_at(left).map(LiteralKind::Term);
        }
        Ok(LiteralKind::Term(left))
    }

    /// What follows the key in `key, value in collection`.
    fn member_at(&mut self, key: Term) -> Result<Term> {
        self.expect(",")?;
        let value = self.relation()?;
        if !self.take_word("in") {
            return Err(self.unexpected("`in`"));
        }
        let collection = self.relation()?;
        Ok(call(key.at, "internal.member_3", vec![key, value, collection]))
    }

    /// A term with operators, membership included.
    fn expr_term(&mut self) -> Result<Term> {
        self.enter()?;
        let at = self.pos();
        let mut left = self.relation()?;
        while self.keywords.r#in && self.is_word("in") {
            self.next();
            let right = self.relation()?;
            left = call(at, "internal.member_2", vec![left, right]);
        }
        self.depth -= 1;
        Ok(left)
    }

    fn relation(&mut self) -> Result<Term> {
        const OPERATORS: [(&str, &str); 6] =
            [("==", "equal"), ("!=", "neq"), ("<=", "lte"), (">=", "gte"), ("<", "lt"), (">", "gt")];
        self.infix(&OPERATORS, |parser| parser.union())
    }

    fn union(&mut self) -> Result<Term> {
        self.infix(&[("|", "or")], |parser| parser.intersection())
    }

    fn intersection(&mut self) -> Result<Term> {
        self.infix(&[("&", "and")], |parser| parser.sum())
    }

    fn sum(&mut self) -> Result<Term> {
        self.infix(&[("+", "plus"), ("-", "minus")], |parser| parser.product())
    }

    fn product(&mut self) -> Result<Term> {
        self.infix(&[("*", "mul"), ("/", "div"), ("%", "rem")], |parser| parser.term())
    }

    fn infix(
        &mut self,
        operators: &[(&str, &'static str)],
        mut operand: impl FnMut(&mut Self) -> Result<Term>,
    ) -> Result<Term> {
        let at = self.pos();
        let mut left = operand(self)?;
        while let Some((_, name)) = operators.iter().find(|(text, _)| self.is(text)) {
            self.next();
            let right = operand(self)?;
            left = call(at, name, vec![left, right]);
        }
        Ok(left)
    }

    /// Terms up to `end`, which is taken; a trailing comma is allowed.
    fn list(&mut self, end: &str) -> Result<Vec<Term>> {
        let mut terms = Vec::new();
        while !self.take(end) {
            terms.push(self.expr_term()?);
            if !self.is(end) {
                self.expect(",")?;
            }
        }
        Ok(terms)
    }

    fn term(&mut self) -> Result<Term> {
        self.enter()?;
        self.terms += 1;
        if self.terms > TERMS {
            return Err(self.error("too many terms"));
        }
        let at = self.pos();
        let kind = match self.token().tok.clone() {
            Tok::Str(text) => {
                self.next();
                TermKind::Str(text)
            }
            Tok::Number(number) => {
                self.next();
                TermKind::Number(number)
            }
            Tok::Template(parts) => {
                self.next();
                self.template(at, parts)?
            }
            Tok::Punct("-") => {
                self.next();
                match self.token().tok.clone() {
                    Tok::Number(number) if !self.token().spaced => {
                        self.next();
                        TermKind::Number(format!("-{number}"))
                    }
                    _ => {
                        let operand = self.term()?;
                        let zero = Term { at, kind: TermKind::Number("0".into()) };
                        TermKind::Call(Callee::Operator("minus"), vec![zero, operand])
                    }
                }
            }
            Tok::Punct("(") => {
                self.next();
                let mut inner = self.expr_term()?;
                // `(key, value in collection)`
                if self.keywords.r#in && self.is(",") {
                    inner = self.member_at(inner)?;
                }
                self.expect(")")?;
                inner.kind
            }
            Tok::Punct("[") => {
                self.next();
                self.array()?
            }
            Tok::Punct("{") => {
                self.next();
                self.braces()?
            }
            Tok::Ident(name) => match name.as_str() {
                "true" | "false" => {
                    self.next();
                    TermKind::Bool(name == "true")
                }
                "null" => {
                    self.next();
                    TermKind::Null
                }
                "set" if self.is_empty_set() => {
                    self.next();
                    self.next();
                    self.next();
                    TermKind::Set(Vec::new())
                }
                "not" => return Err(self.unexpected("a term")),
                _ if KEYWORDS.contains(&name.as_str()) => return Err(self.unexpected("a term")),
                _ => {
                    self.next();
                    TermKind::Var(name)
                }
            },
            _ => return Err(self.unexpected("a term")),
        };
        let term = self.postfix(Term { at, kind })?;
        self.depth -= 1;
        Ok(term)
    }

    fn is_empty_set(&self) -> bool {
        let is = |offset: usize, punct: &str| {
            let token = self.tokens.get(self.at + offset);
            token.is_some_and(|token| matches!(&token.tok, Tok::Punct(text) if *text == punct))
        };
        is(1, "(") && is(2, ")")
    }

    /// `.name`, `[key]` and `(args)`, which follow without white space.
    fn postfix(&mut self, head: Term) -> Result<Term> {
        let at = head.at;
        let mut head = head;
        let mut path: Vec<Term> = Vec::new();
        loop {
            if self.token().spaced {
                break;
            }
            if self.is(".") {
                self.next();
                let key_at = self.pos();
                match self.token().tok.clone() {
                    Tok::Ident(name) => {
                        self.next();
                        path.push(Term { at: key_at, kind: TermKind::Str(name) });
                    }
                    _ => return Err(self.unexpected("a name")),
                }
            } else if self.is("[") {
                self.next();
                let key = self.expr_term()?;
                self.expect("]")?;
                path.push(key);
            } else if self.is("(") {
                let Some(name) = dotted(&head, &path) else {
                    return Err(self.error("only a name can be called"));
                };
                self.next();
                let args = self.list(")")?;
                head = Term { at, kind: TermKind::Call(Callee::Name(name), args) };
                path = Vec::new();
            } else {
                break;
            }
        }
        if path.is_empty() {
            return Ok(head);
        }
        Ok(Term { at, kind: TermKind::Ref(Box::new(head), path) })
    }

    fn array(&mut self) -> Result<TermKind> {
        let start = self.at;
        if self.take("]") {
            return Ok(TermKind::Array(Vec::new()));
        }
        // A comprehension wins over the union of sets.
        let head = self.intersection()?;
        if self.take("|") {
            let body = self.body("]")?;
            self.expect("]")?;
            return Ok(TermKind::ArrayCompr(Box::new(head), body));
        }
        if self.is("]") || self.is(",") {
            return Ok(TermKind::Array(self.more(head, "]")?));
        }
        self.at = start;
        Ok(TermKind::Array(self.list("]")?))
    }

    /// The terms after a first one, up to `end`, which is taken.
    fn more(&mut self, first: Term, end: &str) -> Result<Vec<Term>> {
        let mut terms = vec![first];
        if self.take(",") {
            terms.extend(self.list(end)?);
        } else {
            self.expect(end)?;
        }
        Ok(terms)
    }

    fn braces(&mut self) -> Result<TermKind> {
        if self.take("}") {
            return Ok(TermKind::Object(Vec::new()));
        }
        let start = self.at;
        let head = self.intersection()?;
        if self.take("|") {
            let body = self.body("}")?;
            self.expect("}")?;
            return Ok(TermKind::SetCompr(Box::new(head), body));
        }
        if self.is("}") || self.is(",") {
            return Ok(TermKind::Set(self.more(head, "}")?));
        }
        if self.take(":") {
            let second = self.at;
            let value = self.intersection()?;
            if self.take("|") {
                let body = self.body("}")?;
                self.expect("}")?;
                return Ok(TermKind::ObjectCompr(Box::new((head, value)), body));
            }
            if self.is("}") || self.is(",") {
                return self.object(vec![(head, value)]);
            }
            self.at = second;
            let value = self.expr_term()?;
            return self.object(vec![(head, value)]);
        }
        self.at = start;
        let first = self.expr_term()?;
        if self.take(":") {
            let value = self.expr_term()?;
            return self.object(vec![(first, value)]);
        }
        Ok(TermKind::Set(self.more(first, "}")?))
    }

    /// The rest of an object after its first entry.
    fn object(&mut self, mut entries: Vec<(Term, Term)>) -> Result<TermKind> {
        while !self.take("}") {
            self.expect(",")?;
            if self.take("}") {
                break;
            }
            let key = self.expr_term()?;
            self.expect(":")?;
            entries.push((key, self.expr_term()?));
        }
        Ok(TermKind::Object(entries))
    }
}

fn call(at: u32, name: &'static str, args: Vec<Term>) -> Term {
    Term { at, kind: TermKind::Call(Callee::Operator(name), args) }
}

fn dotted(head: &Term, path: &[Term]) -> Option<Vec<String>> {
    let TermKind::Var(first) = &head.kind else { return None };
    let mut name = vec![first.clone()];
    for step in path {
        match &step.kind {
            TermKind::Str(text) => name.push(text.clone()),
            _ => return None,
        }
    }
    Some(name)
}
