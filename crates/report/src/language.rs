use std::fmt;
use std::str::FromStr;

/// A language that every text exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// All languages, the fallback first.
    pub const ALL: [Language; 2] = [Language::En, Language::Ko];

    /// The two-letter code of ISO 639-1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ko => "ko",
        }
    }

    /// Chooses by the values of the environment variables of these names, as POSIX does: the first one that is
    /// set and not empty decides alone, also when it names a language without texts (then English).
    pub fn from_locale(lc_all: Option<&str>, lc_messages: Option<&str>, lang: Option<&str>) -> Self {
        [lc_all, lc_messages, lang]
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty())
            .and_then(Language::of_tag)
            .unwrap_or_default()
    }

    /// Reads `ko`, `ko-KR`, `ko_KR.UTF-8`, `ko@modifier`, in any case.
    fn of_tag(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_', '.', '@']).next()?;
        Language::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(code))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not the name of a language that Haechi speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseLanguageError {
    /// What was given.
    pub given: String,
}

impl fmt::Display for ParseLanguageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown language `{}`, expected en or ko", self.given)
    }
}

impl std::error::Error for ParseLanguageError {}

impl FromStr for Language {
    type Err = ParseLanguageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Language::of_tag(text).ok_or_else(|| ParseLanguageError { given: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_values_may_carry_a_region() {
        for text in ["ko", "KO", "ko-KR", "ko_KR", "ko_KR.UTF-8", "ko_KR.eucKR@x"] {
            assert_eq!(text.parse(), Ok(Language::Ko), "{text}");
        }
        assert_eq!("en".parse(), Ok(Language::En));
    }

    #[test]
    fn unknown_option_value_names_the_choices() {
        let error = "kor".parse::<Language>().unwrap_err();
        assert_eq!(error.to_string(), "unknown language `kor`, expected en or ko");
        assert!("".parse::<Language>().is_err());
    }

    #[test]
    fn first_locale_that_is_set_decides_alone() {
        let ko = Some("ko_KR.UTF-8");
        let en = Some("en_US.UTF-8");
        assert_eq!(Language::from_locale(None, None, ko), Language::Ko);
        assert_eq!(Language::from_locale(Some(""), None, ko), Language::Ko);
        assert_eq!(Language::from_locale(en, ko, ko), Language::En);
        assert_eq!(Language::from_locale(None, ko, en), Language::Ko);
        assert_eq!(Language::from_locale(Some("C"), ko, ko), Language::En);
        assert_eq!(Language::from_locale(Some("de_DE"), None, ko), Language::En);
        assert_eq!(Language::from_locale(None, None, None), Language::En);
    }
}
