//! Measures the engine as a feed sees it: how many records a second become durable, and how long after the moment at which a
//! record should have been sent it is visible and durable. Prints rows as JSON. Starts an engine of its own unless given an
//! address.
//!
//!   mib-engine-bench [--engine PATH] [--address ADDRESS] [--seconds N] [--rate RECORDS_PER_SECOND] [--instruments N] [--dir DIR]

mod engine_process;
mod load;
mod measure;
mod options;

use serde_json::json;

fn main() {
    let options = options::Options::from_arguments(std::env::args().skip(1)).unwrap_or_else(|problem| {
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

fn run(options: &options::Options) -> std::io::Result<serde_json::Value> {
    let engine = engine_process::EngineProcess::start_or_use(options)?;
    let saturated = measure::saturated(&engine.address, options)?;
    let paced = measure::paced(&engine.address, options)?;
    let row = |id: &str, value: f64, unit: &str| json!({ "id": id, "value": value, "unit": unit });
    let mut rows = vec![row("engine.rate.saturated", saturated.durable_per_second, "records/s")];
    for (name, histogram) in [("visible", &paced.visible), ("durable", &paced.durable)] {
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let micros = histogram.value_at_quantile(quantile) as f64 / 1_000.0;
            rows.push(row(&format!("engine.latency-{label}.{name}"), micros, "µs"));
        }
    }
    Ok(json!({
        "rows": rows,
        "conditions": {
            "seconds": options.seconds,
            "instruments": options.instruments,
            "saturatedRecords": saturated.records,
            "pacedRecordsPerSecond": options.rate,
            "mix": "49 % quotes, 49 % book deltas, 2 % trades",
            "latency": "from the intended time of sending, so that a stall counts for every record that it delays",
            "loadGenerator": "same machine, one connection",
            "publishing": if engine.publishing { "on" } else { "off" },
        }
    }))
}
