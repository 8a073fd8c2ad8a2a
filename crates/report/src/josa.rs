//! Korean particles, which change with the sound that ends the word before them: `파드를`, but `컨테이너 셋을`.

/// How the word before a particle ends when it is read aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With a vowel.
    Vowel,
    /// With ㄹ, which counts as a vowel before `로`.
    Rieul,
    /// With another consonant.
    Consonant,
    /// There is nothing to read.
    Unknown,
}

/// Chooses from a pair such as `을/를` (in either order) the particle that follows `word`. `None` if `pair` is
/// not two particles divided by a slash.
///
/// The last character that is read aloud decides: closing quotes, brackets and backticks are passed over.
/// Where nothing can be read, both forms are given: `을(를)`.
pub(crate) fn josa(word: &str, pair: &str) -> Option<String> {
    let (one, other) = pair.split_once('/')?;
    if other.contains('/') || (one.is_empty() && other.is_empty()) {
        return None;
    }
    let (after_consonant, after_vowel) = if follows_vowel(one, other) { (other, one) } else { (one, other) };
    // `으로` after a consonant, but `로` after ㄹ; so with `으로서`, `으로부터`.
    let is_directional = after_consonant.starts_with("으로");
    Some(match ending(word) {
        Ending::Vowel => after_vowel.to_owned(),
        Ending::Rieul if is_directional => after_vowel.to_owned(),
        Ending::Rieul | Ending::Consonant => after_consonant.to_owned(),
        Ending::Unknown if is_directional => format!("(으){after_vowel}"),
        Ending::Unknown if after_vowel.is_empty() => format!("({after_consonant})"),
        Ending::Unknown => match after_consonant.strip_suffix(after_vowel) {
            Some(more) => format!("({more}){after_vowel}"),
            None => format!("{after_consonant}({after_vowel})"),
        },
    })
}

/// Whether `one` is the form after a vowel, that is, whether the pair is written the other way round.
fn follows_vowel(one: &str, other: &str) -> bool {
    matches!(one, "를" | "가" | "는" | "와" | "야" | "여")
        || one.is_empty()
        || (other.strip_suffix(one).is_some_and(|more| matches!(more, "으" | "이")))
}

fn ending(word: &str) -> Ending {
    let Some(end) = word.rfind(is_read) else {
        // A path that is nothing but slashes is read `슬래시`.
        return if word.contains('/') { Ending::Vowel } else { Ending::Unknown };
    };
    let rest = word.get(end..).unwrap_or_default();
    let Some(last) = rest.chars().next() else { return Ending::Unknown };
    let until = word.get(..end + last.len_utf8()).unwrap_or_default();
    match last {
        '가'..='힣' => match (u32::from(last) - u32::from('가')) % 28 {
            0 => Ending::Vowel,
            8 => Ending::Rieul,
            _ => Ending::Consonant,
        },
        '0'..='9' => number_ending(until),
        'A'..='Z' | 'a'..='z' => latin_ending(until),
        // Letters of the Korean alphabet by themselves: 기역, 니은, 디귿 … end with a consonant, 리을 with ㄹ.
        'ㄹ' => Ending::Rieul,
        'ㄱ'..='ㅎ' => Ending::Consonant,
        // 퍼센트, 별표, and vowels.
        _ => Ending::Vowel,
    }
}

fn is_read(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '가'..='힣' | 'ㄱ'..='ㅣ' | '%' | '*')
}

/// Numbers are read in Sino-Korean: 영 일 이 삼 사 오 육 칠 팔 구; round ones end with 십, 백, 천, 만, 억, 조.
fn number_ending(until: &str) -> Ending {
    match until.bytes().last() {
        Some(b'1' | b'7' | b'8') => Ending::Rieul,
        Some(b'0') => {
            let zeros = until.bytes().rev().take_while(|&byte| byte == b'0').count();
            let is_round = until.bytes().rev().nth(zeros).is_some_and(|byte| byte.is_ascii_digit());
            // Only 조 (10¹²) ends with a vowel.
            if is_round && (12..16).contains(&zeros) { Ending::Vowel } else { Ending::Consonant }
        }
        Some(b'3' | b'6') => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

/// Names in Latin letters: abbreviations are read letter by letter, other words by the sound that their end has
/// in Korean (`서버`, `커널`, `시크릿`). Spelling does not decide the sound of every word; this is the reading
/// that fits most names in manifests.
fn latin_ending(until: &str) -> Ending {
    let word = last_word(until);
    let is_spelled =
        !word.chars().any(|c| matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y'))
            || word.bytes().all(|byte| byte.is_ascii_uppercase());
    let word = word.to_ascii_lowercase();
    if is_spelled {
        return match word.bytes().last() {
            // 엘, 알
            Some(b'l' | b'r') => Ending::Rieul,
            // 엠, 엔
            Some(b'm' | b'n') => Ending::Consonant,
            _ => Ending::Vowel,
        };
    }
    let ends_with = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    if ends_with(&["l", "le"]) {
        return Ending::Rieul;
    }
    if ends_with(&["m", "n", "ng", "me", "ne", "ck", "ook", "ic", "ype", "out", "put", "pp"]) {
        return Ending::Consonant;
    }
    // A stop after one short vowel is a final consonant (앱, 웹, 넷, 봇); after two vowels it is a syllable of
    // its own (루트, 데이트).
    let mut before = word.bytes().rev();
    let (last, vowel, first) = (before.next(), before.next(), before.next());
    let is_vowel = |byte: Option<u8>| matches!(byte, Some(b'a' | b'e' | b'i' | b'o' | b'u'));
    match last {
        Some(b'p') if is_vowel(vowel) => Ending::Consonant,
        Some(b't' | b'b') if is_vowel(vowel) && !is_vowel(first) => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

/// The last word of `until`: after the last sign, digit or change from small to capital letters.
fn last_word(until: &str) -> &str {
    let bytes = until.as_bytes();
    let mut start = bytes.len();
    let mut next: Option<u8> = None;
    for (at, &byte) in bytes.iter().enumerate().rev() {
        if !byte.is_ascii_alphabetic()
            || (byte.is_ascii_lowercase() && next.is_some_and(|b| b.is_ascii_uppercase()))
        {
            break;
        }
        start = at;
        next = Some(byte);
    }
    until.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(word: &str, pair: &str) -> String {
        format!("{word}{}", josa(word, pair).unwrap())
    }

    #[test]
    fn hangul_final_consonants_decide() {
        assert_eq!(with("컨테이너", "을/를"), "컨테이너를");
        assert_eq!(with("볼륨", "을/를"), "볼륨을");
        assert_eq!(with("파드", "이/가"), "파드가");
        assert_eq!(with("권한", "은/는"), "권한은");
        assert_eq!(with("노드", "과/와"), "노드와");
        assert_eq!(with("권한", "이나/나"), "권한이나");
    }

    #[test]
    fn rieul_counts_as_a_vowel_before_ro_only() {
        assert_eq!(with("커널", "으로/로"), "커널로");
        assert_eq!(with("커널", "을/를"), "커널을");
        assert_eq!(with("권한", "으로/로"), "권한으로");
        assert_eq!(with("파드", "으로/로"), "파드로");
        assert_eq!(with("파일", "으로부터/로부터"), "파일로부터");
    }

    #[test]
    fn a_pair_may_be_written_in_either_order() {
        for (pair, after_consonant, after_vowel) in [
            ("를/을", "을", "를"),
            ("와/과", "과", "와"),
            ("로/으로", "으로", "로"),
            ("나/이나", "이나", "나"),
            ("라/이라", "이라", "라"),
            ("/이", "이", ""),
            ("이/", "이", ""),
        ] {
            assert_eq!(josa("권한", pair).unwrap(), after_consonant, "{pair}");
            assert_eq!(josa("파드", pair).unwrap(), after_vowel, "{pair}");
        }
    }

    #[test]
    fn quotes_and_brackets_are_passed_over() {
        assert_eq!(with("`컨테이너`", "을/를"), "`컨테이너`를");
        assert_eq!(with("「볼륨」", "을/를"), "「볼륨」을");
        assert_eq!(with("\"web\")", "은/는"), "\"web\")은");
        assert_eq!(with("/var/run/", "을/를"), "/var/run/을");
    }

    #[test]
    fn digits_are_read_in_korean() {
        for (number, ending) in [
            ("0", Ending::Consonant),
            ("1", Ending::Rieul),
            ("2", Ending::Vowel),
            ("3", Ending::Consonant),
            ("4", Ending::Vowel),
            ("5", Ending::Vowel),
            ("6", Ending::Consonant),
            ("7", Ending::Rieul),
            ("8", Ending::Rieul),
            ("9", Ending::Vowel),
            ("10", Ending::Consonant),
            ("1000000000000", Ending::Vowel),
            ("10000000000000000", Ending::Consonant),
        ] {
            assert_eq!(super::ending(number), ending, "{number}");
        }
        assert_eq!(with("8080", "으로/로"), "8080으로");
        assert_eq!(with("포트 8081", "으로/로"), "포트 8081로");
    }

    #[test]
    fn abbreviations_are_spelled() {
        assert_eq!(with("TLS", "을/를"), "TLS를");
        assert_eq!(with("URL", "으로/로"), "URL로");
        assert_eq!(with("SYS_ADMIN", "을/를"), "SYS_ADMIN을");
        assert_eq!(with("hostIPC", "을/를"), "hostIPC를");
        assert_eq!(with("vpn", "이/가"), "vpn이");
        assert_eq!(with("tcp", "이/가"), "tcp가");
    }

    #[test]
    fn words_are_read_as_koreans_read_them() {
        for word in [
            "web",
            "app",
            "shop",
            "secret",
            "socket",
            "kubelet",
            "snapshot",
            "timeout",
            "webhook",
            "rollback",
            "ConfigMap",
            "token",
            "admin",
            "system",
            "volume",
            "runtime",
            "public",
            "type",
            "ping",
        ] {
            assert_eq!(super::ending(word), Ending::Consonant, "{word}");
        }
        for word in ["kernel", "file", "role", "module", "label", "table"] {
            assert_eq!(super::ending(word), Ending::Rieul, "{word}");
        }
        for word in [
            "container",
            "user",
            "nginx",
            "default",
            "pod",
            "node",
            "root",
            "image",
            "namespace",
            "host",
            "network",
            "redis",
            "latest",
            "proxy",
            "securityContext",
            "runAsUser",
            "privileged",
            "CrashLoopBackOff",
        ] {
            assert_eq!(super::ending(word), Ending::Vowel, "{word}");
        }
    }

    #[test]
    fn signs_that_have_a_name_are_read() {
        assert_eq!(with("`*`", "을/를"), "`*`를");
        assert_eq!(with("80%", "이/가"), "80%가");
        assert_eq!(with("/", "을/를"), "/를");
    }

    #[test]
    fn both_forms_where_nothing_can_be_read() {
        assert_eq!(with("", "을/를"), "을(를)");
        assert_eq!(with("??", "으로/로"), "??(으)로");
        assert_eq!(with("漢", "이나/나"), "漢(이)나");
        assert_eq!(with("漢", "이/가"), "漢이(가)");
    }

    #[test]
    fn a_pair_has_two_forms() {
        assert_eq!(josa("파드", "을"), None);
        assert_eq!(josa("파드", "/"), None);
        assert_eq!(josa("파드", "을/를/은"), None);
    }
}
