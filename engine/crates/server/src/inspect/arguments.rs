use crate::inspect::input::{Input, kind_exists};
use std::path::PathBuf;

pub const USAGE: &str =
    "usage: mib-engine inspect DIR [--dump] [--from SEQUENCE] [--to SEQUENCE] [--kind KIND]… [--symbol SYMBOL]…
  DIR       the engine's data folder, or the folder `journal` in it
  --dump    a JSON object a line for each input, numbers as text; otherwise counts and whether the journal is sound
  --kind    TRADE, QUOTE, BOOK_DELTA, BOOK_SNAPSHOT, CLOCK, GAP, EVENT, BAR, INSTRUMENT_DEFINITION or SESSION_OPENED";

/// Which inputs are counted and dumped. What is not said takes all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    from: u64,
    to: u64,
    kinds: Vec<String>,
    symbols: Vec<String>,
}

impl Filter {
    pub fn takes(&self, input: &Input<'_>, symbol: Option<&str>) -> bool {
        (self.from..=self.to).contains(&input.sequence)
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == input.kind()))
            && (self.symbols.is_empty() || symbol.is_some_and(|symbol| self.symbols.iter().any(|each| each == symbol)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    pub dir: PathBuf,
    pub dump: bool,
    pub filter: Filter,
}

impl Arguments {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut dir = None;
        let mut dump = false;
        let mut filter = Filter {
            from: 0,
            to: u64::MAX,
            kinds: Vec::new(),
            symbols: Vec::new(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--dump" => dump = true,
                "--from" => filter.from = sequence(&word, &value()?)?,
                "--to" => filter.to = sequence(&word, &value()?)?,
                "--kind" => filter.kinds.push(kind(&value()?)?),
                "--symbol" => filter.symbols.push(value()?),
                option if option.starts_with('-') => return Err(format!("{option} is not an option")),
                path if dir.is_none() => dir = Some(PathBuf::from(path)),
                more => return Err(format!("{more}: only one folder can be looked into")),
            }
        }
        Ok(Arguments {
            dir: dir.ok_or("the folder is missing")?,
            dump,
            filter,
        })
    }
}

fn sequence(option: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{option}: {text} is not a sequence (a whole number)"))
}

fn kind(text: &str) -> Result<String, String> {
    let kind = text.to_uppercase();
    if kind_exists(&kind) {
        Ok(kind)
    } else {
        Err(format!("--kind: {text} is not a kind of input"))
    }
}
