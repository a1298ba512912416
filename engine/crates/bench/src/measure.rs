use crate::load::Load;
use crate::options::Options;
use hdrhistogram::Histogram;
use mib_client::{Client, News};
use mib_protocol::messages::{ACK_LEVEL_DURABLE, ACK_LEVEL_VISIBLE};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Records of a frame when speed is what counts.
const FRAME_RECORDS: usize = 1_000;
/// Records that may be on their way: enough to keep the engine busy, not so many that memory is what is measured.
const ON_THE_WAY_MAX: u64 = 400_000;
/// Sent before what counts: an engine that has just started touches its memory for the first time.
const WARM_UP: Duration = Duration::from_secs(1);
const LAST_ACK_MAX: Duration = Duration::from_secs(30);

pub struct Saturated {
    pub records: u64,
    pub durable_per_second: f64,
}

pub struct Paced {
    pub visible: Histogram<u64>,
    pub durable: Histogram<u64>,
}

/// Sends as fast as the engine takes; the clock stops when the last record is durable.
pub fn saturated(address: &str, options: &Options) -> io::Result<Saturated> {
    let mut client = Client::connect(address, &session_name("saturated"), ACK_LEVEL_DURABLE)?;
    let mut writer = client.writer()?;
    let mut load = Load::new(options.instruments);
    writer.write_all(&load.definitions())?;
    let before = load.last_sequence();
    let durable = AtomicU64::new(0);
    let last = AtomicU64::new(u64::MAX);
    let started = Instant::now();
    let ended = std::thread::scope(|scope| -> io::Result<Instant> {
        let sender = scope.spawn(|| -> io::Result<()> {
            let mut out = Vec::new();
            while started.elapsed().as_secs_f64() < options.seconds {
                if load.last_sequence() - durable.load(Ordering::Relaxed) > ON_THE_WAY_MAX {
                    std::thread::sleep(Duration::from_micros(200));
                    continue;
                }
                out.clear();
                for _ in 0..4 {
                    load.frame(&mut out, FRAME_RECORDS);
                }
                writer.write_all(&out)?;
            }
            last.store(load.last_sequence(), Ordering::Release);
            Ok(())
        });
        while durable.load(Ordering::Relaxed) < last.load(Ordering::Acquire) {
            if let News::Ack { sequence, .. } = client.news(LAST_ACK_MAX)? {
                durable.store(sequence, Ordering::Relaxed);
            }
        }
        let ended = Instant::now();
        sender.join().map_err(|_| io::Error::other("the sender failed"))??;
        Ok(ended)
    })?;
    let records = durable.load(Ordering::Relaxed) - before;
    Ok(Saturated {
        records,
        durable_per_second: records as f64 / (ended - started).as_secs_f64(),
    })
}

/// Sends at a fixed rate, a frame each `options.pace`. Each record's latency counts from the moment at which the schedule wanted
/// its frame sent. Those of the first second don't count.
pub fn paced(address: &str, options: &Options) -> io::Result<Paced> {
    let mut client = Client::connect(address, &session_name("paced"), ACK_LEVEL_DURABLE | ACK_LEVEL_VISIBLE)?;
    let mut writer = client.writer()?;
    let mut load = Load::new(options.instruments);
    writer.write_all(&load.definitions())?;
    let pace = options.pace;
    let per_frame = ((options.rate as f64 * pace.as_secs_f64()) as usize).max(1);
    let uncounted = (WARM_UP.as_secs_f64() / pace.as_secs_f64()) as u64;
    let frames = uncounted + (options.seconds / pace.as_secs_f64()) as u64;
    // Last sequence of each frame and when it was due, for each level.
    let due: [Mutex<VecDeque<(u64, Instant)>>; 2] = [Mutex::default(), Mutex::default()];
    let total = load.last_sequence() + frames * per_frame as u64;
    let mut histograms = [histogram()?, histogram()?];
    std::thread::scope(|scope| -> io::Result<()> {
        let sender = scope.spawn(|| -> io::Result<()> {
            sleep_precisely();
            let started = Instant::now();
            let mut out = Vec::new();
            for number in 0..frames {
                let at = started + pace * number as u32;
                if let Some(early) = at.checked_duration_since(Instant::now()) {
                    std::thread::sleep(early);
                }
                out.clear();
                load.frame(&mut out, per_frame);
                for level in due.iter().filter(|_| number >= uncounted) {
                    level
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push_back((load.last_sequence(), at));
                }
                writer.write_all(&out)?;
            }
            Ok(())
        });
        let mut durable = 0;
        while durable < total {
            if let News::Ack { level, sequence } = client.news(LAST_ACK_MAX)? {
                let now = Instant::now();
                let index = usize::from(level == ACK_LEVEL_DURABLE);
                let mut due = due[index].lock().unwrap_or_else(PoisonError::into_inner);
                while due.front().is_some_and(|(last, _)| *last <= sequence) {
                    if let Some((_, at)) = due.pop_front() {
                        let nanos = now.saturating_duration_since(at).as_nanos() as u64;
                        histograms[index].saturating_record_n(nanos, per_frame as u64);
                    }
                }
                if index == 1 {
                    durable = sequence;
                }
            }
        }
        sender.join().map_err(|_| io::Error::other("the sender failed"))?
    })?;
    let [visible, durable] = histograms;
    Ok(Paced { visible, durable })
}

/// A sleep of this thread ends when it should: by default the system may add 50 µs, which would be counted as the engine's.
fn sleep_precisely() {
    #[cfg(target_os = "linux")]
    // SAFETY: sets a number of the calling thread, nothing else.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1_usize)
    };
}

fn histogram() -> io::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).map_err(io::Error::other)
}

/// A name of its own, so that a measurement never goes on with an older one's session.
fn session_name(part: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    format!("bench-{part}-{}", now.as_nanos())
}
