//! Native consumers: what comes of the inputs, to whoever subscribed, once it is durable. A thread of its own reads the journal
//! beside its writer, so that neither many subscribers nor slow ones are felt by those who take inputs in.

mod catch_up;
mod events;
mod filter;
mod lane;
mod lanes;
mod peer;
mod policy;
mod subscriber;
mod thread;
mod waker;

pub use thread::{SubscriberThread, SubscriberThreadParts, WAKER};
pub use waker::SubscriberWaker;
