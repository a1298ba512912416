use crate::ingest::{Outbound, QueryRequest};
use crate::live_sessions::LiveSessions;
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::publish::{Output, OutputQueue, Symbols};
use crate::query::{self, View};
use crate::replay;
use crate::slot::Slot;
use mib_core::bar::Bar;
use mib_core::bar_series::BarSeries;
use mib_core::book::Book;
use mib_core::sink::{Position, Sink};
use mib_core::state::State;
use mib_protocol::messages::{BarInterval, Quote, Reject, RejectReason, Trade};
use mib_ring::Consumer;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// Slots that are applied before questions get their turn.
const SLOTS_PER_TURN: u64 = 16;
const COUNT_EVERY: Duration = Duration::from_millis(100);
/// Looking through what has changed is done at most this often.
const SCAN_INTERVAL: Duration = Duration::from_millis(1);
const REJECTS_PER_TURN: usize = 10_000;

/// The owner of the state: applies inputs, answers questions, hands outputs over.
pub struct CoreThread {
    pub state: State,
    pub consumer: Consumer<Slot>,
    pub queries: Receiver<QueryRequest>,
    pub outbound: Sender<Outbound>,
    pub io: Arc<mio::Waker>,
    pub progress: Arc<Progress>,
    pub live: Arc<LiveSessions>,
    /// `None`: nothing is published.
    pub queue: Option<Arc<OutputQueue>>,
    pub symbols: Arc<Symbols>,
    pub metrics: Arc<Metrics>,
    pub quote_interval: Duration,
    pub current_bar_interval: Duration,
}

impl CoreThread {
    /// Runs until the ring is closed and empty; returns the state then.
    pub fn run(mut self) -> State {
        let mut sink = Outputs {
            queue: self.queue.clone(),
            live: false,
            rejects: Vec::new(),
            quotes: Conflation::new(self.quote_interval),
            bars: Conflation::new(self.current_bar_interval),
        };
        let mut counted_at = self.count();
        loop {
            let available = self.consumer.available();
            let taken = available.min(SLOTS_PER_TURN);
            for _ in 0..taken {
                replay::apply(&mut self.state, &self.consumer.peek(0).entry(), &mut sink);
                self.consumer.release(1);
            }
            if taken > 0 {
                if self.state.instruments().len() > self.symbols.len() {
                    self.symbols.extend(&self.state);
                }
                self.progress
                    .applied
                    .store(self.state.applied_sequence(), Ordering::Release);
            }
            self.hand_over(&mut sink, taken > 0);
            let answered = self.answer();
            let rejected = self.tell_rejects(&mut sink);
            if answered || rejected || (taken > 0 && self.progress.visible_wanted.load(Ordering::Relaxed)) {
                let _ = self.io.wake();
            }
            if taken == 0 || counted_at.elapsed() >= COUNT_EVERY {
                counted_at = self.count();
            }
            if taken == 0 {
                if self.consumer.is_closed() && self.consumer.available() == 0 {
                    return self.state;
                }
                self.consumer.wait(sink.next_due());
            }
        }
    }

    /// Copies the counters out for those who ask for metrics.
    fn count(&self) -> Instant {
        self.metrics.set(
            self.state.counters(),
            self.state.instruments().len(),
            self.state.sessions().len(),
        );
        Instant::now()
    }

    fn hand_over(&mut self, sink: &mut Outputs, applied: bool) {
        let Some(queue) = &self.queue else { return };
        if sink.live && queue.handover.live_after().is_none() {
            sink.live = false;
        }
        if !sink.live && queue.handover.take_request() {
            sink.live = true;
            // What is left of an earlier time would come twice.
            while queue.pop().is_some() {}
            // Where the state stands: what came before is the publisher's own work.
            queue.handover.go_live(self.state.applied_sequence());
            sink.quotes.mark_all(self.state.instruments().len());
            sink.bars.mark_all(self.state.instruments().len());
            queue.publisher.wake_always();
        }
        let mut pushed = applied && sink.live;
        if sink.live {
            pushed |= sink.push_state(&self.state, queue);
            self.progress
                .emitted
                .store(self.state.applied_sequence(), Ordering::Release);
        }
        if pushed {
            queue.publisher.wake();
        }
    }

    fn answer(&mut self) -> bool {
        let mut answered = false;
        while let Ok(request) = self.queries.try_recv() {
            // With a full disk nothing becomes durable for a while: better an answer as of what is, than none.
            let full = self.progress.disk_full.load(Ordering::Acquire);
            let as_of = if full {
                self.progress.durable()
            } else {
                self.state.applied_sequence()
            };
            let view = View {
                state: &self.state,
                live: &self.live,
                progress: &self.progress,
                as_of,
            };
            let frames = query::answer(&view, &request);
            let reply = Outbound::Reply {
                connection: request.connection,
                as_of,
                frames,
            };
            answered |= self.outbound.send(reply).is_ok();
        }
        answered
    }

    fn tell_rejects(&mut self, sink: &mut Outputs) -> bool {
        let any = !sink.rejects.is_empty();
        for (session, reject) in sink.rejects.drain(..) {
            let _ = self.outbound.send(Outbound::Reject { session, reject });
        }
        any
    }
}

/// Takes what follows from inputs. Events go to the queue at once; state is marked and goes when it is due.
struct Outputs {
    queue: Option<Arc<OutputQueue>>,
    live: bool,
    rejects: Vec<(u32, Reject)>,
    quotes: Conflation,
    bars: Conflation,
}

impl Outputs {
    fn push(&mut self, output: Output) {
        if let Some(queue) = &self.queue
            && self.live
            && !queue.push(output)
        {
            // The publisher goes on from the journal by itself.
            self.live = false;
            queue.handover.withdraw();
        }
    }

    /// Hands over quotes and bars in progress that are due; returns whether there were any.
    fn push_state(&mut self, state: &State, queue: &OutputQueue) -> bool {
        if !queue.has_room() {
            return false;
        }
        let now = Instant::now();
        let quotes = self.quotes.take_due(now, |id| {
            let instrument = &state.instruments()[id as usize];
            if let Some(quote) = instrument.quote {
                queue.push(Output::Quote(instrument.quote_sequence, quote));
            }
        });
        let bars = self.bars.take_due(now, |id| {
            let instrument = &state.instruments()[id as usize];
            for (interval, series) in BarInterval::ALL.into_iter().zip(&instrument.bars) {
                // A bar that has ended stays until the next one begins, and says that it is final.
                if let Some(bar) = series.last() {
                    queue.push(Output::CurrentBar(instrument.bars_sequence, id, interval, *bar));
                }
            }
        });
        quotes || bars
    }

    fn next_due(&self) -> Option<Duration> {
        if !self.live {
            return None;
        }
        let due = [self.quotes.next_due, self.bars.next_due].into_iter().flatten().min()?;
        // Never at once: after a full queue the due time has passed already.
        Some(due.saturating_duration_since(Instant::now()).max(SCAN_INTERVAL))
    }
}

impl Sink for Outputs {
    fn trade(&mut self, position: Position, trade: &Trade) {
        self.push(Output::Trade(position, *trade));
    }

    fn final_bar(&mut self, position: Position, instrument: u32, interval: BarInterval, bar: &Bar) {
        self.push(Output::FinalBar(position, instrument, interval, *bar));
    }

    #[inline]
    fn quote_changed(&mut self, _: u64, quote: &Quote) {
        self.quotes.mark(quote.instrument_id);
    }

    #[inline]
    fn current_bars_changed(&mut self, _: u64, instrument: u32, _: &[BarSeries; 5]) {
        self.bars.mark(instrument);
    }

    #[inline]
    fn book_changed(&mut self, _: u64, _: u32, _: &Book) {}

    fn rejected(&mut self, session: u32, session_sequence: u64, number: u32, reason: RejectReason) {
        // A flood of bad records is counted in full and told in part.
        if self.rejects.len() < REJECTS_PER_TURN {
            self.rejects.push((
                session,
                Reject {
                    sequence: session_sequence,
                    instrument_id: number,
                    reason: reason.code(),
                },
            ));
        }
    }
}

/// Which instruments have something newer than what was sent: the first change goes at once, then at most one per interval.
struct Conflation {
    interval: Duration,
    changed: Vec<u32>,
    /// By instrument: whether it is in `changed`, and when the next may go.
    marks: Vec<(bool, Instant)>,
    /// When the first of `changed` may go.
    next_due: Option<Instant>,
    scan_not_before: Instant,
    started: Instant,
}

impl Conflation {
    fn new(interval: Duration) -> Self {
        let now = Instant::now();
        Conflation {
            interval,
            changed: Vec::new(),
            marks: Vec::new(),
            next_due: None,
            scan_not_before: now,
            started: now,
        }
    }

    #[inline]
    fn mark(&mut self, instrument: u32) {
        let index = instrument as usize;
        if index >= self.marks.len() {
            self.marks.resize(index + 1, (false, self.started));
        }
        let (marked, not_before) = &mut self.marks[index];
        if !*marked {
            *marked = true;
            self.changed.push(instrument);
            self.next_due = Some(self.next_due.map_or(*not_before, |known| known.min(*not_before)));
        }
    }

    fn mark_all(&mut self, instruments: usize) {
        (0..instruments as u32).for_each(|instrument| self.mark(instrument));
    }

    fn take_due(&mut self, now: Instant, mut take: impl FnMut(u32)) -> bool {
        if self.next_due.is_none_or(|due| due > now) || now < self.scan_not_before {
            return false;
        }
        self.scan_not_before = now + SCAN_INTERVAL;
        let mut any = false;
        let mut next_due: Option<Instant> = None;
        let (marks, interval) = (&mut self.marks, self.interval);
        self.changed.retain(|&instrument| {
            let (marked, not_before) = &mut marks[instrument as usize];
            if *not_before > now {
                next_due = Some(next_due.map_or(*not_before, |known| known.min(*not_before)));
                return true;
            }
            *marked = false;
            *not_before = now + interval;
            any = true;
            take(instrument);
            false
        });
        self.next_due = next_due;
        any
    }
}
