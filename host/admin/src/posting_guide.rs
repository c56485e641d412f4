//! The posting guide of a campaign: what a lead source has to know to post to it, from what the campaign runs now (I6).

use super::access::{Scope, unavailable};
use super::use_cases::GET_POSTING_GUIDE;
use crate::rows::{Campaign, SourceKey};
use hookmill_domain::campaign::{CampaignState, DeliveryMode};
use hookmill_domain::error::ApiError;
use hookmill_guide::Document;
use hookmill_pipeline::{NotReady, PostingExample, STANDARD_DOCUMENT, host_failed};
use hookmill_store::campaign_versions::CampaignVersion;

/// What is said about posting to a campaign.
#[derive(Debug)]
pub struct PostingGuide {
    /// The campaign.
    pub campaign: Campaign,
    /// Its state.
    pub state: CampaignState,
    /// Whether its leads wait even while it is active, since nothing says where they go.
    pub lacks_client: bool,
    /// The newest source key that counts.
    pub source_key: Option<SourceKey>,
    /// The campaign version that is described; none for the standard document.
    pub version: Option<i64>,
    /// Whether that is the standard document, unchanged.
    pub is_standard: bool,
    /// The fields.
    pub fields: GuideFields,
    /// A request that the campaign maps; none when none was found.
    pub example: Option<PostingExample>,
    /// Whether the campaign version can't be run.
    pub is_unusable: bool,
}

/// Who says what the fields of a campaign are.
#[derive(Debug)]
pub enum GuideFields {
    /// A document.
    Document(Box<Document>),
    /// A document that can't be read by its structure.
    Unread,
    /// A plugin, with its version.
    Plugin {
        /// Its name.
        name: String,
        /// Its version.
        version: i64,
    },
}

impl Scope {
    /// What a lead source has to know to post to a campaign. Its example is tried by dry runs of the active version, of which nothing is kept.
    pub async fn posting_guide(&self, campaign_id: &str) -> Result<PostingGuide, ApiError> {
        let campaign = self.read_campaign(&GET_POSTING_GUIDE, campaign_id).await?;
        self.begin_heavy_call()?;
        let organization = self.own_organization().await?;
        let source_key = self.current_source_key().await?;
        let version = match &campaign.active_version_id {
            Some(id) => self.store().campaign_version(id).await.map_err(unavailable)?,
            None => None,
        };
        let fields = self.guide_fields(version.as_ref(), &campaign).await?;
        let document = match &fields {
            GuideFields::Document(document) => Some(document.as_ref()),
            GuideFields::Unread | GuideFields::Plugin { .. } => None,
        };
        let (example, is_unusable) = match self.pipeline().campaign_program(&campaign).await {
            Ok(program) => {
                let found = self.pipeline().posting_example(&program, &organization, &campaign, document);
                (found.await?, false)
            }
            Err(NotReady::Never(_)) => (None, true),
            Err(why) => return Err(host_failed(why)),
        };
        let state = campaign.state().map_err(unavailable)?;
        let lacks_client = !campaign.has_client && campaign.delivery != DeliveryMode::StoreOnly.as_str();
        let is_standard = version.as_ref().is_none_or(is_standard);
        let version = version.map(|version| version.version);
        Ok(PostingGuide {
            campaign,
            state,
            lacks_client,
            source_key,
            version,
            is_standard,
            fields,
            example,
            is_unusable,
        })
    }

    async fn guide_fields(
        &self,
        version: Option<&CampaignVersion>,
        campaign: &Campaign,
    ) -> Result<GuideFields, ApiError> {
        if let Some((id, version)) = version.and_then(|version| version.plugin_id.as_ref().zip(version.plugin_version))
        {
            let plugins = self.store().plugins(&self.organization_id).await.map_err(unavailable)?;
            let name =
                plugins.into_iter().find(|plugin| plugin.id == *id).map_or_else(|| id.clone(), |plugin| plugin.name);
            return Ok(GuideFields::Plugin { name, version });
        }
        let own = version.and_then(|version| version.document.as_deref());
        let text = own.map_or(STANDARD_DOCUMENT.into(), String::from_utf8_lossy).into_owned();
        let phone_region = campaign.phone_region.clone();
        let read = self.work_apart(move || Document::read(&text, STANDARD_DOCUMENT, &phone_region)).await?;
        Ok(match read {
            Some(document) => GuideFields::Document(Box::new(document)),
            None => GuideFields::Unread,
        })
    }
}

fn is_standard(version: &CampaignVersion) -> bool {
    version.plugin_id.is_none() && version.document.as_deref() == Some(STANDARD_DOCUMENT.as_bytes())
}
