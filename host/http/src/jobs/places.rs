//! How many long calls are under way: so many of one organization, and so many in all.

use crate::error::HttpError;
use hookmill_domain::error::Kind;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of all long calls of a host.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_organization: HashMap<String, usize>,
}

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    organization_id: String,
}

impl Places {
    /// So many in all, and so many of one organization, all of them free.
    pub(super) fn new(all_max: usize, each_max: usize) -> Self {
        Self(Arc::new(Shared { all_max, each_max, taken: Mutex::default() }))
    }

    /// A place for a call of this organization.
    pub(super) fn take(&self, organization_id: &str) -> Result<Place, HttpError> {
        let mut taken = self.lock();
        let own = taken.by_organization.get(organization_id).copied().unwrap_or_default();
        if self.0.each_max <= own {
            return Err(full(&format!("{own} long calls of the organization are (jobs_per_organization_max)")));
        }
        if self.0.all_max <= taken.all {
            return Err(full(&format!("{} long calls of all organizations are (jobs_max)", taken.all)));
        }
        taken.all += 1;
        taken.by_organization.insert(organization_id.to_owned(), own + 1);
        drop(taken);
        Ok(Place { places: self.clone(), organization_id: organization_id.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        let left = taken.by_organization.get(&self.organization_id).map_or(0, |own| own - 1);
        if left == 0 {
            taken.by_organization.remove(&self.organization_id);
        } else {
            taken.by_organization.insert(self.organization_id.clone(), left);
        }
    }
}

fn full(what: &str) -> HttpError {
    let message =
        format!("{what} under way on this host, as many as it takes; nothing was done, try again when one has ended");
    HttpError::new(Kind::Overload, "jobs_full", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_each_organization_has_so_many_and_all_together_too() {
        let places = Places::new(3, 2);
        let own = [places.take("a").unwrap(), places.take("a").unwrap()];
        assert!(places.take("a").unwrap_err().message.contains("jobs_per_organization_max"));
        let other = places.take("b").unwrap();
        assert!(places.take("c").unwrap_err().message.contains("jobs_max"));
        drop(own);
        let third = places.take("c").unwrap();
        assert_eq!(places.lock().all, 2);
        drop((other, third));
        assert!(places.lock().by_organization.is_empty());
    }
}
