//! A reference case: its settings, its given tensors and the wanted ones.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sweepline::nn::{
    Backend, Cpu, Gradients, Matrix, ParamGradients, Params, Scalar, Shape, Tape, Tensor, Vector,
};

/// One case of `index.json` with its file's tensors.
pub(crate) struct Case {
    pub name: String,
    pub kind: String,
    pub hyperparameters: Value,
    formula: String,
    given: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    wanted: Vec<Wanted>,
}

/// A tensor to be met.
pub(crate) struct Wanted {
    pub name: String,
    pub values: Vec<f64>,
    pub rtol: f64,
    pub atol: f64,
    /// The same before they were rounded to float32, where the index has them.
    pub exact: Vec<f64>,
}

/// Reads all cases of a folder.
pub(crate) fn load(folder: &Path) -> Vec<Case> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
    };
    let index: Value = serde_json::from_slice(&read("index.json")).expect("index.json is JSON");
    assert_eq!(index["format"], 1, "version of the index");
    let cases = index["cases"].as_array().expect("a list of cases");
    cases
        .iter()
        .map(|case| {
            let text = |key: &str| case[key].as_str().expect("a string").to_owned();
            Case::new(
                text("name"),
                text("kind"),
                case["hyperparameters"].clone(),
                text("formula"),
                case["tensors"].as_object().expect("tensors by name"),
                &read(&text("file")),
            )
        })
        .collect()
}

impl Case {
    fn new(
        name: String,
        kind: String,
        hyperparameters: Value,
        formula: String,
        tensors: &serde_json::Map<String, Value>,
        file: &[u8],
    ) -> Self {
        let file = safetensors::SafeTensors::deserialize(file).expect("a safetensors file");
        let (mut given, mut wanted) = (BTreeMap::new(), Vec::new());
        for (tensor, about) in tensors {
            let view = file
                .tensor(tensor)
                .unwrap_or_else(|e| panic!("{name}: {tensor}: {e}"));
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            match about["role"].as_str() {
                Some("output" | "gradient") => wanted.push(Wanted {
                    name: tensor.clone(),
                    values: values.iter().map(|v| f64::from(*v)).collect(),
                    rtol: about["rtol"].as_f64().expect("a relative tolerance"),
                    atol: about["atol"].as_f64().expect("an absolute tolerance"),
                    exact: match about["float64"].as_array() {
                        Some(all) => all.iter().filter_map(Value::as_f64).collect(),
                        None => Vec::new(),
                    },
                }),
                _ => {
                    given.insert(tensor.clone(), (view.shape().to_vec(), values));
                }
            }
        }
        Case {
            name,
            kind,
            hyperparameters,
            formula,
            given,
            wanted,
        }
    }

    pub(crate) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Whether the case has this given tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Shape of a given tensor.
    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.get(name).0
    }

    /// Values of a given tensor, row-major.
    pub(crate) fn values(&self, name: &str) -> Vec<f32> {
        self.get(name).1.clone()
    }

    /// The same in float64.
    pub(crate) fn doubles(&self, name: &str) -> Vec<f64> {
        self.get(name).1.iter().map(|v| f64::from(*v)).collect()
    }

    /// A given tensor of whole numbers.
    pub(crate) fn indices(&self, name: &str) -> Vec<usize> {
        self.get(name).1.iter().map(|v| *v as usize).collect()
    }

    /// A given tensor as a constant of any rank.
    pub(crate) fn tensor<S: Shape>(&self, name: &str) -> Tensor<S, Cpu> {
        let mut dims = S::Concrete::default();
        for (i, d) in self.shape(name).iter().enumerate() {
            dims[i] = *d;
        }
        let shape = S::from_concrete(&dims).expect("run-time dimensions");
        Cpu::default().constant(self.values(name), shape)
    }

    /// A given tensor as a matrix: its own columns, all outer dimensions as rows.
    pub(crate) fn matrix(&self, name: &str) -> Matrix<Cpu> {
        let columns = self.shape(name).last().copied().unwrap_or(1);
        let values = self.values(name);
        let rows = values.len() / columns;
        Cpu::default().matrix(values, rows, columns)
    }

    /// A given tensor as a vector.
    pub(crate) fn vector(&self, name: &str) -> Vector<Cpu> {
        Cpu::default().vector(self.values(name))
    }

    /// A number among the settings.
    pub(crate) fn number(&self, key: &str) -> f64 {
        let value = &self.hyperparameters[key];
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{}: `{key}` is {value}, not a number", self.name))
    }

    /// A text among the settings.
    pub(crate) fn text(&self, key: &str) -> &str {
        let value = &self.hyperparameters[key];
        value
            .as_str()
            .unwrap_or_else(|| panic!("{}: `{key}` is {value}, not a text", self.name))
    }

    /// What the formula says between two phrases: for what is not among the settings.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let found = self.formula.split_once(before);
        let found = found.and_then(|(_, rest)| rest.split_once(after));
        found.map_or_else(
            || panic!("{}: the formula has no `{before}…{after}`", self.name),
            |(text, _)| text,
        )
    }

    /// A pair of whole numbers among the settings, as of rows and columns.
    pub(crate) fn pair(&self, key: &str) -> (usize, usize) {
        let value = &self.hyperparameters[key];
        let whole = |i: usize| value[i].as_u64().map(|v| v as usize);
        match (whole(0), whole(1)) {
            (Some(rows), Some(columns)) => (rows, columns),
            _ => panic!("{}: `{key}` is {value}, not a pair", self.name),
        }
    }

    fn get(&self, name: &str) -> &(Vec<usize>, Vec<f32>) {
        let found = self.given.get(name);
        found.unwrap_or_else(|| panic!("{}: no tensor `{name}`", self.name))
    }
}

/// What was computed, by tensor name.
#[derive(Default)]
pub(crate) struct Answers(BTreeMap<String, Vec<f64>>);

impl Answers {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Vec<f64>> {
        self.0.get(name)
    }

    /// Adds a tensor.
    pub(crate) fn put<S: Shape>(&mut self, name: &str, tensor: &Tensor<S, Cpu>) {
        self.put_values(name, &tensor.to_vec());
    }

    /// Adds float32 values.
    pub(crate) fn put_values(&mut self, name: &str, values: &[f32]) {
        self.put_doubles(name, values.iter().map(|v| f64::from(*v)).collect());
    }

    /// Adds float64 values.
    pub(crate) fn put_doubles(&mut self, name: &str, values: Vec<f64>) {
        self.0.insert(name.to_owned(), values);
    }
}

/// Gives every declared parameter the case's values, under the names of the case.
pub(crate) fn fill(
    case: &Case,
    params: &mut Params<Cpu>,
    name: impl Fn(&str) -> String,
) -> Vec<String> {
    let names: Vec<String> = params.names().map(name).collect();
    for (index, name) in names.iter().enumerate() {
        params
            .set(index, case.values(name))
            .expect("as many numbers");
    }
    names
}

/// The gradients of all parameters, under `prefix` and their names.
pub(crate) fn put_gradients(
    answers: &mut Answers,
    prefix: &str,
    names: &[String],
    gradients: &ParamGradients<Cpu>,
) {
    for (index, name) in names.iter().enumerate() {
        if let Some(gradient) = gradients.at(index) {
            answers.put_values(&format!("{prefix}{name}"), &gradient);
        }
    }
}

/// `Σ upstream · y` backwards: the gradients of a layer.
pub(crate) fn pull_back<S: Shape>(y: Tensor<S, Cpu>, upstream: Tensor<S, Cpu>) -> Gradients<Cpu> {
    let n = y.len();
    (y.reshape((n,)) * upstream.reshape((n,))).sum().backward()
}

/// A fresh tape to watch inputs with.
pub(crate) fn tape() -> Tape<Cpu> {
    Tape::recording()
}

/// A number as a tensor's only value.
pub(crate) fn number(scalar: &Scalar<Cpu>) -> f64 {
    f64::from(scalar.value())
}
