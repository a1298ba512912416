use mib_protocol::messages::{Action, BookDelta, BookSnapshot, FLAG_MAYBE_BAD_BOOK, FLAG_SNAPSHOT, Side};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub price_e9: i64,
    pub size_e9: i64,
}

/// An order book by price. Levels stand best last, so that changes near the touch move little.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
    /// Update id as of which the book stands.
    pub(crate) venue_sequence: u64,
    /// Update id of the venue message whose records are being applied.
    pub(crate) message_sequence: u64,
    pub(crate) skipping: bool,
    pub(crate) ts_event_nanos: u64,
    /// A hole was seen, or the feed said that levels may be missing, and no sound snapshot has come since.
    pub(crate) maybe_bad: bool,
    /// A snapshot or a delta has come.
    pub(crate) known: bool,
}

/// Whether the venue's numbers showed a hole before this record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapSeen(pub bool);

impl Book {
    pub fn begin_snapshot(&mut self, snapshot: &BookSnapshot) {
        self.bids.clear();
        self.asks.clear();
        self.venue_sequence = snapshot.venue_sequence;
        self.message_sequence = 0;
        self.skipping = false;
        self.maybe_bad = snapshot.flags & FLAG_MAYBE_BAD_BOOK != 0;
        self.known = true;
        self.ts_event_nanos = snapshot.ts_event_nanos;
    }

    pub fn apply(&mut self, delta: &BookDelta, levels_max: usize) -> GapSeen {
        let mut gap = false;
        if delta.flags & FLAG_SNAPSHOT == 0 && delta.venue_sequence != 0 {
            if delta.venue_sequence != self.message_sequence {
                self.message_sequence = delta.venue_sequence;
                self.skipping = delta.venue_sequence <= self.venue_sequence;
                if !self.skipping {
                    gap =
                        self.venue_sequence != 0 && delta.first_venue_sequence > self.venue_sequence.saturating_add(1);
                    self.maybe_bad |= gap;
                    self.venue_sequence = delta.venue_sequence;
                }
            }
            if self.skipping {
                return GapSeen(false);
            }
        }
        self.known = true;
        self.maybe_bad |= delta.flags & FLAG_MAYBE_BAD_BOOK != 0;
        self.ts_event_nanos = self.ts_event_nanos.max(delta.ts_event_nanos);
        if delta.action == Action::Clear.code() {
            self.bids.clear();
            self.asks.clear();
        } else {
            let removes = delta.size_e9 == 0 || delta.action == Action::Cancel.code();
            let size_e9 = if removes { 0 } else { delta.size_e9 };
            if delta.side == Side::Buy.code() {
                set_level(&mut self.bids, delta.price_e9, size_e9, levels_max, |price| price);
            } else {
                set_level(&mut self.asks, delta.price_e9, size_e9, levels_max, |price| -price);
            }
        }
        GapSeen(gap)
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
        self.bids.iter().rev()
    }

    /// Offers, best first.
    pub fn asks(&self) -> impl Iterator<Item = &Level> {
        self.asks.iter().rev()
    }
}

/// `rank` grows with how good a price is. Beyond `levels_max` the worst level is dropped.
fn set_level(levels: &mut Vec<Level>, price_e9: i64, size_e9: i64, levels_max: usize, rank: impl Fn(i64) -> i64) {
    match levels.binary_search_by_key(&rank(price_e9), |level| rank(level.price_e9)) {
        Ok(index) if size_e9 == 0 => drop(levels.remove(index)),
        Ok(index) => levels[index].size_e9 = size_e9,
        Err(_) if size_e9 == 0 => {}
        Err(index) if levels.len() < levels_max => levels.insert(index, Level { price_e9, size_e9 }),
        Err(0) => {}
        Err(index) => {
            levels.remove(0);
            levels.insert(index - 1, Level { price_e9, size_e9 });
        }
    }
}
