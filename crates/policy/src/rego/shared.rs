//! What of a program is the same for all constraints of its template on one request: whatever reads nothing that a
//! constraint brings along. Only `input` as a whole and `input.parameters` differ from one constraint to the next, so what
//! reads neither, and uses only what reads neither, is evaluated once a request.

use std::collections::BTreeSet;

use super::ir::{Branch, Compr, Definition, Func, Head, Key, Lit, Pattern, Rule, RuleKind, Step, Term};

/// What a part of a program reads.
#[derive(Debug, Clone, Default)]
struct Reads {
    /// Something that a constraint brings along.
    constraint: bool,
    /// Rules and functions.
    rules: BTreeSet<usize>,
}

impl Reads {
    fn add(&mut self, other: &Reads) {
        self.constraint |= other.constraint;
        self.rules.extend(&other.rules);
    }

    /// Whether it is the same for all constraints, given which rules are.
    fn is_same(&self, same: &[bool]) -> bool {
        !self.constraint && self.rules.iter().all(|id| same.get(*id) == Some(&true))
    }
}

/// Marks what is shared, each with a number of its own. Gives the numbers of the remembered terms and how many there are.
pub(super) fn plan(rules: &mut [Rule], closed: usize) -> (Vec<Option<usize>>, usize) {
    let mut reader = Reader { closed: vec![Reads::default(); closed] };
    let of_definitions: Vec<Vec<Reads>> = rules
        .iter()
        .map(|rule| rule.definitions.iter().map(|one| reader.definition(one)).collect())
        .collect();
    let of_rules: Vec<Reads> = of_definitions
        .iter()
        .map(|definitions| {
            let mut whole = Reads::default();
            definitions.iter().for_each(|reads| whole.add(reads));
            whole
        })
        .collect();
    let mut same = vec![true; rules.len()];
    loop {
        let next: Vec<bool> = of_rules.iter().map(|reads| reads.is_same(&same)).collect();
        if next == same {
            break;
        }
        same = next;
    }
    let mut count = 0;
    let mut number = || {
        count += 1;
        Some(count - 1)
    };
    for ((rule, definitions), is_same) in rules.iter_mut().zip(&of_definitions).zip(&same) {
        rule.is_same = *is_same;
        if *is_same {
            rule.shared = if rule.kind != RuleKind::Function && rule.is_dear { number() } else { None };
        } else if rule.kind == RuleKind::PartialSet {
            for (definition, reads) in rule.definitions.iter_mut().zip(definitions) {
                definition.shared = if reads.is_same(&same) { number() } else { None };
            }
        }
    }
    let closed = reader.closed.iter().map(|reads| if reads.is_same(&same) { number() } else { None });
    (closed.collect(), count)
}

/// Walks over a program.
struct Reader {
    /// By the number of a remembered term.
    closed: Vec<Reads>,
}

impl Reader {
    fn definition(&mut self, definition: &Definition) -> Reads {
        let mut reads = Reads::default();
        definition.args.iter().for_each(|(_, pattern)| self.pattern(pattern, &mut reads));
        for Branch { body, key, value } in &definition.branches {
            self.body(body, &mut reads);
            key.iter().chain(Some(value)).for_each(|term| self.term(term, &mut reads));
        }
        reads
    }

    fn body(&mut self, body: &[Lit], reads: &mut Reads) {
        body.iter().for_each(|lit| self.literal(lit, reads));
    }

    fn literal(&mut self, lit: &Lit, reads: &mut Reads) {
        match lit {
            Lit::Test(term) | Lit::Bind(_, term) => self.term(term, reads),
            Lit::Match(pattern, term) => {
                self.pattern(pattern, reads);
                self.term(term, reads);
            }
            Lit::Iterate { head, steps, then } => {
                self.head(head, reads);
                for step in steps {
                    match step {
                        Step::Key(key) => self.key(key, reads),
                        Step::Each(pattern) => self.pattern(pattern, reads),
                    }
                }
                then.iter().for_each(|pattern| self.pattern(pattern, reads));
            }
            Lit::SomeIn { key, value, collection } => {
                key.iter().chain(Some(value)).for_each(|pattern| self.pattern(pattern, reads));
                self.term(collection, reads);
            }
            Lit::Every { collection, body, .. } => {
                self.term(collection, reads);
                self.body(body, reads);
            }
            Lit::Not(body) => self.body(body, reads),
            // What stands in another's place is put into the whole input, parameters included; what of it is read is
            // named in the body.
            Lit::With(with) => {
                with.values.iter().for_each(|(_, value)| self.term(value, reads));
                self.body(&with.body, reads);
            }
        }
    }

    fn term(&mut self, term: &Term, reads: &mut Reads) {
        match term {
            Term::Const(_) | Term::Slot(_) => {}
            Term::Array(items) | Term::Set(items) => items.iter().for_each(|item| self.term(item, reads)),
            Term::Object(entries, _) => {
                for (key, value) in entries {
                    self.term(key, reads);
                    self.term(value, reads);
                }
            }
            Term::Path(head, _) => self.head(head, reads),
            Term::Get(head, path) => {
                self.head(head, reads);
                path.iter().for_each(|key| self.key(key, reads));
            }
            Term::Compare(_, sides) => {
                self.term(&sides.0, reads);
                self.term(&sides.1, reads);
            }
            Term::Is(_, term) => self.term(term, reads),
            Term::Sprintf(format, values) => {
                self.term(format, reads);
                values.iter().for_each(|value| self.term(value, reads));
            }
            Term::Closed(id, term) => {
                let mut inner = Reads::default();
                self.term(term, &mut inner);
                reads.add(&inner);
                if let Some(place) = self.closed.get_mut(*id) {
                    *place = inner;
                }
            }
            Term::Call(func, args) => {
                if let Func::Rule(id) = func {
                    reads.rules.insert(*id);
                }
                args.iter().for_each(|arg| self.term(arg, reads));
            }
            Term::Compr(compr) => {
                let Compr { key, value, body, .. } = &**compr;
                key.iter().chain(Some(value)).for_each(|term| self.term(term, reads));
                self.body(body, reads);
            }
        }
    }

    fn head(&mut self, head: &Head, reads: &mut Reads) {
        match head {
            Head::Input | Head::Parameters => reads.constraint = true,
            Head::Review | Head::Object | Head::Spec | Head::Inventory => {}
            Head::Rule(id) => drop(reads.rules.insert(*id)),
            Head::Term(term) => self.term(term, reads),
        }
    }

    fn key(&mut self, key: &Key, reads: &mut Reads) {
        if let Key::Term(term) = key {
            self.term(term, reads);
        }
    }

    fn pattern(&mut self, pattern: &Pattern, reads: &mut Reads) {
        match pattern {
            Pattern::Any | Pattern::Bind(_) => {}
            Pattern::Equal(term) => self.term(term, reads),
            Pattern::Array(items) => items.iter().for_each(|item| self.pattern(item, reads)),
            Pattern::Object(entries) => {
                for (key, value) in entries {
                    self.term(key, reads);
                    self.pattern(value, reads);
                }
            }
        }
    }
}
