//! What was measured, for people and for programs.

pub mod flow;
pub mod other;
mod table;
mod targets;

use serde::Serialize;

use flow::FlowRow;
use other::{AttackRow, BacklogRow, FloodRow, IngestRow, LookupRow, WebhookRow};
use table::Table;

/// Everything that was measured in one call.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Runs from end to end.
    pub flow: Vec<FlowRow>,
    /// Single leads during a flood.
    pub flood: Vec<FloodRow>,
    /// Single leads beside an attack.
    pub attacks: Vec<AttackRow>,
    /// Memory of a backlog.
    pub backlog: Vec<BacklogRow>,
    /// Posting without a pause.
    pub ingest: Vec<IngestRow>,
    /// Messages to webhooks.
    pub webhooks: Vec<WebhookRow>,
    /// Looking up duplicates.
    pub lookups: Vec<LookupRow>,
    /// Runs that gave no result, and why.
    pub failures: Vec<String>,
}

impl Report {
    /// Records a run without a result, and prints it at once.
    pub fn fail(&mut self, failure: String) {
        eprintln!("    failed: {failure}");
        self.failures.push(failure);
    }

    /// Prints all tables that have rows, and the notes on single runs.
    pub fn print(&self) {
        if !self.flow.is_empty() {
            print(
                "From end to end (costs a lead; row writes and commits where something counts them)",
                &flow::costs_table(&self.flow),
            );
            print("Latency, ms, p50 / p95 / p99", &flow::latency_table(&self.flow));
        }
        if !self.flood.is_empty() {
            print(
                "A flood of one organization, or a release of one campaign; single leads of another",
                &other::flood_table(&self.flood),
            );
        }
        if !self.attacks.is_empty() {
            print("An attack, and single leads of another organization", &other::attack_table(&self.attacks));
        }
        if !self.backlog.is_empty() {
            print("Leads that wait in a campaign", &other::backlog_table(&self.backlog));
        }
        if !self.ingest.is_empty() {
            print("Posting without a pause", &other::ingest_table(&self.ingest));
        }
        if !self.webhooks.is_empty() {
            print("Reported events to webhooks (costs a message)", &other::webhook_table(&self.webhooks));
        }
        if !self.lookups.is_empty() {
            print("Looking up duplicates, 100 keys in a statement", &other::lookup_table(&self.lookups));
            self.print_plans();
        }
        print("Targets", &targets::table(self));
        self.print_notes();
    }

    fn print_plans(&self) {
        for row in &self.lookups {
            println!("{}, {}:\n\n{}\n", row.database.name(), row.keys(), row.plan.join("\n"));
        }
    }

    fn print_notes(&self) {
        for row in self.flow.iter().filter(|row| !row.notes.is_empty()) {
            println!("note: {}, {}, {}: {}", row.scenario, row.database.name(), row.variant, row.notes.join("; "));
        }
        for row in self.backlog.iter().filter(|row| !row.notes.is_empty()) {
            println!("note: backlog, {}, {} {}: {}", row.database.name(), row.waiting, row.state, row.notes.join("; "));
        }
        for row in &self.attacks {
            for (response, count) in &row.responses {
                println!("note: attack, {}, {}: {count} x {response}", row.database.name(), row.attack);
            }
        }
        let flood = self.flood.iter().map(|row| (row.what, row.database, &row.errors));
        let ingest = self.ingest.iter().map(|row| ("ingest", row.database, &row.errors));
        for (scenario, database, errors) in flood.chain(ingest) {
            for (error, count) in errors {
                println!("note: {scenario}, {}: {count} x {error}", database.name());
            }
        }
        for failure in &self.failures {
            println!("failed: {failure}");
        }
    }
}

fn print(title: &str, table: &Table) {
    println!("{title}\n\n{table}");
}
