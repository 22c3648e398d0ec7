//! Builds the tests of a copy of the repository whose source holds all mutants.

use crate::groups::Group;
use crate::list::Mutant;
use crate::rewrite::{Rewritten, rewrite};
use crate::{Folders, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program with tests.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub path: PathBuf,
    /// The folder in which Cargo runs it.
    pub folder: PathBuf,
}

/// Copies the files of the repository that Git knows and those that it does not ignore, if they
/// differ. Files of the copy that are in `rewritten` stay as they are.
pub fn copy(root: &Path, tree: &Path, rewritten: &HashSet<&str>) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    let names = String::from_utf8(listed.stdout)?;
    let mut names: Vec<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
    // Not in Git: the versions of the last build.
    names.push("Cargo.lock");
    for name in names {
        let (from, to) = (root.join(name), tree.join(name));
        if rewritten.contains(name) && to.exists() {
            continue;
        }
        let Ok(bytes) = std::fs::read(&from) else { continue };
        if std::fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        std::fs::create_dir_all(to.parent().expect("a file has a folder"))?;
        std::fs::write(to, bytes)?;
    }
    Ok(())
}

/// The numbers of the mutants that a copy holds, and of those that do not compile.
pub struct Held {
    pub held: HashSet<u32>,
    pub broken: HashSet<u32>,
}

/// Writes the mutants into the copy, without those that do not compile and those that cannot be
/// selected.
pub fn write_mutants(folders: &Folders, mutants: &[Mutant], group: &Group) -> Result<Held> {
    let Folders { root, tree, .. } = folders;
    let mut broken = HashSet::new();
    let mut left: Vec<&Mutant> = mutants.iter().collect();
    add_switch(root, tree, mutants.len())?;
    loop {
        let mut rewritten = BTreeMap::new();
        for mutant in &left {
            rewritten.entry(mutant.file.clone()).or_insert_with(Vec::new).push(*mutant);
        }
        let mut files: BTreeMap<String, Rewritten> = BTreeMap::new();
        for (file, mutants) in rewritten {
            let source = std::fs::read_to_string(root.join(&file))?;
            let new = rewrite(&source, &mutants).map_err(|error| format!("{file}: {error}"))?;
            write_if_new(&tree.join(&file), &with_switch(&file, &new.text))?;
            files.insert(file, new);
        }
        let held: HashSet<u32> =
            files.values().flat_map(|file| file.places.iter().map(|(_, id)| *id)).collect();
        left.retain(|mutant| held.contains(&mutant.id));
        let failures = failures(tree, &files, group.features)?;
        eprintln!("{} mutants, of which {} do not compile", left.len(), failures.len());
        if failures.is_empty() {
            return Ok(Held { held, broken });
        }
        let (bad, good): (Vec<&Mutant>, Vec<&Mutant>) =
            left.into_iter().partition(|mutant| failures.contains_key(&mutant.id));
        left = good;
        // A constant, and an `impl Trait`, may compile alone.
        let is_broken =
            |mutant: &&&Mutant| !failures[&mutant.id] && !mutant.name.contains("-> impl ");
        broken.extend(bad.iter().filter(is_broken).map(|mutant| mutant.id));
        // A file that has lost all its mutants is as it was.
        for file in files.keys() {
            if left.iter().all(|mutant| mutant.file != *file) {
                let source = std::fs::read_to_string(root.join(file))?;
                write_if_new(&tree.join(file), &with_switch(file, &source))?;
            }
        }
    }
}

/// The file that declares the switch, also where it has no mutants.
const LIBRARY: &str = "src/lib.rs";
const MODULE: &str = "\npub mod mutant_switch;\n";

/// Returns the files that `write_mutants` writes.
pub fn rewritten(mutants: &[Mutant]) -> HashSet<&str> {
    mutants.iter().map(|mutant| mutant.file.as_str()).chain([LIBRARY]).collect()
}

fn with_switch(file: &str, text: &str) -> String {
    if file == LIBRARY { format!("{text}{MODULE}") } else { text.to_owned() }
}

fn add_switch(root: &Path, tree: &Path, mutants: usize) -> Result<()> {
    let count = format!("pub const COUNT: usize = {};\n", mutants + 1);
    let module = include_str!("switch.rs").to_owned() + &count;
    write_if_new(&tree.join("src/mutant_switch.rs"), &module)?;
    let library = std::fs::read_to_string(root.join(LIBRARY))?;
    write_if_new(&tree.join(LIBRARY), &with_switch(LIBRARY, &library))
}

fn write_if_new(path: &Path, text: &str) -> Result<()> {
    if !std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        std::fs::write(path, text)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Message {
    message: Option<Diagnostic>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    code: Option<Code>,
    rendered: Option<String>,
    spans: Vec<Place>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    expansion: Option<Box<Expansion>>,
}

/// The use of a macro in whose text an error is.
#[derive(Deserialize)]
struct Expansion {
    span: Place,
}

impl Place {
    /// Returns the place, and that of the macro around it, and so on.
    fn outward(&self) -> impl Iterator<Item = &Place> {
        std::iter::successors(Some(self), |place| Some(&place.expansion.as_ref()?.span))
    }
}

fn cargo(tree: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(args)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.with_file_name("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // The compiler denies some mutants by a lint, such as a constant that overflows.
        .env("RUSTFLAGS", "--cap-lints=warn")
        .stderr(Stdio::inherit());
    command
}

fn errors(output: &[u8]) -> Result<impl Iterator<Item = Diagnostic>> {
    let found = messages(output)?.into_iter().filter_map(|message| message.message);
    Ok(found.filter(|diagnostic| diagnostic.level == "error"))
}

fn messages(output: &[u8]) -> Result<Vec<Message>> {
    let lines = std::str::from_utf8(output)?.lines().filter(|line| line.starts_with('{'));
    Ok(lines.map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
}

/// Returns the mutants that do not compile, and whether that is because a constant cannot depend on
/// a switch.
fn failures(
    tree: &Path,
    files: &BTreeMap<String, Rewritten>,
    features: &str,
) -> Result<BTreeMap<u32, bool>> {
    let args = ["check", "--quiet", "--message-format=json", "--lib", "--features", features];
    let output = cargo(tree, &args).stderr(Stdio::null()).output()?;
    let mut failures = BTreeMap::new();
    let mut unknown = String::new();
    for diagnostic in errors(&output.stdout)? {
        let constant = diagnostic.code.is_some_and(|code| code.code == "E0015");
        let before = failures.len();
        for place in diagnostic.spans.iter().flat_map(Place::outward) {
            let Some(file) = files.get(&place.file_name) else { continue };
            let around = file.places.iter().filter(|(range, _)| {
                range.start <= place.byte_start && place.byte_end <= range.end
            });
            if let Some((_, id)) = around.min_by_key(|(range, _)| range.len()) {
                failures.insert(*id, constant);
            }
        }
        if failures.len() == before {
            unknown += &diagnostic.rendered.unwrap_or_default();
        }
    }
    if !output.status.success() && failures.is_empty() {
        return Err(format!("the copy does not compile:\n{unknown}").into());
    }
    Ok(failures)
}

/// Builds the tests of the copy.
pub fn programs(folders: &Folders, group: &Group) -> Result<Vec<Program>> {
    let features = group.test_features();
    let mut args = vec!["test", "--no-run", "--quiet", "--message-format=json", "--lib"];
    args.extend(["-p", "dnn-blocks", "-p", "tests", "--no-default-features"]);
    args.extend(["--features", &features]);
    for test in group.tests {
        args.extend(["--test", test]);
    }
    let output = cargo(&folders.tree, &args).output()?;
    if !output.status.success() {
        let rendered = errors(&output.stdout)?.filter_map(|error| error.rendered);
        return Err(format!("the tests do not compile\n{}", rendered.collect::<String>()).into());
    }
    let mut programs = Vec::new();
    for message in messages(&output.stdout)? {
        if let (Some(path), Some(manifest), Some(target), Some(Profile { test: true })) =
            (message.executable, message.manifest_path, message.target, message.profile)
        {
            let folder = manifest.parent().ok_or("a manifest has a folder")?.to_path_buf();
            programs.push(Program { name: target.name, path, folder });
        }
    }
    Ok(programs)
}
