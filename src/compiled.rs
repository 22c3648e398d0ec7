//! The functions that are compiled with this crate, for `f32` and `f64`.
//!
//! rustc compiles a generic function in the crate that calls it, with that crate's optimization. It
//! makes one exception: it links a `#[inline(never)]` function that a dependency has compiled for
//! the same types. So the functions in which programs spend their time are `#[inline(never)]`, and
//! this list makes the crate compile them: with the optimization of this package, once, and not
//! with every program. A function that is missing here is correct, but slow in a debug build.

use crate::activation::{Activation, AddBiasAndApply, Apply, Differentiate, DifferentiateOutput};
use crate::cost::{Cost, CrossEntropy};
use crate::data::{Standardizer, labels};
use crate::kernel::{elementwise, product::Product};
use crate::model::{dataset::Split, fit, network::Network, output_buffers::OutputBuffers};
use crate::train::backward_pass::BackwardPass;
use crate::train::batches::Batches;
use crate::train::full_batch::FullBatch;
use crate::train::optimizer::{Algorithm, Optimizer};
use crate::train::regularization::apply_mask;
use crate::train::step::StepBuffers;
use crate::{Float, buffer, gradients};

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
    addresses![
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
        Standardizer::<F>::fit;
        Standardizer::<F>::transform;
        Standardizer::<F>::transform_inplace;
        Standardizer::<F>::inverse_transform;
        Standardizer::<F>::inverse_transform_inplace;

        apply_mask::<F>;
        Batches::<F>::next_local;
        BackwardPass::<F>::run;
        FullBatch::<F>::step;
        Optimizer::<F, Algorithm>::step;
        StepBuffers::<F>::prepare;
        StepBuffers::<F>::forward;
        StepBuffers::<F>::output_dz;
        StepBuffers::<F>::cost_and_gradients;

        fit::check_examples::<F>;
        fit::check_constant_features::<F>;
        fit::train::<F>;
        fit::train_one_epoch::<F>;
        Split::<F>::new;
        Network::<F>::outputs;
        OutputBuffers::<F>::compute;
    ]
}
