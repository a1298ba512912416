use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, PoisonError, RwLock};

/// What is known of a session beside its state: whether it is connected and how much it sends.
#[derive(Default)]
pub struct LiveSession {
    pub connected: AtomicBool,
    pub received: AtomicU64,
    /// Records per second in 1e-3, over the last seconds.
    pub rate_e3: AtomicU64,
}

/// All sessions, by their number.
#[derive(Default)]
pub struct LiveSessions(RwLock<Vec<Arc<LiveSession>>>);

impl LiveSessions {
    pub fn get(&self, session: u32) -> Arc<LiveSession> {
        if let Some(found) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(session as usize)
        {
            return Arc::clone(found);
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        while all.len() <= session as usize {
            all.push(Arc::default());
        }
        Arc::clone(&all[session as usize])
    }
}
