//! What a path is used for, found out rather than guessed: an element is mapped as it is, and once more with null at the path; the
//! fields of the lead that differ are those that are made of it. This asks the very program, whatever wrote it.

use super::Sample;
use crate::lookups::Lookups;
use crate::programs::host_failed;
use crate::rendered::raw;
use crate::unavailable::unavailable;
use crate::{Pipeline, context};
use async_recursion::async_recursion as boxed;
use hookmill_discovery::{Fields, Path, Usage, without};
use hookmill_domain::body::tree_bytes;
use hookmill_domain::budget::{Holding, Permit};
use hookmill_domain::error::ApiError;
use hookmill_engine::contract::{Context, Inbound, Mapped};
use hookmill_engine::{ItemError, Program};
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many elements one call maps.
const CALL_ELEMENTS_MAX: usize = 64;
/// How many bytes the elements of one call have together (1 MiB), unless one alone has more.
const CALL_BYTES_MAX: usize = 1 << 20;
/// How many bytes are mapped to find out what all paths are used for (16 MiB); of paths beyond, it is not known.
const PROBED_BYTES_MAX: usize = 16 << 20;

/// What a field of a lead was made of and became, by the lead's number and the field's name.
type MappedFields = BTreeMap<(usize, String), Value>;

/// A path to be tried on one of the samples.
struct Try {
    field: usize,
    sample: usize,
}

impl Pipeline {
    /// The same paths, with what each is used for.
    #[boxed]
    pub async fn try_paths(
        &self,
        program: &Program,
        (organization, campaign): (&Organization, &Campaign),
        samples: &Arc<Vec<Sample>>,
        fields: Fields,
        holding: &Holding,
    ) -> Result<Fields, ApiError> {
        let _place = self.people_place(&organization.id).await;
        let is_standard = program.component.digest().to_string() == self.standard_digest;
        let campaign_version_id = campaign.active_version_id.as_deref().filter(|_| !is_standard);
        let mut context = context::context(organization, campaign, self.clock.now(), "run_discovery");
        context.trace = true;
        let context = Arc::new(context);
        let mut lookups = Arc::new(self.lookups(campaign, campaign_version_id).await.map_err(unavailable)?);
        let mut fields = Arc::new(fields);
        loop {
            let mut bench = Bench {
                pipeline: self.clone(),
                program: program.clone(),
                context: Arc::clone(&context),
                lookups: Arc::clone(&lookups),
                permit: holding.part(),
                bytes: 0,
            };
            let (samples, of_run) = (Arc::clone(samples), Arc::clone(&fields));
            // Elements are written and leads compared beside the calls: not on a thread that serves others.
            let usages = self.engine().on_guest_thread(async move { bench.usages(&samples, &of_run).await }).await;
            let usages = usages.map_err(|lost| host_failed(format_args!("{lost:?}")))?;
            let Some(more) = self.fetch_missing(&lookups).await.map_err(unavailable)? else {
                for (field, usage) in Arc::make_mut(&mut fields).fields.iter_mut().zip(usages) {
                    field.usage = usage;
                }
                return Ok(Arc::unwrap_or_clone(fields));
            };
            lookups = Arc::new(more);
        }
    }
}

/// Where elements are mapped.
struct Bench {
    pipeline: Pipeline,
    program: Program,
    context: Arc<Context>,
    lookups: Arc<Lookups>,
    /// For the fields that elements became.
    permit: Permit,
    /// How many bytes were mapped.
    bytes: usize,
}

impl Bench {
    /// What each path is used for, in the order of the paths; none where nothing can be said.
    async fn usages(&mut self, samples: &[Sample], fields: &Fields) -> Vec<Option<Usage>> {
        let mut usages = vec![None; fields.fields.len()];
        let mut as_they_are: BTreeMap<usize, Option<MappedFields>> = BTreeMap::new();
        // The last sample of each path first; where its element can't be mapped, the first one.
        for turn in 0..2 {
            let tries = open_tries(fields, &usages, turn);
            let new: BTreeSet<usize> =
                tries.iter().map(|one| one.sample).filter(|sample| !as_they_are.contains_key(sample)).collect();
            let elements = new.iter().filter_map(|index| samples.get(*index)).map(|sample| inbound(sample, None));
            let made = self.map_all(elements).await;
            as_they_are.extend(new.iter().copied().zip(made.into_iter().map(Result::ok)));
            let tries: Vec<&Try> =
                tries.iter().filter(|one| matches!(as_they_are.get(&one.sample), Some(Some(_)))).collect();
            let elements = tries
                .iter()
                .filter_map(|one| Some(inbound(samples.get(one.sample)?, Some(&fields.fields.get(one.field)?.path))));
            let of_elements = self.permit.amount();
            let made = self.map_all(elements).await;
            for (one, made) in tries.into_iter().zip(made) {
                let Some(Some(before)) = as_they_are.get(&one.sample) else { continue };
                let Some(usage) = usages.get_mut(one.field) else { continue };
                *usage = find_usage(before, made);
            }
            self.permit.shrink_to(of_elements);
        }
        usages
    }

    /// Maps elements in calls of a bounded size; ends where the bound on all bytes is reached.
    async fn map_all(&mut self, elements: impl Iterator<Item = Inbound>) -> Vec<Result<MappedFields, MapError>> {
        let (mut made, mut call, mut call_bytes) = (Vec::new(), Vec::new(), 0);
        for element in elements {
            self.bytes = self.bytes.saturating_add(element.body.len());
            if PROBED_BYTES_MAX < self.bytes {
                break;
            }
            call_bytes += element.body.len();
            call.push(element);
            if CALL_ELEMENTS_MAX <= call.len() || CALL_BYTES_MAX <= call_bytes {
                made.extend(self.map(std::mem::take(&mut call)).await);
                call_bytes = 0;
            }
        }
        made.extend(self.map(call).await);
        made
    }

    async fn map(&mut self, elements: Vec<Inbound>) -> Vec<Result<MappedFields, MapError>> {
        if elements.is_empty() {
            return Vec::new();
        }
        let mut run = self.pipeline.run(&self.program, Arc::clone(&self.context), &self.lookups);
        let mapped = run.map(elements).await;
        run.finish();
        let mut made = Vec::with_capacity(mapped.len());
        for result in mapped {
            made.push(match result {
                // Without room for its fields nothing is known of it.
                Ok(mapped) if self.permit.grow(mapped_bytes(&mapped)).is_err() => Err(MapError::Unknown),
                Ok(mapped) => Ok(collect_fields(mapped)),
                Err(error) => Err(MapError::from(error)),
            });
        }
        made
    }
}

/// Why an element became no lead.
enum MapError {
    /// The program rejects it, because of this field if it says so.
    Rejected(Option<String>),
    /// Nothing is known.
    Unknown,
}

impl From<ItemError> for MapError {
    fn from(error: ItemError) -> Self {
        match error {
            ItemError::Failure(failure) => Self::Rejected(failure.field),
            ItemError::Fault(_) | ItemError::Postponed => Self::Unknown,
        }
    }
}

/// The paths whose use is not known yet, each with its sample of this turn.
fn open_tries(fields: &Fields, usages: &[Option<Usage>], turn: usize) -> Vec<Try> {
    let open = fields.fields.iter().enumerate().zip(usages).filter(|(_, usage)| usage.is_none());
    open.filter_map(|((field, one), _)| Some(Try { field, sample: *one.samples.get(turn)? })).collect()
}

fn inbound(sample: &Sample, path: Option<&Path>) -> Inbound {
    let body = match path {
        Some(path) => without(&sample.element.value, path).to_string(),
        None => sample.element.value.to_string(),
    };
    // Of one id for both, so that what is random is the same.
    context::sample_inbound(&sample.id, body, &sample.metadata, sample.element.received_at_ms)
}

/// How many bytes of memory the fields of a mapped element take at most, as they are read.
fn mapped_bytes(mapped: &Mapped) -> usize {
    let leads = mapped.leads.iter().filter_map(|lead| lead.as_ref().ok()).map(|lead| lead.lead.as_str());
    leads.chain(mapped.trace.as_deref()).map(tree_bytes).sum()
}

/// The fields of all leads. What nobody mapped is not among them: the trace names the custom fields that were made.
fn collect_fields(mapped: Mapped) -> MappedFields {
    let mut made = MappedFields::new();
    let trace = mapped.trace.as_deref().map(raw).unwrap_or_default();
    for (index, lead) in mapped.leads.into_iter().enumerate() {
        match lead {
            Err(failure) => {
                made.insert((index, failure.field.unwrap_or_default()), failure.message.into());
            }
            Ok(lead) => {
                made.insert((index, "is_test".into()), lead.is_test.into());
                let lead = raw(&lead.lead);
                let standard = lead.as_object().into_iter().flatten().filter(|(name, _)| *name != "custom");
                made.extend(standard.map(|(name, value)| ((index, name.clone()), value.clone())));
            }
        }
        for field in trace["leads"][index]["fields"].as_array().into_iter().flatten() {
            let name = field["field"].as_str().unwrap_or_default().to_owned();
            made.insert((index, name), serde_json::json!([field["from"], field["value"]]));
        }
    }
    made
}

/// The fields that differ. An error that the path's absence causes is a use, too.
fn find_usage(before: &MappedFields, after: Result<MappedFields, MapError>) -> Option<Usage> {
    let fields: BTreeSet<String> = match after {
        Err(MapError::Unknown) => return None,
        Err(MapError::Rejected(field)) => [field.unwrap_or_default()].into(),
        Ok(after) => {
            let keys = before.keys().chain(after.keys());
            keys.filter(|key| before.get(key) != after.get(key)).map(|(_, name)| name.clone()).collect()
        }
    };
    Some(Usage { is_used: !fields.is_empty(), fields: fields.into_iter().filter(|name| !name.is_empty()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(list: &[(&str, Value)]) -> MappedFields {
        list.iter().map(|(name, value)| ((0, (*name).to_owned()), value.clone())).collect()
    }

    #[test]
    fn m11_a_path_is_used_when_its_absence_shows() {
        let before = fields(&[("email", json!("a")), ("zip", json!(["zip", "1"]))]);
        let table = [
            (Ok(before.clone()), Some((false, vec![]))),
            (Ok(fields(&[("zip", json!(["zip", "1"]))])), Some((true, vec!["email"]))),
            (Ok(fields(&[("email", json!("a")), ("zip", json!(["postal", "1"]))])), Some((true, vec!["zip"]))),
            (Err(MapError::Rejected(Some("email".into()))), Some((true, vec!["email"]))),
            (Err(MapError::Rejected(None)), Some((true, vec![]))),
            (Err(MapError::Unknown), None),
        ];
        for (after, expected) in table {
            let found = find_usage(&before, after).map(|usage| (usage.is_used, usage.fields));
            let expected = expected.map(|(used, names)| (used, names.into_iter().map(str::to_owned).collect()));
            assert_eq!(found, expected);
        }
    }
}
