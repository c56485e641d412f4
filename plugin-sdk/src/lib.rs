//! What an author of Hookmill plugins uses.
