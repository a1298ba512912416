use crate::live_sessions::{LiveSession, LiveSessions};
use mib_core::state::State;
use mio::Token;
use std::collections::HashMap;
use std::sync::Arc;

/// A session as the ingest sees it, ahead of the state by what is in the ring.
pub struct SessionEntry {
    pub received_next: u64,
    pub durable_next: u64,
    pub connection: Option<Token>,
    pub live: Arc<LiveSession>,
    pub rate_base: u64,
}

/// All sessions by number and name.
pub struct SessionTable {
    pub sessions: Vec<SessionEntry>,
    by_name: HashMap<String, u32>,
    sessions_max: usize,
}

impl SessionTable {
    pub fn of_state(state: &State, live: &LiveSessions) -> Self {
        let mut table = SessionTable {
            sessions: Vec::new(),
            by_name: HashMap::new(),
            sessions_max: state.limits().sessions_max,
        };
        for session in state.sessions() {
            table.add(&session.name, session.next_sequence, live);
        }
        table
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub fn is_full(&self) -> bool {
        self.sessions.len() >= self.sessions_max
    }

    pub fn add(&mut self, name: &str, next: u64, live: &LiveSessions) -> u32 {
        let session = self.sessions.len() as u32;
        self.by_name.insert(name.to_owned(), session);
        self.sessions.push(SessionEntry {
            received_next: next,
            durable_next: next,
            connection: None,
            live: live.get(session),
            rate_base: 0,
        });
        session
    }
}
