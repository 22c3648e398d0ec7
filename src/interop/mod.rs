//! Implementations of the traits of optional crates.

#[cfg(feature = "approx")]
mod approx;
#[cfg(feature = "serde")]
mod serde;
