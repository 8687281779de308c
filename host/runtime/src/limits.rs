//! What a run may use up, as wasmtime asks about it, and the one error that says which limit was hit.
//!
//! Owns: [`LimitHit`], and the [`Ceiling`] over an instance. The limits themselves are `presetter-manifest`'s.

use presetter_manifest::{Limit, Limits};
use wasmtime::ResourceLimiter;

/// A limit that was hit: whatever the component does next, its run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the preset hit the limit \"{limit}\" ({})", .limit.show(*.amount))]
pub(crate) struct LimitHit {
    pub(crate) limit: Limit,
    pub(crate) amount: u64,
}

impl LimitHit {
    /// That a run has used up what it has of this.
    pub(crate) fn of(limits: &Limits, limit: Limit) -> Self {
        Self { limit, amount: limits.get(limit) }
    }

    /// Where the limit is raised, for whoever runs the preset with this connection.
    pub(crate) fn advice(&self, connection: &str, bundle: &str) -> String {
        let Self { limit, amount } = *self;
        if amount >= limit.ceiling() {
            return format!("no more than {} can be allowed; ask the preset's author", limit.show(amount));
        }
        let by = if amount < limit.default_amount() {
            format!("it is usually {}, and was lowered by bundle {bundle} or the connection; ", {
                limit.show(limit.default_amount())
            })
        } else {
            String::new()
        };
        let more = limit.show(amount.saturating_mul(2).min(limit.ceiling()));
        format!("{by}if you trust the preset with more: presetter connection set {connection} --limit {limit}={more}")
    }
}

/// Keeps an instance's memories and tables within bounds, and remembers that it had to.
#[derive(Debug)]
pub(crate) struct Ceiling {
    limits: Limits,
    memory_used: usize,
    pub(crate) hit: Option<LimitHit>,
}

impl Ceiling {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), memory_used: 0, hit: None }
    }

    /// Says no, and remembers why.
    fn refuse(&mut self, limit: Limit) -> wasmtime::Result<bool> {
        self.hit = Some(LimitHit::of(&self.limits, limit));
        Ok(false)
    }
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // All memories of a component together: growing one takes from the others.
        let used = self.memory_used.saturating_add(desired.saturating_sub(current));
        if used > self.limits.size(Limit::Memory) {
            return self.refuse(Limit::Memory);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.size(Limit::TableElements) {
            return self.refuse(Limit::TableElements);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.size(Limit::Instances)
    }
}

/// Whether an error is wasmtime's word that a component has too many instances. It has no type of its own.
pub(crate) fn is_too_many_instances(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().starts_with("resource limit exceeded: instance count")
}

/// Whether an error is wasmtime's word that a component hands over more than it may. It has no public type.
pub(crate) fn is_too_much_at_once(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_the_command_and_stops_at_the_ceiling() {
        let hit = LimitHit::of(&Limits::default(), Limit::GuestTime);
        assert_eq!(hit.to_string(), "the preset hit the limit \"guest_time\" (10s)");
        let advice = hit.advice("m", "acme");
        assert_eq!(advice, "if you trust the preset with more: presetter connection set m --limit guest_time=20s");
        let lowered = LimitHit { limit: Limit::Requests, amount: 5 }.advice("m", "acme");
        assert!(lowered.starts_with("it is usually 1000, and was lowered by bundle acme"), "{lowered}");
        let most = LimitHit { limit: Limit::JsonDepth, amount: 120 }.advice("m", "acme");
        assert!(!most.contains("--limit"), "{most}");
    }
}
