use mib_client::{data_frame, definition};
use mib_protocol::messages::{Action, BookDelta, BookSnapshot, FLAG_LAST, InstrumentDefinition, Quote, Side, Trade};

const START: u64 = 1_723_118_400_000_000_000;
const RECORD_BYTES: usize = 64;
const LEVELS: u64 = 10;

/// A market that costs little to make: 49 % quotes, 49 % book deltas, 2 % trades.
pub struct Load {
    instruments: u32,
    next_sequence: u64,
    made: u64,
}

impl Load {
    pub fn new(instruments: u32) -> Self {
        Load {
            instruments,
            next_sequence: 1,
            made: 0,
        }
    }

    /// Last session sequence that was made.
    pub fn last_sequence(&self) -> u64 {
        self.next_sequence - 1
    }

    /// Frames that define the instruments and begin their books.
    pub fn definitions(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let all: Vec<u32> = (0..self.instruments).collect();
        for part in all.chunks(1_000) {
            data_frame(
                &mut out,
                self.next_sequence,
                InstrumentDefinition::BYTES,
                part.len(),
                |body| {
                    for (id, block) in part.iter().zip(body.chunks_exact_mut(InstrumentDefinition::BYTES)) {
                        definition(*id, &format!("BENCH{id:06}")).encode(block);
                    }
                },
            );
            self.next_sequence += part.len() as u64;
        }
        for part in all.chunks(1_000) {
            data_frame(&mut out, self.next_sequence, RECORD_BYTES, part.len(), |body| {
                for (id, block) in part.iter().zip(body.chunks_exact_mut(RECORD_BYTES)) {
                    BookSnapshot {
                        flags: 0,
                        publisher_id: 0,
                        instrument_id: *id,
                        ts_event_nanos: START,
                        ts_recv_nanos: 0,
                        venue_sequence: 0,
                        bid_count: 0,
                        ask_count: 0,
                    }
                    .encode(block);
                }
            });
            self.next_sequence += part.len() as u64;
        }
        out
    }

    /// Appends a frame of so many records.
    pub fn frame(&mut self, out: &mut Vec<u8>, records: usize) {
        let (instruments, made) = (u64::from(self.instruments), self.made);
        data_frame(out, self.next_sequence, RECORD_BYTES, records, |body| {
            for (index, block) in body.chunks_exact_mut(RECORD_BYTES).enumerate() {
                record(block, made + index as u64, instruments);
            }
        });
        self.next_sequence += records as u64;
        self.made += records as u64;
    }
}

fn record(block: &mut [u8], number: u64, instruments: u64) {
    let instrument_id = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 % instruments as u32;
    // 10 µs of event time a record: bars end as they do in a busy market.
    let ts_event_nanos = START + number * 10_000;
    let price_e9 = (100 + (number / 64 % 50) as i64) * 1_000_000_000;
    match number % 100 {
        50 | 99 => Trade {
            flags: 0,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: ts_event_nanos,
            venue_sequence: 0,
            trade_id: number,
            price_e9,
            size_e9: 1_000_000_000,
            side: Side::Buy.code(),
            action: Action::Trade.code(),
        }
        .encode(block),
        kind if kind % 2 == 0 => Quote {
            flags: 0,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: ts_event_nanos,
            venue_sequence: number,
            bid_price_e9: price_e9,
            bid_size_e9: 1_000_000_000,
            ask_price_e9: price_e9 + 10_000_000,
            ask_size_e9: 2_000_000_000,
        }
        .encode(block),
        _ => BookDelta {
            // An update of its own, as most are.
            flags: FLAG_LAST,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: ts_event_nanos,
            first_venue_sequence: 0,
            venue_sequence: 0,
            price_e9: 100_000_000_000 + ((number >> 3) % LEVELS) as i64 * 10_000_000,
            size_e9: (number % 7) as i64 * 1_000_000_000,
            side: if number & 2 == 0 {
                Side::Buy.code()
            } else {
                Side::Sell.code()
            },
            action: Action::Modify.code(),
        }
        .encode(block),
    }
}
