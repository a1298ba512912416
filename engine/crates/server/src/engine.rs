use crate::admin::Admin;
use crate::config::Config;
use crate::core_thread::CoreThread;
use crate::ingest::{IoThread, Listener, SessionTable};
use crate::journal_thread::JournalThread;
use crate::live_sessions::LiveSessions;
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::publish::{Checkpoint, OutputQueue, Publisher, PublisherParts, Symbols};
use crate::replay;
use crate::slot::{SLOTS, Slot};
use crate::snapshots::{self, Snapshots};
use crate::subscribers::{SubscriberThread, SubscriberThreadParts, SubscriberWaker};
use mib_core::sink::Discard;
use mib_core::state::State;
use mib_journal::{Identity, Journal, Options};
use mib_ring::{Parker, ring};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

const QUERIES_MAX: usize = 4_096;
const JOURNAL_CONSUMER: usize = 0;
const CORE_CONSUMER: usize = 1;

type Failure = Box<dyn std::error::Error>;

/// The running engine: its threads and what they share.
pub struct Engine {
    progress: Arc<Progress>,
    io_waker: Arc<mio::Waker>,
    drained: Arc<AtomicBool>,
    publisher_parker: Arc<Parker>,
    snapshots: Snapshots,
    io: JoinHandle<()>,
    journal: JoinHandle<()>,
    core: JoinHandle<State>,
    publisher: Option<JoinHandle<()>>,
    subscriber_waker: Arc<SubscriberWaker>,
    subscribers: JoinHandle<()>,
    started_with: u64,
}

impl Engine {
    pub fn start(config: Config) -> Result<Self, Failure> {
        let started = Instant::now();
        let journal_dir = config.data_dir.join("journal");
        std::fs::create_dir_all(&journal_dir)?;
        let admin_listener =
            std::net::TcpListener::bind(config.admin).map_err(|error| format!("{}: {error}", config.admin))?;

        let identity = Identity::load_or_create(&journal_dir, config.shard)?;
        let snapshots = Snapshots::new(&config.data_dir, identity.journal, config.limits)?;
        let mut state = snapshots.load(u64::MAX);
        let from_snapshot = state.applied_sequence();
        let options = Options {
            segment_bytes: config.segment_bytes,
        };
        let (journal, recovered) = Journal::open(&journal_dir, options, from_snapshot, |entry| {
            replay::apply(&mut state, entry, &mut Discard)
        })?;
        let sequence = recovered.last_sequence;
        crate::info!(
            "recovered",
            "snapshot_sequence": from_snapshot,
            "sequence": sequence,
            "records": recovered.records,
            "torn_bytes": recovered.torn_bytes,
            "took_ms": started.elapsed().as_millis(),
        );

        let progress = Arc::new(Progress::default());
        progress.set_epoch(identity.epoch, identity.epoch_after);
        for mark in [
            &progress.received,
            &progress.applied,
            &progress.durable,
            &progress.emitted,
        ] {
            mark.store(sequence, Ordering::Release);
        }
        progress.journal_bytes.store(journal.bytes(), Ordering::Relaxed);
        progress
            .journal_bytes_written
            .store(recovered.records * 64, Ordering::Relaxed);
        let listener = Listener::bind(&config.listen).map_err(|error| format!("{:?}: {error}", config.listen))?;
        let poll = mio::Poll::new()?;
        let io_waker = Arc::new(mio::Waker::new(poll.registry(), crate::ingest::WAKER)?);
        let subscriber_poll = mio::Poll::new()?;
        let subscriber_waker = mio::Waker::new(subscriber_poll.registry(), crate::subscribers::WAKER)?;
        let subscriber_waker = Arc::new(SubscriberWaker::new(subscriber_waker));
        let live = Arc::new(LiveSessions::default());
        let metrics = Arc::new(Metrics::default());
        let symbols = Arc::new(Symbols::default());
        symbols.extend(&state);
        let drained = Arc::new(AtomicBool::new(false));
        let publisher_parker = Arc::new(Parker::new());
        let publishing = !config.kafka_brokers.is_empty();
        let queue = publishing.then(|| {
            Arc::new(OutputQueue::new(
                Arc::clone(&publisher_parker),
                config.publish_queue_max,
            ))
        });

        let (producer, mut consumers) = ring(SLOTS, &[config.wait; 2], Slot::empty);
        let core_parker = producer.parker(CORE_CONSUMER);
        let core_consumer = consumers.remove(CORE_CONSUMER);
        let journal_consumer = consumers.remove(JOURNAL_CONSUMER);
        let (query_sender, queries) = sync_channel(QUERIES_MAX);
        let (outbound_sender, outbound) = channel();
        let (subscriber_sender, new_subscribers) = channel();

        let io_thread = IoThread::new(
            poll,
            listener,
            producer,
            sequence + 1,
            SessionTable::of_state(&state, &live),
            Arc::clone(&live),
            Arc::clone(&progress),
            query_sender,
            Arc::clone(&core_parker),
            outbound,
            (subscriber_sender, Arc::clone(&subscriber_waker)),
            (config.heartbeat, config.session_dead),
            config.shard,
            Arc::clone(&drained),
        );
        let journal_thread = JournalThread {
            journal,
            consumer: journal_consumer,
            progress: Arc::clone(&progress),
            io: Arc::clone(&io_waker),
            publisher: Arc::clone(&publisher_parker),
            subscribers: Arc::clone(&subscriber_waker),
        };
        let core_thread = CoreThread {
            state,
            consumer: core_consumer,
            queries,
            outbound: outbound_sender,
            io: Arc::clone(&io_waker),
            progress: Arc::clone(&progress),
            live,
            queue: queue.clone(),
            symbols: Arc::clone(&symbols),
            metrics: Arc::clone(&metrics),
            quote_interval: config.quote_interval,
            current_bar_interval: config.current_bar_interval,
        };
        let subscribers = SubscriberThread::new(SubscriberThreadParts {
            poll: subscriber_poll,
            waker: Arc::clone(&subscriber_waker),
            incoming: new_subscribers,
            snapshots: snapshots.clone(),
            journal_dir: journal_dir.clone(),
            progress: Arc::clone(&progress),
            heartbeat: config.heartbeat,
            session_dead: config.session_dead,
            subscribers_max: config.subscribers_max,
            buffer_bytes_max: config.subscriber_buffer_bytes,
            drained: Arc::clone(&drained),
        });
        let publisher = queue.map(|queue| {
            let parts = PublisherParts {
                brokers: config.kafka_brokers.clone(),
                topic_prefix: config.topic_prefix.clone(),
                identity,
                journal_dir: journal_dir.clone(),
                snapshots: snapshots.clone(),
                checkpoint: Checkpoint::new(&config.data_dir),
                queue,
                symbols,
                progress: Arc::clone(&progress),
                core: core_parker,
                drained: Arc::clone(&drained),
            };
            Publisher::new(parts, sequence == 0)
        });

        let admin = Admin {
            listener: admin_listener,
            progress: Arc::clone(&progress),
            metrics,
            publishing,
            shard: config.shard,
        };
        let worker = (snapshots.clone(), Arc::clone(&progress), config.journal_bytes_max);
        spawn("snapshots", move || {
            snapshots::run_worker(&worker.0, &journal_dir, worker.2, publishing, &worker.1)
        })?;
        spawn("admin", move || admin.run())?;
        let engine = Engine {
            progress,
            io_waker,
            drained,
            publisher_parker,
            snapshots,
            journal: spawn("journal", move || journal_thread.run())?,
            core: spawn("core", move || core_thread.run())?,
            publisher: publisher
                .map(|publisher| spawn("publish", move || publisher.run()))
                .transpose()?,
            subscriber_waker,
            subscribers: spawn("subscribers", move || subscribers.run())?,
            io: spawn("io", move || io_thread.run())?,
            started_with: sequence,
        };
        crate::info!("ready", "listen": format!("{:?}", config.listen), "admin": config.admin, "shard": config.shard, "took_ms": started.elapsed().as_millis());
        Ok(engine)
    }

    /// Takes nothing new, makes durable and publishes what was taken, writes a last snapshot.
    pub fn stop(self) {
        self.progress.stopping.store(true, Ordering::Release);
        let _ = self.io_waker.wake();
        // The io thread closes the ring, upon which these two come to their end.
        let journal_ended = self.journal.join().is_ok();
        let state = self.core.join();
        self.drained.store(true, Ordering::Release);
        self.publisher_parker.wake_always();
        let _ = self.io_waker.wake();
        self.subscriber_waker.wake_always();
        let _ = self.io.join();
        let _ = self.subscribers.join();
        if let Some(publisher) = self.publisher {
            let _ = publisher.join();
        }
        if let Ok(state) = state
            && journal_ended
            && state.applied_sequence() == self.progress.durable()
            && state.applied_sequence() > self.started_with
            && let Err(error) = self.snapshots.store(&state)
        {
            crate::warning!("the last snapshot could not be written", "err": error);
        }
        crate::info!("stopped", "sequence": self.progress.durable());
    }
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Failure> {
    Ok(thread::Builder::new().name(name.into()).spawn(run)?)
}
