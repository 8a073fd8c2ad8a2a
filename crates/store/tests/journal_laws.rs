//! Whatever is changed in a journal, by whatever acts it was made, is found at its place.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use haechi_store::journal::{
    Act, Anchor, Break, Chain, Entry, Hash, Report, canonical_json, read_lines, write_end, write_entry,
};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(|float| serde_json::Number::from_f64(float).map_or(Json::Null, Json::Number)),
        ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Fractions are printed exactly and read to the last digit but one: hashes are over the text, so that it does not matter.
fn without_fractions(value: Json) -> Json {
    match value {
        Json::Number(number) if number.is_f64() => Json::Null,
        Json::Array(items) => items.into_iter().map(without_fractions).collect(),
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, without_fractions(value))).collect())
        }
        other => other,
    }
}

fn act() -> impl Strategy<Value = Act> {
    (any::<i64>(), ".{0,10}", "[a-z.]{0,10}", ".{0,10}", json())
        .prop_map(|(time_us, actor, act, subject, details)| Act { time_us, actor, act, subject, details })
}

fn chained(acts: Vec<Act>) -> Vec<Entry> {
    let mut anchor = Anchor::default();
    acts.into_iter()
        .map(|act| {
            let entry = Entry::new(act, &anchor).unwrap();
            anchor = entry.anchor();
            entry
        })
        .collect()
}

fn verify(entries: &[Entry], kept: Option<Anchor>) -> Report {
    let mut chain = Chain::with_anchors(kept);
    for entry in entries {
        chain.push(entry);
    }
    chain.finish()
}

fn lines(entries: &[Entry]) -> Vec<u8> {
    let mut text = Vec::new();
    entries.iter().for_each(|entry| write_entry(entry, &mut text).unwrap());
    write_end(entries.last().map(Entry::anchor).unwrap_or_default(), &mut text).unwrap();
    text
}

/// A change of one entry that leaves it another entry, without making its hash anew.
fn altered(mut entry: Entry, field: usize) -> Entry {
    match field {
        0 => entry.time_us = entry.time_us.wrapping_add(1),
        1 => entry.actor.push('x'),
        2 => entry.act.insert(0, 'x'),
        3 => entry.subject.push('\u{0}'),
        4 => entry.details = format!("[{}]", entry.details),
        5 => entry.prev.0[31] ^= 1,
        // What goes from one field into the next stays the same text, put together.
        6 => {
            entry.actor.push_str(&entry.act);
            entry.act.clear();
            entry.act.push('x');
        }
        _ => entry.hash.0[0] ^= 0x80,
    }
    entry
}

proptest! {
    #[test]
    fn a_chain_is_in_order_as_made_and_as_exported(acts in prop::collection::vec(act(), 0..12)) {
        let entries = chained(acts);
        let good = entries.last().map(Entry::anchor).unwrap_or_default();
        let expected = Report { good, broken: None };
        prop_assert_eq!(verify(&entries, Some(good)), expected.clone());
        prop_assert_eq!(read_lines(&mut lines(&entries).as_slice(), Some(&good)).unwrap(), expected);
    }

    #[test]
    fn an_altered_entry_is_named(
        acts in prop::collection::vec(act(), 1..12), place in any::<prop::sample::Index>(), field in 0..8_usize,
    ) {
        let mut entries = chained(acts);
        let place = place.index(entries.len());
        entries[place] = altered(entries[place].clone(), field);
        let seq = place as u64 + 1;
        prop_assert_eq!(verify(&entries, None).broken, Some(Break::Altered { seq }));
        let read = read_lines(&mut lines(&entries).as_slice(), None).unwrap();
        prop_assert_eq!(read.broken, Some(Break::Altered { seq }));
    }

    #[test]
    fn what_is_missing_swapped_or_doubled_is_named(
        acts in prop::collection::vec(act(), 3..12), place in any::<prop::sample::Index>(),
    ) {
        let entries = chained(acts);
        let kept = entries.last().unwrap().anchor();
        let place = place.index(entries.len() - 1);
        let seq = place as u64 + 1;
        let mut without = entries.clone();
        without.remove(place);
        prop_assert_eq!(verify(&without, None).broken, Some(Break::Missing { from: seq, to: seq }));
        let mut swapped = entries.clone();
        swapped.swap(place, place + 1);
        prop_assert_eq!(verify(&swapped, None).broken, Some(Break::Missing { from: seq, to: seq }));
        let mut doubled = entries.clone();
        doubled.insert(place, entries[place].clone());
        prop_assert_eq!(verify(&doubled, None).broken, Some(Break::OutOfOrder { seq, expected: seq + 1 }));
        let cut = &entries[..=place];
        prop_assert_eq!(verify(cut, None).broken, None);
        prop_assert_eq!(
            verify(cut, Some(kept)).broken,
            Some(Break::Truncated { from: seq + 1, to: kept.entries })
        );
    }

    /// Who may make hashes anew is found out by the anchor, whichever entry was changed.
    #[test]
    fn a_chain_made_anew_does_not_pass_the_anchor(
        acts in prop::collection::vec(act(), 1..12), place in any::<prop::sample::Index>(),
    ) {
        let entries = chained(acts.clone());
        let kept = entries.last().unwrap().anchor();
        let mut forged = acts;
        let place = place.index(forged.len());
        forged[place].actor.push('x');
        let forged = chained(forged);
        prop_assert_eq!(verify(&forged, None).broken, None);
        prop_assert_eq!(verify(&forged, Some(kept)).broken, Some(Break::Rewritten { seq: kept.entries }));
    }

    /// An export that was changed anywhere is refused, or broken, or says the very same.
    #[test]
    fn changed_bytes_never_make_another_journal(
        acts in prop::collection::vec(act(), 1..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let entries = chained(acts);
        let kept = entries.last().unwrap().anchor();
        let mut text = lines(&entries);
        for (place, byte) in changes {
            let place = place.index(text.len());
            text[place] = byte;
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        for anchor in [None, Some(&kept)] {
            if let Ok(report) = read_lines(&mut text.as_slice(), anchor) {
                prop_assert!(report.broken.is_some() || report.good == kept, "{:?}", report);
            }
        }
    }

    #[test]
    fn canonical_json_does_not_depend_on_the_order_of_keys(
        entries in prop::collection::btree_map(".{0,6}", json(), 0..6),
    ) {
        let one: Map<_, _> = entries.clone().into_iter().collect();
        let other: Map<_, _> = entries.into_iter().rev().collect();
        prop_assert_eq!(canonical_json(&Json::Object(one)), canonical_json(&Json::Object(other)));
    }

    #[test]
    fn canonical_json_is_json_of_the_same_value(value in json().prop_map(without_fractions)) {
        let read: Json = serde_json::from_str(&canonical_json(&value)).unwrap();
        prop_assert_eq!(read, value);
    }

    #[test]
    fn hashes_are_read_as_they_are_printed(bytes in any::<[u8; 32]>()) {
        prop_assert_eq!(Hash(bytes).to_string().parse(), Ok(Hash(bytes)));
    }
}
