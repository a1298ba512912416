use crate::options::Options;
use mib_client::Client;
use serde_json::Value;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const START_MAX: Duration = Duration::from_secs(120);
const LOG_MAX: Duration = Duration::from_secs(5);

/// An engine with a data folder of its own, removed at the end; or one that runs already.
pub struct EngineProcess {
    pub address: String,
    pub publishing: bool,
    own: Option<Own>,
}

struct Own {
    program: PathBuf,
    dir: PathBuf,
    child: Child,
    /// What it says of its recovery, once for each start.
    recovered: Receiver<Recovered>,
}

/// What the engine logs of a recovery.
pub struct Recovered {
    pub records: u64,
    pub took: Duration,
}

impl EngineProcess {
    pub fn start_or_use(options: &Options) -> io::Result<Self> {
        if let Some(address) = &options.address {
            return Ok(EngineProcess {
                address: address.clone(),
                publishing: true,
                own: None,
            });
        }
        let dir = options.dir.join(format!("mib-engine-bench-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        let (child, recovered) = spawn(&options.engine, &dir)?;
        let engine = EngineProcess {
            address: address(&dir),
            publishing: std::env::var("KAFKA_BROKERS").is_ok_and(|brokers| !brokers.is_empty()),
            own: Some(Own {
                program: options.engine.clone(),
                dir,
                child,
                recovered,
            }),
        };
        engine.await_answer()?;
        Ok(engine)
    }

    pub fn kill(&mut self) -> io::Result<()> {
        let own = self.own.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        own.child.kill()?;
        own.child.wait()?;
        Ok(())
    }

    /// Starts it again on its data.
    pub fn start(&mut self) -> io::Result<()> {
        let own = self.own.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        (own.child, own.recovered) = spawn(&own.program, &own.dir)?;
        self.await_answer()
    }

    /// What it said of its last recovery.
    pub fn recovered(&self) -> io::Result<Recovered> {
        let own = self.own.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        own.recovered
            .recv_timeout(LOG_MAX)
            .map_err(|_| io::Error::other("the engine did not say that it recovered"))
    }

    fn await_answer(&self) -> io::Result<()> {
        let deadline = Instant::now() + START_MAX;
        while Client::connect(&self.address, "", 0).is_err() {
            if Instant::now() > deadline {
                return Err(io::Error::other("the engine does not answer"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

fn address(dir: &std::path::Path) -> String {
    format!("unix:{}", dir.join("engine.sock").display())
}

fn spawn(program: &PathBuf, dir: &PathBuf) -> io::Result<(Child, Receiver<Recovered>)> {
    let mut child = Command::new(program)
        .env("ENGINE_DATA_DIR", dir)
        .env("ENGINE_LISTEN", address(dir))
        .env("ADMIN_PORT", "0")
        .env("ENGINE_JOURNAL_BYTES_MAX", (64_u64 << 30).to_string())
        .env("LOG_LEVEL", "info")
        .stdout(Stdio::piped())
        .spawn()?;
    let (sender, recovered) = channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        for each in stdout.into_iter().flat_map(recoveries) {
            let _ = sender.send(each);
        }
    });
    Ok((child, recovered))
}

/// Reads the log to its end, so that the engine never waits for us.
fn recoveries(stdout: ChildStdout) -> impl Iterator<Item = Recovered> {
    BufReader::new(stdout).lines().map_while(Result::ok).filter_map(|line| {
        let line: Value = serde_json::from_str(&line).ok()?;
        (line["msg"] == "recovered").then_some(())?;
        Some(Recovered {
            records: line["records"].as_u64()?,
            took: Duration::from_millis(line["took_ms"].as_u64()?.max(1)),
        })
    })
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            let _ = own.child.kill();
            let _ = own.child.wait();
            let _ = std::fs::remove_dir_all(&own.dir);
        }
    }
}
