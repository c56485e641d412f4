//! The bounds of bodies, in one table.

use crate::xml::XmlLimits;

/// The bounds of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyLimits {
    /// How many bytes a compressed body may have once it is inflated (16 MiB).
    pub inflated_bytes_max: usize,
    /// How deep the value may nest (64).
    pub depth_max: usize,
    /// How many fields a form may have (1,000).
    pub fields_max: usize,
    /// How many bytes of a text file in a form become a part of the value (64 KiB); of a larger one name, type and size do.
    pub file_text_bytes_max: usize,
    /// The bounds of XML. `depth_max` above counts as well.
    pub xml: XmlLimits,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            inflated_bytes_max: 16 << 20,
            depth_max: 64,
            fields_max: 1_000,
            file_text_bytes_max: 64 << 10,
            xml: XmlLimits::default(),
        }
    }
}
