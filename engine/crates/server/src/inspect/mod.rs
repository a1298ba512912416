//! `mib-engine inspect`: looks into a journal, beside a running engine or without one, and changes nothing.

mod arguments;
mod counts;
mod dump;
mod input;
mod names;

use crate::snapshots::Snapshots;
use arguments::Arguments;
use counts::Counts;
use dump::Dump;
use input::Input;
use mib_core::limits::Limits;
use mib_journal::{Inspection, JournalError, uuid_text};
use names::Names;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

// Of sysexits.h.
const EXIT_CODE_USAGE: i32 = 64;
const EXIT_CODE_DATA: i32 = 65;
const EXIT_CODE_NO_INPUT: i32 = 66;

/// Runs the subcommand; returns the exit code: 0 when the journal is sound (a torn tail is), 64 for wrong arguments, 65 when
/// it is corrupt, 66 when it can't be read.
pub fn run(arguments: impl Iterator<Item = String>) -> i32 {
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n{}", arguments::USAGE);
            return EXIT_CODE_USAGE;
        }
    };
    // Warnings of a snapshot that is skipped would stand between the lines.
    crate::log::set_least(crate::log::Level::Error);
    inspect(&arguments).unwrap_or_else(|error| {
        eprintln!("{error}");
        match error {
            JournalError::Corrupt { .. } => EXIT_CODE_DATA,
            _ => EXIT_CODE_NO_INPUT,
        }
    })
}

fn inspect(arguments: &Arguments) -> Result<i32, JournalError> {
    let journal_dir = journal_dir(arguments);
    let mut names = names_of_snapshot(&journal_dir)?;
    let mut counts = Counts::default();
    let mut dump = arguments.dump.then(|| Dump::new(std::io::stdout().lock()));
    let found = mib_journal::inspect(&journal_dir, |entry| {
        for input in Input::all_of(entry) {
            names.learn(&input);
            if !arguments.filter.takes(&input, names.symbol(&input)) {
                continue;
            }
            counts.add(&input);
            if let Some(dump) = &mut dump
                && dump.line(&input, &names).is_err()
            {
                // Whoever read the lines has seen enough.
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    let mut summary = String::new();
    let (code, verdict) = match &found {
        Ok(None) => {
            eprintln!(
                "{}: there is no journal here; give the engine's data folder (ENGINE_DATA_DIR) or its folder `journal`",
                arguments.dir.display()
            );
            return Ok(EXIT_CODE_NO_INPUT);
        }
        Ok(Some((identity, inspection))) => {
            summary += &format!("journal     {}\n", uuid_text(&identity.journal));
            summary += &format!("epoch       {}\n", uuid_text(&identity.epoch));
            if !identity.shard.is_whole() {
                summary += &format!("shard       {}\n", identity.shard);
            }
            (0, verdict_of(inspection))
        }
        Err(error @ JournalError::Corrupt { .. }) => (EXIT_CODE_DATA, format!("CORRUPT: {error}")),
        Err(_) => return found.map(|_| 0),
    };
    summary += &counts.to_string();
    summary += &format!("verify      {verdict}\n");
    if dump.is_some() {
        eprintln!("{verdict}");
    } else {
        // A closed stdout is no failure of the journal.
        let _ = std::io::stdout().write_all(summary.as_bytes());
    }
    Ok(code)
}

/// The folder itself, or `journal` in it.
fn journal_dir(arguments: &Arguments) -> PathBuf {
    let inner = arguments.dir.join("journal");
    if inner.is_dir() { inner } else { arguments.dir.clone() }
}

/// What was defined in segments that are trimmed is known to the snapshots.
fn names_of_snapshot(journal_dir: &std::path::Path) -> Result<Names, JournalError> {
    let (Some(identity), Some(data_dir)) = (mib_journal::Identity::load(journal_dir)?, journal_dir.parent()) else {
        return Ok(Names::default());
    };
    if mib_journal::is_untrimmed(journal_dir) {
        return Ok(Names::default());
    }
    let snapshots = Snapshots::of(data_dir, identity.journal, Limits::default());
    Ok(Names::of_state(&snapshots.load(u64::MAX)))
}

fn verdict_of(inspection: &Inspection) -> String {
    let Inspection {
        segments,
        bytes,
        first_sequence,
        torn,
    } = inspection;
    let trimmed = if *first_sequence > 1 {
        format!(", sequences before {first_sequence} were trimmed")
    } else {
        String::new()
    };
    let sound = format!("sound: {segments} segment(s), {bytes} bytes{trimmed}");
    match torn {
        None => sound,
        Some(torn) => format!(
            "{sound}; torn tail of {} bytes at byte {} of {}: a commit that nobody was told of, left by a crash or just being written; the next start clears it",
            torn.bytes,
            torn.offset,
            torn.path.display()
        ),
    }
}
