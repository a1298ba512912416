use crate::options::Options;
use mib_client::Client;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_MAX: Duration = Duration::from_secs(20);

/// An engine with a data folder of its own, removed at the end; or one that runs already.
pub struct EngineProcess {
    pub address: String,
    pub publishing: bool,
    own: Option<(Child, PathBuf)>,
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
        let address = format!("unix:{}", dir.join("engine.sock").display());
        let child = Command::new(&options.engine)
            .env("ENGINE_DATA_DIR", &dir)
            .env("ENGINE_LISTEN", &address)
            .env("ADMIN_PORT", "0")
            .env("ENGINE_JOURNAL_BYTES_MAX", (64_u64 << 30).to_string())
            .stdout(Stdio::null())
            .spawn()?;
        let publishing = std::env::var("KAFKA_BROKERS").is_ok_and(|brokers| !brokers.is_empty());
        let engine = EngineProcess {
            address,
            publishing,
            own: Some((child, dir)),
        };
        let deadline = Instant::now() + START_MAX;
        while Client::connect(&engine.address, "", 0).is_err() {
            if Instant::now() > deadline {
                return Err(io::Error::other("the engine does not answer"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(engine)
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        if let Some((child, dir)) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}
