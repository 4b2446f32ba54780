//! What the store itself costs: small objects and a large one, put, found and read back, and
//! looking up results. `cargo bench --bench store [objects]`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it found"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use sweepline::map::SortedVecMap;
use sweepline::store::Access;
use sweepline::store::Artifact;
use sweepline::store::Attempt;
use sweepline::store::Digest;
use sweepline::store::Lookup;
use sweepline::store::Object;
use sweepline::store::Outcome;
use sweepline::store::Presence;
use sweepline::store::StepResult;
use sweepline::store::Store;

const LARGE: usize = 256 << 20;

fn key(number: usize) -> Digest {
    Digest::of(format!("step {number}").as_bytes())
}

/// An attempt that left this object.
fn attempt(number: usize, object: Object) -> Attempt {
    let files = SortedVecMap::from([("metrics.json".to_owned(), object)]);
    let result = StepResult {
        outputs: SortedVecMap::from([("out".to_owned(), Artifact::from(files))]),
        diverged: None,
        seconds: 1.0,
    };
    Attempt {
        step: format!("fit[seed={number}]"),
        place: "pipelines/bench.yaml:1:1".to_owned(),
        kind: "train/vae".to_owned(),
        key: key(number),
        parts: BTreeMap::from([("param.seed".to_owned(), number.to_string())]),
        number: 1,
        seconds: 1.0,
        log: String::new(),
        environment: None,
        outcome: Outcome::Made(Arc::new(result)),
    }
}

fn each(what: &str, count: usize, act: impl FnOnce()) {
    let begun = Instant::now();
    act();
    let each = begun.elapsed().as_secs_f64() * 1e6 / count as f64;
    println!("{what:<44} {each:8.2} us each");
}

fn rate(what: &str, act: impl FnOnce()) {
    let begun = Instant::now();
    act();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what:<44} {:8.2} GB/s", LARGE as f64 / 1e9 / seconds);
}

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok());
    let count: usize = count.unwrap_or(10_000);
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let open = || Store::open(folder.path(), Access::Write { wait: false }).expect("it is ours");
    let store = open();
    let run = store.begin_run("bench", "bench").expect("it is ours");
    let content = |number: usize| {
        let mut bytes = vec![0; 1024];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        bytes
    };
    let contents: Vec<Vec<u8>> = (0..count).map(content).collect();
    let mut objects = Vec::new();
    each("put 1 KiB", count, || {
        let puts = contents.iter().map(|bytes| store.put_bytes(bytes));
        objects.extend(puts.map(|object| object.expect("there is room")));
    });
    each("put 1 KiB that is there", count, || {
        for (bytes, object) in contents.iter().zip(&objects) {
            assert_eq!(store.put_bytes(bytes).expect("it is there"), *object);
        }
    });
    each("read 1 KiB, checked", count, || {
        for object in &objects {
            assert_eq!(store.read(object).expect("it is there").len(), 1024);
        }
    });
    each("presence by stat", count, || {
        for object in &objects {
            assert_eq!(store.presence(object), Presence::Intact);
        }
    });
    each("commit a result, one at a time", count, || {
        for (number, object) in objects.iter().enumerate() {
            let attempt = attempt(number, *object);
            store.commit(&run, "bench", &[attempt]).expect("it is ours");
        }
    });
    drop(store);

    let store = open();
    each("load all records and stats", count, || {
        store.preload(count).expect("it is ours");
    });
    each("look up a result", count, || {
        for number in 0..count {
            let found = store.lookup(key(number)).expect("it is ours");
            assert!(matches!(found, Lookup::Hit(_)));
        }
    });

    let bytes: Vec<u8> = (0..LARGE).map(|at| (at >> 7) as u8 ^ at as u8).collect();
    let mut large = None;
    rate("put 256 MiB", || large = store.put_bytes(&bytes).ok());
    let large = large.expect("there is room");
    rate("read 256 MiB, checked", || {
        assert_eq!(store.read(&large).expect("it is there").len(), LARGE);
    });
}
