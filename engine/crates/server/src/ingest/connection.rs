use crate::ingest::listener::Stream;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Instant;

const READ_BYTES: usize = 256 * 1_024;
/// Room for less is not worth a read. For less, the buffer of one whose frames are short would grow when part of one is left.
const READ_BYTES_MIN: usize = 64 * 1_024;
/// A reader that lets more than this pile up is disconnected.
const UNSENT_BYTES_MAX: usize = 64 << 20;

/// A socket with what was read and not yet understood, and what was written and not yet sent.
pub struct Connection {
    stream: Stream,
    /// Bytes from `start` to `end` have been read and not consumed; the rest is room.
    input: Vec<u8>,
    start: usize,
    end: usize,
    pub output: Vec<u8>,
    sent: usize,
    /// The socket may have more to read.
    pub readable: bool,
    /// A whole frame waits for room in the ring or in the queue of queries.
    pub blocked: bool,
    pub greeted: bool,
    /// It has asked something, whose answer may be on its way.
    pub asked: bool,
    pub session: Option<u32>,
    pub ack_levels: u8,
    pub received_at: Instant,
    pub sent_at: Instant,
    /// Closed as soon as the output is sent.
    pub ending: bool,
    pub told_of_full_disk: bool,
}

pub enum ReadOutcome {
    Bytes,
    Nothing,
    Closed,
}

impl Connection {
    pub fn new(stream: Stream) -> Self {
        let now = Instant::now();
        Connection {
            stream,
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            sent: 0,
            readable: true,
            blocked: false,
            greeted: false,
            asked: false,
            session: None,
            ack_levels: 0,
            received_at: now,
            sent_at: now,
            ending: false,
            told_of_full_disk: false,
        }
    }

    pub fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Bytes that have been read and not consumed.
    pub fn unread(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    pub fn read(&mut self) -> ReadOutcome {
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.input.len() < self.end + READ_BYTES_MIN {
            self.input.resize(self.end + READ_BYTES, 0);
        }
        let outcome = self.stream.read(&mut self.input[self.end..]);
        self.end += *outcome.as_ref().unwrap_or(&0);
        match outcome {
            Ok(0) => ReadOutcome::Closed,
            Ok(_) => {
                self.received_at = Instant::now();
                ReadOutcome::Bytes
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.readable = error.kind() == ErrorKind::Interrupted;
                ReadOutcome::Nothing
            }
            Err(_) => ReadOutcome::Closed,
        }
    }

    /// Sends what can be sent now. An error ends the connection.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.sent += written;
                    self.sent_at = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        } else if self.sent > READ_BYTES {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
        if self.output.len() > UNSENT_BYTES_MAX {
            Err(ErrorKind::OutOfMemory.into())
        } else {
            Ok(())
        }
    }

    pub fn has_unsent(&self) -> bool {
        !self.output.is_empty()
    }

    pub fn unsent_bytes(&self) -> usize {
        self.output.len() - self.sent
    }
}
