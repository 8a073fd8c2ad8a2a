use std::env;
use std::ffi::OsString;

use haechi_report::Language;

/// The language to speak: `--lang`, else the locale. Found before the arguments are parsed, because help and errors are
/// in that language too; a wrong value is left for the parser to refuse.
pub(crate) fn choose(args: &[OsString]) -> Language {
    let mut args = args.iter().filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let value = match arg {
            "--" => break,
            "--lang" => args.next(),
            _ => arg.strip_prefix("--lang="),
        };
        if let Some(Ok(language)) = value.map(str::parse) {
            return language;
        }
    }
    let variable = |name: &str| env::var(name).ok();
    let (all, messages, lang) = (variable("LC_ALL"), variable("LC_MESSAGES"), variable("LANG"));
    Language::from_locale(all.as_deref(), messages.as_deref(), lang.as_deref())
}
