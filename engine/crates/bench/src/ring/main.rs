//! Measures the engine's ring beside the `disruptor` crate: events a second through one consumer, a pipeline of three, and a
//! diamond of two and one, published one by one and by eight. Prints rows as JSON.
//!
//!   mib-ring-bench [--seconds N]

mod ours;
mod peer;

use serde_json::json;
use std::time::{Duration, Instant};

const SLOTS: usize = 65_536;
const PEER: &str = "disruptor 4.4, yielding";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    OneToOne,
    /// Three consumers, each after the one before.
    Pipeline,
    /// Two consumers beside one another, and one after both.
    Diamond,
}

impl Topology {
    const ALL: [Topology; 3] = [Topology::OneToOne, Topology::Pipeline, Topology::Diamond];

    fn name(self) -> &'static str {
        match self {
            Topology::OneToOne => "one-to-one",
            Topology::Pipeline => "pipeline",
            Topology::Diamond => "diamond",
        }
    }
}

/// A slot: what the events carry, in a cache line of its own as records of the engine are.
#[repr(align(64))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot(pub u64);

/// Events made and the time until the last consumer was done with the last of them.
pub struct Measured {
    pub events: u64,
    pub took: Duration,
}

/// Calls `publish` with the number of the next event, `batch` more each time, until the time is over.
pub fn publish_for(seconds: f64, batch: u64, mut publish: impl FnMut(u64)) -> (u64, Instant) {
    let started = Instant::now();
    let mut next = 0;
    while next % 8_192 != 0 || started.elapsed().as_secs_f64() < seconds {
        publish(next);
        next += batch;
    }
    (next, started)
}

/// What every consumer does: it counts and sums, so that a lost or repeated event is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub events: u64,
    pub total: u64,
}

impl Sum {
    #[inline]
    pub fn add(&mut self, slot: &Slot) {
        self.events += 1;
        self.total = self.total.wrapping_add(slot.0);
    }

    pub fn check(self, events: u64) {
        let total = (u128::from(events) * u128::from(events.saturating_sub(1)) / 2) as u64;
        assert_eq!(self, Sum { events, total }, "an event was lost or seen twice");
    }
}

fn main() {
    let seconds = seconds(std::env::args().skip(1)).unwrap_or_else(|problem| {
        eprintln!("{problem}");
        std::process::exit(64);
    });
    let mut rows = Vec::new();
    for topology in Topology::ALL {
        for batch in [1, 8] {
            let rate = |measured: &Measured| measured.events as f64 / measured.took.as_secs_f64();
            let ours = rate(&ours::measure(topology, batch, seconds));
            let peer = rate(&peer::measure(topology, batch, seconds));
            let id = format!("ring.rate.{}.batch-{batch}", topology.name());
            rows.push(json!({ "id": id, "value": ours, "unit": "events/s" }));
            rows.push(json!({ "id": id, "value": peer, "unit": "events/s", "peer": PEER }));
            rows.push(json!({ "id": format!("{id}.to-peer"), "value": ours / peer, "unit": "ratio" }));
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let report = json!({
        "rows": rows,
        "conditions": { "seconds": seconds, "slots": SLOTS, "cores": cores, "ours": "spins 1 000 times, then sleeps" },
    });
    println!("{report:#}");
}

fn seconds(mut words: impl Iterator<Item = String>) -> Result<f64, String> {
    let seconds = match (words.next().as_deref(), words.next(), words.next()) {
        (None, ..) => return Ok(1.0),
        (Some("--seconds"), Some(value), None) => value.parse().ok(),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds > 0.0)
        .ok_or("usage: mib-ring-bench [--seconds N]".into())
}
