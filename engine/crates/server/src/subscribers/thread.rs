use crate::ingest::{self, Connection, ReadOutcome};
use crate::progress::Progress;
use crate::snapshots::Snapshots;
use crate::subscribers::filter::Filter;
use crate::subscribers::lanes::Lanes;
use crate::subscribers::peer::{Peer, Peers, served};
use crate::subscribers::subscriber::{Stage, Subscriber};
use crate::subscribers::waker::SubscriberWaker;
use mib_protocol::frame::{FrameHeader, read_frame};
use mib_protocol::messages::{Credit, ErrorCode, FrameKind, Goodbye, SlowPolicy, Subscribe};
use mio::{Events, Poll, Token};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

pub const WAKER: Token = Token(0);
/// Errors from here on leave the connection open.
const LASTING_CODES: u16 = 16;
/// Reads of one connection before the others get their turn.
const READS_PER_TURN: usize = 4;
const TICK: Duration = Duration::from_millis(250);
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

/// Reads what subscribers say, and sends them what the lanes have for them.
pub struct SubscriberThread {
    parts: SubscriberThreadParts,
    peers: Peers,
    next_token: usize,
    lanes: Lanes,
    tick_at: Instant,
}

enum Stop {
    Close(ErrorCode, &'static str),
    Goodbye,
}

impl SubscriberThread {
    pub fn new(parts: SubscriberThreadParts) -> Self {
        SubscriberThread {
            lanes: Lanes::new(&parts),
            parts,
            peers: Peers::new(),
            next_token: WAKER.0 + 1,
            tick_at: Instant::now(),
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
        while self.has_undelivered() && Instant::now() < deadline {
            // Credit is still read: what waits for the window leaves as it opens.
            self.wait(&mut events, Duration::from_millis(10));
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

    /// Whether something of what was durable has not been handed to the socket.
    fn has_undelivered(&self) -> bool {
        self.lanes.has_work(&self.peers)
            || served(&self.peers).any(|(_, each)| each.stage != Stage::Live || each.has_backlog())
    }

    fn turn(&mut self) {
        self.accept();
        self.read_all();
        self.lanes.serve(&mut self.peers);
        if self.tick_at.elapsed() >= TICK {
            self.tick_at = Instant::now();
            self.tick();
        }
        self.flush_all();
        let count = served(&self.peers).count() as u64;
        self.parts.progress.subscribers.store(count, Ordering::Relaxed);
    }

    /// Sleeps unless there is something to do: until a connection or the journal has something, or the time is over.
    fn wait(&mut self, events: &mut Events, timeout: Duration) {
        self.parts.waker.set_waiting(!self.peers.is_empty());
        let is_readable = |peer: &Peer| peer.connection.readable && !peer.connection.ending;
        let timeout = if self.lanes.has_work(&self.peers) || self.peers.values().any(is_readable) {
            Duration::ZERO
        } else {
            timeout
        };
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
                refused: false,
            };
            // The Subscribe has been read already.
            if self.frames(&mut peer) {
                self.peers.insert(token, peer);
            }
        }
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

    /// Reads and understands what there is, as far as it gets in a turn; false when the connection is over.
    fn read(&mut self, peer: &mut Peer) -> bool {
        for _ in 0..READS_PER_TURN {
            if !peer.connection.readable || peer.connection.ending {
                break;
            }
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
                    let refused_before = std::mem::replace(&mut peer.refused, true);
                    if code.code() < LASTING_CODES || refused_before {
                        return Err(Stop::Close(code, text));
                    }
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
        if served(&self.peers).count() >= self.parts.subscribers_max {
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

    fn flush_all(&mut self) {
        self.peers.retain(|_, peer| {
            let connection = &mut peer.connection;
            connection.flush().is_ok() && (!connection.ending || connection.has_unsent())
        });
    }

    fn tick(&mut self) {
        let (heartbeat, dead) = (self.parts.heartbeat, self.parts.session_dead);
        self.peers.retain(|_, peer| {
            let (connection, subscriber) = (&mut peer.connection, &mut peer.subscriber);
            // One that ends is read no more: it has the same time to take something of what it was sent.
            let last = if connection.ending {
                connection.sent_at
            } else {
                connection.received_at
            };
            if last.elapsed() > dead {
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
