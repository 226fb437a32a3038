//! Kinds merge to the same bytes in any order and grouping, and bytes are a value or refused.

use super::{from_hex, hex};
use proptest::prelude::*;
use trackstats::{
    Error,
    kinds::{Distinct, Gauge, Meter, OwnBytes, Quantiles, Sum, Summary, Value},
};

/// A kind with bytes of its own.
trait Kind: Value + OwnBytes {}

impl<K: Value + OwnBytes> Kind for K {}

pub(crate) fn merged<K: Value>(values: impl IntoIterator<Item = K>) -> K {
    let mut values = values.into_iter();
    let mut merged = values.next().unwrap();
    values.for_each(|value| merged.merge(&value).unwrap());
    merged
}

/// Merges in order, backwards, by halves and by threes give the same bytes, which are read as the same value.
fn assert_merges_in_any_order<K: Kind>(values: &[K]) {
    let once = merged(values.iter().cloned());
    assert_eq!(merged(values.iter().rev().cloned()).to_bytes(), once.to_bytes(), "backwards");
    let (left, right) = values.split_at(values.len() / 2);
    let mut halves: Vec<K> = Vec::new();
    halves.extend((!right.is_empty()).then(|| merged(right.iter().cloned())));
    halves.extend((!left.is_empty()).then(|| merged(left.iter().rev().cloned())));
    assert_eq!(merged(halves).to_bytes(), once.to_bytes(), "by halves");
    let threes = values.chunks(3).rev().map(|chunk| merged(chunk.iter().cloned()));
    assert_eq!(merged(threes).to_bytes(), once.to_bytes(), "by threes");
    assert_eq!(K::from_bytes(&once.to_bytes()).unwrap(), once);
    if let Some(mut with_zero) = K::zero() {
        with_zero.merge(&once).unwrap();
        assert_eq!(with_zero.to_bytes(), once.to_bytes(), "zero changes nothing");
    }
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |number| number.is_finite()),
        (-1_000_000_i32..1_000_000).prop_map(f64::from),
        (-1_000_000_i32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0),
        prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e16, 1.0]),
    ]
}

fn readings() -> impl Strategy<Value = Vec<Meter>> {
    let at = prop_oneof![0_i64..5_000, 0_i64..40_000_000, any::<i64>()];
    let reading =
        prop_oneof![(0_u32..1_000).prop_map(f64::from), (0_u32..1_000).prop_map(|n| f64::from(n) / 8.0)];
    prop::collection::vec((at, reading).prop_map(|(at, reading)| Meter::at(at, reading).unwrap()), 1..3_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn floats_merge_to_the_same_bytes_in_any_order(numbers in prop::collection::vec(finite(), 1..40)) {
        let each = |number: &f64| *number;
        assert_merges_in_any_order::<Sum>(&numbers.iter().map(each).map(|n| Sum::new(n).unwrap()).collect::<Vec<_>>());
        assert_merges_in_any_order::<Summary>(&numbers.iter().map(each).map(|n| Summary::new(n).unwrap()).collect::<Vec<_>>());
        assert_merges_in_any_order::<Quantiles>(&numbers.iter().map(each).map(|n| Quantiles::new(n).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn sets_merge_to_the_same_bytes_in_any_order(items in prop::collection::vec(0_u64..2_000, 1..1_200)) {
        let sets: Vec<Distinct> = items.iter().map(|item| Distinct::of(*item)).collect();
        assert_merges_in_any_order(&sets);
        let (once, mut twice) = (merged(sets.clone()), merged(sets));
        twice.merge(&once).unwrap();
        prop_assert_eq!(once.to_bytes(), twice.to_bytes(), "what is delivered twice counts once");
    }

    #[test]
    fn levels_merge_to_the_same_bytes_in_any_order(levels in prop::collection::vec((0_i64..20, -5_i32..5, -3_i32..3), 1..30)) {
        let levels = levels.into_iter().flat_map(|(at, level, by)| {
            let set = Gauge::at(at, level.into()).unwrap();
            let changed = set.changed(at + i64::from(by), by.into()).unwrap();
            [set, changed]
        });
        assert_merges_in_any_order(&levels.collect::<Vec<_>>());
    }

    #[test]
    fn readings_merge_to_the_same_bytes_in_any_order(readings in readings()) {
        assert_merges_in_any_order(&readings);
        let (once, mut twice) = (merged(readings.clone()), merged(readings.clone()));
        twice.merge(&once).unwrap();
        twice.merge(&merged(readings.into_iter().take(7))).unwrap();
        prop_assert_eq!(once.to_bytes(), twice.to_bytes(), "what is delivered twice counts once");
        prop_assert!(once.readings().len() <= 1_025);
    }

    #[test]
    fn any_bytes_are_a_value_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        fn read<K: Kind>(bytes: &[u8]) {
            if let Ok(value) = K::from_bytes(bytes) {
                assert_eq!(K::from_bytes(&value.to_bytes()).unwrap(), value);
            }
        }
        read::<Sum>(&bytes);
        read::<Summary>(&bytes);
        read::<Distinct>(&bytes);
        read::<Quantiles>(&bytes);
        read::<Gauge>(&bytes);
        read::<Meter>(&bytes);
    }

    #[test]
    fn a_value_with_a_byte_changed_cut_or_added_is_another_or_refused(at in any::<prop::sample::Index>(), flip in 1_u8.., seed in 1_u32..600) {
        fn damage<K: Kind>(value: &K, at: prop::sample::Index, flip: u8) {
            let bytes = value.to_bytes();
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= flip;
            for damaged in [&changed[..], &bytes[..bytes.len() - 1], &[&bytes[..], &[flip]].concat()] {
                if let Ok(mut other) = K::from_bytes(damaged) {
                    let _ = (other.merge(value), format!("{other:?}"));
                }
            }
        }
        let numbers = || (1..=seed).map(|n| f64::from(n.wrapping_mul(2_654_435_761) % 100_000) / 7.0);
        damage(&merged(numbers().map(|n| Sum::new(n).unwrap())), at, flip);
        damage(&merged(numbers().map(|n| Summary::new(n).unwrap())), at, flip);
        damage(&merged(numbers().map(|n| Quantiles::new(n).unwrap())), at, flip);
        damage(&merged((0..seed).map(Distinct::of)), at, flip);
        damage(&merged((0..seed).map(|n| Gauge::at(n.into(), n.into()).unwrap())), at, flip);
        damage(&merged((0..seed).map(|n| Meter::at(n.into(), n.into()).unwrap())), at, flip);
    }

    /// By the definition of variance, on numbers that no arithmetic of floats can be trusted with.
    #[test]
    fn a_variance_is_that_of_the_numbers_however_far_from_zero(offsets in prop::collection::vec(-1_000_i32..1_000, 1..50)) {
        let far = merged(offsets.iter().map(|offset| Summary::new(1e12 + f64::from(*offset)).unwrap()));
        let n = i64::try_from(offsets.len()).unwrap();
        let sum: i64 = offsets.iter().copied().map(i64::from).sum();
        let squares: i64 = offsets.iter().copied().map(|offset| i64::from(offset).pow(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        let expected = (n * squares - sum * sum) as f64 / (n * n) as f64;
        prop_assert!((far.variance().unwrap() - expected).abs() <= expected * 1e-15);
    }
}

#[test]
fn numbers_that_are_none_are_refused_with_what_to_do() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(Sum::new(number), Err(Error::InvalidValue { .. })));
        assert!(Summary::new(number).is_err() && Quantiles::new(number).is_err());
        assert!(Gauge::at(0, number).is_err() && Meter::at(0, number).is_err());
    }
    assert!(Meter::at(0, -1.0).is_err());
    assert!(Gauge::at(0, f64::MAX).unwrap().changed(1, f64::MAX).is_err());
    let text = Sum::new(f64::NAN).unwrap_err().to_string();
    assert_eq!(
        text,
        "this is not a sum: NaN is not a finite number; leave the record without a value instead"
    );
}

/// The lowest number of 32 bits has no magnitude of 32 bits.
#[test]
fn a_bucket_as_far_down_as_can_be_written_is_refused() {
    let one = "000000000000f03f";
    for lowest in ["ffffffff0f", "fdffffff0f"] {
        let bytes = from_hex(&format!("01{one}{one}{lowest}01"));
        assert!(matches!(Quantiles::from_bytes(&bytes), Err(Error::InvalidValue { .. })), "{lowest}");
    }
}

#[test]
fn the_bytes_of_each_kind_are_frozen() {
    fn check<K: Kind>(value: &K, expected: &str) {
        let expected: String = expected.split_whitespace().collect();
        assert_eq!(hex(&value.to_bytes()), expected, "{value:?}");
        assert_eq!(&K::from_bytes(&from_hex(&expected)).unwrap(), value);
    }
    let sum = |number| Sum::new(number).unwrap();
    // the exponent, how many bytes follow, and they
    check(&sum(0.0), "00 00");
    check(&sum(1.0), "00 01 01");
    check(&sum(-1.0), "00 01 ff");
    check(&sum(12.5), "01 01 19");
    check(&sum(-128.0), "0e 01 ff");
    check(&sum(255.0), "00 02 ff00");
    check(&sum(0.1), "6d 07 cdcccccccccc0c");
    check(&sum(f64::MAX), "960f 07 ffffffffffff1f");
    check(&sum(5e-324), "e310 01 01");
    check(
        &merged([sum(1e30), sum(1e-30)]),
        "a502 1f 155ef75f42a2000000000000000000000000000000000000a83382e664f964",
    );
    let summary = |numbers: &[f64]| merged(numbers.iter().map(|number| Summary::new(*number).unwrap()));
    // count; smallest; largest, sum, sum of squares
    check(&Summary::default(), "00");
    check(&summary(&[3.0]), "01 000103");
    check(&summary(&[3.0, -5.0, 2.5]), "03 0001fb 000103 010101 0302a100");
    let quantiles = |numbers: &[f64]| merged(numbers.iter().map(|number| Quantiles::new(*number).unwrap()));
    // how many buckets; smallest, largest; first bucket, count, gaps and counts
    check(&Quantiles::default(), "00");
    check(
        &quantiles(&[1.0, 1.0, 1.5, -1.0, 0.0]),
        "04 000000000000f0bf 000000000000f83f fffd0f 01 fffe07 01 fffe07 02 3f 01",
    );
    // instant, turn; last, smallest, largest; raised, lowered
    let set = Gauge::at(1_700_000_000, 21.5).unwrap();
    check(&set, "80c49fd50c 00 01012b 01012b 01012b 0000 0000");
    check(
        &merged([set.clone(), set.changed(1_700_000_000, -1.5).unwrap()]),
        "80c49fd50c 01 040105 040105 01012b 0000 010103",
    );
    let meter = |readings: &[(i64, f64)]| {
        merged(readings.iter().map(|(at, reading)| Meter::at(*at, *reading).unwrap()))
    };
    // thinning and form; how many; each instant and reading
    check(&meter(&[(-1, 7.0)]), "00 01 01 0e");
    check(&meter(&[(100, 5.0), (160, 9.0), (161, 0.0)]), "00 03 c801 0a 3b 08 00 11");
    check(&meter(&[(100, 0.5), (160, 9.0)]), "01 02 c801 000000000000e03f 3b 0000000000002240");
    check(&Distinct::default(), "02 01 07 0c 03 0c 00 08");
    check(&Distinct::of("ann"), "02 01 07 0c 03 08 01 08 f8116004");
    // As Apache's library for Python has them, but for the order of the marks.
    let marks = "cbd7c204 81bc5d06 2bf2fb06 fe5a4307 75816607 7b65e608 cdbf440a d964e70b 862ff90d";
    check(
        &merged((-3..6).map(|number: i32| Distinct::of(number))),
        &format!("03 01 07 0c 05 08 00 09 09000000 {marks}"),
    );
    let dense = merged((0..2_000).map(|number: i32| Distinct::of(number))).to_bytes();
    assert_eq!(
        hex(&dense[..40]),
        "0a01070c0010000a 0000000000000000".replace(' ', "") + &hex(&dense[16..40])
    );
    assert_eq!(dense.len(), 4_136);
}
