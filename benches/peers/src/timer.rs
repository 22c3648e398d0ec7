//! The times of steps.

use crate::files::Spec;
use crate::{Failure, Options, memory};
use std::hint::black_box;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Times the steps of one case, and prints its line of JSON.
pub struct Timer<'o> {
    pub library: &'o str,
    pub options: &'o Options,
    pub name: &'o str,
    pub float: &'o str,
}

impl Timer<'_> {
    /// Takes the steps after which costs are compared, then times steps until the budget is spent.
    ///
    /// A training step returns the cost. A prediction returns the mean of its outputs if its
    /// argument is true, which it is outside the timed steps.
    pub fn time(
        &self,
        spec: &Spec,
        mut step: impl FnMut(bool) -> Result<f64, Failure>,
    ) -> Result<(), Failure> {
        let mut cost = step(true)?;
        if self.options.first_step_only {
            return self.print_cold(cost, step);
        }
        for _ in 1..spec.agree_steps {
            cost = step(true)?;
        }
        if !spec.train {
            for _ in 0..20 {
                step(false)?;
            }
        }
        let faults = memory::minor_faults();
        let times = self.times(3, self.options.max_steps, || step(false))?;
        let n = times.len();
        let faults = (memory::minor_faults() - faults) as f64 / n as f64;
        self.print(&format!(
            "\"median_us_per_step\": {:.4}, \"min_us\": {:.4}, \"max_us\": {:.4}, \
             \"steps\": {n}, \"final_cost\": {cost:?}, \"minor_faults_per_step\": {faults:.1}",
            (times[(n - 1) / 2] + times[n / 2]) / 2.0,
            times[0],
            times[n - 1]
        ));
        Ok(())
    }

    /// Returns the sorted microseconds of each step: `least` steps, then more until the budget is
    /// spent or there are `most`.
    pub fn times(
        &self,
        least: usize,
        most: usize,
        mut step: impl FnMut() -> Result<f64, Failure>,
    ) -> Result<Vec<f64>, Failure> {
        let mut times = Vec::new();
        let begin = Instant::now();
        while times.len() < least
            || (times.len() < most && begin.elapsed().as_secs_f64() * 1e3 < self.options.budget_ms)
        {
            let start = Instant::now();
            black_box(step()?);
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    /// Prints the time from the start of the process to the end of its first step, and its memory.
    fn print_cold(
        &self,
        cost: f64,
        mut step: impl FnMut(bool) -> Result<f64, Failure>,
    ) -> Result<(), Failure> {
        let start: f64 = std::env::var("PEERS_T0")?.parse()?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - start;
        let whole = memory::peak_kib();
        memory::forget_peak();
        for _ in 0..3 {
            black_box(step(false)?);
        }
        let steps = memory::peak_kib();
        self.print(&format!(
            "\"mode\": \"cold\", \"cold_start_s\": {seconds:.6}, \"final_cost\": {cost:?}, \
             \"max_rss_kib\": {}, \"steps_rss_kib\": {steps}",
            whole.max(steps)
        ));
        Ok(())
    }

    /// Prints a line of JSON with the case and some figures.
    pub fn print(&self, figures: &str) {
        let Options { threads, round, .. } = self.options;
        println!(
            "{{\"peer\": \"{}\", \"workload\": \"{}\", \"dtype\": \"{}\", \
             \"threads\": {threads}, \"round\": {round}, {figures}}}",
            self.library, self.name, self.float
        );
    }
}
