//! `hookmill operator-keys list | create | revoke`.

use super::data::DataArgs;
use super::log::Log;
use super::table::Table;
use crate::output::{hand_over, say, say_json, to_json, warn};
use clap::{Args, Subcommand};
use hookmill_admin::rows::{ApiKey, FreshKey};
use hookmill_admin::{Name, NewOperatorKey, OperatorKeys};
use hookmill_domain::clock::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The columns of the list, and how wide each may be.
const COLUMNS: [(&str, usize); 6] =
    [("id", 40), ("name", 40), ("prefix", 12), ("user", 40), ("created", 24), ("revoked", 24)];

#[derive(Debug, Subcommand)]
pub(super) enum OperatorKeysCommand {
    /// List the keys of all operators, revoked ones too. A key itself is not stored, and can't be shown again.
    List(Common),
    /// Create an operator and a key of theirs, and print the key, which is shown only once.
    Create(Create),
    /// Revoke a key: it stops at once on every host. The last one can be revoked, too.
    Revoke(Revoke),
}

// What every command takes. Not a doc comment, which would be the help of the commands.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    common: Common,
    /// The name of the key, and of the operator.
    #[arg(long, default_value = "operator")]
    name: String,
    /// The id of an operator who is to have one more key; without it another operator is made.
    #[arg(long, value_name = "USER_ID")]
    user: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    common: Common,
    /// The id of the key, as the list has it.
    id: String,
}

impl OperatorKeysCommand {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        // Why a database does not respond is in the log.
        let _log = Log::start("warn", false);
        let stored = self.common().data.open().await.map_err(|error| error.to_string())?;
        let done = self.run_on(&stored.operator_keys()).await;
        stored.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    fn common(&self) -> &Common {
        match self {
            Self::List(common) => common,
            Self::Create(create) => &create.common,
            Self::Revoke(revoke) => &revoke.common,
        }
    }

    async fn run_on(&self, keys: &OperatorKeys) -> Result<(), String> {
        match self {
            Self::List(common) => list(keys, common.json).await,
            Self::Create(create) => create.run(keys).await,
            Self::Revoke(revoke) => revoke.run(keys).await,
        }
    }
}

async fn list(keys: &OperatorKeys, as_json: bool) -> Result<(), String> {
    let all = keys.list().await.map_err(|error| error.to_string())?;
    if as_json {
        return say_json(&all.iter().map(key_json).collect::<Vec<_>>());
    }
    let mut table = Table::new(&COLUMNS);
    for key in all {
        let revoked = key.revoked_at.map(time).unwrap_or_default();
        table.row([key.id, key.name, key.prefix, key.user_id, time(key.created_at), revoked]);
    }
    say(&table.lines(""))
}

impl Create {
    async fn run(&self, keys: &OperatorKeys) -> Result<(), String> {
        let new = NewOperatorKey { name: Name::from(self.name.as_str()), user_id: self.user.clone() };
        let fresh = keys.create(new).await.map_err(|error| error.to_string())?;
        let printed = self.fresh_key_text(&fresh).and_then(|text| hand_over(&text));
        if let Err(why) = printed {
            return Err(withdraw(keys, &fresh.id, &why).await);
        }
        if !self.common.json {
            warn("store this key now, it is shown only once");
        }
        Ok(())
    }

    fn fresh_key_text(&self, fresh: &FreshKey) -> Result<String, String> {
        if self.common.json {
            return to_json(&json!({ "id": fresh.id, "prefix": fresh.prefix, "key": fresh.key }));
        }
        Ok(format!("id: {}\noperator key: {}\n", fresh.id, fresh.key))
    }
}

/// Revokes a key that could not be printed; says so.
async fn withdraw(keys: &OperatorKeys, id: &str, why: &str) -> String {
    match keys.revoke(id).await {
        Ok(_) => format!("the key `{id}` could not be printed ({why}), so it is revoked; create another"),
        Err(error) => format!("the key `{id}` could not be printed ({why}), nor revoked ({error}); revoke it"),
    }
}

impl Revoke {
    async fn run(&self, keys: &OperatorKeys) -> Result<(), String> {
        let left = keys.revoke(&self.id).await.map_err(|error| error.to_string())?;
        if self.common.json {
            return say_json(&json!({ "id": self.id, "keys_left": left }));
        }
        let last = "no operator key is left: create one with `hookmill operator-keys create`\n";
        say(&format!("revoked {}\n{}", self.id, if left == 0 { last } else { "" }))
    }
}

fn key_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "user_id": key.user_id,
        "created_at": time(key.created_at),
        "revoked_at": key.revoked_at.map(time),
    })
}

fn time(ms: i64) -> String {
    Timestamp(ms).rfc3339()
}
