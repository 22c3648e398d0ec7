//! Mutants in constants, and in functions that return an `impl Trait`, cannot be selected while the
//! program runs. cargo-mutants compiles and tests each alone, with the tests of its module.

use crate::build;
use crate::groups::Group;
use crate::list::Mutant;
use crate::results::{Outcome, Results};
use crate::{Folders, Result};
use serde_json::Value;
use std::collections::HashSet;
use std::process::{Command, Stdio};

pub fn test(
    folders: &Folders,
    group: &Group,
    mutants: &[Mutant],
    results: &mut Results,
) -> Result<()> {
    let tree = folders.work.join("alone");
    if !mutants.is_empty() {
        build::copy(&folders.root, &tree, &HashSet::new())?;
    }
    for mutant in mutants {
        let name = format!("^{}$", escape(&mutant.name));
        let _ = std::fs::remove_dir_all(tree.join("mutants.out"));
        Command::new("cargo")
            .args(["mutants", "--no-config", "--in-place", "--baseline=skip", "--no-shuffle"])
            .args(["--timeout", "300", "--test-package", "tests", "--no-default-features"])
            .args(["--features", &group.test_features(), "--file", &mutant.file, "--re", &name])
            .args(["--", "--test", group.tests[0], module(&mutant.file)])
            .current_dir(&tree)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        let text = std::fs::read_to_string(tree.join("mutants.out/outcomes.json"))?;
        let found: Value = serde_json::from_str(&text)?;
        let outcome = match found["outcomes"][0]["summary"].as_str() {
            Some("CaughtMutant") => Outcome::Caught,
            Some("Timeout") => Outcome::TimedOut,
            Some("Unviable") => Outcome::DoesNotCompile,
            Some("MissedMutant") => Outcome::Survived,
            other => return Err(format!("{}: cargo-mutants says {other:?}", mutant.name).into()),
        };
        eprintln!("alone, {outcome:?}: {}", mutant.name);
        results.add(mutant, outcome, "cargo-mutants")?;
    }
    Ok(())
}

/// Returns the name of the module at the root of the crate that holds a file.
fn module(file: &str) -> &str {
    let path = file.strip_prefix("src/").unwrap_or(file);
    path.split(['/', '.']).next().unwrap_or(path)
}

/// Escapes what has a meaning in a regular expression.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if !letter.is_alphanumeric() && !" /_<>-':&,=\"".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
