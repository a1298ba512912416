use mib_client::Client;
use mib_protocol::messages::ACK_LEVEL_DURABLE;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const DEADLINE: Duration = Duration::from_secs(20);

/// The real process, on a data folder.
pub struct Engine {
    child: Child,
    pub address: String,
}

impl Engine {
    pub fn start(dir: &Path, environment: &[(&str, &str)]) -> Self {
        let address = format!("unix:{}", dir.join("engine.sock").display());
        let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_mib-engine"))
            .env_clear()
            .env("ENGINE_DATA_DIR", dir)
            .env("ENGINE_LISTEN", &address)
            .env("ADMIN_PORT", admin.to_string())
            .env("ENGINE_JOURNAL_SEGMENT_BYTES", (1 << 20).to_string())
            .env("ENGINE_JOURNAL_BYTES_MAX", (4 << 20).to_string())
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Engine { child, address }
    }

    pub fn connect(&mut self, session: &str) -> Client {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match Client::connect(&self.address, session, ACK_LEVEL_DURABLE) {
                Ok(client) => return client,
                Err(error) => {
                    assert_eq!(
                        self.child.try_wait().unwrap().map(|status| status.code()),
                        None,
                        "{error}"
                    );
                    assert!(Instant::now() < deadline, "{error}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn terminate(self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.ended()
    }

    /// Its exit code, when it has ended by itself.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Engine {
    /// A test that failed leaves no engine behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
