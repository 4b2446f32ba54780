//! Outputs as the database has them, in postcard: thousands of them are decoded in a run that
//! changes nothing.
//!
//! Artifacts of plain files have the form that they always had. Others have a form of their own,
//! behind two bytes with which the first form never begins.

use serde::Deserialize;
use serde::Serialize;

use crate::map::SortedVecMap;

use super::Artifact;
use super::Digest;
use super::Object;

/// An empty map of outputs, which is never longer than a byte, and the number of the form.
const SECOND: [u8; 2] = [0, 2];

/// An artifact of plain files.
#[derive(Serialize, Deserialize)]
struct Plain {
    files: SortedVecMap<PlainFile>,
}

#[derive(Serialize, Deserialize)]
struct PlainFile {
    digest: Digest,
    size: u64,
}

pub(super) fn encode(outputs: &SortedVecMap<Artifact>) -> Vec<u8> {
    const MEMORY: &str = "memory takes all that is written to it";
    if outputs.values().any(Artifact::is_special) {
        return postcard::to_extend(outputs, SECOND.to_vec()).expect(MEMORY);
    }
    let outputs = outputs.iter();
    let plain: SortedVecMap<Plain> = outputs
        .map(|(name, artifact)| (name.clone(), plain(artifact)))
        .collect();
    postcard::to_stdvec(&plain).expect(MEMORY)
}

/// None where the bytes are not ours.
pub(super) fn decode(bytes: &[u8]) -> Option<SortedVecMap<Artifact>> {
    if let Some(rest) = bytes.strip_prefix(&SECOND) {
        return postcard::from_bytes(rest).ok();
    }
    let outputs: SortedVecMap<Plain> = postcard::from_bytes(bytes).ok()?;
    let object = |file: PlainFile| Object::plain(file.digest, file.size);
    Some(outputs.map_values(|plain| Artifact::from(plain.files.map_values(object))))
}

fn plain(artifact: &Artifact) -> Plain {
    let files = artifact.files.iter();
    let file = |object: &Object| PlainFile {
        digest: object.digest,
        size: object.size,
    };
    Plain {
        files: files
            .map(|(name, object)| (name.clone(), file(object)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Other;

    fn outputs(
        executable: bool,
        folder: Option<&str>,
        others: &[(&str, Other)],
    ) -> SortedVecMap<Artifact> {
        let object = Object {
            digest: Digest::from_bytes([7; 32]),
            size: 300,
            executable,
        };
        let others = others.iter();
        let artifact = Artifact {
            folder: folder.map(str::to_owned),
            files: SortedVecMap::from([("a.csv".to_owned(), object)]),
            others: others
                .map(|(name, other)| ((*name).to_owned(), other.clone()))
                .collect(),
        };
        SortedVecMap::from([("out".to_owned(), artifact)])
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let link = Other::Link("b/c".to_owned());
        for outputs in [
            SortedVecMap::new(),
            outputs(false, None, &[]),
            outputs(true, None, &[]),
            outputs(false, Some("d"), &[]),
            outputs(false, None, &[("b", Other::Folder), ("l", link)]),
        ] {
            assert_eq!(decode(&encode(&outputs)), Some(outputs));
        }
    }

    /// As programs before this one wrote them.
    #[test]
    fn plain_files_have_the_first_form() {
        let mut first = vec![1, 3];
        first.extend(b"out");
        first.extend([1, 5]);
        first.extend(b"a.csv");
        first.extend([7; 32]);
        // 300 as a number of variable length.
        first.extend([0xac, 0x02]);
        let plain = outputs(false, None, &[]);
        assert_eq!(encode(&plain), first);
        assert_eq!(decode(&first), Some(plain));
    }

    #[test]
    fn other_bytes_are_no_outputs() {
        for bytes in [&[][..], &[0, 2], &[0, 2, 9], &[1], &[255; 40]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
