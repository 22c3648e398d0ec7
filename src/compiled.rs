//! The functions that are compiled with this crate, for `f32` and `f64`.
//!
//! rustc compiles a generic function in the crate that calls it, with that crate's optimization. It
//! makes one exception: it links a `#[inline(never)]` function that a dependency has compiled for
//! the same types. So the functions in which programs spend their time are `#[inline(never)]`, and
//! this list makes the crate compile them: with the optimization of this package, once, and not
//! with every program. A function that is missing here is correct, but slow in a debug build.

use crate::activation::{Activation, AddBiasAndApply, Apply, Differentiate, DifferentiateOutput};
use crate::backward::{
    l_model_backward, linear_activation_backward, linear_backward, output_gradient,
};
use crate::cost::{Cost, CrossEntropy, compute_cost};
use crate::data::{Standardizer, labels};
use crate::forward::{
    l_model_forward, linear_activation_forward, linear_forward, log_softmax_in_place, predict,
    predict_proba,
};
use crate::kernel::{elementwise, product::Product};
use crate::model::{
    PackedWeights, dataset::Split, fit, network::Network, output_buffers::OutputBuffers,
};
use crate::train::backward_pass::BackwardPass;
use crate::train::batches::Batches;
use crate::train::full_batch::FullBatch;
use crate::train::lbfgs::Lbfgs;
use crate::train::optimizer::{Algorithm, Optimizer};
use crate::train::regularization::apply_mask;
use crate::train::step::StepBuffers;
use crate::update::update_parameters;
use crate::{Float, Parameters, buffer, gradients};
use ndarray::{Array2, ArrayRef2, ArrayView2, CowArray, Ix2};

/// The addresses of the functions. Nothing calls this; the compiler generates what it names.
#[must_use]
#[inline(never)]
pub fn compiled() -> [Vec<*const ()>; 2] {
    [functions::<f32>(), functions::<f64>()]
}

macro_rules! addresses {
    ($($function:expr;)*) => { vec![$($function as *const ()),*] };
}

fn functions<F: Float>() -> Vec<*const ()> {
    let mut functions = addresses![
        compute_cost::<F>;
        linear_backward::<F>;
        linear_activation_backward::<F>;
        output_gradient::<F>;
        l_model_backward::<F>;
        update_parameters::<F>;

        buffer::push_copy::<F>;
        buffer::push_zeros::<F>;
        Product::<F>::new;
        Product::<F>::run_here;
        elementwise::add_column::<F>;
        elementwise::add_scaled::<F>;
        elementwise::scaled_row_sums_into::<F>;
        elementwise::sum_of_squares::<F>;
        elementwise::sum_terms::<F, CrossEntropy>;

        Activation::run::<F, Apply<'_, F>>;
        Activation::run::<F, AddBiasAndApply<'_, F>>;
        Activation::run::<F, Differentiate<'_, F>>;
        Activation::run::<F, DifferentiateOutput<'_, F>>;
        Cost::value_unchecked::<F>;
        Cost::value_and_dz::<F>;
        Cost::gradient_in_place::<F>;
        Cost::dz_in_place::<F>;
        gradients::clip_by_norm::<F>;
        gradients::clip_by_value::<F>;

        labels::predicted_classes_of::<F>;
        log_softmax_in_place::<F>;
        Standardizer::<F>::fit;
        Standardizer::<F>::transform;
        Standardizer::<F>::transform_inplace;
        Standardizer::<F>::inverse_transform;
        Standardizer::<F>::inverse_transform_inplace;

        apply_mask::<F>;
        Batches::<F>::next_local;
        BackwardPass::<F>::run;
        FullBatch::<F>::step;
        Lbfgs::<F>::step;
        Optimizer::<F, Algorithm>::step;
        StepBuffers::<F>::prepare;
        StepBuffers::<F>::forward;
        StepBuffers::<F>::output_dz;
        StepBuffers::<F>::cost_and_gradients;

        fit::check_examples::<F>;
        fit::check_constant_features::<F>;
        fit::train::<F>;
        fit::train_further::<F>;
        Split::<F>::new;
        Network::<F>::outputs;
        Network::<F>::logits;
        OutputBuffers::<F>::compute_output;
        PackedWeights::<F>::pack;
        PackedWeights::<F>::compute;
    ];
    functions.extend(with_input::<F, &Array2<F>>());
    functions.extend(with_input::<F, Array2<F>>());
    functions.extend(with_input::<F, &ArrayView2<'_, F>>());
    functions.extend(with_input::<F, ArrayView2<'_, F>>());
    functions.extend(with_input::<F, CowArray<'_, F, Ix2>>());
    functions
}

/// The functions of the course whose first argument has the type `X`.
fn with_input<'a, F: Float, X: Into<CowArray<'a, F, Ix2>>>() -> Vec<*const ()> {
    type Matrix<'a, F> = &'a ArrayRef2<F>;
    type Network<'a, F> = &'a Parameters<F>;
    addresses![
        linear_forward as fn(X, Matrix<'a, F>, Matrix<'a, F>) -> _;
        linear_activation_forward as fn(X, Matrix<'a, F>, Matrix<'a, F>, Activation) -> _;
        l_model_forward as fn(X, Network<'a, F>) -> _;
        predict_proba as fn(X, Network<'a, F>) -> _;
        predict as fn(X, Network<'a, F>) -> _;
    ]
}
