//! Budgets: how much of something is in use at once, by all together and by one organization, and the permits that say who has what.
//!
//! Nobody has a fixed share, as with the lanes of due work: what an organization has, and what all would have with what is asked for, must
//! stay within the bound. Who is alone gets half of it, and there is room for who has nothing.

use crate::error::{ApiError, Kind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many organizations are remembered that have nothing.
const ORGANIZATIONS_REMEMBERED_MAX: usize = 10_000;

/// A budget. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The bound's name.
    name: &'static str,
    max: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    by_organization: HashMap<Arc<str>, usize>,
}

/// A part of a budget. It is given back when this is dropped, so it belongs to what it was taken for.
#[derive(Debug)]
pub struct Permit {
    budget: Budget,
    organization: Arc<str>,
    amount: usize,
}

/// There is not as much left as was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{whose} have as much under way as may be at once (`{budget}`); try again shortly")]
pub struct Exhausted {
    /// The bound's name.
    pub budget: &'static str,
    /// Whose part there is no more of.
    pub whose: Whose,
}

/// Who has used a budget up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The organization that asks: there may be room for others.
    Organization,
    /// All together.
    All,
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Organization => "the requests of this organization",
            Self::All => "the requests of all organizations together",
        })
    }
}

impl From<Exhausted> for ApiError {
    fn from(exhausted: Exhausted) -> Self {
        Self::new(Kind::Overload, "overloaded", exhausted.to_string())
            .with_fields(serde_json::json!({ "budget": exhausted.budget }))
    }
}

impl Budget {
    /// A budget of so much, by the name of its bound.
    pub fn new(name: &'static str, max: usize) -> Self {
        Self(Arc::new(Inner { name, max, used: Mutex::default() }))
    }

    /// A part for an organization.
    pub fn take(&self, organization: &str, amount: usize) -> Result<Permit, Exhausted> {
        let mut permit = self.open(organization);
        permit.grow(amount)?;
        Ok(permit)
    }

    /// Nothing yet for an organization; it grows.
    pub fn open(&self, organization: &str) -> Permit {
        let organization = self.used().name(organization);
        Permit { budget: self.clone(), organization, amount: 0 }
    }

    /// How much is in use.
    pub fn in_use(&self) -> usize {
        self.used().all
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    /// An organization's name as it is kept, so that it is allocated once and not for each request.
    fn name(&mut self, organization: &str) -> Arc<str> {
        if let Some((name, _)) = self.by_organization.get_key_value(organization) {
            return Arc::clone(name);
        }
        if ORGANIZATIONS_REMEMBERED_MAX <= self.by_organization.len() {
            self.by_organization.retain(|_, used| *used != 0);
        }
        let name: Arc<str> = organization.into();
        self.by_organization.insert(Arc::clone(&name), 0);
        name
    }

    fn add(&mut self, bound: &Inner, organization: &Arc<str>, amount: usize) -> Result<(), Exhausted> {
        let own = self.by_organization.entry(Arc::clone(organization)).or_default();
        let all = self.all.saturating_add(amount);
        // Nothing more is always allowed: who has too much of what others have returned may go on.
        if amount != 0 && bound.max < own.saturating_add(all) {
            let whose = if bound.max < all { Whose::All } else { Whose::Organization };
            return Err(Exhausted { budget: bound.name, whose });
        }
        *own += amount;
        self.all = all;
        Ok(())
    }

    fn give_back(&mut self, organization: &Arc<str>, amount: usize) {
        self.all -= amount;
        if let Some(own) = self.by_organization.get_mut(organization) {
            *own -= amount;
        }
    }
}

impl Permit {
    /// How much it is.
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Takes more.
    pub fn grow(&mut self, more: usize) -> Result<(), Exhausted> {
        self.budget.used().add(&self.budget.0, &self.organization, more)?;
        self.amount += more;
        Ok(())
    }

    /// Gives back what is beyond this much.
    pub fn shrink_to(&mut self, amount: usize) {
        let back = self.amount.saturating_sub(amount);
        if back != 0 {
            self.budget.used().give_back(&self.organization, back);
            self.amount -= back;
        }
    }

    /// Parts with so much of it, at most all, for what goes a way of its own.
    pub fn split(&mut self, amount: usize) -> Self {
        let amount = amount.min(self.amount);
        self.amount -= amount;
        Self { budget: self.budget.clone(), organization: Arc::clone(&self.organization), amount }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// What is held for one request of an organization, until its response is sent or nobody waits for it. Clones hold the same.
#[derive(Debug, Clone)]
pub struct Holding(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    bytes: Permit,
    others: Vec<Permit>,
}

impl Holding {
    /// Holds this part of the budget of bytes, which grows with what the request needs.
    pub fn new(bytes: Permit) -> Self {
        Self(Arc::new(Mutex::new(Held { bytes, others: Vec::new() })))
    }

    /// Takes more bytes.
    pub fn grow(&self, more: usize) -> Result<(), Exhausted> {
        self.held().bytes.grow(more)
    }

    /// An empty permit of the same bytes, for what ends before the request does.
    pub fn part(&self) -> Permit {
        self.held().bytes.split(0)
    }

    /// Holds something else as well.
    pub fn keep(&self, permit: Permit) {
        self.held().others.push(permit);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn h6_who_is_alone_gets_half_and_there_is_room_for_others() {
        let budget = Budget::new("heavy_calls_max", 8);
        let take = |organization: &str| budget.take(organization, 1);
        let first: Vec<_> = (0..4).map(|_| take("a").unwrap()).collect();
        let exhausted = take("a").unwrap_err();
        assert_eq!(exhausted, Exhausted { budget: "heavy_calls_max", whose: Whose::Organization });
        let second: Vec<_> = (0..2).map(|_| take("b").unwrap()).collect();
        assert_eq!(take("b").unwrap_err().whose, Whose::Organization);
        let others = ["c", "d"].map(|organization| take(organization).unwrap());
        assert_eq!(take("e").unwrap_err().whose, Whose::All);
        assert_eq!(budget.in_use(), 8);
        drop((first, second, others));
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn h6_a_budget_of_one_is_for_one() {
        let budget = Budget::new("x", 1);
        let held = budget.take("a", 1).unwrap();
        assert_eq!(budget.take("b", 1).unwrap_err().whose, Whose::All);
        drop(held);
        assert!(budget.take("b", 1).is_ok());
    }

    #[test]
    fn h6_the_error_names_the_budget() {
        let budget = Budget::new("bodies_bytes_max", 10);
        let error = ApiError::from(budget.take("a", 11).unwrap_err());
        assert_eq!((error.kind, error.code), (Kind::Overload, "overloaded"));
        assert!(error.message.contains("`bodies_bytes_max`"), "{error}");
        assert_eq!(error.fields.unwrap()["budget"], "bodies_bytes_max");
    }

    #[test]
    fn h6_a_holding_ends_with_the_last_who_has_it() {
        let (bytes, calls) = (Budget::new("bytes", 100), Budget::new("calls", 2));
        let holding = Holding::new(bytes.open("a"));
        holding.grow(30).unwrap();
        holding.keep(calls.take("a", 1).unwrap());
        let part = {
            let mut part = holding.part();
            part.grow(10).unwrap();
            part
        };
        let other = holding.clone();
        drop(holding);
        assert_eq!((bytes.in_use(), calls.in_use()), (40, 1));
        drop(other);
        assert_eq!((bytes.in_use(), calls.in_use()), (10, 0));
        drop(part);
        assert_eq!(bytes.in_use(), 0);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Take(u8, usize),
        Grow(prop::sample::Index, usize),
        Shrink(prop::sample::Index, usize),
        Split(prop::sample::Index, usize),
        Drop(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let at = any::<prop::sample::Index>;
        prop_oneof![
            (0..4_u8, 0..60_usize).prop_map(|(who, amount)| Step::Take(who, amount)),
            (at(), 0..60_usize).prop_map(|(at, more)| Step::Grow(at, more)),
            (at(), 0..60_usize).prop_map(|(at, amount)| Step::Shrink(at, amount)),
            (at(), 0..60_usize).prop_map(|(at, amount)| Step::Split(at, amount)),
            at().prop_map(Step::Drop),
        ]
    }

    proptest! {
        /// Whatever is taken, split and given back: what is in use is what the permits say, never beyond the bound, and nothing is left over.
        #[test]
        fn h6_what_is_in_use_is_what_the_permits_say(steps in proptest::collection::vec(step(), 0..80)) {
            let budget = Budget::new("x", 100);
            let mut permits: Vec<Permit> = Vec::new();
            for step in steps {
                match step {
                    Step::Take(who, amount) => permits.extend(budget.take(&who.to_string(), amount)),
                    _ if permits.is_empty() => {}
                    Step::Grow(at, more) => {
                        let at = at.index(permits.len());
                        let _ = permits[at].grow(more);
                    }
                    Step::Shrink(at, amount) => {
                        let at = at.index(permits.len());
                        permits[at].shrink_to(amount);
                    }
                    Step::Split(at, amount) => {
                        let at = at.index(permits.len());
                        let part = permits[at].split(amount);
                        permits.push(part);
                    }
                    Step::Drop(at) => drop(permits.swap_remove(at.index(permits.len()))),
                }
                let sum: usize = permits.iter().map(Permit::amount).sum();
                prop_assert_eq!(budget.in_use(), sum);
                prop_assert!(sum <= 100);
            }
            drop(permits);
            prop_assert_eq!(budget.in_use(), 0);
        }
    }
}
