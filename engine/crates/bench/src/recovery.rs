use crate::engine_process::EngineProcess;
use crate::measure;
use crate::options::Options;
use mib_client::Client;
use mib_protocol::messages::{EngineStatus, QueryStatus};
use std::io;
use std::time::{Duration, Instant};

const APPLIED_MAX: Duration = Duration::from_secs(60);

pub struct Recovery {
    pub records: u64,
    pub records_per_second: f64,
    /// From the start of the process to its first answer.
    pub ready: Duration,
    pub hash_is_equal: bool,
}

/// Fills a journal without a snapshot for so many seconds, kills the engine and starts it again on it.
pub fn measure(engine: &mut EngineProcess, options: &Options) -> io::Result<Recovery> {
    measure::saturated(&engine.address, options)?;
    let before = settled_hash(&engine.address)?;
    engine.kill()?;
    let started = Instant::now();
    engine.start()?;
    let ready = started.elapsed();
    let recovered = engine.recovered()?;
    Ok(Recovery {
        records: recovered.records,
        records_per_second: recovered.records as f64 / recovered.took.as_secs_f64(),
        ready,
        hash_is_equal: settled_hash(&engine.address)? == before,
    })
}

/// The state's hash once everything durable is in it.
fn settled_hash(address: &str) -> io::Result<u64> {
    let mut client = Client::connect(address, "", 0)?;
    let deadline = Instant::now() + APPLIED_MAX;
    loop {
        let mut block = [0; QueryStatus::BYTES];
        QueryStatus { with_state_hash: 1 }.encode(&mut block);
        let blocks = client
            .query(QueryStatus::TEMPLATE, &block, QueryStatus::BYTES)?
            .map_err(io::Error::other)?;
        let status = blocks.first().and_then(|block| EngineStatus::decode(block));
        let status = status.ok_or_else(|| io::Error::other("the engine did not say how far it is"))?;
        if status.applied_sequence == status.durable_sequence {
            return Ok(status.state_hash);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other("what is durable does not become visible"));
        }
    }
}
