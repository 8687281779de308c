//! Where an interpreter's memory comes from: one place for what it reads, another for what it keeps of that and for what a run needs.
//!
//! What was read stays as it is: a run neither fills gaps in it nor frees anything of it. So what a run reads and what it writes lie
//! together, on few pages, and those that it wrote are all that the host has to make as they were for the next run.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static MEMORY: Memory = Memory { begin: AtomicPtr::new(null_mut()), runs: new_wasm_dynamic_allocator() };

/// What is there for runs at once, in bytes: most need less, so that their memory does not grow.
const RESERVE: Layout = Layout::new::<[u8; 192 * 1024]>();

struct Memory {
    /// The first address that belongs to runs; null until there are any.
    begin: AtomicPtr<u8>,
    /// What runs allocate from. A component has one thread.
    runs: WasmDynamicTalc,
}

/// From here on memory is that of runs: called once, when everything is read.
#[allow(unsafe_code, reason = "an allocator is asked")]
pub fn loaded() {
    if MEMORY.runs() {
        return;
    }
    // Safety: the layout has a size, and what is freed was allocated with it.
    let first = unsafe { MEMORY.runs.alloc(RESERVE) };
    if first.is_null() {
        // Then runs share what is there.
        return;
    }
    unsafe { MEMORY.runs.dealloc(first, RESERVE) };
    // Memory grows upwards: whatever runs are given lies above what is there by now.
    MEMORY.begin.store(first, Relaxed);
}

/// Who asked for a piece of memory.
enum Whose {
    /// `load`, which is at work.
    Load,
    /// `load`, which is done: it stays.
    Loaded,
    /// A run.
    Run,
}

impl Memory {
    fn whose(&self, at: *mut u8) -> Whose {
        match self.begin.load(Relaxed) {
            begin if begin.is_null() => Whose::Load,
            begin if at < begin => Whose::Loaded,
            _ => Whose::Run,
        }
    }

    fn runs(&self) -> bool {
        !self.begin.load(Relaxed).is_null()
    }
}

#[allow(unsafe_code, reason = "an allocator")]
// Safety: each piece goes back to the allocator that it came from, or nowhere.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { if self.runs() { self.runs.alloc(layout) } else { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { if self.runs() { self.runs.alloc_zeroed(layout) } else { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        match self.whose(at) {
            Whose::Load => unsafe { System.dealloc(at, layout) },
            Whose::Loaded => {}
            Whose::Run => unsafe { self.runs.dealloc(at, layout) },
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match self.whose(at) {
            Whose::Load => unsafe { System.realloc(at, layout, size) },
            Whose::Loaded => unsafe {
                let moved = self.runs.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(at, size.min(layout.size()));
                }
                moved
            },
            Whose::Run => unsafe { self.runs.realloc(at, layout, size) },
        }
    }
}
