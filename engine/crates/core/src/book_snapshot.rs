//! A book as bytes, with what has come of an unfinished venue message: a recovered book goes on where it stood.

use crate::book::{Book, Level};
use crate::open_update::{Message, OpenUpdate};
use crate::sides::{Change, Sides};
use crate::snapshot::{Reader, SnapshotError, Writer};

pub(crate) fn write_book(out: &mut Writer, book: &Book) {
    out.u64(book.venue_sequence);
    out.u64(book.ts_event_nanos);
    out.u64(u64::from(book.maybe_bad));
    out.u64(u64::from(book.known));
    write_sides(out, &book.sides);
    out.u64(u64::from(book.open.is_some()));
    if let Some(open) = &book.open {
        write_open_update(out, open);
    }
}

pub(crate) fn read_book(input: &mut Reader<'_>) -> Result<Book, SnapshotError> {
    let mut book = Book {
        venue_sequence: input.u64()?,
        ts_event_nanos: input.u64()?,
        maybe_bad: input.u64()? != 0,
        known: input.u64()? != 0,
        sides: read_sides(input)?,
        ..Book::default()
    };
    if input.u64()? != 0 {
        book.open = Some(read_open_update(input)?);
    }
    Ok(book)
}

/// A book of a snapshot that was written before updates were kept aside. It may stand within one, whose rest then looks like
/// something known and is left out.
pub(crate) fn read_book_without_open_update(input: &mut Reader<'_>) -> Result<Book, SnapshotError> {
    let venue_sequence = input.u64()?;
    let message_sequence = input.u64()?;
    let ts_event_nanos = input.u64()?;
    let skipping = input.u64()? != 0;
    let maybe_bad = input.u64()? != 0;
    let within_update = message_sequence != 0 && !skipping;
    Ok(Book {
        venue_sequence,
        ts_event_nanos,
        maybe_bad: maybe_bad || within_update,
        known: input.u64()? != 0,
        sides: read_sides(input)?,
        ..Book::default()
    })
}

fn write_open_update(out: &mut Writer, update: &OpenUpdate) {
    let Message {
        session,
        is_snapshot,
        venue_sequence,
    } = update.message;
    out.u64(u64::from(session));
    out.u64(u64::from(is_snapshot));
    out.u64(venue_sequence);
    out.u64(u64::from(update.anew));
    out.u64(u64::from(update.maybe_bad));
    out.u64(update.ts_event_nanos);
    out.u64(update.changes.len() as u64);
    for change in &update.changes {
        let (kind, level) = match *change {
            Change::Clear => (
                0,
                Level {
                    price_e9: 0,
                    size_e9: 0,
                },
            ),
            Change::Bid(level) => (1, level),
            Change::Ask(level) => (2, level),
        };
        out.u64(kind);
        write_level(out, level);
    }
    out.u64(u64::from(update.staged.is_some()));
    if let Some(staged) = &update.staged {
        write_sides(out, staged);
    }
}

fn read_open_update(input: &mut Reader<'_>) -> Result<OpenUpdate, SnapshotError> {
    let message = Message {
        session: input.u64()? as u32,
        is_snapshot: input.u64()? != 0,
        venue_sequence: input.u64()?,
    };
    let mut update = OpenUpdate::of_book(message, Vec::new());
    update.anew = input.u64()? != 0;
    update.maybe_bad = input.u64()? != 0;
    update.ts_event_nanos = input.u64()?;
    for _ in 0..input.u64()? {
        let kind = input.u64()?;
        let level = read_level(input)?;
        update.changes.push(match kind {
            0 => Change::Clear,
            1 => Change::Bid(level),
            _ => Change::Ask(level),
        });
    }
    if input.u64()? != 0 {
        update.staged = Some(read_sides(input)?);
    }
    Ok(update)
}

fn write_sides(out: &mut Writer, sides: &Sides) {
    for side in [&sides.bids, &sides.asks] {
        out.u64(side.len() as u64);
        side.iter().for_each(|&level| write_level(out, level));
    }
}

fn read_sides(input: &mut Reader<'_>) -> Result<Sides, SnapshotError> {
    let mut sides = Sides::default();
    for side in [&mut sides.bids, &mut sides.asks] {
        for _ in 0..input.u64()? {
            side.push(read_level(input)?);
        }
    }
    Ok(sides)
}

fn write_level(out: &mut Writer, level: Level) {
    out.u64(level.price_e9 as u64);
    out.u64(level.size_e9 as u64);
}

fn read_level(input: &mut Reader<'_>) -> Result<Level, SnapshotError> {
    Ok(Level {
        price_e9: input.i64()?,
        size_e9: input.i64()?,
    })
}
