use mib_protocol::frame::{FrameHeader, write_frame};
use mib_protocol::messages::{Ack, ErrorCode, ErrorReply, FrameKind, Goodbye, Heartbeat, HelloAck, Reject};
use mib_protocol::text::Text;

pub fn ack(out: &mut Vec<u8>, level: u8, sequence: u64) {
    control(out, Ack::TEMPLATE, Ack::BYTES, |block| {
        Ack { sequence, level }.encode(block)
    });
}

pub fn reject(out: &mut Vec<u8>, reject: &Reject) {
    control(out, Reject::TEMPLATE, Reject::BYTES, |block| reject.encode(block));
}

pub fn hello_ack(out: &mut Vec<u8>, message: &HelloAck) {
    control(out, HelloAck::TEMPLATE, HelloAck::BYTES, |block| message.encode(block));
}

pub fn heartbeat(out: &mut Vec<u8>) {
    control(out, Heartbeat::TEMPLATE, Heartbeat::BYTES, |block| {
        Heartbeat {}.encode(block)
    });
}

pub fn goodbye(out: &mut Vec<u8>) {
    control(out, Goodbye::TEMPLATE, Goodbye::BYTES, |block| Goodbye {}.encode(block));
}

/// An error of a query (by its request id), or of the connection (0).
pub fn error_frame(out: &mut Vec<u8>, request_id: u32, code: ErrorCode, text: &str) {
    let header = FrameHeader {
        kind: FrameKind::Error.code(),
        template: ErrorReply::TEMPLATE,
        block_len: ErrorReply::BYTES as u16,
        request_id,
        ..FrameHeader::default()
    };
    write_frame(out, header, 1, |block| {
        ErrorReply {
            code: code.code(),
            text: Text::clipped(text),
        }
        .encode(block)
    });
}

fn control(out: &mut Vec<u8>, template: u16, length: usize, encode: impl FnOnce(&mut [u8])) {
    let header = FrameHeader {
        kind: FrameKind::Control.code(),
        template,
        block_len: length as u16,
        ..FrameHeader::default()
    };
    write_frame(out, header, 1, encode);
}
