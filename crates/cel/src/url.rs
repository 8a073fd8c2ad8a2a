//! Addresses of the web, as Go's `net/url` reads the URI of a request.

use std::borrow::Cow;

use bumpalo::Bump;

/// The parts of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    pub(crate) scheme: &'a str,
    user: Option<&'a str>,
    /// With port and, for IPv6, brackets.
    pub(crate) host: &'a str,
    /// Escaped.
    pub(crate) path: &'a str,
    query: &'a str,
    fragment: &'a str,
    /// What follows the colon where it is no path: `mailto:me`.
    opaque: &'a str,
}

impl<'a> Url<'a> {
    /// Whether the text may stand in the first line of a request: absolute, or a path from the root.
    pub(crate) fn is_request_uri(text: &str) -> bool {
        parse_parts(text, true).is_some()
    }

    pub(crate) fn parse(arena: &'a Bump, text: &'a str) -> Option<Self> {
        parse_parts(text, true)?;
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let parts = parse_parts(rest, false)?;
        unescape(fragment, Part::Fragment)?;
        let keep = |text: Cow<'a, str>| -> &'a str {
            match text {
                Cow::Borrowed(text) => text,
                Cow::Owned(text) => arena.alloc_str(&text),
            }
        };
        Some(Self {
            scheme: keep(lower(parts.scheme)),
            user: parts.user,
            host: keep(unescape(parts.host, Part::Host)?),
            path: keep(escaped_path(parts.path)?),
            query: parts.query,
            fragment,
            opaque: parts.opaque,
        })
    }

    /// The host without port and brackets.
    pub(crate) fn hostname(&self) -> &'a str {
        let host = self.without_port();
        host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
    }

    fn without_port(&self) -> &'a str {
        match self.host.rsplit_once(':') {
            Some((host, port)) if is_port(port) && !port.contains(']') => host,
            _ => self.host,
        }
    }

    pub(crate) fn port(&self) -> &'a str {
        self.host.get(self.without_port().len() + 1..).unwrap_or_default()
    }

    /// Keys and values of the query, unescaped, in order; what cannot be read is left out.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        let unescaped = |text: &str| unescape(text, Part::Query).map(Cow::into_owned);
        pairs
            .filter_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((unescaped(key)?, unescaped(value)?))
            })
            .collect()
    }
}

struct Parts<'t> {
    scheme: &'t str,
    user: Option<&'t str>,
    host: &'t str,
    path: &'t str,
    query: &'t str,
    opaque: &'t str,
}

fn parse_parts(text: &str, via_request: bool) -> Option<Parts<'_>> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) || (text.is_empty() && via_request) {
        return None;
    }
    let mut parts = Parts { scheme: "", user: None, host: "", path: "", query: "", opaque: "" };
    if text == "*" {
        parts.path = "*";
        return Some(parts);
    }
    let (scheme, rest) = split_scheme(text)?;
    parts.scheme = scheme;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    parts.query = query;
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            parts.opaque = rest;
            return Some(parts);
        }
        // A first segment with a colon would be a scheme.
        if via_request || rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return None;
        }
    }
    let mut path = rest;
    if let Some(after) = rest
        .strip_prefix("//")
        .filter(|after| !scheme.is_empty() || (!via_request && !after.starts_with('/')))
    {
        let end = after.find('/').unwrap_or(after.len());
        let (authority, tail) = after.split_at_checked(end)?;
        path = tail;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if !is_host(host) || user.is_some_and(|user| !is_userinfo(user)) {
            return None;
        }
        parts.user = user;
        parts.host = host;
    }
    unescape(path, Part::Path)?;
    parts.path = path;
    Some(parts)
}

/// The scheme, empty if there is none, and what follows its colon; `None` for a colon in front.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return None,
            b':' => return Some((text.get(..index)?, text.get(index + 1..)?)),
            _ => break,
        }
    }
    Some(("", text))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(host: &str) -> bool {
    let port_follows = |rest: &str| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    if let Some(inner) = host.strip_prefix('[') {
        let Some((address, rest)) = inner.rsplit_once(']') else { return false };
        // A zone is written behind an escaped percent sign.
        let (address, zone) = match address.split_once("%25") {
            Some((address, zone)) => (address, Some(zone)),
            None => (address, None),
        };
        let is_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
        let is_zone = zone.is_none_or(|zone| !zone.is_empty() && unescape(zone, Part::Zone).is_some());
        return is_v6 && is_zone && port_follows(rest);
    }
    let name_len = host.find(':').unwrap_or(host.len());
    let (name, rest) = host.split_at_checked(name_len).unwrap_or((host, ""));
    port_follows(rest) && unescape(name, Part::Host).is_some()
}

fn is_userinfo(user: &str) -> bool {
    let allowed =
        user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte));
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    allowed && unescape(name, Part::User).is_some() && unescape(password, Part::User).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Query,
    Fragment,
    User,
    Host,
    Zone,
}

/// Puts escaped bytes back; `None` for a broken escape, or a byte that may not stand in a host. Bytes that are no
/// UTF-8 are replaced.
fn unescape(text: &str, part: Part) -> Option<Cow<'_, str>> {
    let is_host = matches!(part, Part::Host | Part::Zone);
    let plain_host =
        |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte);
    let plus = part == Part::Query && text.contains('+');
    if is_host && !text.bytes().all(|byte| byte == b'%' || plain_host(byte)) {
        return None;
    }
    if !text.contains('%') && !plus {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let (digits, after) = tail.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits)
                    .ok()
                    .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
                let value = u8::from_str_radix(digits, 16).ok()?;
                if part == Part::Host && value < 0x80 && value != b'%' {
                    return None;
                }
                bytes.push(value);
                rest = after;
            }
            b'+' if plus => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    Some(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The path as it was written where it was written properly, else escaped anew.
fn escaped_path(path: &str) -> Option<Cow<'_, str>> {
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&byte);
    if path.bytes().all(proper) {
        return Some(Cow::Borrowed(path));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    let mut escaped = String::with_capacity(path.len() + 8);
    for byte in unescape(path, Part::Path)?.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(Cow::Owned(escaped))
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_uris_are_told_from_other_text() {
        for text in
            ["https://a.example:8080/p?q=1", "/x", "mailto:me", "https://[::1]:80/", "http://a/%41", "*"]
        {
            assert!(Url::is_request_uri(text), "{text}");
        }
        for text in [
            "",
            "not a url",
            "x/y",
            "https://a:80:80/",
            ":a",
            "http://a b/",
            "http://[::1",
            "http://a/%4",
            "/a\n",
        ] {
            assert!(!Url::is_request_uri(text), "{text}");
        }
    }

    #[test]
    fn parts_are_found() {
        let arena = Bump::new();
        let url = Url::parse(&arena, "HTTPS://me:x@[fe80::1]:8443/a%20b/ü?x=1&x=2&y=a+b#part").unwrap();
        assert_eq!(
            (url.scheme, url.host, url.hostname(), url.port()),
            ("https", "[fe80::1]:8443", "fe80::1", "8443")
        );
        assert_eq!(url.path, "/a%20b/%C3%BC");
        assert_eq!(url.query_pairs().len(), 3);
        assert_eq!(url.query_pairs()[2], ("y".to_owned(), "a b".to_owned()));
        assert_eq!(Url::parse(&arena, "https://a").unwrap().port(), "");
    }
}
