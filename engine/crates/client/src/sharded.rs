use crate::{Delivery, Resume, Subscriber, Wanted};
use mib_protocol::shard::Shard;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How long a connection is listened to before it is looked whether anybody still wants it.
const TURN: Duration = Duration::from_millis(250);

/// What comes from one engine's connection.
#[derive(Debug)]
pub enum ShardNews {
    Delivery(Delivery),
    /// The connection has ended. Those of the other engines go on, and `connect_again` goes on with this one.
    Ended(io::Error),
}

/// A subscription to each of the engines that have any of the symbols. What one engine says comes in its order; sequences of two
/// engines have no order. As with one `Subscriber`, it must be asked for what is next more often than the engines take a silent
/// connection for dead (5 s).
pub struct ShardedSubscriber {
    addresses: Vec<String>,
    wanted: Wanted,
    resume: Vec<Option<Resume>>,
    sender: SyncSender<(u8, Said)>,
    receiver: Receiver<(u8, Said)>,
    /// Nobody listens any more.
    over: Arc<AtomicBool>,
}

type Said = io::Result<(Delivery, Resume)>;

impl ShardedSubscriber {
    /// `addresses` are those of all engines in the order of their shards; `resume`, by shard, is what another one with as many
    /// engines has returned, or empty. Fails when an engine can't be reached, or is another shard than its place says.
    pub fn connect(addresses: &[&str], wanted: &Wanted, resume: &[Option<Resume>]) -> io::Result<Self> {
        let count = addresses.len();
        if !resume.is_empty() && resume.len() != count {
            return Err(wrong("the position is one of another number of engines"));
        }
        // Nothing waits in it but what is being handed over, so that each engine keeps to its window.
        let (sender, receiver) = sync_channel(0);
        let mut subscriber = ShardedSubscriber {
            addresses: addresses.iter().map(|address| address.to_string()).collect(),
            wanted: wanted.clone(),
            resume: (0..count).map(|shard| resume.get(shard).copied().flatten()).collect(),
            sender,
            receiver,
            over: Arc::new(AtomicBool::new(false)),
        };
        for shard in 0..count {
            subscriber.connect_again(u8::try_from(shard).map_err(|_| wrong("too many engines"))?)?;
        }
        Ok(subscriber)
    }

    /// Connects to an engine whose connection has ended, and goes on where it stands with that one.
    pub fn connect_again(&mut self, shard: u8) -> io::Result<()> {
        let count = u8::try_from(self.addresses.len()).map_err(|_| wrong("too many engines"))?;
        let shard = Shard::new(shard, count).ok_or_else(|| wrong("there is no such shard"))?;
        let Some(wanted) = part(&self.wanted, shard) else {
            return Ok(());
        };
        let index = usize::from(shard.index());
        let address = &self.addresses[index];
        let connection = Subscriber::connect(address, &wanted, self.resume[index])?;
        let found = connection.shard();
        if found != shard {
            return Err(wrong(&format!(
                "WRONG_SHARD: {address} is shard {found} and not {shard}"
            )));
        }
        self.resume[index] = Some(connection.resume());
        let (sender, over) = (self.sender.clone(), Arc::clone(&self.over));
        std::thread::Builder::new()
            .name(format!("shard {shard}"))
            .spawn(move || listen(connection, shard.index(), &sender, &over))?;
        Ok(())
    }

    /// Where it stands with what `next` has returned, by shard; `None`: none of the symbols is of it.
    pub fn resume(&self) -> &[Option<Resume>] {
        &self.resume
    }

    /// What comes next, and from which engine; an error of kind TimedOut when the time is over.
    pub fn next(&mut self, timeout: Duration) -> io::Result<(u8, ShardNews)> {
        match self.receiver.recv_timeout(timeout) {
            Ok((shard, Ok((delivery, resume)))) => {
                self.resume[usize::from(shard)] = Some(resume);
                Ok((shard, ShardNews::Delivery(delivery)))
            }
            Ok((shard, Err(error))) => Ok((shard, ShardNews::Ended(error))),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Drop for ShardedSubscriber {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

/// What of it is the shard's; `None` when nothing is.
fn part(wanted: &Wanted, shard: Shard) -> Option<Wanted> {
    let own = wanted.symbols.iter().filter(|symbol| shard.has_symbol(symbol));
    let part = Wanted {
        symbols: own.cloned().collect(),
        ..wanted.clone()
    };
    (wanted.symbols.is_empty() || !part.symbols.is_empty()).then_some(part)
}

fn listen(mut connection: Subscriber, shard: u8, news: &SyncSender<(u8, Said)>, over: &AtomicBool) {
    while !over.load(Ordering::Acquire) {
        let said = match connection.next(TURN) {
            Ok(delivery) => Ok((delivery, connection.resume())),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => continue,
            Err(error) => Err(error),
        };
        let ended = said.is_err();
        if news.send((shard, said)).is_err() || ended {
            return;
        }
    }
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
