//! Measures what a processor can do at best: multiply-adds of `f32` in registers, and bytes read
//! from an array again and again.
//!
//! ```text
//! roofline --threads 1 --bytes 2000000,5000000
//! ```
//!
//! Prints a line of JSON: multiply-adds per second, and bytes per second for each size. Threads
//! read parts of the array.

use std::hint::black_box;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [_, threads, _, sizes] = &words[..] else {
        return Err("usage: roofline --threads N --bytes N,N".into());
    };
    let threads: usize = threads.parse()?;
    let mut bandwidths = Vec::new();
    for size in sizes.split(',') {
        let part = vec![1.0f32; (size.parse::<usize>()? / 4 / threads).max(1024)];
        let bytes = (4 * part.len()) as f64;
        let rate = together(threads, || {
            let part = part.clone();
            move || {
                black_box(sum(black_box(&part)));
                bytes
            }
        });
        bandwidths.push(format!("\"{size}\": {rate:.4e}"));
    }
    let multiply_adds = together(threads, || multiply_adds);
    println!(
        "{{\"multiply_adds\": {multiply_adds:.4e}, \"bytes\": {{{}}}}}",
        bandwidths.join(", ")
    );
    Ok(())
}

/// Runs a piece of work on each thread at once, and returns the work of all in a second. A piece
/// returns how much work it is. The best of twenty times counts.
fn together<W: FnMut() -> f64 + Send>(threads: usize, make: impl Fn() -> W) -> f64 {
    let rate = |mut work: W| {
        let mut best = 0.0f64;
        for _ in 0..20 {
            let (start, mut done) = (Instant::now(), 0.0);
            while start.elapsed() < Duration::from_millis(10) {
                done += work();
            }
            best = best.max(done / start.elapsed().as_secs_f64());
        }
        best
    };
    std::thread::scope(|scope| {
        let rate = &rate;
        let running: Vec<_> =
            (0..threads).map(|_| make()).map(|work| scope.spawn(move || rate(work))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// Adds all numbers.
fn sum(numbers: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") {
            // SAFETY: the processor has AVX-512 F.
            return unsafe { x86::avx512::sum(numbers) };
        }
        if has!("avx2") && has!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            return unsafe { x86::avx2::sum(numbers) };
        }
    }
    sum_in_lanes(numbers)
}

/// Adds all numbers, in as many sums as hide the latency of an addition.
#[inline(always)]
fn sum_in_lanes(numbers: &[f32]) -> f32 {
    let mut sums = [0.0f32; 128];
    for chunk in numbers.chunks_exact(128) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    sums.iter().sum()
}

/// The steps of the loop in registers, with fourteen sums of a vector each.
const STEPS: usize = 100_000;

/// Multiplies and adds in registers, and returns the number of multiply-adds.
fn multiply_adds() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") {
            // SAFETY: the processor has AVX-512 F.
            return unsafe { x86::avx512::multiply_adds() };
        }
        if has!("avx2") && has!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            return unsafe { x86::avx2::multiply_adds() };
        }
    }
    let (x, mut sums) = (black_box([0.5f32; 4]), [[0.0f32; 4]; 14]);
    for _ in 0..STEPS {
        for sum in &mut sums {
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum = *sum * x + x;
            }
        }
    }
    black_box(sums);
    (STEPS * 14 * 4) as f64
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    macro_rules! loops {
        ($name:ident, $features:literal, $lanes:literal, $splat:ident, $fma:ident) => {
            pub mod $name {
                use crate::{STEPS, sum_in_lanes};
                use std::arch::x86_64::*;
                use std::hint::black_box;

                #[target_feature(enable = $features)]
                pub fn sum(numbers: &[f32]) -> f32 {
                    sum_in_lanes(numbers)
                }

                #[target_feature(enable = $features)]
                pub fn multiply_adds() -> f64 {
                    let x = $splat(black_box(0.5));
                    let mut sums = [$splat(0.0); 14];
                    for _ in 0..STEPS {
                        for sum in &mut sums {
                            *sum = $fma(*sum, x, x);
                        }
                    }
                    black_box(sums);
                    (STEPS * 14 * $lanes) as f64
                }
            }
        };
    }

    loops!(avx512, "avx512f", 16, _mm512_set1_ps, _mm512_fmadd_ps);
    loops!(avx2, "avx2,fma", 8, _mm256_set1_ps, _mm256_fmadd_ps);
}
