use crate::sync::{AtomicBool, Condvar, Mutex, Ordering, fence, yield_now};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How a consumer waits for the next slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitStrategy {
    /// Sleeps at once: no CPU is spent on waiting.
    Park,
    /// Looks so many times before it sleeps: lower latency where a core can be spared.
    SpinThenPark { spins: u32 },
}

/// Lets a thread sleep until another wakes it; a wake that comes first is not lost.
pub struct Parker {
    parked: AtomicBool,
    lock: Mutex<bool>,
    condition: Condvar,
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Parker {
    pub fn new() -> Self {
        Parker {
            parked: AtomicBool::new(false),
            lock: Mutex::new(false),
            condition: Condvar::new(),
        }
    }

    /// Wakes the sleeper. Cheap while nobody sleeps.
    pub fn wake(&self) {
        // Pairs with the fence in `wait`: either we see `parked`, or the sleeper sees what we published before this call.
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) {
            self.wake_always();
        }
    }

    /// Wakes the sleeper, or the next one that is about to sleep, for news that `ready` does not see.
    pub fn wake_always(&self) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }

    /// Sleeps unless `ready`, until woken or until the timeout is over.
    pub fn wait(&self, strategy: WaitStrategy, timeout: Option<Duration>, ready: impl Fn() -> bool) {
        if let WaitStrategy::SpinThenPark { spins } = strategy {
            for spin in 0..spins {
                if ready() {
                    return;
                }
                if spin % 64 == 63 {
                    yield_now()
                } else {
                    std::hint::spin_loop()
                }
            }
        }
        self.parked.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !ready() {
            let deadline = timeout.map(|timeout| Instant::now() + timeout);
            let mut woken = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            while !*woken {
                woken = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                    Some(Duration::ZERO) => break,
                    Some(left) => {
                        self.condition
                            .wait_timeout(woken, left)
                            .unwrap_or_else(PoisonError::into_inner)
                            .0
                    }
                    None => self.condition.wait(woken).unwrap_or_else(PoisonError::into_inner),
                };
            }
            *woken = false;
        }
        self.parked.store(false, Ordering::Relaxed);
    }
}
