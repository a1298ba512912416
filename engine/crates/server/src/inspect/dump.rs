use crate::inspect::input::Input;
use crate::inspect::names::Names;
use crate::slot::SessionOpened;
use crate::text::push_json_string;
use mib_protocol::messages::describe;
use std::io::{self, BufWriter, Write};

/// Writes inputs as JSON, one a line. Numbers of messages are text, so that no reader rounds them.
pub struct Dump<W: Write> {
    out: BufWriter<W>,
    line: String,
}

impl<W: Write> Dump<W> {
    pub fn new(out: W) -> Self {
        Dump {
            out: BufWriter::new(out),
            line: String::new(),
        }
    }

    pub fn line(&mut self, input: &Input<'_>, names: &Names) -> io::Result<()> {
        self.line.clear();
        self.field("sequence", &input.sequence.to_string());
        self.field("kind", input.kind());
        if let Some(session) = names.session(input) {
            self.field("session", session);
        }
        self.field("session_sequence", &input.session_sequence.to_string());
        if let Some(symbol) = names.symbol(input) {
            self.field("symbol", symbol);
        }
        match input.template() {
            None => {
                if let Some(opened) = SessionOpened::decode(input.bytes) {
                    self.field("feed", opened.feed);
                    self.field("source", &opened.source.to_string());
                }
            }
            Some(template) => match describe(template, input.bytes) {
                Some(fields) => fields
                    .iter()
                    .filter(|(name, _)| *name != "symbol")
                    .for_each(|(name, value)| self.field(name, value)),
                None => {
                    let hex: String = input.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    self.field("bytes", &hex);
                }
            },
        }
        self.line.push_str("}\n");
        self.out.write_all(self.line.as_bytes())
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line.push(if self.line.is_empty() { '{' } else { ',' });
        push_json_string(&mut self.line, name);
        self.line.push(':');
        push_json_string(&mut self.line, value);
    }
}
