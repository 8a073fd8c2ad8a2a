//! Encodings and digests.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use haechi_syntax::{Limits, parse_json, parse_yaml};
use sha2::{Digest, Sha256};

use super::{Answer, Builtin, builtin, made, truth};
use crate::rego::eval::Evaluation;
use crate::rego::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    builtin("base64.encode", 1, |eval, args| encode(eval, args, |text| STANDARD.encode(text))),
    builtin("base64.decode", 1, |eval, args| decode(eval, args, |text| STANDARD.decode(text).ok())),
    builtin("base64.is_valid", 1, |_, args| is_valid(args, |text| STANDARD.decode(text).is_ok())),
    builtin("base64url.encode", 1, |eval, args| encode(eval, args, |text| URL_SAFE.encode(text))),
    builtin("base64url.encode_no_pad", 1, |eval, args| {
        encode(eval, args, |text| URL_SAFE_NO_PAD.encode(text))
    }),
    builtin("base64url.decode", 1, |eval, args| {
        decode(eval, args, |text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok())
    }),
    builtin("hex.encode", 1, |eval, args| encode(eval, args, hex)),
    builtin("hex.decode", 1, |eval, args| decode(eval, args, unhex)),
    builtin("urlquery.encode", 1, |eval, args| encode(eval, args, url_encode)),
    builtin("urlquery.decode", 1, |eval, args| decode(eval, args, url_decode)),
    builtin("json.marshal", 1, |eval, args| {
        args.first().map_or(Ok(None), |value| made(eval, value.to_json().to_string()))
    }),
    builtin("json.unmarshal", 1, |eval, args| {
        let text = args.first().and_then(Value::as_str);
        text.map_or(Ok(None), |text| read(eval, text, |text| parse_json(text, &Limits::default())))
    }),
    builtin("json.is_valid", 1, |_, args| {
        is_valid(args, |text| serde_json::from_str::<serde_json::Value>(text).is_ok())
    }),
    builtin("yaml.unmarshal", 1, |eval, args| {
        let text = args.first().and_then(Value::as_str);
        text.map_or(Ok(None), |text| read(eval, text, |text| parse_yaml(text, &Limits::default())))
    }),
    builtin("yaml.is_valid", 1, |_, args| {
        is_valid(args, |text| parse_yaml(text.as_bytes(), &Limits::default()).errors.is_empty())
    }),
    builtin("crypto.sha256", 1, |eval, args| encode(eval, args, |text| hex_of(&Sha256::digest(text)))),
];

fn encode<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>], change: fn(&str) -> String) -> Answer<'a> {
    match args.first().and_then(Value::as_str) {
        Some(text) => {
            eval.spend(text.len() as u64 / 16)?;
            made(eval, change(text))
        }
        None => Ok(None),
    }
}

fn decode<'a>(
    eval: &mut Evaluation<'a>,
    args: &[Value<'a>],
    change: fn(&str) -> Option<Vec<u8>>,
) -> Answer<'a> {
    let bytes = args.first().and_then(Value::as_str).and_then(change);
    match bytes {
        Some(bytes) => made(eval, String::from_utf8_lossy(&bytes).into_owned()),
        None => Ok(None),
    }
}

fn is_valid<'a>(args: &[Value<'a>], check: fn(&str) -> bool) -> Answer<'a> {
    match args.first() {
        Some(value) => truth(value.as_str().is_some_and(check)),
        None => Ok(None),
    }
}

fn read<'a>(eval: &mut Evaluation<'a>, text: &str, parse: fn(&[u8]) -> haechi_syntax::Parsed) -> Answer<'a> {
    eval.spend(text.len() as u64)?;
    let parsed = parse(text.as_bytes());
    match (parsed.errors.is_empty(), parsed.documents.as_slice()) {
        (true, [document]) => Ok(Some(Value::of_node(document.root()).to_owned_value())),
        _ => Ok(None),
    }
}

fn hex(text: &str) -> String {
    hex_of(text.as_bytes())
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// As Go's `url.QueryEscape`.
fn url_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn url_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        match c {
            '%' => {
                out.extend(unhex(rest.get(1..3)?)?);
                len = 3;
            }
            '+' => out.push(b' '),
            c => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    Some(out)
}
