// Tick 2/8: a session's frame is checked, what is known already is dropped, and the rest is numbered and put into the ring.
use crate::ingest::connection::{Connection, ReadOutcome};
use crate::ingest::listener::Listener;
use crate::ingest::outgoing;
use crate::ingest::session_table::SessionTable;
use crate::ingest::writer::Writer;
use crate::live_sessions::LiveSessions;
use crate::progress::Progress;
use crate::slot::{SLOT_BYTES, SessionOpened, Slot};
use crate::subscribers::SubscriberWaker;
use mib_protocol::frame::{FrameError, FrameHeader, read_frame};
use mib_protocol::messages::{
    ACK_LEVEL_DURABLE, ACK_LEVEL_RECEIVED, ACK_LEVEL_VISIBLE, DataSource, ErrorCode, FrameKind, Goodbye, Hello,
    HelloAck, InstrumentDefinition, PROTOCOL_VERSION, Reject, Subscribe,
};
use mib_protocol::shard::Shard;
use mib_ring::{Parker, Producer};
use mio::{Events, Poll, Registry, Token};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::{Duration, Instant};

const LISTENER: Token = Token(0);
pub const WAKER: Token = Token(1);
const FIRST_CONNECTION: usize = 2;
/// Reads of one connection before the others get their turn.
const READS_PER_TURN: usize = 4;
const BLOCKED_RETRY: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(250);
const RATE_WINDOW: Duration = Duration::from_secs(2);
const SHUTDOWN_FLUSH: Duration = Duration::from_secs(1);
const RECORD_HEADER_BYTES: usize = 16;

/// A question for the state's owner.
pub struct QueryRequest {
    pub connection: usize,
    pub header: FrameHeader,
    pub body: Vec<u8>,
}

/// What the state's owner has to say to connections.
pub enum Outbound {
    /// Frames that may leave once everything up to the sequence is durable.
    Reply {
        connection: usize,
        as_of: u64,
        frames: Vec<u8>,
    },
    Reject {
        session: u32,
        reject: Reject,
    },
}

pub struct IoThread {
    poll: Poll,
    running: Running,
    /// Set when journal and state have ended, so that the last acknowledgements can leave.
    drained: Arc<AtomicBool>,
}

struct Running {
    io: IoThreadParts,
    writer: Option<Writer>,
    sessions: SessionTable,
    connections: HashMap<usize, Connection>,
    next_token: usize,
    /// Replies that wait for the disk.
    held: VecDeque<(u64, usize, Vec<u8>)>,
    visible: VecDeque<(u64, u32, u64)>,
    handed_seen: usize,
    /// Kept for their memory, so that a turn needs none.
    tokens: Vec<usize>,
    noted: Vec<(u32, u64)>,
}

struct IoThreadParts {
    listener: Listener,
    live: Arc<LiveSessions>,
    progress: Arc<Progress>,
    queries: SyncSender<QueryRequest>,
    core: Arc<Parker>,
    outbound: Receiver<Outbound>,
    /// For connections that subscribe, which others serve.
    subscribers: (Sender<Connection>, Arc<SubscriberWaker>),
    heartbeat: Duration,
    session_dead: Duration,
    shard: Shard,
}

/// Why a connection ends, or that its frame must wait.
enum Stop {
    Blocked,
    Close(ErrorCode, &'static str),
    Goodbye,
    /// The next frame is a Subscribe.
    Subscribes,
}

/// What becomes of a connection after it was read.
enum Then {
    Keep,
    Forget,
    HandOver,
}

impl IoThread {
    /// `next_sequence` is the engine's sequence of the first input that will come.
    #[expect(
        clippy::too_many_arguments,
        reason = "a composition root passes what the thread is made of"
    )]
    pub fn new(
        poll: Poll,
        listener: Listener,
        producer: Producer<Slot>,
        next_sequence: u64,
        sessions: SessionTable,
        live: Arc<LiveSessions>,
        progress: Arc<Progress>,
        queries: SyncSender<QueryRequest>,
        core: Arc<Parker>,
        outbound: Receiver<Outbound>,
        subscribers: (Sender<Connection>, Arc<SubscriberWaker>),
        (heartbeat, session_dead): (Duration, Duration),
        shard: Shard,
        drained: Arc<AtomicBool>,
    ) -> Self {
        let io = IoThreadParts {
            listener,
            live,
            progress,
            queries,
            core,
            outbound,
            subscribers,
            heartbeat,
            session_dead,
            shard,
        };
        let running = Running {
            io,
            writer: Some(Writer::new(producer, next_sequence)),
            sessions,
            connections: HashMap::new(),
            next_token: FIRST_CONNECTION,
            held: VecDeque::new(),
            visible: VecDeque::new(),
            handed_seen: 0,
            tokens: Vec::new(),
            noted: Vec::new(),
        };
        IoThread { poll, running, drained }
    }

    /// Serves connections until the engine stops and everything acknowledged has been said.
    pub fn run(mut self) {
        if let Err(error) = self.running.io.listener.register(self.poll.registry(), LISTENER) {
            crate::error!("the listener can't be watched", "err": error);
            std::process::exit(1);
        }
        self.running.serve(&mut self.poll);
        self.running.finish(&mut self.poll, &self.drained);
    }
}

impl Running {
    fn serve(&mut self, poll: &mut Poll) {
        let mut events = Events::with_capacity(256);
        let mut tick_at = Instant::now();
        let mut rates_at = Instant::now();
        while !self.io.progress.stopping() {
            let timeout = if self.connections.values().any(|each| each.blocked) {
                BLOCKED_RETRY
            } else if self.connections.values().any(|each| each.readable) {
                Duration::ZERO
            } else {
                TICK
            };
            self.wait(poll, &mut events, timeout);
            self.read_all(poll.registry());
            if let Some(writer) = &mut self.writer {
                writer.flush();
                self.io
                    .progress
                    .received
                    .store(writer.last_sequence(), Ordering::Release);
            }
            self.report();
            if tick_at.elapsed() >= TICK {
                tick_at = Instant::now();
                self.tick();
            }
            if rates_at.elapsed() >= RATE_WINDOW {
                self.measure_rates(rates_at.elapsed());
                rates_at = Instant::now();
            }
            self.flush_all();
        }
    }

    /// Nothing is taken any more; what was taken becomes durable and is acknowledged before the connections end.
    fn finish(&mut self, poll: &mut Poll, drained: &AtomicBool) {
        let handed = self.writer.take().map(|mut writer| {
            writer.flush();
            std::mem::take(&mut writer.handed)
        });
        let mut handed = handed.unwrap_or_default();
        let mut events = Events::with_capacity(64);
        let mut deadline = None;
        loop {
            let ended = drained.load(Ordering::Acquire);
            let durable = self.io.progress.durable();
            let mut last = HashMap::new();
            while handed.front().is_some_and(|each| each.sequence <= durable) {
                if let Some(each) = handed.pop_front() {
                    last.insert(each.session, each.session_sequence);
                }
            }
            for (session, sequence) in last {
                self.acknowledge(session, sequence);
            }
            self.deliver(durable);
            if ended && deadline.is_none() {
                deadline = Some(Instant::now() + SHUTDOWN_FLUSH);
                for connection in self.connections.values_mut() {
                    outgoing::error_frame(&mut connection.output, 0, ErrorCode::ShuttingDown, "the engine stops");
                    outgoing::goodbye(&mut connection.output);
                }
            }
            self.flush_all();
            let unsent = self.connections.values().any(Connection::has_unsent);
            if deadline.is_some_and(|deadline| !unsent || Instant::now() > deadline) {
                return;
            }
            self.wait(poll, &mut events, Duration::from_millis(10));
        }
    }

    fn wait(&mut self, poll: &mut Poll, events: &mut Events, timeout: Duration) {
        if let Err(error) = poll.poll(events, Some(timeout))
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            crate::error!("waiting for connections failed", "err": error);
            std::process::exit(1);
        }
        for event in events.iter() {
            match event.token() {
                LISTENER => self.accept(poll),
                WAKER => {}
                Token(token) => {
                    if let Some(connection) = self.connections.get_mut(&token) {
                        connection.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
                    }
                }
            }
        }
    }

    fn accept(&mut self, poll: &Poll) {
        loop {
            match self.io.listener.accept() {
                Ok(stream) => {
                    let token = self.next_token;
                    self.next_token += 1;
                    let mut connection = Connection::new(stream);
                    if connection.stream_mut().register(poll.registry(), Token(token)).is_ok() {
                        self.connections.insert(token, connection);
                        self.io
                            .progress
                            .connections
                            .store(self.connections.len() as u64, Ordering::Relaxed);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    crate::warning!("a connection could not be accepted", "err": error);
                    return;
                }
            }
        }
    }

    fn read_all(&mut self, registry: &Registry) {
        let mut tokens = std::mem::take(&mut self.tokens);
        let readable = self
            .connections
            .iter()
            .filter(|(_, each)| each.readable || each.blocked);
        tokens.extend(readable.map(|(&token, _)| token));
        for token in tokens.drain(..) {
            let Some(mut connection) = self.connections.remove(&token) else {
                continue;
            };
            match self.read(token, &mut connection) {
                Then::Keep => drop(self.connections.insert(token, connection)),
                Then::Forget => self.forget(token, &connection),
                Then::HandOver => {
                    self.forget(token, &connection);
                    self.hand_over(registry, connection);
                }
            }
        }
        self.tokens = tokens;
    }

    fn hand_over(&self, registry: &Registry, mut connection: Connection) {
        let (incoming, waker) = &self.io.subscribers;
        match connection.stream_mut().deregister(registry) {
            Ok(()) => {
                let _ = incoming.send(connection);
                waker.wake_always();
            }
            Err(error) => crate::warning!("a connection can't be handed over", "err": error),
        }
    }

    /// Reads and understands what there is.
    fn read(&mut self, token: usize, connection: &mut Connection) -> Then {
        let keep_if = |keep: bool| if keep { Then::Keep } else { Then::Forget };
        if connection.ending {
            return keep_if(connection.has_unsent());
        }
        for _ in 0..READS_PER_TURN {
            if !connection.blocked {
                match connection.read() {
                    ReadOutcome::Bytes => {}
                    ReadOutcome::Nothing => return Then::Keep,
                    ReadOutcome::Closed => return Then::Forget,
                }
            }
            match self.frames(token, connection) {
                Ok(()) => connection.blocked = false,
                Err(Stop::Blocked) => {
                    connection.blocked = true;
                    connection.received_at = Instant::now();
                    self.tell_of_full_disk(connection);
                    return Then::Keep;
                }
                Err(Stop::Goodbye) => return Then::Forget,
                Err(Stop::Subscribes) => return Then::HandOver,
                Err(Stop::Close(code, text)) => {
                    self.io.progress.bad_frames.fetch_add(1, Ordering::Relaxed);
                    crate::warning!("a connection is ended", "code": code.name(), "reason": text);
                    outgoing::error_frame(&mut connection.output, 0, code, text);
                    connection.ending = true;
                    return keep_if(connection.flush().is_ok() && connection.has_unsent());
                }
            }
        }
        Then::Keep
    }

    fn frames(&mut self, token: usize, connection: &mut Connection) -> Result<(), Stop> {
        loop {
            let (header, body, length) = match read_frame(connection.unread()) {
                Ok(None) => return Ok(()),
                Ok(Some((frame, length))) => (frame.header, frame.body, length),
                Err(FrameError::BadFrame) => return Err(Stop::Close(ErrorCode::BadFrame, "the frame does not add up")),
                Err(FrameError::BadCrc) => return Err(Stop::Close(ErrorCode::BadCrc, "the checksum does not hold")),
                Err(FrameError::FrameTooLarge) => {
                    return Err(Stop::Close(ErrorCode::FrameTooLarge, "a frame has at most 1 MiB"));
                }
            };
            if !connection.greeted {
                let hello = (header.kind == FrameKind::Control.code() && header.template == Hello::TEMPLATE)
                    .then(|| Hello::decode(body))
                    .flatten()
                    .ok_or(Stop::Close(ErrorCode::HelloExpected, "a connection begins with Hello"))?;
                self.greet(token, connection, &hello)?;
            } else if header.kind == FrameKind::Data.code() {
                self.data(connection, &header, length)?;
            } else if header.kind == FrameKind::Query.code() && header.template == Subscribe::TEMPLATE {
                if connection.session.is_none() && !connection.asked {
                    return Err(Stop::Subscribes);
                }
                let text = "subscribe on a connection of its own";
                outgoing::error_frame(&mut connection.output, header.request_id, ErrorCode::BadQuery, text);
            } else if header.kind == FrameKind::Query.code() {
                self.io.progress.queries.fetch_add(1, Ordering::Relaxed);
                let request = QueryRequest {
                    connection: token,
                    header,
                    body: body.to_vec(),
                };
                self.io.queries.try_send(request).map_err(|_| Stop::Blocked)?;
                self.io.core.wake_always();
                connection.asked = true;
            } else if header.kind == FrameKind::Control.code() && header.template == Goodbye::TEMPLATE {
                return Err(Stop::Goodbye);
            }
            // Heartbeats and what is not known: having read them is all there is to do.
            connection.consume(length);
        }
    }

    fn greet(&mut self, token: usize, connection: &mut Connection, hello: &Hello) -> Result<(), Stop> {
        if hello.version_max == 0 {
            return Err(Stop::Close(ErrorCode::UnsupportedVersion, "versions begin with 1"));
        }
        let mut next_sequence = 0;
        let name = hello.session.as_str();
        if !name.is_empty() {
            if DataSource::from_code(hello.source).is_none() {
                return Err(Stop::Close(ErrorCode::BadFrame, "the source is not known"));
            }
            let session = match self.sessions.find(name) {
                Some(session) => session,
                None => self.open_session(name, hello)?,
            };
            next_sequence = self.attach(token, session);
            connection.session = Some(session);
            connection.ack_levels = hello.ack_levels;
            if hello.ack_levels & ACK_LEVEL_VISIBLE != 0 {
                self.io.progress.visible_wanted.store(true, Ordering::Relaxed);
            }
            let feed = hello.feed;
            crate::info!("feed connected", "session": name, "feed": feed, "next_sequence": next_sequence);
        }
        connection.greeted = true;
        let message = HelloAck {
            epoch: self.io.progress.epoch(),
            next_sequence,
            heartbeat_ms: self.io.heartbeat.as_millis() as u32,
            dead_ms: self.io.session_dead.as_millis() as u32,
            version: hello.version_max.min(PROTOCOL_VERSION),
            shard_index: self.io.shard.index(),
            shard_count: self.io.shard.count(),
        };
        outgoing::hello_ack(&mut connection.output, &message);
        self.tell_of_full_disk(connection);
        Ok(())
    }

    fn open_session(&mut self, name: &str, hello: &Hello) -> Result<u32, Stop> {
        if self.sessions.is_full() {
            return Err(Stop::Close(ErrorCode::SessionLimitReached, "too many sessions"));
        }
        let body = SessionOpened {
            source: hello.source,
            feed: hello.feed.as_str(),
            name,
        }
        .encode();
        let session = self.sessions.sessions.len() as u32;
        if !self
            .writer
            .as_mut()
            .is_some_and(|writer| writer.open_session(session, &body))
        {
            return Err(Stop::Blocked);
        }
        Ok(self.sessions.add(name, 1, &self.io.live))
    }

    /// Gives the session to this connection, ends its former one, and returns the next sequence that is not durable.
    fn attach(&mut self, token: usize, session: u32) -> u64 {
        let entry = &mut self.sessions.sessions[session as usize];
        entry.live.connected.store(true, Ordering::Relaxed);
        let former = entry.connection.replace(Token(token));
        let next = entry.durable_next;
        if let Some(former) = former.and_then(|former| self.connections.get_mut(&former.0)) {
            former.session = None;
            former.ending = true;
            former.readable = true;
            outgoing::error_frame(
                &mut former.output,
                0,
                ErrorCode::SessionTakenOver,
                "the session is connected elsewhere",
            );
        }
        next
    }

    fn data(&mut self, connection: &mut Connection, header: &FrameHeader, length: usize) -> Result<(), Stop> {
        let session = connection
            .session
            .ok_or(Stop::Close(ErrorCode::HelloExpected, "the Hello named no session"))?;
        let stride = usize::from(header.block_len);
        if header.record_count == 0 {
            return Ok(());
        }
        if !(RECORD_HEADER_BYTES..=SLOT_BYTES).contains(&stride) {
            return Err(Stop::Close(ErrorCode::BadFrame, "a record has at least 16 bytes"));
        }
        let entry = &mut self.sessions.sessions[session as usize];
        let end = header.first_seq.checked_add(u64::from(header.record_count));
        let end = end
            .filter(|_| header.first_seq > 0)
            .ok_or(Stop::Close(ErrorCode::BadFrame, "sequences begin with 1"))?;
        if header.first_seq > entry.received_next {
            return Err(Stop::Close(
                ErrorCode::SessionSequenceGap,
                "records are missing before these",
            ));
        }
        if end <= entry.received_next {
            self.io
                .progress
                .duplicates
                .fetch_add(u64::from(header.record_count), Ordering::Relaxed);
            return Ok(());
        }
        let known = (entry.received_next - header.first_seq) as usize;
        let body = &connection.unread()[length - stride * header.record_count as usize..length];
        check_shard(self.io.shard, stride, &body[known * stride..])?;
        let Some(writer) = &mut self.writer else {
            return Err(Stop::Blocked);
        };
        let written = writer.write(session, entry.received_next, stride, &body[known * stride..]);
        entry.received_next += written;
        entry.live.received.fetch_add(written, Ordering::Relaxed);
        if entry.received_next < end {
            return Err(Stop::Blocked);
        }
        if connection.ack_levels & ACK_LEVEL_RECEIVED != 0 {
            outgoing::ack(&mut connection.output, ACK_LEVEL_RECEIVED, end - 1);
        }
        Ok(())
    }

    /// Tells sessions what has become visible and durable, and lets replies go that waited for it.
    fn report(&mut self) {
        let durable = self.io.progress.durable();
        let applied = self.io.progress.applied.load(Ordering::Acquire);
        let wants_visible = self
            .connections
            .values()
            .any(|each| each.ack_levels & ACK_LEVEL_VISIBLE != 0);
        let mut noted = std::mem::take(&mut self.noted);
        if let Some(writer) = &mut self.writer {
            if wants_visible {
                let fresh = writer.handed.iter().skip(self.handed_seen);
                self.visible
                    .extend(fresh.map(|each| (each.sequence, each.session, each.session_sequence)));
            }
            self.handed_seen = writer.handed.len();
        }
        while self
            .visible
            .front()
            .is_some_and(|(sequence, _, _)| *sequence <= applied)
        {
            if let Some((_, session, sequence)) = self.visible.pop_front() {
                note(&mut noted, session, sequence);
            }
        }
        for (session, sequence) in noted.drain(..) {
            if let Some(connection) = self
                .connection_of(session)
                .filter(|each| each.ack_levels & ACK_LEVEL_VISIBLE != 0)
            {
                outgoing::ack(&mut connection.output, ACK_LEVEL_VISIBLE, sequence);
            }
        }
        if let Some(writer) = &mut self.writer {
            while writer.handed.front().is_some_and(|each| each.sequence <= durable) {
                if let Some(each) = writer.handed.pop_front() {
                    self.handed_seen -= 1;
                    note(&mut noted, each.session, each.session_sequence);
                }
            }
        }
        for (session, sequence) in noted.drain(..) {
            self.acknowledge(session, sequence);
        }
        self.noted = noted;
        self.deliver(durable);
    }

    fn acknowledge(&mut self, session: u32, sequence: u64) {
        let entry = &mut self.sessions.sessions[session as usize];
        entry.durable_next = entry.durable_next.max(sequence + 1);
        if sequence == 0 {
            return;
        }
        if let Some(connection) = self
            .connection_of(session)
            .filter(|each| each.ack_levels & ACK_LEVEL_DURABLE != 0)
        {
            outgoing::ack(&mut connection.output, ACK_LEVEL_DURABLE, sequence);
        }
    }

    fn deliver(&mut self, durable: u64) {
        while let Ok(outbound) = self.io.outbound.try_recv() {
            match outbound {
                Outbound::Reply {
                    connection,
                    as_of,
                    frames,
                } => self.held.push_back((as_of, connection, frames)),
                Outbound::Reject { session, reject } => {
                    if let Some(connection) = self.connection_of(session) {
                        outgoing::reject(&mut connection.output, &reject);
                    }
                }
            }
        }
        while self.held.front().is_some_and(|(as_of, _, _)| *as_of <= durable) {
            if let Some((_, token, frames)) = self.held.pop_front()
                && let Some(connection) = self.connections.get_mut(&token)
            {
                connection.output.extend_from_slice(&frames);
            }
        }
    }

    fn connection_of(&mut self, session: u32) -> Option<&mut Connection> {
        let token = self.sessions.sessions[session as usize].connection?;
        self.connections.get_mut(&token.0)
    }

    fn flush_all(&mut self) {
        let mut over = Vec::new();
        for (&token, connection) in &mut self.connections {
            if connection.flush().is_err() || (connection.ending && !connection.has_unsent()) {
                over.push(token);
            }
        }
        for token in over {
            if let Some(connection) = self.connections.remove(&token) {
                self.forget(token, &connection);
            }
        }
    }

    fn tick(&mut self) {
        let mut over = Vec::new();
        for (&token, connection) in &mut self.connections {
            if !connection.blocked && connection.received_at.elapsed() > self.io.session_dead {
                over.push(token);
            } else if connection.greeted
                && connection.sent_at.elapsed() >= self.io.heartbeat
                && !connection.has_unsent()
            {
                outgoing::heartbeat(&mut connection.output);
            }
        }
        for token in over {
            if let Some(connection) = self.connections.remove(&token) {
                crate::warning!("a silent connection is ended", "silent_ms_max": self.io.session_dead.as_millis());
                self.forget(token, &connection);
            }
        }
    }

    fn tell_of_full_disk(&self, connection: &mut Connection) {
        let full = self.io.progress.disk_full.load(Ordering::Acquire);
        if full && !connection.told_of_full_disk && connection.session.is_some() {
            outgoing::error_frame(
                &mut connection.output,
                0,
                ErrorCode::DiskFull,
                "the journal's disk is full: keep what is not durable",
            );
        }
        connection.told_of_full_disk = full;
    }

    fn measure_rates(&mut self, elapsed: Duration) {
        for session in &mut self.sessions.sessions {
            let received = session.live.received.load(Ordering::Relaxed);
            let rate = (received - session.rate_base) as f64 / elapsed.as_secs_f64();
            session.live.rate_e3.store((rate * 1_000.0) as u64, Ordering::Relaxed);
            session.rate_base = received;
        }
    }

    fn forget(&mut self, token: usize, connection: &Connection) {
        self.io
            .progress
            .connections
            .store(self.connections.len() as u64, Ordering::Relaxed);
        if let Some(session) = connection.session {
            let entry = &mut self.sessions.sessions[session as usize];
            if entry.connection == Some(Token(token)) {
                entry.connection = None;
                entry.live.connected.store(false, Ordering::Relaxed);
                crate::info!("feed disconnected", "session_number": session);
            }
        }
    }
}

/// Refuses a frame that defines an instrument of another shard: nothing of it is taken, so the feed keeps it. What follows of
/// the session is held up with it; records name instruments by their definitions, so none of them needs a look.
fn check_shard(shard: Shard, stride: usize, records: &[u8]) -> Result<(), Stop> {
    if shard.is_whole() || stride < InstrumentDefinition::BYTES {
        return Ok(());
    }
    for record in records.chunks_exact(stride) {
        if u16::from(record[0]) == InstrumentDefinition::TEMPLATE
            && let Some(definition) = InstrumentDefinition::decode(record)
            && !shard.has_symbol(definition.symbol.as_str())
        {
            let symbol = definition.symbol;
            crate::warning!("an instrument of another shard is refused", "symbol": symbol, "shard": shard);
            let text = "an instrument of another shard: nothing of the frame is taken";
            return Err(Stop::Close(ErrorCode::WrongShard, text));
        }
    }
    Ok(())
}

fn note(last: &mut Vec<(u32, u64)>, session: u32, sequence: u64) {
    match last.iter_mut().find(|(known, _)| *known == session) {
        Some(entry) => entry.1 = sequence,
        None => last.push((session, sequence)),
    }
}
