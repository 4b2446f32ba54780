//! `kill -9` at any moment: whatever was committed is there, whatever is there is whole.
//!
//! The test starts itself anew as the process to kill, told by an environment variable.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use super::*;

const VICTIM: &str = "SWEEPLINE_TEST_VICTIM";

fn content(number: u32) -> Vec<u8> {
    let line = format!("result {number}\n");
    line.repeat(1 + number as usize % 500).into_bytes()
}

/// Commits one result after the other, saying each when it is safe, until it is killed.
fn be_killed(root: &Path) {
    let store = open(root);
    let run = store.begin_run("test", "").unwrap();
    for number in 0.. {
        let object = store.put_bytes(&content(number)).unwrap();
        let step = format!("step {number}");
        store
            .commit(&run, "test", &[attempt(&step, &[object])])
            .unwrap();
        // The parent reads this: nothing else may be written there.
        let line = format!("done {number}\n");
        if std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_it_had_committed() {
    if let Some(root) = std::env::var_os(VICTIM) {
        return be_killed(Path::new(&root));
    }
    let folder = tempfile::tempdir().unwrap();
    let myself = std::env::current_exe().unwrap();
    for round in 0..6 {
        let mut victim = Command::new(&myself)
            .args([
                "--exact",
                "store::tests::killed::a_killed_process_loses_nothing_it_had_committed",
            ])
            .arg("--nocapture")
            .env(VICTIM, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut done = lines.map_while(Result::ok).filter_map(|line| {
            let number = line.rsplit_once("done ")?.1;
            number.parse::<u32>().ok()
        });
        let wanted = 3 + round * 7;
        let mut last = done
            .find(|number| *number >= wanted)
            .expect("the victim works");
        // Into the middle of something, another one every round.
        std::thread::sleep(Duration::from_micros(137 * u64::from(round)));
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it said before it died counts as well.
        last = done.last().unwrap_or(last);

        let store = open(folder.path());
        for number in 0..=last {
            let key = Digest::of(format!("step {number}").as_bytes());
            let Lookup::Hit(result) = store.lookup(key).unwrap() else {
                panic!("step {number} of {last} is lost in round {round}");
            };
            let object = result.outputs["out"].files["file-0"];
            assert_eq!(store.read(&object).unwrap(), content(number));
        }
        assert!(store.verify().unwrap().damaged.is_empty());
    }
}
