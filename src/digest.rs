//! Digests of values. Processes of a distributed training compare values by them (feature `mpi`).

use crate::fnv::Fnv;
use std::fmt;

/// A value that [`Ranks::ensure_equal`](crate::distributed::Ranks::ensure_equal) can compare.
///
/// The implementation passes every field that counts for equality to the digest:
///
/// ```
/// use dnn_blocks::distributed::{Comparable, Digest};
///
/// struct Settings {
///     rate: f64,
///     name: String,
/// }
///
/// impl Comparable for Settings {
///     fn digest(&self, digest: &mut Digest) {
///         (self.rate, &self.name).digest(digest);
///     }
/// }
/// ```
pub trait Comparable {
    /// Adds the bits of the value to the digest. Equal values must add the same bits.
    fn digest(&self, digest: &mut Digest);
}

/// A 64-bit digest of a value, by the hash FNV-1a (Fowler, Noll & Vo).
#[derive(Debug, Clone)]
pub struct Digest(Fnv);

impl Digest {
    /// Computes the digest of a value.
    pub(crate) fn compute(value: &(impl Comparable + ?Sized)) -> u64 {
        let mut digest = Self(Fnv::new());
        value.digest(&mut digest);
        digest.0.get()
    }

    /// Adds bytes to the digest.
    pub fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}

macro_rules! by_bytes {
    ($($type:ty),*) => {$(
        impl Comparable for $type {
            fn digest(&self, digest: &mut Digest) {
                digest.write(&self.to_le_bytes());
            }
        }
    )*};
}

by_bytes!(u8, u32, u64, usize, i32, i64, f32, f64);

impl Comparable for bool {
    fn digest(&self, digest: &mut Digest) {
        digest.write(&[u8::from(*self)]);
    }
}

impl Comparable for str {
    fn digest(&self, digest: &mut Digest) {
        self.as_bytes().digest(digest);
    }
}

impl Comparable for String {
    fn digest(&self, digest: &mut Digest) {
        self.as_str().digest(digest);
    }
}

impl<T: Comparable> Comparable for [T] {
    fn digest(&self, digest: &mut Digest) {
        self.len().digest(digest);
        self.iter().for_each(|item| item.digest(digest));
    }
}

impl<T: Comparable> Comparable for Vec<T> {
    fn digest(&self, digest: &mut Digest) {
        self.as_slice().digest(digest);
    }
}

impl<T: Comparable> Comparable for Option<T> {
    fn digest(&self, digest: &mut Digest) {
        self.is_some().digest(digest);
        self.iter().for_each(|value| value.digest(digest));
    }
}

impl<T: Comparable + ?Sized> Comparable for &T {
    fn digest(&self, digest: &mut Digest) {
        (**self).digest(digest);
    }
}

impl<A: Comparable, B: Comparable> Comparable for (A, B) {
    fn digest(&self, digest: &mut Digest) {
        self.0.digest(digest);
        self.1.digest(digest);
    }
}

impl<A: Comparable, B: Comparable, C: Comparable> Comparable for (A, B, C) {
    fn digest(&self, digest: &mut Digest) {
        self.0.digest(digest);
        (&self.1, &self.2).digest(digest);
    }
}
