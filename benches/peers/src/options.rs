//! The options of a program.

use crate::Failure;
use std::path::PathBuf;

pub struct Options {
    pub data: PathBuf,
    pub cases: Vec<String>,
    pub threads: usize,
    pub budget_ms: f64,
    pub max_steps: usize,
    pub round: u32,
    pub first_step_only: bool,
    /// How `peer` predicts: "workspace", "columns" or "rows".
    pub predict: String,
    /// What `peer` predicts with: "parameters", "packed" or "bf16".
    pub weights: String,
    pub latency: bool,
}

impl Options {
    pub fn read() -> Result<Self, Failure> {
        let mut options = Options {
            data: PathBuf::new(),
            cases: Vec::new(),
            threads: 1,
            budget_ms: 200.0,
            max_steps: 2000,
            round: 0,
            first_step_only: false,
            predict: "workspace".into(),
            weights: "parameters".into(),
            latency: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            match name.as_str() {
                "--first-step-only" => options.first_step_only = true,
                "--latency" => options.latency = true,
                _ => {
                    let value = words.next().ok_or_else(|| format!("{name} wants a value"))?;
                    options.set(&name, value)?;
                }
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Failure> {
        match name {
            "--data" => self.data = value.into(),
            "--cases" => self.cases = value.split(',').map(String::from).collect(),
            "--threads" => self.threads = value.parse()?,
            "--budget-ms" => self.budget_ms = value.parse()?,
            "--max-steps" => self.max_steps = value.parse()?,
            "--round" => self.round = value.parse()?,
            "--predict" => self.predict = value,
            "--weights" => self.weights = value,
            _ => return Err(format!("no option {name}").into()),
        }
        Ok(())
    }
}
