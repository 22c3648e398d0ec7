//! The state of a [`NumpyRandom`] in NumPy's format.
//!
//! NumPy stores the last 624 words that the twister has used; the generator here gives the next
//! 624. The recurrence `x[k+624] = x[k+397] ^ f(x[k], x[k+1])` can be solved for `x[k]` (Matsumoto
//! & Nishimura 1998), so the used words are computed from the next words, and vice versa.

use super::NumpyRandom;
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::checks::{check_argument, check_lengths};
use crate::fnv::Fnv;
use rand_mt::Mt;
use std::fmt;

const N: usize = 624;
const M: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER: u32 = 0x8000_0000;

/// The state of NumPy's legacy generator: `np.random.get_state()` after its first entry.
///
/// | field | entries of `np.random.get_state()` |
/// |---|---|
/// | `key` | `keys` |
/// | `position` | `pos` |
/// | `kept` | `has_gauss`, `cached_gaussian` |
///
/// ```
/// use dnn_blocks::init::NumpyRandom;
///
/// let mut rng = NumpyRandom::seed(1);
/// rng.randn();
/// let mut again = NumpyRandom::from_state(&rng.state())?;
/// assert_eq!(again.randn(), -0.6117564136500754); // the second of the pair
/// assert_eq!(again.rand(), { rng.randn(); rng.rand() });
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NumpyState {
    /// The 624 words of the twister.
    pub key: Vec<u32>,
    /// The number of words that have been used.
    pub position: usize,
    /// The second sample of a normal pair, `cached_gaussian`, if only the first has been drawn:
    /// `Some` where `has_gauss` is 1.
    pub kept: Option<f64>,
}

impl NumpyRandom {
    /// Returns the state, for [`from_state`](Self::from_state) or for NumPy.
    ///
    /// In NumPy call `np.random.set_state(("MT19937", key, position, has_gauss, cached_gaussian))`.
    /// The last two are 1 and the value if `kept` is `Some`, else 0 and 0. `position` is always
    /// 624.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// let state = NumpyRandom::seed(1).state();
    /// assert_eq!((state.key.len(), state.position, state.kept), (624, 624, None));
    /// ```
    #[must_use]
    pub fn state(&self) -> NumpyState {
        let mut twister = self.twister.clone();
        let next_words: Vec<u32> = (0..N).map(|_| untempered(twister.next_u32())).collect();
        NumpyState { key: words_before(&next_words, N), position: N, kept: self.cached_gaussian }
    }

    /// A hash of the words, which determine all later numbers.
    fn checksum(&self) -> u64 {
        let mut hash = Fnv::new();
        self.state().key.iter().for_each(|word| hash.write(&word.to_le_bytes()));
        hash.get()
    }

    /// Creates the generator with a state of [`state`](Self::state) or of
    /// `np.random.get_state()[1:]`.
    ///
    /// ```
    /// # use dnn_blocks::init::NumpyRandom;
    /// let state = NumpyRandom::seed(1).state();
    /// assert_eq!(NumpyRandom::from_state(&state)?.next_u32(), 1791095845);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`] if `key` does not have 624 words.
    /// - [`Error::InvalidArgument`] if `position` is above 624, if `kept` is not finite, or if
    ///   `key` is the state of a twister that only returns 0.
    pub fn from_state(state: &NumpyState) -> Result<Self> {
        let NumpyState { key, position, kept } = state;
        check_lengths(("key", key.len()), ("the state of MT19937", N))?;
        check_argument(*position <= N, "position", *position as f64, "at most 624")?;
        let sample = kept.unwrap_or(0.0);
        check_argument(sample.is_finite(), "kept", sample, "finite")?;
        let before_key = words_before(key, N - position);
        let used = [&before_key, &key[..*position]].concat();
        let valid = is_not_zero(key) && is_not_zero(&used);
        let rule = "different from 0 outside the lowest 31 bits of its first word";
        check_argument(valid, "key", 0.0, rule)?;
        let twister = Mt::recover(used.into_iter().map(tempered)).expect("624 words");
        Ok(Self { twister, cached_gaussian: *kept })
    }
}

/// Returns whether the words after these are not all 0. They depend on the highest bit of the first
/// word and on all bits of the others.
fn is_not_zero(words: &[u32]) -> bool {
    words[0] & UPPER != 0 || words[1..].iter().any(|&word| word != 0)
}

/// Returns the `count` words before 624 successive words.
fn words_before(words: &[u32], count: usize) -> Vec<u32> {
    let mut all = vec![0; count + 1];
    all.extend_from_slice(words);
    // y(k) has the highest bit of x[k] and the other bits of x[k+1].
    let y = |all: &[u32], k: usize| {
        let twisted = all[k + N] ^ all[k + M];
        if twisted & UPPER == 0 { twisted << 1 } else { ((twisted ^ MATRIX) << 1) | 1 }
    };
    for k in (1..=count).rev() {
        all[k] = y(&all, k) & UPPER;
        all[k] |= y(&all, k - 1) & !UPPER;
    }
    all[1..=count].to_vec()
}

fn tempered(mut x: u32) -> u32 {
    x ^= x >> 11;
    x ^= (x << 7) & 0x9d2c_5680;
    x ^= (x << 15) & 0xefc6_0000;
    x ^ (x >> 18)
}

/// The inverse of [`tempered`]. Each step is inverted from the bits that it leaves unchanged.
fn untempered(mut x: u32) -> u32 {
    x ^= x >> 18;
    x ^= (x << 15) & 0xefc6_0000;
    let mut y = x;
    for _ in 0..4 {
        y = x ^ ((y << 7) & 0x9d2c_5680);
    }
    let mut z = y;
    for _ in 0..2 {
        z = y ^ (z >> 11);
    }
    z
}

/// Prints a checksum instead of the 624 words. Generators with the same state print the same text.
impl fmt::Debug for NumpyRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checksum = format_args!("{:016x}", self.checksum()).to_string();
        f.debug_struct("NumpyRandom")
            .field("checksum", &checksum)
            .field("kept", &self.cached_gaussian)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_state_continues_the_stream_at_any_place() {
        let mut rng = NumpyRandom::seed(5);
        for drawn in [0, 1, 226, 227, 228, 396, 397, 398, 622, 623, 624, 625, 2000] {
            (0..drawn).for_each(|_| _ = rng.next_u32());
            let mut again = NumpyRandom::from_state(&rng.state()).unwrap();
            let mut expected = rng.clone();
            for i in 0..2000 {
                assert_eq!(again.next_u32(), expected.next_u32(), "{i} after {drawn} more");
            }
        }
    }

    /// NumPy stores a block of 624 words and a position in it.
    #[test]
    fn states_of_numpy_are_accepted_at_any_position() {
        let mut rng = NumpyRandom::seed(7);
        let block: Vec<u32> = (0..N).map(|_| untempered(rng.next_u32())).collect();
        for position in [0, 1, 202, 397, 623, 624] {
            let state = NumpyState { key: block.clone(), position, kept: None };
            let mut again = NumpyRandom::from_state(&state).unwrap();
            let mut expected = NumpyRandom::seed(7);
            (0..position).for_each(|_| _ = expected.next_u32());
            for i in 0..1500 {
                assert_eq!(again.next_u32(), expected.next_u32(), "{i} after {position}");
            }
        }
    }

    #[test]
    fn invalid_states_are_rejected() {
        let good = NumpyRandom::seed(1).state();
        let only = |first: u32| {
            let mut key = vec![0; N];
            key[0] = first;
            key
        };
        for key in [only(0), only(1), only(!UPPER)] {
            for position in [0, 1, 397, 623, 624] {
                let dead = NumpyState { key: key.clone(), position, kept: None };
                let error = NumpyRandom::from_state(&dead).unwrap_err();
                assert!(matches!(error, Error::InvalidArgument { name: "key", .. }), "{error}");
            }
        }
        let mut last = only(0);
        last[N - 1] = 1;
        // The words before it are 0, and a twister of zeros never gives this word.
        let cut = NumpyState { key: last.clone(), position: N - 1, kept: None };
        assert!(NumpyRandom::from_state(&cut).is_err());
        for key in [only(UPPER), last] {
            let mut alive = NumpyRandom::from_state(&NumpyState { key, ..good.clone() }).unwrap();
            assert!(alive.randn().is_finite());
        }
        for bad in [
            NumpyState { key: vec![1; 623], ..good.clone() },
            NumpyState { position: 625, ..good.clone() },
            NumpyState { kept: Some(f64::NAN), ..good.clone() },
        ] {
            assert!(NumpyRandom::from_state(&bad).is_err());
        }
    }
}
