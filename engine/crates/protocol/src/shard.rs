//! Which engine has an instrument: its symbol's partition in Kafka decides, so an engine publishes to partitions of its own.

use crate::messages::MARKET_PARTITIONS;
use std::fmt;
use std::str::FromStr;

/// The partition of a key as kafkajs and the Java client choose it; librdkafka's own default is another one.
pub fn partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

/// Number `index` of `count` engines that share the instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u8,
    count: u8,
}

impl Shard {
    /// The only engine.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// `None` unless `index` < `count` ≤ `MARKET_PARTITIONS`.
    pub fn new(index: u8, count: u8) -> Option<Self> {
        (index < count && u32::from(count) <= MARKET_PARTITIONS).then_some(Shard { index, count })
    }

    /// The one of `count` engines that has the symbol.
    pub fn of(symbol: &str, count: u8) -> Option<Self> {
        let partition = partition(symbol.as_bytes(), MARKET_PARTITIONS);
        Shard::new((partition % u32::from(count.max(1))) as u8, count)
    }

    pub fn index(self) -> u8 {
        self.index
    }

    pub fn count(self) -> u8 {
        self.count
    }

    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    pub fn has_partition(self, partition: u32) -> bool {
        partition % u32::from(self.count) == u32::from(self.index)
    }

    pub fn has_symbol(self, symbol: &str) -> bool {
        self.is_whole() || self.has_partition(partition(symbol.as_bytes(), MARKET_PARTITIONS))
    }
}

/// As on the command line: `0/2`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoShard;

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (index, count) = text.split_once('/').ok_or(NoShard)?;
        let number = |text: &str| text.parse().map_err(|_| NoShard);
        Shard::new(number(index)?, number(count)?).ok_or(NoShard)
    }
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ data.len() as u32;
    let words = data.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    for (index, &byte) in rest.iter().enumerate().rev() {
        hash ^= u32::from(byte) << (8 * index);
        if index == 0 {
            hash = hash.wrapping_mul(M);
        }
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_java_client() {
        // From Kafka's UtilsTest.testMurmur2.
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }

    #[test]
    fn a_shard_is_written_as_it_is_read() {
        for text in ["0/1", "0/2", "1/2", "7/8"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1/1", "2/2", "0/0", "0/9", "-1/2", "0/2/2"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }

    #[test]
    fn every_partition_is_of_one_shard() {
        for count in 1..=MARKET_PARTITIONS as u8 {
            let shards: Vec<Shard> = (0..count).filter_map(|index| Shard::new(index, count)).collect();
            for partition in 0..MARKET_PARTITIONS {
                assert_eq!(shards.iter().filter(|shard| shard.has_partition(partition)).count(), 1);
            }
        }
    }
}
