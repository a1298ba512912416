use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;

const WHOLE: u64 = 1 << 16;
/// The next segment is ready when this part of the current one is used.
const READY_AT: u64 = WHOLE / 2;

/// Lets one thread prepare a segment in step with the use of the one before, so that it takes CPU and disk a little at a time and
/// not for as long as a whole segment takes.
pub(crate) struct Pace {
    /// Part of the current segment that is used.
    used: AtomicU64,
    /// Part at which the preparing thread goes on.
    turn: AtomicU64,
    closing: AtomicBool,
}

impl Pace {
    /// The first segment is wanted at once.
    pub fn new() -> Self {
        Pace {
            used: AtomicU64::new(WHOLE),
            turn: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        }
    }

    /// So many bytes of the current segment are used.
    pub fn set_used(&self, used: u64, bytes: u64, preparing: &Thread) {
        self.set(used * WHOLE / bytes, preparing);
    }

    /// Somebody waits.
    pub fn hurry(&self, preparing: &Thread) {
        self.set(WHOLE, preparing);
    }

    /// `await_turn` returns false from now on.
    pub fn close(&self, preparing: &Thread) {
        self.closing.store(true, Ordering::SeqCst);
        preparing.unpark();
    }

    fn set(&self, used: u64, preparing: &Thread) {
        // Sequentially consistent, as in `await_turn`: either we see its turn, or it sees what is used.
        self.used.store(used, Ordering::SeqCst);
        if used >= self.turn.load(Ordering::SeqCst) {
            preparing.unpark();
        }
    }

    /// Called by the preparing thread when it has made so many bytes of the next segment: waits until more are wanted. False: no
    /// more are.
    pub fn await_turn(&self, made: u64, bytes: u64) -> bool {
        let turn = (made * READY_AT / bytes).min(READY_AT);
        self.turn.store(turn, Ordering::SeqCst);
        loop {
            if self.closing.load(Ordering::SeqCst) {
                return false;
            }
            if self.used.load(Ordering::SeqCst) >= turn {
                return true;
            }
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread::JoinHandle;

    const STEPS: u64 = 100;

    /// A thread that makes as many steps as it may; returns them when no more are wanted.
    fn preparing(pace: &Arc<Pace>) -> (JoinHandle<u64>, Arc<AtomicU64>) {
        let made = Arc::new(AtomicU64::new(0));
        let (pace, count) = (Arc::clone(pace), Arc::clone(&made));
        let thread = std::thread::spawn(move || {
            while count.load(Ordering::SeqCst) < STEPS && pace.await_turn(count.load(Ordering::SeqCst), STEPS) {
                count.fetch_add(1, Ordering::SeqCst);
            }
            count.load(Ordering::SeqCst)
        });
        (thread, made)
    }

    fn await_made(made: &AtomicU64, wanted: u64) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while made.load(Ordering::SeqCst) < wanted {
            assert!(
                std::time::Instant::now() < deadline,
                "{} of {wanted}",
                made.load(Ordering::SeqCst)
            );
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_segment_is_made_in_step_with_the_use_of_the_one_before_and_is_whole_when_half_of_that_is_used() {
        let pace = Arc::new(Pace::new());
        let idle = std::thread::spawn(|| {});
        pace.set_used(0, 1_000, idle.thread());
        let (thread, made) = preparing(&pace);
        for used in 1..=500 {
            pace.set_used(used, 1_000, thread.thread());
            let most = used * STEPS / 500 + 1;
            await_made(&made, used * STEPS / 500);
            assert!(
                made.load(Ordering::SeqCst) <= most,
                "{} made, {used} used",
                made.load(Ordering::SeqCst)
            );
        }
        assert_eq!(thread.join().unwrap(), STEPS);
    }

    #[test]
    fn it_is_made_at_once_when_somebody_waits_and_given_up_when_nobody_will() {
        let pace = Arc::new(Pace::new());
        let idle = std::thread::spawn(|| {});
        for hurries in [true, false] {
            pace.set_used(0, 1_000, idle.thread());
            let (thread, made) = preparing(&pace);
            await_made(&made, 1);
            if hurries {
                pace.hurry(thread.thread());
                assert_eq!(thread.join().unwrap(), STEPS);
            } else {
                pace.close(thread.thread());
                assert_eq!(thread.join().unwrap(), 1);
            }
        }
    }
}
