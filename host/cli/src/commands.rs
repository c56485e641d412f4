//! The command line.

mod api;
mod bench;
mod bulk;
mod campaigns;
mod check;
mod clients;
mod data;
mod discover;
mod dry_run;
mod encryption_key;
mod first_submission_action;
mod inbound;
mod leads;
mod lifecycle;
mod list;
mod log;
mod operator_keys;
mod persons;
mod rejected_requests;
mod reviews;
mod serve;
mod submissions;
mod table;
mod value_sets;

use clap::{Parser, Subcommand};
use hookmill_engine::{COMPILE_COMMAND, compile_child};
use std::process::ExitCode;

/// A WebAssembly plugin host for webhook transforms in lead campaigns.
#[derive(Debug, Parser)]
#[command(name = "hookmill", version, about, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Serve(serve::Serve),
    /// List, create and revoke the keys of operators, in a host's data. Nothing else can.
    #[command(subcommand)]
    OperatorKeys(operator_keys::OperatorKeysCommand),
    /// Replace the key that encrypts secrets, in a host's data.
    #[command(subcommand)]
    EncryptionKey(encryption_key::EncryptionKeyCommand),
    /// Check a declarative document: all problems at once, with line, column and suggested fix.
    Check(check::Check),
    /// Run a sample through a document: the input and output of every stage and the bytes that would be sent. Nothing is stored or sent.
    DryRun(dry_run::DryRunCommand),
    /// List the fields of sample bodies, with types, fill rate and masked examples; or draft a document from them.
    Discover(discover::Discover),
    /// List, show, repost and delete posts of leads that were rejected as a whole, through the API of a host that runs.
    #[command(subcommand)]
    RejectedRequests(rejected_requests::RejectedRequestsCommand),
    /// List submissions, and show one with the reason for its state first, through the API of a host that runs.
    #[command(subcommand)]
    Submissions(submissions::SubmissionsCommand),
    /// Find persons, and show one with all submissions, through the API of a host that runs.
    #[command(subcommand)]
    Leads(leads::LeadsCommand),
    /// List, show, create, rename and delete clients, for whom campaigns run, through the API of a host that runs.
    #[command(subcommand)]
    Clients(clients::ClientsCommand),
    /// Show how to post leads to a campaign, through the API of a host that runs.
    #[command(subcommand)]
    Campaigns(campaigns::CampaignsCommand),
    /// List, show, create, set and revoke the inbound webhooks of a campaign, through the API of a host that runs.
    #[command(subcommand)]
    Inbound(inbound::InboundCommand),
    /// Show, set and remove the first-submission action of a campaign, through the API of a host that runs.
    #[command(subcommand)]
    FirstSubmissionAction(first_submission_action::FirstSubmissionActionCommand),
    /// List, approve and reject submissions that wait for a person to decide, through the API of a host that runs.
    #[command(subcommand)]
    Reviews(reviews::ReviewsCommand),
    /// Show and set the lifecycle of a campaign (duplicates, caps, schedule, queue, fallback), through the API of a host that runs.
    #[command(subcommand)]
    Lifecycle(lifecycle::LifecycleCommand),
    /// Reprocess, repost or withdraw many submissions, through the API of a host that runs; and list, show and cancel such jobs.
    #[command(subcommand)]
    Bulk(bulk::BulkCommand),
    /// Export and erase persons, through the API of a host that runs.
    #[command(subcommand)]
    Persons(persons::PersonsCommand),
    /// Compile a component in this process, which the host bounds and can kill.
    #[command(name = COMPILE_COMMAND, hide = true)]
    Compile {
        /// The command.
        task: String,
        /// The bounds.
        settings: String,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Compile { task, settings } = &cli.command {
        return match compile_child(task, settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                failed(&failure.message);
                ExitCode::from(failure.exit_code)
            }
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime can't start: {error}")),
    };
    let done = match cli.command {
        Command::Serve(serve) => runtime.block_on(serve.run()),
        Command::OperatorKeys(command) => runtime.block_on(command.run()),
        Command::EncryptionKey(command) => runtime.block_on(command.run()),
        Command::Check(check) => runtime.block_on(check.run()),
        Command::DryRun(dry_run) => runtime.block_on(dry_run.run()),
        Command::Discover(discover) => runtime.block_on(discover.run()),
        Command::RejectedRequests(command) => runtime.block_on(command.run()),
        Command::Submissions(command) => runtime.block_on(command.run()),
        Command::Leads(command) => runtime.block_on(command.run()),
        Command::Bulk(command) => runtime.block_on(command.run()),
        Command::Clients(command) => runtime.block_on(command.run()),
        Command::Campaigns(command) => runtime.block_on(command.run()),
        Command::Inbound(command) => runtime.block_on(command.run()),
        Command::FirstSubmissionAction(command) => runtime.block_on(command.run()),
        Command::Reviews(command) => runtime.block_on(command.run()),
        Command::Lifecycle(command) => runtime.block_on(command.run()),
        Command::Persons(command) => runtime.block_on(command.run()),
        Command::Compile { .. } => Ok(ExitCode::FAILURE),
    };
    match done {
        Ok(code) => code,
        Err(message) => failed(&message),
    }
}

fn failed(message: &str) -> ExitCode {
    crate::output::warn(&format!("hookmill: {message}"));
    ExitCode::FAILURE
}
