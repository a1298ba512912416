//! A ring of preallocated slots: one producer, any number of consumers that each see every slot in order. The producer
//! never overwrites a slot that a consumer has not released.

mod wait;

use crossbeam_utils::CachePadded;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use wait::{Parker, WaitStrategy};

struct Shared<T> {
    slots: Box<[UnsafeCell<T>]>,
    mask: u64,
    /// Slots published so far.
    cursor: CachePadded<AtomicU64>,
    consumers: Box<[ConsumerState]>,
    closed: std::sync::atomic::AtomicBool,
}

struct ConsumerState {
    /// Slots that this consumer has released.
    released: CachePadded<AtomicU64>,
    parker: Arc<Parker>,
}

// SAFETY: a slot is written by the one producer only while no consumer may read it (not published, or released by all),
// and read by consumers only while the producer may not write it; both follow from `cursor` and `released`.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}
// SAFETY: as above; the slots move with the ring.
unsafe impl<T: Send> Send for Shared<T> {}

/// Writes slots. There is one.
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    next: u64,
    /// Least `released` of all consumers when last looked at.
    gate: u64,
}

/// Reads every slot in order.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    index: usize,
    next: u64,
    wait: WaitStrategy,
}

/// Makes a ring of `capacity` slots (a power of two) filled by `slot`, and a consumer for each wait strategy.
pub fn ring<T>(capacity: usize, waits: &[WaitStrategy], slot: impl FnMut() -> T) -> (Producer<T>, Vec<Consumer<T>>) {
    assert!(capacity.is_power_of_two(), "the capacity of a ring is a power of two");
    let shared = Arc::new(Shared {
        slots: std::iter::repeat_with(slot)
            .take(capacity)
            .map(UnsafeCell::new)
            .collect(),
        mask: capacity as u64 - 1,
        cursor: CachePadded::new(AtomicU64::new(0)),
        consumers: waits
            .iter()
            .map(|_| ConsumerState {
                released: CachePadded::new(AtomicU64::new(0)),
                parker: Arc::new(Parker::new()),
            })
            .collect(),
        closed: false.into(),
    });
    let consumers = waits
        .iter()
        .enumerate()
        .map(|(index, &wait)| Consumer {
            shared: Arc::clone(&shared),
            index,
            next: 0,
            wait,
        })
        .collect();
    (
        Producer {
            shared,
            next: 0,
            gate: 0,
        },
        consumers,
    )
}

impl<T> Producer<T> {
    /// Number of slots that can be written before a consumer must release one.
    pub fn free(&mut self) -> u64 {
        let capacity = self.shared.mask + 1;
        if self.next - self.gate == capacity {
            // Acquire: what the consumers read of a slot happened before we write it.
            self.gate = self
                .shared
                .consumers
                .iter()
                .map(|each| each.released.load(Ordering::Acquire))
                .min()
                .unwrap_or(self.next);
        }
        capacity - (self.next - self.gate)
    }

    /// The slot that `publish` will hand over; `None` while the ring is full.
    pub fn slot(&mut self) -> Option<&mut T> {
        if self.free() == 0 {
            return None;
        }
        let slot = &self.shared.slots[(self.next & self.shared.mask) as usize];
        // SAFETY: this sequence is not published and every consumer has released its last use of the slot.
        Some(unsafe { &mut *slot.get() })
    }

    /// Hands the slot over. Release: its content is visible before the sequence is.
    ///
    /// Precondition: `slot` returned it since the last call.
    pub fn publish(&mut self) {
        self.next += 1;
        self.shared.cursor.store(self.next, Ordering::Release);
        for consumer in &self.shared.consumers {
            consumer.parker.wake();
        }
    }

    /// Makes a consumer look around although nothing was published.
    pub fn wake(&self, consumer: usize) {
        self.shared.consumers[consumer].parker.wake();
    }

    /// Something that wakes a consumer from another thread.
    pub fn parker(&self, consumer: usize) -> Arc<Parker> {
        Arc::clone(&self.shared.consumers[consumer].parker)
    }

    /// Tells the consumers that nothing more will come.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        for consumer in &self.shared.consumers {
            consumer.parker.wake();
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> Consumer<T> {
    /// Slots that can be read now.
    pub fn available(&self) -> u64 {
        // Acquire: pairs with `publish`.
        self.shared.cursor.load(Ordering::Acquire) - self.next
    }

    /// The slot `ahead` of the next one. Precondition: `ahead < available()`.
    pub fn peek(&self, ahead: u64) -> &T {
        assert!(ahead < self.available());
        let slot = &self.shared.slots[((self.next + ahead) & self.shared.mask) as usize];
        // SAFETY: it is published, and the producer does not write it before we release it.
        unsafe { &*slot.get() }
    }

    /// Gives the next `count` slots back. Precondition: `count <= available()`.
    pub fn release(&mut self, count: u64) {
        assert!(count <= self.available());
        self.next += count;
        // Release: our reads happened before the producer writes the slots again.
        self.shared.consumers[self.index]
            .released
            .store(self.next, Ordering::Release);
    }

    /// Waits until there is something to read, the timeout is over, or somebody wakes it.
    pub fn wait(&self, timeout: Option<std::time::Duration>) {
        self.shared.consumers[self.index]
            .parker
            .wait(self.wait, timeout, || self.available() > 0 || self.is_closed());
    }

    /// Whether the producer is gone; slots may still be there.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_consumer_sees_every_slot_in_order_however_they_wait() {
        for wait in [WaitStrategy::Park, WaitStrategy::SpinThenPark { spins: 100 }] {
            let (mut producer, consumers) = ring(8, &[wait, wait, wait], || 0_u64);
            std::thread::scope(|scope| {
                for mut consumer in consumers {
                    scope.spawn(move || {
                        let mut expected = 0;
                        while expected < 20_000 {
                            consumer.wait(None);
                            let available = consumer.available();
                            for ahead in 0..available {
                                assert_eq!(*consumer.peek(ahead), expected);
                                expected += 1;
                            }
                            consumer.release(available);
                        }
                    });
                }
                for value in 0..20_000 {
                    loop {
                        if let Some(slot) = producer.slot() {
                            *slot = value;
                            break;
                        }
                        std::thread::yield_now();
                    }
                    producer.publish();
                }
            });
        }
    }

    #[test]
    fn the_producer_stops_before_the_slowest_consumer() {
        let (mut producer, mut consumers) = ring(2, &[WaitStrategy::Park; 2], || 0_u32);
        for value in [1, 2] {
            *producer.slot().unwrap() = value;
            producer.publish();
        }
        assert!(producer.slot().is_none());
        consumers[0].release(2);
        assert!(producer.slot().is_none());
        consumers[1].release(1);
        assert_eq!(producer.free(), 1);
    }

    #[test]
    fn a_consumer_learns_that_the_producer_is_gone() {
        let (producer, consumers) = ring(2, &[WaitStrategy::Park], || 0_u32);
        drop(producer);
        consumers[0].wait(None);
        assert!(consumers[0].is_closed());
    }
}
