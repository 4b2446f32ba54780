mod cleaning;
mod mending;

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
use crate::store::Wanted;

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
        search: None,
    }
}

fn push(remote: &Remote, store: &Store, keys: &[Digest]) -> Result<Pushed, RemoteError> {
    remote.push(store, keys, &[root(keys)], &Progress::default())
}

fn fetch(remote: &Remote, store: &Store, keys: &[Digest]) -> Vec<Answer> {
    let wanted = keys.iter().map(|key| Wanted {
        key: *key,
        outputs: vec!["out".to_owned()],
    });
    let wanted: Vec<Wanted> = wanted.collect();
    remote.fetch(store, &wanted, &Progress::default()).unwrap()
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
fn a_damaged_object_here_is_never_sent() {
    let space = tempfile::tempdir().unwrap();
    let a = store(&space.path().join("a"));
    let key = keep(&a, "one", b"first");
    let object = a.shared_record(key).unwrap().unwrap().objects()[0];
    fs::remove_file(a.path(&object)).unwrap();
    fs::write(a.path(&object), b"f1rst").unwrap();
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    // Nor is it in the way of the rest, and a root has its key.
    let whole = keep(&a, "two", b"whole");
    let pushed = push(&remote, &a, &[key, whole]).unwrap();
    assert_eq!((pushed.damaged, pushed.results), (vec![key], 1));
    assert_eq!(pushed.there, [whole]);
    let b = store(&space.path().join("b"));
    let answers = fetch(&remote, &b, &[key, whole]);
    assert!(answers[0].result.is_none() && answers[1].result.is_some());
    // What is whole there is known there, whatever is damaged here.
    let again = keep(&b, "one", b"first");
    push(&remote, &b, &[again]).unwrap();
    let pushed = push(&remote, &a, &[key, whole]).unwrap();
    assert_eq!((pushed.damaged.len(), pushed.known), (0, 2));
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

#[test]
fn a_record_without_what_the_step_leaves_is_refused() {
    let space = tempfile::tempdir().unwrap();
    let (a, b) = (
        store(&space.path().join("a")),
        store(&space.path().join("b")),
    );
    let key = keep(&a, "one", b"1");
    let remote = Remote::open_to_write("shared", space.path()).unwrap();
    push(&remote, &a, &[key]).unwrap();
    let wanted = Wanted {
        key,
        outputs: vec!["out".to_owned(), "metrics".to_owned()],
    };
    let answers = remote.fetch(&b, &[wanted], &Progress::default()).unwrap();
    assert!(answers[0].result.is_none());
    let why = &answers[0].refused[0].why;
    assert!(why.contains("no output `metrics`"), "{why}");
    assert!(matches!(b.lookup(key).unwrap(), Lookup::Miss));
}

#[test]
fn a_folder_has_one_name_however_it_is_written() {
    let space = tempfile::tempdir().unwrap();
    let space = fs::canonicalize(space.path()).unwrap();
    let root = space.join("project");
    fs::create_dir_all(root.join("deep")).unwrap();
    let lab = space.join("lab").display().to_string();
    for written in [
        "../lab",
        "file://../lab",
        "./../lab/.",
        "deep/../../lab",
        &lab,
        &format!("file://{lab}"),
    ] {
        assert_eq!(Remote::place_of(written, &root).unwrap(), lab, "{written}");
    }
    // What is above a link is above what it leads to.
    #[cfg(unix)]
    {
        let elsewhere = space.join("elsewhere/project");
        fs::create_dir_all(&elsewhere).unwrap();
        let link = space.join("link");
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        let lab = space.join("elsewhere/lab").display().to_string();
        assert_eq!(Remote::place_of("../lab", &link).unwrap(), lab);
    }
}
