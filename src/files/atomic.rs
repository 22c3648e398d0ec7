//! Files that are there as a whole, or not at all.

use super::Result;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".dnn-blocks-";
/// More links in a row than operating systems follow.
const LINKS: usize = 64;

/// Writes a file beside `path`, syncs it, gives it the name, and syncs the directory.
///
/// The file has the permissions of the one that it replaces, or those of any new file. A symbolic
/// link stays one: the file that it leads to is replaced, or made if there is none yet. What is no
/// file (a directory, a pipe, a device, a loop of links) is left alone.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    let path = &followed(path)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    let old = match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::new(ErrorKind::InvalidInput, "what is there is not a file").into());
        }
        Ok(metadata) => Some(metadata.permissions()),
        Err(_) => None,
    };
    if let Some(permissions) = old.clone().or_else(usual_permissions) {
        builder.permissions(permissions);
    }
    let file = locked(&builder, directory)?;
    if let Some(permissions) = old {
        file.as_file().set_permissions(permissions)?; // those of the builder are masked
    }
    let mut writer = BufWriter::with_capacity(1 << 16, file.as_file());
    content(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Where the links lead, whether or not there is a file.
fn followed(path: &Path) -> Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        real => return Ok(real?),
    }
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(next) = path.read_link() else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(Error::new(ErrorKind::InvalidInput, "too many symbolic links").into())
}

/// A temporary file that is locked for as long as it is being written, where the file system has
/// locks, so that [`remove_left`] can tell it from one whose writer was killed.
fn locked(builder: &Builder<'_, '_>, directory: &Path) -> Result<NamedTempFile> {
    loop {
        let file = builder.tempfile_in(directory)?;
        let held = file.as_file().lock().is_ok();
        if !held || file.path().try_exists()? {
            return Ok(file);
        } // else it was taken for one that was left, before it was locked
    }
}

/// Removes what killed writers left in this directory. What cannot be removed stays: nobody asked
/// for it.
#[cfg(feature = "safetensors")]
pub(super) fn remove_left(directory: &Path) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !ours || !entry.file_type()?.is_file() {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

#[cfg(unix)]
fn usual_permissions() -> Option<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual_permissions() -> Option<std::fs::Permissions> {
    None
}

/// The new name is a change of the directory.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> Result<()> {
    Ok(File::open(directory)?.sync_all()?)
}

/// Directories are no files elsewhere.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<()> {
    Ok(())
}
