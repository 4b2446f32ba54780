//! What holds for every data set, and what each reads and refuses.

mod celeba;
mod cifar10;
mod conformance;
mod mnist;
mod omniglot;
pub(crate) mod support;
mod text;
