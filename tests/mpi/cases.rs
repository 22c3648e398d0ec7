//! The cases, as each rank runs them.

use crate::counting::allocations;
use crate::layouts;
use crate::models;
use crate::support::{
    Noise, bits, columns, difference, epoch_with_dropout, examples, folder, kill_in, kill_me,
    leave, network, uneven,
};
use dnn_blocks::cost::{Loss, MeanLoss, Targets};
use dnn_blocks::distributed::{Ranks, mpi};
use dnn_blocks::files::{Checkpoint, Checkpoints};
use dnn_blocks::ndarray::{Array2, ArrayRef1, Zip, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::batches::BatchColumns;
use dnn_blocks::train::workspace::Dropout;
use dnn_blocks::{Error, Result};

/// Runs the cases in a list of names with commas.
pub fn run(names: &str) {
    let universe = mpi::initialize().expect("MPI");
    let ranks = Ranks::new(&universe);
    for name in names.split(',') {
        if let Err(error) = case(name, &ranks) {
            ranks.abort(&error);
        }
        println!("passed {name}");
    }
}

fn case(name: &str, ranks: &Ranks<'_>) -> Result<()> {
    match name {
        "shares_are_disjoint_and_whole" => shares(ranks),
        "each_line_of_a_file_is_read_by_one_rank" => lines(ranks),
        "a_broadcast_gives_the_parameters_of_rank_0" => broadcast(ranks),
        "full_batches_are_as_on_one_process" => full_batches(ranks),
        "loops_of_plain_functions_are_as_on_one_process" => plain_loops(ranks),
        "mini_batches_with_dropout_are_as_on_one_process" => mini_batches(ranks),
        "f32_is_as_on_one_process" => single_precision(ranks),
        "a_loss_of_the_program_is_as_on_one_process" => own_losses(ranks),
        "small_and_large_layers_are_summed_alike" => small_and_large(ranks),
        "frozen_layers_get_no_sums" => frozen(ranks),
        "a_step_allocates_nothing" => no_allocation(ranks),
        "arrays_may_have_any_layout" => layouts::any_layout(ranks),
        "gradients_may_have_any_layout" => layouts::any_layout_of_gradients(ranks),
        "networks_have_a_bounded_depth" => depth(ranks),
        "errors_of_one_rank_are_errors_of_all" => errors(ranks),
        "disagreements_are_errors_of_all" => disagreements(ranks),
        "panics_on_the_last_rank" => panics(ranks),
        "goes_on_from_checkpoints" => checkpoints(ranks),
        "a_classifier_learns_as_on_one_process" => models::classifier(ranks),
        "a_regressor_learns_as_on_one_process" => models::regressor(ranks),
        "a_regressor_of_counts_learns_as_on_one_process" => models::counts(ranks),
        "smoothed_labels_are_learned_as_on_one_process" => models::smoothed(ranks),
        "a_multi_label_classifier_learns_as_on_one_process" => models::multi_label(ranks),
        "shards_may_be_sorted" => models::sorted(ranks),
        "a_fit_that_cannot_be_saved_is_an_error_of_all" => models::unsaved(ranks),
        "errors_of_a_fit_are_errors_of_all" => models::errors(ranks),
        "fits_go_on_as_on_one_process" => models::continued(ranks),
        "ranks_that_start_or_go_on_differently_are_refused" => models::differing(ranks),
        "a_callback_stops_all" => models::stopped(ranks),
        "a_fit_goes_on_from_checkpoints" => models::resumed(ranks),
        _ => panic!("there is no case {name}"),
    }
}

/// A step takes a stack frame for each layer, which bounds their number.
fn depth(ranks: &Ranks<'_>) -> Result<()> {
    let step = |layers: usize| -> Result<()> {
        let parameters = network::<f64>(&vec![1; layers + 1]);
        let mut workspace = ranks.workspace(&parameters, 2)?;
        let (x, y) = (Array2::ones((1, 2)), Array2::ones((1, 2)));
        let cost = Cost::BinaryCrossEntropy;
        workspace.cost_and_gradients(&x, &y, &parameters, cost).map(drop)
    };
    step(256)?;
    let error = step(257).unwrap_err().to_string();
    assert!(error.contains("layers is 257, but must be at most 256"), "{error}");
    Ok(())
}

fn shares(ranks: &Ranks<'_>) -> Result<()> {
    for total in [0, 1, 3, 4, 17] {
        let share = ranks.share(total);
        assert_eq!(ranks.offset_and_total(share.len()), (share.start, total));
        assert!(share.len().abs_diff(total / ranks.size()) <= 1);
    }
    Ok(())
}

fn lines(ranks: &Ranks<'_>) -> Result<()> {
    let long = "x".repeat(40);
    for (i, text) in [
        String::new(),
        "\n".into(),
        "a\nbc\ndef\n".into(),
        "a\nbc\ndef".into(),
        format!("a\n{long}\nb\n\n\nc"),
        format!("{long}{long}"),
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n".into(),
        "\u{e4}\u{f6}\n\u{fc}\n".repeat(9),
    ]
    .iter()
    .enumerate()
    {
        let path = folder().join(format!("lines-{i}"));
        let written = if ranks.is_first() { std::fs::write(&path, text) } else { Ok(()) };
        ranks.all_ok(written)?;
        let own = ranks.read_lines(&path)?;
        assert!(own.is_empty() || own.ends_with('\n') || text.ends_with(&own));
        let part = folder().join(format!("part-{i}-{}", ranks.rank()));
        ranks.all_ok(std::fs::write(&part, own))?;
        let part = |rank: usize| folder().join(format!("part-{i}-{rank}"));
        let all = (0..ranks.size()).map(|rank| std::fs::read_to_string(part(rank)).expect("read"));
        assert_eq!(all.collect::<String>(), *text);
    }
    let missing = ranks.read_lines(folder().join("missing"));
    is_of_rank(missing, 0, "No such file");
    let path = folder().join("latin1");
    let written = if ranks.is_first() { std::fs::write(&path, b"\xe4 one line\n") } else { Ok(()) };
    ranks.all_ok(written)?;
    is_of_rank(ranks.read_lines(&path), 0, "utf-8");
    Ok(())
}

fn broadcast(ranks: &Ranks<'_>) -> Result<()> {
    let expected = network::<f64>(&[300, 300, 1]);
    let mut own = expected.clone();
    if ranks.is_first() {
        let by_columns = own.layers()[0].w.t().as_standard_layout().into_owned();
        own.layers_mut()[0].w = by_columns.reversed_axes();
    } else {
        for layer in own.layers_mut() {
            layer.w = Array2::zeros((layer.w.ncols(), layer.w.nrows())).reversed_axes();
            layer.b.fill(f64::NAN);
        }
    }
    ranks.broadcast(&mut own)?;
    assert_eq!(own, expected);
    Ok(())
}

/// A hundred steps of Adam on all examples.
fn full_batches(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.3);
    let sizes = [5, 16, 8, 3];
    let mut whole = network(&sizes);
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &whole)?;
    let mut workspace = Workspace::new(&whole, 203).unwrap();
    let mut whole_cost = 0.0;
    for _ in 0..100 {
        let (cost, gradients) = workspace.cost_and_gradients(&x, &y, &whole, &objective)?;
        optimizer.step(&mut whole, gradients, 0.01)?;
        whole_cost = cost;
    }

    let mine = uneven(ranks, 203);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&sizes);
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
    let mut workspace = ranks.workspace(&parameters, x.ncols())?;
    let mut joint_cost = 0.0;
    for _ in 0..100 {
        let (cost, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &objective)?;
        optimizer.step(&mut parameters, gradients, 0.01)?;
        joint_cost = cost;
    }
    assert!((joint_cost - whole_cost).abs() < 1e-12 * whole_cost, "{joint_cost} {whole_cost}");
    let difference = difference(&parameters, &whole);
    assert!(difference < 1e-12, "{difference}");
    if ranks.size() == 1 {
        assert_eq!(bits(&parameters), bits(&whole));
    }
    leave(ranks, &parameters);
    Ok(())
}

/// `Σ (a - y)²`, times a factor.
#[derive(Debug)]
struct Squared(f64);

impl Loss<f64> for Squared {
    fn loss(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
        self.0 * a.iter().zip(y).map(|(a, y)| (a - y) * (a - y)).sum::<f64>()
    }

    fn derivative(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>, da: &mut ArrayRef1<f64>) {
        Zip::from(da).and(a).and(y).for_each(|da, a, y| *da = self.0 * 2.0 * (a - y));
    }
}

/// Ten steps on the loss of a program.
fn own_losses(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 203);
    let objective = Objective::new(MeanLoss(&Squared(0.5))).l2(0.3);
    let mut whole = network(&[5, 8, 1]);
    let mut workspace = Workspace::new(&whole, 203)?;
    for _ in 0..10 {
        let (_, gradients) = workspace.cost_and_gradients(&x, &y, &whole, &objective)?;
        update_parameters(&mut whole, gradients, 0.3)?;
    }
    let mine = uneven(ranks, 203);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&[5, 8, 1]);
    let mut workspace = ranks.workspace(&parameters, x.ncols())?;
    for _ in 0..10 {
        let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &objective)?;
        update_parameters(&mut parameters, gradients, 0.3)?;
    }
    let difference = difference(&parameters, &whole);
    assert!(difference < 1e-12, "{difference}");
    let cost = MeanLoss(Squared(if ranks.rank() == 1 { 0.75 } else { 0.5 }));
    let result = workspace.cost_and_gradients(&x, &y, &parameters, cost);
    disagrees(ranks, result, "step", "0.75");
    leave(ranks, &parameters);
    Ok(())
}

/// A hundred steps of gradient descent with the course's functions.
fn plain_loops(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 203);
    let sizes = [5, 300, 16, 1];
    let mut whole = network(&sizes);
    for _ in 0..100 {
        let (al, caches) = l_model_forward(&x, &whole)?;
        let gradients = l_model_backward(&al, &y, &caches)?;
        update_parameters(&mut whole, &gradients, 0.3)?;
    }
    let mine = uneven(ranks, 203);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&sizes);
    for _ in 0..100 {
        let mut gradients = if x.is_empty() {
            let mut any = Gradients::zeros_like(&parameters);
            any.layers_mut()[0].dw.fill(f64::NAN);
            any
        } else {
            let (al, caches) = l_model_forward(&x, &parameters)?;
            l_model_backward(&al, &y, &caches)?
        };
        if ranks.rank().is_multiple_of(2) {
            let dw = &mut gradients.layers_mut()[1].dw;
            *dw = dw.t().as_standard_layout().into_owned().reversed_axes();
        }
        assert_eq!(ranks.average(&mut gradients, x.ncols())?, 203);
        update_parameters(&mut parameters, &gradients, 0.3)?;
    }
    let difference = difference(&parameters, &whole);
    assert!(difference < 1e-12, "{difference}");
    leave(ranks, &parameters);
    Ok(())
}

/// A hundred steps of mini-batches in random order, with dropout, L2 and momentum.
fn mini_batches(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.1);
    let sizes = [5, 24, 300, 12, 3];
    let mut whole = network(&sizes);
    let mut optimizer = Optimizer::new(Algorithm::MOMENTUM, &whole)?;
    let mut workspace = Workspace::new(&whole, 16).unwrap();
    let mut batches = Batches::new(&x, &y, 16)?;
    let mut rng = NumpyRandom::seed(11);
    for _ in 0..8 {
        batches.shuffle(&mut rng);
        while let Some((x, y)) = batches.next() {
            let dropout = Dropout::new(0.8, &mut rng);
            let (_, gradients) =
                workspace.cost_and_gradients_with_dropout(&x, y, &whole, &objective, dropout)?;
            optimizer.step(&mut whole, gradients, 0.1)?;
        }
    }
    assert!(optimizer.steps() >= 100);

    let mine = uneven(ranks, 203);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&sizes);
    let mut optimizer = Optimizer::new(Algorithm::MOMENTUM, &parameters)?;
    let mut workspace = ranks.workspace(&parameters, 16)?;
    let mut batches = ranks.batches(&x, &y, 16)?;
    let mut rng = NumpyRandom::seed(11);
    for _ in 0..8 {
        epoch_with_dropout(
            &mut workspace,
            &mut batches,
            &mut parameters,
            Noise { objective: &objective, keep_prob: 0.8, rng: &mut rng },
            |parameters, gradients| optimizer.step(parameters, gradients, 0.1),
        )?;
    }
    let difference = difference(&parameters, &whole);
    assert!(difference < 1e-12, "{difference}");
    leave(ranks, &parameters);
    Ok(())
}

fn single_precision(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f32>(5, 2, 400);
    let sizes = [5, 64, 1];
    let mut whole = network(&sizes);
    let mut workspace = Workspace::new(&whole, 400).unwrap();
    for _ in 0..100 {
        let (_, gradients) =
            workspace.cost_and_gradients(&x, &y, &whole, Cost::BinaryCrossEntropy)?;
        update_parameters(&mut whole, gradients, 0.3)?;
    }
    let mine = ranks.share(400);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&sizes);
    let mut workspace = ranks.workspace(&parameters, x.ncols())?;
    for _ in 0..100 {
        let (_, gradients) =
            workspace.cost_and_gradients(&x, &y, &parameters, Cost::BinaryCrossEntropy)?;
        update_parameters(&mut parameters, gradients, 0.3)?;
    }
    let difference = difference(&parameters, &whole);
    assert!(difference < 1e-5, "{difference}");
    leave(ranks, &parameters);
    Ok(())
}

/// Large layers, summed in messages of their own, between small layers that share one.
fn small_and_large(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 50);
    let whole = network(&[5, 400, 10, 200, 30, 1]);
    let mut workspace = Workspace::new(&whole, 50).unwrap();
    let cost = Cost::BinaryCrossEntropy;
    let (_, expected) = workspace.cost_and_gradients(&x, &y, &whole, &cost)?;
    let mine = uneven(ranks, 50);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut joint = ranks.workspace(&whole, x.ncols())?;
    for _ in 0..3 {
        let (_, gradients) = joint.cost_and_gradients(&x, &y, &whole, &cost)?;
        for (g, e) in gradients.layers().iter().zip(expected.layers()) {
            assert!((&g.dw - &e.dw).iter().all(|d| d.abs() < 1e-15));
            assert!((&g.db - &e.db).iter().all(|d| d.abs() < 1e-15));
        }
    }
    Ok(())
}

/// Frozen layers, large and small, keep gradients of 0; the others are as on one process.
fn frozen(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 50);
    let whole = network(&[5, 400, 10, 200, 30, 1]);
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
    let mut workspace = Workspace::new(&whole, 50).unwrap();
    let (cost, expected) = workspace.cost_and_gradients(&x, &y, &whole, &objective)?;
    let mine = uneven(ranks, 50);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut joint = ranks.workspace(&whole, x.ncols())?;
    for frozen in [&[1][..], &[2], &[1, 4], &[2, 3, 5], &[1, 2, 3, 4], &[]] {
        joint.freeze(frozen)?;
        assert_eq!(joint.frozen(), frozen);
        for _ in 0..2 {
            let (found_cost, gradients) = joint.cost_and_gradients(&x, &y, &whole, &objective)?;
            assert!((found_cost - cost).abs() < 1e-13);
            for (l, (g, e)) in gradients.layers().iter().zip(expected.layers()).enumerate() {
                let share = if frozen.contains(&(l + 1)) { 0.0 } else { 1.0 };
                let bound = 1e-15 * share; // zeros are exact
                assert!((&g.dw - &(&e.dw * share)).iter().all(|d| d.abs() <= bound));
                assert!((&g.db - &(&e.db * share)).iter().all(|d| d.abs() <= bound));
            }
        }
    }
    let mut parameters = whole.clone();
    let mut optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters)?;
    joint.freeze(&[1, 3])?;
    optimizer.freeze(&[1, 3])?;
    let (_, gradients) = joint.cost_and_gradients(&x, &y, &parameters, &objective)?;
    optimizer.step(&mut parameters, gradients, 0.1)?;
    for l in 0..5 {
        assert_eq!(parameters.layers()[l] == whole.layers()[l], l == 0 || l == 2);
    }
    leave(ranks, &parameters);
    Ok(())
}

fn no_allocation(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f32>(5, 2, 300);
    let mine = uneven(ranks, 300);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut parameters = network(&[5, 400, 30, 1]);
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
    let mut workspace = ranks.workspace(&parameters, 64)?;
    let mut batches = ranks.batches(&x, &y, 64)?;
    let mut rng = NumpyRandom::seed(11);
    // The scratch of the products grows with the local batch: the largest comes first.
    let most = columns(&examples::<f32>(5, 2, 64).0, 0..64);
    let none = Array2::zeros((1, 64));
    workspace.cost_and_gradients(&most, &none, &parameters, Cost::BinaryCrossEntropy)?;
    let mut counted = 0;
    for epoch in 0..4 {
        let before = allocations();
        let objective = &Objective::new(Cost::BinaryCrossEntropy);
        epoch_with_dropout(
            &mut workspace,
            &mut batches,
            &mut parameters,
            Noise { objective, keep_prob: 0.9, rng: &mut rng },
            |parameters, gradients| optimizer.step(parameters, gradients, 0.01),
        )?;
        if epoch > 0 {
            counted += allocations() - before;
        }
    }
    assert_eq!(counted, 0);
    let mut gradients = Gradients::zeros_like(&parameters);
    ranks.average(&mut gradients, 3)?;
    let before = allocations();
    ranks.average(&mut gradients, 3)?;
    assert_eq!(allocations(), before);
    Ok(())
}

/// Asserts that all ranks report the error of one rank: its number, and a part of its text.
pub fn is_of_rank<T>(result: Result<T>, rank: usize, part: &str) {
    match result {
        Err(Error::OnRank { rank: found, cause }) => {
            assert_eq!(found, rank, "{cause}");
            assert!(cause.to_string().contains(part), "{cause}");
        }
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

fn errors(ranks: &Ranks<'_>) -> Result<()> {
    let bad = ranks.size() - 1;
    let is_bad = ranks.rank() == bad;
    let (x, y) = examples::<f64>(5, 3, 20);
    let mut parameters = network(&[5, 8, 3]);
    let cost = Cost::CategoricalCrossEntropy;
    let mut workspace = ranks.workspace(&parameters, 20)?;
    let other = Array2::zeros((4, 20));
    let x_here = if is_bad { &other } else { &x };
    let result = workspace.cost_and_gradients(x_here, &y, &parameters, &cost);
    if let Err(Error::OnRank { cause, .. }) = &result {
        // Its rank has the error itself, the others its text.
        assert_eq!(cause.downcast_ref::<Error>().is_some(), is_bad);
    }
    is_of_rank(result, bad, "layer 1: W (8, 5) and A_prev (4, 20)");
    let one_hot = Array2::zeros((3, 20));
    let result = workspace.cost_and_gradients(&x, &one_hot, &parameters, Cost::BinaryCrossEntropy);
    is_of_rank(result, 0, "layer 2: binary cross-entropy needs sigmoid outputs, not softmax");
    let mut labels = y.clone();
    if is_bad {
        labels[[0, 3]] = 7.0;
    }
    is_of_rank(workspace.cost_and_gradients(&x, &labels, &parameters, &cost), bad, "7");
    let many = Array2::zeros((5, 21));
    let too_many = workspace.cost_and_gradients(
        if is_bad { &many } else { &x },
        if is_bad { many.slice(s![..1, ..]) } else { y.view() },
        &parameters,
        &cost,
    );
    is_of_rank(too_many, bad, "21");

    let own: Result<u8, &str> = if is_bad { Err("the disk is gone") } else { Ok(3) };
    is_of_rank(ranks.all_ok(own), bad, "the disk is gone");
    assert_eq!(ranks.all_ok(Ok::<_, String>(5))?, 5);

    let y_here = if is_bad { Array2::zeros((1, 19)) } else { y.clone() };
    is_of_rank(ranks.batches(&x, &y_here, 4), bad, "(1, 19)");

    let nobody = Array2::zeros((5, 0));
    let none = workspace.cost_and_gradients(&nobody, &Array2::zeros((1, 0)), &parameters, &cost);
    assert!(matches!(none, Err(Error::EmptyBatch { .. })));
    let mut gradients = Gradients::zeros_like(&parameters);
    assert!(matches!(ranks.average(&mut gradients, 0), Err(Error::EmptyBatch { .. })));

    // Columns beyond the batch.
    for (columns, total) in
        [(vec![0, 1], 40), ((0..20).rev().collect(), 40), ((0..20).collect(), 19)]
    {
        let wrong = BatchColumns { columns: &columns, total };
        let right = BatchColumns { columns: &(0..20).collect::<Vec<_>>(), total };
        let rng = &mut NumpyRandom::seed(1);
        let dropout = Dropout::new(0.5, rng).columns(if is_bad { wrong } else { right });
        let result = workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, &cost, dropout);
        assert!(matches!(result, Err(Error::OnRank { .. })), "{columns:?}");
    }

    // After these errors a step still works.
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
    update_parameters(&mut parameters, gradients, 0.1)?;
    leave(ranks, &parameters);
    Ok(())
}

/// Returns the error that names rank 1, with its text.
pub fn disagrees<T>(ranks: &Ranks<'_>, result: Result<T>, field: &str, has: &str) {
    match result {
        Ok(_) if ranks.size() == 1 => {}
        Err(Error::Disagreement { field: found_field, rank, expected, found }) => {
            assert_eq!((rank, found_field), (1, field));
            assert!(found.contains(has) && !expected.contains(has), "{expected} {found}");
        }
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

fn disagreements(ranks: &Ranks<'_>) -> Result<()> {
    let is_other = ranks.rank() == 1;
    let (x, y) = examples::<f64>(5, 2, 20);
    let parameters = network(&[5, 8, 1]);
    let mut own = if is_other { network(&[5, 9, 1]) } else { parameters.clone() };
    disagrees(ranks, ranks.broadcast(&mut own), "network", "(9, 5)");
    assert_eq!(own, if is_other { network(&[5, 9, 1]) } else { parameters.clone() });
    disagrees(ranks, ranks.workspace(&own, 20), "network", "(9, 5)");
    let how = Hyperparameters::plain();
    let how = if is_other { how.l2(0.25) } else { how };
    disagrees(ranks, ranks.ensure_equal("hyperparameters", &how), "hyperparameters", "l2: 0.25");
    let layers = [Activation::Tanh, if is_other { Activation::Sigmoid } else { Activation::Relu }];
    let how = Hyperparameters::plain().activation(layers);
    disagrees(ranks, ranks.ensure_equal("hyperparameters", &how), "hyperparameters", "Sigmoid");
    let rule =
        Algorithm::Adam { beta1: if is_other { 0.8 } else { 0.9 }, beta2: 0.9, epsilon: 1e-8 };
    disagrees(ranks, ranks.ensure_equal("optimiser", &rule), "optimiser", "0.8");

    let rng = NumpyRandom::seed(if is_other { 2 } else { 1 });
    let other = format!("{:?}", NumpyRandom::seed(2));
    disagrees(ranks, ranks.ensure_equal("generator", &rng), "generator", &other);
    let mut long = vec![0; 3000];
    long[2500] = if is_other { 77 } else { 0 };
    disagrees(ranks, ranks.ensure_equal("list", &long), "list", "77");
    let g = if is_other { Activation::Tanh } else { Activation::Relu };
    let other = parameters.clone().with_activations(g, Activation::Sigmoid);
    disagrees(ranks, ranks.workspace(&other, 20), "network", "Tanh");
    let mut other = parameters.clone();
    other.layers_mut()[0].w[[7, 4]] += if is_other { 1e-9 } else { 0.0 };
    let result = ranks.workspace(&other, 20);
    let differs = matches!(result, Err(Error::Disagreement { field: "set of parameters", .. }));
    assert_eq!(differs, ranks.size() > 1);

    let mut workspace = ranks.workspace(&parameters, 20)?;
    let cost = if is_other { Cost::MeanSquaredError } else { Cost::BinaryCrossEntropy };
    let result = workspace.cost_and_gradients(&x, &y, &parameters, cost);
    disagrees(ranks, result, "step", "MeanSquaredError");
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(if is_other { 0.5 } else { 0.0 });
    let result = workspace.cost_and_gradients(&x, &y, &parameters, objective);
    disagrees(ranks, result, "step", "0.5");
    let targets = Targets::new(&y).smoothed(if is_other { 0.25 } else { 0.0 });
    let result = workspace.cost_and_gradients(&x, targets, &parameters, Cost::BinaryCrossEntropy);
    disagrees(ranks, result, "step", "smoothing: 0.25");
    workspace.freeze(if is_other { &[1] } else { &[] })?;
    let result = workspace.cost_and_gradients(&x, &y, &parameters, Cost::BinaryCrossEntropy);
    disagrees(ranks, result, "step", "Frozen([1])");
    workspace.freeze(&[])?;
    let columns: Vec<usize> = (0..20).map(|i| ranks.rank() * 20 + i).collect();
    let columns = BatchColumns { columns: &columns, total: 20 * ranks.size() };
    for (keep_prob, seed) in [(if is_other { 0.75 } else { 0.5 }, 1), (0.5, ranks.rank() as u32)] {
        let rng = &mut NumpyRandom::seed(seed);
        let dropout = Dropout::new(keep_prob, rng).columns(columns);
        let cost = Cost::BinaryCrossEntropy;
        let result = workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, cost, dropout);
        if ranks.size() > 1 {
            assert!(matches!(result, Err(Error::Disagreement { field: "step", .. })));
        }
    }
    let mut gradients = Gradients::zeros_like(&own);
    disagrees(ranks, ranks.average(&mut gradients, 20), "gradients", "(9, 5)");

    // Generators in different states.
    let mut batches = ranks.batches(&x, &y, 3)?;
    let mut rng = NumpyRandom::seed(ranks.rank() as u32);
    let mut found = false;
    batches.shuffle(&mut rng);
    while let Some(part) = batches.next_local() {
        let dropout = Dropout::new(0.5, &mut rng).columns(part.columns.expect("a shard"));
        let cost = Cost::BinaryCrossEntropy;
        let result =
            workspace.cost_and_gradients_with_dropout(&part.x, part.y, &parameters, cost, dropout);
        found |= matches!(result, Err(Error::Inconsistent { .. } | Error::Disagreement { .. }));
    }
    assert_eq!(found, ranks.size() > 1);
    Ok(())
}

fn panics(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 20);
    let parameters = network(&[5, 8, 1]);
    let mut workspace = ranks.workspace(&parameters, 20)?;
    for step in 0..10 {
        if step == 3 && ranks.rank() + 1 == ranks.size() {
            panic!("as the case says");
        }
        workspace.cost_and_gradients(&x, &y, &parameters, Cost::BinaryCrossEntropy)?;
    }
    Ok(())
}

/// A training in which rank 1 is killed, at the epoch in a file.
fn checkpoints(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 2, 100);
    let mine = uneven(ranks, 100);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let kept = Checkpoints::new(folder().join("kept"), 2).expect("a folder");
    let mut run = match ranks.all_ok(kept.latest::<f64>())? {
        Some(run) => run,
        None => {
            let parameters = network(&[5, 100, 50, 1]);
            let optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
            let schedule = Schedule::Cosine { warm_up: 0, total: 10, lowest: 0.0 };
            let generator = NumpyRandom::seed(3);
            let run = Checkpoint::new(parameters, optimizer, generator);
            run.learning_rate(0.01).schedule(schedule)
        }
    };
    ranks.ensure_equal("epoch", &run.epoch)?;
    let kill = kill_in();
    if kill.is_some_and(|epoch| epoch > 3) {
        assert!(run.epoch > 0, "the second run begins where the first one was killed");
    }
    let mut batches = ranks.batches(&x, &y, 10)?;
    let mut workspace = ranks.workspace(&run.parameters, 10)?;
    while run.epoch < 10 {
        let learning_rate = run.schedule.at(run.learning_rate, run.epoch);
        batches.shuffle(&mut run.generator);
        let mut step = 0;
        while let Some((x, y)) = batches.next() {
            if ranks.rank() == 1 && kill == Some(run.epoch) && step == 4 {
                kill_me();
            }
            let cost = Cost::BinaryCrossEntropy;
            let (_, gradients) = workspace.cost_and_gradients(&x, y, &run.parameters, cost)?;
            run.optimizer.step(&mut run.parameters, gradients, learning_rate)?;
            step += 1;
        }
        run.epoch += 1;
        let saved = if ranks.is_first() { kept.save(&run).map(|_| ()) } else { Ok(()) };
        ranks.all_ok(saved)?;
    }
    leave(ranks, &run.parameters);
    Ok(())
}
