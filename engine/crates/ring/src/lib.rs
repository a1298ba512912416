//! A ring of preallocated slots: one producer, any number of consumers that each see every slot in order, some of them only
//! after others have. The producer never overwrites a slot that a consumer has not released.

mod sync;
mod wait;

use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering, UnsafeCell};
use crossbeam_utils::CachePadded;

pub use wait::{Parker, WaitStrategy};

struct Shared<T> {
    slots: Box<[UnsafeCell<T>]>,
    mask: u64,
    /// Slots published so far.
    cursor: CachePadded<AtomicU64>,
    consumers: Box<[ConsumerState]>,
    closed: AtomicBool,
}

struct ConsumerState {
    /// Slots that this consumer has released.
    released: CachePadded<AtomicU64>,
    parker: Arc<Parker>,
    /// Those that it comes after, and those that come after it.
    after: Vec<usize>,
    before: Vec<usize>,
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

/// How a consumer waits, and the consumers (by their place in the list, all of them earlier) that must have released a slot
/// before it reads it.
#[derive(Clone, Debug)]
pub struct ConsumerPlan {
    pub wait: WaitStrategy,
    pub after: Vec<usize>,
}

/// Makes a ring of `capacity` slots (a power of two) filled by `slot`, and a consumer for each wait strategy; none of them
/// waits for another.
pub fn ring<T>(capacity: usize, waits: &[WaitStrategy], slot: impl FnMut() -> T) -> (Producer<T>, Vec<Consumer<T>>) {
    let plans: Vec<ConsumerPlan> = waits
        .iter()
        .map(|&wait| ConsumerPlan {
            wait,
            after: Vec::new(),
        })
        .collect();
    ring_of(capacity, &plans, slot)
}

/// As `ring`, with consumers that come after others.
pub fn ring_of<T>(capacity: usize, plans: &[ConsumerPlan], slot: impl FnMut() -> T) -> (Producer<T>, Vec<Consumer<T>>) {
    assert!(capacity.is_power_of_two(), "the capacity of a ring is a power of two");
    let state = |index: usize, plan: &ConsumerPlan| {
        assert!(
            plan.after.iter().all(|&other| other < index),
            "a consumer comes after earlier ones"
        );
        let before = (0..plans.len()).filter(|&other| plans[other].after.contains(&index));
        ConsumerState {
            released: CachePadded::new(AtomicU64::new(0)),
            parker: Arc::new(Parker::new()),
            after: plan.after.clone(),
            before: before.collect(),
        }
    };
    let shared = Arc::new(Shared {
        slots: std::iter::repeat_with(slot)
            .take(capacity)
            .map(UnsafeCell::new)
            .collect(),
        mask: capacity as u64 - 1,
        cursor: CachePadded::new(AtomicU64::new(0)),
        consumers: plans
            .iter()
            .enumerate()
            .map(|(index, plan)| state(index, plan))
            .collect(),
        closed: AtomicBool::new(false),
    });
    let consumer = |(index, plan): (usize, &ConsumerPlan)| Consumer {
        shared: Arc::clone(&shared),
        index,
        next: 0,
        wait: plan.wait,
    };
    let consumers = plans.iter().enumerate().map(consumer).collect();
    (
        Producer {
            shared,
            next: 0,
            gate: 0,
        },
        consumers,
    )
}

impl<T> Shared<T> {
    /// Slots that a consumer may have read or may read.
    #[inline]
    fn readable(&self, consumer: usize) -> u64 {
        let state = &self.consumers[consumer];
        // Acquire: pairs with `publish`, or with `release` of those before, and through them with `publish`.
        let released = state
            .after
            .iter()
            .map(|&other| self.consumers[other].released.load(Ordering::Acquire));
        match released.min() {
            Some(least) => least,
            None => self.cursor.load(Ordering::Acquire),
        }
    }
}

impl<T> Producer<T> {
    /// Number of slots that can be written before a consumer must release one.
    pub fn free(&mut self) -> u64 {
        self.free_for(1)
    }

    fn free_for(&mut self, wanted: u64) -> u64 {
        let capacity = self.shared.mask + 1;
        if capacity - (self.next - self.gate) < wanted {
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
        self.slot_ahead(0)
    }

    /// The slot `ahead` of the next one; `None` while it is in use.
    pub fn slot_ahead(&mut self, ahead: u64) -> Option<&mut T> {
        if self.free_for(ahead + 1) <= ahead {
            return None;
        }
        let slot = &self.shared.slots[((self.next + ahead) & self.shared.mask) as usize];
        // SAFETY: this sequence is not published and every consumer has released its last use of the slot.
        Some(slot.with_mut(|slot| unsafe { &mut *slot }))
    }

    /// Hands the slot over. Release: its content is visible before the sequence is.
    ///
    /// Precondition: `slot` returned it since the last call.
    pub fn publish(&mut self) {
        self.publish_many(1);
    }

    /// Hands so many slots over at once. Precondition: `slot_ahead` returned each of them since the last call.
    pub fn publish_many(&mut self, count: u64) {
        debug_assert!(count <= self.shared.mask + 1 - (self.next - self.gate));
        self.next += count;
        self.shared.cursor.store(self.next, Ordering::Release);
        for consumer in &self.shared.consumers {
            if consumer.after.is_empty() {
                consumer.parker.wake();
            }
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
        self.shared.readable(self.index) - self.next
    }

    /// The slot `ahead` of the next one. Precondition: `ahead < available()`.
    pub fn peek(&self, ahead: u64) -> &T {
        assert!(ahead < self.available());
        let slot = &self.shared.slots[((self.next + ahead) & self.shared.mask) as usize];
        // SAFETY: it is published, and the producer does not write it before we release it.
        slot.with(|slot| unsafe { &*slot })
    }

    /// Gives the next `count` slots back. Precondition: `count <= available()`.
    pub fn release(&mut self, count: u64) {
        assert!(count <= self.available());
        self.next += count;
        // Release: our reads happened before the producer writes the slots again.
        let state = &self.shared.consumers[self.index];
        state.released.store(self.next, Ordering::Release);
        for &other in &state.before {
            self.shared.consumers[other].parker.wake();
        }
    }

    /// Waits until there is something to read, the timeout is over, or somebody wakes it.
    pub fn wait(&self, timeout: Option<std::time::Duration>) {
        self.shared.consumers[self.index]
            .parker
            .wait(self.wait, timeout, || self.available() > 0 || self.is_drained());
    }

    /// Whether the producer is gone and this consumer has released all that it published.
    pub fn is_drained(&self) -> bool {
        self.is_closed() && self.shared.cursor.load(Ordering::Acquire) == self.next
    }

    /// Whether the producer is gone; slots may still be there.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

#[cfg(all(test, not(loom)))]
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

    #[test]
    fn a_consumer_that_comes_after_others_reads_what_all_of_them_have_released() {
        let after = |after: &[usize]| ConsumerPlan {
            wait: WaitStrategy::Park,
            after: after.to_vec(),
        };
        let (mut producer, mut consumers) = ring_of(4, &[after(&[]), after(&[]), after(&[0, 1])], || 0_u32);
        for value in [1, 2, 3] {
            *producer.slot().unwrap() = value;
            producer.publish();
        }
        consumers[0].release(2);
        assert_eq!(consumers[2].available(), 0);
        consumers[1].release(3);
        assert_eq!(consumers[2].available(), 2);
        assert_eq!(*consumers[2].peek(1), 2);
        consumers[2].release(2);
        // Only what the last has released is free.
        consumers[0].release(1);
        assert_eq!(producer.free_for(4), 3);
    }

    #[test]
    fn slots_written_ahead_are_handed_over_together() {
        let (mut producer, consumers) = ring(4, &[WaitStrategy::Park], || 0_u32);
        for ahead in 0..3 {
            *producer.slot_ahead(ahead).unwrap() = ahead as u32;
        }
        assert_eq!(consumers[0].available(), 0);
        producer.publish_many(3);
        assert_eq!(consumers[0].available(), 3);
        assert!(producer.slot_ahead(1).is_none());
    }
}
