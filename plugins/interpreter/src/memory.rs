//! Where an interpreter's memory comes from: one place for what it reads, another for what it keeps of that and for what a run needs.
//!
//! What was read stays as it is: a run neither fills gaps in it nor frees anything of it. So what a run reads and what it writes lie
//! together, on few pages, and those that it wrote are all that the host has to make as they were for the next run.
//!
//! Most pieces are small and live briefly: they come from shelves ([`crate::shelves`]). What is larger, and what is kept, has an allocator that
//! looks for a place and joins free pieces.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

use crate::shelves::{Shelves, shelf};

#[global_allocator]
static MEMORY: Memory = Memory {
    keeping: AtomicBool::new(false),
    begin: AtomicPtr::new(null_mut()),
    shelves: Shelves::new(),
    large: new_wasm_dynamic_allocator(),
};

/// What is there for runs at once, in bytes: most need less, so that their memory does not grow.
const RESERVE: Layout = Layout::new::<[u8; 192 * 1024]>();

struct Memory {
    /// What is read from now on is kept.
    keeping: AtomicBool,
    /// The first address that belongs to runs; null until there are any.
    begin: AtomicPtr<u8>,
    /// What runs take small pieces from,
    shelves: Shelves,
    /// and all else; what is kept stands there too. A component has one thread.
    large: WasmDynamicTalc,
}

/// Makes what is kept, gathered in one place: nothing that reading left lies between its parts. Runs begin then, as by [`loaded`].
pub fn kept<T>(make: impl FnOnce() -> T) -> T {
    MEMORY.keeping.store(true, Relaxed);
    let kept = make();
    loaded();
    kept
}

/// From here on memory is that of runs: once, when everything is read.
#[allow(unsafe_code, reason = "an allocator is asked")]
pub fn loaded() {
    if MEMORY.runs() {
        return;
    }
    // Safety: the layout has a size, and what is freed was allocated with it.
    let first = unsafe { MEMORY.large.alloc(RESERVE) };
    if first.is_null() {
        // There is hardly any memory left. What a run gives back of it is not used again where something was kept.
        return;
    }
    unsafe { MEMORY.large.dealloc(first, RESERVE) };
    MEMORY.begin(first);
}

/// Who asked for a piece of memory.
enum Whose {
    /// `load`, which is at work.
    Load,
    /// `load`, which is done, or what is kept of it: it stays.
    Loaded,
    /// A run.
    Run,
}

impl Memory {
    /// Runs are given what lies from here on. Memory grows upwards: what is there by now lies below. Should a gap there be given to a run,
    /// it is not taken back.
    fn begin(&self, first: *mut u8) {
        self.begin.store(first, Relaxed);
        // So that runs begin with a sheet.
        let small = Layout::new::<u8>();
        #[allow(unsafe_code, reason = "an allocator is asked")]
        unsafe {
            let piece = self.take(small);
            if !piece.is_null() {
                self.give_back(piece, small);
            }
        }
    }

    fn whose(&self, at: *mut u8) -> Whose {
        match self.begin.load(Relaxed) {
            begin if begin.is_null() && !self.keeping.load(Relaxed) => Whose::Load,
            begin if begin.is_null() || at < begin => Whose::Loaded,
            _ => Whose::Run,
        }
    }

    fn runs(&self) -> bool {
        !self.begin.load(Relaxed).is_null()
    }

    fn loading(&self) -> bool {
        !self.keeping.load(Relaxed) && !self.runs()
    }

    /// A piece for a run, or of what is kept.
    #[allow(unsafe_code, reason = "an allocator")]
    unsafe fn take(&self, layout: Layout) -> *mut u8 {
        match shelf(layout).filter(|_| self.runs()) {
            Some(shelf) => unsafe { self.shelves.take(shelf, &self.large) },
            None => unsafe { self.large.alloc(layout) },
        }
    }

    /// Takes back a piece of a run.
    #[allow(unsafe_code, reason = "an allocator")]
    unsafe fn give_back(&self, at: *mut u8, layout: Layout) {
        match shelf(layout) {
            Some(shelf) => unsafe { self.shelves.give_back(at, shelf) },
            None => unsafe { self.large.dealloc(at, layout) },
        }
    }

    /// A larger or smaller piece with the same beginning. The one before is not given back.
    #[allow(unsafe_code, reason = "an allocator")]
    unsafe fn moved(&self, at: *mut u8, before: Layout, now: Layout) -> *mut u8 {
        let moved = unsafe { self.take(now) };
        if !moved.is_null() {
            unsafe { moved.copy_from_nonoverlapping(at, before.size().min(now.size())) };
        }
        moved
    }
}

#[allow(unsafe_code, reason = "an allocator")]
// Safety: each piece goes back to the allocator that it came from, or nowhere.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { if self.loading() { System.alloc(layout) } else { self.take(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.loading() {
            return unsafe { System.alloc_zeroed(layout) };
        }
        let piece = unsafe { self.take(layout) };
        if !piece.is_null() {
            unsafe { piece.write_bytes(0, layout.size()) };
        }
        piece
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        match self.whose(at) {
            Whose::Load => unsafe { System.dealloc(at, layout) },
            Whose::Loaded => {}
            Whose::Run => unsafe { self.give_back(at, layout) },
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let now = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.whose(at), shelf(layout), shelf(now)) {
            (Whose::Load, ..) => unsafe { System.realloc(at, layout, size) },
            (Whose::Loaded, ..) => unsafe { self.moved(at, layout, now) },
            (Whose::Run, Some(before), Some(now)) if before == now => at,
            (Whose::Run, None, None) => unsafe { self.large.realloc(at, layout, size) },
            (Whose::Run, ..) => {
                let moved = unsafe { self.moved(at, layout, now) };
                if !moved.is_null() {
                    unsafe { self.give_back(at, layout) };
                }
                moved
            }
        }
    }
}
