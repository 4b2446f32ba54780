//! The language of manifests, from YAML to steps.

mod filters;
mod forms;
mod given;
mod held;
mod hostile;
mod key_properties;
mod keys;
mod kinds;
mod kit;
mod messages;
mod projection;
mod properties;
mod schema;
mod shapes;
mod staleness;
