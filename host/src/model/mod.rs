//! Pure values and rules.
pub mod destination;
pub mod interpret;
pub mod retry;
pub mod signature;
