//! TFRecord, the frame of TensorBoard's event files: every record with its length and two
//! checksums.
//!
//! A record is `length (u64) | masked CRC of length (u32) | data | masked CRC of data (u32)`, all
//! little-endian. The checksum is CRC-32C, rotated and shifted so that a checksum of data that
//! holds checksums is not weak (TensorFlow, `core/lib/hash/crc32c.h`).

/// Adds a record.
pub(super) fn write_record(data: &[u8], to: &mut Vec<u8>) {
    let length = (data.len() as u64).to_le_bytes();
    to.extend(length);
    to.extend(masked(&length).to_le_bytes());
    to.extend(data);
    to.extend(masked(data).to_le_bytes());
}

/// Why bytes are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the record at byte {at} is cut short")]
    Short { at: usize },
    #[error("the record at byte {at} has another checksum than its content")]
    Checksum { at: usize },
}

/// The records of a file, checked.
pub fn read_records(bytes: &[u8]) -> Result<Vec<&[u8]>, Broken> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let short = Broken::Short { at };
        let wrong = Broken::Checksum { at };
        let (head, rest) = bytes[at..].split_at_checked(12).ok_or(short)?;
        let (length, sum) = head.split_at(8);
        if sum != masked(length).to_le_bytes() {
            return Err(wrong);
        }
        let length = length
            .iter()
            .rev()
            .fold(0_u64, |n, b| n << 8 | u64::from(*b));
        let length = usize::try_from(length).map_err(|_| short)?;
        let (data, rest) = rest.split_at_checked(length).ok_or(short)?;
        let (sum, _) = rest.split_at_checked(4).ok_or(short)?;
        if sum != masked(data).to_le_bytes() {
            return Err(wrong);
        }
        records.push(data);
        at += 16 + length;
    }
    Ok(records)
}

fn masked(data: &[u8]) -> u32 {
    let sum = crc32c::crc32c(data);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}
