//! The language of manifests, from YAML to steps.

mod kinds;
mod kit;
mod projection;
