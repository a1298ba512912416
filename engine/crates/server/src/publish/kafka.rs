use crate::publish::json;
use crate::publish::output::Output;
use mib_core::sink::Position;
use mib_protocol::messages::{FLAG_SAMPLED, MARKET_PARTITIONS};
use mib_protocol::shard::{self, Shard};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The topics, in the order of `TOPICS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    Quotes,
    Trades,
    Bars,
    CurrentBars,
}

const TOPICS: [(Topic, &str); 4] = [
    (Topic::Quotes, "market.quotes.v1"),
    (Topic::Trades, "market.trades.v1"),
    (Topic::Bars, "market.bars.v1"),
    (Topic::CurrentBars, "market.bars.current.v1"),
];
/// Topics in which no event may be missing.
const EVENTS: [Topic; 2] = [Topic::Trades, Topic::Bars];

const METADATA_TIMEOUT: Duration = Duration::from_secs(3);
const LAST_RECORDS_TIMEOUT: Duration = Duration::from_secs(20);

/// Last position of this journal's epoch in each partition.
pub type Published = HashMap<(Topic, i32), Position>;

/// Delivery reports since they were last taken: the tickets of messages that Kafka has, or what went wrong.
#[derive(Default)]
pub struct Reports {
    /// Reports so far, also those that nobody waits for.
    served: AtomicU64,
    delivered: Mutex<Vec<u64>>,
    failed: Mutex<Option<String>>,
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        crate::log::write(
            crate::log::Level::Warn,
            "kafka",
            &[("err", &error), ("reason", &reason)],
        );
    }
}

impl ProducerContext for Reports {
    /// Ticket of the message; 0: nobody waits for it.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        self.served.fetch_add(1, Ordering::Relaxed);
        match result {
            Ok(_) if ticket == 0 => {}
            Ok(_) => self
                .delivered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(ticket as u64),
            Err((error, _)) => *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string()),
        }
    }
}

/// One connection to Kafka: a producer and what it needs to know of the topics.
pub struct Kafka {
    producer: BaseProducer<Reports>,
    /// Name and number of partitions, in the order of `TOPICS`.
    topics: Vec<(String, u32)>,
    shard: Shard,
    value: String,
    epoch_text: String,
}

pub enum SendOutcome {
    Sent,
    /// Try again after polling.
    QueueFull,
    Failed(String),
}

impl Kafka {
    /// Connects and reads how many partitions the topics have. Fails when one of them does not exist, or has partitions that
    /// shards can't be told by.
    pub fn connect(brokers: &str, topic_prefix: &str, shard: Shard) -> Result<Self, String> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("client.id", "mib-engine")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "1")
            // Kept for as long as a broker is away; the order within a partition holds.
            .set("message.timeout.ms", "0")
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", "65536")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "60000");
        let producer =
            BaseProducer::from_config_and_context(&config, Reports::default()).map_err(|error| error.to_string())?;
        let mut topics = Vec::new();
        for (_, name) in TOPICS {
            let name = format!("{topic_prefix}{name}");
            let metadata = producer
                .client()
                .fetch_metadata(Some(&name), METADATA_TIMEOUT)
                .map_err(|error| error.to_string())?;
            let found = metadata
                .topics()
                .iter()
                .find(|each| each.name() == name && each.error().is_none());
            match found.map(|each| each.partitions().len() as u32) {
                Some(count) if !shard.is_whole() && count != MARKET_PARTITIONS => {
                    return Err(format!(
                        "topic {name} has {count} partitions, and shards are told by {MARKET_PARTITIONS}"
                    ));
                }
                Some(count) if count > 0 => topics.push((name, count)),
                _ => return Err(format!("topic {name} does not exist")),
            };
        }
        Ok(Kafka {
            producer,
            topics,
            shard,
            value: String::new(),
            epoch_text: String::new(),
        })
    }

    /// Reads from Kafka what it has of this epoch: the last record of each of the shard's partitions of the topics of events.
    pub fn published(&self, brokers: &str, epoch: &[u8; 16]) -> Result<Published, String> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("client.id", "mib-engine-resume")
            .set("group.id", "mib-engine-resume")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50")
            .create()
            .map_err(|error| error.to_string())?;
        let mut wanted = TopicPartitionList::new();
        for topic in EVENTS {
            let (topic, count) = &self.topics[topic as usize];
            for partition in (0..*count).filter(|&partition| self.shard.has_partition(partition)) {
                let partition = partition as i32;
                let (low, high) = consumer
                    .fetch_watermarks(topic, partition, METADATA_TIMEOUT)
                    .map_err(|error| error.to_string())?;
                if high > low {
                    wanted
                        .add_partition_offset(topic, partition, Offset::Offset(high - 1))
                        .map_err(|error| error.to_string())?;
                }
            }
        }
        let mut published = Published::new();
        let mut missing = wanted.count();
        if missing == 0 {
            return Ok(published);
        }
        consumer.assign(&wanted).map_err(|error| error.to_string())?;
        let deadline = Instant::now() + LAST_RECORDS_TIMEOUT;
        let mut seen = std::collections::HashSet::new();
        while missing > 0 {
            if Instant::now() > deadline {
                return Err("the last records can't be read in time".into());
            }
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                continue;
            };
            let message = message.map_err(|error| error.to_string())?;
            let is_of = |topic: &Topic| self.topics[*topic as usize].0 == message.topic();
            let Some(topic) = EVENTS.into_iter().find(is_of) else {
                continue;
            };
            if seen.insert((topic, message.partition())) {
                missing -= 1;
            }
            if let Some(position) = position_of(&message, epoch) {
                published.insert((topic, message.partition()), position);
            }
        }
        Ok(published)
    }

    pub fn set_epoch(&mut self, epoch: &[u8; 16]) {
        self.epoch_text = mib_journal::uuid_text(epoch);
    }

    /// Where an output goes.
    pub fn place(&self, output: &Output, symbol: &str) -> (Topic, i32) {
        let topic = match output {
            Output::Trade(..) => Topic::Trades,
            Output::FinalBar(..) => Topic::Bars,
            Output::Quote(..) => Topic::Quotes,
            Output::CurrentBar(..) => Topic::CurrentBars,
        };
        (
            topic,
            shard::partition(symbol.as_bytes(), self.topics[topic as usize].1) as i32,
        )
    }

    /// Hands a message to the producer. `ticket` comes back with the delivery.
    pub fn send(&mut self, output: &Output, symbol: &str, ticket: u64) -> SendOutcome {
        let (topic, partition) = self.place(output, symbol);
        let position = output.position();
        let mut channel = symbol.to_owned();
        let mut traced = false;
        let mut backfill = false;
        match output {
            Output::Trade(_, trade) => {
                json::trade(&mut self.value, symbol, trade);
                traced = trade.flags & FLAG_SAMPLED != 0;
            }
            Output::Quote(_, quote) => {
                json::quote(&mut self.value, symbol, quote);
                traced = quote.flags & FLAG_SAMPLED != 0;
            }
            Output::FinalBar(_, _, interval, bar) | Output::CurrentBar(_, _, interval, bar) => {
                json::bar(&mut self.value, symbol, *interval, bar);
                channel.push('/');
                channel.push_str(interval.name());
                backfill = bar.backfill;
            }
        }
        let sequence = position.sequence.to_string();
        let ordinal = position.ordinal.to_string();
        let mut headers = OwnedHeaders::new_with_capacity(7)
            .insert(header("channel", &channel))
            .insert(header("epoch", &self.epoch_text))
            .insert(header("sequence", &sequence))
            .insert(header("ordinal", &ordinal))
            .insert(header("schema-version", "1"));
        if traced {
            headers = headers.insert(header("traceparent", &traceparent(&self.epoch_text, position)));
        }
        if backfill {
            headers = headers.insert(header("origin", "backfill"));
        }
        let record = BaseRecord::with_opaque_to(&self.topics[topic as usize].0, ticket as usize)
            .key(symbol)
            .payload(self.value.as_str())
            .partition(partition)
            .headers(headers);
        match self.producer.send(record) {
            Ok(()) => SendOutcome::Sent,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => SendOutcome::QueueFull,
            Err((error, _)) => SendOutcome::Failed(error.to_string()),
        }
    }

    /// Serves delivery reports; returns the tickets of what Kafka has taken, or what went wrong.
    pub fn poll(&self, timeout: Duration) -> Result<Vec<u64>, String> {
        let reports = self.producer.context();
        let mut served = reports.served.load(Ordering::Relaxed);
        self.producer.poll(timeout);
        // With a timeout of zero, a poll serves the reports of one batch, and there may be thousands of batches in a second.
        while served != reports.served.load(Ordering::Relaxed) {
            served = reports.served.load(Ordering::Relaxed);
            self.producer.poll(Duration::ZERO);
        }
        if let Some(failure) = reports.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return Err(format!("{code}: {reason}"));
        }
        Ok(std::mem::take(
            &mut *reports.delivered.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header {
        key,
        value: Some(value),
    }
}

/// A trace that whoever knows the position can name.
fn traceparent(epoch: &str, position: Position) -> String {
    let trace: String = epoch.chars().filter(|letter| *letter != '-').take(16).collect();
    let span = position.sequence.rotate_left(8) ^ u64::from(position.ordinal) ^ 1 << 63;
    format!("00-{trace}{:016x}-{span:016x}-01", position.sequence)
}

fn position_of(message: &impl Message, epoch: &[u8; 16]) -> Option<Position> {
    let headers = message.headers()?;
    let value = |key: &str| {
        headers
            .iter()
            .find(|header| header.key == key)
            .and_then(|header| std::str::from_utf8(header.value?).ok())
    };
    if value("epoch")? != mib_journal::uuid_text(epoch) {
        return None;
    }
    Some(Position {
        sequence: value("sequence")?.parse().ok()?,
        ordinal: value("ordinal")?.parse().ok()?,
    })
}
