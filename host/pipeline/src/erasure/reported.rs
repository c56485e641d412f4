//! What sources reported of a person without a submission (I12): nothing of it is sent any more, and its text goes with the person.

use super::{KnownPerson, border};
use crate::Pipeline;
use hookmill_domain::hex::write_hex;
use hookmill_store::StoreError;
use hookmill_store::erasures::{MarkedDelivery, OpenErasure};
use hookmill_store::organizations::Organization;
use std::collections::{BTreeSet, HashSet};

impl KnownPerson {
    /// Who events are about that are about this person and no submission: the leads, and the hashes of the addresses.
    pub(crate) fn event_subjects(&self, salt: &[u8]) -> Vec<String> {
        let hashes = self.person.addresses.iter().flat_map(|address| address.identities(salt));
        self.lead_ids.iter().cloned().chain(hashes.map(|hash| write_hex(&hash))).collect()
    }
}

impl Pipeline {
    /// The events about a person, or their lead, that were reported before the request.
    pub(super) async fn reported_of(
        &self,
        erasure: &OpenErasure,
        organization: &Organization,
        person: &KnownPerson,
    ) -> Result<Vec<String>, StoreError> {
        let before = border("evt", erasure.requested_at);
        self.store.reported_events_of(&organization.id, &person.event_subjects(&organization.salt), &before).await
    }

    /// The deliveries of events that are still to be sent.
    pub(super) async fn waiting_reports(
        &self,
        erasure: &OpenErasure,
        events: &[String],
    ) -> Result<Vec<MarkedDelivery>, StoreError> {
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        self.store.marked_deliveries(&erasure.organization_id, &events).await
    }

    /// Takes back what this host is to send of events about a person, and erases it as far as nothing of it is under way. Only the owner of
    /// its shard has it in memory.
    pub(super) async fn erase_reported(&self, erasure: &OpenErasure) -> Result<(), StoreError> {
        let Some(organization) = self.store.organization(&erasure.organization_id).await? else { return Ok(()) };
        let person = KnownPerson::read(erasure)?;
        let reported = self.reported_of(erasure, &organization, &person).await?;
        if reported.is_empty() {
            return Ok(());
        }
        let shards: HashSet<u16> = self.flow.shards().into_iter().collect();
        let mut waiting = self.waiting_reports(erasure, &reported).await?;
        waiting.retain(|one| u16::try_from(one.shard).is_ok_and(|shard| shards.contains(&shard)));
        // A delivery that is about no submission has its event's id in its place.
        let events: BTreeSet<&str> = waiting.iter().map(|one| one.submission_id.as_str()).collect();
        if events.is_empty() {
            return Ok(());
        }
        // Before memory: whoever reads from now on finds nothing, and what was read before is dropped.
        self.store.suspend_marked(&organization.id, &events.iter().copied().collect::<Vec<_>>()).await?;
        self.flow.drop_submissions(&events.iter().copied().collect());
        let busy: HashSet<&str> = {
            let lanes = self.flow.deliveries.lanes();
            let resident = waiting.iter().filter(|one| lanes.is_resident(&one.id));
            resident.map(|one| one.submission_id.as_str()).collect()
        };
        let idle: Vec<&str> = events.into_iter().filter(|event| !busy.contains(event)).collect();
        self.store.erase_event_messages(erasure, &idle, self.clock.now()).await
    }
}
