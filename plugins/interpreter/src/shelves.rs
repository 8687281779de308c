//! Small pieces of memory, on a shelf for each size.
//!
//! A piece that was given back is the next of its size to be given out, and where there is none it is cut off from what lies there in one.
//! Nobody looks for a place. Pieces of different sizes are never joined: memory that was used for small pieces stays with their sizes,
//! which a run that lives for a moment does not feel.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

/// Sizes differ by so many bytes, which is also how pieces are aligned.
const STEP: usize = 16;
/// The largest small piece, in bytes.
const SMALL: usize = 512;
/// Pieces are cut off from so much at a time.
const SHEET: Layout = match Layout::from_size_align(4 * 1024, STEP) {
    Ok(sheet) => sheet,
    Err(_) => unreachable!(),
};

/// See the module. For one thread: a component has no other.
pub(crate) struct Shelves {
    /// The first free piece of each size; in each stands where the next one is.
    free: [AtomicPtr<u8>; SMALL / STEP],
    /// From here on pieces are cut off,
    next: AtomicPtr<u8>,
    /// for so many bytes.
    left: AtomicUsize,
}

/// The shelf of a piece, if it is a small one.
pub(crate) fn shelf(layout: Layout) -> Option<usize> {
    (layout.size() <= SMALL && layout.align() <= STEP).then(|| layout.size().saturating_sub(1) / STEP)
}

#[allow(unsafe_code, reason = "an allocator")]
impl Shelves {
    pub(crate) const fn new() -> Self {
        Self {
            free: [const { AtomicPtr::new(null_mut()) }; SMALL / STEP],
            next: AtomicPtr::new(null_mut()),
            left: AtomicUsize::new(0),
        }
    }

    /// A piece of a shelf; null where there is no more.
    ///
    /// # Safety
    /// One thread at a time. What `more` gives for a sheet is never given back to it.
    pub(crate) unsafe fn take(&self, shelf: usize, more: &impl GlobalAlloc) -> *mut u8 {
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

    /// Takes a piece back.
    ///
    /// # Safety
    /// One thread at a time. It was taken from this shelf, and nobody has it any more.
    pub(crate) unsafe fn give_back(&self, at: *mut u8, shelf: usize) {
        let free = &self.free[shelf];
        // Safety: it is nobody's any more, aligned, and large enough.
        unsafe { at.cast::<*mut u8>().write(free.load(Relaxed)) };
        free.store(at, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::System;

    use super::*;

    /// Has so many sheets, and no more.
    struct Sheets(AtomicUsize);

    #[allow(unsafe_code, reason = "an allocator")]
    // Safety: the system's.
    unsafe impl GlobalAlloc for Sheets {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match self.0.load(Relaxed) {
                0 => null_mut(),
                left => {
                    self.0.store(left - 1, Relaxed);
                    unsafe { System.alloc(layout) }
                }
            }
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
            panic!("sheets are never given back");
        }
    }

    #[test]
    #[allow(unsafe_code, reason = "an allocator is asked")]
    fn each_piece_is_large_enough_and_its_holders_alone() {
        let (shelves, sheets) = (Shelves::new(), Sheets(AtomicUsize::new(64)));
        let mut held: Vec<(*mut u8, usize, u8)> = Vec::new();
        // Numbers that look random, the same each time.
        let mut seed = 1_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % below
        };
        let mut refused = 0;
        for round in 0..200_000_usize {
            if held.len() < 600 && next(3) > 0 {
                let size = 1 + next(SMALL);
                let of = shelf(Layout::from_size_align(size, 1 << next(5)).unwrap()).unwrap();
                let piece = unsafe { shelves.take(of, &sheets) };
                if piece.is_null() {
                    refused += 1;
                    continue;
                }
                assert_eq!(piece.addr() % STEP, 0);
                let mark = u8::try_from(round % 251).unwrap();
                unsafe { piece.write_bytes(mark, size) };
                held.push((piece, size, mark));
            } else if !held.is_empty() {
                let (piece, size, mark) = held.swap_remove(next(held.len()));
                let bytes = unsafe { std::slice::from_raw_parts(piece, size) };
                assert!(bytes.iter().all(|byte| *byte == mark), "somebody else has written into a piece of {size}");
                unsafe { shelves.give_back(piece, (size - 1) / STEP) };
            }
        }
        assert!(refused > 0 && held.len() > 100, "{refused} {}", held.len());
    }

    #[test]
    fn what_is_large_or_aligned_otherwise_has_no_shelf() {
        let of = |size, align| shelf(Layout::from_size_align(size, align).unwrap());
        assert_eq!(
            [of(0, 1), of(1, 1), of(16, 16), of(17, 8), of(512, 1)],
            [Some(0), Some(0), Some(0), Some(1), Some(31)]
        );
        assert_eq!([of(513, 1), of(16, 32)], [None, None]);
    }
}
