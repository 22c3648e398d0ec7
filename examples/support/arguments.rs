//! The command line of the examples: files, and `--pictures DIR`.
#![allow(dead_code)] // an example calls one of the functions

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The directory that an example writes its pictures to.
pub struct Pictures(PathBuf);

impl Pictures {
    /// Writes a file and prints its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), Box<dyn Error>> {
        let path = self.0.join(name);
        fs::write(&path, content).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// The arguments of a command line, and the directory for pictures.
type Parsed<T> = Result<(T, Pictures), Box<dyn Error>>;

/// Returns the `N` files of the command line, and the directory for pictures, which is created.
pub fn parse<const N: usize>(usage: &str) -> Parsed<[PathBuf; N]> {
    let (files, pictures) = parse_all(usage)?;
    Ok((files.try_into().map_err(|_| usage)?, pictures))
}

/// Returns at most `N` arguments of the command line, and the directory for pictures.
pub fn parse_up_to<const N: usize>(usage: &str) -> Parsed<[Option<PathBuf>; N]> {
    let (arguments, pictures) = parse_all(usage)?;
    if arguments.len() > N {
        return Err(usage.into());
    }
    let mut arguments = arguments.into_iter();
    Ok((std::array::from_fn(|_| arguments.next()), pictures))
}

fn parse_all(usage: &str) -> Parsed<Vec<PathBuf>> {
    let (mut files, mut pictures) = (Vec::new(), target()?.join("pictures"));
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
    Ok((files, Pictures(pictures)))
}

/// Returns Cargo's target directory, which holds this program and is marked by `CACHEDIR.TAG`.
fn target() -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(target.unwrap_or(Path::new("target")).to_path_buf())
}
