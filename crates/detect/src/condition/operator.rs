use std::fmt;

/// How a field is held against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `exists`
    Exists,
    /// `=` or `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `contains`
    Contains,
    /// `icontains`: without regard to the case of ASCII letters.
    IContains,
    /// `bcontains`: the value is hexadecimal, the field is bytes.
    BContains,
    /// `startswith`
    StartsWith,
    /// `bstartswith`: the value is hexadecimal, the field is bytes.
    BStartsWith,
    /// `endswith`
    EndsWith,
    /// `glob`: as `fnmatch` without flags, so that `*` crosses `/`.
    Glob,
    /// `iglob`: `glob` without regard to case.
    IGlob,
    /// `regex`: the whole value has to match.
    Regex,
    /// `in`: every extracted value is in the list.
    In,
    /// `intersects`: some extracted value is in the list.
    Intersects,
    /// `pmatch`: a path of the list is the value or a parent of it.
    PMatch,
}

impl Comparison {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Comparison::Exists => "exists",
            Comparison::Eq => "=",
            Comparison::Ne => "!=",
            Comparison::Lt => "<",
            Comparison::Le => "<=",
            Comparison::Gt => ">",
            Comparison::Ge => ">=",
            Comparison::Contains => "contains",
            Comparison::IContains => "icontains",
            Comparison::BContains => "bcontains",
            Comparison::StartsWith => "startswith",
            Comparison::BStartsWith => "bstartswith",
            Comparison::EndsWith => "endswith",
            Comparison::Glob => "glob",
            Comparison::IGlob => "iglob",
            Comparison::Regex => "regex",
            Comparison::In => "in",
            Comparison::Intersects => "intersects",
            Comparison::PMatch => "pmatch",
        }
    }

    /// The operator that is written so.
    pub fn from_text(text: &str) -> Option<Self> {
        const ALL: [Comparison; 19] = [
            Comparison::Exists,
            Comparison::Eq,
            Comparison::Ne,
            Comparison::Lt,
            Comparison::Le,
            Comparison::Gt,
            Comparison::Ge,
            Comparison::Contains,
            Comparison::IContains,
            Comparison::BContains,
            Comparison::StartsWith,
            Comparison::BStartsWith,
            Comparison::EndsWith,
            Comparison::Glob,
            Comparison::IGlob,
            Comparison::Regex,
            Comparison::In,
            Comparison::Intersects,
            Comparison::PMatch,
        ];
        if text == "==" {
            return Some(Comparison::Eq);
        }
        ALL.into_iter().find(|comparison| comparison.as_str() == text)
    }

    /// Whether the right side is a list in parentheses: `in`, `intersects`, `pmatch`.
    pub const fn takes_list(self) -> bool {
        matches!(self, Comparison::In | Comparison::Intersects | Comparison::PMatch)
    }

    /// Whether `oneof`, `anyof` and `allof` may stand behind the operator.
    pub const fn takes_modifier(self) -> bool {
        matches!(
            self,
            Comparison::Eq
                | Comparison::Ne
                | Comparison::Contains
                | Comparison::IContains
                | Comparison::BContains
                | Comparison::StartsWith
                | Comparison::BStartsWith
                | Comparison::EndsWith
                | Comparison::Glob
                | Comparison::IGlob
                | Comparison::Regex
        )
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many values of the list have to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// Exactly one.
    OneOf,
    /// At least one.
    AnyOf,
    /// Every one.
    AllOf,
}

impl Modifier {
    /// The word as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Modifier::OneOf => "oneof",
            Modifier::AnyOf => "anyof",
            Modifier::AllOf => "allof",
        }
    }
}

/// A comparison with its modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// The comparison.
    pub comparison: Comparison,
    /// The modifier, where one is written.
    pub modifier: Option<Modifier>,
}

impl Operator {
    /// A comparison without modifier.
    pub const fn plain(comparison: Comparison) -> Self {
        Self { comparison, modifier: None }
    }

    /// Reads `startswith`, `startswith anyof` … as an exception's `comps` has them, with one space between.
    pub fn from_text(text: &str) -> Option<Self> {
        let Some((comparison, modifier)) = text.split_once(' ') else {
            return Comparison::from_text(text).map(Operator::plain);
        };
        let modifier = [Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf]
            .into_iter()
            .find(|known| known.as_str() == modifier)?;
        let comparison = Comparison::from_text(comparison)?;
        comparison.takes_modifier().then_some(Self { comparison, modifier: Some(modifier) })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.comparison.as_str())?;
        match self.modifier {
            Some(modifier) => write!(f, " {}", modifier.as_str()),
            None => Ok(()),
        }
    }
}
