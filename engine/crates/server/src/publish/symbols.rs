use mib_core::state::State;
use std::sync::{Arc, PoisonError, RwLock};

/// Symbols by instrument, for those who do not hold the state.
#[derive(Default)]
pub struct Symbols(RwLock<Vec<Arc<str>>>);

impl Symbols {
    /// Adds the instruments that are new.
    pub fn extend(&self, state: &State) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for instrument in &state.instruments()[all.len().min(state.instruments().len())..] {
            all.push(instrument.symbol().into());
        }
    }

    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub fn get(&self, instrument: u32) -> Option<Arc<str>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(instrument as usize)
            .cloned()
    }
}
