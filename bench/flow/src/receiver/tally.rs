//! What was received: counts by client and event, and the first receipt of each submission.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use hookmill_bench_flow::{Counts, now_us};

/// Everything received so far.
#[derive(Default)]
pub struct Tally {
    counts: Counts,
    receipts: HashMap<Box<str>, u64>,
    messages: HashSet<Box<str>>,
    webhook_latencies_us: Vec<u64>,
}

impl Tally {
    /// A request to a client began; it waits until [`Tally::complete`].
    pub fn client_request(&mut self, client: &str, submission: Option<&str>) {
        self.counts.waiting += 1;
        let counts = entry(&mut self.counts.clients, client);
        counts.requests += 1;
        match submission {
            None => self.counts.unidentified += 1,
            Some(id) if !self.receipts.contains_key(id) => {
                counts.submissions += 1;
                self.receipts.insert(id.into(), now_us());
            }
            Some(_) => {}
        }
    }

    /// A webhook message came; it waits until [`Tally::complete`].
    pub fn event_request(&mut self, event: &str, message: Option<&str>) {
        self.counts.waiting += 1;
        let counts = entry(&mut self.counts.events, event);
        counts.requests += 1;
        match message {
            None => self.counts.unidentified += 1,
            Some(id) if !self.messages.contains(id) => {
                counts.messages += 1;
                counts.last_us = now_us();
                self.messages.insert(id.into());
            }
            Some(_) => {}
        }
    }

    /// A connection was opened.
    pub fn connection(&mut self) {
        self.counts.connections += 1;
    }

    /// A message to one of many webhooks came, so long after its event was posted.
    pub fn webhook_request(&mut self, latency_us: Option<u64>) {
        match latency_us {
            Some(latency_us) => self.webhook_latencies_us.push(latency_us),
            None => self.counts.unidentified += 1,
        }
    }

    /// A line for each of those messages.
    pub fn webhook_latencies(&self) -> String {
        let mut lines = String::with_capacity(self.webhook_latencies_us.len() * 8);
        for latency_us in &self.webhook_latencies_us {
            // Writing to a text can't fail.
            let _ = writeln!(lines, "{latency_us}");
        }
        lines
    }

    /// A request ended: answered, or given up by its sender.
    pub fn complete(&mut self) {
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
    }

    /// The counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A line for each submission.
    pub fn receipts(&self) -> String {
        let mut lines = String::with_capacity(self.receipts.len() * 64);
        for (id, at_us) in &self.receipts {
            // Writing to a text can't fail.
            let _ = writeln!(lines, "{id}\t{at_us}");
        }
        lines
    }
}

/// Allocates the name only when it is new.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.entry(name.to_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repetition is a request, and no second submission.
    #[test]
    fn repetitions_are_told_apart() {
        let mut tally = Tally::default();
        tally.client_request("A", Some("one"));
        tally.client_request("A", Some("one"));
        tally.client_request("B", Some("two"));
        tally.client_request("B", None);
        tally.complete();
        let counts = tally.counts();
        assert_eq!((counts.clients["A"].requests, counts.clients["A"].submissions), (2, 1));
        assert_eq!((counts.clients["B"].requests, counts.clients["B"].submissions), (2, 1));
        assert_eq!((counts.unidentified, counts.waiting), (1, 3));
        assert_eq!(tally.receipts().lines().count(), 2);
    }

    /// Messages are counted by event, and each id once.
    #[test]
    fn events_are_counted_by_name() {
        let mut tally = Tally::default();
        for (event, id) in [("lead.delivered", "1"), ("lead.delivered", "1"), ("lead.processed", "2")] {
            tally.event_request(event, Some(id));
        }
        let events = &tally.counts().events;
        assert_eq!((events["lead.delivered"].requests, events["lead.delivered"].messages), (2, 1));
        assert_eq!(events["lead.processed"].messages, 1);
    }
}
