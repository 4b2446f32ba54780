//! Stages against each other and against their names: which stage reads which, in which order they
//! can run, which axes each depends on.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

use crate::manifest::Experiment;
use crate::manifest::Expression;
use crate::manifest::Origin;
use crate::manifest::Over;
use crate::manifest::Stage;
use crate::manifest::TemplateContent;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;
use crate::text::list_of;

/// The stages of a pipeline in an order in which each comes after those it reads.
pub(super) struct Wiring {
    /// Indices into the pipeline's stages.
    pub order: Vec<usize>,
}

/// Checks names and references, and orders the stages. None where they cannot be ordered.
pub(super) fn wire(experiment: &Experiment, found: &mut Diagnostics) -> Option<Wiring> {
    let stages = &experiment.pipeline.stages;
    let mut graph: DiGraph<usize, Place> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..stages.len())
        .map(|stage| graph.add_node(stage))
        .collect();
    let mut whole = true;
    for (index, stage) in stages.iter().enumerate() {
        if found.are_enough() {
            return None;
        }
        names(experiment, stage, found);
        for input in stage.inputs.iter().flat_map(|binding| &binding.sources) {
            let Origin::Stage { stage: wanted, .. } = &input.from else {
                continue;
            };
            match experiment.pipeline.position(wanted) {
                Some(other) => {
                    graph.add_edge(nodes[other], nodes[index], input.place.clone());
                }
                None => {
                    let known = stages.iter().map(|stage| &*stage.name);
                    found.push(
                        Diagnostic::error(format!("unknown stage `{wanted}`"))
                            .at(&input.place, "no such stage")
                            .maybe_help(did_you_mean(wanted, known, "stages")),
                    );
                    whole = false;
                }
            }
        }
    }
    let mut cyclic = false;
    // Not Tarjan's, which goes as deep as the chain of stages is long.
    for component in kosaraju_scc(&graph) {
        let first = component.iter().min();
        let Some(first) = first.copied() else {
            continue;
        };
        if component.len() > 1 || graph.contains_edge(first, first) {
            found.push(cycle(&graph, stages, &component, first));
            cyclic = true;
        }
    }
    (whole && !cyclic).then(|| Wiring {
        order: ordered(&graph),
    })
}

/// The stages in the order of the file, as far as what they read allows.
fn ordered(graph: &DiGraph<usize, Place>) -> Vec<usize> {
    let mut waiting: Vec<usize> = graph
        .node_indices()
        .map(|node| {
            graph
                .edges_directed(node, petgraph::Direction::Incoming)
                .count()
        })
        .collect();
    let mut ready: BTreeSet<usize> = (0..waiting.len())
        .filter(|stage| waiting[*stage] == 0)
        .collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(stage) = ready.pop_first() {
        order.push(stage);
        for after in graph.neighbors(NodeIndex::new(stage)) {
            waiting[after.index()] -= 1;
            if waiting[after.index()] == 0 {
                ready.insert(after.index());
            }
        }
    }
    order
}

/// So many stages of a cycle are named.
const LONGEST_CYCLE: usize = 12;

/// A shortest way from a stage back to itself: a → b → a.
fn cycle(
    graph: &DiGraph<usize, Place>,
    stages: &[Stage],
    component: &[NodeIndex],
    first: NodeIndex,
) -> Diagnostic {
    let component: HashSet<NodeIndex> = component.iter().copied().collect();
    let mut before: HashMap<NodeIndex, NodeIndex> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([first]);
    'search: while let Some(node) = queue.pop_front() {
        for next in graph
            .neighbors(node)
            .filter(|next| component.contains(next))
        {
            if next == first {
                before.insert(first, node);
                break 'search;
            }
            if let Entry::Vacant(new) = before.entry(next) {
                new.insert(node);
                queue.push_back(next);
            }
        }
    }
    let mut path = vec![first];
    let mut at = before.get(&first);
    while let Some(node) = at.filter(|node| **node != first) {
        path.push(*node);
        at = before.get(node);
    }
    path.push(first);
    path.reverse();
    let name = |node: &NodeIndex| stages[node.index()].name.to_string();
    let mut names: Vec<String> = path.iter().map(name).collect();
    if let Some(left_out) = names
        .len()
        .checked_sub(LONGEST_CYCLE)
        .filter(|more| *more > 1)
    {
        let middle = LONGEST_CYCLE / 2;
        names.splice(middle..middle + left_out, [format!("… {left_out} more …")]);
    }
    let mut wrong = Diagnostic::error(format!("a cycle: {}", names.join(" → ")));
    for pair in path.windows(2).take(LONGEST_CYCLE) {
        let Some(edge) = graph.find_edge(pair[0], pair[1]) else {
            continue;
        };
        let text = format!("`{}` reads `{}`", name(&pair[1]), name(&pair[0]));
        wrong = match wrong.at {
            None => wrong.at(&graph[edge], text),
            Some(_) => wrong.also(&graph[edge], text),
        };
    }
    wrong
}

/// The path of a program's input or output, where one was named without saying which it is.
fn path_of(stage: &Stage, name: &str) -> Option<String> {
    let argument = |name: &str| stage.with.iter().find(|argument| *argument.name == *name);
    argument("run")?;
    let is_output = |name: &str| match argument("out").map(|out| &out.value.content) {
        Some(TemplateContent::Map(outputs)) => outputs.iter().any(|(known, _)| **known == *name),
        Some(TemplateContent::Literal(Value::Map(outputs))) => outputs.contains_key(name),
        _ => false,
    };
    let is_output = |name: &str| is_output(name) || name == "metrics" && argument(name).is_some();
    let (side, name) = match name {
        "out" => ("out", "NAME"),
        name if is_output(name) => ("out", name),
        name if stage.inputs.iter().any(|binding| *binding.slot == *name) => ("in", name),
        _ => return None,
    };
    let what = if side == "in" { "input" } else { "output" };
    Some(format!("the path of an {what} is `${{{side}.{name}}}`"))
}

/// Every name that a stage's text uses must be a parameter or an axis.
fn names(experiment: &Experiment, stage: &Stage, found: &mut Diagnostics) {
    let columns = experiment.grid.columns();
    expressions(stage, &mut |expression| {
        for name in expression.names() {
            if columns.index(name).is_none() {
                let wrong = columns.undefined(expression, name);
                found.push(wrong.maybe_help(path_of(stage, name)));
            }
        }
    });
    let known = || {
        let axes = experiment.axes.iter().map(|axis| &*axis.name);
        axes.chain(columns.names()).collect::<BTreeSet<_>>()
    };
    let axis = |name: &str, place: &Place, found: &mut Diagnostics| {
        if experiment.reducible(name).is_none() {
            found.push(
                Diagnostic::error(format!("unknown axis `{name}`"))
                    .at(place, "no such axis or parameter")
                    .maybe_help(did_you_mean(name, known(), "known names")),
            );
        }
    };
    if let Over::Axes(axes) = &stage.over {
        for (name, place) in axes {
            axis(name, place, found);
        }
    }
    for input in stage.inputs.iter().flat_map(|binding| &binding.sources) {
        for (name, place, _) in &input.at {
            axis(name, place, found);
            let several = experiment.reducible(name).unwrap_or_default();
            if columns.index(name).is_none() && !several.is_empty() {
                let names = several.iter().map(|column| &*columns.get(*column).name);
                found.push(
                    Diagnostic::error(format!("`at` holds nothing of `{name}`"))
                        .at(place, "an axis of several names")
                        .help(format!("its names are axes each: {}", list_of(names))),
                );
            }
        }
    }
}

/// All expressions in a stage's text.
pub(super) fn expressions<'s>(stage: &'s Stage, see: &mut impl FnMut(&'s Expression)) {
    stage.uses.visit(see);
    for argument in &stage.with {
        argument.value.visit(see);
    }
    stage.when.iter().for_each(&mut *see);
    for input in stage.inputs.iter().flat_map(|binding| &binding.sources) {
        if let Origin::File(path) = &input.from {
            path.visit(see);
        }
        input.when.iter().for_each(&mut *see);
        for (_, _, value) in &input.at {
            value.visit(see);
        }
    }
}

/// The axes of each stage, by stage index, and those its own text uses.
pub(super) struct StageAxes {
    /// Columns in axis order.
    pub all: Vec<usize>,
}

/// Which axes a stage has: those of its text and of its inputs, without those it reduces.
pub(super) fn axes_of(
    experiment: &Experiment,
    stage: &Stage,
    reduces_all: bool,
    done: &[Option<StageAxes>],
    found: &mut Diagnostics,
) -> StageAxes {
    let grid = &experiment.grid;
    let mut read = Vec::new();
    for input in stage.inputs.iter().flat_map(|binding| &binding.sources) {
        let Origin::Stage { stage: name, .. } = &input.from else {
            continue;
        };
        let source = experiment.pipeline.position(name);
        let source = source.and_then(|source| done[source].as_ref());
        let held = held(experiment, &input.at);
        if let Some(source) = source {
            read.extend(source.all.iter().filter(|axis| !held.contains(axis)));
        }
    }
    let over: Option<(BTreeSet<usize>, Option<&Place>)> = match &stage.over {
        Over::All(place) => Some((grid.axes().collect(), Some(place))),
        Over::Unsaid if reduces_all => Some((grid.axes().collect(), None)),
        Over::Unsaid => None,
        Over::Axes(axes) => {
            let columns = axes
                .iter()
                .filter_map(|(name, _)| experiment.reducible(name));
            Some((
                columns.flatten().collect(),
                axes.first().map(|(_, place)| place),
            ))
        }
    };
    let mut all = read;
    // What a slot reads under a reduction is decided cell by cell, so its condition may use the
    // axes that are reduced.
    let conditions: Vec<&Expression> = stage
        .inputs
        .iter()
        .flat_map(|binding| &binding.sources)
        .filter_map(|input| input.when.as_ref())
        .collect();
    expressions(stage, &mut |expression| {
        let ways = expression.ways();
        let own = grid.axes_of(ways.iter().map(|way| &**way));
        if let Some((over, place)) = &over
            && !conditions
                .iter()
                .any(|condition| std::ptr::eq(*condition, expression))
            && let Some(axis) = own.iter().find(|axis| over.contains(axis))
        {
            let axis = &grid.columns().get(*axis).name;
            let mut wrong = Diagnostic::error(format!(
                "stage `{}` reduces `{axis}`, so it has no one value there",
                stage.name
            ))
            .at(expression.place(), "used here");
            wrong = match place {
                Some(place) => wrong.also(place, "reduced here"),
                None => wrong.help(format!(
                    "this kind reduces all axes; `over: [...]` without `{axis}` keeps it"
                )),
            };
            found.push(wrong);
        }
        all.extend(own);
    });
    if let Some((over, _)) = &over {
        all.retain(|axis| !over.contains(axis));
    }
    StageAxes {
        all: grid.ordered(all),
    }
}

/// The columns that an input holds at one value.
pub(super) fn held(
    experiment: &Experiment,
    at: &[(Arc<str>, Place, crate::manifest::Template)],
) -> Vec<usize> {
    let columns = at
        .iter()
        .filter_map(|(name, ..)| experiment.grid.columns().index(name));
    columns.collect()
}
