//! The kernels, through the functions that use them.

mod products;
