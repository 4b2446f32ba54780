//! The loop by the smallest algorithm there is: one number that follows the mean of its rows.

use serde_json::Value as Json;
use serde_json::json;

use super::Session;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Cpu;
use crate::nn::Init;
use crate::nn::Param;
use crate::nn::checkpoint;
use crate::random::Seed;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// Least squares of one number against rows that are their own values.
struct Mean {
    component: Component<Cpu>,
    value: Param<(usize,)>,
    phase: Phase,
    /// The loss of this iteration is reported as NaN.
    breaks_in: Option<u64>,
    /// The update of this iteration leaves an infinite weight, which no loss shows.
    bursts_in: Option<u64>,
    /// The validation gives this.
    score: f64,
    finished_after: Option<usize>,
    device_fails: bool,
    rows: usize,
}

impl Mean {
    fn new(phase: Phase) -> Self {
        let device = Cpu::default();
        let (component, value) = Component::declare("mean", &device, Seed::new(1), |builder| {
            builder.weight("value", (1,), Init::Constant(0.5))
        });
        Mean {
            component: component
                .optimised(Algorithm::adam(0.9, 0.999), LearningRate::constant(1e-2)),
            value,
            phase,
            breaks_in: None,
            bursts_in: None,
            score: 1.0,
            finished_after: None,
            device_fails: false,
            rows: 0,
        }
    }

    fn of_ten(epochs: u64) -> Self {
        let batches = Batches::of_rows(10, 4, Seed::new(2));
        Self::new(Phase::epochs("fit", epochs, batches))
    }

    fn train(&mut self, config: &Json, monitor: &Session) -> Result<Trained, TrainingError> {
        TrainingLoop::new(config, monitor)?.run(self)
    }
}

impl TrainingAlgorithm<Cpu> for Mean {
    fn components(&mut self) -> Vec<&mut Component<Cpu>> {
        vec![&mut self.component]
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let pass = self.component.record();
        let wanted = rows.iter().sum::<usize>() as f32 / rows.len() as f32;
        let distance = pass.get(self.value) - pass.device().vector(vec![wanted]);
        let loss = distance.square().mean();
        let value = match self.breaks_in == Some(at.number) {
            true => f64::NAN,
            false => f64::from(loss.value()),
        };
        let mut gradients = pass.backward(loss);
        if self.bursts_in == Some(at.number) {
            gradients.scale(f32::INFINITY);
        }
        self.component.update(gradients);
        if self.device_fails {
            crate::nn::device::failed("a test", &"OutOfMemory");
        }
        at.report("loss", value, rows.len());
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        self.rows += 1;
        let value = f64::from(self.component.params().values(0)[0]);
        Ok(vec![("valid_value", self.score * value)])
    }

    fn finished(&self, _phase: usize) -> bool {
        self.finished_after == Some(self.rows)
    }
}

#[test]
fn a_curve_has_a_row_an_epoch_and_the_weights_have_their_name() {
    let session = Session::default();
    let trained = Mean::of_ten(2)
        .train(&json!({}), &session)
        .expect("it trains");
    assert_eq!(trained.curve.names, ["train_loss", "valid_value"]);
    assert_eq!((session.done.get(), session.total.get()), (6, 6));
    let rows: Vec<_> = trained
        .curve
        .rows
        .iter()
        .map(|r| (r.epoch, r.iteration))
        .collect();
    assert_eq!(rows, [(1, 3), (2, 6)]);
    let saved = checkpoint::Saved::read(&trained.weights).expect("its own weights");
    assert_eq!(saved.header.iteration, 6);
    let log = session.log.take();
    assert!(log.contains("mean.value"), "{log}");
}

#[test]
fn a_number_that_is_not_finite_ends_the_training_by_name() {
    let mut mean = Mean::of_ten(3);
    mean.breaks_in = Some(4);
    let session = Session::default();
    let trained = mean.train(&json!({}), &session).expect("it ends");
    let how = trained.diverged.expect("it diverged");
    assert_eq!(how, "the training loss became NaN in iteration 5");
    assert!(session.log.take().contains(&how));
    assert_eq!(trained.curve.rows.len(), 1);
}

#[test]
fn weights_that_are_not_finite_at_the_end_are_found() {
    let mut mean = Mean::of_ten(1);
    mean.bursts_in = Some(2);
    let trained = mean
        .train(&json!({}), &Session::default())
        .expect("it ends");
    let how = trained.diverged.expect("it diverged");
    assert!(how.contains("`mean.value`"), "{how}");
}

#[test]
fn the_last_score_tells_too_and_scores_keep_their_names() {
    let mut mean = Mean::of_ten(2);
    mean.score = f64::INFINITY;
    let trained = mean.train(&json!({}), &Session::default());
    let how = trained.expect("it ends").diverged.expect("it diverged");
    assert_eq!(how, "`valid_value` was inf after epoch 2");

    let mut mean = Mean::of_ten(2);
    mean.breaks_in = Some(0);
    let trained = mean.train(&json!({}), &Session::default());
    let curve = trained.expect("it ends").curve;
    assert_eq!(curve.names, ["train_loss", "valid_value"]);
    assert!(curve.rows.is_empty());
}

#[test]
fn a_training_may_end_before_its_budget() {
    let mut mean = Mean::of_ten(9);
    mean.finished_after = Some(2);
    let trained = mean
        .train(&json!({}), &Session::default())
        .expect("it ends");
    assert_eq!(trained.curve.rows.len(), 2);
}

#[test]
fn a_budget_in_iterations_may_end_within_an_epoch() {
    let phase = |batches| Phase::iterations("fit", 7, 3, batches);
    let batches = Batches::of_rows(10, 4, Seed::new(2));
    let trained = Mean::new(phase(batches)).train(&json!({}), &Session::default());
    let rows = trained.expect("it trains").curve.rows;
    let places: Vec<_> = rows.iter().map(|row| (row.epoch, row.iteration)).collect();
    assert_eq!(places, [(1, 3), (2, 6), (2, 7)]);
}

#[test]
fn a_budget_that_cannot_be_spent_is_an_error() {
    let empty = Batches::of_rows(0, 4, Seed::new(2));
    let many = Batches::of_rows(10, 4, Seed::new(2));
    for (epochs, batches, why) in [(1, empty, "no observation"), (u64::MAX, many, "fewer")] {
        let error = Mean::new(Phase::epochs("fit", epochs, batches))
            .train(&json!({}), &Session::default())
            .err();
        let text = error.expect("nothing can be done").to_string();
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn a_device_that_fails_is_an_error_with_a_remedy() {
    let mut mean = Mean::of_ten(1);
    mean.device_fails = true;
    let error = mean.train(&json!({}), &Session::default()).err();
    let text = error.expect("the device failed").to_string();
    assert!(
        text.contains("a test") && text.contains("`--jobs`"),
        "{text}"
    );
}

#[test]
fn the_checkpoint_of_another_training_is_left_alone() {
    let session = Session::stopping_after(4);
    let stopped = Mean::of_ten(2).train(&json!({"lr": 1}), &session);
    assert!(matches!(stopped, Err(TrainingError::Cancelled)));
    let expected = Mean::of_ten(2).train(&json!({"lr": 2}), &Session::default());
    let session = session.next_attempt(None);
    let found = Mean::of_ten(2).train(&json!({"lr": 2}), &session);
    assert!(session.log.take().contains("of another training"));
    assert!(found.expect("it trains").weights == expected.expect("it trains").weights);

    *session.kept.borrow_mut() = Some(b"{}".to_vec());
    let again = Session {
        kept: session.kept,
        ..Session::default()
    };
    Mean::of_ten(2)
        .train(&json!({}), &again)
        .expect("it starts afresh");
    assert!(again.log.take().contains("cannot be used"));
}

/// As programs wrote them before there were components: one loss, one Adam over everything.
#[test]
fn an_older_checkpoint_goes_on_where_it_stopped() {
    let config = json!({"model": "mean"});
    let mut whole = Mean::of_ten(3);
    let expected = whole
        .train(&config, &Session::default())
        .expect("it trains");
    let session = Session::stopping_after(5);
    let mut mean = Mean::of_ten(3);
    mean.train(&config, &session).expect_err("it was stopped");

    let kept = session.kept.take().expect("it was kept");
    let written = checkpoint::Saved::read(&kept)
        .expect("its own")
        .header
        .config;
    let old = json!({
        "model": config,
        "curve": written["curves"][0],
        "loss_sum": written["scalars"][0]["sum"],
    });
    let header = crate::nn::Header {
        iteration: 5,
        config: old,
    };
    let adam = mean.component.optimizer().expect("it has one");
    let bytes = checkpoint::to_bytes(&header, mean.component.params(), &[("adam", adam)]);
    let session = Session::default();
    *session.kept.borrow_mut() = Some(bytes.expect("plain numbers"));
    let found = Mean::of_ten(3)
        .train(&config, &session)
        .expect("it goes on");
    assert!(session.log.take().contains("going on after iteration 5"));
    assert!(found.weights == expected.weights);
    assert_eq!(found.curve, expected.curve);
}
