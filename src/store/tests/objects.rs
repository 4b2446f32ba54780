//! Objects and records on a disk that works.

use std::collections::HashSet;
use std::fs;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::*;

#[test]
fn what_was_put_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bytes = store.put_bytes(b"some bytes").unwrap();
    assert_eq!(store.read(&bytes).unwrap(), b"some bytes");
    let file = folder.path().join("made");
    fs::write(&file, b"a file").unwrap();
    let taken = store.put_file(&file).unwrap();
    assert_eq!(store.read(&taken).unwrap(), b"a file");
    assert!(!file.exists(), "the file was moved");
    assert_eq!(taken.digest, Digest::of(b"a file"));
}

#[test]
fn equal_content_from_many_threads_is_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let objects: Vec<Object> = std::thread::scope(|scope| {
        let puts = (0..8).map(|_| scope.spawn(|| store.put_bytes(b"the same").unwrap()));
        let puts: Vec<_> = puts.collect();
        puts.into_iter().map(|put| put.join().unwrap()).collect()
    });
    assert!(objects.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(store.presence(&objects[0]), Presence::Intact);
    assert_eq!(store.objects.on_disk().unwrap().len(), 1);
}

/// The only object of the result of `fit`, which a process left that has ended.
fn left_by_another(root: &Path) -> Object {
    let store = open(root);
    let run = store.begin_run("test", "sweepline run").unwrap();
    let object = store.put_bytes(b"result").unwrap();
    let attempts = [attempt("fit", &[object])];
    store.commit(&run, "test", &attempts).unwrap();
    object
}

#[test]
fn a_record_outlives_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let object = left_by_another(folder.path());
    for preload in [false, true] {
        let store = Store::open(folder.path(), Access::Read).unwrap();
        if preload {
            store.preload(10).unwrap();
        }
        let key = Digest::of(b"fit");
        let Lookup::Hit(result) = store.lookup(key).unwrap() else {
            panic!("the record is gone");
        };
        assert_eq!(result.outputs["out"].files["file-0"], object);
        let record = store.record(key).unwrap().unwrap();
        assert_eq!(record.parts["param.name"], "fit");
        assert_eq!(
            store.attempts("test", "fit").unwrap()[0].log,
            "log of fit\n"
        );
        assert_eq!(store.runs(5).unwrap()[0].command, "sweepline run");
    }
}

/// Records were JSON in version 1 of the database.
#[test]
fn results_of_the_first_version_are_found_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let object = left_by_another(folder.path());
    let database = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    let Outcome::Made(result) = attempt("fit", &[object]).outcome else {
        unreachable!("it left a file");
    };
    let json = serde_json::to_string(&result.outputs).unwrap();
    database
        .execute("UPDATE records SET outputs = ?", [json])
        .unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    drop(database);
    let store = open(folder.path());
    let key = Digest::of(b"fit");
    for _ in 0..2 {
        let Lookup::Hit(found) = store.lookup(key).unwrap() else {
            panic!("the record is gone");
        };
        assert_eq!(found, result);
        store.preload(10).unwrap();
    }
    let keep = [key].into();
    store.gc(&keep, false).unwrap();
    assert_eq!(store.presence(&object), Presence::Intact);
}

#[test]
fn an_object_of_unknown_history_is_read_before_it_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let object = store.put_bytes(b"content").unwrap();
    let path = store.path(&object);
    assert_eq!(store.presence(&object), Presence::Intact);
    fs::remove_file(&path).unwrap();
    assert_eq!(store.presence(&object), Presence::Missing);
    fs::write(&path, b"CONTENT").unwrap();
    assert_eq!(store.presence(&object), Presence::Damaged);
    assert!(matches!(
        store.read(&object),
        Err(StoreError::Damaged { .. })
    ));
    // Putting it again heals it.
    store.put_bytes(b"content").unwrap();
    assert_eq!(store.read(&object).unwrap(), b"content");
}

#[test]
fn a_copied_store_keeps_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let store = open(&from);
    let run = store.begin_run("test", "").unwrap();
    let object = store.put_bytes(b"result").unwrap();
    store
        .commit(&run, "test", &[attempt("fit", &[object])])
        .unwrap();
    let path = store.path(&object);
    let inside = path.strip_prefix(&from).unwrap().to_owned();
    drop(store);
    fs::create_dir_all(to.join(&inside).parent().unwrap()).unwrap();
    fs::copy(&path, to.join(&inside)).unwrap();
    fs::copy(from.join("store.sqlite"), to.join("store.sqlite")).unwrap();
    let store = open(&to);
    assert!(matches!(
        store.lookup(Digest::of(b"fit")).unwrap(),
        Lookup::Hit(_)
    ));
}

#[test]
fn verify_finds_what_is_damaged_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let run = store.begin_run("test", "").unwrap();
    let objects = [&b"one"[..], b"two", b"three"].map(|bytes| store.put_bytes(bytes).unwrap());
    store
        .commit(&run, "test", &[attempt("fit", &objects)])
        .unwrap();
    fs::remove_file(store.path(&objects[0])).unwrap();
    fs::remove_file(store.path(&objects[1])).unwrap();
    fs::write(store.path(&objects[1]), b"TWO").unwrap();
    let verified = store.verify().unwrap();
    assert_eq!(verified.missing, [objects[0].digest]);
    assert_eq!(verified.damaged, [objects[1].digest]);
    assert_eq!(verified.objects, 2);
}

#[test]
fn gc_keeps_what_is_reached_and_says_what_it_frees() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let run = store.begin_run("test", "").unwrap();
    let shared = store.put_bytes(b"shared").unwrap();
    let alone = store.put_bytes(b"only of the old").unwrap();
    let attempts = [attempt("old", &[shared, alone]), attempt("new", &[shared])];
    store.commit(&run, "test", &attempts).unwrap();
    store.save_checkpoint(Digest::of(b"old"), b"state").unwrap();
    let keep = HashSet::from([Digest::of(b"new")]);

    let pretended = store.gc(&keep, true).unwrap();
    assert_eq!(
        (pretended.records, pretended.objects, pretended.checkpoints),
        (1, 1, 1)
    );
    assert_eq!(pretended.kept_objects, 1);
    assert_eq!(store.presence(&alone), Presence::Intact);

    assert_eq!(store.gc(&keep, false).unwrap(), pretended);
    assert_eq!(store.presence(&alone), Presence::Missing);
    assert!(matches!(
        store.lookup(Digest::of(b"old")).unwrap(),
        Lookup::Miss
    ));
    assert!(matches!(
        store.lookup(Digest::of(b"new")).unwrap(),
        Lookup::Hit(_)
    ));
    assert_eq!(store.checkpoint(Digest::of(b"old")).unwrap(), None);
}

#[test]
fn steps_that_an_experiment_no_longer_has_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    store
        .set_keys("test", &[("fit", Some(a)), ("old", Some(a))])
        .unwrap();
    store
        .set_keys("test", &[("fit", None), ("new", Some(b))])
        .unwrap();
    let keys = store.keys_of("test").unwrap();
    assert_eq!(
        keys,
        BTreeMap::from([("fit".to_owned(), a), ("new".to_owned(), b)])
    );
    assert_eq!(store.experiments().unwrap(), ["test"]);
}

#[test]
fn an_edited_file_has_another_digest() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    let file = folder.path().join("data.csv");
    fs::write(&file, "1,2").unwrap();
    let before = store.file_digest(&file).unwrap();
    assert_eq!(before, store.file_digest(&file).unwrap());
    // The same length, at once: times alone would not tell.
    fs::write(&file, "1,3").unwrap();
    let after = store.file_digest(&file).unwrap();
    assert_ne!(before, after);
    assert_eq!(after.digest, Digest::of(b"1,3"));
}

#[test]
fn an_untouched_file_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let file = folder.path().join("data.csv");
    fs::write(&file, "1,2").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(old)
        .unwrap();
    // Setting the time changes the inode just now, which a file that is trusted must not have.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let store = open(&root);
    let run = store.begin_run("test", "").unwrap();
    let digest = store.file_digest(&file).unwrap();
    store.end_run(&run, "{}").unwrap();
    drop(store);
    let store = Store::open(&root, Access::Read).unwrap();
    let known: i64 = store
        .database
        .with(|connection| connection.query_row("SELECT count(*) FROM files", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(known, 1);
    assert_eq!(store.file_digest(&file).unwrap(), digest);
}

#[test]
fn what_a_program_keeps_goes_on_to_those_with_more_budget() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let whole = Digest::of(b"9");
    let key = |amount: u64| Digest::of(amount.to_string().as_bytes());
    let begin = |amount: u64| {
        let part = PartOf { whole, amount };
        store.checkpoint_folder(key(amount), Some(part)).unwrap()
    };
    let end = |amount: u64| {
        let part = PartOf { whole, amount };
        store.drop_checkpoint(key(amount), Some(part)).unwrap();
    };
    let state = |folder: &Path| fs::read_to_string(folder.join("deep/state")).ok();
    let first = begin(1);
    fs::create_dir(first.join("deep")).unwrap();
    fs::write(first.join("deep/state"), "one").unwrap();
    end(1);
    assert!(!first.exists());
    // The next one begins with a copy, which it may change.
    let second = begin(3);
    assert_eq!(state(&second).as_deref(), Some("one"));
    assert_eq!(
        fs::read_dir(&second).unwrap().count(),
        1,
        "and nothing else"
    );
    fs::write(second.join("deep/state"), "three").unwrap();
    assert_eq!(state(&begin(3)).as_deref(), Some("three"));
    end(3);
    // What is as far or further is no beginning.
    for amount in [1, 2, 3] {
        assert_eq!(state(&begin(amount)), None, "{amount}");
        store.drop_checkpoint(key(amount), None).unwrap();
    }
    let last = store.checkpoint_folder(whole, None).unwrap();
    assert_eq!(state(&last).as_deref(), Some("three"));
    // Now it is the last one's own: nobody begins with it or puts another in its place.
    assert_eq!(state(&begin(5)), None);
    end(5);
    let part = PartOf { whole, amount: 5 };
    store.drop_part(part).unwrap();
    assert_eq!(state(&last).as_deref(), Some("three"));
    store.drop_checkpoint(whole, None).unwrap();
    assert!(!last.exists());
    begin(7);
    end(7);
    assert!(last.exists());
    store.drop_part(part).unwrap();
    assert!(!last.exists());
}

#[test]
fn a_torn_checkpoint_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let key = Digest::of(b"key");
    assert_eq!(store.checkpoint(key).unwrap(), None);
    store.save_checkpoint(key, b"first").unwrap();
    store.save_checkpoint(key, b"second").unwrap();
    assert_eq!(
        store.checkpoint(key).unwrap().as_deref(),
        Some(&b"second"[..])
    );
    let path = folder.path().join("checkpoints-v1").join(key.to_hex());
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(store.checkpoint(key).unwrap(), None);
}

#[test]
fn the_same_bytes_are_there_executable_and_not() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    let run = store.begin_run("test", "").unwrap();
    let put = |mode: u32| {
        let file = folder.path().join("made");
        fs::write(&file, b"#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        store.put_file(&file).unwrap()
    };
    let mode = |object: &Object| {
        let found = fs::metadata(store.path(object)).unwrap();
        found.permissions().mode() & 0o777
    };
    let objects = [put(0o644), put(0o755)];
    assert_eq!(objects[0].digest, objects[1].digest);
    assert_eq!(objects.map(|object| mode(&object)), [0o444, 0o555]);
    // Whoever changes that changes nothing for long.
    for (object, wrong) in objects.iter().zip([0o755, 0o644]) {
        fs::set_permissions(store.path(object), fs::Permissions::from_mode(wrong)).unwrap();
        assert_eq!(store.presence(object), Presence::Intact);
    }
    assert_eq!(objects.map(|object| mode(&object)), [0o444, 0o555]);
    store
        .commit(&run, "test", &[attempt("fit", &objects[1..])])
        .unwrap();
    assert_eq!(store.verify().unwrap().objects, 2);
    let collected = store.gc(&[Digest::of(b"fit")].into(), false).unwrap();
    assert_eq!((collected.objects, collected.kept_objects), (1, 1));
    assert_eq!(store.presence(&objects[1]), Presence::Intact);
    drop(store);
    let store = open(&folder.path().join("store"));
    let Lookup::Hit(result) = store.lookup(Digest::of(b"fit")).unwrap() else {
        panic!("the record is gone");
    };
    assert_eq!(result.outputs["out"].files["file-0"], objects[1]);
}

/// A file with another name is somebody else's as well.
#[test]
fn what_is_not_ours_alone_is_copied() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    let own = folder.path().join("own");
    fs::write(&own, b"v1").unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o640)).unwrap();
    let (hard, soft) = (folder.path().join("hard"), folder.path().join("soft"));
    fs::hard_link(&own, &hard).unwrap();
    std::os::unix::fs::symlink(&own, &soft).unwrap();
    for path in [&hard, &soft] {
        let object = store.put_file(path).unwrap();
        assert_eq!(store.read(&object).unwrap(), b"v1");
        let found = fs::metadata(&own).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o640);
        fs::write(&own, b"v2").unwrap();
        assert!(store.verify().unwrap().damaged.is_empty());
        fs::write(&own, b"v1").unwrap();
        store.objects.remove(object.name()).unwrap();
    }
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    assert!(store.put_file(&pipe).is_err(), "and nobody waits for it");
}

/// What is done to an object while a step has it, and how it comes back.
#[test]
fn what_a_step_writes_to_is_found_out_and_restored() {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    type Act = fn(&Path);
    let acts: [(Act, SnapshotState, SnapshotState); 7] = [
        (|_| {}, SnapshotState::Untouched, SnapshotState::Untouched),
        (
            |path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap(),
            SnapshotState::Untouched,
            SnapshotState::Untouched,
        ),
        (
            |path| write(path, b"CONTENT"),
            SnapshotState::Restored,
            SnapshotState::Damaged,
        ),
        (
            |path| write(path, b"more content"),
            SnapshotState::Restored,
            SnapshotState::Damaged,
        ),
        (
            |path| fs::remove_file(path).unwrap(),
            SnapshotState::Restored,
            SnapshotState::Damaged,
        ),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fs::write(path, b"CONTENT").unwrap();
            },
            SnapshotState::Restored,
            SnapshotState::Damaged,
        ),
        // There and back again: others may have read what was there between.
        (
            |path| {
                std::thread::sleep(std::time::Duration::from_millis(30));
                write(path, b"CONTENT");
                write(path, b"content");
            },
            SnapshotState::Restored,
            SnapshotState::Restored,
        ),
    ];
    fn write(path: &Path, bytes: &[u8]) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = fs::File::options()
            .write(true)
            .truncate(true)
            .open(path)
            .unwrap();
        file.write_all(bytes).unwrap();
    }
    // At once, when the times of the file tell nothing yet, and later.
    for wait in [0, 30] {
        for (number, (act, kept, not_kept)) in acts.iter().enumerate() {
            for (mut memory, expected) in [(100, kept), (0, not_kept)] {
                let folder = tempfile::tempdir().unwrap();
                let store = open(folder.path());
                let object = store.put_bytes(b"content").unwrap();
                std::thread::sleep(std::time::Duration::from_millis(wait));
                let first = store.hand_out(&object, &mut memory).unwrap();
                let beside = store.hand_out(&object, &mut 0).unwrap();
                act(&store.path(&object));
                assert_eq!(store.take_back(&first), *expected, "{number} {wait}");
                // Whoever read it beside does not take it for untouched.
                let untouched = store.take_back(&beside) == SnapshotState::Untouched;
                assert_eq!(
                    untouched,
                    *expected == SnapshotState::Untouched,
                    "{number} {wait}"
                );
                let intact = store.presence(&object) == Presence::Intact;
                assert_eq!(
                    intact,
                    *expected != SnapshotState::Damaged,
                    "{number} {wait}"
                );
                assert_eq!(store.hand_out(&object, &mut 0).is_ok(), intact);
            }
        }
    }
}

/// Before it is read, and while what is not ours alone is copied.
#[test]
fn who_ends_the_taking_of_a_file_finds_it_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    let (file, other) = (folder.path().join("made"), folder.path().join("other"));
    let size = 9 << 20;
    fs::File::create(&file).unwrap().set_len(size).unwrap();
    fs::hard_link(&file, &other).unwrap();
    let nothing_is_left = || {
        assert!(file.is_file());
        let in_store = |part: &str| fs::read_dir(store.root().join(part)).unwrap();
        assert_eq!(in_store("tmp").count(), 0);
        let objects = in_store("objects-v1").flatten();
        let left = objects.flat_map(|folder| fs::read_dir(folder.path()).unwrap());
        assert_eq!(left.count(), 0);
    };
    assert!(store.put_file_watched(&file, &|_| false).is_err());
    nothing_is_left();
    let bytes = AtomicU64::new(0);
    let all_is_read = |count| bytes.fetch_add(count, Ordering::SeqCst) + count <= size;
    assert!(store.put_file_watched(&file, &all_is_read).is_err());
    nothing_is_left();
    let object = store.put_file(&file).unwrap();
    assert_eq!(
        (object.size, store.presence(&object)),
        (size, Presence::Intact)
    );
}
