//! The default plugin: runs declarative documents.
