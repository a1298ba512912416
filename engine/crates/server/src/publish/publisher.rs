// Tick 4/8: what is durable goes to Kafka, with the position by which everybody knows it again.
use crate::progress::Progress;
use crate::publish::catch_up::CatchUp;
use crate::publish::checkpoint::Checkpoint;
use crate::publish::kafka::{Kafka, Published, SendOutcome};
use crate::publish::output::{Output, OutputQueue};
use crate::publish::symbols::Symbols;
use crate::snapshots::Snapshots;
use mib_core::sink::Position;
use mib_journal::{Identity, JournalError};
use mib_ring::{Parker, WaitStrategy};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RETRY: Duration = Duration::from_secs(1);
const QUEUE_FULL_POLL: Duration = Duration::from_millis(20);
/// Delivery reports only move the checkpoint, so there is no hurry with them.
const REPORTS_EVERY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(500);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
const SHUTDOWN_MAX: Duration = Duration::from_secs(4);
/// Within so many inputs of the end the publisher asks for the live outputs.
const NEAR: u64 = 10_000;

pub struct PublisherParts {
    pub brokers: String,
    pub topic_prefix: String,
    pub identity: Identity,
    pub journal_dir: PathBuf,
    pub snapshots: Snapshots,
    pub checkpoint: Checkpoint,
    pub queue: Arc<OutputQueue>,
    pub symbols: Arc<Symbols>,
    pub progress: Arc<Progress>,
    pub core: Arc<Parker>,
    /// Set when no further outputs will come.
    pub drained: Arc<AtomicBool>,
}

pub struct Publisher {
    parts: PublisherParts,
    identity: Identity,
    /// Last event that was handed to the producer or found in Kafka.
    handed: Position,
    /// What the producer has and Kafka has not confirmed: sequence and whether it is confirmed, by ticket.
    outstanding: VecDeque<(u64, bool)>,
    first_ticket: u64,
    /// Everything up to here has been handed over, as far as this thread knows.
    complete: u64,
    stored: u64,
    stored_at: Instant,
    stop_by: Option<Instant>,
}

/// Why a connection to Kafka is given up, to begin anew from what Kafka has.
struct Broken(String);

/// The engine stops.
struct Stopping;

enum Step {
    Broken(Broken),
    Stopping(Stopping),
}

impl Publisher {
    pub fn new(parts: PublisherParts, first_start: bool) -> Self {
        let identity = parts.identity;
        let known = parts.checkpoint.load(&identity.journal);
        // Without a checkpoint: from the beginning of the journal, or from where it was trimmed, which was published.
        let complete = known.unwrap_or_else(|| {
            if mib_journal::is_untrimmed(&parts.journal_dir) {
                0
            } else {
                parts.snapshots.oldest()
            }
        });
        if known.is_none() && !first_start {
            crate::warning!("no publishing checkpoint: going through the journal from its oldest snapshot");
        }
        Publisher {
            parts,
            identity,
            handed: Position::default(),
            outstanding: VecDeque::new(),
            first_ticket: 1,
            complete,
            stored: complete,
            stored_at: Instant::now(),
            stop_by: None,
        }
    }

    /// Runs until the engine has stopped and Kafka has the rest, or does not take it in time.
    pub fn run(mut self) {
        self.parts.progress.published.store(self.complete, Ordering::Release);
        let mut complained = None;
        loop {
            match self.connection() {
                Err(Step::Stopping(Stopping)) => break,
                Err(Step::Broken(Broken(reason))) => {
                    self.parts.progress.kafka_connected.store(false, Ordering::Relaxed);
                    self.parts.progress.publish_errors.fetch_add(1, Ordering::Relaxed);
                    if complained.as_ref() != Some(&reason) {
                        crate::warning!("publishing is interrupted", "reason": reason);
                        complained = Some(reason);
                    }
                    if self.parts.progress.stopping() {
                        break;
                    }
                    std::thread::sleep(RETRY);
                }
                Ok(never) => match never {},
            }
        }
        self.save();
    }

    fn connection(&mut self) -> Result<std::convert::Infallible, Step> {
        let broken = |reason: String| Step::Broken(Broken(reason));
        self.first_ticket += self.outstanding.len() as u64;
        self.outstanding.clear();
        // What was taken from the queue and not confirmed is computed again.
        self.parts.queue.handover.withdraw();
        self.complete = self.parts.progress.published.load(Ordering::Acquire);
        let mut kafka =
            Kafka::connect(&self.parts.brokers, &self.parts.topic_prefix, self.identity.shard).map_err(broken)?;
        let published = kafka
            .published(&self.parts.brokers, &self.identity.epoch)
            .map_err(broken)?;
        let published = self.compare(published);
        kafka.set_epoch(&self.identity.epoch);
        self.parts.progress.kafka_connected.store(true, Ordering::Relaxed);
        crate::info!("publishing", "epoch": mib_journal::uuid_text(&self.identity.epoch), "after": self.complete);
        self.handed = Position {
            sequence: self.complete,
            ordinal: u32::MAX,
        };
        loop {
            self.catch_up(&mut kafka, &published)?;
            self.live(&mut kafka, &published)?;
        }
    }

    /// Kafka can't know more than the journal. If it does, history was lost, and what follows is another history.
    fn compare(&mut self, published: Published) -> Published {
        let ahead = published.values().map(|position| position.sequence).max().unwrap_or(0);
        let durable = self.parts.progress.durable();
        if ahead <= durable {
            return published;
        }
        crate::error!(
            "Kafka has more than the journal: history was lost, a new epoch begins",
            "kafka_sequence": ahead,
            "journal_sequence": durable,
        );
        match self.identity.with_new_epoch(&self.parts.journal_dir, durable) {
            Ok(identity) => self.identity = identity,
            Err(error) => {
                crate::error!("the new epoch can't be stored, the engine ends", "err": error);
                std::process::exit(74);
            }
        }
        self.parts
            .progress
            .set_epoch(self.identity.epoch, self.identity.epoch_after);
        self.parts.progress.new_epochs.fetch_add(1, Ordering::Relaxed);
        self.complete = durable;
        Published::new()
    }

    /// Publishes from the journal until the live outputs take over.
    fn catch_up(&mut self, kafka: &mut Kafka, published: &Published) -> Result<(), Step> {
        self.parts.progress.catch_ups.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let from = self.complete;
        let after = self.handed.max(Position {
            sequence: self.complete,
            ordinal: u32::MAX,
        });
        let mut catch_up = CatchUp::begin(&self.parts.snapshots, &self.parts.journal_dir, after);
        let mut asked = false;
        loop {
            let live_after = self.parts.queue.handover.live_after();
            let end = live_after.unwrap_or(u64::MAX).min(self.parts.progress.durable());
            match catch_up
                .next(end, &self.parts.symbols)
                .map_err(|error| self.unreadable(&error))?
            {
                Some(outputs) => {
                    for output in &outputs {
                        self.send(kafka, output, published)?;
                    }
                    self.complete = self.complete.max(catch_up.sequence());
                    self.confirm(kafka, Duration::ZERO)?;
                }
                None if live_after.is_some_and(|after| catch_up.sequence() >= after) => break,
                None => {
                    self.confirm(kafka, Duration::ZERO)?;
                    self.stop_when_drained(kafka)?;
                    self.parts
                        .queue
                        .publisher
                        .wait(WaitStrategy::Park, Some(REPORTS_EVERY), || false);
                }
            }
            let applied = self.parts.progress.applied.load(Ordering::Acquire);
            if live_after.is_none() && !asked && catch_up.sequence() + NEAR >= applied {
                asked = true;
                self.parts.queue.handover.request();
                self.parts.core.wake_always();
            }
        }
        let millis = started.elapsed().as_millis();
        crate::info!("publishing has caught up", "from": from, "to": self.complete, "took_ms": millis);
        Ok(())
    }

    /// Publishes what the state's owner hands over, each output once its input is durable, until the queue overflows.
    fn live(&mut self, kafka: &mut Kafka, published: &Published) -> Result<(), Step> {
        let mut next: Option<Output> = None;
        let mut reports_at = Instant::now();
        loop {
            // Read in this order: what was pushed before `emitted` is found in the queue afterwards.
            let live = self.parts.queue.handover.live_after().is_some();
            let emitted = self.parts.progress.emitted.load(Ordering::Acquire);
            let durable = self.parts.progress.durable();
            loop {
                next = next.or_else(|| self.parts.queue.pop());
                match &next {
                    Some(output) if output.position().sequence <= durable => {
                        self.send(kafka, output, published)?;
                        next = None;
                    }
                    _ => break,
                }
            }
            if next.is_none() && live {
                self.complete = self.complete.max(emitted.min(durable));
            }
            if reports_at.elapsed() >= REPORTS_EVERY {
                reports_at = Instant::now();
                self.confirm(kafka, Duration::ZERO)?;
            }
            if !live && next.is_none() && self.parts.queue.is_empty() {
                crate::warning!("publishing fell behind: going on from the journal", "sequence": self.complete);
                return Ok(());
            }
            self.stop_when_drained(kafka)?;
            let wait = if self.outstanding.is_empty() {
                IDLE
            } else {
                REPORTS_EVERY
            };
            let queue = &self.parts.queue;
            let progress = &self.parts.progress;
            queue.publisher.wait(WaitStrategy::Park, Some(wait), || match &next {
                Some(output) => output.position().sequence <= progress.durable(),
                None => !queue.is_empty() || progress.emitted.load(Ordering::Acquire) > emitted,
            });
        }
    }

    /// Sends an output unless Kafka has it. Waits while the producer is full.
    fn send(&mut self, kafka: &mut Kafka, output: &Output, published: &Published) -> Result<(), Step> {
        let instrument = match output {
            Output::Trade(_, trade) => trade.instrument_id,
            Output::Quote(_, quote) => quote.instrument_id,
            Output::FinalBar(_, instrument, ..) | Output::CurrentBar(_, instrument, ..) => *instrument,
        };
        let Some(symbol) = self.parts.symbols.get(instrument) else {
            return Err(Step::Broken(Broken(format!("instrument {instrument} has no symbol"))));
        };
        let position = output.position();
        let mut ticket = 0;
        if output.is_event() {
            let known = published
                .get(&kafka.place(output, &symbol))
                .is_some_and(|last| position <= *last);
            if position <= self.handed || known {
                return Ok(());
            }
            ticket = self.first_ticket + self.outstanding.len() as u64;
        }
        loop {
            match kafka.send(output, &symbol, ticket) {
                SendOutcome::Sent => break,
                SendOutcome::QueueFull => {
                    self.confirm(kafka, QUEUE_FULL_POLL)?;
                    if self.out_of_time() {
                        return Err(Step::Stopping(Stopping));
                    }
                    if !output.is_event() {
                        // State: a newer one will come.
                        return Ok(());
                    }
                    ticket = self.first_ticket + self.outstanding.len() as u64;
                }
                SendOutcome::Failed(reason) => return Err(Step::Broken(Broken(reason))),
            }
        }
        if output.is_event() {
            self.outstanding.push_back((position.sequence, false));
            self.handed = position;
            // Not complete: further outputs of the same input may follow.
            self.complete = self.complete.max(position.sequence.saturating_sub(1));
        }
        self.parts.progress.published_messages.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes delivery reports and moves the mark up to which Kafka has everything.
    fn confirm(&mut self, kafka: &Kafka, timeout: Duration) -> Result<(), Step> {
        let delivered = kafka.poll(timeout).map_err(|reason| Step::Broken(Broken(reason)))?;
        for ticket in delivered {
            if let Some(entry) = ticket
                .checked_sub(self.first_ticket)
                .and_then(|index| self.outstanding.get_mut(index as usize))
            {
                entry.1 = true;
            }
        }
        while self.outstanding.front().is_some_and(|(_, confirmed)| *confirmed) {
            self.outstanding.pop_front();
            self.first_ticket += 1;
        }
        let published = match self.outstanding.front() {
            Some((sequence, _)) => sequence.saturating_sub(1).min(self.complete),
            None => self.complete,
        };
        self.parts.progress.published.fetch_max(published, Ordering::AcqRel);
        if self.stored_at.elapsed() >= CHECKPOINT_EVERY {
            self.save();
        }
        Ok(())
    }

    /// The journal can't be read from where publishing stands. When it was trimmed (the engine ran without Kafka meanwhile),
    /// what was trimmed stays unpublished: said loudly, and publishing goes on after it.
    fn unreadable(&self, error: &JournalError) -> Step {
        if matches!(error, JournalError::Trimmed { .. }) {
            let resume = self.parts.snapshots.oldest().max(self.complete + 1);
            crate::error!("a part of the journal was trimmed before it was published", "after": self.complete, "going_on_after": resume);
            self.parts.progress.published.store(resume, Ordering::Release);
        }
        Step::Broken(Broken(error.to_string()))
    }

    fn save(&mut self) {
        self.stored_at = Instant::now();
        let published = self.parts.progress.published.load(Ordering::Acquire);
        if published != self.stored {
            self.parts.checkpoint.store(&self.identity.journal, published);
            self.stored = published;
        }
    }

    /// At shutdown: goes on until everything is confirmed or the time is over.
    fn stop_when_drained(&mut self, kafka: &Kafka) -> Result<(), Step> {
        if !self.parts.drained.load(Ordering::Acquire) {
            return Ok(());
        }
        self.confirm(kafka, Duration::from_millis(5))?;
        let done = self.outstanding.is_empty()
            && self.parts.queue.is_empty()
            && self.complete >= self.parts.progress.durable();
        if done || self.out_of_time() {
            Err(Step::Stopping(Stopping))
        } else {
            Ok(())
        }
    }

    fn out_of_time(&mut self) -> bool {
        if !self.parts.progress.stopping() {
            return false;
        }
        let deadline = *self.stop_by.get_or_insert_with(|| Instant::now() + SHUTDOWN_MAX);
        Instant::now() > deadline
    }
}
