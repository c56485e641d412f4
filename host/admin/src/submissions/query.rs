//! Which submissions are asked for.

use crate::input::border;
use crate::page::without_nul;
use crate::search::Search;
use hookmill_domain::causes::states_after;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_domain::search::{SEARCHED_CHARS_MAX, SearchText};
use hookmill_domain::state::State;
use hookmill_store::search::SubmissionFilter;

/// What the ids of submissions begin with: that of their request.
const PREFIX: &str = "req";
/// How long a cause may be.
const CAUSE_CHARS_MAX: usize = 64;

/// Which submissions are asked for.
#[derive(Debug, Clone, Default)]
pub struct SubmissionQuery {
    /// Only those of these campaigns, with commas between them.
    pub campaign: Option<String>,
    /// Only those in one of these states, with commas between them.
    pub state: Option<String>,
    /// Only those whose last transition has this cause.
    pub cause: Option<String>,
    /// Only those of which a rule failed that is called so: by its place, its field, or a part of its reason.
    pub rule: Option<String>,
    /// Only those that were received at this time or later, in RFC 3339.
    pub since: Option<String>,
    /// Only those that were received before this time, in RFC 3339.
    pub until: Option<String>,
    /// Only those of this lead.
    pub lead: Option<String>,
    /// Only those with this text in their mapped lead.
    pub text: Option<String>,
}

impl SubmissionQuery {
    /// What is looked for, apart from its campaigns; all that is wrong with it at once.
    pub(super) fn check(&self) -> Result<Search, ApiError> {
        let mut problems = Vec::new();
        let mut states = take(&mut problems, check_states(self.state.as_deref()));
        let cause = take(&mut problems, check_cause(self.cause.as_deref()));
        if let Some(cause) = cause.as_deref().filter(|_| states.is_empty()) {
            states = states_after(cause).to_vec();
        }
        let rule = take(&mut problems, check_text("rule", self.rule.as_deref()));
        let text = take(&mut problems, check_text("q", self.text.as_deref()));
        let from = take(&mut problems, border(PREFIX, ("since", &self.since)));
        take(&mut problems, self.before());
        if let Some(first) = problems.first() {
            let message = format!("`{}` {}", first.path, first.message);
            return Err(ApiError::new(Kind::Invalid, "invalid", message).with_details(problems));
        }
        let lead_id = without_nul(self.lead.as_deref()).map(str::to_owned);
        let filter = SubmissionFilter { campaigns: None, states, cause, lead_id, from, newest_of_lead: false };
        Ok(Search { filter, text, rule })
    }

    /// The id that ends the list, where a time does.
    pub(super) fn before(&self) -> Result<String, ApiError> {
        border(PREFIX, ("until", &self.until))
    }
}

/// What was read, or nothing and its problems among the others.
fn take<T: Default>(problems: &mut Vec<Detail>, read: Result<T, ApiError>) -> T {
    read.unwrap_or_else(|error| {
        problems.extend(error.details);
        T::default()
    })
}

fn check_states(names: Option<&str>) -> Result<Vec<State>, ApiError> {
    let Some(names) = names else { return Ok(Vec::new()) };
    let mut states = Vec::new();
    for name in names.split(',') {
        let state = State::parse(name.trim()).ok_or_else(unknown_state)?;
        if !states.contains(&state) {
            states.push(state);
        }
    }
    Ok(states)
}

fn unknown_state() -> ApiError {
    let known: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    ApiError::invalid("state", format!("must be one or several, with commas, of {}", known.join(", ")))
}

fn check_cause(cause: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(cause) = cause.map(str::trim).filter(|cause| !cause.is_empty()) else { return Ok(None) };
    let is_code = cause.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_code || CAUSE_CHARS_MAX < cause.len() {
        let message = "must be a cause as timelines have it, such as `rules`, `map_failed` or `client_rejected`";
        return Err(ApiError::invalid("cause", message));
    }
    Ok(Some(cause.to_owned()))
}

fn check_text(path: &str, text: Option<&str>) -> Result<Option<SearchText>, ApiError> {
    let text = text.unwrap_or_default();
    let chars = text.chars().count();
    if SEARCHED_CHARS_MAX < chars {
        let message = format!("has {chars} characters, at most {SEARCHED_CHARS_MAX} are allowed");
        return Err(ApiError::invalid(path, message));
    }
    Ok(SearchText::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(state: &str, cause: &str) -> SubmissionQuery {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        SubmissionQuery { state: given(state), cause: given(cause), ..SubmissionQuery::default() }
    }

    #[test]
    fn o4_states_are_those_of_the_cause_unless_they_are_given() {
        let states = |state: &str, cause: &str| query(state, cause).check().map(|search| search.filter.states);
        assert_eq!(states("", ""), Ok(vec![]));
        assert_eq!(states("queued, rejected,queued", "rules"), Ok(vec![State::Queued, State::Rejected]));
        assert_eq!(states("", "cap_reached"), Ok(vec![State::Queued, State::Rejected]));
        assert_eq!(states("", "something_new"), Ok(vec![]));
    }

    #[test]
    fn i14_all_that_is_wrong_is_named_at_once() {
        let wrong = SubmissionQuery {
            state: Some("queued,lost".into()),
            cause: Some("Rules!".into()),
            rule: Some("x".repeat(201)),
            since: Some("yesterday".into()),
            until: Some(String::new()),
            text: Some("é".repeat(201)),
            ..SubmissionQuery::default()
        };
        let error = wrong.check().unwrap_err();
        let paths: Vec<&str> = error.details.iter().map(|detail| detail.path.as_str()).collect();
        assert_eq!(paths, ["state", "cause", "rule", "q", "since", "until"]);
        assert!(error.message.starts_with("`state` must be"), "{}", error.message);
        assert!(query("", "").check().is_ok());
        assert!(
            SubmissionQuery { text: Some("é".repeat(200)), rule: Some(" ".into()), ..query("", " ") }.check().is_ok()
        );
    }
}
