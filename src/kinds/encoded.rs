//! Values and records as bincode writes them, in its standard configuration.

use bincode::config;
use serde::{Serialize, de::DeserializeOwned};

/// The most bytes that a value takes: what is longer couldn't be decoded.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// What decoding may ask for: bincode counts a number of up to 16 bytes in full, also where it takes one.
///
/// Without a limit, it believes any length that it comes across in damaged bytes.
const LIMIT: usize = 16 * MAX_BYTES;

/// The bytes of a value; none if bincode can't encode it.
pub(crate) fn encode<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    bincode::serde::encode_to_vec(value, config::standard()).ok()
}

/// The value that these bytes are, all of them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match bincode::serde::decode_from_slice(bytes, config::standard().with_limit::<LIMIT>()) {
        Ok((value, read)) if read == bytes.len() => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_can_be_decoded_up_to_the_greatest_length() {
        // The numbers that count most beside the bytes that they take.
        let numbers = vec![1_u128; MAX_BYTES - 5];
        let bytes = encode(&numbers).unwrap();
        assert_eq!(bytes.len(), MAX_BYTES);
        assert_eq!(decode::<Vec<u128>>(&bytes), Some(numbers));
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused_without_asking_for_so_much() {
        let bytes = bincode::encode_to_vec(u64::MAX / 2, config::standard()).unwrap();
        assert_eq!(decode::<String>(&bytes), None);
        assert_eq!(decode::<Vec<String>>(&bytes), None);
    }
}
