//! Implementations of traits of optional dependencies: `approx` and `serde`.

#[cfg(feature = "approx")]
mod approx;
#[cfg(feature = "serde")]
mod serde;
