//! A blocking connection to the engine: for native consumers, tests and measurements.

mod sharded;
mod subscriber;

pub use sharded::{ShardNews, ShardedSubscriber};
pub use subscriber::{Delivery, Record, Resume, Subscriber, Wanted};

use mib_protocol::frame::{FrameHeader, read_frame, write_frame};
use mib_protocol::messages::{
    Ack, DataSource, ErrorReply, FRAME_FLAG_MORE, FrameKind, Heartbeat, Hello, HelloAck, InstrumentClass,
    InstrumentDefinition, PROTOCOL_VERSION, Reject,
};
use mib_protocol::shard::Shard;
use mib_protocol::text::Text;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

const READ_BYTES: usize = 64 * 1_024;

pub trait Stream: Read + Write + Send {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    fn try_clone_stream(&self) -> io::Result<Box<dyn Stream>>;
}

impl Stream for UnixStream {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)
    }
    fn try_clone_stream(&self) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.try_clone()?))
    }
}

impl Stream for TcpStream {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)
    }
    fn try_clone_stream(&self) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.try_clone()?))
    }
}

/// What the engine says on its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Ack { level: u8, sequence: u64 },
    Reject(Reject),
    Error(ErrorReply),
    Reply,
    Other,
}

pub struct Client {
    stream: Box<dyn Stream>,
    timeout: Option<Duration>,
    /// Bytes from `start` to `end` have been read and not understood; the rest is room.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// First session sequence that is not durable, as of the Hello.
    pub next_sequence: u64,
    /// Which of the instruments the engine has, as of the Hello.
    pub shard: Shard,
}

impl Client {
    /// `address` is unix:/path or tcp:host:port; an empty session name is for queries only.
    pub fn connect(address: &str, session: &str, ack_levels: u8) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match address.strip_prefix("unix:") {
            Some(path) => Box::new(UnixStream::connect(path)?),
            None => {
                let stream = TcpStream::connect(address.trim_start_matches("tcp:"))?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        let mut client = Client {
            stream,
            timeout: None,
            input: Vec::new(),
            start: 0,
            end: 0,
            next_sequence: 0,
            shard: Shard::WHOLE,
        };
        let hello = Hello {
            session: Text::clipped(session),
            feed: Text::clipped("rust"),
            source: DataSource::Simulated.code(),
            version_max: PROTOCOL_VERSION,
            ack_levels,
        };
        let mut frame = Vec::new();
        write_frame(
            &mut frame,
            header(FrameKind::Control, Hello::TEMPLATE, Hello::BYTES),
            1,
            |block| hello.encode(block),
        );
        client.stream.write_all(&frame)?;
        let ack = client.next_frame(|header, body| {
            (header.template == HelloAck::TEMPLATE)
                .then(|| HelloAck::decode(body))
                .flatten()
        })?;
        let ack = ack.ok_or_else(|| io::Error::other("the engine did not answer the Hello"))?;
        client.next_sequence = ack.next_sequence;
        client.shard = Shard::new(ack.shard_index, ack.shard_count.max(1))
            .ok_or_else(|| io::Error::other("the engine names a shard that there can't be"))?;
        Ok(client)
    }

    /// A second handle for writing while this one reads.
    pub fn writer(&self) -> io::Result<Box<dyn Stream>> {
        self.stream.try_clone_stream()
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub fn heartbeat(&mut self) -> io::Result<()> {
        let mut frame = Vec::new();
        write_frame(
            &mut frame,
            header(FrameKind::Control, Heartbeat::TEMPLATE, Heartbeat::BYTES),
            1,
            |block| Heartbeat {}.encode(block),
        );
        self.send(&frame)
    }

    /// The next thing that the engine says; an error of kind WouldBlock when the time is over.
    pub fn news(&mut self, timeout: Duration) -> io::Result<News> {
        self.set_timeout(Some(timeout))?;
        self.next_frame(|header, body| {
            if header.kind == FrameKind::Error.code() {
                return ErrorReply::decode(body).map_or(News::Other, News::Error);
            }
            match header.template {
                Ack::TEMPLATE => Ack::decode(body).map_or(News::Other, |ack| News::Ack {
                    level: ack.level,
                    sequence: ack.sequence,
                }),
                Reject::TEMPLATE => Reject::decode(body).map_or(News::Other, News::Reject),
                _ if header.kind == FrameKind::Reply.code() => News::Reply,
                _ => News::Other,
            }
        })
    }

    /// Asks and returns the reply's blocks, or the error's text.
    pub fn query(
        &mut self,
        template: u16,
        blocks: &[u8],
        block_len: usize,
    ) -> io::Result<Result<Vec<Vec<u8>>, String>> {
        let mut frame = Vec::new();
        let query = FrameHeader {
            request_id: 1,
            ..header(FrameKind::Query, template, block_len)
        };
        write_frame(&mut frame, query, blocks.len() / block_len, |body| {
            body.copy_from_slice(blocks)
        });
        self.set_timeout(None)?;
        self.send(&frame)?;
        let mut reply = Vec::new();
        loop {
            let part = self.next_frame(|header, body| {
                if header.request_id != 1 {
                    return None;
                }
                if header.kind == FrameKind::Error.code() {
                    return Some(Err(
                        ErrorReply::decode(body).map_or(String::new(), |error| error.text.to_string())
                    ));
                }
                let blocks: Vec<Vec<u8>> = body
                    .chunks_exact(usize::from(header.block_len).max(1))
                    .map(<[u8]>::to_vec)
                    .collect();
                Some(Ok((blocks, header.flags & FRAME_FLAG_MORE != 0)))
            })?;
            match part {
                None => {}
                Some(Err(text)) => return Ok(Err(text)),
                Some(Ok((blocks, more))) => {
                    reply.extend(blocks);
                    if !more {
                        return Ok(Ok(reply));
                    }
                }
            }
        }
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.timeout != timeout {
            self.stream.set_timeout(timeout)?;
            self.timeout = timeout;
        }
        Ok(())
    }

    fn next_frame<T>(&mut self, take: impl FnOnce(&FrameHeader, &[u8]) -> T) -> io::Result<T> {
        loop {
            let unread = &self.input[self.start..self.end];
            if let Some((frame, length)) = read_frame(unread).map_err(|error| io::Error::other(format!("{error:?}")))? {
                let taken = take(&frame.header, frame.body);
                self.start += length;
                return Ok(taken);
            }
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.input.len() < self.end + READ_BYTES {
                self.input.resize(self.end + READ_BYTES, 0);
            }
            match self.stream.read(&mut self.input[self.end..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.end += read,
            }
        }
    }
}

/// A frame of records of one length, the first with the given session sequence.
pub fn data_frame(out: &mut Vec<u8>, first_seq: u64, block_len: usize, count: usize, fill: impl FnOnce(&mut [u8])) {
    write_frame(
        out,
        FrameHeader {
            first_seq,
            ..header(FrameKind::Data, 0, block_len)
        },
        count,
        fill,
    );
}

/// A definition of an instrument that tests may trade.
pub fn definition(instrument_id: u32, symbol: &str) -> InstrumentDefinition {
    InstrumentDefinition {
        flags: 0,
        publisher_id: 0,
        instrument_id,
        ts_event_nanos: 0,
        price_increment_e9: 0,
        size_increment_e9: 0,
        flags_instrument: 0,
        class: InstrumentClass::Crypto.code(),
        source: DataSource::Simulated.code(),
        symbol: Text::clipped(symbol),
        name: Text::clipped(symbol),
        venue: Text::clipped("TEST"),
        venue_symbol: Text::clipped(symbol),
    }
}

fn header(kind: FrameKind, template: u16, block_len: usize) -> FrameHeader {
    FrameHeader {
        kind: kind.code(),
        template,
        block_len: block_len as u16,
        ..FrameHeader::default()
    }
}
