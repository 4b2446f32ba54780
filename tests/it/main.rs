//! The tests that see the program from outside, in one binary: a build links one program and not fifteen.
//!
//! `cargo test --test it commands::` runs one room of them.

mod architecture;
#[cfg(unix)]
mod artifacts;
#[cfg(target_os = "linux")]
mod book;
mod claims;
#[cfg(unix)]
mod columns;
mod commands;
#[cfg(target_os = "linux")]
mod disturbed;
mod diverged;
mod docs;
#[cfg(unix)]
mod edits;
mod feed;
mod figure_trials;
mod figures;
mod figures_foreign;
mod figures_honest;
mod figures_told;
#[cfg(unix)]
mod files;
mod fresh;
mod fuzz;
mod gallery;
#[cfg(unix)]
mod growing;
mod hybrids;
mod imports;
mod imports_faithful;
mod language;
mod own;
mod placed;
#[cfg(unix)]
mod poor_rows;
mod reference;
#[cfg(target_os = "linux")]
mod reliability;
mod replicates;
mod report;
mod resources;
mod scores;
mod searches;
mod sharing;
#[cfg(unix)]
mod sharing_by_runs;
#[cfg(unix)]
mod sharing_in_a_group;
#[cfg(target_os = "linux")]
mod sharing_s3;
mod shipped;
#[cfg(target_os = "linux")]
mod sizes;
#[cfg(target_os = "linux")]
mod slurm;
mod summary_table;
mod support;
mod verbs;
#[cfg(unix)]
mod view;
