use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::pace::Pace;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

/// Prepares the next segment in the background: its blocks are allocated and zeroed beforehand, so that a commit writes data
/// only and no metadata of the file system, which makes fdatasync several times faster.
pub(crate) struct SpareMaker {
    pace: Arc<Pace>,
    wanted: Option<SyncSender<()>>,
    made: Receiver<Result<Box<dyn DiskFile>, JournalError>>,
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
                while wants.recv().is_ok() {
                    if give.send(make(&*disk, &spare, segment_bytes, &paced)).is_err() {
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

    /// The prepared file, waiting for it when it is not ready. After an error the next call tries again.
    pub fn take(&mut self) -> Result<Box<dyn DiskFile>, JournalError> {
        if let Some(thread) = &self.thread {
            self.pace.hurry(thread.thread());
        }
        if !self.pending {
            self.request();
        }
        let made = self.made.recv();
        self.pending = false;
        made.unwrap_or_else(|_| {
            Err(JournalError::Io {
                path: self.path.clone(),
                error: std::io::Error::other("the thread that prepares segments is gone"),
            })
        })
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

fn make(disk: &dyn Disk, path: &Path, bytes: u64, pace: &Pace) -> Result<Box<dyn DiskFile>, JournalError> {
    static ZEROS: [u8; 1 << 18] = [0; 1 << 18];
    let write = || -> std::io::Result<Box<dyn DiskFile>> {
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
        Ok(file)
    };
    write()
        .inspect_err(|_| drop(disk.remove(path)))
        .map_err(JournalError::io(path))
}
