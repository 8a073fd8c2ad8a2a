//! Locations: `spec.containers[name: app].image`, `metadata.labels."a.b/c"`, `spec.containers[name: *].image`.

use serde_json::Value as Json;

/// One step of a location.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A field of a map.
    Field(String),
    /// The item of a list whose field `key` has that value; all items without one.
    Item { key: String, value: Option<Json> },
}

/// What stands at a place of a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Map,
    /// A list whose items are told by a key.
    List,
    /// A list of distinct values.
    Set,
    Text,
    Unknown,
}

/// A location.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Step>,
}

impl Path {
    /// Reads a location; the error says what was expected where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let mut steps = Vec::new();
        reader.skip();
        if reader.rest().is_empty() {
            return Ok(Self::default());
        }
        loop {
            let name = match reader.token()? {
                Some(Json::String(name)) => name,
                _ => return Err(reader.expected("a field")),
            };
            steps.push(Step::Field(name));
            if reader.take('[') {
                let key = match reader.token()? {
                    Some(Json::String(key)) => key,
                    _ => return Err(reader.expected("the key of a list")),
                };
                if !reader.take(':') {
                    return Err(reader.expected("`:`"));
                }
                let value = match reader.take('*') {
                    true => None,
                    false => match reader.token()? {
                        Some(value) => Some(value),
                        None => return Err(reader.expected("a value or `*`")),
                    },
                };
                if !reader.take(']') {
                    return Err(reader.expected("`]`"));
                }
                steps.push(Step::Item { key, value });
            }
            if reader.rest().is_empty() {
                return Ok(Self { steps });
            }
            if !reader.take('.') {
                return Err(reader.expected("`.` or `[`"));
            }
        }
    }

    /// What the step at that place is taken for: the step behind it tells, at the end `last` does.
    fn shape(&self, at: usize, last: Shape) -> Shape {
        match self.steps.get(at + 1) {
            Some(Step::Field(_)) => Shape::Map,
            Some(Step::Item { .. }) => Shape::List,
            None => last,
        }
    }

    /// Whether two locations, with what stands at their ends, take the same place for different things. What is
    /// assigned whole may be anything.
    pub(crate) fn clashes(&self, last: Shape, other: &Path, other_last: Shape) -> bool {
        for (at, (left, right)) in self.steps.iter().zip(&other.steps).enumerate() {
            match (left, right) {
                (Step::Field(left), Step::Field(right)) if left != right => return false,
                (Step::Item { key: left, .. }, Step::Item { key: right, .. }) if left != right => {
                    return true;
                }
                _ => {}
            }
            let (left, right) = (self.shape(at, last), other.shape(at, other_last));
            if left == Shape::Unknown || right == Shape::Unknown {
                return false;
            }
            if left != right {
                return true;
            }
        }
        false
    }

    /// Whether this begins as `other`, up to the values of list keys.
    pub(crate) fn begins_with(&self, other: &Path) -> bool {
        self.steps.len() >= other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(left, right)| left == right)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, c: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
            self.skip();
        }
        found
    }

    fn expected(&self, what: &str) -> String {
        format!("expected {what} at character {} of `{}`", self.at + 1, self.text)
    }

    /// A word, a number, or a text in quotes.
    fn token(&mut self) -> Result<Option<Json>, String> {
        self.skip();
        let rest = self.rest();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let mut text = String::new();
            let mut is_escaped = false;
            for (index, c) in rest.char_indices().skip(1) {
                if !is_escaped && c == quote {
                    self.at += index + 1;
                    self.skip();
                    return Ok(Some(Json::from(text)));
                }
                is_escaped = !is_escaped && c == '\\';
                if !is_escaped {
                    text.push(c);
                }
            }
            return Err(self.expected("the closing quote"));
        }
        // What begins with a digit is a number; names that do are written in quotes.
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        let is_part = |c: char| match is_number {
            true => c.is_ascii_digit(),
            false => c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
        };
        let len = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default();
        if word.is_empty() {
            return Ok(None);
        }
        let value = match is_number {
            true => Json::from(word.parse::<i64>().map_err(|_| self.expected("a smaller number"))?),
            false => Json::from(word),
        };
        self.at += len;
        self.skip();
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read() {
        let path = Path::parse("spec.containers[name: \"a b\"].image").unwrap();
        assert_eq!(path.steps[2], Step::Item { key: "name".into(), value: Some("a b".into()) });
        assert_eq!(Path::parse("metadata.labels.\"a.b/c\"").unwrap().steps[2], Step::Field("a.b/c".into()));
        assert_eq!(
            Path::parse("spec.ports[containerPort: 80].name").unwrap().steps[2],
            Step::Item { key: "containerPort".into(), value: Some(80.into()) }
        );
        for wrong in ["spec.", "spec..x", "spec[name]", "spec.containers[name: x", "a b", "\"x"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
