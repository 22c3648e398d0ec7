//! Gradients of random networks against central differences of the cost.

use dnn_blocks::ndarray::{Array2, ArrayRef2, ArrayView2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};

/// A random network with data. It is drawn again if a kink of a ReLU lies between two evaluations,
/// where differences mean nothing.
struct Case<F> {
    parameters: Parameters<F>,
    x: Array2<F>,
    y: Array2<F>,
}

const HIDDEN: [Activation; 5] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.3),
    Activation::Identity,
];

/// Depths 1 to 6 and every hidden activation. AL lies in (0, 1): by a sigmoid, or by small weights
/// and a bias of 1/2.
fn cases<F: Float>() -> impl Iterator<Item = (String, Case<F>)> {
    let depths = (1..=6).flat_map(|depth| HIDDEN.map(|hidden| (depth, hidden)));
    depths.flat_map(|(depth, hidden)| {
        HIDDEN.map(|output| {
            let seed = depth as u32;
            (format!("depth {depth}, {hidden}, {output}"), case(depth, hidden, output, seed))
        })
    })
}

fn case<F: Float>(depth: usize, hidden: Activation, output: Activation, seed: u32) -> Case<F> {
    let mut rng = NumpyRandom::seed(seed);
    let dims: Vec<_> = [3, 4, 5, 3, 4, 3][..depth].iter().copied().chain([2]).collect();
    let mut parameters = initialize_parameters_deep(&dims, Initializer::Xavier, &mut rng)
        .unwrap()
        .with_activations(hidden, output);
    for layer in parameters.layers_mut() {
        layer.b.mapv_inplace(|_| F::of(0.2 * rng.randn()));
    }
    if output != Activation::Sigmoid {
        let last = parameters.layers_mut().last_mut().unwrap();
        last.w.mapv_inplace(|w| w * F::of(0.1));
        last.b.fill(F::of(0.5));
    }
    let x = Array2::from_shape_simple_fn((3, 7), || F::of(rng.randn()));
    let y = Array2::from_shape_simple_fn((2, 7), || F::of(f64::from(rng.next_u32() % 2)));
    Case { parameters, x, y }
}

impl<F: Float> Case<F> {
    fn cost(&self) -> f64 {
        let al = predict_proba(&self.x, &self.parameters).unwrap();
        compute_cost(&al, &self.y).unwrap().as_f64()
    }

    fn gradients(&self) -> (Gradients<F>, Array2<F>) {
        let (al, caches) = l_model_forward(&self.x, &self.parameters).unwrap();
        assert!(al.iter().all(|&a| a > F::zero() && a < F::one()), "AL in (0, 1)");
        let gradients = l_model_backward(&al, &self.y, &caches).unwrap();
        let (found, dx) = gradients_and_dx(&self.x, &self.y, &self.parameters);
        assert_eq!(found, gradients);
        if self.parameters.layers().last().unwrap().activation == Activation::Sigmoid {
            let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
            let output = backpropagate(&al, &self.y, &caches, options).unwrap();
            assert_eq!((output.gradients, output.dx.as_ref()), (found, Some(&dx)));
        }
        (gradients, dx)
    }

    /// Converts the case to f64, in which differences are exact enough.
    fn widened(&self) -> Case<f64> {
        let wide = |a: &Array2<F>| a.mapv(F::as_f64);
        let layers = self.parameters.layers().iter().map(|layer| Layer {
            w: wide(&layer.w),
            b: wide(&layer.b),
            activation: layer.activation,
        });
        let parameters = Parameters::from_layers(layers.collect()).unwrap();
        Case { parameters, x: wide(&self.x), y: wide(&self.y) }
    }
}

/// Returns the gradients and `dX` of a workspace, which takes any output layer.
fn gradients_and_dx<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: &Parameters<F>,
) -> (Gradients<F>, Array2<F>) {
    let mut workspace = Workspace::new(parameters, x.ncols()).unwrap();
    let pass = workspace.forward(x, parameters).unwrap();
    let (gradients, dx) = pass.backward_with_dx(y).unwrap();
    (gradients.clone(), dx.to_owned())
}

/// The number that the difference varies.
type Pick<'a> = &'a dyn Fn(&mut Case<f64>) -> &mut f64;

/// Returns a central difference, or `None` at a kink, where two step widths disagree.
fn numeric(case: &mut Case<f64>, pick: Pick) -> Option<f64> {
    let mut difference = |step: f64| {
        let at = *pick(case);
        *pick(case) = at + step;
        let above = case.cost();
        *pick(case) = at - step;
        let below = case.cost();
        *pick(case) = at;
        (above - below) / (2.0 * step)
    };
    let (coarse, fine) = (difference(2e-5), difference(1e-5));
    ((coarse - fine).abs() < 1e-7 * (1.0 + fine.abs())).then_some(fine)
}

/// Checks every coordinate of dW, db and dX. A few may lie at a kink.
fn check_all_coordinates<F: Float>(bound: f64) {
    let (mut compared, mut kinks) = (0, 0);
    for (name, case) in cases::<F>() {
        let (gradients, dx) = case.gradients();
        let m = F::of(case.x.ncols() as f64);
        let mut wide = case.widened();
        let mut check = |what: &str, found: F, pick: Pick| match numeric(&mut wide, pick) {
            Some(numeric) => {
                compared += 1;
                let error = (found.as_f64() - numeric).abs();
                let relative = error / (1.0 + numeric.abs());
                assert!(relative < bound, "{name}: {what} is {found}, numerically {numeric}");
            }
            None => kinks += 1,
        };
        for (l, layer) in gradients.layers().iter().enumerate() {
            for (at, &dw) in layer.dw.indexed_iter() {
                check(&format!("dW{}{at:?}", l + 1), dw, &|c| {
                    &mut c.parameters.layers_mut()[l].w[at]
                });
            }
            for (at, &db) in layer.db.indexed_iter() {
                check(&format!("db{}{at:?}", l + 1), db, &|c| {
                    &mut c.parameters.layers_mut()[l].b[at]
                });
            }
        }
        for (at, &dx) in dx.indexed_iter() {
            check(&format!("dX{at:?}"), dx / m, &|c| &mut c.x[at]);
        }
    }
    assert!(compared > 5000 && kinks * 200 < compared, "{compared} compared, {kinks} kinks");
}

#[test]
fn every_coordinate_in_f64() {
    check_all_coordinates::<f64>(1e-8);
}

/// The gradient in f32 against central differences of the same network in f64.
#[test]
fn every_coordinate_in_f32() {
    check_all_coordinates::<f32>(3e-6);
}

/// The derivative along a random direction in all parameters.
#[test]
fn random_directions() {
    let mut rng = NumpyRandom::seed(11);
    let mut kinks = 0;
    for (name, case) in cases::<f64>() {
        let mut direction = Gradients::zeros_like(&case.parameters);
        for layer in direction.layers_mut() {
            layer.dw.mapv_inplace(|_| rng.randn());
            layer.db.mapv_inplace(|_| rng.randn());
        }
        let (gradients, _) = case.gradients();
        let slope: f64 = gradients
            .layers()
            .iter()
            .zip(direction.layers())
            .map(|(g, d)| (&g.dw * &d.dw).sum() + (&g.db * &d.db).sum())
            .sum();
        let cost_at = |step: f64| {
            let mut parameters = case.parameters.clone();
            update_parameters(&mut parameters, &direction, -step).unwrap();
            Case { parameters, x: case.x.clone(), y: case.y.clone() }.cost()
        };
        let difference = |step: f64| (cost_at(step) - cost_at(-step)) / (2.0 * step);
        let (coarse, fine) = (difference(2e-6), difference(1e-6));
        if (coarse - fine).abs() > 1e-6 * (1.0 + fine.abs()) {
            kinks += 1;
            continue;
        }
        assert!((slope - fine).abs() < 1e-7 * (1.0 + fine.abs()), "{name}: {slope} {fine}");
    }
    assert!(kinks < 5, "{kinks} kinks");
}

/// Transposed, strided, reversed and Fortran-ordered inputs and weights give the same results as
/// row-major ones.
#[test]
fn views_of_every_layout() {
    for (name, case) in cases::<f64>() {
        let (expected, expected_dx) = case.gradients();
        let al = predict_proba(&case.x, &case.parameters).unwrap();
        let transposed = case.x.t().as_standard_layout().into_owned();
        let mut spread = Array2::from_elem((6, 21), f64::NAN);
        spread.slice_mut(s![..;2, ..;3]).assign(&case.x);
        let mut backwards = case.x.slice(s![..;-1, ..;-1]).to_owned();
        backwards.invert_axis(Axis(0));
        backwards.invert_axis(Axis(1));
        let mut fortran = case.parameters.clone();
        for layer in fortran.layers_mut() {
            layer.w = layer.w.t().as_standard_layout().into_owned().reversed_axes();
        }
        let y = case.y.t().as_standard_layout().into_owned();
        let inputs: [ArrayView2<f64>; 3] =
            [transposed.t(), spread.slice(s![..;2, ..;3]), backwards.view()];
        for (x, parameters) in inputs.iter().zip([&case.parameters, &fortran, &fortran]) {
            let (found, caches) = l_model_forward(*x, parameters).unwrap();
            assert!((&found - &al).iter().all(|d| d.abs() < 1e-14), "{name}");
            let mut results = vec![gradients_and_dx(x, &y.t(), parameters)];
            let gradients = l_model_backward(&found.t().t(), &y.t(), &caches).unwrap();
            results.push((gradients, expected_dx.clone()));
            if caches.last().unwrap().activation.activation == Activation::Sigmoid {
                let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
                let (al, y) = (found.t().reversed_axes(), y.t());
                let output = backpropagate(&al, y, &caches, options).unwrap();
                results.push((output.gradients, output.dx.unwrap()));
            }
            for (gradients, dx) in results {
                assert!((&dx - &expected_dx).iter().all(|d| d.abs() < 1e-12), "{name}");
                for (found, expected) in gradients.layers().iter().zip(expected.layers()) {
                    assert!((&found.dw - &expected.dw).iter().all(|d| d.abs() < 1e-12), "{name}");
                    assert!((&found.db - &expected.db).iter().all(|d| d.abs() < 1e-12), "{name}");
                }
            }
        }
    }
}
