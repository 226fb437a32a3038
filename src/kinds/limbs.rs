//! Whole numbers of any size, as 64-bit limbs, the lowest first. What is returned has no zero limb on top.

use std::{cmp::Ordering, iter};

pub(super) fn trim(limbs: &mut Vec<u64>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

/// How many bits a number without zero limbs on top has.
pub(super) fn bits(limbs: &[u64]) -> u32 {
    let below = u32::try_from(limbs.len().saturating_sub(1)).unwrap_or(u32::MAX);
    limbs.last().map_or(0, |top| (below * 64) + 64 - top.leading_zeros())
}

pub(super) fn trailing_zeros(limbs: &[u64]) -> u32 {
    let mut zeros = 0;
    for limb in limbs {
        zeros += limb.trailing_zeros();
        if *limb != 0 {
            break;
        }
    }
    zeros
}

/// The 64 bits from bit `from` on.
pub(super) fn window(limbs: &[u64], from: u32) -> u64 {
    let mut from_limb = limbs.iter().skip(from as usize / 64).copied();
    let (low, high) = (from_limb.next().unwrap_or(0), from_limb.next().unwrap_or(0));
    match from % 64 {
        0 => low,
        offset => low >> offset | high << (64 - offset),
    }
}

pub(super) fn shift_left(limbs: &[u64], bits: u32) -> Vec<u64> {
    let offset = bits % 64;
    let mut shifted = vec![0; bits as usize / 64];
    let mut carry = 0;
    for limb in limbs {
        shifted.push(limb << offset | carry);
        carry = if offset == 0 { 0 } else { limb >> (64 - offset) };
    }
    shifted.push(carry);
    trim(&mut shifted);
    shifted
}

pub(super) fn shift_right(limbs: &[u64], by: u32) -> Vec<u64> {
    let mut shifted: Vec<u64> =
        (0..bits(limbs).saturating_sub(by).div_ceil(64)).map(|limb| window(limbs, by + limb * 64)).collect();
    trim(&mut shifted);
    shifted
}

pub(super) fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

pub(super) fn add(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut carry = false;
    let mut sum: Vec<u64> = long
        .iter()
        .zip(short.iter().copied().chain(iter::repeat(0)))
        .map(|(x, y)| {
            let (sum, over) = x.overflowing_add(y);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over || over_again;
            sum
        })
        .collect();
    if carry {
        sum.push(1);
    }
    sum
}

/// `a - b`, where `a` is not the smaller.
pub(super) fn subtract(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut borrow = false;
    let mut difference: Vec<u64> = a
        .iter()
        .zip(b.iter().copied().chain(iter::repeat(0)))
        .map(|(x, y)| {
            let (difference, under) = x.overflowing_sub(y);
            let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
            borrow = under || under_again;
            difference
        })
        .collect();
    trim(&mut difference);
    difference
}

pub(super) fn multiply(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut product = vec![0_u64; a.len() + b.len()];
    for (at, x) in a.iter().enumerate() {
        let mut carry = 0_u128;
        for (to, y) in product.iter_mut().skip(at).zip(b.iter().copied().chain(iter::once(0))) {
            let sum = u128::from(*x) * u128::from(y) + u128::from(*to) + carry;
            #[expect(clippy::cast_possible_truncation, reason = "the rest is carried")]
            let low = sum as u64;
            *to = low;
            carry = sum >> 64;
        }
    }
    trim(&mut product);
    product
}
