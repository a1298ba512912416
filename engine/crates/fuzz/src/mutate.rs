use crate::Random;

const EXTREMES: [u64; 10] = [
    0,
    1,
    i64::MAX as u64,
    i64::MIN as u64,
    u64::MAX,
    u64::MAX - 1,
    u32::MAX as u64,
    1 << 31,
    1 << 20,
    65_535,
];

/// Changes something: a bit, a byte, a number at its place, the length, or a piece of another input.
pub fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let length = input.len();
    if length == 0 {
        input.push(random.number() as u8);
        return;
    }
    let at = random.below(length);
    match random.below(8) {
        0 => input[at] ^= 1 << random.below(8),
        1 => input[at] = random.number() as u8,
        2 | 3 => {
            let width = [1, 2, 4, 8][random.below(4)];
            let at = at - at % width;
            let value = EXTREMES[random.below(EXTREMES.len())].to_le_bytes();
            let end = (at + width).min(length);
            input[at..end].copy_from_slice(&value[..end - at]);
        }
        4 => {
            let at = at - at % 4;
            let end = (at + 4).min(length);
            let mut number = [0; 4];
            number[..end - at].copy_from_slice(&input[at..end]);
            let near = u32::from_le_bytes(number)
                .wrapping_add(random.below(5) as u32)
                .wrapping_sub(2);
            input[at..end].copy_from_slice(&near.to_le_bytes()[..end - at]);
        }
        5 => input.truncate(at),
        6 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            let piece = &other[from..(from + random.below(128)).min(other.len())];
            input.splice(
                at..(at + random.below(piece.len() + 1)).min(length),
                piece.iter().copied(),
            );
        }
        _ => input.extend((0..random.below(64)).map(|_| random.number() as u8)),
    }
}
