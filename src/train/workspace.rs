//! The same training step without allocation: buffers made once, and the kernels of
//! [`forward`](crate::forward) and [`backward`](crate::backward).
//!
//! The results are equal to those of [`l_model_forward`](crate::forward::l_model_forward) and
//! [`l_model_backward`](crate::backward::l_model_backward) to the last bit.

use crate::activation::Activation;
use crate::backward::{
    LayerGradients, bias_gradient_into, input_gradient_into, weight_gradient_into,
};
use crate::train::batches::Place;
use crate::buffer;
use crate::cost::{Cost, Targets, check_outputs, compute_cost, cost_and_sigmoid_dz};
use crate::error::{Operand, check, check_same_shape, check_weights};
use crate::forward::{activated_into, check_linear};
use crate::init::RandomSource;
use crate::train::reduce::{Alone, Joint, Own};
use crate::train::regularization::{
    Objective, add_l2_gradient, check_keep_prob, draw_columns_into, draw_into, drop_units, l2_cost,
};
use crate::{Error, Float, Gradients, Layer, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2};

/// The buffers of a training step for one network and up to a number of examples.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let mut rng = NumpyRandom::seed(3);
/// let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let mut workspace = Workspace::new(&parameters, 4);
/// for _ in 0..2000 {
///     let pass = workspace.forward(&x, &parameters)?;
///     let _cost = pass.cost(&y)?;
///     let gradients = pass.backward(&y)?;
///     update_parameters(&mut parameters, gradients, 0.5)?;
/// }
/// assert_eq!(predict(&x, &parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// The first pass allocates; later ones do not, also if they have fewer examples, as the last
/// batch of an epoch may. ReLU, leaky ReLU, sigmoid and tanh have derivatives that follow from
/// `A`, so no `Z` is kept (but for a leaky ReLU whose slope is not positive).
#[derive(Debug, Clone)]
pub struct Workspace<F> {
    /// The size of `X`, then the units of each layer.
    sizes: Vec<usize>,
    examples: usize,
    /// The probability of a hidden unit to be kept, while a pass drops some.
    keep_prob: Option<F>,
    buffers: Option<Buffers<F>>,
}

/// On the way forward `a[l]` holds `A` of layer l; on the way back it becomes `dZ` of the layer.
#[derive(Debug, Clone)]
struct Buffers<F> {
    a: Vec<Vec<F>>,
    /// `Z` of the layers whose `A` does not tell the derivative; empty for the others.
    z: Vec<Vec<F>>,
    /// `dA` between two layers.
    da: Vec<F>,
    /// `dX`, empty until asked for.
    dx: Vec<F>,
    /// `D` of the hidden layers, and `A ∘ D / keep_prob`: empty until units are dropped.
    d: Vec<Vec<F>>,
    dropped: Vec<Vec<F>>,
    gradients: Gradients<F>,
}

/// The first `rows` times `m` numbers as a matrix.
fn matrix<F>(numbers: &[F], rows: usize, m: usize) -> ArrayView2<'_, F> {
    ArrayView2::from_shape((rows, m), &numbers[..rows * m]).expect("as many as the shape has")
}

fn matrix_mut<F>(numbers: &mut [F], rows: usize, m: usize) -> ArrayViewMut2<'_, F> {
    let numbers = &mut numbers[..rows * m];
    ArrayViewMut2::from_shape((rows, m), numbers).expect("as many as the shape has")
}

impl<F: Float> Workspace<F> {
    /// For batches of at most `examples` columns. The memory is taken by the first pass, which
    /// can say so if there is not enough.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let parameters = initialize_parameters::<f32>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let workspace = Workspace::new(&parameters, 64);
    /// # let _ = workspace;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn new(parameters: &Parameters<F>, examples: usize) -> Self {
        let layers = parameters.layers();
        let features = layers.first().map_or(0, |layer| layer.w.ncols());
        let units = layers.iter().map(|layer| layer.w.nrows());
        let sizes = std::iter::once(features).chain(units).collect();
        Self { sizes, examples, keep_prob: None, buffers: None }
    }

    /// [`l_model_forward`](crate::forward::l_model_forward) into the buffers.
    ///
    /// `X` (n₀, m), with m at most the examples the workspace was made for.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::Array2, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let mut workspace = Workspace::new(&parameters, 64);
    /// let x = Array2::ones((3, 10)); // fewer than 64: a last batch
    /// assert_eq!(workspace.forward(&x, &parameters)?.al().dim(), (1, 10));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`linear_forward`](crate::forward::linear_forward), with the number of the layer;
    /// [`Error::ShapeMismatch`] or
    /// [`Error::LayerCount`] if the workspace was made for another
    /// network or for fewer examples; [`Error::TooLarge`] if the buffers
    /// do not fit in memory.
    pub fn forward<'w, 'p>(
        &'w mut self,
        x: impl Into<ArrayView2<'p, F>>,
        parameters: &'p Parameters<F>,
    ) -> Result<Pass<'w, 'p, F>> {
        let x = x.into();
        self.prepare(&x, parameters)?;
        self.keep_prob = None;
        self.run_forward(0, &x, parameters, None);
        Ok(Pass { workspace: self, x, parameters })
    }

    /// The whole of a training step but the update: `J` and its gradients.
    ///
    /// `X` (n₀, m). The gradients are those of
    /// [`l_model_backward_with_cost`](crate::backward::l_model_backward_with_cost) and
    /// [`add_l2_gradient`], to the last bit; the cost is
    /// [`Cost::value_from_z`](crate::cost::Cost::value_from_z) after the activation that belongs
    /// to it, so it is right also where the output saturates.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let mut parameters = initialize_parameters_deep(&[2, 8, 3], Initializer::He, &mut rng)?
    ///     .with_activations(Activation::Relu, Activation::Softmax);
    /// let (x, classes) = (array![[0.5, -1.0, 0.1], [1.0, 1.0, 0.2]], array![[2.0, 0.0, 1.0]]);
    /// let objective = Objective { cost: Cost::CategoricalCrossEntropy, l2: 0.01 };
    /// let mut workspace = Workspace::new(&parameters, 3);
    /// for _ in 0..100 {
    ///     let (_cost, gradients) =
    ///         workspace.cost_and_gradients(&x, &classes, &parameters, objective)?;
    ///     update_parameters(&mut parameters, gradients, 0.5)?;
    /// }
    /// assert!(objective.cost.value(&predict_proba(&x, &parameters)?, &classes)? < 0.2);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`forward`](Self::forward) and of [`Cost::value`](crate::cost::Cost::value).
    pub fn cost_and_gradients<'x, 't>(
        &mut self,
        x: impl Into<ArrayView2<'x, F>>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let (x, targets, objective) = (x.into(), targets.into(), objective.into());
        self.differentiate(&x, &targets, parameters, objective, None, &mut Alone)
    }

    /// [`cost_and_gradients`](Self::cost_and_gradients) with hidden units dropped at random, as by
    /// [`l_model_forward_with_dropout`](crate::train::regularization::l_model_forward_with_dropout).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let mut rng = NumpyRandom::seed(1);
    /// # let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2);
    /// let (cost, gradients) = workspace.cost_and_gradients_with_dropout(
    ///     &x,
    ///     &y,
    ///     &parameters,
    ///     Cost::BinaryCrossEntropy,
    ///     0.8,
    ///     &mut rng,
    /// )?;
    /// # let _: (f64, _) = (cost, gradients);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`cost_and_gradients`](Self::cost_and_gradients) and of
    /// [`Mask::draw`](crate::train::regularization::Mask::draw).
    pub fn cost_and_gradients_with_dropout<'x, 't>(
        &mut self,
        x: impl Into<ArrayView2<'x, F>>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
        keep_prob: F,
        rng: &mut (impl RandomSource + ?Sized),
    ) -> Result<(F, &mut Gradients<F>)> {
        let masks = Masks { keep_prob, uniform: &mut || rng.uniform(), place: None };
        let (x, targets, objective) = (x.into(), targets.into(), objective.into());
        self.differentiate(&x, &targets, parameters, objective, Some(masks), &mut Alone)
    }

    /// `J` and its gradients over the examples of all processes.
    pub(crate) fn differentiate(
        &mut self,
        x: &ArrayView2<'_, F>,
        targets: &Targets<'_, F>,
        parameters: &Parameters<F>,
        objective: Objective,
        masks: Option<Masks<'_, F>>,
        joint: &mut dyn Joint<F>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let Objective { cost, l2 } = objective;
        let m = x.ncols();
        let mut own = Own {
            features: x.nrows(),
            drawn: None,
            m,
            of: masks.as_ref().and_then(|masks| masks.place).map(|place| place.of),
            objective,
            keep_prob: masks.as_ref().map(|masks| masks.keep_prob.as_f64()),
        };
        let fits = if m == 0 && joint.allows_no_examples() {
            self.begin_without(x, parameters, masks)
        } else {
            self.begin(x, targets, parameters, cost, masks)
        };
        let fits = fits.map(|drawn| own.drawn = drawn);
        let last = parameters.layers().len() - 1;
        let simple = parameters.layers()[last].activation == cost.output_activation();
        let output = simple.then_some(Activation::Identity);
        let total = joint.count_while(fits, &own, &mut || {
            self.run_forward(0, x, parameters, output);
        })?;
        let mut value = 0.0;
        if m > 0 {
            let share = m as f64 / total as f64;
            value = self.cost_and_output_dz(cost, targets, parameters, m).as_f64() * share;
        }
        let value = self.run_backward(parameters, (m, total), Some(x), (value, joint));
        let gradients = &mut self.buffers.as_mut().expect("prepared").gradients;
        let mut value = F::of(value);
        if l2 != 0.0 {
            value += l2_cost(parameters, l2, total)?;
            add_l2_gradient(gradients, parameters, l2, total)?;
        }
        Ok((value, gradients))
    }

    /// Checks that all fits, takes the memory, and draws the masks. The first number drawn.
    fn begin(
        &mut self,
        x: &ArrayView2<'_, F>,
        targets: &Targets<'_, F>,
        parameters: &Parameters<F>,
        cost: Cost,
        masks: Option<Masks<'_, F>>,
    ) -> Result<Option<f64>> {
        self.keep_prob = None;
        self.prepare(x, parameters)?;
        self.restore_gradients(parameters)?;
        let last = parameters.layers().len();
        let outputs = Operand { name: "AL", shape: (self.sizes[last], x.ncols()) };
        targets.check(cost, outputs).map_err(|e| e.in_layer(last))?;
        masks.map_or(Ok(None), |masks| self.draw_masks(x.ncols(), masks))
    }

    /// The same where other processes have all the examples.
    fn begin_without(
        &mut self,
        x: &ArrayView2<'_, F>,
        parameters: &Parameters<F>,
        masks: Option<Masks<'_, F>>,
    ) -> Result<Option<f64>> {
        self.keep_prob = None;
        let (w, x) = (Operand::of("W", &parameters.layers()[0].w), Operand::of("X", x));
        check(w.shape.1 == x.shape.0, w, x, "columns of W = features of X")
            .map_err(|e| e.in_layer(1))?;
        self.make_room(parameters)?;
        self.restore_gradients(parameters)?;
        masks.map_or(Ok(None), |masks| self.draw_masks(0, masks))
    }

    /// `D` of every hidden layer for m examples.
    fn draw_masks(&mut self, m: usize, masks: Masks<'_, F>) -> Result<Option<f64>> {
        let Masks { keep_prob, uniform, place } = masks;
        check_keep_prob(keep_prob)?;
        place.map_or(Ok(()), |place| place.check(m))?;
        let mut first = None;
        let mut uniform = || {
            let number = uniform();
            first.get_or_insert(number);
            number
        };
        self.make_room_for_dropout()?;
        let hidden = &self.sizes[1..self.sizes.len() - 1];
        let buffers = self.buffers.as_mut().expect("prepared");
        self.keep_prob = Some(keep_prob);
        for (d, &units) in buffers.d.iter_mut().zip(hidden) {
            let d = &mut d[..units * m];
            match place {
                Some(place) => draw_columns_into(d, units, keep_prob, place, &mut uniform),
                None => draw_into(d, keep_prob, &mut uniform),
            }
        }
        Ok(first)
    }

    /// Checks that all fits, and takes the memory if that has not been done yet.
    pub(crate) fn prepare(&mut self, x: &ArrayRef2<F>, parameters: &Parameters<F>) -> Result<()> {
        let first = &parameters.layers()[0];
        check_linear(x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let made_for = Operand { name: "workspace", shape: (self.sizes[0], self.examples) };
        let enough = x.ncols() <= self.examples;
        check(enough, Operand::of("X", x), made_for, "at most the columns it was made for")
            .map_err(|e| e.in_layer(1))?;
        self.make_room(parameters)
    }

    /// Checks that the network fits, and takes the memory if that has not been done yet.
    pub(crate) fn make_room(&mut self, parameters: &Parameters<F>) -> Result<()> {
        self.check_network(parameters)?;
        if self.buffers.is_none() {
            self.buffers = Some(Buffers::new(parameters, &self.sizes, self.examples)?);
        }
        let buffers = self.buffers.as_mut().expect("just made");
        for (l, layer) in parameters.layers().iter().enumerate() {
            buffers.keep_z(l, layer.activation, self.sizes[l + 1], self.examples)?;
        }
        Ok(())
    }

    /// Makes the gradients anew if the caller, who may change them, has given one another shape.
    fn restore_gradients(&mut self, parameters: &Parameters<F>) -> Result<()> {
        let gradients = &mut self.buffers.as_mut().expect("prepared").gradients;
        if !gradients.are_buffers_of(parameters) {
            *gradients = Gradients::try_zeros_like(parameters)?;
        }
        Ok(())
    }

    /// Takes the memory for dropout if that has not been done yet.
    pub(crate) fn make_room_for_dropout(&mut self) -> Result<()> {
        let hidden = &self.sizes[1..self.sizes.len() - 1];
        let buffers = self.buffers.as_mut().expect("prepared");
        if buffers.d.is_empty() {
            let d = hidden_buffers("D", hidden, self.examples)?;
            let dropped = hidden_buffers("A", hidden, self.examples)?;
            (buffers.d, buffers.dropped) = (d, dropped);
        }
        Ok(())
    }

    fn check_network(&self, parameters: &Parameters<F>) -> Result<()> {
        let (expected, found) = (parameters.layers().len(), self.sizes.len() - 1);
        if expected != found {
            return Err(Error::LayerCount { expected, found });
        }
        for (l, layer) in parameters.layers().iter().enumerate() {
            let w = Operand::of("W", &layer.w);
            let made_for =
                Operand { name: "W of the workspace", shape: (self.sizes[l + 1], self.sizes[l]) };
            check_weights(w, Operand::of("b", &layer.b))
                .and_then(|()| check_same_shape(w, made_for))
                .and_then(|()| layer.activation.check::<F>())
                .map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }

    /// Layers `from + 1` to L, the last one with another activation if one is given; `A` of layer
    /// `from` is `X` or stands in its buffer.
    pub(crate) fn run_forward(
        &mut self,
        from: usize,
        x: &ArrayRef2<F>,
        parameters: &Parameters<F>,
        output: Option<Activation>,
    ) {
        let m = x.ncols();
        let last = parameters.layers().len() - 1;
        let buffers = self.buffers.as_mut().expect("prepared");
        for (l, layer) in parameters.layers().iter().enumerate().skip(from) {
            let (before, rest) = buffers.a.split_at_mut(l);
            let a_prev = match before.last() {
                Some(_) if self.keep_prob.is_some() => {
                    matrix(&buffers.dropped[l - 1], self.sizes[l], m)
                }
                Some(a) => matrix(a, self.sizes[l], m),
                None => x.view(),
            };
            let mut a = matrix_mut(&mut rest[0], self.sizes[l + 1], m);
            let activation = output.filter(|_| l == last).unwrap_or(layer.activation);
            if buffers.z[l].is_empty() {
                activated_into(&a_prev, &layer.w, &layer.b, activation, &mut a);
            } else {
                let mut z = matrix_mut(&mut buffers.z[l], self.sizes[l + 1], m);
                activated_into(&a_prev, &layer.w, &layer.b, Activation::Identity, &mut z);
                a.assign(&z);
                activation.apply(&mut a);
            }
            if let (Some(keep_prob), true) = (self.keep_prob, l < last) {
                let mut dropped = matrix_mut(&mut buffers.dropped[l], self.sizes[l + 1], m);
                dropped.assign(&a);
                drop_units(&mut dropped, &matrix(&buffers.d[l], self.sizes[l + 1], m), keep_prob);
            }
        }
    }

    /// `A` of layer 1, or what is to become it.
    pub(crate) fn first_activation(&mut self) -> &mut Vec<F> {
        &mut self.buffers.as_mut().expect("prepared").a[0]
    }

    /// `AL` of the pass with m examples.
    pub(crate) fn al(&self, m: usize) -> ArrayView2<'_, F> {
        let buffers = self.buffers.as_ref().expect("prepared");
        let (last, units) = (buffers.a.last(), self.sizes.last());
        matrix(last.expect("a layer"), *units.expect("a layer"), m)
    }

    /// `dZ` of the last layer in the place of `AL`.
    fn output_dz(&mut self, cost: Cost, targets: &Targets<'_, F>, g: Activation, m: usize) {
        let units = *self.sizes.last().expect("a layer");
        let Buffers { a, z, da, .. } = self.buffers.as_mut().expect("prepared");
        let (al, z) = (a.last_mut().expect("a layer"), z.last().expect("a layer"));
        let mut al = matrix_mut(al, units, m);
        if g == cost.output_activation() {
            cost.dz_in_place(&mut al, targets);
        } else if z.is_empty() {
            let mut dal = matrix_mut(da, units, m);
            dal.assign(&al);
            cost.gradient_in_place(&mut dal, targets);
            g.differentiate_output(&mut al, &dal);
        } else {
            cost.gradient_in_place(&mut al, targets);
            g.differentiate(&mut al, &matrix(z, units, m));
        }
    }

    /// The cost and `dZ` of the last layer, from its `Z` where the activation belongs to the cost
    /// and was left out, else from `AL`. What fits has been checked.
    fn cost_and_output_dz(
        &mut self,
        cost: Cost,
        targets: &Targets<'_, F>,
        parameters: &Parameters<F>,
        m: usize,
    ) -> F {
        let g = parameters.layers()[parameters.layers().len() - 1].activation;
        if g == cost.output_activation() {
            let units = *self.sizes.last().expect("a layer");
            let z = self.buffers.as_mut().expect("prepared").a.last_mut().expect("a layer");
            return cost.value_and_dz(&mut matrix_mut(z, units, m), targets);
        }
        let value = cost.value_unchecked(&self.al(m), targets);
        self.output_dz(cost, targets, g, m);
        value
    }

    /// [`compute_cost`] of `AL`, and `dZ` in its place.
    pub(crate) fn course_cost_and_dz(
        &mut self,
        y: &ArrayRef2<F>,
        parameters: &Parameters<F>,
    ) -> Result<F> {
        let last = parameters.layers().len() - 1;
        let activation = parameters.layers()[last].activation;
        if activation == Activation::Sigmoid {
            let al = &mut self.buffers.as_mut().expect("prepared").a[last];
            let (units, m) = y.dim();
            return Ok(cost_and_sigmoid_dz(&mut matrix_mut(al, units, m), y));
        }
        let cost = compute_cost(&self.al(y.ncols()), y)?;
        self.output_dz(Cost::BinaryCrossEntropy, &Targets::new(y.view()), activation, y.ncols());
        Ok(cost)
    }

    /// From `dZ` of the last layer of m examples: the gradients of the mean over `total`, down to
    /// layer 1, or without `X` to layer 2 and `dZ` of layer 1. The sum of the costs.
    pub(crate) fn run_backward(
        &mut self,
        parameters: &Parameters<F>,
        (m, total): (usize, usize),
        x: Option<&ArrayRef2<F>>,
        (cost, joint): (f64, &mut dyn Joint<F>),
    ) -> f64 {
        let buffers = self.buffers.as_mut().expect("prepared");
        let gradients = buffers.gradients.layers_mut();
        let mut pass = BackwardPass {
            layers: parameters.layers(),
            sizes: &self.sizes,
            keep_prob: self.keep_prob,
            m,
            total,
            x,
            a: &mut buffers.a,
            z: &buffers.z,
            da: &mut buffers.da,
            d: &buffers.d,
            dropped: &buffers.dropped,
        };
        joint.sum_gradients(&mut pass, gradients, cost)
    }

    /// `dZ` of layer 1, after [`run_backward`](Self::run_backward), and the gradients.
    pub(crate) fn dz_and_gradients(&mut self, m: usize) -> (ArrayView2<'_, F>, &mut Gradients<F>) {
        let Buffers { a, gradients, .. } = self.buffers.as_mut().expect("prepared");
        (matrix(&a[0], self.sizes[1], m), gradients)
    }
}

/// How the units of a step are dropped.
pub(crate) struct Masks<'a, F> {
    pub keep_prob: F,
    /// Uniform numbers, those of the whole batch.
    pub uniform: &'a mut dyn FnMut() -> f64,
    /// Where the examples are in the whole batch, if they are not the whole.
    pub place: Option<Place<'a>>,
}

/// The backward pass from `dZ` of the last layer: what is read, and the buffers.
pub(crate) struct BackwardPass<'a, F> {
    layers: &'a [Layer<F>],
    sizes: &'a [usize],
    keep_prob: Option<F>,
    /// The examples here, and those the mean is over.
    m: usize,
    total: usize,
    x: Option<&'a ArrayRef2<F>>,
    a: &'a mut [Vec<F>],
    z: &'a [Vec<F>],
    da: &'a mut [F],
    d: &'a [Vec<F>],
    dropped: &'a [Vec<F>],
}

impl<F: Float> BackwardPass<'_, F> {
    /// Computes the gradients of all layers, the last one first.
    pub(crate) fn run(&mut self, gradients: &mut [LayerGradients<F>]) {
        for l in (self.first_layer()..gradients.len()).rev() {
            self.gradients_of(l, &mut gradients[l]);
            self.step_back(l, &mut || {});
        }
    }

    /// The first layer that gets gradients: without `X` there are none of layer 0.
    pub(crate) fn first_layer(&self) -> usize {
        usize::from(self.x.is_none())
    }

    /// `dW` and `db` of layer l + 1, from its `dZ`.
    pub(crate) fn gradients_of(&self, l: usize, gradient: &mut LayerGradients<F>) {
        let LayerGradients { dw, db } = gradient;
        if self.m == 0 {
            dw.fill(F::zero());
            db.fill(F::zero());
            return;
        }
        let dz = matrix(&self.a[l], self.sizes[l + 1], self.m);
        bias_gradient_into(&dz, self.total, db);
        let a_prev = match self.x {
            Some(x) if l == 0 => x.view(),
            _ if self.keep_prob.is_some() => matrix(&self.dropped[l - 1], self.sizes[l], self.m),
            _ => matrix(&self.a[l - 1], self.sizes[l], self.m),
        };
        weight_gradient_into(&dz, &a_prev, self.total, dw);
    }

    /// `dZ` of layer l in the place of its `A`, from that of layer l + 1. Calls `between` after the
    /// product.
    pub(crate) fn step_back(&mut self, l: usize, between: &mut dyn FnMut()) {
        if l == 0 || self.m == 0 {
            return;
        }
        let (rows, m) = (self.sizes[l], self.m);
        let (before, from_here) = self.a.split_at_mut(l);
        let dz = matrix(&from_here[0], self.sizes[l + 1], m);
        let mut a_prev = matrix_mut(&mut before[l - 1], rows, m);
        let mut da_prev = matrix_mut(self.da, rows, m);
        input_gradient_into(&dz, &self.layers[l].w, &mut da_prev);
        between();
        if let Some(keep_prob) = self.keep_prob {
            drop_units(&mut da_prev, &matrix(&self.d[l - 1], rows, m), keep_prob);
        }
        let activation = self.layers[l - 1].activation;
        if self.z[l - 1].is_empty() {
            activation.differentiate_output(&mut a_prev, &da_prev);
        } else {
            activation.differentiate(&mut da_prev, &matrix(&self.z[l - 1], rows, m));
            a_prev.assign(&da_prev);
        }
    }
}

/// A buffer for each hidden layer, all of them or none.
fn hidden_buffers<F: Float>(
    name: &'static str,
    hidden: &[usize],
    examples: usize,
) -> Result<Vec<Vec<F>>> {
    let layers = hidden.iter().enumerate();
    let buffer = |(l, &units)| buffer::vec(name, (units, examples)).map_err(|e| e.in_layer(l + 1));
    layers.map(buffer).collect()
}

impl<F: Float> Buffers<F> {
    fn new(parameters: &Parameters<F>, sizes: &[usize], examples: usize) -> Result<Self> {
        let mut a = Vec::with_capacity(sizes.len());
        for (l, &units) in sizes.iter().enumerate().skip(1) {
            a.push(buffer::vec("A", (units, examples)).map_err(|e| e.in_layer(l))?);
        }
        let widest = sizes.iter().skip(1).copied().max().unwrap_or(0);
        Ok(Self {
            z: vec![Vec::new(); a.len()],
            a,
            da: buffer::vec("dA", (widest, examples))?,
            dx: Vec::new(),
            d: Vec::new(),
            dropped: Vec::new(),
            gradients: Gradients::try_zeros_like(parameters)?,
        })
    }

    fn keep_z(&mut self, l: usize, g: Activation, units: usize, examples: usize) -> Result<()> {
        if g.known_from_output::<F>() {
            self.z[l].clear();
        } else if self.z[l].is_empty() {
            self.z[l] = buffer::vec("Z", (units, examples)).map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }
}

/// A forward pass whose backward pass may still come.
#[derive(Debug)]
#[must_use]
pub struct Pass<'w, 'p, F> {
    workspace: &'w mut Workspace<F>,
    x: ArrayView2<'p, F>,
    parameters: &'p Parameters<F>,
}

impl<'w, F: Float> Pass<'w, '_, F> {
    /// The output `AL`, (n_L, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let x = array![[0.5, -1.0], [1.0, 1.0]];
    /// let mut workspace = Workspace::new(&parameters, 2);
    /// let pass = workspace.forward(&x, &parameters)?;
    /// assert_eq!(pass.al(), predict_proba(&x, &parameters)?);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn al(&self) -> ArrayView2<'_, F> {
        self.workspace.al(self.x.ncols())
    }

    /// [`compute_cost`] of `AL`.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2);
    /// assert!(workspace.forward(&x, &parameters)?.cost(&y)? > 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`compute_cost`].
    pub fn cost(&self, y: &ArrayRef2<F>) -> Result<F> {
        compute_cost(&self.al(), y)
    }

    /// [`l_model_backward`](crate::backward::l_model_backward) in the buffers. Ends the pass; the gradients
    /// borrow the workspace only, so the parameters are free to change.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2);
    /// let gradients = workspace.forward(&x, &parameters)?.backward(&y)?;
    /// update_parameters(&mut parameters, gradients, 0.1)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `Y` has not the shape of `AL`.
    pub fn backward(self, y: &ArrayRef2<F>) -> Result<&'w mut Gradients<F>> {
        let Self { workspace, x, parameters } = self;
        backward(workspace, &x, y, parameters)?;
        Ok(workspace.dz_and_gradients(x.ncols()).1)
    }

    /// [`backward`](Self::backward) that also gives `dX`, (n₀, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2);
    /// let (_, dx) = workspace.forward(&x, &parameters)?.backward_with_dx(&y)?;
    /// assert_eq!(dx.dim(), x.dim());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`backward`](Self::backward), and
    /// [`Error::TooLarge`] if `dX` does not fit in memory.
    pub fn backward_with_dx(
        self,
        y: &ArrayRef2<F>,
    ) -> Result<(&'w mut Gradients<F>, ArrayView2<'w, F>)> {
        let Self { workspace, x, parameters } = self;
        backward(workspace, &x, y, parameters)?;
        let (features, m) = x.dim();
        let Buffers { a, dx, gradients, .. } = workspace.buffers.as_mut().expect("prepared");
        if dx.is_empty() {
            let shape = (features, workspace.examples);
            *dx = buffer::vec("dX", shape).map_err(|e| e.in_layer(1))?;
        }
        let dz = matrix(&a[0], workspace.sizes[1], m);
        let w = &parameters.layers()[0].w;
        input_gradient_into(&dz, w, &mut matrix_mut(dx, features, m));
        Ok((gradients, matrix(dx, features, m)))
    }
}

/// All gradients.
fn backward<F: Float>(
    workspace: &mut Workspace<F>,
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    check_outputs(&workspace.al(x.ncols()), y)
        .map_err(|e| e.in_layer(parameters.layers().len()))?;
    workspace.restore_gradients(parameters)?;
    let g = parameters.layers()[parameters.layers().len() - 1].activation;
    let m = x.ncols();
    workspace.output_dz(Cost::BinaryCrossEntropy, &Targets::new(y.view()), g, m);
    workspace.run_backward(parameters, (m, m), Some(x), (0.0, &mut Alone));
    Ok(())
}
