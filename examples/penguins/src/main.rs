//! From a CSV file to a saved model: the sex of penguins, from a table as the researchers wrote it.
//!
//! ```text
//! cargo run --release -p penguins             # fits and saves
//! cargo run --release -p penguins -- predict  # predicts new rows
//! ```

use dnn_blocks_table::dnn_blocks::data::{stratified_k_fold, stratified_split};
use dnn_blocks_table::dnn_blocks::prelude::*;
use dnn_blocks_table::dnn_blocks::selection::{TestSet, cross_validate, permutation_importance};
use dnn_blocks_table::{Schema, Table, TableClassifier, TableError};

const DATA: &str = "examples/data/penguins.csv";
const MODEL: &str = "target/penguins.safetensors";

fn main() -> Result<(), TableError> {
    match std::env::args().nth(1).as_deref() {
        Some("predict") => predict(),
        _ => fit(),
    }
}

/// Returns the penguins whose sex is recorded, and the others.
fn penguins() -> Result<(Table, Table), TableError> {
    let table = Table::load_csv(DATA)?;
    let is_known: Vec<bool> = table.cells("Sex")?.map(|sex| sex.is_some()).collect();
    let (known, unknown): (Vec<usize>, Vec<usize>) =
        (0..table.len()).partition(|&row| is_known[row]);
    Ok((table.select(&known)?, table.select(&unknown)?))
}

fn fit() -> Result<(), TableError> {
    let (mut table, _) = penguins()?;
    let sex = table.take_labels("Sex")?;
    let schema = Schema::auto().ignored("Sample Number");
    let mut model = TableClassifier::new(schema, Hyperparameters::default());

    let mut rng = NumpyRandom::seed(1);
    let folds = stratified_k_fold(&sex, 5, &mut rng)?;
    let accuracy = cross_validate(&model, &table, &sex, &folds, |model, test| {
        Ok(model.score(test.x(), test.targets())?)
    })?;
    println!("accuracy in five folds: {:.3} ± {:.3}\n", accuracy.mean(), accuracy.std_dev());

    let (training, test) = stratified_split(&sex, 0.25, &mut rng)?;
    let labels = |rows: &[usize]| rows.iter().map(|&row| sex[row].clone()).collect::<Vec<_>>();
    model.fit(&table.select(&training)?, &labels(&training))?;
    let (test_table, test_labels) = (table.select(&test)?, labels(&test));
    let score =
        |model: &TableClassifier, test: &TestSet<_>| Ok(model.score(test.x(), test.targets())?);
    let mut importance =
        permutation_importance(&model, &test_table, &test_labels, score, 20, &mut rng)?;
    importance.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    println!("accuracy lost if a column is shuffled:");
    for column in &importance[..5] {
        println!("  {column}");
    }

    model.fit(&table, &sex)?;
    println!("\n{}", model.encoder()?);
    let batch = model.hyperparameters().batch_size_for(table.len());
    println!("fitted to {} penguins in batches of {batch}", table.len());
    model.save(MODEL)?;
    println!("saved {MODEL}");
    Ok(())
}

fn predict() -> Result<(), TableError> {
    let (_, mut table) = penguins()?;
    table.remove("Sex")?;
    let model = TableClassifier::load(MODEL)?;
    println!("{}", model.classes().join("  "));
    for (probabilities, sex) in
        model.predict_proba(&table)?.rows().into_iter().zip(model.predict(&table)?)
    {
        let shares: Vec<String> = probabilities.iter().map(|p| format!("{p:.2}")).collect();
        println!("{}  {sex}", shares.join("    "));
    }
    Ok(())
}
