//! Mistakes in policies, and what keeps them from being evaluated, as data, so that they can be told in the reader's
//! language.

use std::fmt;

/// A mistake: which one, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which one; its text in other languages stands under `policy-mistake-<id>`. `None` where there is none but the English
    /// one: the words of a parser.
    pub id: Option<&'static str>,
    /// What the text names.
    pub args: Vec<(&'static str, String)>,
    /// In English, and where Kubernetes or Gatekeeper has words for it, in these; else lower case, no full stop.
    pub text: String,
    /// What led to it: told in the place of the argument `detail`.
    pub causes: Vec<Mistake>,
}

impl Mistake {
    /// The same, with what led to it; its text must name that as `detail`.
    pub(crate) fn because(mut self, cause: Mistake) -> Self {
        self.causes.push(cause);
        self
    }

    /// The same in other words: `words` gives the text of an id with its arguments. What has no id keeps its words.
    pub fn told(&self, words: &impl Fn(&'static str, &[(&'static str, String)]) -> String) -> String {
        let Some(id) = self.id else { return self.text.clone() };
        if self.causes.is_empty() {
            return words(id, &self.args);
        }
        let causes: Vec<String> = self.causes.iter().map(|cause| cause.told(words)).collect();
        let mut args = self.args.clone();
        if let Some((_, detail)) = args.iter_mut().find(|(name, _)| *name == "detail") {
            *detail = causes.join(", ");
        }
        words(id, &args)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Mistake {
    fn from(text: String) -> Self {
        Self { id: None, args: Vec::new(), text, causes: Vec::new() }
    }
}

impl From<&str> for Mistake {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// `mistake!("id", "text with {name}", name = value)`: the text names every argument.
macro_rules! mistake {
    ($id:literal, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = ($value).to_string();)*
        let text = format!($text);
        $crate::mistake::Mistake {
            id: Some($id),
            args: vec![$((stringify!($name), $name)),*],
            text,
            causes: Vec::new(),
        }
    }};
}

pub(crate) use mistake;
