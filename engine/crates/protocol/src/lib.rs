//! The engine's binary protocol. `messages` is generated from `engine/protocol/messages.json`.

pub mod frame;
#[rustfmt::skip]
pub mod messages;
pub mod shard;
pub mod text;
