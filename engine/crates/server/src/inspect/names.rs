use crate::inspect::input::Input;
use crate::slot::SessionOpened;
use mib_core::state::State;
use mib_journal::EntryKind;
use mib_protocol::messages::InstrumentDefinition;
use std::collections::HashMap;

/// Names of sessions, and of instruments by the number that a session gave them.
#[derive(Default)]
pub struct Names {
    sessions: HashMap<u32, String>,
    symbols: HashMap<(u32, u32), String>,
}

impl Names {
    pub fn of_state(state: &State) -> Self {
        let mut names = Names::default();
        for (number, session) in (0..).zip(state.sessions()) {
            names.sessions.insert(number, session.name.clone());
            for (instrument, id) in session.instruments() {
                let symbol = state.instruments()[id as usize].symbol().to_owned();
                names.symbols.insert((number, instrument), symbol);
            }
        }
        names
    }

    /// To be called for every input, in order.
    pub fn learn(&mut self, input: &Input<'_>) {
        match input.entry {
            EntryKind::SessionOpened => {
                if let Some(opened) = SessionOpened::decode(input.bytes) {
                    self.sessions.insert(input.session, opened.name.to_owned());
                }
            }
            EntryKind::Records if input.template() == Some(InstrumentDefinition::TEMPLATE) => {
                if let Some(definition) = InstrumentDefinition::decode(input.bytes) {
                    let key = (input.session, definition.instrument_id);
                    self.symbols.insert(key, definition.symbol.as_str().to_owned());
                }
            }
            EntryKind::Records => {}
        }
    }

    pub fn session(&self, input: &Input<'_>) -> Option<&str> {
        self.sessions.get(&input.session).map(String::as_str)
    }

    pub fn symbol(&self, input: &Input<'_>) -> Option<&str> {
        let instrument = input.instrument()?;
        self.symbols.get(&(input.session, instrument)).map(String::as_str)
    }
}
