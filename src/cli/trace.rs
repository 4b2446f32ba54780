//! `sweepline trace`: a run as a Chrome trace, for Perfetto or `chrome://tracing`.
//!
//! Steps lie in lanes, as many as ran at once. Every pool beside the cpus has its own group of
//! lanes with the steps that held it, and every pool a counter of what was taken.

use std::io::Write;

use serde_json::Value as Json;
use serde_json::json;

use super::args::TraceArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::run_state::Attempt;
use super::run_state::RunState;
use super::run_state::stage_of;
use super::runs;
use super::stop::Stop;

/// An attempt with its begin and end.
struct Span<'r> {
    attempt: &'r Attempt,
    from: f64,
    to: f64,
}

/// Prints the trace of a run.
pub(super) fn trace(args: &TraceArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let store = runs::open(&args.store, err)?;
    let run = runs::find(&store, None, &args.run, err)?;
    let events = runs::events(&store, &run.run)?;
    if events.is_empty() {
        writeln!(err, "error: the events of run `{}` are gone", run.run)?;
        return Ok(Exit::Failed);
    }
    let trace = json!({
        "displayTimeUnit": "ms",
        "otherData": {"run": run.run, "experiment": run.experiment, "command": run.command},
        "traceEvents": trace_events(&RunState::of(&events)),
    });
    writeln!(out, "{trace}")?;
    Ok(Exit::Success)
}

fn trace_events(state: &RunState) -> Vec<Json> {
    let attempts = state.log.iter().flat_map(|log| &log.attempts);
    // What never ended lasts until the last event.
    let spans: Vec<Span<'_>> = attempts
        .map(|attempt| Span {
            attempt,
            from: attempt.start,
            to: attempt.end.unwrap_or(state.now),
        })
        .collect();
    let mut pools: Vec<&str> = vec!["cpus"];
    for name in spans.iter().flat_map(|span| span.attempt.takes.keys()) {
        if !pools.contains(&name.as_str()) {
            pools.push(name);
        }
    }
    let mut traced = Vec::new();
    for (at, pool) in pools.iter().enumerate() {
        // Memory has no places to stand on: its counter says all.
        let (process, has_lanes) = (at + 1, *pool != "memory");
        traced.push(json!({
            "ph": "M", "pid": process, "name": "process_name",
            "args": {"name": if at == 0 { "steps" } else { pool }},
        }));
        let held: Vec<&Span<'_>> = spans
            .iter()
            .filter(|span| span.attempt.takes.contains_key(*pool))
            .collect();
        if has_lanes {
            for (span, lane) in held.iter().zip(lanes(&held)) {
                traced.push(slice(span, process, lane));
            }
        }
        traced.extend(counter(&held, pool, process));
    }
    traced
}

/// The lane of every span, in the order of their starts: the lowest that is free.
fn lanes(spans: &[&Span<'_>]) -> Vec<usize> {
    let mut free_from: Vec<f64> = Vec::new();
    spans
        .iter()
        .map(|span| {
            let free = free_from.iter().position(|end| *end <= span.from);
            let lane = free.unwrap_or_else(|| {
                free_from.push(0.0);
                free_from.len() - 1
            });
            free_from[lane] = span.to;
            lane
        })
        .collect()
}

fn slice(span: &Span<'_>, process: usize, lane: usize) -> Json {
    let Attempt { id, step, .. } = span.attempt;
    let mut slice = json!({
        "ph": "X", "pid": process, "tid": lane + 1, "name": step, "cat": stage_of(step),
        "ts": micros(span.from), "dur": micros(span.to - span.from),
        "args": {
            "id": id, "attempt": span.attempt.number, "end": span.attempt.outcome,
            "takes": span.attempt.takes,
        },
    });
    if let Some(note) = &span.attempt.note {
        slice["args"]["note"] = note.clone().into();
    }
    slice
}

/// How much of a pool was taken over time.
fn counter(held: &[&Span<'_>], pool: &str, process: usize) -> Vec<Json> {
    let mut changes: Vec<(u64, i64)> = Vec::new();
    for span in held {
        let amount = span.attempt.takes.get(pool).copied().unwrap_or(0) as i64;
        changes.push((micros(span.from), amount));
        changes.push((micros(span.to), -amount));
    }
    // What ends gives back before what starts takes.
    changes.sort_unstable();
    let mut taken = 0;
    let mut counts: Vec<(u64, i64)> = Vec::new();
    for (at, change) in changes {
        taken += change;
        match counts.last_mut() {
            Some(last) if last.0 == at => last.1 = taken,
            _ => counts.push((at, taken)),
        }
    }
    let counts = counts.into_iter().map(|(at, taken)| {
        json!({
            "ph": "C", "pid": process, "name": format!("{pool} taken"), "ts": at,
            "args": {pool: taken},
        })
    });
    counts.collect()
}

fn micros(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e6).round() as u64
}
