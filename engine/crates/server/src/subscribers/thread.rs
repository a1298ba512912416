use crate::ingest::{self, Connection, ReadOutcome};
use crate::progress::Progress;
use crate::snapshots::Snapshots;
use crate::subscribers::events::Place;
use crate::subscribers::filter::Filter;
use crate::subscribers::lane::Lane;
use crate::subscribers::subscriber::{Stage, Subscriber};
use crate::subscribers::waker::SubscriberWaker;
use mib_journal::JournalError;
use mib_protocol::frame::{FrameHeader, read_frame};
use mib_protocol::messages::{Credit, ErrorCode, FrameKind, Goodbye, SlowPolicy, Subscribe, SubscriberState};
use mio::{Events, Poll, Token};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

pub const WAKER: Token = Token(0);
/// Journal entries that a lane goes on by before connections get their turn. Those who catch up go faster than what they are
/// after.
const HEAD_ENTRIES_PER_TURN: usize = 64;
const CATCH_UP_ENTRIES_PER_TURN: usize = 256;
const TICK: Duration = Duration::from_millis(250);
/// So long one slow subscriber may hold the lane that catches up while others wait for it.
const PARKED_MAX: Duration = Duration::from_secs(1);
/// The head is kept for so long after the last subscriber has gone.
const HEAD_LINGER: Duration = Duration::from_secs(10);
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

pub struct SubscriberThreadParts {
    pub poll: Poll,
    pub waker: Arc<SubscriberWaker>,
    /// Connections that have sent a Subscribe, which is the next to be read.
    pub incoming: Receiver<Connection>,
    pub snapshots: Snapshots,
    pub journal_dir: PathBuf,
    pub progress: Arc<Progress>,
    pub heartbeat: Duration,
    pub session_dead: Duration,
    pub subscribers_max: usize,
    pub buffer_bytes_max: usize,
    /// Set when nothing more becomes durable.
    pub drained: Arc<AtomicBool>,
}

struct Peer {
    connection: Connection,
    /// `None` before a Subscribe was accepted.
    subscriber: Option<Subscriber>,
}

/// Serves subscribers: one lane at the end of the journal for those who keep up, another for those who don't.
pub struct SubscriberThread {
    parts: SubscriberThreadParts,
    peers: BTreeMap<usize, Peer>,
    next_token: usize,
    head: Option<Lane>,
    catch_up: Option<CatchUp>,
    tick_at: Instant,
    served_at: Instant,
}

struct CatchUp {
    lane: Lane,
    /// Since when nobody in it has had room.
    parked_at: Option<Instant>,
}

enum Stop {
    Close(ErrorCode, &'static str),
    Goodbye,
}

impl SubscriberThread {
    pub fn new(parts: SubscriberThreadParts) -> Self {
        SubscriberThread {
            parts,
            peers: BTreeMap::new(),
            next_token: WAKER.0 + 1,
            head: None,
            catch_up: None,
            tick_at: Instant::now(),
            served_at: Instant::now(),
        }
    }

    /// Serves until the engine has stopped and subscribers have what was durable, or do not take it in time.
    pub fn run(mut self) {
        let mut events = Events::with_capacity(256);
        while !self.parts.drained.load(Ordering::Acquire) {
            self.turn();
            self.wait(&mut events, TICK);
        }
        let deadline = Instant::now() + SHUTDOWN_MAX;
        self.turn();
        while self.has_work() && Instant::now() < deadline {
            self.turn();
        }
        for peer in self.peers.values_mut() {
            ingest::error_frame(
                &mut peer.connection.output,
                0,
                ErrorCode::ShuttingDown,
                "the engine stops",
            );
            ingest::goodbye(&mut peer.connection.output);
        }
        self.flush_all();
        while self.peers.values().any(|peer| peer.connection.has_unsent()) && Instant::now() < deadline {
            self.wait(&mut events, Duration::from_millis(10));
            self.flush_all();
        }
    }

    fn turn(&mut self) {
        self.accept();
        self.read_all();
        self.serve();
        if self.tick_at.elapsed() >= TICK {
            self.tick_at = Instant::now();
            self.tick();
        }
        self.flush_all();
    }

    /// Sleeps unless there is something to do: until a connection or the journal has something, or the time is over.
    fn wait(&mut self, events: &mut Events, timeout: Duration) {
        self.parts.waker.set_waiting(!self.peers.is_empty());
        let timeout = if self.has_work() { Duration::ZERO } else { timeout };
        let polled = self.parts.poll.poll(events, Some(timeout));
        self.parts.waker.set_waiting(false);
        if let Err(error) = polled
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            crate::error!("waiting for subscribers failed", "err": error);
            std::process::exit(1);
        }
        for event in events.iter() {
            if let Some(peer) = self.peers.get_mut(&event.token().0) {
                peer.connection.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            }
        }
    }

    fn accept(&mut self) {
        while let Ok(mut connection) = self.parts.incoming.try_recv() {
            let token = self.next_token;
            self.next_token += 1;
            if let Err(error) = connection
                .stream_mut()
                .register(self.parts.poll.registry(), Token(token))
            {
                crate::warning!("a subscriber can't be watched", "err": error);
                continue;
            }
            connection.readable = true;
            let mut peer = Peer {
                connection,
                subscriber: None,
            };
            // The Subscribe has been read already.
            if self.frames(&mut peer) {
                self.peers.insert(token, peer);
            }
        }
        self.parts
            .progress
            .subscribers
            .store(self.peers.len() as u64, Ordering::Relaxed);
    }

    fn read_all(&mut self) {
        let tokens: Vec<usize> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.connection.readable && !peer.connection.ending)
            .map(|(&token, _)| token)
            .collect();
        for token in tokens {
            let Some(mut peer) = self.peers.remove(&token) else {
                continue;
            };
            if self.read(&mut peer) {
                self.peers.insert(token, peer);
            }
        }
    }

    /// Reads and understands what there is; false when the connection is over.
    fn read(&mut self, peer: &mut Peer) -> bool {
        while peer.connection.readable {
            match peer.connection.read() {
                ReadOutcome::Bytes => {
                    if !self.frames(peer) {
                        return false;
                    }
                }
                ReadOutcome::Nothing => {}
                ReadOutcome::Closed => return false,
            }
        }
        true
    }

    fn frames(&mut self, peer: &mut Peer) -> bool {
        match self.try_frames(peer) {
            Ok(()) => true,
            Err(Stop::Goodbye) => false,
            Err(Stop::Close(code, text)) => {
                crate::warning!("a subscriber is ended", "code": code.name(), "reason": text);
                ingest::error_frame(&mut peer.connection.output, 0, code, text);
                peer.connection.ending = true;
                true
            }
        }
    }

    fn try_frames(&mut self, peer: &mut Peer) -> Result<(), Stop> {
        while !peer.connection.ending {
            let (header, body, length) = match read_frame(peer.connection.unread()) {
                Ok(None) => return Ok(()),
                Ok(Some((frame, length))) => (frame.header, frame.body.to_vec(), length),
                Err(_) => return Err(Stop::Close(ErrorCode::BadFrame, "the frame can't be read")),
            };
            peer.connection.consume(length);
            if header.kind == FrameKind::Query.code() {
                if let Err((code, text)) = self.subscribe(peer, &header, &body) {
                    ingest::error_frame(&mut peer.connection.output, header.request_id, code, text);
                }
            } else if header.kind == FrameKind::Control.code() && header.template == Goodbye::TEMPLATE {
                return Err(Stop::Goodbye);
            } else if header.kind == FrameKind::Control.code() && header.template == Credit::TEMPLATE {
                let credit =
                    Credit::decode(&body).ok_or(Stop::Close(ErrorCode::BadFrame, "the Credit is too short"))?;
                if let Some(subscriber) = &mut peer.subscriber {
                    subscriber.credit(&mut peer.connection, credit.taken_bytes);
                }
            }
        }
        Ok(())
    }

    fn subscribe(&self, peer: &mut Peer, header: &FrameHeader, body: &[u8]) -> Result<(), (ErrorCode, &'static str)> {
        let bad = |text| (ErrorCode::BadQuery, text);
        if header.template != Subscribe::TEMPLATE {
            return Err((
                ErrorCode::UnsupportedQuery,
                "a connection that has subscribed asks nothing",
            ));
        }
        if peer.subscriber.is_some() {
            return Err(bad("the connection has subscribed already"));
        }
        if self.peers.len() >= self.parts.subscribers_max {
            return Err((ErrorCode::SessionLimitReached, "too many subscribers"));
        }
        let blocks: Option<Vec<Subscribe>> = body
            .chunks_exact(usize::from(header.block_len).max(1))
            .map(Subscribe::decode)
            .collect();
        let blocks = blocks.ok_or(bad("the Subscribe is shorter than its message"))?;
        let first = blocks.first().ok_or(bad("a Subscribe has a block at least"))?;
        let policy = SlowPolicy::from_code(first.policy).ok_or(bad("the policy is not known"))?;
        let filter = Filter::of(&blocks).ok_or(bad("the kinds are not known"))?;
        let durable = self.parts.progress.durable();
        let after = (first.resume != 0).then_some(first.after_sequence);
        let (epoch, epoch_after) = self.parts.progress.epoch_and_after();
        let of_another_history = first.epoch != [0; 16] && first.epoch != epoch;
        if after.is_some_and(|after| after > durable || (of_another_history && after > epoch_after)) {
            return Err((
                ErrorCode::PositionUnknown,
                "the journal does not have this position: history was lost",
            ));
        }
        let stage = Stage::Joining {
            at: durable,
            after,
            state: first.state != 0,
        };
        peer.subscriber = Some(Subscriber::new(
            header.request_id,
            filter,
            policy,
            stage,
            first.window_bytes,
            self.parts.buffer_bytes_max,
        ));
        Ok(())
    }

    fn serve(&mut self) {
        if self.subscribers().next().is_none() {
            self.catch_up = None;
            if self.served_at.elapsed() > HEAD_LINGER {
                self.head = None;
            }
            return;
        }
        self.served_at = Instant::now();
        let outcome = self.advance_head().and_then(|()| {
            self.admit();
            self.advance_catch_up()
        });
        if let Err(error) = outcome {
            // Nothing can be said about what comes next: they begin anew from where they stand.
            crate::error!("the journal can't be read for subscribers, their connections end", "err": error);
            self.peers.clear();
            self.head = None;
            self.catch_up = None;
            return;
        }
        self.send_states();
        let mut records = 0;
        for Peer { connection, subscriber } in self.peers.values_mut() {
            if let Some(subscriber) = subscriber {
                subscriber.seal(connection);
                records += subscriber.count_records();
            }
        }
        self.parts
            .progress
            .subscriber_records
            .fetch_add(records, Ordering::Relaxed);
    }

    fn subscribers(&self) -> impl Iterator<Item = (&Connection, &Subscriber)> {
        self.peers.values().filter_map(|peer| {
            let subscriber = peer.subscriber.as_ref()?;
            (!peer.connection.ending).then_some((&peer.connection, subscriber))
        })
    }

    fn subscribers_mut(&mut self) -> impl Iterator<Item = (&mut Connection, &mut Subscriber)> {
        subscribers_of(&mut self.peers)
    }

    /// Goes on at the end of the journal; who has no room there falls behind.
    fn advance_head(&mut self) -> Result<(), JournalError> {
        let durable = self.parts.progress.durable();
        let wanted = self
            .subscribers()
            .map(|(_, each)| match each.stage {
                Stage::Joining { .. } => 0,
                Stage::Live => each.filter.union(),
                Stage::Behind { .. } | Stage::CatchingUp { .. } => each.kinds_conflated(),
            })
            .fold(0, |sum, kinds| sum | kinds);
        for _ in 0..HEAD_ENTRIES_PER_TURN {
            let head = self
                .head
                .get_or_insert_with(|| Lane::begin(&self.parts.snapshots, &self.parts.journal_dir, durable));
            match head.step(durable, wanted) {
                Ok(true) => {}
                Ok(false) => break,
                Err(JournalError::Trimmed { after_sequence }) => {
                    crate::warning!("subscribers were left behind by the journal", "after": after_sequence);
                    self.head = None;
                    for (_, subscriber) in subscribers_of(&mut self.peers) {
                        if subscriber.stage == Stage::Live {
                            let from = place_after(subscriber.complete);
                            subscriber.stage = Stage::Behind { from };
                        }
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
            for (connection, subscriber) in subscribers_of(&mut self.peers) {
                if !matches!(subscriber.stage, Stage::Joining { .. }) {
                    subscriber.note_changes(head);
                }
                if subscriber.stage == Stage::Live
                    && let Some(full) = subscriber.take_events(connection, head, 0, Place::START)
                {
                    let from = head.events.list[full].place;
                    fall_behind(connection, subscriber, from, durable, &self.parts.progress);
                }
            }
        }
        Ok(())
    }

    /// Takes those who wait for the head.
    fn admit(&mut self) {
        let Some(head) = &self.head else { return };
        let durable = self.parts.progress.durable();
        let epoch = self.parts.progress.epoch();
        for (connection, subscriber) in subscribers_of(&mut self.peers) {
            let Stage::Joining {
                at,
                after,
                state: with_state,
            } = subscriber.stage
            else {
                continue;
            };
            if head.sequence() < at {
                continue;
            }
            let after_sequence = after.unwrap_or(head.sequence());
            subscriber.complete = after_sequence;
            subscriber.acknowledge(connection, epoch, after_sequence);
            let mut state = SubscriberState::Live;
            subscriber.stage = Stage::Live;
            if after_sequence < head.sequence() {
                let from = place_after(after_sequence);
                subscriber.stage = Stage::Behind { from };
                state = SubscriberState::Behind;
            }
            if with_state || subscriber.policy == SlowPolicy::Conflate {
                subscriber.note_all_states(head);
            }
            subscriber.tell_status(connection, state, durable);
        }
    }

    /// Serves those who are behind, from the journal, until they are where the head is.
    fn advance_catch_up(&mut self) -> Result<(), JournalError> {
        let Some(head_sequence) = self.head.as_ref().map(Lane::sequence) else {
            return Ok(());
        };
        let durable = self.parts.progress.durable();
        let wanted = self
            .subscribers()
            .filter(|(_, each)| matches!(each.stage, Stage::Behind { .. } | Stage::CatchingUp { .. }))
            .fold(0, |sum, (_, each)| sum | each.kinds_in_order());
        for _ in 0..CATCH_UP_ENTRIES_PER_TURN {
            let Some(first) = self.first_to_catch_up() else {
                self.catch_up = None;
                break;
            };
            let catch_up = self.catch_up.get_or_insert_with(|| CatchUp {
                lane: Lane::begin(&self.parts.snapshots, &self.parts.journal_dir, first.sequence - 1),
                parked_at: None,
            });
            if !catch_up.deliver(&mut self.peers) {
                if catch_up.parked_at.is_some() {
                    break;
                }
                self.catch_up = None;
                continue;
            }
            let lane = &mut catch_up.lane;
            if lane.sequence() == head_sequence {
                for (connection, subscriber) in subscribers_of(&mut self.peers) {
                    if matches!(subscriber.stage, Stage::CatchingUp { .. }) {
                        subscriber.stage = Stage::Live;
                        subscriber.seal(connection);
                        subscriber.tell_status(connection, SubscriberState::Live, durable);
                    }
                }
                self.catch_up = None;
                continue;
            }
            match lane.step(head_sequence, wanted) {
                Ok(true) => {
                    for (_, subscriber) in subscribers_of(&mut self.peers) {
                        if let Stage::CatchingUp { next, .. } = &mut subscriber.stage {
                            *next = 0;
                        }
                    }
                }
                Ok(false) => break,
                Err(JournalError::Trimmed { after_sequence }) => {
                    *lane = Lane::begin_at_oldest(&self.parts.snapshots, &self.parts.journal_dir);
                    let resumed = lane.sequence();
                    if resumed <= after_sequence {
                        return Err(JournalError::Trimmed { after_sequence });
                    }
                    for (connection, subscriber) in subscribers_of(&mut self.peers) {
                        if let Stage::CatchingUp { from, next } = &mut subscriber.stage
                            && from.sequence <= resumed
                        {
                            *from = place_after(resumed);
                            *next = 0;
                            subscriber.skip(connection, resumed);
                            self.parts.progress.subscriber_gaps.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Where the next one to be caught up stands: who is being served, or the first of those who have room again.
    fn first_to_catch_up(&self) -> Option<Place> {
        let served = self.subscribers().filter_map(|(_, each)| match each.stage {
            Stage::CatchingUp { from, .. } => Some(from),
            _ => None,
        });
        served.min().or_else(|| {
            let waiting = self.subscribers().filter_map(|(connection, each)| match each.stage {
                Stage::Behind { from } if each.has_room_again(connection) => Some(from),
                _ => None,
            });
            waiting.min()
        })
    }

    fn send_states(&mut self) {
        let Some(head) = self.head.take() else { return };
        for (connection, subscriber) in self.subscribers_mut() {
            if !matches!(subscriber.stage, Stage::Joining { .. }) {
                subscriber.take_states(connection, &head);
            }
        }
        self.head = Some(head);
    }

    /// Whether there is something to do that no connection and no commit will call for.
    fn has_work(&self) -> bool {
        let Some(head) = &self.head else {
            return self.subscribers().next().is_some();
        };
        let behind = self.parts.progress.durable() > head.sequence();
        let parked = self.catch_up.as_ref().is_some_and(|each| each.parked_at.is_some());
        self.subscribers().any(|(connection, each)| {
            behind
                || match each.stage {
                    Stage::Joining { .. } => true,
                    // A lane that is parked is looked after with each tick.
                    Stage::Behind { .. } => !parked && each.has_room_again(connection),
                    Stage::CatchingUp { .. } => each.has_room(connection),
                    Stage::Live => false,
                }
                || each.can_take_states(connection)
        })
    }

    fn flush_all(&mut self) {
        self.peers.retain(|_, peer| {
            let connection = &mut peer.connection;
            connection.flush().is_ok() && (!connection.ending || connection.has_unsent())
        });
    }

    fn tick(&mut self) {
        let (heartbeat, dead) = (self.parts.heartbeat, self.parts.session_dead);
        self.peers.retain(|_, Peer { connection, subscriber }| {
            // One that ends is given the same time to take what it was sent.
            let silent = connection.received_at.elapsed().max(if connection.ending {
                connection.sent_at.elapsed()
            } else {
                Duration::ZERO
            });
            if silent > dead {
                crate::warning!("a silent subscriber is ended", "silent_ms_max": dead.as_millis());
                return false;
            }
            if connection.sent_at.elapsed() >= heartbeat && !connection.has_unsent() {
                let told = subscriber
                    .as_mut()
                    .is_some_and(|subscriber| subscriber.tell_progress(connection));
                if !told {
                    ingest::heartbeat(&mut connection.output);
                }
            }
            true
        });
    }
}

impl CatchUp {
    /// Hands the events of the entry where the lane stands to those in it, and lets those in who stand before what comes next.
    /// False when the lane can't go on: nobody has room (it is parked then), or nobody is left in it.
    fn deliver(&mut self, peers: &mut BTreeMap<usize, Peer>) -> bool {
        let lane = &self.lane;
        let (mut done, mut full, mut waiting) = (0, 0, 0);
        for (connection, subscriber) in subscribers_of(peers) {
            match subscriber.stage {
                Stage::CatchingUp { from, next } => {
                    let stopped = subscriber.take_events(connection, lane, next, from);
                    let next = stopped.unwrap_or(lane.events.list.len());
                    subscriber.stage = Stage::CatchingUp { from, next };
                    done += usize::from(stopped.is_none());
                    full += usize::from(stopped.is_some());
                }
                Stage::Behind { from } if subscriber.has_room_again(connection) => {
                    if from.sequence > lane.sequence() {
                        let next = lane.events.list.len();
                        subscriber.stage = Stage::CatchingUp { from, next };
                        done += 1;
                    } else {
                        waiting += 1;
                    }
                }
                _ => {}
            }
        }
        if full == 0 {
            self.parked_at = None;
            return done > 0;
        }
        if done == 0 {
            let parked_at = *self.parked_at.get_or_insert_with(Instant::now);
            if waiting == 0 || parked_at.elapsed() < PARKED_MAX {
                return false;
            }
        }
        // The others go on without those who have no room.
        self.parked_at = None;
        for (_, subscriber) in subscribers_of(peers) {
            if let Stage::CatchingUp { next, .. } = subscriber.stage
                && let Some(event) = lane.events.list.get(next)
            {
                subscriber.stage = Stage::Behind { from: event.place };
            }
        }
        done > 0
    }
}

fn subscribers_of(peers: &mut BTreeMap<usize, Peer>) -> impl Iterator<Item = (&mut Connection, &mut Subscriber)> {
    peers.values_mut().filter_map(|peer| {
        let subscriber = peer.subscriber.as_mut()?;
        (!peer.connection.ending).then_some((&mut peer.connection, subscriber))
    })
}

fn place_after(sequence: u64) -> Place {
    Place {
        sequence: sequence + 1,
        number: 0,
    }
}

/// What is done with one who has no room for what comes of the newest inputs.
fn fall_behind(
    connection: &mut Connection,
    subscriber: &mut Subscriber,
    from: Place,
    durable: u64,
    progress: &Progress,
) {
    progress.subscribers_slow.fetch_add(1, Ordering::Relaxed);
    subscriber.seal(connection);
    if subscriber.policy == SlowPolicy::Disconnect {
        crate::warning!("a slow subscriber is ended", "sequence": subscriber.complete, "durable": durable);
        let request_id = subscriber.request_id();
        let text = "what is sent is not taken fast enough";
        ingest::error_frame(&mut connection.output, request_id, ErrorCode::SlowReader, text);
        connection.ending = true;
        return;
    }
    crate::warning!("a slow subscriber falls behind", "sequence": subscriber.complete, "durable": durable);
    subscriber.stage = Stage::Behind { from };
    subscriber.tell_status(connection, SubscriberState::Behind, durable);
}
