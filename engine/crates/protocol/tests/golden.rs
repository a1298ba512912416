//! The golden bytes that both languages read.

use mib_protocol::frame::{FrameError, read_frame};
use mib_protocol::messages::{MARKET_PARTITIONS, describe, message_shape, recode};
use mib_protocol::shard::{self, Shard};
use proptest::prelude::*;
use serde_json::Value;

fn golden(name: &str) -> Vec<Value> {
    let path = format!("{}/../../protocol/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

#[test]
fn every_golden_block_decodes_to_its_fields_and_encodes_to_its_bytes() {
    for case in golden("messages") {
        let template = case["template"].as_u64().unwrap() as u16;
        let block = bytes(&case["hex"]);
        let fields = describe(template, &block).unwrap();
        let mut expected = case["fields"].as_object().unwrap().clone();
        if message_shape(template).unwrap().2 == "record" {
            expected.remove("template");
        }
        let actual = fields
            .iter()
            .map(|(name, value)| (name.to_string(), Value::from(value.clone())))
            .collect();
        assert_eq!(expected, actual, "{}", case["name"]);
        assert_eq!(recode(template, &block).unwrap(), block, "{}", case["name"]);
    }
}

#[test]
fn a_block_cut_anywhere_does_not_decode() {
    for case in golden("messages") {
        let template = case["template"].as_u64().unwrap() as u16;
        let block = bytes(&case["hex"]);
        for end in 0..block.len() {
            assert_eq!(describe(template, &block[..end]), None);
        }
    }
}

#[test]
fn golden_frames_are_read_or_refused_as_written() {
    for case in golden("frames") {
        let frame = bytes(&case["hex"]);
        let outcome = read_frame(&frame);
        match case["expect"].as_str() {
            Some("INCOMPLETE") => assert_eq!(outcome, Ok(None), "{}", case["name"]),
            Some("BAD_CRC") => assert_eq!(outcome, Err(FrameError::BadCrc), "{}", case["name"]),
            Some("BAD_FRAME") => assert_eq!(outcome, Err(FrameError::BadFrame), "{}", case["name"]),
            Some("FRAME_TOO_LARGE") => assert_eq!(outcome, Err(FrameError::FrameTooLarge), "{}", case["name"]),
            _ => {
                let (read, length) = outcome.unwrap().expect("a whole frame");
                assert_eq!(length, frame.len());
                let blocks: Vec<Vec<u8>> = read.blocks().map(<[u8]>::to_vec).collect();
                let expected: Vec<Vec<u8>> = case["expect"]["blocks"].as_array().unwrap().iter().map(bytes).collect();
                assert_eq!(blocks, expected, "{}", case["name"]);
                let header = &case["expect"]["header"];
                assert_eq!(header["first_seq"], read.header.first_seq.to_string());
                assert_eq!(header["template"], read.header.template.to_string());
                assert_eq!(header["flags"], read.header.flags.to_string());
                assert_eq!(header["request_id"], read.header.request_id.to_string());
            }
        }
    }
}

#[test]
fn golden_symbols_are_of_their_partitions_and_shards() {
    for case in golden("partitions") {
        let symbol = case["symbol"].as_str().unwrap();
        let partition = shard::partition(symbol.as_bytes(), MARKET_PARTITIONS);
        assert_eq!(u64::from(partition), case["partition"], "{symbol}");
        let of: Vec<u8> = (1..=4).map(|count| Shard::of(symbol, count).unwrap().index()).collect();
        assert_eq!(Value::from(of), case["shards"], "{symbol}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_frame_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_frame(&bytes);
    }

    #[test]
    fn decoding_inverts_encoding_for_any_bytes_of_integer_messages(block in proptest::collection::vec(any::<u8>(), 256), template in 1_u16..100) {
        if let Some(once) = recode(template, &block) {
            let twice = recode(template, &once).unwrap();
            prop_assert_eq!(once, twice);
        }
    }
}
