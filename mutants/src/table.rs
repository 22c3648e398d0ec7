//! Writes the results of a group into `docs/mutants.md`, with the reasons of
//! `mutants/accepted.txt`.

use crate::groups::Group;
use crate::list::Mutant;
use crate::results::{Outcome, Results};
use crate::{Folders, Result};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Mutants that no test can or need tell from the program, with one reason.
struct Accepted {
    reason: String,
    keys: Vec<String>,
}

/// Reads blocks of lines: a reason in lines that start with `#`, then mutants without positions,
/// each as often as it occurs.
fn accepted(text: &str) -> Vec<Accepted> {
    let mut all = Vec::new();
    for block in text.split("\n\n") {
        let (reason, keys): (Vec<&str>, Vec<&str>) =
            block.lines().filter(|line| !line.is_empty()).partition(|line| line.starts_with('#'));
        let reason: Vec<&str> =
            reason.iter().map(|line| line.trim_start_matches('#').trim()).collect();
        let keys = keys.into_iter().map(str::to_owned).collect();
        all.push(Accepted { reason: reason.join(" "), keys });
    }
    all
}

#[derive(Clone, Copy, Default)]
struct Row {
    mutants: usize,
    broken: usize,
    caught: usize,
    survivors: usize,
    /// Not tested yet, or a survivor without a reason.
    open: usize,
}

/// Writes the section of a group. Returns whether each survivor is accepted.
pub fn write(
    folders: &Folders,
    group: &Group,
    mutants: &[Mutant],
    results: &Results,
) -> Result<bool> {
    let text = std::fs::read_to_string(folders.root.join("mutants/accepted.txt"))?;
    let mut accepted = accepted(&text);
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let (mut untested, mut unexplained) = (0, Vec::new());
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for mutant in mutants {
        let row = rows.entry(&mutant.file).or_default();
        row.mutants += 1;
        match results.outcome(mutant) {
            None => {
                untested += 1;
                row.open += 1;
            }
            Some(Outcome::DoesNotCompile) => row.broken += 1,
            Some(Outcome::Caught | Outcome::TimedOut) => row.caught += 1,
            Some(Outcome::Survived | Outcome::Unreached) => {
                let key = mutant.key();
                let found = accepted.iter_mut().find_map(|block| {
                    let at = block.keys.iter().position(|accepted| *accepted == key)?;
                    block.keys.swap_remove(at);
                    Some(block.reason.clone())
                });
                match found {
                    Some(reason) => {
                        row.survivors += 1;
                        reasons.entry(reason).or_default().push(&mutant.name);
                    }
                    None => {
                        row.open += 1;
                        unexplained.push(&mutant.name);
                    }
                }
            }
        }
    }
    for name in &unexplained {
        println!("survives: {name}");
    }
    let stale = accepted.iter().flat_map(|block| &block.keys).filter(|key| {
        let file = key.split(':').next().unwrap_or_default();
        untested == 0 && group.has(file, key)
    });
    let stale: Vec<&String> = stale.collect();
    for key in &stale {
        println!("accepted, but does not survive: {key}");
    }
    put(folders, group, &section(group, &rows, &reasons)?)?;
    if untested > 0 {
        println!("{untested} mutants are not tested yet");
    }
    Ok(unexplained.is_empty() && stale.is_empty())
}

fn section(
    group: &Group,
    rows: &BTreeMap<&str, Row>,
    reasons: &BTreeMap<String, Vec<&str>>,
) -> Result<String> {
    let date = std::process::Command::new("date").arg("+%F").output()?;
    let mut text = String::new();
    writeln!(text, "Tested on {}.\n", String::from_utf8(date.stdout)?.trim())?;
    writeln!(text, "| file | mutants | do not compile | caught | survivors | open |")?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|")?;
    let mut all = Row::default();
    for (file, row) in rows {
        let Row { mutants, broken, caught, survivors, open } = *row;
        writeln!(text, "| `{file}` | {mutants} | {broken} | {caught} | {survivors} | {open} |")?;
        all.mutants += mutants;
        all.broken += broken;
        all.caught += caught;
        all.survivors += survivors;
        all.open += open;
    }
    let Row { mutants, broken, caught, survivors, open } = all;
    let name = group.name;
    writeln!(text, "| {name} | {mutants} | {broken} | {caught} | {survivors} | {open} |")?;
    for (reason, names) in reasons {
        writeln!(text, "\n{reason}\n")?;
        for name in names {
            writeln!(text, "- `{name}`")?;
        }
    }
    Ok(text)
}

/// Replaces the section of a group, which starts with `## GROUP`, or appends it.
fn put(folders: &Folders, group: &Group, section: &str) -> Result<()> {
    let path = folders.root.join("docs/mutants.md");
    let mut text = std::fs::read_to_string(&path)?;
    let title = format!("\n## {}\n", group.name);
    if !text.contains(&title) {
        text += &title;
    }
    let start = text.find(&title).map_or(text.len(), |start| start + title.len());
    let end = text[start..].find("\n## ").map_or(text.len(), |end| start + end);
    let text = format!("{}\n{section}{}", &text[..start], &text[end..]);
    Ok(std::fs::write(path, text)?)
}
