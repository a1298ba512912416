use crate::subscribers::lane::Lane;
use crate::subscribers::peer::{Peers, subscribers_of};
use crate::subscribers::subscriber::Stage;
use std::time::{Duration, Instant};

/// So long one slow subscriber may hold the lane that catches up while others wait for it.
const PARKED_MAX: Duration = Duration::from_secs(1);

/// The lane of those who are behind.
pub struct CatchUp {
    pub lane: Lane,
    /// Since when nobody in it has had room.
    pub parked_at: Option<Instant>,
}

impl CatchUp {
    /// Hands the events of the entry where the lane stands to those in it, and lets those in who stand before what comes next.
    /// False when the lane can't go on: nobody has room (it is parked then), or nobody is left in it.
    pub fn deliver(&mut self, peers: &mut Peers) -> bool {
        let lane = &self.lane;
        let (mut done, mut full, mut waiting) = (0, 0, 0);
        for (connection, subscriber) in subscribers_of(peers) {
            match subscriber.stage {
                Stage::CatchingUp { from, next } => {
                    let stopped = subscriber.take_events(connection, lane, next, from);
                    let next = stopped.unwrap_or(lane.events.list.len());
                    subscriber.stage = Stage::CatchingUp { from, next };
                    done += usize::from(stopped.is_none());
                    full += usize::from(stopped.is_some());
                }
                Stage::Behind { from } if subscriber.has_room_again(connection) => {
                    if from.sequence > lane.sequence() {
                        let next = lane.events.list.len();
                        subscriber.stage = Stage::CatchingUp { from, next };
                        done += 1;
                    } else {
                        waiting += 1;
                    }
                }
                _ => {}
            }
        }
        if full == 0 {
            self.parked_at = None;
            return done > 0;
        }
        if done == 0 {
            let parked_at = *self.parked_at.get_or_insert_with(Instant::now);
            if waiting == 0 || parked_at.elapsed() < PARKED_MAX {
                return false;
            }
        }
        // The others go on without those who have no room.
        self.parked_at = None;
        for (_, subscriber) in subscribers_of(peers) {
            if let Stage::CatchingUp { next, .. } = subscriber.stage
                && let Some(event) = lane.events.list.get(next)
            {
                subscriber.stage = Stage::Behind { from: event.place };
            }
        }
        done > 0
    }
}
