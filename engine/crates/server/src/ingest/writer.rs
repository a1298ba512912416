use crate::slot::{SLOT_BYTES, SLOTS, Slot};
use mib_journal::EntryKind;
use mib_ring::Producer;
use std::collections::VecDeque;

/// Up to where a slot that was handed over takes its session.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    pub sequence: u64,
    pub session: u32,
    pub session_sequence: u64,
}

/// Gives inputs the engine's sequence and writes them into the ring. Frames of one session that follow one another share a
/// slot until `flush`, so that many small ones cost no more than a large one.
pub struct Writer {
    producer: Producer<Slot>,
    next_sequence: u64,
    open: bool,
    /// What was handed over and is not durable yet, oldest first.
    pub handed: VecDeque<Handed>,
}

impl Writer {
    pub fn new(producer: Producer<Slot>, next_sequence: u64) -> Self {
        Writer {
            producer,
            next_sequence,
            open: false,
            // The ring, and what is being written to disk, all in slots of their own.
            handed: VecDeque::with_capacity(2 * SLOTS),
        }
    }

    /// Writes as many of the records as there is room for; returns how many.
    pub fn write(&mut self, session: u32, session_sequence: u64, stride: usize, records: &[u8]) -> u64 {
        let mut written = 0;
        while written * stride < records.len() {
            let next = session_sequence + written as u64;
            let rest = &records[written * stride..];
            if self.open && !self.fits(session, next, stride) {
                self.flush();
            }
            let first_sequence = self.next_sequence;
            let Some(slot) = self.producer.slot() else { break };
            if !self.open {
                self.open = true;
                slot.kind = EntryKind::Records;
                slot.stride = stride as u16;
                slot.session = session;
                slot.session_sequence = next;
                slot.first_sequence = first_sequence;
                slot.count = 0;
                slot.length = 0;
            }
            let count = ((SLOT_BYTES - slot.length) / stride).min(rest.len() / stride);
            let length = count * stride;
            slot.bytes[slot.length..slot.length + length].copy_from_slice(&rest[..length]);
            slot.length += length;
            slot.count += count as u32;
            self.next_sequence += count as u64;
            written += count;
        }
        written as u64
    }

    /// Announces a session that is new; false when there is no room.
    pub fn open_session(&mut self, session: u32, body: &[u8]) -> bool {
        self.flush();
        let first_sequence = self.next_sequence;
        let Some(slot) = self.producer.slot() else { return false };
        slot.kind = EntryKind::SessionOpened;
        slot.stride = 0;
        slot.session = session;
        slot.session_sequence = 0;
        slot.first_sequence = first_sequence;
        slot.count = 1;
        slot.length = body.len();
        slot.bytes[..body.len()].copy_from_slice(body);
        self.next_sequence += 1;
        self.publish(Handed {
            sequence: first_sequence,
            session,
            session_sequence: 0,
        });
        true
    }

    /// Hands the slot that is being filled to the consumers.
    pub fn flush(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        if let Some(slot) = self.producer.slot() {
            let handed = Handed {
                sequence: slot.first_sequence + u64::from(slot.count) - 1,
                session: slot.session,
                session_sequence: slot.session_sequence + u64::from(slot.count) - 1,
            };
            self.publish(handed);
        }
    }

    /// Last sequence that was given.
    pub fn last_sequence(&self) -> u64 {
        self.next_sequence - 1
    }

    fn publish(&mut self, handed: Handed) {
        self.producer.publish();
        self.handed.push_back(handed);
    }

    fn fits(&mut self, session: u32, next: u64, stride: usize) -> bool {
        let Some(slot) = self.producer.slot() else { return false };
        slot.session == session
            && usize::from(slot.stride) == stride
            && slot.session_sequence + u64::from(slot.count) == next
            && slot.length + stride <= SLOT_BYTES
    }
}
