//! NumPy's file of one array: a header that is a literal of Python, then the elements.
//!
//! Source: NumPy, `numpy.lib.format`, versions 1.0 to 3.0 of the format.

use super::raw::Elements;
use super::raw::Raw;
use super::wrong;
use crate::data::FormatError;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads an array in either order of bytes and of elements.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, FormatError> {
    let (header, data) = parts(bytes)?;
    let header = Header::read(header)?;
    let count = header
        .shape
        .iter()
        .try_fold(1_usize, |n, d| n.checked_mul(*d));
    let size = count.and_then(|count| count.checked_mul(header.ty.size));
    let size = size.ok_or_else(|| wrong("its shape", "is larger than memory"))?;
    let expected = size as u64;
    let found = data.len() as u64;
    if found < expected {
        return Err(FormatError::Truncated { expected, found });
    }
    if found > expected {
        let extra = found - expected;
        return Err(FormatError::Trailing { extra });
    }
    let elements = header.ty.elements(data)?;
    if !header.columns_first || header.shape.len() < 2 {
        return Raw::new(header.shape, elements);
    }
    // Columns first is rows first of the dimensions turned around.
    let turned: Vec<usize> = header.shape.iter().rev().copied().collect();
    let order: Vec<usize> = (0..turned.len()).rev().collect();
    Ok(Raw::new(turned, elements)?.transposed(&order))
}

/// The header and what follows it.
fn parts(bytes: &[u8]) -> Result<(&str, &[u8]), FormatError> {
    if !bytes.starts_with(MAGIC) {
        return Err(FormatError::Magic {
            format: "a file of `numpy.save`",
            expected: MAGIC.to_vec(),
            found: bytes[..bytes.len().min(MAGIC.len())].to_vec(),
        });
    }
    let cut = || FormatError::Truncated {
        expected: 12,
        found: bytes.len() as u64,
    };
    let version = *bytes.get(6).ok_or_else(cut)?;
    let (length, start): (usize, usize) = match version {
        1 => {
            let length = bytes.get(8..10).ok_or_else(cut)?;
            (usize::from(length[0]) | usize::from(length[1]) << 8, 10)
        }
        2 | 3 => {
            let length = bytes.get(8..12).and_then(|b| b.first_chunk::<4>());
            (u32::from_le_bytes(*length.ok_or_else(cut)?) as usize, 12)
        }
        other => {
            let why = format!("is {other}, not one of 1, 2 and 3");
            return Err(wrong("the version of its format", why));
        }
    };
    let end = start.checked_add(length).ok_or_else(cut)?;
    let header = bytes.get(start..end).ok_or(FormatError::Truncated {
        expected: end as u64,
        found: bytes.len() as u64,
    })?;
    let header = std::str::from_utf8(header).map_err(|_| wrong("its header", "is no text"))?;
    Ok((header, &bytes[end..]))
}

struct Header {
    ty: ElementType,
    columns_first: bool,
    shape: Vec<usize>,
}

impl Header {
    fn read(text: &str) -> Result<Self, FormatError> {
        let after = |key: &str| {
            let quoted = [format!("'{key}':"), format!("\"{key}\":")];
            let found = quoted.iter().find_map(|key| text.split_once(key.as_str()));
            let lacks = || FormatError::Lacks {
                what: format!("`{key}` in its header"),
            };
            found.map(|(_, rest)| rest.trim_start()).ok_or_else(lacks)
        };
        let descr = after("descr")?;
        let Some(quote) = descr.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Err(wrong(
                "its type",
                "has several fields: save each field as an array of its own, or the table as CSV",
            ));
        };
        let descr = descr[1..].split(quote).next().unwrap_or_default();
        let columns_first = after("fortran_order")?.starts_with("True");
        let shape = after("shape")?.trim_start_matches('(');
        let shape = shape.split(')').next().unwrap_or_default();
        let sizes = shape
            .split(',')
            .map(str::trim)
            .filter(|size| !size.is_empty());
        let sizes = sizes.map(|size| size.trim_end_matches('L').parse());
        Ok(Header {
            ty: ElementType::read(descr)?,
            columns_first,
            shape: sizes
                .collect::<Result<_, _>>()
                .map_err(|_| wrong("its shape", format!("is `({shape})`")))?,
        })
    }
}

/// `<f8`: order of bytes, kind, bytes of an element.
struct ElementType {
    big_endian: bool,
    kind: char,
    size: usize,
    written: String,
}

impl ElementType {
    fn read(written: &str) -> Result<Self, FormatError> {
        let unknown = || wrong("its type", format!("`{written}` is none that is read"));
        let mut rest = written.chars();
        let order = rest.next().ok_or_else(unknown)?;
        let (order, kind) = match order {
            '<' | '>' | '|' | '=' => (order, rest.next().ok_or_else(unknown)?),
            kind => ('|', kind),
        };
        let size: usize = rest.as_str().parse().unwrap_or(0);
        let size = match kind {
            'U' => size.checked_mul(4).ok_or_else(unknown)?,
            _ => size,
        };
        let known = match kind {
            'b' => size == 1,
            'u' | 'i' => matches!(size, 1 | 2 | 4 | 8),
            'f' => matches!(size, 2 | 4 | 8),
            'U' | 'S' => size > 0,
            _ => false,
        };
        let why = match kind {
            _ if known => {
                return Ok(ElementType {
                    big_endian: order == '>',
                    kind,
                    size,
                    written: written.to_owned(),
                });
            }
            'O' => "is `object`, which only Python can read: `np.save(path, np.array(rows, \
                    dtype='float32'))`, or `.astype(str)` for texts"
                .to_owned(),
            'c' => format!(
                "`{written}` is of complex numbers: save real and imaginary parts as columns"
            ),
            _ => format!(
                "`{written}` is none that is read: `.astype('float32')` makes numbers of it"
            ),
        };
        Err(wrong("its type", why))
    }

    fn elements(&self, data: &[u8]) -> Result<Elements, FormatError> {
        Ok(match (self.kind, self.size) {
            ('b', 1) => Elements::Whole(data.iter().map(|b| i64::from(*b != 0)).collect()),
            ('u', 1) => Elements::Bytes(data.to_vec()),
            ('i', 1) => Elements::Whole(data.iter().map(|b| i64::from(*b as i8)).collect()),
            ('u', 2) => self.whole(data, |b| i64::from(u16::from_le_bytes(b))),
            ('i', 2) => self.whole(data, |b| i64::from(i16::from_le_bytes(b))),
            ('u', 4) => self.whole(data, |b| i64::from(u32::from_le_bytes(b))),
            ('i', 4) => self.whole(data, |b| i64::from(i32::from_le_bytes(b))),
            ('i', 8) => self.whole(data, i64::from_le_bytes),
            ('u', 8) => {
                let all = self.each(data, u64::from_le_bytes);
                let whole = all.into_iter().map(|n| {
                    i64::try_from(n).map_err(|_| wrong("an element", format!("is {n}: too large")))
                });
                Elements::Whole(whole.collect::<Result<_, _>>()?)
            }
            ('f', 2) => Elements::Single(self.each(data, |b| half(u16::from_le_bytes(b)))),
            ('f', 4) => Elements::Single(self.each(data, f32::from_le_bytes)),
            ('f', 8) => Elements::Double(self.each(data, f64::from_le_bytes)),
            ('U', 1..) => {
                let texts = data.chunks_exact(self.size).map(|bytes| self.text(bytes));
                Elements::Text(texts.collect::<Result<_, _>>()?)
            }
            ('S', 1..) => {
                let texts = data.chunks_exact(self.size).map(|bytes| {
                    let end = bytes
                        .iter()
                        .rposition(|b| *b != 0)
                        .map_or(0, |last| last + 1);
                    let text = std::str::from_utf8(&bytes[..end]);
                    text.map(str::to_owned).map_err(|_| no_text())
                });
                Elements::Text(texts.collect::<Result<_, _>>()?)
            }
            _ => unreachable!("BUG: `{}` was taken for a known type", self.written),
        })
    }

    fn whole<const N: usize>(&self, data: &[u8], of: fn([u8; N]) -> i64) -> Elements {
        Elements::Whole(self.each(data, of))
    }

    fn each<const N: usize, T>(&self, data: &[u8], of: fn([u8; N]) -> T) -> Vec<T> {
        let (all, _) = data.as_chunks::<N>();
        let all = all.iter().map(|bytes| {
            let mut bytes = *bytes;
            if self.big_endian {
                bytes.reverse();
            }
            of(bytes)
        });
        all.collect()
    }

    /// Characters of four bytes each, filled up with zeros.
    fn text(&self, bytes: &[u8]) -> Result<String, FormatError> {
        let codes = self.each(bytes, u32::from_le_bytes);
        let text: Option<String> = codes.into_iter().map(char::from_u32).collect();
        let text = text.ok_or_else(no_text)?;
        Ok(text.trim_end_matches('\0').to_owned())
    }
}

fn no_text() -> FormatError {
    wrong(
        "an element",
        "is no text in UTF-8: `.astype(str)` makes texts of what Python can read",
    )
}

/// A number of IEEE 754 half precision.
pub(super) fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}
