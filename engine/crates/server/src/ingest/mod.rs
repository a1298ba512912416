//! Sessions: from bytes on a socket to numbered inputs in the ring, and back the news of how far they are.

mod connection;
mod io_thread;
mod listener;
mod outgoing;
mod session_table;
mod writer;

pub use connection::{Connection, ReadOutcome};
pub use io_thread::{IoThread, Outbound, QueryRequest, WAKER};
pub use listener::Listener;
pub use outgoing::{error_frame, goodbye, heartbeat};
pub use session_table::SessionTable;
