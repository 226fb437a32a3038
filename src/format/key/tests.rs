//! Keys against what they were made of.

use super::*;
use proptest::prelude::*;

fn reference() -> impl Strategy<Value = String> {
    "[^/\\pC]{1,8}".prop_filter("a ref", |text| Ref::parse(text).is_ok())
}

fn part() -> impl Strategy<Value = Part> {
    let id = prop_oneof![any::<u64>().prop_map(Ok), "[\\x00-\\x02a\u{e9}]{0,5}".prop_map(Err)];
    (prop_oneof![reference(), Just("k".to_owned())], id).prop_map(|(kind, id)| match id {
        Ok(number) => Part::new(&kind, Id::Number(number)).unwrap(),
        Err(text) => Part::new(&kind, Id::Text(&text)).unwrap(),
    })
}

fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        Just(Period::Hour),
        Just(Period::Day),
        Just(Period::Week),
        Just(Period::Month),
        Just(Period::Quarter),
        Just(Period::Year),
        (1..=u16::MAX).prop_map(Period::LastDays),
        Just(Period::Lifetime),
    ]
}

fn block_key() -> impl Strategy<Value = BlockKey> {
    let object = prop::option::of(prop::collection::vec(part(), 1..4));
    (reference(), reference(), period(), any::<i32>(), object).prop_map(
        |(domain, metric, period, first_slot, parts)| {
            let object = parts.map(|parts| Object::from_parts(parts).unwrap());
            BlockKey { domain, metric, period, first_slot, object }
        },
    )
}

fn fields(key: &BlockKey) -> impl Ord + '_ {
    (key.object.is_some(), &key.domain, &key.metric, key.period, key.first_slot, key.object.as_ref())
}

proptest! {
    #[test]
    fn a_key_decodes_to_what_it_was_made_of(key in block_key()) {
        prop_assert_eq!(BlockKey::decode(&key.encode()), Ok(key));
    }

    #[test]
    fn keys_sort_as_their_fields_do(a in block_key(), b in block_key(), shared in 0..5) {
        let mut b = b;
        if shared > 0 { b.domain = a.domain.clone(); }
        if shared > 1 { b.metric = a.metric.clone(); }
        if shared > 2 { b.period = a.period; }
        if shared > 3 { b.first_slot = a.first_slot; }
        prop_assert_eq!(a.encode().cmp(&b.encode()), fields(&a).cmp(&fields(&b)));
    }

    #[test]
    fn no_key_is_the_beginning_of_another(a in block_key(), b in block_key()) {
        let (a, b) = (a.encode(), b.encode());
        prop_assert!(a == b || !b.starts_with(&a));
    }

    #[test]
    fn bytes_that_decode_are_what_is_encoded_again(key in block_key(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = key.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(decoded) = BlockKey::decode(&bytes) {
            prop_assert_eq!(decoded.encode(), bytes);
        }
    }

    #[test]
    fn a_prefix_range_holds_exactly_what_begins_with_it(prefix in prop::collection::vec(any::<u8>(), 1..4), key in prop::collection::vec(any::<u8>(), 0..6)) {
        let range = KeyRange::prefix(prefix.clone());
        let within = key >= range.start && range.end.as_ref().is_none_or(|end| key < *end);
        prop_assert_eq!(within, key.starts_with(&prefix));
    }
}
