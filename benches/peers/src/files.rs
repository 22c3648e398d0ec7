//! The files of a workload: `NAME.spec` with a key and a value on each line, and `NAME.bin` with
//! the arrays. `workloads.py` describes the layouts.

use crate::Failure;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

pub struct Spec {
    pub hidden: Activation,
    pub learning_rate: f64,
    pub agree_steps: usize,
    pub train: bool,
}

impl Spec {
    fn read(data: &Path, name: &str) -> Result<Self, Failure> {
        let text = fs::read_to_string(data.join(format!("{name}.spec")))?;
        let value = |key: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
            let found = pairs.find(|(name, _)| *name == key);
            found.map(|(_, value)| value.trim()).ok_or_else(|| format!("{name}.spec: no {key}"))
        };
        Ok(Self {
            hidden: if value("hidden")? == "tanh" { Activation::Tanh } else { Activation::Relu },
            learning_rate: value("lr")?.parse()?,
            agree_steps: value("agree_steps")?.parse()?,
            train: value("kind")? == "train",
        })
    }
}

pub struct Case<F> {
    pub spec: Spec,
    pub x: Array2<F>,
    pub y: Array2<F>,
    pub parameters: Parameters<F>,
}

impl<F: Float> Case<F> {
    pub fn read(data: &Path, name: &str) -> Result<Self, Failure> {
        let spec = Spec::read(data, name)?;
        let mut file = BufReader::new(File::open(data.join(format!("{name}.bin")))?);
        let mut magic = [0; 8];
        file.read_exact(&mut magic)?;
        if &magic != b"PEERBIN1" {
            return Err(format!("{name}.bin: not such a file").into());
        }
        let (mut x, mut y, mut w, mut b) = (None, None, Vec::new(), Vec::new());
        for _ in 0..number(&mut file)? {
            let mut key = vec![0; number(&mut file)?];
            file.read_exact(&mut key)?;
            let array = array(&mut file)?;
            match key[0] {
                b'X' => x = Some(array),
                b'Y' => y = Some(array),
                b'W' => w.push(array),
                _ => b.push(array),
            }
        }
        let layers = w.into_iter().zip(b).map(|(w, b)| Layer { w, b, activation: spec.hidden });
        let parameters = Parameters::from_layers(layers.collect())?;
        Ok(Self {
            x: x.ok_or("no X")?,
            y: y.ok_or("no Y")?,
            parameters: parameters.with_activations(spec.hidden, Activation::Sigmoid),
            spec,
        })
    }
}

fn number(file: &mut impl Read) -> Result<usize, Failure> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes).try_into()?)
}

/// Reads the array row by row, so that the whole file is never in memory.
fn array<F: Float>(file: &mut impl Read) -> Result<Array2<F>, Failure> {
    let (rows, columns) = (number(file)?, number(file)?);
    let mut numbers = Vec::with_capacity(rows * columns);
    let mut row = vec![0; 8 * columns];
    for _ in 0..rows {
        file.read_exact(&mut row)?;
        let (values, _) = row.as_chunks();
        numbers.extend(values.iter().map(|&bytes| F::of(f64::from_le_bytes(bytes))));
    }
    Ok(Array2::from_shape_vec((rows, columns), numbers)?)
}
