//! Randomness, as it is passed in: a seed, from which each owner draws a generator of its own.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// 256 bits from the operating system, or from a simulation.
#[derive(Clone, Copy)]
pub struct Seed([u8; 32]);

impl Seed {
    /// From the operating system's generator, whose bytes the driver passes in.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Seed(bytes)
    }

    /// For simulations and tests.
    pub fn from_number(number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Seed(bytes)
    }

    /// A generator for one purpose; different `purpose`s never share a stream.
    pub fn generator(&self, purpose: u64) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(purpose);
        generator
    }

    /// A seed of its own for one of several owners of the same kind.
    pub fn child(&self, purpose: u64) -> Seed {
        let mut bytes = [0; 32];
        self.generator(purpose).fill_bytes(&mut bytes);
        Seed(bytes)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}
