//! Inputs from examples: bytes flipped, cut, doubled, moved between examples; numbers at their
//! limits, and the words and signs that text formats trip over.

/// Changes made to one example at most.
const MAX_CHANGES: u64 = 8;
/// Longest input: more than any datagram.
const MAX_BYTES: usize = 1 << 17;

/// What parsers of text trip over.
const PIECES: [&[u8]; 32] = [
    b"\r\n",
    b"\r\n ",
    b"\r",
    b"\n",
    b"\0",
    b" ",
    b"\t",
    b";",
    b",",
    b":",
    b"=",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"%00",
    b"%",
    b"@",
    b"[::1]",
    b"[",
    b"]",
    b"-1",
    b"0",
    b"4294967296",
    b"18446744073709551616",
    b"99999999999999999999999",
    b"\xff\xfe",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
    b"24:00",
    b"[[x]]\n",
    b"a=rtpmap:0 PCMU/8000\r\n",
];
const LIMITS: [u8; 6] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];

/// Numbers that look random and come again from the same seed (SplitMix64).
pub struct Chance(u64);

impl Chance {
    /// Those of this seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `bound`; 0 for an empty range.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % (bound.max(1) as u64)) as usize
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// One input.
pub fn mutated(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = corpus[chance.below(corpus.len())].clone();
    for _ in 0..1 + chance.next() % MAX_CHANGES {
        change(&mut input, corpus, chance);
    }
    input.truncate(MAX_BYTES);
    input
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let length = 1 + chance.below(16);
    let end = (at + length).min(input.len());
    match chance.next() % 9 {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << (chance.next() % 8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = chance.of(&LIMITS);
            }
        }
        2 => {
            let piece = chance.of(&PIECES);
            input.splice(at..at, piece.iter().copied());
        }
        3 => {
            let piece = chance.of(&PIECES);
            input.splice(at..end, piece.iter().copied());
        }
        4 => drop(input.drain(at..end)),
        5 => input.truncate(at),
        6 => {
            // Something long, or very often.
            let piece = input[at..end].to_vec();
            let times = chance.of(&[1, 2, 70, 300, 3_000]);
            input.splice(at..at, piece.repeat(times));
        }
        7 => {
            let other = &corpus[chance.below(corpus.len())];
            let from = chance.below(other.len());
            input.splice(at..end, other[from..].iter().copied());
        }
        _ => {
            // A digit, where there is one.
            if let Some(digit) = input[at..].iter().position(u8::is_ascii_digit) {
                input[at + digit] = b'0' + (chance.next() % 10) as u8;
            }
        }
    }
    input.truncate(MAX_BYTES);
}
