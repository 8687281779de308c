//! Which decision points a run has reached.

use std::cell::RefCell;

use presetter_manifest::Point;
use serde_json::{Value, json};

/// The points that a run has reached, each once, in the order reached.
#[derive(Debug, Default)]
pub struct Trace(RefCell<Vec<Point>>);

impl Trace {
    /// Notes that a point was reached.
    pub fn reached(&self, point: Point) {
        let mut points = self.0.borrow_mut();
        if !points.contains(&point) {
            points.push(point);
        }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.0.borrow().clone()
    }
}

/// A verdict's details, as the contract has them.
pub(crate) fn details(points: &[Point], hint: Option<&str>) -> String {
    let mut details = json!({});
    if let Some(hint) = hint {
        details["hint"] = hint.into();
    }
    if !points.is_empty() {
        details["trace"] = points.iter().map(|point| Value::from(point.name())).collect();
    }
    details.to_string()
}
