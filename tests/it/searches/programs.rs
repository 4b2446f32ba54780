//! Programs of the user's that propose.

use std::cell::RefCell;

use super::kit::MANIFEST;
use super::kit::SHORT;
use super::kit::asked;
use super::kit::executed;
use super::kit::fits;
use super::kit::kill_often;
use super::kit::of;
use super::kit::run;
use super::kit::said;
use super::kit::trials;
use super::kit::values;
use crate::sharing::Lab;
use crate::sharing::READ;
use crate::support::TestSpace;
use crate::support::eventually;

/// A search by a program, which notes when it was asked.
fn outside(program: &str) -> TestSpace {
    let space = TestSpace::new();
    let manifest = MANIFEST
        .replace("METHOD", "command")
        .replace("      parallel: 3", "      run: [bash, propose.sh]\n      startup: 3\n      timeout: 0.5\n      parallel: 2")
        .replace("trials: 14", "trials: 8")
        .replace("FAILS", "20")
        .replace("NANS", "-20");
    space.write("manifests/s.yaml", &manifest);
    space.write("propose.sh", &format!("echo asked >> asked.log\n{program}"));
    space
}

/// The point follows from how many trials it reads.
const PROGRAM: &str = r#"n=$(wc -l); z=', "z": 0.5'
echo "{\"point\": {\"x\": $(awk -v n="$n" 'BEGIN { print n / 4 }'), \"n\": 7, \"k\": \"b\"$z}}""#;

#[test]
fn a_program_proposes_once_for_each_trial() {
    let space = outside(PROGRAM);
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    assert!(plan.contains("3 trials known, up to 5 more"), "{plan}");
    assert!(!space.path("asked.log").exists(), "a plan asks nobody");
    run(&space, &["--jobs", "1"]);
    let found = trials(&space);
    for x in ["1,7,b", "1.25,", "1.5,", "1.75,", "2,7"] {
        assert!(found.contains(&format!("score,{x}")), "{x}\n{found}");
    }
    assert_eq!(space.read("asked.log").lines().count(), 5);
    assert_eq!(executed(&space), 0);
    space.replace("manifests/s.yaml", "trials: 8", "trials: 9");
    run(&space, &[]);
    assert_eq!(
        space.read("asked.log").lines().count(),
        6,
        "only for the new one"
    );
    let killed = outside(PROGRAM);
    killed.replace("manifests/s.yaml", "trials: 8", "trials: 9");
    kill_often(&killed, 10);
    run(&killed, &["--jobs", "8"]);
    assert_eq!(trials(&killed), trials(&space));
}

#[test]
fn what_is_wrong_with_a_program_that_proposes_is_said() {
    for (program, part) in [
        (
            "echo no memory >&2; exit 3",
            "it ended with exit status: 3, and said: no memory",
        ),
        ("kill -9 $$", "it ended with signal: 9"),
        (
            "echo loading; echo 'Traceback'",
            "its last line is no answer",
        ),
        (
            "echo '{\"point\": {\"x\": 1e999}}'",
            "its last line is no answer",
        ),
        ("true", "it printed no line"),
        ("sleep 20", "it took longer than 0.5 s"),
        (
            "echo '{\"point\": {\"x\": 11, \"n\": 7, \"k\": \"a\"}}'",
            "its point does not lie in the space: `x` is 11, which is above 10",
        ),
        (
            "echo '{\"point\": {\"x\": 1, \"k\": \"a\"}}'",
            "`n` has no value",
        ),
        (
            "echo '{\"point\": {\"x\": 1, \"n\": 7, \"k\": \"a\", \"w\": 1}}'",
            "`w` is not searched",
        ),
    ] {
        let space = outside(program);
        let output = space.output(&["run", "manifests/s.yaml", "--progress", "none"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{program}: {said}");
        assert!(
            said.contains(part) && said.contains("manifests/s.yaml:3:"),
            "{program}: {said}"
        );
        // What was tried is there, and a mended program goes on.
        assert_eq!(trials(&space).lines().count(), 1 + 3 * 2, "{program}");
        space.write("propose.sh", PROGRAM);
        run(&space, &[]);
        assert_eq!(trials(&space).lines().count(), 1 + 8 * 2, "{program}");
    }
    let space = outside(PROGRAM);
    space.replace(
        "manifests/s.yaml",
        "[bash, propose.sh]",
        "[no-such-program]",
    );
    let told = run(&space, &[]);
    assert!(
        told.contains("`no-such-program` cannot be started"),
        "{told}"
    );
}

#[test]
fn an_archive_has_the_program_of_the_search() {
    let manifest = "experiment: s\naxes:\n  trial: {command: {run: [sh, -c, 'sh tools/propose.sh'], space: {x: \
                    {uniform: [0, 1]}}, startup: 2, trials: 2, minimize: fit.loss}}\nstages:\n  fit: {uses: command, \
                    with: {values: {x: \"${x}\"}, run: 'echo loss=$x', metrics: stdout}}\n";
    let space = of(manifest);
    space.write("tools/propose.sh", "echo nothing\n");
    let told = run(&space, &[]);
    let packed = said(&space, &["pack", "manifests/s.yaml"]);
    assert!(
        packed.contains("2 files of the project"),
        "{told}\n{packed}"
    );
    let unpacked = said(&space, &["unpack", "s.sweepline.zip", "elsewhere"]);
    assert!(
        space.path("elsewhere/tools/propose.sh").is_file(),
        "{unpacked}"
    );
}

#[test]
fn what_a_program_has_proposed_is_shared_with_the_results() {
    let lab = Lab::new();
    let method = "{command: {run: [sh, propose.sh], space: {x: {uniform: [0, 1]}}, startup: 2";
    let manifest = SHORT.replace("{tpe: {space: {x: {uniform: [0, 1]}}, startup: 3", method);
    let users = ["1", "2"].map(|digit| {
        let user = lab.user(READ);
        user.write("manifests/s.yaml", &manifest);
        let program = "echo asked >> asked.log\nn=$(wc -l)\necho \"{\\\"point\\\": {\\\"x\\\": 0.${n}DIGIT}}\"\n";
        user.write("propose.sh", &program.replace("DIGIT", digit));
        user
    });
    let [anna, ben] = users;
    for (user, verb) in [(&anna, "run"), (&anna, "push"), (&ben, "pull")] {
        let (code, told) = asked(user, verb);
        assert_eq!(code, Some(0), "{verb}: {told}");
    }
    assert_eq!(fits(&ben), fits(&anna));
    assert_eq!(values(&ben, "x").len(), 6);
    let (_, told) = asked(&ben, "run");
    assert!(!ben.path("asked.log").exists(), "{told}");
    // Who has gone on with other points keeps them.
    let carl = lab.user(READ);
    carl.write("manifests/s.yaml", &manifest);
    carl.write(
        "propose.sh",
        "n=$(wc -l)\necho \"{\\\"point\\\": {\\\"x\\\": 0.9${n}}}\"\n",
    );
    asked(&carl, "run");
    let own = fits(&carl);
    assert_eq!(asked(&carl, "pull").0, Some(0));
    assert_eq!(fits(&carl), own);
}

/// The program asks whoever asks it to stop.
#[cfg(unix)]
#[test]
fn who_stops_a_run_while_a_program_proposes_is_heard() {
    let method = "{command: {run: [sh, propose.sh], space: {x: {uniform: [0, 1]}}, startup: 2";
    let space = of(&SHORT.replace("{tpe: {space: {x: {uniform: [0, 1]}}, startup: 3", method));
    space.write("propose.sh", "kill -TERM $PPID\nsleep 600\n");
    let (code, told) = asked(&space, "run");
    assert!(code == Some(130) && told.contains("stopped"), "{told}");
    assert_eq!(fits(&space).lines().count(), 3);
    space.write("propose.sh", "echo '{\"point\": {\"x\": 0.1234567}}'\n");
    let (_, told) = asked(&space, "run");
    assert!(fits(&space).contains("0.1234567"), "{told}");
    assert!(told.contains("with the point of an earlier one"), "{told}");
}

/// Trial 1 ends when a third one has begun: trial 2, of two at once, which the program proposes from trial 0 alone.
#[test]
fn a_program_is_asked_while_other_trials_run() {
    let space = of(r#"experiment: s
axes:
  trial: {command: {run: [bash, propose.sh], space: {x: {int: [0, 99]}}, startup: 2, trials: 6, parallel: 2, minimize: fit.loss}}
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}"}
      run: |
        echo "$x" >> "${root}/begun"
        n=0
        while [ "$x" = "$(cat "${root}/waits")" ] && [ "$(wc -l < "${root}/begun")" -lt 3 ]; do
          n=$((n + 1)); if [ "$n" -gt 600 ]; then exit 3; fi
          sleep 0.05
        done
        echo "loss=$x"
      metrics: stdout
"#);
    // What it says follows from what it may know.
    let program = "read -r ask; known=$(grep -c finished)\n\
                   n=${ask#*:}; n=${n%%,*}\necho \"$n $known\" >> asked.log\n\
                   echo \"{\\\"point\\\": {\\\"x\\\": $((50 + n))}}\"\n";
    space.write("propose.sh", program);
    let plan = space.stdout(&["plan", "manifests/s.yaml", "--json"]);
    let step = plan.lines().nth(1).expect("two trials are known");
    let step: serde_json::Value = serde_json::from_str(step).expect("JSON");
    space.write("waits", &step["cell"]["x"].to_string());
    let (code, told) = asked(&space, "run");
    assert!(code == Some(0) && told.contains("6 done"), "{told}");
    assert_eq!(values(&space, "x")[2..], ["52", "53", "54", "55"]);
    assert_eq!(space.read("asked.log"), "2 1\n3 2\n4 3\n5 4\n");
}

/// As trials became fewer, or the manifest one that nobody understands, while the program was asked.
#[test]
fn an_answer_that_nobody_wants_any_more_ends_the_run() {
    for (change, trials) in [("s/trials: 6/trials: 2/", 2), ("s/^axes:/axes/", 2)] {
        let space = of(r#"experiment: s
axes:
  trial: {command: {run: [bash, propose.sh], space: {x: {int: [0, 99]}}, startup: 2, trials: 6, parallel: 2, minimize: fit.loss}}
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}"}
      run: 'if mkdir "${root}/first"; then :; else sleep 0.5; fi; echo "loss=$x"'
      metrics: stdout
"#);
        let program = format!(
            "sleep 0.2; sed -i '{change}' manifests/s.yaml; sleep 0.6; echo '{{\"point\": {{\"x\": 7}}}}'\n"
        );
        space.write("propose.sh", &program);
        let mut run = space.command(&["run", "manifests/s.yaml", "--progress", "none"]);
        let run = RefCell::new(run.spawn().expect("the program starts"));
        let ended = || matches!(run.borrow_mut().try_wait(), Ok(Some(_)));
        assert!(eventually(ended), "{change}: it goes on for ever");
        space.replace("propose.sh", "sed", ": sed");
        space.write(
            "manifests/s.yaml",
            &space.read("manifests/s.yaml").replace("axes\n", "axes:\n"),
        );
        assert_eq!(values(&space, "x").len(), trials, "{change}");
    }
}

#[test]
fn a_program_that_has_no_more_points_is_not_asked_again() {
    let method = "{command: {run: [bash, propose.sh], space: {x: {uniform: [0, 1]}}, startup: 2";
    let space = of(&SHORT.replace("{tpe: {space: {x: {uniform: [0, 1]}}, startup: 3", method));
    space.write(
        "propose.sh",
        "n=$(wc -l); echo asked >> asked.log\n\
         if [ $n -gt 4 ]; then echo '{\"exhausted\": true}'; else echo \"{\\\"point\\\": {\\\"x\\\": 0.$n}}\"; fi\n",
    );
    let (code, told) = asked(&space, "run");
    assert!(
        code == Some(0) && told.contains("\n4 trials, as many as it proposes\n"),
        "{told}"
    );
    assert_eq!(space.read("asked.log").lines().count(), 3);
    assert_eq!(fits(&space).lines().count(), 1 + 4);
}
