//! Calls that run out of memory return an error and change nothing, as DESIGN.md promises.
//!
//! An allocator refuses one large request of a call, or all requests after one. The test repeats
//! the call with each request in turn. A request without error handling ends the process, and so
//! the test.

#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
mod files;
mod functions;
mod models;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

/// An allocator that refuses the requests in the plan of this thread.
struct Refusing;

/// The large requests to refuse.
#[derive(Clone, Copy)]
struct Plan {
    /// The smallest size of a large request, in bytes.
    large: usize,
    /// The number of large requests to grant first.
    granted: usize,
    /// Whether to refuse all later requests, or one only.
    all: bool,
    refused: bool,
}

thread_local!(static PLAN: Cell<Option<Plan>> = const { Cell::new(None) });

fn refuses(size: usize) -> bool {
    let Some(mut plan) = PLAN.get() else { return false };
    if size < plan.large {
        return false;
    }
    let refuses = plan.granted == 0 && (plan.all || !plan.refused);
    plan.refused |= refuses;
    plan.granted = plan.granted.saturating_sub(1);
    PLAN.set(Some(plan));
    refuses
}

// SAFETY: every request is passed on to the system's allocator as it is, or answered by null, which
// says that there is no memory.
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

/// An error that may mean that memory ran out.
trait OutOfMemory {
    fn is_out_of_memory(&self) -> bool;
}

impl OutOfMemory for dnn_blocks::Error {
    fn is_out_of_memory(&self) -> bool {
        match self {
            dnn_blocks::Error::TooLarge { .. } => true,
            #[cfg(feature = "safetensors")]
            dnn_blocks::Error::Checkpoint { cause } => {
                let cause = cause.downcast_ref::<dnn_blocks::files::FileError>();
                cause.is_some_and(OutOfMemory::is_out_of_memory)
            }
            _ => false,
        }
    }
}

#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
impl OutOfMemory for dnn_blocks::files::FileError {
    fn is_out_of_memory(&self) -> bool {
        use dnn_blocks::files::FileError;
        match self {
            FileError::TooLarge { size, limit, .. } => size <= limit, // not the limit of a reader
            FileError::Io(error) => error.kind() == std::io::ErrorKind::OutOfMemory,
            FileError::Model(error) => error.is_out_of_memory(),
            _ => false,
        }
    }
}

/// Repeats a call, and refuses another one of its requests of at least `large` bytes each time,
/// which must be an error. Returns the number of these requests.
#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
#[track_caller]
fn every_failure<T, E: OutOfMemory + Debug>(
    large: usize,
    mut call: impl FnMut() -> Result<T, E>,
) -> usize {
    for granted in 0.. {
        PLAN.set(Some(Plan { large, granted, all: false, refused: false }));
        let result = call().map(drop);
        let refused = PLAN.take().unwrap().refused;
        match result {
            Ok(()) if refused => panic!("request {granted} was refused without an error"),
            Ok(()) => return granted,
            Err(error) => assert!(refused && error.is_out_of_memory(), "{granted}: {error:?}"),
        }
    }
    unreachable!("a call makes a finite number of requests")
}

/// Runs a call with each of its large requests refused. The call may succeed; or it fails, leaves
/// the state that `look` shows unchanged, and succeeds when it is repeated.
///
/// Returns the number of failures.
fn refused<S, V: PartialEq + Debug, E: OutOfMemory + Debug>(
    large: usize,
    start: impl Fn() -> S,
    mut run: impl FnMut(&mut S) -> Result<(), E>,
    look: impl Fn(&S) -> V,
) -> usize {
    let mut fresh = start();
    run(&mut fresh).unwrap();
    let expected = look(&fresh);
    let mut failures = 0;
    for all in [false, true] {
        for granted in 0.. {
            let mut state = start();
            let before = look(&state);
            PLAN.set(Some(Plan { large, granted, all, refused: false }));
            let result = run(&mut state);
            let plan = PLAN.take().unwrap();
            if let Err(error) = result {
                assert!(plan.refused && error.is_out_of_memory(), "request {granted}: {error:?}");
                assert_eq!(look(&state), before, "request {granted}: what it was is changed");
                failures += 1;
                run(&mut state).unwrap();
            }
            assert_eq!(look(&state), expected, "request {granted}");
            if !plan.refused {
                break;
            }
        }
    }
    failures
}

/// [`refused`] for a call that returns a value and changes nothing.
fn value_or_error<V: PartialEq + Debug + Clone, E: OutOfMemory + Debug>(
    call: impl Fn() -> Result<V, E>,
) {
    let run = |value: &mut Option<V>| call().map(|new| *value = Some(new));
    assert!(refused(LARGE, || None, run, Option::clone) > 0, "no request is large");
}

/// The size from which a request counts as large, in bytes.
const LARGE: usize = 2048;

/// Runs `f` with a pool of one thread, which does all the work.
fn alone(f: impl FnOnce() + Send) {
    #[cfg(feature = "rayon")]
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(f);
    #[cfg(not(feature = "rayon"))]
    f();
}
