//! Writes a training as a film: a page with a slider over the epochs.
//!
//! ```text
//! cargo run --release --example film                 # the flower of week 3
//! cargo run --release --example film spirals         # or moons, circles, blobs
//! cargo run --release --example film moons zeros     # beside a second run: zeros, tanh, dropout
//! cargo run --release --example film measured.csv    # columns of numbers, and one of labels
//! ```

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::course::datasets::{blobs, circles, load_planar_dataset, moons, spirals};
use dnn_blocks::model::EpochRecord;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::page::{Film, Recorder};
use dnn_blocks::prelude::*;
use std::error::Error;
use std::path::Path;

const USAGE: &str = "usage: film [flower|moons|circles|spirals|blobs|FILE.csv] \
                     [zeros|tanh|dropout] [--pictures DIR]";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Examples in columns, with their labels.
pub(crate) struct Data {
    pub(crate) title: String,
    pub(crate) features: Vec<String>,
    pub(crate) x: Array2<f64>,
    pub(crate) labels: Vec<String>,
}

fn main() -> Outcome<()> {
    let ([data, other], pictures) = arguments::parse_up_to(USAGE)?;
    let data = match data.as_deref().map(Path::to_string_lossy).as_deref() {
        Some(file) if file.ends_with(".csv") => read_csv(Path::new(file))?,
        name => generated(name.unwrap_or("flower"))?,
    };
    let other = other.map(|name| name.to_string_lossy().into_owned());
    pictures.write("film.html", film(&data, other.as_deref())?)
}

/// Returns the data set of this name.
pub(crate) fn generated(name: &str) -> Outcome<Data> {
    let mut rng = NumpyRandom::seed(1);
    let (title, (x, y), classes): (_, _, &[&str]) = match name {
        "flower" => ("The flower", load_planar_dataset(400, &mut rng)?, &["orange", "blue"]),
        "moons" => ("Two moons", moons(300, 0.2, &mut rng)?, &["upper", "lower"]),
        "circles" => ("Two circles", circles(300, 0.1, 0.5, &mut rng)?, &["outer", "inner"]),
        "spirals" => ("Three spirals", spirals(300, 3, 0.2, &mut rng)?, &["a", "b", "c"]),
        "blobs" => ("Four blobs", blobs(300, 2, 4, 1.5, &mut rng)?, &["a", "b", "c", "d"]),
        _ => return Err(USAGE.into()),
    };
    let labels = y.iter().map(|class| classes[*class as usize].to_string()).collect();
    Ok(Data { title: title.into(), features: vec!["x1".into(), "x2".into()], x, labels })
}

/// Reads a table with a header. The label is the first column whose cell in the first row is text,
/// or the last column; all other columns are numbers.
pub(crate) fn read_csv(path: &Path) -> Outcome<Data> {
    let in_file = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let mut reader = csv::Reader::from_path(path).map_err(|e| in_file(&e))?;
    let mut features: Vec<_> = reader.headers()?.iter().map(String::from).collect();
    let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(|e| in_file(&e))?;
    let first = rows.first().ok_or_else(|| in_file(&"the table has no rows"))?;
    let is_text = |cell: &str| cell.trim().parse::<f64>().is_err();
    let label = first.iter().position(is_text).unwrap_or(first.len() - 1);
    let (mut numbers, mut labels) = (Vec::new(), Vec::new());
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            if column == label {
                labels.push(cell.to_string());
            } else if let Some(number) = cell.trim().parse().ok().filter(|x: &f64| x.is_finite()) {
                numbers.push(number);
            } else {
                let line = row.position().map_or(0, |position| position.line());
                let (column, name) = (column + 1, &features[column]);
                let what = format!("line {line}, column {column} ({name}): no number: {cell:?}");
                return Err(in_file(&what).into());
            }
        }
    }
    let title = features.remove(label);
    let x = Array2::from_shape_vec((rows.len(), features.len()), numbers)?.reversed_axes();
    Ok(Data { title, features, x, labels })
}

/// The choices of the first network.
pub(crate) fn hyperparameters() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[8, 6]).learning_rate(0.01).epochs(200).validation_share(0.2)
}

/// Fits one network, or two that differ in one choice, and returns the page.
pub(crate) fn film(data: &Data, other: Option<&str>) -> Outcome<String> {
    let he = hyperparameters();
    let runs = match other {
        None => vec![("He initialization", he)],
        Some("zeros") => {
            let zeros = he.clone().initializer(Initializer::Zeros);
            vec![("He initialization", he), ("all weights start at 0", zeros)]
        }
        Some("tanh") => {
            let tanh = he.clone().activation(Activation::Tanh);
            vec![("ReLU", he), ("tanh", tanh)]
        }
        Some("dropout") => {
            let dropout = he.clone().keep_prob(0.8);
            vec![("without dropout", he), ("with dropout", dropout)]
        }
        Some(_) => return Err(USAGE.into()),
    };
    let (mut recorders, mut classes) = (Vec::new(), Vec::new());
    for (name, hyperparameters) in runs {
        let mut recorder = Recorder::new(name);
        let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
        let mut model = Classifier::<f64, String>::new(hyperparameters);
        let history = model.fit_with(Examples::columns(&data.x), &data.labels, options)?;
        if let Some(EpochRecord { validation_score: Some(accuracy), .. }) = history.epochs.last() {
            println!("{name}: validation accuracy {accuracy:.4}");
        }
        classes = model.classes().to_vec();
        recorders.push(recorder);
    }
    let film = Film::new(&data.title).features(&data.features).classes(&classes);
    let recorders: Vec<_> = recorders.iter().collect();
    Ok(film.program(include_str!("film.rs")).page(&recorders)?)
}
