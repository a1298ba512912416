use crate::metrics::Metrics;
use crate::progress::Progress;
use mib_protocol::messages::MARKET_PARTITIONS;
use mib_protocol::shard::Shard;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_BYTES_MAX: usize = 8_192;

/// Answers /health, /ready and /metrics, one request a connection.
pub struct Admin {
    pub listener: TcpListener,
    pub progress: Arc<Progress>,
    pub metrics: Arc<Metrics>,
    pub publishing: bool,
    pub shard: Shard,
}

impl Admin {
    pub fn run(self) {
        for stream in self.listener.incoming().flatten() {
            // A client that fails is its own problem.
            let _ = self.serve(stream);
        }
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut request = Vec::new();
        let mut part = [0; 1_024];
        while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
            match stream.read(&mut part)? {
                0 => break,
                read => request.extend_from_slice(&part[..read]),
            }
        }
        let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let path = std::str::from_utf8(line)
            .unwrap_or_default()
            .split(' ')
            .nth(1)
            .unwrap_or_default();
        let (status, kind, body) = match path.split('?').next().unwrap_or_default() {
            "/health" => ("200 OK", "application/json", self.health()),
            "/ready" => {
                let (ready, body) = self.ready();
                (
                    if ready { "200 OK" } else { "503 Service Unavailable" },
                    "application/json",
                    body,
                )
            }
            "/metrics" => (
                "200 OK",
                "text/plain; version=0.0.4",
                self.metrics.render(&self.progress, self.shard),
            ),
            _ => ("404 Not Found", "application/json", "{}".to_owned()),
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn health(&self) -> String {
        match self.shard {
            Shard::WHOLE => "{\"status\":\"alive\"}".to_owned(),
            shard => format!("{{\"status\":\"alive\",\"shard\":\"{shard}\"}}"),
        }
    }

    /// Which shard it is, where it is one of several.
    fn shard_check(&self) -> String {
        let shard = self.shard;
        if shard.is_whole() {
            return String::new();
        }
        let partitions: Vec<u32> = (0..MARKET_PARTITIONS)
            .filter(|&each| shard.has_partition(each))
            .collect();
        let (index, count) = (shard.index(), shard.count());
        format!(
            ",\"shard\":{{\"ok\":true,\"detail\":{{\"index\":{index},\"count\":{count},\"partitions\":{partitions:?}}}}}"
        )
    }

    /// The engine serves while it accepts inputs. A broker that is away makes a lag, not an engine that is not ready.
    fn ready(&self) -> (bool, String) {
        let progress = &self.progress;
        let durable = progress.durable();
        let published = progress.published.load(Ordering::Relaxed);
        let disk = !progress.disk_full.load(Ordering::Relaxed);
        let running = !progress.stopping();
        let connected = progress.kafka_connected.load(Ordering::Relaxed);
        let publish = if self.publishing {
            format!(
                ",\"publish\":{{\"ok\":true,\"detail\":{{\"connected\":{connected},\"publishedSequence\":{published},\"lagRecords\":{}}}}}",
                durable.saturating_sub(published)
            )
        } else {
            String::new()
        };
        let ready = disk && running;
        let body = format!(
            "{{\"ready\":{ready},\"checks\":{{\"journal\":{{\"ok\":{disk},\"detail\":{{\"durableSequence\":{durable},\"bytes\":{}}}}},\"running\":{{\"ok\":{running}}}{publish}{}}}}}",
            progress.journal_bytes.load(Ordering::Relaxed),
            self.shard_check(),
        );
        (ready, body)
    }
}
