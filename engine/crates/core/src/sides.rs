use mib_protocol::messages::{Action, BookDelta, Side};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub price_e9: i64,
    pub size_e9: i64,
}

/// What a record does to a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Clear,
    /// A size of 0 removes the level.
    Bid(Level),
    Ask(Level),
}

impl Change {
    /// Precondition: the delta has been validated.
    pub fn of(delta: &BookDelta) -> Self {
        if delta.action == Action::Clear.code() {
            return Change::Clear;
        }
        let removes = delta.action == Action::Cancel.code();
        let level = Level {
            price_e9: delta.price_e9,
            size_e9: if removes { 0 } else { delta.size_e9 },
        };
        if delta.side == Side::Buy.code() {
            Change::Bid(level)
        } else {
            Change::Ask(level)
        }
    }
}

/// Bids and offers. Levels stand best last, so that changes near the touch move little.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

impl Sides {
    pub fn apply(&mut self, change: Change, levels_max: usize) {
        match change {
            Change::Clear => {
                self.bids.clear();
                self.asks.clear();
            }
            Change::Bid(level) => set_level(&mut self.bids, level, levels_max, |price| price),
            Change::Ask(level) => set_level(&mut self.asks, level, levels_max, |price| -price),
        }
    }
}

/// `rank` grows with how good a price is. Beyond `levels_max` the worst level is dropped.
fn set_level(levels: &mut Vec<Level>, level: Level, levels_max: usize, rank: impl Fn(i64) -> i64) {
    let removes = level.size_e9 == 0;
    match levels.binary_search_by_key(&rank(level.price_e9), |each| rank(each.price_e9)) {
        Ok(index) if removes => drop(levels.remove(index)),
        Ok(index) => levels[index] = level,
        Err(_) if removes => {}
        Err(index) if levels.len() < levels_max => levels.insert(index, level),
        Err(0) => {}
        Err(index) => {
            levels.remove(0);
            levels.insert(index - 1, level);
        }
    }
}
