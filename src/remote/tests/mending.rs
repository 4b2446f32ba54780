//! What is wrong in a shared store is told by name, and put right.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::files::or_refused;
use super::*;
use crate::store::SharedRecord;

#[test]
fn what_is_not_what_its_name_says_is_refused_and_comes_back_with_the_next_push() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let keys = [keep(&a, "one", b"first"), keep(&a, "two", b"second")];
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &keys).unwrap();
    let path = |content: &[u8]| {
        space
            .path()
            .join("shared")
            .join(layout::object(Digest::of(content)))
    };
    for (damage, why) in [
        (Some(&b"f1rst"[..]), "not what its name says"),
        (Some(b"fir"), "not what its name says"),
        (Some(b"first and more"), "not what its name says"),
        (None, "is not there"),
    ] {
        fs::remove_file(path(b"first")).unwrap();
        if let Some(damage) = damage {
            fs::write(path(b"first"), damage).unwrap();
        }
        let answers = fetch(&remote, &b, &keys);
        assert!(answers[0].result.is_none());
        assert!(answers[0].refused[0].why.contains(why), "{:?}", answers[0]);
        assert_eq!(
            answers[0].refused[0].name,
            layout::object(Digest::of(b"first"))
        );
        assert!(answers[1].result.is_some());
        assert!(matches!(b.lookup(keys[0]).unwrap(), Lookup::Miss));
        // Only its length tells a push that it has to be sent again.
        if damage.is_none_or(|damage| damage.len() != 5) {
            assert_eq!(push(&remote, &a, &keys).unwrap().objects, 1);
            assert_eq!(fs::read(path(b"first")).unwrap(), b"first");
        }
        if damage.is_some_and(|damage| damage.len() == 5) {
            fs::remove_file(path(b"first")).unwrap();
            push(&remote, &a, &keys).unwrap();
        }
    }
    assert!(fetch(&remote, &b, &keys)[0].result.is_some());
    // Records, too.
    let records = space.path().join("shared").join(layout::records(keys[0]));
    let record = fs::read_dir(&records)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&record).unwrap();
    fs::remove_file(&record).unwrap();
    fs::write(&record, text.replace("one", "owe")).unwrap();
    let c = store(&space.path().join("c"));
    let answers = fetch(&remote, &c, &keys[..1]);
    assert!(answers[0].result.is_none() && answers[0].refused.len() == 1);
    // A record that is what its name says, and belongs to another key.
    let forged = text.replace(&keys[0].to_hex(), &keys[1].to_hex());
    let name = format!("{}.json", Digest::of(forged.as_bytes()));
    fs::remove_file(&record).unwrap();
    fs::write(records.join(name), forged).unwrap();
    let answers = fetch(&remote, &c, &keys[..1]);
    assert!(answers[0].refused[0].why.contains("belongs to the key"));
}

#[test]
fn everything_is_read_and_what_is_wrong_is_named_and_put_right() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let keys = [
        keep(&a, "one", b"first"),
        keep(&a, "two", b"second"),
        keep(&a, "three", b"third"),
    ];
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &keys).unwrap();
    let verify = |repair: Option<&Store>| {
        let verified = remote.verify(repair.is_some(), repair, &Progress::default());
        verified.unwrap()
    };
    let whole = verify(None);
    assert_eq!((whole.records, whole.objects, whole.bytes), (3, 3, 16));
    assert!(whole.wrong.is_empty());
    let path = |name: &str| space.path().join("shared").join(name);
    let damage = |name: &str, content: Option<&[u8]>| {
        fs::remove_file(path(name)).unwrap();
        if let Some(content) = content {
            fs::write(path(name), content).unwrap();
        }
    };
    let object = |content: &[u8]| layout::object(Digest::of(content));
    let record = &remote.list(&layout::records(keys[2])).unwrap()[0].name;
    // As long as it was: no push sees that.
    damage(&object(b"first"), Some(b"f1rst"));
    damage(&object(b"second"), None);
    damage(record, Some(b"{}"));
    let found = verify(None);
    let why: BTreeMap<String, String> = found
        .wrong
        .into_iter()
        .map(|wrong| (wrong.name, wrong.why))
        .collect();
    assert_eq!(why.len(), 3, "{why:?}");
    assert!(why[&object(b"first")].contains("not what its name says"));
    assert!(why[&object(b"second")].contains("is not there"));
    assert!(why[record].contains("not what its name says"));
    // Nothing is touched without being asked for, and who has nothing takes away what is damaged.
    assert_eq!(verify(None).wrong.len(), 3);
    let mended = verify(Some(&b));
    assert_eq!((mended.sent, mended.removed), (0, 2));
    assert!(!path(&object(b"first")).exists() && !path(record).exists());
    assert_eq!(verify(None).wrong.len(), 2);
    let mended = verify(Some(&a));
    assert_eq!((mended.sent, mended.removed), (2, 0));
    assert!(verify(None).wrong.is_empty());
    // The record comes back with the next push, and its object was never gone.
    let pushed = push(&remote, &a, &keys).unwrap();
    assert_eq!((pushed.results, pushed.objects), (1, 0));
    assert!(
        fetch(&remote, &b, &keys)
            .iter()
            .all(|answer| answer.result.is_some())
    );
    // Signatures are looked for where that is asked for.
    let key = sign::key_of_test(1);
    let remote = remote.trusting(&[key.public()]);
    let unsigned = remote.verify(false, None, &Progress::default()).unwrap();
    assert_eq!(unsigned.wrong.len(), 3);
    let remote = remote.signing(Some(key));
    push(&remote, &a, &keys).unwrap();
    let signed = remote.verify(false, None, &Progress::default()).unwrap();
    assert!(signed.wrong.is_empty(), "{:?}", signed.wrong);
}

/// A store with a result, a shared one that has it, and the record there.
fn shared(space: &Path) -> (Store, Remote, Digest, PathBuf) {
    let a = store(&space.join("a"));
    let key = keep(&a, "one", b"1");
    let remote = Remote::open_to_write("shared", space).unwrap();
    push(&remote, &a, &[key]).unwrap();
    let listed = remote.list(&layout::records(key)).unwrap();
    let record = space.join("shared").join(&listed[0].name);
    (a, remote, key, record)
}

fn overwrite(path: &Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn a_record_that_is_too_short_comes_back_with_the_next_push() {
    let space = tempfile::tempdir().unwrap();
    let (a, remote, key, record) = shared(space.path());
    let whole = fs::read(&record).unwrap();
    overwrite(&record, &whole[..100]);
    let pushed = push(&remote, &a, &[key]).unwrap();
    assert_eq!((pushed.results, pushed.objects), (1, 0));
    assert_eq!(pushed.there, [key]);
    assert_eq!(fs::read(&record).unwrap(), whole);
    assert_eq!(push(&remote, &a, &[key]).unwrap().known, 1);
}

#[test]
fn a_signature_that_is_none_is_told_and_written_alone() {
    let space = tempfile::tempdir().unwrap();
    let (a, remote, key, record) = shared(space.path());
    let signer = sign::key_of_test(1);
    let trusted = [signer.public()];
    let remote = remote.trusting(&trusted).signing(Some(signer));
    let send = || push(&remote, &a, &[key]).unwrap();
    let verify = |repair| remote.verify(repair, None, &Progress::default()).unwrap();
    send();
    assert!(verify(false).wrong.is_empty());
    let listed = remote.list(&layout::records(key)).unwrap();
    let signature = listed.iter().find(|file| file.name.ends_with(".sig"));
    let signature = space.path().join("shared").join(&signature.unwrap().name);
    let right = fs::read(&signature).unwrap();
    let of_others = sign::key_of_test(2).sign(Digest::of(b"other")).bytes();
    let written = fs::metadata(&record).unwrap().modified().unwrap();
    for broken in [&b""[..], b"{}", &of_others, &[b' '; 2000]] {
        overwrite(&signature, broken);
        assert_eq!(verify(false).wrong.len(), 2, "it, and what it is to sign");
        assert_eq!(send().results, 1);
        assert_eq!(fs::read(&signature).unwrap(), right);
        assert_eq!(send().known, 1);
    }
    assert_eq!(fs::metadata(&record).unwrap().modified().unwrap(), written);
    overwrite(&signature, b"{}");
    assert_eq!(verify(true).removed, 1);
    assert!(!signature.exists());
    send();
    assert!(verify(false).wrong.is_empty());
    // One by a kind of key that is not known here may be right.
    let other = right_of_another_kind(&right);
    overwrite(&signature, other.as_bytes());
    assert_eq!(verify(true).removed, 0);
}

fn right_of_another_kind(signature: &[u8]) -> String {
    let text = String::from_utf8(signature.to_vec()).unwrap();
    text.replace("ed25519:", "ed448:")
}

#[test]
fn a_record_that_says_another_size_is_told_and_taken_away() {
    let space = tempfile::tempdir().unwrap();
    let (a, remote, key, path) = shared(space.path());
    let mut record = SharedRecord::read(&fs::read(&path).unwrap(), key).unwrap();
    let mut artifact = record.outputs.get("out").unwrap().clone();
    let mut object = *artifact.files.get("x.txt").unwrap();
    object.size += 1;
    artifact.files.insert("x.txt".to_owned(), object);
    record.outputs.insert("out".to_owned(), artifact);
    fs::remove_file(&path).unwrap();
    let name = layout::record(key, Digest::of(&record.bytes()));
    fs::write(space.path().join("shared").join(&name), record.bytes()).unwrap();
    let b = store(&space.path().join("b"));
    assert!(fetch(&remote, &b, &[key])[0].result.is_none());
    let found = remote.verify(true, Some(&a), &Progress::default()).unwrap();
    assert_eq!(found.wrong.len(), 1);
    assert_eq!(found.wrong[0].name, name);
    let why = &found.wrong[0].why;
    assert!(why.contains("another size"), "{why}");
    assert_eq!((found.sent, found.removed), (0, 1));
    push(&remote, &a, &[key]).unwrap();
    assert!(fetch(&remote, &b, &[key])[0].result.is_some());
}

#[test]
fn what_only_its_owner_may_change_is_refused_by_name_and_other_failures_are_told() {
    let failed = |kind: io::ErrorKind| -> Result<(), RemoteError> {
        Err(RemoteError::Io {
            doing: "remove",
            place: "lab".to_owned(),
            name: "objects/ab/cd".to_owned(),
            source: kind.into(),
        })
    };
    let refused = or_refused("objects/ab/cd", failed(io::ErrorKind::PermissionDenied));
    let refusal = refused.unwrap().unwrap_err();
    assert_eq!(refusal.name, "objects/ab/cd");
    assert!(refusal.why.starts_with("you may not remove it"));
    assert!(or_refused("x", failed(io::ErrorKind::NotConnected)).is_err());
    assert!(or_refused("x", Ok(())).unwrap().is_ok());
}
