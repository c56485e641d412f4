//! The use cases of management, for the API, the command line and the console alike.
//!
//! A use case is a method of [`Actor`] (who acts) or of [`Scope`] (who acts in which organization). It does four things, in this order: it
//! checks the permission that [`use_cases`] declares for it; it checks what was given; it changes the store, which writes the line of the
//! audit log in the same transaction; and it makes the host forget what it has cached and wakes what is to run.
//!
//! A change can't be written without its permission and its line: the store asks for an [`AuditEntry`](hookmill_store::audit::AuditEntry),
//! and only a permission that was checked gives one.

mod access;
mod api_keys;
mod audit;
mod bulk_jobs;
mod campaign_versions;
mod campaigns;
mod clients;
mod deliveries;
mod dry_run;
mod endpoint;
mod fields;
mod first_submission_action;
mod headers;
mod inbound_webhooks;
mod input;
mod jobs;
mod leads;
mod lifecycle;
mod operator_keys;
mod organizations;
mod page;
mod persons;
mod plugins;
mod posting_guide;
mod preview;
mod rejected_requests;
mod requests;
mod rerun;
mod reviews;
mod search;
mod senders;
mod settings;
mod source_keys;
mod submissions;
pub mod use_cases;
mod users;
mod value_sets;
mod warnings;
mod webhooks;

pub use access::{Actor, Scope, authenticate_source, unknown_key};
pub use api_keys::NewApiKey;
pub use bulk_jobs::{BulkFilterInput, BulkJobDetails, NewBulkJob};
pub use campaign_versions::{ChosenPlugin, NewCampaignVersion, SavedVersion};
pub use campaigns::{CampaignChanges, NewCampaign, NewState};
pub use clients::{ClientChanges, ClientDetails, NewClient};
pub use deliveries::{DeliveryDetails, DeliveryFilter, Resend};
pub use dry_run::{RawSample, ResponseSample, Sample};
pub use first_submission_action::SavedAction;
pub use headers::MASK;
pub use inbound_webhooks::InboundDetails;
pub use input::{Input, Name};
pub use jobs::{JobDetails, JobStanding, StandingJob};
pub use leads::{LeadDetails, LeadQuery, LeadSummary, ListedLeads};
pub use operator_keys::{NewOperatorKey, OperatorKeys};
pub use organizations::NewOrganization;
pub use page::{Listed, PageRequest, without_nul};
pub use persons::{
    ErasedCounts, ErasureReceipt, ErasureState, ExportedEvent, ExportedSubmission, NamedPerson, PersonExport,
    Remainder, UnderWay,
};
pub use plugins::{UploadedPlugin, VersionStatus};
pub use posting_guide::{GuideFields, PostingGuide};
pub use rejected_requests::{Correction, ListedRejections, RejectedDetails, RejectedQuery};
pub use requests::{RequestDetails, request_of_source};
pub use rerun::Comparison;
pub use reviews::{NewReview, ReviewsQuery};
pub use settings::{CampaignSettings, SavedSettings};
pub use source_keys::{NewSourceKey, Regeneration, SourceCharset};
pub use submissions::{EditedRepost, ListedSubmissions, SubmissionDetails, SubmissionQuery};
pub use users::{MemberRole, NewUser};
pub use webhooks::{CreatedScopedWebhook, EffectiveWebhook, NamedScope, RejectedScopedWebhook, WebhookDetails};

/// The rows that use cases return.
pub mod rows {
    pub use hookmill_engine::SnapshotStatus;
    pub use hookmill_store::audit::AuditLine;
    pub use hookmill_store::bulk_jobs::BulkJob;
    pub use hookmill_store::campaign_versions::{CampaignVersion, CampaignVersionSummary};
    pub use hookmill_store::campaigns::Campaign;
    pub use hookmill_store::clients::Client;
    pub use hookmill_store::components::{Plugin, PluginVersion};
    pub use hookmill_store::decisions::DecisionRow;
    pub use hookmill_store::deliveries::{AttemptRow, Delivery, EventRow, Message};
    pub use hookmill_store::destinations::{Destination, Paused};
    pub use hookmill_store::erasures::{Erasure, ErasureDetails, RequestOrigin};
    pub use hookmill_store::inbound_webhooks::InboundWebhook;
    pub use hookmill_store::jobs::{Job, JobEnd};
    pub use hookmill_store::keys::{API_KEY_PREFIX, ApiKey, FreshKey, SOURCE_KEY_PREFIX, SourceKey};
    pub use hookmill_store::leads::Lead;
    pub use hookmill_store::organizations::Organization;
    pub use hookmill_store::rejected::{RejectedFigures, RejectedRequest};
    pub use hookmill_store::requests::{RequestRow, RequestSummary};
    pub use hookmill_store::reviews::ReviewRow;
    pub use hookmill_store::submissions::{SubmissionRow, TimelineRow};
    pub use hookmill_store::users::User;
    pub use hookmill_store::value_sets::{ValueSet, ValueSetVersion};
    pub use hookmill_store::webhooks::Webhook;
}
