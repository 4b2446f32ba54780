use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::map::SortedVecMap;
use crate::store::Access;
use crate::store::Artifact;
use crate::store::Attempt;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Outcome;
use crate::store::StepResult;
use crate::store::Store;

fn store(folder: &Path) -> Store {
    Store::open(folder, Access::Write { wait: false }).unwrap()
}

/// Keeps a result of one file under the digest of its name.
fn keep(store: &Store, name: &str, content: &[u8]) -> Digest {
    let object = store.put_bytes(content).unwrap();
    let mut artifact = Artifact::default();
    artifact.files.insert("x.txt".to_owned(), object);
    let mut outputs = SortedVecMap::new();
    outputs.insert("out".to_owned(), artifact);
    let key = Digest::of(name.as_bytes());
    let result = StepResult {
        outputs,
        diverged: None,
        seconds: 1.0,
    };
    let attempt = Attempt {
        step: name.to_owned(),
        place: String::new(),
        kind: "command".to_owned(),
        key,
        parts: KeyParts::from([("param.x".to_owned(), name.to_owned())]),
        number: 1,
        seconds: 1.0,
        log: String::new(),
        environment: None,
        outcome: Outcome::Made(result.into()),
    };
    let run = store.begin_run("e", "").unwrap();
    store.commit(&run, "e", &[attempt]).unwrap();
    key
}

fn root(keys: &[Digest]) -> Root {
    Root {
        who: "anna".to_owned(),
        project: "p-1".to_owned(),
        name: "e".to_owned(),
        keys: keys.iter().copied().collect(),
    }
}

fn push(remote: &Remote, store: &Store, keys: &[Digest]) -> Result<Pushed, RemoteError> {
    remote.push(store, keys, &[root(keys)], &Progress::default())
}

fn fetch(remote: &Remote, store: &Store, keys: &[Digest]) -> Vec<Answer> {
    remote.fetch(store, keys, &Progress::default()).unwrap()
}

#[test]
fn what_one_store_has_another_gets_with_its_explanation() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let keys = [
        keep(&a, "one", b"1"),
        keep(&a, "two", b"2"),
        keep(&a, "same", b"2"),
    ];
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    let pushed = push(&remote, &a, &keys).unwrap();
    assert_eq!((pushed.results, pushed.objects, pushed.bytes), (3, 2, 2));
    let again = push(&remote, &a, &keys).unwrap();
    assert_eq!((again.results, again.known, again.objects), (0, 3, 0));
    let answers = fetch(&remote, &b, &keys);
    assert!(
        answers
            .iter()
            .all(|answer| answer.result.is_some() && answer.refused.is_empty())
    );
    assert!(matches!(b.lookup(keys[1]).unwrap(), Lookup::Hit(_)));
    assert_eq!(b.parts(keys[0]).unwrap().unwrap()["param.x"], "one");
    assert_eq!(b.fetched(keys[0]).unwrap().unwrap().from, remote.place());
    assert!(a.fetched(keys[0]).unwrap().is_none());
    // What was fetched is pushed as what it was: nothing is there twice.
    let back = push(&remote, &b, &keys).unwrap();
    assert_eq!((back.results, back.known), (0, 3));
    let unknown = fetch(&remote, &b, &[Digest::of(b"unknown")]);
    assert!(unknown[0].result.is_none() && unknown[0].refused.is_empty());
}

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

#[test]
fn a_damaged_object_here_is_never_sent() {
    let space = tempfile::tempdir().unwrap();
    let a = store(&space.path().join("a"));
    let key = keep(&a, "one", b"first");
    let object = a.shared_record(key).unwrap().unwrap().objects()[0];
    fs::remove_file(a.path(&object)).unwrap();
    fs::write(a.path(&object), b"f1rst").unwrap();
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    let error = push(&remote, &a, &[key]).unwrap_err();
    assert!(matches!(error, RemoteError::DamagedHere { .. }), "{error}");
    assert!(!space.path().join("shared/records").exists());
}

#[test]
fn results_of_two_machines_stand_beside_each_other() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let key = keep(&a, "one", b"by avx2");
    keep(&b, "one", b"by avx512");
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    assert_eq!(push(&remote, &a, &[key]).unwrap().results, 1);
    assert_eq!(push(&remote, &b, &[key]).unwrap().results, 1);
    let taken: Vec<_> = (0..2)
        .map(|n| {
            let c = store(&space.path().join(format!("c{n}")));
            fetch(&remote, &c, &[key])[0].result.clone().unwrap()
        })
        .collect();
    assert_eq!(taken[0], taken[1]);
}

#[test]
fn other_folders_and_other_formats_are_refused() {
    let space = tempfile::tempdir().unwrap();
    let said = |place: &str| match Remote::open_to_write(place, space.path()) {
        Err(error) => format!("{error} {:?}", error.hints()),
        Ok(_) => panic!("`{place}` is taken"),
    };
    fs::create_dir(space.path().join("own")).unwrap();
    fs::write(space.path().join("own/thesis.tex"), "").unwrap();
    assert!(said("own").contains("thesis.tex"));
    store(&space.path().join("store"));
    assert!(said("store").contains("store of a project"));
    assert!(said("away/deep").contains("mounted"));
    assert!(said("ftp://x/y").contains("no kind of shared store"));
    assert!(Remote::open("new", space.path()).is_err());
    Remote::open_to_write("new", space.path()).unwrap();
    let marker = space.path().join("new").join(MARKER);
    let text = fs::read_to_string(&marker).unwrap();
    fs::write(
        &marker,
        text.replace("\"sweepline_remote\":1", "\"sweepline_remote\":2"),
    )
    .unwrap();
    assert!(said("new").contains("format 2"));
    fs::write(&marker, "{}").unwrap();
    assert!(said("new").contains("not one of ours"));
}

#[test]
fn roots_have_names_that_no_other_root_has() {
    let named = |who: &str, name: &str| {
        let root = Root {
            who: who.to_owned(),
            name: name.to_owned(),
            ..root(&[])
        };
        root.file()
    };
    assert_eq!(named("anna", "e@quick"), "roots/anna/p-1/e@quick.json");
    let strange = [
        "..",
        "../..",
        "a/b",
        "a_b",
        "a b",
        "",
        "ä",
        &"x".repeat(300),
    ];
    let all: std::collections::BTreeSet<String> =
        strange.iter().map(|who| named(who, "e")).collect();
    assert_eq!(all.len(), strange.len());
    for name in all {
        let parts: Vec<&str> = name.split('/').collect();
        assert!(
            parts.len() == 4 && !parts.contains(&"..") && !parts.contains(&""),
            "{name}"
        );
        assert!(name.len() < 140);
    }
}

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
    let sweep = |older, forget: &[String], pretend| {
        remote
            .collect("anna", older, forget, pretend, &Progress::default())
            .unwrap()
    };
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
    let none = sweep(std::time::Duration::ZERO, &ben, true);
    assert_eq!(none.roots.len(), 1);
    assert_eq!(none.records, 2, "ben's own, and what anna has left");
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

#[test]
fn only_results_of_the_same_class_of_machines_are_taken_where_that_is_asked_for() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let key = keep(&a, "one", b"1");
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &[key]).unwrap();
    let remote = remote.of_same_numerics(true);
    // Nobody knows on what it was made.
    assert!(fetch(&remote, &b, &[key])[0].result.is_none());
    let remote = remote.of_same_numerics(false);
    assert!(fetch(&remote, &b, &[key])[0].result.is_some());
}

#[test]
fn where_keys_are_trusted_only_what_they_signed_is_taken() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let key = keep(&a, "one", b"1");
    let (ours, theirs) = (sign::key_of_test(1), sign::key_of_test(2));
    let trusted = [ours.public()];
    let open = || Remote::open_to_write("shared", space.path()).unwrap();
    push(&open(), &a, &[key]).unwrap();
    let trusting = open().trusting(&trusted);
    let refused = |answers: Vec<Answer>| {
        assert!(answers[0].result.is_none());
        answers[0].refused[0].why.clone()
    };
    assert!(refused(fetch(&trusting, &b, &[key])).contains("signed"));
    push(&open().signing(Some(theirs)), &a, &[key]).unwrap();
    assert!(refused(fetch(&trusting, &b, &[key])).contains("signed"));
    let ours = open().signing(Some(ours));
    assert_eq!(push(&ours, &a, &[key]).unwrap().results, 1);
    assert_eq!(push(&ours, &a, &[key]).unwrap().known, 1);
    // A signature under another record's name is none.
    assert!(fetch(&trusting, &b, &[key])[0].result.is_some());
}
