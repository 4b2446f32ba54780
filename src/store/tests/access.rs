//! Who may do what at the same time.

use super::*;

#[test]
fn a_second_writer_that_must_not_wait_hears_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    let second = Store::open(folder.path(), Access::Write { wait: false });
    let Err(StoreError::Locked { holder, .. }) = second else {
        panic!("two write");
    };
    assert_eq!(holder.pid, std::process::id());
    assert!(holder.command.contains("sweepline"), "{}", holder.command);
}

#[test]
fn what_a_killed_process_has_left_is_known_until_somebody_has_ended_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = || open(folder.path());
    let store = open();
    assert!(!store.was_killed());
    let work = store.scratch().join("run/1/work");
    std::fs::create_dir_all(work).expect("it is ours");
    drop(store);
    // As `gc`, which ends nothing.
    let store = open();
    assert!(store.was_killed() && !store.scratch().join("run").exists());
    drop(store);
    let store = open();
    assert!(store.was_killed());
    store.has_no_leftovers();
    drop(store);
    assert!(!open().was_killed());
}

#[test]
fn a_second_writer_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Some(open(folder.path()));
    let mut told = 0;
    let waited = Store::open_telling(folder.path(), Access::Write { wait: true }, &mut |holder| {
        assert_eq!(holder.pid, std::process::id());
        told += 1;
        // The first writer ends while the second waits.
        drop(first.take());
        true
    });
    waited.unwrap();
    assert_eq!(told, 1);
}

#[test]
fn a_waiting_writer_may_give_up() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path());
    let access = Access::Write { wait: true };
    let second = Store::open_telling(folder.path(), access, &mut |_| false);
    assert!(matches!(second, Err(StoreError::GaveUp { .. })));
}

#[test]
fn readers_see_what_a_writer_commits() {
    let folder = tempfile::tempdir().unwrap();
    let writer = open(folder.path());
    let reader = Store::open(folder.path(), Access::Read).unwrap();
    assert!(!reader.stands_in());
    let run = writer.begin_run("test", "").unwrap();
    let object = writer.put_bytes(b"result").unwrap();
    writer
        .commit(&run, "test", &[attempt("fit", &[object])])
        .unwrap();
    assert!(matches!(
        reader.lookup(Digest::of(b"fit")).unwrap(),
        Lookup::Hit(_)
    ));
}

#[test]
fn a_reader_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let reader = Store::open(folder.path(), Access::Read).unwrap();
    let refused = |error| matches!(error, StoreError::NotWritable { .. });
    assert!(refused(reader.put_bytes(b"x").unwrap_err()));
    assert!(refused(reader.begin_run("test", "").unwrap_err()));
    assert!(refused(reader.set_keys("test", &[]).unwrap_err()));
    assert!(refused(reader.gc(&Default::default(), false).unwrap_err()));
}

#[test]
fn a_store_that_is_not_there_reads_as_empty_and_stays_away() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("none");
    let reader = Store::open(&root, Access::Read).unwrap();
    reader.preload(10).unwrap();
    assert!(matches!(
        reader.lookup(Digest::of(b"x")).unwrap(),
        Lookup::Miss
    ));
    assert!(reader.runs(3).unwrap().is_empty());
    assert!(reader.stands_in());
    assert!(!root.exists());
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store
        .database
        .with(|connection| connection.pragma_update(None, "user_version", 99))
        .unwrap();
    drop(store);
    for access in [Access::Read, Access::Write { wait: false }] {
        let refused = Store::open(folder.path(), access);
        assert!(matches!(refused, Err(StoreError::Newer { found: 99, .. })));
    }
}
