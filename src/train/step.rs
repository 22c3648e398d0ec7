//! A training step without allocation: forward pass, cost and gradients.

use super::backward_pass::BackwardPass;
use super::batches::BatchColumns;
use super::reduce::{GradientReducer, StepInfo};
use super::regularization::{
    StepObjective, add_l2_to, apply_mask, check_keep_prob, check_lambda, draw_mask_columns_into,
    draw_mask_into, l2_cost,
};
use crate::activation::Activation;
use crate::buffer::{self, matrix, matrix_mut};
use crate::checks::{check_room, check_same_shape, check_weights};
use crate::cost::{Cost, StepCost, Targets, compute_cost, cost_and_sigmoid_dz};
use crate::error::Operand;
use crate::forward::{check_linear, layer_output_into};
use crate::frozen::Frozen;
use crate::kernel::product::matmul_into;
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2};

/// The buffers of a training step for one network and up to a number of examples.
///
/// During the forward pass `a[l]` holds `A` of layer l + 1; during the backward pass it becomes
/// `dZ` of the layer.
#[derive(Debug, Clone)]
pub(crate) struct StepBuffers<F> {
    /// The number of features, then the number of units of each layer.
    sizes: Vec<usize>,
    /// The number of examples that the buffers have room for.
    examples: usize,
    /// The probability that a hidden unit is kept, while a step has dropout.
    keep_prob: Option<F>,
    a: Vec<Vec<F>>,
    /// `Z` of the layers whose derivative does not follow from `A`; empty for the others.
    z: Vec<Vec<F>>,
    /// `dA` between two layers.
    da: Vec<F>,
    /// `dX`; empty until it is first computed.
    dx: Vec<F>,
    /// The dropout masks of the hidden layers; empty until a step has dropout.
    d: Vec<Vec<F>>,
    /// `A` of the hidden layers after dropout; empty until a step has dropout.
    dropped: Vec<Vec<F>>,
    /// The layers that get no gradients.
    frozen: Frozen,
    gradients: Gradients<F>,
}

/// The input of a step besides the parameters.
pub(crate) struct StepInput<'a, 't, F> {
    pub x: &'a ArrayRef2<F>,
    pub targets: &'a Targets<'t, F>,
    pub objective: StepObjective<'a, F>,
    pub dropout: Option<DropoutSource<'a>>,
    /// Whether `x` holds only part of a batch, possibly no example.
    pub partial: bool,
}

/// The source of the dropout masks of a step.
pub(crate) struct DropoutSource<'a> {
    pub keep_prob: f64,
    /// Draws the uniform numbers of the whole batch.
    pub uniform: &'a mut dyn FnMut() -> f64,
    /// The columns of the batch that `x` holds; `None` if it holds the whole batch.
    pub columns: Option<BatchColumns<'a>>,
}

impl<F: Float> StepBuffers<F> {
    /// Allocates all buffers except for dropout and `dX`.
    pub fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        let layers = parameters.layers();
        let mut sizes = vec![layers[0].w.ncols()];
        sizes.extend(layers.iter().map(|layer| layer.w.nrows()));
        let mut buffers = Self {
            a: layer_buffers("A", &sizes[1..], examples)?,
            z: vec![Vec::new(); layers.len()],
            da: buffer::vec("dA", (sizes[1..].iter().copied().max().unwrap_or(0), examples))?,
            dx: Vec::new(),
            d: Vec::new(),
            dropped: Vec::new(),
            frozen: Frozen::default(),
            gradients: Gradients::try_zeros_like(parameters)?,
            keep_prob: None,
            sizes,
            examples,
        };
        buffers.check_network(parameters)?;
        buffers.allocate_z(parameters)?;
        Ok(buffers)
    }

    /// Sets the layers that get no gradients, counted from 1.
    pub fn freeze(&mut self, layers: &[usize]) -> Result<()> {
        self.frozen = Frozen::new(layers, self.sizes.len() - 1)?;
        Ok(())
    }

    /// Returns the layers that get no gradients.
    pub fn frozen(&self) -> &Frozen {
        &self.frozen
    }

    /// Allocates the buffers of dropout on the first call.
    pub fn allocate_dropout(&mut self) -> Result<()> {
        if self.d.is_empty() {
            let hidden = &self.sizes[1..self.sizes.len() - 1];
            let d = layer_buffers("D", hidden, self.examples)?;
            self.dropped = layer_buffers("A", hidden, self.examples)?;
            self.d = d;
        }
        Ok(())
    }

    /// Allocates `Z` of the layers that need it, since activations may have changed.
    fn allocate_z(&mut self, parameters: &Parameters<F>) -> Result<()> {
        for (l, layer) in parameters.layers().iter().enumerate() {
            if layer.activation.known_from_output::<F>() {
                self.z[l].clear();
            } else if self.z[l].is_empty() {
                let shape = (self.sizes[l + 1], self.examples);
                self.z[l] = buffer::vec("Z", shape).map_err(|e| e.in_layer(l + 1))?;
            }
        }
        Ok(())
    }

    /// Reallocates the gradients if the caller has changed their shapes, and sets the gradients
    /// of frozen layers to 0 if the caller may have changed them.
    pub fn restore_gradients(&mut self, parameters: &Parameters<F>) -> Result<()> {
        if !self.gradients.are_buffers_of(parameters) {
            self.gradients = Gradients::try_zeros_like(parameters)?;
        }
        self.gradients.freeze(&self.frozen);
        Ok(())
    }

    /// Checks `X` and the network against the buffers, and ends the dropout of an earlier step.
    #[inline(never)]
    pub fn prepare(&mut self, x: &ArrayRef2<F>, parameters: &Parameters<F>) -> Result<()> {
        let first = &parameters.layers()[0];
        check_linear(x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let room = Operand { name: "workspace", shape: (self.sizes[0], self.examples) };
        check_room(Operand::new("X", x), room).map_err(|e| e.in_layer(1))?;
        self.prepare_network(parameters)
    }

    /// Checks the network against the buffers, and ends the dropout of an earlier step.
    pub fn prepare_network(&mut self, parameters: &Parameters<F>) -> Result<()> {
        self.keep_prob = None;
        self.check_network(parameters)?;
        self.allocate_z(parameters)
    }

    fn check_network(&self, parameters: &Parameters<F>) -> Result<()> {
        let (expected, found) = (parameters.layers().len(), self.sizes.len() - 1);
        if expected != found {
            return Err(Error::LayerCount { expected, found });
        }
        for (l, layer) in parameters.layers().iter().enumerate() {
            let shape = (self.sizes[l + 1], self.sizes[l]);
            let made_for = Operand { name: "W of the workspace", shape };
            let w = Operand::new("W", &layer.w);
            check_weights(w, Operand::new("b", &layer.b))
                .and_then(|()| check_same_shape(w, made_for))
                .and_then(|()| layer.activation.check::<F>())
                .map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }

    /// Computes `J` and its gradients, averaged over the examples that the `reducer` counts.
    #[inline(never)]
    pub fn cost_and_gradients(
        &mut self,
        input: StepInput<'_, '_, F>,
        parameters: &Parameters<F>,
        reducer: &mut dyn GradientReducer<F>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let StepInput { x, targets, objective, dropout, partial } = input;
        let m = x.ncols();
        let mut step = StepInfo {
            features: x.nrows(),
            m,
            batch: dropout.as_ref().and_then(|source| source.columns).map(|columns| columns.total),
            objective,
            smoothing: targets.smoothing(),
            frozen: self.frozen.clone(),
            keep_prob: dropout.as_ref().map(|source| source.keep_prob),
            first_draw: None,
        };
        let ready = if m == 0 && partial {
            self.begin_without_examples(x, parameters, objective, dropout)
        } else {
            self.begin(x, targets, parameters, objective, dropout)
        };
        let ready = ready.map(|draw| step.first_draw = draw);
        let output = forward_output_activation(parameters, objective.cost);
        let mut forward = || self.forward(0, x, parameters, output);
        let total = reducer.run_forward(ready, &step, &mut forward)?;
        let mut cost = 0.0;
        if m > 0 {
            let share = m as f64 / total as f64;
            cost = share * self.cost_and_output_dz(objective.cost, targets, parameters, m).as_f64();
        }
        let lowest = self.frozen.lowest_trainable();
        let cost = self.backward(parameters, (m, total), (Some(x), lowest), (cost, reducer));
        let mut cost = F::of(cost);
        if objective.l2 != 0.0 {
            cost += l2_cost(parameters, objective.l2, total)?;
            for (l, gradient) in self.gradients.trainable_mut() {
                add_l2_to(&mut gradient.dw, &parameters.layers()[l].w, objective.l2, total);
            }
        }
        Ok((cost, &mut self.gradients))
    }

    /// Checks the input, allocates buffers and draws masks. Returns the first random number.
    fn begin(
        &mut self,
        x: &ArrayRef2<F>,
        targets: &Targets<'_, F>,
        parameters: &Parameters<F>,
        StepObjective { cost, l2 }: StepObjective<'_, F>,
        dropout: Option<DropoutSource<'_>>,
    ) -> Result<Option<f64>> {
        self.prepare(x, parameters)?;
        check_lambda::<F>(l2)?;
        self.restore_gradients(parameters)?;
        let layers = parameters.layers();
        let outputs = Operand { name: "AL", shape: (self.sizes[layers.len()], x.ncols()) };
        cost.check(targets, outputs)
            .and_then(|()| cost.check_output(layers[layers.len() - 1].activation))
            .map_err(|e| e.in_layer(layers.len()))?;
        dropout.map_or(Ok(None), |source| self.draw_masks(x.ncols(), source))
    }

    /// Does the work of [`begin`](Self::begin) for an `X` without examples.
    fn begin_without_examples(
        &mut self,
        x: &ArrayRef2<F>,
        parameters: &Parameters<F>,
        objective: StepObjective<'_, F>,
        dropout: Option<DropoutSource<'_>>,
    ) -> Result<Option<f64>> {
        parameters.check_features(x)?;
        self.prepare_network(parameters)?;
        check_lambda::<F>(objective.l2)?;
        self.restore_gradients(parameters)?;
        dropout.map_or(Ok(None), |source| self.draw_masks(0, source))
    }

    /// Draws the masks of the hidden layers for m examples, and returns the first random number.
    fn draw_masks(&mut self, m: usize, source: DropoutSource<'_>) -> Result<Option<f64>> {
        let DropoutSource { keep_prob, uniform, columns } = source;
        check_keep_prob::<F>(keep_prob)?;
        columns.map_or(Ok(()), |columns| columns.check(m))?;
        let mut first = None;
        let mut uniform = || {
            let number = uniform();
            first.get_or_insert(number);
            number
        };
        self.allocate_dropout()?;
        let keep_prob = F::of(keep_prob);
        self.keep_prob = Some(keep_prob);
        for (d, &units) in self.d.iter_mut().zip(&self.sizes[1..]) {
            let d = &mut d[..units * m];
            match columns {
                Some(columns) => {
                    draw_mask_columns_into(d, units, keep_prob, columns, &mut uniform);
                }
                None => draw_mask_into(d, keep_prob, &mut uniform),
            }
        }
        Ok(first)
    }

    /// Computes layers `from + 1` to L, with `output` as the activation of the last. `A` of layer
    /// `from` is `X`, or is already in its buffer.
    #[inline(never)]
    pub fn forward(
        &mut self,
        from: usize,
        x: &ArrayRef2<F>,
        parameters: &Parameters<F>,
        output: Activation,
    ) {
        let m = x.ncols();
        let last = parameters.layers().len() - 1;
        for (l, layer) in parameters.layers().iter().enumerate().skip(from) {
            let (before, rest) = self.a.split_at_mut(l);
            let a_prev = match before.last() {
                Some(_) if self.keep_prob.is_some() => {
                    matrix(&self.dropped[l - 1], self.sizes[l], m)
                }
                Some(a) => matrix(a, self.sizes[l], m),
                None => x.view(),
            };
            let mut a = matrix_mut(&mut rest[0], self.sizes[l + 1], m);
            let activation = if l == last { output } else { layer.activation };
            if self.z[l].is_empty() {
                layer_output_into(&a_prev, &layer.w, &layer.b, activation, &mut a);
            } else {
                let mut z = matrix_mut(&mut self.z[l], self.sizes[l + 1], m);
                layer_output_into(&a_prev, &layer.w, &layer.b, Activation::Identity, &mut z);
                a.assign(&z);
                activation.apply(&mut a);
            }
            if let (Some(keep_prob), true) = (self.keep_prob, l < last) {
                let mut dropped = matrix_mut(&mut self.dropped[l], self.sizes[l + 1], m);
                dropped.assign(&a);
                apply_mask(&mut dropped, &matrix(&self.d[l], self.sizes[l + 1], m), keep_prob);
            }
        }
    }

    /// Returns the buffer of `A` of layer 1.
    pub fn first_activation(&mut self) -> &mut [F] {
        &mut self.a[0]
    }

    /// Returns `AL` of m examples after the forward pass.
    pub fn al(&self, m: usize) -> ArrayView2<'_, F> {
        let last = self.a.len() - 1;
        matrix(&self.a[last], self.sizes[last + 1], m)
    }

    /// Overwrites `AL` with `dZ` of the last layer.
    #[inline(never)]
    pub fn output_dz(
        &mut self,
        cost: &dyn StepCost<F>,
        targets: &Targets<'_, F>,
        g: Activation,
        m: usize,
    ) {
        let last = self.a.len() - 1;
        let units = self.sizes[last + 1];
        let mut al = matrix_mut(&mut self.a[last], units, m);
        if let Some(cost) = cost.of_logits(g) {
            return cost.dz_in_place(&mut al, targets);
        }
        let mut dal = matrix_mut(&mut self.da, units, m);
        cost.gradient_into(&al, targets, &mut dal);
        if self.z[last].is_empty() {
            g.differentiate_output(&mut al, &dal);
        } else {
            al.assign(&dal);
            g.differentiate(&mut al, &matrix(&self.z[last], units, m));
        }
    }

    /// Computes the cost, and overwrites the output with `dZ` of the last layer. The output is `Z`
    /// if the cost is computed from the logits, else `AL`.
    fn cost_and_output_dz(
        &mut self,
        cost: &dyn StepCost<F>,
        targets: &Targets<'_, F>,
        parameters: &Parameters<F>,
        m: usize,
    ) -> F {
        let last = self.a.len() - 1;
        let g = parameters.layers()[last].activation;
        if let Some(cost) = cost.of_logits(g) {
            let mut z = matrix_mut(&mut self.a[last], self.sizes[last + 1], m);
            return cost.value_and_dz(&mut z, targets);
        }
        let value = cost.value(&self.al(m), targets);
        self.output_dz(cost, targets, g, m);
        value
    }

    /// Computes [`compute_cost`] of `AL`, and overwrites `AL` with `dZ`.
    pub fn course_cost_and_dz(
        &mut self,
        y: &ArrayRef2<F>,
        parameters: &Parameters<F>,
    ) -> Result<F> {
        let last = self.a.len() - 1;
        let activation = parameters.layers()[last].activation;
        let m = y.ncols();
        if activation == Activation::Sigmoid {
            return Ok(cost_and_sigmoid_dz(&mut matrix_mut(&mut self.a[last], y.nrows(), m), y));
        }
        let cost = compute_cost(&self.al(m), y)?;
        self.output_dz(&Cost::BinaryCrossEntropy, &Targets::from(y), activation, m);
        Ok(cost)
    }

    /// Computes the gradients from `dZ` of the last layer, of m examples: their part of the mean
    /// over `total` examples. It stops at `dZ` of the layer with the index `lowest`. Without `X`,
    /// layer 1 gets no gradients. Returns the cost, summed by the `reducer`.
    pub fn backward(
        &mut self,
        parameters: &Parameters<F>,
        (m, total): (usize, usize),
        (x, lowest): (Option<&ArrayRef2<F>>, usize),
        (cost, reducer): (f64, &mut dyn GradientReducer<F>),
    ) -> f64 {
        let mut pass = BackwardPass {
            layers: parameters.layers(),
            sizes: &self.sizes,
            keep_prob: self.keep_prob,
            m,
            total,
            frozen: &self.frozen,
            lowest,
            x,
            a: &mut self.a,
            z: &self.z,
            da: &mut self.da,
            d: &self.d,
            dropped: &self.dropped,
        };
        reducer.run_backward(&mut pass, self.gradients.buffers(), cost)
    }

    /// Returns `dZ` of layer 1 after [`backward`](Self::backward), and the gradients.
    pub fn dz_and_gradients(&mut self, m: usize) -> (ArrayView2<'_, F>, &mut Gradients<F>) {
        (matrix(&self.a[0], self.sizes[1], m), &mut self.gradients)
    }

    /// Returns the gradients, and `dX` of m examples, computed from `dZ` of layer 1.
    pub fn gradients_and_dx(
        &mut self,
        parameters: &Parameters<F>,
        m: usize,
    ) -> Result<(&mut Gradients<F>, ArrayView2<'_, F>)> {
        let features = self.sizes[0];
        if self.dx.is_empty() {
            let dx = buffer::vec("dX", (features, self.examples));
            self.dx = dx.map_err(|e| e.in_layer(1))?;
        }
        let dz = matrix(&self.a[0], self.sizes[1], m);
        let w = &parameters.layers()[0].w;
        matmul_into(&w.t(), &dz, &mut matrix_mut(&mut self.dx, features, m)); // dX = W¹ᵀ·dZ¹
        Ok((&mut self.gradients, matrix(&self.dx, features, m)))
    }
}

/// Returns the activation that the forward pass applies to the last layer: the identity if the cost
/// is computed from the logits.
fn forward_output_activation<F: Float>(
    parameters: &Parameters<F>,
    cost: &dyn StepCost<F>,
) -> Activation {
    let output = parameters.layers()[parameters.layers().len() - 1].activation;
    if cost.of_logits(output).is_some() { Activation::Identity } else { output }
}

/// Allocates a buffer for each layer, given the number of its units.
fn layer_buffers<F: Float>(
    name: &'static str,
    units: &[usize],
    examples: usize,
) -> Result<Vec<Vec<F>>> {
    let layers = units.iter().enumerate();
    let buffer = |(l, &units)| buffer::vec(name, (units, examples)).map_err(|e| e.in_layer(l + 1));
    layers.map(buffer).collect()
}
