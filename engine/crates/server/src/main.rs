//! The engine process: feeds' records in, quotes, trades, bars and books out.

mod admin;
// It asks Linux for the names of threads.
#[cfg(all(test, target_os = "linux"))]
mod allocations;
mod config;
mod core_thread;
mod engine;
mod ingest;
mod inspect;
mod journal_thread;
mod live_sessions;
mod log;
mod metrics;
mod progress;
mod publish;
mod query;
mod records;
mod replay;
mod signals;
mod slot;
mod snapshots;
mod subscribers;
mod text;

// Of sysexits.h.
const EXIT_CODE_USAGE: i32 = 64;
const EXIT_CODE_CONFIG: i32 = 78;

fn main() {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        None => serve(None),
        Some("--shard") => match (words.next(), words.next()) {
            (Some(shard), None) => serve(Some(shard)),
            _ => {
                eprintln!("--shard takes one i/n, and stands alone");
                std::process::exit(EXIT_CODE_USAGE);
            }
        },
        Some("inspect") => std::process::exit(inspect::run(words)),
        Some(word) => {
            eprintln!(
                "{word} is not a command: without one the engine runs (--shard i/n: as one of n), `inspect` looks into a journal"
            );
            std::process::exit(EXIT_CODE_USAGE);
        }
    }
}

/// Runs the engine; `shard` counts before the environment's.
fn serve(shard: Option<String>) {
    let variable = |name: &str| match (name, &shard) {
        ("ENGINE_SHARD", Some(shard)) => Some(shard.clone()),
        _ => std::env::var(name).ok(),
    };
    let config = config::Config::from_environment(variable).unwrap_or_else(|problems| {
        eprintln!("The configuration has {} problem(s):", problems.len());
        for problem in problems {
            eprintln!("  {problem}");
        }
        std::process::exit(EXIT_CODE_CONFIG);
    });
    log::set_least(config.log_level);
    // A thread that failed leaves the others without a part of the engine: better to start again from what is on disk.
    std::panic::set_hook(Box::new(|panic| {
        error!("a bug ends the engine", "panic": panic);
        std::process::abort();
    }));
    let signals = signals::Signals::block();
    let engine = engine::Engine::start(config).unwrap_or_else(|error| {
        error!("the engine can't start", "err": error);
        std::process::exit(1);
    });
    let signal = signals.wait();
    info!("stopping", "reason": signal);
    std::thread::spawn(move || {
        signals.wait();
        std::process::exit(130);
    });
    engine.stop();
}
