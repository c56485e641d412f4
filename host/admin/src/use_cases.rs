//! Who may do what, on one screen: every use case with the permission it takes, how far it reaches, and the line it leaves in the audit log.
//! The use cases check this declaration, and the description of the API shows it.

use hookmill_domain::role::Permission;
use serde::Serialize;

/// What a use case concerns, and so whether a key that is scoped to campaigns may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The organization as a whole: not with a scoped key.
    Organization,
    /// Named campaigns, or what any key may see: with a scoped key as far as it covers them.
    Campaign,
}

/// A use case.
#[derive(Debug, Clone, Copy)]
pub struct UseCase {
    /// Its name in the description of the API (`operationId`).
    pub operation: &'static str,
    /// What its actor's role must allow.
    pub permission: Permission,
    /// What it concerns.
    pub reach: Reach,
}

/// A use case that changes something, or shows a secret.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// The use case.
    pub use_case: UseCase,
    /// What its line in the audit log says was done.
    pub action: &'static str,
}

/// What is declared of an operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The permission without which it does nothing. More may be asked for, depending on what is sent.
    pub permission: Permission,
    /// What it concerns at least.
    pub reach: Reach,
    /// What its line in the audit log can say; empty when it leaves none.
    pub actions: Vec<&'static str>,
}

macro_rules! declare {
    (
        reads { $($read:ident: $read_operation:literal, $read_permission:ident, $read_reach:ident;)* }
        changes { $($change:ident: $operation:literal, $permission:ident, $reach:ident, $action:literal;)* }
    ) => {
        $(
            pub(crate) const $read: UseCase =
                UseCase { operation: $read_operation, permission: Permission::$read_permission, reach: Reach::$read_reach };
        )*
        $(
            pub(crate) const $change: Change = Change {
                use_case: UseCase { operation: $operation, permission: Permission::$permission, reach: Reach::$reach },
                action: $action,
            };
        )*
        const READS: &[UseCase] = &[$($read),*];
        const CHANGES: &[Change] = &[$($change),*];
    };
}

declare! {
    reads {
        LIST_ORGANIZATIONS: "listOrganizations", View, Campaign;
        GET_ORGANIZATION: "getOrganization", View, Campaign;
        GET_ME: "getMe", View, Campaign;
        LIST_USERS: "listUsers", View, Organization;
        LIST_API_KEYS: "listApiKeys", Administer, Organization;
        LIST_SOURCE_KEYS: "listSourceKeys", View, Organization;
        LIST_AUDIT_LINES: "listAuditLines", Administer, Organization;

        LIST_JOBS: "listJobs", View, Organization;
        GET_JOB: "getJob", View, Campaign;

        LIST_CLIENTS: "listClients", View, Organization;
        GET_CLIENT: "getClient", View, Organization;

        LIST_BULK_JOBS: "listBulkJobs", View, Campaign;
        GET_BULK_JOB: "getBulkJob", View, Campaign;

        LIST_CAMPAIGNS: "listCampaigns", View, Campaign;
        GET_CAMPAIGN: "getCampaign", View, Campaign;
        GET_POSTING_GUIDE: "getPostingGuide", View, Campaign;
        GET_CLIENT_ENDPOINT: "getClientEndpoint", View, Campaign;
        GET_LIFECYCLE: "getLifecycle", View, Campaign;
        GET_FIRST_SUBMISSION_ACTION: "getFirstSubmissionAction", View, Campaign;
        GET_DOCUMENT: "getDocument", View, Campaign;
        LIST_CAMPAIGN_VERSIONS: "listCampaignVersions", View, Campaign;
        COMPARE_VERSIONS: "compareVersions", Integrate, Campaign;
        DRY_RUN: "dryRun", Integrate, Campaign;
        LIST_FIELDS: "listFields", View, Campaign;
        DRAFT_DOCUMENT: "draftDocument", View, Campaign;
        COUNT_WARNINGS: "countWarnings", View, Campaign;

        LIST_LEADS: "listLeads", View, Campaign;
        GET_LEAD: "getLead", View, Campaign;

        LIST_SUBMISSIONS: "listSubmissions", View, Campaign;
        LIST_REVIEWS: "listReviews", View, Organization;
        LIST_REVIEWS_OF_CAMPAIGN: "listReviews", View, Campaign;
        LIST_CAMPAIGN_SUBMISSIONS: "listCampaignSubmissions", View, Campaign;
        GET_SUBMISSION: "getSubmission", View, Campaign;
        PREVIEW_CAMPAIGN: "previewCampaign", View, Campaign;
        GENERATE_MESSAGE: "generateMessage", Integrate, Campaign;
        REPLAY_SUBMISSION: "replaySubmission", Integrate, Campaign;
        LIST_REQUESTS: "listRequests", View, Organization;
        GET_REQUEST: "getRequest", View, Organization;
        LIST_REJECTED_REQUESTS: "listRejectedRequests", View, Organization;
        GET_REJECTED_REQUEST: "getRejectedRequest", View, Organization;
        GET_REJECTED_BODY: "getRejectedRequestBody", View, Organization;
        LIST_DELIVERIES: "listDeliveries", View, Organization;
        LIST_DELIVERIES_OF_CAMPAIGN: "listDeliveries", View, Campaign;
        GET_DELIVERY: "getDelivery", View, Organization;
        GET_WEBHOOK_SETTINGS: "getWebhookSettings", View, Organization;
        GET_CAMPAIGN_WEBHOOK_SETTINGS: "getCampaignWebhookSettings", View, Campaign;
        GET_EFFECTIVE_WEBHOOKS: "getEffectiveWebhooks", View, Campaign;
        LIST_SENDER_DOCUMENTS: "listSenderDocuments", View, Campaign;
        GET_SENDER_DOCUMENT: "getSenderDocument", View, Campaign;
        LIST_INBOUND_WEBHOOKS: "listInboundWebhooks", View, Campaign;
        GET_INBOUND_WEBHOOK: "getInboundWebhook", View, Campaign;
        LIST_SUBSCRIPTIONS: "listSubscriptions", View, Campaign;
        GET_SUBSCRIPTION: "getSubscription", View, Campaign;
        LIST_SCOPED_WEBHOOKS: "listScopedWebhooks", View, Campaign;
        GET_SCOPED_WEBHOOK: "getScopedWebhook", View, Campaign;

        LIST_ERASURES: "listErasures", Administer, Organization;
        GET_ERASURE: "getErasure", Administer, Organization;

        LIST_PLUGINS: "listPlugins", View, Organization;
        LIST_PLUGIN_VERSIONS: "listPluginVersions", View, Organization;
        LIST_VALUE_SETS: "listValueSets", View, Organization;
        GET_VALUE_SET: "getValueSet", View, Organization;
        LIST_VALUE_SET_ENTRIES: "listValueSetEntries", View, Organization;
        LOOK_UP_VALUE: "lookUpValue", View, Organization;
        LIST_VALUE_SET_VERSIONS: "listValueSetVersions", View, Organization;
    }
    changes {
        CREATE_OPERATOR_KEY: "", Provision, Organization, "operator_key.created";
        REVOKE_OPERATOR_KEY: "", Provision, Organization, "operator_key.revoked";
        CREATE_ORGANIZATION: "createOrganization", Provision, Organization, "organization.created";
        CREATE_USER: "createUser", Administer, Organization, "user.created";
        CREATE_API_KEY: "createApiKey", Administer, Organization, "api_key.created";
        REVOKE_API_KEY: "revokeApiKey", Administer, Organization, "api_key.revoked";
        CREATE_SOURCE_KEY: "createSourceKey", Provision, Organization, "source_key.provisioned";
        REGENERATE_SOURCE_KEY: "regenerateSourceKey", Administer, Organization, "source_key.regenerated";
        SET_SOURCE_CHARSET: "setSourceCharset", Administer, Organization, "source_key.charset_set";
        REVEAL_SOURCE_KEY: "revealSourceKey", Administer, Organization, "source_key.revealed";
        REVOKE_SOURCE_KEY: "revokeSourceKey", Administer, Organization, "source_key.revoked";

        CREATE_CLIENT: "createClient", Administer, Organization, "client.created";
        CHANGE_CLIENT: "changeClient", Administer, Organization, "client.changed";
        DELETE_CLIENT: "deleteClient", Administer, Organization, "client.deleted";

        CREATE_CAMPAIGN: "createCampaign", Administer, Organization, "campaign.created";
        CHANGE_CAMPAIGN: "changeCampaign", Administer, Campaign, "campaign.changed";
        KEEP_CAMPAIGN_DRAFT: "setCampaignState", Administer, Campaign, "campaign.draft";
        ACTIVATE_CAMPAIGN: "setCampaignState", Administer, Campaign, "campaign.active";
        PAUSE_CAMPAIGN: "setCampaignState", Administer, Campaign, "campaign.paused";
        ARCHIVE_CAMPAIGN: "setCampaignState", Administer, Campaign, "campaign.archived";
        SET_CLIENT_ENDPOINT: "setClientEndpoint", Administer, Campaign, "endpoint.set";
        REMOVE_CLIENT_ENDPOINT: "removeClientEndpoint", Administer, Campaign, "endpoint.removed";
        SET_LIFECYCLE: "setLifecycle", Administer, Campaign, "lifecycle.set";
        SET_FIRST_SUBMISSION_ACTION: "setFirstSubmissionAction", Administer, Campaign, "first_submission_action.set";
        REMOVE_FIRST_SUBMISSION_ACTION: "removeFirstSubmissionAction", Administer, Campaign, "first_submission_action.removed";
        SAVE_CAMPAIGN_VERSION: "saveCampaignVersion", Integrate, Campaign, "campaign_version.saved";
        SAVE_ACTIVE_VERSION: "saveCampaignVersion", Administer, Campaign, "campaign_version.saved";
        ACTIVATE_CAMPAIGN_VERSION: "activateCampaignVersion", Administer, Campaign, "campaign_version.activated";

        REPROCESS_SUBMISSION: "reprocessSubmission", Administer, Campaign, "submission.reprocessed";
        REPOST_SUBMISSION: "repostSubmission", Administer, Campaign, "submission.reposted";
        APPROVE_SUBMISSION: "reviewSubmission", Administer, Campaign, "submission.approved";
        REJECT_SUBMISSION: "reviewSubmission", Administer, Campaign, "submission.rejected";
        WITHDRAW_SUBMISSION: "withdrawSubmission", Administer, Campaign, "submission.withdrawn";
        CREATE_BULK_JOB: "createBulkJob", Administer, Campaign, "bulk_job.created";
        CANCEL_BULK_JOB: "cancelBulkJob", Administer, Campaign, "bulk_job.canceled";
        DELETE_REJECTED_REQUEST: "deleteRejectedRequest", Administer, Organization, "rejected_request.deleted";
        REPOST_REJECTED_REQUEST: "repostRejectedRequest", Administer, Organization, "rejected_request.reposted";
        RESEND_DELIVERIES: "resendDeliveries", Administer, Organization, "deliveries.resent";
        RESEND_DELIVERY: "resendDelivery", Administer, Organization, "delivery.resent";
        SET_WEBHOOK_SETTINGS: "setWebhookSettings", Administer, Organization, "webhook_settings.set";
        SET_CAMPAIGN_WEBHOOK_SETTINGS: "setCampaignWebhookSettings", Administer, Campaign, "campaign_webhook_settings.set";
        REMOVE_CAMPAIGN_WEBHOOK_SETTINGS: "removeCampaignWebhookSettings", Administer, Campaign, "campaign_webhook_settings.removed";
        CREATE_INBOUND_WEBHOOK: "createInboundWebhook", Administer, Campaign, "inbound_webhook.created";
        CREATE_INBOUND_WEBHOOK_BY_API: "createInboundWebhookByApi", Administer, Campaign, "inbound_webhook.created_by_api";
        SET_INBOUND_WEBHOOK: "setInboundWebhook", Administer, Campaign, "inbound_webhook.set";
        DELETE_INBOUND_WEBHOOK: "deleteInboundWebhook", Administer, Campaign, "inbound_webhook.deleted";
        CREATE_SUBSCRIPTION: "createSubscription", Administer, Campaign, "subscription.created";
        SET_SUBSCRIPTION: "setSubscription", Administer, Campaign, "subscription.set";
        DELETE_SUBSCRIPTION: "deleteSubscription", Administer, Campaign, "subscription.deleted";
        CREATE_SCOPED_WEBHOOK: "createScopedWebhook", Administer, Campaign, "scoped_webhook.created";
        DELETE_SCOPED_WEBHOOK: "deleteScopedWebhook", Administer, Campaign, "scoped_webhook.deleted";

        EXPORT_PERSON: "exportPerson", Administer, Organization, "person.exported";
        CREATE_ERASURE: "createErasure", Administer, Organization, "erasure.requested";

        UPLOAD_PLUGIN: "uploadPlugin", Integrate, Organization, "plugin.uploaded";
        PUT_VALUE_SET: "putValueSet", Administer, Organization, "value_set.put";
        DELETE_VALUE_SET: "deleteValueSet", Administer, Organization, "value_set.deleted";
        RESTORE_VALUE_SET: "restoreValueSet", Administer, Organization, "value_set.restored";
    }
}

/// What is declared of an operation of the API; none when it is not a use case of management.
pub fn declaration(operation: &str) -> Option<Declaration> {
    let reads = READS.iter().map(|read| (read, None));
    let changes = CHANGES.iter().map(|change| (&change.use_case, Some(change.action)));
    let of_it = reads.chain(changes).filter(|(use_case, _)| use_case.operation == operation);
    of_it.fold(None, |declared: Option<Declaration>, (use_case, action)| {
        let mut all = declared.unwrap_or(Declaration {
            permission: use_case.permission,
            reach: use_case.reach,
            actions: Vec::new(),
        });
        if use_case.permission.is_implied_by(all.permission) {
            all.permission = use_case.permission;
        }
        if use_case.reach == Reach::Campaign {
            all.reach = Reach::Campaign;
        }
        all.actions.extend(action.filter(|action| !all.actions.contains(action)));
        Some(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_of_several_use_cases_takes_the_least_of_them() {
        let saved = declaration("saveCampaignVersion").unwrap();
        assert_eq!((saved.permission, saved.actions), (Permission::Integrate, vec!["campaign_version.saved"]));
        let listed = declaration("listDeliveries").unwrap();
        assert_eq!((listed.reach, listed.actions), (Reach::Campaign, vec![]));
        assert_eq!(declaration("setCampaignState").unwrap().actions.len(), 4);
        assert_eq!(declaration("pushLeads"), None);
    }

    #[test]
    fn an_action_is_one_operations() {
        for change in CHANGES {
            let others = CHANGES.iter().filter(|other| other.action == change.action);
            assert!(others.map(|other| other.use_case.operation).all(|name| name == change.use_case.operation));
        }
    }
}
