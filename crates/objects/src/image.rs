/// The parts of an image reference, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageRef<'t> {
    /// Registry host with port, if the reference names one; without it the runtime's default applies.
    pub registry: Option<&'t str>,
    /// Path of the repository, without registry.
    pub repository: &'t str,
    /// Tag, without `:`.
    pub tag: Option<&'t str>,
    /// Digest, as `sha256:…`.
    pub digest: Option<&'t str>,
}

impl<'t> ImageRef<'t> {
    /// Splits a reference as the distribution project's grammar does: the first part is a registry if it has a dot
    /// or a port, or is `localhost`. `None` where nothing is left for a repository, or where there is white space or
    /// a variable in it.
    pub fn parse(text: &'t str) -> Option<Self> {
        if text.is_empty()
            || text.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '{' | '}' | '<' | '>'))
        {
            return None;
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return None;
        }
        let (name, tag) = match name.rsplit_once(':') {
            // A colon before the last slash belongs to the registry's port.
            Some((before, tag)) if !tag.contains('/') => (before, Some(tag)),
            _ => (name, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, name),
        };
        let is_valid = !repository.is_empty() && tag.is_none_or(|tag| !tag.is_empty());
        is_valid.then_some(Self { registry, repository, tag, digest })
    }

    /// The registry that is asked: Docker Hub where none is named.
    pub fn registry_or_default(&self) -> &'t str {
        self.registry.unwrap_or("docker.io")
    }
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(Option<&str>, &str, Option<&str>, bool)> {
        ImageRef::parse(text)
            .map(|image| (image.registry, image.repository, image.tag, image.digest.is_some()))
    }

    #[test]
    fn registry_port_is_no_tag() {
        assert_eq!(parts("nginx"), Some((None, "nginx", None, false)));
        assert_eq!(parts("nginx:1.27"), Some((None, "nginx", Some("1.27"), false)));
        assert_eq!(parts("localhost:5000/a/b"), Some((Some("localhost:5000"), "a/b", None, false)));
        assert_eq!(parts("r.example:5000/a:v1"), Some((Some("r.example:5000"), "a", Some("v1"), false)));
        assert_eq!(parts("team/app"), Some((None, "team/app", None, false)));
    }

    #[test]
    fn digest_stands_beside_a_tag() {
        let text = format!("r.example/a:v1@sha256:{}", "0".repeat(64));
        assert_eq!(parts(&text), Some((Some("r.example"), "a", Some("v1"), true)));
        assert_eq!(parts("a@sha256:zz"), None);
    }

    #[test]
    fn placeholders_are_no_references() {
        assert_eq!(parts("${IMAGE}:latest"), None);
        assert_eq!(parts("a:"), None);
        assert_eq!(parts(""), None);
    }
}
