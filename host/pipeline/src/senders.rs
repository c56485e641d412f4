//! Ready documents for well-known senders: what a campaign starts from whose leads come from one of them.

/// The senders, in the order of their names, each with its document.
pub const SENDER_DOCUMENTS: [(&str, &str); 10] = [
    ("calendly", include_str!("../../../plugins/default/documents/senders/calendly.yaml")),
    ("elementor", include_str!("../../../plugins/default/documents/senders/elementor.yaml")),
    ("facebook", include_str!("../../../plugins/default/documents/senders/facebook.yaml")),
    ("google", include_str!("../../../plugins/default/documents/senders/google.yaml")),
    ("hubspot", include_str!("../../../plugins/default/documents/senders/hubspot.yaml")),
    ("jotform", include_str!("../../../plugins/default/documents/senders/jotform.yaml")),
    ("linkedin", include_str!("../../../plugins/default/documents/senders/linkedin.yaml")),
    ("shopify", include_str!("../../../plugins/default/documents/senders/shopify.yaml")),
    ("tiktok", include_str!("../../../plugins/default/documents/senders/tiktok.yaml")),
    ("typeform", include_str!("../../../plugins/default/documents/senders/typeform.yaml")),
];

/// The document of a sender.
pub fn sender_document(sender: &str) -> Option<&'static str> {
    SENDER_DOCUMENTS.iter().find(|(name, _)| *name == sender).map(|(_, document)| *document)
}

/// What each of them sends, as JSON: what a posting guide tries where a document does not say what is to be sent.
pub(crate) const SENDER_EXAMPLES: [&str; SENDER_DOCUMENTS.len()] = [
    include_str!("../../../plugins/default/documents/senders/examples/calendly.json"),
    include_str!("../../../plugins/default/documents/senders/examples/elementor.json"),
    include_str!("../../../plugins/default/documents/senders/examples/facebook.json"),
    include_str!("../../../plugins/default/documents/senders/examples/google.json"),
    include_str!("../../../plugins/default/documents/senders/examples/hubspot.json"),
    include_str!("../../../plugins/default/documents/senders/examples/jotform.json"),
    include_str!("../../../plugins/default/documents/senders/examples/linkedin.json"),
    include_str!("../../../plugins/default/documents/senders/examples/shopify.json"),
    include_str!("../../../plugins/default/documents/senders/examples/tiktok.json"),
    include_str!("../../../plugins/default/documents/senders/examples/typeform.json"),
];
