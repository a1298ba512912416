/// SIGTERM and SIGINT as something to wait for, instead of something that interrupts.
pub struct Signals(libc::sigset_t);

impl Signals {
    /// Call it before any thread is started, so that all of them leave the signals to `wait`.
    pub fn block() -> Self {
        // SAFETY: the set is initialised by sigemptyset before it is read; all pointers are valid for the calls.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGTERM);
            libc::sigaddset(&mut set, libc::SIGINT);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            Signals(set)
        }
    }

    /// Waits for one of them.
    pub fn wait(&self) -> &'static str {
        let mut signal = 0;
        // SAFETY: the set was initialised by `block`, and `signal` is valid for a write.
        while unsafe { libc::sigwait(&self.0, &mut signal) } != 0 {}
        if signal == libc::SIGINT { "SIGINT" } else { "SIGTERM" }
    }
}
