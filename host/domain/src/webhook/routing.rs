//! Which webhooks an event goes to, and why not to the others: the one place that decides it, for what is sent and for what is shown (W3 to W7).

use super::settings::WebhookSettings;
use crate::delivery::DestinationKind;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What a subscription or scoped webhook is for, the broadest first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WebhookScope {
    /// All campaigns that a user owns.
    User,
    /// All campaigns that run for a client.
    Client,
    /// One campaign.
    Campaign,
}

impl WebhookScope {
    /// Every scope, the broadest first.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A webhook that a campaign's events may go to.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its kind, one of those that are told.
    pub kind: DestinationKind,
    /// Its scope; the settings of an organization and of a campaign have none.
    pub scope: Option<WebhookScope>,
    /// Its settings.
    pub settings: &'a WebhookSettings,
}

/// The category of an event, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// It is this one, or the event has none.
    Known(Option<i64>),
    /// It is not said: filters by category are passed over.
    Any,
}

/// Whether an event goes to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Sends,
    /// It would, but the subscription is inactive: it is recorded as suppressed.
    Suppressed,
    /// It does not.
    Not(Reason),
}

/// Why an event does not go to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The webhook is off.
    Disabled,
    /// It does not select the event.
    EventNotSelected,
    /// It is for other categories.
    CategoryNotSelected,
    /// The campaign's own settings have the event as well, and replace the organization's.
    Overridden,
    /// The campaign's own settings are disabled, which keeps the organization's silent.
    Silenced,
    /// A scoped webhook of this broader scope is for the event.
    Shadowed(WebhookScope),
}

impl Reason {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::EventNotSelected => "event_not_selected",
            Self::CategoryNotSelected => "category_not_selected",
            Self::Overridden => "overridden",
            Self::Silenced => "silenced",
            Self::Shadowed(_) => "shadowed",
        }
    }
}

/// Which of a campaign's webhooks an event goes to: a verdict for each, in their order.
pub fn route(candidates: &[Candidate<'_>], event: &str, category: Category) -> Vec<Verdict> {
    let own = candidates.iter().find(|one| one.kind == DestinationKind::CampaignWebhook).map(|one| one.settings);
    let scoped = candidates.iter().filter(|one| one.kind == DestinationKind::ScopedWebhook);
    let broadest = scoped.filter(|one| one.settings.enabled && one.settings.selects(event)).filter_map(|one| one.scope);
    let broadest = broadest.min();
    candidates.iter().map(|candidate| verdict(candidate, event, category, own, broadest)).collect()
}

fn verdict(
    candidate: &Candidate<'_>,
    event: &str,
    category: Category,
    own: Option<&WebhookSettings>,
    broadest: Option<WebhookScope>,
) -> Verdict {
    let settings = candidate.settings;
    if !settings.selects(event) {
        return Verdict::Not(Reason::EventNotSelected);
    }
    let is_on = if settings.enabled { Verdict::Sends } else { Verdict::Not(Reason::Disabled) };
    match candidate.kind {
        DestinationKind::OrganizationWebhook => match own {
            Some(own) if !own.enabled => Verdict::Not(Reason::Silenced),
            Some(own) if own.selects(event) => Verdict::Not(Reason::Overridden),
            _ => is_on,
        },
        DestinationKind::Subscription if !has_category(settings, category) => Verdict::Not(Reason::CategoryNotSelected),
        DestinationKind::Subscription if !settings.enabled => Verdict::Suppressed,
        DestinationKind::ScopedWebhook if settings.enabled => match broadest {
            Some(broadest) if candidate.scope != Some(broadest) => Verdict::Not(Reason::Shadowed(broadest)),
            _ if !has_category(settings, category) => Verdict::Not(Reason::CategoryNotSelected),
            _ => Verdict::Sends,
        },
        _ => is_on,
    }
}

fn has_category(settings: &WebhookSettings, category: Category) -> bool {
    match category {
        Category::Any => true,
        Category::Known(_) if settings.categories.is_empty() => true,
        Category::Known(category) => category.is_some_and(|category| settings.categories.contains(&category)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DestinationKind::{CampaignWebhook, OrganizationWebhook, ScopedWebhook, Subscription};

    const EVENT: &str = "EMAIL_REPLY";

    fn settings(enabled: bool, selects: bool, categories: &[i64]) -> WebhookSettings {
        let event = if selects { EVENT } else { "EMAIL_SENT" };
        WebhookSettings {
            name: String::new(),
            enabled,
            url: "https://x.example/".into(),
            method: Default::default(),
            content_type: Default::default(),
            events: vec![event.into()],
            categories: categories.to_vec(),
            headers: Default::default(),
            auth: None,
            retries: 3,
            timeout_s: 30,
            rate_per_minute: None,
            secrets: Vec::new(),
            ca_certificates: None,
            logs_response_body: true,
            payload: None,
            webhook_type: None,
        }
    }

    fn of<'a>(kind: DestinationKind, scope: Option<WebhookScope>, settings: &'a WebhookSettings) -> Candidate<'a> {
        Candidate { kind, scope, settings }
    }

    const OFF: Verdict = Verdict::Not(Reason::Disabled);
    const OTHER: Verdict = Verdict::Not(Reason::EventNotSelected);
    const GIVES_WAY: Verdict = Verdict::Not(Reason::Overridden);
    const SILENCED: Verdict = Verdict::Not(Reason::Silenced);

    /// W3: without an override, with one that is on and disabled, and with one that is enabled. Whether the organization's settings are on,
    /// whether they select the event, and whether the override does; then what becomes of each.
    #[test]
    fn w3_the_whole_truth_table_of_settings_and_override() {
        let (yes, no, sends) = (true, false, Verdict::Sends);
        // on, selected | override: enabled, selected | organization's, override's
        let table = [
            (yes, yes, None, sends, None),
            (yes, no, None, OTHER, None),
            (no, yes, None, OFF, None),
            (no, no, None, OTHER, None),
            (yes, yes, Some((no, yes)), SILENCED, Some(OFF)),
            (yes, yes, Some((no, no)), SILENCED, Some(OTHER)),
            (yes, no, Some((no, yes)), OTHER, Some(OFF)),
            (yes, no, Some((no, no)), OTHER, Some(OTHER)),
            (no, yes, Some((no, yes)), SILENCED, Some(OFF)),
            (no, yes, Some((no, no)), SILENCED, Some(OTHER)),
            (no, no, Some((no, yes)), OTHER, Some(OFF)),
            (no, no, Some((no, no)), OTHER, Some(OTHER)),
            (yes, yes, Some((yes, yes)), GIVES_WAY, Some(sends)),
            (yes, yes, Some((yes, no)), sends, Some(OTHER)),
            (yes, no, Some((yes, yes)), OTHER, Some(sends)),
            (yes, no, Some((yes, no)), OTHER, Some(OTHER)),
            (no, yes, Some((yes, yes)), GIVES_WAY, Some(sends)),
            (no, yes, Some((yes, no)), OFF, Some(OTHER)),
            (no, no, Some((yes, yes)), OTHER, Some(sends)),
            (no, no, Some((yes, no)), OTHER, Some(OTHER)),
        ];
        for (on, selected, own, of_organization, of_override) in table {
            let organization = settings(on, selected, &[]);
            let own = own.map(|(enabled, selects)| settings(enabled, selects, &[]));
            let mut candidates = vec![of(OrganizationWebhook, None, &organization)];
            candidates.extend(own.as_ref().map(|own| of(CampaignWebhook, None, own)));
            let expected: Vec<Verdict> = [of_organization].into_iter().chain(of_override).collect();
            let verdicts = route(&candidates, EVENT, Category::Known(None));
            assert_eq!(verdicts, expected, "organization {on} {selected}, override {own:?}");
        }
    }

    /// W6: of scoped webhooks for one event the broadest scope alone fires, all of it; one that is for another event shadows nothing.
    #[test]
    fn w6_the_broadest_scope_alone_fires() {
        for set in 0..27_u32 {
            // Of each scope: none, one for another event, one for the event.
            let each: Vec<u32> = (0..3).map(|place| set / 3_u32.pow(place) % 3).collect();
            let (this, other) = (settings(true, true, &[]), settings(true, false, &[]));
            let mut candidates = Vec::new();
            for (scope, what) in WebhookScope::ALL.iter().zip(&each) {
                match what {
                    0 => {}
                    1 => candidates.push(of(ScopedWebhook, Some(*scope), &other)),
                    _ => candidates.extend([of(ScopedWebhook, Some(*scope), &this); 2]),
                }
            }
            let broadest = WebhookScope::ALL.iter().zip(&each).find(|(_, what)| **what == 2).map(|(scope, _)| *scope);
            let verdicts = route(&candidates, EVENT, Category::Known(None));
            for (candidate, verdict) in candidates.iter().zip(verdicts) {
                let expected = match (candidate.settings.selects(EVENT), broadest) {
                    (false, _) => OTHER,
                    (true, Some(broadest)) if candidate.scope == Some(broadest) => Verdict::Sends,
                    (true, broadest) => Verdict::Not(Reason::Shadowed(broadest.unwrap())),
                };
                assert_eq!(verdict, expected, "{each:?} {:?}", candidate.scope);
            }
        }
    }

    /// W4: a subscription of any scope fires beside everything else; one that is inactive is recorded where it would have fired.
    #[test]
    fn w4_subscriptions_always_fire() {
        let (organization, scoped) = (settings(true, true, &[]), settings(true, true, &[]));
        for scope in WebhookScope::ALL {
            for (enabled, selects, expected) in [
                (true, true, Verdict::Sends),
                (true, false, OTHER),
                (false, true, Verdict::Suppressed),
                (false, false, OTHER),
            ] {
                let subscription = settings(enabled, selects, &[]);
                let candidates = [
                    of(OrganizationWebhook, None, &organization),
                    of(Subscription, Some(*scope), &subscription),
                    of(ScopedWebhook, Some(WebhookScope::User), &scoped),
                ];
                let verdicts = route(&candidates, EVENT, Category::Known(None));
                assert_eq!(verdicts, [Verdict::Sends, expected, Verdict::Sends], "{scope:?} {enabled} {selects}");
            }
        }
    }

    /// S1: an event without a category does not pass a filter.
    #[test]
    fn w4_s1_a_filter_by_category_is_passed_by_its_categories_alone() {
        let not = Verdict::Not(Reason::CategoryNotSelected);
        for (categories, category, expected) in [
            (&[][..], Category::Known(None), Verdict::Sends),
            (&[], Category::Known(Some(2)), Verdict::Sends),
            (&[2, 3], Category::Known(Some(2)), Verdict::Sends),
            (&[2, 3], Category::Known(Some(1)), not),
            (&[2, 3], Category::Known(None), not),
            (&[2, 3], Category::Any, Verdict::Sends),
        ] {
            let settings = settings(true, true, categories);
            for kind in [Subscription, ScopedWebhook] {
                let verdicts = route(&[of(kind, Some(WebhookScope::Client), &settings)], EVENT, category);
                assert_eq!(verdicts, [expected], "{kind:?} {categories:?} {category:?}");
            }
        }
    }

    /// S3: what shadows goes by the event alone, whether its own filter lets the event pass or not.
    #[test]
    fn w6_a_filter_by_category_shadows_all_the_same() {
        let (broad, narrow) = (settings(true, true, &[7]), settings(true, true, &[]));
        let candidates = [
            of(ScopedWebhook, Some(WebhookScope::User), &broad),
            of(ScopedWebhook, Some(WebhookScope::Campaign), &narrow),
        ];
        let verdicts = route(&candidates, EVENT, Category::Known(Some(1)));
        assert_eq!(
            verdicts,
            [Verdict::Not(Reason::CategoryNotSelected), Verdict::Not(Reason::Shadowed(WebhookScope::User))]
        );
    }

    #[test]
    fn w6_scopes_are_read_back() {
        for &scope in WebhookScope::ALL {
            assert_eq!(WebhookScope::parse(scope.as_str()), Some(scope));
        }
    }
}
