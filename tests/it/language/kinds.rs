//! A small catalogue of stage kinds, for tests of the language alone.

use sweepline::registry::ArtifactType;
use sweepline::registry::Catalog;
use sweepline::registry::Entry;
use sweepline::registry::Outputs;
use sweepline::registry::Param;
use sweepline::registry::ParamType;
use sweepline::registry::Slot;
use sweepline::registry::StageKind;

/// A kind that is nothing but its declaration.
pub(crate) struct Kind {
    name: &'static str,
    params: fn() -> Vec<Param>,
    inputs: &'static [Slot],
    outputs: Outputs,
    reduces_all: bool,
    uses_device: bool,
}

impl Entry for Kind {
    fn name(&self) -> &'static str {
        self.name
    }
    fn summary(&self) -> &'static str {
        "for tests"
    }
    fn params(&self) -> Vec<Param> {
        (self.params)()
    }
}

impl StageKind for Kind {
    fn inputs(&self) -> Vec<Slot> {
        self.inputs.to_vec()
    }
    fn outputs(&self) -> Outputs {
        self.outputs.clone()
    }
    fn reduces_all(&self) -> bool {
        self.reduces_all
    }
    fn uses_device(&self) -> bool {
        self.uses_device
    }
}

const fn kind(
    name: &'static str,
    params: fn() -> Vec<Param>,
    inputs: &'static [Slot],
    outputs: Outputs,
) -> Kind {
    Kind {
        name,
        params,
        inputs,
        outputs,
        reduces_all: false,
        uses_device: false,
    }
}

const DATA: Slot = Slot::new("data", &[ArtifactType::Dataset], "the observations");
const MODEL: Slot = Slot::new("model", &[ArtifactType::Model], "the trained model");
const ROWS: Slot = Slot::new(
    "rows",
    &[ArtifactType::Metrics, ArtifactType::Table],
    "the rows",
);
const CANDIDATES: Slot = Slot {
    name: "candidates",
    doc: "the steps to choose from",
    accepts: &[ArtifactType::Any],
    optional: false,
    whole: true,
    single: false,
};

const TRAINED: Outputs = Outputs::Fixed(&[
    ("model", ArtifactType::Model),
    ("curve", ArtifactType::Curve),
    ("metrics", ArtifactType::Metrics),
]);

fn command() -> Vec<Param> {
    vec![
        Param::any("run", "argv or a shell line"),
        Param::any("values", "variables").optional(),
        Param::any("out", "files it leaves").optional(),
        Param::any("metrics", "where its numbers are").optional(),
        Param::list("code", ParamType::Str, "files that belong to the key").optional(),
    ]
}

fn dataset() -> Vec<Param> {
    vec![
        Param::str("name", "which data"),
        Param::int("points", "observations").min(10).default(2000),
        Param::seed("seed", "which draw"),
    ]
}

fn vae() -> Vec<Param> {
    vec![
        Param::int("epochs", "passes over the data")
            .min(1)
            .default(10),
        Param::float("lr", "learning rate")
            .min(0.0)
            .max(10.0)
            .default(1e-3),
        Param::list(
            "hidden",
            ParamType::Int {
                min: Some(1),
                max: None,
            },
            "layers",
        )
        .optional(),
        Param::bool("bias", "whether layers have one").default(true),
        Param::choice("optimizer", &["adam", "sgd"], "the update rule").default("adam"),
        Param::float("beta", "weight of the KL")
            .default(1.0)
            .legacy(1.0),
        Param::seed("seed", "which initialisation"),
    ]
}

fn iwae() -> Vec<Param> {
    let mut params = vae();
    params.push(Param::int("samples", "importance samples").min(1));
    params
}

fn mapa() -> Vec<Param> {
    let mut params = iwae();
    params.push(Param::choice("nearest", &["half", "tenth"], "which neighbours").default("half"));
    params
}

fn select() -> Vec<Param> {
    vec![
        Param::str("by", "the metric"),
        Param::choice("order", &["max", "min"], "which is best").default("max"),
    ]
}

fn summary() -> Vec<Param> {
    vec![
        Param::any("value", "the metric or metrics"),
        Param::str("replicate", "the axis of replicates").optional(),
        Param::str("interval", "the kind of interval").optional(),
    ]
}

fn line() -> Vec<Param> {
    let text = |name| Param::str(name, "a column").optional();
    vec![
        text("x"),
        text("y"),
        text("color"),
        text("facet"),
        text("replicate"),
        text("band"),
        text("title"),
    ]
}

fn none() -> Vec<Param> {
    Vec::new()
}

/// Sorted by name.
static ALL: [&dyn StageKind; 9] = [
    &kind("command", command, &[], Outputs::Declared),
    &kind(
        "dataset/synthetic",
        dataset,
        &[],
        Outputs::Fixed(&[("data", ArtifactType::Dataset)]),
    ),
    &kind(
        "evaluate/test-kl",
        none,
        &[MODEL, DATA],
        Outputs::Fixed(&[("metrics", ArtifactType::Metrics)]),
    ),
    &Kind {
        reduces_all: true,
        ..kind(
            "figure/line",
            line,
            &[ROWS],
            Outputs::Fixed(&[("figure", ArtifactType::Figure)]),
        )
    },
    &kind(
        "select",
        select,
        &[CANDIDATES],
        Outputs::PassedOn {
            slot: "candidates",
            own: &[("choice", ArtifactType::Choice)],
        },
    ),
    &Kind {
        reduces_all: true,
        ..kind(
            "table/summary",
            summary,
            &[ROWS],
            Outputs::Fixed(&[("table", ArtifactType::Table)]),
        )
    },
    &Kind {
        uses_device: true,
        ..kind("train/iwae", iwae, &[DATA.optional()], TRAINED)
    },
    &Kind {
        uses_device: true,
        ..kind("train/mapa", mapa, &[DATA.optional()], TRAINED)
    },
    &Kind {
        uses_device: true,
        ..kind("train/vae", vae, &[DATA.optional()], TRAINED)
    },
];

pub(crate) static CATALOG: Catalog = Catalog::new(&ALL);
