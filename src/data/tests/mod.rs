//! What holds for every data set, and what each reads and refuses.

mod conformance;
mod mnist;
mod support;
