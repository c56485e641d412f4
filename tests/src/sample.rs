//! A body to be tried without a server, as the one campaign of the one organization there is.

use crate::world::START;
use hookmill_domain::body::Element;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_pipeline::DryRunInput;
use hookmill_store::audit::AuditEntry;
use hookmill_store::campaigns::Campaign;
use hookmill_store::organizations::Organization;

/// The input of a dry run of this body.
pub fn build_sample(body: String) -> DryRunInput {
    let organization = Organization {
        id: "org_case".into(),
        name: "Case".into(),
        salt: vec![7; 16],
        values: b"{}".to_vec(),
        created_at: START.0,
    };
    let campaign = campaign(&organization.id);
    let client_url = "https://client.example/".into();
    DryRunInput {
        organization,
        campaign,
        elements: vec![Element { text: body, warnings: Vec::new() }],
        metadata: RequestMetadata::default(),
        client_url,
        response: None,
    }
}

/// The campaign, of this organization.
pub fn campaign(organization_id: &str) -> Campaign {
    Campaign {
        key: "cmp_case".into(),
        organization_id: organization_id.to_owned(),
        campaign_id: "CASE".into(),
        name: "Case".into(),
        owner_id: None,
        client_id: None,
        client_name: None,
        state: "active".into(),
        time_zone: "America/Chicago".into(),
        phone_region: "US".into(),
        values: b"{}".to_vec(),
        granted_value_sets: b"[]".to_vec(),
        delivery: "client".into(),
        active_version_id: None,
        created_at: START.0,
        updated_at: START.0,
        has_client: false,
        lifecycle: b"{}".to_vec(),
        lifecycle_revision: 0,
    }
}

/// The audit entry of a change that a test makes in the store, past the use cases.
pub fn audit_entry() -> AuditEntry {
    AuditEntry { organization_id: None, user_id: "test".into(), action: "test" }
}
