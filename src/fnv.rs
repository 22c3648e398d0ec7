//! The hash FNV-1a (Fowler, Noll & Vo), which is the same in every version and on every machine.

/// A 64-bit hash of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Fnv(u64);

impl Fnv {
    /// Creates the hash of no bytes.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// Returns the hash of the bytes so far.
    pub fn get(&self) -> u64 {
        self.0
    }
}
