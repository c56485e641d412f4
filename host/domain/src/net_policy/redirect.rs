//! Where a response sends the client instead of taking the request. Redirects are not followed; a person is told what to save.

use super::WebhookUrl;

/// How much of a target a message repeats.
const TARGET_CHARS_MAX: usize = 300;

/// What a redirect says and what to do about it; none for a status that is not a redirect. `location` is the header as it came, which may
/// be relative to the URL that the request was sent to.
pub fn describe_redirect(sent_to: &WebhookUrl, status: u16, location: Option<&str>) -> Option<String> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let Some(target) = location.map(|location| absolute(sent_to, location)) else {
        return Some(format!("the endpoint redirects ({status}) and does not say where; redirects are not followed"));
    };
    Some(match status {
        301 | 308 => format!("the endpoint redirects to {target} ({status}); save {target} as its URL"),
        302 | 307 => format!(
            "the endpoint redirects to {target} ({status}) for now, and redirects are not followed; if it stays so, save {target} as its URL"
        ),
        _ => format!(
            "the endpoint points to another page, {target} ({status}), and redirects are not followed; if that means that it took the lead, say so under `interpret`"
        ),
    })
}

fn absolute(sent_to: &WebhookUrl, location: &str) -> String {
    let target = sent_to.as_url().join(location.trim()).map_or_else(|_| location.to_owned(), |url| url.to_string());
    target.chars().filter(|c| !c.is_control()).take(TARGET_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net_policy::Schemes;

    fn described(status: u16, location: Option<&str>) -> Option<String> {
        let url = WebhookUrl::parse("https://client.example/a/leads?key=1", Schemes::HttpsOnly).unwrap();
        describe_redirect(&url, status, location)
    }

    /// W8, M9: a redirect says where it leads, whole or relative, and what to save.
    #[test]
    fn m9_a_redirect_names_its_target() {
        let table = [
            (
                301,
                "https://www.client.example/a/leads",
                "redirects to https://www.client.example/a/leads (301); save https://www.client.example/a/leads as its URL",
            ),
            (308, "/v2/leads", "save https://client.example/v2/leads as its URL"),
            (308, "leads/", "save https://client.example/a/leads/ as its URL"),
            (302, "//other.example/x", "redirects to https://other.example/x (302) for now"),
            (303, "/thanks", "https://client.example/thanks (303)"),
            (301, "http://[", "redirects to http://[ (301)"),
        ];
        for (status, location, expected) in table {
            let text = described(status, Some(location)).unwrap();
            assert!(text.contains(expected), "{text}");
        }
        assert!(described(302, None).unwrap().contains("does not say where"));
        assert!(described(301, Some(&"x".repeat(10_000))).unwrap().len() < 1_000);
        for status in [200, 300, 304, 305, 404] {
            assert_eq!(described(status, Some("/x")), None, "{status}");
        }
    }
}
