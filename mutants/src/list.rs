//! The mutants that cargo-mutants finds.

use crate::Result;
use crate::groups::Group;
use crate::results::hash;
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

/// A change to one expression, or to the body of one function.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The number that selects the mutant, from 1.
    pub id: u32,
    /// The file, relative to the repository.
    pub file: String,
    /// What cargo-mutants calls it: the file, the line, the column and the change.
    pub name: String,
    pub genre: String,
    /// The bytes of the file that the mutant replaces.
    pub span: Range<usize>,
    pub replacement: String,
    /// A hash of the file.
    pub file_hash: u64,
}

impl Mutant {
    /// Returns the name without line and column, which stays when code above it changes.
    pub fn key(&self) -> String {
        let change = self.name.splitn(4, ':').nth(3).unwrap_or_default();
        format!("{}:{change}", self.file)
    }
}

#[derive(Deserialize)]
struct Listed {
    package: String,
    file: String,
    name: String,
    genre: String,
    span: Span,
    replacement: String,
}

#[derive(Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// A line and a column in characters, both from 1.
#[derive(Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

/// Lists the mutants of a group.
pub fn mutants(root: &Path, group: &Group) -> Result<Vec<Mutant>> {
    let output = Command::new("cargo")
        .args(["mutants", "--no-config", "--list", "--json"])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo mutants: {message}").into());
    }
    let listed: Vec<Listed> = serde_json::from_slice(&output.stdout)?;
    let chosen = listed
        .into_iter()
        .filter(|mutant| mutant.package == "dnn-blocks" && group.has(&mutant.file, &mutant.name));
    let (mut of, mut text, mut file_hash) = (String::new(), String::new(), 0);
    let mut mutants = Vec::new();
    for Listed { file, name, genre, span, replacement, .. } in chosen {
        if of != file {
            text = std::fs::read_to_string(root.join(&file))?;
            (of, file_hash) = (file.clone(), hash(&text));
        }
        let span = offset(&text, &span.start)..offset(&text, &span.end);
        mutants.push(Mutant { id: 0, file, name, genre, span, replacement, file_hash });
    }
    number(&mut mutants);
    Ok(mutants)
}

/// Numbers the mutants from 1.
pub fn number(mutants: &mut [Mutant]) {
    for (i, mutant) in mutants.iter_mut().enumerate() {
        mutant.id = i as u32 + 1;
    }
}

fn offset(text: &str, position: &Position) -> usize {
    let mut start = 0;
    for line in text.split_inclusive('\n').take(position.line - 1) {
        start += line.len();
    }
    let in_line = text[start..].char_indices().nth(position.column - 1);
    start + in_line.map_or(text.len() - start, |(offset, _)| offset)
}
