//! Measures the engine as a feed sees it: how many records a second become durable, how long after the moment at which a record
//! should have been sent it is visible and durable, how soon an engine answers, and how fast it recovers. Prints rows as JSON.
//! Starts an engine of its own unless given an address.
//!
//!   mib-engine-bench [--parts saturated,paced] [--engine PATH] [--address ADDRESS] [--seconds N] [--rate RECORDS_PER_SECOND]
//!                    [--pace-micros N] [--instruments N] [--dir DIR]

mod engine_process;
mod load;
mod measure;
mod options;
mod recovery;

use engine_process::EngineProcess;
use options::{Options, Part};
use serde_json::{Value, json};
use std::time::Instant;

fn main() {
    let options = Options::from_arguments(std::env::args().skip(1)).unwrap_or_else(|problem| {
        eprintln!("{problem}");
        std::process::exit(64);
    });
    match run(&options) {
        Ok(report) => println!("{report:#}"),
        Err(error) => {
            eprintln!("the measurement failed: {error}");
            std::process::exit(1);
        }
    }
}

fn run(options: &Options) -> std::io::Result<Value> {
    let started = Instant::now();
    let mut engine = EngineProcess::start_or_use(options)?;
    let ready = started.elapsed();
    let mut rows = Vec::new();
    let mut conditions = json!({
        "seconds": options.seconds,
        "instruments": options.instruments,
        "mix": "49 % quotes, 49 % book deltas, 2 % trades",
        "loadGenerator": "same machine, one connection",
        "publishing": if engine.publishing { "on" } else { "off" },
    });
    for part in &options.parts {
        match part {
            Part::Ready => rows.push(row("engine.ready.empty", ready.as_secs_f64() * 1_000.0, "ms")),
            Part::Saturated => {
                let saturated = measure::saturated(&engine.address, options)?;
                conditions["saturatedRecords"] = saturated.records.into();
                rows.push(row("engine.rate.saturated", saturated.durable_per_second, "records/s"));
            }
            Part::Paced => {
                conditions["latency"] =
                    "from the intended time of sending, so that a stall counts for every record that it delays".into();
                conditions["frames"] = format!("one each {} µs", options.pace.as_micros()).into();
                rows.extend(paced(&engine, options)?);
            }
            Part::Recovery => {
                let recovery = recovery::measure(&mut engine, options)?;
                conditions["recoveredRecords"] = recovery.records.into();
                rows.push(row("engine.rate.recovery", recovery.records_per_second, "records/s"));
                rows.push(row(
                    "engine.ready.recovered",
                    recovery.ready.as_secs_f64() * 1_000.0,
                    "ms",
                ));
                let different = f64::from(u8::from(!recovery.hash_is_equal));
                rows.push(row("engine.recovery.different-hashes", different, "states"));
            }
        }
    }
    Ok(json!({ "rows": rows, "conditions": conditions }))
}

fn paced(engine: &EngineProcess, options: &Options) -> std::io::Result<Vec<Value>> {
    let paced = measure::paced(&engine.address, options)?;
    let mut rows = Vec::new();
    for (name, histogram) in [("visible", &paced.visible), ("durable", &paced.durable)] {
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
            let micros = histogram.value_at_quantile(quantile) as f64 / 1_000.0;
            let id = format!("engine.latency-{label}.{name}.rate-{}", options.rate);
            rows.push(row(&id, micros, "µs"));
        }
    }
    Ok(rows)
}

fn row(id: &str, value: f64, unit: &str) -> Value {
    json!({ "id": id, "value": value, "unit": unit })
}
