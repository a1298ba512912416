//! What the engine makes of its inputs. The state depends on the journaled inputs and on nothing else: the same inputs give
//! the same state, to the bit.

pub mod bar;
pub mod bar_series;
pub mod book;
mod book_snapshot;
pub mod counters;
pub mod instrument;
pub mod limits;
mod open_update;
pub mod session;
mod sides;
pub mod sink;
pub mod snapshot;
pub mod state;
pub mod trade_memory;
mod validate;
