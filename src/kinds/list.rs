//! The list of the crate's own kinds of value.

use super::{Distinct, Figures, Gauge, Max, Meter, Min, Quantiles, Sum, Summary};

/// The kinds, by their types. Whatever goes through the kinds goes through this list.
pub(crate) fn each_kind(each: &mut impl EachKind) {
    each.kind::<i64>();
    each.kind::<Min>();
    each.kind::<Max>();
    each.kind::<Sum>();
    each.kind::<Summary>();
    each.kind::<Distinct>();
    each.kind::<Quantiles>();
    each.kind::<Gauge>();
    each.kind::<Meter>();
}

/// What is done with each kind.
pub(crate) trait EachKind {
    fn kind<V: Figures>(&mut self);
}

/// What is done with a kind of value whose name is known when the program runs; see [`visit_kind`].
pub trait KindVisitor {
    /// What comes of it.
    type Output;

    /// Does it with values of the type `V`.
    fn visit<V: Figures>(self) -> Self::Output;
}

/// Calls the visitor with the type of the crate's own kind of this name; none if there is no such kind.
///
/// ```
/// use trackstats::kinds::{Figures, KindVisitor, visit_kind};
///
/// struct Names;
///
/// impl KindVisitor for Names {
///     type Output = &'static [&'static str];
///
///     fn visit<V: Figures>(self) -> Self::Output {
///         V::NAMES
///     }
/// }
///
/// assert_eq!(visit_kind("meter", Names), Some(&["increase", "resets"][..]));
/// assert_eq!(visit_kind("my own", Names), None);
/// ```
pub fn visit_kind<K: KindVisitor>(kind: &str, visitor: K) -> Option<K::Output> {
    let mut search = Search { kind, visitor: Some(visitor), output: None };
    each_kind(&mut search);
    search.output
}

struct Search<'k, K: KindVisitor> {
    kind: &'k str,
    /// None once the kind is found.
    visitor: Option<K>,
    output: Option<K::Output>,
}

impl<K: KindVisitor> EachKind for Search<'_, K> {
    fn kind<V: Figures>(&mut self) {
        if V::KIND == self.kind
            && let Some(visitor) = self.visitor.take()
        {
            self.output = Some(visitor.visit::<V>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{AnyValue, Item, Layout, Value, encoded};
    use std::any::{TypeId, type_name};

    #[derive(Default)]
    struct Names(Vec<&'static str>);

    impl EachKind for Names {
        fn kind<V: Figures>(&mut self) {
            self.0.push(V::KIND);
        }
    }

    struct TypeOf;

    impl KindVisitor for TypeOf {
        type Output = TypeId;

        fn visit<V: Figures>(self) -> TypeId {
            TypeId::of::<V>()
        }
    }

    #[test]
    fn the_list_has_each_kind_once() {
        let mut names = Names::default();
        each_kind(&mut names);
        let expected =
            ["integer", "minimum", "maximum", "sum", "summary", "distinct", "quantiles", "gauge", "meter"];
        assert_eq!(names.0, expected);
        assert_eq!(visit_kind("sum", TypeOf), Some(TypeId::of::<Sum>()));
        assert_eq!(visit_kind(AnyValue::KIND, TypeOf), None);
        assert_eq!(visit_kind("Sum", TypeOf), None);
    }

    fn check<V: Figures>(values: impl IntoIterator<Item = V>) {
        for value in values {
            assert_eq!(value.figures().len(), V::NAMES.len(), "{}", type_name::<V>());
            assert_eq!(value.to_integer().is_some(), V::LAYOUT == Layout::Integers, "{value:?}");
            if let Some(integer) = value.to_integer() {
                assert_eq!(V::from_integer(integer).as_ref(), Some(&value));
            }
            let stored = value.to_stored().unwrap();
            assert_eq!(V::from_stored(&stored).unwrap(), value);
            let longer = [&stored[..], &[0]].concat();
            assert!(V::from_stored(&longer).is_err());
            // Within a type of the user's own, by serde.
            let within = encoded::encode(&(1, &value)).unwrap();
            assert_eq!(encoded::decode(&within), Some((1, value)));
        }
    }

    #[test]
    fn each_kind_is_stored_as_bytes_that_are_read_as_the_same() {
        let integers = [i64::MIN, -1, 0, 1, i64::MAX];
        check(integers);
        check(integers.map(Min));
        check(integers.map(Max));
        let numbers = [0.0, -2.5, 0.1, 1e300];
        check(numbers.map(|number| Sum::new(number).unwrap()));
        check(numbers.map(|number| Summary::new(number).unwrap()));
        check(numbers.map(|number| Quantiles::new(number).unwrap()));
        check(numbers.map(|number| Gauge::at(-7, number).unwrap()));
        check(numbers.map(|number| Meter::at(-7, number.abs()).unwrap()));
        check([Sum::default()]);
        check([Summary::default()]);
        check([Quantiles::default()]);
        check([Distinct::default(), Distinct::of("ann"), Distinct::of(Item::Number(-1))]);
    }

    #[test]
    fn a_kind_with_bytes_of_its_own_is_stored_without_another_length() {
        use crate::kinds::OwnBytes;

        let sum = Sum::new(12.5).unwrap();
        assert_eq!(sum.to_stored(), Some(sum.to_bytes()));
        assert_eq!(encoded::encode(&sum), Some([&[3], &sum.to_bytes()[..]].concat()));
    }

    #[test]
    fn a_value_of_any_kind_is_stored_as_it_came() {
        let bytes = AnyValue::Encoded(vec![1, 2]);
        assert_eq!((bytes.to_integer(), bytes.to_stored()), (None, Some(vec![1, 2])));
        assert_eq!(AnyValue::from_stored(&[1, 2]).unwrap(), bytes);
        let integer = AnyValue::Integer(-3);
        assert_eq!((integer.to_integer(), integer.to_stored()), (Some(-3), None));
        assert_eq!(AnyValue::from_integer(-3), Some(integer));
    }
}
