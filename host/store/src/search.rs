//! Submissions as people look for them (O4): an index leads to some rows, the newest first, and the rest of what is asked for is looked up
//! row by row. So that nobody asks for a walk through a table, rows are looked at in pieces, and whoever asks says when to stop.

use super::requests::before_or_end;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;
use hookmill_domain::state::State;

/// The states of leads that go well, which have no index across campaigns.
const USUAL: [State; 3] = [State::Received, State::Delivering, State::Delivered];
/// The index of all others, as both databases must read it to use it.
const UNUSUAL: &str = "s.state not in ('received', 'delivering', 'delivered')";
/// How many campaigns and states, multiplied, are each sought in the index.
const BRANCHES_MAX: usize = 100;

/// Which submissions are looked for; what is empty asks for all.
#[derive(Debug, Clone, Default)]
pub struct SubmissionFilter {
    /// Only those of these campaigns (the store's ids).
    pub campaigns: Option<Vec<String>>,
    /// Only those in one of these states.
    pub states: Vec<State>,
    /// Only those whose last transition has this cause.
    pub cause: Option<String>,
    /// Only those of this lead.
    pub lead_id: Option<String>,
    /// Only those from this id on.
    pub from: String,
    /// Only the newest submission of each lead, among those of the campaigns.
    pub newest_of_lead: bool,
}

/// A submission that was looked at.
#[derive(Debug, Clone)]
pub struct SeenSubmission {
    /// Its id.
    pub id: String,
    /// When it was received.
    pub received_at: i64,
    /// Its lead.
    pub lead_id: Option<String>,
    /// How many bytes its lead and its decision have.
    pub bytes: i64,
    /// Whether it is what is looked for.
    pub is_found: bool,
}
from_row!(SeenSubmission { id, received_at, lead_id, bytes, is_found });

/// The texts that a statement takes after the number of rows, which is `$1`.
#[derive(Default)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// One more; the place of it in the statement.
    pub(super) fn place(&mut self, text: &str) -> String {
        self.0.push(text.to_owned());
        format!("${}", self.0.len() + 1)
    }

    /// Several more; their places, with commas.
    pub(super) fn places(&mut self, texts: &[String]) -> String {
        texts.iter().map(|text| self.place(text)).collect::<Vec<_>>().join(", ")
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Reads the rows of a statement that takes a number of rows as `$1`, and then texts.
macro_rules! select_texts {
    ($store:expr, $row:ty, $sql:expr, $rows:expr, $texts:expr) => {{
        let rows: Vec<$row> = reading!($store, connection => {
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe($sql)).bind($rows);
            for text in $texts.iter() {
                query = query.bind(text);
            }
            query.fetch_all(&mut *connection).await?
        });
        rows
    }};
}
pub(super) use select_texts;

impl SubmissionFilter {
    /// Whether each row that an index leads to is what is looked for.
    pub fn is_by_index(&self) -> bool {
        let (_, by_state) = self.state_branches();
        let by_campaign = self.lead_id.is_none() || self.campaigns.is_none();
        self.cause.is_none() && !self.newest_of_lead && (by_state || self.states.is_empty()) && by_campaign
    }

    /// The states that are each sought in an index, and whether those are all that are asked for.
    fn state_branches(&self) -> (&[State], bool) {
        let campaigns = self.campaigns.as_ref().map(Vec::len);
        let has_index = match (&self.lead_id, campaigns) {
            (Some(_), _) => false,
            (None, Some(campaigns)) => campaigns * self.states.len() <= BRANCHES_MAX,
            (None, None) => self.states.iter().all(|state| !USUAL.contains(state)),
        };
        if has_index { (&self.states, true) } else { (&[], false) }
    }

    /// The conditions of the rows that an index leads to, one for each range of it.
    fn ranges(&self, organization_id: &str, texts: &mut Texts) -> Vec<String> {
        let (states, _) = self.state_branches();
        let owners = match (&self.lead_id, &self.campaigns) {
            (Some(lead_id), _) => {
                let organization = texts.place(organization_id);
                vec![format!("s.organization_id = {organization} and s.lead_id = {}", texts.place(lead_id))]
            }
            (None, Some(campaigns)) => {
                campaigns.iter().map(|key| format!("s.campaign_key = {}", texts.place(key))).collect()
            }
            (None, None) if states.is_empty() => vec![format!("s.organization_id = {}", texts.place(organization_id))],
            (None, None) => vec![format!("s.organization_id = {} and {UNUSUAL}", texts.place(organization_id))],
        };
        if states.is_empty() {
            return owners;
        }
        let in_states = |owner: &String| {
            states.iter().map(|state| format!("{owner} and s.state = '{}'", state.as_str())).collect::<Vec<_>>()
        };
        owners.iter().flat_map(in_states).collect()
    }

    /// What is looked up of each row.
    fn condition(&self, texts: &mut Texts) -> String {
        let mut all = Vec::new();
        let (_, by_state) = self.state_branches();
        if !by_state && !self.states.is_empty() {
            let states = self.states.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>();
            all.push(format!("w.state in ({})", states.join(", ")));
        }
        let campaigns = self.campaigns.as_deref();
        if let Some(campaigns) = campaigns.filter(|_| self.lead_id.is_some()) {
            all.push(format!("w.campaign_key in ({})", texts.places(campaigns)));
        }
        if let Some(cause) = &self.cause {
            all.push(format!("{} = {}", last_cause("w"), texts.place(cause)));
        }
        if self.newest_of_lead {
            let among = campaigns.map(|campaigns| format!(" and n.campaign_key in ({})", texts.places(campaigns)));
            all.push(format!(
                "w.lead_id is not null and not exists (select 1 from submissions n where n.organization_id = w.organization_id \
                 and n.lead_id = w.lead_id and n.id > w.id{})",
                among.unwrap_or_default()
            ));
        }
        if all.is_empty() { "true".to_owned() } else { format!("({})", all.join(" and ")) }
    }

    fn sql(&self, organization_id: &str, before: &str, texts: &mut Texts) -> String {
        const SEEN: &str = "select s.organization_id, s.id, s.received_at, s.lead_id, s.campaign_key, s.state, \
            cast(coalesce(length(s.lead), 0) + coalesce(length(s.decision), 0) as bigint) as bytes from submissions s";
        let (before, from) = (texts.place(before_or_end(before)), texts.place(&self.from));
        let ranges = self.ranges(organization_id, texts);
        let branch = |range: &String| {
            format!("{SEEN} where {range} and s.id >= {from} and s.id < {before} order by s.id desc limit $1")
        };
        let rows = match ranges.as_slice() {
            [range] => branch(range),
            ranges => {
                let branches = ranges.iter().enumerate();
                let branches = branches.map(|(at, range)| format!("select * from ({}) as b{at}", branch(range)));
                format!("{} order by id desc limit $1", branches.collect::<Vec<_>>().join(" union all "))
            }
        };
        let condition = self.condition(texts);
        format!(
            "select w.id, w.received_at, w.lead_id, w.bytes, {condition} as is_found from ({rows}) as w order by w.id desc"
        )
    }
}

/// The cause of the last transition of a submission that the statement calls `alias`. The timeline is the one place that has it: a column of the
/// submission would have to be kept by every statement that changes a state.
pub(super) fn last_cause(alias: &str) -> String {
    format!(
        "coalesce((select t.cause from timeline t where t.organization_id = {alias}.organization_id and t.submission_id = {alias}.id \
         order by t.revision desc limit 1), 'ingested')"
    )
}

impl Store {
    /// Looks at the next submissions that an index leads to, `rows` at most, the newest first, older than `before`, and says of each whether it
    /// is what is looked for. Fewer than `rows` are the last there are.
    #[boxed]
    pub async fn look_at_submissions(
        &self,
        organization_id: &str,
        filter: &SubmissionFilter,
        before: &str,
        rows: i64,
    ) -> Result<Vec<SeenSubmission>, StoreError> {
        if filter.campaigns.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut texts = Texts::default();
        let sql = filter.sql(organization_id, before, &mut texts);
        Ok(select_texts!(self, SeenSubmission, sql.as_str(), rows, texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(campaigns: &[&str], states: &[State]) -> SubmissionFilter {
        let campaigns = campaigns.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let campaigns = Some(campaigns).filter(|list| !list.is_empty());
        SubmissionFilter { campaigns, states: states.to_vec(), ..SubmissionFilter::default() }
    }

    /// O4: what an index can serve is a range of it, and all else is looked up row by row.
    #[test]
    fn o4_what_has_an_index_is_a_range_of_it() {
        let (rejected, delivered) = (State::Rejected, State::Delivered);
        let of_lead = SubmissionFilter { lead_id: Some("l".into()), ..SubmissionFilter::default() };
        let many: Vec<String> = (0..60).map(|at| format!("c{at}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let table: [(SubmissionFilter, usize, bool); 9] = [
            (filter(&[], &[]), 1, true),
            (filter(&[], &[rejected, State::Queued]), 2, true),
            (filter(&[], &[rejected, delivered]), 1, false),
            (filter(&["a", "b"], &[]), 2, true),
            (filter(&["a", "b"], &[rejected, delivered]), 4, true),
            (filter(&many, &[rejected, delivered]), 60, false),
            (of_lead.clone(), 1, true),
            (SubmissionFilter { states: vec![rejected], ..of_lead.clone() }, 1, false),
            (SubmissionFilter { cause: Some("rules".into()), ..filter(&["a"], &[rejected]) }, 1, false),
        ];
        for (filter, ranges, is_by_index) in table {
            assert_eq!(filter.ranges("o", &mut Texts::default()).len(), ranges, "{filter:?}");
            assert_eq!(filter.is_by_index(), is_by_index, "{filter:?}");
            let mut texts = Texts::default();
            let is_all = filter.sql("o", "", &mut texts).contains("true as is_found");
            assert_eq!(is_all, is_by_index, "{filter:?}");
        }
    }

    #[test]
    fn each_text_has_a_place_of_its_own() {
        let of_lead =
            SubmissionFilter { lead_id: Some("l".into()), cause: Some("c".into()), ..filter(&["a", "b"], &[]) };
        let mut texts = Texts::default();
        let sql = of_lead.sql("o", "z", &mut texts);
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["z", "", "o", "l", "a", "b", "c"]);
        assert!((1..=8).all(|number| sql.contains(&format!("${number}"))), "{sql}");
    }
}
