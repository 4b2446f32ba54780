//! The IDX format of the MNIST files: `00 00 type rank`, the sizes as big-endian 32-bit numbers,
//! then the values, row-major.
//!
//! Source: the format's description on the MNIST page of LeCun, Cortes and Burges.

use super::FormatError;

/// An IDX file of unsigned bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Idx {
    pub dimensions: Vec<usize>,
    pub values: Vec<u8>,
}

/// Type code of unsigned bytes, the only type that image and label files use.
const UNSIGNED_BYTE: u8 = 8;

/// Reads a file of `rank` dimensions. The announced sizes are compared with the file before
/// anything is taken from it.
pub(super) fn parse(bytes: &[u8], rank: u8) -> Result<Idx, FormatError> {
    let magic = [0, 0, UNSIGNED_BYTE, rank];
    if !bytes.starts_with(&magic) {
        return Err(FormatError::Magic {
            format: match rank {
                1 => "an IDX file of labels",
                _ => "an IDX file of images",
            },
            expected: magic.to_vec(),
            found: bytes[..bytes.len().min(4)].to_vec(),
        });
    }
    let found = bytes.len() as u64;
    let header = 4 + 4 * usize::from(rank);
    let Some(sizes) = bytes.get(4..header) else {
        let expected = header as u64;
        return Err(FormatError::Truncated { expected, found });
    };
    let (sizes, _) = sizes.as_chunks::<4>();
    let sizes: Vec<u64> = sizes
        .iter()
        .map(|size| u64::from(u32::from_be_bytes(*size)))
        .collect();
    // Saturates far above any file that can be there.
    let count = sizes
        .iter()
        .fold(1, |all: u64, size| all.saturating_mul(*size));
    let expected = count.saturating_add(header as u64);
    if found < expected {
        return Err(FormatError::Truncated { expected, found });
    }
    if found > expected {
        let extra = found - expected;
        return Err(FormatError::Trailing { extra });
    }
    Ok(Idx {
        dimensions: sizes.into_iter().map(|size| size as usize).collect(),
        values: bytes[header..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_big_endian_and_values_row_major() {
        let bytes = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9];
        let idx = parse(&bytes, 2).expect("the file is whole");
        assert_eq!(idx.dimensions, [1, 3]);
        assert_eq!(idx.values, [7, 8, 9]);
    }

    #[test]
    fn every_damage_has_its_message() {
        let message = |bytes: &[u8]| parse(bytes, 1).expect_err("it is damaged").to_string();
        assert_eq!(
            message(b"<html>"),
            "it begins with [3c, 68, 74, 6d] instead of [00, 00, 08, 01]: it is not an IDX file of labels"
        );
        assert_eq!(
            message(&[0, 0, 8, 1, 0, 0]),
            "it is cut off: 8 bytes are announced, 6 are there"
        );
        assert_eq!(
            message(&[0, 0, 8, 1, 0, 0, 0, 3, 5]),
            "it is cut off: 11 bytes are announced, 9 are there"
        );
        assert_eq!(
            message(&[0, 0, 8, 1, 0, 0, 0, 1, 5, 6, 7]),
            "2 bytes follow after its end"
        );
    }

    #[test]
    fn sizes_that_overflow_are_a_file_cut_off() {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend([0xff; 12]);
        let error = parse(&bytes, 3).expect_err("no file is that large");
        assert!(matches!(error, FormatError::Truncated { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), rank in 0u8..4) {
            let mut headed = vec![0, 0, 8, rank];
            headed.extend(&bytes);
            let _ = parse(&headed, rank);
            let _ = parse(&bytes, rank);
        }
    }
}
