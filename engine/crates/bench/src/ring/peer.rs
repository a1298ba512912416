use crate::{Measured, SLOTS, Slot, Sum, Topology, publish_for};
use disruptor::{Producer, Sequence, build_single_producer, wait_strategies::WaitStrategy};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// Of the crate's own strategies those that spin starve one another when there are more threads than cores, and the one that
/// sleeps does so for a fixed time. LMAX's Disruptor has this one.
#[derive(Clone, Copy)]
struct Yielding;

impl WaitStrategy for Yielding {
    fn wait_for(&self, _: Sequence) {
        std::thread::yield_now();
    }
}

/// A consumer's sum, handed out when the disruptor drops the handler with its thread.
struct Handing {
    sum: Sum,
    to: Mutex<Sender<Sum>>,
}

impl Drop for Handing {
    fn drop(&mut self) {
        if let Ok(to) = self.to.lock() {
            let _ = to.send(self.sum);
        }
    }
}

fn handler(to: &Sender<Sum>) -> impl FnMut(&Slot, Sequence, bool) + Send + 'static {
    let mut handing = Handing {
        sum: Sum::default(),
        to: Mutex::new(to.clone()),
    };
    move |slot, _, _| {
        // The whole of it, so that it is dropped with the closure.
        let handing = &mut handing;
        handing.sum.add(slot)
    }
}

pub fn measure(topology: Topology, batch: u64, seconds: f64) -> Measured {
    let (to, sums) = channel();
    let builder = build_single_producer(SLOTS, Slot::default, Yielding);
    let first = builder.handle_events_with(handler(&to));
    let measured = match topology {
        Topology::OneToOne => drive(first.build(), batch, seconds),
        Topology::Pipeline => {
            let second = first.and_then().handle_events_with(handler(&to));
            let third = second.and_then().handle_events_with(handler(&to));
            drive(third.build(), batch, seconds)
        }
        Topology::Diamond => {
            let beside = first.handle_events_with(handler(&to));
            let last = beside.and_then().handle_events_with(handler(&to));
            drive(last.build(), batch, seconds)
        }
    };
    drop(to);
    let sums: Vec<Sum> = sums.iter().collect();
    assert_eq!(sums.len(), if topology == Topology::OneToOne { 1 } else { 3 });
    sums.into_iter().for_each(|sum| sum.check(measured.events));
    measured
}

fn drive(mut producer: impl Producer<Slot>, batch: u64, seconds: f64) -> Measured {
    let (events, started) = publish_for(seconds, batch, |first| {
        if batch == 1 {
            producer.publish(|slot| slot.0 = first);
        } else {
            producer.batch_publish(batch as usize, |slots| {
                for (number, slot) in (first..).zip(slots) {
                    slot.0 = number;
                }
            });
        }
    });
    // Waits until all consumers have seen everything.
    drop(producer);
    Measured {
        events,
        took: started.elapsed(),
    }
}
