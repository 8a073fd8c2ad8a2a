use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use haechi_model::{Arg, ArgValue, Finding, FixSafety, Problem, ProblemKind, RuleInfo, RuleSource, Severity};
use unic_langid::LanguageIdentifier;

use crate::josa::josa;
use crate::{Language, registry};

type Bundle = FluentBundle<FluentResource>;

/// Named values for a message.
#[derive(Debug, Default)]
pub struct Args<'a>(FluentArgs<'a>);

impl<'a> Args<'a> {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &'a str, text: impl Into<Cow<'a, str>>) -> Self {
        self.0.set(name, FluentValue::String(text.into()));
        self
    }

    /// Adds a number; languages choose plural forms by it.
    #[must_use]
    pub fn number(mut self, name: &'a str, number: usize) -> Self {
        self.0.set(name, plain_number(number.try_into().unwrap_or(i64::MAX)));
        self
    }

    /// The values that a finding or problem carries.
    pub fn of(args: &'a [Arg]) -> Self {
        let mut all = FluentArgs::with_capacity(args.len());
        for arg in args {
            let value = match &arg.value {
                ArgValue::Number(number) => plain_number(*number),
                ArgValue::Text(text) => FluentValue::String(Cow::Borrowed(text)),
            };
            all.set(arg.name.as_ref(), value);
        }
        Self(all)
    }
}

/// A number that is shown without separators, as ports and user ids are; `NUMBER($n)` adds them.
fn plain_number<'v>(number: i64) -> FluentValue<'v> {
    #[expect(clippy::cast_precision_loss, reason = "Fluent knows floats only; exact up to 2^53")]
    let mut value = FluentNumber::from(number as f64);
    // Below a thousand nothing is grouped, and a number with options of its own is equal to no literal: `[0]` in a
    // message would not be found.
    value.options.use_grouping = number.abs() < 1000;
    FluentValue::Number(value)
}

/// What people read about a finding or a rule. Lines are joined, paragraphs are divided by an empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText<'t> {
    /// The name of the bad thing, a few words.
    pub title: Cow<'t, str>,
    /// One sentence about this finding.
    pub message: Cow<'t, str>,
    /// Why it is bad. Absent for rules without a text of ours.
    pub why: Option<Cow<'t, str>>,
    /// What to do.
    pub fix: Option<Cow<'t, str>>,
}

/// What people read about a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemText<'t> {
    /// What kind of problem it is.
    pub title: Cow<'t, str>,
    /// What the reader of the file said, in English, and the other values that came with the problem.
    pub detail: Option<String>,
    /// What to do about it.
    pub help: Cow<'t, str>,
}

/// Messages in one language, with English for what that language lacks.
///
/// Cheap to make: the files are parsed when the first message is asked for, the English ones only when they are
/// needed. May be shared between threads.
pub struct Texts {
    language: Language,
    own: &'static [&'static str],
    english: &'static [&'static str],
    bundle: OnceLock<Bundle>,
    fallback: OnceLock<Bundle>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Texts {
    /// The built-in messages in a language.
    pub fn new(language: Language) -> Self {
        Self::from_sources(language, registry::sources(language), registry::sources(Language::En))
    }

    /// Messages from other files: the contents of Fluent files in `language` and in English. Where two files
    /// have the same message, the first one holds; parts that cannot be read are left out.
    pub fn from_sources(
        language: Language,
        own: &'static [&'static str],
        english: &'static [&'static str],
    ) -> Self {
        Self { language, own, english, bundle: OnceLock::new(), fallback: OnceLock::new() }
    }

    /// The contents of the built-in files in a language, for tests and tools that add their own.
    pub const fn built_in(language: Language) -> &'static [&'static str] {
        registry::sources(language)
    }

    /// The language of the messages.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The message, or its id where there is no such message.
    pub fn message(&self, id: &str, args: &Args<'_>) -> String {
        self.find(id, None, args).map_or_else(|| id.to_owned(), Cow::into_owned)
    }

    /// An attribute of a message, or `id.attribute` where there is none.
    pub fn attribute(&self, id: &str, attribute: &str, args: &Args<'_>) -> String {
        self.find(id, Some(attribute), args).map_or_else(|| format!("{id}.{attribute}"), Cow::into_owned)
    }

    /// The message or its attribute, if there is one in this language or in English.
    pub fn find(&self, id: &str, attribute: Option<&str>, args: &Args<'_>) -> Option<Cow<'_, str>> {
        Some(self.look_up(id, attribute, args)?.text)
    }

    fn look_up(&self, id: &str, attribute: Option<&str>, args: &Args<'_>) -> Option<Formatted<'_>> {
        let own = self.bundle.get_or_init(|| bundle(self.language, self.own));
        format(own, id, attribute, args).or_else(|| {
            if self.language == Language::En {
                return None;
            }
            let fallback = self.fallback.get_or_init(|| bundle(Language::En, self.english));
            format(fallback, id, attribute, args)
        })
    }

    /// The texts of a finding.
    pub fn finding(&self, finding: &Finding) -> RuleText<'_> {
        let args = Args::of(&finding.args);
        let mut text = self.rule_text(finding.source, &finding.rule, &args);
        if matches!(finding.source, RuleSource::PodSecurity | RuleSource::Policy)
            && let Some(message) = finding.args.iter().find(|arg| arg.name == "message")
        {
            // The API server's or the policy's own words: users meet the same sentence when the cluster refuses the pod.
            text.message = Cow::Owned(message.value.to_string());
        }
        text
    }

    /// What the fix of a finding may change in the way the workload runs; nothing where the fix is safe, or there is none.
    pub fn fix_risk(&self, finding: &Finding) -> Option<Cow<'_, str>> {
        let is_unsafe = finding.fix.as_ref().is_some_and(|fix| fix.safety == FixSafety::Unsafe);
        let id = || format!("fix-risk-{}", finding.rule);
        if is_unsafe { self.find(&id(), None, &Args::new()) } else { None }
    }

    /// Title, reason and remedy of a rule, without a finding. Where a text depends on the finding, the name of
    /// the value stands for it: `<container>`.
    pub fn rule(&self, rule: &RuleInfo) -> RuleText<'_> {
        self.general(RuleSource::Check, rule.slug)
    }

    pub(crate) fn general(&self, source: RuleSource, rule: &str) -> RuleText<'_> {
        let text = self.rule_text(source, rule, &Args::new());
        RuleText {
            title: with_placeholders(text.title),
            message: with_placeholders(text.message),
            why: text.why.map(with_placeholders),
            fix: text.fix.map(with_placeholders),
        }
    }

    fn rule_text(&self, source: RuleSource, rule: &str, args: &Args<'_>) -> RuleText<'_> {
        let id = message_id(source, rule);
        let find = |attribute| self.find(&id, attribute, args).map(flow);
        RuleText {
            title: find(None).unwrap_or_else(|| match source {
                RuleSource::Check => Cow::Owned(id.clone()),
                RuleSource::PodSecurity | RuleSource::Policy => Cow::Owned(rule.to_owned()),
            }),
            message: find(Some("message")).unwrap_or_else(|| Cow::Owned(format!("{id}.message"))),
            why: find(Some("why")),
            fix: find(Some("fix")),
        }
    }

    /// The texts of a problem.
    pub fn problem(&self, problem: &Problem) -> ProblemText<'_> {
        // What the reader or the system said goes before our own words; it is more precise.
        let said = problem.args.iter().find(|arg| arg.name == "detail").map(|arg| arg.value.to_string());
        let own = || {
            let id = format!("problem-{}", problem.kind.as_str());
            let text = self.look_up(&id, Some("detail"), &Args::of(&problem.args))?;
            // A sentence with a hole in it (a problem that came without the values) says nothing.
            (!text.has_holes).then(|| flow(text.text).into_owned())
        };
        let (title, help) = self.problem_kind(problem.kind);
        ProblemText { title, detail: said.or_else(own), help }
    }

    /// Name and remedy of a kind of problem.
    pub(crate) fn problem_kind(&self, kind: ProblemKind) -> (Cow<'_, str>, Cow<'_, str>) {
        let id = format!("problem-{}", kind.as_str());
        let none = Args::new();
        let title = self.find(&id, None, &none).map_or_else(|| Cow::Owned(id.clone()), flow);
        let help = self.find(&id, Some("help"), &none).map_or_else(|| Cow::Owned(format!("{id}.help")), flow);
        (title, help)
    }

    /// The name of a severity.
    pub fn severity(&self, severity: Severity) -> String {
        self.message(&format!("severity-{severity}"), &Args::new())
    }
}

/// The id of the message about a rule: `check-`, `pod-security-` or `policy-rule-` and the rule in kebab case.
pub(crate) fn message_id(source: RuleSource, rule: &str) -> String {
    let mut id = String::with_capacity(rule.len() + 16);
    id.push_str(match source {
        RuleSource::Check => "check-",
        RuleSource::PodSecurity => "pod-security-",
        RuleSource::Policy => "policy-rule-",
    });
    let mut after_small = false;
    for c in rule.chars() {
        if c.is_ascii_uppercase() && after_small {
            id.push('-');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        id.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    }
    id
}

/// Joins the lines of a paragraph, as the width of the message file is no business of the reader.
fn flow(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\n') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        for (at, line) in paragraph.lines().map(str::trim).enumerate() {
            if at > 0 {
                out.push(' ');
            }
            out.push_str(line);
        }
    }
    Cow::Owned(out)
}

/// Replaces what Fluent writes for a value that was not given, `{$container}`, by `<container>`.
fn with_placeholders(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("{$") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once("{$") {
        out.push_str(before);
        let Some((name, more)) = after.split_once('}') else {
            out.push_str("{$");
            rest = after;
            break;
        };
        out.extend(["<", name, ">"]);
        rest = more;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A text as it is shown.
struct Formatted<'b> {
    text: Cow<'b, str>,
    /// Whether a value was missing.
    has_holes: bool,
}

fn format<'b>(
    bundle: &'b Bundle,
    id: &str,
    attribute: Option<&str>,
    args: &Args<'_>,
) -> Option<Formatted<'b>> {
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        None => message.value()?,
        Some(name) => message.get_attribute(name)?.value(),
    };
    // What is wrong in a message (a value that was not given) stays visible in its text.
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args.0), &mut errors);
    Some(Formatted { text, has_holes: !errors.is_empty() })
}

fn bundle(language: Language, sources: &[&'static str]) -> Bundle {
    let locale: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) if number.options.use_grouping => Some(grouped(&number.as_string())),
        _ => None,
    }));
    // Adding fails only for a name that is taken; these are the first two.
    let functions = [
        bundle.add_function("JOSA", |positional, _| match positional {
            [word, FluentValue::String(pair)] => {
                let word = match word {
                    FluentValue::String(text) => Cow::Borrowed(text.as_ref()),
                    FluentValue::Number(number) => number.as_string(),
                    _ => Cow::Borrowed(""),
                };
                josa(&word, pair).map_or(FluentValue::Error, FluentValue::from)
            }
            _ => FluentValue::Error,
        }),
        bundle.add_function("NUMBER", |positional, _| match positional {
            [FluentValue::Number(number)] => {
                let mut number = number.clone();
                number.options.use_grouping = true;
                FluentValue::Number(number)
            }
            _ => FluentValue::Error,
        }),
    ];
    debug_assert!(functions.iter().all(Result::is_ok), "two functions of one name");
    for &source in sources {
        let resource = match FluentResource::try_new(source.to_owned()) {
            Ok(resource) => resource,
            // The readable part; a test keeps the built-in files free of errors.
            Err((resource, _)) => resource,
        };
        // A message that is already there stays; a test keeps the built-in files free of such doubles.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// `1234567` as `1,234,567`, as both languages write it.
fn grouped(number: &str) -> String {
    let digits = number.find(|c: char| c.is_ascii_digit()).unwrap_or_default();
    let (sign, rest) = number.split_at_checked(digits).unwrap_or(("", number));
    let (whole, fraction) = rest.split_at_checked(rest.find('.').unwrap_or(rest.len())).unwrap_or((rest, ""));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: &[&str] = &["hello = Hello { $name }\nonly = English\nport = { $n } { NUMBER($n) }\n"];
    const KO: &[&str] =
        &["hello = { $name }{ JOSA($name, \"이/가\") } 왔습니다\n    .note = 참고\nbad = { JOSA($name) }"];

    fn korean() -> Texts {
        Texts::from_sources(Language::Ko, KO, EN)
    }

    #[test]
    fn particles_follow_the_name() {
        assert_eq!(korean().message("hello", &Args::new().text("name", "해치")), "해치가 왔습니다");
        assert_eq!(korean().message("hello", &Args::new().text("name", "`범`")), "`범`이 왔습니다");
        assert_eq!(korean().message("hello", &Args::new().number("name", 7)), "7이 왔습니다");
    }

    #[test]
    fn english_stands_in_for_a_missing_message() {
        assert_eq!(korean().message("only", &Args::new()), "English");
    }

    #[test]
    fn missing_message_shows_its_id() {
        assert_eq!(korean().message("none", &Args::new()), "none");
        assert_eq!(korean().attribute("hello", "none", &Args::new()), "hello.none");
        assert_eq!(korean().attribute("hello", "note", &Args::new()), "참고");
    }

    #[test]
    fn missing_value_stays_visible() {
        assert!(korean().message("hello", &Args::new()).contains("{$name}"));
    }

    #[test]
    fn numbers_are_grouped_only_on_demand() {
        let texts = Texts::from_sources(Language::En, EN, EN);
        assert_eq!(texts.message("port", &Args::new().number("n", 1_234_567)), "1234567 1,234,567");
        assert_eq!(texts.message("port", &Args::new().number("n", 80)), "80 80");
        assert_eq!(grouped("-1234.5"), "-1,234.5");
    }

    #[test]
    fn rule_names_become_message_ids() {
        assert_eq!(message_id(RuleSource::Check, "privileged-container"), "check-privileged-container");
        assert_eq!(message_id(RuleSource::PodSecurity, "hostPathVolumes"), "pod-security-host-path-volumes");
        assert_eq!(
            message_id(RuleSource::PodSecurity, "seccompProfile_restricted"),
            "pod-security-seccomp-profile-restricted"
        );
    }

    #[test]
    fn a_rule_without_a_finding_names_the_values() {
        assert_eq!(with_placeholders("set `{$a}` on {$b}.".into()), "set `<a>` on <b>.");
        assert_eq!(with_placeholders("a {$b".into()), "a {$b");
    }

    #[test]
    fn lines_of_a_paragraph_are_joined() {
        assert_eq!(flow("a\n b\n\nc\n".into()), "a b\n\nc");
        assert_eq!(flow("a".into()), "a");
    }
}
