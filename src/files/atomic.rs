//! Files that are there as a whole, or not at all.

use super::Result;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::path::Path;

/// Writes a file beside `path`, syncs it, gives it the name, and syncs the directory.
///
/// The file has the permissions of the one that it replaces, or those of any new file. A symbolic
/// link stays one: the file that it leads to is replaced. What is no file (a directory, a pipe, a
/// device) is left alone.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    let real = path.canonicalize().ok(); // of a file that is there
    let path = real.as_deref().unwrap_or(path);
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dnn-blocks-");
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
    let file = builder.tempfile_in(directory)?;
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
