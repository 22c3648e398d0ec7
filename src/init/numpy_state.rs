//! Where a [`NumpyRandom`] is in its stream, as NumPy says it.
//!
//! The twister's words obey `x[k+624] = x[k+397] ^ f(x[k], x[k+1])`, which can be solved for `x[k]`
//! (Matsumoto & Nishimura 1998). So the words that were, which is what NumPy keeps, follow from
//! those that come, which is what the generator gives.

use super::NumpyRandom;
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::checks::{check_argument, check_lengths};
use rand_mt::Mt;
use std::fmt;

const N: usize = 624;
const M: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER: u32 = 0x8000_0000;

/// The state of NumPy's legacy generator, the last four entries of `np.random.get_state()`.
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
    /// How many of them have been used.
    pub position: usize,
    /// The second normal sample of a pair, if the first was the last one drawn.
    pub kept: Option<f64>,
}

impl NumpyRandom {
    /// The state, for `np.random.set_state(("MT19937", key, position, kept is there, kept or 0))`
    /// and for [`from_state`](Self::from_state). All words are used ones: the position is 624.
    #[must_use]
    pub fn state(&self) -> NumpyState {
        let mut twister = self.twister.clone();
        let coming: Vec<u32> = (0..N).map(|_| untempered(twister.next_u32())).collect();
        NumpyState { key: words_before(&coming, N), position: N, kept: self.kept }
    }

    /// Of all numbers to come.
    fn checksum(&self) -> u64 {
        self.state().key.iter().fold(0xcbf2_9ce4_8422_2325, |hash, word| {
            (hash ^ u64::from(*word)).wrapping_mul(0x100_0000_01b3)
        })
    }

    /// The generator in this state, from [`state`](Self::state) or from
    /// `np.random.get_state()[1:]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless there are 624 words, [`Error::InvalidArgument`] if they are
    /// the state of a twister that only returns zeros, the position is beyond them or the kept
    /// sample is not finite.
    pub fn from_state(state: &NumpyState) -> Result<Self> {
        let NumpyState { key, position, kept } = state;
        check_lengths(("key", key.len()), ("the words of a twister", N))?;
        let place = *position as f64;
        check_argument(*position <= N, "position", place, "at most 624")?;
        let sample = kept.unwrap_or(0.0);
        check_argument(sample.is_finite(), "kept", sample, "finite")?;
        let used = words_before(key, N - position);
        let past = [&used, &key[..*position]].concat();
        let alive = is_alive(key) && is_alive(&past);
        let rule = "a key with a bit other than the lowest 31 of its first word";
        check_argument(alive, "key", 0.0, rule)?;
        let twister = Mt::recover(past.into_iter().map(tempered)).expect("624 words");
        Ok(Self { twister, kept: *kept })
    }
}

/// Does anything but 0 follow from these words? Of the first the next ones are made of its highest
/// bit.
fn is_alive(words: &[u32]) -> bool {
    words[0] & UPPER != 0 || words[1..].iter().any(|&word| word != 0)
}

/// The `count` words before 624 successive ones.
fn words_before(words: &[u32], count: usize) -> Vec<u32> {
    let mut all = vec![0; count + 1];
    all.extend_from_slice(words);
    // y[k] holds the upper bit of x[k] and the other bits of x[k+1].
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

/// The word of which [`tempered`] made this: each step is undone from the bits that it left alone.
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

/// Equal for generators in one state; the state itself is 624 words.
impl fmt::Debug for NumpyRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checksum = format_args!("{:016x}", self.checksum()).to_string();
        f.debug_struct("NumpyRandom")
            .field("checksum", &checksum)
            .field("kept", &self.kept)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_state_says_what_comes_wherever_it_is_taken() {
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

    /// NumPy keeps a block of 624 words and a position in it.
    #[test]
    fn states_of_numpy_are_taken_at_any_position() {
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
    fn what_is_no_state_is_refused() {
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
        // That word does not follow from those before it, which are 0.
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
