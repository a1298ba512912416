use crate::ingest::Connection;
use crate::records;
use crate::subscribers::events::Place;
use crate::subscribers::filter::Filter;
use crate::subscribers::lane::Lane;
use crate::subscribers::policy::{conflated, state_kinds};
use mib_core::sink::Position;
use mib_core::state::State;
use mib_protocol::frame::{FrameHeader, write_frame};
use mib_protocol::messages::{
    BarInterval, BookTop, FLAG_SNAPSHOT, FRAME_FLAG_MORE, FRAME_HEADER_BYTES, FrameKind, InstrumentDefinition,
    KIND_BOOK_TOPS, KIND_CURRENT_BARS, KIND_QUOTES, PositionedBar, PositionedQuote, SlowPolicy, SubscribeAck,
    SubscriberGap, SubscriberState, SubscriberStatus,
};
use std::collections::VecDeque;

/// Records of one frame.
const BATCH_BYTES_MAX: usize = 64 * 1_024;
/// State is made only when it can leave at once: what waits for a socket grows old.
const UNSENT_STATE_BYTES_MAX: usize = 64 * 1_024;
/// Where a frame says what it is for.
const FRAME_KIND_AT: usize = 5;

/// How a subscriber is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taken once the head has reached what was durable when it came.
    Joining { at: u64, after: Option<u64>, state: bool },
    /// By the head.
    Live,
    /// By nobody, until it has room and the lane that catches up has it.
    Behind { from: Place },
    /// By the lane that catches up, from a place on; `next` is the first event of the lane's entry that it has not had.
    CatchingUp { from: Place, next: usize },
}

/// One connection that has subscribed.
pub struct Subscriber {
    request_id: u32,
    pub filter: Filter,
    pub policy: SlowPolicy,
    pub stage: Stage,
    /// Everything that came of inputs up to here has been sent.
    pub complete: u64,
    /// The `complete` that the last DATA frame told.
    told: u64,
    /// Bytes of DATA frames that may be on their way; 0: as many as the socket takes.
    window: u64,
    sent: u64,
    taken: u64,
    /// Frames that wait for the window, and their bytes.
    backlog: VecDeque<Vec<u8>>,
    backlog_bytes: usize,
    /// What may wait, for the window and for the socket.
    buffer_max: usize,
    batch: Vec<u8>,
    batch_max: usize,
    record_bytes: usize,
    records: u64,
    /// Instruments whose definition it has.
    defined: Vec<bool>,
    unsent_states: UnsentStates,
}

/// State that is to be sent as it stands when there is room.
#[derive(Default)]
struct UnsentStates {
    instruments: VecDeque<u32>,
    /// By instrument: KIND_… that are to be sent.
    kinds: Vec<u8>,
}

impl UnsentStates {
    fn add(&mut self, instrument: u32, kinds: u8) {
        let index = instrument as usize;
        if index >= self.kinds.len() {
            self.kinds.resize(index + 1, 0);
        }
        if kinds != 0 && self.kinds[index] == 0 {
            self.instruments.push_back(instrument);
        }
        self.kinds[index] |= kinds;
    }

    /// Something newer has been sent. The instrument stays in the list, with less or nothing to send.
    fn remove(&mut self, instrument: u32, kinds: u8) {
        if let Some(waiting) = self.kinds.get_mut(instrument as usize) {
            *waiting &= !kinds;
        }
    }
}

impl Subscriber {
    pub fn new(
        request_id: u32,
        filter: Filter,
        policy: SlowPolicy,
        stage: Stage,
        window_bytes: u32,
        buffer_max: usize,
    ) -> Self {
        Subscriber {
            request_id,
            filter,
            policy,
            stage,
            complete: 0,
            told: 0,
            window: u64::from(window_bytes),
            sent: 0,
            taken: 0,
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            buffer_max,
            batch: Vec::new(),
            batch_max: match window_bytes {
                0 => BATCH_BYTES_MAX,
                window => BATCH_BYTES_MAX.min(window as usize / 2),
            },
            record_bytes: 0,
            records: 0,
            defined: Vec::new(),
            unsent_states: UnsentStates::default(),
        }
    }

    pub fn request_id(&self) -> u32 {
        self.request_id
    }

    /// Kinds of which it gets every change, in order.
    pub fn kinds_in_order(&self) -> u8 {
        self.filter.union() & !conflated(self.policy)
    }

    /// Kinds of which it gets what is newest.
    pub fn kinds_conflated(&self) -> u8 {
        self.filter.union() & conflated(self.policy)
    }

    /// The subscriber holds these bytes, of all since the beginning, no more.
    pub fn credit(&mut self, connection: &mut Connection, taken_bytes: u64) {
        self.taken = self.taken.max(taken_bytes.min(self.sent));
        self.release(connection);
    }

    pub fn has_room(&self, connection: &Connection) -> bool {
        self.waiting_bytes(connection) < self.buffer_max
    }

    /// Enough of what it was sent is gone that going on is worth the effort.
    pub fn has_room_again(&self, connection: &Connection) -> bool {
        self.waiting_bytes(connection) < self.buffer_max.div_ceil(2)
    }

    /// Whether frames wait for the window.
    pub fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn waiting_bytes(&self, connection: &Connection) -> usize {
        connection.unsent_bytes() + self.backlog_bytes + self.batch.len()
    }

    /// Whether what is sent now leaves at once.
    fn flows(&self, connection: &Connection) -> bool {
        self.backlog.is_empty()
            && (self.window == 0 || self.sent + (self.batch.len() as u64) < self.taken + self.window)
            && connection.unsent_bytes() + self.batch.len() < UNSENT_STATE_BYTES_MAX
    }

    /// Sends the events of the lane's entry from `next` on, those before `from` left out. Returns the index of the first for
    /// which there is no room.
    pub fn take_events(&mut self, connection: &mut Connection, lane: &Lane, next: usize, from: Place) -> Option<usize> {
        self.filter.extend(&lane.state);
        let in_order = !conflated(self.policy);
        for (index, event) in lane.events.list.iter().enumerate().skip(next) {
            let kind = event.kind & self.filter.kinds(event.instrument) & in_order;
            if kind == 0 || event.place < from {
                continue;
            }
            if !self.has_room(connection) && !self.makes_room(connection) {
                return Some(index);
            }
            self.push(connection, &lane.state, event.instrument, lane.events.record(event));
            self.unsent_states.remove(event.instrument, kind);
            self.complete = self.complete.max(event.place.sequence - 1);
        }
        self.complete = self.complete.max(lane.sequence());
        None
    }

    /// Sends what can be sent; returns whether there is room then.
    fn makes_room(&mut self, connection: &mut Connection) -> bool {
        self.seal(connection);
        // An error shows itself again when the turn ends.
        let _ = connection.flush();
        self.has_room(connection)
    }

    /// Notes which state the head's entry has changed, where only the newest is wanted.
    pub fn note_changes(&mut self, head: &Lane) {
        let conflated = conflated(self.policy);
        if conflated & self.filter.union() == 0 {
            return;
        }
        self.filter.extend(&head.state);
        for event in &head.events.list {
            let kind = event.kind & conflated & self.filter.kinds(event.instrument);
            if kind != 0 {
                self.unsent_states.add(event.instrument, kind);
            }
        }
    }

    /// All state is to be sent as it stands.
    pub fn note_all_states(&mut self, head: &Lane) {
        self.filter.extend(&head.state);
        for instrument in 0..head.state.instruments().len() as u32 {
            let kinds = state_kinds(self.filter.kinds(instrument));
            self.unsent_states.add(instrument, kinds);
        }
    }

    /// Whether there is state to send that leaves at once, and it may be sent: not before events that are older.
    pub fn can_take_states(&self, connection: &Connection) -> bool {
        let in_order = self.policy != SlowPolicy::Conflate;
        !self.unsent_states.instruments.is_empty() && (self.stage == Stage::Live || !in_order) && self.flows(connection)
    }

    /// Sends state as it stands, as long as it leaves at once.
    pub fn take_states(&mut self, connection: &mut Connection, head: &Lane) {
        while self.can_take_states(connection)
            && let Some(&instrument) = self.unsent_states.instruments.front()
        {
            let kinds = std::mem::take(&mut self.unsent_states.kinds[instrument as usize]);
            self.push_states(connection, head, instrument, kinds);
            // Not before: a frame that is full meanwhile says that more follows.
            self.unsent_states.instruments.pop_front();
        }
    }

    fn push_states(&mut self, connection: &mut Connection, head: &Lane, instrument: u32, kinds: u8) {
        let known = &head.state.instruments()[instrument as usize];
        if kinds & KIND_QUOTES != 0
            && let Some(quote) = &known.quote
        {
            let mut record = [0; PositionedQuote::BYTES];
            records::positioned_quote(known.quote_sequence, quote).encode(&mut record);
            self.push_state(connection, &head.state, instrument, &mut record);
        }
        if kinds & KIND_BOOK_TOPS != 0
            && let Some(top) = head.events.top(instrument)
        {
            let mut record = [0; BookTop::BYTES];
            top.encode(&mut record);
            self.push_state(connection, &head.state, instrument, &mut record);
        }
        if kinds & KIND_CURRENT_BARS != 0 {
            for (interval, series) in BarInterval::ALL.into_iter().zip(&known.bars) {
                let Some(bar) = series.last() else { continue };
                let position = Position {
                    sequence: known.bars_sequence,
                    ordinal: 0,
                };
                let mut record = [0; PositionedBar::BYTES];
                records::positioned_bar(position, instrument, interval, bar).encode(&mut record);
                self.push_state(connection, &head.state, instrument, &mut record);
            }
        }
    }

    fn push_state(&mut self, connection: &mut Connection, state: &State, instrument: u32, record: &mut [u8]) {
        record[1] |= FLAG_SNAPSHOT;
        self.push(connection, state, instrument, record);
    }

    fn push(&mut self, connection: &mut Connection, state: &State, instrument: u32, record: &[u8]) {
        let index = instrument as usize;
        if index >= self.defined.len() {
            self.defined.resize(state.instruments().len().max(index + 1), false);
        }
        if !std::mem::replace(&mut self.defined[index], true) {
            let mut block = [0; InstrumentDefinition::BYTES];
            state.instruments()[index].definition.encode(&mut block);
            self.append(connection, &block);
        }
        self.append(connection, record);
        self.records += 1;
    }

    fn append(&mut self, connection: &mut Connection, record: &[u8]) {
        if self.record_bytes != record.len() || self.batch.len() + record.len() > self.batch_max {
            self.seal(connection);
            self.record_bytes = record.len();
        }
        self.batch.extend_from_slice(record);
    }

    /// Makes a frame of what has been collected.
    pub fn seal(&mut self, connection: &mut Connection) {
        if !self.batch.is_empty() {
            self.data_frame(connection, self.batch.len() / self.record_bytes);
        }
    }

    /// Records that have been sent since the last call.
    pub fn count_records(&mut self) -> u64 {
        std::mem::take(&mut self.records)
    }

    /// Tells how far it is when records have not told; returns whether it did: it waits behind nothing.
    pub fn tell_progress(&mut self, connection: &mut Connection) -> bool {
        let news = self.complete > self.told && self.flows(connection);
        if news {
            self.data_frame(connection, 0);
        }
        news
    }

    fn data_frame(&mut self, connection: &mut Connection, count: usize) {
        let header = FrameHeader {
            first_seq: self.complete,
            flags: if self.unsent_states.instruments.is_empty() {
                0
            } else {
                FRAME_FLAG_MORE
            },
            ..self.header(FrameKind::Data, 0, self.record_bytes)
        };
        let batch = std::mem::take(&mut self.batch);
        self.frame(connection, header, count, |body| body.copy_from_slice(&batch));
        self.batch = batch;
        self.batch.clear();
        self.told = self.complete;
    }

    /// Frames leave in their order, those of control included.
    fn frame(
        &mut self,
        connection: &mut Connection,
        header: FrameHeader,
        count: usize,
        encode: impl FnOnce(&mut [u8]),
    ) {
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + count * usize::from(header.block_len));
        write_frame(&mut frame, header, count, encode);
        self.backlog_bytes += frame.len();
        self.backlog.push_back(frame);
        self.release(connection);
    }

    /// Lets go what the window allows.
    fn release(&mut self, connection: &mut Connection) {
        while self.window == 0 || self.sent < self.taken + self.window {
            let Some(frame) = self.backlog.pop_front() else { return };
            self.backlog_bytes -= frame.len();
            if frame[FRAME_KIND_AT] == FrameKind::Data.code() {
                self.sent += frame.len() as u64;
            }
            connection.output.extend_from_slice(&frame);
        }
    }

    pub fn acknowledge(&mut self, connection: &mut Connection, epoch: [u8; 16], sequence: u64) {
        let message = SubscribeAck { epoch, sequence };
        let header = self.header(FrameKind::Reply, SubscribeAck::TEMPLATE, SubscribeAck::BYTES);
        self.frame(connection, header, 1, |block| message.encode(block));
    }

    pub fn tell_status(&mut self, connection: &mut Connection, state: SubscriberState, durable_sequence: u64) {
        let message = SubscriberStatus {
            sequence: self.complete,
            durable_sequence,
            state: state.code(),
        };
        let header = self.header(FrameKind::Control, SubscriberStatus::TEMPLATE, SubscriberStatus::BYTES);
        self.frame(connection, header, 1, |block| message.encode(block));
    }

    /// Says that nothing comes of the inputs up to `to`, and goes on after them.
    pub fn skip(&mut self, connection: &mut Connection, to: u64) {
        self.seal(connection);
        let message = SubscriberGap {
            from_sequence: self.complete + 1,
            to_sequence: to,
        };
        self.complete = to;
        let header = self.header(FrameKind::Control, SubscriberGap::TEMPLATE, SubscriberGap::BYTES);
        self.frame(connection, header, 1, |block| message.encode(block));
    }

    fn header(&self, kind: FrameKind, template: u16, length: usize) -> FrameHeader {
        FrameHeader {
            kind: kind.code(),
            template,
            block_len: length as u16,
            request_id: self.request_id,
            ..FrameHeader::default()
        }
    }
}
