//! Sources edited and added and artifacts damaged while a run goes on, at random moments: the next quiet run
//! ends with the results of the sources as they are then, and none was kept under a wrong key.
//!
//! A few rounds run with the other tests; `SWEEPLINE_ROUNDS=500` is more,
//! `SWEEPLINE_ROUNDS_SEED=1` others. `docs/reliability.md` has figures.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::support::TestSpace;
use crate::support::hard;
use crate::support::hard::VERSIONS;
use crate::support::hard::Version;

/// Moments and choices (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

type Results = BTreeMap<String, serde_json::Value>;

/// What an undisturbed run of each version leaves: digests, and the files people see.
fn undisturbed(space: &TestSpace) -> BTreeMap<Version, (Results, BTreeMap<String, String>)> {
    let all = VERSIONS.iter().map(|version| {
        put(space, *version);
        let place = format!("undisturbed-{}-{}-{}", version.0, version.1, version.2);
        let run = hard::command(space, "run", &place).output();
        let run = run.expect("the program starts");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let left = (hard::digests(space, &place), hard::view(space, &place));
        (*version, left)
    });
    all.collect()
}

fn put(space: &TestSpace, (code, input, words): Version) {
    hard::put_words(space, words);
    hard::put_code(space, code);
    hard::put_input(space, input);
}

/// Damages one object of the store, as who runs as root can. Whether there was one.
fn damage(space: &TestSpace, chance: &mut Chance) -> bool {
    let objects: Vec<PathBuf> = space
        .files("disturbed/store")
        .into_iter()
        .filter(|path| {
            path.components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with("objects"))
        })
        .collect();
    if objects.is_empty() {
        return false;
    }
    let path = &objects[chance.below(objects.len())];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What others than root need first; it may be gone again.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    let opened = fs::OpenOptions::new().append(true).open(path);
    opened.is_ok_and(|mut file| file.write_all(b"damaged\n").is_ok())
}

#[test]
fn edits_and_damage_at_random_moments_leave_no_wrong_result() {
    let space = hard::project(false);
    let want = undisturbed(&space);
    let mut chance = Chance(setting("SWEEPLINE_ROUNDS_SEED", 0));
    let (mut edits, mut added, mut damages, mut failures) = (0, 0, 0, 0);
    let rounds = setting("SWEEPLINE_ROUNDS", 6);
    for round in 0..rounds {
        let before = VERSIONS[chance.below(VERSIONS.len())];
        put(&space, before);
        // One that comes and goes again while a step runs is not seen.
        let mut comes = Some(1 - before.2);
        let run = hard::command(&space, "run", "disturbed")
            .args(["--progress", "none"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let over = AtomicBool::new(false);
        let output = thread::scope(|scope| {
            let disturbing = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_micros(chance.below(25_000) as u64));
                    match chance.below(5) {
                        0 => damages += u64::from(damage(&space, &mut chance)),
                        1 => {
                            hard::put_code(&space, chance.below(2));
                            edits += 1;
                        }
                        2 => {
                            hard::put_input(&space, chance.below(2));
                            edits += 1;
                        }
                        3 => {
                            if let Some(words) = comes.take() {
                                hard::put_words(&space, words);
                                added += 1;
                            }
                        }
                        // And back at once.
                        _ => {
                            let input = chance.below(2);
                            hard::put_input(&space, input);
                            thread::sleep(Duration::from_millis(chance.below(8) as u64));
                            hard::put_input(&space, 1 - input);
                            edits += 2;
                        }
                    }
                }
            });
            let output = run.wait_with_output().expect("it is our child");
            over.store(true, Ordering::Relaxed);
            disturbing.join().expect("nobody panics");
            output
        });
        let said = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(
            matches!(code, Some(0 | 1)),
            "round {round}: {code:?} {said}"
        );
        assert!(!said.contains("panicked"), "round {round}: {said}");
        failures += u64::from(code == Some(1));
        // What was kept is right for what it is kept for, whether it is the last version or not.
        for version in VERSIONS {
            put(&space, version);
            for (step, digests) in hard::digests(&space, "disturbed") {
                let right = &want[&version].0[&step];
                assert_eq!(
                    &digests, right,
                    "round {round}: {step} of {version:?}\n{said}"
                );
            }
        }
        let last = VERSIONS[chance.below(VERSIONS.len())];
        put(&space, last);
        let quiet = hard::command(&space, "run", "disturbed").output();
        let quiet = quiet.expect("the program starts");
        let told = String::from_utf8_lossy(&quiet.stderr);
        assert!(quiet.status.success(), "round {round}: {told}");
        let (digests, files) = &want[&last];
        assert_eq!(
            &hard::digests(&space, "disturbed"),
            digests,
            "round {round}: {told}"
        );
        assert_eq!(
            &hard::view(&space, "disturbed"),
            files,
            "round {round}: {told}"
        );
    }
    println!(
        "{rounds} rounds, {edits} edits, {added} files added or removed, {damages} damaged artifacts: {failures} runs told of it, every quiet run ended right"
    );
}
