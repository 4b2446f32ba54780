//! Signatures of records: who says that this is the result of that key.
//!
//! A signature covers the digest of a record's text, and by it the key and the digests of all objects; it does
//! not cover where the record lies. Keys are Ed25519.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::UnparsedPublicKey;
use serde::Deserialize;
use serde::Serialize;

use crate::store::Digest;

use super::layout;

/// How a public key begins where it is written.
const PREFIX: &str = "ed25519:";

/// A key that is trusted, as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads `ed25519:BASE64`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix(PREFIX);
        let text = text.ok_or_else(|| format!("a key begins with `{PREFIX}`"))?;
        match STANDARD.decode(text.trim()) {
            Ok(bytes) if bytes.len() == 32 => Ok(PublicKey(bytes)),
            _ => Err("it is not 32 bytes in base64".to_owned()),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

/// A secret key, of whoever pushes.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a file as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// What is wrong with it; nothing of its content.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        let body: String = lines.collect();
        let der = STANDARD.decode(body.trim());
        let der = der.map_err(|_| "it is no key in PEM".to_owned())?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        let pair = pair.map_err(|_| "it is no Ed25519 key".to_owned())?;
        Ok(SigningKey(pair))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }

    /// Signs the record of this digest.
    pub(super) fn sign(&self, record: Digest) -> Signature {
        Signature {
            key: self.public().to_string(),
            signature: STANDARD.encode(self.0.sign(&message(record))),
        }
    }
}

/// What stands beside a record.
#[derive(Serialize, Deserialize)]
pub(super) struct Signature {
    key: String,
    signature: String,
}

impl Signature {
    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a signature is plain data")
    }

    /// The file of a signature beside the record of this name.
    pub(super) fn file(record: &str, key: &PublicKey) -> String {
        let record = record.strip_suffix(".json").unwrap_or(record);
        let key = Digest::of(&key.0).short();
        format!("{record}.{key}.sig")
    }

    /// Who has signed the record of this digest, if this is a signature of it.
    fn signer(&self, record: Digest) -> Option<PublicKey> {
        let key = PublicKey::read(&self.key).ok()?;
        let bytes = STANDARD.decode(&self.signature).ok()?;
        let checked = UnparsedPublicKey::new(&ED25519, &key.0).verify(&message(record), &bytes);
        checked.is_ok().then_some(key)
    }
}

/// Whether one of these keys has signed the record.
pub(super) fn is_signed(text: &[u8], record: Digest, trusted: &[PublicKey]) -> bool {
    let signature = serde_json::from_slice::<Signature>(text);
    signature.is_ok_and(|signature| {
        let signer = signature.signer(record);
        signer.is_some_and(|signer| trusted.contains(&signer))
    })
}

/// Whether what stands beside the record of this name is no signature of it, whoever's: one of a kind of key that
/// is not known here may be one.
pub(super) fn is_damaged(text: &[u8], file: &str, record: &str) -> bool {
    let Ok(signature) = serde_json::from_slice::<Signature>(text) else {
        return true;
    };
    if !signature.key.starts_with(PREFIX) {
        return false;
    }
    let signer = layout::record_named(record).and_then(|record| signature.signer(record));
    signer.is_none_or(|signer| Signature::file(record, &signer) != file)
}

fn message(record: Digest) -> Vec<u8> {
    format!("sweepline record 1\n{record}\n").into_bytes()
}

#[cfg(test)]
pub(super) fn key_of_test(seed: u8) -> SigningKey {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]);
    SigningKey(pair.expect("any 32 bytes are a seed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first key of RFC 8410, section 10.3.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn keys_of_openssl_are_read_and_only_trusted_ones_count() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), PEM).unwrap();
        let key = SigningKey::read(file.path()).unwrap();
        // The public key of that section.
        let public = "ed25519:Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert_eq!(key.public().to_string(), public);
        let trusted = [PublicKey::read(public).unwrap()];
        let record = Digest::of(b"record");
        let signature = key.sign(record).bytes();
        assert!(is_signed(&signature, record, &trusted));
        assert!(!is_signed(&signature, Digest::of(b"other"), &trusted));
        assert!(!is_signed(
            &key_of_test(1).sign(record).bytes(),
            record,
            &trusted
        ));
        assert!(!is_signed(&signature, record, &[]));
        assert!(!is_signed(b"{}", record, &trusted));
        for wrong in ["Gb9E", "ed25519:", "ed25519:AAAA"] {
            assert!(PublicKey::read(wrong).is_err());
        }
        std::fs::write(file.path(), "no key").unwrap();
        assert!(SigningKey::read(file.path()).is_err());
    }
}
