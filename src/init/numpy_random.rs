//! NumPy's legacy random generator.

use super::RandomSource;
use rand_mt::Mt;

/// NumPy's legacy generator, `np.random.seed(k)`: the same numbers in the same order.
///
/// Use it to reproduce notebooks. For new work any generator of `rand` is as good.
///
/// The stream is the Mersenne Twister MT19937 (Matsumoto & Nishimura 1998). Normal samples come in
/// pairs from the polar method (Marsaglia & Bray 1964). NumPy guarantees since 1.16 that neither
/// changes. The logarithm is computed by the platform, so normal samples may differ between
/// machines in the last bit.
///
/// ```
/// use dnn_blocks::init::NumpyRandom;
///
/// let mut rng = NumpyRandom::seed(1); // np.random.seed(1)
/// assert_eq!(rng.randn(), 1.6243453636632417); // np.random.randn()
/// assert_eq!(rng.randn(), -0.6117564136500754);
/// ```
#[derive(Clone)]
pub struct NumpyRandom {
    pub(super) twister: Mt,
    /// The second normal sample of a pair, for the next call.
    pub(super) cached_gaussian: Option<f64>,
}

impl NumpyRandom {
    /// Creates the generator of `np.random.seed(k)`.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// assert_eq!(NumpyRandom::seed(1).next_u32(), 1791095845);
    /// ```
    #[doc(alias = "np.random.seed")]
    #[must_use]
    pub fn seed(k: u32) -> Self {
        Self { twister: Mt::new(k), cached_gaussian: None }
    }

    /// Returns the next 32 random bits. All other samples are computed from them.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// assert_eq!(NumpyRandom::seed(2).next_u32(), 1872583848);
    /// ```
    pub fn next_u32(&mut self) -> u32 {
        self.twister.next_u32()
    }

    /// Draws a uniform sample on [0, 1) with 53 random bits, as `np.random.rand()`.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// assert_eq!(NumpyRandom::seed(1).rand(), 0.417022004702574);
    /// ```
    pub fn rand(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0 // (high·2²⁶ + low) / 2⁵³
    }

    /// Draws a sample of the standard normal distribution, as `np.random.randn()`.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// assert_eq!(NumpyRandom::seed(3).randn(), 1.7886284734303186);
    /// ```
    pub fn randn(&mut self) -> f64 {
        if let Some(sample) = self.cached_gaussian.take() {
            return sample;
        }
        loop {
            let x1 = 2.0 * self.rand() - 1.0;
            let x2 = 2.0 * self.rand() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.cached_gaussian = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// Returns the numbers 0 to n - 1 in random order, as `np.random.permutation(n)`.
    ///
    /// The list takes `8·n` bytes on a 64-bit machine. Too little memory ends the program.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// assert_eq!(NumpyRandom::seed(0).permutation(7), [6, 2, 1, 3, 0, 5, 4]);
    /// ```
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }

    /// Shuffles a list, as `np.random.shuffle(order)`.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// let mut order = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
    /// NumpyRandom::seed(3).shuffle(&mut order);
    /// assert_eq!(order, [15, 14, 11, 12, 19, 16, 17, 10, 13, 18]);
    /// ```
    pub fn shuffle<T>(&mut self, order: &mut [T]) {
        for i in (1..order.len()).rev() {
            let j = self.random_interval(i as u64);
            order.swap(i, j as usize);
        }
    }

    /// Draws a uniform integer from 0 to `max`, inclusive, as NumPy's `random_interval`.
    ///
    /// It masks the bits that `max` does not need, and draws again while the rest is above `max`.
    fn random_interval(&mut self, max: u64) -> u64 {
        let mask = u64::MAX >> max.leading_zeros();
        loop {
            let bits = if max <= u64::from(u32::MAX) {
                u64::from(self.next_u32())
            } else {
                u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
            };
            if bits & mask <= max {
                return bits & mask;
            }
        }
    }
}

impl RandomSource for NumpyRandom {
    fn standard_normal(&mut self) -> f64 {
        self.randn()
    }

    fn uniform(&mut self) -> f64 {
        self.rand()
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        self.shuffle(order);
    }
}

#[cfg(test)]
mod tests {
    use super::NumpyRandom;

    /// `np.random.RandomState(k).randint(0, 2**40 + 2**39 + 1, size=6)`. A permutation with such
    /// draws would be too long for a test.
    #[test]
    fn draws_beyond_32_bits_are_numpys() {
        for (seed, expected) in [
            (
                1,
                [
                    163196666091,
                    1095766950793,
                    876169207429,
                    1439828038592,
                    620178591873,
                    1020783786492,
                ],
            ),
            (
                2,
                [
                    722349427215,
                    98559752491,
                    1547564920071,
                    696447959473,
                    411023485515,
                    915343217711,
                ],
            ),
        ] {
            let mut rng = NumpyRandom::seed(seed);
            assert_eq!([0; 6].map(|_: u64| rng.random_interval((1 << 40) + (1 << 39))), expected);
        }
    }
}
