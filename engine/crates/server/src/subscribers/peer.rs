use crate::ingest::Connection;
use crate::subscribers::subscriber::Subscriber;
use std::collections::BTreeMap;

/// A connection that was handed over.
pub struct Peer {
    pub connection: Connection,
    /// `None` before a Subscribe was accepted.
    pub subscriber: Option<Subscriber>,
    /// A query of it was refused; the next one that is ends the connection.
    pub refused: bool,
}

/// By their tokens.
pub type Peers = BTreeMap<usize, Peer>;

/// Those that are served: they have subscribed, and their connection does not end.
pub fn subscribers_of(peers: &mut Peers) -> impl Iterator<Item = (&mut Connection, &mut Subscriber)> {
    peers.values_mut().filter_map(|peer| {
        let subscriber = peer.subscriber.as_mut()?;
        (!peer.connection.ending).then_some((&mut peer.connection, subscriber))
    })
}

/// The same, to look at.
pub fn served(peers: &Peers) -> impl Iterator<Item = (&Connection, &Subscriber)> {
    peers.values().filter_map(|peer| {
        let subscriber = peer.subscriber.as_ref()?;
        (!peer.connection.ending).then_some((&peer.connection, subscriber))
    })
}
