use crate::open_update::{Message, OpenUpdate};
pub use crate::sides::Level;
use crate::sides::{Change, Sides};
use mib_protocol::messages::{BookDelta, BookSnapshot, FLAG_LAST, FLAG_MAYBE_BAD_BOOK};

/// An order book by price. It is seen only as of the ends of venue messages: what has come of one whose last record has not is
/// kept aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    pub(crate) sides: Sides,
    /// Update id as of which the book stands.
    pub(crate) venue_sequence: u64,
    pub(crate) ts_event_nanos: u64,
    /// A hole was seen, or the feed said that levels may be missing, and no sound snapshot has come since.
    pub(crate) maybe_bad: bool,
    /// A snapshot or an update has come.
    pub(crate) known: bool,
    pub(crate) open: Option<OpenUpdate>,
    /// The memory of the last open update, for the next one. Always empty.
    pub(crate) spare: Vec<Change>,
}

/// Whether the record showed that something before it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapSeen(pub bool);

impl Book {
    /// The book begins anew with the levels that follow. Until the last of them has come it stands as it was.
    pub fn begin_snapshot(&mut self, session: u32, snapshot: &BookSnapshot, levels_max: usize) -> GapSeen {
        let unfinished = self.drop_open();
        let message = Message {
            session,
            is_snapshot: true,
            venue_sequence: snapshot.venue_sequence,
        };
        let mut update = OpenUpdate::anew(message, std::mem::take(&mut self.spare));
        update.maybe_bad = snapshot.flags & FLAG_MAYBE_BAD_BOOK != 0;
        update.ts_event_nanos = snapshot.ts_event_nanos;
        // No level follows that could be the last.
        if snapshot.bid_count == 0 && snapshot.ask_count == 0 {
            self.finish(update, levels_max);
        } else {
            self.open = Some(update);
        }
        GapSeen(unfinished)
    }

    pub fn apply(&mut self, session: u32, delta: &BookDelta, levels_max: usize) -> GapSeen {
        self.take(session, delta, Some(Change::of(delta)), levels_max)
    }

    /// A record that was not taken: its message ends where it would have ended, and the book may lack a level.
    pub fn miss(&mut self, session: u32, delta: &BookDelta, levels_max: usize) -> GapSeen {
        self.take(session, delta, None, levels_max)
    }

    /// The session has lost something: the rest of a message that it has begun does not come.
    pub fn interrupt(&mut self, session: u32) {
        if self.open.as_ref().is_some_and(|open| open.message.session == session) {
            self.drop_open();
        }
    }

    fn take(&mut self, session: u32, delta: &BookDelta, change: Option<Change>, levels_max: usize) -> GapSeen {
        let message = Message::of(session, delta);
        let unfinished = self.open.as_ref().is_some_and(|open| open.message != message) && self.drop_open();
        let mut gap = false;
        let mut update = match self.open.take() {
            Some(open) => open,
            None => {
                if message.is_numbered() && message.venue_sequence <= self.venue_sequence {
                    return GapSeen(unfinished);
                }
                gap = message.is_numbered()
                    && self.venue_sequence != 0
                    && delta.first_venue_sequence > self.venue_sequence.saturating_add(1);
                let mut update = OpenUpdate::of_book(message, std::mem::take(&mut self.spare));
                // A snapshot's levels without its head: what the book had before does not belong to them.
                update.maybe_bad = gap || message.is_snapshot;
                update
            }
        };
        update.maybe_bad |= delta.flags & FLAG_MAYBE_BAD_BOOK != 0 || change.is_none();
        if let Some(change) = change {
            update.ts_event_nanos = update.ts_event_nanos.max(delta.ts_event_nanos);
            update.add(change, &self.sides, levels_max);
        }
        if delta.flags & FLAG_LAST != 0 {
            self.finish(update, levels_max);
        } else {
            self.open = Some(update);
        }
        GapSeen(unfinished || gap)
    }

    fn finish(&mut self, update: OpenUpdate, levels_max: usize) {
        self.known = true;
        if update.anew {
            self.venue_sequence = update.message.venue_sequence;
            self.ts_event_nanos = update.ts_event_nanos;
            self.maybe_bad = update.maybe_bad;
        } else {
            if update.message.is_numbered() {
                self.venue_sequence = update.message.venue_sequence;
            }
            self.ts_event_nanos = self.ts_event_nanos.max(update.ts_event_nanos);
            self.maybe_bad |= update.maybe_bad;
        }
        self.spare = update.finish(&mut self.sides, levels_max);
    }

    /// Gives up a message whose end does not come; whether there was one. What it would have changed is missing from now on.
    fn drop_open(&mut self) -> bool {
        let Some(update) = self.open.take() else { return false };
        self.spare = update.discard();
        self.maybe_bad = true;
        true
    }

    pub fn is_known(&self) -> bool {
        self.known
    }

    pub fn maybe_bad(&self) -> bool {
        self.maybe_bad
    }

    pub fn venue_sequence(&self) -> u64 {
        self.venue_sequence
    }

    pub fn ts_event_nanos(&self) -> u64 {
        self.ts_event_nanos
    }

    /// Bids, best first.
    pub fn bids(&self) -> impl Iterator<Item = &Level> {
        self.sides.bids.iter().rev()
    }

    /// Offers, best first.
    pub fn asks(&self) -> impl Iterator<Item = &Level> {
        self.sides.asks.iter().rev()
    }
}
