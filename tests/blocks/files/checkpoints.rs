//! A training that is killed and resumed ends bit-identical.

use crate::support::child;
use dnn_blocks::Error;
use dnn_blocks::files::{Checkpoint, Checkpoints, FileError, Limits};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::workspace::Dropout;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

const EPOCHS: usize = 40;

pub fn beginning() -> Checkpoint<f32> {
    let mut generator = NumpyRandom::seed(3);
    let parameters =
        initialize_parameters_deep(&[6, 30, 20, 1], Initializer::He, &mut generator).unwrap();
    generator.randn(); // keeps the second number of a pair
    let optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters).unwrap();
    let schedule = Schedule::Cosine { warm_up: 2, total: EPOCHS, lowest: 1e-4 };
    Checkpoint::new(parameters, optimizer, generator).learning_rate(0.01).schedule(schedule)
}

/// Trains to the end, with batches in random order and dropout.
fn train(run: &mut Checkpoint<f32>, mut after_epoch: impl FnMut(&Checkpoint<f32>)) {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((6, 200), || rng.randn() as f32);
    let y =
        Array2::from_shape_fn((1, 200), |(_, i)| f32::from(u8::from(x[[0, i]] * x[[1, i]] > 0.0)));
    let mut batches = Batches::new(&x, &y, 32).unwrap();
    let mut workspace = Workspace::new(&run.parameters, 32).unwrap();
    workspace.freeze(run.optimizer.frozen()).unwrap();
    while run.epoch < EPOCHS {
        let learning_rate = run.schedule.at(run.learning_rate, run.epoch);
        batches.shuffle(&mut run.generator);
        while let Some((x, y)) = batches.next() {
            let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
            let (parameters, dropout) = (&run.parameters, Dropout::new(0.8, &mut run.generator));
            let step =
                workspace.cost_and_gradients_with_dropout(&x, y, parameters, objective, dropout);
            let (_, gradients) = step.unwrap();
            run.optimizer.step(&mut run.parameters, gradients, learning_rate).unwrap();
        }
        run.epoch += 1;
        after_epoch(run);
    }
}

/// The child process of the next test resumes the training and runs it to its end.
#[test]
fn child_trains() {
    let Some(folder) = env::var_os("DNN_BLOCKS_TRAIN") else { return };
    let checkpoints = Checkpoints::new(folder, 2).unwrap();
    let mut run = checkpoints.latest().unwrap().unwrap_or_else(beginning);
    train(&mut run, |run| {
        checkpoints.save(run).unwrap();
        thread::sleep(Duration::from_millis(15));
    });
}

fn training(folder: &Path) -> std::process::Child {
    child(concat!(module_path!(), "::child_trains"), "DNN_BLOCKS_TRAIN", folder).spawn().unwrap()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bits() {
    let mut straight = beginning();
    train(&mut straight, |_| {});
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 2).unwrap();
    let (mut done, mut cut_short) = (0, 0);
    for more in [1, 5, 2, 9] {
        let mut child = training(folder.path());
        let reached = |epochs| {
            checkpoints.latest::<f32>().ok().flatten().is_some_and(|run| run.epoch >= epochs)
        };
        while !reached(EPOCHS.min(done + more)) {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        done = checkpoints.latest::<f32>().unwrap().unwrap().epoch;
        cut_short += u8::from(done < EPOCHS);
    }
    assert!(cut_short > 0, "every child came to its end");
    assert!(training(folder.path()).wait().unwrap().success());
    let resumed = checkpoints.latest::<f32>().unwrap().unwrap();
    assert_eq!(resumed.epoch, EPOCHS);
    assert_eq!(resumed.parameters, straight.parameters);
    assert_eq!(resumed.optimizer, straight.optimizer);
    assert_eq!(resumed.generator.state(), straight.generator.state());
}

#[test]
fn a_run_with_frozen_layers_resumes_with_the_same_bits() {
    let limits = Limits::default();
    let start = beginning();
    for frozen in [&[1][..], &[1, 2], &[2]] {
        let mut straight = start.clone();
        straight.optimizer.freeze(frozen).unwrap();
        let mut files = vec![straight.to_safetensors().unwrap()];
        train(&mut straight, |run| files.push(run.to_safetensors().unwrap()));
        for epoch in [0, 1, 17, EPOCHS] {
            let mut resumed = Checkpoint::from_safetensors(&files[epoch], &limits).unwrap();
            assert_eq!((resumed.epoch, resumed.optimizer.frozen()), (epoch, frozen));
            assert_eq!(resumed.to_safetensors().unwrap(), files[epoch]);
            train(&mut resumed, |_| {});
            assert_eq!(resumed.parameters, straight.parameters);
            assert_eq!(resumed.optimizer, straight.optimizer);
        }
        for l in 0..3 {
            let kept = straight.parameters.layers()[l] == start.parameters.layers()[l];
            assert_eq!(kept, frozen.contains(&(l + 1)));
        }
        straight.optimizer.freeze(&[]).unwrap();
        let file = String::from_utf8_lossy(&straight.to_safetensors().unwrap()).into_owned();
        assert!(!file.contains("frozen"), "a file without frozen layers is as before");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_last_few_are_kept_and_a_damaged_one_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path().join("new"), 3).unwrap();
    assert!(checkpoints.latest::<f32>().unwrap().is_none());
    let mut run = beginning();
    fs::write(folder.path().join("new/notes.txt"), "").unwrap();
    for epoch in [1, 2, 9, 10, 11] {
        run.epoch = epoch;
        checkpoints.save(&run).unwrap();
    }
    let kept = [9, 10, 11].map(|epoch| format!("checkpoint-{epoch:08}.safetensors"));
    assert_eq!(names(&folder.path().join("new")), [&kept[..], &["notes.txt".to_string()]].concat());
    fs::write(folder.path().join("new").join(&kept[2]), "damaged").unwrap();
    assert_eq!(checkpoints.latest::<f32>().unwrap().unwrap().epoch, 10);
    for name in &kept {
        fs::write(folder.path().join("new").join(name), "damaged").unwrap();
    }
    assert!(checkpoints.latest::<f32>().is_err());
    assert!(matches!(Checkpoints::new(folder.path(), 0), Err(FileError::Model(_))));
}

#[test]
fn no_cut_and_no_flipped_bit_of_a_checkpoint_is_overlooked() {
    let parameters = initialize_parameters::<f64>(1, 1, 1, &mut NumpyRandom::seed(1)).unwrap();
    let generator = NumpyRandom::seed(1);
    for rule in [Algorithm::GradientDescent, Algorithm::ADAM] {
        let optimizer = Optimizer::new(rule, &parameters).unwrap();
        let (parameters, generator) = (parameters.clone(), generator.clone());
        let run = Checkpoint::new(parameters, optimizer, generator).learning_rate(0.1);
        let mut file = run.to_safetensors().unwrap();
        let limits = Limits::default();
        Checkpoint::<f64>::from_safetensors(&file, &limits).unwrap();
        for length in 0..file.len() {
            assert!(Checkpoint::<f64>::from_safetensors(&file[..length], &limits).is_err());
        }
        for bit in (0..8 * file.len()).step_by(7) {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(Checkpoint::<f64>::from_safetensors(&file, &limits).is_err(), "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
        let error = Parameters::<f64>::from_safetensors(&file, &limits).unwrap_err();
        assert_eq!(error.to_string(), "the file holds a checkpoint, not a network");
    }
}

#[test]
fn an_optimiser_of_another_network_is_not_written() {
    let mut run = beginning();
    let other = initialize_parameters::<f32>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    run.optimizer = Optimizer::new(Algorithm::ADAM, &other).unwrap();
    let error = run.to_safetensors().unwrap_err();
    assert!(matches!(error, FileError::Model(Error::LayerCount { .. })), "{error}");
}

/// A checkpoint that could not be read is not written over one that can.
#[test]
fn what_could_not_be_read_is_not_written() {
    let nan = f64::NAN;
    for change in [
        |run: &mut Checkpoint<f32>| run.learning_rate = f64::NAN,
        |run: &mut Checkpoint<f32>| run.learning_rate = 0.0,
        |run: &mut Checkpoint<f32>| run.schedule = Schedule::Step { factor: 0.5, every: 0 },
    ] {
        let mut run = beginning();
        change(&mut run);
        let error = run.to_safetensors().unwrap_err();
        assert!(matches!(error, FileError::Model(Error::Hyperparameter { .. })), "{error}");
    }
    let error = beginning().epoch(usize::MAX).to_safetensors().unwrap_err();
    let FileError::Model(Error::InvalidArgument { name, .. }) = error else { panic!("{error}") };
    assert_eq!(name, "epoch");
    let mut run = beginning();
    run.optimizer = Optimizer::new(Algorithm::Momentum { beta: nan }, &run.parameters).unwrap();
    assert!(run.to_safetensors().is_err());
}

/// A locked file belongs to an active writer.
#[test]
fn what_a_killed_writer_left_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let path = |name: &str| folder.path().join(name);
    let at_work = fs::File::create(path(".dnn-blocks-at-work")).unwrap();
    at_work.lock().unwrap();
    fs::write(path(".dnn-blocks-left"), "half of a che").unwrap();
    fs::write(path("dnn-blocks-notes"), "").unwrap();
    fs::create_dir(path(".dnn-blocks-folder")).unwrap();
    let mut expected = vec![".dnn-blocks-at-work", ".dnn-blocks-folder"];
    expected.extend(["checkpoint-00000000.safetensors", "dnn-blocks-notes"]);
    checkpoints.save(&beginning()).unwrap();
    assert_eq!(names(folder.path()), expected);
    drop(at_work);
    checkpoints.save(&beginning()).unwrap();
    assert_eq!(names(folder.path()), expected[1..]);
}

/// A folder with the name of a checkpoint is not a file.
#[test]
fn a_checkpoint_that_cannot_be_read_is_passed_over_and_one_that_cannot_be_removed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let run = beginning();
    checkpoints.save(&run.clone().epoch(5)).unwrap();
    fs::create_dir(folder.path().join("checkpoint-00000007.safetensors")).unwrap();
    assert_eq!(checkpoints.latest::<f32>().unwrap().unwrap().epoch, 5);
    let error = checkpoints.save(&run.epoch(6)).unwrap_err();
    assert!(matches!(error, FileError::Io(_)), "{error}");
    assert_eq!(checkpoints.latest::<f32>().unwrap().unwrap().epoch, 6);
}

#[test]
fn a_checkpoint_beyond_the_limits_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let run = beginning();
    let length = run.to_safetensors().unwrap().len() as u64;
    let limits = Limits::default();
    for (what, limits) in [
        ("the file", limits.bytes(length - 1)),
        ("the header", limits.header(64)),
        ("the number of arrays", limits.arrays(17)),
    ] {
        let error = checkpoints.clone().limits(limits).save(&run).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{what} is too large: ")), "{error}");
    }
    assert!(names(folder.path()).is_empty());
    let limits = limits.bytes(length).arrays(18);
    checkpoints.limits(limits).save(&run).unwrap();
}

#[test]
fn a_new_checkpoint_has_the_values_that_were_set_and_a_file_keeps_them() {
    let Checkpoint { parameters, optimizer, generator, .. } = beginning();
    let run = Checkpoint::new(parameters, optimizer, generator);
    let values = |run: &Checkpoint<f32>| (run.learning_rate, run.schedule, run.epoch, run.examples);
    assert_eq!(values(&run), (0.001, Schedule::Constant, 0, 0));
    let schedule = Schedule::Step { factor: 0.5, every: 3 };
    let run = run.learning_rate(0.25).schedule(schedule).epoch(7).examples(70);
    let file = run.to_safetensors().unwrap();
    let again = Checkpoint::from_safetensors(&file, &Limits::default()).unwrap();
    for run in [run, again] {
        assert_eq!(values(&run), (0.25, schedule, 7, 70));
    }
}

/// A training from the beginning, in the folder of one with later checkpoints.
#[test]
fn the_checkpoint_just_written_is_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    for keep in [1, 2] {
        let checkpoints = Checkpoints::new(folder.path(), keep).unwrap();
        let mut run = beginning();
        for epoch in [8, 9, 1, 2] {
            run.epoch = epoch;
            let path = checkpoints.save(&run).unwrap();
            assert_eq!(Checkpoint::<f32>::load(path).unwrap().epoch, epoch);
            assert!(names(folder.path()).len() <= keep);
        }
    }
}

#[test]
fn several_processes_may_write_to_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
                let mut run = beginning();
                for epoch in 0..25 {
                    run.epoch = epoch;
                    checkpoints.save(&run).unwrap();
                }
            });
        }
    });
}

/// f64 holds the numbers of f32, but the training would not continue with the same bits.
#[test]
fn a_checkpoint_of_another_type_is_an_error_and_not_passed_over() {
    let (f32, limits) = (beginning(), Limits::default());
    let file = f32.to_safetensors().unwrap();
    assert_eq!(Checkpoint::<f32>::from_safetensors(&file, &limits).unwrap().epoch, 0);
    let error = Checkpoint::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert_eq!(error.to_string(), "W1 is of type f32, not f64");

    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    let Checkpoint { generator, learning_rate, schedule, .. } = f32.clone();
    let f64 = Checkpoint::new(parameters, optimizer, generator);
    let f64 = f64.learning_rate(learning_rate).schedule(schedule).epoch(5);
    let error = Checkpoint::<f32>::from_safetensors(&f64.to_safetensors().unwrap(), &limits);
    assert_eq!(error.unwrap_err().to_string(), "W1 is of type f64, not f32");

    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 3).unwrap();
    checkpoints.save(&f64).unwrap();
    checkpoints.save(&f32.epoch(9)).unwrap();
    assert_eq!(checkpoints.latest::<f32>().unwrap().unwrap().epoch, 9);
    assert!(matches!(checkpoints.latest::<f64>(), Err(FileError::Type { .. })));
    fs::write(folder.path().join("checkpoint-00000009.safetensors"), "damaged").unwrap();
    assert_eq!(checkpoints.latest::<f64>().unwrap().unwrap().epoch, 5);
}
