use crate::slot::SessionOpened;
use mib_core::sink::Sink;
use mib_core::state::{Batch, State};
use mib_journal::{Entry, EntryKind};

/// Applies what a journal entry holds. Live inputs, recovery, snapshots and publishing all come through here, so that they
/// can't differ.
pub fn apply(state: &mut State, entry: &Entry<'_>, sink: &mut impl Sink) {
    match entry.kind {
        EntryKind::Records => state.apply(
            &Batch {
                session: entry.session,
                session_sequence: entry.session_sequence,
                first_sequence: entry.first_sequence,
                stride: usize::from(entry.stride),
                bytes: entry.body,
            },
            sink,
        ),
        EntryKind::SessionOpened => {
            let opened = SessionOpened::decode(entry.body)
                .expect("the journal's checksum held, so the entry is what was written");
            state.open_session(entry.first_sequence, opened.name, opened.feed, opened.source);
        }
    }
}
