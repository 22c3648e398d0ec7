//! Traits of other crates.

#[cfg(feature = "approx")]
mod approx;
#[cfg(feature = "serde")]
mod serde;
