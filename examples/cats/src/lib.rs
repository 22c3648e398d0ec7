//! Pictures of cats: reads the files of the course, and draws contact sheets.

pub mod contact_sheet;
mod reader;

pub use reader::{Cats, load};
