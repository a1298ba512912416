use mib_protocol::messages::INSTRUMENT_UNDEFINED;

/// A feed's session: how far it is and how it names instruments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub name: String,
    pub feed: String,
    pub source: u8,
    /// Next session sequence that is not applied.
    pub next_sequence: u64,
    /// The engine's number of each instrument, by the session's number.
    pub(crate) instruments: Vec<u32>,
    pub clock_nanos: u64,
    pub last_event_nanos: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub gaps: u64,
}

impl Session {
    pub fn new(name: String, feed: String, source: u8) -> Self {
        Session {
            name,
            feed,
            source,
            next_sequence: 1,
            instruments: Vec::new(),
            clock_nanos: 0,
            last_event_nanos: 0,
            accepted: 0,
            rejected: 0,
            gaps: 0,
        }
    }

    /// The engine's number of an instrument of this session.
    #[inline]
    pub fn instrument(&self, number: u32) -> Option<u32> {
        self.instruments
            .get(number as usize)
            .copied()
            .filter(|&id| id != INSTRUMENT_UNDEFINED)
    }

    /// The instruments that the session has named: its number and the engine's.
    pub fn instruments(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..)
            .zip(&self.instruments)
            .filter(|(_, id)| **id != INSTRUMENT_UNDEFINED)
            .map(|(number, &id)| (number, id))
    }

    pub(crate) fn bind(&mut self, number: u32, instrument: u32) {
        let index = number as usize;
        if index >= self.instruments.len() {
            self.instruments.resize(index + 1, INSTRUMENT_UNDEFINED);
        }
        self.instruments[index] = instrument;
    }
}
