//! Keys are insensitive to how a manifest is written and sensitive to what it says.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use sweepline::map::SortedVecMap;
use sweepline::plan::Contents;
use sweepline::plan::InputItem;
use sweepline::plan::KeyRules;
use sweepline::plan::Keys;
use sweepline::plan::Outlook;
use sweepline::plan::Plan;
use sweepline::plan::ResolveError;
use sweepline::plan::Resolver;
use sweepline::plan::StepId;
use sweepline::plan::Upstream;
use sweepline::store::Digest;
use sweepline::store::KeyParts;
use sweepline::store::Lookup;
use sweepline::store::StepResult;
use sweepline::store::StoreError;

use super::kit::plan;
use super::kit::steps;

/// Every input has this content.
struct Same(&'static str);

impl Contents for Same {
    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        Some(Digest::of(self.0.as_bytes()))
    }
    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        Ok(Digest::of(path.as_os_str().as_encoded_bytes()))
    }
}

fn keys(plan: &Plan, content: &'static str) -> Vec<Digest> {
    let rules = KeyRules::new("/", "cpu");
    let steps = plan.steps.iter();
    steps
        .map(|step| {
            rules
                .key(step, &mut Same(content))
                .expect("nothing is read")
        })
        .collect()
}

fn parts(plan: &Plan, stage: &str) -> KeyParts {
    let rules = KeyRules::new("/", "cpu");
    let step = steps(plan, stage)[0];
    rules.parts(step, &mut Same("a")).expect("nothing is read")
}

const PLAIN: &str = r#"
experiment: test
params: {epochs: 5, beta: 2}
axes:
  lr: [0.1, 0.01]
  seed: {seeds: 2}
stages:
  fit:
    uses: train/vae
    with: {lr: "${lr}", seed: "${seed}", epochs: "${epochs}", beta: "${beta}"}
  best:
    uses: select
    in: {candidates: fit}
    over: [seed]
    with: {by: valid_ll}
"#;

/// The same, written otherwise: order of keys, comments, white space, forms of numbers, names of
/// stages, values given directly.
const OTHERWISE: &str = r#"
# A comment.
experiment: renamed
stages:
  train:
    with:
      beta: 2.0
      epochs: 5   # given directly
      seed:   "${ seed }"
      lr:     "${lr}"
    uses: "train/vae"
    retries: 3
  choose:
    over: [seed]
    in:
      candidates: train
    with: {by: "valid_ll", order: max}
    uses: select
axes:
  lr: [1.0e-1, 0.010]
  seed: [0, 1]
"#;

#[test]
fn the_way_of_writing_is_not_in_keys() {
    assert_eq!(keys(&plan(PLAIN), "a"), keys(&plan(OTHERWISE), "a"));
}

#[test]
fn every_value_is_in_keys() {
    let plain = keys(&plan(PLAIN), "a");
    for (from, to) in [
        ("epochs: 5", "epochs: 6"),
        ("beta: 2", "beta: 2.5"),
        ("[0.1, 0.01]", "[0.2, 0.02]"),
        ("train/vae", "train/iwae"),
        ("valid_ll", "valid_kl"),
    ] {
        let text = PLAIN.replace(from, to);
        let text = match to {
            "train/iwae" => text.replace("beta: \"${beta}\"", "beta: \"${beta}\", samples: 5"),
            _ => text,
        };
        let changed = keys(&plan(&text), "a");
        assert_ne!(plain, changed, "{from} → {to}");
    }
}

#[test]
fn contents_are_in_keys() {
    let plan = plan(PLAIN);
    let (a, b) = (keys(&plan, "a"), keys(&plan, "b"));
    // The trainings read nothing; the selections do.
    assert_eq!(a[..4], b[..4]);
    assert!(a[4..].iter().zip(&b[4..]).all(|(a, b)| a != b));
}

#[test]
fn sweeping_a_former_scalar_keeps_its_results() {
    let swept = PLAIN
        .replace("beta: 2}", "}")
        .replace("axes:", "axes:\n  beta: [2, 4]");
    let before = keys(&plan(PLAIN), "a");
    let after = keys(&plan(&swept), "a");
    assert!(before[..4].iter().all(|key| after.contains(key)));
}

#[test]
fn a_legacy_value_stays_out_of_keys() {
    let beta_one = PLAIN.replace("beta: 2", "beta: 1");
    assert!(!parts(&plan(&beta_one), "fit").contains_key("param.beta"));
    assert_eq!(parts(&plan(PLAIN), "fit")["param.beta"], "2.0");
}

#[test]
fn the_backend_is_in_keys_of_kinds_that_use_the_device_alone() {
    let plan = plan(PLAIN);
    let key = |step: usize, backend: &str| {
        let rules = KeyRules::new("/", backend);
        rules
            .key(&plan.steps[step], &mut Same("a"))
            .expect("nothing is read")
    };
    assert_ne!(key(0, "cpu"), key(0, "cuda"));
    let last = plan.steps.len() - 1;
    assert_eq!(key(last, "cpu"), key(last, "cuda"));
}

#[test]
fn the_order_of_a_reduction_is_in_its_key() {
    let turned = PLAIN.replace("{seeds: 2}", "[1, 0]");
    let (before, after) = (parts(&plan(PLAIN), "best"), parts(&plan(&turned), "best"));
    assert_ne!(
        before["input.candidates.order"],
        after["input.candidates.order"]
    );
    assert_ne!(keys(&plan(PLAIN), "a")[4], keys(&plan(&turned), "a")[4]);
}

#[test]
fn keys_and_their_explanations_change_together() {
    let texts = [
        PLAIN.to_owned(),
        OTHERWISE.to_owned(),
        PLAIN.replace("epochs: 5", "epochs: 7"),
        PLAIN.replace("{seeds: 2}", "{seeds: 3}"),
        PLAIN.replace("{seeds: 2}", "[1, 0]"),
        PLAIN.replace("beta: 2", "beta: 1"),
    ];
    let rules = KeyRules::new("/", "cpu");
    let mut seen: Vec<(Digest, KeyParts)> = Vec::new();
    for text in texts {
        for step in &plan(&text).steps {
            let key = rules.key(step, &mut Same("a")).expect("nothing is read");
            let parts = rules.parts(step, &mut Same("a")).expect("nothing is read");
            for (known, known_parts) in &seen {
                assert_eq!(key == *known, parts == *known_parts, "{step}");
            }
            seen.push((key, parts));
        }
    }
}

/// What is asked for, of steps that all left the same.
struct Asking {
    left: StepResult,
    asked: Mutex<Vec<Digest>>,
}

impl Outlook for Asking {
    fn upstream(&self, _: StepId) -> Upstream<'_> {
        Upstream::Left(&self.left)
    }
    fn input_file(&self, _: &Path) -> Result<Digest, ResolveError> {
        unreachable!("no file is read")
    }
    fn key_file(&self, path: &Path) -> io::Result<Digest> {
        Ok(Digest::of(path.as_os_str().as_encoded_bytes()))
    }
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        self.asked.lock().expect("nobody panics").push(key);
        Ok(Lookup::Miss)
    }
    fn name(&self, step: StepId) -> String {
        format!("{step:?}")
    }
}

/// A reduction had fractions among its coordinates, and is looked for with them where it has no result without; of an
/// axis that had whole numbers already it is not.
#[test]
fn former_coordinates_are_looked_for_too() {
    let asked = |axis: &str| {
        let plan = plan(
            &PLAIN
                .replace("over: [seed]", "over: [seed, lr]")
                .replace("lr: [0.1, 0.01]", &format!("lr: {axis}")),
        );
        let outlook = Asking {
            left: StepResult {
                outputs: SortedVecMap::default(),
                diverged: None,
                seconds: 0.0,
            },
            asked: Mutex::default(),
        };
        let rules = KeyRules::new("/", "cpu");
        let resolver = Resolver {
            keys: &rules,
            outlook: &outlook,
        };
        for step in &plan.steps {
            resolver.resolve(step, false);
        }
        let fits = steps(&plan, "fit").len();
        let mut asked = outlook.asked.into_inner().expect("nobody panics");
        asked.split_off(fits)
    };
    let by_list = asked("[0, 0.5, 1]");
    let by_form = asked("{linspace: [0, 1, 3]}");
    assert_eq!((by_list.len(), by_form.len()), (1, 2));
    assert_eq!(by_list[0], by_form[0]);
}
