//! Writes pages and the figures that a browser must find on them, for `.ci/pages`.
//!
//! ```text
//! cargo run -p tests --bin pages -- FOLDER
//! ```

#![allow(clippy::duplicate_mod)] // the examples share `support/arguments.rs`

mod film;
mod one_step;

use serde_json::json;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: pages FOLDER")?);
    fs::create_dir_all(&folder)?;
    let expected = json!({ "film": film::write(&folder)?, "one_step": one_step::write(&folder)? });
    fs::write(folder.join("expected.json"), expected.to_string())?;
    Ok(())
}
