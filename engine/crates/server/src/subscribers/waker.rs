use std::sync::atomic::{AtomicBool, Ordering, fence};

/// Wakes the thread that serves subscribers. Costs those who call it next to nothing while that thread is at work, or while
/// there is no subscriber.
pub struct SubscriberWaker {
    waker: mio::Waker,
    /// The thread is about to sleep and wants to hear of what becomes durable.
    waiting: AtomicBool,
}

impl SubscriberWaker {
    pub fn new(waker: mio::Waker) -> Self {
        SubscriberWaker {
            waker,
            waiting: AtomicBool::new(false),
        }
    }

    /// Something has become durable.
    pub fn wake(&self) {
        // Pairs with the fence in `set_waiting`: either we see that it waits, or it sees what became durable.
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) && self.waiting.swap(false, Ordering::Relaxed) {
            self.wake_always();
        }
    }

    /// There is a connection to take over, or the engine stops.
    pub fn wake_always(&self) {
        let _ = self.waker.wake();
    }

    /// Called by the thread itself, before it looks at what is durable for the last time and sleeps, and after it.
    pub fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }
}
