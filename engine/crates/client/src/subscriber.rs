use crate::{Client, header};
use mib_protocol::frame::write_frame;
use mib_protocol::messages::{
    BookTop, Credit, ErrorReply, FLAG_SNAPSHOT, FRAME_FLAG_MORE, FRAME_HEADER_BYTES, FrameKind, InstrumentDefinition,
    PositionedBar, PositionedQuote, PositionedTrade, SlowPolicy, Subscribe, SubscribeAck, SubscriberGap,
    SubscriberStatus,
};
use mib_protocol::shard::Shard;
use mib_protocol::text::Text;
use std::io;
use std::time::{Duration, Instant};

const REQUEST_ID: u32 = 1;
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Well before the engine takes a silent connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What to subscribe to.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Empty: all there are and will be.
    pub symbols: Vec<String>,
    /// Sum of KIND_…
    pub kinds: u8,
    pub policy: SlowPolicy,
    /// Bytes of records that may be on their way; 0: as many as the socket takes.
    pub window_bytes: u32,
}

/// Where a subscriber stands, so that another one goes on there without hole or repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    pub epoch: [u8; 16],
    /// It has everything that came of inputs up to here,
    pub complete: u64,
    /// and so many events of the next one.
    pub further: u64,
    /// It has all state that it asked for in the beginning.
    pub has_state: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Instrument(InstrumentDefinition),
    Quote(PositionedQuote),
    Trade(PositionedTrade),
    Bar(PositionedBar),
    BookTop(BookTop),
}

impl Record {
    fn decode(block: &[u8]) -> Option<Self> {
        match u16::from(*block.first()?) {
            InstrumentDefinition::TEMPLATE => InstrumentDefinition::decode(block).map(Record::Instrument),
            PositionedQuote::TEMPLATE => PositionedQuote::decode(block).map(Record::Quote),
            PositionedTrade::TEMPLATE => PositionedTrade::decode(block).map(Record::Trade),
            PositionedBar::TEMPLATE => PositionedBar::decode(block).map(Record::Bar),
            BookTop::TEMPLATE => BookTop::decode(block).map(Record::BookTop),
            _ => None,
        }
    }

    /// The engine's sequence of the input that brought it, unless it is a definition or state as it stood.
    pub fn event_sequence(&self) -> Option<u64> {
        let (flags, sequence) = match self {
            Record::Instrument(_) => return None,
            Record::Quote(quote) => (quote.flags, quote.sequence),
            Record::Trade(trade) => (0, trade.sequence),
            Record::Bar(bar) => (bar.flags, bar.sequence),
            Record::BookTop(top) => (top.flags, top.sequence),
        };
        (flags & FLAG_SNAPSHOT == 0).then_some(sequence)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Records(Vec<Record>),
    Status(SubscriberStatus),
    Gap(SubscriberGap),
    Error(ErrorReply),
}

/// A native consumer of what comes of the inputs. It must be asked for the next delivery more often than the engine takes a
/// silent connection for dead (5 s).
pub struct Subscriber {
    client: Client,
    resume: Resume,
    /// Events that come although they were had before the cut.
    repeats: u64,
    window: u64,
    received: u64,
    credited: u64,
    said_at: Instant,
}

impl Subscriber {
    /// `resume` goes on where another one stood; without it the state as it stands comes first.
    pub fn connect(address: &str, wanted: &Wanted, resume: Option<Resume>) -> io::Result<Self> {
        let mut client = Client::connect(address, "", 0)?;
        let all = [String::new()];
        let symbols = if wanted.symbols.is_empty() {
            &all[..]
        } else {
            &wanted.symbols
        };
        let mut frame = Vec::new();
        let query = mib_protocol::frame::FrameHeader {
            request_id: REQUEST_ID,
            ..header(FrameKind::Query, Subscribe::TEMPLATE, Subscribe::BYTES)
        };
        write_frame(&mut frame, query, symbols.len(), |body| {
            for (symbol, block) in symbols.iter().zip(body.chunks_exact_mut(Subscribe::BYTES)) {
                Subscribe {
                    after_sequence: resume.map_or(0, |resume| resume.complete),
                    window_bytes: wanted.window_bytes,
                    kinds: wanted.kinds,
                    policy: wanted.policy.code(),
                    resume: u8::from(resume.is_some()),
                    state: u8::from(!resume.is_some_and(|resume| resume.has_state)),
                    epoch: resume.map_or([0; 16], |resume| resume.epoch),
                    symbol: Text::clipped(symbol),
                }
                .encode(block);
            }
        });
        client.send(&frame)?;
        let deadline = Instant::now() + ANSWER_MAX;
        let ack = loop {
            client.set_timeout(Some(ANSWER_MAX))?;
            let answer = client.next_frame(|header, body| {
                if header.kind == FrameKind::Error.code() {
                    let text = ErrorReply::decode(body).map_or(String::new(), |error| error.text.to_string());
                    return Some(Err(io::Error::other(text)));
                }
                (header.kind == FrameKind::Reply.code()).then(|| {
                    SubscribeAck::decode(body).ok_or_else(|| io::Error::other("the SubscribeAck is too short"))
                })
            })?;
            match answer {
                Some(ack) => break ack?,
                None if Instant::now() > deadline => return Err(io::ErrorKind::TimedOut.into()),
                None => {}
            }
        };
        Ok(Subscriber {
            client,
            resume: Resume {
                epoch: ack.epoch,
                complete: ack.sequence,
                further: resume.map_or(0, |resume| resume.further),
                has_state: resume.is_some_and(|resume| resume.has_state),
            },
            repeats: resume.map_or(0, |resume| resume.further),
            window: u64::from(wanted.window_bytes),
            received: 0,
            credited: 0,
            said_at: Instant::now(),
        })
    }

    /// Which of the instruments the engine has.
    pub fn shard(&self) -> Shard {
        self.client.shard
    }

    /// Where it stands with what `next` has returned.
    pub fn resume(&self) -> Resume {
        self.resume
    }

    /// The next thing that the engine says; an error of kind WouldBlock or TimedOut when the time is over. Asking for it says that
    /// what was returned before is worked through.
    pub fn next(&mut self, timeout: Duration) -> io::Result<Delivery> {
        let deadline = Instant::now() + timeout;
        loop {
            self.say_that_it_lives()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.client.set_timeout(Some(left.min(HEARTBEAT)))?;
            let mut has_state = self.resume.has_state;
            let received = self.client.next_frame(|header, body| {
                if header.kind == FrameKind::Error.code() {
                    return ErrorReply::decode(body).map(|error| (Delivery::Error(error), 0, 0));
                }
                if header.kind == FrameKind::Data.code() {
                    let blocks = body.chunks_exact(usize::from(header.block_len).max(1));
                    let records = blocks.filter_map(Record::decode).collect();
                    has_state |= header.flags & FRAME_FLAG_MORE == 0;
                    let bytes = (FRAME_HEADER_BYTES + body.len()) as u64;
                    return Some((Delivery::Records(records), header.first_seq, bytes));
                }
                let delivery = match header.template {
                    SubscriberStatus::TEMPLATE => SubscriberStatus::decode(body).map(Delivery::Status),
                    SubscriberGap::TEMPLATE => SubscriberGap::decode(body).map(Delivery::Gap),
                    _ => None,
                };
                delivery.map(|delivery| (delivery, 0, 0))
            });
            match received {
                Ok(Some((Delivery::Records(records), complete, bytes))) => {
                    self.received += bytes;
                    self.resume.has_state = has_state;
                    let records = self.take(records, complete);
                    if !records.is_empty() {
                        return Ok(Delivery::Records(records));
                    }
                }
                Ok(Some((delivery, ..))) => {
                    if let Delivery::Gap(gap) = delivery {
                        self.resume.complete = gap.to_sequence;
                        self.resume.further = 0;
                        self.repeats = 0;
                    }
                    return Ok(delivery);
                }
                Ok(None) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Leaves out what was had before, and notes where it stands now.
    fn take(&mut self, mut records: Vec<Record>, complete: u64) -> Vec<Record> {
        let known = self.resume.complete;
        records.retain(|record| {
            let repeated = self.repeats > 0 && record.event_sequence().is_some_and(|sequence| sequence == known + 1);
            self.repeats -= u64::from(repeated);
            !repeated
        });
        if complete > known {
            self.repeats = 0;
            self.resume.complete = complete;
            self.resume.further = 0;
        }
        let further = |record: &&Record| record.event_sequence().is_some_and(|sequence| sequence > complete);
        self.resume.further += records.iter().filter(further).count() as u64;
        records
    }

    /// When the engine has ended the connection, what it said before can be read all the same.
    fn say_that_it_lives(&mut self) -> io::Result<()> {
        self.try_to_say().or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Ok(()),
            _ => Err(error),
        })
    }

    fn try_to_say(&mut self) -> io::Result<()> {
        // Half of the window, so that the engine never waits while something is worked through.
        if self.window > 0 && self.received - self.credited >= self.window.div_ceil(2) {
            self.credited = self.received;
            let credit = Credit {
                taken_bytes: self.received,
            };
            let mut frame = Vec::new();
            let header = header(FrameKind::Control, Credit::TEMPLATE, Credit::BYTES);
            write_frame(&mut frame, header, 1, |block| credit.encode(block));
            self.said_at = Instant::now();
            self.client.send(&frame)?;
        } else if self.said_at.elapsed() >= HEARTBEAT {
            self.said_at = Instant::now();
            self.client.heartbeat()?;
        }
        Ok(())
    }
}
