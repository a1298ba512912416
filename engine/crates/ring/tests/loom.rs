//! Every order in which the threads of small rings can meet, and every value that the memory model lets them see.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p mib-ring --test loom --target-dir target/loom`
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use mib_ring::{Consumer, ConsumerPlan, Parker, Producer, WaitStrategy, ring, ring_of};

const PARK: WaitStrategy = WaitStrategy::Park;

fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    // More than three switches at the worst moments have never shown what three did not.
    builder.preemption_bound = Some(3);
    builder.check(run);
}

fn write(producer: &mut Producer<u64>, value: u64) {
    loop {
        if let Some(slot) = producer.slot() {
            *slot = value;
            return producer.publish();
        }
        thread::yield_now();
    }
}

/// Reads until the producer is gone and everything is read.
fn read_all(mut consumer: Consumer<u64>) -> Vec<u64> {
    let mut read = Vec::new();
    loop {
        let available = consumer.available();
        if available == 0 {
            if consumer.is_drained() {
                return read;
            }
            consumer.wait(None);
            continue;
        }
        read.extend((0..available).map(|ahead| *consumer.peek(ahead)));
        consumer.release(available);
    }
}

#[test]
fn a_consumer_sees_what_was_written_before_it_was_published() {
    model(|| {
        let (mut producer, mut consumers) = ring(2, &[PARK], || 0);
        let consumer = consumers.remove(0);
        let reader = thread::spawn(move || {
            if consumer.available() > 0 {
                assert_eq!(*consumer.peek(0), 7);
            }
        });
        write(&mut producer, 7);
        reader.join().unwrap();
    });
}

#[test]
fn a_slot_is_not_written_again_before_it_was_read() {
    model(|| {
        let (mut producer, mut consumers) = ring(1, &[PARK], || 0);
        let consumer = consumers.remove(0);
        let reader = thread::spawn(move || read_all(consumer));
        write(&mut producer, 1);
        write(&mut producer, 2);
        drop(producer);
        assert_eq!(reader.join().unwrap(), [1, 2]);
    });
}

#[test]
fn a_batch_is_seen_as_a_whole() {
    model(|| {
        let (mut producer, mut consumers) = ring(2, &[PARK], || 0);
        let consumer = consumers.remove(0);
        let reader = thread::spawn(move || {
            let available = consumer.available();
            assert!(available == 0 || available == 2);
            (0..available).for_each(|ahead| assert_eq!(*consumer.peek(ahead), ahead + 1));
        });
        *producer.slot_ahead(0).unwrap() = 1;
        *producer.slot_ahead(1).unwrap() = 2;
        producer.publish_many(2);
        reader.join().unwrap();
    });
}

#[test]
fn a_consumer_that_comes_after_another_reads_only_what_that_has_released() {
    model(|| {
        let plans = [vec![], vec![0]].map(|after| ConsumerPlan { wait: PARK, after });
        let (mut producer, mut consumers) = ring_of(2, &plans, || 0);
        let (last, mut first) = (consumers.remove(1), consumers.remove(0));
        let passed = Arc::new(AtomicBool::new(false));
        let marks = Arc::clone(&passed);
        let stage = thread::spawn(move || {
            if first.available() > 0 {
                // Relaxed: the ring orders it.
                marks.store(true, Ordering::Relaxed);
                first.release(1);
            }
        });
        write(&mut producer, 5);
        if last.available() > 0 {
            assert!(passed.load(Ordering::Relaxed));
            assert_eq!(*last.peek(0), 5);
        }
        stage.join().unwrap();
    });
}

#[test]
fn a_sleeping_consumer_is_woken_by_the_end() {
    model(|| {
        let (mut producer, mut consumers) = ring(2, &[PARK], || 0);
        let consumer = consumers.remove(0);
        let reader = thread::spawn(move || read_all(consumer));
        write(&mut producer, 9);
        drop(producer);
        assert_eq!(reader.join().unwrap(), [9]);
    });
}

#[test]
fn the_end_comes_to_a_later_stage_after_everything_else() {
    model(|| {
        let plans = [vec![], vec![0]].map(|after| ConsumerPlan { wait: PARK, after });
        let (mut producer, mut consumers) = ring_of(2, &plans, || 0);
        let (last, first) = (consumers.remove(1), consumers.remove(0));
        let stage = thread::spawn(move || read_all(first));
        write(&mut producer, 5);
        drop(producer);
        assert_eq!(read_all(last), [5]);
        assert_eq!(stage.join().unwrap(), [5]);
    });
}

#[test]
fn a_wake_that_comes_before_the_sleep_is_not_lost() {
    model(|| {
        let parker = Arc::new(Parker::new());
        let ready = Arc::new(AtomicBool::new(false));
        let (wakes, says) = (Arc::clone(&parker), Arc::clone(&ready));
        let other = thread::spawn(move || {
            says.store(true, Ordering::Release);
            wakes.wake();
        });
        while !ready.load(Ordering::Acquire) {
            parker.wait(PARK, None, || ready.load(Ordering::Acquire));
        }
        other.join().unwrap();
    });
}
