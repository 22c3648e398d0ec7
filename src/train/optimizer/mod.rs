//! Optimizers: momentum, Nesterov, RMSProp, Adam, AdamW, and rules of your own.
//!
//! With the gradient `g`, the learning rate α, and the number of the step t, counted from 1:
//!
//! | [`Algorithm`] | state | step |
//! |---|---|---|
//! | `GradientDescent` | | `W ← W - α g` |
//! | `Momentum` | v | `v ← β v + (1-β) g`, `W ← W - α v` (the course's) |
//! | `ClassicalMomentum` | v | `v ← β v + g`, `W ← W - α v` |
//! | `Nesterov` | v | `v ← β v + g`, `W ← W - α (g + β v)` |
//! | `RmsProp` | s | `s ← β s + (1-β) g²`, `W ← W - α g/(√s + ε)` |
//! | `Adam` | v, s | `W ← W - α v̂/(√ŝ + ε)`, with the moments below |
//! | `AdamW` | v, s | `W ← W - α λ W` (weights only, not biases), then the step of `Adam` |
//!
//! The moments of Adam and AdamW, and their bias correction:
//!
//! ```math
//! v \leftarrow \beta_1 v + (1 - \beta_1)\, g \qquad s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2
//! \qquad \hat v = \frac{v}{1 - \beta_1^t} \qquad \hat s = \frac{s}{1 - \beta_2^t}
//! ```
//!
//! Sources: A. Ng, *Improving Deep Neural Networks*, week 2 (2017); Polyak (1964) and Sutskever et
//! al. (2013) for momentum and Nesterov's form, Tieleman & Hinton (2012) for RMSProp, Kingma & Ba
//! (2015) for Adam, Loshchilov & Hutter (2019) for AdamW.

mod algorithm;
mod formulas;
#[expect(clippy::module_inception, reason = "the module is named after its main type")]
mod optimizer;
mod rule;

pub use algorithm::Algorithm;
pub use optimizer::{LayerState, Optimizer};
pub use rule::{StateMatrix, Step, UpdateRule};
