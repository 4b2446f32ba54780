//! `train/<model>`: a data set becomes a fitted model, its curve and its last scores.

use super::Stage;
use super::artifacts;
use super::fitted;
use super::registered::Registered;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Link;
use crate::engine::StepOutput;
use crate::models;
use crate::models::ExtraInput;
use crate::models::Model;
use crate::models::params::TrainingParams;
use crate::nn;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::training::Monitor;

/// Trains one model of the registry.
pub(super) type Train = Registered<dyn Model>;

impl StageKind for Train {
    fn inputs(&self) -> Vec<Slot> {
        let data = Slot::new(
            "data",
            &[ArtifactType::Dataset],
            "trains on its training split, watches its validation split",
        )
        .single();
        let mut slots = vec![data];
        slots.extend(self.entry.slots());
        slots
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("model", ArtifactType::Model),
            ("curve", ArtifactType::Curve),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn uses_device(&self) -> bool {
        true
    }

    fn measures(&self) -> Vec<Measure> {
        let along = [
            Measure::new("epoch", "epoch"),
            Measure::new("iteration", "iteration"),
        ];
        [&along, self.entry.measures()].concat()
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let capabilities = self.entry.capabilities_with(params);
        let mut lacking = reads("data").lacking;
        lacking.retain(|property| *property == Property::Pictures);
        let model = Facts {
            lacking,
            support: self.entry.support(params),
            capabilities: Some(capabilities),
            shape: reads("data").shape,
            scaled: reads("data").scaled,
            sequences: Some(capabilities.contains(&Capability::Sequences)),
            latent: match params.get("latent") {
                Some(Value::Int(latent)) => usize::try_from(*latent).ok(),
                _ => None,
            },
            ..Facts::default()
        };
        model.is_of_the_form_of(&reads("data"))?;
        model.has_likelihood_of(&reads("data"))?;
        self.entry.foresee(params, reads)?;
        Ok(model)
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        // A decay of one never forgets: the correction of the first moments divides by zero.
        let Ok(TrainingParams { beta1, beta2, .. }) = TrainingParams::read(params) else {
            // The types of the parameters say what is wrong with single ones.
            return Ok(());
        };
        for (param, decay) in [("beta1", beta1), ("beta2", beta2)] {
            if decay >= 1.0 {
                return Err(InvalidParam {
                    param,
                    message: "a decay has to be below 1".to_owned(),
                    help: "Adam divides by 1 less the decay; 0.9 and 0.999 are usual".to_owned(),
                });
            }
        }
        self.entry.check(params)
    }

    fn unavailable(&self, params: &Values) -> Option<InvalidParam> {
        match TrainingParams::read(params).ok()?.device.available() {
            Err(nn::Error::Device { reason, help, .. }) => Some(InvalidParam {
                param: "device",
                message: reason.clone(),
                help: help.clone(),
            }),
            _ => None,
        }
    }
}

impl Stage for Train {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let data = artifacts::dataset(job, "data")?;
        let monitor = LinkMonitor(job.link);
        let extra = artifacts::given(job, self.entry.slots(), extra_input)?;
        let params = &job.step.params;
        let trained = self.entry.train(&data, &extra, params, &monitor)?;
        let scores = trained.curve.names.iter().map(|name| {
            let last = trained.curve.last(name);
            (name.as_str(), last.unwrap_or(f64::NAN))
        });
        let numbers = trained.numbers.iter().copied();
        // Of a single observation no standard error is known.
        let of_weights = |name: &str| !name.ends_with("_se");
        let mut wrong = trained.numbers.iter();
        let wrong = wrong.find(|(name, value)| !value.is_finite() && of_weights(name));
        let wrong = wrong.map(|(name, value)| format!("`{name}` came to {value}"));
        let diverged = trained.diverged.clone().or(wrong);
        let metrics = match &diverged {
            // A diverged training has no score that anyone could take.
            Some(_) => artifacts::no_metrics(scores.chain(numbers).map(|(name, _)| name)),
            None => artifacts::metrics_json(scores.chain(numbers)),
        };
        let mut produced = StepOutput {
            diverged,
            spent_before: trained.spent_before,
            ..StepOutput::default()
        };
        produced
            .file("metrics", artifacts::METRICS, metrics)
            .file("curve", artifacts::CURVE, trained.curve.to_csv())
            .file(
                "model",
                artifacts::MODEL,
                models::scaled_as(&data, trained.weights)?,
            );
        Ok(produced)
    }
}

/// The array or the model in a slot.
fn extra_input(job: &Job<'_>, slot: &str) -> Result<ExtraInput, JobError> {
    if let Some(item) = job.items(slot).iter().find(|item| item.diverged) {
        let name = fitted::name(item);
        return Err(JobError::failed(format!(
            "what is in `{slot}` diverged: {name}"
        )));
    }
    let artifact = artifacts::only(job, slot)?;
    match artifact.paths.contains_key(artifacts::MODEL) {
        true => Ok(ExtraInput::Model(artifacts::read(
            artifact,
            artifacts::MODEL,
        )?)),
        false => Ok(ExtraInput::Array(artifacts::array(job, slot)?)),
    }
}

/// The engine's link as a training sees it.
pub(super) struct LinkMonitor<'a>(pub(super) &'a dyn Link);

impl Monitor for LinkMonitor<'_> {
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]) {
        self.0.progress(done, total, numbers);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        self.0.checkpoint()
    }

    fn checkpoint_due(&self) -> bool {
        self.0.checkpoint_due()
    }

    fn save_checkpoint(&self, state: &[u8]) {
        self.0.save_checkpoint(state);
    }

    fn goes_on(&self) -> bool {
        self.0.goes_on()
    }

    fn hand_on(&self, state: &[u8]) {
        self.0.hand_on(state);
    }

    fn log(&self, line: &str) {
        self.0.log(line);
    }

    fn warn(&self, message: &str) {
        self.0.warn(message);
    }
}
