use crate::ingest::{self, Connection};
use crate::progress::Progress;
use crate::snapshots::Snapshots;
use crate::subscribers::catch_up::CatchUp;
use crate::subscribers::events::Place;
use crate::subscribers::lane::Lane;
use crate::subscribers::peer::{Peer, Peers, served, subscribers_of};
use crate::subscribers::subscriber::{Stage, Subscriber};
use crate::subscribers::thread::SubscriberThreadParts;
use mib_journal::JournalError;
use mib_protocol::messages::{ErrorCode, SlowPolicy, SubscriberState};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Journal entries that a lane goes on by before connections get their turn. Those who catch up go faster than what they are
/// after.
const HEAD_ENTRIES_PER_TURN: usize = 64;
const CATCH_UP_ENTRIES_PER_TURN: usize = 256;
/// The head is kept for so long after the last subscriber has gone.
const HEAD_LINGER: Duration = Duration::from_secs(10);

/// What serves subscribers: the head, at the end of the journal, for those who keep up, and another lane for those who don't.
pub struct Lanes {
    snapshots: Snapshots,
    journal_dir: PathBuf,
    progress: Arc<Progress>,
    head: Option<Lane>,
    catch_up: Option<CatchUp>,
    served_at: Instant,
}

impl Lanes {
    pub fn new(parts: &SubscriberThreadParts) -> Self {
        Lanes {
            snapshots: parts.snapshots.clone(),
            journal_dir: parts.journal_dir.clone(),
            progress: Arc::clone(&parts.progress),
            head: None,
            catch_up: None,
            served_at: Instant::now(),
        }
    }

    /// Gives subscribers what there is, as far as they have room, for a turn.
    pub fn serve(&mut self, peers: &mut Peers) {
        if served(peers).next().is_none() {
            self.catch_up = None;
            if self.served_at.elapsed() > HEAD_LINGER {
                self.head = None;
            }
            return;
        }
        self.served_at = Instant::now();
        if let Err(error) = self.advance_head(peers) {
            crate::error!("the journal can't be read at its end, all subscribers are ended", "err": error);
            end_those(peers, |_| true);
            self.head = None;
            self.catch_up = None;
            return;
        }
        self.admit(peers);
        if let Err(error) = self.advance_catch_up(peers) {
            crate::error!("the journal can't be read for subscribers that are behind, they are ended", "err": error);
            end_those(peers, |stage| {
                matches!(stage, Stage::Behind { .. } | Stage::CatchingUp { .. })
            });
            self.catch_up = None;
        }
        self.send_states(peers);
        let mut records = 0;
        for Peer {
            connection, subscriber, ..
        } in peers.values_mut()
        {
            if let Some(subscriber) = subscriber {
                subscriber.seal(connection);
                records += subscriber.count_records();
            }
        }
        self.progress.subscriber_records.fetch_add(records, Ordering::Relaxed);
    }

    /// Goes on at the end of the journal; who has no room there falls behind.
    fn advance_head(&mut self, peers: &mut Peers) -> Result<(), JournalError> {
        let durable = self.progress.durable();
        let wanted = served(peers)
            .map(|(_, each)| match each.stage {
                Stage::Joining { .. } => 0,
                Stage::Live => each.filter.union(),
                Stage::Behind { .. } | Stage::CatchingUp { .. } => each.kinds_conflated(),
            })
            .fold(0, |sum, kinds| sum | kinds);
        for _ in 0..HEAD_ENTRIES_PER_TURN {
            let head = match &mut self.head {
                Some(head) => head,
                None => {
                    let head = Lane::begin(&self.snapshots, &self.journal_dir, durable);
                    // Who is here already had a head before this one: what changed in between was not noted.
                    let conflating = |each: &Subscriber| each.policy == SlowPolicy::Conflate;
                    for (_, subscriber) in subscribers_of(peers).filter(|(_, each)| conflating(each)) {
                        if !matches!(subscriber.stage, Stage::Joining { .. }) {
                            subscriber.note_all_states(&head);
                        }
                    }
                    self.head.insert(head)
                }
            };
            match head.step(durable, wanted) {
                Ok(true) => {}
                Ok(false) => break,
                Err(JournalError::Trimmed { after_sequence }) => {
                    crate::warning!("subscribers were left behind by the journal", "after": after_sequence);
                    self.head = None;
                    for (connection, subscriber) in subscribers_of(peers) {
                        if subscriber.stage == Stage::Live {
                            let from = Place::after(subscriber.complete);
                            subscriber.seal(connection);
                            subscriber.stage = Stage::Behind { from };
                            subscriber.tell_status(connection, SubscriberState::Behind, durable);
                        }
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
            for (connection, subscriber) in subscribers_of(peers) {
                if !matches!(subscriber.stage, Stage::Joining { .. }) {
                    subscriber.note_changes(head);
                }
                if subscriber.stage == Stage::Live
                    && let Some(full) = subscriber.take_events(connection, head, 0, Place::START)
                {
                    let from = head.events.list[full].place;
                    fall_behind(connection, subscriber, from, durable, &self.progress);
                }
            }
        }
        Ok(())
    }

    /// Takes those who wait for the head.
    fn admit(&self, peers: &mut Peers) {
        let Some(head) = &self.head else { return };
        let durable = self.progress.durable();
        let epoch = self.progress.epoch();
        for (connection, subscriber) in subscribers_of(peers) {
            let Stage::Joining {
                at,
                after,
                state: with_state,
            } = subscriber.stage
            else {
                continue;
            };
            if head.sequence() < at {
                continue;
            }
            let after_sequence = after.unwrap_or(head.sequence());
            subscriber.complete = after_sequence;
            subscriber.acknowledge(connection, epoch, after_sequence);
            let mut state = SubscriberState::Live;
            subscriber.stage = Stage::Live;
            if after_sequence < head.sequence() {
                let from = Place::after(after_sequence);
                subscriber.stage = Stage::Behind { from };
                state = SubscriberState::Behind;
            }
            if with_state || subscriber.policy == SlowPolicy::Conflate {
                subscriber.note_all_states(head);
            }
            subscriber.tell_status(connection, state, durable);
        }
    }

    /// Serves those who are behind, from the journal, until they are where the head is.
    fn advance_catch_up(&mut self, peers: &mut Peers) -> Result<(), JournalError> {
        let Some(head_sequence) = self.head.as_ref().map(Lane::sequence) else {
            return Ok(());
        };
        let durable = self.progress.durable();
        let wanted = served(peers)
            .filter(|(_, each)| matches!(each.stage, Stage::Behind { .. } | Stage::CatchingUp { .. }))
            .fold(0, |sum, (_, each)| sum | each.kinds_in_order());
        for _ in 0..CATCH_UP_ENTRIES_PER_TURN {
            let Some(first) = Self::first_to_catch_up(peers) else {
                self.catch_up = None;
                break;
            };
            let catch_up = self.catch_up.get_or_insert_with(|| {
                let lane = Lane::begin(&self.snapshots, &self.journal_dir, first.sequence - 1);
                CatchUp::new(lane)
            });
            if !catch_up.deliver(peers) {
                if catch_up.is_parked() {
                    break;
                }
                self.catch_up = None;
                continue;
            }
            let lane = &mut catch_up.lane;
            if lane.sequence() == head_sequence {
                for (connection, subscriber) in subscribers_of(peers) {
                    if matches!(subscriber.stage, Stage::CatchingUp { .. }) {
                        subscriber.stage = Stage::Live;
                        subscriber.seal(connection);
                        subscriber.tell_status(connection, SubscriberState::Live, durable);
                    }
                }
                self.catch_up = None;
                continue;
            }
            match lane.step(head_sequence, wanted) {
                Ok(true) => {
                    for (_, subscriber) in subscribers_of(peers) {
                        if let Stage::CatchingUp { next, .. } = &mut subscriber.stage {
                            *next = 0;
                        }
                    }
                }
                Ok(false) => break,
                Err(JournalError::Trimmed { after_sequence }) => {
                    *lane = Lane::begin_at_oldest(&self.snapshots, &self.journal_dir);
                    let resumed = lane.sequence();
                    if resumed <= after_sequence {
                        return Err(JournalError::Trimmed { after_sequence });
                    }
                    for (connection, subscriber) in subscribers_of(peers) {
                        if let Stage::CatchingUp { from, next } = &mut subscriber.stage
                            && from.sequence <= resumed
                        {
                            *from = Place::after(resumed);
                            *next = 0;
                            subscriber.skip(connection, resumed);
                            self.progress.subscriber_gaps.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Where the next one to be caught up stands: who is being served, or the first of those who have room again.
    fn first_to_catch_up(peers: &Peers) -> Option<Place> {
        let catching_up = served(peers).filter_map(|(_, each)| match each.stage {
            Stage::CatchingUp { from, .. } => Some(from),
            _ => None,
        });
        catching_up.min().or_else(|| {
            let waiting = served(peers).filter_map(|(connection, each)| match each.stage {
                Stage::Behind { from } if each.has_room_again(connection) => Some(from),
                _ => None,
            });
            waiting.min()
        })
    }

    fn send_states(&self, peers: &mut Peers) {
        let Some(head) = &self.head else { return };
        for (connection, subscriber) in subscribers_of(peers) {
            if !matches!(subscriber.stage, Stage::Joining { .. }) {
                subscriber.take_states(connection, head);
            }
        }
    }

    /// Whether there is something to do that no connection and no commit will call for.
    pub fn has_work(&self, peers: &Peers) -> bool {
        let Some(head) = &self.head else {
            return served(peers).next().is_some();
        };
        let behind = self.progress.durable() > head.sequence();
        let parked = self.catch_up.as_ref().filter(|each| each.is_parked());
        let has_all = |next| parked.is_some_and(|each| next == each.lane.events.list.len());
        served(peers).any(|(connection, each)| {
            behind
                || match each.stage {
                    Stage::Joining { .. } => true,
                    Stage::Behind { .. } => parked.is_none() && each.has_room_again(connection),
                    Stage::CatchingUp { next, .. } => !has_all(next) && each.has_room(connection),
                    Stage::Live => false,
                }
                || each.can_take_states(connection)
        })
    }
}

/// What is done with one who has no room for what comes of the newest inputs.
fn fall_behind(
    connection: &mut Connection,
    subscriber: &mut Subscriber,
    from: Place,
    durable: u64,
    progress: &Progress,
) {
    progress.subscribers_slow.fetch_add(1, Ordering::Relaxed);
    if subscriber.policy == SlowPolicy::Disconnect {
        crate::warning!("a slow subscriber is ended", "sequence": subscriber.complete, "durable": durable);
        let text = "what is sent is not taken fast enough";
        end(connection, subscriber, ErrorCode::SlowReader, text);
        return;
    }
    crate::warning!("a slow subscriber falls behind", "sequence": subscriber.complete, "durable": durable);
    subscriber.seal(connection);
    subscriber.stage = Stage::Behind { from };
    subscriber.tell_status(connection, SubscriberState::Behind, durable);
}

/// Nothing can be said about what comes next for those in these stages: they begin anew from where they stand.
fn end_those(peers: &mut Peers, stages: impl Fn(Stage) -> bool) {
    for (connection, subscriber) in subscribers_of(peers).filter(|(_, each)| stages(each.stage)) {
        let text = "the journal can't be read";
        end(connection, subscriber, ErrorCode::JournalUnreadable, text);
    }
}

/// Says why, and closes the connection once that has been sent. What waits for the window is left out.
fn end(connection: &mut Connection, subscriber: &mut Subscriber, code: ErrorCode, text: &'static str) {
    subscriber.seal(connection);
    ingest::error_frame(&mut connection.output, subscriber.request_id(), code, text);
    connection.ending = true;
}
