//! Arrays of any memory layout give the results of row-major arrays.

use crate::strides::{Laid, Layout, laid_network, owned_layouts};
use crate::support::{Noise, columns, difference, epoch_with_dropout, examples, network, uneven};
use dnn_blocks::Result;
use dnn_blocks::distributed::Ranks;
use dnn_blocks::ndarray::ArrayView2;
use dnn_blocks::prelude::*;

/// Takes steps of gradient descent on mini-batches with dropout, and one step without.
fn train(
    ranks: &Ranks<'_>,
    x: ArrayView2<'_, f64>,
    y: ArrayView2<'_, f64>,
    mut parameters: Parameters<f64>,
) -> Result<Parameters<f64>> {
    let mut rng = NumpyRandom::seed(3);
    let objective = &Objective::new(Cost::CategoricalCrossEntropy);
    let mut workspace = ranks.workspace(&parameters, 20)?;
    let mut batches = ranks.batches(x, y, 20)?;
    epoch_with_dropout(
        &mut workspace,
        &mut batches,
        &mut parameters,
        Noise { objective, keep_prob: 0.8, rng: &mut rng },
        |parameters, gradients| update_parameters(parameters, gradients, 0.1),
    )?;
    let mut workspace = ranks.workspace(&parameters, x.ncols())?;
    let (_, gradients) = workspace.cost_and_gradients(&x, y, &parameters, objective)?;
    update_parameters(&mut parameters, gradients, 0.1)?;
    Ok(parameters)
}

pub fn any_layout(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(90, 3, 53);
    let mine = uneven(ranks, 53);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    // One layer is summed in its own message.
    let start = network::<f64>(&[90, 60, 3]);
    let expected = train(ranks, x.view(), y.view(), start.clone())?;
    let is_close = |found: &Parameters<f64>, layout: Layout| {
        let difference = difference(found, &expected);
        assert!(difference < 1e-12, "{layout:?}: {difference:e}");
    };
    let all = owned_layouts(&start.layers()[0].w);
    for layout in all.iter().map(|laid| laid.layout) {
        let (x, y) = (Laid::new(layout, &x), Laid::new(layout, &y));
        is_close(&train(ranks, x.view(), y.view(), start.clone())?, layout);
        is_close(&train(ranks, x.view(), y.view(), laid_network(layout, &start))?, layout);

        let mut own = laid_network(layout, &start);
        if !ranks.is_first() {
            own.layers_mut().iter_mut().for_each(|layer| layer.w.fill(f64::NAN));
        }
        ranks.broadcast(&mut own)?;
        assert_eq!(own, start, "{layout:?}");

        let average = |layout: Layout| -> Result<Gradients<f64>> {
            let mut gradients = Gradients::zeros_like(&start);
            for (layer, gradient) in start.layers().iter().zip(gradients.layers_mut()) {
                let own = &layer.w * (ranks.rank() + 1) as f64;
                gradient.dw = Laid::new(layout, &own).owned();
                gradient.db = Laid::new(layout, &layer.b).owned();
            }
            ranks.average(&mut gradients, 5 + ranks.rank())?;
            Ok(gradients)
        };
        assert_eq!(average(layout)?, average(Layout::RowMajor)?, "{layout:?}");
    }
    fits(ranks)
}

/// A fit copies its examples, so that the bits are equal.
fn fits(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 53);
    let mine = uneven(ranks, 53);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let how = Hyperparameters::plain().hidden(&[6]).epochs(2).validation_share(0.2);
    let mut expected = None;
    for (x, y) in owned_layouts(&x).iter().zip(owned_layouts(&y)) {
        let (x, values) = (Examples::columns(x.view()), Examples::columns(y.view()));
        let mut regressor = Regressor::new(how.clone());
        ranks.fit_regressor(&mut regressor, x, values, FitOptions::new())?;
        let numbers: Vec<usize> = y.view().iter().map(|class| *class as usize).collect();
        let mut classifier = Classifier::new(how.clone()).with_classes(&[0, 1, 2]);
        ranks.fit_classifier(&mut classifier, x, &numbers, FitOptions::new())?;
        let table = y.view().mapv(|class| f64::from(u8::from(class > 0.5)));
        let labels = LabelSets::table(Examples::columns(&table), &["positive"]);
        let mut multi_label = MultiLabelClassifier::new(how.clone()).with_labels(&["positive"]);
        ranks.fit_multi_label(&mut multi_label, x, labels, FitOptions::new())?;
        let found = [regressor.parameters(), classifier.parameters(), multi_label.parameters()];
        let found = found.map(Option::<&Parameters<f64>>::cloned);
        assert!(*expected.get_or_insert_with(|| found.clone()) == found);
    }
    Ok(())
}

/// A caller may change the gradients in the buffers.
pub fn any_layout_of_gradients(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 20);
    let parameters = network::<f64>(&[5, 4, 3]);
    let mut workspace = ranks.workspace(&parameters, 20)?;
    let cost = Cost::CategoricalCrossEntropy;
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
    let expected = gradients.clone();
    let dw = &mut gradients.layers_mut()[0].dw;
    *dw = Laid::new(Layout::ColumnMajor, dw).owned();
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
    assert_eq!(*gradients, expected);
    Ok(())
}
