//! Sweepline takes a YAML experiment manifest to a paper's tables and figures.
//!
//! Data flows one way, down this list; a test holds the order against the `use crate::…` lines.
//!
//! | module | responsibility |
//! | --- | --- |
//! | [`text`] | positions, diagnostics, suggestions, plurals: text with places in it |
//! | [`map`] | maps from names, small ones above all |
//! | [`random`] | counter-based random streams, one per named purpose |
//! | [`sources`] | what texts of programs name: modules, files |
//! | [`registry`] | what every nameable thing has in common: name, summary, docs, revision, parameters |
//! | [`search`] | values proposed trial by trial, from what earlier trials gave |
//! | [`manifest`] | YAML to a checked manifest; axes to cells |
//! | [`plan`] | cells to a DAG of steps, keys, staleness and its explanation |
//! | [`store`] | objects by content, records by key, locks |
//! | [`archive`] | an experiment in one file |
//! | [`remote`] | results that several stores share |
//! | [`engine`] | drives a plan to its end; knows no stage kind and no terminal |
//! | [`nn`] | the wall around dfdx: layers, losses, optimisers, checkpoints |
//! | [`data`] | data sets by name |
//! | [`training`] | the loop around every training: components, phases, batches, checkpoints |
//! | [`models`] | generative models by name |
//! | [`metrics`] | scores and estimators by name, with unit and direction |
//! | [`table`] | typed result rows, statistics, CSV, Markdown and LaTeX |
//! | [`claims`] | statements about results, judged over tables: holds, fails or undecided |
//! | [`figures`] | tables to SVG, PNG and PDF |
//! | [`report`] | one self-contained HTML page of everything an experiment left |
//! | [`export`] | metrics and curves as files that other programs read |
//! | [`import`] | pipelines of other tools to manifests |
//! | [`stages`] | binds a domain function to input and output slots |
//! | [`slurm`] | steps as jobs of a cluster's queue |
//! | [`cli`] | arguments, verbs, reporters of the event stream, exit codes |
//!
//! Files on disk and who owns them:
//!
//! | path | owner |
//! | --- | --- |
//! | `outputs/store/objects-v1/ab/cdef…` | [`store`]: immutable content, named by its blake3 digest |
//! | `outputs/store/store.sqlite` | [`store`]: records by key, runs, the file-hash index |
//! | `outputs/store/runs/<run>/events.jsonl` | [`engine`]: what happened, one JSON object a line |
//! | `outputs/<experiment>/{claims.json,claims.csv,claims.md,claims.tex,report.html}` | [`cli`]: judged and written after a run |
//! | `outputs/<experiment>/{figures,tables,cells}` | [`engine`]: the human view, copies and links into the store |

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the documentation is built with private items, for those who work on them"
)]

// A plan is many small values made by several threads. glibc gives each thread a heap that it grows
// by a system call per page, for which all of them wait in the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod archive;
pub mod claims;
mod cli;
pub mod data;
pub mod engine;
pub mod export;
pub mod figures;
pub mod import;
pub mod manifest;
pub mod map;
pub mod metrics;
pub mod models;
pub mod nn;
pub mod plan;
pub mod random;
pub mod registry;
pub mod remote;
pub mod report;
pub mod search;
mod session;
pub mod slurm;
mod sources;
pub mod stages;
pub mod store;
pub mod table;
pub mod text;
pub mod training;

pub use cli::main;
