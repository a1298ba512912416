use crate::error::JournalError;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

/// Prepares the next segment in the background: its blocks are allocated and zeroed beforehand, so that a commit writes data
/// only and no metadata of the file system, which makes fdatasync several times faster.
pub(crate) struct SpareMaker {
    wanted: Option<SyncSender<()>>,
    made: Receiver<Result<File, JournalError>>,
    pub path: PathBuf,
    pending: bool,
    thread: Option<JoinHandle<()>>,
}

impl SpareMaker {
    pub fn start(dir: &Path, segment_bytes: u64) -> Self {
        let path = dir.join("spare.tmp");
        let (wanted, wants) = sync_channel::<()>(1);
        let (give, made) = sync_channel(1);
        let spare = path.clone();
        let thread = std::thread::Builder::new()
            .name("journal-spare".into())
            .spawn(move || {
                while wants.recv().is_ok() {
                    if give.send(make(&spare, segment_bytes)).is_err() {
                        break;
                    }
                }
            })
            .ok();
        let mut maker = SpareMaker {
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

    /// The prepared file, waiting for it when it is not ready. After an error the next call tries again.
    pub fn take(&mut self) -> Result<File, JournalError> {
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
        // Empties the channel so that the thread is not stuck in sending.
        while self.made.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn make(path: &Path, segment_bytes: u64) -> Result<File, JournalError> {
    static ZEROS: [u8; 1 << 18] = [0; 1 << 18];
    let write = || -> std::io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let mut at = 0;
        while at < segment_bytes {
            let length = (segment_bytes - at).min(ZEROS.len() as u64);
            file.write_all_at(&ZEROS[..length as usize], at)?;
            at += length;
        }
        file.sync_all()?;
        Ok(file)
    };
    write()
        .inspect_err(|_| drop(std::fs::remove_file(path)))
        .map_err(JournalError::io(path))
}
