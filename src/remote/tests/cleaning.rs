//! What nobody needs is taken away, by one at a time.

use std::time::Duration;
use std::time::SystemTime;

use super::lease::LEASE;
use super::lease::STALE;
use super::storage::Content;
use super::storage::Kind;
use super::*;

/// Makes everything in the folder look as if nobody had written it for days.
fn age(space: &Path, days: u64) {
    let mut open = vec![space.join("shared")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
                continue;
            }
            let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
            let path = entry.path();
            let mode = fs::metadata(&path).unwrap().permissions();
            let bytes = fs::read(&path).unwrap();
            // Objects are read-only: a new file takes their place.
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(then)
                .unwrap();
            fs::set_permissions(&path, mode).unwrap();
        }
    }
}

#[test]
fn a_clean_up_takes_only_what_nobody_reaches_and_nobody_wrote_for_long() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let old = [keep(&a, "one", b"1"), keep(&a, "two", b"2")];
    let bens = [keep(&b, "three", b"3"), keep(&b, "two", b"2")];
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &old).unwrap();
    let named = Root {
        who: "ben".to_owned(),
        name: "e/paper".to_owned(),
        ..root(&bens)
    };
    remote
        .push(&b, &bens, &[named], &Progress::default())
        .unwrap();
    // Anna goes on: nothing of hers reaches her first results any more.
    let new = [keep(&a, "four", b"4")];
    push(&remote, &a, &new).unwrap();
    let week = std::time::Duration::from_secs(7 * 86_400);
    let sweep_as = |who, older, forget: &[String], pretend| {
        remote
            .collect(who, older, forget, pretend, &Progress::default())
            .unwrap()
    };
    let sweep = |older, forget: &[String], pretend| sweep_as("anna", older, forget, pretend);
    let young = sweep(week, &[], false);
    assert_eq!(
        (young.records, young.objects, young.kept_records),
        (0, 0, 4)
    );
    age(space.path(), 8);
    let would = sweep(week, &[], true);
    assert_eq!((would.records, would.objects, would.bytes), (1, 1, 1));
    assert_eq!(would.roots.len(), 2);
    let done = sweep(week, &[], false);
    assert_eq!((done.records, done.objects, done.kept_records), (1, 1, 3));
    let c = store(&space.path().join("c"));
    let answers = fetch(&remote, &c, &[bens[0], bens[1], new[0], old[0]]);
    let there: Vec<bool> = answers
        .iter()
        .map(|answer| answer.result.is_some())
        .collect();
    assert_eq!(there, [true, true, true, false]);
    // What is gone comes back with the next push that has it; what is old is written anew.
    assert_eq!(push(&remote, &a, &old).unwrap().results, 2);
    // A day is the least, whatever is asked for.
    let ben = ["ben/p-1/e/paper".to_owned()];
    let none = sweep_as("ben", std::time::Duration::ZERO, &ben, true);
    assert_eq!(none.roots.len(), 1);
    assert_eq!(none.records, 2, "ben's own, and what anna has left");
    let error = remote
        .collect("anna", week, &ben, true, &Progress::default())
        .unwrap_err();
    assert!(matches!(error, RemoteError::NotYours { .. }), "{error}");
    // Two at once are one too many.
    fs::create_dir_all(space.path().join("shared/leases")).unwrap();
    fs::write(
        space.path().join("shared/leases/gc"),
        r#"{"who":"ben","nonce":"1"}"#,
    )
    .unwrap();
    let error = remote
        .collect("anna", week, &[], false, &Progress::default())
        .unwrap_err();
    assert!(error.to_string().contains("ben cleans up"), "{error}");
    // A root that nobody understands stops it.
    fs::remove_file(space.path().join("shared/leases/gc")).unwrap();
    fs::write(space.path().join("shared/roots/anna/p-1/e.json"), "{").unwrap();
    let error = remote
        .collect("anna", week, &[], false, &Progress::default())
        .unwrap_err();
    assert!(error.to_string().contains("understand"), "{error}");
    assert!(
        fetch(&remote, &store(&space.path().join("d")), &old)[1]
            .result
            .is_some()
    );
}

/// The only file below a folder of the shared store.
fn only(folder: &Path) -> std::path::PathBuf {
    let mut path = folder.to_owned();
    while path.is_dir() {
        path = fs::read_dir(path).unwrap().next().unwrap().unwrap().path();
    }
    path
}

#[test]
fn what_was_not_read_whole_makes_nothing_unreachable() {
    let space = tempfile::tempdir().unwrap();
    let a = store(&space.path().join("a"));
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &[keep(&a, "one", b"1")]).unwrap();
    let shared = space.path().join("shared");
    let record = only(&shared.join("records"));
    let whole = fs::read(&record).unwrap();
    fs::remove_file(&record).unwrap();
    fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    age(space.path(), 8);
    let sweep = || {
        let week = Duration::from_secs(7 * 86_400);
        remote.collect("anna", week, &[], false, &Progress::default())
    };
    let swept = sweep().unwrap();
    assert_eq!((swept.records, swept.objects), (0, 0));
    assert!(swept.keeps_objects && swept.refused.len() == 1);
    assert!(record.exists() && only(&shared.join("objects")).exists());
}

/// A shared store, and who cleans it up.
struct Leased {
    _space: tempfile::TempDir,
    path: std::path::PathBuf,
    remote: Remote,
}

impl Leased {
    fn new() -> Self {
        let space = tempfile::tempdir().unwrap();
        let remote = Remote::open_to_write("shared", space.path()).unwrap();
        Leased {
            path: space.path().join("shared").join(LEASE),
            remote,
            _space: space,
        }
    }

    fn write(&self, who: &str) {
        let text = format!(r#"{{"who":"{who}","nonce":"x"}}"#);
        let content = Content::Bytes(text.as_bytes());
        self.remote.write(LEASE, content, Kind::Changing).unwrap();
    }

    fn written(&self, then: SystemTime) {
        let file = fs::File::options().write(true).open(&self.path).unwrap();
        file.set_modified(then).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

#[test]
fn of_several_who_find_a_lease_that_died_one_takes_it() {
    let lab = Leased::new();
    let now = SystemTime::now();
    for then in [now - 2 * STALE, now + Duration::from_secs(2 * 86_400)] {
        lab.write("ben");
        lab.written(then);
        let take = |number: usize| {
            let who = format!("anna-{number}");
            lab.remote.take_lease(&who, &who).ok().map(|_| who)
        };
        let taken: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|number| scope.spawn(move || take(number)))
                .collect();
            let all = all.into_iter();
            all.filter_map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(taken.len(), 1, "{taken:?}");
        assert!(lab.text().contains(&taken[0]), "{}", lab.text());
    }
    let listed = lab.remote.list("leases").unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
}

#[test]
fn a_lease_that_is_there_after_a_lost_answer_is_our_own() {
    let lab = Leased::new();
    lab.remote.take_lease("anna", "1").unwrap();
    assert!(lab.remote.take_lease("anna", "1").is_ok());
    let of_others = lab.remote.take_lease("anna", "2").err().unwrap();
    assert!(of_others.to_string().contains("anna cleans up"));
}

#[test]
fn a_lease_lives_as_long_as_it_is_renewed_and_anothers_stays() {
    let lab = Leased::new();
    let held = lab.remote.take_lease("anna", "1").unwrap();
    lab.written(SystemTime::now() - 2 * STALE);
    lab.remote.renew(&held).unwrap();
    assert!(lab.remote.take_lease("ben", "2").is_err());
    assert!(lab.remote.holds(&held).is_ok());
    lab.write("ben");
    lab.remote.renew(&held).unwrap();
    let lost = lab.remote.holds(&held).unwrap_err();
    assert!(lost.to_string().contains("ben cleans up"), "{lost}");
    fs::remove_file(&lab.path).unwrap();
    let done = lab.remote.leased("anna", "3", |_| {
        lab.write("ben");
        Ok(())
    });
    assert!(done.is_ok() && lab.text().contains("ben"));
    fs::remove_file(&lab.path).unwrap();
    lab.remote.leased("anna", "4", |_| Ok(())).unwrap();
    assert!(!lab.path.exists());
}

#[test]
fn whoever_waits_for_a_clean_up_says_for_whose() {
    let lab = Leased::new();
    lab.write("ben");
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| lab.remote.swept_since(b"", &progress).unwrap());
        while progress.waits_for().is_none() && !waits.is_finished() {
            std::thread::yield_now();
        }
        assert_eq!(progress.waits_for().as_deref(), Some("ben"));
        fs::remove_file(&lab.path).unwrap();
        assert!(waits.join().unwrap(), "ben may have removed something");
    });
    assert_eq!(progress.waits_for(), None);
    // Nobody waits for one that died, nor for one of a clock that was wrong.
    let now = SystemTime::now();
    for then in [now - 2 * STALE, now + 2 * STALE] {
        lab.write("ben");
        lab.written(then);
        assert!(!lab.remote.swept_since(b"", &progress).unwrap());
    }
}

/// Whose a root is, is no part of its title: a name may have a stroke in it.
#[test]
fn roots_of_whatever_name_are_let_go_of_by_whom_they_are_of() {
    let space = tempfile::tempdir().unwrap();
    let a = store(&space.path().join("a"));
    let keys = [keep(&a, "one", b"1")];
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    let own = Root {
        who: "lab/anna".to_owned(),
        ..root(&keys)
    };
    remote
        .push(&a, &keys, std::slice::from_ref(&own), &Progress::default())
        .unwrap();
    let week = Duration::from_secs(7 * 86_400);
    let forget = [own.title()];
    let let_go = |who| remote.collect(who, week, &forget, false, &Progress::default());
    let error = let_go("lab").unwrap_err();
    assert!(matches!(error, RemoteError::NotYours { .. }), "{error}");
    assert!(let_go("lab/anna").unwrap().roots.is_empty());
}
