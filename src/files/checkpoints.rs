//! A folder of checkpoints.

use super::atomic::remove_abandoned;
use super::native::{CHECKPOINT_LIMITS, Checkpoint, CheckpointRef};
use super::{FileError, Limits, Result};
use crate::checks::check_argument;
use crate::{Error, Float};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder that keeps the last few checkpoints of one training.
///
/// Use it in a custom loop, as in the example of [`Checkpoint`], or in a `fit`, by
/// [`FitOptions::checkpoints`](crate::model::FitOptions::checkpoints).
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    every: usize,
    limits: Limits,
}

impl Checkpoints {
    /// Opens or creates a folder that keeps the last `keep` checkpoints.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`]; [`FileError::Model`] if `keep` is 0.
    pub fn new(folder: impl Into<PathBuf>, keep: usize) -> Result<Self> {
        check_argument(keep > 0, "keep", 0.0, "at least 1")?;
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, keep, every: 1, limits: CHECKPOINT_LIMITS })
    }

    /// Saves every `n`-th epoch of a fit, and the last one. The default is every epoch.
    ///
    /// ```
    /// # use dnn_blocks::files::Checkpoints;
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let checkpoints = Checkpoints::new(folder, 2)?.every(10)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Model`] if `n` is 0.
    pub fn every(self, n: usize) -> Result<Self> {
        check_argument(n > 0, "every", 0.0, "at least 1")?;
        Ok(Self { every: n, ..self })
    }

    /// Whether a fit saves its state after `epochs` epochs.
    pub(crate) fn is_due(&self, epochs: usize) -> bool {
        epochs.is_multiple_of(self.every)
    }

    /// Sets the limits for writing and reading. The defaults are the limits of
    /// [`Checkpoint::load`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The number of epochs of a fit from one checkpoint to the next.
    #[cfg(feature = "mpi")]
    pub(crate) fn interval(&self) -> usize {
        self.every
    }

    /// The limits for writing and reading.
    #[cfg(feature = "mpi")]
    pub(crate) fn chosen_limits(&self) -> &Limits {
        &self.limits
    }

    /// Writes a checkpoint and removes the oldest ones by epoch. Returns the path of the file.
    ///
    /// The file is named after the number of finished epochs, for example
    /// `checkpoint-00000040.safetensors`. Old ones are removed after it is complete, so that the
    /// folder always holds as many complete checkpoints as it keeps. Temporary files
    /// `.dnn-blocks-…` of killed processes are removed too.
    ///
    /// Use one folder for each run: [`latest`](Self::latest) returns the highest epoch of any.
    ///
    /// # Errors
    ///
    /// The errors of [`Checkpoint::save`]; [`FileError::TooLarge`] if the file exceeds the
    /// [limits](Self::limits) and could not be read again.
    pub fn save<F: Float>(&self, checkpoint: &Checkpoint<F>) -> Result<PathBuf> {
        self.save_ref(checkpoint.by_ref())
    }

    pub(crate) fn save_ref<F: Float>(&self, checkpoint: CheckpointRef<'_, F>) -> Result<PathBuf> {
        let path = self.folder.join(format!("checkpoint-{:08}.safetensors", checkpoint.epoch));
        let writer = checkpoint.writer()?;
        writer.check(&self.limits)?;
        remove_abandoned(&self.folder)?;
        writer.save(&path)?;
        let others = self.newest_first()?.into_iter().filter(|other| *other != path);
        for old in others.skip(self.keep - 1) {
            remove(&old)?;
        }
        Ok(path)
    }

    /// Reads the newest checkpoint that is not damaged; `None` if the folder holds none.
    ///
    /// # Errors
    ///
    /// The error of the newest checkpoint if all are damaged. An undamaged checkpoint of another
    /// element type than `F`, or one that does not fit in memory, is an error even if an older one
    /// could be read: continuing from the older one would lose epochs.
    pub fn latest<F: Float>(&self) -> Result<Option<Checkpoint<F>>> {
        let mut newest: Option<FileError> = None;
        for path in self.newest_first()? {
            match Checkpoint::load_with(&path, &self.limits) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) if is_undamaged(&error) => return Err(error),
                Err(error) => newest = newest.or(Some(error)),
            }
        }
        newest.map_or(Ok(None), Err)
    }

    fn newest_first(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name
                .and_then(|name| name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors"))
                .and_then(|number| number.parse::<u64>().ok());
            found.extend(number.map(|number| (number, path)));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }
}

/// Whether the file of this error is undamaged.
fn is_undamaged(error: &FileError) -> bool {
    match error {
        FileError::Type { .. } | FileError::Model(Error::TooLarge { .. }) => true,
        FileError::TooLarge { size, limit, .. } => size <= limit, // the memory was too small
        FileError::Io(error) => error.kind() == ErrorKind::OutOfMemory,
        _ => false,
    }
}

/// Removes a file, if it still exists.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
