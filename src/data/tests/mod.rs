//! What holds for every data set, and what each reads and refuses.

mod cifar10;
mod conformance;
mod mnist;
mod support;
mod text;
