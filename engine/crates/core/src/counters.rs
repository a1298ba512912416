use mib_protocol::messages::RejectReason;

/// What has been done with all inputs of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub trades: u64,
    pub quotes: u64,
    pub book_deltas: u64,
    pub book_snapshots: u64,
    pub bars: u64,
    pub clocks: u64,
    pub gap_reports: u64,
    pub events: u64,
    pub definitions: u64,
    /// Trades of an interval that was over.
    pub late_trades: u64,
    /// Trades older than any bar that is kept.
    pub trades_too_old: u64,
    /// Holes in the venues' numbers, seen or reported.
    pub gaps: u64,
    pub final_bars: u64,
    pub revisions: u64,
    /// By reason, in the order of `RejectReason::ALL`.
    pub rejected: [u64; RejectReason::ALL.len()],
}

impl Counters {
    pub fn reject(&mut self, reason: RejectReason) {
        self.rejected[reason as usize - 1] += 1;
    }

    pub(crate) fn values(&mut self) -> impl Iterator<Item = &mut u64> {
        let Counters {
            trades,
            quotes,
            book_deltas,
            book_snapshots,
            bars,
            clocks,
            gap_reports,
            events,
            definitions,
            late_trades,
            trades_too_old,
            gaps,
            final_bars,
            revisions,
            rejected,
        } = self;
        [
            trades,
            quotes,
            book_deltas,
            book_snapshots,
            bars,
            clocks,
            gap_reports,
            events,
            definitions,
            late_trades,
            trades_too_old,
            gaps,
            final_bars,
            revisions,
        ]
        .into_iter()
        .chain(rejected)
    }
}
