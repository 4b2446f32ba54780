//! What steps share.

use crate::support::TestSpace;

fn space(stages: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/r.yaml", &format!("experiment: r\n{stages}"));
    space
}

/// The numbers that a stage left, by step.
fn texts(space: &TestSpace) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![space.path("outputs/r/cells")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("results").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with("x.txt") => {
                    all.push(
                        std::fs::read_to_string(&path)
                            .expect("text")
                            .trim()
                            .to_owned(),
                    );
                }
                false => {}
            }
        }
    }
    all.sort();
    all
}

#[test]
fn every_step_has_gpus_of_its_own() {
    let space = space(
        r#"axes: {i: [1, 2]}
stages:
  one:
    uses: command
    resources: {gpus: 1}
    with: {run: 'sleep 0.3; echo "${i} $CUDA_VISIBLE_DEVICES" > "${out.x}"', out: {x: x.txt}}
"#,
    );
    let run = |more: &[&str], gpus: Option<&str>| {
        let mut command = space.command(&["run", "manifests/r.yaml", "--jobs", "4"]);
        command.args(more);
        match gpus {
            Some(gpus) => command.env("CUDA_VISIBLE_DEVICES", gpus),
            None => command.env_remove("CUDA_VISIBLE_DEVICES"),
        };
        command.output().expect("the program starts")
    };
    let output = run(&["--resource", "gpus=0"], None);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("needs 1 GPU where there are 0"), "{said}");
    assert!(said.contains("`--resource gpus=2`"), "{said}");

    assert!(run(&["--resource", "gpus=2"], None).status.success());
    let gpus = |text: &String| text.split(' ').nth(1).map(str::to_owned);
    let mut found: Vec<_> = texts(&space).iter().filter_map(gpus).collect();
    found.sort();
    assert_eq!(found, ["0", "1"], "two at once, each with another");

    // Those that the run itself was given, by their names; one after the other has the same.
    space.replace("manifests/r.yaml", "sleep 0.3", "sleep 0.1");
    assert!(run(&[], Some("GPU-7")).status.success());
    assert_eq!(texts(&space), ["1 GPU-7", "2 GPU-7"]);
    let output = run(&["--resource", "gpus=many"], None);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn pools_are_as_large_as_the_settings_say() {
    let stages = r#"axes: {i: [1, 2, 3, 4]}
stages:
  one:
    uses: command
    resources: {licence: 1}
    with: {run: 'touch "${root}/here/${i}"; sleep 0.4; ls "${root}/here" | wc -l > "${out.x}"; rm "${root}/here/${i}"', out: {x: x.txt}}
"#;
    let most = |settings: &str, more: &[&str]| {
        let space = space(stages);
        space.write("sweepline.toml", settings);
        std::fs::create_dir(space.path("here")).expect("a folder");
        space.stdout(&[&["run", "manifests/r.yaml", "--jobs", "4"], more].concat());
        texts(&space).last().expect("four").clone()
    };
    assert_eq!(most("", &[]), "1");
    assert_eq!(most("[resources]\nlicence = 2\n", &[]), "2");
    assert_eq!(
        most(
            "[resources]\nlicence = 1\n",
            &["--resource", "licence=2", "--resource", "memory=1GiB"]
        ),
        "2"
    );
}

/// Steps that wait for something else than a CPU: as many at once as `--jobs` says, however few CPUs there are.
#[test]
fn more_steps_than_cpus_run_at_once_where_they_are_asked_for() {
    let cpus = std::thread::available_parallelism().expect("a number");
    let jobs = usize::from(cpus) + 2;
    let all: Vec<String> = (1..=jobs).map(|i| i.to_string()).collect();
    let space = space(&format!(
        r#"axes: {{i: [{}]}}
stages:
  one:
    uses: command
    with:
      run: |
        here() {{ find "${{root}}/met" -type f | wc -l; }}
        mkdir -p "${{root}}/met"
        touch "${{root}}/met/${{i}}"
        for wait in $(seq 600); do
          if [ "$(here)" -ge {jobs} ]; then break; fi
          sleep 0.05
        done
        test "$(here)" -ge {jobs}
        echo "${{i}}" > "${{out.x}}"
      out: {{x: x.txt}}
"#,
        all.join(", ")
    ));
    let jobs = jobs.to_string();
    let output = space.output(&["run", "manifests/r.yaml", "--jobs", &jobs]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "they never met: {text}");
}
