use crate::subscribers::policy::ALL_KINDS;
use mib_core::state::State;
use mib_protocol::messages::Subscribe;
use std::collections::HashMap;

/// What a subscriber wants: kinds by symbol, whether the instrument is known yet or not.
pub struct Filter {
    of_all: u8,
    /// Kinds that are wanted of any instrument.
    union: u8,
    by_symbol: HashMap<String, u8>,
    /// By instrument, as far as instruments were known when last looked at. Every state numbers them alike.
    by_instrument: Vec<u8>,
}

impl Filter {
    /// `None` when a block asks for nothing, or for what is not known.
    pub fn of(blocks: &[Subscribe]) -> Option<Self> {
        let mut filter = Filter {
            of_all: 0,
            union: 0,
            by_symbol: HashMap::new(),
            by_instrument: Vec::new(),
        };
        for block in blocks {
            if block.kinds == 0 || block.kinds & !ALL_KINDS != 0 {
                return None;
            }
            filter.union |= block.kinds;
            let symbol = block.symbol.as_str();
            if symbol.is_empty() {
                filter.of_all |= block.kinds;
            } else {
                *filter.by_symbol.entry(symbol.to_owned()).or_default() |= block.kinds;
            }
        }
        Some(filter)
    }

    /// Looks up the instruments that are new.
    pub fn extend(&mut self, state: &State) {
        for instrument in state.instruments().iter().skip(self.by_instrument.len()) {
            let own = self.by_symbol.get(instrument.symbol()).copied().unwrap_or(0);
            self.by_instrument.push(self.of_all | own);
        }
    }

    #[inline]
    pub fn kinds(&self, instrument: u32) -> u8 {
        self.by_instrument.get(instrument as usize).copied().unwrap_or(0)
    }

    /// Kinds that are wanted of any instrument.
    pub fn union(&self) -> u8 {
        self.union
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mib_protocol::messages::{KIND_BARS, KIND_QUOTES, KIND_TRADES};
    use mib_protocol::text::Text;

    fn block(symbol: &str, kinds: u8) -> Subscribe {
        Subscribe {
            after_sequence: 0,
            window_bytes: 0,
            kinds,
            policy: 1,
            resume: 0,
            state: 0,
            epoch: [0; 16],
            symbol: Text::clipped(symbol),
        }
    }

    #[test]
    fn kinds_of_a_symbol_add_to_those_of_all() {
        let filter = Filter::of(&[block("", KIND_BARS), block("A", KIND_QUOTES), block("A", KIND_TRADES)]).unwrap();
        assert_eq!(filter.union(), KIND_BARS | KIND_QUOTES | KIND_TRADES);
        assert_eq!(filter.by_symbol["A"], KIND_QUOTES | KIND_TRADES);
    }

    #[test]
    fn a_block_that_asks_for_nothing_or_for_what_nobody_knows_is_refused() {
        assert!(Filter::of(&[block("A", 0)]).is_none());
        assert!(Filter::of(&[block("A", KIND_BARS), block("B", 0x80)]).is_none());
    }
}
