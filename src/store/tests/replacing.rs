//! Results that take the place of others under one key, and what is written in the place of objects.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::*;

const REMOTE: &str = "0123";

fn key() -> Digest {
    Digest::of(b"fit")
}

/// An attempt at the same step that left other bytes.
fn leaving(store: &Store, bytes: &[u8]) -> Attempt {
    attempt("fit", &[store.put_bytes(bytes).unwrap()])
}

/// What a run left there.
fn made(store: &Store, bytes: &[u8]) -> RunId {
    let run = store.begin_run("test", "").unwrap();
    // What takes the place of a result does so after the run began that had it.
    std::thread::sleep(TICK);
    store
        .commit(&run, "test", &[leaving(store, bytes)])
        .unwrap();
    run
}

fn digest(store: &Store) -> Option<Digest> {
    match store.lookup(key()).unwrap() {
        Lookup::Hit(result) => Some(result.digest()),
        _ => None,
    }
}

/// The record of another store.
fn theirs(folder: &Path, bytes: &[u8]) -> (Store, SharedRecord) {
    let other = open(&folder.join("theirs"));
    made(&other, bytes);
    let record = other.shared_record(key()).unwrap().unwrap();
    (other, record)
}

#[test]
fn what_stood_under_a_key_stands_again_where_its_result_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (_, record) = theirs(folder.path(), b"first");
    {
        let store = open(&folder.path().join("ours"));
        store.put_bytes(b"first").unwrap();
        store.import(&record, "theirs").unwrap();
    }
    let store = open(&folder.path().join("ours"));
    store.preload(10).unwrap();
    let first = digest(&store);
    let from = store.fetched(key()).unwrap();
    let run = made(&store, b"second");
    // Twice in one run: what the run itself made does not come back.
    store
        .commit(&run, "test", &[leaving(&store, b"third")])
        .unwrap();
    assert!(store.fetched(key()).unwrap().is_none());
    assert_ne!(digest(&store), first);
    store.forget_results([key()].iter()).unwrap();
    for store in [store, open_again(&folder.path().join("ours"))] {
        assert_eq!(digest(&store), first);
        assert_eq!(store.fetched(key()).unwrap(), from);
        assert_eq!(store.made_in(key()).unwrap().as_deref(), Some(""));
        assert_eq!(store.parts(key()).unwrap().unwrap()["param.name"], "fit");
        let record = store.shared_record(key()).unwrap().unwrap();
        assert!(record.replaces.is_empty());
    }
    // Where nothing stood, nothing does.
    let store = open(&folder.path().join("empty"));
    made(&store, b"first");
    store.forget_results([key()].iter()).unwrap();
    assert_eq!(digest(&store), None);
}

fn open_again(root: &Path) -> Store {
    Store::open(root, Access::Read).unwrap()
}

#[test]
fn a_run_that_fetches_another_result_has_what_it_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (_, record) = theirs(folder.path(), b"second");
    let store = open(&folder.path().join("ours"));
    let first = made(&store, b"first");
    let old = digest(&store).unwrap();
    let second = store.begin_run("test", "").unwrap();
    store.put_bytes(b"second").unwrap();
    store.import(&record, "theirs").unwrap();
    let had = |run: &RunId| {
        let replaced = store.replaced_since(&run.0, key()).unwrap();
        replaced.map(|replaced| replaced.digest)
    };
    assert_eq!(had(&first), Some(old));
    assert_eq!(had(&second), None);
}

/// As `gc` of a version leaves it that knows nothing of replaced results.
#[test]
fn a_replaced_result_without_its_objects_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = made(&store, b"first");
    made(&store, b"second");
    let replaced = || store.replaced_since(&first.0, key()).unwrap().unwrap();
    assert!(replaced().result(&store).is_some());
    let held = HashSet::from([(key(), replaced().digest)]);
    let keep = HashSet::from([key()]);
    assert_eq!(
        store.gc_holding(&keep, &held, true).unwrap().kept_records,
        2
    );
    let object = store.put_bytes(b"first").unwrap();
    fs::remove_file(store.path(&object)).unwrap();
    assert!(replaced().kept().is_some() && replaced().result(&store).is_none());
    assert_eq!(
        store.gc_holding(&keep, &held, true).unwrap().kept_records,
        1
    );
    // Damage of what is held is told with its run, of what is not as needed by nobody.
    fs::write(store.path(&object), "f1rst").unwrap();
    assert!(store.verify_holding(&held).unwrap().unneeded.is_empty());
    assert_eq!(store.verify().unwrap().unneeded, [object.digest]);
}

#[test]
fn others_do_not_have_a_result_that_is_another_one_now() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let note = || store.note_shared("lab", REMOTE, &[key()]).unwrap();
    let is_known = || store.shared_with(REMOTE).unwrap().contains(&key());
    made(&store, b"first");
    note();
    made(&store, b"first");
    assert!(is_known());
    made(&store, b"second");
    assert!(!is_known());
    note();
    store.gc(&HashSet::new(), false).unwrap();
    assert!(!is_known());
}

#[test]
fn a_project_keeps_the_name_that_it_was_pushed_by_and_a_copy_of_its_store_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, copy) = (folder.path().join("ours"), folder.path().join("copy"));
    let store = open(&ours);
    store.note_pushed_as(folder.path(), "p-1").unwrap();
    let known = |store: &Store, root: &Path| store.pushed_as(root).unwrap();
    assert_eq!(known(&store, folder.path()).as_deref(), Some("p-1"));
    assert_eq!(known(&store, &ours), None);
    drop(store);
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&ours).unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(known(&open(&copy), folder.path()), None);
}

#[test]
fn what_stood_in_the_place_of_objects_is_known_to_whoever_opens_the_store_next() {
    let folder = tempfile::tempdir().unwrap();
    let object = {
        let store = open(folder.path());
        let object = store.put_bytes(b"result").unwrap();
        for edit in ["mine", "also mine"] {
            fs::remove_file(store.path(&object)).unwrap();
            fs::write(store.path(&object), edit).unwrap();
            store.put_bytes(b"result").unwrap();
        }
        object
    };
    let store = open(folder.path());
    assert!(store.has_damaged(&object));
    assert_eq!(store.damaged().len(), 2);
    for edit in ["mine", "also mine"] {
        let taken = store.take_damaged(&object).unwrap();
        assert_eq!(fs::read_to_string(taken).unwrap(), edit);
    }
    assert!(!store.has_any_damaged() && store.take_damaged(&object).is_none());
    // Of what nobody needs as well.
    fs::remove_file(store.path(&object)).unwrap();
    fs::write(store.path(&object), "mine").unwrap();
    store.gc(&HashSet::new(), false).unwrap();
    assert!(store.has_damaged(&object));
}

#[test]
fn half_a_copy_of_a_checkpoint_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let half = store.checkpoints.join(format!("{}.d.new", key()));
    fs::create_dir(&half).unwrap();
    fs::write(half.join("state"), "half").unwrap();
    let keep = HashSet::from([key()]);
    assert_eq!(store.gc(&keep, true).unwrap().checkpoints, 1);
    assert_eq!(store.gc(&keep, false).unwrap().checkpoints, 1);
    assert!(!half.exists());
}
