//! Runs tests: each alone for the mutants that it reaches, then those that reach a mutant with it.

use crate::Result;
use crate::build::Program;
use crate::groups::Group;
use crate::results::Outcome;
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A test, and what it did without a mutant.
#[derive(Clone, Debug)]
pub struct Test {
    /// The index of its program.
    pub program: usize,
    pub name: String,
    pub time: Duration,
    /// The mutants that it reached.
    pub reached: HashSet<u32>,
}

/// Lists the tests of a program.
pub fn names(program: &Program) -> Result<Vec<String>> {
    if program.name == "mpi" {
        let source = std::fs::read_to_string(program.folder.join("mpi/jobs.rs"))?;
        let quoted = source.lines().filter_map(|line| {
            line.trim().trim_start_matches('(').strip_prefix('"')?.split_once('"')
        });
        let is_name = |name: &str| name.contains('_') && !name.contains(' ');
        return Ok(quoted.map(|(name, _)| name.to_owned()).filter(|name| is_name(name)).collect());
    }
    let listed = Command::new(&program.path)
        .args(["--list", "--format", "terse"])
        .current_dir(&program.folder)
        .output()?;
    let text = String::from_utf8(listed.stdout)?;
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs some tests of a program in one process, with a mutant or with a file for the trace. Returns
/// nothing if all pass.
fn run(
    program: &Program,
    names: &[&str],
    variable: (&str, &str),
    limit: Duration,
) -> Option<Outcome> {
    let mut command = Command::new("setsid");
    // A mutant may ask for any amount of memory.
    let start = "ulimit -v 16000000; ulimit -c 0; exec \"$0\" \"$@\"";
    command.args(["bash", "-c", start]).arg(&program.path);
    match program.name.as_str() {
        "mpi" => command.args(names),
        _ => command.args(["--exact", "--test-threads", "1"]).args(names),
    };
    command
        .current_dir(&program.folder)
        .env(variable.0, variable.1)
        .env("RUST_BACKTRACE", "0")
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Some(Outcome::Caught) };
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return None,
            Ok(Some(_)) | Err(_) => return Some(Outcome::Caught),
            Ok(None) if start.elapsed() > limit => {
                let group = format!("-{}", child.id());
                let _ = Command::new("kill").args(["-9", "--", &group]).status();
                let _ = child.wait();
                return Some(Outcome::TimedOut);
            }
            Ok(None) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Calls `work` for each item on `threads` threads.
pub fn each<T: Sync>(items: &[T], threads: usize, work: impl Fn(&T) + Sync) {
    let next = Mutex::new(items.iter());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let item = next.lock().expect("no thread panics").next();
                    let Some(item) = item else { return };
                    work(item);
                }
            });
        }
    });
}

/// Runs each test alone, and returns those that pass with the mutants that they reach.
pub fn trace(programs: &[Program], group: &Group, folder: &Path) -> Result<Vec<Test>> {
    let mut all = Vec::new();
    for (program, found) in programs.iter().enumerate() {
        let names = names(found)?.into_iter().filter(|name| name.contains(&group.word));
        all.extend(names.map(|name| (program, name)));
    }
    std::fs::create_dir_all(folder)?;
    let tests = Mutex::new(Vec::new());
    each(&all, group.threads, |(program, name)| {
        let path = folder.join(format!("{}-{}", programs[*program].name, name.replace(':', "_")));
        let _ = std::fs::remove_file(&path);
        let start = Instant::now();
        let trace = ("MUTANT_TRACE", path.to_str().expect("a UTF-8 path"));
        let limit = Duration::from_secs(600);
        if run(&programs[*program], &[name], trace, limit).is_some() {
            eprintln!("fails without a mutant: {} {name}", programs[*program].name);
            return;
        }
        let time = start.elapsed();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let reached = text.lines().filter_map(|line| line.parse().ok()).collect();
        let test = Test { program: *program, name: name.clone(), time, reached };
        tests.lock().expect("no thread panics").push(test);
    });
    let mut tests = tests.into_inner()?;
    tests.sort_by_key(|test| test.time);
    let time: f64 = tests.iter().map(|test| test.time.as_secs_f64()).sum();
    eprintln!("{} tests, {time:.0} s in all", tests.len());
    Ok(tests)
}

/// Runs the tests that reach a mutant, fast ones first, until one fails. Returns its name.
pub fn catch(programs: &[Program], tests: &[&Test], mutant: u32) -> Option<(Outcome, String)> {
    let mut left = tests;
    let mut longest = 1;
    while let Some(first) = left.first() {
        let same = left.iter().take_while(|test| test.program == first.program).count();
        let together = if programs[first.program].name == "mpi" { 1 } else { same.min(longest) };
        let (batch, rest) = left.split_at(together);
        let names: Vec<&str> = batch.iter().map(|test| test.name.as_str()).collect();
        let time: Duration = batch.iter().map(|test| test.time).sum();
        let number = mutant.to_string();
        let limit = Duration::from_secs(15) + 10 * time;
        let outcome = run(&programs[first.program], &names, ("MUTANT", &number), limit);
        if let Some(outcome) = outcome {
            return Some((outcome, names.join(" or ")));
        }
        left = rest;
        longest = longest.saturating_mul(4);
    }
    None
}
