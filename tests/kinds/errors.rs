//! Estimates against exact answers, on a year of flights and on input that is meant to be hard.

use super::{common::flights::flights, laws::merged};
use std::collections::BTreeSet;
use trackstats::kinds::{Distinct, Item, OwnBytes, Quantiles};

/// The same numbers for the same seed: `SplitMix64`.
struct Numbers(u64);

impl Iterator for Numbers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(mixed ^ mixed >> 31)
    }
}

/// The relative error of a quantile against the number of that rank, the worst of many.
fn worst_of_quantiles(name: &str, mut numbers: Vec<f64>) {
    let quantiles = merged(numbers.iter().map(|number| Quantiles::new(*number).unwrap()));
    numbers.sort_by(f64::total_cmp);
    let mut worst = 0.0_f64;
    for thousandth in 0..=1_000_usize {
        let rank = (thousandth * numbers.len()).div_ceil(1_000).max(1);
        let exact = numbers[rank - 1];
        let found = quantiles.quantile(thousandth as f64 / 1_000.0).unwrap();
        assert!(found.abs() <= exact.abs(), "{name}: {found} is further from zero than {exact}");
        let error = if exact == 0.0 { found.abs() } else { (found - exact).abs() / exact.abs() };
        assert!(error <= 1.0 / 129.0, "{name}: quantile {thousandth}/1000 is {found}, exactly {exact}");
        worst = worst.max(error);
    }
    assert_eq!((quantiles.min(), quantiles.max()), (numbers.first().copied(), numbers.last().copied()));
    println!(
        "quantiles of {name}: {} numbers, worst error {:.3} %, {} bytes",
        numbers.len(),
        100.0 * worst,
        quantiles.to_bytes().len()
    );
}

#[test]
fn quantiles_are_as_near_as_they_say() {
    let unit = |number: u64| (number >> 11) as f64 / (1_u64 << 53) as f64;
    let delays: Vec<f64> =
        flights().iter().filter_map(|flight| flight.delay).map(|delay| delay as f64).collect();
    worst_of_quantiles("delays of flights", delays.clone());
    worst_of_quantiles("delays in seconds", delays.iter().map(|delay| delay * 60.0 + 0.1).collect());
    worst_of_quantiles("one number, always", vec![1_234.567; 10_000]);
    worst_of_quantiles("sorted", (0..50_000).map(f64::from).collect());
    worst_of_quantiles(
        "sorted backwards, negative",
        (0..50_000).rev().map(|n| -f64::from(n) / 3.0).collect(),
    );
    worst_of_quantiles("a heavy tail", Numbers(1).take(50_000).map(|n| (1.0 - unit(n)).powf(-3.0)).collect());
    worst_of_quantiles(
        "all floats",
        Numbers(2).map(f64::from_bits).filter(|n| n.is_normal()).take(50_000).collect(),
    );
    let near = |n: u64| f64::from_bits(1_f64.to_bits() + (n % 128 + 1) * (1 << 45) - 1);
    worst_of_quantiles("the far ends of buckets", Numbers(3).take(5_000).map(near).collect());
}

fn error_of_count(name: &str, items: &[Item<'_>]) -> f64 {
    let exact: BTreeSet<String> = items.iter().map(|item| format!("{item:?}")).collect();
    let distinct = merged(items.iter().map(|item| Distinct::of(*item)));
    let error = distinct.estimate() / exact.len() as f64 - 1.0;
    println!(
        "{name}: {} different of {}, estimated {}, error {:+.2} %, {} bytes",
        exact.len(),
        items.len(),
        distinct.count(),
        100.0 * error,
        distinct.to_bytes().len()
    );
    if distinct.is_exact() {
        assert_eq!(distinct.count(), exact.len() as u64, "{name}");
    }
    let (low, high) = distinct.bounds();
    assert!(low <= distinct.estimate() && distinct.estimate() <= high, "{name}");
    error
}

#[test]
fn counts_of_different_things_are_as_near_as_they_say() {
    let flights = flights();
    let texts: Vec<[String; 4]> = flights
        .iter()
        .map(|flight| {
            let (at, to) = (flight.departed.to_rfc3339(), &flight.destination);
            [to.clone(), format!("{to} {:?}", flight.delay), at.clone(), format!("{at} {to}")]
        })
        .collect();
    for (column, name) in ["destinations", "destinations and delays", "instants", "instants and destinations"]
        .iter()
        .enumerate()
    {
        let items: Vec<Item<'_>> = texts.iter().map(|texts| Item::from(&texts[column])).collect();
        let error = error_of_count(name, &items);
        assert!(error.abs() <= 2.0 * 0.017, "{name}: {error}");
    }
    assert!(error_of_count("one thing, always", &vec![Item::from(7); 10_000]).abs() < 1e-3);
    let sorted: Vec<Item<'_>> = (0..100_000).map(|n: u64| Item::from(n)).collect();
    assert!(error_of_count("numbers in order", &sorted).abs() <= 2.0 * 0.017);
    let high: Vec<Item<'_>> = (0..100_000).map(|n: u64| Item::from(n << 44)).collect();
    assert!(error_of_count("numbers that differ in their high bits", &high).abs() <= 2.0 * 0.017);
    let tail: Vec<Item<'_>> =
        Numbers(4).take(100_000).map(|n| Item::from(1_000_000 / (1 + n % 1_000_000))).collect();
    assert!(error_of_count("a heavy tail", &tail).abs() <= 2.0 * 0.017);
}

/// Of many sets, so that it is the error that is measured and not luck.
#[test]
fn the_standard_error_of_a_count_is_what_is_said() {
    for size in [385_usize, 1_000, 5_000, 12_000, 40_000] {
        let sets = 100;
        let mut squares = 0.0;
        let mut outside = 0;
        let mut numbers = Numbers(size as u64);
        for _ in 0..sets {
            let distinct = merged(numbers.by_ref().take(size).map(Distinct::of));
            squares += (distinct.estimate() / size as f64 - 1.0).powi(2);
            let (low, high) = distinct.bounds();
            outside += u32::from(!(low..=high).contains(&(size as f64)));
        }
        let error = (squares / f64::from(sets)).sqrt();
        println!(
            "{sets} sets of {size}: standard error {:.2} %, {outside} outside their bounds",
            100.0 * error
        );
        assert!(error < 0.02 && outside <= 12, "{size}: {error}");
    }
}

#[test]
fn what_sets_have_in_common_is_as_near_as_it_says() {
    let set = |range: std::ops::Range<u64>| merged(range.map(Distinct::of));
    let small = set(0..300).intersection(&set(200..384));
    assert_eq!((small.estimate.round(), small.error), (100.0, 0.0));
    for (a, b, exact) in
        [(0..10_000, 5_000..15_000, 5_000.0), (0..10_000, 20_000..30_000, 0.0), (0..300, 0..20_000, 300.0)]
    {
        let common = set(a.clone()).intersection(&set(b.clone()));
        println!(
            "{a:?} and {b:?}: {exact} in common, estimated {:.0} +- {:.0}",
            common.estimate, common.error
        );
        assert!((common.estimate - exact).abs() <= 3.0 * common.error, "{a:?} {b:?} {common:?}");
    }
}
