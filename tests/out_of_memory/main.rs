//! Where memory ends, what grows with examples, features, units or the size of a file is an error: an
//! allocator that refuses, on the thread that asks, one large request after the other.

#![cfg_attr(not(any(feature = "npz", feature = "onnx", feature = "safetensors")), allow(dead_code))]

#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
mod files;

use dnn_blocks::Error;
#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
use dnn_blocks::files::FileError;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

/// The largest constant request that may end the process, as those of the standard library do.
pub const LARGEST: usize = 64 << 10;

/// What is still to come on this thread.
#[derive(Clone, Copy)]
struct Refusal {
    /// Requests of at least so many bytes count.
    threshold: usize,
    /// So many are still granted, then one is refused.
    granted: usize,
    refused: bool,
}

thread_local! {
    static REFUSAL: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// Is this the request that is refused?
fn refuses(bytes: usize) -> bool {
    let Some(mut refusal) = REFUSAL.get() else { return false };
    if bytes < refusal.threshold || refusal.refused {
        return false;
    }
    refusal.refused = refusal.granted == 0;
    refusal.granted = refusal.granted.saturating_sub(1);
    REFUSAL.set(Some(refusal));
    refusal.refused
}

struct Refusing;

// SAFETY: a call is passed on to the system's allocator as it is, or answered by "no memory".
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && refuses(size) {
            return std::ptr::null_mut();
        }
        unsafe { System.realloc(memory, layout, size) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

/// An error that may say that there was no memory.
pub trait SaysNoMemory: Debug {
    /// Does it?
    fn says_no_memory(&self) -> bool;
}

impl SaysNoMemory for Error {
    fn says_no_memory(&self) -> bool {
        matches!(self, Error::TooLarge { .. })
    }
}

#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
impl SaysNoMemory for FileError {
    fn says_no_memory(&self) -> bool {
        match self {
            FileError::TooLarge { size, limit, .. } => size <= limit, // no limit of a reader
            FileError::Io(error) => error.kind() == std::io::ErrorKind::OutOfMemory,
            FileError::Model(error) => error.says_no_memory(),
            _ => false,
        }
    }
}

/// Runs the case again and again, each time with the next of its requests of at least `threshold` bytes
/// refused: an error that says so, until all are granted. Returns how many there are.
#[track_caller]
pub fn every_failure<T, E: SaysNoMemory>(
    threshold: usize,
    mut case: impl FnMut() -> Result<T, E>,
) -> usize {
    for granted in 0.. {
        REFUSAL.set(Some(Refusal { threshold, granted, refused: false }));
        let result = case();
        let refusal = REFUSAL.take().expect("nobody else takes it");
        match result.map(drop) {
            Ok(()) if refusal.refused => {
                panic!("request {granted} was refused, and nobody said so")
            }
            Ok(()) => return granted,
            Err(error) => {
                assert!(refusal.refused && error.says_no_memory(), "{granted}: {error:?}")
            }
        }
    }
    unreachable!("there is an end to what a case asks for")
}

#[test]
fn each_request_is_refused_once() {
    let case = |count: usize| {
        move || {
            for _ in 0..count {
                let mut data = Vec::<u8>::new();
                let error = |_| Error::TooLarge {
                    layer: None,
                    operand: dnn_blocks::error::Operand { name: "data", shape: (1, 1) },
                };
                data.try_reserve_exact(100).map_err(error)?;
                data.try_reserve_exact(1000).map_err(error)?;
            }
            Ok::<_, Error>(())
        }
    };
    assert_eq!(every_failure(1001, case(3)), 0);
    assert_eq!(every_failure(1000, case(3)), 3, "growth counts");
    assert_eq!(every_failure(100, case(3)), 6);
}
