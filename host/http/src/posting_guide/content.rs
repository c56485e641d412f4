//! What a posting guide says.

use super::{Block, Inline, Line, words};
use crate::openapi::PostingDescription;
use hookmill_admin::{GuideFields, PostingGuide};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::config::HostSettings;
use hookmill_guide::{Document, Field, Kind, Need, Part, Phrase, ReadFrom, Unknown};
use hookmill_pipeline::{AcceptedLead, IngestResponse, PostingExample};
use serde_json::{Value, json};

/// What a guide says of the host.
pub(crate) struct About<'a> {
    /// The host's settings, with its limits.
    pub(crate) settings: &'a HostSettings,
    /// How the description of the API describes posting.
    pub(crate) posting: &'a PostingDescription,
}

/// How the idempotency key of an example is written: the shell puts the time into it, so that the call works again and again.
const EXAMPLE_KEY: &str = "example-$(date +%s%N)";

/// Writes the guide.
pub(crate) fn blocks(guide: &PostingGuide, about: &About<'_>) -> Vec<Block> {
    let mut blocks = vec![title(guide), intro(guide)];
    blocks.push(Block::Paragraph(state(guide)));
    blocks.extend(key(guide, about));
    blocks.extend(addresses(guide, about));
    blocks.extend(example(guide, about));
    blocks.extend(fields(guide));
    blocks.extend(limits(about));
    blocks.extend(responses(guide, about));
    blocks
}

fn title(guide: &PostingGuide) -> Block {
    Block::Title(vec![Inline::Words("Posting guide: ".into()), Inline::Text(guide.campaign.name.clone())])
}

fn intro(guide: &PostingGuide) -> Block {
    let mut line = words("How to post leads to the campaign ");
    line.push(code(&guide.campaign.campaign_id));
    line.extend(match (&guide.fields, guide.version) {
        (GuideFields::Plugin { .. }, Some(version)) => words(&format!(", as its active version {version} takes them.")),
        _ if guide.is_standard => {
            words(", as the standard document reads them: it knows the usual names, and keeps all else.")
        }
        (_, Some(version)) => words(&format!(", as the document of its active version {version} reads them.")),
        (_, None) => words("."),
    });
    Block::Paragraph(line)
}

fn state(guide: &PostingGuide) -> Line {
    words(match guide.state {
        CampaignState::Draft => {
            "The campaign is a draft (`draft`): leads are accepted, and wait as `pending` until it is activated."
        }
        CampaignState::Paused => {
            "The campaign is paused (`paused`): leads are accepted, and wait as `pending` until it is activated again."
        }
        CampaignState::Archived => {
            "The campaign is archived (`archived`): posts are rejected with `409 campaign_archived`, for good."
        }
        CampaignState::Active if guide.lacks_client => {
            "The campaign is active (`active`), but has no client yet: leads are accepted, and wait as `pending` until it has one."
        }
        CampaignState::Active => "The campaign is active (`active`): leads are accepted and processed at once.",
    })
}

fn key(guide: &PostingGuide, about: &About<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Key")];
    let Some(source_key) = &guide.source_key else {
        let mut line = words("This organization has no source key yet: ask ");
        line.push(Inline::Text(about.settings.key_contact.clone()));
        line.extend(words(" to provision one. Until then nothing can be posted."));
        blocks.push(Block::Paragraph(line));
        return blocks;
    };
    let mut line = words("Each request carries the organization's source key. It begins with ");
    line.push(code(&source_key.prefix));
    line.extend(words(", and is never written here: put it in place of the dots. Send it in one of these headers:"));
    let placeholder = placeholder(&source_key.prefix);
    blocks.push(Block::Paragraph(line));
    blocks.push(Block::List(vec![
        vec![code(&format!("Authorization: Bearer {placeholder}"))],
        vec![code(&format!("X-API-Key: {placeholder}"))],
    ]));
    blocks
}

fn placeholder(prefix: &str) -> String {
    format!("{prefix}...")
}

fn addresses(guide: &PostingGuide, about: &About<'_>) -> Vec<Block> {
    let url = &about.settings.public_url;
    let own = format!("{url}/v1/campaigns/{}/leads", guide.campaign.campaign_id);
    let batch = match (&guide.example, &guide.fields) {
        (Some(PostingExample { in_batch: None, .. }), _) => words(
            "leads of several campaigns. This campaign does not map its example there, where each element is a lead that has `campaign_id`: post to its own address",
        ),
        _ => words(
            "`idempotency_key` and `leads`: a list of leads, each with a `campaign_id`, for this and other campaigns",
        ),
    };
    let ttl = duration(about.settings.limits.idempotency_ttl_ms);
    let header = |name: &str, is: Line| vec![vec![code(name)], is];
    let types: Vec<Inline> = about.posting.content_types.iter().map(|one| code(one)).collect();
    let mut content_type = join(types.into_iter().map(|one| vec![one]), ", ");
    content_type
        .extend(words("; `text/plain` where the body is JSON or XML. A charset may be named; without one it is UTF-8"));
    vec![
        Block::Heading("Addresses"),
        Block::Table(
            &["Address", "Body"],
            vec![
                vec![vec![code(&format!("POST {own}"))], words("one lead, or a list of leads")],
                vec![vec![code(&format!("POST {url}/v1/leads"))], batch],
            ],
        ),
        Block::Heading("Headers"),
        Block::Table(
            &["Header", "Value"],
            vec![
                header("Authorization", words("`Bearer` and the key; or `X-API-Key` with the key alone")),
                header("Content-Type", content_type),
                header(
                    "Content-Encoding",
                    words("`gzip` or `deflate`, where the body is compressed; left out otherwise"),
                ),
                header(
                    "Idempotency-Key",
                    words(&format!(
                        "your own name for the request, up to 255 bytes; left out where a request is never sent twice. A second request with the same key within {ttl} is rejected with `409 duplicate_request`, and adds nothing. In a batch it is `idempotency_key` in the body",
                    )),
                ),
            ],
        ),
    ]
}

/// Milliseconds as people say them.
fn duration(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds")];
    let unit = UNITS.into_iter().find(|(unit, _)| ms % unit == 0);
    unit.map_or_else(|| format!("{ms} milliseconds"), |(unit, name)| format!("{} {name}", ms / unit))
}

fn example(guide: &PostingGuide, about: &About<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Example")];
    let Some(example) = &guide.example else {
        blocks.push(Block::Paragraph(words(match guide.is_unusable {
            true => "There is no example: the active version of the campaign can't be run at the moment. Leads are accepted, and go on when it can.",
            false => "There is no example: what this campaign reads can't be told from its fields alone. Ask whoever runs the campaign for one.",
        })));
        return blocks;
    };
    if guide.source_key.is_some() {
        blocks.push(Block::Code("sh", curl_of_campaign(guide, example, about)));
    }
    blocks.push(Block::Paragraph(words("The lead that it posts:")));
    blocks.push(Block::Code("json", pretty(&example.request.body)));
    blocks.push(Block::Paragraph(words(match example.leads.len() {
        1 => "What the campaign makes of it:",
        _ => "What the campaign makes of it, a lead each:",
    })));
    blocks.extend(example.leads.iter().map(|lead| Block::Code("json", pretty(lead))));
    if !example.disqualified.is_empty() {
        let reasons = example.disqualified.iter().filter(|reason| !reason.is_empty()).map(|reason| vec![text(reason)]);
        let mut line = words("The example is accepted and mapped, and then disqualified by the campaign's rules");
        let reasons = join(reasons, "; ");
        if !reasons.is_empty() {
            line.extend(words(": "));
            line.extend(reasons);
        }
        blocks.push(Block::Paragraph(line));
    }
    if let (Some(element), Some(_)) = (&example.in_batch, &guide.source_key) {
        blocks.push(Block::Paragraph(words("The same in a batch:")));
        blocks.push(Block::Code("sh", curl_of_batch(guide, element, about)));
    }
    blocks
}

/// A call to be pasted into a shell.
fn curl(guide: &PostingGuide, address: &str, more: &str, body: &str) -> String {
    let prefix = guide.source_key.as_ref().map(|key| placeholder(&key.prefix)).unwrap_or_default();
    format!(
        "curl -sS {} \\\n  -H {} \\\n  -H 'Content-Type: application/json' \\\n{more}  --data-binary {body}",
        quoted(address),
        quoted(&format!("Authorization: Bearer {prefix}")),
    )
}

fn curl_of_campaign(guide: &PostingGuide, example: &PostingExample, about: &About<'_>) -> String {
    let mut address = format!("{}/v1/campaigns/{}/leads", about.settings.public_url, guide.campaign.campaign_id);
    if !example.request.query.is_empty() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        address = format!("{address}?{}", query.extend_pairs(&example.request.query).finish());
    }
    let more = format!("  -H \"Idempotency-Key: {EXAMPLE_KEY}\" \\\n");
    curl(guide, &address, &more, &quoted(&pretty(&example.request.body)))
}

fn curl_of_batch(guide: &PostingGuide, element: &Value, about: &About<'_>) -> String {
    let address = format!("{}/v1/leads", about.settings.public_url);
    let leads = quoted(&format!("\",\"leads\":[{element}]}}"));
    curl(guide, &address, "", &format!("'{{\"idempotency_key\":\"'\"{EXAMPLE_KEY}\"{leads}"))
}

/// A text as a shell takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn fields(guide: &PostingGuide) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Fields")];
    match &guide.fields {
        GuideFields::Plugin { name, version } => {
            let mut line = words("The fields are decided by the plugin ");
            line.push(code(name));
            line.extend(words(&format!(
                " in its version {version}, which does not say here what it reads. Ask whoever runs the campaign for a description of the fields."
            )));
            blocks.push(Block::Paragraph(line));
        }
        GuideFields::Unread => {
            blocks.push(Block::Paragraph(words(
                "The document of the campaign can't be shown as a table of fields. Ask whoever runs the campaign.",
            )));
        }
        GuideFields::Document(document) if document.is_reshaped => blocks.extend(reshaped(document)),
        GuideFields::Document(document) => blocks.extend(fields_of(document, guide.example.as_ref())),
    }
    blocks
}

/// A document that makes something else of what is posted before it looks for fields.
fn reshaped(document: &Document) -> Vec<Block> {
    let names = document.fields.iter().map(|field| vec![code(&field.name)]);
    let mut line = words("These fields are filled, as far as they are found: ");
    line.extend(join(names, ", "));
    vec![
        Block::Paragraph(words(
            "The campaign takes leads in the form in which its sender has them (a form builder, an advertising platform), and finds the fields in it by itself. Post the body as the sender has it, like the example.",
        )),
        Block::Paragraph(line),
    ]
}

fn fields_of(document: &Document, example: Option<&PostingExample>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(path) = &document.leads_at {
        let mut line = words("The leads are inside what is posted, at ");
        line.push(code(path));
        line.extend(words(". The paths below begin at a lead, unless they say otherwise."));
        blocks.push(Block::Paragraph(line));
    }
    if document.fields.is_empty() {
        blocks.push(Block::Paragraph(words("The document names no fields that a source could fill.")));
    } else {
        let rows = document.fields.iter().map(|field| row(field, example)).collect();
        blocks.push(Block::Table(&["Send", "It becomes", "Expected", "Required", "What becomes of the example"], rows));
    }
    blocks.push(Block::List(notes(document)));
    blocks
}

fn row(field: &Field, example: Option<&PostingExample>) -> Vec<Line> {
    let alternatives = field.read_from.iter().filter(|one| !one.is_part).map(path_of);
    let parts = field.read_from.iter().filter(|one| one.is_part).map(path_of);
    let mut send = join(alternatives, " or ");
    let parts = join(parts, " and ");
    if !parts.is_empty() {
        send.extend(words(if send.is_empty() { "" } else { ", with " }));
        send.extend(parts);
    }
    let mut expected = join(field.expected.iter().chain(&field.rules).map(phrase), "; ");
    if field.is_conditional {
        expected.extend(words(if expected.is_empty() {
            "read only under a condition"
        } else {
            "; read only under a condition"
        }));
    }
    let need = words(match field.need {
        Some(Need::ToMap) => "yes: without it the lead is quarantined",
        Some(Need::ToQualify) => "to qualify: without it the lead is disqualified",
        None => "",
    });
    let value = example.and_then(|example| value_of(example, &field.name));
    vec![send, vec![code(&field.name)], expected, need, value.map(|value| vec![code(&value)]).unwrap_or_default()]
}

fn path_of(read: &ReadFrom) -> Line {
    let mut line = vec![code(&read.path)];
    line.extend(words(match read.kind {
        Kind::Lead => "",
        Kind::Body => " (of the body)",
        Kind::Header => " (a header)",
        Kind::Query => " (a parameter of the query)",
    }));
    if !read.expected.is_empty() {
        line.extend(words(" ("));
        line.extend(join(read.expected.iter().map(phrase), "; "));
        line.extend(words(")"));
    }
    line
}

/// What the campaign makes of a field in the example.
fn value_of(example: &PostingExample, name: &str) -> Option<String> {
    const CHARS_MAX: usize = 60;
    let lead = example.leads.first()?;
    let value = match name.strip_prefix("custom.") {
        Some(custom) => lead["custom"].get(custom)?,
        None => lead.get(name)?,
    };
    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_long = CHARS_MAX < written.chars().count();
    Some(if is_long { written.chars().take(CHARS_MAX).chain(['…']).collect() } else { written })
}

fn notes(document: &Document) -> Vec<Line> {
    let mut notes = vec![words(
        "Of several paths the first one that is not blank counts. A lead should have an e-mail address or a phone number: by these a person is recognised.",
    )];
    if document.fields.iter().any(|field| field.read_from.iter().any(|one| one.is_loose)) {
        notes.push(words(
            "Names are found in other spellings, too: `first_name` is `firstName`, `First Name`, `first-name` and `FIRST_NAME`, unless a path has brackets or `$`.",
        ));
    }
    if !document.also_search.is_empty() {
        let mut line = words("Such names are also looked for inside ");
        line.extend(join(document.also_search.iter().map(|path| vec![code(path)]), ", "));
        line.extend(words("."));
        notes.push(line);
    }
    notes.extend(document.any_of.iter().map(|any| {
        let mut line = words("To qualify, a lead needs ");
        line.extend(phrase(any));
        line.extend(words("."));
        line
    }));
    notes.push(words(match document.unknown {
        Unknown::Custom => "Any other key is kept as a custom field of its name.",
        Unknown::Drop => "Any other key is dropped.",
        Unknown::Reject => "A lead with a key that is not read is quarantined.",
    }));
    if !document.test_marks.is_empty() {
        let mut line = words("A lead is a test, and is marked as one in what is sent, where this says yes: ");
        line.extend(join(document.test_marks.iter().map(path_of), " or "));
        line.extend(words("."));
        notes.push(line);
    }
    notes
}

fn limits(about: &About<'_>) -> Vec<Block> {
    let limits = &about.settings.limits;
    let row = |what: &str, max: String, then: &str| vec![words(what), words(&max), words(then)];
    vec![
        Block::Heading("Limits"),
        Block::Table(
            &["What", "At most", "Beyond"],
            vec![
                row("body", bytes(limits.body_bytes_max), "`413 body_too_large`"),
                row("compressed body, once it is inflated", bytes(limits.inflated_bytes_max), "`413 body_too_large`"),
                row("leads in one request", limits.leads_per_request_max.to_string(), "`422`"),
                row("depth of a body, as JSON", limits.body_depth_max.to_string(), "`400 too_deep`"),
                row("fields of a form", limits.form_fields_max.to_string(), "`422 form_too_large`"),
                row("idempotency key", "255 bytes".to_owned(), "`422`"),
            ],
        ),
    ]
}

fn bytes(count: usize) -> String {
    const MIB: usize = 1 << 20;
    if count.is_multiple_of(MIB) { format!("{} MiB ({count} bytes)", count / MIB) } else { format!("{count} bytes") }
}

fn responses(guide: &PostingGuide, about: &About<'_>) -> Vec<Block> {
    let request_id = "req_01kxs3n9v6z4c6c0x5h2rg5m7k".to_owned();
    let submission_id = format!("{request_id}-0");
    let accepted = AcceptedLead { index: 0, submission_id, campaign_id: guide.campaign.campaign_id.clone() };
    let response =
        IngestResponse { request_id, accepted: vec![accepted], rejected: Vec::new(), unknown_keys: Vec::new() };
    let error = json!({
        "success": false,
        "error": {"code": "campaign_archived", "message": "...", "details": []},
        "request_id": response.request_id,
    });
    let rows = about.posting.responses.iter().map(|(status, about)| vec![vec![code(status)], words(about)]).collect();
    vec![
        Block::Heading("Responses"),
        Block::Paragraph(words(
            "`202` means that the leads are on disk. Its body names the request and a submission for each lead:",
        )),
        Block::Code("json", pretty(&serde_json::to_value(&response).unwrap_or_default())),
        Block::Paragraph(words(&format!(
            "A lead of a batch that is not accepted is in `rejected`, with its index, code, path and message. {} `GET /v1/requests/REQUEST_ID` with the same key shows the state of each submission later.",
            about.posting.rejected_codes.replacen("Why", "The code says why", 1),
        ))),
        Block::Table(&["Status", "Meaning"], rows),
        Block::Paragraph(words(
            "`429` and `503` have the header `Retry-After`: wait so many seconds, then send the same request again, with the same idempotency key. Every error has a stable `code`, and says what to fix:",
        )),
        Block::Code("json", pretty(&error)),
    ]
}

fn phrase(phrase: &Phrase) -> Line {
    let part = |part: &Part| match part {
        Part::Text(words) => Inline::Words((*words).into()),
        Part::Code(text) => code(text),
    };
    phrase.iter().map(part).collect()
}

fn join(lines: impl Iterator<Item = Line>, between: &'static str) -> Line {
    let mut joined = Line::new();
    for line in lines {
        if !joined.is_empty() {
            joined.push(Inline::Words(between.into()));
        }
        joined.extend(line);
    }
    joined
}

fn code(text: &str) -> Inline {
    Inline::Code(text.to_owned())
}

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i4_times_and_sizes_are_said_in_words() {
        assert_eq!((duration(604_800_000), duration(90_000)), ("7 days".to_owned(), "90 seconds".to_owned()));
        assert_eq!(
            (duration(1_500), bytes(8 << 20)),
            ("1500 milliseconds".to_owned(), "8 MiB (8388608 bytes)".to_owned())
        );
    }

    #[test]
    fn i6_a_shell_reads_the_body_as_it_is() {
        assert_eq!(quoted("it's $(x)"), "'it'\\''s $(x)'");
    }
}
