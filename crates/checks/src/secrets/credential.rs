//! What names and values of credentials look like. Certain patterns of tokens are found anywhere; of everything else
//! only a telling name beside a plausible value is believed.

/// Words of a name that stand for a credential by themselves.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "credentials",
    "jwt",
    "bearer",
];

/// Words that stand for a credential before `key`.
const BEFORE_KEY: &[&str] = &[
    "access",
    "account",
    "api",
    "auth",
    "batch",
    "client",
    "encryption",
    "master",
    "private",
    "secret",
    "session",
    "signing",
    "storage",
];

/// What a name ends with that says how or where the credential is kept rather than what it is.
const HARMLESS_ENDS: &[&str] = &[
    "algorithm",
    "arn",
    "audience",
    "backend",
    "class",
    "config",
    "count",
    "dir",
    "directory",
    "duration",
    "enabled",
    "endpoint",
    "expiration",
    "expiry",
    "field",
    "file",
    "files",
    "format",
    "header",
    "host",
    "interval",
    "issuer",
    "key_name",
    "keyname",
    "label",
    "length",
    "lifetime",
    "limit",
    "location",
    "mode",
    "mount",
    "name",
    "namespace",
    "names",
    "path",
    "paths",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "refresh",
    "region",
    "required",
    "rotation",
    "store",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
    "version",
    "volume",
];

/// Whether a variable or key of that name holds a credential, going by the words in it.
pub(super) fn is_credential_name(name: &str) -> bool {
    let words = words(name);
    if words.last().is_some_and(|last| HARMLESS_ENDS.contains(&last.as_str())) {
        return false;
    }
    let joined = words.concat();
    let has_word = words.iter().any(|word| WORDS.contains(&word.as_str()))
        // `DBPASSWORD` and `mysqlrootpassword` have no seams.
        || ["password", "passwd", "secretkey", "accesskey", "apikey", "privatekey"]
            .iter()
            .any(|word| joined.ends_with(word));
    let has_key = words.windows(2).any(|pair| {
        matches!(pair, [before, key] if key.starts_with("key") && BEFORE_KEY.contains(&before.as_str()))
    });
    let has_key_itself = !words.iter().any(|word| word == "public")
        && words.windows(2).any(|pair| {
            matches!(pair, [key, what] if key == "key" && matches!(what.as_str(), "content" | "contents" | "material"))
        });
    has_word || has_key || has_key_itself
}

/// Whether a key of a Secret, going by its last word, holds a setting that stands beside the secret itself.
pub(super) fn is_setting_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    let is_setting = HARMLESS_ENDS.contains(&last.as_str())
        || matches!(
            last.as_str(),
            "bucket"
                | "cipher"
                | "size"
                | "database"
                | "dbname"
                | "domain"
                | "email"
                | "hostname"
                | "insecure"
                | "project"
                | "proxy"
                | "server"
        );
    // A file or a URL may hold the secret.
    is_setting && !matches!(last.as_str(), "config" | "file" | "files" | "uri" | "url")
}

/// The words of `DB_PASSWORD`, `dbPassword`, `db-password` and `db.password`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            begins = true;
            was_lower = false;
            continue;
        }
        if begins || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        begins = false;
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Whether a value beside a telling name may be the credential itself: not empty, not a reference to where it is, not a
/// switch.
pub(super) fn is_plausible_value(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let is_reference = value.starts_with('/')
        || value.starts_with("./")
        || value.starts_with("file:")
        || value.contains("$(")
        || value.contains("${")
        || value.contains("{{")
        || value.starts_with('$')
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.contains("://") && !has_user_info(value))
        // Vault, SOPS, AWS Secrets Manager and the like: `vault:secret/data/shop#password`.
        || ["vault:", "ref+", "secret:", "arn:", "ENC[", "projects/", "env."].iter().any(|prefix| value.starts_with(prefix));
    let is_switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "none"
            | "null"
            | "nil"
            | "enabled"
            | "disabled"
            | "{}"
            | "[]"
    );
    let is_mask = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '-')) && value.len() > 5;
    // `INSERT_TOKEN`, `__TOKEN__`: words for whoever fills it in. `changeme` is none of them: it works.
    let is_placeholder = value.len() > 4
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && (["INSERT_", "REPLACE_", "YOUR_", "TODO"].iter().any(|start| value.starts_with(start))
            || value.ends_with("_PLACEHOLDER")
            || (value.starts_with("__") && value.ends_with("__")));
    let is_algorithm = matches!(
        value.to_ascii_lowercase().as_str(),
        "sha1" | "sha256" | "sha384" | "sha512" | "aes" | "aes128" | "aes256" | "rsa" | "pbkdf2" | "argon2id"
    );
    let is_number = value.len() < 6 && value.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_duration = value.len() < 6
        && value.trim_end_matches(['s', 'm', 'h', 'd']).chars().all(|c| c.is_ascii_digit())
        && value.starts_with(|c: char| c.is_ascii_digit());
    !(is_reference || is_switch || is_mask || is_placeholder || is_algorithm || is_number || is_duration)
}

/// Whether a variable or key of that name with that value holds a credential.
pub(super) fn is_credential(name: &str, value: &str) -> bool {
    if !is_credential_name(name) {
        return false;
    }
    // A short number beside other names is a lifetime or a count; beside these it is a weak password.
    let is_password = words(name)
        .last()
        .is_some_and(|last| matches!(last.as_str(), "password" | "passwd" | "passphrase" | "pwd"));
    let digits = value.trim().trim_matches(['"', '\'']);
    let is_weak = is_password && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_weak || is_plausible_value(value)
}

/// What kind of credential a text holds by the looks of it, whatever it is called.
pub(super) fn kind_of(text: &str) -> Option<&'static str> {
    if has_private_key(text) {
        return Some("private-key");
    }
    let is_token = |prefix: &str, least: usize| {
        text.match_indices(prefix).any(|(at, _)| {
            let is_start =
                text.get(..at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
            let rest = text.get(at + prefix.len()..).unwrap_or_default();
            let len = rest
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                .count();
            is_start && len >= least
        })
    };
    let is_aws = |prefix: &str| {
        text.match_indices(prefix).any(|(at, _)| {
            let is_start =
                text.get(..at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
            let rest = text.get(at + prefix.len()..).unwrap_or_default();
            let len =
                rest.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
            is_start && len == 16 && !rest.starts_with("XXXXXXXX")
        })
    };
    if is_aws("AKIA") || is_aws("ASIA") {
        return Some("aws-access-key");
    }
    for (prefix, least, kind) in [
        ("ghp_", 36, "github-token"),
        ("gho_", 36, "github-token"),
        ("ghs_", 36, "github-token"),
        ("github_pat_", 60, "github-token"),
        ("glpat-", 20, "gitlab-token"),
        ("xoxb-", 20, "slack-token"),
        ("xoxp-", 20, "slack-token"),
        ("sk_live_", 20, "stripe-key"),
        ("rk_live_", 20, "stripe-key"),
        ("AIza", 35, "google-api-key"),
        ("npm_", 36, "npm-token"),
        ("dop_v1_", 60, "digitalocean-token"),
        ("hvs.", 24, "vault-token"),
        ("eyJhbGciO", 20, "jwt"),
    ] {
        if is_token(prefix, least) {
            return Some(kind);
        }
    }
    let bearer = text.trim().get(..7).filter(|start| start.eq_ignore_ascii_case("bearer "));
    if bearer.is_some() && is_plausible_value(text.trim().get(7..).unwrap_or_default()) {
        return Some("bearer-token");
    }
    has_user_info(text).then_some("password-in-url")
}

/// Whether a text holds a private key in PEM form, cut short or not.
pub(super) fn has_private_key(text: &str) -> bool {
    text.match_indices("-----BEGIN ").any(|(at, begin)| {
        let rest = text.get(at + begin.len()..).unwrap_or_default();
        let label = rest.split("-----").next().unwrap_or_default();
        label.len() < 40 && label.ends_with("PRIVATE KEY")
    })
}

/// `scheme://user:password@host`, with a password that is no reference.
fn has_user_info(text: &str) -> bool {
    text.match_indices("://").any(|(at, sign)| {
        let rest = text.get(at + sign.len()..).unwrap_or_default();
        let authority = rest.split(['/', '?', '#', ' ', '\n', '"', '\'', ',']).next().unwrap_or_default();
        let Some((user_info, _)) = authority.rsplit_once('@') else { return false };
        let Some((_, password)) = user_info.split_once(':') else { return false };
        !password.is_empty() && !password.contains(['$', '{', '<', '%', '*'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for name in [
            "DB_PASSWORD",
            "dbPassword",
            "api-key",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET_BLAH",
            "pwd",
            "MYSQLROOTPASSWORD",
            "OCI_CLI_KEY_CONTENT",
            "OCI_CLI_KEY_SECRET",
            "AZURE_BATCH_KEY",
            "GITHUB_TOKEN",
        ] {
            assert!(is_credential_name(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "TOKEN_TTL",
            "SECRET_NAME",
            "KEYCLOAK_URL",
            "MONKEY",
            "KEY",
            "TOKENIZER",
            "PASSWORD_POLICY",
            "PUBLIC_KEY_CONTENT",
            "SSH_KEY_PATH",
            "CACHE_KEY_PREFIX",
        ] {
            assert!(!is_credential_name(name), "{name}");
        }
    }

    #[test]
    fn a_short_number_is_a_password_but_no_token() {
        assert!(is_credential("DB_PASSWORD", "1234"));
        assert!(!is_credential("DB_PASSWORD", ""));
        assert!(!is_credential("SESSION_TOKEN", "3600"));
        assert!(!is_credential("PASSWORD_MIN_LENGTH", "12"));
    }

    #[test]
    fn references_and_switches_are_no_credentials() {
        for value in [
            "",
            "true",
            "/etc/token",
            "$(PASSWORD)",
            "${PASSWORD}",
            "vault:secret/db#password",
            "https://login.example",
            "3600",
            "15m",
            "********",
            "INSERT_TOKEN",
            "__TOKEN__",
            "sha256",
        ] {
            assert!(!is_plausible_value(value), "{value}");
        }
        for value in ["hunter2", "postgres://shop:hunter2@db/shop", "123456", "changeme", "INSERTED9"] {
            assert!(is_plausible_value(value), "{value}");
        }
    }

    #[test]
    fn tokens_are_known_by_their_looks() {
        let github = format!("token {}{}", "ghp_", "a1".repeat(18));
        assert_eq!(kind_of(&github), Some("github-token"));
        assert_eq!(kind_of("-----BEGIN RSA PRIVATE KEY-----\nabc"), Some("private-key"));
        assert_eq!(kind_of("-----BEGIN CERTIFICATE-----\nabc"), None);
        assert_eq!(kind_of("bearer abc123def"), Some("bearer-token"));
        assert_eq!(kind_of("amqp://shop:hunter2@queue:5672"), Some("password-in-url"));
        assert_eq!(kind_of("amqp://shop:$(PASSWORD)@queue:5672"), None);
        assert_eq!(kind_of("AKIA"), None);
    }
}
