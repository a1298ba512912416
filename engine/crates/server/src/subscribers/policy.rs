use mib_protocol::messages::{KIND_BARS, KIND_BOOK_TOPS, KIND_CURRENT_BARS, KIND_QUOTES, KIND_TRADES, SlowPolicy};

/// Kinds of which a newer record replaces an older one.
const STATE_KINDS: u8 = KIND_QUOTES | KIND_CURRENT_BARS | KIND_BOOK_TOPS;
pub const ALL_KINDS: u8 = STATE_KINDS | KIND_TRADES | KIND_BARS;

/// Kinds that are served as state: the newest of each instrument when there is room, not every change.
pub fn conflated(policy: SlowPolicy) -> u8 {
    if policy == SlowPolicy::Conflate { STATE_KINDS } else { 0 }
}

/// State kinds among those asked for.
pub fn state_kinds(kinds: u8) -> u8 {
    kinds & STATE_KINDS
}
