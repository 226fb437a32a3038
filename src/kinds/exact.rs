//! Exact numbers: what any number of floats add up to, whatever their order.

use super::{MergeError, bytes::ByteWriter, limbs, varint::ByteReader};
use std::cmp::Ordering;

/// A whole number times a power of two: what every finite `f64` is, and every sum and product of them.
///
/// The whole number is odd, or both are 0, so that each number has one form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exact {
    exponent: i32,
    whole: Whole,
}

/// Narrow whenever it fits, which it does for all but sums of very different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whole {
    Narrow(i128),
    Wide { negative: bool, limbs: Vec<u64> },
}

impl Default for Whole {
    fn default() -> Self {
        Self::Narrow(0)
    }
}

impl Whole {
    fn negative(&self) -> bool {
        match self {
            Self::Narrow(number) => *number < 0,
            Self::Wide { negative, .. } => *negative,
        }
    }

    /// Calls `then` with the limbs of the magnitude.
    fn limbs<T>(&self, then: impl FnOnce(&[u64]) -> T) -> T {
        match self {
            Self::Narrow(number) => {
                let magnitude = number.unsigned_abs();
                #[expect(clippy::cast_possible_truncation, reason = "each limb is a half")]
                let halves = [magnitude as u64, (magnitude >> 64) as u64];
                match halves {
                    [0, 0] => then(&[]),
                    [low, 0] => then(&[low]),
                    halves => then(&halves),
                }
            }
            Self::Wide { limbs, .. } => then(limbs),
        }
    }
}

/// Squares of the largest `f64` have 2,048 bits, those of the smallest end at 2^-2148. Beyond it there is room for
/// 2^64 of them and for the products that a variance needs.
const TOP: i64 = 4_400;
const LOWEST: i64 = -4_400;

const TOO_LARGE: MergeError = MergeError::OVERFLOW;

impl Exact {
    /// The number, which must be finite.
    pub(super) fn new(number: f64) -> Self {
        let (whole, exponent) = parts(number);
        Self::narrow(whole.into(), exponent)
    }

    /// The square of the number, which must be finite: without rounding, overflow or underflow.
    pub(super) fn square_of(number: f64) -> Self {
        let (whole, exponent) = parts(number);
        Self::narrow(i128::from(whole) * i128::from(whole), 2 * exponent)
    }

    pub(super) fn integer(number: i128) -> Self {
        Self::narrow(number, 0)
    }

    fn narrow(whole: i128, exponent: i32) -> Self {
        if whole == 0 {
            return Self::default();
        }
        let zeros = whole.trailing_zeros();
        Self { exponent: exponent + zeros.cast_signed(), whole: Whole::Narrow(whole >> zeros) }
    }

    fn from_limbs(negative: bool, magnitude: &[u64], exponent: i32) -> Self {
        let zeros = limbs::trailing_zeros(magnitude);
        let magnitude = limbs::shift_right(magnitude, zeros);
        let exponent = exponent + zeros.cast_signed();
        if limbs::bits(&magnitude) > 127 {
            return Self { exponent, whole: Whole::Wide { negative, limbs: magnitude } };
        }
        let low = u128::from(limbs::window(&magnitude, 0)) | u128::from(limbs::window(&magnitude, 64)) << 64;
        let whole = low.cast_signed();
        Self::narrow(if negative { -whole } else { whole }, exponent)
    }

    pub(super) fn is_negative(&self) -> bool {
        self.whole.negative()
    }

    fn is_zero(&self) -> bool {
        self.whole == Whole::Narrow(0)
    }

    fn bits(&self) -> i64 {
        self.whole.limbs(limbs::bits).into()
    }

    pub(super) fn negated(&self) -> Self {
        let whole = match &self.whole {
            Whole::Narrow(number) => Whole::Narrow(-number),
            Whole::Wide { negative, limbs } => Whole::Wide { negative: !negative, limbs: limbs.clone() },
        };
        Self { exponent: self.exponent, whole }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other.clone() } else { self.clone() };
        }
        let (low, high) = if self.exponent <= other.exponent { (self, other) } else { (other, self) };
        let shift = high.exponent.abs_diff(low.exponent);
        if let (Whole::Narrow(below), Whole::Narrow(above)) = (&low.whole, &high.whole)
            && above.unsigned_abs().leading_zeros() > shift + 1
            && below.unsigned_abs().leading_zeros() > 1
        {
            return Self::narrow(below + (above << shift), low.exponent);
        }
        let above = high.whole.limbs(|above| limbs::shift_left(above, shift));
        low.whole.limbs(|below| {
            let (low_sign, high_sign) = (low.whole.negative(), high.whole.negative());
            if low_sign == high_sign {
                return Self::from_limbs(low_sign, &limbs::add(below, &above), low.exponent);
            }
            match limbs::compare(below, &above) {
                Ordering::Less => Self::from_limbs(high_sign, &limbs::subtract(&above, below), low.exponent),
                _ => Self::from_limbs(low_sign, &limbs::subtract(below, &above), low.exponent),
            }
        })
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let negative = self.whole.negative() != other.whole.negative();
        let product = self.whole.limbs(|a| other.whole.limbs(|b| limbs::multiply(a, b)));
        Self::from_limbs(negative, &product, self.exponent + other.exponent)
    }

    /// Adds another number. An error is out of reach for fewer than 2^64 floats or squares of them.
    pub(super) fn add(&mut self, other: &Self) -> Result<(), MergeError> {
        let sum = self.plus(other);
        if i64::from(sum.exponent) + sum.bits() > TOP {
            return Err(TOO_LARGE);
        }
        *self = sum;
        Ok(())
    }

    /// The nearest `f64`, of two that are as near the even one; infinite beyond the largest.
    pub(super) fn to_f64(&self) -> f64 {
        let exponent = i64::from(self.exponent);
        let unit = (exponent + self.bits() - 53).max(-1_074);
        if unit > 971 {
            return if self.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        let magnitude = self.rounded(unit) * power_of_two(unit);
        if self.is_negative() { -magnitude } else { magnitude }
    }

    /// The quotient, rounded when its numerator is and then again: within 2^-51 of the exact one.
    ///
    /// Only where the quotient itself is beyond the largest `f64` is it infinite.
    pub(super) fn divided_by(&self, divisor: f64) -> f64 {
        let unit = i64::from(self.exponent) + self.bits() - 53;
        let mut quotient = self.rounded(unit) / divisor;
        let mut unit = unit;
        while unit > 900 {
            quotient *= power_of_two(900);
            unit -= 900;
        }
        while unit < -900 {
            quotient *= power_of_two(-900);
            unit += 900;
        }
        quotient *= power_of_two(unit);
        if self.is_negative() { -quotient } else { quotient }
    }

    /// The magnitude as a multiple of `2^unit`, which has 54 bits at most.
    fn rounded(&self, unit: i64) -> f64 {
        let dropped = unit - i64::from(self.exponent);
        self.whole.limbs(|limbs| {
            let Ok(dropped @ 1..) = u32::try_from(dropped) else {
                let low = limbs::window(limbs, 0);
                return in_53_bits(low << dropped.unsigned_abs().min(63));
            };
            let kept = if dropped > limbs::bits(limbs) { 0 } else { limbs::window(limbs, dropped) };
            let half = limbs::window(limbs, dropped - 1) & 1 == 1;
            let more = limbs::trailing_zeros(limbs) < dropped - 1;
            in_53_bits(kept + u64::from(half && (more || kept & 1 == 1)))
        })
    }

    /// The exponent, and the whole number in as few bytes as hold it with its sign, the lowest first.
    pub(super) fn write(&self, writer: &mut ByteWriter) {
        writer.signed(self.exponent.into());
        let negative = self.whole.negative();
        let mut bytes: Vec<u8> = self.whole.limbs(|limbs| {
            // In two's complement, -x is the complement of x - 1.
            let magnitude = if negative { limbs::subtract(limbs, &[1]) } else { limbs.to_vec() };
            let flip = if negative { 0xff } else { 0 };
            magnitude.iter().flat_map(|limb| limb.to_le_bytes()).map(|byte| byte ^ flip).collect()
        });
        let sign = if negative { 0xff } else { 0 };
        while bytes.last() == Some(&sign) {
            bytes.pop();
        }
        let top_is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        if !self.is_zero() && (top_is_negative != negative || bytes.is_empty()) {
            bytes.push(sign);
        }
        writer.unsigned(bytes.len() as u64);
        writer.bytes(&bytes);
    }

    pub(super) fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have a sum in a form that isn't written";
        let exponent = i32::try_from(reader.signed()?).map_err(|_| WRONG)?;
        let length = reader.count(1)?;
        let bytes = reader.bytes(length)?;
        if !(LOWEST..=TOP).contains(&exponent.into()) || length > 1_200 {
            return Err(WRONG);
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let flip = if negative { 0xff } else { 0 };
        let mut magnitude: Vec<u64> = bytes
            .chunks(8)
            .map(|chunk| chunk.iter().rev().fold(0_u64, |limb, byte| limb << 8 | u64::from(byte ^ flip)))
            .collect();
        limbs::trim(&mut magnitude);
        if negative {
            magnitude = limbs::add(&magnitude, &[1]);
        }
        let number = Self::from_limbs(negative, &magnitude, exponent);
        let mut written = ByteWriter::default();
        number.write(&mut written);
        let mut given = ByteWriter::default();
        given.signed(exponent.into());
        given.unsigned(length as u64);
        given.bytes(bytes);
        if written.0 != given.0 || i64::from(exponent) + number.bits() > TOP {
            return Err(WRONG);
        }
        Ok(number)
    }

    /// A number that is an `f64`.
    pub(super) fn read_float(reader: &mut ByteReader<'_>) -> Result<f64, &'static str> {
        let exact = Self::read(reader)?;
        let float = exact.to_f64();
        if float.is_finite() && Self::new(float) == exact {
            Ok(float)
        } else {
            Err("have a number that isn't an f64")
        }
    }
}

/// A finite number as a whole number and a power of two.
fn parts(number: f64) -> (i64, i32) {
    let bits = number.to_bits();
    let fraction = (bits & ((1 << 52) - 1)).cast_signed();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let (magnitude, exponent) =
        if exponent == 0 { (fraction, -1_074) } else { (fraction | 1 << 52, exponent - 1_075) };
    (if number.is_sign_negative() { -magnitude } else { magnitude }, exponent)
}

/// `2^exponent`, for -1074 to 1023.
fn power_of_two(exponent: i64) -> f64 {
    let bits = if exponent < -1_022 { 1 << (exponent + 1_074) } else { (exponent + 1_023) << 52 };
    f64::from_bits(bits.cast_unsigned())
}

#[expect(clippy::cast_precision_loss, reason = "2^53 at most, which a float holds")]
fn in_53_bits(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "they must be the same")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finite() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>().prop_filter("finite", |number| number.is_finite()),
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |number| number.is_finite()),
            (-1_000_000_i32..1_000_000).prop_map(f64::from),
            (-1_000_000_i32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0),
            Just(f64::MAX),
            Just(f64::MIN),
            Just(f64::MIN_POSITIVE),
            Just(5e-324),
            Just(0.0),
        ]
    }

    fn bytes(number: &Exact) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        number.write(&mut writer);
        writer.0
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_float_is_itself(number in finite()) {
            prop_assert_eq!(Exact::new(number).to_f64(), number);
            prop_assert_eq!(Exact::new(number).divided_by(1.0), number);
        }

        /// The sum and the product of two floats, correctly rounded, are what the processor gives.
        #[test]
        fn two_floats_add_and_multiply_as_in_the_processor(a in finite(), b in finite()) {
            prop_assert_eq!(Exact::new(a).plus(&Exact::new(b)).to_f64(), a + b);
            prop_assert_eq!(Exact::new(a).times(&Exact::new(b)).to_f64(), a * b);
            prop_assert_eq!(Exact::square_of(a).to_f64(), a * a);
            prop_assert_eq!(Exact::square_of(a), Exact::new(a).times(&Exact::new(a)));
        }

        #[test]
        fn adding_knows_no_order_and_can_be_undone(a in finite(), b in finite(), c in finite(), d in finite()) {
            let [a, b, c, d] = [a, b, c, d].map(Exact::new);
            let left = a.plus(&b).plus(&c).plus(&d);
            prop_assert_eq!(&left, &d.plus(&b).plus(&c.plus(&a)));
            prop_assert_eq!(bytes(&left), bytes(&d.plus(&c.plus(&b.plus(&a)))));
            prop_assert_eq!(left.plus(&d.negated()).plus(&c.negated()).plus(&b.negated()), a);
        }

        #[test]
        fn an_exact_number_is_read_as_it_was_written(numbers in prop::collection::vec(finite(), 0..5)) {
            let sum = numbers.iter().fold(Exact::default(), |sum, number| sum.plus(&Exact::new(*number)));
            for number in [sum.clone(), sum.times(&sum), sum.negated()] {
                prop_assert_eq!(Exact::read(&mut ByteReader::new(&bytes(&number))), Ok(number));
            }
        }

        #[test]
        fn a_quotient_is_near(a in finite(), b in 1_u32..1_000_000) {
            let quotient = Exact::new(a).divided_by(b.into());
            let expected = a / f64::from(b);
            prop_assert!((quotient - expected).abs() <= expected.abs() * f64::EPSILON + 1e-323);
        }
    }

    #[test]
    fn a_sum_that_a_loop_of_floats_gets_wrong_is_right() {
        let numbers = [1e100, 1.0, -1e100, 1e-300, 0.1, 0.2, -0.3, -1e-300];
        let sum = numbers.iter().fold(Exact::default(), |sum, number| sum.plus(&Exact::new(*number)));
        let expected = Exact::new(1.0).plus(&Exact::new(0.1)).plus(&Exact::new(0.2)).plus(&Exact::new(-0.3));
        assert_eq!(sum, expected);
        assert_eq!(numbers.iter().sum::<f64>() * 0.0, 0.0);
        assert_eq!(Exact::new(f64::MAX).plus(&Exact::new(f64::MAX)).to_f64(), f64::INFINITY);
    }
}
