//! `evaluate/<score>`: a fitted model and a data set become numbers.

use super::Stage;
use super::artifacts;
use super::capabilities;
use super::classifier;
use super::fitted;
use super::registered::Registered;
use super::train::LinkMonitor;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics;
use crate::metrics::Asked;
use crate::metrics::Metric;
use crate::metrics::Scores;
use crate::nn::device::DeviceChoice;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::text::list_of;
use crate::training::Curve;

/// Computes one score of the registry.
pub(super) type Evaluate = Registered<dyn Metric>;

/// Changes that all scores share: since the first a diverged model has none.
pub(super) const SHARED: u32 = 1;

impl StageKind for Evaluate {
    fn inputs(&self) -> Vec<Slot> {
        let mut slots = vec![
            Slot::new("model", &[ArtifactType::Model], "the fitted model").single(),
            Slot::new("data", &[ArtifactType::Dataset], "what it is scored on").single(),
        ];
        slots.extend(self.entry.classifier());
        slots
    }

    fn outputs(&self) -> Outputs {
        match self.entry.has_curve() {
            true => Outputs::Fixed(&[
                ("metrics", ArtifactType::Metrics),
                ("curve", ArtifactType::Curve),
            ]),
            false => Outputs::Fixed(&[("metrics", ArtifactType::Metrics)]),
        }
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        let measured = Columns::measured(&self.measures());
        match output {
            "metrics" => measured,
            _ => measured.and_others(),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        self.entry.measures().to_vec()
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        self.entry.check(params)
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let needs = self.entry.needs();
        capabilities::check(needs, reads).map_err(|mut misfit| {
            let model = reads(misfit.slot);
            let others = metrics::ALL.iter();
            let others = others.filter(|metric| model.lacks(metric.needs()).is_none());
            let others: Vec<String> = others
                .map(|metric| format!("evaluate/{}", metric.name()))
                .collect();
            if !others.is_empty() {
                let others = list_of(others.iter().map(String::as_str));
                misfit.help += &format!("; this model can have {others}");
            }
            misfit
        })?;
        capabilities::check_data("data", self.entry.needs_of_data(), reads)?;
        reads("model").is_of_data_like(&reads("data"))?;
        if self.entry.classifier().is_some() {
            reads("classifier").learns_of_the_scale_of(&reads("data"), "classifier")?;
        }
        if needs.contains(&Capability::Likelihood) {
            reads("model").has_likelihood_of(&reads("data"))?;
        }
        self.entry.foresee(params, reads)?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Evaluate {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let names = self.entry.measures().iter().map(|measure| measure.name);
        let left = |metrics: Vec<u8>, curve: Option<Curve>| {
            let mut produced = StepOutput::default();
            produced.file("metrics", artifacts::METRICS, metrics);
            if self.entry.has_curve() {
                let curve = curve.unwrap_or_default().to_csv();
                produced.file("curve", artifacts::CURVE, curve);
            }
            produced
        };
        let none = || left(artifacts::no_metrics(names.clone()), None);
        fitted::unless_diverged(none, || {
            // Scores are computed on the CPU wherever the model was trained: they are cheap beside
            // the training, and so are the same numbers everywhere.
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            let classifier = classifier::given(job)?;
            let Scores { numbers, curve } = self.entry.score(&Asked {
                model: &*model,
                data: &data,
                classifier: classifier.as_ref(),
                params: &job.step.params,
                monitor: &LinkMonitor(job.link),
            })?;
            for contradiction in self.entry.contradictions(&numbers) {
                job.link.warn(&contradiction);
            }
            let metrics = artifacts::metrics_json(names.clone().zip(numbers));
            Ok(left(metrics, curve))
        })
    }
}
