//! Writes the initial corpus: `cargo run --bin seeds` in this folder.

use dnn_blocks::files::{Checkpoint, Checkpoints};
use dnn_blocks::ndarray::array;
use dnn_blocks::prelude::*;
use dnn_blocks_table::{Schema, Table, TableClassifier};
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let mut generator = NumpyRandom::seed(1);
    let parameters = initialize_parameters::<f32>(2, 2, 1, &mut generator)?;
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let how = Hyperparameters::default().hidden(&[2]).batch_size(2).epochs(1);
    let mut classifier = Classifier::<f32, String>::new(how.clone());
    let labels = ["no", "no", "yes", "yes"].map(String::from);
    classifier.fit(Examples::rows(&x), &labels)?;
    let mut multi_label = MultiLabelClassifier::<f32, String>::new(how.clone());
    let sets = [vec![], vec!["up"], vec!["left", "up"], vec!["left"]];
    let sets = sets.map(|set: Vec<&str>| set.into_iter().map(String::from).collect::<Vec<_>>());
    multi_label.fit(Examples::rows(&x), &sets)?;
    let mut regressor = Regressor::<f32>::new(how.clone());
    regressor.fit(Examples::rows(&x), Examples::rows(&x))?;
    fs::write("corpus/safetensors/parameters", parameters.to_safetensors()?)?;
    fs::write("corpus/safetensors/classifier", classifier.to_safetensors()?)?;
    fs::write("corpus/safetensors/multi_label", multi_label.to_safetensors()?)?;
    fs::write("corpus/safetensors/regressor", regressor.to_safetensors()?)?;
    fs::write("corpus/json/parameters", serde_json::to_vec(&parameters)?)?;
    fs::write("corpus/json/hyperparameters", serde_json::to_vec(&how)?)?;
    fs::write("corpus/json/regressor", serde_json::to_vec(&regressor)?)?;
    let optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
    fs::write("corpus/json/optimizer", serde_json::to_vec(&optimizer)?)?;
    let run = Checkpoint::new(parameters, optimizer, generator).learning_rate(0.1).epoch(1);
    fs::write("corpus/safetensors/checkpoint", run.to_safetensors()?)?;
    let checkpoints = Checkpoints::new("target/seeds", 1)?;
    let how = how.patience(1).validation_share(0.5);
    let options = FitOptions::new().checkpoints(&checkpoints);
    Classifier::<f32, String>::new(how).fit_with(Examples::rows(&x), &labels, options)?;
    let fit = fs::read("target/seeds/checkpoint-00000001.safetensors")?;
    fs::write("corpus/safetensors/fit", without_checksum(fit))?;
    write_tables()
}

/// Writes a CSV file, and a model that was fitted to it.
fn write_tables() -> Result<(), Box<dyn Error>> {
    let line = |row: usize| {
        let (age, port) =
            (["36", "?", "41"][row % 3], ["\"Dover, UK\"", "", "Oslo", "Rome"][row % 4]);
        format!("{age},{port},{}\r\n", row % 2 == 0)
    };
    let csv: String = (0..12).map(line).collect();
    let csv = format!("age,port,survived\r\n{csv}");
    let mut table = Table::read_csv(csv.as_bytes())?;
    let labels = table.take_labels("survived")?;
    let how = Hyperparameters::default().hidden(&[2]).epochs(1);
    let mut model = TableClassifier::new(Schema::auto().rare_below(4), how);
    model.fit(&table, &labels)?;
    fs::create_dir_all("corpus/table")?;
    fs::write("corpus/table/csv", csv)?;
    fs::write("corpus/table/classifier", without_checksum(model.to_safetensors()?))?;
    Ok(())
}

/// Removes the checksum, which is optional, so that a changed file is not refused at once.
fn without_checksum(mut file: Vec<u8>) -> Vec<u8> {
    let entry = br#",\"checksum\":\"00000000\""#;
    let begins = |part: &[u8]| part.starts_with(&entry[..14]);
    let at = file.windows(entry.len()).position(begins).expect("there is one");
    file[at..at + entry.len()].fill(b' ');
    file
}
