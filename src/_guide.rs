#![doc = include_str!("../docs/guide/index.md")]

#[doc = include_str!("../docs/guide/one_neuron.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_learning_rates.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/one_neuron_exercises.md")]
pub mod chapter_1_one_neuron {}

#[doc = include_str!("../docs/guide/one_hidden_layer.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/film.html")]
#[doc = ""]
#[doc = include_str!("../docs/guide/one_hidden_layer_boundaries.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_hidden_units_1.svg")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_hidden_units_4.svg")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_hidden_units_20.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/one_hidden_layer_exercises.md")]
pub mod chapter_2_one_hidden_layer {}

#[doc(alias("image2vector", "load_data"))]
#[doc = include_str!("../docs/guide/deep_networks.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/one_step.html")]
#[doc = ""]
#[doc = include_str!("../docs/guide/deep_networks_l_layers.md")]
#[doc = include_str!("../docs/guide/deep_networks_exercises.md")]
pub mod chapter_3_deep_networks {}

#[doc = include_str!("../docs/guide/gradient_checking.md")]
#[doc = include_str!("../docs/guide/gradient_checking_exercises.md")]
pub mod chapter_4_gradient_checking {}

#[doc(alias("load_2D_dataset"))]
#[doc = include_str!("../docs/guide/regularization.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_initializers.svg")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_plain.svg")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_l2.svg")]
#[doc = ""]
#[doc = include_str!("../docs/images/guide_dropout.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/regularization_exercises.md")]
pub mod chapter_5_regularization {}

#[doc(alias("load_params_and_grads"))]
#[doc = include_str!("../docs/guide/optimization.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/optimizers.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/optimization_schedules.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/schedules.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/optimization_exercises.md")]
pub mod chapter_6_optimization {}

#[doc = include_str!("../docs/guide/several_classes.md")]
#[doc = ""]
#[doc = include_str!("../docs/images/digits_confusion.svg")]
#[doc = ""]
#[doc = include_str!("../docs/guide/several_classes_exercises.md")]
pub mod chapter_7_several_classes {}

// The crate `dnn-blocks-table` runs the programs of this chapter.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/tables.md")]
#[doc = include_str!("../docs/guide/tables_exercises.md")]
pub mod chapter_8_tables {}

#[doc = include_str!("../docs/guide/speed.md")]
#[doc = include_str!("../docs/guide/speed_exercises.md")]
pub mod chapter_9_speed {}
