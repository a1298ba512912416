use crate::{Measured, SLOTS, Slot, Sum, Topology, publish_for};
use mib_ring::{Consumer, ConsumerPlan, WaitStrategy, ring_of};

const WAIT: WaitStrategy = WaitStrategy::SpinThenPark { spins: 1_000 };

pub fn measure(topology: Topology, batch: u64, seconds: f64) -> Measured {
    let after: &[&[usize]] = match topology {
        Topology::OneToOne => &[&[]],
        Topology::Pipeline => &[&[], &[0], &[1]],
        Topology::Diamond => &[&[], &[], &[0, 1]],
    };
    let plan = |after: &&[usize]| ConsumerPlan {
        wait: WAIT,
        after: after.to_vec(),
    };
    let plans: Vec<ConsumerPlan> = after.iter().map(plan).collect();
    let (mut producer, consumers) = ring_of(SLOTS, &plans, Slot::default);
    std::thread::scope(|scope| {
        let running: Vec<_> = consumers
            .into_iter()
            .map(|each| scope.spawn(|| consume(each)))
            .collect();
        let (events, started) = publish_for(seconds, batch, |first| {
            for ahead in 0..batch {
                loop {
                    if let Some(slot) = producer.slot_ahead(ahead) {
                        slot.0 = first + ahead;
                        break;
                    }
                    std::thread::yield_now();
                }
            }
            producer.publish_many(batch);
        });
        drop(producer);
        for each in running {
            each.join().expect("a consumer ends with its sum").check(events);
        }
        Measured {
            events,
            took: started.elapsed(),
        }
    })
}

fn consume(mut consumer: Consumer<Slot>) -> Sum {
    let mut sum = Sum::default();
    while !consumer.is_drained() {
        let available = consumer.available();
        for ahead in 0..available {
            sum.add(consumer.peek(ahead));
        }
        if available == 0 {
            consumer.wait(None);
        } else {
            consumer.release(available);
        }
    }
    sum
}
