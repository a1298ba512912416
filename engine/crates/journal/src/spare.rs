use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::pace::Pace;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

/// Bytes of the first segment after a start, unless segments are to be smaller: it is needed at once.
const FIRST_BYTES: u64 = 2 << 20;

/// A file of zeros that becomes a segment.
pub(crate) struct Spare {
    pub file: Box<dyn DiskFile>,
    pub bytes: u64,
}

/// Prepares the next segment in the background: its blocks are allocated and zeroed beforehand, so that a commit writes data
/// only and no metadata of the file system, which makes fdatasync several times faster. The first is small and each one has twice
/// the bytes of the one before, up to what segments are to have, so that a journal that has just started waits for none of them.
pub(crate) struct SpareMaker {
    pace: Arc<Pace>,
    wanted: Option<SyncSender<()>>,
    made: Receiver<Result<Spare, JournalError>>,
    pub path: PathBuf,
    pending: bool,
    thread: Option<JoinHandle<()>>,
}

impl SpareMaker {
    pub fn start(disk: &Arc<dyn Disk>, dir: &Path, segment_bytes: u64) -> Self {
        let path = dir.join("spare.tmp");
        let (wanted, wants) = sync_channel::<()>(1);
        let (give, made) = sync_channel(1);
        let spare = path.clone();
        let disk = Arc::clone(disk);
        let pace = Arc::new(Pace::new());
        let paced = Arc::clone(&pace);
        let thread = std::thread::Builder::new()
            .name("journal-spare".into())
            .spawn(move || {
                let mut bytes = FIRST_BYTES.min(segment_bytes);
                while wants.recv().is_ok() {
                    let made = make(&*disk, &spare, bytes, &paced);
                    if made.is_ok() {
                        bytes = (bytes * 2).min(segment_bytes);
                    }
                    if give.send(made).is_err() {
                        break;
                    }
                }
            })
            .ok();
        let mut maker = SpareMaker {
            pace,
            wanted: Some(wanted),
            made,
            path,
            pending: false,
            thread,
        };
        maker.request();
        maker
    }

    fn request(&mut self) {
        if let Some(wanted) = &self.wanted {
            self.pending = wanted.try_send(()).is_ok();
        }
    }

    /// So many bytes of the current segment are used: the next is prepared in step with that.
    pub fn set_used(&self, used: u64, bytes: u64) {
        if let Some(thread) = &self.thread {
            self.pace.set_used(used, bytes, thread.thread());
        }
    }

    /// The prepared file, of so many bytes at least, waiting for it when it is not ready. After an error the next call tries again.
    /// Precondition: segments may have so many.
    pub fn take(&mut self, bytes_min: u64) -> Result<Spare, JournalError> {
        if let Some(thread) = &self.thread {
            self.pace.hurry(thread.thread());
        }
        loop {
            if !self.pending {
                self.request();
            }
            let made = self.made.recv();
            self.pending = false;
            let spare = made.unwrap_or_else(|_| {
                Err(JournalError::Io {
                    path: self.path.clone(),
                    error: std::io::Error::other("the thread that prepares segments is gone"),
                })
            })?;
            // The next one has more.
            if spare.bytes >= bytes_min {
                return Ok(spare);
            }
        }
    }

    /// Begins to prepare another one, after the last was renamed away.
    pub fn prepare(&mut self) {
        if !self.pending && matches!(self.made.try_recv(), Err(TryRecvError::Empty)) {
            self.request();
        }
    }
}

impl Drop for SpareMaker {
    fn drop(&mut self) {
        self.wanted = None;
        if let Some(thread) = &self.thread {
            self.pace.close(thread.thread());
        }
        // Empties the channel so that the thread is not stuck in sending.
        while self.made.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn make(disk: &dyn Disk, path: &Path, bytes: u64, pace: &Pace) -> Result<Spare, JournalError> {
    static ZEROS: [u8; 1 << 18] = [0; 1 << 18];
    let write = || -> std::io::Result<Spare> {
        let file = disk.create(path)?;
        let mut at = 0;
        while at < bytes {
            if !pace.await_turn(at, bytes) {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            let length = (bytes - at).min(ZEROS.len() as u64);
            file.write_all_at(&ZEROS[..length as usize], at)?;
            // A segment's worth written at once would hold up the commits of the current one.
            file.write_back(at, length)?;
            at += length;
        }
        file.sync_data()?;
        Ok(Spare { file, bytes })
    };
    write()
        .inspect_err(|_| drop(disk.remove(path)))
        .map_err(JournalError::io(path))
}
