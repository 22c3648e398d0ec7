//! The kernels, through the public functions.

mod products;
