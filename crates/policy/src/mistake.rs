//! Mistakes in policies as data, so that they can be told in the reader's language.

use std::fmt;

/// A mistake: which one, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which one; its text in other languages stands under `policy-mistake-<id>`. `None` where there is none but the English
    /// one: the words of a parser.
    pub id: Option<&'static str>,
    /// What the text names.
    pub args: Vec<(&'static str, String)>,
    /// In English, lower case, no full stop.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Mistake {
    fn from(text: String) -> Self {
        Self { id: None, args: Vec::new(), text }
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
        $crate::mistake::Mistake { id: Some($id), args: vec![$((stringify!($name), $name)),*], text }
    }};
}

pub(crate) use mistake;
