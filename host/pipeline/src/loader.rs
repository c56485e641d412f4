//! The loader: reads from the store what memory does not hold. After a start, a take-over, a retry that falls due, a release, or when the
//! queues were full; on the normal way it reads nothing.

use super::Pipeline;
use super::delivery::Delivery;
use super::element::{Received, RequestReader, Resumed, StoredBody};
use super::rendered;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::flow::lanes::{Item, LaneRead, ReadRows};
use hookmill_stages::Kept;
use hookmill_store::StoreError;
use hookmill_store::work::{DeliveryWork, DueDelivery, DueRows, RequestWork, StoredLead, SubmissionWork};
use std::collections::HashMap;
use std::sync::Arc;

/// How many lanes are read in one round.
const LANES_PER_ROUND: usize = 64;
/// How many rows a read sees besides those it may take and those in memory: what is being committed, and is handed over in a moment.
const ANNOUNCED_MAX: usize = 1_024;
/// How long a lane waits after a read failed, in milliseconds.
const FAILED_READ_MS: i64 = 1_000;

impl Pipeline {
    /// Reads the lanes that are due; returns how many there were.
    pub(crate) async fn load_due(&self) -> usize {
        let (submissions, shards) = self.reads(&self.flow.submissions);
        for read in &submissions {
            let found = self.read_submission_lane(read, &shards).await;
            self.end_read(&self.flow.submissions, read, found);
        }
        let (deliveries, shards) = self.reads(&self.flow.deliveries);
        for read in &deliveries {
            let found = self.read_delivery_lane(read, &shards).await;
            self.end_read(&self.flow.deliveries, read, found);
        }
        submissions.len() + deliveries.len()
    }

    /// The lanes to read, and the shards to read of them. The shards are looked at last: a shard that is taken afterwards marks its lanes
    /// anew, and one that was taken between the two would be marked as read without having been.
    fn reads<T>(&self, lane: &super::flow::Lane<T>) -> (Vec<LaneRead>, Vec<u16>) {
        let reads = lane.lanes().lanes_to_read(self.clock.now(), LANES_PER_ROUND);
        (reads, self.flow.shards())
    }

    fn end_read<T>(&self, lane: &super::flow::Lane<T>, read: &LaneRead, found: Result<ReadRows<T>, StoreError>) {
        let retry_at = self.clock.now().plus_ms(FAILED_READ_MS);
        let found = found
            .inspect_err(|error| tracing::error!(lane = &*read.key.lane, error = %error, "due work could not be read; will be retried"));
        lane.lanes().read_ended(read, found.ok(), retry_at);
        lane.wake.notify_one();
    }

    async fn read_submission_lane(&self, read: &LaneRead, shards: &[u16]) -> Result<ReadRows<Received>, StoreError> {
        if shards.is_empty() {
            return Ok(nothing());
        }
        let limit = read.items_max + read.resident + ANNOUNCED_MAX;
        let due = self.store.due_submissions(&read.key.lane, shards, limit, self.clock.now()).await?;
        let DueRows { rows, has_more, next_at } = due;
        let is_missing = |row: &SubmissionWork| !self.flow.submissions.lanes().is_resident(&row.id);
        let missing = rows.into_iter().filter(is_missing);
        let (missing, is_cut) = take_within(missing, read.items_max, self.bytes_max(read), |row| row.element_bytes);
        let items = self.open_elements(&read.key.organization, missing).await?;
        Ok(ReadRows { items, has_more: has_more || is_cut, next_at })
    }

    /// How many bytes of bodies, elements or messages a read may bring into memory.
    fn bytes_max(&self, read: &LaneRead) -> i64 {
        self.settings.limits.load_bytes_max.min(i64::try_from(read.bytes_max).unwrap_or(i64::MAX))
    }

    /// Submissions with what they go on with, in their order: their leads or, where they are to be mapped, their elements.
    pub(crate) async fn open_elements(
        &self,
        organization_id: &str,
        rows: Vec<SubmissionWork>,
    ) -> Result<Vec<Item<Received>>, StoreError> {
        if rows.iter().all(|row| row.kept.is_none()) {
            return self.read_requests(organization_id, rows).await;
        }
        let order: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let (resumed, mapped): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.kept.is_some());
        let mut items: HashMap<String, Item<Received>> = HashMap::with_capacity(order.len());
        let opened = self.resume(organization_id, resumed).await?.into_iter().map(Received::into_item);
        for item in opened.chain(self.read_requests(organization_id, mapped).await?) {
            items.insert(item.work.row.id.clone(), item);
        }
        Ok(order.iter().filter_map(|id| items.remove(id)).collect())
    }

    /// Submissions that go on with their leads.
    async fn resume(&self, organization_id: &str, rows: Vec<SubmissionWork>) -> Result<Vec<Received>, StoreError> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let leads = self.store.stored_leads(organization_id, &ids).await?;
        let mut leads: HashMap<String, StoredLead> = leads.into_iter().map(|lead| (lead.id.clone(), lead)).collect();
        let resumed = rows.into_iter().map(|row| {
            let stored = leads.remove(&row.id);
            match resumed(&row, stored) {
                Ok(resumed) => Received::resumed(row, resumed),
                Err(why) => Received::unreadable(row, why),
            }
        });
        Ok(resumed.collect())
    }

    /// The elements of submissions, in their order. Requests are read some megabytes at a time: bodies are large, elements are not.
    async fn read_requests(
        &self,
        organization_id: &str,
        rows: Vec<SubmissionWork>,
    ) -> Result<Vec<Item<Received>>, StoreError> {
        let mut by_request: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            by_request.entry(row.request_id.as_str()).or_default().push(at);
        }
        let ids: Vec<&str> = by_request.keys().copied().collect();
        let sizes = self.store.request_sizes(organization_id, &ids).await?;
        let mut opened: HashMap<usize, Received> = HashMap::with_capacity(rows.len());
        for group in group_by_bytes(&sizes, self.settings.limits.load_bytes_max) {
            for request in self.store.requests_to_read(organization_id, &group).await? {
                let places = by_request.get(request.id.as_str()).map(Vec::as_slice).unwrap_or_default();
                let of_request: Vec<(usize, SubmissionWork)> =
                    places.iter().map(|at| (*at, rows[*at].clone())).collect();
                let limits = self.settings.limits.clone();
                // Inflating and decoding takes its time: nobody else waits for it.
                let read = self.large().work_apart(move || read_elements(&request, of_request, &limits)).await;
                opened.extend(read.map_err(|stopped| StoreError::lost("raw requests", stopped))?);
            }
        }
        let received = rows.into_iter().enumerate().map(|(at, row)| {
            opened.remove(&at).unwrap_or_else(|| {
                Received::unreadable(
                    row,
                    "the raw request was deleted at the end of its retention (`requests_kept_days`)".into(),
                )
            })
        });
        Ok(received.map(Received::into_item).collect())
    }

    async fn read_delivery_lane(&self, read: &LaneRead, shards: &[u16]) -> Result<ReadRows<Delivery>, StoreError> {
        if shards.is_empty() {
            return Ok(nothing());
        }
        let limit = read.items_max + read.resident + ANNOUNCED_MAX;
        let due = self.store.due_deliveries(&read.key.lane, shards, limit, self.clock.now()).await?;
        let DueRows { rows, has_more, next_at } = due;
        let is_missing = |row: &DueDelivery| !self.flow.deliveries.lanes().is_resident(&row.work.id);
        let missing = rows.into_iter().filter(is_missing);
        let bytes = |row: &DueDelivery| row.message_bytes.unwrap_or_default();
        let (missing, is_cut) = take_within(missing, read.items_max, self.bytes_max(read), bytes);
        let shaped: Vec<&str> =
            missing.iter().filter(|row| row.message_bytes.is_some()).map(|row| row.work.id.as_str()).collect();
        let mut messages = self.store.messages_to_send(&read.key.organization, &shaped).await?;
        let items = missing.into_iter().filter_map(|mut row| {
            row.work.is_unanswered |= self.flow.leases().may_have_been_sent(row.work.shard, Timestamp(row.work.run_at));
            let message = messages.remove(&row.work.id);
            // One that had a message and has none is gone.
            let is_there = message.is_some() || row.message_bytes.is_none();
            is_there.then(|| Delivery::loaded(DeliveryWork { message, ..row.work }).into_item())
        });
        Ok(ReadRows { items: items.collect(), has_more: has_more || is_cut, next_at })
    }
}

/// The first rows, at least one if there are any, within bounds on their number and their bytes; and whether some were left out.
fn take_within<T>(
    rows: impl Iterator<Item = T>,
    items_max: usize,
    bytes_max: i64,
    bytes_of: impl Fn(&T) -> i64,
) -> (Vec<T>, bool) {
    let (mut taken, mut bytes) = (Vec::new(), 0_i64);
    for row in rows {
        bytes = bytes.saturating_add(bytes_of(&row));
        let is_too_much = items_max <= taken.len() || bytes_max < bytes;
        if is_too_much && !taken.is_empty() {
            return (taken, true);
        }
        taken.push(row);
    }
    (taken, false)
}

/// What a submission goes on with.
fn resumed(row: &SubmissionWork, stored: Option<StoredLead>) -> Result<Resumed, String> {
    let kept = Kept::from_bytes(row.kept.as_deref().unwrap_or_default()).map_err(|error| error.to_string())?;
    let gone = || "the lead that it goes on with was deleted at the end of its retention".to_owned();
    let StoredLead { lead, is_test, decision, .. } = stored.ok_or_else(gone)?;
    let lead = String::from_utf8(lead.ok_or_else(gone)?).map_err(|error| error.to_string())?;
    Ok(Resumed { kept, lead, is_test, warnings: rendered::stored_warnings(decision.as_deref()) })
}

/// A host without a shard reads nothing; the owners do.
fn nothing<T>() -> ReadRows<T> {
    ReadRows { items: Vec::new(), has_more: false, next_at: None }
}

/// The elements of one request, whose body is opened once for all of them.
fn read_elements(request: &RequestWork, rows: Vec<(usize, SubmissionWork)>, limits: &Limits) -> Vec<(usize, Received)> {
    let reader = RequestReader::open(StoredBody::from(request), limits);
    let reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            let why = format!("the raw request can't be read: {error}");
            return rows.into_iter().map(|(at, row)| (at, Received::unreadable(row, why.clone()))).collect();
        }
    };
    let origin = Arc::new(reader.origin(request));
    let read = rows.into_iter().map(|(at, row)| {
        let received = match reader.element(row.element_start, row.element_bytes) {
            Some(body) => Received::readable(row, body, Arc::clone(&origin)),
            None => {
                let why = reader.missing(row.element_start, row.element_bytes);
                Received::unreadable(row, why.into())
            }
        };
        (at, received)
    });
    read.collect()
}

/// Requests in groups whose bodies together stay within a bound; a body beyond it is a group of its own.
fn group_by_bytes(sizes: &[(String, i64)], bytes_max: i64) -> Vec<Vec<&str>> {
    let (mut groups, mut bytes) = (Vec::<Vec<&str>>::new(), i64::MAX);
    for (id, size) in sizes {
        bytes = bytes.saturating_add(*size);
        if bytes_max < bytes {
            groups.push(Vec::new());
            bytes = *size;
        }
        if let Some(group) = groups.last_mut() {
            group.push(id.as_str());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_bodies_are_read_in_bounded_groups() {
        let sizes: Vec<(String, i64)> =
            [4, 5, 3, 20, 1].iter().enumerate().map(|(at, size)| (at.to_string(), *size)).collect();
        assert_eq!(group_by_bytes(&sizes, 10), [vec!["0", "1"], vec!["2"], vec!["3"], vec!["4"]]);
        assert!(group_by_bytes(&[], 10).is_empty());
    }

    /// However large the first one is, it is taken; so a read always goes on.
    #[test]
    fn h6_due_rows_are_taken_within_bounds() {
        let take = |sizes: &[i64], items_max| take_within(sizes.iter().copied(), items_max, 10, |size| *size);
        assert_eq!(take(&[4, 5, 1, 1], 9), (vec![4, 5, 1], true));
        assert_eq!(take(&[4, 5, 1], 9), (vec![4, 5, 1], false));
        assert_eq!(take(&[20, 1], 9), (vec![20], true));
        assert_eq!(take(&[1, 1, 1], 2), (vec![1, 1], true));
        assert_eq!(take(&[], 2), (vec![], false));
    }
}
