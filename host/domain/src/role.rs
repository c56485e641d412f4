//! Who may do what (O8).

use super::net_policy::UrlView;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The role of a user.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// All organizations; provisions them and their keys.
    Operator,
    /// One organization.
    Admin,
    /// Plugins and dry runs of one organization.
    Integrator,
    /// Reads one organization.
    Viewer,
}

/// The action of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Permission {
    /// Create organizations, provision source keys, make operators.
    Provision,
    /// Change campaigns, users, settings; activate versions.
    Administer,
    /// Upload plugins, save documents, run them dry.
    Integrate,
    /// Read.
    View,
}

impl Role {
    /// Every role, the widest first.
    pub const ALL: &[Role] = Role::VARIANTS;

    /// Whether this role may do that.
    pub fn may(self, permission: Permission) -> bool {
        permission.rank() <= self.rank()
    }

    /// How much this role is shown of the URLs that leads and events are sent to: who may not set them sees where they lead, and not what
    /// it takes to post there.
    pub fn url_view(self) -> UrlView {
        if self.may(Permission::Administer) { UrlView::Full } else { UrlView::Masked }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Operator => 3,
            Self::Admin => 2,
            Self::Integrator => 1,
            Self::Viewer => 0,
        }
    }

    /// The name the API and the database use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Permission {
    fn rank(self) -> u8 {
        match self {
            Self::Provision => 3,
            Self::Administer => 2,
            Self::Integrate => 1,
            Self::View => 0,
        }
    }

    /// Whether whoever may do the other may do this, too.
    pub fn is_implied_by(self, other: Self) -> bool {
        self.rank() <= other.rank()
    }

    /// What it is called in an error.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o8_each_role_may_what_it_says() {
        use Permission::*;
        let table = [
            (Role::Operator, [true, true, true, true]),
            (Role::Admin, [false, true, true, true]),
            (Role::Integrator, [false, false, true, true]),
            (Role::Viewer, [false, false, false, true]),
        ];
        for (role, expected) in table {
            assert_eq!([Provision, Administer, Integrate, View].map(|p| role.may(p)), expected, "{role:?}");
        }
    }
}
