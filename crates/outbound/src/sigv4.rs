//! Signatures of Amazon's interfaces, version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>.
//!
//! Only what a `POST` or `GET` to a fixed path needs; the crate of the vendor brings its whole runtime with it.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;
use crate::{hex, hmac};

/// A request to sign.
#[derive(Debug)]
pub struct Signing<'r> {
    /// `GET`, `POST` …
    pub method: &'r str,
    /// Path and query as they are sent, encoded, the query in order.
    pub path: &'r str,
    /// The query.
    pub query: &'r str,
    /// All headers that are signed, with `host` and `x-amz-date`: names in lower case, in order.
    pub headers: &'r [(&'r str, &'r str)],
    /// The body.
    pub body: &'r [u8],
    /// `ap-northeast-2` …
    pub region: &'r str,
    /// `sns`, `kms` …
    pub service: &'r str,
    /// The time, in microseconds since 1970.
    pub now_us: i64,
}

/// `20150830T123600Z`.
pub fn amz_date(now_us: i64) -> String {
    Timestamp::from_microsecond(now_us)
        .map(|time| time.strftime("%Y%m%dT%H%M%SZ").to_string())
        .unwrap_or_default()
}

impl Signing<'_> {
    /// The value of the header `authorization`.
    pub fn authorization(&self, access_key_id: &Secret, secret_access_key: &Secret) -> Secret {
        let date = amz_date(self.now_us);
        let day = date.get(..8).unwrap_or_default();
        let names = self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{}\n", collapsed(value))).collect();
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{names}\n{}",
            self.method,
            self.path,
            self.query,
            hex(&Sha256::digest(self.body))
        );
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let secret = zeroize::Zeroizing::new(format!("AWS4{}", secret_access_key.expose()));
        let mut key = hmac(secret.as_bytes(), &[day.as_bytes()]);
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac(&key, &[part.as_bytes()]);
        }
        let signature = hex(&hmac(&key, &[to_sign.as_bytes()]));
        Secret::new(format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            access_key_id.expose()
        ))
    }
}

/// Without spaces around it, and with one where several were.
fn collapsed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(signing: &Signing<'_>, secret: &str) -> String {
        let id = Secret::new("AKIDEXAMPLE");
        let header = signing.authorization(&id, &Secret::new(secret));
        header.expose().rsplit_once("Signature=").unwrap().1.to_owned()
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// The example of the vendor's guide.
    #[test]
    fn published_example_comes_out() {
        let content = "application/x-www-form-urlencoded; charset=utf-8";
        let signing = Signing {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                ("content-type", content),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            body: b"",
            region: "us-east-1",
            service: "iam",
            now_us: at("2015-08-30T12:36:00Z"),
        };
        assert_eq!(
            sign(&signing, SECRET),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    /// `post-vanilla` and `get-header-value-trim` of the vendor's test suite.
    #[test]
    fn published_suite_comes_out() {
        let vanilla = Signing {
            method: "POST",
            path: "/",
            query: "",
            headers: &[("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            body: b"",
            region: "us-east-1",
            service: "service",
            now_us: at("2015-08-30T12:36:00Z"),
        };
        assert_eq!(
            sign(&vanilla, SECRET),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let trim = Signing {
            method: "GET",
            headers: &[
                ("host", "example.amazonaws.com"),
                ("my-header1", " value1"),
                ("my-header2", " \"a   b   c\""),
                ("x-amz-date", "20150830T123600Z"),
            ],
            ..vanilla
        };
        assert_eq!(sign(&trim, SECRET), "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
    }
}
