//! The results of a group, one line of JSON each, in `target/mutants/GROUP.jsonl`.

use crate::groups::Group;
use crate::list::Mutant;
use crate::{Folders, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Outcome {
    /// A test failed.
    Caught,
    /// A test did not end.
    TimedOut,
    /// All tests passed.
    Survived,
    /// No test ran the line.
    Unreached,
    /// There is no such program.
    DoesNotCompile,
}

#[derive(Deserialize, Serialize)]
struct Record {
    name: String,
    /// A hash of the file.
    file: u64,
    outcome: Outcome,
    /// The test that failed, or the number of those that passed.
    test: String,
}

pub struct Results {
    log: File,
    records: HashMap<String, Record>,
    hashes: HashMap<String, u64>,
}

impl Results {
    /// Reads the results of a group. Results of files that have changed since are left out.
    pub fn open(folders: &Folders, group: &Group) -> Result<Self> {
        let path = folders.work.join(format!("{}.jsonl", group.name));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let log = File::options().create(true).append(true).open(path)?;
        let mut results = Self { log, records: HashMap::new(), hashes: HashMap::new() };
        for line in text.lines() {
            // A run that was killed may have left half a line.
            let Ok(record) = serde_json::from_str::<Record>(line) else { continue };
            let file = record.name.split(':').next().unwrap_or_default().to_owned();
            let hash = *results.hashes.entry(file.clone()).or_insert_with(|| {
                hash(&std::fs::read_to_string(folders.root.join(&file)).unwrap_or_default())
            });
            if record.file == hash {
                results.records.insert(record.name.clone(), record);
            }
        }
        Ok(results)
    }

    /// Whether a mutant need not be tested again. One that survived is: there may be new tests.
    pub fn is_final(&self, mutant: &Mutant) -> bool {
        self.outcome(mutant)
            .is_some_and(|outcome| !matches!(outcome, Outcome::Survived | Outcome::Unreached))
    }

    pub fn outcome(&self, mutant: &Mutant) -> Option<Outcome> {
        Some(self.records.get(&mutant.name)?.outcome)
    }

    pub fn add(&mut self, mutant: &Mutant, outcome: Outcome, test: &str) -> Result<()> {
        let record = Record {
            name: mutant.name.clone(),
            file: mutant.file_hash,
            outcome,
            test: test.to_owned(),
        };
        writeln!(self.log, "{}", serde_json::to_string(&record)?)?;
        self.records.insert(mutant.name.clone(), record);
        Ok(())
    }
}

pub fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
