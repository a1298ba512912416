use mib_protocol::messages::Trade;
use std::collections::VecDeque;

/// A trade and the sequence of the input that brought it; 0 where a snapshot of before did not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptTrade {
    pub sequence: u64,
    pub trade: Trade,
}

impl KeptTrade {
    /// Where it stands among the trades of its instrument.
    pub fn place(&self) -> Place {
        (self.trade.ts_event_nanos, self.sequence)
    }
}

/// Time and sequence: trades are in the order of when they happened, those of one moment in the order in which they came.
pub type Place = (u64, u64);

/// The last trades of an instrument, and what is known of those that were forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeMemory {
    /// In the order in which they came.
    pub(crate) kept: VecDeque<KeptTrade>,
    /// Every trade after this sequence is kept.
    pub(crate) forgotten_sequence: u64,
    /// No trade that is forgotten happened later.
    pub(crate) forgotten_nanos: u64,
}

impl TradeMemory {
    #[inline]
    pub(crate) fn push(&mut self, sequence: u64, trade: Trade, trades_max: usize) {
        if self.kept.len() >= trades_max
            && let Some(oldest) = self.kept.pop_front()
        {
            self.forgotten_sequence = self.forgotten_sequence.max(oldest.sequence);
            self.forgotten_nanos = self.forgotten_nanos.max(oldest.trade.ts_event_nanos);
        }
        self.kept.push_back(KeptTrade { sequence, trade });
    }

    pub(crate) fn has_id(&self, trade_id: u64) -> bool {
        self.kept.iter().rev().any(|each| each.trade.trade_id == trade_id)
    }

    pub fn forgotten_sequence(&self) -> u64 {
        self.forgotten_sequence
    }

    pub fn forgotten_nanos(&self) -> u64 {
        self.forgotten_nanos
    }

    pub fn last(&self) -> Option<&Trade> {
        self.kept.back().map(|each| &each.trade)
    }

    /// The last that came, at most `last` (0: all), before the one with the id `before` (0: up to the newest).
    /// A trade that is not known any more has nothing before it.
    pub fn before(&self, last: usize, before: u64) -> impl Iterator<Item = &Trade> + Clone {
        let end = match before {
            0 => self.kept.len(),
            id => self
                .kept
                .iter()
                .rposition(|each| each.trade.trade_id == id)
                .unwrap_or(0),
        };
        let start = if last == 0 { 0 } else { end.saturating_sub(last) };
        self.kept.range(start..end).map(|each| &each.trade)
    }

    /// The trade with this id: the last that came, should the venue have repeated itself.
    pub fn find(&self, trade_id: u64) -> Option<KeptTrade> {
        self.positioned()
            .rev()
            .find(|each| each.trade.trade_id == trade_id)
            .copied()
    }

    /// Those between two places, both included, in order: the first `limit` of them, or the last (0: all).
    pub fn range(&self, from: Place, to: Place, limit: usize, newest: bool) -> Vec<KeptTrade> {
        let mut found: Vec<KeptTrade> = self
            .positioned()
            .filter(|each| (from..=to).contains(&each.place()))
            .copied()
            .collect();
        // Few are late, so this is about one pass.
        found.sort_by_key(KeptTrade::place);
        if limit != 0 && found.len() > limit {
            if newest {
                found.drain(..found.len() - limit);
            } else {
                found.truncate(limit);
            }
        }
        found
    }

    fn positioned(&self) -> impl DoubleEndedIterator<Item = &KeptTrade> {
        self.kept.iter().filter(|each| each.sequence != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(trades_max: usize, trades: &[(u64, u64, u64)]) -> TradeMemory {
        let mut memory = TradeMemory::default();
        for &(sequence, ts_event_nanos, trade_id) in trades {
            let trade = Trade {
                flags: 0,
                publisher_id: 0,
                instrument_id: 0,
                ts_event_nanos,
                ts_recv_nanos: 0,
                venue_sequence: 0,
                trade_id,
                price_e9: 1,
                size_e9: 1,
                side: b'B',
                action: b'T',
            };
            memory.push(sequence, trade, trades_max);
        }
        memory
    }

    fn sequences(found: &[KeptTrade]) -> Vec<u64> {
        found.iter().map(|each| each.sequence).collect()
    }

    const ALL: (Place, Place) = ((0, 0), (u64::MAX, u64::MAX));

    #[test]
    fn a_late_trade_is_read_at_its_time_and_both_ends_belong_to_a_range() {
        let memory = memory(10, &[(1, 10, 7), (2, 30, 8), (4, 20, 9), (6, 30, 10)]);
        assert_eq!(sequences(&memory.range(ALL.0, ALL.1, 0, false)), [1, 4, 2, 6]);
        assert_eq!(sequences(&memory.range((20, 4), (30, 2), 0, false)), [4, 2]);
        assert_eq!(sequences(&memory.range(ALL.0, ALL.1, 2, false)), [1, 4]);
        assert_eq!(sequences(&memory.range(ALL.0, ALL.1, 2, true)), [2, 6]);
        assert_eq!(memory.find(9).map(|each| each.place()), Some((20, 4)));
        assert_eq!(memory.find(11), None);
    }

    #[test]
    fn what_is_forgotten_is_bounded_by_sequence_and_by_time() {
        let memory = memory(2, &[(1, 50, 1), (2, 10, 2), (3, 60, 3), (5, 70, 4)]);
        assert_eq!((memory.forgotten_sequence(), memory.forgotten_nanos()), (2, 50));
        assert_eq!(sequences(&memory.range(ALL.0, ALL.1, 0, false)), [3, 5]);
    }

    #[test]
    fn a_trade_whose_sequence_is_not_known_has_no_place() {
        let memory = memory(10, &[(0, 10, 1), (3, 20, 2)]);
        assert_eq!(sequences(&memory.range(ALL.0, ALL.1, 0, false)), [3]);
        assert_eq!(memory.find(1), None);
        assert_eq!(memory.before(0, 0).count(), 2);
    }
}
