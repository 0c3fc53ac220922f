//! Users, sessions, tokens and the audit.

use jiff::Timestamp;
use rotaline_model::{CaseId, OrganisationId, PersonId, SpecialtyId};
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::dialect::{
    self, Connection, Db, FALSE, Row, Tables, Turn, bounded, json, json_of, text,
};
use crate::users::USERS_BOUND;
use crate::{
    Action, ApiToken, AuditEntry, AuditQuery, Grant, Pending, Reach, Role, Session, StoreError,
    Strength, TokenHash, TotpSalt, User, UserQuery, UserStorage,
};

impl UserStorage for Tables {
    fn add_user(&self, user: User) -> Pending<'_, bool> {
        bounded(async move {
            let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Users).await?;
            let added = sqlx::query(
                "INSERT INTO users (name, person, everywhere, password, totp_salt,
                     totp_confirmed, made_us, disabled_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING",
            )
            .bind(&user.name)
            .bind(user.person.as_ref().map(ToString::to_string))
            .bind(user.reach == Reach::Everywhere)
            .bind(&user.password)
            .bind(user.totp.map(|totp| totp.salt.to_vec()))
            .bind(user.totp.is_some_and(|totp| totp.confirmed))
            .bind(user.made_at.as_microsecond())
            .bind(user.disabled_at.map(Timestamp::as_microsecond))
            .execute(&mut *transaction)
            .await?;
            if added.rows_affected() == 0 {
                return Ok(false);
            }
            write_grants(&mut transaction, &user).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn user(&self, name: String) -> Pending<'_, Option<User>> {
        bounded(async move {
            let query = "SELECT * FROM users WHERE name = $1";
            let row = sqlx::query(query).bind(text(name));
            let row = row.fetch_optional(&self.readers).await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let mut found = vec![user(&row)?];
            self.read_grants(&mut found).await?;
            Ok(found.pop())
        })
    }

    fn users(&self, query: UserQuery) -> Pending<'_, Vec<User>> {
        bounded(async move {
            let mut sql = QueryBuilder::<Db>::new("SELECT * FROM users u WHERE 1 = 1");
            if let Some(organisations) = &query.organisations {
                sql.push(" AND EXISTS (SELECT 1 FROM grants g WHERE g.\"user\" = u.name AND ");
                among(&mut sql, "g.organisation", organisations);
                sql.push(")");
            }
            if let Some(after) = query.after {
                sql.push(" AND u.name > ").push_bind(text(after));
            }
            let bound = query.bound.min(USERS_BOUND);
            sql.push(" ORDER BY u.name LIMIT ").push_bind(bound as i64);
            let rows = sql.build().fetch_all(&self.readers).await?;
            let mut found: Vec<User> = rows.iter().map(user).collect::<Result<_, _>>()?;
            self.read_grants(&mut found).await?;
            Ok(found)
        })
    }

    fn put_user(&self, user: User) -> Pending<'_, bool> {
        bounded(async move {
            let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Users).await?;
            let changed = sqlx::query(
                "UPDATE users SET person = $1, everywhere = $2, password = $3, totp_salt = $4,
                     totp_confirmed = $5, disabled_us = $6 WHERE name = $7",
            )
            .bind(user.person.as_ref().map(ToString::to_string))
            .bind(user.reach == Reach::Everywhere)
            .bind(&user.password)
            .bind(user.totp.map(|totp| totp.salt.to_vec()))
            .bind(user.totp.is_some_and(|totp| totp.confirmed))
            .bind(user.disabled_at.map(Timestamp::as_microsecond))
            .bind(&user.name)
            .execute(&mut *transaction)
            .await?;
            if changed.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query("DELETE FROM grants WHERE \"user\" = $1")
                .bind(&user.name)
                .execute(&mut *transaction)
                .await?;
            write_grants(&mut transaction, &user).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn use_totp_step(&self, user: String, step: i64) -> Pending<'_, bool> {
        bounded(async move {
            let used =
                sqlx::query("UPDATE users SET totp_step = $1 WHERE name = $2 AND totp_step < $1")
                    .bind(step)
                    .bind(user)
                    .execute(&self.writer)
                    .await?;
            Ok(used.rows_affected() == 1)
        })
    }

    fn add_session(&self, session: Session, oldest: Timestamp) -> Pending<'_, ()> {
        bounded(async move {
            sqlx::query("DELETE FROM sessions WHERE made_us < $1")
                .bind(oldest.as_microsecond())
                .execute(&self.writer)
                .await?;
            sqlx::query(
                "INSERT INTO sessions (id, \"user\", hash, before, strong, made_us, renewed_us,
                     used_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(session.id)
            .bind(session.user)
            .bind(session.hash.to_vec())
            .bind(session.before.map(|hash| hash.to_vec()))
            .bind(session.strength == Strength::SecondFactor)
            .bind(session.made_at.as_microsecond())
            .bind(session.renewed_at.as_microsecond())
            .bind(session.used_at.as_microsecond())
            .execute(&self.writer)
            .await?;
            Ok(())
        })
    }

    fn session(&self, hash: TokenHash) -> Pending<'_, Option<Session>> {
        bounded(async move {
            let row = sqlx::query("SELECT * FROM sessions WHERE hash = $1 OR before = $1")
                .bind(hash.to_vec())
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(session).transpose()
        })
    }

    fn touch_session(&self, id: Uuid, at: Timestamp) -> Pending<'_, ()> {
        bounded(async move {
            sqlx::query("UPDATE sessions SET used_us = $1 WHERE id = $2 AND used_us < $1")
                .bind(at.as_microsecond())
                .bind(id)
                .execute(&self.writer)
                .await?;
            Ok(())
        })
    }

    fn renew_session(&self, session: Session) -> Pending<'_, bool> {
        bounded(async move {
            let renewed = sqlx::query(
                "UPDATE sessions SET hash = $1, before = $2, strong = $3, renewed_us = $4,
                     used_us = $5
                 WHERE id = $6 AND hash IS NOT DISTINCT FROM $7",
            )
            .bind(session.hash.to_vec())
            .bind(session.before.map(|hash| hash.to_vec()))
            .bind(session.strength == Strength::SecondFactor)
            .bind(session.renewed_at.as_microsecond())
            .bind(session.used_at.as_microsecond())
            .bind(session.id)
            .bind(session.before.map(|hash| hash.to_vec()))
            .execute(&self.writer)
            .await?;
            Ok(renewed.rows_affected() == 1)
        })
    }

    fn end_session(&self, id: Uuid) -> Pending<'_, ()> {
        bounded(async move {
            let query = sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id);
            query.execute(&self.writer).await?;
            Ok(())
        })
    }

    fn end_all(&self, user: String) -> Pending<'_, ()> {
        bounded(async move {
            let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Users).await?;
            for query in [
                "DELETE FROM sessions WHERE \"user\" = $1",
                "DELETE FROM api_tokens WHERE \"user\" = $1",
            ] {
                let query = sqlx::query(query).bind(&user);
                query.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
    }

    fn add_token(&self, token: ApiToken, bound: i64, now: Timestamp) -> Pending<'_, bool> {
        bounded(async move {
            let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Tokens).await?;
            sqlx::query("DELETE FROM api_tokens WHERE expires_us < $1")
                .bind(now.as_microsecond())
                .execute(&mut *transaction)
                .await?;
            let count = sqlx::query_scalar("SELECT count(*) FROM api_tokens WHERE \"user\" = $1");
            let has: i64 = count.bind(&token.user).fetch_one(&mut *transaction).await?;
            if has >= bound {
                return Ok(false);
            }
            let scopes = serde_json::to_string(&token.scopes);
            let scopes = json(scopes.map_err(StoreError::unwritable)?);
            sqlx::query(
                "INSERT INTO api_tokens (id, \"user\", name, hash, scopes, strong, made_us,
                     expires_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(token.id)
            .bind(token.user)
            .bind(token.name)
            .bind(token.hash.to_vec())
            .bind(scopes)
            .bind(token.strength == Strength::SecondFactor)
            .bind(token.made_at.as_microsecond())
            .bind(token.expires_at.as_microsecond())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn token(&self, hash: TokenHash) -> Pending<'_, Option<ApiToken>> {
        bounded(async move {
            let row = sqlx::query("SELECT * FROM api_tokens WHERE hash = $1")
                .bind(hash.to_vec())
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(api_token).transpose()
        })
    }

    fn tokens(&self, user: String) -> Pending<'_, Vec<ApiToken>> {
        bounded(async move {
            let query =
                "SELECT * FROM api_tokens WHERE \"user\" = $1 ORDER BY made_us DESC LIMIT $2";
            let query = sqlx::query(query).bind(user).bind(USERS_BOUND as i64);
            let rows = query.fetch_all(&self.readers).await?;
            rows.iter().map(api_token).collect()
        })
    }

    fn withdraw_token(&self, user: String, id: Uuid) -> Pending<'_, bool> {
        bounded(async move {
            let query = sqlx::query("DELETE FROM api_tokens WHERE \"user\" = $1 AND id = $2");
            let gone = query.bind(user).bind(id).execute(&self.writer).await?;
            Ok(gone.rows_affected() == 1)
        })
    }

    fn audit_log(&self, query: AuditQuery) -> Pending<'_, Vec<(i64, AuditEntry)>> {
        bounded(async move {
            let rows = auditing(query).build().fetch_all(&self.readers).await?;
            let entries = rows.iter().filter_map(|row| placed(row).transpose());
            entries.collect()
        })
    }
}

impl Tables {
    async fn read_grants(&self, users: &mut [User]) -> Result<(), StoreError> {
        if users.is_empty() {
            return Ok(());
        }
        let mut sql = QueryBuilder::<Db>::new("SELECT * FROM grants WHERE \"user\" IN (");
        let mut names = sql.separated(", ");
        for user in users.iter() {
            names.push_bind(user.name.clone());
        }
        sql.push(") ORDER BY organisation, role, specialty");
        for row in sql.build().fetch_all(&self.readers).await? {
            let name: &str = row.try_get("user")?;
            let user = users.iter_mut().find(|user| user.name == name);
            if let (Some(user), Some(grant)) = (user, grant(&row)?) {
                user.grants.push(grant);
            }
        }
        for user in users {
            user.grants.sort();
        }
        Ok(())
    }
}

/// An audit entry goes in the writer's own way, with the others of the moment or alone.
pub(super) async fn write_audit(
    connection: &mut Connection,
    entry: AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_log (at_us, who, action, case_id, organisation, object, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(entry.at.as_microsecond())
    .bind(text(entry.who))
    .bind(entry.action.name())
    .bind(entry.case.map(CaseId::uuid))
    .bind(entry.organisation.map(String::from))
    .bind(text(entry.object))
    .bind(entry.reason.map(text))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_grants(connection: &mut Connection, user: &User) -> Result<(), StoreError> {
    for grant in &user.grants {
        sqlx::query(
            "INSERT INTO grants (\"user\", organisation, role, specialty) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(&user.name)
        .bind(grant.organisation.as_str())
        .bind(grant.role.name())
        .bind(grant.specialty.as_ref().map_or("", |id| id.as_str()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// That a column has one of some ids; none of none.
fn among(sql: &mut QueryBuilder<Db>, column: &str, ids: &[OrganisationId]) {
    if ids.is_empty() {
        sql.push(FALSE);
        return;
    }
    sql.push(column).push(" IN (");
    let mut list = sql.separated(", ");
    for id in ids {
        list.push_bind(id.to_string());
    }
    sql.push(")");
}

fn auditing(query: AuditQuery) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::<Db>::new("SELECT * FROM audit_log WHERE 1 = 1");
    if let Some(organisations) = &query.organisations {
        sql.push(" AND ");
        among(&mut sql, "organisation", organisations);
    }
    if let Some(from) = query.from {
        sql.push(" AND at_us >= ").push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND at_us < ").push_bind(to.as_microsecond());
    }
    if let Some(who) = query.who {
        sql.push(" AND who = ").push_bind(text(who));
    }
    if let Some(action) = query.action {
        sql.push(" AND action = ").push_bind(action.name());
    }
    if let Some(case) = query.case {
        sql.push(" AND case_id = ").push_bind(case.uuid());
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before);
    }
    let bound = i64::try_from(query.bound).unwrap_or(i64::MAX);
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(bound);
    sql
}

/// None: of a newer version.
fn placed(row: &Row) -> Result<Option<(i64, AuditEntry)>, StoreError> {
    let place = row.try_get("id")?;
    Ok(audit_entry(row)?.map(|entry| (place, entry)))
}

/// None: of a newer version.
pub(super) fn audit_entry(row: &Row) -> Result<Option<AuditEntry>, StoreError> {
    let Some(action) = Action::parse(row.try_get("action")?) else {
        return Ok(None);
    };
    let case: Option<Uuid> = row.try_get("case_id")?;
    let organisation: Option<String> = row.try_get("organisation")?;
    Ok(Some(AuditEntry {
        at: time(row, "at_us")?,
        who: row.try_get("who")?,
        action,
        case: case.map(CaseId::from),
        organisation: organisation.and_then(|id| OrganisationId::parse(&id).ok()),
        object: row.try_get("object")?,
        reason: row.try_get("reason")?,
    }))
}

fn time(row: &Row, column: &str) -> Result<Timestamp, StoreError> {
    let us: i64 = row.try_get(column)?;
    Ok(Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN))
}

fn user(row: &Row) -> Result<User, StoreError> {
    let person: Option<String> = row.try_get("person")?;
    let salt: Option<Vec<u8>> = row.try_get("totp_salt")?;
    let confirmed = row.try_get("totp_confirmed")?;
    let disabled_us: Option<i64> = row.try_get("disabled_us")?;
    let disabled_at = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN);
    let everywhere: bool = row.try_get("everywhere")?;
    Ok(User {
        name: row.try_get("name")?,
        person: person.and_then(|id| PersonId::parse(&id).ok()),
        reach: match everywhere {
            true => Reach::Everywhere,
            false => Reach::Granted,
        },
        grants: Vec::new(),
        password: row.try_get("password")?,
        totp: salt
            .and_then(|salt| salt.try_into().ok())
            .map(|salt| TotpSalt { salt, confirmed }),
        made_at: time(row, "made_us")?,
        disabled_at: disabled_us.map(disabled_at),
    })
}

/// None: of a newer version, which gives no right here.
fn grant(row: &Row) -> Result<Option<Grant>, StoreError> {
    let role = Role::parse(row.try_get("role")?);
    let organisation = OrganisationId::parse(row.try_get("organisation")?).ok();
    let specialty: &str = row.try_get("specialty")?;
    let narrowed = SpecialtyId::parse(specialty).ok();
    // A specialty that cannot be read must not widen the grant.
    let known = specialty.is_empty() || narrowed.is_some();
    let both = role.zip(organisation).filter(|_| known);
    Ok(both.map(|(role, organisation)| Grant {
        organisation,
        role,
        specialty: narrowed,
    }))
}

fn strength(row: &Row) -> Result<Strength, StoreError> {
    let strong: bool = row.try_get("strong")?;
    Ok(match strong {
        true => Strength::SecondFactor,
        false => Strength::Password,
    })
}

fn hash(bytes: Vec<u8>) -> TokenHash {
    // Of another length it is nobody's.
    bytes.try_into().unwrap_or_default()
}

fn session(row: &Row) -> Result<Session, StoreError> {
    let before: Option<Vec<u8>> = row.try_get("before")?;
    Ok(Session {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        hash: hash(row.try_get("hash")?),
        before: before.map(hash),
        strength: strength(row)?,
        made_at: time(row, "made_us")?,
        renewed_at: time(row, "renewed_us")?,
        used_at: time(row, "used_us")?,
    })
}

fn api_token(row: &Row) -> Result<ApiToken, StoreError> {
    let scopes = json_of(row, "scopes")?.unwrap_or_default();
    Ok(ApiToken {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        name: row.try_get("name")?,
        hash: hash(row.try_get("hash")?),
        scopes: serde_json::from_str(&scopes).unwrap_or_default(),
        strength: strength(row)?,
        made_at: time(row, "made_us")?,
        expires_at: time(row, "expires_us")?,
    })
}
