#![allow(dead_code, reason = "each test uses a part of it")]
//! A disk in memory that can be cut off at any moment and loses, of what was not synced, whatever a real one may lose.

use mib_journal::{Disk, DiskFile};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes as a whole or not at all.
const SECTOR_BYTES: usize = 512;

/// A small generator: the same numbers for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

#[derive(Clone, Default)]
struct Node {
    /// As the processes see it.
    content: Vec<u8>,
    /// As it is on the platter.
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

enum Change {
    Put(PathBuf, usize),
    Gone(PathBuf),
}

struct Content {
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since the folder was synced, in order: a file system's log keeps a prefix of them.
    changes: Vec<Change>,
    /// Calls until the power goes; `None`: it stays.
    calls_left: Option<u64>,
    /// Calls of fdatasync until one fails.
    syncs_left: Option<u64>,
    /// Bytes that files may take together.
    bytes_max: usize,
    locked: bool,
    random: Random,
}

#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<Content>>);

impl SimulatedDisk {
    pub fn new(seed: u64) -> Self {
        SimulatedDisk(Arc::new(Mutex::new(Content {
            nodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            calls_left: None,
            syncs_left: None,
            bytes_max: usize::MAX,
            locked: false,
            random: Random::new(seed),
        })))
    }

    /// After so many calls every call fails, as for a process that is no more.
    pub fn stop_after(&self, calls: u64) {
        self.content().calls_left = Some(calls);
    }

    pub fn fail_sync_after(&self, syncs: u64) {
        self.content().syncs_left = Some(syncs);
    }

    pub fn set_bytes_max(&self, bytes: usize) {
        self.content().bytes_max = bytes;
    }

    pub fn has_stopped(&self) -> bool {
        self.content().calls_left == Some(0)
    }

    /// The process was killed: what it had written stays in the system's cache.
    pub fn process_ended(&self) {
        let mut content = self.content();
        content.calls_left = None;
        content.syncs_left = None;
        content.locked = false;
    }

    /// The power went: of what was not synced, any sectors are kept and any others are as they were.
    pub fn power_lost(&self) {
        self.process_ended();
        let mut guard = self.content();
        let content = &mut *guard;
        for node in &mut content.nodes {
            for sector in std::mem::take(&mut node.dirty) {
                if content.random.below(2) == 0 {
                    keep(node, sector);
                }
            }
            node.content = node.durable.clone();
        }
        let kept = content.random.below(content.changes.len() as u64 + 1) as usize;
        let changes = std::mem::take(&mut content.changes);
        for change in changes.into_iter().take(kept) {
            apply(&mut content.durable_names, change);
        }
        content.names = content.durable_names.clone();
    }

    /// Another disk with the same content.
    pub fn copy(&self) -> Self {
        let content = self.content();
        SimulatedDisk(Arc::new(Mutex::new(Content {
            nodes: content.nodes.clone(),
            names: content.names.clone(),
            durable_names: content.durable_names.clone(),
            changes: Vec::new(),
            random: content.random.clone(),
            ..*content
        })))
    }

    /// Changes a byte on the platter.
    pub fn damage(&self, path: &Path, at: usize, mask: u8) {
        let mut content = self.content();
        let number = content.names[path];
        let node = &mut content.nodes[number];
        node.content[at] ^= mask;
        node.durable[at] ^= mask;
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        self.content().names.keys().cloned().collect()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// A call of the journal. The thread that prepares segments is not counted: what it does matters only once the journal
    /// has waited for it, so that a seed means the same every time.
    fn call(&self) -> io::Result<MutexGuard<'_, Content>> {
        let mut content = self.content();
        match &mut content.calls_left {
            Some(0) => return Err(io::Error::other("the process has ended")),
            Some(left) if std::thread::current().name() != Some("journal-spare") => *left -= 1,
            _ => {}
        }
        Ok(content)
    }
}

fn keep(node: &mut Node, sector: usize) {
    let start = sector * SECTOR_BYTES;
    let end = (start + SECTOR_BYTES).min(node.content.len());
    if node.durable.len() < end {
        node.durable.resize(end, 0);
    }
    node.durable[start..end].copy_from_slice(&node.content[start..end]);
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: Change) {
    match change {
        Change::Put(path, node) => drop(names.insert(path, node)),
        Change::Gone(path) => drop(names.remove(&path)),
    }
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for SimulatedDisk {
    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        self.call().map(drop)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<(String, u64)>> {
        let content = self.call()?;
        let inside = content.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        Ok(inside
            .map(|(path, &node)| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, content.nodes[node].content.len() as u64)
            })
            .collect())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.call()?;
        let node = *content.names.get(path).ok_or_else(not_found)?;
        Ok(content.nodes[node].content.clone())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let node = *self.call()?.names.get(path).ok_or_else(not_found)?;
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            node,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut content = self.call()?;
        let node = content.nodes.len();
        content.nodes.push(Node::default());
        content.names.insert(path.to_owned(), node);
        content.changes.push(Change::Put(path.to_owned(), node));
        Ok(Box::new(SimulatedFile {
            disk: self.clone(),
            node,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut content = self.call()?;
        let node = content.names.remove(from).ok_or_else(not_found)?;
        content.names.insert(to.to_owned(), node);
        content.changes.push(Change::Put(to.to_owned(), node));
        content.changes.push(Change::Gone(from.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut content = self.call()?;
        content.names.remove(path).ok_or_else(not_found)?;
        content.changes.push(Change::Gone(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        let mut content = self.call()?;
        content.durable_names = content.names.clone();
        content.changes.clear();
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Any + Send>> {
        let mut content = self.call()?;
        if std::mem::replace(&mut content.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Unlock(self.clone())))
    }
}

struct Unlock(SimulatedDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.content().locked = false;
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    node: usize,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.disk.call()?;
        let from = content.nodes[self.node].content.get(offset as usize..).unwrap_or(&[]);
        let length = from.len().min(bytes.len());
        bytes[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        // A killed process may have written the beginning.
        let (mut content, whole) = match self.disk.call() {
            Ok(content) => (content, true),
            Err(_) => (self.disk.content(), false),
        };
        let length = if whole {
            bytes.len()
        } else {
            content.random.below(bytes.len() as u64 + 1) as usize
        };
        let (start, end) = (offset as usize, offset as usize + length);
        let old = content.nodes[self.node].content.len();
        if end > old {
            let used: usize = content
                .names
                .values()
                .map(|&node| content.nodes[node].content.len())
                .sum();
            if used + (end - old) > content.bytes_max {
                return Err(io::Error::from_raw_os_error(28));
            }
        }
        let node = &mut content.nodes[self.node];
        if end > old {
            node.content.resize(end, 0);
        }
        node.content[start..end].copy_from_slice(&bytes[..length]);
        node.dirty.extend(start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
        if whole {
            Ok(())
        } else {
            Err(io::Error::other("the process has ended"))
        }
    }

    fn write_back(&self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut content = self.disk.call()?;
        let counted = std::thread::current().name() != Some("journal-spare");
        let fails = match &mut content.syncs_left {
            Some(0) => true,
            Some(left) if counted => {
                *left -= 1;
                false
            }
            _ => false,
        };
        let Content { nodes, random, .. } = &mut *content;
        let node = &mut nodes[self.node];
        for sector in std::mem::take(&mut node.dirty) {
            // After a failure the cache calls pages clean that are not on the platter.
            if !fails || random.below(2) == 0 {
                keep(node, sector);
            }
        }
        if fails {
            Err(io::Error::from_raw_os_error(5))
        } else {
            Ok(())
        }
    }
}
