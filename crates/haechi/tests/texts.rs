//! Every check can be explained in every language.

use haechi_checks::CHECKS;
use haechi_report::{Args, Language, Texts};

#[test]
fn every_check_has_title_message_reason_and_remedy_in_every_language() {
    for language in Language::ALL {
        let texts = Texts::new(language);
        for check in CHECKS {
            let id = format!("check-{}", check.info.slug);
            for attribute in [None, Some("message"), Some("why"), Some("fix")] {
                let found = texts.find(&id, attribute, &Args::new());
                assert!(found.is_some_and(|text| !text.trim().is_empty()), "{language}: {id} {attribute:?}");
            }
        }
    }
}

#[test]
fn korean_texts_are_korean() {
    let texts = Texts::new(Language::Ko);
    for check in CHECKS {
        let rule = texts.rule(&check.info);
        let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        // A title may be a proper name.
        for text in [Some(rule.message), rule.why, rule.fix].into_iter().flatten() {
            assert!(is_korean(&text), "{}: {text}", check.info.slug);
        }
    }
}
