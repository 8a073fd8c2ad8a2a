//! Comprehensions: `all`, `exists`, `map`, `filter` and their like.

use bumpalo::collections::Vec as BumpVec;

use super::{Evaluated, Evaluator};
use crate::ast::MacroKind;
use crate::fail::Fail;
use crate::functions;
use crate::program::{Fold, Op};
use crate::value::{Items, Map, Value, present};

impl<'a> Evaluator<'a> {
    pub(super) fn fold(&mut self, fold: &'a Fold) -> Evaluated<'a> {
        let range = self.eval(&fold.range)?;
        let Some(mut range) = Range::of(range) else { return Err(Fail::no_such_overload()) };
        match fold.kind {
            MacroKind::All => self.quantify(fold, &mut range, false),
            MacroKind::Exists => self.quantify(fold, &mut range, true),
            MacroKind::ExistsOne => {
                let mut count = 0_u64;
                while self.step(fold, &mut range).is_some() {
                    self.charge(2)?;
                    count += u64::from(self.condition(&fold.body)?);
                }
                self.charge(2)?;
                Ok(Value::Bool(count == 1))
            }
            MacroKind::TransformMap | MacroKind::TransformMapEntry => self.fold_to_map(fold, &mut range),
            _ => self.fold_to_list(fold, &mut range),
        }
    }

    /// Puts the next item into the variables; gives the first variable's value.
    #[inline]
    fn step(&mut self, fold: &Fold, range: &mut Range<'a>) -> Option<Value<'a>> {
        let (first, second) = if fold.two { range.next_two()? } else { (range.next_one()?, Value::Null) };
        self.set_local(fold.variable, first);
        if fold.two {
            self.set_local(fold.variable + 1, second);
        }
        Some(first)
    }

    #[inline]
    fn condition(&mut self, op: &'a Op) -> Result<bool, Fail> {
        match self.eval(op)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Fail::no_such_overload()),
        }
    }

    fn quantify(&mut self, fold: &'a Fold, range: &mut Range<'a>, decisive: bool) -> Evaluated<'a> {
        let mut failed = None;
        while self.step(fold, range).is_some() {
            self.charge(if decisive { 4 } else { 3 })?;
            match self.eval(&fold.body) {
                Ok(Value::Bool(value)) if value == decisive => {
                    // Before the next item, it is asked whether to go on.
                    let is_asked = range.clone().next_one().is_some();
                    self.charge(
                        1 + if !is_asked {
                            0
                        } else if decisive {
                            3
                        } else {
                            2
                        },
                    )?;
                    return Ok(Value::Bool(decisive));
                }
                Ok(Value::Bool(_)) => {}
                Ok(_) => drop(failed.get_or_insert_with(Fail::no_such_overload)),
                Err(fail) if fail.is_final() => return Err(fail),
                Err(fail) => drop(failed.get_or_insert(fail)),
            }
        }
        self.charge(1)?;
        failed.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    fn fold_to_list(&mut self, fold: &'a Fold, range: &mut Range<'a>) -> Evaluated<'a> {
        let mut values = BumpVec::new_in(self.arena);
        let mut items = BumpVec::new_in(self.arena);
        let sorting = fold.kind == MacroKind::SortBy;
        while let Some(first) = self.step(fold, range) {
            if let Some(filter) = &fold.filter
                && !self.condition(filter)?
            {
                self.charge(1)?;
                continue;
            }
            if fold.kind == MacroKind::Filter {
                if self.condition(&fold.body)? {
                    self.charge(13)?;
                    values.push(first);
                } else {
                    self.charge(1)?;
                }
                continue;
            }
            self.charge(12)?;
            values.push(self.eval(&fold.body)?);
            if sorting {
                items.push(first);
            }
        }
        self.charge(1)?;
        if sorting {
            return functions::sort_by(self, &items, &values);
        }
        Ok(Value::List(values.into_bump_slice()))
    }

    fn fold_to_map(&mut self, fold: &'a Fold, range: &mut Range<'a>) -> Evaluated<'a> {
        let mut entries = Vec::new();
        while let Some(first) = self.step(fold, range) {
            if let Some(filter) = &fold.filter
                && !self.condition(filter)?
            {
                self.charge(1)?;
                continue;
            }
            self.charge(2)?;
            let value = self.eval(&fold.body)?;
            if fold.kind == MacroKind::TransformMap {
                self.charge(1)?;
                entries.push((first, value));
                continue;
            }
            if !matches!(value, Value::Map(_) | Value::NodeMap(_)) {
                return Err(Fail::no_such_overload());
            }
            let Some(mut inner) = Range::of(value) else { return Err(Fail::no_such_overload()) };
            while let Some(entry) = inner.next_pair() {
                self.toil(1)?;
                entries.push(entry);
            }
        }
        self.charge(1)?;
        let count = entries.len();
        self.toil_items(count * 2)?;
        if let Some((key, _)) = entries.iter().find(|(key, _)| !crate::value::is_key(key)) {
            return Err(Fail::error(format!("unsupported key type: {}", key.type_name())));
        }
        let map = Map::new(self.arena, entries);
        if map.entries().len() != count {
            return Err(Fail::error("insert failed: key already exists"));
        }
        Ok(Value::Map(map))
    }
}

/// What a comprehension walks over.
#[derive(Debug, Clone)]
pub(crate) enum Range<'a> {
    Items { items: Items<'a>, index: i64 },
    Fields(haechi_syntax::Entries<'a>),
    Entries(std::slice::Iter<'a, (Value<'a>, Value<'a>)>),
}

impl<'a> Range<'a> {
    #[inline]
    pub(crate) fn of(value: Value<'a>) -> Option<Self> {
        Some(match value {
            Value::List(_) | Value::NodeList(_) => Range::Items { items: value.items()?, index: 0 },
            Value::NodeMap(node) => Range::Fields(node.entries()),
            Value::Map(map) => Range::Entries(map.entries().iter()),
            _ => return None,
        })
    }

    /// Items of a list, keys of a map.
    #[inline]
    fn next_one(&mut self) -> Option<Value<'a>> {
        match self {
            Range::Items { items, .. } => items.next(),
            _ => self.next_pair().map(|(key, _)| key),
        }
    }

    /// Index and item, or key and value.
    #[inline]
    fn next_two(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        match self {
            Range::Items { items, index } => {
                let item = items.next()?;
                *index += 1;
                Some((Value::Int(*index - 1), item))
            }
            _ => self.next_pair(),
        }
    }

    #[inline]
    pub(crate) fn next_pair(&mut self) -> Option<(Value<'a>, Value<'a>)> {
        match self {
            Range::Items { .. } => self.next_two(),
            Range::Fields(entries) => {
                let entry = entries.find(|entry| !entry.value.is_null())?;
                Some((Value::String(entry.key), Value::of_node(entry.value)))
            }
            Range::Entries(entries) => entries.next().copied(),
        }
    }
}

/// Number of entries that are there, for maps in documents.
pub(crate) fn len_of(value: &Value<'_>) -> usize {
    match value {
        Value::NodeMap(node) => present(*node).count(),
        Value::Map(map) => map.entries().len(),
        _ => value.items().map_or(0, |items| items.len()),
    }
}
