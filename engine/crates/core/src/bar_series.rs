use crate::bar::Bar;
use crate::limits::interval_nanos;
use mib_protocol::messages::BarInterval;
use std::collections::VecDeque;

/// Bars of one instrument and interval, oldest first. At most the newest is not final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarSeries {
    pub(crate) bars: VecDeque<Bar>,
    length: u64,
    bars_max: usize,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Into the bar in progress.
    InProgress,
    /// Into a bar that is final: to be announced.
    Final { index: usize },
    /// Older than anything that is kept.
    TooOld,
}

impl BarSeries {
    pub fn new(interval: BarInterval, bars_max: usize) -> Self {
        BarSeries {
            bars: VecDeque::new(),
            length: interval_nanos(interval),
            bars_max,
        }
    }

    pub fn bars(&self) -> &VecDeque<Bar> {
        &self.bars
    }

    pub fn last(&self) -> Option<&Bar> {
        self.bars.back()
    }

    /// End of the bar in progress.
    #[inline]
    pub fn open_until(&self) -> Option<u64> {
        self.bars
            .back()
            .filter(|bar| !bar.is_final)
            .map(|bar| bar.opened_at + self.length)
    }

    /// Ends the bar in progress when the watermark has reached its end; returns its place.
    pub fn close(&mut self, watermark: u64) -> Option<usize> {
        if self.open_until()? > watermark {
            return None;
        }
        self.bars.back_mut()?.is_final = true;
        Some(self.bars.len() - 1)
    }

    #[inline]
    pub fn fold_trade(&mut self, at: u64, price_e9: i64, size_e9: i64, watermark: u64) -> Folded {
        // The common case needs no division.
        if let Some(bar) = self.bars.back_mut()
            && !bar.is_final
            && at.wrapping_sub(bar.opened_at) < self.length
        {
            bar.fold_trade(at, price_e9, size_e9);
            return Folded::InProgress;
        }
        let opened_at = at - at % self.length;
        match self.place(opened_at) {
            Ok(index) => {
                self.bars[index].fold_trade(at, price_e9, size_e9);
                self.revised(index)
            }
            Err(index) => self.insert(index, Bar::of_trade(opened_at, at, price_e9, size_e9), watermark),
        }
    }

    /// Folds a bar of a shorter interval in. A bar that the feed sent itself stays as it is.
    pub fn fold_bar(&mut self, shorter: &Bar, watermark: u64) -> Option<Folded> {
        let opened_at = shorter.opened_at - shorter.opened_at % self.length;
        match self.place(opened_at) {
            Ok(index) if self.bars[index].given => None,
            Ok(index) => {
                self.bars[index].fold_bar(shorter);
                Some(self.revised(index))
            }
            Err(index) => {
                let bar = Bar {
                    opened_at,
                    given: false,
                    is_final: false,
                    revision: 0,
                    ..*shorter
                };
                Some(self.insert(index, bar, watermark))
            }
        }
    }

    /// Takes a bar that the feed sent; `None` when the bar is there already.
    pub fn give(&mut self, bar: Bar) -> Option<Folded> {
        match self.place(bar.opened_at) {
            Ok(_) => None,
            Err(index) => Some(self.insert(index, bar, bar.opened_at + self.length)),
        }
    }

    /// Bars that opened in [from, to), at most the last `last` of them (0: all).
    pub fn range(&self, from: u64, to: u64, last: usize) -> std::ops::Range<usize> {
        let end = self.bars.partition_point(|bar| bar.opened_at < to);
        let start = self.bars.partition_point(|bar| bar.opened_at < from).min(end);
        if last == 0 {
            start..end
        } else {
            start.max(end.saturating_sub(last))..end
        }
    }

    fn place(&self, opened_at: u64) -> Result<usize, usize> {
        match self.bars.back() {
            Some(last) if last.opened_at == opened_at => Ok(self.bars.len() - 1),
            Some(last) if last.opened_at > opened_at => self.bars.binary_search_by_key(&opened_at, |bar| bar.opened_at),
            _ => Err(self.bars.len()),
        }
    }

    fn revised(&mut self, index: usize) -> Folded {
        let bar = &mut self.bars[index];
        if !bar.is_final {
            return Folded::InProgress;
        }
        bar.revision += 1;
        Folded::Final { index }
    }

    fn insert(&mut self, mut index: usize, mut bar: Bar, watermark: u64) -> Folded {
        bar.is_final = bar.opened_at + self.length <= watermark || index < self.bars.len();
        if self.bars.len() >= self.bars_max {
            if index == 0 {
                return Folded::TooOld;
            }
            self.bars.pop_front();
            index -= 1;
        }
        self.bars.insert(index, bar);
        if bar.is_final {
            Folded::Final { index }
        } else {
            Folded::InProgress
        }
    }
}
