use crate::inspect::input::Input;
use crate::text::rfc3339;
use std::collections::BTreeMap;
use std::fmt;

/// What the inputs that were looked at are.
#[derive(Default)]
pub struct Counts {
    inputs: u64,
    by_kind: BTreeMap<&'static str, u64>,
    sequences: Option<(u64, u64)>,
    times: Option<(u64, u64)>,
}

impl Counts {
    pub fn add(&mut self, input: &Input<'_>) {
        self.inputs += 1;
        *self.by_kind.entry(input.kind()).or_default() += 1;
        widen(&mut self.sequences, input.sequence);
        if let Some(at) = input.ts_event_nanos() {
            widen(&mut self.times, at);
        }
    }
}

fn widen(range: &mut Option<(u64, u64)>, value: u64) {
    let (least, most) = range.unwrap_or((value, value));
    *range = Some((least.min(value), most.max(value)));
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "inputs      {}", self.inputs)?;
        if let Some((first, last)) = self.sequences {
            writeln!(f, "sequences   {first} – {last}")?;
        }
        if let Some((earliest, latest)) = self.times {
            writeln!(f, "event times {} – {}", rfc3339(earliest), rfc3339(latest))?;
        }
        for (kind, count) in &self.by_kind {
            writeln!(f, "  {kind:<22} {count:>12}")?;
        }
        Ok(())
    }
}
