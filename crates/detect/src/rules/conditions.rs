//! The text of conditions before they are parsed: exceptions and lists; and macros after.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::context::{Context, ErrorCode, ItemType, LoadError, Place};
use super::items::{Entry, ExceptionInfo, Text};
use crate::condition::{self, Expr, Limits, Operator, Pos};

/// What list substitution and macros may grow a condition to.
const MAX_TEXT: usize = 16 << 20;
const MAX_NODES: usize = 200_000;
const MAX_DEPTH: usize = 2_000;

/// A list with the lists inside it replaced by their items, one level.
#[derive(Debug)]
pub(super) struct ResolvedList {
    pub(super) name: String,
    pub(super) items: Vec<String>,
    pub(super) is_used: bool,
}

/// A macro's condition.
#[derive(Debug, Clone)]
pub(super) struct ResolvedMacro {
    pub(super) index: u32,
    pub(super) condition: Arc<Expr>,
    pub(super) is_used: bool,
}

/// `(condition) and not ((f1 c1 v1 and …) or …) …`
pub(super) fn with_exceptions(condition: &str, exceptions: &[ExceptionInfo]) -> Result<String, LoadError> {
    let mut out = format!("({condition})");
    for exception in exceptions {
        let text = exception_text(exception)?;
        if !text.is_empty() {
            out.push_str(" and not ");
            out.push_str(&text);
        }
    }
    Ok(out)
}

fn exception_text(exception: &ExceptionInfo) -> Result<String, LoadError> {
    let invalid = |message: &str| LoadError {
        code: ErrorCode::Validate,
        message: message.into(),
        context: exception.context.clone(),
        help: None,
    };
    let (fields, comps) = match (&exception.fields, &exception.comps) {
        (Some(Entry::Many(fields)), Some(Entry::Many(comps))) => (fields, comps),
        (Some(Entry::One(field)), Some(Entry::One(comp))) => {
            let mut values = Vec::new();
            for value in &exception.values {
                match value {
                    Entry::One(value) => values.push(quote(value)),
                    Entry::Many(_) => {
                        return Err(invalid("Expected values array to contain a list of strings"));
                    }
                }
            }
            return Ok(match values.is_empty() {
                true => String::new(),
                false => format!("({field} {comp} ({}))", values.join(", ")),
            });
        }
        _ => return Ok(String::new()),
    };
    let mut alternatives = Vec::new();
    for values in &exception.values {
        let values = match values {
            Entry::Many(values) => values.as_slice(),
            Entry::One(_) => &[],
        };
        if values.len() != fields.len() {
            return Err(invalid("Fields and values lists must have equal length"));
        }
        let mut checks = Vec::new();
        for ((field, comp), value) in fields.iter().zip(comps).zip(values) {
            let (Entry::One(field), Entry::One(comp)) = (field, comp) else { continue };
            let takes_list = Operator::from_text(comp)
                .is_some_and(|operator| operator.modifier.is_some() || operator.comparison.takes_list());
            let value = match value {
                Entry::Many(items) => {
                    let items: Vec<_> = items
                        .iter()
                        .map(|item| match item {
                            Entry::One(item) => quote(item),
                            Entry::Many(_) => String::new(),
                        })
                        .collect();
                    format!("({})", items.join(", "))
                }
                Entry::One(value) if takes_list && value.starts_with('(') => value.clone(),
                Entry::One(value) if takes_list => format!("({value})"),
                Entry::One(value) => quote(value),
            };
            checks.push(format!(" {field} {comp} {value}"));
        }
        alternatives.push(format!("({})", checks.join(" and ")));
    }
    Ok(match alternatives.is_empty() {
        true => String::new(),
        false => format!("({})", alternatives.join(" or ")),
    })
}

/// A text with a blank needs quotes, unless it has some.
fn quote(text: &str) -> String {
    match text.contains(' ') && !text.starts_with(['"', '\'']) {
        true => format!("\"{text}\""),
        false => text.to_owned(),
    }
}

/// Replaces the name of a list by its items wherever it stands as a word. That is done in the text, before it is
/// parsed: so a list name works in quotes-free positions only, and in any of them.
pub(super) fn substitute_list(text: &mut String, list: &ResolvedList) -> bool {
    const BLANKS: [u8; 4] = [b' ', b'\t', b'\n', b'\r'];
    let is_delimiter = |byte: &u8| BLANKS.contains(byte) || b"(),=".contains(byte);
    if list.name.is_empty() {
        return false;
    }
    let mut is_used = false;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(&list.name)) {
        let mut start = from + found;
        let mut end = start + list.name.len();
        let bytes = text.as_bytes();
        let stands_alone = (start == 0 || bytes.get(start - 1).is_some_and(is_delimiter))
            && bytes.get(end).is_none_or(is_delimiter);
        if stands_alone {
            while start > 0 && bytes.get(start - 1).is_some_and(|byte| BLANKS.contains(byte)) {
                start -= 1;
            }
            while bytes.get(end).is_some_and(|byte| BLANKS.contains(byte)) {
                end += 1;
            }
            let items: Vec<_> = list.items.iter().map(|item| quote(item)).collect();
            let items = items.join(", ");
            // Nothing in place of a name leaves a comma too many.
            if items.is_empty() {
                if start > 0 && bytes.get(start - 1) == Some(&b',') {
                    start -= 1;
                } else if bytes.get(end) == Some(&b',') {
                    end += 1;
                }
            }
            let before = text.get(..start).unwrap_or_default();
            let separator = if start > 0 { " " } else { "" };
            let after = text.get(end..).unwrap_or_default();
            let replaced = format!("{before}{separator}{items} {after}");
            from = start + items.len() + 1;
            *text = replaced;
            is_used = true;
            if text.len() > MAX_TEXT {
                return true;
            }
        }
        from += 1;
        while from < text.len() && !text.is_char_boundary(from) {
            from += 1;
        }
    }
    is_used
}

/// Replaces lists in a condition and parses it.
pub(super) fn parse(
    condition: &Text,
    text: &str,
    lists: &mut [ResolvedList],
    context: &Context,
) -> Result<(String, Expr), LoadError> {
    let mut text = text.to_owned();
    for list in lists {
        if substitute_list(&mut text, list) {
            list.is_used = true;
        }
        if text.len() > MAX_TEXT {
            return Err(LoadError {
                code: ErrorCode::CompileCondition,
                message: format!("condition grows beyond {MAX_TEXT} bytes by its lists"),
                context: context.clone(),
                help: None,
            });
        }
    }
    match condition::parse(&text, Limits { depth: 1000 }) {
        Ok(expr) => Ok((text, expr)),
        Err(error) => Err(LoadError {
            code: ErrorCode::CompileCondition,
            message: error.message,
            context: expression_context(condition, &text, error.pos, context),
            help: None,
        }),
    }
}

/// The context of a place in a condition. The text that was parsed is not the text of the file: lists are
/// replaced, parts are appended, folded lines are joined. So the word at the place is looked for in the parts of
/// the files that the condition came from, as often as it stands before the place.
pub(super) fn expression_context(condition: &Text, parsed: &str, pos: Pos, context: &Context) -> Context {
    let fallback = context.place().cloned();
    let place = find_word(condition, parsed, pos).or(fallback);
    match place {
        Some(place) => context.inner(ItemType::ConditionExpression, "", place),
        None => context.clone(),
    }
}

fn find_word(condition: &Text, parsed: &str, pos: Pos) -> Option<Place> {
    let is_word = |char: char| !char.is_whitespace() && !"(),=\"'".contains(char);
    let bytes_before = parsed.get(..pos.offset.min(parsed.len()))?;
    // At the end, or between words, the word before the place is the one that people look for.
    let at_word = parsed.get(pos.offset..).and_then(|rest| rest.chars().next()).is_some_and(is_word);
    let end = match at_word {
        true => {
            pos.offset
                + parsed.get(pos.offset..)?.find(|char| !is_word(char)).unwrap_or(parsed.len() - pos.offset)
        }
        false => bytes_before.trim_end_matches(|char| !is_word(char)).len(),
    };
    let until_end = parsed.get(..end)?;
    let start = until_end.rfind(|char| !is_word(char)).map_or(0, |at| {
        at + until_end.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = parsed.get(start..end).filter(|word| !word.is_empty())?;
    let mut skip = occurrences(parsed.get(..start)?, word).count();
    for place in &condition.places {
        let slice = place.file.source.slice(place.span);
        for at in occurrences(slice, word) {
            if skip == 0 {
                let start = place.span.start + u32::try_from(at).ok()?;
                let end = start + u32::try_from(word.len()).ok()?;
                return Some(Place { file: place.file.clone(), span: haechi_model::Span { start, end } });
            }
            skip -= 1;
        }
    }
    None
}

/// Where a word stands alone.
fn occurrences<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_edge =
        |char: Option<char>| char.is_none_or(|char| char.is_whitespace() || "(),=\"'".contains(char));
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(*at + word.len()..).and_then(|text| text.chars().next());
        is_edge(before) && is_edge(after)
    })
}

/// Why macros could not be put in.
pub(super) struct MacroError {
    pub(super) message: String,
    pub(super) pos: Pos,
}

/// Puts the conditions of macros in place of their names. Only macros below `visibility` are seen.
pub(super) fn expand_macros(
    expr: &Expr,
    macros: &BTreeMap<String, ResolvedMacro>,
    visibility: u32,
) -> Result<(Expr, HashSet<String>), MacroError> {
    let mut expander = Expander {
        macros,
        visibility,
        path: Vec::new(),
        used: HashSet::new(),
        nodes: 0,
        error: None,
        unknown: None,
    };
    let expanded = expander.expand(expr, 0);
    match (expander.error, expander.unknown) {
        (Some((message, pos)), _) => Err(MacroError { message, pos }),
        (None, Some((name, pos))) => {
            Err(MacroError { message: format!("Undefined macro '{name}' used in filter."), pos })
        }
        (None, None) => Ok((expanded, expander.used)),
    }
}

struct Expander<'m> {
    macros: &'m BTreeMap<String, ResolvedMacro>,
    visibility: u32,
    path: Vec<String>,
    used: HashSet<String>,
    nodes: usize,
    error: Option<(String, Pos)>,
    unknown: Option<(String, Pos)>,
}

impl Expander<'_> {
    fn expand(&mut self, expr: &Expr, depth: usize) -> Expr {
        self.nodes += 1;
        let pos = expr.pos();
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            self.error.get_or_insert_with(|| ("condition grows too large by its macros".into(), pos));
        }
        if self.error.is_some() {
            return Expr::Macro(String::new(), pos);
        }
        let mut children = |children: &[Expr]| -> Vec<Expr> {
            children.iter().map(|child| self.expand(child, depth + 1)).collect()
        };
        match expr {
            Expr::And(parts, pos) => Expr::And(children(parts), *pos),
            Expr::Or(parts, pos) => Expr::Or(children(parts), *pos),
            Expr::Not(part, pos) => Expr::Not(Box::new(self.expand(part, depth + 1)), *pos),
            Expr::Macro(name, pos) => self.expand_name(name, *pos, depth),
            Expr::Exists(..) | Expr::Check { .. } => expr.clone(),
        }
    }

    fn expand_name(&mut self, name: &str, pos: Pos, depth: usize) -> Expr {
        let unknown = Expr::Macro(name.to_owned(), pos);
        let Some(found) = self.macros.get(name).filter(|found| found.index < self.visibility) else {
            self.unknown.get_or_insert_with(|| (name.to_owned(), pos));
            return unknown;
        };
        if self.path.iter().any(|outer| outer == name) {
            self.error.get_or_insert_with(|| (format!("reference loop in macro '{name}'"), pos));
            return unknown;
        }
        self.path.push(name.to_owned());
        let condition = found.condition.clone();
        let expanded = self.expand(&condition, depth + 1);
        self.path.pop();
        self.used.insert(name.to_owned());
        expanded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substituted(text: &str, name: &str, items: &[&str]) -> String {
        let mut text = text.to_owned();
        let items = items.iter().map(|item| (*item).to_owned()).collect();
        substitute_list(&mut text, &ResolvedList { name: name.into(), items, is_used: false });
        text
    }

    #[test]
    fn lists_are_replaced_as_words_only() {
        assert_eq!(substituted("proc.name in (l)", "l", &["a", "b c"]), "proc.name in ( a, \"b c\" )");
        assert_eq!(substituted("proc.name in (ll)", "l", &["a"]), "proc.name in (ll)");
        assert_eq!(substituted("proc.name= l or x", "l", &["a"]), "proc.name= a or x");
        assert_eq!(substituted("x in (a, l, b)", "l", &[]), "x in (a  , b)");
        assert_eq!(substituted("x in (l, b)", "l", &[]), "x in (   b)");
    }

    #[test]
    fn a_list_that_names_itself_does_not_loop() {
        assert!(substituted("x in (l)", "l", &["l", "l"]).len() < 100);
    }
}
