//! Image references in parts, as AssignImage takes them apart.

use regex::Regex;

/// What is put in the place of the parts; an empty part stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) domain: String,
    pub(crate) path: String,
    /// With its `:` or `@`.
    pub(crate) tag: String,
}

impl Parts {
    /// What would not come to rest, since its parts would be read otherwise the next time.
    pub(crate) fn mistake(&self) -> Option<String> {
        let is = |pattern: &str, text: &str| {
            text.is_empty() || Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
        };
        let Self { domain, path, tag } = self;
        if domain.is_empty() && path.is_empty() && tag.is_empty() {
            return Some("at least one of `assignDomain`, `assignPath`, `assignTag` is needed".into());
        }
        if !is(r"(?-u)^(\w[\w\-]*\.[\w\-.]*\w|localhost)(:\d+)?$", domain) {
            return Some(format!(
                "`{domain}` is no domain of an image: `registry.example`, `localhost:5000`"
            ));
        }
        if !is(r"^[a-z0-9]+(?:(?:[._/]|__|-*)[a-z0-9]+)*$", path) {
            return Some(format!("`{path}` is no path of an image"));
        }
        let is_tag = r"(?-u)(^:\w[\w.-]{0,127}$)|(^@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}$)";
        if !is(is_tag, tag) {
            return Some(format!("`{tag}` is no tag or digest: it begins with `:` or `@`"));
        }
        let leaks = domain.is_empty() && split_domain(path).0.is_some();
        leaks.then(|| format!("`{path}` begins like a domain, use `assignDomain` too"))
    }

    pub(crate) fn replace_in(&self, reference: &str) -> String {
        let (domain, rest) = split_domain(reference);
        let end = rest.find([':', '@']).unwrap_or(rest.len());
        let (path, tag) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let or = |new: &str, old: &str| if new.is_empty() { old.to_owned() } else { new.to_owned() };
        let domain = or(&self.domain, domain.unwrap_or_default());
        let slash = if domain.is_empty() { "" } else { "/" };
        format!("{domain}{slash}{}{}", or(&self.path, path), or(&self.tag, tag))
    }
}

fn split_domain(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((domain, rest)) if domain.contains(['.', ':']) || domain == "localhost" => (Some(domain), rest),
        _ => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    fn parts(domain: &str, path: &str, tag: &str) -> Parts {
        Parts { domain: domain.into(), path: path.into(), tag: tag.into() }
    }

    #[test]
    fn parts_are_replaced() {
        assert_eq!(parts("r.example", "", "").replace_in("nginx:1"), "r.example/nginx:1");
        assert_eq!(parts("r.example", "", ":2").replace_in("localhost:5000/a/b@sha256:0"), "r.example/a/b:2");
        assert_eq!(parts("", "x/y", "").replace_in("gcr.io/a:1"), "gcr.io/x/y:1");
    }

    #[test]
    fn what_would_not_come_to_rest_is_refused() {
        assert!(parts("", "", "").mistake().is_some());
        assert!(parts("", "gcr.io/x", "").mistake().is_some());
        assert!(parts("nodots", "", "").mistake().is_some());
        assert!(parts("", "", "latest").mistake().is_some());
        assert!(parts("r.example:5000", "a/b_c", ":v1").mistake().is_none());
    }
}
