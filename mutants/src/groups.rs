//! What is tested together.

use crate::Result;
use std::time::Duration;

pub const USAGE: &str = "\
usage: .ci/mutants core|models|selection|files|distributed [SHARD/SHARDS] [tests=WORD] [WORD…]

Tests the mutants of a group of files: all, or one shard of them, or those whose name has one of the
words; with all tests of the group, or with those whose name has a word. With the word `table` alone,
only writes the table.";

/// Some files, with the tests that watch them.
pub struct Group {
    pub name: &'static str,
    /// Files whose path starts with one of these are mutated.
    pub files: &'static [&'static str],
    /// Mutants of other files, by a part of their names.
    pub also: &'static [&'static str],
    /// Mutants of these files that another group tests.
    pub without: &'static [&'static str],
    pub features: &'static str,
    pub tests: &'static [&'static str],
    /// Only tests whose name has this word run.
    pub word: String,
    /// How long the tests of one mutant may take in all.
    pub budget: Duration,
    /// How many tests run at the same time.
    pub threads: usize,
}

const RUST_ONLY: &str = "approx,ndarray-rand,npz,onnx,plot,progress,rayon,safetensors";

const CORE: &[&str] = &[
    "src/init/",
    "src/forward.rs",
    "src/cost/",
    "src/backward.rs",
    "src/update.rs",
    "src/activation/",
    "src/parameters.rs",
    "src/gradients.rs",
    "src/train/",
    "src/data/",
    "src/metrics/",
    "src/buffer.rs",
    "src/checks.rs",
    "src/compiled.rs",
    "src/error.rs",
    "src/float.rs",
    "src/fnv.rs",
    "src/frozen.rs",
];

/// What only a step on several processes reaches.
const MPI_ONLY: &[&str] = &[
    "in Batches<'a, F>::from_numbers",
    "Batches<'a, F>::from_numbers ->",
    "StepBuffers<F>::begin_without_examples",
    "replace == with != in StepBuffers<F>::cost_and_gradients",
    "replace > with >= in StepBuffers<F>::cost_and_gradients",
    "Targets<'a, F>::smoothing ->",
];

impl Group {
    /// Whether a mutant is tested in this group.
    pub fn has(&self, file: &str, name: &str) -> bool {
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        has(self.also)
            || self.files.iter().any(|start| file.starts_with(start)) && !has(self.without)
    }

    /// Returns the features by the names that the package `tests` has for them.
    pub fn test_features(&self) -> String {
        let features: Vec<String> =
            self.features.split(',').map(|name| format!("tests/{name}")).collect();
        features.join(",")
    }

    pub fn named(name: &str) -> Result<Self> {
        let threads = std::thread::available_parallelism()?.get();
        let blocks: &[&str] = &["blocks", "golden", "allocations", "out_of_memory"];
        let group = |name, files, tests| Self {
            name,
            files,
            also: &[],
            without: &[],
            features: RUST_ONLY,
            tests,
            word: String::new(),
            budget: Duration::from_secs(120),
            threads,
        };
        Ok(match name {
            "core" => Self { without: MPI_ONLY, ..group("core", CORE, blocks) },
            "models" => group("models", &["src/model/"], blocks),
            "selection" => group("selection", &["src/selection/", "src/course/"], blocks),
            "files" => group("files", &["src/files/"], blocks),
            "distributed" => Self {
                also: MPI_ONLY,
                features: "approx,mpi,safetensors",
                ..group("distributed", &["src/digest.rs", "src/distributed/"], &["mpi"])
            },
            _ => return Err(USAGE.into()),
        })
    }
}

/// What the command line asks for.
pub struct Arguments {
    pub group: Group,
    /// The shard and the number of shards.
    pub shard: (usize, usize),
    pub words: Vec<String>,
    /// Whether to test nothing and to write the table.
    pub only_table: bool,
}

impl Arguments {
    pub fn read(name: &str, rest: &[String]) -> Result<Self> {
        let group = Group::named(name)?;
        let only_table = rest == ["table"];
        let mut arguments = Self { group, shard: (1, 1), words: Vec::new(), only_table };
        for argument in rest {
            if let Some(word) = argument.strip_prefix("tests=") {
                arguments.group.word = word.to_owned();
            } else if let Some(shard) = shard(argument) {
                arguments.shard = shard;
            } else {
                arguments.words.push(argument.clone());
            }
        }
        Ok(arguments)
    }
}

/// Reads "2/4", the second of four shards.
fn shard(text: &str) -> Option<(usize, usize)> {
    let (shard, shards) = text.split_once('/')?;
    let (shard, shards) = (shard.parse().ok()?, shards.parse().ok()?);
    (shard >= 1 && shard <= shards).then_some((shard, shards))
}
