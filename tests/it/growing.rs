//! A search as the engine sees it: cells of an axis are added while their results come in, and what
//! reduces that axis follows once there are no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sweepline::engine::EndedStep;
use sweepline::engine::Engine;
use sweepline::engine::Event;
use sweepline::engine::Growth;
use sweepline::engine::Options;
use sweepline::engine::Summary;
use sweepline::manifest::Experiment;
use sweepline::manifest::Overrides;
use sweepline::plan::Cell;
use sweepline::plan::GrowingPlan;
use sweepline::plan::KeyRules;
use sweepline::plan::Plan;
use sweepline::plan::Step;
use sweepline::plan::content_digest;
use sweepline::registry::Value;
use sweepline::stages;
use sweepline::stages::Stages;
use sweepline::store::Access;
use sweepline::store::Digest;
use sweepline::store::Lookup;
use sweepline::store::Store;

/// All values of the search, in the order in which they are added.
const RATES: [f64; 6] = [0.5, 0.1, 0.3, 0.2, 0.25, 0.4];

/// The replicate stands before the axis that grows: new cells come between those that there are.
fn manifest(rates: &[f64]) -> String {
    format!(
        r#"experiment: search
axes:
  seed: {{seeds: 2}}
  lr: {rates:?}
stages:
  data:
    uses: command
    with: {{run: 'echo data >> "${{root}}/ran"; echo 0.27 > "${{out.best}}"', out: {{best: best.txt}}}}
  fit:
    uses: command
    in: {{data: data}}
    with:
      run: |
        echo "fit ${{seed}} ${{lr}}" >> "${{root}}/ran"
        echo "${{lr}} ${{seed}} $(cat "${{in.data}}")" > "${{out.model}}"
      out: {{model: model.txt}}
  score:
    uses: command
    in: {{model: fit}}
    with:
      run: |
        echo "score ${{seed}} ${{lr}}" >> "${{root}}/ran"
        awk '{{ print "loss=" ($1 - $3) * ($1 - $3) + $2 / 100 }}' "${{in.model}}"
      metrics: stdout
  over-seeds:
    uses: table/summary
    in: {{rows: score}}
    over: [seed]
    with: {{values: [loss], replicate: seed}}
  best:
    uses: select
    in: {{candidates: score}}
    over: [lr]
    with: {{by: loss, order: min}}
  summary:
    uses: table/summary
    in: {{rows: best.metrics}}
    with: {{values: [loss], replicate: seed}}
"#
    )
}

fn write_manifest(root: &Path, rates: &[f64]) {
    fs::create_dir_all(root).expect("the folder is writable");
    fs::write(root.join("sweepline.toml"), "").expect("the folder is writable");
    fs::write(root.join("search.yaml"), manifest(rates)).expect("the folder is writable");
}

fn whole(root: &Path) -> Plan {
    write_manifest(root, &RATES);
    let path = root.join("search.yaml");
    let planned = Plan::read(&path, &stages::catalog(), &Overrides::default());
    let said = planned.found.render(false);
    planned.plan.unwrap_or_else(|| panic!("{said}"))
}

/// The plan with the first two values, open for others.
fn growing(root: &Path) -> GrowingPlan {
    write_manifest(root, &RATES[..2]);
    let catalog = stages::catalog();
    let path = root.join("search.yaml");
    let reading = Experiment::read(&path, &catalog, &Overrides::default());
    let plan = GrowingPlan::of(reading, &catalog, &["lr"]);
    plan.unwrap_or_else(|found| panic!("{}", found.render(false)))
}

fn cell(values: &[(&str, Value)]) -> Cell {
    let values = values.iter();
    Cell(
        values
            .map(|(name, value)| (Arc::from(*name), value.clone()))
            .collect(),
    )
}

/// A value is added as soon as the scores of the one before the last are known.
struct Search {
    plan: GrowingPlan,
    added: usize,
    /// By value: how many of its scores have ended.
    ended: BTreeMap<String, usize>,
    /// How many steps each turn added.
    turns: Vec<usize>,
}

impl Search {
    fn over(root: &Path) -> Self {
        Search {
            plan: growing(root),
            added: 2,
            ended: BTreeMap::new(),
            turns: Vec::new(),
        }
    }

    fn scored(&self, index: usize) -> bool {
        self.ended.get(&RATES[index].to_string()) == Some(&2)
    }
}

impl Growth for Search {
    fn grow(&mut self, ended: &[EndedStep<'_>]) -> Vec<Arc<Step>> {
        for step in ended {
            let step = self.plan.plan().step(step.id);
            if *step.stage == *"score" {
                let rate = step.cell.get("lr").expect("scores have a rate").to_string();
                *self.ended.entry(rate).or_default() += 1;
            }
        }
        let mut steps = Vec::new();
        while self.added < RATES.len() && self.scored(self.added - 2) {
            let rate = Value::Float(RATES[self.added]);
            let grown = self.plan.extend(&[cell(&[("lr", rate)])]);
            let grown = grown.unwrap_or_else(|found| panic!("{}", found.render(false)));
            self.turns.push(grown.steps.len());
            steps.extend(grown.steps);
            self.added += 1;
        }
        if self.added == RATES.len() && (0..RATES.len()).all(|index| self.scored(index)) {
            let grown = self.plan.close();
            steps.extend(
                grown
                    .unwrap_or_else(|found| panic!("{}", found.render(false)))
                    .steps,
            );
        }
        steps
    }
}

fn open(root: &Path) -> Store {
    Store::open(&root.join("store"), Access::Write { wait: true }).expect("the store opens")
}

fn run(
    root: &Path,
    jobs: usize,
    steps: &[Arc<Step>],
    growth: Option<&mut dyn Growth>,
    tell: &mut dyn FnMut(&Event),
) -> Summary {
    let store = open(root);
    let keys = KeyRules::new(root, "cpu");
    let mut options = Options::new("search", root);
    options.jobs = jobs;
    let engine = Engine::new(&keys, &Stages, &store, options);
    engine
        .run_growing(steps, growth, &mut |timed| tell(&timed.event))
        .expect("the store works")
}

/// Runs the search to its end; what came of each step, by name.
fn search(root: &Path, jobs: usize) -> Search {
    let mut search = Search::over(root);
    let steps = search.plan.plan().steps.clone();
    run(root, jobs, &steps, Some(&mut search), &mut |_| {});
    search
}

/// Step → key and content of its results, from a run in which nothing is left to do.
fn results(root: &Path, plan: &Plan) -> BTreeMap<String, (Option<Digest>, Option<Digest>)> {
    let before = ran(root).len();
    let summary = run(root, 2, &plan.steps, None, &mut |_| {});
    assert_eq!(ran(root).len(), before, "everything was done");
    let steps = plan.steps.iter().zip(&summary.steps);
    let digest = |result: &sweepline::store::StepResult| content_digest(result, None);
    steps
        .map(|(step, result_of)| {
            let content = result_of.result.as_ref().and_then(|result| digest(result));
            assert!(content.is_some(), "{step} has a result");
            (step.to_string(), (result_of.key, content))
        })
        .collect()
}

/// The programs that were started, in order.
fn ran(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("ran")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// As the programs of a step tell of it.
fn told(step: &Step) -> String {
    let mut words = vec![step.stage.to_string()];
    words.extend(step.cell.iter().map(|(_, value)| value.to_string()));
    words.join(" ")
}

#[test]
fn a_plan_that_grew_has_the_keys_and_results_of_one_that_lists_all_values() {
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let root = folder.path().join("whole");
    let plan = whole(&root);
    run(&root, 2, &plan.steps, None, &mut |_| {});
    let wanted = results(&root, &plan);
    // 1 of data, 12 of each of fit and score, 6 over seeds, 2 best ones, a summary.
    assert_eq!(wanted.len(), 34);
    for jobs in [1, 4] {
        let root = folder.path().join(format!("grown-{jobs}"));
        let grown = search(&root, jobs);
        // Two fits, two scores and what reduces their seeds, each time.
        assert_eq!(grown.turns, [5; 4], "{jobs} jobs");
        assert_eq!(ran(&root).len(), 25, "{jobs} jobs");
        let plan = grown.plan.into_plan();
        assert_eq!(results(&root, &plan), wanted, "{jobs} jobs");
        for (index, step) in plan.steps.iter().enumerate() {
            assert_eq!(step.id.index(), index);
        }
        let again = search(&root, jobs);
        assert_eq!(
            ran(&root).len(),
            25,
            "a search that is known starts nothing"
        );
        assert_eq!(again.turns, [5; 4]);
    }
}

const VICTIM: &str = "SWEEPLINE_TEST_GROWING_VICTIM";

/// Runs the search, saying each step that starts, until it is killed.
fn be_killed(root: &Path) {
    let jobs = fs::read_to_string(root.join("jobs")).expect("the parent says how many");
    let jobs = jobs.parse().expect("a number");
    let mut search = Search::over(root);
    let steps = search.plan.plan().steps.clone();
    run(root, jobs, &steps, Some(&mut search), &mut |event| {
        if matches!(event, Event::StepStarted { .. }) {
            let _ = writeln!(std::io::stdout(), "started a step");
        }
    });
    let _ = writeln!(std::io::stdout(), "ended all");
}

#[test]
fn a_search_that_is_killed_goes_on_and_does_nothing_twice_that_was_recorded() {
    if let Some(root) = std::env::var_os(VICTIM) {
        return be_killed(Path::new(&root));
    }
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let undisturbed = folder.path().join("undisturbed");
    let wanted = {
        let grown = search(&undisturbed, 2);
        results(&undisturbed, &grown.plan.into_plan())
    };
    for jobs in [1, 4] {
        let root = folder.path().join(format!("killed-{jobs}"));
        fs::create_dir_all(&root).expect("the folder is new");
        fs::write(root.join("jobs"), jobs.to_string()).expect("the folder is writable");
        let plan = whole(&root);
        let mut kills = 0;
        loop {
            let before = ran(&root).len();
            let recorded = recorded(&root, &plan, &wanted);
            let mut victim = Command::new(std::env::current_exe().expect("this program"))
                .args([
                    "--exact",
                    "growing::a_search_that_is_killed_goes_on_and_does_nothing_twice_that_was_recorded",
                    "--nocapture",
                ])
                .env(VICTIM, &root)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("this program starts");
            let out = victim.stdout.take().expect("a pipe");
            let mut lines = BufReader::new(out).lines().map_while(Result::ok);
            let started = |line: &String| line.contains("started ");
            // One more than may run at once, so that one at least has ended, and a few on top.
            let alive = lines.by_ref().filter(started).nth(jobs + kills % 3);
            std::thread::sleep(Duration::from_micros(731 * (kills as u64 % 7)));
            let _ = victim.kill();
            let rest: Vec<String> = lines.collect();
            victim.wait().expect("it ended");
            let started = ran(&root).split_off(before);
            let twice: Vec<_> = started
                .iter()
                .filter(|step| recorded.contains(*step))
                .collect();
            assert!(twice.is_empty(), "{twice:?} after {kills} kills");
            if alive.is_none() || rest.iter().any(|line| line.contains("ended all")) {
                break;
            }
            kills += 1;
            assert!(kills < 60, "it goes on");
        }
        assert!(kills >= 3, "{kills} kills");
        let grown = search(&root, jobs);
        assert_eq!(
            results(&root, &grown.plan.into_plan()),
            wanted,
            "{jobs} jobs"
        );
    }
}

/// The programs whose results the store has.
fn recorded(
    root: &Path,
    plan: &Plan,
    wanted: &BTreeMap<String, (Option<Digest>, Option<Digest>)>,
) -> BTreeSet<String> {
    let store = open(root);
    let has = |step: &&Arc<Step>| {
        let key = wanted[&step.to_string()].0.expect("it has a key");
        matches!(store.lookup(key), Ok(Lookup::Hit(_)))
    };
    plan.steps
        .iter()
        .filter(has)
        .map(|step| told(step))
        .collect()
}

fn refused(plan: &mut GrowingPlan, cells: &[Cell]) -> String {
    match plan.extend(cells) {
        Ok(_) => panic!("it was taken"),
        Err(found) => found.render(false),
    }
}

#[test]
fn mistakes_in_added_cells_are_said_and_leave_the_plan_as_it_was() {
    let folder = tempfile::tempdir().expect("the machine has a temporary folder");
    let mut plan = growing(folder.path());
    let steps = plan.plan().steps.len();
    let float = |value: f64| Value::Float(value);
    let cases = [
        (vec![("rate", float(1.0))], "no value on an open axis"),
        (vec![("seed", Value::Int(0))], "no value on an open axis"),
        (
            vec![("lr", float(1.0)), ("rate", float(1.0))],
            "`rate`: it is no axis",
        ),
        (
            vec![("lr", float(1.0)), ("seed", Value::Int(7))],
            "`seed` is never `7`, and gets no more values",
        ),
    ];
    for (values, message) in cases {
        let good = cell(&[("lr", float(0.9))]);
        let said = refused(&mut plan, &[good, cell(&values)]);
        assert!(said.contains(message), "{said}");
        assert_eq!(plan.plan().steps.len(), steps);
    }

    // One member of a group now, the other once the group has its step.
    let member = |seed| cell(&[("lr", float(0.3)), ("seed", Value::Int(seed))]);
    let grown = plan
        .extend(&[member(0)])
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    assert_eq!(grown.steps.len(), 3);
    let said = refused(&mut plan, &[member(1)]);
    assert!(
        said.contains("`over-seeds[lr=0.3]` has its cells already"),
        "{said}"
    );
    assert_eq!(plan.plan().steps.len(), steps + 3);

    // And goes on as if nothing had been.
    let added = |plan: &mut GrowingPlan, rate: f64| {
        let grown = plan.extend(&[cell(&[("lr", float(rate))])]);
        grown
            .unwrap_or_else(|found| panic!("{}", found.render(false)))
            .steps
    };
    assert_eq!(added(&mut plan, 0.2).len(), 5);
    assert!(added(&mut plan, 0.2).is_empty());
    let closed = plan
        .close()
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    assert_eq!(closed.steps.len(), 3);
    assert_eq!(closed.steps[0].inputs[0].items.len(), 4);
    let said = refused(&mut plan, &[member(1)]);
    assert!(said.contains("the plan is closed"), "{said}");
}
