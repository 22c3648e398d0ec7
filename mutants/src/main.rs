//! Tests whether the tests notice changes of the library.
//!
//! cargo-mutants lists the changes, called mutants. Compiled one by one they would take a day, so
//! this program writes all of them into a copy of the source and compiles it once: a variable of
//! the environment selects one ([`rewrite`]). Each test runs alone first, to see which mutants it
//! reaches; then each mutant is tested by the tests that reach it, fast ones first, until one fails
//! ([`run`]). Mutants that only the compiler can tell apart are left to cargo-mutants itself
//! ([`alone`]).
//!
//! Results are in `target/mutants/`. A run that was stopped goes on from there.

mod alone;
mod build;
mod groups;
mod list;
mod results;
mod rewrite;
mod run;
mod table;

use build::Held;
use groups::{Arguments, Group};
use list::Mutant;
use results::{Outcome, Results};
use run::Test;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The folders of a run.
struct Folders {
    /// The repository.
    root: PathBuf,
    /// Where results are.
    work: PathBuf,
    /// The copy of the repository that holds the mutants.
    tree: PathBuf,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match main_or_error(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn main_or_error(args: &[String]) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no repository")?;
    let (name, rest) = args.split_first().ok_or(groups::USAGE)?;
    let Arguments { group, shard, words, only_table } = Arguments::read(name, rest)?;
    let work = root.join("target/mutants");
    let tree = work.join("tree");
    std::fs::create_dir_all(&tree)?;
    let folders = Folders { root: root.to_path_buf(), tree, work };
    let mutants = list::mutants(&folders.root, &group)?;
    let mut results = Results::open(&folders, &group)?;
    let is_chosen = |mutant: &Mutant| {
        mutant.id as usize % shard.1 == shard.0 % shard.1
            && (words.is_empty() || words.iter().any(|word| mutant.name.contains(word.as_str())))
    };
    let mut left: Vec<Mutant> = mutants.clone();
    left.retain(|mutant| !only_table && is_chosen(mutant) && !results.is_final(mutant));
    eprintln!("{}: {} mutants, {} to test", group.name, mutants.len(), left.len());
    if !left.is_empty() {
        test(&folders, &group, left, &mut results)?;
    }
    table::write(&folders, &group, &mutants, &results)
}

/// Tests mutants and records what becomes of them.
fn test(
    folders: &Folders,
    group: &Group,
    mut mutants: Vec<Mutant>,
    results: &mut Results,
) -> Result<()> {
    list::number(&mut mutants);
    build::copy(&folders.root, &folders.tree, &build::rewritten(&mutants))?;
    let Held { held, broken } = build::write_mutants(folders, &mutants, group)?;
    let (held, others): (Vec<Mutant>, Vec<Mutant>) =
        mutants.into_iter().partition(|mutant| held.contains(&mutant.id));
    let (broken, alone): (Vec<Mutant>, Vec<Mutant>) =
        others.into_iter().partition(|mutant| broken.contains(&mutant.id));
    for mutant in &broken {
        results.add(mutant, Outcome::DoesNotCompile, "")?;
    }

    if !held.is_empty() {
        select_each(folders, group, &held, results)?;
    }
    if group.word.is_empty() {
        alone::test(folders, group, &alone, results)?;
    }
    Ok(())
}

/// Builds the copy, and tests the mutants that it holds.
fn select_each(
    folders: &Folders,
    group: &Group,
    held: &[Mutant],
    results: &mut Results,
) -> Result<()> {
    let programs = build::programs(folders, group)?;
    let threads = group.threads;
    let tests = run::trace(&programs, group, &folders.work.join("trace"))?;
    let mut reaching: HashMap<u32, Vec<&Test>> = HashMap::new();
    for test in &tests {
        for &mutant in &test.reached {
            reaching.entry(mutant).or_default().push(test);
        }
    }
    let done = Mutex::new((0, &mut *results));
    run::each(held, threads, |mutant| {
        let tests = reaching.get(&mutant.id).map_or(&[][..], |tests| within(tests, group.budget));
        let (outcome, test) = match run::catch(&programs, tests, mutant.id) {
            None if tests.is_empty() => (Outcome::Unreached, String::new()),
            None => (Outcome::Survived, format!("{} tests", tests.len())),
            Some(caught) => caught,
        };
        let (count, results) = &mut *done.lock().expect("no thread panics");
        if let Err(error) = results.add(mutant, outcome, &test) {
            eprintln!("{error}");
        }
        *count += 1;
        if !matches!(outcome, Outcome::Caught | Outcome::TimedOut) {
            eprintln!("{outcome:?}: {}", mutant.name);
        }
        if *count % 500 == 0 {
            eprintln!("{count} of {}", held.len());
        }
    });
    Ok(())
}

/// Returns the tests, fast ones first, that take no more than a time in all; at least one.
fn within<'a, 't>(tests: &'a [&'t Test], budget: Duration) -> &'a [&'t Test] {
    let mut all = Duration::ZERO;
    let count = tests.iter().take_while(|test| {
        all += test.time;
        all <= budget
    });
    &tests[..count.count().max(1).min(tests.len())]
}
