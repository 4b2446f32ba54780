//! Systems of several networks that learn in turn: GANs, and hybrids of GANs and autoencoders, as
//! Rosca, Lakshminarayanan and Mohamed 2018 compare them.
//!
//! A system is a file in which its losses read as the paper's equations. What they share stands once:
//!
//! | file | what |
//! | --- | --- |
//! | `players` | a network that learns or waits, and a loss that reaches one of them |
//! | `layers` | generators, encoders and discriminators, around the named networks |
//! | `losses` | what stands in several equations |
//! | `draws` | batches and random numbers of an iteration |
//! | `system`, `fit` | what differs between systems; training and the fitted model of any |
//! | `params`, `kinds` | what a manifest says; the entries of the registry |

mod aae;
mod adversarial_vb;
mod dcgan;
mod draws;
mod fit;
mod kinds;
mod layers;
mod losses;
mod made;
mod params;
mod players;
mod system;
#[cfg(test)]
mod tests;
mod veegan;
mod vgh;
mod wgan_gp;

pub(super) use kinds::AAE;
pub(super) use kinds::ADVERSARIAL_VB;
pub(super) use kinds::DCGAN;
pub(super) use kinds::VEEGAN;
pub(super) use kinds::VGH;
pub(super) use kinds::WGAN_GP;
pub use kinds::stepped;

use system::Config;
use system::System;
