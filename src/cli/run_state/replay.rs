//! Temporary.
use super::*;
use crate::cli::args;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use clap::Parser;
use std::collections::HashMap;

#[test]
fn replay() {
    let Ok(spec) = std::env::var("REPLAY") else { return };
    for line in std::fs::read_to_string(spec).unwrap().lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let mut words = vec!["sweepline", "plan", parts[1], "--outputs", "/tmp/me/none", "--store", "/tmp/me/none/store"];
        if parts.len() > 2 {
            words.extend(["--profile", parts[2]]);
        }
        let parsed = args::Cli::parse_from(words);
        let args::Verb::Plan(plan) = parsed.verb else { panic!() };
        let project = Project::open(&plan.experiment, &mut Printer::error()).map_err(|_| "x").unwrap();
        let events: Vec<Timed> = std::fs::read_to_string(parts[0]).unwrap().lines()
            .filter_map(|l| serde_json::from_str(l).ok()).collect();
        let end = events.last().unwrap().at;
        let mut state = RunState::default();
        state.foresee(&project.plan, &Default::default());
        let mut next = 1;
        println!("{} {} steps {} end {end:.0}", parts[0], parts[1], project.plan.steps.len());
        let ids: HashMap<String, u32> = project.plan.steps.iter().map(|s| (s.to_string(), s.id.0)).collect();
        for e in &events {
            let mut json = serde_json::to_value(e).unwrap();
            if let Some(name) = json.get("step").and_then(|s| s.as_str()) {
                let Some(id) = ids.get(name) else { continue };
                json["id"] = (*id).into();
            }
            if json["event"] == "plan-known" { json["steps"] = project.plan.steps.len().into(); }
            let e: Timed = serde_json::from_value(json).unwrap();
            let e = &e;
            state.add(e);
            if e.at >= end * f64::from(next) / 20.0 {
                let left = state.remaining();
                println!("  {:.2} said {:?} was {:.0} ratio {:?}", e.at / end, left.map(|l| l.round()), end - e.at, left.map(|l| (l / (end - e.at) * 100.0).round() / 100.0));
                next += 1;
            }
        }
    }
}
