//! Messages as SNS signs them, and as others would.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value as Json, json};

use super::sns::is_amazons;
use super::*;
use crate::tests::keys::{SHA1_OF_HELLO, rsa_key};

const CERTIFICATE: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1234.pem";

/// A certificate for the key of the tests.
fn certificate(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    let key =
        rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&rsa_key().into(), &rcgen::PKCS_RSA_SHA256).unwrap();
    let params = rcgen::CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
    path
}

fn message(kind: &str, more: Json) -> Json {
    let mut message = json!({
        "Type": kind, "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:1:trail", "Message": "hello",
        "Timestamp": "2026-11-22T10:00:01.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
    });
    for (key, value) in more.as_object().unwrap() {
        message[key] = value.clone();
    }
    message
}

/// Signs as version 2 of SNS does.
fn signed(mut message: Json) -> Json {
    let names: &[&str] = match message["Type"].as_str().unwrap() {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let present = names.iter().filter_map(|name| Some(format!("{name}\n{}\n", message.get(name)?.as_str()?)));
    let text: String = present.collect();
    let key = RsaKeyPair::from_pkcs8(&rsa_key()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    message["Signature"] = json!(STANDARD.encode(signature));
    message
}

fn opened(message: &Json, trust: &SnsTrust) -> (Vec<String>, Vec<&'static str>, Option<String>) {
    let text = message.to_string();
    let unwrapped = unwrap(text.as_bytes(), trust).unwrap();
    let texts = unwrapped.texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    (texts, unwrapped.refused, unwrapped.confirm)
}

fn trust(options: SnsOptions) -> SnsTrust {
    SnsTrust::open(options).unwrap()
}

#[test]
fn what_amazon_signed_is_opened_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let pinned =
        trust(SnsOptions { certificates: vec![certificate(&folder, "a.pem")], ..SnsOptions::default() });
    let good = signed(message("Notification", json!({})));
    assert_eq!(opened(&good, &pinned), (vec!["hello".to_owned()], vec![], None));
    let with_subject = signed(message("Notification", json!({"Subject": "s\"ü"})));
    assert_eq!(opened(&with_subject, &pinned).0, ["hello"]);
    let first: String = SHA1_OF_HELLO.split_whitespace().collect();
    let version_1 = message("Notification", json!({"SignatureVersion": "1", "Signature": first}));
    assert_eq!(opened(&version_1, &pinned).0, ["hello"]);

    let change = |key: &str, value: Json| {
        let mut message = good.clone();
        message[key] = value;
        message
    };
    let other_key = {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["sns.amazonaws.com".to_owned()]).unwrap();
        let path = folder.path().join("b.pem");
        std::fs::write(&path, made.cert.pem()).unwrap();
        trust(SnsOptions { certificates: vec![path], ..SnsOptions::default() })
    };
    for (refused, reason) in [
        (change("Message", json!("evil")), "sns-signature"),
        (change("TopicArn", json!("arn:aws:sns:eu-west-1:1:other")), "sns-signature"),
        (change("Subject", json!("put in")), "sns-signature"),
        (change("SignatureVersion", json!("1")), "sns-signature"),
        (change("SignatureVersion", json!("3")), "sns-unsigned"),
        (change("SignatureVersion", json!(2)), "sns-unsigned"),
        (change("Signature", json!("")), "sns-signature"),
        (change("Signature", json!("%")), "sns-unsigned"),
        (change("Timestamp", json!(null)), "sns-unsigned"),
        (
            change("SigningCertURL", json!("https://sns.eu-west-1.amazonaws.com.evil.example/x.pem")),
            "sns-certificate",
        ),
        (change("SigningCertURL", json!(null)), "sns-certificate"),
        (message("Notification", json!({})), "sns-signature"),
    ] {
        assert_eq!(opened(&refused, &pinned), (vec![], vec![reason], None), "{refused}");
    }
    assert_eq!(opened(&good, &other_key).1, ["sns-signature"]);
    // Without certificates of the user's and before one was fetched nothing is believed.
    assert_eq!(opened(&good, &trust(SnsOptions::default())).1, ["sns-certificate"]);
    assert_eq!(opened(&good, &SnsTrust::default()).1, ["sns-certificate"]);
    let unproven = trust(SnsOptions { takes_unverified: true, ..SnsOptions::default() });
    assert_eq!(opened(&change("Message", json!("x")), &unproven).0, ["x"], "the user wants it so");
    // What is inside counts as little as what is outside.
    let inner = change("Message", json!("evil")).to_string();
    let nested = signed(message("Notification", json!({"Message": inner})));
    assert_eq!(opened(&nested, &pinned), (vec![], vec!["sns-signature"], None));
}

#[test]
fn only_the_named_topics_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = vec![certificate(&folder, "a.pem")];
    let topics = vec!["arn:aws:sns:eu-west-1:1:other".to_owned()];
    let good = signed(message("Notification", json!({})));
    // Amazon signs for everybody: an attacker has a topic, too.
    for takes_unverified in [false, true] {
        let options =
            SnsOptions { certificates: certificates.clone(), topics: topics.clone(), takes_unverified };
        assert_eq!(opened(&good, &trust(options)).1, ["sns-topic"]);
    }
}

#[test]
fn a_subscription_is_told_and_only_amazons_address_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let pinned =
        trust(SnsOptions { certificates: vec![certificate(&folder, "a.pem")], ..SnsOptions::default() });
    let of =
        |url: &str| signed(message("SubscriptionConfirmation", json!({"Token": "t", "SubscribeURL": url})));
    let good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
    assert_eq!(opened(&of(good), &pinned), (vec![], vec![], Some(good.to_owned())));
    assert_eq!(opened(&of("https://evil.example/"), &pinned), (vec![], vec!["sns-address"], None));
    let mut forged = of(good);
    forged["Token"] = json!("another");
    assert_eq!(opened(&forged, &pinned), (vec![], vec!["sns-signature"], None));
    let over = signed(message("UnsubscribeConfirmation", json!({"Token": "t", "SubscribeURL": good})));
    assert_eq!(opened(&over, &pinned), (vec![], vec![], None));
}

#[test]
fn no_other_address_passes_for_amazons() {
    for url in [
        CERTIFICATE,
        "https://sns.us-gov-west-1.amazonaws.com/x.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/a/x.pem",
    ] {
        assert!(is_amazons(url, ".pem"), "{url}");
    }
    for url in [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com",
        "https://sns.eu-west-1.amazonaws.com/x.txt",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://sns.x@evil.amazonaws.com/x.pem",
        "https://sns.a.b.amazonaws.com/x.pem",
        "https://sns.evil.example/.amazonaws.com/x.pem",
        "https://sns.evil.example#.amazonaws.com/x.pem",
        "https://sns.evil.example?.amazonaws.com/x.pem",
        "https://sns.evil.example\\.amazonaws.com/x.pem",
        "https://sns.amazonaws.com/x.pem",
        "https://xsns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://SNS.eu-west-1.amazonaws.com/x.pem ",
        "https://sns.eu-west-1.amazonaws.com/x\n.pem",
        "",
    ] {
        assert!(!is_amazons(url, ".pem"), "{url}");
    }
}

#[test]
fn a_folder_of_certificates_is_read_and_a_mistake_in_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let of = |path: PathBuf| SnsTrust::open(SnsOptions { certificates: vec![path], ..SnsOptions::default() });
    assert!(of(folder.path().to_owned()).is_err(), "an empty folder proves nothing");
    certificate(&folder, "a.pem");
    let good = signed(message("Notification", json!({})));
    assert_eq!(opened(&good, &of(folder.path().to_owned()).unwrap()).0, ["hello"]);
    std::fs::write(
        folder.path().join("b.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    assert!(of(folder.path().to_owned()).is_err());
    assert!(of(folder.path().join("none.pem")).is_err());
}
