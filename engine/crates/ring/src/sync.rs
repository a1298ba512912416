//! The primitives that everything here is made of: those of the standard library, or loom's in its models.

#[cfg(not(loom))]
pub use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering, fence},
    sync::{Arc, Condvar, Mutex},
    thread::yield_now,
};

#[cfg(loom)]
pub use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU64, Ordering, fence},
    sync::{Arc, Condvar, Mutex},
    thread::yield_now,
};

/// As loom's, whose pointers tell it of each access.
#[cfg(not(loom))]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
