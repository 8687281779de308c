//! Numbers of many rounds: their middle, and how far they lie apart.

/// Samples in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The least, the quartiles and the most.
    pub(crate) fn points(&self) -> [f64; 4] {
        [self.at(0.0), self.at(0.25), self.at(0.75), self.at(1.0)]
    }

    /// The sample at a part of the whole, between two of them as far as it lies between their places.
    fn at(&self, part: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else { return f64::NAN };
        let place = part * last as f64;
        let (below, above) = (self.0[place.floor() as usize], self.0[place.ceil() as usize]);
        below + (above - below) * place.fract()
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn points_lie_where_the_samples_do() {
        let spread = Spread::of([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!((spread.count(), spread.median(), spread.points()), (5, 3.0, [1.0, 2.0, 4.0, 5.0]));
        assert_eq!(Spread::of([1.0, 2.0]).median(), 1.5);
        assert!(Spread::default().median().is_nan());
    }
}
