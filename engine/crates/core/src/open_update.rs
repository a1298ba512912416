use crate::sides::{Change, Sides};
use mib_protocol::messages::{BookDelta, FLAG_SNAPSHOT};

/// Changes that are kept one by one. A longer message is worked into a copy of the book instead, so that no message, however
/// long, needs more memory than the book and this.
const CHANGES_MAX: usize = 256;

/// Tells one venue message from another: records that agree in this are of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub session: u32,
    pub is_snapshot: bool,
    pub venue_sequence: u64,
}

impl Message {
    pub fn of(session: u32, delta: &BookDelta) -> Self {
        Message {
            session,
            is_snapshot: delta.flags & FLAG_SNAPSHOT != 0,
            venue_sequence: delta.venue_sequence,
        }
    }

    /// Whether the venue's number tells where the message follows.
    pub fn is_numbered(&self) -> bool {
        !self.is_snapshot && self.venue_sequence != 0
    }
}

/// What has come of a venue message whose last record has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenUpdate {
    pub message: Message,
    /// It replaces the book.
    pub anew: bool,
    /// With it the book may lack something.
    pub maybe_bad: bool,
    pub ts_event_nanos: u64,
    pub changes: Vec<Change>,
    /// The book with the changes before those in `changes`.
    pub staged: Option<Sides>,
}

impl OpenUpdate {
    /// Changes of the book as it is. `changes` is empty; it is passed for its memory.
    pub fn of_book(message: Message, changes: Vec<Change>) -> Self {
        OpenUpdate {
            message,
            anew: false,
            maybe_bad: false,
            ts_event_nanos: 0,
            changes,
            staged: None,
        }
    }

    pub fn anew(message: Message, changes: Vec<Change>) -> Self {
        OpenUpdate {
            anew: true,
            staged: Some(Sides::default()),
            ..OpenUpdate::of_book(message, changes)
        }
    }

    pub fn add(&mut self, change: Change, sides: &Sides, levels_max: usize) {
        if self.staged.is_none() && self.changes.len() == CHANGES_MAX {
            let mut staged = sides.clone();
            self.changes.drain(..).for_each(|each| staged.apply(each, levels_max));
            self.staged = Some(staged);
        }
        match &mut self.staged {
            Some(staged) => staged.apply(change, levels_max),
            None => self.changes.push(change),
        }
    }

    /// Makes the changes; returns the emptied list of them.
    pub fn finish(mut self, sides: &mut Sides, levels_max: usize) -> Vec<Change> {
        if let Some(staged) = self.staged {
            *sides = staged;
        }
        self.changes.drain(..).for_each(|each| sides.apply(each, levels_max));
        self.changes
    }

    /// Forgets them.
    pub fn discard(mut self) -> Vec<Change> {
        self.changes.clear();
        self.changes
    }
}
