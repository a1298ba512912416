use mib_protocol::messages::BarInterval;

/// Bounds of what is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bars of each interval and instrument, in the order of `BarInterval::ALL`.
    pub bars_max: [usize; 5],
    /// Trades of each instrument that can be read back.
    pub trades_max: usize,
    /// Levels of each side of a book.
    pub book_levels_max: usize,
    pub instruments_max: usize,
    pub sessions_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bars_max: [3_600, 4_320, 2_880, 2_160, 1_500],
            trades_max: 1_000,
            book_levels_max: 5_000,
            instruments_max: 100_000,
            sessions_max: 4_096,
        }
    }
}

/// Nanoseconds that a bar lasts.
pub const fn interval_nanos(interval: BarInterval) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    match interval {
        BarInterval::S1 => SECOND,
        BarInterval::M1 => 60 * SECOND,
        BarInterval::M5 => 300 * SECOND,
        BarInterval::H1 => 3_600 * SECOND,
        BarInterval::D1 => 86_400 * SECOND,
    }
}

/// Place of an interval in arrays, shortest first.
pub const fn interval_index(interval: BarInterval) -> usize {
    interval.code() as usize - 1
}
