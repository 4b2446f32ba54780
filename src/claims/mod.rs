//! Claims: statements about results, judged by the program with the numbers behind the verdict.
//!
//! A claim is fields in a manifest: named quantities over a result table and a statement that
//! compares them. `says: median(test_kl, method=mapa) < median(test_kl, method=iwae)` is short for
//! two such quantities, and both ways of writing become one [`Claim`]. Arithmetic between
//! quantities is minijinja's; nothing here is a second language.

mod arithmetic;
mod claim;
mod document;
mod error;
mod evidence;
mod fields;
mod judge;
mod judgement;
mod lines;
mod names;
mod parser;
mod power;
mod print;
mod replicates;
mod sample;
mod significance;
mod source;
#[cfg(test)]
mod tests;

pub use arithmetic::Arithmetic;
pub use claim::Aggregate;
pub use claim::Claim;
pub use claim::Comparison;
pub use claim::Filters;
pub use claim::Quantity;
pub use claim::Relation;
pub use claim::Statement;
pub use claim::Tolerance;
pub use document::{ClaimsDocument, WrittenFiles};
pub use error::ClaimError;
pub use fields::ClaimFields;
pub use fields::QuantityFields;
pub use judge::judge;
pub use judgement::Compared;
pub use judgement::GroupJudgement;
pub use judgement::Judgement;
pub use judgement::Measured;
pub use judgement::Side;
pub use judgement::Tested;
pub use judgement::Verdict;
pub use lines::to_lines;
pub use names::KnownNames;
pub use print::to_latex;
pub use print::to_markdown;
pub use print::to_table;
pub use print::to_values;
pub use significance::Significance;
pub use significance::TESTS;
pub use source::Source;
