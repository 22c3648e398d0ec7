//! The command line of the examples: files, and `--pictures DIR`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// The files that were named, and the directory for pictures, which is created.
pub fn parse(usage: &str) -> Result<(Vec<PathBuf>, PathBuf), Box<dyn Error>> {
    let (mut files, mut pictures) = (Vec::new(), PathBuf::from("target/pictures"));
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--pictures" {
            pictures = arguments.next().ok_or(usage)?.into();
        } else if argument.to_string_lossy().starts_with('-') {
            return Err(usage.into());
        } else {
            files.push(argument.into());
        }
    }
    fs::create_dir_all(&pictures).map_err(|e| format!("{}: {e}", pictures.display()))?;
    Ok((files, pictures))
}
