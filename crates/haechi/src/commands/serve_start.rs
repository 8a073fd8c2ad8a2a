//! Why `haechi serve` did not start, in the reader's language: what is wrong, where, and how to mend it.

use std::path::Path;

use haechi_serve::access::{AccessError, OidcError, SettingFault};
use haechi_serve::intake::SnsError;
use haechi_serve::listen::{CertificateError, ListenError, PemError, PemFault};
use haechi_serve::run::{FetchError, RunError};
use haechi_serve::webhook::KeyError;
use haechi_store::{OpenError, StoreError};

use crate::told::Told;

/// The text for an error of the start. Those of policies and rules are told where they are known file by file.
pub(super) fn told(error: &RunError) -> Told {
    let told = match error {
        RunError::Policies(mistakes) => list("cli-serve-policies-broken", mistakes),
        RunError::Rules(mistakes) => list("cli-serve-rules-broken", mistakes),
        RunError::Store(error) => open(error),
        RunError::Access(error) => access(error),
        RunError::WrongKey(key) => Told::of("start-key-wrong").with("key", key.as_str()),
        RunError::Sns(SnsError::Certificate { path, detail }) => {
            at("start-sns-certificate", path).with("detail", detail.as_str())
        }
        RunError::Sns(SnsError::Fetch(error)) | RunError::Oidc(OidcError::Fetch(error)) => fetch(error),
        RunError::Oidc(error) => oidc(error),
        RunError::Certificate(error) => certificate(error),
        RunError::Authorities(error) => pem(error),
        RunError::Key(error) => key(error),
        RunError::Listen(error) => listen(error),
        RunError::System(error) => Told::of("start-system").with("why", error),
    };
    if error.is_usage() { told } else { told.by_the_system() }
}

fn at(id: &'static str, path: &Path) -> Told {
    Told::of(id).with("path", path.display().to_string())
}

fn list(id: &'static str, mistakes: &[String]) -> Told {
    Told::of("start-list").with("heading", Told::of(id)).with("mistakes", mistakes.join("\n"))
}

fn open(error: &OpenError) -> Told {
    match error {
        OpenError::Folder { path, source } => at("start-store-folder", path).with("why", source),
        OpenError::InUse { path } => at("start-store-in-use", path),
        OpenError::Missing { path } => at("start-store-missing", path),
        OpenError::Foreign { path, .. } => at("start-store-foreign", path),
        OpenError::Newer { path, found, known } => {
            at("start-store-newer", path).with("found", found.to_string()).with("known", known.to_string())
        }
        OpenError::Database { path, source } => at("start-store-database", path).with("why", store(source)),
        OpenError::Thread(source) => Told::of("start-system").with("why", source),
    }
}

fn store(error: &StoreError) -> Told {
    let (id, detail) = match error {
        StoreError::Full { detail } => ("start-store-full", detail.clone()),
        StoreError::Io { detail } => ("start-store-disk", detail.clone()),
        StoreError::ReadOnly { detail } => ("start-store-read-only", detail.clone()),
        StoreError::Corrupt { detail } => ("start-store-damaged", detail.clone()),
        StoreError::Busy => ("start-store-busy", String::new()),
        other => ("start-store-failed", other.to_string()),
    };
    Told::of(id).with("detail", detail)
}

fn access(error: &AccessError) -> Told {
    match error {
        AccessError::Store(error) => store(error),
        other => Told::of("start-accounts").with("detail", other.to_string()),
    }
}

fn fetch(error: &FetchError) -> Told {
    match error {
        FetchError::Authorities { path, detail } => {
            at("start-authorities", path).with("detail", detail.as_str())
        }
        other => Told::of("start-oidc").with("detail", other.to_string()),
    }
}

fn oidc(error: &OidcError) -> Told {
    match error {
        OidcError::Setting { key, fault } => {
            let why = match fault {
                SettingFault::NoHttps => "start-oidc-no-https",
                SettingFault::Empty => "start-oidc-empty",
                SettingFault::NoRoles => "start-oidc-no-roles",
                SettingFault::Skew => "start-oidc-skew",
            };
            Told::of("start-oidc-setting").with("key", *key).with("why", Told::of(why))
        }
        OidcError::Secret { name, detail } => {
            Told::of("start-oidc-secret").with("name", name.as_str()).with("detail", detail.as_str())
        }
        other => Told::of("start-oidc").with("detail", other.to_string()),
    }
}

fn pem(error: &PemError) -> Told {
    match error {
        PemError::Read { path, source } => at("start-file", path).with("why", source),
        PemError::Content { path, fault } => {
            let why = match fault {
                PemFault::NoCertificate => Told::of("start-pem-no-certificate"),
                PemFault::Syntax(detail) => Told::of("start-pem-syntax").with("detail", detail.as_str()),
                PemFault::Key(detail) => Told::of("start-pem-key").with("detail", detail.as_str()),
                PemFault::Mismatch => Told::of("start-pem-mismatch"),
                PemFault::Authority(detail) => {
                    Told::of("start-pem-authority").with("detail", detail.as_str())
                }
            };
            at("start-pem", path).with("why", why)
        }
    }
}

pub(super) fn certificate(error: &CertificateError) -> Told {
    match error {
        CertificateError::Pem(error) => pem(error),
        CertificateError::Make(error) => Told::of("start-certificate-make").with("detail", error.to_string()),
        CertificateError::File { path, source } => at("start-own-file", path).with("why", source),
        CertificateError::Mismatch => Told::of("start-authority-mismatch"),
        CertificateError::Clock(detail) => Told::of("start-clock").with("detail", detail.as_str()),
    }
}

pub(super) fn key(error: &KeyError) -> Told {
    match error {
        KeyError::Read { path, source } => at("start-own-file", path).with("why", source),
        KeyError::Write(error) => certificate(error),
        KeyError::Weak(path) => at("start-key-weak", path),
        KeyError::Random(error) => Told::of("start-random").with("detail", error.to_string()),
    }
}

fn listen(error: &ListenError) -> Told {
    match error {
        ListenError::Bind { address, source } => {
            Told::of("start-listen").with("address", address.to_string()).with("why", source)
        }
        ListenError::Verifier(detail) => Told::of("start-verifier").with("detail", detail.as_str()),
        ListenError::Tls(error) => Told::of("start-tls").with("detail", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use haechi_report::{Language, Texts};

    use super::*;

    /// Every error of the start, with what of it must stand in its text.
    fn errors() -> Vec<(RunError, &'static str)> {
        let path = || PathBuf::from("/data/x");
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let database = |source| RunError::Store(OpenError::Database { path: path(), source });
        let detail = || "SQLite says 11".to_owned();
        let setting = |key, fault| RunError::Oidc(OidcError::Setting { key, fault });
        let content = |fault| PemError::Content { path: path(), fault };
        vec![
            (RunError::Policies(vec!["p.yaml:1:1".to_owned()]), "p.yaml:1:1"),
            (RunError::Rules(vec!["r.yaml:1:1".to_owned()]), "r.yaml:1:1"),
            (RunError::Store(OpenError::Folder { path: path(), source: denied() }), "/data/x"),
            (RunError::Store(OpenError::InUse { path: path() }), "--data"),
            (RunError::Store(OpenError::Missing { path: path() }), "/data/x"),
            (RunError::Store(OpenError::Foreign { path: path(), found: 1 }), "/data/x"),
            (RunError::Store(OpenError::Newer { path: path(), found: 9, known: 5 }), "9"),
            (RunError::Store(OpenError::Thread(io::Error::other("no threads"))), "no threads"),
            (database(StoreError::Full { detail: detail() }), "/data/x"),
            (database(StoreError::Io { detail: detail() }), "SQLite says 11"),
            (database(StoreError::ReadOnly { detail: detail() }), "/data/x"),
            (database(StoreError::Corrupt { detail: detail() }), "haechi store restore"),
            (database(StoreError::Busy), "/data/x"),
            (database(StoreError::Internal { detail: detail() }), "SQLite says 11"),
            (RunError::Access(AccessError::Store(StoreError::Full { detail: detail() })), "SQLite says 11"),
            (RunError::Access(AccessError::Internal("no randomness".to_owned())), "no randomness"),
            (RunError::WrongKey("2027-01".to_owned()), "2027-01"),
            (RunError::Sns(SnsError::Certificate { path: path(), detail: "no PEM".to_owned() }), "/data/x"),
            (
                RunError::Oidc(OidcError::Fetch(FetchError::Authorities { path: path(), detail: detail() })),
                "/data/x",
            ),
            (setting("issuer", SettingFault::NoHttps), "issuer"),
            (setting("client-id", SettingFault::Empty), "client-id"),
            (setting("roles", SettingFault::NoRoles), "roles"),
            (setting("clock-skew", SettingFault::Skew), "600"),
            (RunError::Oidc(OidcError::Secret { name: "OIDC".to_owned(), detail: detail() }), "OIDC"),
            (RunError::Oidc(OidcError::Internal("no randomness".to_owned())), "no randomness"),
            (RunError::Certificate(PemError::Read { path: path(), source: denied() }.into()), "/data/x"),
            (RunError::Certificate(content(PemFault::NoCertificate).into()), "/data/x"),
            (RunError::Certificate(content(PemFault::Syntax(detail())).into()), "SQLite says 11"),
            (RunError::Certificate(content(PemFault::Key(detail())).into()), "SQLite says 11"),
            (RunError::Certificate(content(PemFault::Mismatch).into()), "/data/x"),
            (RunError::Authorities(content(PemFault::Authority(detail()))), "SQLite says 11"),
            (RunError::Certificate(CertificateError::File { path: path(), source: denied() }), "/data/x"),
            (RunError::Certificate(CertificateError::Mismatch), "tls"),
            (RunError::Certificate(CertificateError::Clock("year -9".to_owned())), "year -9"),
            (RunError::Key(KeyError::Read { path: path(), source: denied() }), "/data/x"),
            (RunError::Key(KeyError::Weak(path())), "32"),
            (
                RunError::Listen(ListenError::Bind {
                    address: "127.0.0.1:8443".parse().unwrap(),
                    source: io::Error::from(io::ErrorKind::AddrInUse),
                }),
                "127.0.0.1:8443",
            ),
            (RunError::Listen(ListenError::Verifier(detail())), "SQLite says 11"),
            (RunError::System(io::Error::other("no more files")), "no more files"),
        ]
    }

    #[test]
    fn every_error_of_the_start_is_told_in_both_languages_with_its_place() {
        let (en, ko) = (Texts::new(Language::En), Texts::new(Language::Ko));
        let is_hangul = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
        for (error, needle) in errors() {
            let told = told(&error);
            let (english, korean) = (told.text(&en), told.text(&ko));
            assert!(english.contains(needle), "{error:?}: {english}");
            assert!(korean.contains(needle), "{error:?}: {korean}");
            assert!(!english.chars().any(is_hangul), "{english}");
            assert!(korean.chars().filter(|c| is_hangul(*c)).count() >= 8, "{korean}");
            for text in [&english, &korean] {
                assert!(!text.contains("start-") && !text.contains('{'), "a text is missing: {text}");
                // Fluent's marks around what is put in belong to no terminal.
                assert!(!text.contains('\u{2068}'), "{text:?}");
            }
            assert_eq!(told.is_usage(), error.is_usage());
        }
    }

    #[test]
    fn what_the_system_says_most_often_is_told_in_both_languages() {
        let ko = Texts::new(Language::Ko);
        let system = |kind| told(&RunError::System(io::Error::from(kind))).text(&ko);
        for kind in [
            io::ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::AddrInUse,
            io::ErrorKind::AddrNotAvailable,
            io::ErrorKind::IsADirectory,
            io::ErrorKind::NotADirectory,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::StorageFull,
            io::ErrorKind::InvalidData,
        ] {
            let text = system(kind);
            assert!(!text.contains(&io::Error::from(kind).to_string()), "{text}");
        }
        // What has no text of its own is told as it is.
        assert!(told(&RunError::System(io::Error::other("odd"))).text(&ko).contains("odd"));
    }
}
