//! The description as a page for people: written by the server, readable without scripts and without the network.

use super::schema;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// The methods in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation and where it stands.
struct Operation<'a> {
    document: &'a Value,
    method: &'static str,
    address: &'a str,
    operation: &'a Value,
}

/// Writes the page.
pub(super) fn render(document: &Value) -> String {
    let operations = operations(document);
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |tag: &Value| operations.iter().filter(|one| one.operation["tags"][0] == tag["name"]).collect::<Vec<_>>();
    let info = &document["info"];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text(&info["title"])) " API" }
                link rel="stylesheet" href="/docs/style.css";
            }
            body {
                nav aria-label="Operations" { (contents(tags, of)) }
                main {
                    h1 { (text(&info["title"])) " API " small { (text(&info["version"])) } }
                    (render_text(&info["description"]))
                    p { "For programs: " a href="/openapi.json" { "openapi.json" } ", OpenAPI " (text(&document["openapi"])) ", made from the code that serves it." }
                    (keys(document))
                    @for tag in tags {
                        section {
                            h2 { (text(&tag["name"])) }
                            p { (text(&tag["description"])) }
                            @for one in of(tag) { (one.show()) }
                        }
                    }
                    section { h2 id="schemas" { "Schemas" } (schema::all(document)) }
                }
            }
        }
    };
    page.into_string()
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(address, item)| {
            METHODS.into_iter().filter_map(move |method| {
                item.get(method).map(|operation| Operation { document, method, address, operation })
            })
        })
        .collect()
}

fn contents<'a>(tags: &'a [Value], of: impl Fn(&'a Value) -> Vec<&'a Operation<'a>>) -> Markup {
    html! {
        @for tag in tags {
            h2 { (text(&tag["name"])) }
            ul {
                @for one in of(tag) {
                    li { a href={ "#" (text(&one.operation["operationId"])) } { (text(&one.operation["summary"])) } }
                }
            }
        }
        h2 { a href="#schemas" { "Schemas" } }
    }
}

fn keys(document: &Value) -> Markup {
    let schemes = document["components"]["securitySchemes"].as_object().into_iter().flatten();
    html! {
        table {
            caption { "Keys" }
            @for (name, scheme) in schemes {
                tr {
                    td { code { (name) } }
                    td { code { @if scheme["type"] == "http" { "Authorization: Bearer KEY" } @else { (text(&scheme["name"])) ": KEY" } } }
                    td { (render_inline(text(&scheme["description"]))) }
                }
            }
        }
    }
}

impl Operation<'_> {
    fn show(&self) -> Markup {
        let id = text(&self.operation["operationId"]);
        html! {
            article id=(id) {
                h3 { a href={ "#" (id) } { (text(&self.operation["summary"])) } }
                p.address { span class={ "method " (self.method) } { (self.method.to_uppercase()) } " " code { (self.address) } }
                (render_text(&self.operation["description"]))
                p.keys { (self.asked_key()) (self.permission()) }
                (self.parameters())
                (self.body())
                (self.responses())
                details { summary { "With curl" } pre { code { (self.curl()) } } }
            }
        }
    }

    fn asked_key(&self) -> &'static str {
        let first = |name: &str| self.operation["security"][0].get(name).is_some();
        let accepts_both = self.operation["security"].as_array().is_some_and(|list| list.len() == 4);
        match (accepts_both, first("sourceKey"), first("apiKey")) {
            (true, ..) => "With a source key or an API key.",
            (_, true, _) => "With a source key.",
            (_, _, true) => "With an API key.",
            _ => "Without a key.",
        }
    }

    /// What the caller's role must allow, and what is written into the audit log.
    fn permission(&self) -> Markup {
        let actions = self.operation["x-audit"].as_array().map(Vec::as_slice).unwrap_or_default();
        html! {
            @if let Some(permission) = self.operation["x-permission"].as_str() { " Permission: " code { (permission) } "." }
            @if self.operation["x-scope"] == "organization" { " Not with a key that is scoped to campaigns." }
            @if !actions.is_empty() { " Audit log:" @for action in actions { " " code { (text(action)) } } "." }
        }
    }

    fn parameters(&self) -> Markup {
        let parameters = self.operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        html! {
            @if !parameters.is_empty() {
                table {
                    caption { "Parameters" }
                    @for parameter in parameters {
                        @let parameter = schema::resolved(self.document, parameter);
                        tr {
                            td { code { (text(&parameter["name"])) } @if parameter["required"] == true { " " em { "required" } } }
                            td { (text(&parameter["in"])) }
                            td { (schema::kind(&parameter["schema"])) }
                            td { (render_inline(text(&parameter["description"]))) }
                        }
                    }
                }
            }
        }
    }

    fn body(&self) -> Markup {
        let body = &self.operation["requestBody"];
        html! {
            @for (content_type, content) in body["content"].as_object().into_iter().flatten() {
                h4 { "Body " code { (content_type) } " " (schema::kind(&content["schema"])) }
                @if let Some(example) = self.example(content) { pre { code { (format_example(content_type, &example)) } } }
            }
            @if let Some(about) = body["description"].as_str() { p { (render_inline(about)) } }
        }
    }

    /// Its own responses in full; the errors that many operations share are folded away.
    fn responses(&self) -> Markup {
        let responses = || self.operation["responses"].as_object().into_iter().flatten();
        let own = responses().filter(|(_, response)| response.get("$ref").is_none());
        let shared = || responses().filter(|(_, response)| response.get("$ref").is_some());
        html! {
            table.responses { caption { "Responses" } @for response in own { (self.response(response)) } }
            @if shared().next().is_some() {
                details {
                    summary { "Errors" @for (status, _) in shared() { " " code { (status) } } }
                    table.responses { @for response in shared() { (self.response(response)) } }
                }
            }
        }
    }

    fn response(&self, (status, response): (&String, &Value)) -> Markup {
        let response = schema::resolved(self.document, response);
        html! {
            tr {
                td { code { (status) } }
                td { @for (_, content) in response["content"].as_object().into_iter().flatten() { (schema::kind(&content["schema"])) } }
                td { (render_inline(text(&response["description"]))) }
            }
        }
    }

    /// The example of a body: its own, or its schema's.
    fn example(&self, content: &Value) -> Option<Value> {
        let own = content.get("example").cloned();
        own.or_else(|| schema::resolved(self.document, &content["schema"]).get("example").cloned())
    }

    /// A line to paste into a shell.
    fn curl(&self) -> String {
        let mut address = self.address.to_owned();
        for parameter in self.operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path")
        {
            address = address.replace(&format!("{{{}}}", text(&parameter["name"])), text(&parameter["example"]));
        }
        let mut line = format!("curl {}{address}", text(&self.document["servers"][0]["url"]));
        if self.method != "get" {
            line = format!("{line} -X {}", self.method.to_uppercase());
        }
        match self.asked_key() {
            "Without a key." => {}
            "With an API key." => line.push_str(" -H 'Authorization: Bearer hmk_...'"),
            _ => line.push_str(" -H 'Authorization: Bearer hms_...'"),
        }
        let content = self.operation["requestBody"]["content"].as_object().and_then(|contents| contents.iter().next());
        match content {
            Some((kind, content)) if kind == "application/json" => {
                let example = self.example(content).unwrap_or_default().to_string().replace('\'', "'\\''");
                line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' -d '{example}'"));
            }
            Some((kind, _)) => line.push_str(&format!(" \\\n  -H 'Content-Type: {kind}' --data-binary @plugin.wasm")),
            None => {}
        }
        line
    }
}

/// Paragraphs, as the description writes them: an empty line between.
fn render_text(value: &Value) -> Markup {
    html! { @for paragraph in text(value).split("\n\n").filter(|paragraph| !paragraph.is_empty()) { p { (render_inline(paragraph)) } } }
}

/// Text with its back-quoted parts as code.
pub(super) fn render_inline(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

/// A text member; empty when there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An example as it is sent.
fn format_example(content_type: &str, example: &Value) -> String {
    match example.as_object() {
        Some(fields) if content_type == "application/x-www-form-urlencoded" => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields.iter().map(|(name, value)| (name, text(value)))).finish()
        }
        _ => serde_json::to_string_pretty(example).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_described_can_not_write_markup() {
        let page = render(&json!({
            "tags": [{ "name": "<b>" }],
            "paths": { "/<i>": { "get": { "tags": ["<b>"], "summary": "<script>", "operationId": "\"><p>", "responses": {} } } },
        }));
        assert!(!page.contains("<script>") && !page.contains("<i>") && !page.contains("\"><p>"), "{page}");
    }

    #[test]
    fn back_quotes_are_code() {
        assert_eq!(render_inline("a `b` c").into_string(), "a <code>b</code> c");
    }
}
