//! Calico's selector language: `all()`, `has(k)`, `k == 'v'`, `k in {'a', 'b'}`, `!`, `&&`, `||`, brackets.

use crate::world::LabelExpr;

/// What `global()` asks for; no label is called so. Only things without namespace have it.
pub(super) const GLOBAL: &str = "\0global";

/// Deepest nesting of brackets and `!`.
const DEPTH: usize = 64;

/// Reads a selector; an empty one selects everything.
pub(super) fn parse(text: &str) -> Result<LabelExpr, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(LabelExpr::All);
    }
    let expression = parser.or()?;
    parser.skip_space();
    if parser.rest().is_empty() { Ok(expression) } else { Err(parser.wrong("an operator or the end")) }
}

/// A selector as it is meant for namespaces: there `all()` is all namespaces, wherever it stands in the selector, and
/// does not mean what has no namespace.
pub(super) fn of_namespaces(selector: LabelExpr) -> LabelExpr {
    fn within(part: LabelExpr) -> LabelExpr {
        match part {
            LabelExpr::All => LabelExpr::Not(Box::new(LabelExpr::Has(GLOBAL.to_owned()))),
            LabelExpr::Not(inner) => LabelExpr::Not(Box::new(within(*inner))),
            LabelExpr::And(parts) => LabelExpr::And(parts.into_iter().map(within).collect()),
            LabelExpr::Or(parts) => LabelExpr::Or(parts.into_iter().map(within).collect()),
            other => other,
        }
    }
    if selector == LabelExpr::All { selector } else { within(selector) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, wanted: &str) -> String {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        format!("expected {wanted} at character {column} of selector `{}`", self.text)
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        if self.rest().starts_with(token) {
            self.at += token.len();
            return true;
        }
        false
    }

    fn or(&mut self) -> Result<LabelExpr, String> {
        let mut parts = vec![self.and()?];
        while self.take("||") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { LabelExpr::Or(parts) })
    }

    fn and(&mut self) -> Result<LabelExpr, String> {
        let mut parts = vec![self.unary()?];
        while self.take("&&") {
            parts.push(self.unary()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { LabelExpr::And(parts) })
    }

    fn unary(&mut self) -> Result<LabelExpr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("selector nested deeper than {DEPTH}"));
        }
        self.skip_space();
        let found = if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
            self.at += 1;
            Ok(LabelExpr::Not(Box::new(self.unary()?)))
        } else if self.take("(") {
            let inner = self.or()?;
            if self.take(")") { Ok(inner) } else { Err(self.wrong("`)`")) }
        } else {
            self.term()
        };
        self.depth -= 1;
        found
    }

    fn term(&mut self) -> Result<LabelExpr, String> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.wrong("a label, `has(`, `all()` or `global()`"));
        }
        if matches!(word, "all" | "global" | "has") && self.take("(") {
            let argument = self.word();
            if !self.take(")") {
                return Err(self.wrong("`)`"));
            }
            return match word {
                "has" if argument.is_empty() => Err(self.wrong("a label")),
                "has" => Ok(LabelExpr::Has(argument.to_owned())),
                "all" => Ok(LabelExpr::All),
                _ => Ok(LabelExpr::Has(GLOBAL.to_owned())),
            };
        }
        let key = word.to_owned();
        if self.take("==") || self.take("=") {
            return Ok(LabelExpr::In(key, vec![self.string()?]));
        }
        if self.take("!=") {
            return Ok(LabelExpr::Not(Box::new(LabelExpr::In(key, vec![self.string()?]))));
        }
        let at = self.at;
        match self.word() {
            "contains" => Ok(LabelExpr::Contains(key, self.string()?)),
            "starts" if self.word() == "with" => Ok(LabelExpr::StartsWith(key, self.string()?)),
            "ends" if self.word() == "with" => Ok(LabelExpr::EndsWith(key, self.string()?)),
            "in" => Ok(LabelExpr::In(key, self.set()?)),
            "not" if self.word() == "in" => Ok(LabelExpr::Not(Box::new(LabelExpr::In(key, self.set()?)))),
            _ => {
                self.at = at;
                Err(self.wrong("`==`, `!=`, `in`, `not in`, `contains`, `starts with` or `ends with`"))
            }
        }
    }

    fn word(&mut self) -> &'t str {
        self.skip_space();
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn string(&mut self) -> Result<String, String> {
        self.skip_space();
        let rest = self.rest();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let Some(quote) = quote else { return Err(self.wrong("a text in quotes")) };
        let inner = rest.get(1..).unwrap_or_default();
        let Some(len) = inner.find(quote) else { return Err(self.wrong("the closing quote")) };
        self.at += len + 2;
        Ok(inner.get(..len).unwrap_or_default().to_owned())
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        if !self.take("{") {
            return Err(self.wrong("`{`"));
        }
        let mut values = Vec::new();
        if self.take("}") {
            return Ok(values);
        }
        loop {
            values.push(self.string()?);
            if self.take("}") {
                values.sort();
                values.dedup();
                return Ok(values);
            }
            if !self.take(",") {
                return Err(self.wrong("`,` or `}`"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(selector: &str, labels: &[(&str, &str)]) -> bool {
        let value = |key: &str| labels.iter().find(|(found, _)| *found == key).map(|(_, value)| *value);
        parse(selector).unwrap().matches(&value)
    }

    #[test]
    fn a_missing_label_is_not_equal_and_not_in() {
        assert!(holds("a != 'x'", &[]));
        assert!(holds("a not in {'x', \"y\"}", &[]));
        assert!(!holds("a in {}", &[("a", "x")]));
        assert!(holds("!has(a) || (a starts with 'x' && b == 'y')", &[("a", "xy"), ("b", "y")]));
        assert!(!holds("!(a == 'x')", &[("a", "x")]));
        assert!(holds("", &[]) && holds("all()", &[]));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert!(parse("a == b").unwrap_err().contains("character 6"));
        assert!(parse("a === 'b'").is_err());
        assert!(parse("(a == 'b'").is_err());
        assert!(parse(&"!".repeat(1000)).is_err());
    }
}
