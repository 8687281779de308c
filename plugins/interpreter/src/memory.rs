//! Where an interpreter's memory comes from: one place for what it reads, another for what it keeps of that and for what a run needs.
//!
//! What was read stays as it is: a run neither fills gaps in it nor frees anything of it. So what a run reads and what it writes lie
//! together, on few pages, and those that it wrote are all that the host has to make as they were for the next run.
//!
//! Most pieces are small and live briefly. They come from shelves, one for each size: a piece that was given back is the next of its size
//! to be given out, and where there is none it is cut off from what lies there in one. Nobody looks for a place, and pieces of different
//! sizes are never joined. What is larger has an allocator that does both.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::Relaxed};

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static MEMORY: Memory = Memory {
    keeping: AtomicBool::new(false),
    begin: AtomicPtr::new(null_mut()),
    shelves: Shelves {
        free: [const { AtomicPtr::new(null_mut()) }; SMALL / STEP],
        next: AtomicPtr::new(null_mut()),
        left: AtomicUsize::new(0),
    },
    large: new_wasm_dynamic_allocator(),
};

/// What is there for runs at once, in bytes: most need less, so that their memory does not grow.
const RESERVE: Layout = Layout::new::<[u8; 192 * 1024]>();

/// Sizes of small pieces differ by so many bytes, which is also how they are aligned.
const STEP: usize = 16;
/// The largest small piece, in bytes.
const SMALL: usize = 512;
/// Small pieces are cut off from so much at a time.
const SHEET: Layout = match Layout::from_size_align(4 * 1024, STEP) {
    Ok(sheet) => sheet,
    Err(_) => unreachable!(),
};

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

/// Small pieces.
struct Shelves {
    /// The first free piece of each size; in each stands where the next one is.
    free: [AtomicPtr<u8>; SMALL / STEP],
    /// From here on pieces are cut off,
    next: AtomicPtr<u8>,
    /// for so many bytes.
    left: AtomicUsize,
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
        // There is no more: runs share what is there, and nothing is begun for them.
        return;
    }
    unsafe { MEMORY.large.dealloc(first, RESERVE) };
    // Memory grows upwards: what runs are given lies above what is there by now. Should there be a gap below that is given to one, it
    // is not taken back.
    MEMORY.begin.store(first, Relaxed);
    // So that runs begin with a sheet.
    let small = Layout::new::<[u8; STEP]>();
    unsafe {
        let piece = MEMORY.take(small);
        if !piece.is_null() {
            MEMORY.give_back(piece, small);
        }
    }
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

/// The shelf of a small piece.
fn shelf(layout: Layout) -> Option<usize> {
    (layout.size() <= SMALL && layout.align() <= STEP).then(|| layout.size().saturating_sub(1) / STEP)
}

#[allow(unsafe_code, reason = "an allocator")]
impl Shelves {
    unsafe fn take(&self, shelf: usize, more: &WasmDynamicTalc) -> *mut u8 {
        let free = &self.free[shelf];
        let first = free.load(Relaxed);
        if !first.is_null() {
            // Safety: a free piece holds the place of the next one, and is large enough for it.
            free.store(unsafe { first.cast::<*mut u8>().read() }, Relaxed);
            return first;
        }
        let size = (shelf + 1) * STEP;
        if self.left.load(Relaxed) < size {
            // What is left of the sheet before is less than one piece.
            let sheet = unsafe { more.alloc(SHEET) };
            if sheet.is_null() {
                return sheet;
            }
            self.next.store(sheet, Relaxed);
            self.left.store(SHEET.size(), Relaxed);
        }
        let piece = self.next.load(Relaxed);
        // Safety: so much is left of the sheet.
        self.next.store(unsafe { piece.add(size) }, Relaxed);
        self.left.store(self.left.load(Relaxed) - size, Relaxed);
        piece
    }

    unsafe fn give_back(&self, at: *mut u8, shelf: usize) {
        let free = &self.free[shelf];
        // Safety: it is nobody's any more, aligned, and large enough.
        unsafe { at.cast::<*mut u8>().write(free.load(Relaxed)) };
        free.store(at, Relaxed);
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
