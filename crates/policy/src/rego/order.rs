//! Puts the literals of a body into an order in which every variable is bound before it is needed, and fixes which
//! occurrence binds.

use super::RegoError;
use super::compile::{R, RCompr, RHead, RKind, RLit};
use super::ir::{Branch, Compare, Compr, ComprKind, Func, Head, Key, Lit, Pattern, Step, Term, With};
use super::value::Type;

/// Works on one rule.
pub(crate) struct Orderer<'c> {
    /// The name of each slot.
    names: Vec<String>,
    bound: Vec<bool>,
    /// How many terms without variables are remembered so far.
    closed: &'c mut usize,
}

type Result<T> = std::result::Result<T, RegoError>;

impl<'c> Orderer<'c> {
    pub(crate) fn new(names: Vec<String>, closed: &'c mut usize) -> Self {
        let bound = vec![false; names.len()];
        Self { names, bound, closed }
    }

    /// Slots that the rule needs.
    pub(crate) fn slots(&self) -> usize {
        self.names.len()
    }

    /// An argument of a function: its variables are bound by the call.
    pub(crate) fn argument(&mut self, arg: R) -> Result<Pattern> {
        let mut needs = Vec::new();
        pattern_needs(&arg, &mut needs);
        if let Some(slot) = needs.into_iter().find(|slot| !self.is_bound(*slot)) {
            return Err(self.unsafe_var(slot, 0));
        }
        let mut before = Vec::new();
        self.pattern(arg, &mut before)
    }

    pub(crate) fn branch(&mut self, body: Vec<RLit>, key: Option<R>, value: R, at: u32) -> Result<Branch> {
        let outside = self.bound.clone();
        let mut lits = self.body(body)?;
        let heads: Vec<&R> = key.iter().chain(Some(&value)).collect();
        self.check_heads(&heads, at)?;
        let key = key.map(|key| self.term(key, &mut lits)).transpose()?;
        let value = self.term(value, &mut lits)?;
        self.restore(outside);
        Ok(Branch { body: lits.into(), key, value })
    }

    fn restore(&mut self, outside: Vec<bool>) {
        self.bound = outside;
        self.bound.resize(self.names.len(), false);
    }

    fn check_heads(&self, heads: &[&R], at: u32) -> Result<()> {
        let mut needs = Vec::new();
        heads.iter().for_each(|head| needs_of(head, &mut needs));
        match needs.into_iter().find(|slot| !self.is_bound(*slot)) {
            Some(slot) => Err(self.unsafe_var(slot, at)),
            None => Ok(()),
        }
    }

    fn unsafe_var(&self, slot: usize, at: u32) -> RegoError {
        let name = self.names.get(slot).map_or("_", String::as_str);
        RegoError { offset: at, message: format!("var `{name}` is unsafe: nothing gives it a value") }
    }

    fn is_bound(&self, slot: usize) -> bool {
        self.bound.get(slot).copied().unwrap_or(false)
    }

    /// Marks a slot as filled.
    pub(crate) fn bind(&mut self, slot: usize) {
        if let Some(bound) = self.bound.get_mut(slot) {
            *bound = true;
        }
    }

    fn temporary(&mut self) -> usize {
        self.names.push("_".to_owned());
        self.bound.push(true);
        self.names.len() - 1
    }

    fn body(&mut self, body: Vec<RLit>) -> Result<Vec<Lit>> {
        let mut waiting: Vec<Option<RLit>> = body.into_iter().map(Some).collect();
        let mut out = Vec::new();
        loop {
            let ready = waiting.iter_mut().find(|lit| lit.as_ref().is_some_and(|lit| self.is_ready(lit)));
            match ready.and_then(Option::take) {
                Some(lit) => self.literal(lit, &mut out)?,
                None => break,
            }
        }
        match waiting.iter().flatten().next() {
            None => Ok(out),
            Some(lit) => {
                let mut needs = Vec::new();
                literal_needs(lit, &mut needs);
                if let RKind::Unify(left, right) = &lit.kind {
                    needs_of(left, &mut needs);
                    needs_of(right, &mut needs);
                }
                let slot = needs.into_iter().find(|slot| !self.is_bound(*slot));
                Err(self.unsafe_var(slot.unwrap_or(usize::MAX), lit.at))
            }
        }
    }

    fn is_ready(&self, lit: &RLit) -> bool {
        let mut needs = Vec::new();
        lit.with.iter().for_each(|(_, value)| needs_of(value, &mut needs));
        if needs.iter().any(|slot| !self.is_bound(*slot)) {
            return false;
        }
        if let (false, RKind::Unify(left, right)) = (lit.negated, &lit.kind) {
            return self.can_match(left, right) || self.can_match(right, left);
        }
        literal_needs(lit, &mut needs);
        needs.into_iter().all(|slot| self.is_bound(slot))
    }

    /// Whether `value` can be evaluated and `pattern` be matched with it.
    fn can_match(&self, pattern: &R, value: &R) -> bool {
        let mut needs = Vec::new();
        needs_of(value, &mut needs);
        pattern_needs(pattern, &mut needs);
        !matches!(value, R::Any) && needs.into_iter().all(|slot| self.is_bound(slot))
    }

    fn literal(&mut self, mut lit: RLit, out: &mut Vec<Lit>) -> Result<()> {
        if !lit.with.is_empty() {
            let mut values = Vec::new();
            for (target, value) in std::mem::take(&mut lit.with) {
                values.push((target, self.term(value, out)?));
            }
            let before = self.bound.clone();
            let mut body = Vec::new();
            self.literal(lit, &mut body)?;
            let is_new = |slot: &usize| self.is_bound(*slot) && before.get(*slot) != Some(&true);
            let binds = (0..self.names.len()).filter(is_new).collect();
            out.push(Lit::With(Box::new(With { values: values.into(), body: body.into(), binds })));
            return Ok(());
        }
        if lit.negated {
            if has_wildcard(&lit.kind) {
                return Err(RegoError { offset: lit.at, message: "var `_` is unsafe under `not`".into() });
            }
            let outside = self.bound.clone();
            let mut inner = Vec::new();
            self.literal(RLit { negated: false, ..lit }, &mut inner)?;
            self.restore(outside);
            out.push(Lit::Not(inner.into()));
            return Ok(());
        }
        match lit.kind {
            RKind::Term(R::Ref(head, path)) if self.iterates(&path) => {
                let (head, steps) = self.walk(head, path, out)?;
                out.push(Lit::Iterate { head, steps, then: None });
            }
            RKind::Term(term) => {
                let term = self.term(term, out)?;
                out.push(Lit::Test(term));
            }
            RKind::Unify(left, right) => {
                let (pattern, value) =
                    if self.can_match(&left, &right) { (left, right) } else { (right, left) };
                self.unify(pattern, value, out)?;
            }
            RKind::SomeIn { key, value, collection } => {
                let collection = match collection {
                    R::Call(func, args) => Term::Call(func, self.terms(args, out)?),
                    other => self.term(other, out)?,
                };
                let key = key.map(|key| self.pattern(key, out)).transpose()?;
                let value = self.pattern(value, out)?;
                out.push(Lit::SomeIn { key, value, collection });
            }
            RKind::Every { key, value, collection, body, .. } => {
                let collection = self.term(collection, out)?;
                let outside = self.bound.clone();
                key.iter().chain(&value).for_each(|slot| self.bind(*slot));
                let body = self.body(body)?;
                self.restore(outside);
                out.push(Lit::Every { key, value, collection, body: body.into() });
            }
        }
        Ok(())
    }

    fn unify(&mut self, pattern: R, value: R, out: &mut Vec<Lit>) -> Result<()> {
        if let R::Ref(head, path) = value {
            if self.iterates(&path) {
                let (head, steps) = self.walk(head, path, out)?;
                let then = Some(self.pattern(pattern, out)?);
                out.push(Lit::Iterate { head, steps, then });
                return Ok(());
            }
            return self.match_with(pattern, R::Ref(head, path), out);
        }
        self.match_with(pattern, value, out)
    }

    fn match_with(&mut self, pattern: R, value: R, out: &mut Vec<Lit>) -> Result<()> {
        let value = self.term(value, out)?;
        let lit = match self.pattern(pattern, out)? {
            Pattern::Bind(slot) => Lit::Bind(slot, value),
            pattern => Lit::Match(pattern, value),
        };
        out.push(lit);
        Ok(())
    }

    /// Whether a reference has more than one value.
    fn iterates(&self, path: &[R]) -> bool {
        path.iter().any(|step| self.has_unbound(step))
    }

    /// Whether a step or pattern binds something.
    fn has_unbound(&self, term: &R) -> bool {
        match term {
            R::Any => true,
            R::Var(slot) => !self.is_bound(*slot),
            R::Array(items) => items.iter().any(|item| self.has_unbound(item)),
            R::Object(entries) => entries.iter().any(|(_, value)| self.has_unbound(value)),
            _ => false,
        }
    }

    fn walk(&mut self, head: RHead, path: Vec<R>, out: &mut Vec<Lit>) -> Result<(Head, Box<[Step]>)> {
        let (head, path) = self.head(head, path, out)?;
        let mut steps = Vec::new();
        for step in path {
            steps.push(match self.has_unbound(&step) {
                true => Step::Each(self.pattern(step, out)?),
                false => Step::Key(self.key(step, out)?),
            });
        }
        Ok((head, steps.into()))
    }

    /// The head of a reference, and what is left of its path.
    fn head(&mut self, head: RHead, path: Vec<R>, out: &mut Vec<Lit>) -> Result<(Head, Vec<R>)> {
        let head = match head {
            RHead::Input => {
                let name = |at: usize| match path.get(at) {
                    Some(R::Const(key)) => key.as_str(),
                    _ => None,
                };
                let (head, used) = match (name(0), name(1), name(2)) {
                    (Some("review"), Some("object"), Some("spec")) => (Head::Spec, 3),
                    (Some("review"), Some("object"), _) => (Head::Object, 2),
                    (Some("review"), ..) => (Head::Review, 1),
                    (Some("parameters"), ..) => (Head::Parameters, 1),
                    _ => (Head::Input, 0),
                };
                return Ok((head, path.into_iter().skip(used).collect()));
            }
            RHead::Inventory => Head::Inventory,
            RHead::Rule(id) => Head::Rule(id),
            RHead::Term(term) => Head::Term(Box::new(self.term(*term, out)?)),
        };
        Ok((head, path))
    }

    fn key(&mut self, step: R, out: &mut Vec<Lit>) -> Result<Key> {
        Ok(match self.term(step, out)? {
            Term::Const(key) => match key.as_str() {
                Some(name) => Key::Field(name.into()),
                None => Key::Const(key),
            },
            term => Key::Term(term),
        })
    }

    fn pattern(&mut self, term: R, out: &mut Vec<Lit>) -> Result<Pattern> {
        Ok(match term {
            R::Any => Pattern::Any,
            R::Var(slot) if !self.is_bound(slot) => {
                self.bind(slot);
                Pattern::Bind(slot)
            }
            R::Array(items) if items.iter().any(|item| self.has_unbound(item)) => {
                let items = items.into_iter().map(|item| self.pattern(item, out));
                Pattern::Array(items.collect::<Result<_>>()?)
            }
            R::Object(entries) if entries.iter().any(|(_, value)| self.has_unbound(value)) => {
                let mut patterns = Vec::new();
                for (key, value) in entries {
                    patterns.push((self.term(key, out)?, self.pattern(value, out)?));
                }
                Pattern::Object(patterns.into())
            }
            term => Pattern::Equal(self.term(term, out)?),
        })
    }

    /// A term with one value; what has several is walked before.
    fn term(&mut self, term: R, out: &mut Vec<Lit>) -> Result<Term> {
        Ok(match term {
            R::Const(value) => Term::Const(value),
            R::Var(slot) => Term::Slot(slot),
            // A wildcard in an argument: whatever; no builtin can be given it, a pattern never gets here.
            R::Any => return Err(RegoError { offset: 0, message: "var `_` is unsafe".into() }),
            R::Array(items) => Term::Array(self.terms(items, out)?),
            R::Set(items) => Term::Set(self.terms(items, out)?),
            R::Object(entries) => {
                let mut lowered = Vec::new();
                for (key, value) in entries {
                    lowered.push((self.term(key, out)?, self.term(value, out)?));
                }
                // Texts that differ are put in the order in which objects hold them.
                let text = |term: &Term| match term {
                    Term::Const(key) => key.as_str().map(str::to_owned),
                    _ => None,
                };
                let mut texts: Vec<String> = lowered.iter().filter_map(|(key, _)| text(key)).collect();
                texts.sort();
                texts.dedup();
                let is_sorted = texts.len() == lowered.len();
                if is_sorted {
                    lowered.sort_by_key(|(key, _)| text(key));
                }
                Term::Object(lowered.into(), is_sorted)
            }
            R::Ref(head, path) => {
                if self.iterates(&path) {
                    let (head, steps) = self.walk(head, path, out)?;
                    let slot = self.temporary();
                    out.push(Lit::Iterate { head, steps, then: Some(Pattern::Bind(slot)) });
                    return Ok(Term::Slot(slot));
                }
                let (head, path) = self.head(head, path, out)?;
                let keys = path.into_iter().map(|step| self.key(step, out));
                let keys = keys.collect::<Result<Vec<_>>>()?;
                let names = keys.iter().map(|key| match key {
                    Key::Field(name) => Some(name.clone()),
                    _ => None,
                });
                match names.collect::<Option<_>>() {
                    Some(names) => Term::Path(head, names),
                    None => Term::Get(head, keys.into()),
                }
            }
            R::Call(func, args) => {
                let mut used = Vec::new();
                args.iter().for_each(|arg| slots_of(arg, &mut used));
                let is_closed = used.is_empty() && !args.is_empty();
                let args = self.terms(args, out)?;
                if matches!(func, Func::Builtin(builtin) if builtin.is_relation) {
                    let slot = self.temporary();
                    let collection = Term::Call(func, args);
                    out.push(Lit::SomeIn { key: None, value: Pattern::Bind(slot), collection });
                    return Ok(Term::Slot(slot));
                }
                // What is iterated over in an argument was put into a slot.
                let is_closed = is_closed && !args.iter().any(Term::has_slot);
                match call(func, args.into_vec()) {
                    term @ (Term::Call(Func::Builtin(_), _) | Term::Sprintf(..)) if is_closed => {
                        self.remembered(term)
                    }
                    term => term,
                }
            }
            R::Compr(compr) => {
                let mut used = Vec::new();
                compr_needs(&compr, &mut used);
                let compr = Term::Compr(Box::new(self.compr(*compr)?));
                if used.is_empty() { self.remembered(compr) } else { compr }
            }
        })
    }

    /// A term without variables: its value is remembered.
    fn remembered(&mut self, term: Term) -> Term {
        *self.closed += 1;
        Term::Closed(*self.closed - 1, Box::new(term))
    }

    fn terms(&mut self, terms: Vec<R>, out: &mut Vec<Lit>) -> Result<Box<[Term]>> {
        terms.into_iter().map(|term| self.term(term, out)).collect()
    }

    fn compr(&mut self, compr: RCompr) -> Result<Compr> {
        let RCompr { kind, key, value, body, .. } = compr;
        let branch = self.branch(body, key, value, 0)?;
        debug_assert!(branch.key.is_some() == (kind == ComprKind::Object));
        Ok(Compr { kind, key: branch.key, value: branch.value, body: branch.body })
    }
}

/// A call, as what it is done quickest by.
fn call(func: Func, mut args: Vec<Term>) -> Term {
    let Func::Builtin(builtin) = func else { return Term::Call(func, args.into()) };
    if let (Some(kind), 1) = (Type::asked_by(builtin.name), args.len())
        && let Some(arg) = args.pop()
    {
        return Term::Is(kind, Box::new(arg));
    }
    match (builtin.name, <[Term; 2]>::try_from(args)) {
        ("sprintf", Ok([format, Term::Array(values)])) => Term::Sprintf(Box::new(format), values),
        (_, Ok([left, right])) => match Compare::of(builtin) {
            Some(how) => Term::Compare(how, Box::new((left, right))),
            None => Term::Call(func, Box::new([left, right])),
        },
        (_, Err(args)) => Term::Call(func, args.into()),
    }
}

/// Slots that must be filled before a term can be evaluated.
fn needs_of(term: &R, needs: &mut Vec<usize>) {
    match term {
        R::Const(_) | R::Any => {}
        R::Var(slot) => needs.push(*slot),
        R::Array(items) | R::Set(items) => items.iter().for_each(|item| needs_of(item, needs)),
        R::Object(entries) => {
            for (key, value) in entries {
                needs_of(key, needs);
                needs_of(value, needs);
            }
        }
        R::Ref(head, path) => {
            if let RHead::Term(head) = head {
                needs_of(head, needs);
            }
            path.iter().for_each(|step| pattern_needs(step, needs));
        }
        R::Call(_, args) => {
            let mut wanted = Vec::new();
            args.iter().for_each(|arg| needs_of(arg, &mut wanted));
            // `x == xs[x]`: the reference gives the variable its values.
            if args.iter().all(|arg| matches!(arg, R::Var(_) | R::Const(_) | R::Ref(..))) {
                let steps = args.iter().filter_map(|arg| match arg {
                    R::Ref(_, path) => Some(path),
                    _ => None,
                });
                let binds = |slot: &usize| steps.clone().flatten().any(|step| is_var(step, *slot));
                wanted.retain(|slot| !binds(slot));
            }
            needs.append(&mut wanted);
        }
        R::Compr(compr) => compr_needs(compr, needs),
    }
}

fn is_var(term: &R, slot: usize) -> bool {
    matches!(term, R::Var(var) if *var == slot)
}

fn compr_needs(compr: &RCompr, needs: &mut Vec<usize>) {
    let mut inner = Vec::new();
    compr.body.iter().for_each(|lit| all_slots(lit, &mut inner));
    compr.key.iter().chain(Some(&compr.value)).for_each(|head| slots_of(head, &mut inner));
    needs.extend(inner.into_iter().filter(|slot| !compr.locals.contains(slot)));
}

/// Slots that must be filled before a value can be matched with a term; variables of the pattern itself are not.
fn pattern_needs(term: &R, needs: &mut Vec<usize>) {
    match term {
        R::Var(_) | R::Any | R::Const(_) => {}
        R::Array(items) => items.iter().for_each(|item| pattern_needs(item, needs)),
        R::Object(entries) => {
            for (key, value) in entries {
                needs_of(key, needs);
                pattern_needs(value, needs);
            }
        }
        other => needs_of(other, needs),
    }
}

fn literal_needs(lit: &RLit, needs: &mut Vec<usize>) {
    lit.with.iter().for_each(|(_, value)| needs_of(value, needs));
    match &lit.kind {
        _ if lit.negated => {
            let mut outer = Vec::new();
            all_slots(lit, &mut outer);
            needs.append(&mut outer);
        }
        RKind::Term(term) => needs_of(term, needs),
        RKind::Unify(left, right) => {
            pattern_needs(left, needs);
            pattern_needs(right, needs);
        }
        RKind::SomeIn { key, value, collection } => {
            needs_of(collection, needs);
            key.iter().chain(Some(value)).for_each(|pattern| pattern_needs(pattern, needs));
        }
        RKind::Every { collection, body, locals, .. } => {
            needs_of(collection, needs);
            let mut inner = Vec::new();
            body.iter().for_each(|lit| all_slots(lit, &mut inner));
            needs.extend(inner.into_iter().filter(|slot| !locals.contains(slot)));
        }
    }
}

/// All slots of a literal, those local to its closures left out.
fn all_slots(lit: &RLit, slots: &mut Vec<usize>) {
    lit.with.iter().for_each(|(_, value)| slots_of(value, slots));
    match &lit.kind {
        RKind::Term(term) => slots_of(term, slots),
        RKind::Unify(left, right) => {
            slots_of(left, slots);
            slots_of(right, slots);
        }
        RKind::SomeIn { key, value, collection } => {
            key.iter().chain([value, collection]).for_each(|term| slots_of(term, slots));
        }
        RKind::Every { collection, body, locals, .. } => {
            slots_of(collection, slots);
            let mut inner = Vec::new();
            body.iter().for_each(|lit| all_slots(lit, &mut inner));
            slots.extend(inner.into_iter().filter(|slot| !locals.contains(slot)));
        }
    }
}

fn slots_of(term: &R, slots: &mut Vec<usize>) {
    match term {
        R::Ref(head, path) => {
            if let RHead::Term(head) = head {
                slots_of(head, slots);
            }
            path.iter().for_each(|step| slots_of(step, slots));
        }
        R::Array(items) | R::Set(items) => items.iter().for_each(|item| slots_of(item, slots)),
        R::Object(entries) => {
            for (key, value) in entries {
                slots_of(key, slots);
                slots_of(value, slots);
            }
        }
        R::Call(_, args) => args.iter().for_each(|arg| slots_of(arg, slots)),
        other => needs_of(other, slots),
    }
}

/// Whether a wildcard stands in a literal outside of comprehensions.
fn has_wildcard(kind: &RKind) -> bool {
    fn in_term(term: &R) -> bool {
        match term {
            R::Any => true,
            R::Array(items) | R::Set(items) => items.iter().any(in_term),
            R::Object(entries) => entries.iter().any(|(key, value)| in_term(key) || in_term(value)),
            R::Ref(head, path) => {
                matches!(head, RHead::Term(head) if in_term(head)) || path.iter().any(in_term)
            }
            R::Call(_, args) => args.iter().any(in_term),
            R::Const(_) | R::Var(_) | R::Compr(_) => false,
        }
    }
    match kind {
        RKind::Term(term) => in_term(term),
        RKind::Unify(left, right) => in_term(left) || in_term(right),
        RKind::SomeIn { .. } | RKind::Every { .. } => false,
    }
}
