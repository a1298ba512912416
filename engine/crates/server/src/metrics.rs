use crate::progress::Progress;
use mib_core::counters::Counters;
use mib_protocol::messages::RejectReason;
use mib_protocol::shard::Shard;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// The state's counters as they were last copied out, and the way to Prometheus's text.
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<(Counters, usize, usize)>,
}

impl Metrics {
    pub fn set(&self, counters: &Counters, instruments: usize, sessions: usize) {
        *self.counters.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            (counters.clone(), instruments, sessions);
    }

    pub fn render(&self, progress: &Progress, shard: Shard) -> String {
        let (counters, instruments, sessions) = self
            .counters
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let mut out = String::with_capacity(4_096);
        let mut add = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        };
        let read = |value: &std::sync::atomic::AtomicU64| value.load(Ordering::Relaxed);
        let counted = "counter";
        add(
            "engine_trades_accepted_total",
            counted,
            "Trades taken, over the whole journal.",
            counters.trades,
        );
        add(
            "engine_quotes_accepted_total",
            counted,
            "Quotes taken.",
            counters.quotes,
        );
        add(
            "engine_book_deltas_accepted_total",
            counted,
            "Changes of order books taken.",
            counters.book_deltas,
        );
        add(
            "engine_book_snapshots_accepted_total",
            counted,
            "Snapshots of order books taken.",
            counters.book_snapshots,
        );
        add(
            "engine_bars_accepted_total",
            counted,
            "Bars of the past taken.",
            counters.bars,
        );
        add(
            "engine_clocks_accepted_total",
            counted,
            "Clock records taken.",
            counters.clocks,
        );
        add(
            "engine_events_accepted_total",
            counted,
            "Generic events taken.",
            counters.events,
        );
        add(
            "engine_late_trades_total",
            counted,
            "Trades of an interval that was over.",
            counters.late_trades,
        );
        add(
            "engine_trades_too_old_total",
            counted,
            "Trades older than any bar that is kept.",
            counters.trades_too_old,
        );
        add(
            "engine_final_bars_total",
            counted,
            "Final bars, revisions included.",
            counters.final_bars,
        );
        add(
            "engine_bar_revisions_total",
            counted,
            "Revisions of final bars.",
            counters.revisions,
        );
        add(
            "engine_gaps_total",
            counted,
            "Holes in the venues' numbers.",
            counters.gaps,
        );
        add(
            "engine_duplicates_total",
            counted,
            "Records that a feed sent again and that were dropped.",
            read(&progress.duplicates),
        );
        add(
            "engine_bad_frames_total",
            counted,
            "Connections ended because of what they sent.",
            read(&progress.bad_frames),
        );
        add(
            "engine_queries_total",
            counted,
            "Queries asked.",
            read(&progress.queries),
        );
        add(
            "engine_commits_total",
            counted,
            "Group commits of the journal.",
            read(&progress.commits),
        );
        add(
            "engine_journal_written_bytes_total",
            counted,
            "Bytes written to the journal.",
            read(&progress.journal_bytes_written),
        );
        add(
            "engine_published_messages_total",
            counted,
            "Messages handed to Kafka's producer.",
            read(&progress.published_messages),
        );
        add(
            "engine_publish_errors_total",
            counted,
            "Times that publishing had to begin anew.",
            read(&progress.publish_errors),
        );
        add(
            "engine_publish_catch_ups_total",
            counted,
            "Times that publishing went on from the journal.",
            read(&progress.catch_ups),
        );
        add(
            "engine_new_epochs_total",
            counted,
            "Times that Kafka knew more than the journal.",
            read(&progress.new_epochs),
        );
        add(
            "engine_subscriber_records_total",
            counted,
            "Records sent to subscribers.",
            read(&progress.subscriber_records),
        );
        add(
            "engine_subscribers_slow_total",
            counted,
            "Times that a subscriber had no room for what was new.",
            read(&progress.subscribers_slow),
        );
        add(
            "engine_subscriber_gaps_total",
            counted,
            "Times that the journal had been trimmed beyond a subscriber.",
            read(&progress.subscriber_gaps),
        );
        let gauge = "gauge";
        add(
            "engine_subscribers",
            gauge,
            "Connections that have subscribed.",
            read(&progress.subscribers),
        );
        let durable = progress.durable();
        let published = read(&progress.published);
        add("engine_instruments", gauge, "Instruments defined.", instruments as u64);
        add("engine_sessions", gauge, "Sessions known.", sessions as u64);
        add(
            "engine_connections",
            gauge,
            "Connections open.",
            read(&progress.connections),
        );
        add(
            "engine_received_sequence",
            gauge,
            "Last input received.",
            read(&progress.received),
        );
        add(
            "engine_applied_sequence",
            gauge,
            "Last input that queries see.",
            read(&progress.applied),
        );
        add("engine_durable_sequence", gauge, "Last input on disk.", durable);
        add(
            "engine_published_sequence",
            gauge,
            "Kafka has everything that came of inputs up to here.",
            published,
        );
        add(
            "engine_publish_lag_records",
            gauge,
            "Inputs on disk that Kafka does not have all outputs of.",
            durable.saturating_sub(published),
        );
        add(
            "engine_journal_bytes",
            gauge,
            "Bytes of the journal's segments.",
            read(&progress.journal_bytes),
        );
        add(
            "engine_disk_full",
            gauge,
            "1 while nothing is accepted for want of disk.",
            u64::from(progress.disk_full.load(Ordering::Relaxed)),
        );
        add(
            "engine_kafka_connected",
            gauge,
            "1 while publishing works.",
            u64::from(progress.kafka_connected.load(Ordering::Relaxed)),
        );
        out.push_str("# HELP engine_records_rejected_total Records not taken, by reason.\n# TYPE engine_records_rejected_total counter\n");
        for (reason, count) in RejectReason::ALL.iter().zip(counters.rejected) {
            let _ = writeln!(
                out,
                "engine_records_rejected_total{{reason=\"{}\"}} {count}",
                reason.name()
            );
        }
        if !shard.is_whole() {
            let _ = writeln!(
                out,
                "# HELP engine_shard_info Which of the engines that share the instruments this is.\n# TYPE engine_shard_info gauge\nengine_shard_info{{shard=\"{shard}\"}} 1"
            );
        }
        out
    }
}
