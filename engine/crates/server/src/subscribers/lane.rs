use crate::replay;
use crate::snapshots::Snapshots;
use crate::subscribers::events::Events;
use mib_core::state::State;
use mib_journal::{JournalError, Reader};
use std::path::Path;

/// A place in the journal with the state there: what comes next is computed once for all who stand there.
pub struct Lane {
    pub state: State,
    pub events: Events,
    reader: Reader,
}

impl Lane {
    /// Begins at the newest snapshot at or before a sequence, or before all inputs when there is none.
    pub fn begin(snapshots: &Snapshots, journal_dir: &Path, at_most: u64) -> Self {
        Self::after(snapshots.load(at_most), journal_dir)
    }

    /// Begins at the oldest snapshot, from which on the journal is kept.
    pub fn begin_at_oldest(snapshots: &Snapshots, journal_dir: &Path) -> Self {
        Self::after(snapshots.load_oldest(), journal_dir)
    }

    fn after(state: State, journal_dir: &Path) -> Self {
        Lane {
            events: Events::after(&state),
            reader: Reader::open(journal_dir, state.applied_sequence()),
            state,
        }
    }

    pub fn sequence(&self) -> u64 {
        self.state.applied_sequence()
    }

    /// Goes on by a journal entry, unless it ends beyond `end`; the events of these kinds are in `events` then. False when there
    /// is none.
    pub fn step(&mut self, end: u64, wanted: u8) -> Result<bool, JournalError> {
        self.events.clear(wanted);
        let (state, events) = (&mut self.state, &mut self.events);
        self.reader.read(end, |entry| replay::apply(state, entry, events))
    }
}
