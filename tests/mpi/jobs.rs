//! The jobs, and their expected results.

use std::path::Path;
use std::process::{Command, Output, exit};

/// Environment variables of a rank: the case to run, and the folder to write to.
pub const CASE: &str = "DNN_BLOCKS_MPI_CASE";
pub const FOLDER: &str = "DNN_BLOCKS_MPI_FOLDER";

/// Cases that pass with every number of processes.
const SIMPLE: &[&str] = &[
    "shares_are_disjoint_and_whole",
    "each_line_of_a_file_is_read_by_one_rank",
    "a_broadcast_gives_the_parameters_of_rank_0",
    "full_batches_are_as_on_one_process",
    "loops_of_plain_functions_are_as_on_one_process",
    "mini_batches_with_dropout_are_as_on_one_process",
    "f32_is_as_on_one_process",
    "a_loss_of_the_program_is_as_on_one_process",
    "small_and_large_layers_are_summed_alike",
    "frozen_layers_get_no_sums",
    "a_step_allocates_nothing",
    "arrays_may_have_any_layout",
    "gradients_may_have_any_layout",
    "networks_have_a_bounded_depth",
    "errors_of_one_rank_are_errors_of_all",
    "disagreements_are_errors_of_all",
    "a_classifier_learns_as_on_one_process",
    "a_regressor_learns_as_on_one_process",
    "a_regressor_of_counts_learns_as_on_one_process",
    "smoothed_labels_are_learned_as_on_one_process",
    "a_multi_label_classifier_learns_as_on_one_process",
    "shards_may_be_sorted",
    "a_fit_that_cannot_be_saved_is_an_error_of_all",
    "errors_of_a_fit_are_errors_of_all",
    "a_callback_stops_all",
    "fits_go_on_as_on_one_process",
    "ranks_that_start_or_go_on_differently_are_refused",
    "a_fit_goes_on_from_checkpoints",
];

pub fn run_all() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_value = |i: usize| i > 0 && args[i - 1] == "--test-threads";
    let name = (0..args.len()).find(|&i| !args[i].starts_with('-') && !is_value(i));
    let filter = name.map_or("", |i| args[i].as_str());
    if Command::new("mpirun").arg("--version").output().is_err() {
        println!("skipped: there is no mpirun");
        exit(i32::from(std::env::var_os("CI").is_some()));
    }
    let chosen: Vec<&str> = SIMPLE.iter().copied().filter(|case| case.contains(filter)).collect();
    let mut failed = 0;
    for ranks in 1..=4 {
        failed += failures(&chosen, ranks);
    }
    let tests: [(&str, fn()); 4] = [
        ("the_same_bits_in_every_run", the_same_bits_in_every_run),
        ("a_panic_ends_the_job", a_panic_ends_the_job),
        (
            "a_killed_rank_ends_the_job_and_the_run_goes_on",
            a_killed_rank_ends_the_job_and_the_run_goes_on,
        ),
        ("a_run_goes_on_with_fewer_ranks", a_run_goes_on_with_fewer_ranks),
    ];
    let chosen = tests.iter().filter(|(name, _)| name.contains(filter));
    for (name, test) in chosen {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    println!("\n{failed} failed");
    exit(i32::from(failed > 0));
}

/// Runs this program as a job, which is killed after fifteen minutes, so that a deadlock ends.
fn job(case: &str, ranks: usize, folder: &Path) -> Output {
    let mut command = Command::new("mpirun");
    command
        .args(["--oversubscribe", "--timeout", "900", "-np", &ranks.to_string()])
        .arg(std::env::current_exe().expect("this program"))
        .env(CASE, case)
        .env(FOLDER, folder)
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_mpi_yield_when_idle", "1")
        .env("RAYON_NUM_THREADS", "1");
    command.output().expect("mpirun can be started")
}

fn text(output: &Output) -> String {
    let Output { stdout, stderr, .. } = output;
    String::from_utf8_lossy(stdout).into_owned() + &String::from_utf8_lossy(stderr)
}

/// Runs the cases in one job, and counts the ones that fail on a rank.
fn failures(cases: &[&str], ranks: usize) -> usize {
    if cases.is_empty() {
        return 0;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = job(&cases.join(","), ranks, folder.path());
    let text = text(&output);
    let passed = |case: &str| {
        let line = format!("passed {case}");
        text.lines().filter(|found| *found == line).count() == ranks
    };
    let mut failed = usize::from(!output.status.success());
    for case in cases {
        println!("test {case} on {ranks} ... {}", if passed(case) { "ok" } else { "FAILED" });
        failed += usize::from(!passed(case));
    }
    if failed > 0 {
        println!("{text}");
    }
    failed
}

/// Returns the bits that a case writes to `result`.
fn result_of(case: &str, ranks: usize, folder: &Path) -> Vec<u8> {
    let output = job(case, ranks, folder);
    assert!(output.status.success(), "{case} on {ranks}: {}", text(&output));
    std::fs::read(folder.join("result")).expect("a result")
}

fn the_same_bits_in_every_run() {
    for ranks in [2, 3, 4] {
        let run = || {
            let folder = tempfile::tempdir().expect("a folder");
            result_of("mini_batches_with_dropout_are_as_on_one_process", ranks, folder.path())
        };
        let first = run();
        for _ in 0..3 {
            assert!(run() == first, "{ranks} ranks: other bits");
        }
    }
}

fn a_panic_ends_the_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = job("panics_on_the_last_rank", 3, folder.path());
    assert!(!output.status.success());
    let text = text(&output);
    assert!(text.contains("rank 2 of 3: ended by a panic"), "{text}");
    assert!(!text.contains("passed"), "{text}");
}

fn a_killed_rank_ends_the_job_and_the_run_goes_on() {
    for case in ["goes_on_from_checkpoints", "a_fit_goes_on_from_checkpoints"] {
        let whole = tempfile::tempdir().expect("a folder");
        let expected = result_of(case, 3, whole.path());
        let folder = tempfile::tempdir().expect("a folder");
        killed_at(case, 3, folder.path(), &[3, 7]);
        assert!(
            result_of(case, 3, folder.path()) == expected,
            "{case}: other bits after two kills"
        );
    }
}

/// Runs jobs in which rank 1 is killed, one for each epoch.
fn killed_at(case: &str, ranks: usize, folder: &Path, epochs: &[usize]) {
    for epoch in epochs {
        std::fs::write(folder.join("kill"), epoch.to_string()).expect("written");
        let output = job(case, ranks, folder);
        assert!(!output.status.success());
        let text = text(&output);
        assert!(text.contains("rank 1") && text.contains("signal 9 (Killed)"), "{text}");
    }
    std::fs::remove_file(folder.join("kill")).expect("removed");
    std::fs::write(folder.join("interrupted"), "").expect("written");
}

/// Two ranks continue a training of three.
fn a_run_goes_on_with_fewer_ranks() {
    let case = "a_fit_goes_on_from_checkpoints";
    let whole = tempfile::tempdir().expect("a folder");
    let expected = result_of(case, 3, whole.path());
    let folder = tempfile::tempdir().expect("a folder");
    killed_at(case, 3, folder.path(), &[4]);
    let numbers = |bytes: &[u8]| -> Vec<f64> {
        let eight = bytes.chunks_exact(8).map(|eight| eight.try_into().expect("eight"));
        eight.map(f64::from_le_bytes).collect()
    };
    let (result, expected) = (numbers(&result_of(case, 2, folder.path())), numbers(&expected));
    assert_eq!(result.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let worst = result.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-10 * largest, "{worst}");
}
