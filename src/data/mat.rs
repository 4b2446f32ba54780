//! The part of MATLAB's version 5 format that a matrix of numbers needs.
//!
//! A file is a header of 128 bytes and elements: a type, a size, data padded to eight bytes; small
//! data sit in the tag itself. A compressed element holds one other in a zlib stream. A matrix is an
//! element of elements: flags, dimensions, name, numbers (column-major).
//!
//! Source: MathWorks, *MAT-File format*, chapter 1. Written by hand because the one crate for it has
//! long been without a release, and files of strangers must not make the program panic.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::FormatError;

/// A matrix of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    /// Column by column.
    pub values: Vec<f32>,
}

const HEADER: usize = 128;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// Compressed matrices are never larger uncompressed: five times the largest of `chardata.mat`.
const LARGEST: u64 = 1 << 30;

/// The two-dimensional real matrix of this name.
pub(super) fn matrix(bytes: &[u8], name: &str) -> Result<Matrix, FormatError> {
    check_header(bytes)?;
    let mut rest = &bytes[HEADER..];
    while !rest.is_empty() {
        let element = Element::next(&mut rest)?;
        let unpacked;
        let element = match element.kind {
            COMPRESSED => {
                unpacked = inflate(element.data)?;
                Element::next(&mut unpacked.as_slice())?
            }
            _ => element,
        };
        if element.kind == MATRIX
            && let Some(matrix) = named(element.data, name)?
        {
            return Ok(matrix);
        }
    }
    let what = format!("variable `{name}`");
    Err(FormatError::Lacks { what })
}

fn check_header(bytes: &[u8]) -> Result<(), FormatError> {
    let wrong = |why: &str| FormatError::Content {
        what: "its header".to_owned(),
        why: why.to_owned(),
    };
    if bytes.starts_with(b"MATLAB 7.3") || bytes.starts_with(b"\x89HDF") {
        return Err(wrong("is of MATLAB 7.3: save it with `-v7` or older"));
    }
    let Some(header) = bytes.get(..HEADER) else {
        let (expected, found) = (HEADER as u64, bytes.len() as u64);
        return Err(FormatError::Truncated { expected, found });
    };
    match header[124..] {
        [0, 1, b'I', b'M'] => Ok(()),
        [1, 0, b'M', b'I'] => Err(wrong("is big-endian: save it on a current machine")),
        _ => Err(FormatError::Magic {
            format: "a MAT-file of version 5",
            expected: vec![0, 1, b'I', b'M'],
            found: header[124..].to_vec(),
        }),
    }
}

fn inflate(data: &[u8]) -> Result<Vec<u8>, FormatError> {
    let mut unpacked = Vec::new();
    ZlibDecoder::new(data)
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| FormatError::Gzip {
            why: error.to_string(),
        })?;
    if unpacked.len() as u64 > LARGEST {
        return Err(FormatError::TooLarge { limit: LARGEST });
    }
    Ok(unpacked)
}

/// A typed run of bytes.
struct Element<'a> {
    kind: u32,
    data: &'a [u8],
}

impl<'a> Element<'a> {
    /// Takes the next element off `rest`.
    fn next(rest: &mut &'a [u8]) -> Result<Self, FormatError> {
        let cut_off = |expected: usize, found: usize| FormatError::Truncated {
            expected: expected as u64,
            found: found as u64,
        };
        let Some((tag, after)) = rest.split_at_checked(8) else {
            return Err(cut_off(8, rest.len()));
        };
        let [first, second] = [0, 4].map(|at| little(&tag[at..at + 4]));
        let size = first >> 16;
        if size > 0 {
            // A small element: size and type share four bytes, and its data are the other four.
            let data = tag[4..].get(..size as usize);
            let data = data.ok_or_else(|| cut_off(size as usize, 4))?;
            *rest = after;
            return Ok(Element {
                kind: first & 0xffff,
                data,
            });
        }
        let size = second as usize;
        let data = after
            .get(..size)
            .ok_or_else(|| cut_off(size, after.len()))?;
        // Compressed elements are not padded.
        let padded = if first == COMPRESSED {
            size
        } else {
            size.next_multiple_of(8)
        };
        *rest = &after[padded.min(after.len())..];
        Ok(Element { kind: first, data })
    }
}

fn little(bytes: &[u8]) -> u32 {
    let bytes = bytes.first_chunk::<4>().copied();
    bytes.map_or(0, u32::from_le_bytes)
}

/// The matrix in `data`, if it has this name.
fn named(data: &[u8], name: &str) -> Result<Option<Matrix>, FormatError> {
    let mut rest = data;
    let flags = Element::next(&mut rest)?;
    let dimensions = Element::next(&mut rest)?;
    let own_name = Element::next(&mut rest)?;
    if own_name.data != name.as_bytes() {
        return Ok(None);
    }
    let wrong = |why: String| FormatError::Content {
        what: format!("variable `{name}`"),
        why,
    };
    // Classes 6 to 15 are full matrices of numbers; bit 3 of the second byte marks complex ones.
    let flags = little(flags.data);
    if !(6..=15).contains(&(flags & 0xff)) || flags & 0x800 != 0 {
        return Err(wrong("is not a full matrix of real numbers".to_owned()));
    }
    let (sizes, _) = dimensions.data.as_chunks::<4>();
    let sizes: Vec<u64> = sizes
        .iter()
        .map(|size| u32::from_le_bytes(*size).into())
        .collect();
    let [rows, columns] = sizes[..] else {
        return Err(FormatError::Dimensions {
            expected: "[rows, columns]",
            found: sizes,
        });
    };
    let numbers = Element::next(&mut rest)?;
    let values = numbers
        .numbers()
        .ok_or_else(|| wrong(format!("has numbers of the unknown type {}", numbers.kind)))?;
    if rows.checked_mul(columns) != Some(values.len() as u64) {
        let count = values.len();
        return Err(wrong(format!("has {count} numbers for {rows} × {columns}")));
    }
    Ok(Some(Matrix {
        rows: rows as usize,
        columns: columns as usize,
        values,
    }))
}

impl Element<'_> {
    /// The data as numbers: MATLAB stores a matrix of doubles in the smallest type that holds it.
    fn numbers(&self) -> Option<Vec<f32>> {
        fn each<const N: usize>(data: &[u8], number: fn([u8; N]) -> f32) -> Vec<f32> {
            data.as_chunks::<N>()
                .0
                .iter()
                .map(|bytes| number(*bytes))
                .collect()
        }
        let data = self.data;
        Some(match self.kind {
            1 => each(data, |[byte]: [u8; 1]| f32::from(byte as i8)),
            2 => each(data, |[byte]: [u8; 1]| f32::from(byte)),
            3 => each(data, |bytes| f32::from(i16::from_le_bytes(bytes))),
            4 => each(data, |bytes| f32::from(u16::from_le_bytes(bytes))),
            5 => each(data, |bytes| i32::from_le_bytes(bytes) as f32),
            6 => each(data, |bytes| u32::from_le_bytes(bytes) as f32),
            7 => each(data, f32::from_le_bytes),
            9 => each(data, |bytes| f64::from_le_bytes(bytes) as f32),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Vec<u8> {
        let mut bytes = vec![b' '; HEADER];
        bytes[124..].copy_from_slice(&[0, 1, b'I', b'M']);
        bytes
    }

    fn element(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// A file with the 2 × 3 matrix `ab` of the bytes 1 to 6, its name in a small element.
    fn file() -> Vec<u8> {
        let sizes = [2u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
        let name = [&[1, 0, 2, 0], &b"ab\0\0"[..]].concat();
        let inside = [
            element(6, &[6, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &sizes),
            name,
            element(2, &[1, 2, 3, 4, 5, 6]),
        ];
        [header(), element(MATRIX, &inside.concat())].concat()
    }

    #[test]
    fn a_matrix_is_found_by_name_column_by_column() {
        let found = matrix(&file(), "ab").expect("the file is whole");
        assert_eq!((found.rows, found.columns), (2, 3));
        assert_eq!(found.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn every_damage_has_its_message() {
        let message = |bytes: &[u8]| matrix(bytes, "ab").expect_err("it is damaged").to_string();
        let lacks = matrix(&file(), "cd").expect_err("there is no such variable");
        assert_eq!(lacks.to_string(), "it has no variable `cd`");
        assert_eq!(
            message(&file()[..100]),
            "it is cut off: 128 bytes are announced, 100 are there"
        );
        assert_eq!(
            message(&file()[..180]),
            "it is cut off: 56 bytes are announced, 44 are there"
        );
        assert_eq!(
            message(b"MATLAB 7.3 MAT-file"),
            "its header is of MATLAB 7.3: save it with `-v7` or older"
        );
        let mut other = file();
        other[126..128].copy_from_slice(b"??");
        assert_eq!(
            message(&other),
            "it begins with [00, 01, 3f, 3f] instead of [00, 01, 49, 4d]: it is not a MAT-file of version 5"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = matrix(&bytes, "ab");
            let _ = matrix(&[header(), bytes].concat(), "ab");
        }

        #[test]
        fn no_change_of_a_good_file_makes_it_panic(at in 128usize..192, byte: u8) {
            let mut bytes = file();
            bytes[at] = byte;
            let _ = matrix(&bytes, "ab");
        }
    }
}
