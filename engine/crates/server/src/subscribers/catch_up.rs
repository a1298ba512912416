use crate::subscribers::events::Place;
use crate::subscribers::lane::Lane;
use crate::subscribers::peer::{Peers, subscribers_of};
use crate::subscribers::subscriber::Stage;
use std::time::{Duration, Instant};

/// For so long, all in all, those without room may hold up the others in the lane before it goes on without them.
const PARKED_MAX: Duration = Duration::from_secs(1);
/// So long a lane goes on while one waits that stands before it. Then the next begins where the first of all stands.
const LANE_MAX: Duration = Duration::from_secs(5);

/// The lane of those who are behind.
pub struct CatchUp {
    pub lane: Lane,
    begun_at: Instant,
    /// Since when it has not gone on, because somebody in it has no room.
    parked_at: Option<Instant>,
    /// How long others have waited for those who have no room now, or had none before.
    parked: Duration,
}

#[derive(Default)]
struct Crowd {
    /// In the lane, with all of the entry.
    done: usize,
    /// In the lane, without room for the rest of the entry.
    full: usize,
    /// Not in the lane, which is beyond where they stand.
    waiting: usize,
}

impl CatchUp {
    pub fn new(lane: Lane) -> Self {
        CatchUp {
            lane,
            begun_at: Instant::now(),
            parked_at: None,
            parked: Duration::ZERO,
        }
    }

    /// It waits for room, and is looked after with each tick.
    pub fn is_parked(&self) -> bool {
        self.parked_at.is_some()
    }

    /// Hands the events of the entry where the lane stands to those in it, and lets those in who stand before what comes next.
    /// False when the lane can't go on: it is parked, or nobody is left in it.
    pub fn deliver(&mut self, peers: &mut Peers) -> bool {
        let Crowd { done, full, waiting } = self.hand_out(peers);
        let parked_at = self.parked_at.take();
        if waiting > 0 && self.begun_at.elapsed() >= LANE_MAX {
            self.put_out(peers, |_| true);
            return false;
        }
        if full == 0 {
            return done > 0;
        }
        if done + waiting > 0 {
            self.parked += parked_at.map_or(Duration::ZERO, |at| at.elapsed());
            if self.parked >= PARKED_MAX {
                self.parked = Duration::ZERO;
                let entry = self.lane.events.list.len();
                self.put_out(peers, |next| next < entry);
                return done > 0;
            }
        }
        self.parked_at = Some(Instant::now());
        false
    }

    fn hand_out(&self, peers: &mut Peers) -> Crowd {
        let lane = &self.lane;
        let mut crowd = Crowd::default();
        for (connection, subscriber) in subscribers_of(peers) {
            match subscriber.stage {
                Stage::CatchingUp { from, next } => {
                    let stopped = subscriber.take_events(connection, lane, next, from);
                    let next = stopped.unwrap_or(lane.events.list.len());
                    subscriber.stage = Stage::CatchingUp { from, next };
                    crowd.done += usize::from(stopped.is_none());
                    crowd.full += usize::from(stopped.is_some());
                }
                Stage::Behind { from } if subscriber.has_room_again(connection) => {
                    if from.sequence > lane.sequence() {
                        let next = lane.events.list.len();
                        subscriber.stage = Stage::CatchingUp { from, next };
                        crowd.done += 1;
                    } else {
                        crowd.waiting += 1;
                    }
                }
                _ => {}
            }
        }
        crowd
    }

    /// Puts those out whose next event of the entry is such a one. They stand where they stood, and wait for the next lane.
    fn put_out(&self, peers: &mut Peers, which: impl Fn(usize) -> bool) {
        let lane = &self.lane;
        for (_, subscriber) in subscribers_of(peers) {
            if let Stage::CatchingUp { from, next } = subscriber.stage
                && which(next)
            {
                let event = lane.events.list.get(next);
                let stands = event.map_or(Place::after(lane.sequence()), |event| event.place);
                subscriber.stage = Stage::Behind { from: from.max(stands) };
            }
        }
    }
}
