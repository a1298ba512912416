//! What follows from durable inputs goes to Kafka: in order, nothing left out, nothing twice for whoever compares positions.

mod catch_up;
mod checkpoint;
mod json;
mod kafka;
mod output;
mod publisher;
mod symbols;

pub use checkpoint::Checkpoint;
pub use output::{Output, OutputQueue};
pub use publisher::{Publisher, PublisherParts};
pub use symbols::Symbols;
