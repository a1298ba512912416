//! Hands a target good inputs with something changed, as many as time allows, and says with which number it can be seen again.
//!
//! `FUZZ_SECONDS` (default 1) for each target, `FUZZ_FROM` (default 0) the number of the first input.

mod allocation;
mod mutate;
mod random;

pub use allocation::Watched;
pub use random::Random;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Calls the target with changed seeds until the time is over. Fails when it panics, and when it takes more memory at once than
/// `allocation_max` bytes (noticed where the binary's global allocator is `Watched`).
pub fn fuzz(name: &str, seeds: &[Vec<u8>], allocation_max: usize, mut target: impl FnMut(&[u8])) {
    let seconds: f64 = number("FUZZ_SECONDS").unwrap_or(1.0);
    let from = number("FUZZ_FROM").unwrap_or(0.0) as u64;
    let started = Instant::now();
    let mut inputs = 0;
    while inputs == 0 || inputs % 64 != 0 || started.elapsed().as_secs_f64() < seconds {
        let mut random = Random::new(from + inputs);
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..random.below(6) {
            mutate::mutate(&mut input, seeds, &mut random);
        }
        allocation::forget();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&input)));
        let largest = allocation::largest();
        if outcome.is_err() || largest > allocation_max {
            let hex: String = input.iter().take(512).map(|byte| format!("{byte:02x}")).collect();
            panic!(
                "{name}: FUZZ_FROM={} shows it again; {largest} bytes at once; {hex}",
                from + inputs
            );
        }
        inputs += 1;
    }
    println!(
        "{name}: {inputs} inputs from {from} in {:.1} s",
        started.elapsed().as_secs_f64()
    );
}

fn number(name: &str) -> Option<f64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}: {text} is not a number")),
    )
}
