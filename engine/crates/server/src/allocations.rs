//! Bar 10: after a warm-up, inputs cost no heap allocation on any thread that they pass.

use crate::config::Config;
use crate::engine::Engine;
use mib_client::{Client, News, data_frame, definition};
use mib_protocol::messages::{
    ACK_LEVEL_DURABLE, Action, BookDelta, FLAG_LAST, InstrumentDefinition, Quote, Side, Trade,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static COUNTED: Counted = Counted;
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The threads that an input passes.
const THREADS: [&[u8]; 3] = [b"io", b"core", b"journal"];

/// The system's allocator, which counts what those threads ask for.
struct Counted;

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Asks the system for the thread's name: what Rust knows of it may need memory itself.
fn count() {
    let mut name = [0_u8; 16];
    // SAFETY: writes at most 16 bytes, the last of them zero.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    if THREADS.contains(&&name[..end]) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

const INSTRUMENTS: u64 = 100;
const RECORDS_PER_FRAME: u64 = 500;
const ON_THE_WAY_MAX: u64 = 50_000;
const WARM_UP: u64 = 250_000;
const MEASURED: u64 = 500_000;
const DEADLINE: Duration = Duration::from_secs(60);
const START: u64 = 1_723_118_400_000_000_000;

#[test]
fn inputs_cost_no_heap_allocation_after_a_warm_up() {
    let dir = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", dir.path().join("engine.sock").display());
    let environment = [
        ("ENGINE_DATA_DIR", dir.path().to_str().unwrap()),
        ("ENGINE_LISTEN", &address),
        ("ADMIN_PORT", "0"),
        // What is remembered is full before the measurement begins.
        ("ENGINE_TRADES_MAX", "16"),
        ("ENGINE_BARS_MAX_S1", "4"),
        ("ENGINE_BARS_MAX_M1", "4"),
    ];
    let get = |name: &str| {
        let found = environment.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let engine = Engine::start(Config::from_environment(get).unwrap()).unwrap();
    let mut client = Client::connect(&address, "allocations", ACK_LEVEL_DURABLE).unwrap();
    let mut next = define(&mut client);
    let mut durable = 0;
    send(&mut client, &mut next, &mut durable, WARM_UP);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(before > 0, "the threads are not called as they were");
    send(&mut client, &mut next, &mut durable, WARM_UP + MEASURED);
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("heap allocations: {allocations} for {MEASURED} inputs");
    assert_eq!(allocations, 0);
    engine.stop();
}

fn define(client: &mut Client) -> u64 {
    let mut out = Vec::new();
    data_frame(&mut out, 1, InstrumentDefinition::BYTES, INSTRUMENTS as usize, |body| {
        for (id, block) in body.chunks_exact_mut(InstrumentDefinition::BYTES).enumerate() {
            definition(id as u32, &format!("S{id}")).encode(block);
        }
    });
    client.send(&out).unwrap();
    1 + INSTRUMENTS
}

fn send(client: &mut Client, next: &mut u64, durable: &mut u64, last: u64) {
    let deadline = Instant::now() + DEADLINE;
    let mut out = Vec::new();
    while *durable < last {
        assert!(Instant::now() < deadline, "{durable} of {last} are durable");
        while *next <= last && *next < *durable + ON_THE_WAY_MAX {
            let count = RECORDS_PER_FRAME.min(last + 1 - *next);
            out.clear();
            data_frame(&mut out, *next, Quote::BYTES, count as usize, |body| {
                for (index, block) in body.chunks_exact_mut(Quote::BYTES).enumerate() {
                    record(*next + index as u64, block);
                }
            });
            client.send(&out).unwrap();
            *next += count;
        }
        if let Ok(News::Ack { sequence, .. }) = client.news(Duration::from_millis(100)) {
            *durable = sequence;
        }
    }
}

/// 49 % quotes, 49 % book deltas, 2 % trades, a thousand a second of the market's time.
fn record(sequence: u64, block: &mut [u8]) {
    // Four that follow one another are of one instrument: an update of its book in two records, with something between.
    let instrument_id = ((sequence / 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 % INSTRUMENTS as u32;
    let ts_event_nanos = START + sequence * 1_000_000;
    match sequence % 100 {
        50 | 98 => Trade {
            flags: 0,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: 0,
            venue_sequence: 0,
            trade_id: sequence,
            price_e9: (100 + sequence as i64 % 50) * 1_000_000_000,
            size_e9: 1_000_000_000,
            side: Side::Buy.code(),
            action: Action::Trade.code(),
        }
        .encode(block),
        kind if kind % 2 == 0 => Quote {
            flags: 0,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: 0,
            venue_sequence: sequence,
            bid_price_e9: sequence as i64,
            bid_size_e9: 1,
            ask_price_e9: sequence as i64 + 1,
            ask_size_e9: 1,
        }
        .encode(block),
        _ => BookDelta {
            flags: if sequence % 4 == 3 { FLAG_LAST } else { 0 },
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            ts_recv_nanos: 0,
            first_venue_sequence: 0,
            venue_sequence: 0,
            price_e9: 1_000 + (sequence >> 3) as i64 % 20,
            size_e9: sequence as i64 % 7,
            side: Side::Sell.code(),
            action: Action::Modify.code(),
        }
        .encode(block),
    }
}
