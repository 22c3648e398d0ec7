//! Atomic file writes.

use super::Result;
use super::error::with_path;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".dnn-blocks-";
/// The most symbolic links in a row, more than operating systems follow.
const LINKS: usize = 64;

/// Writes a temporary file beside `path`, syncs it, renames it, and syncs the directory.
///
/// The file keeps the permissions of the file that it replaces; a new file gets the usual ones. A
/// symbolic link stays: its target is replaced, or created. Anything but a regular file (a
/// directory, a pipe, a device, a loop of links) is an error and is not changed.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    replace(path, content).map_err(with_path("write", path))
}

fn replace(path: &Path, content: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
    let path = &resolve(path)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    let old = match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::new(ErrorKind::InvalidInput, "not a regular file").into());
        }
        Ok(metadata) => Some(metadata.permissions()),
        Err(_) => None,
    };
    std::fs::metadata(directory)?; // the error of the builder would name the temporary file
    if let Some(permissions) = old.clone().or_else(usual_permissions) {
        builder.permissions(permissions);
    }
    let file = create_locked(&builder, directory)?;
    if let Some(permissions) = old {
        file.as_file().set_permissions(permissions)?; // the umask restricted the builder
    }
    let mut writer = BufWriter::with_capacity(1 << 16, file.as_file());
    content(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Follows symbolic links to a file that may not exist yet.
fn resolve(path: &Path) -> Result<PathBuf> {
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

/// Creates a temporary file that is locked until it is complete, where the file system has locks.
///
/// By the lock, [`remove_abandoned`] tells it from the file of a killed process.
fn create_locked(builder: &Builder<'_, '_>, directory: &Path) -> Result<NamedTempFile> {
    loop {
        let file = builder.tempfile_in(directory)?;
        let held = file.as_file().lock().is_ok();
        if !held || file.path().try_exists()? {
            return Ok(file);
        } // another process removed it as abandoned before it was locked
    }
}

/// Removes the temporary files of killed processes. A file that cannot be removed stays, because
/// the caller asked for a save and not for a clean-up.
#[cfg(feature = "safetensors")]
pub(super) fn remove_abandoned(directory: &Path) -> Result<()> {
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

/// Syncs the directory, which holds the new name.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> Result<()> {
    Ok(File::open(directory)?.sync_all()?)
}

/// Other systems do not open directories as files.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<()> {
    Ok(())
}
