use crate::log::Level;
use mib_core::limits::Limits;
use mib_protocol::messages::MARKET_PARTITIONS;
use mib_protocol::shard::Shard;
use mib_ring::WaitStrategy;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub shard: Shard,
    pub listen: Listen,
    /// Empty: nothing is published.
    pub kafka_brokers: String,
    /// Before the names of the topics, so that tests can share a broker.
    pub topic_prefix: String,
    pub publish_queue_max: usize,
    pub admin: SocketAddr,
    pub log_level: Level,
    pub journal_bytes_max: u64,
    pub segment_bytes: u64,
    pub heartbeat: Duration,
    pub session_dead: Duration,
    pub quote_interval: Duration,
    pub current_bar_interval: Duration,
    pub wait: WaitStrategy,
    pub subscribers_max: usize,
    pub subscriber_buffer_bytes: usize,
    pub limits: Limits,
}

impl Config {
    /// Reads all variables; every problem is in the list, not only the first.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut read = Variables {
            get,
            problems: Vec::new(),
        };
        let defaults = Limits::default();
        let data_dir = read.text("ENGINE_DATA_DIR", None);
        let shard = read.parsed(
            "ENGINE_SHARD",
            Some("0/1"),
            &format!("i/n with i below n, and n at most {MARKET_PARTITIONS}"),
            |text| text.parse().ok(),
        );
        let listen = read.parsed(
            "ENGINE_LISTEN",
            Some("tcp:127.0.0.1:4013"),
            "unix:/path or tcp:host:port",
            listen,
        );
        let host = read.text("HOST", Some("127.0.0.1"));
        let admin_port = read.number("ADMIN_PORT", 4012, 0, 65_535);
        let admin = read.check(
            "HOST",
            socket_address(&format!("{host}:{admin_port}")),
            "an address of this machine",
        );
        let kafka_brokers = read.text("KAFKA_BROKERS", Some(""));
        let topic_prefix = read.text("ENGINE_TOPIC_PREFIX", Some(""));
        let publish_queue_max = read.number("ENGINE_PUBLISH_QUEUE_MAX", 65_536, 64, 1 << 24) as usize;
        for variable in ["KAFKA_TLS", "KAFKA_SASL_MECHANISM"] {
            let value = read.text(variable, Some(""));
            if !matches!(value.as_str(), "" | "false" | "0") {
                read.problems.push(format!(
                    "{variable}: KAFKA_SECURITY_NOT_BUILT: this engine was built without TLS and SASL for Kafka"
                ));
            }
        }
        let log_level = read.parsed(
            "LOG_LEVEL",
            Some("info"),
            "debug, info, warn or error",
            |text| match text {
                "trace" | "debug" => Some(Level::Debug),
                "info" => Some(Level::Info),
                "warn" => Some(Level::Warn),
                "error" | "fatal" => Some(Level::Error),
                _ => None,
            },
        );
        let spins = read.number("ENGINE_WAIT_SPINS", 0, 0, 1_000_000) as u32;
        let segment_bytes = read.number("ENGINE_JOURNAL_SEGMENT_BYTES", 64 << 20, 1 << 20, 2 << 30);
        let journal_bytes_max = read.number("ENGINE_JOURNAL_BYTES_MAX", 1 << 30, 2 << 20, u64::MAX >> 1);
        let heartbeat = read.milliseconds("ENGINE_HEARTBEAT_MS", 1_000);
        let session_dead = read.milliseconds("ENGINE_SESSION_DEAD_MS", 5_000);
        let quote_interval = read.milliseconds("ENGINE_QUOTE_INTERVAL_MS", 50);
        let current_bar_interval = read.milliseconds("ENGINE_CURRENT_BAR_INTERVAL_MS", 1_000);
        let subscribers_max = read.number("ENGINE_SUBSCRIBERS_MAX", 256, 0, 1 << 16) as usize;
        let subscriber_buffer_bytes =
            read.number("ENGINE_SUBSCRIBER_BUFFER_BYTES", 4 << 20, 64 << 10, 32 << 20) as usize;
        let mut limits = Limits {
            trades_max: read.number("ENGINE_TRADES_MAX", defaults.trades_max as u64, 1, 1 << 24) as usize,
            book_levels_max: read.number("ENGINE_BOOK_LEVELS_MAX", defaults.book_levels_max as u64, 1, 1 << 20)
                as usize,
            instruments_max: read.number("ENGINE_INSTRUMENTS_MAX", defaults.instruments_max as u64, 1, 1 << 24)
                as usize,
            sessions_max: read.number("ENGINE_SESSIONS_MAX", defaults.sessions_max as u64, 1, 1 << 20) as usize,
            ..defaults
        };
        for (index, interval) in ["S1", "M1", "M5", "H1", "D1"].into_iter().enumerate() {
            let variable = format!("ENGINE_BARS_MAX_{interval}");
            limits.bars_max[index] = read.number(&variable, limits.bars_max[index] as u64, 1, 1 << 24) as usize;
        }
        match (shard, listen, admin, log_level, read.problems.is_empty()) {
            (Some(shard), Some(listen), Some(admin), Some(log_level), true) => Ok(Config {
                data_dir: data_dir.into(),
                shard,
                listen,
                kafka_brokers,
                topic_prefix,
                publish_queue_max,
                admin,
                log_level,
                journal_bytes_max,
                segment_bytes: segment_bytes.min(journal_bytes_max),
                heartbeat,
                session_dead,
                quote_interval,
                current_bar_interval,
                wait: if spins == 0 {
                    WaitStrategy::Park
                } else {
                    WaitStrategy::SpinThenPark { spins }
                },
                subscribers_max,
                subscriber_buffer_bytes,
                limits,
            }),
            _ => Err(read.problems),
        }
    }
}

struct Variables<Get> {
    get: Get,
    problems: Vec<String>,
}

impl<Get: Fn(&str) -> Option<String>> Variables<Get> {
    fn text(&mut self, name: &str, fallback: Option<&str>) -> String {
        match ((self.get)(name).filter(|value| !value.is_empty()), fallback) {
            (Some(value), _) => value,
            (None, Some(fallback)) => fallback.to_owned(),
            (None, None) => {
                self.problems.push(format!("{name}: must be set"));
                String::new()
            }
        }
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        fallback: Option<&str>,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name, fallback);
        self.check(name, parse(&text), wanted)
    }

    fn check<T>(&mut self, name: &str, value: Option<T>, wanted: &str) -> Option<T> {
        if value.is_none() {
            self.problems.push(format!("{name}: must be {wanted}"));
        }
        value
    }

    fn number(&mut self, name: &str, fallback: u64, least: u64, most: u64) -> u64 {
        let text = self.text(name, Some(&fallback.to_string()));
        match text.parse() {
            Ok(value) if (least..=most).contains(&value) => value,
            _ => {
                self.problems
                    .push(format!("{name}: must be a whole number between {least} and {most}"));
                fallback
            }
        }
    }

    fn milliseconds(&mut self, name: &str, fallback: u64) -> Duration {
        Duration::from_millis(self.number(name, fallback, 1, 86_400_000))
    }
}

fn listen(text: &str) -> Option<Listen> {
    if let Some(path) = text.strip_prefix("unix:") {
        return (!path.is_empty()).then(|| Listen::Unix(path.into()));
    }
    socket_address(text.strip_prefix("tcp:")?.trim_start_matches("//")).map(Listen::Tcp)
}

fn socket_address(text: &str) -> Option<SocketAddr> {
    text.to_socket_addrs().ok()?.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::from_environment(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = with(&[
            ("ADMIN_PORT", "70000"),
            ("ENGINE_SHARD", "2/2"),
            ("ENGINE_LISTEN", "carrier pigeon"),
            ("KAFKA_TLS", "true"),
        ])
        .unwrap_err();
        let names: Vec<&str> = problems
            .iter()
            .map(|problem| problem.split(':').next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "ENGINE_DATA_DIR",
                "ENGINE_SHARD",
                "ENGINE_LISTEN",
                "ADMIN_PORT",
                "KAFKA_TLS"
            ]
        );
    }

    #[test]
    fn a_data_folder_is_all_that_must_be_set() {
        let config = with(&[("ENGINE_DATA_DIR", "/tmp/x"), ("ENGINE_BARS_MAX_M1", "10")]).unwrap();
        assert_eq!(config.listen, Listen::Tcp("127.0.0.1:4013".parse().unwrap()));
        assert_eq!(config.shard, Shard::WHOLE);
        assert_eq!(config.limits.bars_max[1], 10);
    }
}
