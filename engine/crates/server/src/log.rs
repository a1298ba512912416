use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    Debug = 0,
    Info = 1,
    Warn = 2,
    Error = 3,
}

static LEAST: AtomicU8 = AtomicU8::new(Level::Info as u8);

pub fn set_least(level: Level) {
    LEAST.store(level as u8, Ordering::Relaxed);
}

/// Writes one JSON object as a line on stdout, with further fields after level, time, name and message.
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
    if (level as u8) < LEAST.load(Ordering::Relaxed) {
        return;
    }
    let name = ["debug", "info", "warn", "error"][level as usize];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = format!(
        "{{\"level\":\"{name}\",\"time\":\"{}\",\"name\":\"engine\"",
        crate::text::rfc3339(now.as_nanos() as u64)
    );
    for (key, value) in fields {
        line.push_str(",\"");
        line.push_str(key);
        line.push_str("\":");
        let value = value.to_string();
        let plain =
            value.parse::<i64>().is_ok_and(|number| number.to_string() == value) || value == "true" || value == "false";
        if plain {
            line.push_str(&value)
        } else {
            crate::text::push_json_string(&mut line, &value)
        }
    }
    line.push_str(",\"msg\":");
    crate::text::push_json_string(&mut line, message);
    line.push_str("}\n");
    // A closed stdout must not end the engine.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

#[macro_export]
macro_rules! info { ($message:expr $(, $key:literal: $value:expr)* $(,)?) => { $crate::log::write($crate::log::Level::Info, $message, &[$(($key, &$value)),*]) } }
#[macro_export]
macro_rules! warning { ($message:expr $(, $key:literal: $value:expr)* $(,)?) => { $crate::log::write($crate::log::Level::Warn, $message, &[$(($key, &$value)),*]) } }
#[macro_export]
macro_rules! error { ($message:expr $(, $key:literal: $value:expr)* $(,)?) => { $crate::log::write($crate::log::Level::Error, $message, &[$(($key, &$value)),*]) } }
